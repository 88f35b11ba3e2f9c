// Package trust is the guarded door and the operators' side of the same ring.
// The gate finds the ring, verifies, decides, records, and only then answers; a
// ring that cannot be read or a record that cannot be written is a refusal.
package trust

import (
	"context"
	"errors"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/workspace"
)

var (
	// ErrNotFound: no such key in this workspace.
	ErrNotFound = errors.New("trust: no such key")
	// ErrConflict: another operator changed the ring first; read it again.
	ErrConflict = errors.New("trust: conflict")
	// ErrInvalid: a secret or setting that the ring refuses; wrapped with the reason.
	ErrInvalid = errors.New("trust: invalid")
	// ErrPlatform: the channel exists and does not serve the platform; wrapped with its name.
	ErrPlatform = errors.New("trust: not served")
	// ErrSecretInUse: the same secret bytes already exist in this installation.
	ErrSecretInUse = errors.New("trust: this secret or key is in use already")
	// ErrLimited: this colleague or program has made or revealed as many keys as a day allows.
	ErrLimited = errors.New("trust: enough keys were made or revealed today")
	// ErrShownOnce: the key's secret was to be shown when it was made, and never again.
	ErrShownOnce = errors.New("trust: this secret is shown once")
)

// State is where a key stands in its life:
//
//	pending ──use──▶ active ──rotate──▶ retiring ──end──▶ retired
//	   └────────────────┴──────revoke──────┴──▶ revoked
//
// pending, active and retiring verify; the others do not. Ids are never reused.
type KeyRow struct {
	ID          string
	Workspace   string
	Channel     string
	Name        string
	State       string // as keyring spells it
	Dialect     string // native, intercom, helpscout, pylon, ensoras, …
	Proof       string // hash, v1, jwt: one key, one kind
	Signs       string // user_id, email, either
	Platforms   []policy.Platform
	Realm       string
	Confirms    bool       // the product confirms addresses: a signed email is an identifier
	Fingerprint string     // keyed, shown; equal bytes exist once per installation
	Sealed      []byte     // AES-256-GCM under the master key
	Reveal      string     // once, request
	Imported    bool       // also known elsewhere, until rotated
	Public      PublicHalf // instead of a secret; zero if the key is one
	CreatedBy   string
	CreatedAt   time.Time
	RetiringAt  time.Time // when rotation put it aside
	EndsAt      time.Time // retiring: its end
	SignBy      time.Time // timed proofs issued later are refused
	RevokedAt   time.Time
	LastUsedAt  time.Time
	// CompromisedSince is when somebody else may first have held a revoked key; zero: it was replaced.
	CompromisedSince time.Time
}

// Ring is every key a channel ever had, with the version that a change must name.
type Ring struct {
	Channel string
	Version int64
	Keys    []KeyRow
}

// RingChange replaces the ring of Version by Keys, or fails with ErrConflict.
type RingChange struct {
	Workspace string
	Channel   string
	Version   int64    // as read
	Keys      []KeyRow // the whole new ring
	Silence   []string // keys whose live sessions end now (finished, revoked)
	// SilenceKid ends the live sessions of one kid of an issuer's set; nil: of none.
	SilenceKid *KidOfKey
	Spend      Spend // from somebody's allowance, in the same transaction
	Drafts     []audit.Draft
}

// KidOfKey names one key of the set that a key of ours is.
type KidOfKey struct{ Key, Kid string }

// Spend takes one from an allowance that the database keeps: at most Limit within
// Window, whichever node is asked. The zero Spend takes nothing.
type Spend struct {
	Name   string
	Limit  int
	Window time.Duration
}

// KeyName is what whoever reads a conversation may know of a key.
type KeyName struct {
	Name             string
	CompromisedSince time.Time
}

// Doubts says whether something that the key proved at that time is in doubt.
func (n KeyName) Doubts(at time.Time) bool {
	return !n.CompromisedSince.IsZero() && !at.Before(n.CompromisedSince)
}

