package identity_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"countersign/identity"
	"countersign/identity/dialect"
)

// bySign makes a token with any header and claims and signs it, whatever it says.
func bySign(tb testing.TB, private, header, payload string) string {
	tb.Helper()
	block, _ := pem.Decode([]byte(private))
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	key, err := jwtKey(block.Bytes, private)
	if err != nil {
		tb.Fatal(err)
	}
	signature, err := key.method.Sign(signed, key.key)
	if err != nil {
		tb.Fatal(err)
	}
	return signed + "." + b64(signature)
}

type libraryKey struct {
	method jwt.SigningMethod
	key    any
}

// jwtKey reads a private key with the library, so that tokens here do not follow the
// code that they test.
func jwtKey(_ []byte, text string) (libraryKey, error) {
	if key, err := jwt.ParseECPrivateKeyFromPEM([]byte(text)); err == nil {
		return libraryKey{jwt.SigningMethodES256, key}, nil
	}
	if key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(text)); err == nil {
		return libraryKey{jwt.SigningMethodRS256, key}, nil
	}
	key, err := jwt.ParseEdPrivateKeyFromPEM([]byte(text))
	return libraryKey{jwt.SigningMethodEdDSA, key}, err
}

func headerOf(algorithm identity.Algorithm) string {
	return `{"alg":"` + string(algorithm) + `","typ":"JWT"}`
}

func reasonFor(tb testing.TB, token string, keys ...*identity.Key) identity.Reason {
	tb.Helper()
	v, err := identity.Verify(ringOf(tb, keys...), identity.Assertion{Token: token}, testNow)
	if err != nil && v.OK() {
		tb.Error("a refusal holds a verification")
	}
	return identity.ReasonOf(err)
}

