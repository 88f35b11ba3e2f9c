package chat_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/event"
)

func sample() (chat.Message, chat.Conversation) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	m := chat.Message{
		ID: "msg_1", Workspace: "main", Channel: "cha_SECRET", Conversation: "cnv_1", Contact: "con_SECRET", Seq: 7, Audience: event.AudienceVisitor,
		Author: chat.ByVisitor, AuthorID: "con_SECRET", Text: "<b>\u2028hi</b>", ClientID: "c1", Tier: policy.Verified, Method: identity.MethodHMAC,
		Session: "ses_SECRET", Key: "key_SECRET", At: at,
	}
	c := chat.Conversation{
		ID: "cnv_1", Workspace: "main", Channel: "cha_SECRET", Contact: "con_SECRET", Status: chat.Open, Assignee: "agt_SECRET", AssigneeName: "Zoë",
		Tier: policy.Verified, Preview: "hi", LastAuthor: chat.ByVisitor, LastSeq: 7, LastAt: at, CreatedAt: at, VisitorUnread: 3, AgentsUnread: 4,
	}
	return m, c
}

// What an event carries to visitors is its body, so no body names a session, a
// key, or anybody's id.
func TestBodyTellsAVisitorNoSessionKeyOrPerson(t *testing.T) {
	m, c := sample()
	reply := m
	reply.Author, reply.AuthorID, reply.AuthorName = chat.ByTeam, "agt_SECRET", "Zoë"
	mark := chat.ReadMark{Side: chat.ByTeam, Agent: "agt_SECRET", Login: "log_SECRET", TokenHash: []byte("SECRET"), At: m.At}
	for _, e := range []event.Event{
		chat.MessageEvent(m), chat.MessageEvent(reply), chat.ReadEvent(c, mark),
		chat.ConversationEvent(event.ConversationCreated, c, m.At), chat.ConversationEvent(event.ConversationMoved, c, m.At),
	} {
		if e.Audience != event.AudienceVisitor || e.Contact != "con_SECRET" || e.Workspace != "main" || e.Conversation != "cnv_1" || e.At.IsZero() || e.Seq != 0 {
			t.Errorf("%s: %+v", e.Kind, e)
		}
		if !json.Valid(e.Body) || strings.Contains(string(e.Body), "SECRET") {
			t.Errorf("%s says %s", e.Kind, e.Body)
		}
	}
}

func TestAgentsSeeWhoByWhichKeyAndWhose(t *testing.T) {
	m, c := sample()
	e := chat.MessageEvent(m)
	e.Seq = 7
	var message chat.AgentMessageBody
	if err := json.Unmarshal(chat.AgentBody(e), &message); err != nil {
		t.Fatal(err)
	}
	if message.Seq != 7 || message.Session != "ses_SECRET" || message.Key == nil || message.Key.ID != "key_SECRET" || message.Author.ID != "con_SECRET" ||
		message.Text != m.Text || message.Note || message.Method != identity.MethodHMAC || !message.At.Equal(m.At) {
		t.Errorf("%+v", message)
	}
	if read := chat.AgentBodyOf(m); read.Session != message.Session || read.Author != message.Author || *read.Key != *message.Key || !reflect.DeepEqual(read.MessageBody, message.MessageBody) {
		t.Errorf("read it is %+v, live %+v", read, message)
	}
	m.Audience, m.Author, m.AuthorID, m.Key = event.AudienceAgents, chat.ByTeam, "agt_1", ""
	note := chat.MessageEvent(m)
	if err := json.Unmarshal(chat.AgentBody(note), &message); err != nil || !message.Note || message.Author.ID != "agt_1" {
		t.Errorf("%+v %v", message, err)
	}
	var conversation chat.AgentConversationBody
	if err := json.Unmarshal(chat.AgentBody(chat.ConversationEvent(event.ConversationUpdated, c, m.At)), &conversation); err != nil {
		t.Fatal(err)
	}
	if conversation.Contact != "con_SECRET" || conversation.Channel != "cha_SECRET" || conversation.Assignee.ID != "agt_SECRET" || conversation.Seq != 7 {
		t.Errorf("%+v", conversation)
	}
}

func TestReadEventNamesTheMarkThatMoved(t *testing.T) {
	_, c := sample()
	c.VisitorRead, c.AgentsRead = 5, 6
	for side, want := range map[chat.AuthorKind]string{
		chat.ByVisitor: `{"conversation_id":"cnv_1","side":"visitor","seq":5}`,
		chat.ByTeam:    `{"conversation_id":"cnv_1","side":"agent","seq":6}`,
	} {
		if got := string(chat.ReadEvent(c, chat.ReadMark{Side: side}).Body); got != want {
			t.Errorf("%s", got)
		}
	}
}

func TestVisitorIsToldNothingOfASnooze(t *testing.T) {
	_, open := sample()
	snoozed := open
	snoozed.Status, snoozed.SnoozedUntil = chat.Snoozed, open.LastAt.Add(time.Hour)
	assigned := snoozed
	assigned.AssigneeName = "Yan"
	for name, c := range map[string]struct {
		before, after chat.Conversation
		visitor       bool
		status        chat.Status // as agents see it
	}{
		"snoozed":                 {open, snoozed, false, chat.Snoozed},
		"woken":                   {snoozed, open, false, chat.Open},
		"handed on while snoozed": {snoozed, assigned, true, chat.Snoozed},
	} {
		e := chat.ChangeEvent(c.before, c.after, open.LastAt)
		if (e.Audience == event.AudienceVisitor) != c.visitor {
			t.Errorf("%s: for %s", name, e.Audience)
		}
		if body := string(e.Body); strings.Contains(body, "snoozed") || !strings.Contains(body, `"status":"open"`) {
			t.Errorf("%s: visitors are told %s", name, body)
		}
		var agents chat.AgentConversationBody
		if err := json.Unmarshal(chat.AgentBody(e), &agents); err != nil || agents.Status != c.status || (agents.SnoozedUntil != nil) != (c.status == chat.Snoozed) {
			t.Errorf("%s: agents are told %s", name, chat.AgentBody(e))
		}
	}
}