// Store keeps rings. SwapRing raises the epoch and appends event.KeyChanged for the
// channel and event.KeySilenced for each silenced key, ending their sessions, in one
// transaction; a retiring key's end is judged by time on every use and needs no write.
type Store interface {
	Ring(ctx context.Context, workspace, channel string) (Ring, error)
	SwapRing(ctx context.Context, change RingChange, now time.Time) (sessionsEnded int, err error)
	// KeyChannel finds which channel of the workspace a key belongs to.
	KeyChannel(ctx context.Context, workspace, key string) (channel string, err error)
	// FingerprintInUse says whether a live or dead key anywhere has it.
	FingerprintInUse(ctx context.Context, fingerprint string) (bool, error)
	// KeyUsed marks the last use, turns pending into active and adds to the sessions of the
	// page's origin; it need not be durable at once. Beyond MaxOrigins of a key, origins
	// share the empty one.
	KeyUsed(ctx context.Context, use KeyUse) error
	// KeyUses lists where proofs came from :: key id → its uses, the latest first.
	KeyUses(ctx context.Context, workspace, channel string) (map[string][]KeyUse, error)
	// KeyNames :: id → name, those of ids that are keys of the workspace.
	KeyNames(ctx context.Context, workspace string, ids []string) (map[string]KeyName, error)
	// LiveOrigins counts a key's live sessions by the origin of their page, most first.
	LiveOrigins(ctx context.Context, workspace, key string, now time.Time) ([]LiveOrigin, error)
	// Spend takes one from an allowance and records what it was for, or fails with
	// ErrLimited and has recorded nothing.
	Spend(ctx context.Context, spend Spend, drafts ...audit.Draft) error
	// SweepStep takes what a compromised key proved one step further apart; done when nothing
	// is left. Any number of nodes may call it at once. SwapRing begins a sweep when it
	// writes a CompromisedSince.
	SweepStep(ctx context.Context, workspace, key string) (done bool, err error)
	// Unswept lists keys whose sweep was begun and not finished.
	Unswept(ctx context.Context) ([]Unswept, error)
	// Findings of a sweep, of one kind, by id, those after the one given.
	Findings(ctx context.Context, workspace, key string, kind FindingKind, after string, limit int) ([]Finding, error)
	// CountFindings of a sweep by kind, and whether the sweep is done.
	CountFindings(ctx context.Context, workspace, key string) (Cut, error)
	// CountProved counts what a sweep would find if the key were compromised since a time.
	// It changes nothing and is bounded in work: what it says may be the least.
	CountProved(ctx context.Context, workspace, key string, since time.Time) (Proved, error)
	// LiveSessions counts per key of the channel :: key id → live sessions.
	LiveSessions(ctx context.Context, workspace, channel string, now time.Time) (map[string]int, error)
	// Record is audit.Store's; the gate answers only after it returned nil.
	Record(ctx context.Context, drafts ...audit.Draft) error
}

// Arrival is one assertion at the door.
type Arrival struct {
	Channel   string // public id: slug or alias
	Platform  policy.Platform
	Origin    string // as the browser reported it: counted, never trusted
	Version   string // of the app or library, as it reported it: counted
	Network   string // it came from, as limits count (an address, or a /56); empty: not limited
	Assertion identity.Assertion
	// Renew, if set, is asked once a proof has verified whether its caller goes on with
	// a session of the same person by the same key in the same browser. That session was
	// recorded when it was opened, so a yes writes no second record.
	Renew func(ctx context.Context, verdict policy.Verdict, channel workspace.Channel) (bool, error)
	// Allow, if set, is asked about everybody else whose proof has verified, before it is
	// recorded that a session was opened. An error ends the arrival; an outcome beside it
	// is recorded as session.refused, and no outcome leaves no record.
	Allow func(ctx context.Context, verdict policy.Verdict, channel workspace.Channel) (outcome string, err error)
}
