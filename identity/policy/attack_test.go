package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
)

var (
	allEnforcements = []policy.Enforcement{policy.Off, policy.Observe, policy.Enforce, "", "ENFORCE", "unknown"}
	allFailures     = []policy.OnFailure{policy.Block, policy.MakeAnonymous, "", "unknown"}
	allMinimums     = []policy.Tier{"", policy.Anonymous, policy.Claimed, policy.Verified, "unknown"}
)

func everyRule(visit func(policy.Rule)) {
	for _, enforcement := range allEnforcements {
		for _, failure := range allFailures {
			for _, minimum := range allMinimums {
				for _, confirms := range []bool{false, true} {
					visit(policy.Rule{Enforcement: enforcement, OnFailure: failure, MinimumTier: minimum, SignedEmail: confirms})
				}
			}
		}
	}
}

// everyReason is each reason as an error of verification, and two errors that have none.
func everyReason() []error {
	var all []error
	for _, reason := range identity.Reasons() {
		all = append(all, &identity.Error{Reason: reason, Message: "A test."})
	}
	return append(all, errors.New("something broke"), fmt.Errorf("wrapped: %w", &identity.Error{Reason: identity.KeyRevoked}))
}

// TestNoReasonAndNoRuleVerifiesSomebodyWhoProvedNothing walks every reason under every
// rule, known or not, for each thing that a page may claim.
func TestNoReasonAndNoRuleVerifiesSomebodyWhoProvedNothing(t *testing.T) {
	says := map[string]identity.Assertion{
		"nobody":        {},
		"a user":        {UserID: "u1", Hash: strings.Repeat("0", 64)},
		"an email":      {Email: "ada@example.com", Hash: strings.Repeat("0", 64)},
		"both":          {UserID: "u1", Email: "ada@example.com"},
		"a token":       {Token: "a.b.c"},
		"a bad user id": {Malformed: true},
		"a name":        {Name: "Ada"},
	}
	for _, err := range everyReason() {
		everyRule(func(rule policy.Rule) {
			for name, a := range says {
				v := policy.Decide(rule, a, identity.Verified{}, err)
				if v.Tier() == policy.Verified || len(v.Identifiers()) > 0 || v.Key() != "" || v.Kid() != "" || v.Method() != identity.MethodNone || v.Attributes() != nil {
					t.Fatalf("%v, %+v, %s: %s with %v", err, rule, name, v.Tier(), v.Identifiers())
				}
				enforced := rule.Enforcement != policy.Off && rule.Enforcement != policy.Observe
				if enforced && v.Tier() == policy.Claimed {
					t.Fatalf("%v, %+v, %s: claimed although proofs are enforced", err, rule, name)
				}
				if enforced && !v.Claim().Empty() {
					t.Fatalf("%v, %+v, %s: the claim %+v is kept", err, rule, name, v.Claim())
				}
			}
		})
	}
}

// TestARefusalTellsTheVisitorOneOfTwoThings, whatever the reason was.
func TestARefusalTellsTheVisitorOneOfTwoThings(t *testing.T) {
	for _, err := range everyReason() {
		everyRule(func(rule policy.Rule) {
			for _, a := range []identity.Assertion{{}, {UserID: "u1"}, {UserID: "u1", Hash: "00"}, {Token: "x"}} {
				v := policy.Decide(rule, a, identity.Verified{}, err)
				switch v.Refusal() {
				case policy.NotRefused:
				case policy.IdentityRequired:
					if a.Hash != "" || a.Token != "" {
						t.Fatalf("%v: a proof was sent, and the answer says that one is needed", err)
					}
				case policy.IdentityRefused:
					if a.Hash == "" && a.Token == "" {
						t.Fatalf("%v: nothing was sent, and the answer says that it was refused", err)
					}
				default:
					t.Fatalf("a third answer: %q", v.Refusal())
				}
			}
		})
	}
}

