package identity

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/c2sp/wycheproof"
)

// wycheproofToken is one test of the suites of JSON Web Signatures and Keys.
type wycheproofToken struct {
	ID      int             `json:"tcId"`
	Comment string          `json:"comment"`
	JWS     json.RawMessage `json:"jws"`
	Result  string          `json:"result"`
	Flags   []string        `json:"flags"`
}

type wycheproofGroup struct {
	Comment         string
	Private, Public json.RawMessage
	Tests           []wycheproofToken
}

func wycheproofGroups(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := fs.ReadFile(wycheproof.TestVectors, name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

// wycheproofKey is the key that a JWK of the suite asks for; nil if we make none of it.
func wycheproofKey(t *testing.T, raw json.RawMessage) *Key {
	t.Helper()
	spec := KeySpec{ID: "k", Speaks: []string{"native"}, Platforms: []string{"web"}, Proof: ProofJWT, Signs: SignsUserID}
	var secret struct{ Kty, K, Alg string }
	if err := json.Unmarshal(raw, &secret); err != nil {
		t.Fatal(err)
	}
	if secret.Kty == "oct" {
		k, ok := strictBase64(secret.K)
		if !ok || secret.Alg != "HS256" {
			return nil
		}
		spec.Secret = NewSecret(k)
	} else {
		public, err := ParsePublicKey(string(raw))
		if err != nil {
			return nil
		}
		spec.Public = &PublicSet{Algorithm: public.Algorithm(), Keys: []PublicKey{public}}
	}
	key, err := NewKey(spec)
	if err != nil {
		return nil
	}
	return key
}

// authentic says whether we take the token's signature, header and spelling: what the
// suites test. Their payloads are no claims.
func (k *Key) authentic(token string) bool {
	cut := splitToken(token)
	_, spelled := strictBase64(cut.payload)
	return k.authenticate(cut, time.Unix(1, 0)).err == nil && spelled
}

// wycheproofDiffers are tests whose "valid" we refuse on purpose :: id → why.
var wycheproofDiffers = map[int]string{
	372: "a character outside the alphabet in the header, which some decoders skip",
	373: "the same in the payload",
}

// wycheproofMisprinted are tests that call a token invalid for a padding which its text
// does not hold: both texts are the same, well-formed token with the right MAC.
var wycheproofMisprinted = map[int]bool{367: true, 370: true}

func TestWycheproofJWS(t *testing.T) {
	var file struct {
		Groups []wycheproofGroup `json:"testGroups"`
	}
	wycheproofGroups(t, "json_web_signature_test.json", &file)
	judged, refusedKeys := map[string]int{}, map[string]bool{}
	var known []string
	for _, g := range file.Groups {
		jwk := g.Public
		if jwk == nil {
			jwk = g.Private
		}
		key := wycheproofKey(t, jwk)
		for _, c := range g.Tests {
			var token string
			if json.Unmarshal(c.JWS, &token) != nil {
				token = string(c.JWS) // JSON serialisation
			}
			if key == nil {
				refusedKeys[g.Comment] = true
				continue
			}
			taken, want := key.authentic(token), c.Result == "valid" || wycheproofMisprinted[c.ID]
			if why := wycheproofDiffers[c.ID]; why != "" && want && !taken {
				continue
			}
			if taken != want {
				t.Errorf("%s, test %d (%s, %v): taken %v; the suite says %s", g.Comment, c.ID, c.Comment, c.Flags, taken, c.Result)
			}
			judged[g.Comment]++
			for _, flag := range c.Flags {
				if !slices.Contains(known, flag) {
					known = append(known, flag)
				}
			}
		}
	}
	t.Logf("judged %v; keys that we make none of: %v; classes %v", judged, refusedKeys, known)
	for _, group := range []string{"hs256", "es256", "rs256"} {
		if judged[group] < 15 {
			t.Errorf("only %d tests of %s were judged", judged[group], group)
		}
	}
	for _, bad := range []string{"ModifiedPadding", "JsonSerialization"} {
		if !slices.Contains(known, bad) {
			t.Errorf("no test of the class %s was judged", bad)
		}
	}
}

// TestWycheproofJWK: the known-bad cases of sets of keys, by name. Where the suite wants
// a whole set refused, we leave out what is bad in it; its tokens are refused alike.
func TestWycheproofJWK(t *testing.T) {
	var file struct {
		Groups []wycheproofGroup `json:"testGroups"`
	}
	wycheproofGroups(t, "json_web_key_test.json", &file)
	named := map[string]bool{}
	for _, g := range file.Groups {
		jwk := g.Public
		if jwk == nil {
			jwk = g.Private
		}
		set, err := ParseJWKS(jwk)
		for _, c := range g.Tests {
			var token string
			if json.Unmarshal(c.JWS, &token) != nil {
				t.Fatalf("test %d holds no token", c.ID)
			}
			taken := err == nil && set.takes(t, token)
			// A set of secrets is never fetched: its valid tokens are for TestWycheproofJWS.
			want := c.Result == "valid" && g.Public != nil
			if taken != want {
				t.Errorf("%s, test %d (%s): taken %v; the suite says %s", g.Comment, c.ID, c.Comment, taken, c.Result)
			}
			named[c.Comment] = true
		}
	}
	for _, bad := range []string{
		"rejectsKeyWithRocaVulnerability",
		"rejects1024bitRsaKey",
		"rejectsPublicExponent1",
		"rejectsDuplicateKid",
		"rejectsWrongUse",
		"mismatchedAlgAndCurve",
		"rejectsValid",
		"rejectsAesKey",
	} {
		if !named[bad] {
			t.Errorf("the known-bad case %s was not judged", bad)
		}
	}
}

// takes says whether any algorithm's part of the set takes the token.
func (s JWKS) takes(t *testing.T, token string) bool {
	t.Helper()
	for _, algorithm := range PublicAlgorithms() {
		key, err := NewKey(KeySpec{
			ID: "k", Speaks: []string{"native"}, Platforms: []string{"web"}, Proof: ProofJWT, Signs: SignsUserID, Token: TokenRules{Issuer: "x"},
			Public: &PublicSet{Algorithm: algorithm, Keys: s.Of(algorithm), ByID: true, FreshUntil: time.Unix(1000, 0)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if key.authentic(token) {
			return true
		}
	}
	return false
}

// TestWycheproofSignatures runs the suites below JWS: bare signatures of each
// algorithm, by the key and verifier that tokens go through.
func TestWycheproofSignatures(t *testing.T) {
	for name, least := range map[string]int{
		"ed25519_test.json":                      140,
		"ecdsa_secp256r1_sha256_p1363_test.json": 200,
		"rsa_signature_2048_sha256_test.json":    200,
		"rsa_signature_3072_sha256_test.json":    200,
		"rsa_signature_4096_sha256_test.json":    200,
	} {
		var file struct {
			Groups []struct {
				PublicKeyDer string
				Tests        []struct {
					ID                int `json:"tcId"`
					Comment, Msg, Sig string
					Result            string
					Flags             []string
				}
			} `json:"testGroups"`
		}
		wycheproofGroups(t, name, &file)
		judged, keys := 0, 0
		for _, g := range file.Groups {
			public, err := ParsePublicKey(spkiPEM(unhex(t, g.PublicKeyDer)))
			if err != nil {
				for _, c := range g.Tests {
					if c.Result == "valid" && !weakOnPurpose(err) {
						t.Errorf("%s, test %d (%s, %v): the key is refused: %v", name, c.ID, c.Comment, c.Flags, err)
					}
				}
				continue
			}
			keys++
			for _, c := range g.Tests {
				judged++
				taken := public.verifies(string(unhex(t, c.Msg)), unhex(t, c.Sig))
				if taken != (c.Result == "valid") && (c.Result != "acceptable" || taken) {
					t.Errorf("%s, test %d (%s, %v): taken %v; the suite says %s", name, c.ID, c.Comment, c.Flags, taken, c.Result)
				}
			}
		}
		if judged < least || keys == 0 {
			t.Errorf("%s: %d tests of %d keys were judged", name, judged, keys)
		}
	}
}

func spkiPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// weakOnPurpose: the suites verify under keys that nobody should use, to see that the
// arithmetic is right; we refuse the keys.
func weakOnPurpose(err error) bool {
	var wrong *KeyError
	return errors.As(err, &wrong) && wrong.Code == "weak"
}
