package countersign;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * Runs spec/vectors and sdk/testdata/cases.json; prints each proof for the gate to judge. An unknown field is fatal: a
 * vector that a reader does not understand tests nothing.
 */
@SuppressWarnings("unchecked")
public final class Vectors {
  private static int checked;

  public static void main(String[] args) throws Exception {
    hashes("published");
    hashes("hash");
    v1();
    jwt();
    scalars();
    requests();
    cases();
    System.out.println("checked " + checked);
  }

  private static Map<String, Object> read(String path, String fields) throws Exception {
    Map<String, Object> data = (Map<String, Object>) Json.read(Files.readString(Path.of("../..", path)));
    known(data, fields);
    return data;
  }

  private static List<Map<String, Object>> part(Map<String, Object> data, String part, String fields) {
    List<Map<String, Object>> vectors = (List<Map<String, Object>>) data.get(part);
    vectors.forEach(v -> known(v, fields));
    return vectors;
  }

  private static void known(Object value, String names) {
    for (String name : ((Map<String, Object>) value).keySet()) {
      if (!Arrays.asList(names.split(" ")).contains(name)) {
        throw new IllegalStateException("unknown field " + name);
      }
    }
  }

  private static void same(Object got, Object want, Object what) {
    checked++;
    if (!String.valueOf(want).equals(String.valueOf(got))) {
      throw new IllegalStateException(what + ": " + got + ", wanted " + want);
    }
  }

  private static <T extends Throwable> T refused(Class<T> kind, Callable<?> run, Object what) throws Exception {
    checked++;
    try {
      run.call();
    } catch (Exception e) {
      if (kind.isInstance(e)) {
        return kind.cast(e);
      }
      throw e;
    }
    throw new IllegalStateException(what + ": not refused");
  }

  private static List<Map<String, Object>> proofs(String name) throws Exception {
    List<Map<String, Object>> vectors =
        part(read("spec/vectors/" + name + ".json", "about vectors"), "vectors", "name note keys assertion now expect");
    for (Map<String, Object> v : vectors) {
      known(v.get("assertion"), "dialect platform user_id email name hash jwt attributes");
      known(v.get("expect"), "verified method key email name attributes reason");
      for (Object k : (List<Object>) v.get("keys")) {
        known(k, "id dialect secret secret_base64 signs platforms audiences max_life state ends sign_by");
      }
    }
    return vectors;
  }

  private static Map<String, Object> map(Object value) {
    return (Map<String, Object>) value;
  }

  private static String unpack(String part) {
    return new String(Base64.getUrlDecoder().decode(part), StandardCharsets.UTF_8);
  }

  /** Whether a Java program could hold the value as a user id or an email. */
  private static boolean typed(Object value) {
    return value == null || value instanceof String || value instanceof Long;
  }

  private static Identity identity(Object userId, Object email) {
    if (userId instanceof Long) {
      Identity who = Identity.userId((Long) userId);
      return email == null ? who : who.withEmail((String) email);
    }
    return email == null ? Identity.userId((String) userId) : userId == null ? Identity.email((String) email) : Identity.userId((String) userId).withEmail((String) email);
  }

  private static void hashes(String file) throws Exception {
    for (Map<String, Object> v : proofs(file)) {
      Map<String, Object> key = map(((List<Object>) v.get("keys")).get(0));
      Map<String, Object> a = map(v.get("assertion"));
      Map<String, Object> expect = map(v.get("expect"));
      String secret = (String) key.get("secret");
      String dialect = (String) key.get("dialect");
      String name = (String) v.get("name");
      if (secret == null || a.containsKey("jwt") || dialect.contains("-")) {
        continue;
      }
      String reason = (String) expect.get("reason");
      String field = reason == null ? ((String) expect.get("verified")).split(":")[0] : key.get("signs").equals("either") ? "user_id" : (String) key.get("signs");
      Object value = a.get(field);
      if (!typed(value) || field.equals("email") && value instanceof Long) {
        continue;
      }
      Callable<String> sign = () -> Countersign.userHash(secret, dialect, field.equals("email") ? Identity.email((String) value) : identity(value, null));
      if (List.of("identifier_malformed", "identifier_missing").contains(String.valueOf(reason))) {
        refused(InputError.class, sign, name);
      } else if ("proof_mismatch".equals(reason)) {
        same(sign.call().equals(((String) a.get("hash")).toLowerCase()), false, name);
      } else if (reason == null && !name.startsWith("ensoras lowered by") && !name.startsWith("ensoras dotted")) { // other lowerings, which the gate takes too
        String sent = ((String) a.get("hash")).replace("-", "");
        same(sign.call(), sent.length() == 64 ? sent.toLowerCase() : HexFormat.of().formatHex(Base64.getDecoder().decode(sent)), name);
      }
    }
  }