// TestAVerifiedVisitorIsVerifiedUnderEveryRule but one that nobody knows.
func TestAVerifiedVisitorIsVerifiedUnderEveryRule(t *testing.T) {
	for _, name := range []string{"native", "native-jwt", "native-v1", "intercom", "intercom-jwt"} {
		a := identity.Assertion{UserID: "u1"}
		proof := sign(t, name, identity.SignsUserID, identity.Statement{UserID: "u1"})
		if name == "native" || name == "intercom" {
			a.Hash = proof
		} else {
			a.Token = proof
		}
		a.Dialect = strings.Split(name, "-")[0]
		verified, err := verify(t, name, identity.SignsUserID, a)
		if err != nil {
			t.Fatal(name, err)
		}
		everyRule(func(rule policy.Rule) {
			v := policy.Decide(rule, a, verified, nil)
			known := rule.MinimumTier != "unknown"
			if (v.Tier() == policy.Verified) != known {
				t.Fatalf("%s, %+v: %s, %s", name, rule, v.Tier(), v.Reason())
			}
			if known && (v.Key() != "key_1" || v.Identifiers()[0].Value != "u1" || v.Reason() != "") {
				t.Fatalf("%s, %+v: key %s, %v, reason %q", name, rule, v.Key(), v.Identifiers(), v.Reason())
			}
		})
	}
}

// TestAnErrorBesideAVerificationWins: a caller that mixes the two up admits nobody.
func TestAnErrorBesideAVerificationWins(t *testing.T) {
	a := identity.Assertion{UserID: "u1", Hash: sign(t, "native", identity.SignsUserID, identity.Statement{UserID: "u1"})}
	verified, err := verify(t, "native", identity.SignsUserID, a)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range everyReason() {
		everyRule(func(rule policy.Rule) {
			if v := policy.Decide(rule, a, verified, err); v.Tier() == policy.Verified || len(v.Identifiers()) > 0 {
				t.Fatalf("%v, %+v: verified", err, rule)
			}
		})
	}
}

// restoreRow is a session that stands, to be spoiled in one way at a time.
func restoreRow(tier policy.Tier) policy.Row {
	row := policy.Row{Tier: tier, ExpiresAt: now.Add(time.Hour), KeyVerifies: true, Enforcement: policy.Enforce, EmailCodes: true}
	if tier == policy.Verified {
		row.Method, row.Key = identity.MethodHMAC, "key_1"
		row.Identifiers = []identity.Identifier{{Realm: "main", Kind: identity.KindUserID, Value: "u1"}}
	}
	if tier == policy.Claimed {
		row.Enforcement = policy.Observe
	}
	return row
}

