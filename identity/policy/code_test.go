package policy_test

import (
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
)

func provedMailbox(t *testing.T) identity.Mailbox {
	t.Helper()
	key := identity.NewSecret([]byte("0123456789abcdef0123456789abcdef"))
	now := time.Unix(1_700_000_000, 0)
	c := identity.Challenge{ID: "c", Asker: "s", Channel: "h", Realm: "main", Email: "ada@shop.example", ExpiresAt: now.Add(time.Minute)}
	mailbox, err := identity.VerifyCode(key, c.Tagged(key, "123456"), "123456", now)
	if err != nil {
		t.Fatal(err)
	}
	return mailbox
}

func TestACodeVerifiesTheAddressAndNoAccount(t *testing.T) {
	for _, minimum := range []policy.Tier{"", policy.Anonymous, policy.Claimed, policy.Verified} {
		v := policy.DecideCode(policy.CodeRule{Allowed: true, MinimumTier: minimum}, provedMailbox(t), nil)
		if v.Tier() != policy.Verified || v.Method() != identity.MethodCode || v.Key() != "" || v.Refusal() != policy.NotRefused {
			t.Fatalf("minimum %q: %+v", minimum, v)
		}
		if got := v.Identifiers(); len(got) != 1 || got[0].Kind != identity.KindEmail || len(v.Attributes()) != 0 || !v.Claim().Empty() || !v.Expires().IsZero() {
			t.Errorf("it covers more than the address: %+v", v)
		}
	}
}

func TestNoCodeIsAVerificationWithoutItsProof(t *testing.T) {
	mismatch := &identity.Error{Reason: identity.ProofMismatch}
	for name, v := range map[string]policy.Verdict{
		"switched off":            policy.DecideCode(policy.CodeRule{}, provedMailbox(t), nil),
		"wrong code":              policy.DecideCode(policy.CodeRule{Allowed: true}, identity.Mailbox{}, mismatch),
		"a mailbox and an error":  policy.DecideCode(policy.CodeRule{Allowed: true}, provedMailbox(t), mismatch),
		"neither":                 policy.DecideCode(policy.CodeRule{Allowed: true}, identity.Mailbox{}, nil),
		"an unknown minimum tier": policy.DecideCode(policy.CodeRule{Allowed: true, MinimumTier: "platinum"}, provedMailbox(t), nil),
	} {
		if v.Tier() != policy.Anonymous || v.Refusal() != policy.IdentityRefused || len(v.Identifiers()) != 0 || v.Method() != "" || v.Reason() == "" {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// A code session has no key. It stands on the channel's leave, and only it does.
func TestACodeSessionEndsWithTheChannelsLeaveAndOthersStillNeedTheirKey(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	base := policy.Row{Tier: policy.Verified, Method: identity.MethodCode, ExpiresAt: now.Add(time.Hour), EmailCodes: true, Enforcement: policy.Enforce}
	with := func(change func(*policy.Row)) policy.Row { r := base; change(&r); return r }
	for name, c := range map[string]struct {
		row  policy.Row
		want policy.End
	}{
		"codes are taken":             {base, policy.Stands},
		"codes are taken no more":     {with(func(r *policy.Row) { r.EmailCodes = false }), policy.EndedPolicy},
		"a code with a key":           {with(func(r *policy.Row) { r.Key, r.KeyVerifies = "key_1", true }), policy.EndedPolicy},
		"a hash without a key":        {with(func(r *policy.Row) { r.Method = identity.MethodHMAC }), policy.EndedKey},
		"no method and no key":        {with(func(r *policy.Row) { r.Method = "" }), policy.EndedKey},
		"blocked":                     {with(func(r *policy.Row) { r.Blocked = true }), policy.EndedBlocked},
		"ran out":                     {with(func(r *policy.Row) { r.ExpiresAt = now }), policy.EndedExpired},
		"minimum tier verified":       {with(func(r *policy.Row) { r.MinimumTier = policy.Verified }), policy.Stands},
		"minimum tier nobody knows":   {with(func(r *policy.Row) { r.MinimumTier = "platinum" }), policy.EndedPolicy},
		"an anonymous one is no code": {with(func(r *policy.Row) { r.Tier, r.EmailCodes = policy.Anonymous, false }), policy.Stands},
	} {
		if got := policy.Restore(c.row, now).Ended(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
