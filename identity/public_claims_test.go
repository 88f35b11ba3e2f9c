package identity_test

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// TestClaimsAreJudgedUnderEveryAlgorithm: the rules of rule 6 are the key's kind's and
// not the algorithm's.
func TestClaimsAreJudgedUnderEveryAlgorithm(t *testing.T) {
	later := func(s int) string { return fmt.Sprint(vectorEpoch + s) }
	for _, c := range []struct {
		name, payload string
		reason        identity.Reason
	}{
		{"no audience", claims("aud", ""), identity.ClaimMissing},
		{"another audience", claims("aud", `"other"`), identity.AudienceWrong},
		{"no iat", claims("iat", ""), identity.ClaimMissing},
		{"no exp", claims("exp", ""), identity.ClaimMissing},
		{"exp is now", claims("exp", later(0)), identity.TokenExpired},
		{"one second left", claims("exp", later(1)), ""},
		{"exp is iat", claims("iat", later(-10), "exp", later(-10)), identity.TokenExpired},
		{"exp is iat, ahead", claims("iat", later(20), "exp", later(20)), identity.TokenMalformed},
		{"exp before iat", claims("iat", later(20), "exp", later(10)), identity.TokenMalformed},
		{"iat 30 s ahead", claims("iat", later(30)), ""},
		{"iat 31 s ahead", claims("iat", later(31)), identity.TokenEarly},
		{"nbf 30 s ahead", claims("nbf", later(30)), ""},
		{"nbf 31 s ahead", claims("nbf", later(31)), identity.TokenEarly},
		{"a day", claims("iat", later(0), "exp", later(86400)), ""},
		{"a day and a second", claims("iat", later(0), "exp", later(86401)), identity.LifetimeTooLong},
		{"nobody", claims("user_id", ""), identity.ClaimMissing},
		{"a claim twice", strings.Replace(claims(), `{`, `{"user_id":"victim",`, 1), identity.TokenMalformed},
		{"sub is no user_id", claims("user_id", "", "sub", `"u1"`), identity.ClaimMissing},
		{"sub beside user_id is nobody", claims("sub", `"victim"`), ""},
		{"claims are no object", `["u1"]`, identity.TokenMalformed},
	} {
		for algorithm, pair := range keyPairs {
			if got := reasonFor(t, bySign(t, pair[0], headerOf(algorithm), c.payload), single(t, pair[1], dialect.Setup{})); got != c.reason {
				t.Errorf("%s, %s: %q; want %q", algorithm, c.name, got, c.reason)
			}
		}
	}
}

// TestAnOldOrNewTokenIsBoundedByTheChannel: the longest life is the channel's.
func TestAnOldOrNewTokenIsBoundedByTheChannel(t *testing.T) {
	for algorithm, pair := range keyPairs {
		key := single(t, pair[1], dialect.Setup{MaxLife: 5 * time.Minute})
		for life, want := range map[int]identity.Reason{300: "", 301: identity.LifetimeTooLong, 86400: identity.LifetimeTooLong} {
			payload := claims("iat", fmt.Sprint(vectorEpoch), "exp", fmt.Sprint(vectorEpoch+life))
			if got := reasonFor(t, bySign(t, pair[0], headerOf(algorithm), payload), key); got != want {
				t.Errorf("%s, %d s: %q", algorithm, life, got)
			}
		}
	}
}

func TestLongTokensAreNotRead(t *testing.T) {
	long := claims("x", `"`+strings.Repeat("a", identity.MaxTokenBytes)+`"`)
	for algorithm, pair := range keyPairs {
		if got := reasonFor(t, bySign(t, pair[0], headerOf(algorithm), long), single(t, pair[1], dialect.Setup{})); got != identity.TokenMalformed {
			t.Errorf("%s: %q", algorithm, got)
		}
	}
}

// TestDeadPublicKeysSayTheirReason as secrets do.
func TestDeadPublicKeysSayTheirReason(t *testing.T) {
	for algorithm, pair := range keyPairs {
		token := bySign(t, pair[0], headerOf(algorithm), claims())
		for reason, entry := range map[identity.Reason]identity.Entry{
			identity.KeyRevoked:    {Dead: identity.KeyRevoked},
			identity.KeyRetired:    {Ends: testNow},
			identity.SignedTooLate: {SignBy: testNow.Add(-10 * time.Minute)},
		} {
			entry.Key = single(t, pair[1], dialect.Setup{})
			ring, err := identity.NewRing(entry)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := identity.Verify(ring, identity.Assertion{Token: token}, testNow); identity.ReasonOf(err) != reason {
				t.Errorf("%s: %v; want %s", algorithm, err, reason)
			}
		}
	}
}

func TestAPublicKeySignsNothingAndTakesNoHash(t *testing.T) {
	key := single(t, esPublic, dialect.Setup{})
	if proof, err := key.Sign(identity.Statement{UserID: "u1", Audience: "shop", IssuedAt: testNow, Life: time.Hour}); err == nil {
		t.Errorf("it signed %q", proof)
	}
	for _, hash := range []string{hmacHex("", "u1"), hmacHex(esPublic, "u1"), hmacHex(string(publicOf(t, esPublic).SPKI()), "u1")} {
		if _, err := identity.Verify(ringOf(t, key), identity.Assertion{UserID: "u1", Hash: hash}, testNow); identity.ReasonOf(err) != identity.KeyUnusable {
			t.Errorf("%v", err)
		}
	}
}

