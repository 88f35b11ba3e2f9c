package policy_test

import (
	"testing"

	"countersign/identity/policy"
)

func TestAuthorityTakesEveryRightThatItNeeds(t *testing.T) {
	who := policy.ForAgent("main", "agt_1", "lgn_1", policy.Admin)
	invite := who.Needing(policy.ManageTeam)
	owner := invite.Needing(policy.RightsOf(policy.Owner)...)
	for _, c := range []struct {
		what string
		by   policy.Authority
		held policy.Role
		want bool
	}{
		{"an admin invites", invite, policy.Admin, true},
		{"an auditor invites", invite, policy.Auditor, false},
		{"an admin makes an owner", owner, policy.Admin, false},
		{"an owner makes an owner", owner, policy.Owner, true},
		{"nothing is needed", who.Needing(), policy.Auditor, true},
		{"an unknown role", invite, "nobody", false},
	} {
		if got := c.by.Within(policy.RightsOf(c.held)); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
	if invite.Who().ID() != "agt_1" || owner.Who().Login() != "lgn_1" || (policy.Authority{}).Who().Kind() != "" {
		t.Error("an authority forgets whose it is")
	}
}
