// Package wire is what travels: the JSON of the HTTP API and of the streams, as
// types and nothing else. It imports only the standard library, so that the
// faces' types can be generated from it.
//
// Times are RFC 3339 in UTC. Sequences are the log's: they grow, and within a
// conversation they are the order of its messages. A field that says omitzero is
// absent when it does not apply.
package wire

import (
	"encoding/json"
	"time"
)

// Problem is every error (RFC 9457). Code is stable; texts are for people.
type Problem struct {
	Type      string `json:"type" doc:"Where the code is explained."`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Code      string `json:"code" doc:"Stable: what a program decides by."`
	Detail    string `json:"detail"`
	RequestID string `json:"request_id" doc:"Name it when you ask the operator."`
}

// None is no body at all, in either direction.
type None struct{}

// Empty is the body {} (or no body) of a call that needs no words.
type Empty struct{}

// Author is who wrote something. A visitor is told kind and name; ID is for agents.
type Author struct {
	Kind string `json:"kind" enum:"visitor,agent,system"`
	ID   string `json:"id,omitzero" doc:"For agents only: contact or agent."`
	Name string `json:"name,omitzero"`
}

// Message is one bubble, as its visitor may see it.
type Message struct {
	ID             string    `json:"id"`
	ConversationID string    `json:"conversation_id"`
	Seq            int64     `json:"seq"`
	Author         Author    `json:"author"`
	Text           string    `json:"text"`
	ClientID       string    `json:"client_id,omitzero"`
	Tier           string    `json:"tier,omitzero" enum:"anonymous,claimed,verified" doc:"What its author had proved when it was written."`
	At             time.Time `json:"at"`
	Files          []File    `json:"files,omitempty" doc:"What it carries, in its sender's order."`
}

// Name of somebody, and nothing more.
type Name struct {
	Name string `json:"name"`
}

// Conversation is one thread, as its visitor may see it.
type Conversation struct {
	ID          string    `json:"id"`
	Status      string    `json:"status" enum:"open,snoozed,closed"`
	CreatedAt   time.Time `json:"created_at"`
	LastAt      time.Time `json:"last_at"`
	Preview     string    `json:"preview"`
	LastAuthor  string    `json:"last_author" enum:"visitor,agent,system,"`
	Unread      int64     `json:"unread" doc:"Messages of the team that the visitor has not read."`
	Seq         int64     `json:"seq" doc:"Of the last message; 0 if there is none."`
	AgentsRead  int64     `json:"agents_read"`
	VisitorRead int64     `json:"visitor_read"`
	Assignee    *Name     `json:"assignee,omitempty"`
}

// Read is a read mark that moved.
type Read struct {
	ConversationID string `json:"conversation_id"`
	Side           string `json:"side" enum:"visitor,agent"`
	Seq            int64  `json:"seq"`
}

// Typing is somebody writing, this moment; it is never kept.
type Typing struct {
	ConversationID string `json:"conversation_id"`
	Author         Author `json:"author"`
}

// End is the last event of a stream: why, and so what to do.
type End struct {
	Code string `json:"code" enum:"session_ended,identity_changed,reconnect"`
}

// PostMessage is a message to be written. The same client_id again is the same message.
type PostMessage struct {
	Text     string   `json:"text"`
	ClientID string   `json:"client_id" doc:"Chosen by the sender: 1 to 64 characters, new for every message."`
	Files    []string `json:"files,omitempty" doc:"Ids of files that were handed in, at most 10; text may then be empty."`
}

// MarkRead says up to which sequence one has read.
type MarkRead struct {
	Seq int64 `json:"seq"`
}

// Attribute values are strings, numbers, booleans or null; anything else is dropped.
type Attributes map[string]json.RawMessage
