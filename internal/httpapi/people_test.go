package httpapi_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/trust"
)

// native makes a channel whose backend signs native tokens.
func (h *house) native(slug string) (channel, secret string) {
	h.t.Helper()
	made, _, _ := h.channel(slug, policy.Enforce)
	_, secret, err := h.Keys.Generate(context.Background(), h.System, trust.KeyDraft{Channel: made.ID, Dialect: "native-jwt"})
	must(h.t, err)
	return made.ID, secret
}

// token is what a backend signs for a user.
func token(t *testing.T, secret, aud, user string, at time.Time, claims object) string {
	t.Helper()
	all := object{"user_id": user, "aud": aud, "iat": at.Unix(), "exp": at.Add(5 * time.Minute).Unix()}
	for name, value := range claims {
		all[name] = value
	}
	payload, err := json.Marshal(all)
	must(t, err)
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// shows presents a token as a page does.
func (h *house) shows(channel, jwt string, more object) answer {
	h.t.Helper()
	body := object{"channel": channel, "assertion": object{"jwt": jwt}}
	for name, value := range more {
		body[name] = value
	}
	return h.call("POST", "/api/v1/widget/sessions", credential{}, body)
}

// person is the contact of a session.
func (h *house) person(user string, realm ...string) string {
	h.t.Helper()
	return h.want(200, "POST", "/api/v1/contacts/find", bearer(h.program(policy.ReadConversations)), object{"user_id": user, "realm": strings.Join(realm, "")}).text("id")
}

// TestALoggedOutTokenReplayedFromAnotherBrowser: the token in the page's source outlives
// the visitor who logged out.
func TestALoggedOutTokenReplayedFromAnotherBrowser(t *testing.T) {
	h := open(t)
	_, secret := h.native("shop")
	jwt := token(t, secret, "shop", "ada", time.Now(), nil)
	in := h.shows("shop", jwt, nil)
	if in.StatusCode != 201 || in.text("method") != "jwt" {
		t.Fatalf("%d %s", in.StatusCode, in.Text)
	}
	ada := bearer(in.text("session"))
	frames, _ := h.listen("/api/v1/widget/stream", ada)
	asked := time.Now()
	h.want(204, "DELETE", "/api/v1/widget/sessions/current", ada, nil)
	if f := next(t, frames, "end"); f.Data["code"] != "session_ended" || time.Since(asked) > time.Second {
		t.Errorf("the stream ended with %v after %v", f.Data, time.Since(asked))
	}
	forged := h.call("POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop", "assertion": object{"user_id": "ada", "hash": sign("wrong", "ada")}})
	for _, try := range []answer{h.shows("shop", jwt, nil), h.shows("shop", jwt, object{"visitor_token": in.text("visitor_token"), "replaces": in.text("session")})} {
		if try.StatusCode != 403 || try.code() != "identity_refused" || len(try.Text) != len(forged.Text) {
			t.Errorf("the token still opens: %d %s", try.StatusCode, try.Text)
		}
	}
	if a := h.shows("shop", token(t, secret, "shop", "ada", time.Now(), object{"jti": "2"}), nil); a.StatusCode != 201 {
		t.Errorf("a fresh token: %d %s", a.StatusCode, a.Text)
	}
	entry := h.entries(audit.SessionRefused)[0]
	if entry.Detail["outcome"] != "logged_out" || entry.Detail["reason"] != "token_expired" || strings.Contains(entry.Subject, "ada") {
		t.Errorf("recorded %+v", entry.Detail)
	}
}

