package identity_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated files of spec/vectors")

// The vectors' secrets. They are published here and so never usable anywhere.
var (
	vectorSecret = hexDigest("countersign vector secret 1")
	otherSecret  = hexDigest("countersign vector secret 2")
)

const (
	vectorNow   = "2026-03-01T12:00:00Z"
	vectorEpoch = 1772366400 // the same
)

func hexDigest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// hmacOf is written with the plain library on purpose: the vectors must not
// follow the code that they test.
func hmacOf(key, message string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(message))
	return mac.Sum(nil)
}

func hmacHex(key, message string) string { return hex.EncodeToString(hmacOf(key, message)) }

func raw(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func compact(secret, header, payload string) string {
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	return signed + "." + b64(hmacOf(secret, signed))
}

func hashKey(dialectName, signs string) vectorKey {
	return vectorKey{ID: "k1", Dialect: dialectName, Secret: vectorSecret, Signs: signs}
}

// book collects vectors of one file.
type book struct{ vectors []vector }

func (b *book) add(name string, key vectorKey, a vectorAssertion, e vectorExpect) {
	b.vectors = append(b.vectors, vector{Name: name, Keys: []vectorKey{key}, Assertion: a, Now: vectorNow, Expect: e})
}

func verifiedAs(who, method string) vectorExpect { return vectorExpect{Verified: who, Method: method} }
func refusedAs(reason string) vectorExpect       { return vectorExpect{Reason: reason} }

func hashVectors() []vector {
	var b book
	b.goodHashes()
	b.badHashes()
	b.identifiers()
	b.helpscout()
	b.pylon()
	b.ensoras()
	b.vendors()
	return b.vectors
}

// vendors are those whose backends sign as they did while the page calls our own API.
func (b *book) vendors() {
	for _, c := range []struct{ dialect, signs string }{
		{"chatwoot", "user_id"}, {"chatwoot", "email"}, {"crisp", "email"}, {"tawk", "user_id"}, {"tawk", "email"},
		{"front", "email"}, {"plain", "email"}, {"gleap", "user_id"}, {"novu", "user_id"}, {"featurebase", "user_id"}, {"featurebase", "email"},
	} {
		key, what := hashKey(c.dialect, c.signs), c.dialect+" over the "+c.signs
		if c.signs == "email" {
			at := func(address, message string) vectorAssertion {
				return vectorAssertion{Email: raw(address), Hash: raw(hmacHex(vectorSecret, message))}
			}
			b.add(what, key, at("Ada@Example.com", "Ada@Example.com"), verifiedAs("email:ada@example.com", "hmac"))
			b.add(what+", which is verbatim", key, at("Ada@Example.com", "ada@example.com"), refusedAs("proof_mismatch"))
			b.add(what+", and only a user id sent", key, vectorAssertion{UserID: raw("ada@example.com"), Hash: raw(hmacHex(vectorSecret, "ada@example.com"))}, refusedAs("identifier_not_covered"))
			continue
		}
		at := func(id, message string) vectorAssertion {
			return vectorAssertion{UserID: raw(id), Hash: raw(hmacHex(vectorSecret, message))}
		}
		b.add(what, key, at("user-42", "user-42"), verifiedAs("user_id:user-42", "hmac"))
		b.add(what+", which is verbatim", key, at("User-42", "user-42"), refusedAs("proof_mismatch"))
		b.add(what+", and only an email sent", key, vectorAssertion{Email: raw("ada@example.com"), Hash: raw(hmacHex(vectorSecret, "ada@example.com"))}, refusedAs("identifier_not_covered"))
	}
}

func (b *book) goodHashes() {
	user := hmacHex(vectorSecret, "user-42")
	b.add("native user id", hashKey("native", "user_id"), vectorAssertion{UserID: raw("user-42"), Hash: raw(user)}, verifiedAs("user_id:user-42", "hmac"))
	b.add("uppercase hexadecimal", hashKey("native", "user_id"), vectorAssertion{UserID: raw("user-42"), Hash: raw(strings.ToUpper(user))}, verifiedAs("user_id:user-42", "hmac"))
	b.add("mixed case hexadecimal", hashKey("native", "user_id"), vectorAssertion{UserID: raw("user-42"), Hash: raw(strings.ToUpper(user[:30]) + user[30:])}, verifiedAs("user_id:user-42", "hmac"))
	b.add("number as its decimal text", hashKey("native", "user_id"), vectorAssertion{UserID: json.RawMessage("9007199254740991"), Hash: raw(hmacHex(vectorSecret, "9007199254740991"))}, verifiedAs("user_id:9007199254740991", "hmac"))
	b.add("user id is not folded", hashKey("intercom", "user_id"), vectorAssertion{Dialect: "intercom", UserID: raw("User-42"), Hash: raw(hmacHex(vectorSecret, "User-42"))}, verifiedAs("user_id:User-42", "hmac"))
	b.add("user id with blanks is not trimmed", hashKey("native", "user_id"), vectorAssertion{UserID: raw(" user 42 "), Hash: raw(hmacHex(vectorSecret, " user 42 "))}, verifiedAs("user_id: user 42 ", "hmac"))
	b.add("email is folded after it verified", hashKey("native", "email"), vectorAssertion{Email: raw("Ada@Example.COM"), Hash: raw(hmacHex(vectorSecret, "Ada@Example.COM"))}, verifiedAs("email:ada@example.com", "hmac"))
	b.add("hash over the user id leaves the email a claim", hashKey("intercom", "user_id"), vectorAssertion{Dialect: "intercom", UserID: raw("u1"), Email: raw("ada@example.com"), Hash: raw(hmacHex(vectorSecret, "u1"))}, verifiedAs("user_id:u1", "hmac"))
	b.add("either takes the user id", hashKey("intercom", "either"), vectorAssertion{Dialect: "intercom", UserID: raw("u1"), Email: raw("ada@example.com"), Hash: raw(hmacHex(vectorSecret, "u1"))}, verifiedAs("user_id:u1", "hmac"))
	b.add("either by email is a weaker method", hashKey("intercom", "either"), vectorAssertion{Dialect: "intercom", Email: raw("ada@example.com"), Hash: raw(hmacHex(vectorSecret, "ada@example.com"))}, verifiedAs("email:ada@example.com", "hmac-either"))
}

func (b *book) badHashes() {
	key := hashKey("native", "user_id")
	good := hmacHex(vectorSecret, "user-42")
	b64Std := base64.StdEncoding.EncodeToString(hmacOf(vectorSecret, "user-42"))
	for _, c := range []struct {
		name   string
		hash   json.RawMessage
		reason string
	}{
		{"hash absent", nil, "proof_missing"},
		{"hash null", json.RawMessage("null"), "proof_missing"},
		{"hash empty", raw(""), "proof_missing"},
		{"hash is a number", json.RawMessage("5"), "proof_missing"},
		{"hash is an array", raw([]string{good}), "proof_missing"},
		{"hash is true", json.RawMessage("true"), "proof_missing"},
		{"hash is an object", json.RawMessage(`{"hash":"` + good + `"}`), "proof_missing"},
		{"hash truncated to 16 bytes", raw(good[:32]), "proof_malformed"},
		{"hash one digit short", raw(good[:63]), "proof_malformed"},
		{"hash one digit long", raw(good + "0"), "proof_malformed"},
		{"hash twice", raw(good + good), "proof_malformed"},
		{"hash with a line break", raw(good + "\n"), "proof_malformed"},
		{"hash with a line break in a digit's place", raw(good[:63] + "\n"), "proof_malformed"},
		{"hash with a blank in front", raw(" " + good), "proof_malformed"},
		{"hash with 0x in front", raw("0x" + good), "proof_malformed"},
		{"hash not hexadecimal", raw("g" + good[1:]), "proof_malformed"},
		{"hash of fullwidth digits", raw("０１２" + good[9:]), "proof_malformed"},
		{"hash of control characters that differ by a bit", raw("\u0010" + good[1:]), "proof_malformed"},
		{"hash in base64", raw(b64Std), "proof_malformed"},
		{"hash of 64 zeros", raw(strings.Repeat("0", 64)), "proof_mismatch"},
		{"hash over another user", raw(hmacHex(vectorSecret, "user-43")), "proof_mismatch"},
		{"hash over nothing", raw(hmacHex(vectorSecret, "")), "proof_mismatch"},
		{"hash under another key", raw(hmacHex(otherSecret, "user-42")), "proof_mismatch"},
		{"hash with key and message swapped", raw(hmacHex("user-42", vectorSecret)), "proof_mismatch"},
		{"plain digest of secret and user", raw(hexDigest(vectorSecret + "user-42")), "proof_mismatch"},
		{"plain digest of user", raw(hexDigest("user-42")), "proof_mismatch"},
		{"hash over the user and a line break", raw(hmacHex(vectorSecret, "user-42\n")), "proof_mismatch"},
	} {
		b.add(c.name, key, vectorAssertion{UserID: raw("user-42"), Hash: c.hash}, refusedAs(c.reason))
	}
	for i := 0; i < 64; i += 7 {
		digit := "0123456789abcdef"[(strings.IndexByte("0123456789abcdef", good[i])+1)%16]
		flipped := good[:i] + string(digit) + good[i+1:]
		b.add(fmt.Sprintf("digit %d differs", i), key, vectorAssertion{UserID: raw("user-42"), Hash: raw(flipped)}, refusedAs("proof_mismatch"))
	}
}

func (b *book) identifiers() {
	user, email, either := hashKey("native", "user_id"), hashKey("native", "email"), hashKey("native", "either")
	hash := func(s string) json.RawMessage { return raw(hmacHex(vectorSecret, s)) }
	b.add("user id signed, email sent", user, vectorAssertion{Email: raw("ada@example.com"), Hash: hash("ada@example.com")}, refusedAs("identifier_not_covered"))
	b.add("email signed, user id sent", email, vectorAssertion{UserID: raw("ada@example.com"), Hash: hash("ada@example.com")}, refusedAs("identifier_not_covered"))
	b.add("user id that is somebody's email, presented as that email", hashKey("intercom", "user_id"), vectorAssertion{Dialect: "intercom", Email: raw("victim@example.com"), Hash: hash("victim@example.com")}, refusedAs("identifier_not_covered"))
	b.add("hash over the email never falls back when a user id is sent", either, vectorAssertion{UserID: raw("u1"), Email: raw("ada@example.com"), Hash: hash("ada@example.com")}, refusedAs("proof_mismatch"))
	b.add("either with a user id that looks like an email", either, vectorAssertion{UserID: raw("victim@example.com"), Hash: hash("victim@example.com")}, refusedAs("identifier_ambiguous"))
	b.add("hash without an identifier", user, vectorAssertion{Hash: hash("")}, refusedAs("identifier_missing"))
	b.add("identifier empty", user, vectorAssertion{UserID: raw(""), Hash: hash("")}, refusedAs("identifier_missing"))
	b.add("identifier null", user, vectorAssertion{UserID: json.RawMessage("null"), Hash: hash("null")}, refusedAs("identifier_missing"))
	for _, literal := range []string{
		"1.0",
		"1.5",
		"1e3",
		"-0",
		"9007199254740992",
		"-9007199254740992",
		"123456789012345678901234567890",

		"true",
		"[1]",
		`{"id":1}`,
		`["user-42"]`,
		`"\ud800"`,
		`"\udc00x"`,
	} {
		b.add("user id "+literal, user, vectorAssertion{UserID: json.RawMessage(literal), Hash: hash(strings.Trim(literal, `"`))}, refusedAs("identifier_malformed"))
	}
	for name, id := range map[string]string{
		"a NUL":        "a\x00b",
		"a line break": "a\nb",
		"a C1 control": "a\u0085b",
		"DEL":          "a\x7fb",
		"256 bytes":    strings.Repeat("a", 256),
	} {
		b.add("user id with "+name, user, vectorAssertion{UserID: raw(id), Hash: hash(id)}, refusedAs("identifier_malformed"))
	}
	b.add("user id of 255 bytes", user, vectorAssertion{UserID: raw(strings.Repeat("a", 255)), Hash: hash(strings.Repeat("a", 255))}, verifiedAs("user_id:"+strings.Repeat("a", 255), "hmac"))
	for name, address := range map[string]string{
		"no @":                 "ada.example.com",
		"two @":                "ada@b@example.com",
		"nothing before the @": "@example.com",
		"nothing after the @":  "ada@",

		"a blank":              "ada @example.com",
		"a no-break blank":     "ada\u00a0@example.com",
		"an ideographic blank": "ada\u3000@example.com",

		"a line break behind": "ada@example.com\n",
		"a NUL":               "ada@exa\x00mple.com",
		"255 bytes":           strings.Repeat("a", 243) + "@example.com",
	} {
		b.add("email with "+name, email, vectorAssertion{Email: raw(address), Hash: hash(address)}, refusedAs("identifier_malformed"))
	}
	b.add("email of 254 bytes", email, vectorAssertion{Email: raw(strings.Repeat("a", 242) + "@example.com"), Hash: hash(strings.Repeat("a", 242) + "@example.com")},
		verifiedAs("email:"+strings.Repeat("a", 242)+"@example.com", "hmac"))
	b.add("email is a number", email, vectorAssertion{Email: json.RawMessage("5"), Hash: hash("5")}, refusedAs("identifier_malformed"))
	b.add("dialect of another family", user, vectorAssertion{Dialect: "intercom", UserID: raw("u1"), Hash: hash("u1")}, refusedAs("key_unusable"))
	b.add("dialect that does not exist", user, vectorAssertion{Dialect: "nonesuch", UserID: raw("u1"), Hash: hash("u1")}, refusedAs("key_unusable"))
	b.add("token for a key that takes hashes", user, vectorAssertion{UserID: raw("u1"), Hash: hash("u1"), JWT: raw(compact(vectorSecret, `{"alg":"HS256"}`, `{"user_id":"u1"}`))}, refusedAs("key_unusable"))
	claims := b64([]byte(`{"alg":"HS256"}`)) + "." + b64([]byte(`{"user_id":"victim"}`))
	b.add("user who is named like a token's first two parts", user,
		vectorAssertion{JWT: raw(claims + "." + b64(hmacOf(vectorSecret, claims)))}, refusedAs("key_unusable"))
}

func (b *book) helpscout() {
	key := hashKey("helpscout", "email")
	mac := hmacOf(vectorSecret, "Ada@example.com")
	std := base64.StdEncoding.EncodeToString(mac)
	hyphened := strings.ToUpper(strings.Join(pairs(hex.EncodeToString(mac)), "-"))
	at := func(s string) vectorAssertion {
		return vectorAssertion{Dialect: "helpscout", Email: raw("Ada@example.com"), Hash: raw(s)}
	}
	good := verifiedAs("email:ada@example.com", "hmac")
	b.add("helpscout verbatim email", key, at(hex.EncodeToString(mac)), good)
	b.add("helpscout base64", key, at(std), good)
	b.add("helpscout hyphens", key, at(hyphened), good)
	b.add("helpscout hyphens in lowercase", key, at(strings.ToLower(hyphened)), good)
	for name, hash := range map[string]string{
		"base64 without padding": strings.TrimRight(std, "="),
		"base64url":              base64.URLEncoding.EncodeToString(append([]byte{0xff, 0xff}, mac[2:]...)),

		"base64 with loose last bits":                 loosen(std),
		"base64 with a line break":                    std[:20] + "\n" + std[20:],
		"base64 with a line break for its last digit": std[:43] + "\n",

		"hyphens elsewhere":  hyphened[:1] + "-" + hyphened[1:2] + hyphened[3:],
		"colons for hyphens": strings.ReplaceAll(hyphened, "-", ":"),

		"hyphens with one at the end": hyphened + "-",
	} {
		b.add("helpscout "+name, key, at(hash), refusedAs("proof_malformed"))
	}
	b.add("helpscout lowered email", key, at(hmacHex(vectorSecret, "ada@example.com")), refusedAs("proof_mismatch"))
	b.add("helpscout trimmed email", key, vectorAssertion{Dialect: "helpscout", Email: raw("Ada@example.com "), Hash: raw(hex.EncodeToString(mac))}, refusedAs("identifier_malformed"))
}

func pairs(s string) []string {
	var out []string
	for i := 0; i < len(s); i += 2 {
		out = append(out, s[i:i+2])
	}
	return out
}

// loosen sets one of the bits that the last digit of base64 leaves over.
func loosen(std string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	last := len(strings.TrimRight(std, "=")) - 1
	return std[:last] + string(digits[strings.IndexByte(digits, std[last])|1]) + std[last+1:]
}

func (b *book) pylon() {
	key := hashKey("pylon", "email")
	decoded, _ := hex.DecodeString(vectorSecret)
	at := func(address, hash string) vectorAssertion {
		return vectorAssertion{Dialect: "pylon", Email: raw(address), Hash: raw(hash)}
	}
	b.add("pylon key is decoded", key, at("ada@example.com", hmacHex(string(decoded), "ada@example.com")), verifiedAs("email:ada@example.com", "hmac"))
	b.add("pylon key as text", key, at("ada@example.com", hmacHex(vectorSecret, "ada@example.com")), refusedAs("proof_mismatch"))
	b.add("pylon email is verbatim", key, at("Ada@example.com", hmacHex(string(decoded), "ada@example.com")), refusedAs("proof_mismatch"))
	b.add("native key is not decoded", hashKey("native", "email"), vectorAssertion{Email: raw("ada@example.com"), Hash: raw(hmacHex(string(decoded), "ada@example.com"))}, refusedAs("proof_mismatch"))
}

func (b *book) ensoras() {
	key := hashKey("ensoras", "email")
	at := func(address, message string) vectorAssertion {
		return vectorAssertion{Dialect: "ensoras", Email: raw(address), Hash: raw(hmacHex(vectorSecret, message))}
	}
	odysseus := "ΟΔΥΣΣΕΥΣ@example.com"
	folded := "email:οδυσσευσ@example.com"
	b.add("ensoras lowered", key, at("Ada@Example.com", "ada@example.com"), verifiedAs("email:ada@example.com", "hmac"))
	b.add("ensoras not lowered", key, at("Ada@Example.com", "Ada@Example.com"), refusedAs("proof_mismatch"))
	b.add("ensoras lowered by code point", key, at(odysseus, "οδυσσευσ@example.com"), verifiedAs(folded, "hmac"))
	b.add("ensoras ASCII lowered only", key, at("ΟΔΥΣΣΕΥΣ@Example.com", "ΟΔΥΣΣΕΥΣ@example.com"), verifiedAs(folded, "hmac"))
	// A sigma before @ is final to Unicode's rule as Node, Python and Java apply it: @ is not a letter.
	b.add("ensoras lowered by full Unicode", key, at(odysseus, "οδυσσευς@example.com"), verifiedAs(folded, "hmac"))
	b.add("ensoras dotted capital I by full Unicode", key, at("İda@example.com", "i\u0307da@example.com"), verifiedAs("email:i\u0307da@example.com", "hmac"))
	b.add("ensoras dotted capital I by code point is the plain address that was signed", key, at("İda@example.com", "ida@example.com"), verifiedAs("email:ida@example.com", "hmac"))
	b.add("ensoras kelvin sign stays", key, at("\u212aim@example.com", "\u212aim@example.com"), verifiedAs("email:\u212aim@example.com", "hmac"))
}

func tokenKey(name string) vectorKey {
	k := vectorKey{ID: "k1", Dialect: name, Secret: vectorSecret, Signs: "user_id", Audiences: []string{"ch_1", "shop"}}
	switch name {
	case "pylon-jwt":
		k.Signs = "email"
	case "intercom-jwt":
		k.Audiences = nil
	}
	return k
}

const plainHeader = `{"alg":"HS256","typ":"JWT"}`

func (b *book) jwt(name string, key vectorKey, header, payload string, e vectorExpect) {
	b.add(name, key, vectorAssertion{Dialect: key.Dialect, JWT: raw(compact(vectorSecret, header, payload))}, e)
}

// claims are those of a good native token, changed: an empty value takes one away.
func claims(changes ...string) string {
	order := []string{"user_id", "aud", "iat", "exp"}
	values := map[string]string{
		"user_id": `"u1"`,
		"aud":     `"shop"`,
		"iat":     fmt.Sprint(vectorEpoch - 60),
		"exp":     fmt.Sprint(vectorEpoch + 600),
	}
	for i := 0; i < len(changes); i += 2 {
		if _, known := values[changes[i]]; !known {
			order = append(order, changes[i])
		}
		values[changes[i]] = changes[i+1]
	}
	var out []string
	for _, name := range order {
		if values[name] != "" {
			out = append(out, `"`+name+`":`+values[name])
		}
	}
	return "{" + strings.Join(out, ",") + "}"
}

func jwtVectors() []vector {
	var b book
	b.goodTokens()
	b.badHeaders()
	b.badSignatures()
	b.badClaims()
	b.besides()
	return b.vectors
}

func (b *book) goodTokens() {
	key := tokenKey("native-jwt")
	good := verifiedAs("user_id:u1", "jwt")
	b.jwt("native token", key, plainHeader, claims(), good)
	b.jwt("header without typ", key, `{"alg":"HS256"}`, claims(), good)
	b.jwt("header with kid", key, `{"alg":"HS256","kid":"whatever"}`, claims(), good)
	b.jwt("user id is a number", key, plainHeader, claims("user_id", "42"), verifiedAs("user_id:42", "jwt"))
	b.jwt("audience is a list", key, plainHeader, claims("aud", `["other","ch_1"]`), good)
	b.jwt("fraction in a time is cut off", key, plainHeader, claims("exp", fmt.Sprint(vectorEpoch+600)+".9"), good)
	b.jwt("issued by a clock that is 30 s ahead", key, plainHeader, claims("iat", fmt.Sprint(vectorEpoch+30)), good)
	b.jwt("last second", key, plainHeader, claims("exp", fmt.Sprint(vectorEpoch+1)), good)
	b.jwt("email, name and attributes are covered", key, plainHeader,
		claims("email", `"Ada@Example.com"`, "name", `"Ada"`, "plan", `"pro"`, "seats", "5", "trial", "false", "left", "null", "company", `{"id":1}`, "tags", `["x"]`, "user_hash", `"00"`, "bad name", `"x"`),
		vectorExpect{Verified: "user_id:u1", Method: "jwt", Email: "ada@example.com", Name: "Ada", Attributes: map[string]any{
			"plan":  "pro",
			"seats": 5.0,
			"trial": false,
			"left":  nil,
		}})
	email := tokenKey("native-jwt")
	email.Signs = "email"
	b.jwt("email token", email, plainHeader, claims("email", `"Ada@Example.com"`), verifiedAs("email:ada@example.com", "jwt"))
	b.jwt("email token that says it is confirmed", email, plainHeader, claims("email", `"ada@example.com"`, "email_verified", "true"), verifiedAs("email:ada@example.com", "jwt"))
	b.jwt("email token that says it is not confirmed", email, plainHeader, claims("email", `"ada@example.com"`, "email_verified", "false"), refusedAs("identifier_not_covered"))
	b.jwt("email_verified of another type is not true", email, plainHeader, claims("email", `"ada@example.com"`, "email_verified", "1"), refusedAs("identifier_not_covered"))
	either := tokenKey("native-jwt")
	either.Signs = "either"
	b.jwt("either token by email", either, plainHeader, claims("user_id", "", "email", `"ada@example.com"`), verifiedAs("email:ada@example.com", "jwt"))
	b.jwt("either token with an ambiguous user id", either, plainHeader, claims("user_id", `"victim@example.com"`), refusedAs("identifier_ambiguous"))
	b.jwt("intercom token without times", tokenKey("intercom-jwt"), `{"alg":"HS256"}`, `{"user_id":7,"email":"ada@example.com"}`,
		vectorExpect{Verified: "user_id:7", Method: "jwt", Email: "ada@example.com"})
	b.jwt("intercom token without user_id", tokenKey("intercom-jwt"), `{"alg":"HS256"}`, `{"email":"ada@example.com"}`, refusedAs("claim_missing"))
	b.jwt("intercom token that has expired", tokenKey("intercom-jwt"), `{"alg":"HS256"}`, `{"user_id":"u1","exp":`+fmt.Sprint(vectorEpoch)+`}`, refusedAs("token_expired"))
	pylon := claims("user_id", "", "email", `"ada@example.com"`)
	b.jwt("pylon token", tokenKey("pylon-jwt"), plainHeader, pylon, verifiedAs("email:ada@example.com", "jwt"))
	b.jwt("pylon token of 15 minutes", tokenKey("pylon-jwt"), plainHeader, claims("user_id", "", "email", `"ada@example.com"`, "exp", fmt.Sprint(vectorEpoch+840)), verifiedAs("email:ada@example.com", "jwt"))
	b.jwt("pylon token of more than 15 minutes", tokenKey("pylon-jwt"), plainHeader, claims("user_id", "", "email", `"ada@example.com"`, "exp", fmt.Sprint(vectorEpoch+841)), refusedAs("lifetime_too_long"))
	b.jwt("pylon token without aud", tokenKey("pylon-jwt"), plainHeader, claims("user_id", "", "email", `"ada@example.com"`, "aud", ""), refusedAs("claim_missing"))
	b.jwt("pylon token without email", tokenKey("pylon-jwt"), plainHeader, claims(), refusedAs("claim_missing"))
	decoded, _ := hex.DecodeString(vectorSecret)
	b.add("pylon token under the decoded secret", tokenKey("pylon-jwt"), vectorAssertion{Dialect: "pylon", JWT: raw(compact(string(decoded), plainHeader, pylon))}, refusedAs("proof_mismatch"))
}

func (b *book) badHeaders() {
	key := tokenKey("native-jwt")
	for name, header := range map[string]string{
		"alg none":  `{"alg":"none"}`,
		"alg None":  `{"alg":"None"}`,
		"alg HS384": `{"alg":"HS384"}`,
		"alg HS512": `{"alg":"HS512"}`,
		"alg RS256": `{"alg":"RS256"}`,

		"alg ES256":        `{"alg":"ES256"}`,
		"alg in lowercase": `{"alg":"hs256"}`,
		"alg empty":        `{"alg":""}`,
		"alg absent":       `{"typ":"JWT"}`,
		"alg a list":       `{"alg":["HS256"]}`,
		"alg with a blank": `{"alg":"HS256 "}`,
	} {
		b.jwt(name, key, header, claims(), refusedAs("algorithm_refused"))
	}
	for name, header := range map[string]string{
		"crit": `{"alg":"HS256","crit":["exp"]}`,
		"b64":  `{"alg":"HS256","b64":false}`,
		"zip":  `{"alg":"HS256","zip":"DEF"}`,

		"embedded key":       `{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}`,
		"linked key":         `{"alg":"HS256","jku":"https://attacker.example/k"}`,
		"linked certificate": `{"alg":"HS256","x5u":"https://attacker.example/c"}`,

		"embedded certificate":   `{"alg":"HS256","x5c":["AA"]}`,
		"alg twice":              `{"alg":"none","alg":"HS256"}`,
		"alg twice, one escaped": `{"alg":"HS256","\u0061lg":"none"}`,

		"other typ":               `{"alg":"HS256","typ":"at+jwt"}`,
		"header is a list":        `["HS256"]`,
		"header is not JSON":      `alg=HS256`,
		"header with more behind": `{"alg":"HS256"}{}`,
		"header empty":            ``,
	} {
		b.jwt(name, key, header, claims(), refusedAs("token_malformed"))
	}
}

func (b *book) badSignatures() {
	key := tokenKey("native-jwt")
	good := compact(vectorSecret, plainHeader, claims())
	cut := strings.LastIndexByte(good, '.')
	bare := compact(vectorSecret, `{"alg":"none"}`, claims())
	for _, c := range []struct{ name, token, reason string }{
		{"alg none without a signature", bare[:strings.LastIndexByte(bare, '.')+1], "algorithm_refused"},
		{"no signature", good[:cut+1], "token_malformed"},
		{"no third part", good[:cut], "token_malformed"},
		{"four parts", good + ".AA", "token_malformed"},
		{"five parts, as when encrypted", "a.b.c.d.e", "token_malformed"},
		{"not a token", "hello", "token_malformed"},
		{"JSON serialisation", `{"payload":"e30","signatures":[]}`, "token_malformed"},
		{"signature cut to 16 bytes", good[:cut+1] + b64(hmacOf(vectorSecret, good[:cut])[:16]), "token_malformed"},
		{"signature with padding", good + "=", "token_malformed"},
		{"signature in standard base64", good[:cut+1] + strings.NewReplacer("-", "+", "_", "/").Replace(good[cut+1:]) + "=", "token_malformed"},
		{"signature with a line break", good + "\n", "token_malformed"},
		{"signature with loose last bits", good[:len(good)-1] + bumped(good[len(good)-1]), "token_malformed"},
		{"blank in front", " " + good, "token_malformed"},
		{"signature under another key", compact(otherSecret, plainHeader, claims()), "proof_mismatch"},
		{"signature under no key", compact("", plainHeader, claims()), "proof_mismatch"},
		{"signature of zeros", good[:cut+1] + b64(make([]byte, 32)), "proof_mismatch"},
		{"claims changed after signing", strings.Join([]string{
			strings.Split(good, ".")[0],
			b64([]byte(claims("user_id", `"victim"`))),
			good[cut+1:],
		}, "."), "proof_mismatch"},
		{"over 8 KB", compact(vectorSecret, plainHeader, claims("padding", `"`+strings.Repeat("x", 8000)+`"`)), "token_malformed"},
	} {
		b.add(c.name, key, vectorAssertion{JWT: raw(c.token)}, refusedAs(c.reason))
	}
}

func bumped(c byte) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(digits[strings.IndexByte(digits, c)|1])
}

