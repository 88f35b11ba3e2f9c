package identity_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// TestATokenIsNamedByWhatWasSigned: whoever can write the signature in another way
// that verifies too must not thereby have another token.
func TestATokenIsNamedByWhatWasSigned(t *testing.T) {
	for _, name := range []string{"native-jwt", "native-v1"} {
		key := keyOf(t, name, dialect.Setup{Signs: identity.SignsUserID})
		at := testNow.Add(-time.Minute)
		token, err := key.Sign(identity.Statement{UserID: "u1", Audience: "shop", IssuedAt: at, Life: 5 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		v, err := identity.Verify(ringOf(t, key), identity.Assertion{UserID: "u1", Token: token}, testNow)
		if err != nil {
			t.Fatal(err)
		}
		signed := token[:strings.LastIndex(token, ".")]
		if v.Digest() != sha256.Sum256([]byte(signed)) || !v.IssuedAt().Equal(at) {
			t.Errorf("%s: digest %x, issued %s", name, v.Digest(), v.IssuedAt())
		}
	}
	hash := keyOf(t, "native", dialect.Setup{Signs: identity.SignsUserID})
	proof, err := hash.Sign(identity.Statement{UserID: "u1"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := identity.Verify(ringOf(t, hash), identity.Assertion{UserID: "u1", Hash: proof}, testNow)
	if err != nil || v.Digest() != [32]byte{} || !v.IssuedAt().IsZero() {
		t.Errorf("a hash has a digest or a time: %v", err)
	}
	if (identity.Verified{}).Digest() != [32]byte{} {
		t.Error("nothing has a digest")
	}
}