// TestAllSessionsOfAPersonEndAndStayEnded ends them, and tries what was signed before.
func TestAllSessionsOfAPersonEndAndStayEnded(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	_, secret := h.native("shop")
	old := token(t, secret, "shop", "ada", time.Now(), nil)
	ada := bearer(h.shows("shop", old, nil).text("session"))
	frames, _ := h.listen("/api/v1/widget/stream", ada)
	contact := "/api/v1/console/contacts/" + h.person("ada")
	if a := h.want(200, "POST", contact+"/sessions/end", owner, object{}); a.JSON["ended"] != 1.0 {
		t.Errorf("%s", a.Text)
	}
	next(t, frames, "end")
	if a := h.shows("shop", old, nil); a.StatusCode != 403 || a.code() != "identity_refused" {
		t.Errorf("an old token: %d %s", a.StatusCode, a.Text)
	}
	if a := h.shows("shop", token(t, secret, "shop", "ada", time.Now().Add(2*time.Second), nil), nil); a.StatusCode != 201 {
		t.Errorf("a new one: %d %s", a.StatusCode, a.Text)
	}
	if d := h.entries(audit.SessionRefused)[0].Detail; d["outcome"] != "not_before" || d["reason"] != "token_expired" {
		t.Errorf("recorded %v", d)
	}
	shown := h.want(200, "GET", contact, owner, nil)
	if shown.text("not_before") == "" || shown.JSON["bare_hashes_refused_until"] != nil || len(shown.JSON["sessions"].([]any)) != 1 {
		t.Errorf("the pane shows %s", shown.Text)
	}

	plain, _, hashed := h.channel("plain", policy.Enforce)
	bob := object{"channel": "plain", "assertion": object{"user_id": "bob", "hash": sign(hashed, "bob")}}
	h.want(201, "POST", "/api/v1/widget/sessions", credential{}, bob)
	contact = "/api/v1/console/contacts/" + h.person("bob", plain.Realm)
	h.want(422, "POST", contact+"/sessions/end", owner, object{"until": time.Now().Add(time.Hour)})
	h.want(200, "POST", contact+"/sessions/end", owner, object{})
	h.want(201, "POST", "/api/v1/widget/sessions", credential{}, bob) // a hash does not say when it was made
	if a := h.want(200, "POST", contact+"/sessions/end", owner, object{"bare_hashes": true}); a.JSON["ended"] != 1.0 {
		t.Errorf("%s", a.Text)
	}
	if a := h.want(403, "POST", "/api/v1/widget/sessions", credential{}, bob); a.code() != "identity_refused" {
		t.Errorf("%s", a.Text)
	}
	if d := h.entries(audit.SessionRefused)[0].Detail; d["outcome"] != "bare_hash" || d["reason"] != "key_unusable" {
		t.Errorf("recorded %v", d)
	}
	h.want(204, "PUT", contact+"/bare-hashes", owner, object{"refused": false})
	h.want(201, "POST", "/api/v1/widget/sessions", credential{}, bob)
}

// TestABlockedPersonsProofOpensNothing: streams end within a second, a right proof is
// turned away and recorded so, and unblocking lets it in again.
func TestABlockedPersonsProofOpensNothing(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	h.want(201, "POST", "/api/v1/widget/conversations", ada, object{"text": "hello"})
	frames, _ := h.listen("/api/v1/widget/stream", ada)
	contact := "/api/v1/console/contacts/" + h.person("ada")
	asked := time.Now()
	h.want(200, "POST", contact+"/block", owner, object{"blocked": true})
	next(t, frames, "end")
	if took := time.Since(asked); took > time.Second {
		t.Errorf("the stream went on for %v", took)
	}
	h.ends("/api/v1/widget/sessions/current", ada)
	proof := object{"channel": "shop", "assertion": object{"user_id": "ada", "hash": sign(secret, "ada")}}
	if a := h.want(401, "POST", "/api/v1/widget/sessions", credential{}, proof); a.code() != "session_ended" {
		t.Errorf("%s", a.Text)
	}
	if d := h.entries(audit.SessionRefused)[0].Detail; d["outcome"] != "blocked" {
		t.Errorf("recorded %v", d)
	}
	if shown := h.want(200, "GET", contact, owner, nil); shown.JSON["blocked"] != true || len(shown.JSON["conversations"].([]any)) != 1 {
		t.Errorf("shown %s", shown.Text)
	}
	h.want(200, "POST", contact+"/block", owner, object{"blocked": false})
	again := h.visitor("shop", secret, "ada")
	if a := h.want(200, "GET", "/api/v1/widget/conversations", again, nil); len(a.JSON["conversations"].([]any)) != 1 {
		t.Errorf("let in again: %s", a.Text)
	}
}

