package httpapi_test

import (
	"testing"

	"countersign/identity/policy"
)

// TestAnAdminRisesByNoPath: who may manage the team and is no owner comes by none of
// its calls to what an owner or security can do.
func TestAnAdminRisesByNoPath(t *testing.T) {
	h := open(t)
	owner, security, admin := h.join("owner@example.com", policy.Owner), h.join("security@example.com", policy.Security), h.join("admin@example.com", policy.Admin)
	h.withApp(owner)
	id := func(who credential) string {
		return h.want(200, "GET", "/api/v1/console/me", who, nil).JSON["agent"].(object)["id"].(string)
	}
	h.want(201, "POST", "/api/v1/console/agents", owner, object{"email": "late@example.com", "role": "security"})
	for name, c := range map[string]struct {
		method, path string
		body         any
	}{
		"invites an owner":                  {"POST", "/agents", object{"email": "x@example.com", "role": "owner"}},
		"invites security":                  {"POST", "/agents", object{"email": "x@example.com", "role": "security"}},
		"takes a waiting invitation's link": {"POST", "/agents", object{"email": "late@example.com", "role": "security"}},
		"becomes an owner":                  {"PATCH", "/agents/" + id(admin), object{"role": "owner"}},
		"becomes security":                  {"PATCH", "/agents/" + id(admin), object{"role": "security"}},
		"becomes an auditor":                {"PATCH", "/agents/" + id(admin), object{"role": "auditor"}},
		"demotes the owner":                 {"PATCH", "/agents/" + id(owner), object{"role": "agent"}},
		"removes the owner":                 {"DELETE", "/agents/" + id(owner), nil},
		"removes security":                  {"DELETE", "/agents/" + id(security), nil},
		"takes the owner's second factor":   {"DELETE", "/agents/" + id(owner) + "/factors", nil},
		"takes security's second factor":    {"DELETE", "/agents/" + id(security) + "/factors", nil},
		"no longer asks for second factors": {"PUT", "/team-rule", object{"second_factor": false}},
		"makes a token":                     {"POST", "/tokens", object{"name": "x", "scopes": []string{"channels.read"}}},
	} {
		if a := h.call(c.method, "/api/v1/console"+c.path, admin, c.body); a.StatusCode != 403 || a.code() != "forbidden" {
			t.Errorf("an admin %s: %d %s", name, a.StatusCode, a.Text)
		}
	}
	if a := h.call("DELETE", "/api/v1/console/agents/"+id(owner)+"/factors", security, nil); a.code() != "forbidden" {
		t.Errorf("security takes the owner's second factor: %d %s", a.StatusCode, a.Text)
	}
	// The owner can, and what they take it from is signed out.
	h.withApp(security)
	h.want(204, "DELETE", "/api/v1/console/agents/"+id(security)+"/factors", owner, nil)
	h.ends("/api/v1/console/me", security)
	h.want(200, "GET", "/api/v1/console/me", cookie(loginIn(t, h.want(200, "POST", "/api/v1/console/sign-in", credential{}, object{"email": "security@example.com", "password": harbour}))), nil)
	if got := len(h.want(200, "GET", "/api/v1/console/audit?action=factor.reset", owner, nil).JSON["entries"].([]any)); got != 1 {
		t.Errorf("%d resets are recorded", got)
	}
}

// TestWhoeverFindsAConsoleOpenCannotStay: nothing that outlives the found login is
// done without the password or a passkey of the last five minutes.
func TestWhoeverFindsAConsoleOpenCannotStay(t *testing.T) {
	h := open(t, onChat)
	kim, other := h.join("kim@example.com", policy.Owner), h.join("other@example.com", policy.Owner)
	h.withApp(kim)
	id := h.want(200, "GET", "/api/v1/console/me", other, nil).JSON["agent"].(object)["id"].(string)
	h.age(kim)
	for name, c := range map[string]struct {
		method, path string
		body         any
	}{
		"adds a passkey":            {"POST", "/factors/passkeys/begin", object{}},
		"removes the app":           {"DELETE", "/factors/app", nil},
		"makes recovery codes":      {"POST", "/factors/recovery", object{}},
		"invites an owner":          {"POST", "/agents", object{"email": "x@example.com", "role": "owner"}},
		"makes somebody an owner":   {"PATCH", "/agents/" + id, object{"role": "security"}},
		"resets a colleague":        {"DELETE", "/agents/" + id + "/factors", nil},
		"stops asking for factors":  {"PUT", "/team-rule", object{"second_factor": false}},
		"makes a token for keys":    {"POST", "/tokens", object{"name": "x", "scopes": []string{"keys.manage"}, "reason": "because"}},
		"makes a token for exports": {"POST", "/tokens", object{"name": "x", "scopes": []string{"audit.read", "people.export"}, "reason": "because"}},
	} {
		if a := h.call(c.method, "/api/v1/console"+c.path, kim, c.body); a.StatusCode != 403 || a.code() != "confirmation_required" {
			t.Errorf("whoever finds the console %s: %d %s", name, a.StatusCode, a.Text)
		}
	}
	if a := h.call("POST", "/api/v1/console/password", kim, object{"current": "wrong", "next": "nine grey herons at the weir"}); a.code() != "confirmation_refused" {
		t.Errorf("another password without the present one: %d %s", a.StatusCode, a.Text)
	}
}

// TestAnotherPasswordEndsWhatTheOldOneOpened: other logins, half sign-ins, and by a
// link the second factors too, for whoever resets has lost them.
func TestAnotherPasswordEndsWhatTheOldOneOpened(t *testing.T) {
	h := open(t)
	kim := h.join("kim@example.com", policy.Owner)
	elsewhere := cookie(loginIn(t, h.want(200, "POST", "/api/v1/console/sign-in", credential{}, object{"email": "kim@example.com", "password": harbour})))
	phone, _ := h.withApp(kim)
	step := h.half("kim@example.com")
	const next = "nine grey herons at the weir"
	h.want(422, "POST", "/api/v1/console/password", kim, object{"current": harbour, "next": "short"})
	h.want(204, "POST", "/api/v1/console/password", kim, object{"current": harbour, "next": next})
	h.ends("/api/v1/console/me", elsewhere)
	h.want(200, "GET", "/api/v1/console/me", kim, nil)
	if a := h.second(step, object{"code": phone.code(0)}); a.code() != "step_ended" {
		t.Errorf("a sign-in that began with the old one: %d %s", a.StatusCode, a.Text)
	}
	h.want(401, "POST", "/api/v1/console/sign-in", credential{}, object{"email": "kim@example.com", "password": harbour})

	link, err := h.Team.OwnerReset(t.Context(), h.System)
	must(t, err)
	in := h.want(200, "POST", "/api/v1/console/setup", credential{}, object{"token": link, "name": "Kim", "password": harbour})
	if f := h.want(200, "GET", "/api/v1/console/factors", cookie(loginIn(t, in)), nil); f.JSON["app_since"] != nil || f.JSON["recovery_left"] != 0.0 {
		t.Errorf("after a reset %s", f.Text)
	}
	h.ends("/api/v1/console/me", kim)
}
