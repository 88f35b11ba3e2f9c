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
	ErrSecretInUse = errors.New("trust: this secret is in use already")
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
	Confirms    bool   // the product confirms addresses: a signed email is an identifier
	Fingerprint string // keyed, shown; equal bytes exist once per installation
	Sealed      []byte // AES-256-GCM under the master key
	Reveal      string // once, request
	Imported    bool   // also known elsewhere, until rotated
	CreatedBy   string
	CreatedAt   time.Time
	RetiringAt  time.Time // when rotation put it aside
	EndsAt      time.Time // retiring: its end
	SignBy      time.Time // timed proofs issued later are refused
	RevokedAt   time.Time
	LastUsedAt  time.Time
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
	Drafts    []audit.Draft
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
	// KeyUsed marks the last use and turns pending into active; it need not be durable at once.
	KeyUsed(ctx context.Context, workspace, key string, now time.Time) error
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
