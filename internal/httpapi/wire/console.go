package wire

import (
	"encoding/json"
	"time"
)

// KeyName is a key as a badge names it.
type KeyName struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Compromised bool   `json:"compromised,omitzero" doc:"What it proved here is in doubt: somebody else may have had it by then."`
}

// ChannelName is a channel as a row names it.
type ChannelName struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// AgentName is a teammate as a row names it.
type AgentName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ContactName is a contact as a row names it: name, else email, else user id.
type ContactName struct {
	ID       string `json:"id"`
	Kind     string `json:"kind" enum:"verified,either,claimed,anonymous,imported"`
	Label    string `json:"label"`
	Verified bool   `json:"verified"`
}

// Row is a conversation as agents see it.
type Row struct {
	ID           string      `json:"id"`
	Status       string      `json:"status" enum:"open,snoozed,closed"`
	CreatedAt    time.Time   `json:"created_at"`
	LastAt       time.Time   `json:"last_at"`
	Preview      string      `json:"preview"`
	LastAuthor   string      `json:"last_author" enum:"visitor,agent,system,"`
	Unread       int64       `json:"unread" doc:"Messages of the visitor that no agent has read."`
	Seq          int64       `json:"seq"`
	AgentsRead   int64       `json:"agents_read"`
	VisitorRead  int64       `json:"visitor_read"`
	Tier         string      `json:"tier" enum:"anonymous,claimed,verified" doc:"Of the latest visitor message."`
	Channel      ChannelName `json:"channel"`
	Contact      ContactName `json:"contact"`
	Assignee     *AgentName  `json:"assignee,omitempty"`
	SnoozedUntil *time.Time  `json:"snoozed_until,omitempty"`
}

// Rows is one page of the inbox, newest first.
type Rows struct {
	Conversations []Row  `json:"conversations"`
	Next          string `json:"next,omitzero"`
}

// Counts are the inbox's live numbers.
type Counts struct {
	Open       int `json:"open"`
	Mine       int `json:"mine"`
	Unassigned int `json:"unassigned"`
	Snoozed    int `json:"snoozed"`
	Closed     int `json:"closed"`
}

// AgentMessage is a message as agents see it, with what its author had proved.
type AgentMessage struct {
	Message
	Method  string   `json:"method"`
	Key     *KeyName `json:"key,omitempty"`
	Note    bool     `json:"note"`
	Session string   `json:"session,omitzero"`
}

// AgentMessages is one page of a thread, oldest first.
type AgentMessages struct {
	Messages []AgentMessage `json:"messages"`
	More     bool           `json:"more"`
}

// PostReply is an agent's answer, or a note among agents.
type PostReply struct {
	Text     string   `json:"text"`
	ClientID string   `json:"client_id"`
	Note     bool     `json:"note,omitzero"`
	Files    []string `json:"files,omitempty" doc:"Ids of files that were handed in, at most 10; text may then be empty."`
}

// ChangeConversation changes what is present.
type ChangeConversation struct {
	Status       *string    `json:"status,omitempty" enum:"open,snoozed,closed"`
	Assignee     *string    `json:"assignee,omitempty" doc:"me, an agent's id, or empty for nobody."`
	SnoozedUntil *time.Time `json:"snoozed_until,omitempty"`
}

// Agent is a teammate.
type Agent struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      string    `json:"role" enum:"owner,security,admin,agent,auditor"`
	Joined    bool      `json:"joined" doc:"Whether the link was used."`
	Factor    bool      `json:"second_factor" doc:"Whether they have a second factor."`
	CreatedAt time.Time `json:"created_at,omitzero"`
}

// Me is the agent that is signed in.
type Me struct {
	Agent     Agent     `json:"agent"`
	Workspace string    `json:"workspace"`
	Rights    []string  `json:"rights"`
	ExpiresAt time.Time `json:"expires_at"`
	Seq       int64     `json:"seq" doc:"Start the stream after it."`
	FileBytes int64     `json:"file_bytes,omitzero" doc:"What one file may have, in bytes; absent: files are not taken."`
	OneOrigin bool      `json:"one_origin,omitzero" doc:"Console and widget share an origin: see --console-url and --widget-url."`

	LacksFactor bool `json:"lacks_second_factor,omitzero" doc:"The workspace asks for a second factor, and until it is set up some rights are withheld."`
}

// SignIn is what the sign-in form sends.
type SignIn struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// CheckLink looks at a one-use link without using it.
type CheckLink struct {
	Token string `json:"token"`
}

// LinkAgent is whom a link is for.
type LinkAgent struct {
	Email     string `json:"email"`
	Name      string `json:"name"`
	Role      string `json:"role"`
	Workspace string `json:"workspace"`

	ChooseEmail bool `json:"choose_email,omitzero" doc:"The address is made up: whoever uses the link chooses their own."`
}

// UseLink sets name and password by a one-use link.
type UseLink struct {
	Token    string `json:"token"`
	Name     string `json:"name"`
	Password string `json:"password"`
	Email    string `json:"email,omitzero" doc:"To sign in with; only for a link that says choose_email."`
}

