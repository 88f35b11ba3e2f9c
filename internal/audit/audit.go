// Package audit is the append-only, chained record of decisions: who did what to
// keys, enforcement, agents and channels, every refusal, every verified session.
//
// One chain exists per node and start. Each entry carries a MAC over its own
// bytes and the MAC before it, under a key derived from the master key, so that
// a changed, dropped or reordered entry is found. A draft becomes an entry in the
// transaction that does what it records: either both are there, or neither.
//
// Entries name people by contact id or by a pseudonym, never by an email or user
// id. Whom a pseudonym stands for is sealed in a row of its own: erasing the person
// destroys that row, and the chain still verifies. Outside text is cut and escaped
// before it is written.
package audit

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
)

// Action is what was decided or done.
type Action string

const (
	SessionOpened    Action = "session.opened"   // a verified one
	SessionRefused   Action = "session.refused"  // verified, and not let in: Detail as opened, and outcome (blocked)
	IdentityRefused  Action = "identity.refused" // Detail: reason, dialect, platform, key, origin, enforcement, outcome
	SessionEnded     Action = "session.ended"
	ThreadClaimed    Action = "thread.claimed"
	ContactBlocked   Action = "contact.blocked"
	ContactUnblocked Action = "contact.unblocked"
	// What was proved by one contact and is another's: Detail names the holder.
	IdentifierDisputed Action = "identifier.disputed"
	IdentifierReleased Action = "identifier.released"
	BareProofsRefused  Action = "contact.bare_proofs" // Detail: until, empty when they are let in again
	AttributePolicySet Action = "attribute.policy"    // Detail: name, only_signed
	LogoutPolicySet    Action = "logout.policy"       // Detail: denies
	ContactExported    Action = "contact.exported"
	ContactErased      Action = "contact.erased"   // Detail: reason, and numbers of what went
	HistoryBegun       Action = "history.begun"    // before a run writes anything, which may be killed: Detail: from, source
	HistoryImported    Action = "history.imported" // a run: Detail counts it
	ImportOpened       Action = "history.opened"   // to who proved to be an imported person: Detail: record, conversations

	KeyGenerated      Action = "key.generated"
	KeyImported       Action = "key.imported"
	KeyRotated        Action = "key.rotated"
	KeyFinished       Action = "key.finished"
	KeySignBy         Action = "key.sign_by"
	KeyRevoked        Action = "key.revoked"
	KidRevoked        Action = "key.kid_revoked" // one key of an issuer's set: Detail names the kid
	KeyRevealed       Action = "key.revealed"
	HashRevealed      Action = "hash.revealed" // of a person: Detail names key and reason
	KeyRenamed        Action = "key.renamed"
	KeyExtended       Action = "key.extended"
	KeySwept          Action = "key.swept" // what a compromised key proved was taken apart: Detail counts it
	EnforcementSet    Action = "enforcement.set"
	ChannelCreated    Action = "channel.created"
	ChannelChanged    Action = "channel.changed"
	DomainIgnored     Action = "domain.ignored" // an operator wants no warning of it: Detail names the origin
	DomainNoticed     Action = "domain.noticed" // and takes that back
	AgentInvited      Action = "agent.invited"
	AgentJoined       Action = "agent.joined"
	AgentChanged      Action = "agent.changed"
	AgentRemoved      Action = "agent.removed"
	AgentSignedIn     Action = "agent.signed_in"
	AgentSignInFailed Action = "agent.sign_in_failed"
	AgentSignedOut    Action = "agent.signed_out"
	AgentConfirmed    Action = "agent.confirmed" // gave the password again
	PasswordChanged   Action = "agent.password_changed"
	FactorBegun       Action = "factor.begun"    // Detail: kind (app): a secret was shown, and counts for nothing yet
	FactorAdded       Action = "factor.added"    // Detail: kind (app, passkey), passkey
	FactorRemoved     Action = "factor.removed"  // Detail: as added
	FactorsReset      Action = "factor.reset"    // all of a colleague's
	FactorRuleSet     Action = "factor.rule_set" // Detail: required
	RecoveryMade      Action = "factor.recovery_made"
	OwnerReset        Action = "owner.reset"
	TokenCreated      Action = "token.created"
	TokenRevoked      Action = "token.revoked"
	MasterRewrapped   Action = "master.rewrapped"
	ServerStarted     Action = "server.started"
	RecordExported    Action = "audit.exported" // Detail: entries, last, format, or the filter of an export over HTTP
	RecordPruned      Action = "audit.pruned"   // Detail: checkpoint, entries, up_to

	// A site connects itself. Subject is the registration; Detail: site, and of used also name, network, software.
	RegistrationCreated   Action = "registration.created" // a token for it was made
	RegistrationUsed      Action = "registration.used"    // a site came with the token, and waits
	RegistrationConfirmed Action = "registration.confirmed"
	RegistrationRefused   Action = "registration.refused"
)