func (b *book) badClaims() {
	key := tokenKey("native-jwt")
	later := func(s int) string { return fmt.Sprint(vectorEpoch + s) }
	for _, c := range []struct{ name, payload, reason string }{
		{"no aud", claims("aud", ""), "claim_missing"},
		{"aud of another channel", claims("aud", `"other"`), "audience_wrong"},
		{"aud in other case", claims("aud", `"Shop"`), "audience_wrong"},
		{"aud with a blank", claims("aud", `"shop "`), "audience_wrong"},
		{"aud an empty list", claims("aud", `[]`), "claim_missing"},
		{"aud a number", claims("aud", `5`), "token_malformed"},
		{"aud null", claims("aud", `null`), "token_malformed"},
		{"aud a list with a number", claims("aud", `["shop",5]`), "token_malformed"},
		{"no iat", claims("iat", ""), "claim_missing"},
		{"no exp", claims("exp", ""), "claim_missing"},
		{"expired", claims("exp", later(0)), "token_expired"},
		{"expired long ago", claims("iat", "1000", "exp", "2000"), "token_expired"},
		{"issued in the future", claims("iat", later(31)), "token_early"},
		{"not before the future", claims("nbf", later(31)), "token_early"},
		{"ends before it began", claims("iat", later(30), "exp", later(10)), "token_malformed"},
		{"longer than a day", claims("iat", later(-60), "exp", later(-60+24*3600+1)), "lifetime_too_long"},
		{"exp as text", claims("exp", `"`+later(600)+`"`), "token_malformed"},
		{"exp with an exponent", claims("exp", `1e400`), "token_malformed"},
		{"exp with a small exponent", claims("exp", `1772367e3`), "token_malformed"},
		{"exp beyond time", claims("exp", `99999999999999999999`), "token_malformed"},
		{"exp negative", claims("exp", `-1`), "token_malformed"},
		{"exp null", claims("exp", `null`), "token_malformed"},
		{"iat zero", claims("iat", `0`), "token_malformed"},
		{"no user_id", claims("user_id", ""), "claim_missing"},
		{"user_id empty", claims("user_id", `""`), "claim_missing"},
		{"user_id null", claims("user_id", `null`), "claim_missing"},
		{"user_id beyond 2^53-1", claims("user_id", `9007199254740993`), "identifier_malformed"},
		{"user_id a fraction", claims("user_id", `1.5`), "identifier_malformed"},
		{"user_id a list", claims("user_id", `["u1"]`), "identifier_malformed"},
		{"user_id true", claims("user_id", `true`), "identifier_malformed"},
		{"user_id with a NUL", claims("user_id", `"a\u0000b"`), "identifier_malformed"},
		{"user_id in other case", claims("user_id", "", "User_ID", `"u1"`), "claim_missing"},
		{"email a list", claims("email", `["a@example.com"]`), "identifier_malformed"},
		{"claim twice", claims("user_id", "", "x", `1,"user_id":"victim","user_id":"u1"`), "token_malformed"},
		{"claim twice, one escaped", claims("user_id", "", "x", `1,"user_id":"u1","user_\u0069d":"victim"`), "token_malformed"},
		{"half surrogate in a claim", claims("user_id", `"\ud800"`), "token_malformed"},
		{"claims a list", `["u1"]`, "token_malformed"},
		{"claims not JSON", `user_id=u1`, "token_malformed"},
		{"claims with more behind", claims() + "{}", "token_malformed"},
		{"claims not UTF-8", claims("user_id", "\"\xff\""), "token_malformed"},
	} {
		b.jwt(c.name, key, plainHeader, c.payload, refusedAs(c.reason))
	}
}

