// Package keyring is the life of a channel's keys, as a state machine without
// rows, secrets or clocks. It decides which keys verify at a moment, in which
// order, and which change is allowed next; it refuses to bring a dead key back,
// to use an id twice and to let more keys live than a wrong proof can be made to
// pay for.
//
//	          use             rotate              end, or finish
//	pending ───────▶ active ──────────▶ retiring ───────────────▶ retired
//	   │                │                   │                        │
//	   │     rotate     │                   │                        │
//	   ├───────────────────────────────────▶┤                        │
//	   └────────────────┴───────revoke──────┴────────────────────────┴──▶ revoked
//
// pending (not yet seen in use), active and retiring verify. retired and revoked
// do not, and nothing leads back. A retiring key becomes retired by time alone:
// its state is judged at a given now ([Key.StateAt]) and needs no write. A retired
// key may still be revoked, because only revoking says that it was compromised.
//
// Every transition is a method of [Ring] that checks first and answers with a new
// Ring; a failed one has changed nothing. Whoever stores the ring replaces the
// version that was read, or starts again (compare and swap).
package keyring

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/identity"
)

// State is where a key stands in its life, as it was last written.
type State string

const (
	Pending  State = "pending"
	Active   State = "active"
	Retiring State = "retiring"
	Retired  State = "retired"
	Revoked  State = "revoked"
)

// DefaultOverlap is how long a rotated key goes on unless it is said.
const DefaultOverlap = 7 * 24 * time.Hour

var (
	// ErrUnknown: no key of this ring has that id.
	ErrUnknown = errors.New("keyring: no such key")
	// ErrIDUsed: a key of this ring has, or had, that id.
	ErrIDUsed = errors.New("keyring: this id was used before")
	// ErrFull: eight keys live already; finish or revoke one first.
	ErrFull = errors.New("keyring: too many live keys")
	// ErrState: the key's present state has no such transition; wrapped with both.
	ErrState = errors.New("keyring: not in this state")
	// ErrTime: a time that the transition cannot take; wrapped with the reason.
	ErrTime = errors.New("keyring: not at this time")
)

// Key is one key's life, without its secret. Times that did not happen are zero.
type Key struct {
	ID         string
	State      State
	CreatedAt  time.Time
	LastUsedAt time.Time
	RetiringAt time.Time // when a rotation put it aside
	EndsAt     time.Time // retiring: from then on it is retired
	SignBy     time.Time // timed proofs issued later are refused; zero while retiring: EndsAt
	RevokedAt  time.Time
	// CompromisedSince is when somebody else may first have held a revoked key;
	// zero: it was replaced, and what it proved stays proved.
	CompromisedSince time.Time
}

// StateAt is the key's state at now. An unknown state is Revoked.
func (k Key) StateAt(now time.Time) State {
	switch k.State {
	case Pending, Active, Retired:
		return k.State
	case Retiring:
		if now.Before(k.EndsAt) {
			return Retiring
		}
		return Retired
	}
	return Revoked
}

// Verifies says whether a proof by the key counts at now.
func (k Key) Verifies(now time.Time) bool { return order(k.StateAt(now)) < order(Retired) }

// LastIssue is the latest time at which a timed proof may have been issued;
// zero: there is none. The verifier allows identity.SignBySlack on top.
func (k Key) LastIssue() time.Time {
	if k.State == Retiring && k.SignBy.IsZero() {
		return k.EndsAt
	}
	return k.SignBy
}

// order is the order in which keys are tried: the active one first, since it
// signs most proofs; the dead last, for the reason only.
func order(s State) int {
	switch s {
	case Active:
		return 0
	case Pending:
		return 1
	case Retiring:
		return 2
	case Retired:
		return 3
	}
	return 4
}

// Ring is every key that a channel ever had, in any order. It is a value: the
// transitions leave it alone and answer with the next one.
type Ring struct{ Keys []Key }

// Find answers with the key of that id.
func (r Ring) Find(id string) (Key, bool) {
	if i := r.index(id); i >= 0 {
		return r.Keys[i], true
	}
	return Key{}, false
}

// Live counts the keys that verify at now.
func (r Ring) Live(now time.Time) int {
	n := 0
	for _, k := range r.Keys {
		if k.Verifies(now) {
			n++
		}
	}
	return n
}

func (r Ring) index(id string) int {
	return slices.IndexFunc(r.Keys, func(k Key) bool { return k.ID == id })
}

// Add brings a new key in, pending.
func (r Ring) Add(id string, now time.Time) (Ring, error) {
	switch {
	case id == "":
		return r, fmt.Errorf("%w: it is empty", ErrUnknown)
	case r.index(id) >= 0:
		return r, ErrIDUsed
	case r.Live(now) >= identity.MaxLive:
		return r, fmt.Errorf("%w: at most %d", ErrFull, identity.MaxLive)
	}
	return Ring{Keys: append(slices.Clone(r.Keys), Key{ID: id, State: Pending, CreatedAt: now})}, nil
}

// Use records that a proof by the key was taken at now. A pending key becomes
// active; first says that it did.
func (r Ring) Use(id string, now time.Time) (next Ring, first bool, err error) {
	next, err = r.change(id, now, "use", func(k *Key) error {
		if k.State == Pending {
			k.State, first = Active, true
		}
		if now.After(k.LastUsedAt) {
			k.LastUsedAt = now
		}
		return nil
	}, Pending, Active, Retiring)
	return next, first && err == nil, err
}

