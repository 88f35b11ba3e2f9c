package countersign;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * For a customer's backend: proves to Countersign who is logged in there, and checks that a request came from
 * Countersign. No dependencies; Java 17 or later.
 */
public final class Countersign {
  /** How far a request's time may lie from ours. */
  public static final Duration TOLERANCE = Duration.ofMinutes(5);

  /** How long a JWT lives unless it is said. */
  public static final Duration DEFAULT_LIFE = Duration.ofMinutes(10);

  private static final String SIGNATURE = "X-HelpScout-Signature";
  private static final String ISSUED_AT = "issued-at";
  // What keys of a dialect may sign: u, the user id; e, the email.
  private static final Map<String, String> HASHES = Map.ofEntries(
      Map.entry("native", "ue"), Map.entry("intercom", "ue"), Map.entry("helpscout", "e"), Map.entry("pylon", "e"), Map.entry("ensoras", "e"),
      Map.entry("chatwoot", "ue"), Map.entry("crisp", "e"), Map.entry("tawk", "ue"), Map.entry("front", "e"), Map.entry("plain", "e"),
      Map.entry("gleap", "u"), Map.entry("novu", "u"), Map.entry("featurebase", "ue"));
  // Which claim of a dialect's tokens names the person.
  private static final Map<String, String> PEOPLE = Map.of(
      "native-jwt", "user_id", "intercom-jwt", "user_id", "pylon-jwt", "user_id", "zendesk-jwt", "external_id", "freshchat-jwt", "reference_id");
  private static final Set<String> OURS =
      Set.of("conversation-id", "conversation-number", "customer-id", "mailbox-id", "user-id", "installation-ids", "application-id",
          "application-slug", ISSUED_AT, "tier", "x-helpscout-signature");
  private static final Set<String> CLAIMS = Set.of("aud", "iat", "exp", "user_id", "email");
  private static final String MALFORMED = "proof_malformed";

  private Countersign() {}

  /**
   * The identity hash, 64 hexadecimal digits.
   *
   * @param dialect native, intercom, helpscout, pylon, ensoras, chatwoot, crisp, tawk, front, plain, gleap, novu or featurebase
   * @param who the one field that the key signs
   */
  public static String userHash(String secret, String dialect, Identity who) {
    if (!HASHES.containsKey(dialect)) {
      throw new InputError("no such dialect with a hash");
    }
    byte[] key = key(secret, dialect);
    if (!who.userId.isEmpty() && !who.email.isEmpty()) {
      throw new InputError("a hash covers one field: give the one that the key signs");
    }
    if (!HASHES.get(dialect).contains(who.userId.isEmpty() ? "e" : "u")) {
      throw new InputError("a key of " + dialect + " does not sign this field");
    }
    byte[] message = utf8(who.userId + who.email);
    if (dialect.equals("ensoras")) {
      lowerAscii(message);
    }
    return HexFormat.of().formatHex(mac("HmacSHA256", key, message));
  }

  /** Languages disagree on lowering outside ASCII; the gate takes this. */
  private static void lowerAscii(byte[] text) {
    for (int i = 0; i < text.length; i++) {
      if (text[i] >= 'A' && text[i] <= 'Z') {
        text[i] += 'a' - 'A';
      }
    }
  }

  /** A v1 token for a channel (its id or slug); it lives as long as the channel says. */
  public static String tokenV1(String secret, String channel, Identity who, Instant now) {
    byte[] key = key(secret, "native-v1");
    String issued = Long.toString(time(now));
    ByteArrayOutputStream signed = new ByteArrayOutputStream();
    for (String text : new String[] {"countersign.v1", channel(channel), who.userId, who.email, issued}) {
      byte[] bytes = utf8(text);
      signed.writeBytes(utf8(bytes.length + ":"));
      signed.writeBytes(bytes);
      signed.write(',');
    }
    return String.join(".", "v1", encode(utf8(channel)), issued, encode(utf8(who.userId)), encode(utf8(who.email)),
        encode(mac("HmacSHA256", key, signed.toByteArray())));
  }

  /** A JSON Web Token of native-jwt that lives ten minutes. */
  public static String tokenJwt(String secret, String channel, Identity who) {
    return tokenJwt(secret, "native-jwt", channel, who, DEFAULT_LIFE, Map.of(), Instant.now());
  }