// TestEachThingEndsASession by itself, and the reason says which.
func TestEachThingEndsASession(t *testing.T) {
	for _, c := range []struct {
		name  string
		tier  policy.Tier
		spoil func(*policy.Row)
		want  policy.End
	}{
		{"a verified one stands", policy.Verified, func(*policy.Row) {}, policy.Stands},
		{"a claimed one stands", policy.Claimed, func(*policy.Row) {}, policy.Stands},
		{"an anonymous one stands", policy.Anonymous, func(*policy.Row) {}, policy.Stands},
		{"logged out", policy.Verified, func(r *policy.Row) { r.EndedAt, r.EndedBy = now, policy.EndedLogout }, policy.EndedLogout},
		{"ended in the future", policy.Verified, func(r *policy.Row) { r.EndedAt, r.EndedBy = now.Add(time.Hour), policy.EndedKey }, policy.EndedKey},
		{"ended by nobody knows what", policy.Verified, func(r *policy.Row) { r.EndedAt = now }, policy.EndedLogout},
		{"its last moment", policy.Verified, func(r *policy.Row) { r.ExpiresAt = now.Add(1) }, policy.Stands},
		{"its end", policy.Verified, func(r *policy.Row) { r.ExpiresAt = now }, policy.EndedExpired},
		{"long after its end", policy.Verified, func(r *policy.Row) { r.ExpiresAt = now.Add(-time.Hour) }, policy.EndedExpired},
		{"no end at all", policy.Verified, func(r *policy.Row) { r.ExpiresAt = time.Time{} }, policy.EndedExpired},
		{"a blocked person", policy.Verified, func(r *policy.Row) { r.Blocked = true }, policy.EndedBlocked},
		{"a blocked guest", policy.Anonymous, func(r *policy.Row) { r.Blocked = true }, policy.EndedBlocked},
		{"its key verifies no more", policy.Verified, func(r *policy.Row) { r.KeyVerifies = false }, policy.EndedKey},
		{"no key", policy.Verified, func(r *policy.Row) { r.Key = "" }, policy.EndedKey},
		{"an anonymous one asks no key", policy.Anonymous, func(r *policy.Row) { r.KeyVerifies = false }, policy.Stands},
		{"a code and a key", policy.Verified, func(r *policy.Row) { r.Method = identity.MethodCode }, policy.EndedPolicy},
		{"a code", policy.Verified, func(r *policy.Row) { r.Method, r.Key = identity.MethodCode, "" }, policy.Stands},
		{"a code where none is taken any more", policy.Verified, func(r *policy.Row) { r.Method, r.Key, r.EmailCodes = identity.MethodCode, "", false }, policy.EndedPolicy},
		{"claimed, enforced by now", policy.Claimed, func(r *policy.Row) { r.Enforcement = policy.Enforce }, policy.EndedPolicy},
		{"claimed, off", policy.Claimed, func(r *policy.Row) { r.Enforcement = policy.Off }, policy.Stands},
		{"claimed below the minimum, off", policy.Claimed, func(r *policy.Row) { r.Enforcement, r.MinimumTier = policy.Off, policy.Verified }, policy.Stands},
		{"anonymous below the minimum", policy.Anonymous, func(r *policy.Row) { r.MinimumTier = policy.Claimed }, policy.EndedPolicy},
		{"anonymous below the minimum, observed", policy.Anonymous, func(r *policy.Row) { r.MinimumTier, r.Enforcement = policy.Claimed, policy.Observe }, policy.Stands},
		{"verified at the minimum", policy.Verified, func(r *policy.Row) { r.MinimumTier = policy.Verified }, policy.Stands},
		{"verified below a minimum that nobody knows", policy.Verified, func(r *policy.Row) { r.MinimumTier = "unknown" }, policy.EndedPolicy},
		{"a tier that nobody knows", "unknown", func(*policy.Row) {}, policy.EndedPolicy},
		{"no tier", "", func(*policy.Row) {}, policy.EndedPolicy},
	} {
		row := restoreRow(c.tier)
		c.spoil(&row)
		if got := policy.Restore(row, now).Ended(); got != c.want {
			t.Errorf("%s: %q; want %q", c.name, got, c.want)
		}
	}
}

// TestNothingThatEndsASessionIsUndoneByAnother: two at once end it as well.
func TestNothingThatEndsASessionIsUndoneByAnother(t *testing.T) {
	spoils := map[string]func(*policy.Row){
		"ended":         func(r *policy.Row) { r.EndedAt, r.EndedBy = now, policy.EndedLogout },
		"expired":       func(r *policy.Row) { r.ExpiresAt = now },
		"blocked":       func(r *policy.Row) { r.Blocked = true },
		"key":           func(r *policy.Row) { r.KeyVerifies = false },
		"keyless":       func(r *policy.Row) { r.Key = "" },
		"minimum":       func(r *policy.Row) { r.MinimumTier = "unknown" },
		"unknown tier":  func(r *policy.Row) { r.Tier = "unknown" },
		"off":           func(r *policy.Row) { r.Enforcement = policy.Off },
		"codes allowed": func(r *policy.Row) { r.EmailCodes = true },
	}
	harmless := []string{"off", "codes allowed"}
	for one, first := range spoils {
		for two, second := range spoils {
			row := restoreRow(policy.Verified)
			first(&row)
			second(&row)
			stands := slices.Contains(harmless, one) && slices.Contains(harmless, two)
			if got := policy.Restore(row, now); (got.Ended() == policy.Stands) != stands {
				t.Errorf("%s and %s: %q", one, two, got.Ended())
			}
		}
	}
}

