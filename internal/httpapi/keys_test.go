package httpapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/trust"
)

// stale makes a login one whose owner gave no password for a while.
func (h *house) stale(login credential) {
	h.t.Helper()
	_, token, _ := strings.Cut(login.value, "=")
	who, _, row, err := h.Team.Authenticate(context.Background(), token)
	must(h.t, err)
	agent, err := h.DB.Agent(context.Background(), who.Workspace(), who.ID())
	must(h.t, err)
	must(h.t, h.DB.ConfirmLogin(context.Background(), who.Workspace(), row.ID, agent.Password, time.Now().Add(-time.Hour), audit.Draft{}))
	within(h.t, "the confirmation to be old", func() bool {
		who, _, _, err := h.Team.Authenticate(context.Background(), token)
		return err == nil && who.Impersonate(policy.RevealKeys, "x", time.Now()) != nil
	})
}

// The life of a key at the door: what it answers, what it says to the log, what it records.
func TestTheLifeOfAKeyAtTheDoor(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("shop", policy.Observe)
	owner := h.agent(policy.Owner)
	const keys = "/api/v1/console/keys/"
	made := h.want(201, "POST", "/api/v1/console/channels/"+channel.ID+"/keys", owner, object{"name": "Open", "reveal": "request", "reason": "the shop opens"})
	id, secret := made.JSON["key"].(object)["id"].(string), made.text("secret")
	h.visitor("shop", secret, "ada")
	soon, later := time.Now().Add(time.Hour).UTC().Truncate(time.Second), time.Now().Add(400*24*time.Hour).UTC()
	for _, c := range []struct {
		name, method, path string
		body               object
		status             int
		code               string
		records            audit.Action
		tells              bool // the ring changed: every node is told
	}{
		{"reveal without a reason", "POST", "reveal", object{}, 400, "request_invalid", "", false},
		{"reveal", "POST", "reveal", object{"reason": "the vault lost it"}, 200, "", audit.KeyRevealed, false},
		{"rename to nothing", "PATCH", "", object{"name": " "}, 422, "request_invalid", "", false},
		{"rename", "PATCH", "", object{"name": "Web 2026"}, 204, "", audit.KeyRenamed, true},
		{"sign-by of an active key", "POST", "sign-by", object{"at": soon}, 409, "conflict", "", false},
		{"extend an active key", "POST", "extend", object{"ends_at": soon}, 409, "conflict", "", false},
		{"finish an active key", "POST", "finish", object{}, 409, "conflict", "", false},
		{"what it would end", "GET", "impact", nil, 200, "", "", false},
		{"what calling it compromised would cut", "GET", "impact?since=" + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), nil, 200, "", "", false},
		{"since no time", "GET", "impact?since=yesterday", nil, 400, "request_invalid", "", false},
		{"since tomorrow", "GET", "impact?since=2099-01-01T00:00:00Z", nil, 422, "request_invalid", "", false},
		{"what it proved, though it is not compromised", "GET", "compromise", nil, 404, "not_found", "", false},
		{"rotate without a reason", "POST", "rotate", object{}, 400, "request_invalid", "", false},
		{"rotate", "POST", "rotate", object{"reason": "once a year", "overlap_hours": 24}, 201, "", audit.KeyRotated, true},
		{"rotate again", "POST", "rotate", object{"reason": "once a year"}, 409, "conflict", "", false},
		{"sign-by after its end", "POST", "sign-by", object{"at": later}, 422, "request_invalid", "", false},
		{"sign-by", "POST", "sign-by", object{"at": soon}, 204, "", audit.KeySignBy, true},
		{"extend beyond a year", "POST", "extend", object{"ends_at": later}, 422, "request_invalid", "", false},
		{"extend", "POST", "extend", object{"ends_at": soon.Add(time.Hour)}, 204, "", audit.KeyExtended, true},
		{"finish", "POST", "finish", object{}, 200, "", audit.KeyFinished, true},
		{"reveal a retired one", "POST", "reveal", object{"reason": "old backups"}, 200, "", audit.KeyRevealed, false},
		{"revoke as replaced", "POST", "revoke", object{}, 200, "", audit.KeyRevoked, true},
		{"reveal a revoked one", "POST", "reveal", object{"reason": "old backups"}, 409, "conflict", "", false},
		{"compromised since tomorrow", "POST", "revoke", object{"compromised_since": soon}, 422, "request_invalid", "", false},
		{"compromised after all", "POST", "revoke", object{"compromised_since": time.Now().Add(-time.Hour)}, 200, "", audit.KeyRevoked, true},
		{"what it proved", "GET", "compromise?kind=conversations", nil, 200, "", "", false},
		{"what it proved, of no kind", "GET", "compromise?kind=secrets", nil, 400, "request_invalid", "", false},
		{"revoke for ever", "POST", "revoke", object{}, 409, "conflict", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			head, err := h.DB.Head(context.Background())
			must(t, err)
			trail := h.trail()
			var body any
			if c.body != nil {
				body = c.body
			}
			a := h.call(c.method, strings.TrimSuffix(keys+id+"/"+c.path, "/"), owner, body)
			if a.StatusCode != c.status || a.code() != c.code {
				t.Fatalf("%d %s: %s", a.StatusCode, a.code(), a.Text)
			}
			if c.code != "" && h.trail() != trail {
				t.Error("a refusal left something behind")
			}
			if c.records != "" {
				e := h.entries(c.records)[0]
				if e.Subject != id && e.Detail["replaces"] != id || e.Actor == "" || c.body["reason"] != nil && e.Detail["reason"] != c.body["reason"] {
					t.Errorf("recorded %+v", e)
				}
			}
			events, err := h.DB.Since(context.Background(), head.Seq, 100)
			must(t, err)
			told := false
			for _, e := range events {
				told = told || e.Kind == event.KeyChanged
			}
			if told != c.tells {
				t.Errorf("told %v: %+v", told, events)
			}
			if c.path == "reveal" && a.StatusCode == 200 && a.text("secret") != secret {
				t.Error("another secret was revealed")
			}
			if c.path != "reveal" && c.path != "rotate" && strings.Contains(string(a.Text), secret) {
				t.Error("the answer holds the secret")
			}
		})
	}
	list := h.want(200, "GET", "/api/v1/console/channels/"+channel.ID+"/keys", owner, nil)
	if strings.Contains(string(list.Text), secret) || !strings.Contains(string(list.Text), `"compromised_since"`) || !strings.Contains(string(list.Text), `"Web 2026"`) {
		t.Errorf("%s", list.Text)
	}
	if strings.Contains(h.Log.String(), secret) {
		t.Error("the secret was logged")
	}
}

