package identity_test

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // what a mistaken backend may use
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"countersign/identity"
	"countersign/identity/dialect"
)

func macWith(h func() hash.Hash, key, message string) []byte {
	mac := hmac.New(h, []byte(key))
	mac.Write([]byte(message))
	return mac.Sum(nil)
}

func sumOf(h hash.Hash, message string) []byte {
	h.Write([]byte(message))
	return h.Sum(nil)
}

// TestMistakesOfBackendsAreNoProofs: each of these came from somebody's code, and some
// product took some of them.
func TestMistakesOfBackendsAreNoProofs(t *testing.T) {
	const user = "u1"
	right := hmacOf(vectorSecret, user)
	double := sha256.Sum256(right)
	wrong := map[string]string{
		"MD5":                              hex.EncodeToString(macWith(md5.New, vectorSecret, user)),
		"SHA-1":                            hex.EncodeToString(macWith(sha1.New, vectorSecret, user)),
		"SHA-224":                          hex.EncodeToString(macWith(sha256.New224, vectorSecret, user)),
		"SHA-384":                          hex.EncodeToString(macWith(sha512.New384, vectorSecret, user)),
		"SHA-512":                          hex.EncodeToString(macWith(sha512.New, vectorSecret, user)),
		"SHA-512/256":                      hex.EncodeToString(macWith(sha512.New512_256, vectorSecret, user)),
		"no key":                           hex.EncodeToString(sumOf(sha256.New(), user)),
		"key in front, no HMAC":            hex.EncodeToString(sumOf(sha256.New(), vectorSecret+user)),
		"key behind, no HMAC":              hex.EncodeToString(sumOf(sha256.New(), user+vectorSecret)),
		"key and message swapped":          hmacHex(user, vectorSecret),
		"an empty key":                     hmacHex("", user),
		"the key in capitals":              hmacHex(strings.ToUpper(vectorSecret), user),
		"the key decoded":                  hex.EncodeToString(macWith(sha256.New, string(mustHex(vectorSecret)), user)),
		"the key with a line break":        hmacHex(vectorSecret+"\n", user),
		"the message with a line break":    hmacHex(vectorSecret, user+"\n"),
		"the message with a blank":         hmacHex(vectorSecret, user+" "),
		"the message in capitals":          hmacHex(vectorSecret, strings.ToUpper(user)),
		"the message in quotes":            hmacHex(vectorSecret, `"`+user+`"`),
		"the message named":                hmacHex(vectorSecret, "user_id="+user),
		"the message as JSON":              hmacHex(vectorSecret, `{"user_id":"u1"}`),
		"the message in base64":            hmacHex(vectorSecret, base64.StdEncoding.EncodeToString([]byte(user))),
		"the message in UTF-16":            hmacHex(vectorSecret, "u\x001\x00"),
		"the message hashed":               hmacHex(vectorSecret, hex.EncodeToString(sumOf(sha256.New(), user))),
		"an empty message":                 hmacHex(vectorSecret, ""),
		"the word undefined":               hmacHex(vectorSecret, "undefined"),
		"the word null":                    hmacHex(vectorSecret, "null"),
		"another user's":                   hmacHex(vectorSecret, "u2"),
		"the MAC of the MAC":               hmacHex(vectorSecret, hex.EncodeToString(right)),
		"hashed twice":                     hex.EncodeToString(double[:]),
		"truncated to 16 bytes":            hex.EncodeToString(right[:16]),
		"truncated to 31 bytes":            hex.EncodeToString(right[:31]),
		"a byte more":                      hex.EncodeToString(append(append([]byte{}, right...), 0)),
		"reversed":                         hex.EncodeToString(reversed(right)),
		"base64":                           base64.StdEncoding.EncodeToString(right),
		"base64url":                        base64.RawURLEncoding.EncodeToString(right),
		"hex of the hex":                   hex.EncodeToString([]byte(hex.EncodeToString(right))),
		"with 0x":                          "0x" + hex.EncodeToString(right),
		"with sha256=":                     "sha256=" + hex.EncodeToString(right),
		"with a line break":                hex.EncodeToString(right) + "\n",
		"with a blank in front":            " " + hex.EncodeToString(right),
		"with a NUL":                       hex.EncodeToString(right) + "\x00",
		"in pairs":                         strings.Join(pairs(hex.EncodeToString(right)), ":"),
		"with the digit O for 0":           strings.ReplaceAll(hex.EncodeToString(right), "0", "O"),
		"in digits that look alike":        strings.ReplaceAll(hex.EncodeToString(right), "1", "１"),
		"bytes as they are":                string(right),
		"a list's first":                   "[" + hex.EncodeToString(right) + "]",
		"the right one twice":              hex.EncodeToString(right) + hex.EncodeToString(right),
		"the right one and a wrong one":    hex.EncodeToString(right) + "," + hmacHex(otherSecret, user),
		"zeros":                            strings.Repeat("0", 64),
		"ones":                             strings.Repeat("f", 64),
		"the secret":                       vectorSecret,
		"the user":                         user,
		"the word true":                    "true",
		"a wildcard":                       "*",
		"a hash of the vendor's published": "c8acc43edc084edb8207a50320ba4ec5d113686cf8050274a305480c98512e45",
	}
	for _, name := range []string{"native", "intercom"} {
		ring := ringOf(t, keyOf(t, name, dialect.Setup{}))
		for mistake, hash := range wrong {
			if v, err := identity.Verify(ring, identity.Assertion{Dialect: name, UserID: user, Hash: hash}, testNow); err == nil || v.OK() {
				t.Errorf("%s, %s: verified", name, mistake)
			}
		}
		for spelling, hash := range map[string]string{"lower case": hex.EncodeToString(right), "upper case": strings.ToUpper(hex.EncodeToString(right))} {
			if _, err := identity.Verify(ring, identity.Assertion{Dialect: name, UserID: user, Hash: hash}, testNow); err != nil {
				t.Errorf("%s, %s: %v", name, spelling, err)
			}
		}
	}
}