// TestImpersonationByEachPrincipal: who may do what lets its holder pass as a customer.
func TestImpersonationByEachPrincipal(t *testing.T) {
	token := func(scopes ...policy.Right) policy.Principal { return policy.ForToken("main", "tok_1", scopes) }
	agent := func(role policy.Role, ago time.Duration) policy.Principal {
		return policy.ForConfirmedAgent("main", "agt_1", "lgn_1", role, now.Add(-ago))
	}
	for _, c := range []struct {
		name   string
		who    policy.Principal
		right  policy.Right
		reason string
		want   error
	}{
		{"an owner just now", agent(policy.Owner, 0), policy.ManageKeys, "why", nil},
		{"an owner who reveals", agent(policy.Owner, 0), policy.RevealKeys, "why", nil},
		{"security just now", agent(policy.Security, time.Minute), policy.ManageKeys, "why", nil},
		{"one second before it lapses", agent(policy.Owner, policy.ConfirmedFor-time.Second), policy.ManageKeys, "why", nil},
		{"when it lapses", agent(policy.Owner, policy.ConfirmedFor), policy.ManageKeys, "why", policy.ErrUnconfirmed},
		{"an hour later", agent(policy.Owner, time.Hour), policy.ManageKeys, "why", policy.ErrUnconfirmed},
		{"never confirmed", policy.ForAgent("main", "agt_1", "lgn_1", policy.Owner), policy.ManageKeys, "why", policy.ErrUnconfirmed},
		{"no reason", agent(policy.Owner, 0), policy.ManageKeys, "", policy.ErrNoReason},
		{"a blank reason", agent(policy.Owner, 0), policy.ManageKeys, " \t\n", policy.ErrNoReason},
		{"an admin", agent(policy.Admin, 0), policy.ManageKeys, "why", policy.ErrForbidden},
		{"an agent", agent(policy.AgentR, 0), policy.ManageKeys, "why", policy.ErrForbidden},
		{"an auditor", agent(policy.Auditor, 0), policy.ManageKeys, "why", policy.ErrForbidden},
		{"an auditor who reveals", agent(policy.Auditor, 0), policy.RevealKeys, "why", policy.ErrForbidden},
		{"a role that nobody knows", agent("root", 0), policy.ManageKeys, "why", policy.ErrForbidden},
		{"no role", agent("", 0), policy.ManageKeys, "why", policy.ErrForbidden},
		{"an owner without the second factor", agent(policy.Owner, 0).WithoutFactor(), policy.ManageKeys, "why", policy.ErrForbidden},
		{"security without the second factor", agent(policy.Security, 0).WithoutFactor(), policy.RevealKeys, "why", policy.ErrForbidden},
		{"a program with the right", token(policy.ManageKeys), policy.ManageKeys, "", nil},
		{"a program with another right", token(policy.ReadKeys), policy.ManageKeys, "why", policy.ErrForbidden},
		{"a program without any", token(), policy.ManageKeys, "why", policy.ErrForbidden},
		{"a program that reveals with the right to manage", token(policy.ManageKeys), policy.RevealKeys, "why", policy.ErrForbidden},
		{"a visitor", policy.ForVisitor("main", "ses_1"), policy.ManageKeys, "why", policy.ErrForbidden},
		{"the machine's operator", policy.ForSystem("main", "cli:root"), policy.ManageKeys, "", nil},
		{"nobody", policy.Principal{}, policy.ManageKeys, "why", policy.ErrForbidden},
	} {
		if got := c.who.Impersonate(c.right, c.reason, now); !errors.Is(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s: %v; want %v", c.name, got, c.want)
		}
	}
}