  private static void v1() throws Exception {
    for (Map<String, Object> v : proofs("v1")) {
      if (map(v.get("expect")).containsKey("verified")) {
        String token = (String) map(v.get("assertion")).get("jwt");
        String[] p = token.split("\\.");
        String secret = (String) map(((List<Object>) v.get("keys")).get(0)).get("secret");
        Identity who = identity(p[3].isEmpty() ? null : unpack(p[3]), p[4].isEmpty() ? null : unpack(p[4]));
        same(Countersign.tokenV1(secret, unpack(p[1]), who, Instant.ofEpochSecond(Long.parseLong(p[2]))), token, v.get("name"));
      }
    }
  }

  private static void jwt() throws Exception {
    for (Map<String, Object> v : proofs("jwt")) {
      Map<String, Object> key = map(((List<Object>) v.get("keys")).get(0));
      if (!map(v.get("expect")).containsKey("verified") || !key.containsKey("secret")) {
        continue;
      }
      Map<String, Object> claims = map(Json.read(unpack(((String) map(v.get("assertion")).get("jwt")).split("\\.")[1])));
      // The library makes no other token.
      if (claims.get("aud") instanceof List || !(claims.get("exp") instanceof Long) || claims.values().stream().anyMatch(c -> c instanceof List || c instanceof Map)) {
        continue;
      }
      Map<String, Object> rest = new LinkedHashMap<>(claims);
      rest.keySet().removeAll(List.of("aud", "iat", "exp", "user_id", "email"));
      long iat = (Long) claims.get("iat");
      String made = Countersign.tokenJwt((String) key.get("secret"), (String) key.get("dialect"), (String) claims.get("aud"),
          identity(claims.get("user_id"), claims.get("email")), Duration.ofSeconds((Long) claims.get("exp") - iat), rest, Instant.ofEpochSecond(iat));
      int dot = made.lastIndexOf('.');
      same(map(Json.read(unpack(made.substring(0, dot).split("\\.")[1]))).toString().length(), claims.toString().length(), v.get("name"));
      for (Map.Entry<String, Object> claim : map(Json.read(unpack(made.split("\\.")[1]))).entrySet()) {
        same(claim.getValue(), claims.get(claim.getKey()), v.get("name"));
      }
      byte[] mac = Countersign.mac("HmacSHA256", ((String) key.get("secret")).getBytes(StandardCharsets.UTF_8), made.substring(0, dot).getBytes(StandardCharsets.UTF_8));
      same(made.substring(dot + 1), Base64.getUrlEncoder().withoutPadding().encodeToString(mac), v.get("name"));
    }
  }

  private static void scalars() throws Exception {
    String hash = "native";
    for (Map<String, Object> v : part(read("spec/vectors/scalar.json", "about vectors"), "vectors", "json text ok note")) {
      if (!typed(v.get("json"))) {
        continue;
      }
      Callable<String> sign = () -> Countersign.userHash("s", hash, identity(v.get("json"), null));
      if ((Boolean) v.get("ok") && !v.get("text").equals("")) {
        same(sign.call(), Countersign.userHash("s", hash, Identity.userId((String) v.get("text"))), v);
      } else {
        refused(InputError.class, sign, v);
      }
    }
    for (Map<String, Object> v : part(read("spec/vectors/fold.json", "about vectors"), "vectors", "in out valid_email note")) {
      Callable<String> sign = () -> Countersign.userHash("s", hash, Identity.email((String) v.get("in")));
      if ((Boolean) v.get("valid_email")) {
        same(sign.call().length(), 64, v);
      } else {
        refused(InputError.class, sign, v);
      }
    }
  }