func TestTokensOfEveryAlgorithmVerify(t *testing.T) {
	for algorithm, pair := range keyPairs {
		t.Run(string(algorithm), func(t *testing.T) {
			verifier := single(t, pair[1], dialect.Setup{})
			v, err := identity.Verify(ringOf(t, verifier), identity.Assertion{Token: bySign(t, pair[0], headerOf(algorithm), claims())}, testNow)
			if err != nil || v.Signed().String() != "user_id:u1" || v.Method() != identity.MethodJWT || v.Key() != "k1" || v.Kid() != "" {
				t.Errorf("the library's token: %v, %v", v.Signed(), err)
			}
			ours, err := signer(t, pair[0], dialect.Setup{}).Sign(identity.Statement{UserID: "u1", Audience: "shop", IssuedAt: testNow, Life: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			if reason := reasonFor(t, ours, verifier); reason != "" {
				t.Errorf("our own token: %s", reason)
			}
			key, _ := jwtKey(nil, pair[0])
			_, err = jwt.Parse(ours, func(*jwt.Token) (any, error) { return key.key.(crypto.Signer).Public(), nil },
				jwt.WithValidMethods([]string{string(algorithm)}), jwt.WithTimeFunc(func() time.Time { return testNow }), jwt.WithStrictDecoding())
			if err != nil {
				t.Errorf("the library does not take our token: %v", err)
			}
			if verifier.Algorithm() != algorithm {
				t.Errorf("the key is for %s", verifier.Algorithm())
			}
		})
	}
}

// TestEdDSAMayBeCalledByItsCurve: RFC 9864 does.
func TestEdDSAMayBeCalledByItsCurve(t *testing.T) {
	verifier := single(t, edPublic, dialect.Setup{})
	for algorithm, want := range map[string]identity.Reason{
		"EdDSA":   "",
		"Ed25519": "",
		"Ed448":   identity.AlgorithmRefused,
		"eddsa":   identity.AlgorithmRefused,
		"ed25519": identity.AlgorithmRefused,
	} {
		if got := reasonFor(t, bySign(t, edPrivate, headerOf(identity.Algorithm(algorithm)), claims()), verifier); got != want {
			t.Errorf("%s: %q", algorithm, got)
		}
	}
}

// TestAPublicKeyIsNoSecret is the confusion of algorithms: the token says HS256, and
// its MAC is made with the public key, which everybody may have, in every spelling.
func TestAPublicKeyIsNoSecret(t *testing.T) {
	for algorithm, pair := range keyPairs {
		public := publicOf(t, pair[1])
		spellings := map[string]string{
			"PEM":                             pair[1],
			"PEM without its last line break": strings.TrimSpace(pair[1]),
			"PEM with CRLF":                   strings.ReplaceAll(pair[1], "\n", "\r\n"),

			"DER":           string(public.SPKI()),
			"base64 of DER": base64.StdEncoding.EncodeToString(public.SPKI()),
			"our own PEM":   public.PEM(),
			"nothing":       "",
		}
		for spelling, secret := range spellings {
			for _, said := range []string{"HS256", "HS384", "HS512", "none", string(algorithm)} {
				signed := b64([]byte(headerOf(identity.Algorithm(said)))) + "." + b64([]byte(claims()))
				mac := hmac.New(sha256.New, []byte(secret))
				mac.Write([]byte(signed))
				if got := reasonFor(t, signed+"."+b64(mac.Sum(nil)), single(t, pair[1], dialect.Setup{})); got == "" {
					t.Errorf("%s, %s as a secret, alg %s: it verified", algorithm, spelling, said)
				}
			}
		}
	}
}

// TestAKeyTakesItsOwnAlgorithmAlone: with every algorithm a token is signed rightly
// and says another one, or says its own and meets another key.
func TestAKeyTakesItsOwnAlgorithmAlone(t *testing.T) {
	every := []string{
		"HS256",
		"HS384",
		"HS512",
		"ES256",
		"ES256K",
		"ES384",
		"ES512",
		"RS256",
		"RS384",
		"RS512",
		"PS256",
		"EdDSA",
		"Ed448",
		"none",
		"None",
		"NONE",
		"nOnE",
		"",
		" ES256",
		"ES256 ",
		"es256",
		"ECDSA",
		"RS256\u0000",
		"A128KW",
		"dir",
	}
	for signing, pair := range keyPairs {
		for verifying, other := range keyPairs {
			verifier := single(t, other[1], dialect.Setup{})
			for _, said := range every {
				got := reasonFor(t, bySign(t, pair[0], fmt.Sprintf(`{"alg":%q}`, said), claims()), verifier)
				right := signing == verifying && said == string(signing)
				if (got == "") != right {
					t.Errorf("signed by %s, says %q, key of %s: %q", signing, said, verifying, got)
				}
				if said != string(verifying) && got != identity.AlgorithmRefused && (said != "RS256\u0000" || got != identity.TokenMalformed) {
					t.Errorf("signed by %s, says %q, key of %s: %q", signing, said, verifying, got)
				}
			}
		}
	}
}

// TestAlgNoneIsRefusedInEveryCase, signed and unsigned.
func TestAlgNoneIsRefusedInEveryCase(t *testing.T) {
	for i := range 16 {
		none := []byte("none")
		for bit := range none {
			if i>>bit&1 == 1 {
				none[bit] -= 'a' - 'A'
			}
		}
		signed := b64([]byte(`{"alg":"`+string(none)+`"}`)) + "." + b64([]byte(claims()))
		for _, token := range []string{
			signed + ".",
			signed,
			signed + ".AA",
			signed + "." + b64(make([]byte, 32)),
			signed + "." + b64(make([]byte, 64)),
		} {
			for _, key := range []*identity.Key{
				single(t, esPublic, dialect.Setup{}),
				single(t, rsPublic, dialect.Setup{}),
				single(t, edPublic, dialect.Setup{}),
				keyOf(t, "native-jwt", dialect.Setup{}),
			} {
				if got := reasonFor(t, token, key); got != identity.AlgorithmRefused && got != identity.TokenMalformed {
					t.Errorf("%s, key of %s: %q", none, key.Algorithm(), got)
				}
			}
		}
	}
}

// es256With makes a token whose signature is these two numbers.
func es256With(r, s *big.Int) string {
	signed := b64([]byte(headerOf(identity.ES256))) + "." + b64([]byte(claims()))
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return signed + "." + b64(out)
}

// TestECDSASignaturesOutOfRange: 0/0 verified in one widespread runtime
// (CVE-2022-21449, "psychic signatures").
func TestECDSASignaturesOutOfRange(t *testing.T) {
	verifier := single(t, esPublic, dialect.Setup{})
	n := elliptic.P256().Params().N
	p := elliptic.P256().Params().P
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	numbers := map[string]*big.Int{
		"0":       new(big.Int),
		"1":       big.NewInt(1),
		"n":       n,
		"n-1":     new(big.Int).Sub(n, big.NewInt(1)),
		"n+1":     new(big.Int).Add(n, big.NewInt(1)),
		"p":       p,
		"2^256-1": all,
	}
	for rName, r := range numbers {
		for sName, s := range numbers {
			if got := reasonFor(t, es256With(r, s), verifier); got != identity.ProofMismatch {
				t.Errorf("r %s, s %s: %q", rName, sName, got)
			}
		}
	}
}

// TestASecondSpellingOfAnECDSASignature: s and n-s both verify. We take either, as
// RFC 7518 does; so the token's name must not depend on it.
func TestASecondSpellingOfAnECDSASignature(t *testing.T) {
	token := bySign(t, esPrivate, headerOf(identity.ES256), claims())
	at := strings.LastIndexByte(token, '.')
	raw, _ := base64.RawURLEncoding.DecodeString(token[at+1:])
	s := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(raw[32:]))
	s.FillBytes(raw[32:])
	second := token[:at+1] + b64(raw)
	ring := ringOf(t, single(t, esPublic, dialect.Setup{}))
	one, errOne := identity.Verify(ring, identity.Assertion{Token: token}, testNow)
	two, errTwo := identity.Verify(ring, identity.Assertion{Token: second}, testNow)
	if errOne != nil || errTwo != nil || token == second {
		t.Fatalf("%v, %v", errOne, errTwo)
	}
	if one.Digest() != two.Digest() {
		t.Error("one token has two names: a log-out would deny the one spelling and let the other in")
	}
}

// TestSignaturesHaveOneLength: DER, shorter and longer ones are none.
func TestSignaturesHaveOneLength(t *testing.T) {
	block, _ := pem.Decode([]byte(esPrivate))
	key, err := jwtKey(block.Bytes, esPrivate)
	if err != nil {
		t.Fatal(err)
	}
	signed := b64([]byte(headerOf(identity.ES256))) + "." + b64([]byte(claims()))
	sum := sha256.Sum256([]byte(signed))
	der, err := ecdsa.SignASN1(rand.Reader, key.key.(*ecdsa.PrivateKey), sum[:])
	if err != nil {
		t.Fatal(err)
	}
	if got := reasonFor(t, signed+"."+b64(der), single(t, esPublic, dialect.Setup{})); got != identity.TokenMalformed {
		t.Errorf("a signature in DER: %q", got)
	}
	for algorithm, pair := range keyPairs {
		verifier := single(t, pair[1], dialect.Setup{})
		token := bySign(t, pair[0], headerOf(algorithm), claims())
		at := strings.LastIndexByte(token, '.') + 1
		raw, _ := base64.RawURLEncoding.DecodeString(token[at:])
		for name, changed := range map[string][]byte{
			"none":            {},
			"one byte":        {0},
			"one byte less":   raw[:len(raw)-1],
			"one byte more":   append(slices.Clone(raw), 0),
			"a zero in front": append([]byte{0}, raw...),

			"twice":          append(slices.Clone(raw), raw...),
			"half":           raw[:len(raw)/2],
			"halves swapped": append(slices.Clone(raw[len(raw)/2:]), raw[:len(raw)/2]...),
			"zeros":          make([]byte, len(raw)),

			"ones":     []byte(strings.Repeat("\xff", len(raw))),
			"reversed": reversed(raw),
		} {
			if got := reasonFor(t, token[:at]+b64(changed), verifier); got != identity.TokenMalformed && got != identity.ProofMismatch {
				t.Errorf("%s, %s: %q", algorithm, name, got)
			}
		}
		for i := range raw {
			changed := slices.Clone(raw)
			changed[i] ^= 1
			if got := reasonFor(t, token[:at]+b64(changed), verifier); got != identity.ProofMismatch {
				t.Errorf("%s, byte %d changed: %q", algorithm, i, got)
			}
		}
	}
}

func reversed(b []byte) []byte {
	b = slices.Clone(b)
	slices.Reverse(b)
	return b
}

// TestAnRSASignatureIsNotAsBigAsItsModulus: s and s+n would be one signature twice.
func TestAnRSASignatureIsNotAsBigAsItsModulus(t *testing.T) {
	token := bySign(t, rsPrivate, headerOf(identity.RS256), claims())
	at := strings.LastIndexByte(token, '.') + 1
	raw, _ := base64.RawURLEncoding.DecodeString(token[at:])
	key, _ := jwt.ParseRSAPublicKeyFromPEM([]byte(rsPublic))
	more := new(big.Int).Add(new(big.Int).SetBytes(raw), key.N)
	if more.BitLen() <= 2048 {
		if got := reasonFor(t, token[:at]+b64(more.FillBytes(make([]byte, 256))), single(t, rsPublic, dialect.Setup{})); got == "" {
			t.Error("s+n verified")
		}
	}
	if got := reasonFor(t, token[:at]+b64(more.FillBytes(make([]byte, 257))), single(t, rsPublic, dialect.Setup{})); got != identity.TokenMalformed {
		t.Errorf("257 bytes: %q", got)
	}
}

// TestASignatureIsOneTextOnly: base64 can be written in several ways, and each would
// be another token to whoever compares them.
func TestASignatureIsOneTextOnly(t *testing.T) {
	for algorithm, pair := range keyPairs {
		verifier := single(t, pair[1], dialect.Setup{})
		token := bySign(t, pair[0], headerOf(algorithm), claims())
		parts := strings.Split(token, ".")
		for name, signature := range map[string]string{
			"padded":            parts[2] + "==",
			"with a line break": parts[2][:10] + "\n" + parts[2][10:],
			"with CRLF":         parts[2] + "\r\n",
			"with a blank":      parts[2] + " ",

			"standard alphabet": strings.NewReplacer("-", "+", "_", "/").Replace(parts[2]) + "+",
			"escaped":           parts[2][:10] + "%2B" + parts[2][10:],
			"bits left over":    leftOver(parts[2]),
		} {
			if got := reasonFor(t, parts[0]+"."+parts[1]+"."+signature, verifier); got != identity.TokenMalformed && got != identity.ProofMismatch {
				t.Errorf("%s, %s: %q", algorithm, name, got)
			}
		}
	}
}

// leftOver sets a bit that the last character has to spare.
func leftOver(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	at := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + alphabet[at|1:at|1+1]
}

// TestHeadersThatCarryTheirOwnKey: whoever writes the token would bring the key along.
func TestHeadersThatCarryTheirOwnKey(t *testing.T) {
	own := fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q}`, b64(publicOf(t, edPublic).SPKI()[12:]))
	for _, member := range []string{
		`"jwk":` + own,
		`"jwk":{}`,
		`"jwk":null`,
		`"jku":"https://evil.example/jwks.json"`,
		`"jku":""`,
		`"x5c":["MIIB"]`,
		`"x5c":[]`,
		`"x5u":"https://evil.example/cert"`,
		`"x5t":"AA"`,
		`"x5t#S256":"AA"`,

		`"crit":["exp"]`,
		`"crit":[]`,
		`"crit":["b64"],"b64":false`,
		`"b64":false`,
		`"b64":true`,
		`"zip":"DEF"`,
		`"enc":"A128GCM"`,
		`"cty":"JWT"`,
		`"typ":"JOSE"`,
		`"typ":"at+jwt"`,
		`"typ":5`,
		`"typ":null`,

		`"kid":5`,
		`"kid":null`,
		`"kid":["k1"]`,
		`"kid":{"k":1}`,
		`"kid":"` + strings.Repeat("k", 257) + `"`,
		`"alg":"EdDSA"`,
		`"alg":"none"`,
	} {
		for algorithm, pair := range keyPairs {
			header := `{"alg":"` + string(algorithm) + `",` + member + `}`
			if got := reasonFor(t, bySign(t, pair[0], header, claims()), single(t, pair[1], dialect.Setup{})); got != identity.TokenMalformed {
				t.Errorf("%s with %s: %q", algorithm, member, got)
			}
		}
	}
}

// TestHeadersThatAreHarmless are taken: libraries write them.
func TestHeadersThatAreHarmless(t *testing.T) {
	for _, header := range []string{
		`{"alg":"ES256"}`,
		`{"typ":"JWT","alg":"ES256"}`,
		`{"alg":"ES256","typ":"jwt"}`,
		`{"alg":"ES256","kid":"anything"}`,
		`{"alg":"ES256","kid":""}`,
		`{"alg":"ES256","x-ours":{"a":[1]}}`,
		"{ \"alg\" : \"ES256\" }\n",
		`{"al\u0067":"ES256"}`,
	} {
		if got := reasonFor(t, bySign(t, esPrivate, header, claims()), single(t, esPublic, dialect.Setup{})); got != "" {
			t.Errorf("%s: %q", header, got)
		}
	}
}

func TestAnotherPairsSignatureIsNone(t *testing.T) {
	token := bySign(t, esOther, headerOf(identity.ES256), claims())
	if got := reasonFor(t, token, single(t, esPublic, dialect.Setup{})); got != identity.ProofMismatch {
		t.Errorf("got %q", got)
	}
	both := []*identity.Key{single(t, esPublic, dialect.Setup{}), single(t, publicPEM(t, esOther), dialect.Setup{ID: "k2"})}
	v, err := identity.Verify(ringOf(t, both...), identity.Assertion{Token: token}, testNow)
	if err != nil || v.Key() != "k2" {
		t.Errorf("beside the right key: %s, %v", v.Key(), err)
	}
}

func publicPEM(tb testing.TB, private string) string {
	tb.Helper()
	return privateOf(tb, private).Public().PEM()
}

// TestARingOfEveryKindTellsWhoGotFurthest: the operator hears of the key that the
// token was for, not of the first one in the ring.
func TestARingOfEveryKindTellsWhoGotFurthest(t *testing.T) {
	ring := []*identity.Key{
		keyOf(t, "native-jwt", dialect.Setup{ID: "secret"}),
		keyOf(t, "native-v1", dialect.Setup{ID: "v1", Secret: identity.NewSecret([]byte(otherSecret))}),

		single(t, esPublic, dialect.Setup{ID: "es"}),
		single(t, rsPublic, dialect.Setup{ID: "rs"}),
		single(t, edPublic, dialect.Setup{ID: "ed"}),
		setOf(t, dialect.Setup{ID: "set"}, nil, testNow.Add(time.Hour)),
	}
	for _, c := range []struct {
		name, token string
		reason      identity.Reason
		key         string
	}{
		{"another secret", compact(otherSecret+"x", plainHeader, claims()), identity.ProofMismatch, "secret"},
		{"another P-256 key", bySign(t, esOther, headerOf(identity.ES256), claims()), identity.ProofMismatch, "es"},
		{"an RSA signature changed", changedEnd(bySign(t, rsPrivate, headerOf(identity.RS256), claims())), identity.ProofMismatch, "rs"},
		{"an Ed25519 signature changed", changedEnd(bySign(t, edPrivate, headerOf(identity.EdDSA), claims())), identity.ProofMismatch, "ed"},
		{"an algorithm of nobody", bySign(t, esPrivate, `{"alg":"ES512"}`, claims()), identity.AlgorithmRefused, "secret"},
		{"a v1 token of another secret", v1Of(vectorSecret+"x", "shop", fmt.Sprint(vectorEpoch), "u1", ""), identity.ProofMismatch, "v1"},
		{"no token at all", "x", identity.TokenMalformed, "secret"},
	} {
		v, err := identity.Verify(ringOf(t, ring...), identity.Assertion{Token: c.token}, testNow)
		var refusal *identity.Error
		_ = errors.As(err, &refusal)
		if refusal == nil || refusal.Reason != c.reason || refusal.Key != c.key || v.OK() {
			t.Errorf("%s: %+v", c.name, err)
		}
	}
}

// changedEnd changes the signature's first character.
func changedEnd(token string) string {
	at := strings.LastIndexByte(token, '.') + 1
	other := "A"
	if token[at] == 'A' {
		other = "B"
	}
	return token[:at] + other + token[at+1:]
}

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
