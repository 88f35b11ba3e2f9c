package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/trust"
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

// A second door skips no check: a proof that an operator or a log-out has ended opens
// nothing in a product's own chat either, or a thief takes it there.
func TestVerificationAsAServiceTakesNoProofThatWasEnded(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	made, _, hashes := h.channel("shop", policy.Enforce)
	_, secret, err := h.Keys.Generate(t.Context(), h.System, trust.KeyDraft{Channel: made.ID, Dialect: "native-jwt"})
	must(t, err)
	program := bearer(h.program(policy.VerifyIdentity))
	asks := func(assertion object) answer {
		return h.want(200, "POST", "/api/v1/verify", program, object{"channel": "shop", "assertion": assertion})
	}
	refused := func(name string, a answer, outcome, reason string) {
		t.Helper()
		if a.JSON["verified"] != false || a.text("refusal") != "identity_refused" || a.text("reason") != reason || a.text("message") == "" ||
			a.JSON["identifiers"] != nil || a.JSON["tier"] != nil {
			t.Errorf("%s: %s", name, a.Text)
		}
		kept := h.entries(audit.SessionRefused)
		if len(kept) == 0 || kept[0].Detail["outcome"] != outcome {
			t.Errorf("%s: the record says %+v", name, kept)
		}
	}
	jwt := token(t, secret, "shop", "ada", time.Now(), nil)
	in := h.shows("shop", jwt, nil)
	if a := asks(object{"jwt": jwt}); a.JSON["verified"] != true {
		t.Fatalf("%s", a.Text)
	}
	h.want(204, "DELETE", "/api/v1/widget/sessions/current", bearer(in.text("session")), nil)
	refused("a token that was logged out", asks(object{"jwt": jwt}), "logged_out", "token_expired")

	stolen := token(t, secret, "shop", "ada", time.Now(), object{"jti": "2"})
	hash := object{"user_id": "ada", "hash": sign(hashes, "ada")}
	contact := "/api/v1/console/contacts/" + h.person("ada")
	h.want(200, "POST", contact+"/sessions/end", owner, object{"bare_hashes": true})
	refused("a token from before all sessions were ended", asks(object{"jwt": stolen}), "not_before", "token_expired")
	refused("a hash that is refused", asks(hash), "bare_hash", "key_unusable")
	if a := asks(object{"jwt": token(t, secret, "shop", "ada", time.Now().Add(2*time.Second), nil)}); a.JSON["verified"] != true {
		t.Errorf("a fresh one: %s", a.Text)
	}
	h.want(200, "POST", contact+"/block", owner, object{"blocked": true})
	refused("somebody who is blocked", asks(object{"jwt": token(t, secret, "shop", "ada", time.Now().Add(3*time.Second), nil)}), "blocked", "")
}
