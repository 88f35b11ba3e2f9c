// Package chat is the story: visitor, contact, session, conversation, message.
//
// Ownership is one word: every conversation belongs to one contact row, every
// session acts for one contact row, and a visitor may touch a conversation only
// if the two are the same. A contact is
//
//	verified   a person, found by a proved identifier (realm, kind, value)
//	either     one address proved under a key that signs "either": its own conversations only
//	claimed    one claim made in one browser (pylon: in one session); named by nobody's word but its own
//	anonymous  one browser that claims nobody
//	imported   a person of another system's export, held apart until its owner proves who that is
//
// so an unverified visitor cannot reach a verified person's row by anything it
// says. The only move is the claiming of an anonymous thread (Claim).
package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
)

var (
	// ErrNotFound: it does not exist, or it is another's; the two look alike.
	ErrNotFound = errors.New("chat: not found")
	// ErrSessionEnded: the session no longer stands.
	ErrSessionEnded = errors.New("chat: the session has ended")
	// ErrOutdated: what a verdict rests on has changed since it was given; the gate has to be
	// asked again. Whoever does not ask again has no session, so it is an ErrSessionEnded too.
	ErrOutdated = fmt.Errorf("chat: the verdict is of before a change: %w", ErrSessionEnded)
	// ErrInvalid: a value that cannot be; wrapped with the reason.
	ErrInvalid = errors.New("chat: invalid")
	// ErrTooMany: the person opens sessions or conversations too fast.
	ErrTooMany = errors.New("chat: too many")
	// ErrRefused: the verdict admits nobody, so no session begins.
	ErrRefused = errors.New("chat: the verdict admits nobody")
	// ErrProofSpent: the proof is right and opens nothing any more for its person.
	ErrProofSpent = errors.New("chat: the proof opens nothing any more")
	// ErrSignedOnly: nobody but a proof says an attribute of this name.
	ErrSignedOnly = errors.New("chat: only signed values are taken")
	// ErrOtherPerson: the visitor has been another person's; only OpenSession answers so.
	ErrOtherPerson = errors.New("chat: this visitor was another person")
	// ErrSuccessor: the visitor became another one for this very person a moment ago; only
	// OpenSession answers so, and names that one.
	ErrSuccessor = errors.New("chat: this visitor has a successor")
)

// Limits of what a visitor or agent may send.
const (
	MaxTextBytes     = 16 << 10
	MaxClientIDBytes = 64
	MaxPage          = 100
	// MaxKeptAttributes of one contact and provenance are kept: those said last.
	MaxKeptAttributes = 100
)

