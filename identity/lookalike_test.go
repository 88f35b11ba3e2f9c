package identity_test

import (
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// lookalikes are texts that people, fonts or databases take for ada@example.com, and
// that belong to whoever registers them.
var lookalikes = map[string]string{
	"a Cyrillic a":               "аda@example.com",
	"a Greek alpha":              "αda@example.com",
	"a full-width a":             "ａda@example.com",
	"a mathematical a":           "𝐚da@example.com",
	"a dotless i elsewhere":      "ada@examplе.com",
	"an accent":                  "áda@example.com",
	"an accent of its own":       "a\u0301da@example.com",
	"a zero-width space":         "ada\u200b@example.com",
	"a zero-width joiner":        "ada\u200d@example.com",
	"a soft hyphen":              "a\u00adda@example.com",
	"a word joiner":              "ada\u2060@example.com",
	"a byte order mark":          "\ufeffada@example.com",
	"a right-to-left mark":       "ada\u200f@example.com",
	"a variation selector":       "ada\ufe0f@example.com",
	"a full-width dot":           "ada@example．com",
	"an ideographic dot":         "ada@example。com",
	"a trailing dot":             "ada@example.com.",
	"a plus":                     "ada+x@example.com",
	"dots":                       "a.da@example.com",
	"quotes":                     `"ada"@example.com`,
	"a comment":                  "ada(x)@example.com",
	"a subdomain":                "ada@mail.example.com",
	"punycode":                   "ada@xn--example-.com",
	"a Kelvin sign in the name":  "ada\u212a@example.com",
	"a long s":                   "adaſ@example.com",
	"a ligature":                 "adaﬁ@example.com",
	"a sharp s":                  "adaß@example.com",
	"a capital with a dot above": "İda@example.com",
	"a tag character":            "ada\U000e0061@example.com",
	"a combining grapheme":       "ada\u034f@example.com",
}

// TestWhoLooksLikeSomebodyIsSomebodyElse by every kind of proof: folding joins only what
// differs in the case of letters.
func TestWhoLooksLikeSomebodyIsSomebodyElse(t *testing.T) {
	now := testNow
	for name, address := range lookalikes {
		for _, spoken := range []string{"native", "native-jwt", "native-v1", "helpscout", "pylon-jwt", "ensoras"} {
			key := keyOf(t, spoken, dialect.Setup{Signs: identity.SignsEmail})
			s := identity.Statement{Email: address, Audience: "shop", IssuedAt: now}
			if key.Proof() == identity.ProofJWT {
				s.Life = 10 * time.Minute
			}
			proof, err := key.Sign(s)
			if err != nil {
				continue // no address at all
			}
			row, _ := dialect.Get(spoken)
			a := identity.Assertion{Dialect: row.Global, Email: address}
			if key.Proof() == identity.ProofHash {
				a.Hash = proof
			} else {
				a.Token = proof
			}
			v, err := identity.Verify(ringOf(t, key), a, now)
			if err == nil && v.Signed().Value == "ada@example.com" {
				t.Errorf("%s, %s: verified as ada herself", spoken, name)
			}
			a.Email = "ada@example.com"
			if v, err := identity.Verify(ringOf(t, key), a, now); err == nil && v.Signed().Value == "ada@example.com" {
				t.Errorf("%s, %s: its proof is ada's", spoken, name)
			}
		}
		if identity.Fold(address) == "ada@example.com" {
			t.Errorf("%s folds to ada", name)
		}
	}
	for _, same := range []string{"ada@example.com", "ADA@example.com", "Ada@Example.COM"} {
		if identity.Fold(same) != "ada@example.com" {
			t.Errorf("%s does not fold to ada", same)
		}
	}
}

// TestUserIdsAreNeverFolded: whoever chooses a name in another spelling is another.
func TestUserIdsAreNeverFolded(t *testing.T) {
	names := []string{"ada", "Ada", "ADA", "аda", "ａda", "ada ", " ada", "ada\u200b", "áda", "a\u0301da", "\ufeffada", "ada.", "ada\u00a0"}
	for _, spoken := range []string{"native", "native-jwt", "native-v1", "intercom", "intercom-jwt"} {
		key := keyOf(t, spoken, dialect.Setup{})
		row, _ := dialect.Get(spoken)
		for _, name := range names {
			s := identity.Statement{UserID: name, Audience: "shop", IssuedAt: testNow}
			if key.Proof() == identity.ProofJWT {
				s.Life = 10 * time.Minute
			}
			proof, err := key.Sign(s)
			if err != nil {
				t.Fatalf("%s, %q: %v", spoken, name, err)
			}
			for _, other := range names {
				a := identity.Assertion{Dialect: row.Global, UserID: other}
				if key.Proof() == identity.ProofHash {
					a.Hash = proof
				} else {
					a.Token = proof
				}
				v, err := identity.Verify(ringOf(t, key), a, testNow)
				if other == name && (err != nil || v.Signed().Value != name) {
					t.Errorf("%s, %q: %v", spoken, name, err)
				}
				if other != name && err == nil && v.Signed().Value != name {
					t.Errorf("%s: the proof of %q is taken for %q", spoken, name, v.Signed().Value)
				}
				if other != name && key.Proof() == identity.ProofHash && err == nil {
					t.Errorf("%s: the hash of %q verifies %q", spoken, name, other)
				}
			}
		}
	}
}

// TestLimitsAreTheSameAtEveryDoor: an identifier that is too long, or holds what no
// identifier may, is refused by every kind of proof, not cut.
func TestLimitsAreTheSameAtEveryDoor(t *testing.T) {
	for _, c := range []struct {
		name, userID, email string
		fits                bool
	}{
		{"one byte", "u", "a@b", true},
		{"the longest user id", strings.Repeat("u", 255), "a@b", true},
		{"one byte more", strings.Repeat("u", 256), "a@b", false},
		{"the longest in letters of two bytes", strings.Repeat("é", 127), "a@b", true},
		{"one of those more", strings.Repeat("é", 128), "a@b", false},
		{"a user id of a megabyte", strings.Repeat("u", 1<<20), "a@b", false},
		{"the longest email", "u", strings.Repeat("a", 250) + "@b.c", true},
		{"one byte more of it", "u", strings.Repeat("a", 251) + "@b.c", false},
		{"a NUL", "u\x00", "a\x00@b", false},
		{"a line break", "u\n", "a@b\n", false},
		{"an escape sequence", "\x1b[31mu", "\x1b[31ma@b", false},
		{"no UTF-8", "\xff", "\xff@b", false},
		{"half a surrogate in UTF-8", "\xed\xa0\x80", "\xed\xa0\x80@b", false},
	} {
		for _, signs := range []identity.Signs{identity.SignsUserID, identity.SignsEmail} {
			value, a := c.userID, identity.Assertion{UserID: c.userID}
			if signs == identity.SignsEmail {
				value, a = c.email, identity.Assertion{Email: c.email}
			}
			a.Hash = hmacHex(vectorSecret, value)
			_, err := identity.Verify(ringOf(t, keyOf(t, "native", dialect.Setup{Signs: signs})), a, testNow)
			valid := identity.ValidUserID(value)
			if signs == identity.SignsEmail {
				valid = identity.ValidEmail(value)
			}
			if (err == nil) != valid {
				t.Errorf("%s, %s: %v; valid %v", c.name, signs, err, valid)
			}
			plain := signs == identity.SignsUserID && c.userID == "u" || signs == identity.SignsEmail && c.email == "a@b"
			if !c.fits && err == nil && !plain {
				t.Errorf("%s, %s: verified", c.name, signs)
			}
			if _, err := keyOf(t, "native", dialect.Setup{Signs: signs}).Sign(identity.Statement{UserID: c.userID, Email: c.email}); (err == nil) != valid {
				t.Errorf("%s, %s: signing says %v", c.name, signs, err)
			}
		}
	}
}

// TestSigningRefusesWhatVerifyingWould for every kind of key, and prints no half proof.
func TestSigningRefusesWhatVerifyingWould(t *testing.T) {
	good := identity.Statement{UserID: "u1", Email: "ada@example.com", Audience: "shop", IssuedAt: testNow, Life: time.Hour}
	keys := map[string]*identity.Key{
		"HS256": keyOf(t, "native-jwt", dialect.Setup{}),
		"ES256": signer(t, esPrivate, dialect.Setup{}),
		"RS256": signer(t, rsPrivate, dialect.Setup{}),
		"EdDSA": signer(t, edPrivate, dialect.Setup{}),
		"v1":    keyOf(t, "native-v1", dialect.Setup{}),
	}
	for name, key := range keys {
		if _, err := key.Sign(good); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for mistake, change := range map[string]func(*identity.Statement){
			"nobody":              func(s *identity.Statement) { s.UserID, s.Email = "", "" },
			"only an email":       func(s *identity.Statement) { s.UserID = "" },
			"a control character": func(s *identity.Statement) { s.UserID = "u\n1" },
			"too long":            func(s *identity.Statement) { s.UserID = strings.Repeat("u", 256) },
			"a claim of ours":     func(s *identity.Statement) { s.Claims = map[string]any{"user_id": "victim"} },
			"a time of ours":      func(s *identity.Statement) { s.Claims = map[string]any{"exp": 1} },
			"a claim of no JSON":  func(s *identity.Statement) { s.Claims = map[string]any{"x": make(chan int)} },
		} {
			s := good
			change(&s)
			if proof, err := key.Sign(s); err == nil || proof != "" {
				t.Errorf("%s, %s: %q", name, mistake, proof)
			}
		}
	}
}
