package policy_test

import (
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
