package wire

import (
	"encoding/json"
	"time"
)

// OpenSession is what a page says about its visitor, with the proof if it has one.
type OpenSession struct {
	Channel      string     `json:"channel" doc:"Slug or alias of the channel."`
	Platform     string     `json:"platform,omitzero" doc:"web (the default), ios or android."`
	Assertion    *Assertion `json:"assertion,omitempty"`
	VisitorToken string     `json:"visitor_token,omitzero" doc:"This browser's anonymous token, from an earlier answer."`
	Replaces     string     `json:"replaces,omitzero" doc:"The session of the same widget that the new one replaces."`
	Origin       string     `json:"origin,omitzero" doc:"The host page's origin: a hint, counted and never trusted."`
	Version      string     `json:"version,omitzero" doc:"Of the app, or of the library that calls: up to 32 of letters, digits and . _ + -, counted so that an operator sees who has moved. Anything else is counted as none."`
}

// Assertion is what a page claims. A proof (hash, jwt) of another type than
// string is no proof; a user id may be an integer. So these stay raw here.
type Assertion struct {
	Dialect    string          `json:"dialect,omitzero" doc:"native (the default), intercom, helpscout, pylon or ensoras. An app (ios, android) that says intercom is refused as Intercom refuses: 401 with an error.list."`
	UserID     json.RawMessage `json:"user_id,omitzero"`
	Email      json.RawMessage `json:"email,omitzero"`
	Name       json.RawMessage `json:"name,omitzero"`
	Hash       json.RawMessage `json:"hash,omitzero"`
	JWT        json.RawMessage `json:"jwt,omitzero"`
	Attributes Attributes      `json:"attributes,omitzero"`
}

// Claim says that anonymous threads of this browser wait for a yes.
type Claim struct {
	LastAt time.Time `json:"last_at" doc:"When the latest of them was last written into."`
}

// Session is a visitor's right to act, as its widget sees it.
type Session struct {
	SessionID string    `json:"session_id"`
	Tier      string    `json:"tier" enum:"anonymous,claimed,verified"`
	Method    string    `json:"method" doc:"By what the identity was proved; empty if it was not."`
	ExpiresAt time.Time `json:"expires_at"`
	Lane      string    `json:"lane" doc:"Opaque: tabs of one lane share everything, of two lanes nothing."`
	Visitor   string    `json:"visitor" doc:"Public id of this browser. It opens nothing."`
	Notice    string    `json:"notice" enum:",made_anonymous,unverified" doc:"What the visitor should be told."`
	Name      string    `json:"name,omitzero" doc:"To greet by."`
	Email     string    `json:"email,omitzero" doc:"The address that its holder proved by a code."`
	Seq       int64     `json:"seq" doc:"Start the stream after it."`
	Claim     *Claim    `json:"claim,omitempty" doc:"Anonymous threads of this browser wait: was this you?"`
	Claimed   int       `json:"claimed,omitzero" doc:"How many threads moved to this person by themselves."`
}

// OpenedSession is a new session with its secrets, shown this one time.
type OpenedSession struct {
	Token        string `json:"session" doc:"Bearer token. Keep it in the widget's own memory."`
	VisitorToken string `json:"visitor_token,omitzero" doc:"Only when a new visitor was made."`
	Session
}

// ClaimThreads is the yes to a Claim.
type ClaimThreads struct {
	LastAt time.Time `json:"last_at,omitzero" doc:"The claim's: what was written later was not asked about and stays."`
}

// ClaimedThreads says how many threads moved after "yes, that was me".
type ClaimedThreads struct {
	Moved int `json:"moved"`
}

// PublicChannel is what anybody may know of a channel.
type PublicChannel struct {
	Channel  string `json:"channel"`
	Name     string `json:"name"`
	Team     string `json:"team"`
	Greeting string `json:"greeting"`
	Accent   string `json:"accent" doc:"#rrggbb"`
	Online   bool   `json:"online" doc:"Whether somebody of the team is there."`
	// Absent for the many: it is asked on every page that shows a messenger.
	EmailCode bool  `json:"email_code,omitzero" doc:"A visitor can prove an address by an emailed code."`
	FileBytes int64 `json:"file_bytes,omitzero" doc:"What one file may have, in bytes; absent: files are not taken."`
}

// Conversations is one page of a visitor's threads, newest first.
type Conversations struct {
	Conversations []Conversation `json:"conversations"`
	Next          string         `json:"next,omitzero" doc:"Cursor of the next page; absent at the end."`
}

// OpenConversation starts a thread, with its first message if text is given.
type OpenConversation struct {
	Text     string   `json:"text,omitzero"`
	ClientID string   `json:"client_id,omitzero" doc:"Chosen by the sender; the same one again is the same conversation."`
	Files    []string `json:"files,omitempty" doc:"Ids of files that were handed in, at most 10; text may then be empty."`
}

// OpenedConversation is the new thread, with the message that opened it.
type OpenedConversation struct {
	Conversation
	Message *Message `json:"message,omitempty"`
}

// Messages is one page of a thread, oldest first.
type Messages struct {
	Messages []Message `json:"messages"`
	More     bool      `json:"more" doc:"Whether there are older ones."`
}
