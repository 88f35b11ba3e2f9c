package event

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// ErrStale is returned by every use case that would have to act on cached
// rights while the log's head has not been read within Freshness.
var ErrStale = errors.New("event: the log's head has not been read within a second")

// Freshness is how long a read of the head may vouch for what was cached.
const Freshness = time.Second

// Pulse is this node's last view of the log's head. The relay feeds it;
// whoever holds cached keys, policy, sessions or roles asks it first.
// The zero value is stale.
type Pulse struct{ beat atomic.Pointer[beat] }

type beat struct {
	head Head
	read time.Time // when the query was sent, monotonic: the head may be older, never newer
}

// Observe records a head; asked is the local time just before the query.
// An older head never replaces a newer one of the same kind.
func (p *Pulse) Observe(head Head, asked time.Time) {
	next := &beat{head: head, read: asked}
	for {
		last := p.beat.Load()
		if last != nil && last.read.After(asked) {
			return
		}
		if p.beat.CompareAndSwap(last, next) {
			return
		}
	}
}

// Epoch answers with the security epoch, or ErrStale.
func (p *Pulse) Epoch() (int64, error) {
	b := p.beat.Load()
	if b == nil || time.Since(b.read) > Freshness {
		return 0, ErrStale
	}
	return b.head.Epoch, nil
}

// Pass waits until the epoch is another than from, for as long as a change may stay
// unheard at most.
func (p *Pulse) Pass(ctx context.Context, from int64) {
	ctx, cancel := context.WithTimeout(ctx, Freshness)
	defer cancel()
	look := time.NewTicker(Freshness / 50)
	defer look.Stop()
	for p.Head().Epoch == from {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// Head answers with the last head seen, however old; the zero Head if none.
func (p *Pulse) Head() Head {
	if b := p.beat.Load(); b != nil {
		return b.head
	}
	return Head{}
}

// Now is the database's clock carried forward by the local monotonic one.
// Before the first beat it is the local clock.
func (p *Pulse) Now() time.Time {
	b := p.beat.Load()
	if b == nil {
		return time.Now().UTC()
	}
	return b.head.Now.Add(time.Since(b.read)).UTC()
}
