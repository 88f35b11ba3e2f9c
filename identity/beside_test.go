package identity_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// beside is what a page's settings may say next to a token for u1, ada@example.com.
var beside = []struct {
	name          string
	userID, email string
	malformed     bool
	contradicts   bool // what the token says
	spoils        bool // it is no identifier
}{
	{"nothing", "", "", false, false, false},
	{"the same user", "u1", "", false, false, false},
	{"the same email", "", "ada@example.com", false, false, false},
	{"the same email in capitals", "", "ADA@EXAMPLE.COM", false, false, false},
	{"both the same", "u1", "ada@example.com", false, false, false},
	{"another user", "u2", "", false, true, false},
	{"the user in another case", "U1", "", false, true, false},
	{"the user with a blank", "u1 ", "", false, true, false},
	{"the user with a NUL", "u1\x00", "", false, true, false},
	{"another email", "", "eve@example.com", false, true, false},
	{"an email that looks alike", "", "аda@example.com", false, true, false},
	{"the same user, another email", "u1", "eve@example.com", false, true, false},
	{"another user, the same email", "u2", "ada@example.com", false, true, false},
	{"the email as user", "ada@example.com", "", false, true, false},
	{"the user as email", "", "u1", false, true, false},
	{"a malformed one", "", "", true, false, true},
	{"the same user and a malformed one", "u1", "", true, false, true},
}

// TestWhatStandsBesideATokenNeverWins: it agrees, or the token is refused, or, where the
// dialect's own systems do so, it loses. In no dialect does it become the identity.
func TestWhatStandsBesideATokenNeverWins(t *testing.T) {
	for _, c := range []struct {
		name  string
		key   *identity.Key
		token string
		loses bool // silently
	}{
		{"native-jwt", keyOf(t, "native-jwt", dialect.Setup{}), compact(vectorSecret, plainHeader, claims("email", `"ada@example.com"`)), false},
		{"native-jwt, ES256", single(t, esPublic, dialect.Setup{}), bySign(t, esPrivate, headerOf(identity.ES256), claims("email", `"ada@example.com"`)), false},
		{"native-jwt, EdDSA", single(t, edPublic, dialect.Setup{}), bySign(t, edPrivate, headerOf(identity.EdDSA), claims("email", `"ada@example.com"`)), false},
		{"native-v1", keyOf(t, "native-v1", dialect.Setup{}), v1Of(vectorSecret, "shop", fmt.Sprint(vectorEpoch), "u1", "ada@example.com"), false},
		{"intercom-jwt", keyOf(t, "intercom-jwt", dialect.Setup{}), compact(vectorSecret, plainHeader, claims("email", `"ada@example.com"`)), true},
	} {
		for _, b := range beside {
			a := identity.Assertion{Dialect: c.key.Dialect(), Token: c.token, UserID: b.userID, Email: b.email, Malformed: b.malformed}
			if c.loses {
				a.Dialect = "intercom"
			}
			v, err := identity.Verify(ringOf(t, c.key), a, testNow)
			if v.OK() && (v.Signed().Value != "u1" || v.EmailText() != "ada@example.com") {
				t.Errorf("%s, %s: it became %v, %s", c.name, b.name, v.Signed(), v.EmailText())
			}
			want := identity.Reason("")
			switch {
			case c.loses:
			case b.spoils:
				want = identity.IdentifierMalformed
			case b.contradicts:
				want = identity.ClaimContradicted
			}
			if got := identity.ReasonOf(err); got != want {
				t.Errorf("%s, %s: %q; want %q", c.name, b.name, got, want)
			}
		}
	}
}