// Whoever calls a key compromised reads before what they cannot undo afterwards.
func TestTheCutIsForetoldByItsNumbers(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("shop", policy.Observe)
	owner := h.agent(policy.Owner)
	made := h.want(201, "POST", "/api/v1/console/channels/"+channel.ID+"/keys", owner, object{"name": "Open", "reason": "the shop opens"})
	id := made.JSON["key"].(object)["id"].(string)
	h.visitor("shop", made.text("secret"), "ada")
	h.visitor("shop", made.text("secret"), "bob")
	since := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	before := h.trail()
	if plain := h.want(200, "GET", "/api/v1/console/keys/"+id+"/impact", owner, nil); plain.JSON["cut"] != nil || plain.JSON["live_sessions"] != 2.0 {
		t.Errorf("asked for no time: %s", plain.Text)
	}
	foretold, ok := h.want(200, "GET", "/api/v1/console/keys/"+id+"/impact?since="+since, owner, nil).JSON["cut"].(object)
	if !ok || foretold["links"] != 2.0 || foretold["at_least"] != false {
		t.Fatalf("foretold %v", foretold)
	}
	if h.trail() != before {
		t.Error("a question left something behind")
	}
	done := h.want(200, "POST", "/api/v1/console/keys/"+id+"/revoke", owner, object{"compromised_since": since}).JSON["cut"].(object)
	for _, name := range []string{"links", "claims", "attributes", "conversations", "messages"} {
		if foretold[name] != done[name] {
			t.Errorf("%s: foretold %v, cut %v", name, foretold[name], done[name])
		}
	}
}

