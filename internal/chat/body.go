package chat

import (
	"encoding/json"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/event"
)

// The bodies of events. One body serves both sides of a conversation, so it says
// nothing that its visitor may not know: no session, no key, no token, no id of a
// person but the agent's shown name, no planning of the team. What agents see beside
// it comes from the event's own columns (AgentBody), which no visitor's stream reads.

// Author is who wrote, as both sides see it. ID is filled for agents alone.
type Author struct {
	Kind AuthorKind `json:"kind"`
	ID   string     `json:"id,omitempty"`
	Name string     `json:"name,omitempty"`
}

// MessageBody is a message as its visitor sees it. Seq is left out in the log,
// where it is the event's own.
type MessageBody struct {
	ID             string          `json:"id"`
	ConversationID string          `json:"conversation_id"`
	Seq            int64           `json:"seq,omitempty"`
	Author         Author          `json:"author"`
	Text           string          `json:"text"`
	ClientID       string          `json:"client_id"`
	Tier           policy.Tier     `json:"tier"`
	Method         identity.Method `json:"method,omitempty"`
	At             time.Time       `json:"at"`
	Files          []FileBody      `json:"files,omitempty"`
}

// KeyRef names a key to an agent.
type KeyRef struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// AgentMessageBody is a message as agents see it, notes included.
type AgentMessageBody struct {
	MessageBody
	Note    bool    `json:"note"`
	Session string  `json:"session,omitempty"`
	Key     *KeyRef `json:"key,omitempty"`
}

// Assignee is the agent who answers, as both sides see it. ID is filled for agents alone.
type Assignee struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
}

// ConversationBody is a conversation in the log, as its visitor may see it. Counts of
// unread messages differ by side and are left to the reader. SnoozedUntil is filled
// for agents alone.
type ConversationBody struct {
	ID           string      `json:"id"`
	Status       Status      `json:"status"`
	Tier         policy.Tier `json:"tier"`
	Preview      string      `json:"preview"`
	LastAuthor   AuthorKind  `json:"last_author,omitempty"`
	Seq          int64       `json:"seq"`
	VisitorRead  int64       `json:"visitor_read"`
	AgentsRead   int64       `json:"agents_read"`
	Assignee     *Assignee   `json:"assignee"`
	CreatedAt    time.Time   `json:"created_at"`
	LastAt       time.Time   `json:"last_at"`
	SnoozedUntil *time.Time  `json:"snoozed_until,omitempty"`
}

// AgentConversationBody adds whose it is and where it came in; names and labels
// are the reader's to look up.
type AgentConversationBody struct {
	ConversationBody
	Contact string `json:"contact_id"`
	Channel string `json:"channel_id"`
}

// planBody is what the team plans to do with a conversation.
type planBody struct {
	Status       Status     `json:"status"`
	SnoozedUntil *time.Time `json:"snoozed_until,omitempty"`
}

// forVisitor is a conversation as its visitor may know it: when the team means to come
// back to it is the team's own.
func forVisitor(c Conversation) Conversation {
	if c.Status == Snoozed {
		c.Status = Open
	}
	c.SnoozedUntil = time.Time{}
	return c
}

// ReadBody is a read mark that moved.
type ReadBody struct {
	ConversationID string     `json:"conversation_id"`
	Side           AuthorKind `json:"side"`
	Seq            int64      `json:"seq"`
}

// TypingBody is somebody at the keyboard.
type TypingBody struct {
	ConversationID string `json:"conversation_id"`
	Author         Author `json:"author"`
}

// BodyOf shapes a message for its visitor.
func BodyOf(m Message) MessageBody {
	return MessageBody{
		ID: m.ID, ConversationID: m.Conversation, Seq: m.Seq,
		Author: Author{Kind: m.Author, Name: m.AuthorName},
		Text:   m.Text, ClientID: m.ClientID, Tier: m.Tier, Method: m.Method, At: m.At.UTC(),
		Files: m.Files,
	}
}

// AgentBodyOf shapes a message for agents.
func AgentBodyOf(m Message) AgentMessageBody {
	body := AgentMessageBody{MessageBody: BodyOf(m), Note: m.Audience == event.AudienceAgents, Session: m.Session}
	body.Author.ID = m.AuthorID
	if m.Key != "" {
		body.Key = &KeyRef{ID: m.Key}
	}
	return body
}

