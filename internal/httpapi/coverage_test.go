package httpapi_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/httpapi"
	"countersign/internal/workspace"
)

// recorded is the entry that each change of an operator leaves :: operation → action.
var recorded = map[string]audit.Action{
	"signOut": audit.AgentSignedOut, "changePassword": audit.PasswordChanged, "confirm": audit.AgentConfirmed,
	"beginApp": audit.FactorBegun, "setTeamRule": audit.FactorRuleSet,
	"signOutContact": audit.SessionEnded, "endSessions": audit.SessionEnded, "setBareHashes": audit.BareProofsRefused,
	"releaseIdentifier": audit.IdentifierReleased, "eraseContact": audit.ContactErased, "setAttributePolicy": audit.AttributePolicySet,
	"setLogoutPolicy": audit.LogoutPolicySet, "blockContact": audit.ContactBlocked, "createChannel": audit.ChannelCreated,
	"changeChannel": audit.ChannelChanged, "setEmailCode": audit.ChannelChanged, "setEnforcement": audit.EnforcementSet,
	"createKey": audit.KeyGenerated, "rotateKey": audit.KeyRotated, "revealHash": audit.HashRevealed, "renameKey": audit.KeyRenamed,
	"revealKey": audit.KeyRevealed, "signKeyBy": audit.KeySignBy, "extendKey": audit.KeyExtended, "finishKey": audit.KeyFinished,
	"createRegistration": audit.RegistrationCreated, "confirmRegistration": audit.RegistrationConfirmed, "refuseRegistration": audit.RegistrationRefused,
	"revokeKey": audit.KeyRevoked, "inviteAgent": audit.AgentInvited, "setRole": audit.AgentChanged, "createToken": audit.TokenCreated,
	"exportAudit": audit.RecordExported, "exportContact": audit.ContactExported, "removeAgent": audit.AgentRemoved, "revokeToken": audit.TokenRevoked, "endLogin": audit.AgentSignedOut,
	"endContactSessions": audit.SessionEnded,
	"confirmApp":         audit.FactorAdded, "remakeRecovery": audit.RecoveryMade, "dropApp": audit.FactorRemoved,
	"addPasskey": audit.FactorAdded, "dropPasskey": audit.FactorRemoved, "resetFactors": audit.FactorsReset,
}

// unrecorded are the changes that leave none, or that this test cannot make :: operation → why.
var unrecorded = map[string]string{
	"beginConfirm": "a question to a passkey", "beginPasskey": "a question to a passkey", "showReplyTyping": "nothing is kept",
	"readThread": "work on conversations stands in the conversation", "changeThread": "work on conversations stands in the conversation",
	"reply": "work on conversations stands in the conversation", "changeAttributes": "a value stands with who said it and when",
	"uploadReplyFile": "work on conversations stands in the conversation", "linkReplyFile": "nothing is kept",
	"diagnoseProof": "nothing is kept or told that its asker did not know", "findContact": "it only reads", "verifyAssertion": "it only reads, and refusals count as the gate's",
	"revokeKid": "needs an issuer's keys: trust's tests", "ignoreDomain": "needs a page that was seen: installation_test.go", "endContactSession": "as endContactSessions, of one",
	"createSecureModeSecret": "the room is createKey's", "deleteSecureModeSecret": "the room is revokeKey's",
}

