package httpapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/history"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// oldChat is an export: two people, a conversation of each.
const oldChat = `{"id":"a","user_id":"7","email":"Ann@Example.com","name":"Ann"}
{"id":"b","user_id":"8","email":"bo@example.com","name":"Bo"}
{"conversation_id":"1","contact_id":"a","status":"closed","messages":[
 {"message_id":"1","author":"contact","text":"Ann's <b>secret</b>","created_at":"2024-05-01T10:00:00Z"},
 {"message_id":"2","author":"agent","author_name":"Old Agent","text":"an answer","created_at":"2024-05-01T10:01:00Z"},
 {"message_id":"3","author":"note","author_name":"Old Agent","text":"inside the team","created_at":"2024-05-01T10:02:00Z"}]}
{"conversation_id":"2","contact_id":"b","messages":[{"message_id":"4","author":"contact","text":"Bo's secret","created_at":"2024-05-01T10:00:00Z"}]}`

// bring imports an export as the operator does.
func (h *house) bring(channel workspace.Channel, text string) history.Report {
	h.t.Helper()
	report, err := history.New(h.DB, h.now).Import(context.Background(), h.System, channel, history.Run{From: history.CSV, Path: "-", In: strings.NewReader(strings.ReplaceAll(text, "\n ", " "))})
	must(h.t, err)
	if report.Refused > 0 {
		h.t.Fatalf("refused: %+v", report.First)
	}
	return report
}

// tells opens a session by an assertion and says what it can read of everything.
func (h *house) tells(channel string, assertion object, more ...any) (answer, string) {
	h.t.Helper()
	body := object{"channel": channel, "assertion": assertion}
	for i := 0; i+1 < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	a := h.want(201, "POST", "/api/v1/widget/sessions", credential{}, body)
	return a, h.everything(bearer(a.text("session")))
}

// everything that a visitor can read.
func (h *house) everything(who credential) string {
	h.t.Helper()
	list := h.want(200, "GET", "/api/v1/widget/conversations", who, nil)
	all := string(list.Text)
	conversations, _ := list.JSON["conversations"].([]any)
	for _, c := range conversations {
		id := c.(object)["id"].(string)
		all += string(h.want(200, "GET", "/api/v1/widget/conversations/"+id+"/messages", who, nil).Text)
	}
	return all
}

func TestImportedHistoryOpensToItsOwnersProofAlone(t *testing.T) {
	h := open(t)
	channel, _, secret := h.channel("shop", policy.Observe)
	h.bring(channel, oldChat)
	for name, assertion := range map[string]object{
		"nobody":                        {},
		"who says so":                   {"user_id": "7"},
		"who says so, and the address":  {"user_id": "7", "email": "ann@example.com"},
		"who has a wrong hash":          {"user_id": "7", "hash": sign("wrong", "7")},
		"another user":                  {"user_id": "9", "hash": sign(secret, "9")},
		"another user with the address": {"user_id": "9", "email": "ann@example.com", "hash": sign(secret, "9")},
		"who signs the other field":     {"email": "ann@example.com", "hash": sign(secret, "ann@example.com")},
	} {
		if _, all := h.tells("shop", assertion); strings.Contains(all, "secret") {
			t.Errorf("%s reads %s", name, all)
		}
	}
	a, all := h.tells("shop", object{"user_id": "7", "hash": sign(secret, "7")})
	if a.text("tier") != "verified" || !strings.Contains(all, "an answer") || strings.Contains(all, "Bo's") || strings.Contains(all, "inside the team") {
		t.Errorf("the owner reads %s", all)
	}
	if _, all := h.tells("shop", object{"user_id": "8", "hash": sign(secret, "8")}); !strings.Contains(all, "Bo's secret") || strings.Contains(all, "Ann's") {
		t.Errorf("the other owner reads %s", all)
	}
	if n := len(h.entries(audit.ImportOpened)); n != 2 {
		t.Errorf("%d openings recorded", n)
	}
	if entries := h.entries(audit.HistoryImported); len(entries) != 1 || entries[0].Detail["conversations"] != "2" || entries[0].Actor != "test" {
		t.Errorf("the run: %+v", entries)
	}
}

func TestAnEitherKeysAddressOpensNoImportedHistory(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("shop", policy.Observe)
	_, secret, err := h.Keys.Generate(context.Background(), h.System, trust.KeyDraft{Channel: channel.ID, Dialect: "intercom", Signs: "either"})
	must(t, err)
	h.bring(channel, oldChat)
	a, all := h.tells("shop", object{"dialect": "intercom", "email": "ann@example.com", "hash": sign(secret, "ann@example.com")})
	if a.text("method") != "hmac-either" || strings.Contains(all, "secret") {
		t.Errorf("%s reads %s", a.Text, all)
	}
}

