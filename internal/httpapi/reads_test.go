package httpapi_test

import (
	"bytes"
	"context"
	"reflect"
	"testing"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/team"
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

// The record says who left and who was put out: by name to whoever may read
// conversations, by the pseudonym that the session began with to an auditor.
func TestTheRecordSaysWhoseSessionEnded(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	owner, auditor := h.agent(policy.Owner), h.agent(policy.Auditor)
	const contacts = "/api/v1/console/contacts/"
	begin := func(user string) (credential, string) {
		visitor := h.visitor("shop", secret, user)
		return visitor, contacts + h.person(user)
	}
	left, _ := begin("ada@example.com")
	h.want(204, "DELETE", "/api/v1/widget/sessions/current", left, nil)
	_, bob := begin("bob@example.com")
	session := h.want(200, "GET", bob, owner, nil).JSON["sessions"].([]any)[0].(object)["id"].(string)
	h.want(204, "DELETE", bob+"/sessions/"+session, owner, nil)
	_, carl := begin("carl@example.com")
	h.want(200, "POST", carl+"/sessions/end", owner, object{})
	_, dora := begin("dora@example.com")
	h.want(200, "POST", dora+"/block", owner, object{"blocked": true})

	opened := map[string]any{} // :: name → pseudonym
	for _, row := range h.want(200, "GET", "/api/v1/console/audit?action=session.opened", owner, nil).JSON["entries"].([]any) {
		e := row.(object)
		opened[e["subject_name"].(string)] = e["subject"]
	}
	for action, want := range map[string][]string{"session.ended": {"carl@example.com", "bob@example.com", "ada@example.com"}, "contact.blocked": {"dora@example.com"}} {
		toOwner := h.want(200, "GET", "/api/v1/console/audit?action="+action, owner, nil).JSON["entries"].([]any)
		toAuditor := h.want(200, "GET", "/api/v1/console/audit?action="+action, auditor, nil)
		if len(toOwner) != len(want) {
			t.Fatalf("%s: %v", action, toOwner)
		}
		for i, name := range want {
			e, blind := toOwner[i].(object), toAuditor.JSON["entries"].([]any)[i].(object)
			if e["subject_name"] != name || e["subject"] != opened[name] || opened[name] == nil {
				t.Errorf("%s of %s: %v, and began as %v", action, name, e, opened[name])
			}
			if blind["subject"] != e["subject"] || blind["subject_name"] != nil || bytes.Contains(toAuditor.Text, []byte(name)) {
				t.Errorf("an auditor reads %v", blind)
			}
		}
	}
	h.channel("open", policy.Off)
	guest := bearer(h.want(201, "POST", "/api/v1/widget/sessions", credential{}, object{"channel": "open"}).text("session"))
	h.want(204, "DELETE", "/api/v1/widget/sessions/current", guest, nil)
	if e := h.entries(audit.SessionEnded); len(e) != 3 {
		t.Errorf("somebody unproved left, and the record says %+v", e[0])
	}
}

// What a program did names its token, and what a colleague did names them: to whoever
// may see them, and not to a program that may read the record alone.
func TestTheRecordNamesTokensAndColleagues(t *testing.T) {
	h := open(t)
	_, token, err := h.Team.CreateToken(context.Background(), h.System, team.TokenDraft{Name: "CI", Scopes: []policy.Right{policy.ManageChannels}})
	must(t, err)
	h.want(201, "POST", "/api/v1/channels", bearer(token), object{"slug": "made", "name": "Made"})
	owner := h.agent(policy.Owner)
	h.want(201, "POST", "/api/v1/console/channels", owner, object{"slug": "by-hand", "name": "By hand"})
	me := h.want(200, "GET", "/api/v1/console/me", owner, nil).JSON["agent"].(object)
	for reader, may := range map[credential]bool{
		owner: true, h.agent(policy.Auditor): true, bearer(h.program(policy.ReadAudit, policy.ReadTeam)): true, bearer(h.program(policy.ReadAudit)): false,
	} {
		path := "/api/v1/console/audit"
		if reader.header == "Authorization" {
			path = "/api/v1/audit"
		}
		list := h.want(200, "GET", path+"?action=channel.created", reader, nil).JSON["entries"].([]any)
		byHand, made := list[0].(object), list[1].(object)
		if may && (made["actor_name"] != "CI" || byHand["actor_name"] != me["name"]) || !may && (made["actor_name"] != nil || byHand["actor_name"] != nil) {
			t.Errorf("may %v: %v, %v", may, made, byHand)
		}
	}
}