// Rotate brings the key nextID in, pending, and puts id aside: it goes on
// verifying for the overlap, which may be zero, and is retired then. A retiring
// key cannot be rotated again: it has its successor.
func (r Ring) Rotate(id, nextID string, overlap time.Duration, now time.Time) (Ring, error) {
	if overlap < 0 {
		return r, fmt.Errorf("%w: the overlap is negative", ErrTime)
	}
	aside, err := r.change(id, now, "rotate", func(k *Key) error {
		k.State, k.RetiringAt, k.EndsAt = Retiring, now, now.Add(overlap)
		return nil
	}, Pending, Active)
	if err != nil {
		return r, err
	}
	next, err := aside.Add(nextID, now)
	if err != nil {
		return r, err
	}
	return next, nil
}

// SignBy says that every signer has moved by at: timed proofs of the retiring key
// that were issued more than identity.SignBySlack later are refused. It may come
// earlier than the key's end, not later, and may be set again.
func (r Ring) SignBy(id string, at, now time.Time) (Ring, error) {
	return r.change(id, now, "set the sign-by time of", func(k *Key) error {
		if at.IsZero() || at.After(k.EndsAt) {
			return fmt.Errorf("%w: sign-by lies between now and the key's end", ErrTime)
		}
		k.SignBy = at
		return nil
	}, Retiring)
}

// Extend moves the end of a retiring key, earlier or later.
func (r Ring) Extend(id string, ends, now time.Time) (Ring, error) {
	return r.change(id, now, "move the end of", func(k *Key) error {
		if !ends.After(now) {
			return fmt.Errorf("%w: the end has passed; finish the key instead", ErrTime)
		}
		if k.SignBy.After(ends) {
			k.SignBy = ends
		}
		k.EndsAt = ends
		return nil
	}, Retiring)
}

// Finish ends a retiring key now.
func (r Ring) Finish(id string, now time.Time) (Ring, error) {
	return r.change(id, now, "finish", func(k *Key) error {
		k.State, k.EndsAt = Retired, now
		return nil
	}, Retiring)
}

// Revoke ends a key now. A compromisedSince that is not zero says that somebody
// else may have held it since then, and so what it proved from then on is in
// doubt; zero says that it was merely replaced. A revoked key can still be called
// compromised, since that is often found out later; never the reverse.
func (r Ring) Revoke(id string, compromisedSince, now time.Time) (Ring, error) {
	return r.change(id, now, "revoke", func(k *Key) error {
		switch {
		case compromisedSince.After(now):
			return fmt.Errorf("%w: compromised since a time that has not come", ErrTime)
		case k.State == Revoked && compromisedSince.IsZero():
			return fmt.Errorf("%w: it is revoked already", ErrState)
		case k.State != Revoked:
			k.State, k.RevokedAt = Revoked, now
		}
		k.CompromisedSince = compromisedSince
		return nil
	}, Pending, Active, Retiring, Retired, Revoked)
}

// change applies one transition to a copy, if the key's state at now is one of from.
func (r Ring) change(id string, now time.Time, verb string, apply func(*Key) error, from ...State) (Ring, error) {
	i := r.index(id)
	if i < 0 {
		return r, ErrUnknown
	}
	k := r.Keys[i]
	k.State = k.StateAt(now)
	if !slices.Contains(from, k.State) {
		return r, fmt.Errorf("%w: cannot %s a key that is %s", ErrState, verb, k.State)
	}
	if err := apply(&k); err != nil {
		return r, err
	}
	keys := slices.Clone(r.Keys)
	keys[i] = k
	return Ring{Keys: keys}, nil
}

// MaxDead is how many dead keys a verifier is given, the latest first. They only
// make a reason exact; an old installation's must not make refusals slow.
const MaxDead = 8

// Verifier is the ring as identity.Verify takes it: active, pending and retiring
// keys, then the latest dead ones, each judged again by its end at every call. So
// it may be kept until a key of the ring changes. material answers with the key
// built from the stored secret (identity/dialect builds it); its error ends the
// whole conversion, since a ring that is only half readable would refuse proofs
// that are right. A dead key whose material is nil is left out.
func (r Ring) Verifier(now time.Time, material func(Key) (*identity.Key, error)) (identity.Ring, error) {
	keys := slices.Clone(r.Keys)
	slices.SortStableFunc(keys, func(a, b Key) int {
		if byState := order(a.StateAt(now)) - order(b.StateAt(now)); byState != 0 {
			return byState
		}
		return b.CreatedAt.Compare(a.CreatedAt)
	})
	entries := make([]identity.Entry, 0, len(keys))
	dead := 0
	for _, k := range keys {
		if !k.Verifies(now) {
			if dead++; dead > MaxDead {
				continue
			}
		}
		built, err := material(k)
		if err != nil {
			return identity.Ring{}, fmt.Errorf("keyring: key %s: %w", k.ID, err)
		}
		if built == nil && !k.Verifies(now) {
			continue
		}
		entries = append(entries, entry(k, built, now))
	}
	return identity.NewRing(entries...)
}

func entry(k Key, built *identity.Key, now time.Time) identity.Entry {
	e := identity.Entry{Key: built, SignBy: k.LastIssue()}
	switch k.StateAt(now) {
	case Pending, Active:
	case Retiring:
		e.Ends = k.EndsAt
	case Retired:
		e.Dead = identity.KeyRetired
	default:
		e.Dead = identity.KeyRevoked
	}
	return e
}
