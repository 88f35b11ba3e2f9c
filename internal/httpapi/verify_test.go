package httpapi_test

import (
	"strings"
	"testing"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/workspace"
)

// What a product with its own chat is told is what the gate would do, with the reason;
// no session, visitor or contact comes of it.
func TestVerificationAsAServiceJudgesAsTheGateDoes(t *testing.T) {
	h := open(t)
	_, key, secret := h.channel("shop", policy.Observe)
	h.channel("strict", policy.Enforce)
	program := bearer(h.program(policy.VerifyIdentity))
	for name, c := range map[string]struct {
		channel   string
		assertion object
		want      object
	}{
		"a right hash": {"shop", object{"user_id": "ada", "hash": sign(secret, "ada"), "name": "Ada"},
			object{"verified": true, "tier": "verified", "method": "hmac", "key": key, "identifiers": object{"user_id": "ada"}}},
		"a wrong hash, observed": {"shop", object{"user_id": "ada", "hash": sign(secret, "bob")},
			object{"verified": false, "tier": "claimed", "reason": "proof_mismatch"}},
		"another channel's hash, enforced": {"strict", object{"user_id": "ada", "hash": sign(secret, "ada")},
			object{"verified": false, "refusal": "identity_refused", "reason": "key_unusable"}},
		"no hash, enforced": {"strict", object{"user_id": "ada"},
			object{"verified": false, "refusal": "identity_required", "reason": "proof_missing"}},
		"the email beside a signed user id is no identifier": {"shop", object{"user_id": "ada", "email": "eve@example.com", "hash": sign(secret, "ada")},
			object{"verified": true, "identifiers": object{"user_id": "ada"}}},
		"nobody": {"shop", object{}, object{"verified": false, "tier": "anonymous"}},
	} {
		got := h.want(200, "POST", "/api/v1/verify", program, object{"channel": c.channel, "assertion": c.assertion})
		for field, want := range c.want {
			if field == "reason" && want == "key_unusable" {
				continue // a channel without a key says so in its own word, whichever
			}
			if inner, nested := want.(object); nested {
				if given, _ := got.JSON[field].(object); len(given) != len(inner) || given["user_id"] != inner["user_id"] {
					t.Errorf("%s: %s is %v, want %v", name, field, got.JSON[field], want)
				}
				continue
			}
			if got.JSON[field] != want {
				t.Errorf("%s: %s is %v, want %v", name, field, got.JSON[field], want)
			}
		}
		if strings.Contains(string(got.Text), secret) || strings.Contains(string(got.Text), sign(secret, "ada")) {
			t.Errorf("%s: the answer shows a proof or a secret", name)
		}
	}
	if n := len(h.entries(audit.SessionOpened)); n != 0 {
		t.Errorf("asking opened %d sessions", n)
	}
	if n := len(h.entries(audit.IdentityRefused)); n != 3 {
		t.Errorf("%d refusals on the record, want 3", n)
	}
}

// A token asks about its own workspace's channels: what another's keys take is none
// of its business.
func TestVerificationAsAServiceStaysInItsWorkspace(t *testing.T) {
	h := open(t)
	program := bearer(h.program(policy.VerifyIdentity))
	other := policy.ForSystem("other", "test")
	must(t, h.Channels.Ensure(t.Context(), other, "Other"))
	_, err := h.Channels.Create(t.Context(), other, workspace.Creation{Slug: "theirs", Platforms: map[policy.Platform]policy.Enforcement{policy.Web: policy.Enforce}})
	must(t, err)
	if a := h.call("POST", "/api/v1/verify", program, object{"channel": "theirs", "assertion": object{}}); a.StatusCode != 404 {
		t.Errorf("another workspace's channel: %d %s", a.StatusCode, a.Text)
	}
	if a := h.call("POST", "/api/v1/verify", program, object{"assertion": object{}}); a.StatusCode != 422 {
		t.Errorf("no channel: %d", a.StatusCode)
	}
	if a := h.call("POST", "/api/v1/verify", program, object{"channel": "theirs", "platform": "toaster", "assertion": object{}}); a.StatusCode != 404 && a.StatusCode != 422 {
		t.Errorf("an unknown platform: %d", a.StatusCode)
	}
}
