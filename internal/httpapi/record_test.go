package httpapi_test

import (
	"context"
	"testing"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/workspace"
)

// entries counts what the record holds of an action.
func (h *house) entries(action audit.Action) []audit.Entry {
	h.t.Helper()
	page, err := h.DB.Entries(context.Background(), workspace.Main, audit.Filter{Action: action, Limit: 200})
	must(h.t, err)
	return page.Entries
}

// TestOneProofPostedOverAndOverLeavesNoSessionThatNeverWas: what the record calls
// opened was opened, and a valid proof cannot fill it.
func TestOneProofPostedOverAndOverLeavesNoSessionThatNeverWas(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	body := object{"channel": "shop", "assertion": object{"user_id": "ada", "hash": sign(secret, "ada")}}
	opened, limited := 0, 0
	for range 100 {
		switch a := h.call("POST", "/api/v1/widget/sessions", credential{}, body); a.StatusCode {
		case 201:
			opened++
		case 429:
			limited++
		default:
			t.Fatalf("%d %s", a.StatusCode, a.Text)
		}
	}
	if got := len(h.entries(audit.SessionOpened)); got != opened || opened < 20 || limited < 60 {
		t.Errorf("%d sessions, %d too many, %d entries", opened, limited, got)
	}
	h.visitor("shop", secret, "bob") // nobody else's limit
}

// TestABlockedPersonsProofIsRecordedAsRefused: not as a session that was opened.
func TestABlockedPersonsProofIsRecordedAsRefused(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	visitor := h.visitor("shop", secret, "ada")
	thread := h.want(201, "POST", "/api/v1/widget/conversations", visitor, object{"text": "hello", "client_id": "c1"})
	owner := h.agent(policy.Owner)
	row := h.want(200, "GET", "/api/v1/console/conversations/"+thread.text("id"), owner, nil)
	contact := row.JSON["contact"].(object)["id"].(string)
	h.want(200, "POST", "/api/v1/console/contacts/"+contact+"/block", owner, object{"blocked": true})
	body := object{"channel": "shop", "assertion": object{"user_id": "ada", "hash": sign(secret, "ada")}}
	h.want(401, "POST", "/api/v1/widget/sessions", credential{}, body)
	opened, refused := h.entries(audit.SessionOpened), h.entries(audit.SessionRefused)
	if len(opened) != 1 || len(refused) != 1 || refused[0].Detail["outcome"] != "blocked" || refused[0].Subject != opened[0].Subject {
		t.Errorf("opened %+v, refused %+v", opened, refused)
	}
	h.want(200, "POST", "/api/v1/console/contacts/"+contact+"/block", owner, object{"blocked": false})
	h.want(201, "POST", "/api/v1/widget/sessions", credential{}, body)
}