// besides: what stands beside a token.
func (b *book) besides() {
	native, intercom, pylon := tokenKey("native-jwt"), tokenKey("intercom-jwt"), tokenKey("pylon-jwt")
	token := raw(compact(vectorSecret, plainHeader, claims("email", `"ada@example.com"`)))
	covered := vectorExpect{Verified: "user_id:u1", Method: "jwt", Email: "ada@example.com"}
	b.add("same user beside", native, vectorAssertion{UserID: raw("u1"), Email: raw("ADA@example.com"), JWT: token}, covered)
	b.add("another user beside", native, vectorAssertion{UserID: raw("u2"), JWT: token}, refusedAs("claim_contradicted"))
	b.add("another email beside", native, vectorAssertion{Email: raw("eve@example.com"), JWT: token}, refusedAs("claim_contradicted"))
	b.add("malformed user beside", native, vectorAssertion{UserID: json.RawMessage("1.5"), JWT: token}, refusedAs("identifier_malformed"))
	b.add("right hash does not save a wrong token", native, vectorAssertion{UserID: raw("u1"), Hash: raw(hmacHex(vectorSecret, "u1")), JWT: raw("x.y.z")}, refusedAs("token_malformed"))
	b.add("wrong hash beside is not looked at", native, vectorAssertion{UserID: raw("u1"), Hash: raw("00"), JWT: token}, covered)
	b.add("hash for a key that takes tokens", native, vectorAssertion{UserID: raw("u1"), Hash: raw(hmacHex(vectorSecret, "u1"))}, refusedAs("key_unusable"))
	b.add("token that is a list is no token", native, vectorAssertion{UserID: raw("u1"), JWT: json.RawMessage(`["a"]`)}, refusedAs("proof_missing"))
	b.add("token empty", native, vectorAssertion{UserID: raw("u1"), JWT: raw("")}, refusedAs("proof_missing"))
	b.add("intercom: settings that contradict lose", intercom, vectorAssertion{Dialect: "intercom", UserID: raw("u2"), Email: raw("eve@example.com"), JWT: token}, covered)
	mail := raw(compact(vectorSecret, plainHeader, claims("user_id", "", "email", `"ada@example.com"`, "name", `"Ada"`, "contact_external_id", `"x1"`)))
	signed := vectorExpect{Verified: "email:ada@example.com", Method: "jwt", Name: "Ada", Attributes: map[string]any{"contact_external_id": "x1"}}
	b.add("pylon: equal settings", pylon, vectorAssertion{Dialect: "pylon", Email: raw("ada@example.com"), Name: "Ada", JWT: mail}, signed)
	b.add("pylon: another email in the settings", pylon, vectorAssertion{Dialect: "pylon", Email: raw("eve@example.com"), JWT: mail}, refusedAs("claim_contradicted"))
	b.add("pylon: another name in the settings", pylon, vectorAssertion{Dialect: "pylon", Name: "Eve", JWT: mail}, refusedAs("claim_contradicted"))
	b.add("pylon: another attribute in the settings", pylon, vectorAssertion{Dialect: "pylon", Attributes: map[string]any{"contact_external_id": "x2"}, JWT: mail}, refusedAs("claim_contradicted"))
}