  private static void requests() throws Exception {
    Map<String, Object> data = read("spec/vectors/requests.json", "about query query_refused body webhook hmac_sha1");
    for (Map<String, Object> v : part(data, "query", "name secret url own json signature signed_url")) {
      Map<String, String> got = Countersign.verifyQuery(List.of("another", (String) v.get("secret")), after(v.get("signed_url")), own(v), Instant.parse("2026-03-01T12:00:00Z"));
      same(got, Json.read((String) v.get("json")), v.get("name"));
    }
    for (Map<String, Object> v : part(data, "query_refused", "name secret url own now reason")) {
      Callable<?> verify = () -> Countersign.verifyQuery(List.of((String) v.get("secret")), after(v.get("url")), own(v), Instant.parse((String) v.get("now")));
      same(refused(Refused.class, verify, v.get("name")).reason(), v.get("reason"), v.get("name"));
    }
    for (Map<String, Object> v : part(data, "body", "name secret body signature")) {
      Map<String, List<String>> headers = Map.of("X-Helpscout-Signature", List.of((String) v.get("signature")));
      String body = (String) v.get("body");
      String secret = (String) v.get("secret");
      Countersign.verifyBody(List.of("another", secret), headers, body.getBytes(StandardCharsets.UTF_8));
      same(refused(Refused.class, () -> body(secret, headers, body + " "), v.get("name")).reason(), "proof_mismatch", v.get("name"));
    }
    for (Map<String, Object> v : part(data, "webhook", "name secrets headers body now reason")) {
      Callable<?> verify = () -> webhook(v);
      if (v.containsKey("reason")) {
        same(refused(Refused.class, verify, v.get("name")).reason(), v.get("reason"), v.get("name"));
      } else {
        same(verify.call(), null, v.get("name"));
      }
    }
    for (Map<String, Object> v : part(data, "hmac_sha1", "name key data mac")) {
      byte[] mac = Countersign.mac("HmacSHA1", HexFormat.of().parseHex((String) v.get("key")), HexFormat.of().parseHex((String) v.get("data")));
      same(HexFormat.of().formatHex(mac), v.get("mac"), v.get("name"));
    }
    refused(InputError.class, () -> body("", Map.of(), ""), "an empty secret");
    refused(InputError.class, () -> Countersign.verifyQuery(List.of("s"), "", List.of("Tier"), Instant.now()), "a name of ours");
  }

  private static Object body(String secret, Map<String, List<String>> headers, String body) throws Refused {
    Countersign.verifyBody(List.of(secret), headers, body.getBytes(StandardCharsets.UTF_8));
    return null;
  }

  private static Object webhook(Map<String, Object> v) throws Refused {
    Map<String, List<String>> headers = new LinkedHashMap<>();
    for (Object pair : (List<Object>) v.get("headers")) {
      List<String> header = (List<String>) pair;
      headers.computeIfAbsent(header.get(0), name -> new ArrayList<>()).add(header.get(1));
    }
    Countersign.verifyWebhook((List<String>) v.get("secrets"), headers, ((String) v.get("body")).getBytes(StandardCharsets.UTF_8), Instant.parse((String) v.get("now")));
    return null;
  }

  private static String after(Object url) {
    return ((String) url).split("\\?", 2)[1];
  }

  private static List<String> own(Map<String, Object> v) {
    return (List<String>) v.getOrDefault("own", List.of());
  }

  private static void cases() throws Exception {
    int i = 0;
    for (Map<String, Object> c : part(read("sdk/testdata/cases.json", "about cases"), "cases", "name make dialect secret channel user_id email now life claims error")) {
      if (c.containsKey("error")) {
        refused(InputError.class, () -> sign(c), c.get("name"));
      } else {
        System.out.println("proof " + i + " " + sign(c));
      }
      i++;
    }
  }

  private static String sign(Map<String, Object> c) {
    String secret = (String) c.get("secret");
    Identity who = identity(c.get("user_id"), c.get("email"));
    Instant now = Instant.ofEpochSecond((Long) c.getOrDefault("now", 1L));
    switch ((String) c.get("make")) {
      case "hash":
        return Countersign.userHash(secret, (String) c.get("dialect"), who);
      case "v1":
        return Countersign.tokenV1(secret, (String) c.get("channel"), who, now);
      default:
        return Countersign.tokenJwt(secret, (String) c.get("dialect"), (String) c.get("channel"), who,
            Duration.ofSeconds((Long) c.getOrDefault("life", 600L)), map(c.getOrDefault("claims", Map.of())), now);
    }
  }
}