  /**
   * A JSON Web Token, HS256.
   *
   * @param dialect native-jwt, intercom-jwt, pylon-jwt, zendesk-jwt or freshchat-jwt
   * @param channel its id or slug; null is wrong for native-jwt and pylon-jwt
   * @param claims name and attributes: texts, numbers, booleans, nulls
   */
  public static String tokenJwt(
      String secret, String dialect, String channel, Identity who, Duration life, Map<String, ?> claims, Instant now) {
    String person = PEOPLE.get(dialect);
    if (person == null) {
      throw new InputError("no such dialect with a JWT");
    }
    boolean named = dialect.equals("native-jwt") || dialect.equals("pylon-jwt");
    boolean scoped = dialect.equals("zendesk-jwt");
    byte[] key = key(secret, dialect);
    long seconds = life.toSeconds();
    if (seconds < 1 || dialect.equals("pylon-jwt") && seconds > 900) {
      throw new InputError("a token lives a second or more, of pylon-jwt 900 at most");
    }
    if (!named && who.userId.isEmpty()) {
      throw new InputError("a token of " + dialect + " names the user id");
    }
    if (claims.containsKey(person) || scoped && claims.containsKey("scope")) {
      throw new InputError("the claims " + person + " and scope have arguments of their own");
    }
    if (dialect.equals("pylon-jwt") && who.email.isEmpty()) {
      throw new InputError("a token of pylon-jwt names the email");
    }
    StringBuilder said = new StringBuilder("{\"iat\":" + time(now) + ",\"exp\":" + (time(now) + seconds));
    if (channel != null && !channel.isEmpty() || named) {
      said.append(",\"aud\":").append(json(channel(channel)));
    }
    if (!who.userId.isEmpty()) {
      said.append(',').append(json(person)).append(':').append(json(who.userId));
    }
    if (!who.email.isEmpty()) {
      said.append(",\"email\":").append(json(who.email));
    }
    if (scoped) {
      said.append(",\"scope\":\"user\"");
    }
    claims.forEach((name, value) -> said.append(',').append(json(claim(name))).append(':').append(json(value)));
    String signed = encode(utf8("{\"alg\":\"HS256\",\"typ\":\"JWT\"}")) + "." + encode(utf8(said.append('}').toString()));
    return signed + "." + encode(mac("HmacSHA256", key, utf8(signed)));
  }

  /**
   * Checks the Standard Webhooks headers over the raw body.
   *
   * @param secrets as they are shown (whsec_…), several during a rotation
   * @param headers as java.net.http and com.sun.net.httpserver have them
   */
  public static void verifyWebhook(Collection<String> secrets, Map<String, List<String>> headers, byte[] body, Instant now) throws Refused {
    List<byte[]> keys = new ArrayList<>();
    for (String secret : secrets) {
      keys.add(webhookKey(secret));
    }
    String id = one(headers, "webhook-id");
    String stamp = one(headers, "webhook-timestamp");
    String listed = one(headers, "webhook-signature");
    long at = seconds(stamp, "webhook-timestamp");
    if (!id.matches("[!-\\-/-~]{1,255}")) {
      throw new Refused(MALFORMED, "webhook-id has a character that an id cannot have.");
    }
    List<byte[]> macs = signatures(listed);
    ByteArrayOutputStream signed = new ByteArrayOutputStream();
    signed.writeBytes(utf8(id + "." + stamp + "."));
    signed.writeBytes(body);
    boolean matched = false;
    for (byte[] key : keys) {
      byte[] want = mac("HmacSHA256", key, signed.toByteArray());
      for (byte[] mac : macs) {
        matched |= MessageDigest.isEqual(want, mac);
      }
    }
    if (!matched) {
      throw new Refused("proof_mismatch", "No signature belongs to this id, time, body and secret.");
    }
    judge(at, now);
  }

