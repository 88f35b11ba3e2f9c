package policy_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"countersign/identity/policy"
)

// TestWithoutTheFactorThatIsAskedForNobodyReachesAKey: what is taken away is what
// leads to a customer's identity, from the roles that have it, and nothing is given.
func TestWithoutTheFactorThatIsAskedForNobodyReachesAKey(t *testing.T) {
	for _, role := range policy.Roles() {
		whole := policy.ForConfirmedAgent("main", "agt_1", "lgn_1", role, time.Now())
		lacking := whole.WithoutFactor()
		for _, right := range policy.RightsOf(policy.Owner) {
			want := whole.May(right) && (!policy.NeedsFactor(role) || !slices.Contains(policy.Guarded(), right))
			if lacking.May(right) != want || slices.Contains(policy.Held(role, true), right) != want {
				t.Errorf("%s without a factor, %s: may %v, want %v", role, right, lacking.May(right), want)
			}
			if slices.Contains(policy.Held(role, false), right) != whole.May(right) {
				t.Errorf("%s: the table and the principal disagree on %s", role, right)
			}
		}
	}
	if got := policy.ForToken("main", "tok_1", []policy.Right{policy.ManageKeys}).WithoutFactor(); !got.May(policy.ManageKeys) {
		t.Error("a program has no second factor to lack")
	}
}

// TestARefusalSpeaksOfTheFactorToThoseAloneWhoseItWouldBe: role × right, with and without
// a factor; a right that is missing besides makes it a plain refusal.
func TestARefusalSpeaksOfTheFactorToThoseAloneWhoseItWouldBe(t *testing.T) {
	for _, role := range append(policy.Roles(), "nobody") {
		whole := policy.ForAgent("main", "agt_1", "lgn_1", role)
		lacking := whole.WithoutFactor()
		for _, right := range policy.RightsOf(policy.Owner) {
			if whole.May(right) && !lacking.May(right) != errors.Is(lacking.Refusal(right), policy.ErrWithheld) {
				t.Errorf("%s, %s: %v", role, right, lacking.Refusal(right))
			}
			if !whole.May(right) && !plain(lacking.Refusal(right)) {
				t.Errorf("%s, %s: tells %v", role, right, lacking.Refusal(right))
			}
			for name, who := range map[string]policy.Principal{"with a factor": whole, "program": policy.ForToken("main", "t", nil).WithoutFactor(), "nobody": {}, "visitor": policy.ForVisitor("main", "s")} {
				if got := who.Refusal(right); !plain(got) {
					t.Errorf("%s %s, %s: tells %v", role, name, right, got)
				}
			}
		}
	}
	security := policy.ForAgent("main", "agt_1", "lgn_1", policy.Security).WithoutFactor()
	if got := security.Refusal(policy.ManageKeys, policy.ManageTeam); !plain(got) {
		t.Errorf("one right withheld and one not theirs: %v", got)
	}
	if !errors.Is(policy.ErrWithheld, policy.ErrForbidden) {
		t.Error("who asks for a refusal does not find this one")
	}
}

// plain says that a refusal speaks of no second factor.
func plain(err error) bool {
	return errors.Is(err, policy.ErrForbidden) && !errors.Is(err, policy.ErrWithheld)
}
