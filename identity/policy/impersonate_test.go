package policy_test

import (
	"errors"
	"testing"
	"time"

	"countersign/identity/policy"
)

func TestWhoeverMightPassAsACustomerWasPresentJustNowAndSaysWhy(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	as := func(role policy.Role, confirmed time.Time) policy.Principal {
		return policy.ForConfirmedAgent("main", "agt_1", "lgn_1", role, confirmed)
	}
	for name, c := range map[string]struct {
		who    policy.Principal
		reason string
		want   error
	}{
		"security, just now, with a reason": {as(policy.Security, now), "rotation", nil},
		"a second before the end":           {as(policy.Owner, now.Add(time.Second-policy.ConfirmedFor)), "rotation", nil},
		"at the end":                        {as(policy.Owner, now.Add(-policy.ConfirmedFor)), "rotation", policy.ErrUnconfirmed},
		"a stolen cookie, never confirmed":  {policy.ForAgent("main", "agt_1", "lgn_1", policy.Owner), "rotation", policy.ErrUnconfirmed},
		"without a reason":                  {as(policy.Owner, now), " \t", policy.ErrNoReason},
		"an admin":                          {as(policy.Admin, now), "curious", policy.ErrForbidden},
		"an auditor":                        {as(policy.Auditor, now), "curious", policy.ErrForbidden},
		"a program with the scope":          {policy.ForToken("main", "tok_1", []policy.Right{policy.RevealKeys}), "", nil},
		"a program without it":              {policy.ForToken("main", "tok_1", []policy.Right{policy.ReadKeys}), "why", policy.ErrForbidden},
		"the operator on the machine":       {policy.ForSystem("main", "cli:root"), "", nil},
		"a visitor":                         {policy.ForVisitor("main", "ses_1"), "why", policy.ErrForbidden},
		"nobody":                            {policy.Principal{}, "why", policy.ErrForbidden},
	} {
		if err := c.who.Impersonate(policy.RevealKeys, c.reason, now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