// TestEveryChangeOfAnOperatorLeavesAnEntry walks the route table: whatever an agent or a
// token can change leaves an entry that names them, or stands above with the reason why not.
func TestEveryChangeOfAnOperatorLeavesAnEntry(t *testing.T) {
	h := open(t, onChat)
	calls := h.bodies(policy.Owner)
	owner := h.join("ida@example.com", policy.Owner)
	me := h.want(200, "GET", "/api/v1/console/me", owner, nil).JSON["agent"].(object)["id"].(string)
	contact := strings.Split(calls["eraseContact"].path, "/")[5]
	const base = "/api/v1/console"
	leaver, _, err := h.Team.Invite(context.Background(), h.System, "leaver@example.com", policy.AgentR)
	must(t, err)
	other := h.agent(policy.Admin)
	logins := h.want(200, "GET", base+"/logins", other, nil).JSON["logins"].([]any)
	token := h.want(201, "POST", base+"/tokens", owner, object{"name": "to go", "scopes": []string{"audit.read"}}).JSON["token"].(object)["id"].(string)
	maps.Copy(calls, map[string]slowCall{
		"exportAudit": {"GET", base + "/audit/export", nil}, "exportContact": {"GET", base + "/contacts/" + contact + "/export", nil},
		"removeAgent": {"DELETE", base + "/agents/" + leaver.ID, nil}, "revokeToken": {"DELETE", base + "/tokens/" + token, nil},
		"endLogin": {"DELETE", base + "/logins/" + logins[0].(object)["id"].(string), nil}, "endContactSessions": {"DELETE", base + "/contacts/" + contact + "/sessions", nil},
	})
	factors := h.factorCalls(owner)
	for _, r := range h.Floor.Routes() {
		name := operation(r)
		changes := r.Method != "GET" && (r.Access == httpapi.AgentLogin || r.Access == httpapi.APIToken)
		if changes && recorded[name] == "" && unrecorded[name] == "" {
			t.Errorf("%s changes something: say in coverage_test.go which entry it leaves", r.ID)
		}
	}
	// What takes a right, a person or a key away comes last, and with it what it takes.
	late := []string{"releaseIdentifier", "signOutContact", "endSessions", "setBareHashes", "blockContact", "eraseContact", "finishKey", "rotateKey", "revealHash", "revokeKey", "changePassword", "setTeamRule", "signOut"}
	order := slices.Sorted(maps.Keys(recorded))
	order = slices.DeleteFunc(order, func(name string) bool { return slices.Contains(late, name) || factors[name] != nil })
	order = slices.Concat([]string{"confirmApp", "remakeRecovery", "dropApp", "addPasskey", "dropPasskey", "resetFactors"}, order, late)
	for _, name := range order {
		call, known := calls[name]
		if prepare := factors[name]; prepare != nil {
			call = prepare()
		} else if !known {
			t.Errorf("%s: no call", name)
			continue
		}
		subject := me // whose factor it is
		if name == "resetFactors" {
			subject = strings.Split(call.path, "/")[5]
		}
		before := h.newest()
		who := owner
		if name == "endLogin" {
			who = other
		}
		a := h.call(call.method, call.path, who, call.body)
		if a.StatusCode/100 != 2 {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.Text)
			continue
		}
		page, err := h.DB.Entries(context.Background(), workspace.Main, audit.Filter{Limit: 200})
		must(t, err)
		found := false
		for _, e := range page.Entries {
			if e.ID() == before {
				break
			}
			if factors[name] != nil && e.Action == recorded[name] && e.Subject != subject {
				t.Errorf("%s is recorded of %q", name, e.Subject)
			}
			found = found || e.Action == recorded[name] && (e.Actor == "agent:"+me || name == "endLogin" && strings.HasPrefix(e.Actor, "agent:"))
		}
		if !found {
			t.Errorf("%s leaves no %s of its agent: %+v", name, recorded[name], page.Entries[:min(3, len(page.Entries))])
		}
	}
}

// factorCalls :: operation → its call, prepared at the moment when it is made: each needs
// the one before it in coverage_test's order.
func (h *house) factorCalls(owner credential) map[string]func() slowCall {
	const base = "/api/v1/console/factors"
	return map[string]func() slowCall{
		"confirmApp": func() slowCall {
			begun := h.want(200, "POST", base+"/app", owner, object{})
			return slowCall{"POST", base + "/app/confirm", object{"code": newApp(h.t, begun.text("secret")).code(-1)}}
		},
		"remakeRecovery": func() slowCall { return slowCall{"POST", base + "/recovery", object{}} },
		"dropApp":        func() slowCall { return slowCall{"DELETE", base + "/app", nil} },
		"addPasskey": func() slowCall {
			challenge := h.want(200, "POST", base+"/passkeys/begin", owner, object{})
			given := newDevice(h.t, ourSite).register(challenge.JSON)
			return slowCall{"POST", base + "/passkeys", object{"step": challenge.text("step"), "name": "Laptop", "passkey": given}}
		},
		"dropPasskey": func() slowCall {
			list := h.want(200, "GET", base, owner, nil).JSON["passkeys"].([]any)
			return slowCall{"DELETE", base + "/passkeys/" + list[0].(object)["id"].(string), nil}
		},
		"resetFactors": func() slowCall {
			colleague := h.join("forgetful@example.com", policy.Security)
			h.withApp(colleague)
			id := h.want(200, "GET", "/api/v1/console/me", colleague, nil).JSON["agent"].(object)["id"].(string)
			return slowCall{"DELETE", "/api/v1/console/agents/" + id + "/factors", nil}
		},
	}
}

// newest is the id of the newest entry.
func (h *house) newest() string {
	h.t.Helper()
	page, err := h.DB.Entries(context.Background(), workspace.Main, audit.Filter{Limit: 1})
	must(h.t, err)
	return page.Entries[0].ID()
}