// Contact is a person, or the shadow of one, as the person panel shows it.
type Contact struct {
	ID            string           `json:"id"`
	Kind          string           `json:"kind" enum:"verified,either,claimed,anonymous,imported"`
	Label         string           `json:"label"`
	CreatedAt     time.Time        `json:"created_at"`
	SeenAt        time.Time        `json:"seen_at"`
	Blocked       bool             `json:"blocked"`
	Identifiers   []Identifier     `json:"identifiers" doc:"Proved, each by its method and key."`
	Attributes    []Attribute      `json:"attributes"`
	Sessions      []VisitorSession `json:"sessions"`
	Conversations []Row            `json:"conversations"`
	Conflicts     []Conflict       `json:"conflicts,omitempty" doc:"Proved by one of two people and held by the other: nothing was merged."`
	NotBefore     *time.Time       `json:"not_before,omitempty" doc:"All sessions were ended then: tokens made before open none."`
	Imported      *Imported        `json:"imported,omitempty" doc:"Of a person who came with another system's export."`
	BareUntil     *time.Time       `json:"bare_hashes_refused_until,omitempty" doc:"Hashes open no session until then; the year 9999 is until it is lifted."`
}

// Identifier is one proved name of a person.
type Identifier struct {
	Kind   string    `json:"kind" enum:"user_id,email"`
	Value  string    `json:"value"`
	Method string    `json:"method"`
	Key    *KeyName  `json:"key,omitempty"`
	At     time.Time `json:"at"`
}

// Attribute is one value of one provenance; several may stand side by side.
type Attribute struct {
	Name       string          `json:"name"`
	Value      json.RawMessage `json:"value"`
	Provenance string          `json:"provenance" enum:"signed,agent,email,import,claimed"`
	Method     string          `json:"method"`
	Key        *KeyName        `json:"key,omitempty"`
	At         time.Time       `json:"at"`
	Ignored    bool            `json:"ignored,omitzero" doc:"Only signed values of this name count, and this one is not."`
}

// VisitorSession is one right to act, as an agent sees it.
type VisitorSession struct {
	ID        string    `json:"id"`
	Tier      string    `json:"tier" enum:"anonymous,claimed,verified"`
	Method    string    `json:"method"`
	Key       *KeyName  `json:"key,omitempty"`
	Platform  string    `json:"platform"`
	Origin    string    `json:"origin"`
	UserAgent string    `json:"user_agent"`
	Device    string    `json:"device" doc:"What the browser calls itself, made readable; empty if that says nothing."`
	Dialect   string    `json:"dialect"`
	Channel   string    `json:"channel_id"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Block says whether a contact is kept out.
type Block struct {
	Blocked bool `json:"blocked"`
}

// Ended says how many sessions a change ended.
type Ended struct {
	Ended int `json:"ended"`
}

// Login is a browser in which an agent is signed in.
type Login struct {
	ID        string    `json:"id"`
	UserAgent string    `json:"user_agent"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Current   bool      `json:"current"`
}

// Logins of the signed-in agent.
type Logins struct {
	Logins []Login `json:"logins"`
}

// Agents of the workspace.
type Agents struct {
	Agents []Agent `json:"agents"`
}

// Invite adds a teammate.
type Invite struct {
	Email string `json:"email"`
	Name  string `json:"name,omitzero"`
	Role  string `json:"role" enum:"owner,security,admin,agent,auditor"`
}

// Invited is the new teammate and the one-use link to hand over.
type Invited struct {
	Agent Agent  `json:"agent"`
	Link  string `json:"link" doc:"Shown this one time."`
	// Until is when the link ends, unless it is used or replaced before.
	Until time.Time `json:"until" doc:"When the link ends: after three days, or an hour for owner and security."`
	// MailedTo is empty where no mail leaves.
	MailedTo string `json:"mailed_to,omitzero" doc:"The link was also mailed there."`
}

// SetRole changes what a teammate is trusted with.
type SetRole struct {
	Role string `json:"role" enum:"owner,security,admin,agent,auditor"`
}

// Token lets a program act for the workspace.
type Token struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	CreatedBy string     `json:"created_by"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
	UsedAt    *time.Time `json:"last_used_at,omitempty" doc:"To within a few minutes."`
	UsedFrom  string     `json:"last_used_from,omitzero" doc:"The network: an IPv4 address, or the /56 of an IPv6 one."`
}

// Tokens of the workspace.
type Tokens struct {
	Tokens []Token `json:"tokens"`
}

// CreateToken makes a token with scopes that its maker holds.
type CreateToken struct {
	Name          string   `json:"name"`
	Scopes        []string `json:"scopes"`
	ExpiresInDays int      `json:"expires_in_days,omitzero" minimum:"0" maximum:"366" doc:"0: good until it is revoked."`
	Reason        string   `json:"reason,omitzero" doc:"Why, where a scope lets its holder pass as a customer or take their data along."`
}

// CreatedToken is the new token and its secret.
type CreatedToken struct {
	Token  Token  `json:"token"`
	Secret string `json:"secret" doc:"Shown this one time."`
}
