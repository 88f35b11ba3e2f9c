package httpapi_test

import (
	"testing"

	"countersign/identity/policy"
)

const harbour = "seven grey herons at the weir"

// join invites somebody and uses the link; the credential is of the login that this opens.
func (h *house) join(email string, role policy.Role) credential {
	h.t.Helper()
	_, link, err := h.Team.Invite(h.t.Context(), h.System, email, role)
	must(h.t, err)
	return cookie(loginIn(h.t, h.want(200, "POST", "/api/v1/console/setup", credential{}, object{"token": link, "name": "Kim", "password": harbour})))
}

// TestGuessingTheConfirmationIsGuessingThePassword: whoever finds a console open gets
// as many tries as the sign-in form gives, and from then on not even the right one.
func TestGuessingTheConfirmationIsGuessingThePassword(t *testing.T) {
	h := open(t)
	kim := h.join("kim@example.com", policy.Owner)
	h.want(204, "POST", "/api/v1/console/confirm", kim, object{"password": harbour})
	for i := range 10 {
		if a := h.call("POST", "/api/v1/console/confirm", kim, object{"password": "wrong"}); a.StatusCode != 403 || a.code() != "confirmation_refused" {
			t.Fatalf("guess %d: %d %s", i+1, a.StatusCode, a.Text)
		}
	}
	for _, path := range []string{"/api/v1/console/confirm", "/api/v1/console/sign-in"} {
		body := object{"password": harbour}
		if path == "/api/v1/console/sign-in" {
			body["email"] = "kim@example.com"
		}
		if a := h.call("POST", path, kim, body); a.StatusCode != 429 || a.code() != "too_many" {
			t.Errorf("%s after ten guesses: %d %s", path, a.StatusCode, a.Text)
		}
	}
	h.want(200, "GET", "/api/v1/console/me", kim, nil)
	if got := len(h.want(200, "GET", "/api/v1/console/audit?action=agent.confirmed", kim, nil).JSON["entries"].([]any)); got != 1 {
		t.Errorf("%d confirmations are recorded", got)
	}
	if got := len(h.want(200, "GET", "/api/v1/console/audit?action=agent.sign_in_failed", kim, nil).JSON["entries"].([]any)); got != 10 {
		t.Errorf("%d wrong ones are recorded", got)
	}
}
