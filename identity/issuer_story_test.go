package identity_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// published is what an issuer shows at some moment :: kid → private key.
type published map[string]string

// asKey is the key that a verifier builds of it.
func (p published) asKey(t *testing.T, fetched time.Time, revoked ...string) *identity.Key {
	t.Helper()
	var members []string
	for kid, private := range p {
		members = append(members, jwkOf(t, publicPEM(t, private), kid))
	}
	slices.Sort(members)
	set, err := identity.ParseJWKS([]byte(jwks(members...)))
	if err != nil {
		t.Fatal(err)
	}
	return publicKeyOf(t, dialect.Setup{Issuer: issuer, Public: &identity.PublicSet{
		Algorithm: identity.ES256, Keys: set.Of(identity.ES256), ByID: true, Revoked: revoked, FreshUntil: fetched.Add(identity.MaxSetAge),
	}})
}

// TestAnIssuersRotationStepByStep: what each set says of each token, as an issuer
// publishes ahead, signs with the new key, withdraws the old one, and is broken into.
func TestAnIssuersRotationStepByStep(t *testing.T) {
	old := bySign(t, esPrivate, withKid("2025"), issued())
	next := bySign(t, esOther, withKid("2026"), issued())
	forged := bySign(t, esOther, withKid("2025"), issued())
	for _, step := range []struct {
		name              string
		set               published
		revoked           []string
		fetched           time.Duration // before now
		old, next, forged identity.Reason
	}{
		{"before", published{"2025": esPrivate}, nil, 0, "", identity.KeyUnusable, identity.ProofMismatch},
		{"published ahead", published{"2025": esPrivate, "2026": esOther}, nil, 0, "", "", identity.ProofMismatch},
		{"published ahead, fetched 23 hours ago", published{"2025": esPrivate, "2026": esOther}, nil, 23 * time.Hour, "", "", identity.ProofMismatch},
		{"not fetched since a day", published{"2025": esPrivate, "2026": esOther}, nil, 24 * time.Hour, identity.KeyUnusable, identity.KeyUnusable, identity.KeyUnusable},
		{"the old one withdrawn", published{"2026": esOther}, nil, 0, identity.KeyUnusable, "", identity.KeyUnusable},
		{"the old one revoked here, still published", published{"2025": esPrivate, "2026": esOther}, []string{"2025"}, 0, identity.KeyRevoked, "", identity.ProofMismatch},
		{"the old one revoked here and withdrawn", published{"2026": esOther}, []string{"2025"}, 0, identity.KeyUnusable, "", identity.KeyUnusable},
		{"the revoked kid published again with another key", published{"2025": esOther}, []string{"2025"}, 0, identity.ProofMismatch, identity.KeyUnusable, identity.KeyRevoked},
		{"both revoked", published{"2025": esPrivate, "2026": esOther}, []string{"2025", "2026"}, 0, identity.KeyRevoked, identity.KeyRevoked, identity.ProofMismatch},
		{"a kid revoked that never was", published{"2025": esPrivate}, []string{"1999"}, 0, "", identity.KeyUnusable, identity.ProofMismatch},
		{"an intruder publishes the old kid with a key of its own", published{"2025": esOther}, nil, 0, identity.ProofMismatch, identity.KeyUnusable, ""},
		{"everything withdrawn", published{}, nil, 0, identity.KeyUnusable, identity.KeyUnusable, identity.KeyUnusable},
		{"fetched in the future, by a clock that went back", published{"2025": esPrivate}, nil, -time.Hour, "", identity.KeyUnusable, identity.ProofMismatch},
	} {
		key := step.set.asKey(t, testNow.Add(-step.fetched), step.revoked...)
		for name, c := range map[string]struct {
			token string
			want  identity.Reason
		}{
			"the old key's token":   {old, step.old},
			"the new key's token":   {next, step.next},
			"new key under old kid": {forged, step.forged},
		} {
			if got := reasonFor(t, c.token, key); got != c.want {
				t.Errorf("%s: %s: %q; want %q", step.name, name, got, c.want)
			}
		}
	}
}

// TestTwoIssuersOfOneChannelStayApart: the same kid in both sets, and each verifies its
// own tokens alone.
func TestTwoIssuersOfOneChannelStayApart(t *testing.T) {
	set := func(id, iss, private string) *identity.Key {
		parsed, err := identity.ParseJWKS([]byte(jwks(jwkOf(t, publicPEM(t, private), "1"))))
		if err != nil {
			t.Fatal(err)
		}
		return publicKeyOf(t, dialect.Setup{ID: id, Issuer: iss, Public: &identity.PublicSet{Algorithm: identity.ES256, Keys: parsed.Of(identity.ES256), ByID: true, FreshUntil: testNow.Add(time.Hour)}})
	}
	one, two := set("one", "https://one.example", esPrivate), set("two", "https://two.example", esOther)
	for _, c := range []struct {
		name, private, iss string
		by                 string
		reason             identity.Reason
	}{
		{"the first's own", esPrivate, "https://one.example", "one", ""},
		{"the second's own", esOther, "https://two.example", "two", ""},
		{"the first in the second's name", esPrivate, "https://two.example", "", identity.AudienceWrong},
		{"the second in the first's name", esOther, "https://one.example", "", identity.AudienceWrong},
		{"a stranger in the first's name", p256(t), "https://one.example", "", identity.ProofMismatch},
	} {
		for _, order := range [][]*identity.Key{{one, two}, {two, one}} {
			token := bySign(t, c.private, withKid("1"), claims("iss", fmt.Sprintf("%q", c.iss)))
			v, err := identity.Verify(ringOf(t, order...), identity.Assertion{Token: token}, testNow)
			if v.Key() != c.by || identity.ReasonOf(err) != c.reason {
				t.Errorf("%s: by %q, %v", c.name, v.Key(), err)
			}
		}
	}
}
