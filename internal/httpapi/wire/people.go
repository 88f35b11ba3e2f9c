package wire

import (
	"encoding/json"
	"time"
)

// Conflict is an identifier that one person proved and another holds: nothing was merged.
type Conflict struct {
	Kind      string      `json:"kind" enum:"user_id,email"`
	Value     string      `json:"value"`
	Holds     bool        `json:"holds" doc:"The person that was asked for is the one who holds it."`
	Other     ContactName `json:"other" doc:"The other one of the two."`
	HeldSince time.Time   `json:"held_since"`
	HeldBy    string      `json:"held_by" doc:"The method by which the holder proved it."`
	HeldKey   *KeyName    `json:"held_key,omitempty"`
	Method    string      `json:"method" doc:"The method by which the other one proved it."`
	Key       *KeyName    `json:"key,omitempty"`
	At        time.Time   `json:"at"`
	LastAt    time.Time   `json:"last_at"`
}

// EndSessions ends all sessions of a person.
type EndSessions struct {
	BareHashes bool       `json:"bare_hashes,omitzero" doc:"Refuse this person's hashes from now on too: they do not say when they were made."`
	Until      *time.Time `json:"until,omitempty" doc:"With bare_hashes: until when; until it is lifted if absent."`
}

// BareHashes says whether a person's hashes are refused.
type BareHashes struct {
	Refused bool       `json:"refused"`
	Until   *time.Time `json:"until,omitempty" doc:"Until it is lifted if absent."`
}

// Release names the identifier that a person is to lose.
type Release struct {
	Kind  string `json:"kind" enum:"user_id,email"`
	Value string `json:"value"`
}

// ChangeAttributes are values in the agent's name; null takes one back.
type ChangeAttributes struct {
	Attributes map[string]json.RawMessage `json:"attributes" doc:"By name: a text, a number or a boolean; null takes the agents' value back."`
}

// SignedName is a name of which only signed values count.
type SignedName struct {
	Name string    `json:"name"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

// AttributePolicy lists them.
type AttributePolicy struct {
	SignedOnly []SignedName `json:"signed_only"`
}

// SetAttributePolicy switches one name.
type SetAttributePolicy struct {
	Name       string `json:"name"`
	OnlySigned bool   `json:"only_signed"`
}

// Visit is a live session with whose it is.
type Visit struct {
	VisitorSession
	Contact ContactName `json:"contact"`
}

// Visits of a channel, those that end last first. A page may be short; the end is where
// next is absent.
type Visits struct {
	Sessions []Visit `json:"sessions"`
	Next     string  `json:"next,omitzero"`
}

// VisitCount is how many live sessions there are.
type VisitCount struct {
	Sessions int  `json:"sessions"`
	More     bool `json:"more,omitzero" doc:"There are more: they were not all counted."`
}

// EndVisits selects a channel's live sessions; nothing said is all of them.
type EndVisits struct {
	Tier string `json:"tier,omitzero" enum:"anonymous,claimed,verified"`
	Key  string `json:"key,omitzero"`
}

// LogoutPolicy is what a log-out on a channel does beside ending the session.
type LogoutPolicy struct {
	DenyTokens bool `json:"deny_tokens" doc:"Deny the token that logged out until it expires, in drop-in dialects too; native ones always do."`
}

// Holdings are numbers of what is kept of a person.
type Holdings struct {
	Identifiers   int `json:"identifiers"`
	Attributes    int `json:"attributes"`
	Sessions      int `json:"sessions"`
	LiveSessions  int `json:"live_sessions"`
	Browsers      int `json:"browsers"`
	Conversations int `json:"conversations"`
	Messages      int `json:"messages"`
	Files         int `json:"files"`
}

// Erase asks for it.
type Erase struct {
	Reason string `json:"reason" doc:"Kept in the record, so it must not name the person."`
}

// Erased is what went.
type Erased struct {
	Holdings
	Settled bool `json:"settled" doc:"False: the database's journal still has it until it is emptied next."`
}

// FindContact names a person as the product does.
type FindContact struct {
	UserID string `json:"user_id,omitzero"`
	Email  string `json:"email,omitzero"`
	Realm  string `json:"realm,omitzero" doc:"main if absent; see the channel."`
}

// PersonFile is everything that is kept of a person.
type PersonFile struct {
	Contact       FiledContact        `json:"contact"`
	Identifiers   []Identifier        `json:"identifiers"`
	Attributes    []Attribute         `json:"attributes"`
	Sessions      []FiledSession      `json:"sessions"`
	Conversations []FiledConversation `json:"conversations"`
	WrittenAt     time.Time           `json:"written_at"`
}

// FiledContact is the person of a file.
type FiledContact struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind" enum:"verified,either,claimed,anonymous,imported"`
	Label     string     `json:"label"`
	CreatedAt time.Time  `json:"created_at"`
	SeenAt    time.Time  `json:"seen_at"`
	BlockedAt *time.Time `json:"blocked_at,omitempty"`
}

// FiledSession is a session of a file, live or not.
type FiledSession struct {
	VisitorSession
	Ended string `json:"ended,omitzero" doc:"Why it stands no more: ended, expired, key, enforcement or blocked."`
}

// FiledConversation is a conversation of a file.
type FiledConversation struct {
	ID        string         `json:"id"`
	Channel   string         `json:"channel_id"`
	Status    string         `json:"status"`
	CreatedAt time.Time      `json:"created_at"`
	Messages  []FiledMessage `json:"messages"`
}

// FiledMessage is a message of a file; an agent is named as the person was shown it.
type FiledMessage struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Author string    `json:"author" enum:"visitor,agent,system"`
	Name   string    `json:"name,omitzero"`
	Text   string    `json:"text"`
	Note   bool      `json:"note,omitzero" doc:"Written among colleagues: in the file because it was asked for."`
	Tier   string    `json:"tier,omitzero" doc:"What the visitor had proved when it wrote this."`
	Method string    `json:"method,omitzero"`
	Files  []File    `json:"files,omitempty" doc:"What it carried; the bytes are fetched by id."`
}
