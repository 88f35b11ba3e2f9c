package policy_test

import (
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/policy"
)

// issuersKey is an Ed25519 pair that is published here and so never usable anywhere.
const issuersKey = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
`

// TestAVerdictNamesTheKidAndNothingUnprovedDoes: the session that is opened by it ends
// when that kid is revoked.
func TestAVerdictNamesTheKidAndNothingUnprovedDoes(t *testing.T) {
	private, err := identity.ParsePrivateKey(issuersKey)
	if err != nil {
		t.Fatal(err)
	}
	row, _ := dialect.Get("native-jwt")
	signer, err := row.NewKey(dialect.Setup{ID: "key_1", Private: &private, Platforms: []string{"web"}, Audiences: []string{"shop"}})
	if err != nil {
		t.Fatal(err)
	}
	jwk := `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"2026","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
	set, err := identity.ParseJWKS([]byte(jwk))
	if err != nil || len(set.Of(identity.EdDSA)) != 1 {
		t.Fatalf("%v, %v", set.Skipped(), err)
	}
	verifier := func(revoked ...string) identity.Ring {
		key, err := row.NewKey(dialect.Setup{ID: "key_1", Realm: "main", Platforms: []string{"web"}, Audiences: []string{"shop"}, Issuer: "iss", Public: &identity.PublicSet{
			Algorithm: identity.EdDSA, Keys: set.Of(identity.EdDSA), ByID: true, Revoked: revoked, FreshUntil: now.Add(time.Hour),
		}})
		if err != nil {
			t.Fatal(err)
		}
		ring, err := identity.NewRing(identity.Entry{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		return ring
	}
	token, err := signer.Sign(identity.Statement{UserID: "u1", Audience: "shop", IssuedAt: now, Life: time.Hour, KeyID: "2026", Claims: map[string]any{"iss": "iss"}})
	if err != nil {
		t.Fatal(err)
	}
	a := identity.Assertion{Token: token}
	verified, err := identity.Verify(verifier(), a, now)
	if err != nil {
		t.Fatal(err)
	}
	if v := policy.Decide(policy.Rule{Enforcement: policy.Enforce}, a, verified, nil); v.Kid() != "2026" || v.Key() != "key_1" || v.Tier() != policy.Verified {
		t.Errorf("kid %q by %q", v.Kid(), v.Key())
	}
	_, refusal := identity.Verify(verifier("2026"), a, now)
	for _, enforcement := range []policy.Enforcement{policy.Off, policy.Observe, policy.Enforce} {
		if v := policy.Decide(policy.Rule{Enforcement: enforcement}, a, identity.Verified{}, refusal); v.Kid() != "" || v.Reason() != identity.KeyRevoked || v.Tier() == policy.Verified {
			t.Errorf("%s, revoked: kid %q, %q", enforcement, v.Kid(), v.Reason())
		}
	}
	for _, name := range []string{"native", "native-jwt", "native-v1"} {
		other := identity.Assertion{UserID: "u1"}
		proof := sign(t, name, identity.SignsUserID, identity.Statement{UserID: "u1"})
		if name == "native" {
			other.Hash = proof
		} else {
			other.Token = proof
		}
		verified, err := verify(t, name, identity.SignsUserID, other)
		if err != nil {
			t.Fatal(err)
		}
		if v := policy.Decide(policy.Rule{}, other, verified, nil); v.Kid() != "" {
			t.Errorf("%s names the kid %q", name, v.Kid())
		}
	}
}
