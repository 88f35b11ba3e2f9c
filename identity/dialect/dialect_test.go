package dialect_test

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// TestTable writes down what compat.md and security.md fix, apart from the table
// itself, so that a slip of the hand in a row shows.
func TestTable(t *testing.T) {
	type line struct {
		proof     identity.Proof
		hex       bool
		min, warn int
		signs     identity.Signs
		many      bool
		failure   dialect.OnFailure
		tail      time.Duration
		history   dialect.ClaimedHistory
	}
	want := map[string]line{
		"native":       {identity.ProofHash, false, 16, 0, identity.SignsUserID, true, dialect.Block, 0, dialect.SameClaim},
		"native-jwt":   {identity.ProofJWT, false, 32, 0, identity.SignsUserID, true, dialect.Block, 0, dialect.SameClaim},
		"native-v1":    {identity.ProofV1, false, 32, 0, identity.SignsUserID, true, dialect.Block, 0, dialect.SameClaim},
		"intercom":     {identity.ProofHash, false, 16, 0, identity.SignsUserID, true, dialect.Block, 0, dialect.SameClaim},
		"intercom-jwt": {identity.ProofJWT, false, 16, 32, identity.SignsUserID, false, dialect.Block, 12 * time.Hour, dialect.SameClaim},
		"helpscout":    {identity.ProofHash, false, 16, 0, identity.SignsEmail, false, dialect.MakeAnonymous, 0, dialect.SameClaim},
		"pylon":        {identity.ProofHash, true, 16, 0, identity.SignsEmail, false, dialect.Block, 0, dialect.ThisSession},
		"pylon-jwt":    {identity.ProofJWT, false, 16, 32, identity.SignsEmail, false, dialect.Block, 12 * time.Hour, dialect.ThisSession},
		"ensoras":      {identity.ProofHash, false, 16, 0, identity.SignsEmail, false, dialect.MakeAnonymous, 0, dialect.SameClaim},

		"chatwoot":      {identity.ProofHash, false, 16, 0, identity.SignsUserID, true, dialect.Block, 0, dialect.SameClaim},
		"crisp":         {identity.ProofHash, false, 16, 0, identity.SignsEmail, false, dialect.Block, 0, dialect.SameClaim},
		"tawk":          {identity.ProofHash, false, 16, 0, identity.SignsUserID, true, dialect.Block, 0, dialect.SameClaim},
		"front":         {identity.ProofHash, false, 16, 0, identity.SignsEmail, false, dialect.Block, 0, dialect.SameClaim},
		"plain":         {identity.ProofHash, false, 16, 0, identity.SignsEmail, false, dialect.Block, 0, dialect.SameClaim},
		"gleap":         {identity.ProofHash, false, 16, 0, identity.SignsUserID, false, dialect.Block, 0, dialect.SameClaim},
		"novu":          {identity.ProofHash, false, 16, 0, identity.SignsUserID, false, dialect.Block, 0, dialect.SameClaim},
		"featurebase":   {identity.ProofHash, false, 16, 0, identity.SignsUserID, true, dialect.Block, 0, dialect.SameClaim},
		"zendesk-jwt":   {identity.ProofJWT, false, 16, 32, identity.SignsUserID, false, dialect.Block, 0, dialect.SameClaim},
		"freshchat-jwt": {identity.ProofJWT, false, 16, 32, identity.SignsUserID, false, dialect.Block, 0, dialect.SameClaim},
	}
	for _, r := range dialect.All() {
		got := line{r.Proof, r.SecretHex, r.MinSecret, r.WarnSecret, r.DefaultSigns(), len(r.Signs) > 1, r.OnFailure, r.Tail, r.ClaimedHistory}
		if got != want[r.Name] {
			t.Errorf("%s\n got %+v\nwant %+v", r.Name, got, want[r.Name])
		}
		if r.ConfirmsEmail(identity.SignsUserID) || r.ConfirmsEmail(identity.SignsEither) || !r.ConfirmsEmail(identity.SignsEmail) {
			t.Errorf("%s: confirms_email is not on exactly where the email is the identity", r.Name)
		}
		if !slices.Contains(r.Speaks(), r.Global) || !slices.Contains(r.Speaks(), r.Name) {
			t.Errorf("%s speaks %v", r.Name, r.Speaks())
		}
	}
	if len(dialect.All()) != len(want) || !slices.Equal(dialect.Names()[:1], []string{"native"}) {
		t.Errorf("rows: %v", dialect.Names())
	}
}

func TestUnknownDialectBlocksAndShowsNothing(t *testing.T) {
	row, ok := dialect.Get("nonesuch")
	if ok || row.OnFailure != dialect.Block || row.ClaimedHistory != dialect.ThisSession {
		t.Errorf("%+v, %v", row, ok)
	}
	if _, err := row.NewKey(dialect.Setup{ID: "k", Secret: identity.NewSecret([]byte("s")), Platforms: []string{"web"}}); err == nil {
		t.Error("it makes keys")
	}
	if native, ok := dialect.Get(""); !ok || native.Name != "native" {
		t.Error("no name is not native")
	}
	if _, err := dialect.Decode("nonesuch", "secret"); code(err) != "dialect" {
		t.Errorf("got %v", err)
	}
}

func TestKeyCannotSignWhatItsDialectDoesNot(t *testing.T) {
	row, _ := dialect.Get("pylon")
	_, err := row.NewKey(dialect.Setup{ID: "k", Secret: identity.NewSecret([]byte("s")), Platforms: []string{"web"}, Signs: identity.SignsUserID})
	if code(err) != "signs" {
		t.Errorf("got %v", err)
	}
}