// TestAHashBesideATokenIsNeverLookedAt, right or wrong, in any dialect.
func TestAHashBesideATokenIsNeverLookedAt(t *testing.T) {
	hashes := map[string]string{
		"right":     hmacHex(vectorSecret, "u1"),
		"wrong":     hmacHex(otherSecret, "u1"),
		"malformed": "zz",
		"another's": hmacHex(vectorSecret, "u2"),
	}
	both := []*identity.Key{keyOf(t, "native-jwt", dialect.Setup{ID: "tokens", Secret: identity.NewSecret([]byte(otherSecret))}), keyOf(t, "native", dialect.Setup{ID: "hashes"})}
	for name, hash := range hashes {
		for token, want := range map[string]identity.Reason{
			compact(otherSecret, plainHeader, claims()):                               "",
			compact(otherSecret, plainHeader, claims("exp", fmt.Sprint(vectorEpoch))): identity.TokenExpired,
			compact(vectorSecret, plainHeader, claims()):                              identity.ProofMismatch,
			"nonsense": identity.TokenMalformed,
			strings.Repeat("a", identity.MaxTokenBytes+1):                                      identity.TokenMalformed,
			compact(otherSecret, `{"alg":"none"}`, claims()):                                   identity.AlgorithmRefused,
			compact(otherSecret, plainHeader, claims("user_id", `"u1"`, "aud", `"elsewhere"`)): identity.AudienceWrong,
		} {
			v, err := identity.Verify(ringOf(t, both...), identity.Assertion{UserID: "u1", Hash: hash, Token: token}, testNow)
			if got := identity.ReasonOf(err); got != want || v.OK() && v.Key() != "tokens" {
				t.Errorf("a %s hash beside %.40s: %q by %s", name, token, got, v.Key())
			}
		}
	}
}

// TestATokenForADeadKeyBesideALiveOne says which key it was, and is never taken by the
// other.
func TestATokenForADeadKeyBesideALiveOne(t *testing.T) {
	live := keyOf(t, "native-jwt", dialect.Setup{ID: "live", Secret: identity.NewSecret([]byte(otherSecret))})
	for _, c := range []struct {
		name  string
		dead  *identity.Key
		token string
	}{
		{"HS256", keyOf(t, "native-jwt", dialect.Setup{ID: "dead"}), compact(vectorSecret, plainHeader, claims())},
		{"v1", keyOf(t, "native-v1", dialect.Setup{ID: "dead"}), v1Of(vectorSecret, "shop", fmt.Sprint(vectorEpoch), "u1", "")},
		{"ES256", single(t, esPublic, dialect.Setup{ID: "dead"}), bySign(t, esPrivate, headerOf(identity.ES256), claims())},
		{"RS256", single(t, rsPublic, dialect.Setup{ID: "dead"}), bySign(t, rsPrivate, headerOf(identity.RS256), claims())},
		{"EdDSA", single(t, edPublic, dialect.Setup{ID: "dead"}), bySign(t, edPrivate, headerOf(identity.EdDSA), claims())},
	} {
		for name, entry := range map[string]identity.Entry{
			"revoked":  {Key: c.dead, Dead: identity.KeyRevoked},
			"retired":  {Key: c.dead, Dead: identity.KeyRetired},
			"unusable": {Key: c.dead, Dead: identity.KeyUnusable},
			"ended":    {Key: c.dead, Ends: testNow},
			"ended, a": {Key: c.dead, Ends: testNow.Add(-time.Hour)},
		} {
			for _, order := range [][]identity.Entry{{{Key: live}, entry}, {entry, {Key: live}}} {
				ring, err := identity.NewRing(order...)
				if err != nil {
					t.Fatal(err)
				}
				v, err := identity.Verify(ring, identity.Assertion{Token: c.token}, testNow)
				var refusal *identity.Error
				_ = errors.As(err, &refusal)
				dead := []identity.Reason{identity.KeyRevoked, identity.KeyRetired, identity.KeyUnusable}
				if v.OK() || refusal == nil || !slices.Contains(dead, refusal.Reason) || refusal.Key != "dead" {
					t.Errorf("%s, %s: %v", c.name, name, err)
				}
			}
		}
	}
}

