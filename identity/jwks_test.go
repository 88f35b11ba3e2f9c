package identity_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

const issuer = "https://idp.example"

// jwkOf is a public key as an issuer publishes it.
func jwkOf(tb testing.TB, text, kid string, changes ...string) string {
	tb.Helper()
	public := publicOf(tb, text)
	members := map[string]any{"kid": kid, "use": "sig"}
	for name, value := range jwkMembers(public) {
		members[name] = value
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			delete(members, changes[i])
			continue
		}
		members[changes[i]] = json.RawMessage(changes[i+1])
	}
	raw, err := json.Marshal(members)
	if err != nil {
		tb.Fatal(err)
	}
	return string(raw)
}

// jwkMembers cuts the SPKI by hand: the last bytes of it are the key.
func jwkMembers(public identity.PublicKey) map[string]any {
	der := public.SPKI()
	switch public.Algorithm() {
	case identity.ES256:
		return map[string]any{"kty": "EC", "crv": "P-256", "x": b64(der[len(der)-64 : len(der)-32]), "y": b64(der[len(der)-32:])}
	case identity.EdDSA:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(der[len(der)-32:])}
	}
	return map[string]any{"kty": "RSA", "n": b64(der[len(der)-256-5 : len(der)-5]), "e": "AQAB"}
}

