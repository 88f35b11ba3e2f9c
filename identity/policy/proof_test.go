package policy_test

import (
	"testing"

	"countersign/identity"
	"countersign/identity/policy"
)

func TestAVerdictKnowsWhichProofItIsOfAndWhenThatWasMade(t *testing.T) {
	token := sign(t, "native-jwt", identity.SignsUserID, identity.Statement{UserID: "u1"})
	a := identity.Assertion{Token: token}
	verified, err := verify(t, "native-jwt", identity.SignsUserID, a)
	if err != nil {
		t.Fatal(err)
	}
	v := policy.Decide(policy.Rule{}, a, verified, nil)
	if !v.Issued().Equal(now) || v.Digest() != verified.Digest() || v.Digest() == [32]byte{} {
		t.Errorf("issued %s, digest %x", v.Issued(), v.Digest())
	}
	hash := identity.Assertion{UserID: "u1", Hash: sign(t, "native", identity.SignsUserID, identity.Statement{UserID: "u1"})}
	verified, err = verify(t, "native", identity.SignsUserID, hash)
	if err != nil {
		t.Fatal(err)
	}
	if v = policy.Decide(policy.Rule{}, hash, verified, nil); !v.Issued().IsZero() || v.Digest() != [32]byte{} {
		t.Error("a hash says when it was made")
	}
	if v = policy.Decide(policy.Rule{Enforcement: policy.Enforce}, a, verified, &identity.Error{Reason: identity.TokenExpired}); v.Digest() != [32]byte{} || !v.Issued().IsZero() {
		t.Error("what was refused names its proof")
	}
}
