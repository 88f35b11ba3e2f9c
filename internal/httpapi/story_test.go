package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
)

func TestAVisitorWritesAndAnAgentAnswers(t *testing.T) {
	h := open(t)
	channel, key, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	agent := h.agent(policy.Owner)

	inbox, _ := h.listen("/api/v1/console/stream", agent)
	page, resp := h.listen("/api/v1/widget/stream", ada)
	if got := resp.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") || resp.Header.Get("X-Accel-Buffering") != "no" || resp.Header.Get("Cache-Control") == "" {
		t.Errorf("stream headers %v", resp.Header)
	}

	if a := h.want(200, "GET", "/api/v1/widget/channels/shop", credential{}, nil); a.JSON["online"] != true {
		t.Errorf("an agent is there: %s", a.Text)
	}
	opened := h.want(201, "POST", "/api/v1/widget/conversations", ada, object{"text": "Where is my order?", "client_id": "c1"})
	id := opened.text("id")
	message, _ := opened.JSON["message"].(object)
	if id == "" || message["text"] != "Where is my order?" || message["tier"] != "verified" || message["client_id"] != "c1" {
		t.Fatalf("opened %s", opened.Text)
	}
	for _, word := range []string{`"session"`, `"key"`, key, "ada"} {
		if strings.Contains(string(opened.Text), word) {
			t.Errorf("a visitor is told %s: %s", word, opened.Text)
		}
	}
	if f := next(t, inbox, "message.created"); f.Data["text"] != "Where is my order?" || f.Data["seq"] != message["seq"] || f.Data["key"].(object)["id"] != key || f.ID == "" {
		t.Errorf("the inbox heard %+v", f)
	}
	if f := next(t, page, "message.created"); f.Data["key"] != nil || f.Data["session"] != nil || f.Data["seq"] != message["seq"] {
		t.Errorf("the page heard %+v", f)
	}
	again := h.want(201, "POST", "/api/v1/widget/conversations/"+id+"/messages", ada, object{"text": "Where is my order?", "client_id": "c1"})
	if again.text("id") != message["id"] {
		t.Errorf("the same client_id is another message: %s", again.Text)
	}

	rows := h.want(200, "GET", "/api/v1/console/conversations?view=unassigned&tier=verified&channel="+channel.ID, agent, nil)
	row := rows.JSON["conversations"].([]any)[0].(object)
	if row["id"] != id || row["tier"] != "verified" || row["unread"] != 1.0 || row["contact"].(object)["verified"] != true ||
		row["contact"].(object)["label"] != "ada" || row["channel"].(object)["slug"] != "shop" {
		t.Errorf("the inbox shows %v", row)
	}
	thread := "/api/v1/console/conversations/" + id
	list := h.want(200, "GET", thread+"/messages", agent, nil)
	first := list.JSON["messages"].([]any)[0].(object)
	if first["method"] != "hmac" || first["key"].(object)["id"] != key || first["key"].(object)["name"] == "" || first["session"] == "" || first["note"] != false {
		t.Errorf("the thread shows %v", first)
	}

	h.want(204, "POST", thread+"/typing", agent, object{})
	if f := next(t, page, "typing"); f.ID != "" || f.Data["author"].(object)["name"] != "The owner" {
		t.Errorf("typing is %+v", f)
	}
	h.want(204, "POST", "/api/v1/widget/conversations/"+id+"/typing", ada, nil)
	next(t, inbox, "typing")

	note := h.want(201, "POST", thread+"/messages", agent, object{"text": "A regular.", "client_id": "n1", "note": true})
	reply := h.want(201, "POST", thread+"/messages", agent, object{"text": "On its way.", "client_id": "r1"})
	if note.JSON["note"] != true || reply.JSON["note"] != false {
		t.Errorf("%s %s", note.Text, reply.Text)
	}
	next(t, inbox, "note.created")
	if f := next(t, page, "message.created"); f.Data["text"] != "On its way." || f.Data["author"].(object)["id"] != nil {
		t.Errorf("the visitor hears of the reply alone: %+v", f)
	}
	seen := h.want(200, "GET", "/api/v1/widget/conversations/"+id+"/messages", ada, nil)
	if strings.Contains(string(seen.Text), "A regular.") || len(seen.JSON["messages"].([]any)) != 2 {
		t.Errorf("the visitor sees %s", seen.Text)
	}
	if own := h.want(200, "GET", "/api/v1/widget/conversations/"+id, ada, nil); own.JSON["unread"] != 1.0 {
		t.Errorf("unread: %s", own.Text)
	}
	h.want(204, "POST", "/api/v1/widget/conversations/"+id+"/read", ada, object{"seq": reply.JSON["seq"]})
	if f := next(t, inbox, "read.moved"); f.Data["side"] != "visitor" || f.Data["seq"] != reply.JSON["seq"] {
		t.Errorf("read %+v", f)
	}
	h.want(204, "POST", thread+"/read", agent, object{"seq": reply.JSON["seq"]})

	changed := h.want(200, "PATCH", thread, agent, object{"assignee": "me", "status": "closed"})
	if changed.JSON["status"] != "closed" || changed.JSON["assignee"].(object)["name"] != "The owner" {
		t.Errorf("changed %s", changed.Text)
	}
	if f := next(t, page, "conversation.updated"); f.Data["status"] != "closed" {
		t.Errorf("the page heard %+v", f)
	}
	if n := h.want(200, "GET", "/api/v1/console/counts", agent, nil); n.JSON["closed"] != 1.0 || n.JSON["open"] != 0.0 {
		t.Errorf("counts %s", n.Text)
	}

	person := h.want(200, "GET", "/api/v1/console/contacts/"+row["contact"].(object)["id"].(string), agent, nil)
	identifier := person.JSON["identifiers"].([]any)[0].(object)
	if identifier["kind"] != "user_id" || identifier["value"] != "ada" || identifier["key"].(object)["id"] != key || len(person.JSON["sessions"].([]any)) != 1 {
		t.Errorf("the person panel shows %s", person.Text)
	}
}