func TestWhatSignsTheSameTextSignsItTheSame(t *testing.T) {
	s := identity.Statement{UserID: "u1", Audience: "shop", IssuedAt: testNow, Life: time.Hour, KeyID: "2026-03"}
	for algorithm, pair := range keyPairs {
		one, errOne := signer(t, pair[0], dialect.Setup{}).Sign(s)
		two, errTwo := signer(t, pair[0], dialect.Setup{}).Sign(s)
		if errOne != nil || errTwo != nil || one != two {
			t.Errorf("%s: %v, %v", algorithm, errOne, errTwo)
		}
		header, _ := base64.RawURLEncoding.DecodeString(strings.Split(one, ".")[0])
		if want := `{"alg":"` + string(algorithm) + `","kid":"2026-03","typ":"JWT"}`; string(header) != want {
			t.Errorf("header %s; want %s", header, want)
		}
	}
}

// TestNothingOfAPrivateKeyIsPrinted by any verb.
func TestNothingOfAPrivateKeyIsPrinted(t *testing.T) {
	for algorithm, pair := range keyPairs {
		private := privateOf(t, pair[0])
		key := signer(t, pair[0], dialect.Setup{})
		block, _ := pem.Decode([]byte(pair[0]))
		tail := block.Bytes[len(block.Bytes)-16:]
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
			for _, text := range []string{fmt.Sprintf(verb, private), fmt.Sprintf(verb, key)} {
				for _, form := range []string{
					fmt.Sprintf("%x", tail),
					fmt.Sprintf("%v", tail),
					string(tail),
					base64.StdEncoding.EncodeToString(tail)[:12],
				} {
					if strings.Contains(text, strings.Trim(form, "[]")) {
						t.Errorf("%s, %s prints the key", algorithm, verb)
					}
				}
			}
		}
	}
}

func TestKeysThatContradictThemselvesAreNotMade(t *testing.T) {
	es, rs := publicOf(t, esPublic), publicOf(t, rsPublic)
	good := func() identity.KeySpec {
		return identity.KeySpec{ID: "k", Public: &identity.PublicSet{Algorithm: identity.ES256, Keys: []identity.PublicKey{es}}, Speaks: []string{"native"}, Platforms: []string{"web"},
			Proof: identity.ProofJWT, Signs: identity.SignsUserID, Token: identity.TokenRules{Issuer: "iss"}}
	}
	if _, err := identity.NewKey(good()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*identity.KeySpec){
		"a secret beside a public key": func(s *identity.KeySpec) { s.Secret = identity.NewSecret([]byte("x")) },
		"a public key for hashes":      func(s *identity.KeySpec) { s.Proof = identity.ProofHash },
		"a public key for v1": func(s *identity.KeySpec) {
			s.Proof, s.Token.MaxLife, s.Token.Audiences = identity.ProofV1, time.Hour, []string{"c"}
		},
		"an algorithm of secrets":          func(s *identity.KeySpec) { s.Public.Algorithm = identity.HS256 },
		"no algorithm":                     func(s *identity.KeySpec) { s.Public.Algorithm = "" },
		"alg none":                         func(s *identity.KeySpec) { s.Public.Algorithm = "none" },
		"another algorithm than the key's": func(s *identity.KeySpec) { s.Public.Algorithm = identity.RS256 },
		"no key":                           func(s *identity.KeySpec) { s.Public.Keys = nil },
		"the zero key":                     func(s *identity.KeySpec) { s.Public.Keys = []identity.PublicKey{{}} },
		"two keys and no set":              func(s *identity.KeySpec) { s.Public.Keys = []identity.PublicKey{es, es} },
		"two kinds":                        func(s *identity.KeySpec) { s.Public.Keys = []identity.PublicKey{es, rs} },
		"a set without kids":               func(s *identity.KeySpec) { s.Public.ByID, s.Public.FreshUntil = true, testNow },
		"a set that does not age":          func(s *identity.KeySpec) { s.Public.ByID, s.Public.Keys = true, nil },
		"a set without an issuer": func(s *identity.KeySpec) {
			s.Public.ByID, s.Public.Keys, s.Public.FreshUntil, s.Token.Issuer = true, nil, testNow, ""
		},
		"revoked kids of a key that has one": func(s *identity.KeySpec) { s.Public.Revoked = []string{"a"} },
	} {
		spec := good()
		change(&spec)
		if _, err := identity.NewKey(spec); err == nil {
			t.Errorf("%s: a key was made", name)
		}
	}
}

// TestAKeyDoesNotFollowWhatItWasMadeOf: the caller's set may change later.
func TestAKeyDoesNotFollowWhatItWasMadeOf(t *testing.T) {
	set := &identity.PublicSet{Algorithm: identity.ES256, Keys: []identity.PublicKey{publicOf(t, esPublic)}}
	row, _ := dialect.Get("native-jwt")
	key, err := row.NewKey(dialect.Setup{ID: "k1", Public: set, Platforms: []string{"web"}, Audiences: []string{"shop"}})
	if err != nil {
		t.Fatal(err)
	}
	set.Keys[0] = publicOf(t, publicPEM(t, esOther))
	if got := reasonFor(t, bySign(t, esPrivate, headerOf(identity.ES256), claims()), key); got != "" {
		t.Errorf("got %q", got)
	}
}
