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
