package httpapi_test

import (
	"reflect"
	"testing"

	"countersign/identity/policy"
)

// What a program reads of team and people is what a colleague sees in the console, and
// takes the scope for it alone.
func TestAProgramReadsTeamAndPerson(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	h.want(201, "POST", "/api/v1/widget/conversations", ada, object{"text": "hello", "client_id": "a1"})
	owner, contact := h.agent(policy.Owner), h.person("ada")
	for path, scopes := range map[string][]policy.Right{
		"/agents":              {policy.ReadTeam},
		"/contacts/" + contact: {policy.ReadConversations, policy.ReadChannels},
	} {
		inConsole := h.want(200, "GET", "/api/v1/console"+path, owner, nil)
		asProgram := h.want(200, "GET", "/api/v1"+path, bearer(h.program(scopes...)), nil)
		if !reflect.DeepEqual(inConsole.JSON, asProgram.JSON) {
			t.Errorf("%s:\nin the console %s\nto a program %s", path, inConsole.Text, asProgram.Text)
		}
	}
	h.want(403, "GET", "/api/v1/agents", bearer(h.program(policy.ReadConversations, policy.ReadAudit)), nil)
	h.want(403, "GET", "/api/v1/contacts/"+contact, bearer(h.program(policy.ReadTeam, policy.ReadChannels)), nil)
	h.want(404, "GET", "/api/v1/contacts/con_nobody", bearer(h.program(policy.ReadConversations)), nil)

	alone := h.want(200, "GET", "/api/v1/contacts/"+contact, bearer(h.program(policy.ReadConversations)), nil)
	if threads, _ := alone.JSON["conversations"].([]any); len(threads) != 1 {
		t.Fatalf("without channels.read: %s", alone.Text)
	} else if in := threads[0].(object)["channel"].(object); in["id"] == "" || in["slug"] != "" {
		t.Errorf("without channels.read a person's conversation names its channel: %v", in)
	}
	if a := h.call("POST", "/api/v1/agents", bearer(h.program(policy.ReadTeam)), object{"email": "x@example.com", "role": "agent"}); a.StatusCode != 405 && a.StatusCode != 404 {
		t.Errorf("a program invites: %d %s", a.StatusCode, a.Text)
	}
}