func jwks(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

// setOf is a native-jwt key that is an issuer's set of P-256 keys: kid a is esPublic,
// kid b is the other pair's.
func setOf(tb testing.TB, setup dialect.Setup, revoked []string, fresh time.Time) *identity.Key {
	tb.Helper()
	published, err := identity.ParseJWKS([]byte(jwks(jwkOf(tb, esPublic, "a"), jwkOf(tb, publicPEM(tb, esOther), "b"))))
	if err != nil {
		tb.Fatal(err)
	}
	setup.Public = &identity.PublicSet{Algorithm: identity.ES256, Keys: published.Of(identity.ES256), ByID: true, Revoked: revoked, FreshUntil: fresh}
	setup.Issuer = issuer
	return publicKeyOf(tb, setup)
}

func withKid(kid string) string { return fmt.Sprintf(`{"alg":"ES256","kid":%q}`, kid) }

func issued(changes ...string) string {
	return claims(append([]string{"iss", `"` + issuer + `"`}, changes...)...)
}

func TestTheKidChoosesAmongAnIssuersKeys(t *testing.T) {
	set := setOf(t, dialect.Setup{}, nil, testNow.Add(time.Hour))
	for kid, private := range map[string]string{"a": esPrivate, "b": esOther} {
		v, err := identity.Verify(ringOf(t, set), identity.Assertion{Token: bySign(t, private, withKid(kid), issued())}, testNow)
		if err != nil || v.Kid() != kid || v.Key() != "k1" {
			t.Errorf("%s: %q, %v", kid, v.Kid(), err)
		}
	}
}

// TestTokensThatAnIssuersSetRefuses, each by the attack.
func TestTokensThatAnIssuersSetRefuses(t *testing.T) {
	set := setOf(t, dialect.Setup{}, nil, testNow.Add(time.Hour))
	for _, c := range []struct {
		name, token string
		reason      identity.Reason
	}{
		{"the other key's signature under this kid", bySign(t, esOther, withKid("a"), issued()), identity.ProofMismatch},
		{"a stranger's signature", bySign(t, edPrivate, `{"alg":"ES256","kid":"a"}`, issued()), identity.ProofMismatch},
		{"no kid", bySign(t, esPrivate, `{"alg":"ES256"}`, issued()), identity.ClaimMissing},
		{"an empty kid", bySign(t, esPrivate, withKid(""), issued()), identity.ClaimMissing},
		{"a kid that nobody published", bySign(t, esPrivate, withKid("c"), issued()), identity.KeyUnusable},
		{"a kid in another case", bySign(t, esPrivate, withKid("A"), issued()), identity.KeyUnusable},
		{"a kid with a blank", bySign(t, esPrivate, withKid("a "), issued()), identity.KeyUnusable},
		{"a kid with a NUL", bySign(t, esPrivate, `{"alg":"ES256","kid":"a\u0000"}`, issued()), identity.KeyUnusable},
		{"a kid that is a path", bySign(t, esPrivate, withKid("../../../../dev/null"), issued()), identity.KeyUnusable},
		{"a kid that is a file", bySign(t, esPrivate, withKid("/proc/sys/kernel/randomize_va_space"), issued()), identity.KeyUnusable},
		{"a kid that is SQL", bySign(t, esPrivate, withKid("x' UNION SELECT 'key';--"), issued()), identity.KeyUnusable},
		{"a kid that is a command", bySign(t, esPrivate, withKid("a|cat /etc/passwd"), issued()), identity.KeyUnusable},
		{"a kid that is an address", bySign(t, esPrivate, withKid("https://evil.example/jwks.json"), issued()), identity.KeyUnusable},
		{"a kid that looks like another letter", bySign(t, esPrivate, withKid("\u0430"), issued()), identity.KeyUnusable},
		{"the key's own id as kid", bySign(t, esPrivate, withKid("k1"), issued()), identity.KeyUnusable},
		{"another algorithm under a known kid", bySign(t, rsPrivate, `{"alg":"RS256","kid":"a"}`, issued()), identity.AlgorithmRefused},
		{"HS256 under a known kid", compact(esPublic, `{"alg":"HS256","kid":"a"}`, issued()), identity.AlgorithmRefused},
		{"no issuer", bySign(t, esPrivate, withKid("a"), claims()), identity.ClaimMissing},
		{"an empty issuer", bySign(t, esPrivate, withKid("a"), claims("iss", `""`)), identity.ClaimMissing},
		{"another issuer", bySign(t, esPrivate, withKid("a"), claims("iss", `"https://evil.example"`)), identity.AudienceWrong},
		{"the issuer with a slash", bySign(t, esPrivate, withKid("a"), claims("iss", `"`+issuer+`/"`)), identity.AudienceWrong},
		{"the issuer in capitals", bySign(t, esPrivate, withKid("a"), claims("iss", `"HTTPS://IDP.EXAMPLE"`)), identity.AudienceWrong},
		{"the issuer in a list", bySign(t, esPrivate, withKid("a"), claims("iss", `["`+issuer+`"]`)), identity.ClaimMissing},
		{"the issuer as a number", bySign(t, esPrivate, withKid("a"), claims("iss", `1`)), identity.ClaimMissing},
		{"the issuer twice", bySign(t, esPrivate, withKid("a"), strings.Replace(issued(), "{", `{"iss":"https://evil.example",`, 1)), identity.TokenMalformed},
		{"another channel", bySign(t, esPrivate, withKid("a"), issued("aud", `"other"`)), identity.AudienceWrong},
		{"expired", bySign(t, esPrivate, withKid("a"), issued("exp", fmt.Sprint(vectorEpoch))), identity.TokenExpired},
	} {
		if got := reasonFor(t, c.token, set); got != c.reason {
			t.Errorf("%s: %q; want %q", c.name, got, c.reason)
		}
	}
}

// TestARevokedKidVerifiesNothing, although the issuer publishes it still; the others do.
func TestARevokedKidVerifiesNothing(t *testing.T) {
	set := setOf(t, dialect.Setup{}, []string{"a", "never published"}, testNow.Add(time.Hour))
	if got := reasonFor(t, bySign(t, esPrivate, withKid("a"), issued()), set); got != identity.KeyRevoked {
		t.Errorf("the revoked one: %q", got)
	}
	if got := reasonFor(t, bySign(t, esOther, withKid("a"), issued()), set); got != identity.ProofMismatch {
		t.Errorf("a wrong signature under a revoked kid is called %q", got)
	}
	if got := reasonFor(t, bySign(t, esOther, withKid("b"), issued()), set); got != "" {
		t.Errorf("the other one: %q", got)
	}
}

// TestAnOldSetVerifiesNothing, from its last moment on.
func TestAnOldSetVerifiesNothing(t *testing.T) {
	token := bySign(t, esPrivate, withKid("a"), issued())
	for until, want := range map[time.Duration]identity.Reason{
		time.Nanosecond:             "",
		time.Hour:                   "",
		0:                           identity.KeyUnusable,
		-time.Hour:                  identity.KeyUnusable,
		-100 * 365 * 24 * time.Hour: identity.KeyUnusable,
	} {
		if got := reasonFor(t, token, setOf(t, dialect.Setup{}, nil, testNow.Add(until))); got != want {
			t.Errorf("fresh until %v: %q", until, got)
		}
	}
}

// TestASingleKeysIssuerIsComparedIfItIsNamed.
func TestASingleKeysIssuerIsComparedIfItIsNamed(t *testing.T) {
	for algorithm, pair := range keyPairs {
		named, free := single(t, pair[1], dialect.Setup{Issuer: issuer}), single(t, pair[1], dialect.Setup{})
		for payload, want := range map[string]identity.Reason{
			issued():             "",
			claims():             identity.ClaimMissing,
			claims("iss", `"x"`): identity.AudienceWrong,
		} {
			token := bySign(t, pair[0], headerOf(algorithm), payload)
			if got := reasonFor(t, token, named); got != want {
				t.Errorf("%s, issuer named: %q; want %q", algorithm, got, want)
			}
			if got := reasonFor(t, token, free); got != "" {
				t.Errorf("%s, no issuer named: %q", algorithm, got)
			}
		}
	}
	if got := reasonFor(t, compact(vectorSecret, plainHeader, issued("iss", `"x"`)), keyOf(t, "native-jwt", dialect.Setup{Issuer: issuer})); got != identity.AudienceWrong {
		t.Errorf("HS256: %q", got)
	}
}

func TestOnlyNativeTokensHavePublicKeys(t *testing.T) {
	public := publicOf(t, esPublic)
	private := privateOf(t, esPrivate)
	for _, row := range dialect.All() {
		for name, setup := range map[string]dialect.Setup{
			"public":  {Public: &identity.PublicSet{Algorithm: identity.ES256, Keys: []identity.PublicKey{public}}},
			"private": {Private: &private},
			"issuer":  {Issuer: issuer, Secret: identity.NewSecret([]byte(vectorSecret))},
		} {
			setup.ID, setup.Platforms, setup.Audiences = "k", []string{"web"}, []string{"shop"}
			if _, err := row.NewKey(setup); (err == nil) != (row.Name == "native-jwt") {
				t.Errorf("%s with %s: %v", row.Name, name, err)
			}
		}
	}
}

// TestSetsThatAreNone: an error keeps the set that was there before.
func TestSetsThatAreNone(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing":        "",
		"null":           "null",
		"a list":         "[]",
		"a text":         `"keys"`,
		"no keys":        "{}",
		"keys null":      `{"keys":null}`,
		"keys an object": `{"keys":{}}`,
		"keys a text":    `{"keys":"x"}`,

		"keys twice":              `{"keys":[],"keys":[]}`,
		"keys twice, one escaped": `{"keys":[],"k\u0065ys":[]}`,
		"in capitals":             `{"KEYS":[]}`,
		"a page":                  "<!doctype html><title>Sign in</title>",
		"cut off":                 `{"keys":[{"kty":"EC"`,

		"more behind":      `{"keys":[]}{}`,
		"half a surrogate": `{"keys":[],"x":"\ud800"}`,
		"no UTF-8":         "{\"keys\":[],\"x\":\"\xff\"}",
		"a single key":     jwkOf(t, esPublic, "a"),

		"too long": `{"keys":[],"x":"` + strings.Repeat("a", identity.MaxSetBytes) + `"}`,
		"too many": jwks(strings.Split(strings.TrimSuffix(strings.Repeat(`{},`, 101), ","), ",")...),
	} {
		if set, err := identity.ParseJWKS([]byte(raw)); err == nil || len(set.Algorithms()) > 0 {
			t.Errorf("%s was taken", name)
		}
	}
	for name, raw := range map[string]string{
		"an empty one":  `{"keys":[]}`,
		"others beside": `{"issuer":"x","keys":[],"y":1}`,
		"a hundred":     jwks(strings.Split(strings.TrimSuffix(strings.Repeat(`{},`, 100), ","), ",")...),
	} {
		if _, err := identity.ParseJWKS([]byte(raw)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMembersOfASetThatAreLeftOut, each for its reason, and the good one beside them stays.
func TestMembersOfASetThatAreLeftOut(t *testing.T) {
	es := func(changes ...string) string { return jwkOf(t, esPublic, "bad", changes...) }
	for name, bad := range map[string]string{
		"no object": `"x"`,
		"null":      `null`,
		"a list":    `[]`,
		"empty":     `{}`,

		"no kid":                  es("kid", ""),
		"an empty kid":            es("kid", `""`),
		"a kid that is a number":  es("kid", `5`),
		"a long kid":              es("kid", `"`+strings.Repeat("k", 257)+`"`),
		"a kid with a line break": es("kid", `"a\nb"`),

		"for encryption":         es("use", `"enc"`),
		"another use":            es("use", `"signature"`),
		"use is no text":         es("use", `["sig"]`),
		"key_ops without verify": es("key_ops", `["sign"]`),
		"key_ops empty":          es("key_ops", `[]`),
		"key_ops a text":         es("key_ops", `"verify"`),

		"a private key":         es("d", `"AAAA"`),
		"an RSA private key":    jwkOf(t, rsPublic, "bad", "p", `"AAAA"`),
		"private and null":      es("d", `null`),
		"a secret":              `{"kty":"oct","kid":"bad","k":"AAAA"}`,
		"a secret with a point": es("k", `"AAAA"`),

		"alg of another kind": es("alg", `"RS256"`),
		"alg HS256":           es("alg", `"HS256"`),
		"alg none":            es("alg", `"none"`),
		"alg ES384":           es("alg", `"ES384"`),
		"alg is no text":      es("alg", `256`),
		"RSA for PSS":         jwkOf(t, rsPublic, "bad", "alg", `"PS256"`),
		"RSA for encryption":  jwkOf(t, rsPublic, "bad", "alg", `"RSA-OAEP"`),

		"kty twice":                  strings.Replace(es(), "{", `{"kty":"RSA",`, 1),
		"kty in another case":        es("kty", `"ec"`),
		"kty missing":                es("kty", ""),
		"kty oct with a point":       es("kty", `"oct"`),
		"kty OKP with a P-256 point": es("kty", `"OKP"`),

		"another curve": es("crv", `"P-384"`),
		"secp256k1":     es("crv", `"secp256k1"`),
		"no curve":      es("crv", ""),
		"X25519":        jwkOf(t, edPublic, "bad", "crv", `"X25519"`),
		"Ed448":         jwkOf(t, edPublic, "bad", "crv", `"Ed448"`),

		"no x":           es("x", ""),
		"no y":           es("y", ""),
		"x short":        es("x", `"AAAA"`),
		"x long":         es("x", `"`+b64(make([]byte, 33))+`"`),
		"x padded":       es("x", `"`+b64(make([]byte, 32))+`="`),
		"x zero, y zero": es("x", `"`+b64(make([]byte, 32))+`"`, "y", `"`+b64(make([]byte, 32))+`"`),

		"a point that is none": es("y", `"`+b64(append(make([]byte, 31), 1))+`"`),
		"x beyond the field":   es("x", `"`+b64([]byte(strings.Repeat("\xff", 32)))+`"`),
		"x as a number":        es("x", `5`),

		"n missing": jwkOf(t, rsPublic, "bad", "n", ""),
		"e missing": jwkOf(t, rsPublic, "bad", "e", ""),
		"e one":     jwkOf(t, rsPublic, "bad", "e", `"AQ"`),
		"e two":     jwkOf(t, rsPublic, "bad", "e", `"Ag"`),
		"e three":   jwkOf(t, rsPublic, "bad", "e", `"Aw"`),
		"e even":    jwkOf(t, rsPublic, "bad", "e", `"AQAC"`),

		"e huge":         jwkOf(t, rsPublic, "bad", "e", `"`+b64([]byte(strings.Repeat("\xff", 16)))+`"`),
		"e zero":         jwkOf(t, rsPublic, "bad", "e", `"AA"`),
		"n of 1024 bits": jwkOf(t, rsPublic, "bad", "n", `"`+b64([]byte(strings.Repeat("\xff", 128)))+`"`),

		"n of 2047 bits": jwkOf(t, rsPublic, "bad", "n", `"`+b64(append([]byte{0x7f}, []byte(strings.Repeat("\xff", 255))...))+`"`),
		"n of 8192 bits": jwkOf(t, rsPublic, "bad", "n", `"`+b64([]byte(strings.Repeat("\xff", 1024)))+`"`),
		"n even":         jwkOf(t, rsPublic, "bad", "n", `"`+b64(append([]byte(strings.Repeat("\xff", 255)), 0xfe))+`"`),

		"Ed25519 of 31 bytes":    jwkOf(t, edPublic, "bad", "x", `"`+b64(make([]byte, 31))+`"`),
		"Ed25519 of small order": jwkOf(t, edPublic, "bad", "x", `"`+b64(make([]byte, 32))+`"`),
	} {
		set, err := identity.ParseJWKS([]byte(jwks(bad, jwkOf(t, publicPEM(t, esOther), "good"))))
		if err != nil {
			t.Errorf("%s spoils the whole set: %v", name, err)
			continue
		}
		if kept := set.Of(identity.ES256); len(kept) != 1 || kept[0].ID() != "good" || len(set.Algorithms()) != 1 || len(set.Skipped()) != 1 || !strings.HasPrefix(set.Skipped()[0], "key 1: ") {
			t.Errorf("%s: %d keys, %v, left out %q", name, len(kept), set.Algorithms(), set.Skipped())
		}
	}
}

// TestMembersOfASetThatAreTaken: what issuers write beside a key changes nothing.
func TestMembersOfASetThatAreTaken(t *testing.T) {
	for name, good := range map[string]string{
		"use missing":         jwkOf(t, esPublic, "a", "use", ""),
		"key_ops":             jwkOf(t, esPublic, "a", "key_ops", `["verify"]`),
		"alg":                 jwkOf(t, esPublic, "a", "alg", `"ES256"`),
		"certificates beside": jwkOf(t, esPublic, "a", "x5c", `["AAAA"]`, "x5t", `"AA"`),

		"Ed25519 by its curve":     jwkOf(t, edPublic, "a", "alg", `"Ed25519"`),
		"EdDSA":                    jwkOf(t, edPublic, "a", "alg", `"EdDSA"`),
		"RSA":                      jwkOf(t, rsPublic, "a", "alg", `"RS256"`),
		"RSA with a zero in front": jwkOf(t, rsPublic, "a", "n", `"`+b64(append([]byte{0}, rsModulus(t)...))+`"`),

		"own members": jwkOf(t, esPublic, "a", "iat", "1", "nested", `{"a":[1]}`),
	} {
		set, err := identity.ParseJWKS([]byte(jwks(good)))
		if err != nil || len(set.Algorithms()) != 1 || len(set.Skipped()) != 0 {
			t.Errorf("%s: %v, left out %q", name, err, set.Skipped())
		}
	}
}

func rsModulus(tb testing.TB) []byte {
	tb.Helper()
	der := publicOf(tb, rsPublic).SPKI()
	return der[len(der)-256-5 : len(der)-5]
}

// TestAKidThatTwoKeysShareNamesNeither, unless they are for different algorithms.
func TestAKidThatTwoKeysShareNamesNeither(t *testing.T) {
	set, err := identity.ParseJWKS([]byte(jwks(jwkOf(t, esPublic, "a"), jwkOf(t, publicPEM(t, esOther), "a"), jwkOf(t, rsPublic, "a"), jwkOf(t, publicPEM(t, esOther), "b"))))
	if err != nil {
		t.Fatal(err)
	}
	if kept := set.Of(identity.ES256); len(kept) != 1 || kept[0].ID() != "b" {
		t.Errorf("%d P-256 keys", len(kept))
	}
	if kept := set.Of(identity.RS256); len(kept) != 1 || kept[0].ID() != "a" {
		t.Errorf("%d RSA keys", len(kept))
	}
	if len(set.Of(identity.HS256)) != 0 || len(set.Of("")) != 0 {
		t.Error("a set has keys for a secret's algorithm")
	}
}

func TestIssuerOfReadsWhatATokenSays(t *testing.T) {
	said := func(payload string) string { return "e30." + b64([]byte(payload)) + ".AA" }
	for token, want := range map[string]string{
		said(`{"iss":"https://idp.example","user_id":"x"}`): "https://idp.example",
		said(`{"iss":"a","iss":"b"}`):                       "",
		said(`{"Iss":"a"}`):                                 "",
		said(`{"iss":["a"]}`):                               "",
		said(`{"iss":7}`):                                   "",
		said(`{}`):                                          "",
		said(`not JSON`):                                    "",
		"":                                                  "",
		"a.b":                                               "",
		said(`{"iss":"` + strings.Repeat("a", 9000) + `"}`): "",
	} {
		if got := identity.IssuerOf(token); got != want {
			t.Errorf("%.60q: %q, want %q", token, got, want)
		}
	}
}

func TestKidOfReadsWhatATokenSays(t *testing.T) {
	for token, want := range map[string][2]string{
		bySign(t, esPrivate, withKid("a"), issued()):                           {"a", "ES256"},
		bySign(t, edPrivate, `{"alg":"Ed25519","kid":"x"}`, issued()):          {"x", "EdDSA"},
		bySign(t, esPrivate, `{"alg":"ES256"}`, issued()):                      {"", "ES256"},
		compact(vectorSecret, `{"alg":"HS256","kid":"a"}`, claims()):           {"", ""},
		b64([]byte(`{"alg":"none","kid":"a"}`)) + ".e30.":                      {"", ""},
		b64([]byte(`{"alg":"ES256","kid":"a","kid":"b"}`)) + ".e30.AA":         {"", ""},
		b64([]byte(`{"alg":"ES256","kid":"a","jku":"https://x"}`)) + ".e30.AA": {"", ""},
		b64([]byte(`{"alg":"ES256","kid":"a"}`)) + ".e30":                      {"", ""},
		"v1.a.1.b.c.d": {"", ""}, "": {"", ""}, "...": {"", ""}, "a.b.c": {"", ""},
		b64([]byte(`{"alg":"ES256","kid":"a"}`)) + "." + strings.Repeat("a", 9000) + ".AA": {"", ""},
	} {
		if kid, algorithm := identity.KidOf(token); kid != want[0] || string(algorithm) != want[1] {
			t.Errorf("%.60q: %q, %q; want %q", token, kid, algorithm, want)
		}
	}
}