// TestAnAddressOfTwoPeopleMergesNobody: who signs up with another's address, and a
// product that says it confirms addresses when it does not.
func TestAnAddressOfTwoPeopleMergesNobody(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	made, _, _ := h.channel("shop", policy.Enforce)
	confirms := true
	_, secret, err := h.Keys.Generate(context.Background(), h.System, trust.KeyDraft{Channel: made.ID, Dialect: "native-jwt", ConfirmsEmail: &confirms})
	must(t, err)
	at := object{"email": "Shared@Example.com"}
	ada := bearer(h.shows("shop", token(t, secret, "shop", "ada", time.Now(), at), nil).text("session"))
	thread := h.want(201, "POST", "/api/v1/widget/conversations", ada, object{"text": "my secret"})
	eve := h.shows("shop", token(t, secret, "shop", "eve", time.Now(), at), nil)
	if a := h.want(200, "GET", "/api/v1/widget/conversations", bearer(eve.text("session")), nil); strings.Contains(string(a.Text), thread.text("id")) {
		t.Errorf("eve sees %s", a.Text)
	}
	if a := h.call("GET", "/api/v1/widget/conversations/"+thread.text("id")+"/messages", bearer(eve.text("session")), nil); a.StatusCode != 404 {
		t.Errorf("eve reads %d", a.StatusCode)
	}
	for user, holds := range map[string]bool{"ada": true, "eve": false} {
		shown := h.want(200, "GET", "/api/v1/console/contacts/"+h.person(user), owner, nil)
		c := shown.JSON["conflicts"].([]any)[0].(object)
		if c["holds"] != holds || c["value"] != "shared@example.com" || c["held_since"] == "" || c["other"].(object)["id"] == shown.text("id") {
			t.Errorf("%s is shown %s", user, shown.Text)
		}
	}
	program := bearer(h.program(policy.ManagePeople, policy.ReadConversations))
	path := "/api/v1/contacts/" + h.person("ada") + "/identifiers/release"
	h.want(422, "POST", path, program, object{"kind": "phone", "value": "1"})
	h.want(404, "POST", path, program, object{"kind": "email", "value": "nobody@example.com"})
	h.want(200, "POST", path, program, object{"kind": "email", "value": "shared@example.com"})
	h.ends("/api/v1/widget/sessions/current", ada)
	if a := h.call("POST", "/api/v1/contacts/find", program, object{"email": "SHARED@example.com"}); a.StatusCode != 404 {
		t.Errorf("somebody still holds it: %s", a.Text)
	}
	h.shows("shop", token(t, secret, "shop", "eve", time.Now(), at), nil)
	if a := h.want(200, "POST", "/api/v1/contacts/find", program, object{"email": "SHARED@example.com"}); a.text("id") != h.person("eve") {
		t.Errorf("%s", a.Text)
	}
	eveNow := bearer(h.shows("shop", token(t, secret, "shop", "eve", time.Now(), at), nil).text("session"))
	if a := h.want(200, "GET", "/api/v1/widget/conversations", eveNow, nil); strings.Contains(string(a.Text), thread.text("id")) {
		t.Errorf("a released address took history along: %s", a.Text)
	}
}

func TestASessionsPageListsAndEndsWhatItShows(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	channel, key, secret := h.channel("shop", policy.Observe)
	path := "/api/v1/console/channels/" + channel.ID
	for _, user := range []string{"ada", "bob", "cleo"} {
		h.visitor("shop", secret, user)
	}
	guest := bearer(h.want(201, "POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop"}).text("session"))
	var seen []string
	for cursor := ""; ; {
		page := h.want(200, "GET", path+"/sessions?limit=2&cursor="+cursor, owner, nil)
		for _, row := range page.JSON["sessions"].([]any) {
			one := row.(object)
			seen = append(seen, one["contact"].(object)["label"].(string))
			if one["device"] == nil || one["expires_at"] == "" {
				t.Errorf("a session is %v", one)
			}
		}
		if cursor = page.text("next"); cursor == "" {
			break
		}
	}
	if len(seen) != 4 || !strings.Contains(strings.Join(seen, " "), "cleo") {
		t.Errorf("seen %v", seen)
	}
	if a := h.want(200, "GET", path+"/sessions?key="+key, owner, nil); len(a.JSON["sessions"].([]any)) != 3 || a.JSON["sessions"].([]any)[0].(object)["key"].(object)["id"] != key {
		t.Errorf("of the key: %s", a.Text)
	}
	if a := h.want(200, "GET", path+"/sessions/count?tier=anonymous", owner, nil); a.JSON["sessions"] != 1.0 {
		t.Errorf("counted %s", a.Text)
	}
	for _, bad := range []string{"/sessions?tier=holy", "/sessions?tier=claimed&key=" + key} {
		if a := h.call("GET", path+bad, owner, nil); a.StatusCode != 422 {
			t.Errorf("%s: %d", bad, a.StatusCode)
		}
	}
	if a := h.want(200, "POST", path+"/sessions/end", owner, object{"key": key}); a.JSON["ended"] != 3.0 {
		t.Errorf("ended %s", a.Text)
	}
	h.want(200, "GET", "/api/v1/widget/sessions/current", guest, nil)
	h.want(404, "POST", "/api/v1/console/channels/chn_other/sessions/end", owner, object{})
	if a := h.want(200, "POST", path+"/sessions/end", owner, object{}); a.JSON["ended"] != 1.0 {
		t.Errorf("ended %s", a.Text)
	}
	h.ends("/api/v1/widget/sessions/current", guest)
	if e := h.entries(audit.SessionEnded); len(e) != 2 || e[1].Detail["key"] != key || e[0].Channel != channel.ID {
		t.Errorf("recorded %+v", e)
	}
}

