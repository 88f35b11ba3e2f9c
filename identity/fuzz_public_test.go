package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"countersign/identity"
	"countersign/identity/dialect"
)

// keySeeds are texts around every way in which a key can be written.
func keySeeds(tb testing.TB) []string {
	tb.Helper()
	var seeds []string
	for _, pair := range keyPairs {
		seeds = append(seeds, pair[0], pair[1], strings.TrimSpace(pair[1]), strings.ReplaceAll(pair[1], "\n", "\r\n"), pair[1]+pair[1], jwkOf(tb, pair[1], "a"), jwkOf(tb, pair[1], "a", "d", `"AA"`),
			jwkOf(tb, pair[1], "a", "use", `"enc"`), jwkOf(tb, pair[1], "a", "alg", `"none"`), jwkOf(tb, pair[1], "a", "kid", ""), jwkOf(tb, pair[1], "a", "kty", `"oct"`))
	}
	return append(seeds, p384Public, rsShortPublic, rsThreePublic, `{"kty":"oct","k":"AA"}`, edJWK(strings.Repeat("00", 32)), "ssh-rsa AAAA", "-----BEGIN PUBLIC KEY-----", "{", "{}", "", `{"keys":[]}`, `{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`)
}

// FuzzPublicKey: whatever is taken as a key is one that the standard library reads back,
// strong enough, and has one spelling.
func FuzzPublicKey(f *testing.F) {
	seeds := keySeeds(f)
	for _, seed := range seeds {
		f.Add(seed)
	}
	atLeast(f, 45, len(seeds))
	f.Fuzz(func(t *testing.T, text string) {
		key, err := identity.ParsePublicKey(text)
		if err != nil {
			if key.OK() || codeOf(err) == "" {
				t.Fatalf("%q: %v with a key", text, err)
			}
			return
		}
		if strings.Contains(text, "PRIVATE KEY") {
			t.Fatalf("%q is taken as a public key", text)
		}
		parsed, err := x509.ParsePKIXPublicKey(key.SPKI())
		if err != nil {
			t.Fatalf("%q is a key that nobody can read: %v", text, err)
		}
		if ec, isEC := parsed.(*ecdsa.PublicKey); isEC && ec.Curve != elliptic.P256() {
			t.Fatalf("%q is on %s", text, ec.Curve.Params().Name)
		}
		again, err := identity.ParsePublicKey(key.PEM())
		if err != nil || string(again.SPKI()) != string(key.SPKI()) || again.Algorithm() != key.Algorithm() {
			t.Fatalf("%q does not come back: %v", text, err)
		}
		if !slices.Contains(identity.PublicAlgorithms(), key.Algorithm()) {
			t.Fatalf("%q is for %q", text, key.Algorithm())
		}
	})
}

// FuzzJWKS: a set never holds what no single key may be, names each key once, and says
// of everything else why it is left out.
func FuzzJWKS(f *testing.F) {
	var seeds []string
	for _, seed := range keySeeds(f) {
		if strings.HasPrefix(seed, "{") {
			seeds = append(seeds, seed, jwks(seed), jwks(seed, seed), jwks(seed, `{}`))
		}
	}
	seeds = append(seeds, "[]", "null", `{"keys":null}`, `{"keys":{}}`, `{"keys":[],"keys":[]}`, `{"keys":["x",1,null,[]]}`)
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	atLeast(f, 90, len(seeds))
	f.Fuzz(func(t *testing.T, raw []byte) {
		set, err := identity.ParseJWKS(raw)
		var plain struct{ Keys []json.RawMessage }
		if err == nil && json.Unmarshal(raw, &plain) != nil {
			t.Fatalf("%q is no JSON and a set", raw)
		}
		kept := 0
		for _, algorithm := range identity.PublicAlgorithms() {
			seen := map[string]bool{}
			for _, key := range set.Of(algorithm) {
				kept++
				if key.ID() == "" || seen[key.ID()] || key.Algorithm() != algorithm {
					t.Fatalf("%q: kid %q of %s", raw, key.ID(), key.Algorithm())
				}
				seen[key.ID()] = true
				if _, err := identity.ParsePublicKey(key.PEM()); err != nil {
					t.Fatalf("%q: the set takes a key that is refused alone: %v", raw, err)
				}
			}
		}
		if err == nil && kept+len(set.Skipped()) > len(plain.Keys) {
			t.Fatalf("%q: %d kept and %d left out of %d", raw, kept, len(set.Skipped()), len(plain.Keys))
		}
		if (kept > 0) != (len(set.Algorithms()) > 0) {
			t.Fatalf("%q: %d keys for %v", raw, kept, set.Algorithms())
		}
	})
}

// FuzzPrivateKey: nothing that is refused as a public key signs.
func FuzzPrivateKey(f *testing.F) {
	seeds := append(keySeeds(f), p384Private, rsShort, rsThree)
	for _, seed := range seeds {
		f.Add(seed)
	}
	atLeast(f, 48, len(seeds))
	f.Fuzz(func(t *testing.T, text string) {
		key, err := identity.ParsePrivateKey(text)
		if err != nil {
			return
		}
		if _, err := identity.ParsePublicKey(key.Public().PEM()); err != nil {
			t.Fatalf("%q signs with a key that is refused: %v", text, err)
		}
	})
}