// TestChannelSetsTheLifeOfNativeTokensOnly: a vendor's limit is the vendor's.
func TestChannelSetsTheLifeOfNativeTokensOnly(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]identity.Reason{"native-jwt": "", "pylon-jwt": identity.LifetimeTooLong} {
		row, _ := dialect.Get(name)
		key, err := row.NewKey(dialect.Setup{ID: "k", Secret: identity.NewSecret([]byte("s")), Platforms: []string{"web"}, Audiences: []string{"shop"}, Signs: identity.SignsEmail, MaxLife: 100 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		token, err := key.Sign(identity.Statement{Email: "a@b", Audience: "shop", IssuedAt: now, Life: 99 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		ring, _ := identity.NewRing(identity.Entry{Key: key})
		if _, err := identity.Verify(ring, identity.Assertion{Dialect: row.Global, Token: token}, now); identity.ReasonOf(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEnsorasSignsAsMostLanguagesLower: what Sign prints is full Unicode's.
func TestEnsorasSignsAsMostLanguagesLower(t *testing.T) {
	row, _ := dialect.Get("ensoras")
	key, err := row.NewKey(dialect.Setup{ID: "k", Secret: identity.NewSecret([]byte("s")), Platforms: []string{"web"}})
	if err != nil {
		t.Fatal(err)
	}
	for upper, lower := range map[string]string{
		"ΟΔΥΣΣΕΥΣ@Example.com": "οδυσσευς@example.com",
		"İda@Example.com":      "i\u0307da@example.com",
		"Ada@Example.com":      "ada@example.com",
	} {
		a, errA := key.Sign(identity.Statement{Email: upper})
		b, errB := key.Sign(identity.Statement{Email: lower})
		if errA != nil || errB != nil || a != b {
			t.Errorf("%s is not signed as %s: %v, %v", upper, lower, errA, errB)
		}
	}
}

func code(err error) string {
	var e *dialect.SecretError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestSecretsThatAreRefusedWhereTheyAreEntered(t *testing.T) {
	random := randomHex(32)
	for _, c := range []struct {
		dialect, secret string
		refused         string // code; empty: taken
		insist          string // code with insist
		warnings        int    // with insist
	}{
		{"native", random, "", "", 0},
		{"native", random[:16], "", "", 0},
		{"native", random[:15], "short", "", 1},
		{"native", "", "empty", "empty", 0},
		{"native-jwt", random[:32], "", "", 0},
		{"native-jwt", random[:31], "short", "", 1},
		{"native-v1", random[:31], "short", "", 1},
		{"intercom-jwt", random[:31], "", "", 1},
		{"intercom-jwt", random[:15], "short", "", 1},
		{"pylon-jwt", random[:32], "", "", 0},
		{"pylon", random, "", "", 0},
		{"pylon", strings.ToUpper(random), "", "", 0},
		{"pylon", random[:32], "", "", 0},
		{"pylon", random[:30], "short", "", 1},
		{"pylon", random[:63], "not_hex", "not_hex", 0},
		{"pylon", "not hexadecimal at all, is it", "not_hex", "not_hex", 0},
		{"pylon", random + "\n", "not_hex", "not_hex", 0},
		{"native", random + "\n", "", "", 0},
		{"pylon", "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2", "published", "", 1},
		{"native", "my-secret-key", "short", "", 2},
		{"native", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "guessable", "", 1},
		{"native", "abcabcabcabcabcabcabcabcabcabcabc", "guessable", "", 1},
		{"native", "0123456789abcdef0123456789abcdef", "published", "", 1},
		{"native", "abcdefghijklmnopqrstuvwxyz", "guessable", "", 1},
		{"native", "zyxwvutsrqponmlkjihgfedcba", "guessable", "", 1},
		{"native", "YOUR_SECRET_GOES_HERE_PLEASE", "guessable", "", 1},
		{"native", "changeme-changeme-now-please", "guessable", "", 1},
		{"pylon", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "published", "", 1},
		{"pylon", "101112131415161718191a1b1c1d1e1f", "guessable", "", 1},
		{"helpscout", "correct horse battery staple, twice over", "", "", 0},
	} {
		_, _, err := dialect.CheckSecret(c.dialect, c.secret, false)
		if code(err) != c.refused {
			t.Errorf("%s %q: %v; want %q", c.dialect, c.secret, err, c.refused)
		}
		secret, warnings, err := dialect.CheckSecret(c.dialect, c.secret, true)
		if code(err) != c.insist || len(warnings) != c.warnings {
			t.Errorf("%s %q, insisted on: %v, warnings %q", c.dialect, c.secret, err, warnings)
		}
		if err == nil && secret.Len() == 0 {
			t.Errorf("%s %q is empty", c.dialect, c.secret)
		}
		if got := dialect.Warnings(c.dialect, c.secret); err == nil && len(got) != c.warnings {
			t.Errorf("%s %q: warnings %q", c.dialect, c.secret, got)
		}
		for _, said := range append(warnings, errText(err)) {
			if len(c.secret) > 6 && strings.Contains(said, c.secret) {
				t.Errorf("the text repeats the secret: %s", said)
			}
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestGeneratedSecretsAreNeverCalledGuessable: 64 digits of 32 random bytes, as
// keys are made here, as text and decoded.
func TestGeneratedSecretsAreNeverCalledGuessable(t *testing.T) {
	for range 2000 {
		secret := randomHex(32)
		for _, name := range []string{"native-jwt", "pylon"} {
			if _, warnings, err := dialect.CheckSecret(name, secret, false); err != nil || len(warnings) > 0 {
				t.Fatalf("%s: %v %v", name, err, warnings)
			}
		}
	}
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}