// conversationBody shapes a conversation for its visitor.
func conversationBody(c Conversation) ConversationBody {
	c = forVisitor(c)
	body := ConversationBody{
		ID: c.ID, Status: c.Status, Tier: c.Tier, Preview: c.Preview, LastAuthor: c.LastAuthor, Seq: c.LastSeq,
		VisitorRead: c.VisitorRead, AgentsRead: c.AgentsRead, CreatedAt: c.CreatedAt.UTC(), LastAt: c.LastAt.UTC(),
	}
	if c.Assignee != "" {
		body.Assignee = &Assignee{Name: c.AssigneeName}
	}
	return body
}

// MessageEvent is the row that a message appends; the store gives it its Seq. A
// message for agents alone is a note and has their audience.
func MessageEvent(m Message) event.Event {
	kind := event.MessageCreated
	if m.Audience != event.AudienceVisitor {
		kind = event.NoteCreated
	}
	e := event.Event{
		Workspace: m.Workspace, Audience: m.Audience, Kind: kind, Channel: m.Channel, Contact: m.Contact,
		Conversation: m.Conversation, Session: m.Session, Key: m.Key, At: m.At,
	}
	if m.Author == ByTeam {
		e.Agent = m.AuthorID
	}
	m.Seq = 0
	e.Body = encode(BodyOf(m))
	return e
}

// ConversationEvent is the row that a new or moved conversation appends.
func ConversationEvent(kind event.Kind, c Conversation, at time.Time) event.Event {
	e := event.Event{
		Workspace: c.Workspace, Audience: event.AudienceVisitor, Kind: kind, Channel: c.Channel, Contact: c.Contact,
		Conversation: c.ID, Agent: c.Assignee, At: at, Body: encode(conversationBody(c)),
	}
	if c.Status == Snoozed {
		plan := planBody{Status: c.Status}
		if until := c.SnoozedUntil.UTC(); !c.SnoozedUntil.IsZero() {
			plan.SnoozedUntil = &until
		}
		e.AgentsBody = encode(plan)
	}
	return e
}

// ChangeEvent is the row that a changed conversation appends. Of a change that its
// visitor may not know, only agents are told that there was one.
func ChangeEvent(before, after Conversation, at time.Time) event.Event {
	e := ConversationEvent(event.ConversationUpdated, after, at)
	if forVisitor(before) == forVisitor(after) {
		e.Audience = event.AudienceAgents
	}
	return e
}

// ReadEvent is the row that a moved read mark appends; c is the conversation as written.
func ReadEvent(c Conversation, mark ReadMark) event.Event {
	seq := c.VisitorRead
	if mark.Side == ByTeam {
		seq = c.AgentsRead
	}
	return event.Event{
		Workspace: c.Workspace, Audience: event.AudienceVisitor, Kind: event.ReadMoved, Channel: c.Channel, Contact: c.Contact,
		Conversation: c.ID, Agent: mark.Agent, At: mark.At, Body: encode(ReadBody{ConversationID: c.ID, Side: mark.Side, Seq: seq}),
	}
}

// AgentBody is an event's body as agents see it: with what its columns say of
// session, key, author and owner. Realtime calls it for agents' frames alone.
func AgentBody(e event.Event) json.RawMessage {
	switch e.Kind {
	case event.MessageCreated, event.NoteCreated:
		body := AgentMessageBody{Note: e.Kind == event.NoteCreated, Session: e.Session}
		if json.Unmarshal(e.Body, &body.MessageBody) != nil {
			return e.Body
		}
		body.Seq, body.Author.ID = e.Seq, e.Agent
		if body.Author.Kind == ByVisitor {
			body.Author.ID = e.Contact
		}
		if e.Key != "" {
			body.Key = &KeyRef{ID: e.Key}
		}
		return encode(body)
	case event.ConversationCreated, event.ConversationUpdated, event.ConversationMoved:
		body := AgentConversationBody{Contact: e.Contact, Channel: e.Channel}
		if json.Unmarshal(e.Body, &body.ConversationBody) != nil {
			return e.Body
		}
		if len(e.AgentsBody) > 0 && json.Unmarshal(e.AgentsBody, &body.ConversationBody) != nil {
			return e.Body
		}
		if body.Assignee != nil {
			body.Assignee.ID = e.Agent
		}
		return encode(body)
	case event.ContactUpdated, event.ContactErased:
		return encode(ContactBody{ID: e.Contact})
	}
	return e.Body
}

// ContactBody says of whom agents should ask again.
type ContactBody struct {
	ID string `json:"id"`
}

// encode marshals our own structs of texts, numbers and times, which cannot fail.
func encode(body any) json.RawMessage {
	raw, err := json.Marshal(body)
	if err != nil {
		panic("chat: a body that cannot be encoded: " + err.Error())
	}
	return raw
}