func TestAConsoleThatWasLeftOpenNeitherMakesNorRevealsAKey(t *testing.T) {
	h := open(t)
	channel, key, _ := h.channel("shop", policy.Observe)
	open, _, err := h.Keys.Generate(context.Background(), h.System, trust.KeyDraft{Channel: channel.ID, Reveal: trust.RevealOnRequest})
	must(t, err)
	owner := h.agent(policy.Owner)
	h.stale(owner)
	before := h.trail()
	calls := []struct {
		path string
		body object
	}{
		{"/channels/" + channel.ID + "/keys", object{"reason": "x"}},
		{"/channels/" + channel.ID + "/keys", object{"reason": "x", "secret": strings.Repeat("0123456789abcdef", 4)}},
		{"/keys/" + key + "/rotate", object{"reason": "x"}},
		{"/keys/" + open.ID + "/reveal", object{"reason": "x"}},
	}
	for _, c := range calls {
		if a := h.call("POST", "/api/v1/console"+c.path, owner, c.body); a.StatusCode != 403 || a.code() != "confirmation_required" {
			t.Errorf("%s: %d %s", c.path, a.StatusCode, a.Text)
		}
	}
	if h.trail() != before {
		t.Error("something was written")
	}
	// What takes rights away must not wait for a password.
	h.want(200, "POST", "/api/v1/console/keys/"+key+"/revoke", owner, object{})
	h.want(204, "POST", "/api/v1/console/confirm", owner, object{"password": "seven grey herons at the weir"})
	within(t, "the confirmation", func() bool {
		return h.call("POST", "/api/v1/console/keys/"+open.ID+"/reveal", owner, object{"reason": "x"}).StatusCode == 200
	})
}

// What a forged proof left behind is marked in the thread, and the badge of whoever it
// led to says verified no more.
func TestWhatACompromisedKeyProvedIsMarkedAndVerifiedNoMore(t *testing.T) {
	h := open(t)
	_, key, secret := h.channel("shop", policy.Observe)
	owner := h.agent(policy.Owner)
	started := time.Now().Add(-time.Minute)
	forger := h.visitor("shop", secret, "ada")
	thread := h.want(201, "POST", "/api/v1/widget/conversations", forger, object{"text": "Send it to my new address", "client_id": "c1"})
	path := "/api/v1/console/conversations/" + thread.text("id")
	contact := h.want(200, "GET", path, owner, nil).JSON["contact"].(object)
	if contact["verified"] != true {
		t.Fatalf("%v", contact)
	}
	a := h.want(200, "POST", "/api/v1/console/keys/"+key+"/revoke", owner, object{"compromised_since": started})
	cut := a.JSON["cut"].(object)
	if cut["links"] != 1.0 || cut["messages"] != 1.0 || cut["conversations"] != 1.0 || cut["done"] != true || a.JSON["sessions_ended"] != 1.0 {
		t.Errorf("%s", a.Text)
	}
	h.ends("/api/v1/widget/sessions/current", forger)
	row := h.want(200, "GET", path, owner, nil)
	if row.JSON["contact"].(object)["verified"] != false || row.text("tier") != "claimed" {
		t.Errorf("%s", row.Text)
	}
	message := h.want(200, "GET", path+"/messages", owner, nil).JSON["messages"].([]any)[0].(object)
	if message["tier"] != "verified" || message["key"].(object)["compromised"] != true {
		t.Errorf("%v", message)
	}
	links := h.want(200, "GET", "/api/v1/console/keys/"+key+"/compromise?kind=links", owner, nil)
	found := links.JSON["findings"].([]any)[0].(object)
	if found["value"] != "ada" || found["fate"] != "cut" || found["contact"].(object)["id"] != contact["id"] || found["contact"].(object)["label"] == "" {
		t.Errorf("%s", links.Text)
	}
	threads := h.want(200, "GET", "/api/v1/console/keys/"+key+"/compromise?kind=conversations", owner, nil)
	if found := threads.JSON["findings"].([]any)[0].(object); found["conversation_id"] != thread.text("id") || found["messages"] != 1.0 {
		t.Errorf("%s", threads.Text)
	}
	auditor := h.want(200, "GET", "/api/v1/console/keys/"+key+"/compromise?kind=links", h.agent(policy.Auditor), nil)
	if strings.Contains(string(auditor.Text), `"ada"`) || strings.Contains(string(auditor.Text), "label") {
		t.Errorf("an auditor, who reads no conversations, is told who: %s", auditor.Text)
	}
	if a := h.call("GET", "/api/v1/console/keys/"+key+"/compromise", h.agent(policy.AgentR), nil); a.StatusCode != 403 {
		t.Errorf("an agent: %d", a.StatusCode)
	}
	swept := h.entries(audit.KeySwept)
	if len(swept) != 1 || swept[0].Detail["messages"] != "1" || swept[0].Subject != key {
		t.Errorf("recorded %+v", swept)
	}
}