// TestAPersonsFileIsHandedOverAndThePersonErased walks what a person may ask for.
func TestAPersonsFileIsHandedOverAndThePersonErased(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	thread := h.want(201, "POST", "/api/v1/widget/conversations", ada, object{"text": "I live in Elm Street"})
	inbox := "/api/v1/console/conversations/" + thread.text("id")
	h.want(201, "POST", inbox+"/messages", owner, object{"text": "Noted.", "client_id": "1"})
	h.want(201, "POST", inbox+"/messages", owner, object{"text": "careful with her", "client_id": "2", "note": true})
	id := h.person("ada")
	contact := "/api/v1/contacts/" + id
	h.want(204, "PATCH", contact+"/attributes", bearer(h.program(policy.ReplyConversations)), object{"attributes": object{"plan": "gold"}})

	program := bearer(h.program(policy.ExportPeople, policy.ErasePeople))
	file := h.want(200, "GET", contact+"/export", program, nil)
	text := string(file.Text)
	for _, want := range []string{"Elm Street", "Noted.", `"ada"`, `"agent"`, `"gold"`, `"verified"`, `"device"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the file lacks %s: %s", want, text)
		}
	}
	if strings.Contains(text, "careful with her") {
		t.Error("the file has a note")
	}
	if a := h.want(200, "GET", contact+"/export?notes=true", program, nil); !strings.Contains(string(a.Text), "careful with her") {
		t.Error("the notes were asked for")
	}
	if a := h.want(200, "GET", contact+"/holdings", program, nil); a.JSON["messages"] != 3.0 || a.JSON["live_sessions"] != 1.0 {
		t.Errorf("holdings %s", a.Text)
	}
	h.want(422, "POST", contact+"/erase", program, object{"reason": "ada asked"})
	frames, _ := h.listen("/api/v1/widget/stream", ada)
	inboxFrames, _ := h.listen("/api/v1/console/stream", owner)
	gone := h.want(200, "POST", contact+"/erase", program, object{"reason": "ticket 12"})
	if gone.JSON["messages"] != 3.0 || gone.JSON["settled"] != true {
		t.Errorf("erased %s", gone.Text)
	}
	next(t, frames, "end")
	if f := next(t, inboxFrames, "contact.erased"); f.Data["id"] != id {
		t.Errorf("colleagues hear %v", f.Data)
	}
	h.ends("/api/v1/widget/sessions/current", ada)
	h.want(404, "GET", inbox, owner, nil)
	h.want(404, "GET", contact+"/export", program, nil)
	again := h.visitor("shop", secret, "ada")
	if a := h.want(200, "GET", "/api/v1/widget/conversations", again, nil); len(a.JSON["conversations"].([]any)) != 0 {
		t.Errorf("she finds %s", a.Text)
	}
	if h.person("ada") == id {
		t.Error("the erased contact is back")
	}
	record := h.want(200, "GET", "/api/v1/audit", bearer(h.program(policy.ReadAudit)), nil)
	if strings.Contains(string(record.Text), "Elm Street") || strings.Contains(string(record.Text), `"ada"`) {
		t.Errorf("the record says %s", record.Text)
	}
	if e := h.entries(audit.ContactErased); len(e) != 1 || e[0].Detail["reason"] != "ticket 12" || e[0].Subject != id {
		t.Errorf("recorded %+v", e)
	}
}

// TestSignedOnlyAtTheDoor is "require verified updates": what a page says unsigned under
// such a name is not even kept.
func TestSignedOnlyAtTheDoor(t *testing.T) {
	h := open(t)
	owner := h.agent(policy.Owner)
	_, secret := h.native("shop")
	h.want(204, "PUT", "/api/v1/console/attributes/policy", owner, object{"name": "plan", "only_signed": true})
	within(t, "the switch to be known", func() bool {
		a := h.shows("shop", token(t, secret, "shop", "ada", time.Now(), object{"seats": 3}), object{"assertion": object{
			"jwt": token(t, secret, "shop", "ada", time.Now(), object{"seats": 3}), "attributes": object{"plan": "gold", "color": "red"},
		}})
		return a.StatusCode == 201
	})
	shown := h.want(200, "GET", "/api/v1/console/contacts/"+h.person("ada"), owner, nil)
	by := map[string]string{}
	for _, row := range shown.JSON["attributes"].([]any) {
		by[row.(object)["name"].(string)] = row.(object)["provenance"].(string)
	}
	if by["plan"] != "" || by["color"] != "claimed" || by["seats"] != "signed" {
		t.Errorf("attributes %v", by)
	}
	if a := h.call("PATCH", "/api/v1/console/contacts/"+h.person("ada")+"/attributes", owner, object{"attributes": object{"plan": "gold"}}); a.StatusCode != 409 {
		t.Errorf("an agent: %d %s", a.StatusCode, a.Text)
	}
	if a := h.want(200, "GET", "/api/v1/console/attributes/policy", owner, nil); a.JSON["signed_only"].([]any)[0].(object)["name"] != "plan" {
		t.Errorf("%s", a.Text)
	}
}
