package chat

import (
	"context"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
)

// Registry is the part of Store that keeps what operators decide about people.
type Registry interface {
	// Expected is the contact that a proof would find, by the identifier or by a scope if
	// it hangs on one, the zero Contact if it would find none; and whether the token of this
	// digest was denied.
	Expected(ctx context.Context, workspace string, proved identity.Identifier, scope, proof string) (contact Contact, denied bool, err error)
	// EndSessionsOf ends every live session of a contact and counts them; proofs made before
	// this commit open nothing any more, as out says.
	EndSessionsOf(ctx context.Context, out SignOut, draft audit.Draft) (int, error)
	// RefuseBare says until when proofs that do not say when they were made open nothing
	// for a contact, and ends the sessions that they opened; a zero time lets them in again.
	RefuseBare(ctx context.Context, workspace, contact string, until time.Time, draft audit.Draft) error

	// ConflictsOf lists what a contact proved and another holds, and what another proved and
	// this one holds, while it is so.
	ConflictsOf(ctx context.Context, workspace, contact string) ([]Conflict, error)
	// Release takes an identifier from a contact, with the signed attribute that says the
	// same, and ends the contact's sessions. ErrNotFound if the contact does not hold it.
	Release(ctx context.Context, workspace, contact string, i identity.Identifier, draft audit.Draft) (ended int, err error)

	// SignedOnly are the names of which only signed values count, in alphabetical order.
	SignedOnly(ctx context.Context, workspace string) ([]SignedName, error)
	// SetSignedOnly switches one and raises the epoch.
	SetSignedOnly(ctx context.Context, workspace string, name SignedName, only bool, draft audit.Draft) error
	// DropAttribute forgets one value of one provenance; one that is not there is fine.
	DropAttribute(ctx context.Context, attribute Attribute, by policy.Authority) error

	// ChannelSessions lists a channel's live sessions, those that end last first, at most
	// limit. A session may be among them whose key has ended meanwhile.
	ChannelSessions(ctx context.Context, workspace string, of SessionFilter, before Cursor, limit int, now time.Time) (list []Session, next Cursor, err error)
	// CountSessions counts them, up to most.
	CountSessions(ctx context.Context, workspace string, of SessionFilter, most int, now time.Time) (int, error)
	// EndSessionsIn ends them and counts them.
	EndSessionsIn(ctx context.Context, workspace string, of SessionFilter, draft audit.Draft) (int, error)
	// LogoutDenies says whether a log-out on a channel denies tokens of drop-in dialects too.
	LogoutDenies(ctx context.Context, workspace, channel string) (bool, error)
	SetLogoutDenies(ctx context.Context, workspace, channel string, denies bool, draft audit.Draft) error

	// ImportsWait says whether any imported record of the workspace waits for its person, and
	// ImportWaits whether one would open to this contact by what it proves.
	ImportsWait(ctx context.Context, workspace string) (bool, error)
	ImportWaits(ctx context.Context, workspace, contact string, proved []identity.Identifier) (bool, error)
	// ImportedRecord is what an imported person waits for; ErrNotFound if it is none.
	ImportedRecord(ctx context.Context, workspace, contact string) (Imported, error)
	// ImportedPeople lists imported people, those that were read last first: of a search whoever
	// has that very name, however many there are, and whoever has the text among the latest.
	ImportedPeople(ctx context.Context, workspace string, of ImportedFilter, before Cursor, limit int) (list []ImportedPerson, next Cursor, err error)

	// Holdings counts what is kept of a contact.
	Holdings(ctx context.Context, workspace, contact string) (Holdings, error)
	// Erase takes everything away that is kept of a contact, in one commit, and leaves no
	// trace of it in the database's file.
	Erase(ctx context.Context, workspace, contact string, draft audit.Draft) (Erasure, error)
	// Record keeps what was read of a person.
	Record(ctx context.Context, drafts ...audit.Draft) error
	// HolderOf finds the contact that holds an identifier; ErrNotFound if nobody does.
	HolderOf(ctx context.Context, workspace string, i identity.Identifier) (string, error)
}

// SignOut ends all sessions of a person.
type SignOut struct {
	Workspace string
	Contact   string
	// BareUntil is until when proofs that do not say when they were made are refused too;
	// zero: as it was.
	BareUntil time.Time
}

// Conflict is an identifier that Contact proved and Holder holds.
type Conflict struct {
	Identifier identity.Identifier
	Contact    string // who proved it without getting it
	Holder     string
	HeldSince  time.Time
	HeldBy     identity.Method // by which the holder proved it
	HeldKey    string
	Method     identity.Method // by which Contact did
	Key        string
	At, LastAt time.Time
	Session    string // in which it was found first
	Workspace  string
	Channel    string
}

// SignedName is a name of which only signed values count, and on whose word.
type SignedName struct {
	Name string
	By   string // policy.Principal.Actor
	At   time.Time
}

// SessionFilter selects live sessions of one channel; zero fields select all.
type SessionFilter struct {
	Channel string
	Tier    policy.Tier
	Key     string
}

// Holdings are numbers of what is kept of a person.
type Holdings struct {
	Identifiers, Attributes, Sessions, LiveSessions, Browsers, Conversations, Messages, Files int
}

// Erasure is what an erasure took away. Settled: no file of the database has it any
// more; otherwise its journal does until it is emptied next.
type Erasure struct {
	Holdings
	Settled bool
}