  /**
   * Checks the raw query of a frame's address (the text after ?) and answers with the signed parameters in their order;
   * believe no others.
   *
   * @param own the parameters that your app's own address has, which are not signed
   */
  public static Map<String, String> verifyQuery(Collection<String> secrets, String query, Collection<String> own, Instant now) throws Refused {
    List<byte[]> keys = textKeys(secrets);
    for (String name : own) {
      if (OURS.contains(name.toLowerCase(Locale.ROOT)) || !plain(name)) {
        throw new InputError("an own parameter has one of Countersign's names or an odd character");
      }
    }
    Map<String, byte[]> params = read(query);
    params.keySet().removeAll(Set.copyOf(own));
    byte[] sent = params.remove(SIGNATURE);
    if (sent == null || sent.length == 0) {
      throw new Refused("proof_missing", "The address has no " + SIGNATURE + ".");
    }
    byte[] mac = strict(new String(sent, StandardCharsets.ISO_8859_1), 20, "The signature is not 20 bytes in base64.");
    Map<String, String> signed = new LinkedHashMap<>();
    for (Map.Entry<String, byte[]> param : params.entrySet()) {
      signed.put(param.getKey(), text(param.getValue()));
    }
    if (!any(keys, utf8(php(signed)), mac) || signed.isEmpty()) {
      throw new Refused("proof_mismatch", "The signature does not belong to these parameters and this secret.");
    }
    if (signed.containsKey(ISSUED_AT)) {
      judge(seconds(signed.get(ISSUED_AT), ISSUED_AT), now);
    }
    return signed;
  }

  /**
   * Checks the header X-HelpScout-Signature over the raw body. It has no time, so a replay verifies: check verifyWebhook
   * too where its headers are there.
   */
  public static void verifyBody(Collection<String> secrets, Map<String, List<String>> headers, byte[] body) throws Refused {
    List<byte[]> keys = textKeys(secrets);
    byte[] mac = strict(one(headers, SIGNATURE), 20, "The signature is not 20 bytes in base64.");
    if (!any(keys, body, mac)) {
      throw new Refused("proof_mismatch", "The signature does not belong to this body and secret.");
    }
  }

  private static byte[] key(String secret, String dialect) {
    if (secret == null || secret.isEmpty()) {
      throw new InputError("the secret is empty");
    }
    if (!dialect.equals("pylon")) {
      return utf8(secret);
    }
    if (!secret.matches("([0-9a-fA-F]{2})+")) {
      throw new InputError("this dialect's secret is hexadecimal");
    }
    return HexFormat.of().parseHex(secret);
  }

  private static List<byte[]> textKeys(Collection<String> secrets) {
    List<byte[]> keys = new ArrayList<>();
    for (String secret : secrets) {
      keys.add(key(secret, "helpscout"));
    }
    return keys;
  }

  private static byte[] webhookKey(String secret) {
    byte[] key = decode(secret.startsWith("whsec_") ? secret.substring(6) : secret);
    if (key.length == 0) {
      throw new InputError("a webhook secret is whsec_ and base64");
    }
    return key;
  }

  private static String channel(String channel) {
    if (channel == null || channel.isEmpty()) {
      throw new InputError("a token names its channel");
    }
    return channel;
  }

  private static long time(Instant now) {
    if (now.getEpochSecond() < 1) {
      throw new InputError("a time lies after 1970");
    }
    return now.getEpochSecond();
  }

  private static String claim(String name) {
    if (CLAIMS.contains(name)) {
      throw new InputError("the claim " + name + " has an argument of its own");
    }
    return name;
  }

  private static String json(Object value) {
    if (value == null || value instanceof Boolean || value instanceof Long || value instanceof Integer) {
      return String.valueOf(value);
    }
    if (value instanceof Double && Double.isFinite((Double) value)) {
      return value.toString();
    }
    if (!(value instanceof String)) {
      throw new InputError("a claim is a text, a number, a boolean or null");
    }
    StringBuilder out = new StringBuilder("\"");
    for (char c : ((String) value).toCharArray()) {
      if (c == '"' || c == '\\' || c < ' ') {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }

  /** The bytes of a text; half a surrogate pair, which Java would replace by a question mark, is an error. */
  static byte[] utf8(String text) {
    try {
      ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
      return Arrays.copyOf(bytes.array(), bytes.limit());
    } catch (CharacterCodingException e) {
      throw new InputError("a text is no valid Unicode");
    }
  }

  private static String text(byte[] bytes) throws Refused {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new Refused(MALFORMED, "A parameter is not UTF-8.");
    }
  }

  private static String encode(byte[] data) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(data);
  }

  /** Standard base64 with its padding, one spelling a value; empty if it is not. */
  private static byte[] decode(String encoded) {
    try {
      byte[] data = Base64.getDecoder().decode(encoded);
      return Base64.getEncoder().encodeToString(data).equals(encoded) ? data : new byte[0];
    } catch (IllegalArgumentException e) {
      return new byte[0];
    }
  }

  private static byte[] strict(String encoded, int size, String message) throws Refused {
    byte[] data = decode(encoded);
    if (data.length != size) {
      throw new Refused(MALFORMED, message);
    }
    return data;
  }