func TestRightsThatEndEndTheirStreams(t *testing.T) {
	h := open(t)
	_, key, secret := h.channel("shop", policy.Enforce)
	owner := h.agent(policy.Owner)
	for name, end := range map[string]func(who credential){
		"log-out": func(who credential) { h.want(204, "DELETE", "/api/v1/widget/sessions/current", who, nil) },
		"an agent ends every session": func(credential) {
			rows := h.want(200, "GET", "/api/v1/console/conversations", owner, nil)
			contact := rows.JSON["conversations"].([]any)[0].(object)["contact"].(object)["id"].(string)
			h.want(200, "DELETE", "/api/v1/console/contacts/"+contact+"/sessions", owner, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			who := h.visitor("shop", secret, "ada")
			h.want(201, "POST", "/api/v1/widget/conversations", who, object{"text": "Hello"})
			frames, _ := h.listen("/api/v1/widget/stream", who)
			asked := time.Now()
			end(who)
			if f := next(t, frames, "end"); f.Data["code"] != "session_ended" {
				t.Errorf("ended with %v", f.Data)
			}
			if took := time.Since(asked); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
			if a := h.call("GET", "/api/v1/widget/sessions/current", who, nil); a.StatusCode != 401 || a.code() != "session_ended" {
				t.Errorf("the token still works: %d", a.StatusCode)
			}
		})
	}
	t.Run("a revoked key", func(t *testing.T) {
		who := h.visitor("shop", secret, "bob")
		frames, _ := h.listen("/api/v1/widget/stream", who)
		if a := h.want(200, "POST", "/api/v1/console/keys/"+key+"/revoke", owner, object{}); a.JSON["sessions_ended"] == 0.0 {
			t.Errorf("%s", a.Text)
		}
		if f := next(t, frames, "end"); f.Data["code"] != "session_ended" {
			t.Errorf("ended with %v", f.Data)
		}
		h.ends("/api/v1/widget/conversations", who)
		a := h.want(403, "POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop", "assertion": object{"user_id": "bob", "hash": sign(secret, "bob")}})
		if a.code() != "identity_refused" {
			t.Errorf("%s", a.Text)
		}
	})
	t.Run("an agent who signs out", func(t *testing.T) {
		frames, _ := h.listen("/api/v1/console/stream", owner)
		h.want(204, "POST", "/api/v1/console/sign-out", owner, object{})
		next(t, frames, "end")
		h.ends("/api/v1/console/me", owner)
	})
}

