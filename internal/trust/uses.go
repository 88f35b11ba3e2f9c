package trust

import (
	"context"
	"strings"
	"sync"
	"time"

	"countersign/identity/policy"
)

const (
	useStep = time.Minute     // a use of a key from one origin is written this often
	useSoon = 2 * time.Second // the first sessions after a quiet time are
	// MaxOrigins of a key are told apart. Whoever holds a proof can say any origin: more
	// of them must not fill the memory or the database.
	MaxOrigins     = 50
	maxOriginBytes = 200
	maxTallies     = 4096
)

// KeyUse is that proofs by a key came from one origin, as a browser says.
type KeyUse struct {
	Workspace string
	Key       string
	Origin    string // empty: none was said, or one too many
	Platform  policy.Platform
	Sessions  int // opened since the key was made, or since it was put aside
	At        time.Time
}

// LiveOrigin is how many sessions of a key are live on the pages of one origin.
type LiveOrigin struct {
	Origin   string
	Sessions int
}

// uses counts by what keys proofs came and from where, and writes it once a minute.
type uses struct {
	store Store
	now   func() time.Time

	mu      sync.Mutex
	tallies map[useName]*tally
	origins map[string]int // :: key → its tallies
	waiting bool           // a flush is on its way
	flushed time.Time
}

type useName struct {
	workspace, key, origin string
	platform               policy.Platform
}

type tally struct {
	written  time.Time
	sessions int // not yet written
	last     time.Time
}

func newUses(store Store, now func() time.Time) *uses {
	return &uses{store: store, now: now, tallies: make(map[useName]*tally), origins: make(map[string]int)}
}

// seen notes that a proof by the key verified. The first of a minute is written at
// once, since a pending key becomes active by it.
func (u *uses) seen(ctx context.Context, name useName) error {
	now := u.now()
	u.mu.Lock()
	one := u.of(name)
	one.last = now
	if !one.written.IsZero() && now.Sub(one.written) < useStep {
		u.mu.Unlock()
		return nil
	}
	before, use := one.written, u.take(name, one, now)
	u.mu.Unlock()
	err := u.store.KeyUsed(ctx, use)
	if err != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		one.written, one.sessions = before, one.sessions+use.Sessions
	}
	return err
}

// opened counts a session; a use of the minute writes it.
func (u *uses) opened(name useName) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.of(name).sessions++
	u.wake()
}

// of is the tally of a name, or the shared one of its key. The caller holds the lock.
func (u *uses) of(name useName) *tally {
	name.origin = plainOrigin(name.origin)
	one := u.tallies[name]
	if one == nil && u.origins[name.key] >= MaxOrigins {
		name.origin = ""
		one = u.tallies[name]
	}
	if one == nil {
		if len(u.tallies) >= maxTallies {
			u.forget()
		}
		one = &tally{}
		u.tallies[name] = one
		u.origins[name.key]++
	}
	return one
}

// forget drops what waits for nothing, to make room. The caller holds the lock.
func (u *uses) forget() {
	for name, one := range u.tallies {
		if one.sessions == 0 {
			delete(u.tallies, name)
			u.origins[name.key]--
		}
	}
}

// take empties a tally into what is to be written. The caller holds the lock.
func (u *uses) take(name useName, one *tally, now time.Time) KeyUse {
	name.origin = plainOrigin(name.origin)
	if u.tallies[name] != one {
		name.origin = ""
	}
	use := KeyUse{
		Workspace: name.workspace, Key: name.key, Origin: name.origin, Platform: name.platform, Sessions: one.sessions, At: one.last.UTC().Truncate(time.Microsecond),
	}
	one.written, one.sessions = now, 0
	return use
}

// wake sees to it that what was counted is written though nobody else comes. The
// caller holds the lock.
func (u *uses) wake() {
	if u.waiting {
		return
	}
	u.waiting = true
	time.AfterFunc(max(useSoon, useStep-u.now().Sub(u.flushed)), func() {
		ctx, cancel := context.WithTimeout(context.Background(), flushPatience)
		defer cancel()
		u.mu.Lock()
		u.waiting = false
		u.mu.Unlock()
		// A failed write puts the count back and wakes again: nothing to add here.
		_ = u.flush(ctx)
	})
}

// flush writes every session that was counted.
func (u *uses) flush(ctx context.Context) error {
	u.mu.Lock()
	now := u.now()
	u.flushed = now
	taken := make(map[*tally]KeyUse)
	for name, one := range u.tallies {
		if one.sessions > 0 {
			taken[one] = u.take(name, one, now)
		}
	}
	u.mu.Unlock()
	for one, use := range taken {
		if err := u.store.KeyUsed(ctx, use); err != nil {
			u.mu.Lock()
			for left, back := range taken {
				left.sessions += back.Sessions
			}
			u.wake()
			u.mu.Unlock()
			return err
		}
		delete(taken, one)
	}
	return nil
}

// plainOrigin is an origin as a row may name it; what is none is the empty one.
func plainOrigin(origin string) string {
	strange := strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r > '~' })
	if strange || len(origin) > maxOriginBytes || origin == "null" {
		return ""
	}
	return strings.ToLower(origin)
}