// FuzzPublicToken signs any header and claims with a right P-256 key: what verifies here
// verifies in the common library, for the same user.
func FuzzPublicToken(f *testing.F) {
	seeds := 0
	for _, v := range loadProofs(f)["jwt.json"] {
		if parts := strings.Split(v.Assertion.assertion().Token, "."); len(parts) == 3 {
			header, _ := base64.RawURLEncoding.DecodeString(parts[0])
			payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
			f.Add(strings.ReplaceAll(string(header), "HS256", "ES256"), string(payload))
			seeds++
		}
	}
	atLeast(f, 100, seeds)
	ring := ringOf(f, single(f, esPublic, dialect.Setup{}))
	key, err := jwt.ParseECPrivateKeyFromPEM([]byte(esPrivate))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header, payload string) {
		signed := bySign(t, esPrivate, header, payload)
		v, err := identity.Verify(ring, identity.Assertion{Token: signed}, testNow)
		if err != nil {
			if v.OK() || identity.ReasonOf(err) == identity.ProofMismatch && len(signed) <= identity.MaxTokenBytes {
				t.Fatalf("%v, although the signature is right", err)
			}
			return
		}
		claims := jwt.MapClaims{}
		_, err = jwt.NewParser(jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience("shop"), jwt.WithJSONNumber(), jwt.WithStrictDecoding(),
			jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return testNow }), jwt.WithLeeway(identity.EarlySlack)).
			ParseWithClaims(signed, claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil })
		if err != nil {
			t.Fatalf("the library refuses header %q, claims %q: %v", header, payload, err)
		}
	})
}

// FuzzKidOf reads what nobody vouches for: it may answer anything but must not fail, and
// what it names as a kid is in the header.
func FuzzKidOf(f *testing.F) {
	seeds := 0
	for _, file := range []string{"jwt.json", "v1.json"} {
		for _, v := range loadProofs(f)[file] {
			f.Add(v.Assertion.assertion().Token)
			seeds++
		}
	}
	for _, header := range []string{
		`{"alg":"ES256","kid":"a"}`,
		`{"alg":"RS256","kid":"\u0061"}`,
		`{"alg":"EdDSA","kid":""}`,
		`{"alg":"Ed25519","kid":5}`,
	} {
		f.Add(b64([]byte(header)) + ".e30.AA")
		seeds++
	}
	atLeast(f, 124, seeds)
	f.Fuzz(func(t *testing.T, token string) {
		kid, algorithm := identity.KidOf(token)
		if kid != "" && (algorithm == "" || len(kid) > 256) {
			t.Fatalf("%q names %q for %q", token, kid, algorithm)
		}
		if algorithm != "" && !slices.Contains(identity.PublicAlgorithms(), algorithm) {
			t.Fatalf("%q asks for %q", token, algorithm)
		}
	})
}

// FuzzAttributes: whatever a page or token sends, few plain scalars stay, under names
// that are not ours, and cleaning what is clean changes nothing.
func FuzzAttributes(f *testing.F) {
	seeds := []string{
		`{"plan":"pro","seats":5}`,
		`{"user_hash":"x","jwt":"y","JWT":"z"}`,
		`{"tier":"verified","method":"jwt","key":"k"}`,
		`{"a b":1,"":2,"ä":3,"a/b":4}`,
		`{"list":[1],"map":{},"null":null,"true":true}`,

		`{"n":1e308,"m":-0,"f":1.5}`,
		`{"long":"` + strings.Repeat("ä", 300) + `"}`,
		`{"nul":"a\u0000b\n"}`,
		`{"rtl":"\u202e"}`,
		`{"half":"\ud800"}`,
		`{}`,
		`null`,
		`[]`,
		`{"__proto__":{"a":1},"constructor":"x"}`,

		`{"` + strings.Repeat("a", 101) + `":1,"` + strings.Repeat("b", 100) + `":1}`,
		`{"a":1,"a":2}`,
	}
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	atLeast(f, 16, len(seeds))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var in map[string]any
		if json.Unmarshal(raw, &in) != nil {
			return
		}
		out := identity.CleanAttributes(in)
		if len(out) > identity.MaxAttributes {
			t.Fatalf("%d attributes", len(out))
		}
		for name, value := range out {
			if name == "" || len(name) > identity.MaxAttributeName || identity.SecretBearing(strings.ToLower(name)) || strings.ContainsFunc(name, func(r rune) bool { return r > '~' || r <= ' ' || strings.ContainsRune(`"'/<>`, r) }) {
				t.Fatalf("the name %q stays", name)
			}
			switch value := value.(type) {
			case nil, bool:
			case float64:
				if math.IsNaN(value) || math.IsInf(value, 0) {
					t.Fatalf("%s is %v", name, value)
				}
			case string:
				if !utf8.ValidString(value) || utf8.RuneCountInString(value) > identity.MaxAttributeValue || strings.ContainsFunc(value, unicode.IsControl) {
					t.Fatalf("%s is %q", name, value)
				}
			default:
				t.Fatalf("%s is %T", name, value)
			}
		}
		if again := identity.CleanAttributes(out); !maps.Equal(again, out) {
			t.Fatalf("%v becomes %v", out, again)
		}
	})
}