func mustHex(digits string) []byte {
	raw, err := hex.DecodeString(digits)
	if err != nil {
		panic(err)
	}
	return raw
}

// TestPublicKeysAtOnceDoNotMix: one ring serves every visitor.
func TestPublicKeysAtOnceDoNotMix(t *testing.T) {
	ring := ringOf(t, single(t, esPublic, dialect.Setup{ID: "es"}), single(t, rsPublic, dialect.Setup{ID: "rs"}), single(t, edPublic, dialect.Setup{ID: "ed"}), keyOf(t, "native-jwt", dialect.Setup{ID: "hs"}))
	tokens := map[string]string{
		"es": bySign(t, esPrivate, headerOf(identity.ES256), claims("user_id", `"es"`)),
		"rs": bySign(t, rsPrivate, headerOf(identity.RS256), claims("user_id", `"rs"`)),
		"ed": bySign(t, edPrivate, headerOf(identity.EdDSA), claims("user_id", `"ed"`)),
		"hs": compact(vectorSecret, plainHeader, claims("user_id", `"hs"`)),
	}
	var all sync.WaitGroup
	for key, token := range tokens {
		for range 2 {
			all.Go(func() {
				for range 50 {
					v, err := identity.Verify(ring, identity.Assertion{Token: token}, testNow)
					if err != nil || v.Key() != key || v.Signed().Value != key {
						t.Errorf("%s: %v by %s, %v", key, v.Signed(), v.Key(), err)
						return
					}
				}
			})
		}
	}
	all.Wait()
}

// TestWhatAPairSignsVerifiesAndNothingNearIt draws users and changes.
func TestWhatAPairSignsVerifiesAndNothingNearIt(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		algorithm := rapid.SampledFrom(identity.PublicAlgorithms()).Draw(r, "algorithm")
		user := rapid.StringMatching(`[ -~¡-ÿ日本]{1,40}`).Draw(r, "user")
		pair := keyPairs[algorithm]
		token, err := signer(t, pair[0], dialect.Setup{}).Sign(identity.Statement{UserID: user, Audience: "shop", IssuedAt: testNow, Life: 600e9, KeyID: rapid.StringMatching(`[a-z/.]{0,10}`).Draw(r, "kid")})
		if err != nil {
			r.Fatal(err)
		}
		ring := ringOf(t, single(t, pair[1], dialect.Setup{}))
		v, err := identity.Verify(ring, identity.Assertion{Token: token}, testNow)
		if err != nil || v.Signed().Value != user {
			r.Fatalf("%s: %v, %v", algorithm, v.Signed(), err)
		}
		at := rapid.IntRange(0, len(token)-1).Draw(r, "place")
		changed := token[:at] + string(rapid.SampledFrom([]byte("0123456789abcdefXYZ.-_=\n ")).Draw(r, "byte")) + token[at+1:]
		if changed == token {
			return
		}
		if v, err := identity.Verify(ring, identity.Assertion{Token: changed}, testNow); err == nil {
			r.Fatalf("%s: %q verified in place of %q as %v", algorithm, changed, token, v.Signed())
		}
	})
}