  static byte[] mac(String algorithm, byte[] key, byte[] message) {
    try {
      Mac mac = Mac.getInstance(algorithm);
      mac.init(new SecretKeySpec(key, algorithm));
      return mac.doFinal(message);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every Java has both algorithms
    }
  }

  private static boolean any(List<byte[]> keys, byte[] message, byte[] mac) {
    boolean matched = false;
    for (byte[] key : keys) {
      matched |= MessageDigest.isEqual(mac("HmacSHA1", key, message), mac);
    }
    return matched;
  }

  private static String one(Map<String, List<String>> headers, String name) throws Refused {
    List<String> values = new ArrayList<>();
    headers.forEach((header, all) -> {
      if (name.equalsIgnoreCase(header)) {
        values.addAll(all);
      }
    });
    if (values.size() > 1) {
      throw new Refused(MALFORMED, name + " occurs more than once.");
    }
    if (values.isEmpty() || values.get(0).isEmpty()) {
      throw new Refused("proof_missing", name + " is missing.");
    }
    return values.get(0);
  }

  private static List<byte[]> signatures(String listed) throws Refused {
    String[] items = listed.split(" ", -1);
    if (items.length > 16) {
      throw new Refused(MALFORMED, "webhook-signature holds more than 16 signatures.");
    }
    List<byte[]> macs = new ArrayList<>();
    for (String item : items) {
      if (item.startsWith("v1,")) {
        macs.add(strict(item.substring(3), 32, "A v1 signature is not 32 bytes in base64."));
      }
    }
    if (macs.isEmpty()) {
      throw new Refused("proof_missing", "webhook-signature holds no v1 signature.");
    }
    return macs;
  }

  private static Map<String, byte[]> read(String query) throws Refused {
    Map<String, byte[]> params = new LinkedHashMap<>();
    for (String pair : query.split("&")) {
      if (pair.isEmpty()) {
        continue;
      }
      int at = pair.indexOf('=');
      String name = new String(unescape(at < 0 ? pair : pair.substring(0, at)), StandardCharsets.ISO_8859_1);
      if (!plain(name)) {
        throw new Refused(MALFORMED, "A parameter's name has an odd character.");
      }
      if (params.put(name, unescape(at < 0 ? "" : pair.substring(at + 1))) != null) {
        throw new Refused(MALFORMED, "A parameter occurs twice.");
      }
    }
    return params;
  }

  private static byte[] unescape(String raw) throws Refused {
    byte[] bytes = raw.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] != '%') {
        out.write(bytes[i] == '+' ? ' ' : bytes[i]);
        continue;
      }
      if (i + 2 >= bytes.length || !HexFormat.isHexDigit(bytes[i + 1]) || !HexFormat.isHexDigit(bytes[i + 2])) {
        throw new Refused(MALFORMED, "The query is not percent-encoded properly.");
      }
      out.write(HexFormat.fromHexDigit(bytes[i + 1]) << 4 | HexFormat.fromHexDigit(bytes[i + 2]));
      i += 2;
    }
    return out.toByteArray();
  }

  /** Letters, digits, _ and -, and not a number: PHP would read another name. */
  private static boolean plain(String name) {
    return name.matches("[A-Za-z0-9_-]*[A-Za-z_][A-Za-z0-9_-]*");
  }

  /** What PHP's json_encode prints: / escaped, and everything outside ASCII. */
  private static String php(Map<String, String> params) {
    List<String> members = new ArrayList<>();
    params.forEach((name, value) -> members.add(phpText(name) + ":" + phpText(value)));
    return "{" + String.join(",", members) + "}";
  }

  private static String phpText(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      int at = "\"\\/\b\f\n\r\t".indexOf(c);
      if (at >= 0) {
        out.append('\\').append("\"\\/bfnrt".charAt(at));
      } else if (c < ' ' || c >= 0x80) {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }

  private static long seconds(String text, String name) throws Refused {
    if (!text.matches("[1-9][0-9]{0,17}")) {
      throw new Refused(MALFORMED, name + " is no time in seconds since 1970.");
    }
    return Long.parseLong(text);
  }

  private static void judge(long at, Instant now) throws Refused {
    if (now.getEpochSecond() - at > TOLERANCE.toSeconds()) {
      throw new Refused("token_expired", "The request was signed too long ago.");
    }
    if (at - now.getEpochSecond() > TOLERANCE.toSeconds()) {
      throw new Refused("token_early", "The request was signed in the future: a clock is wrong.");
    }
  }
}