// Draft is an entry before it has its place in a chain.
type Draft struct {
	// By is on whose word the change is made: the store asks again, in the transaction
	// that writes both, whether that word still counts. It is no part of the entry. What
	// an agent or a token does (Actor) is not written without it.
	By        policy.Authority
	Workspace string
	Actor     string // policy.Principal.Actor, or "gate"
	Action    Action
	Channel   string
	Subject   string // id of what it is about: contact, key, agent, or a pseudonym
	// Person, if set, is whom it is about by name. The store puts the person's pseudonym
	// into Subject, in the same transaction; the name itself is no part of the entry.
	Person identity.Identifier
	Detail map[string]string // keys are ours; values from outside are cut at 256 bytes and escaped
}

// PseudonymPrefix begins every pseudonym, and no other id.
const PseudonymPrefix = "psn_"

// Person is whom a pseudonym stands for.
type Person struct {
	Identifier identity.Identifier
	Contact    string // whose identifier it is now; empty if nobody's
}

// Entry is a sealed draft. ID is chain/number.
type Entry struct {
	Chain  string // node and start, e.g. "node-01…"
	Number int64  // 1, 2, 3 … inside the chain
	At     time.Time
	Draft
	Previous []byte // MAC of the entry before; zeros for the first
	MAC      []byte
}

// MaxDetailBytes limits a text from outside that goes into an entry.
const MaxDetailBytes = 256

// KeyID is the key that an entry speaks of: what a session was proved by, or what
// was done to a key; empty if none.
func (d Draft) KeyID() string {
	if key := d.Detail["key"]; key != "" {
		return key
	}
	if strings.HasPrefix(d.Subject, "key_") {
		return d.Subject
	}
	return ""
}

// GateActor is who judges proofs: the actor of nearly every entry.
const GateActor = "gate"

// Filter selects entries; zero fields select all.
type Filter struct {
	Action   Action
	Group    string // of actions: see Groups
	Actor    string
	Subject  string
	Subjects []string // one of these
	Person   string   // a user id, an address or a contact's id: whoever that is; takes ReadConversations
	Channel  string
	Key      string
	Reason   string    // of a refusal
	From, To time.Time // To is the first moment that is too late
	Before   string    // cursor: Next of the page before
	Limit    int       // 1 to 200; 0 is 50
}

// AllActions are those that the filter names, singly or as a group; none if it does not ask.
func (f Filter) AllActions() []Action {
	switch {
	case f.Action != "":
		return []Action{f.Action}
	case f.Group != "":
		return groups[f.Group]
	case f.Reason != "":
		return []Action{IdentityRefused}
	}
	return nil
}

// Match says whether an entry is one of those, its time and place in the record aside.
func (f Filter) Match(e Entry) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	actions := f.AllActions()
	return (len(actions) == 0 && f.Group == "" || slices.Contains(actions, e.Action)) && is(f.Actor, e.Actor) && is(f.Channel, e.Channel) &&
		is(f.Key, e.KeyID()) && is(f.Reason, e.Detail["reason"]) &&
		(f.Subject == "" && len(f.Subjects) == 0 || e.Subject == f.Subject && f.Subject != "" || slices.Contains(f.Subjects, e.Subject))
}

// Page is newest first. It may be short, even empty, and yet have a Next: a filter that
// hardly anything fits looks at so much at a time and no more.
type Page struct {
	Entries   []Entry
	Positions []int64           // of the entries, in the record of all workspaces
	People    map[string]Person // :: subject → whom it stands for; for readers who may know
	Actors    map[string]string // :: actor → name of the agent or token; for readers who may know
	Next      string            // empty at the end
}

// Store keeps entries. Record seals and commits drafts as one group; it returns
// after they are durable. All other stores take drafts beside the change they
// record and commit both together.
type Store interface {
	Record(ctx context.Context, drafts ...Draft) error
	Entries(ctx context.Context, workspace string, filter Filter) (Page, error)
	// People says whom pseudonyms stand for :: pseudonym → person; one whose name was
	// destroyed is left out.
	People(ctx context.Context, workspace string, pseudonyms []string) (map[string]Person, error)
	// SubjectsOf are the subjects under which the record speaks of whoever has this name:
	// a user id or an address in any realm of the workspace, or a contact's id.
	SubjectsOf(ctx context.Context, workspace, name string) ([]string, error)
	// Actors says what agents and tokens are called :: actor → name. One who was removed or
	// revoked still has a name; whoever is not of the workspace is left out.
	Actors(ctx context.Context, workspace string, actors []string) (map[string]string, error)
	// Vouch answers policy.ErrForbidden once an operator's word no longer counts.
	Vouch(ctx context.Context, by policy.Authority) error
}

// MarshalDetail is the one encoding of a detail, keys sorted, as stored and MACed.
func MarshalDetail(detail map[string]string) ([]byte, error) {
	if len(detail) == 0 {
		return []byte("{}"), nil
	}
	return json.Marshal(detail)
}