// TestGeneratedVectors holds the files to this generator; -update writes them.
func TestGeneratedVectors(t *testing.T) {
	for name, file := range map[string]vectorFile{
		"hash.json":    {"Hashes: what verifies, and what every reader must refuse. Generated by identity/vectors_gen_test.go.", hashVectors()},
		"jwt.json":     {"JSON Web Tokens of the three dialects. Generated by identity/vectors_gen_test.go.", jwtVectors()},
		"public.json":  {"Tokens that public keys and issuers' key sets verify. Generated by identity/vectors_gen_public_test.go.", publicVectors(t)},
		"vendors.json": {"Tokens of vendors' backends whose pages call our own API. Generated by identity/vectors_gen_vendors_test.go.", vendorVectors()},
		"v1.json":      {"v1 tokens. Generated by identity/vectors_gen_test.go.", v1Vectors()},
		"ring.json":    {"Several keys, dead keys, platforms and sign-by. Generated by identity/vectors_gen_test.go.", ringVectors()},
	} {
		sortByName(file.Vectors)
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := e.Encode(file); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(vectorDir, name)
		if *update {
			if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		kept, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(kept, out.Bytes()) {
			t.Errorf("%s is not what the generator writes; run go test ./identity -run TestGeneratedVectors -update", name)
		}
	}
}