// Visitor is a browser or device. ID is public and opens nothing; Token is another secret.
type Visitor struct {
	ID        string
	Workspace string
	Channel   string
	TokenHash []byte // SHA-256 of the anonymous token, 90 days
	Contact   string // its anonymous contact; empty until it needed one
	Person    string // the contact last verified or claimed on it: another one begins a new visitor
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

// Standing of a contact, see the package comment.
type ContactKind string

const (
	VerifiedContact  ContactKind = "verified"
	EitherContact    ContactKind = "either"
	ClaimedContact   ContactKind = "claimed"
	AnonymousContact ContactKind = "anonymous"
	// ImportedContact is a person of another system's export: no proof leads to it, and its
	// conversations become somebody's when that person's names are proved.
	ImportedContact ContactKind = "imported"
)

// Contact is a person, or the shadow of one.
type Contact struct {
	ID        string
	Workspace string
	Realm     string
	Kind      ContactKind
	Scope     string // what an unverified one hangs on, unique in the workspace: "visitor:…", "claim:…", "session:…", "either:…"; empty for verified
	CreatedAt time.Time
	SeenAt    time.Time
	BlockedAt time.Time
	NotBefore time.Time // proofs made earlier open nothing; zero: never said
	BareUntil time.Time // until then, proofs that do not say when they were made open nothing
}

// Link ties a proved identifier to its contact.
type Link struct {
	Workspace  string
	Identifier identity.Identifier
	Contact    string
	Method     identity.Method
	Session    string
	Key        string
	At         time.Time
}

// Provenance says who vouches for an attribute; strongest first. A weaker one never
// replaces a stronger: they stand side by side.
type Provenance string

const (
	BySignature Provenance = "signed"
	ByAgent     Provenance = "agent"
	ByEmail     Provenance = "email"
	ByImport    Provenance = "import" // another system's export
	ByClaim     Provenance = "claimed"
)

// MethodImport is that of a message which came with another system's export: no method by
// which anything was proved.
const MethodImport identity.Method = "import"

// Attribute is one value of one provenance.
type Attribute struct {
	Workspace  string
	Contact    string
	Name       string
	Provenance Provenance
	Value      json.RawMessage // JSON string, number, boolean or null
	Method     identity.Method
	Session    string
	Key        string
	At         time.Time
}

// Session is a visitor's right to act.
type Session struct {
	ID        string
	Workspace string
	Channel   string
	Realm     string
	Platform  policy.Platform
	Dialect   string
	Visitor   string
	Contact   string
	Lane      string // opaque, from visitor, proved identifiers and key
	Origin    string
	UserAgent string
	Standing  policy.Standing
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time // the least of proof, sliding and absolute life and the key's end, as known when read
	Absolute  time.Time
	ProofEnds time.Time // zero: the proof has no end of its own

	// Set by Authenticate and Open alone, so that no other room can make a session
	// that acts; stores leave them zero.
	token []byte // hash of the token: writes name it, to be checked again in their transaction
	epoch int64  // of the pulse before the row was read
}

// Status of a conversation.
type Status string

const (
	Open    Status = "open"
	Snoozed Status = "snoozed"
	Closed  Status = "closed"
)

// Conversation is one thread. Sequences are the log's.
type Conversation struct {
	ID           string
	Workspace    string
	Channel      string
	Contact      string
	Status       Status
	Assignee     string      // agent id or empty
	AssigneeName string      // as shown
	Tier         policy.Tier // of the latest visitor message: the conversation's present one
	Preview      string      // first 140 characters of the latest visible message
	LastAuthor   AuthorKind
	LastSeq      int64 // of the latest visible message; 0 if none
	LastAt       time.Time
	VisitorRead  int64 // up to which sequence the visitor has read
	AgentsRead   int64
	VisitorCount int64 // visible messages by the visitor, and by the team
	TeamCount    int64
	// Visible messages of the other side after one's own read mark: a post adds one to the
	// other side's and clears one's own (it moves its own read mark to itself); a note changes neither.
	VisitorUnread int64
	AgentsUnread  int64
	CreatedAt     time.Time
	SnoozedUntil  time.Time
}

// AuthorKind says who wrote a message.
type AuthorKind string

const (
	ByVisitor AuthorKind = "visitor"
	ByTeam    AuthorKind = "agent"
	ByProgram AuthorKind = "system"
)

// Message is one bubble, or one note among agents. It keeps what its author had
// proved when it was written.
type Message struct {
	ID           string
	Workspace    string
	Channel      string
	Conversation string
	Contact      string // owner when it was written
	Seq          int64  // its event's sequence: the order of the thread
	Audience     event.Audience
	Author       AuthorKind
	AuthorID     string // the visitor's contact, the agent
	AuthorName   string // of an agent, as shown
	Text         string
	ClientID     string // chosen by the sender; the same one again is the same message
	Tier         policy.Tier
	Method       identity.Method
	Session      string
	Key          string
	At           time.Time
	Files        []FileBody // what it carries, in its sender's order
}

// Opening is everything that opening a session writes, committed as one group.
type Opening struct {
	Session    Session
	TokenHash  []byte
	Verdict    Record
	Visitor    Visitor // existing (ID known) or new
	NewVisitor bool
	Contact    Contact     // for unverified: found by Scope or made. For verified: found by Links or made
	Links      []Link      // verified only; the first decides the contact, later ones join if unowned
	Attributes []Attribute // Contact, Session and Key are filled by the store
	Ends       []byte      // token hash of the session that this one replaces, or nil
	Follows    *Following  // a new visitor takes another's place, whose person is not this one
}

// Following is how a new visitor comes after an old one, so that the tabs of a browser
// which prove the same person in the same moment come to be the same new visitor.
type Following struct {
	Visitor string // the old one
	Secret  string // the new one's token, sealed under the old one's; see seal
}

// SuccessionWindow is how long the next tab finds what the first one became.
const SuccessionWindow = 10 * time.Second

// Record is what a verdict leaves in the session's row.
type Record struct {
	Tier        policy.Tier
	Method      identity.Method
	Key         string
	Kid         string // of an issuer's set
	Identifiers []identity.Identifier
	Issued      time.Time // when the proof was made; zero: it does not say
	Proof       string    // digest of the token; empty for a hash
}

// Opened is how an opening came out.
type Opened struct {
	Session   Session
	Contact   Contact
	Conflicts []identity.Identifier // signed identifiers that belong to another contact: nothing merged
	Successor string                // beside ErrSuccessor: Following.Secret of the tab that came first
}

// Post is one message to be written, a conversation to be begun, or both.
type Post struct {
	// Message with an empty ID: none, Create alone. Its Workspace, Conversation and (visitor
	// posts) Contact say whose thread it must be, else ErrNotFound; for an agent's post the
	// store fills Channel and Contact from the conversation. Seq is filled from its event.
	Message   Message
	TokenHash []byte // visitor posts: checked again inside the transaction with its key
	Login     string // agent posts: the agent's login, checked again inside the transaction
	// Create is made in the same commit. If its ID is there already and of the same contact,
	// this is a repeat: the conversation stays as it is and the message is posted into it.
	Create *Conversation
	// Files are ids of attachments that wait for this very sender, in order: the message takes
	// them, each for good. ErrFileUnknown, and nothing written, if one does not.
	Files  []string
	Reopen bool // a closed or snoozed conversation opens again: every visitor's message says so
}

// Posted is how it came out. Repeated is true if ClientID was there already.
type Posted struct {
	Message      Message
	Conversation Conversation
	Repeated     bool
}

// Cursor pages by keyset: rows strictly before (or after) it. Zero is the newest end.
type Cursor struct {
	At  time.Time
	ID  string
	Seq int64
}

// ImportedView is no tier: a view of it has what belongs to imported people.
const ImportedView policy.Tier = "imported"

// View is one list of the inbox.
type View struct {
	Status   Status
	Assignee string // agent id; "none" for nobody; empty for all
	Tier     policy.Tier
	Channel  string
	Search   string // in preview, contact's attributes; empty for none
	Before   Cursor // by (LastAt, ID)
	Limit    int
}

// Counts are the inbox's live numbers.
type Counts struct{ Open, Mine, Unassigned, Snoozed, Closed int }

// Update changes a conversation's state by an agent.
type Update struct {
	Workspace    string
	Conversation string
	Agent, Login string
	Status       *Status // nil: unchanged
	Assignee     *string // nil: unchanged; "" is nobody
	AssigneeName string
	SnoozedUntil time.Time // of Status Snoozed; any other status clears it
	At           time.Time
}

// ThreadClaim moves anonymous threads to the verified person who holds their browser.
type ThreadClaim struct {
	ID          string
	Session     Session // the verified one
	Visitor     string
	FromContact string
	Threads     []AnonymousThread // as they were judged: one that its visitor wrote into since then stays
	At          time.Time
	Draft       audit.Draft
}

// Store keeps the story. Every method finds rows of its workspace alone. Methods that
// write for a visitor or agent check session (and key, enforcement, block) again inside
// the transaction and answer ErrSessionEnded for that write alone. Bodies of events are built
// by MessageEvent, ConversationEvent, ChangeEvent and ReadEvent (body.go), called by the store with the
// rows as written.
type Store interface {
	Registry
	Attachments

	// OpenSession finds or makes contact, visitor, links and attributes, ends the replaced
	// session and writes the new one; group-committed. An anonymous opening makes its contact
	// the visitor's Contact; any other makes its contact the visitor's Person, and fails with
	// ErrOtherPerson, having written nothing, if Person is another contact already (the
	// caller comes back with a new visitor that Follows it). Within SuccessionWindow the
	// second new visitor that follows one visitor for one person is answered with
	// ErrSuccessor, having written nothing. What Contact.Refuses, or a denied token, is
	// ErrSessionEnded for a blocked contact and else ErrProofSpent. A conflict that was not
	// there before is kept and recorded.
	OpenSession(ctx context.Context, opening Opening) (Opened, error)
	// RenewSession moves SeenAt and ExpiresAt of a live session forward and answers with it.
	RenewSession(ctx context.Context, tokenHash []byte, seen, expires time.Time) (Session, error)
	// SessionByToken answers with the session as it stands now (policy.Restore), ErrNotFound if unknown.
	SessionByToken(ctx context.Context, tokenHash []byte, now time.Time) (Session, error)
	// LogOut ends every live session of the session's visitor that acts for the session's
	// contact or for nobody (tier anonymous), and retires the visitor: VisitorByToken does not
	// find it any more. Raises the epoch, appends event.SessionEnded for each, counts them.
	// The tokens by which this person came in on that visitor are denied until they expire:
	// those of native dialects, and of all where the channel says so (LogoutDenies).
	LogOut(ctx context.Context, session Session, now time.Time, drafts ...audit.Draft) (ended int, err error)
	// EndSession ends one and raises the epoch. Ending an ended one is fine: nothing is
	// written then. Appends event.SessionEnded.
	EndSession(ctx context.Context, workspace, session string, now time.Time, drafts ...audit.Draft) error
	SessionsOf(ctx context.Context, workspace, contact string, limit int, now time.Time) ([]Session, error)
	VisitorByToken(ctx context.Context, workspace string, tokenHash []byte, now time.Time) (Visitor, error)
	// VisitorByID is VisitorByToken for the visitor of a session that was found to stand.
	VisitorByID(ctx context.Context, workspace, id string, now time.Time) (Visitor, error)
	// Returning is VisitorByToken with name, provenance and value of one contact's attributes,
	// in one question: every page load asks it.
	Returning(ctx context.Context, workspace string, tokenHash []byte, contact string, now time.Time) (Visitor, []Attribute, error)

	// Post writes message, event and conversation in one group commit. The same ClientID
	// of the same author in the same conversation answers with the first message.
	Post(ctx context.Context, post Post) (Posted, error)
	// Conversations of one contact, newest first.
	Conversations(ctx context.Context, workspace, contact string, before Cursor, limit int) ([]Conversation, error)
	// Conversation of one contact; ErrNotFound if it is another's. contact "" is for agents: any of the workspace.
	Conversation(ctx context.Context, workspace, contact, id string) (Conversation, error)
	// VisitorMessages is the one query that says visitor: a thread's messages that its
	// visitor may see, newest first before seq (0: newest), at most limit; none unless the
	// thread is this contact's now, whoever it was when they were written. They say what a
	// visitor is shown: no channel, contact, session, key, method or id of their author.
	VisitorMessages(ctx context.Context, workspace, contact, conversation string, beforeSeq int64, limit int) ([]Message, error)
	// AgentMessages has notes too.
	AgentMessages(ctx context.Context, workspace, conversation string, beforeSeq int64, limit int) ([]Message, error)
	// MarkRead moves a read mark forward, never back nor past LastSeq, counts that side's
	// unread anew, and appends event.ReadMoved if it moved.
	MarkRead(ctx context.Context, mark ReadMark) error
	// UpdateConversation changes status or assignee and appends event.ConversationUpdated.
	UpdateConversation(ctx context.Context, update Update) (Conversation, error)
	// ClaimThread moves the named conversations of FromContact to the session's contact, ends
	// every session of FromContact, records the claim, appends event.ConversationMoved for each
	// (Contact: the new owner): one commit. When nothing that anybody wrote is left with
	// FromContact, it empties the visitor's Contact. It writes nothing unless FromContact is
	// still the visitor's and anonymous, the session stands, and its person is still the visitor's.
	ClaimThread(ctx context.Context, claim ThreadClaim) (moved int, err error)
	// AnonymousThreads are the conversations into which a visitor's anonymous contact wrote,
	// at most a hundred; contact is who asks.
	AnonymousThreads(ctx context.Context, workspace, visitor, contact string) ([]AnonymousThread, error)

	Inbox(ctx context.Context, workspace string, view View) ([]Conversation, error)
	InboxCounts(ctx context.Context, workspace, agent string) (Counts, error)
	Contact(ctx context.Context, workspace, id string) (Contact, error)
	Contacts(ctx context.Context, workspace string, ids []string) (map[string]Contact, error)
	LinksOf(ctx context.Context, workspace, contact string) ([]Link, error)
	// AttributesOf contacts, at most MaxKeptAttributes of each and of each provenance.
	AttributesOf(ctx context.Context, workspace string, contacts []string) ([]Attribute, error)
	// NamesOf is AttributesOf of the names name, email and user_id alone: what a person is called by.
	NamesOf(ctx context.Context, workspace string, contacts []string) ([]Attribute, error)
	// SetAttribute asks, as every change by an agent does, whether the word still counts:
	// policy.ErrForbidden, and nothing changed, if not.
	SetAttribute(ctx context.Context, attribute Attribute, by policy.Authority) error
	// SetBlocked raises the epoch, ends the contact's sessions, appends event.ContactBlocked.
	SetBlocked(ctx context.Context, workspace, contact string, blocked bool, now time.Time, draft audit.Draft) (ended int, err error)
}

// ReadMark says that one side has read up to Seq.
type ReadMark struct {
	Workspace, Conversation, Contact string
	Side                             AuthorKind // ByVisitor, ByTeam
	Seq                              int64
	TokenHash                        []byte // visitor
	Login, Agent                     string // agent
	At                               time.Time
}

// AnonymousThread is what a verified person may be asked about ("was this you?").
type AnonymousThread struct {
	Contact        string
	Conversation   string
	LastAt         time.Time // of the last message that its visitor wrote: an answer makes no thread younger
	LastSeq        int64     // of that message
	OthersVerified bool      // somebody else was verified on this visitor since
}

// Signals carries what is not kept: typing. It goes on the bus with Seq 0.
type Signals interface {
	Signal(e event.Event)
}
