// Package event is the log: what happened, in order, and for which audience.
//
// Every change that somebody else must learn of appends one row here, in the
// transaction that made the change. The log is the truth and a bus is only a
// hint that it grew: a reader that saw no hint still finds the row by its
// sequence. Sequences have no gaps and become visible in their order (one row,
// the head, is locked by each appending transaction until it commits; see
// docs/adr), so a reader that remembers the last one it saw misses nothing.
//
// The audience is written with the row. A stream of visitors reads through the
// one query that says AudienceVisitor, so an internal note has no way to it.
package event

import (
	"encoding/json"
	"time"
)

// Audience says who may be shown an event.
type Audience string

const (
	// AudienceVisitor is for the visitor of the conversation and for agents.
	AudienceVisitor Audience = "visitor"
	// AudienceAgents is for agents alone.
	AudienceAgents Audience = "agents"
	// AudienceSystem is for this program alone: revocations and their kin.
	AudienceSystem Audience = "system"
)

// Kind names what happened.
type Kind string

const (
	ConversationCreated Kind = "conversation.created"
	ConversationUpdated Kind = "conversation.updated" // status, assignee, tier
	ConversationMoved   Kind = "conversation.moved"   // claimed by a verified person; Contact is the new owner
	MessageCreated      Kind = "message.created"
	NoteCreated         Kind = "note.created"
	ReadMoved           Kind = "read.moved"
	ContactUpdated      Kind = "contact.updated"
	ContactErased       Kind = "contact.erased" // with all of its conversations

	// Typing is never stored: it travels on the bus alone, with Seq 0.
	Typing Kind = "typing"

	// MessageImported is the place in the log of a message of another system, which is
	// nobody's news: AudienceSystem.
	MessageImported Kind = "message.imported"

	// The rest have AudienceSystem and each raised the security epoch.
	SessionEnded       Kind = "session.ended"       // Session
	ContactBlocked     Kind = "contact.blocked"     // Contact
	KeyChanged         Kind = "key.changed"         // Channel: its ring; body {"ends": {key: time}} if some now end
	KeySilenced        Kind = "key.silenced"        // Key: retired or revoked; every session of it ended
	EnforcementChanged Kind = "enforcement.changed" // Channel: body {"tiers": […]}, whose sessions ended
	ChannelChanged     Kind = "channel.changed"     // Channel: the same, if its minimum tier rose
	AgentChanged       Kind = "agent.changed"       // Agent: role, removal
	AgentSessionEnded  Kind = "agent.session.ended" // Agent, Session
	TokenRevoked       Kind = "token.revoked"       // Session is the token's id

	// Erased is what is left of an event whose person was erased: its place in the log.
	Erased Kind = "erased"
)

// Event is one row of the log. An address that does not apply is empty.
type Event struct {
	Seq          int64
	Workspace    string
	Audience     Audience
	Kind         Kind
	Channel      string
	Contact      string // the owner whose visitor streams may carry it
	Conversation string
	Session      string
	Key          string
	Agent        string
	At           time.Time
	Body         json.RawMessage // shape by Kind, see httpapi/wire
	// AgentsBody is what agents alone are told beside Body; nil if nothing. The query of
	// visitors does not read it.
	AgentsBody json.RawMessage
}

// Head is the state of the log in one row.
type Head struct {
	Seq   int64     // of the newest event
	Epoch int64     // the security epoch, raised by every change that takes a right away
	Now   time.Time // by the database's clock, which is the clock of every expiry
}