// TestManyLivePublicKeysAreEachAskedAtMostOnce: a forged token costs one signature under
// a set, whatever its size, and at most one for each other key of its algorithm.
func TestManyLivePublicKeysAreEachAskedAtMostOnce(t *testing.T) {
	var members []string
	for i := range 99 {
		members = append(members, jwkOf(t, esPublic, fmt.Sprint("k", i)))
	}
	published, err := identity.ParseJWKS([]byte(jwks(members...)))
	if err != nil {
		t.Fatal(err)
	}
	wide := publicKeyOf(t, dialect.Setup{ID: "wide", Issuer: issuer, Public: &identity.PublicSet{Algorithm: identity.ES256, Keys: published.Of(identity.ES256), ByID: true, FreshUntil: testNow.Add(time.Hour)}})
	forged := bySign(t, esOther, withKid("k50"), issued())
	unknown := bySign(t, esOther, withKid("nobody"), issued())
	took := func(token string, keys ...*identity.Key) time.Duration {
		ring := ringOf(t, keys...)
		best := time.Hour
		for range 5 {
			start := time.Now()
			_, _ = identity.Verify(ring, identity.Assertion{Token: token}, testNow)
			best = min(best, time.Since(start))
		}
		return best
	}
	narrow := setOf(t, dialect.Setup{}, nil, testNow.Add(time.Hour))
	one, many := took(bySign(t, esPrivate, withKid("b"), issued()), narrow), took(forged, wide)
	if many > 10*one+time.Millisecond {
		t.Errorf("a forged token takes %v under two keys and %v under 99", one, many)
	}
	if nothing := took(unknown, wide); nothing > many {
		t.Errorf("a kid that nobody knows takes %v, one that somebody does %v", nothing, many)
	}
}

// TestAttributesOfATokenStayFewAndPlain under every algorithm: what is signed is no
// leave to overflow, to hide or to pass as ours.
func TestAttributesOfATokenStayFewAndPlain(t *testing.T) {
	for _, key := range allJWTKeys(t) {
		for name, c := range map[string]struct {
			more []string
			want string
		}{
			"plain ones":         {[]string{"plan", `"pro"`, "seats", "5", "trial", "false", "left", "null"}, "map[left:<nil> plan:pro seats:5 trial:false]"},
			"our own names":      {[]string{"tier", `"verified"`, "method", `"jwt"`, "key", `"k"`, "realm", `"other"`, "channel", `"x"`, "verified", "true"}, "map[]"},
			"names of proofs":    {[]string{"user_hash", `"x"`, "jwt", `"x"`, "signature", `"x"`, "auth_tokens", `"x"`}, "map[]"},
			"registered claims":  {[]string{"sub", `"victim"`, "jti", `"1"`, "nbf", "1"}, "map[]"},
			"objects and lists":  {[]string{"company", `{"id":1}`, "roles", `["admin"]`}, "map[]"},
			"strange names":      {[]string{"a b", `1`, "ä", "2", "a/b", "3", "<script>", "4"}, "map[]"},
			"a long name":        {[]string{strings.Repeat("n", 101), "1"}, "map[]"},
			"control characters": {[]string{"note", `"a\u0000b\nc"`}, "map[note:a\ufffdb\ufffdc]"},
			"a large number":     {[]string{"n", "1e308"}, "map[n:1e+308]"},
			"a number too large": {[]string{"n", "1e999"}, "map[]"},
		} {
			token := signedFor(t, key, headerOf(key.Algorithm()), claims(c.more...))
			v, err := identity.Verify(ringOf(t, key), identity.Assertion{Token: token}, testNow)
			if got := fmt.Sprint(v.Attributes()); err != nil || got != c.want {
				t.Errorf("key of %s, %s: %s, %v", key.Algorithm(), name, got, err)
			}
			if v.Signed().Value != "u1" {
				t.Errorf("key of %s, %s: %v", key.Algorithm(), name, v.Signed())
			}
		}
	}
}
