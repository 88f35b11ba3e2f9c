package identity

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// MaxLive bounds how many keys of one ring may verify at once: each costs a
// wrong proof one MAC.
const MaxLive = 8

// SignBySlack is how far after a key's sign-by time a timed proof may still be
// issued: signers' clocks differ.
const SignBySlack = 30 * time.Second

// Entry is a key with its place in life, as identity/keyring knows it.
type Entry struct {
	Key    *Key
	Dead   Reason    // why it verifies no more (KeyRetired, KeyRevoked, KeyUnusable); empty while it lives
	Ends   time.Time // from then on it is retired; zero: never
	SignBy time.Time // timed proofs issued more than SignBySlack later are refused; zero: none is
}

func (e *Entry) deadAt(now time.Time) Reason {
	if e.Dead == "" && !e.Ends.IsZero() && !now.Before(e.Ends) {
		return KeyRetired
	}
	return e.Dead
}

// Ring is the keys of one channel: the live ones in the order in which they are
// tried, and dead ones, which verify nothing and only give the operator an exact
// reason. A Ring is immutable. The zero Ring refuses everything.
type Ring struct{ entries []Entry }

// NewRing keeps the order of the entries.
func NewRing(entries ...Entry) (Ring, error) {
	live := 0
	for i, e := range entries {
		if e.Key == nil {
			return Ring{}, errors.New("identity: ring: an entry without a key")
		}
		if e.Dead == "" {
			live++
		}
		for _, other := range entries[:i] {
			if other.Key.spec.ID == e.Key.spec.ID {
				return Ring{}, fmt.Errorf("identity: ring: key %s twice", e.Key.spec.ID)
			}
		}
	}
	if live > MaxLive {
		return Ring{}, fmt.Errorf("identity: ring: %d live keys, at most %d can be", live, MaxLive)
	}
	return Ring{entries: slices.Clone(entries)}, nil
}

// Len counts the entries, dead ones too.
func (r Ring) Len() int { return len(r.entries) }

// Live counts the keys that verify at now.
func (r Ring) Live(now time.Time) int {
	n := 0
	for i := range r.entries {
		if r.entries[i].deadAt(now) == "" {
			n++
		}
	}
	return n
}
