package chat

import (
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
)

// In the tail of a timed proof chat goes on, and a thread needs a fresh proof to be claimed.
func TestNothingIsClaimedOnceTheProofItselfHasEnded(t *testing.T) {
	now := time.Date(2031, 1, 1, 12, 0, 0, 0, time.UTC)
	standing := policy.Restore(policy.Row{Tier: policy.Verified, Method: identity.MethodJWT, Key: "key_1", KeyVerifies: true, ExpiresAt: now.Add(time.Hour)}, now)
	for _, c := range []struct {
		name    string
		dialect string
		ends    time.Time
		may     bool
	}{
		{"a proof without an end", "intercom-jwt", time.Time{}, true},
		{"a vendor's proof that lasts, tail included", "intercom-jwt", now.Add(tail + time.Second), true},
		{"a vendor's proof that ended now", "intercom-jwt", now.Add(tail), false},
		{"deep in the tail", "pylon-jwt", now.Add(time.Minute), false},
		{"a native proof, which has no tail", "native-jwt", now.Add(time.Minute), true},
	} {
		if got := mayClaim(Session{Dialect: c.dialect, ProofEnds: c.ends, Standing: standing}, now); got != c.may {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