func TestAnAddressOpensImportedHistoryWhereTheDialectIsAboutAddresses(t *testing.T) {
	h := open(t)
	channel, _, _ := h.channel("shop", policy.Observe)
	_, secret, err := h.Keys.Generate(context.Background(), h.System, trust.KeyDraft{Channel: channel.ID, Dialect: "helpscout"})
	must(t, err)
	h.bring(channel, oldChat)
	if _, all := h.tells("shop", object{"dialect": "helpscout", "email": "ann@example.com", "hash": sign(secret, "ann@example.com")}); !strings.Contains(all, "an answer") {
		t.Errorf("reads %s", all)
	}
}

// A person who is chatting while the import runs is renewed with every page: that must
// not keep the history shut for as long as the session lives.
func TestARenewalOpensWhatWasImportedMeanwhile(t *testing.T) {
	h := open(t)
	channel, _, secret := h.channel("shop", policy.Observe)
	assertion := object{"user_id": "7", "hash": sign(secret, "7")}
	a, _ := h.tells("shop", assertion)
	again := []any{"visitor_token", a.text("visitor_token"), "replaces", a.text("session")}
	b, _ := h.tells("shop", assertion, again...)
	if b.text("session") != a.text("session") {
		t.Fatal("this is no renewal, so the test shows nothing")
	}
	h.bring(channel, oldChat)
	within(t, "this node's next beat", func() bool {
		_, all := h.tells("shop", assertion, again...)
		return strings.Contains(all, "an answer")
	})
	c, _ := h.tells("shop", assertion)
	again = []any{"visitor_token", c.text("visitor_token"), "replaces", c.text("session")}
	if d, _ := h.tells("shop", assertion, again...); d.text("session") != c.text("session") {
		t.Error("a session is not renewed any more although nothing waits")
	}
}

func TestTheConsoleMarksWhatWasImported(t *testing.T) {
	h := open(t)
	channel, _, secret := h.channel("shop", policy.Observe)
	h.bring(channel, oldChat)
	agent := h.agent(policy.Admin)
	rows := func(query string) []any {
		list, _ := h.want(200, "GET", "/api/v1/console/conversations?"+query, agent, nil).JSON["conversations"].([]any)
		return list
	}
	list := rows("view=closed&tier=imported")
	if len(list) != 2 {
		t.Fatalf("%d imported conversations", len(list))
	}
	person := ""
	for _, row := range list {
		contact := row.(object)["contact"].(object)
		if contact["kind"] != "imported" || contact["verified"] == true || row.(object)["tier"] == "verified" {
			t.Errorf("%v", row)
		}
		if contact["label"] == "Ann" {
			person = contact["id"].(string)
		}
	}
	shown := h.want(200, "GET", "/api/v1/console/contacts/"+person, agent, nil).JSON
	names := shown["imported"].(object)["names"].([]any)
	if len(names) != 2 || len(shown["identifiers"].([]any)) != 0 {
		t.Errorf("%v", shown)
	}
	if len(rows("view=closed&q=ann%40example.com")) != 1 {
		t.Error("an imported address is not found")
	}
	if a := h.call("POST", "/api/v1/console/contacts/"+person+"/block", agent, nil); a.StatusCode < 400 {
		t.Errorf("an imported person can be blocked: %d", a.StatusCode)
	}
	people := func(query string) []any {
		list, _ := h.want(200, "GET", "/api/v1/console/imported?"+query, agent, nil).JSON["people"].([]any)
		return list
	}
	if len(people("")) != 2 || len(people("q=bo%40example.com&state=waiting")) != 1 || len(people("state=opened")) != 0 {
		t.Error("imported people are not listed")
	}
	h.want(422, "GET", "/api/v1/console/imported?state=other", agent, nil)
	h.tells("shop", object{"user_id": "7", "hash": sign(secret, "7")})
	if len(people("state=opened")) != 1 {
		t.Error("who opened it is not said")
	}
	if list := rows("view=closed&tier=imported"); len(list) != 1 {
		t.Errorf("%d are still held", len(list))
	}
	opened := h.want(200, "GET", "/api/v1/console/contacts/"+person, agent, nil).JSON["imported"].(object)
	if opened["opened_to"] == nil {
		t.Errorf("%v", opened)
	}
}

// now is the time of the house's database.
func (h *house) now() time.Time {
	now, err := h.DB.Now(context.Background())
	must(h.t, err)
	return now
}
