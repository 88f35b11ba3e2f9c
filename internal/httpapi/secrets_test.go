package httpapi_test

import (
	"slices"
	"strings"
	"testing"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/workspace"
)

// A script that rotates an Intercom secret works here after its base URL is changed.
func TestIntercomsRotationScriptWorks(t *testing.T) {
	h := open(t)
	program := bearer(h.program(policy.ManageKeys, policy.ReadKeys))
	_, err := h.Channels.Create(t.Context(), h.System, workspace.Creation{
		Slug: "app", Aliases: []string{"abc123"}, Platforms: map[policy.Platform]policy.Enforcement{policy.Web: policy.Enforce, policy.IOS: policy.Observe},
	})
	must(t, err)
	create := func(name string) (id, secret string) {
		a := h.want(201, "POST", "/secure_mode_secrets", program, object{"name": name, "supports_web": true})
		if a.text("type") != "identity_verification_secret" || a.text("name") != name || a.JSON["supports_web"] != true || a.JSON["supports_ios"] != false ||
			a.JSON["supports_android"] != false || a.JSON["created_at"].(float64) < 1e9 || len(a.text("secret")) != 64 {
			t.Fatalf("created %s", a.Text)
		}
		return a.text("id"), a.text("secret")
	}
	enters := func(secret string) bool {
		a := h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "abc123", "assertion": object{"dialect": "intercom", "user_id": "ada", "hash": sign(secret, "ada")}})
		return a.StatusCode == 201
	}
	listed := func() (ids []string) {
		a := h.want(200, "GET", "/secure_mode_secrets", program, nil)
		if a.text("type") != "list" || strings.Contains(string(a.Text), `"secret"`) {
			t.Errorf("listed %s", a.Text)
		}
		for _, item := range a.JSON["data"].([]any) {
			ids = append(ids, item.(object)["id"].(string))
		}
		return ids
	}

	old, oldSecret := create("Production Web")
	next, nextSecret := create("Production Web 2")
	within(t, "both secrets", func() bool { return enters(oldSecret) && enters(nextSecret) })
	if ids := listed(); !slices.Contains(ids, old) || !slices.Contains(ids, next) {
		t.Errorf("listed %v", ids)
	}
	gone := h.want(200, "DELETE", "/secure_mode_secrets/"+old, program, nil)
	if gone.text("id") != old || gone.text("secret") != "" {
		t.Errorf("deleted %s", gone.Text)
	}
	within(t, "the end of the old secret", func() bool { return !enters(oldSecret) })
	if ids := listed(); !enters(nextSecret) || slices.Contains(ids, old) || !slices.Contains(ids, next) {
		t.Errorf("after the rotation: %v", ids)
	}
	if a := h.call("DELETE", "/secure_mode_secrets/"+old, program, nil); a.StatusCode != 404 || a.code() != "identity_verification_secret_not_found" {
		t.Errorf("deleted twice: %d %s", a.StatusCode, a.Text)
	}
	if n := len(h.entries(audit.KeyRevoked)); n != 1 {
		t.Errorf("%d revocations on the record", n)
	}
}

func TestIntercomsSecretsRefuseAsIntercomDoes(t *testing.T) {
	h := open(t)
	program := bearer(h.program(policy.ManageKeys, policy.ReadKeys))
	_, native, _ := h.channel("app", policy.Observe)
	for name, c := range map[string]struct {
		body   object
		status int
		code   string
	}{
		"no name":          {object{"supports_web": true}, 422, "parameter_invalid"},
		"no platform":      {object{"name": "x"}, 422, "parameter_invalid"},
		"a foreign field":  {object{"name": "x", "supports_web": true, "secret": "mine"}, 422, "parameter_invalid"},
		"not its platform": {object{"name": "x", "supports_ios": true}, 422, "parameter_invalid"},
	} {
		a := h.call("POST", "/secure_mode_secrets", program, c.body)
		if a.StatusCode != c.status || a.code() != c.code || a.text("type") != "error.list" || a.text("request_id") == "" {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.Text)
		}
	}
	// A key of another dialect is none of these secrets: not listed, not deleted.
	if a := h.call("DELETE", "/secure_mode_secrets/"+native, program, nil); a.StatusCode != 404 {
		t.Errorf("a native key was deleted: %d", a.StatusCode)
	}
	if a := h.want(200, "GET", "/secure_mode_secrets", program, nil); len(a.JSON["data"].([]any)) != 0 {
		t.Errorf("a native key is listed: %s", a.Text)
	}
	// With two channels nobody guesses which is meant.
	h.channel("second", policy.Observe)
	if a := h.call("POST", "/secure_mode_secrets", program, object{"name": "x", "supports_web": true}); a.StatusCode != 422 {
		t.Errorf("two channels: %d %s", a.StatusCode, a.Text)
	}
	h.want(201, "POST", "/secure_mode_secrets?app_id=second", program, object{"name": "x", "supports_web": true})
	h.want(201, "POST", "/secure_mode_secrets", program, object{"name": "y", "supports_web": true})
	if a := h.call("POST", "/secure_mode_secrets?app_id=nowhere", program, object{"name": "x", "supports_web": true}); a.StatusCode != 422 {
		t.Errorf("an unknown app: %d %s", a.StatusCode, a.Text)
	}
}
