package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/policy"
)

const secretText = "6a1f0c9be2d84735a90b6cd1e3f25708"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// verify runs the real verification: a Verified cannot be made otherwise.
func verify(tb testing.TB, name string, signs identity.Signs, a identity.Assertion) (identity.Verified, error) {
	tb.Helper()
	ring, err := identity.NewRing(identity.Entry{Key: key(tb, name, signs)})
	if err != nil {
		tb.Fatal(err)
	}
	return identity.Verify(ring, a, now)
}

func key(tb testing.TB, name string, signs identity.Signs) *identity.Key {
	tb.Helper()
	row, _ := dialect.Get(name)
	secret, err := dialect.Decode(name, secretText)
	if err != nil {
		tb.Fatal(err)
	}
	k, err := row.NewKey(dialect.Setup{ID: "key_1", Secret: secret, Signs: signs, Realm: "main", Platforms: []string{"web"}, Audiences: []string{"shop"}})
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func sign(tb testing.TB, name string, signs identity.Signs, s identity.Statement) string {
	tb.Helper()
	s.IssuedAt, s.Audience = now, "shop"
	if strings.HasSuffix(name, "-jwt") {
		s.Life = 10 * time.Minute
	}
	proof, err := key(tb, name, signs).Sign(s)
	if err != nil {
		tb.Fatal(err)
	}
	return proof
}

// TestWholeTable is the table of compat.md 0.9, with both failure rules and every
// minimum tier: what the page says, by enforcement, is what becomes of the visitor.
func TestWholeTable(t *testing.T) {
	good := sign(t, "native", identity.SignsUserID, identity.Statement{UserID: "u1"})
	says := map[string]identity.Assertion{
		"nothing":              {},
		"a hash and nobody":    {Hash: good},
		"a name and nobody":    {Name: "Ada", Attributes: map[string]any{"plan": "pro"}},
		"an identity, no hash": {UserID: "u1", Name: "Ada"},
		"an identity, bad":     {UserID: "u2", Hash: good},
		"an email, no hash":    {Email: "ada@example.com"},
		"a bad token":          {Token: "a.b.c"},
		"a malformed id":       {Malformed: true, Hash: good},
		"an identity, good":    {UserID: "u1", Hash: good},
	}
	const (
		required, refused = "identity_required", "identity_refused"
		anonymous, told   = "anonymous", "anonymous, told so"
		claimed, verified = "claimed", "verified"
	)
	// :: what the page says → off, observe, enforce+block, enforce+anonymous, and the two enforced ones under a minimum tier
	table := map[string][6]string{
		"nothing":              {anonymous, anonymous, anonymous, anonymous, required, required},
		"a hash and nobody":    {anonymous, anonymous, anonymous, anonymous, required, required},
		"a name and nobody":    {anonymous, anonymous, anonymous, anonymous, required, required},
		"an identity, no hash": {claimed, claimed, required, told, required, required},
		"an identity, bad":     {claimed, claimed, refused, told, refused, refused},
		"an email, no hash":    {claimed, claimed, required, told, required, required},
		"a bad token":          {anonymous, anonymous, refused, told, refused, refused},
		"a malformed id":       {anonymous, anonymous, refused, told, refused, refused},
		"an identity, good":    {verified, verified, verified, verified, verified, verified},
	}
	rules := func(minimum policy.Tier) [6]policy.Rule {
		return [6]policy.Rule{
			{Enforcement: policy.Off, OnFailure: policy.Block, MinimumTier: minimum},
			{Enforcement: policy.Observe, OnFailure: policy.MakeAnonymous, MinimumTier: minimum},
			{Enforcement: policy.Enforce, OnFailure: policy.Block},
			{Enforcement: policy.Enforce, OnFailure: policy.MakeAnonymous, MinimumTier: policy.Anonymous},
			{Enforcement: policy.Enforce, OnFailure: policy.Block, MinimumTier: minimum},
			{Enforcement: policy.Enforce, OnFailure: policy.MakeAnonymous, MinimumTier: minimum},
		}
	}
	if len(table) != len(says) {
		t.Fatal("the table has not a row for everything that a page can say")
	}
	for name, a := range says {
		v, err := verify(t, "native", identity.SignsUserID, a)
		for _, minimum := range []policy.Tier{policy.Claimed, policy.Verified} {
			for i, rule := range rules(minimum) {
				verdict := policy.Decide(rule, a, v, err)
				if got := outcome(verdict); got != table[name][i] {
					t.Errorf("%s, rule %d (%+v): %s; want %s", name, i, rule, got, table[name][i])
				}
				checkShape(t, name, rule, a, verdict)
			}
		}
	}
}

func outcome(v policy.Verdict) string {
	switch {
	case v.Refusal() != policy.NotRefused:
		return string(v.Refusal())
	case v.MadeAnonymous():
		return string(v.Tier()) + ", told so"
	}
	return string(v.Tier())
}

// checkShape holds a verdict to what is true of every one.
func checkShape(t *testing.T, name string, rule policy.Rule, a identity.Assertion, v policy.Verdict) {
	t.Helper()
	proved := v.Tier() == policy.Verified
	if proved != (len(v.Identifiers()) > 0) || proved != (v.Key() != "") || proved != (v.Method() != identity.MethodNone) {
		t.Errorf("%s, %+v: tier %s with identifiers %v, key %q, method %q", name, rule, v.Tier(), v.Identifiers(), v.Key(), v.Method())
	}
	if !proved && (v.Attributes() != nil || !v.Expires().IsZero()) {
		t.Errorf("%s, %+v: unproved, and has signed attributes or an expiry", name, rule)
	}
	if proved && (v.Reason() != "" || v.Refusal() != "") {
		t.Errorf("%s: verified with the reason %q", name, v.Reason())
	}
	if rule.Enforcement == policy.Enforce && !proved && !a.Silent() {
		if !v.Claim().Empty() || v.Claim().Name != "" || v.Claim().Attributes != nil || v.Tier() == policy.Claimed {
			t.Errorf("%s, %+v: under enforce something of the claim stays: %+v", name, rule, v.Claim())
		}
		if v.Reason() == "" || v.Message() == "" {
			t.Errorf("%s, %+v: no reason for the operator", name, rule)
		}
	}
	if v.Tier() == policy.Claimed && v.Claim().Empty() {
		t.Errorf("%s, %+v: claimed to be nobody", name, rule)
	}
	if v.Dialect() == "" {
		t.Errorf("%s: no dialect", name)
	}
}

func TestWhatIsUnknownIsTheStrictest(t *testing.T) {
	bad := identity.Assertion{UserID: "u1", Hash: "00"}
	v, err := verify(t, "native", identity.SignsUserID, bad)
	for _, rule := range []policy.Rule{
		{},
		{Enforcement: "on"},
		{Enforcement: "ENFORCE", OnFailure: policy.MakeAnonymous + " "},
		{Enforcement: policy.Enforce, OnFailure: "let in"},
		{Enforcement: policy.Enforce, OnFailure: policy.MakeAnonymous, MinimumTier: "gold"},
	} {
		if got := policy.Decide(rule, bad, v, err); got.Refusal() != policy.IdentityRefused {
			t.Errorf("%+v: %s", rule, outcome(got))
		}
	}
	if got := policy.Decide(policy.Rule{MinimumTier: "gold"}, identity.Assertion{}, v, err); got.Refusal() != policy.IdentityRequired {
		t.Errorf("an unknown minimum tier lets nobody in: %s", outcome(got))
	}
	good := identity.Assertion{UserID: "u1", Hash: sign(t, "native", identity.SignsUserID, identity.Statement{UserID: "u1"})}
	v, err = verify(t, "native", identity.SignsUserID, good)
	if got := policy.Decide(policy.Rule{MinimumTier: "gold"}, good, v, err); got.Refusal() != policy.IdentityRefused || got.Tier() == policy.Verified {
		t.Errorf("an unknown minimum tier admits a verified visitor: %s", outcome(got))
	}
}

// TestNoErrorIsNoProof: a caller that forgets the error, or has none, holds
// nothing.
func TestNoErrorIsNoProof(t *testing.T) {
	a := identity.Assertion{UserID: "u1", Hash: "00"}
	if got := policy.Decide(policy.Rule{Enforcement: policy.Off}, a, identity.Verified{}, nil); got.Tier() != policy.Claimed || got.Reason() != identity.KeyUnusable {
		t.Errorf("a zero Verified: %s, %s", outcome(got), got.Reason())
	}
	good := identity.Assertion{UserID: "u1", Hash: sign(t, "native", identity.SignsUserID, identity.Statement{UserID: "u1"})}
	v, err := verify(t, "native", identity.SignsUserID, good)
	if err != nil {
		t.Fatal(err)
	}
	if got := policy.Decide(policy.Rule{Enforcement: policy.Enforce}, good, v, errors.New("the ring could not be read")); got.Refusal() != policy.IdentityRefused || got.Reason() != identity.KeyUnusable {
		t.Errorf("an error beside a Verified: %s, %s", outcome(got), got.Reason())
	}
}

func TestProofCoversOneFieldAndTheRestStaysAClaim(t *testing.T) {
	a := identity.Assertion{Dialect: "intercom", UserID: "u1", Email: "Victim@Example.com", Name: "Victim", Attributes: map[string]any{
		"plan":      "pro",
		"user_hash": "x",
		"tier":      "verified",
	},
		Hash: sign(t, "intercom", identity.SignsUserID, identity.Statement{UserID: "u1"})}
	v, err := verify(t, "intercom", identity.SignsUserID, a)
	got := policy.Decide(policy.Rule{Enforcement: policy.Enforce, SignedEmail: true}, a, v, err)
	if fmt.Sprint(got.Identifiers()) != "[user_id:u1]" || got.Identifiers()[0].Realm != "main" || got.Attributes() != nil {
		t.Errorf("proved: %v and %v", got.Identifiers(), got.Attributes())
	}
	claim := got.Claim()
	if claim.UserID != "" || claim.Email != "Victim@Example.com" || claim.Name != "Victim" || fmt.Sprint(claim.Attributes) != "map[plan:pro]" {
		t.Errorf("claimed: %+v", claim)
	}
	if got.Dialect() != "intercom" || got.Method() != identity.MethodHMAC || got.Key() != "key_1" || !got.Expires().IsZero() {
		t.Errorf("%+v", got)
	}
}

// TestSignedEmailIsAnIdentifierOnlyWhereAddressesAreConfirmed: security.md 11.
func TestSignedEmailIsAnIdentifierOnlyWhereAddressesAreConfirmed(t *testing.T) {
	token := func(name string, signs identity.Signs, claims map[string]any) identity.Assertion {
		return identity.Assertion{Dialect: name, Token: sign(t, name, signs, identity.Statement{UserID: "u1", Email: "Ada@Example.com", Claims: claims})}
	}
	hash := func(signs identity.Signs) identity.Assertion {
		return identity.Assertion{Dialect: "intercom", Email: "Ada@Example.com", Hash: sign(t, "intercom", signs, identity.Statement{Email: "Ada@Example.com"})}
	}
	for _, c := range []struct {
		what      string
		dialect   string
		signs     identity.Signs
		a         identity.Assertion
		confirms  bool
		want      string // identifiers, or a reason
		attribute string // the signed attribute email
	}{
		{"user id token, addresses confirmed", "native-jwt", identity.SignsUserID, token("native-jwt", identity.SignsUserID, nil), true, "[user_id:u1 email:ada@example.com]", ""},
		{"user id token, not confirmed", "native-jwt", identity.SignsUserID, token("native-jwt", identity.SignsUserID, nil), false, "[user_id:u1]", "Ada@Example.com"},
		{"email_verified false wins", "native-jwt", identity.SignsUserID, token("native-jwt", identity.SignsUserID, map[string]any{"email_verified": false}), true, "[user_id:u1]", "Ada@Example.com"},
		{"email_verified true does not suffice", "native-jwt", identity.SignsUserID, token("native-jwt", identity.SignsUserID, map[string]any{"email_verified": true}), false, "[user_id:u1]", "Ada@Example.com"},
		{"v1", "native-v1", identity.SignsUserID, token("native-v1", identity.SignsUserID, nil), true, "[user_id:u1 email:ada@example.com]", ""},
		{"email hash, confirmed", "intercom", identity.SignsEmail, hash(identity.SignsEmail), true, "[email:ada@example.com]", ""},
		{"email hash, not confirmed", "intercom", identity.SignsEmail, hash(identity.SignsEmail), false, "identifier_not_covered", ""},
		{"either by email names its own conversations", "intercom", identity.SignsEither, hash(identity.SignsEither), false, "[email:ada@example.com]", ""},
	} {
		v, err := verify(t, c.dialect, c.signs, c.a)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		got := policy.Decide(policy.Rule{Enforcement: policy.Enforce, SignedEmail: c.confirms}, c.a, v, err)
		said := fmt.Sprint(got.Identifiers())
		if got.Tier() != policy.Verified {
			said = string(got.Reason())
		}
		if said != c.want {
			t.Errorf("%s: %s; want %s", c.what, said, c.want)
		}
		if email, _ := got.Attributes()["email"].(string); email != c.attribute {
			t.Errorf("%s: the signed attribute email is %q; want %q", c.what, email, c.attribute)
		}
		if got.Tier() == policy.Verified && got.Claim().Email != "" {
			t.Errorf("%s: the covered email is claimed", c.what)
		}
	}
}

func TestEitherByEmailHasTheWeakMethod(t *testing.T) {
	a := identity.Assertion{Dialect: "intercom", Email: "a@b", Hash: sign(t, "intercom", identity.SignsEither, identity.Statement{Email: "a@b"})}
	v, err := verify(t, "intercom", identity.SignsEither, a)
	if got := policy.Decide(policy.Rule{}, a, v, err); got.Method() != identity.MethodHMACEither || got.Tier() != policy.Verified {
		t.Errorf("%s by %s", got.Tier(), got.Method())
	}
}

func TestVerdictEndsWithItsProofAndTail(t *testing.T) {
	a := identity.Assertion{Dialect: "pylon", Name: "Eve", Attributes: map[string]any{"account_id": "2", "plan": "claimed"},
		Token: sign(t, "pylon-jwt", identity.SignsEmail, identity.Statement{Email: "a@b", Claims: map[string]any{"account_id": "2", "seats": 3}})}
	v, err := verify(t, "pylon-jwt", identity.SignsEmail, a)
	if err != nil {
		t.Fatal(err)
	}
	for tail, want := range map[time.Duration]time.Duration{
		0:              10 * time.Minute,
		12 * time.Hour: 12*time.Hour + 10*time.Minute,
		-time.Hour:     10 * time.Minute,
	} {
		got := policy.Decide(policy.Rule{SignedEmail: true, Tail: tail}, a, v, err)
		if !got.Expires().Equal(now.Add(want)) {
			t.Errorf("tail %v: ends after %v", tail, got.Expires().Sub(now))
		}
		if got.Dialect() != "pylon-jwt" || fmt.Sprint(got.Attributes()) != "map[account_id:2 seats:3]" || fmt.Sprint(got.Claim().Attributes) != "map[plan:claimed]" || got.Claim().Name != "Eve" {
			t.Errorf("%s: signed %v, claimed %+v", got.Dialect(), got.Attributes(), got.Claim())
		}
	}
}

func TestClaimedTextIsCutAndTidied(t *testing.T) {
	a := identity.Assertion{UserID: strings.Repeat("ü", 200), Email: "a\x00b\n" + strings.Repeat("é", 200) + "\xff", Name: strings.Repeat("n", 999)}
	v, err := verify(t, "native", identity.SignsUserID, a)
	got := policy.Decide(policy.Rule{Enforcement: policy.Observe}, a, v, err).Claim()
	if len(got.UserID) > identity.MaxUserID || len(got.Email) > identity.MaxEmail || len(got.Name) != identity.MaxAttributeValue {
		t.Errorf("lengths %d, %d, %d", len(got.UserID), len(got.Email), len(got.Name))
	}
	if strings.ContainsAny(got.Email, "\x00\n") || !strings.HasPrefix(got.Email, "a\ufffdb\ufffdé") || strings.Trim(got.UserID, "ü") != "" {
		t.Errorf("%q and %q", got.UserID, got.Email)
	}
}

// TestNothingUnprovedIsEverVerified throws assertions and rules at Decide that no
// backend has signed.
func TestNothingUnprovedIsEverVerified(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a := identity.Assertion{
			Dialect: rapid.SampledFrom([]string{"", "native", "intercom", "nonesuch"}).Draw(r, "dialect"),
			UserID:  rapid.String().Draw(r, "user id"), Email: rapid.String().Draw(r, "email"), Name: rapid.String().Draw(r, "name"),
			Hash: rapid.StringMatching(`[0-9a-fA-F]{0,64}`).Draw(r, "hash"), Token: rapid.String().Draw(r, "token"), Malformed: rapid.Bool().Draw(r, "malformed"),
		}
		rule := policy.Rule{
			Enforcement: rapid.SampledFrom([]policy.Enforcement{
				"",
				policy.Off,
				policy.Observe,
				policy.Enforce,
				"x",
			}).Draw(r, "enforcement"),
			OnFailure:   rapid.SampledFrom([]policy.OnFailure{"", policy.Block, policy.MakeAnonymous}).Draw(r, "failure"),
			MinimumTier: rapid.SampledFrom([]policy.Tier{"", policy.Anonymous, policy.Claimed, policy.Verified, "x"}).Draw(r, "minimum"),
			SignedEmail: true, Tail: time.Hour,
		}
		v, err := verify(t, "native", identity.SignsUserID, a)
		got := policy.Decide(rule, a, v, err)
		if got.Tier() == policy.Verified || len(got.Identifiers()) > 0 || got.Key() != "" {
			r.Fatalf("%+v under %+v is %s", a, rule, outcome(got))
		}
		checkShape(t, "drawn", policy.Rule{Enforcement: rule.Enforcement}, a, got)
	})
}