func TestASilentStreamShowsThatItLives(t *testing.T) {
	h := open(t, func(o *httpapi.Options) { o.Heartbeat = 50 * time.Millisecond })
	_, _, secret := h.channel("shop", policy.Enforce)
	frames, resp := h.listen("/api/v1/widget/stream", h.visitor("shop", secret, "ada"))
	next(t, frames, "heartbeat")
	next(t, frames, "heartbeat")
	if resp.ProtoMajor != 2 {
		t.Errorf("the stream came over %s", resp.Proto)
	}
}

func TestStreamsGoOnFromASequenceOverHTTP1(t *testing.T) {
	h := open(t)
	h.Server.Client().Transport.(*http.Transport).ForceAttemptHTTP2 = false
	h.Server.Client().Transport.(*http.Transport).TLSClientConfig.NextProtos = []string{"http/1.1"}
	_, _, secret := h.channel("shop", policy.Enforce)
	ada, eve := h.visitor("shop", secret, "ada"), h.visitor("shop", secret, "eve")
	first := h.want(201, "POST", "/api/v1/widget/conversations", ada, object{"text": "one"})
	h.want(201, "POST", "/api/v1/widget/conversations", eve, object{"text": "not ada's"})
	h.want(201, "POST", "/api/v1/widget/conversations/"+first.text("id")+"/messages", ada, object{"text": "two", "client_id": "c2"})
	all, resp := h.listen("/api/v1/widget/stream?after=0", ada)
	if resp.ProtoMajor != 1 {
		t.Errorf("over %s", resp.Proto)
	}
	one, two := next(t, all, "message.created"), next(t, all, "message.created")
	if one.Data["text"] != "one" || two.Data["text"] != "two" {
		t.Fatalf("%v %v", one, two)
	}
	rest, _ := h.listen("/api/v1/widget/stream?after="+one.ID, ada)
	if f := next(t, rest, "message.created"); f.ID != two.ID {
		t.Errorf("went on with %v", f)
	}
	for _, after := range []string{"-1", "x", "1.5", "99999999999999999999"} {
		if a := h.call("GET", "/api/v1/widget/stream?after="+after, ada, nil); a.StatusCode != 400 {
			t.Errorf("after=%s: %d", after, a.StatusCode)
		}
	}
}

func TestAnothersConversationIsNotThere(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada, eve := h.visitor("shop", secret, "ada"), h.visitor("shop", secret, "eve")
	id := h.want(201, "POST", "/api/v1/widget/conversations", ada, object{"text": "mine"}).text("id")
	there := "/api/v1/widget/conversations/" + id
	nowhere := "/api/v1/widget/conversations/cnv_0000000000000000000000000"
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", "", nil}, {"GET", "/messages", nil}, {"POST", "/messages", object{"text": "hers", "client_id": "x"}},
		{"POST", "/read", object{"seq": 1}}, {"POST", "/typing", object{}},
	} {
		anothers, none := h.call(c.method, there+c.path, eve, c.body), h.call(c.method, nowhere+c.path, eve, c.body)
		if anothers.StatusCode != 404 || anothers.code() != "not_found" || len(anothers.Text) != len(none.Text) || none.StatusCode != 404 {
			t.Errorf("%s %s: another's %d %s, nobody's %d %s", c.method, c.path, anothers.StatusCode, anothers.Text, none.StatusCode, none.Text)
		}
	}
	if list := h.want(200, "GET", "/api/v1/widget/conversations", eve, nil); len(list.JSON["conversations"].([]any)) != 0 {
		t.Errorf("eve sees %s", list.Text)
	}
	if list := h.want(200, "GET", there+"/messages", ada, nil); len(list.JSON["messages"].([]any)) != 1 {
		t.Errorf("ada sees %s", list.Text)
	}
}
