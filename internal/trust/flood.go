package trust

import (
	"context"
	"strconv"
	"sync"
	"time"

	"countersign/internal/audit"
)

const (
	// rowsPerSecond is how many refusals of one channel get a row each. Under attack
	// the rest share one row per reason and second, so that the attacker does not
	// choose how fast the disk fills.
	rowsPerSecond = 10
	// maxBuckets bounds what is counted while nothing can be written; beyond it
	// every refusal must be written, or fails.
	maxBuckets = 1000

	flushPatience = 10 * time.Second // with what is only a hint, and may be counted twice
)

// flood writes refusals, and counts those beyond the limit until their second is
// over.
type flood struct {
	store recorder
	now   func() time.Time

	mu      sync.Mutex
	rows    map[string]rowsIn // :: channel → rows written in its latest second
	counted map[bucket]int    // :: bucket → refusals without a row
	waiting bool              // a flush is on its way
}

type recorder interface {
	Record(ctx context.Context, drafts ...audit.Draft) error
}

type rowsIn struct {
	second int64
	n      int
}

type bucket struct {
	workspace, channel, reason string
	second                     int64
}

func newFlood(store recorder, now func() time.Time) *flood {
	return &flood{store: store, now: now, rows: make(map[string]rowsIn), counted: make(map[bucket]int)}
}

// record returns after the refusal is written, or counted if its second has had
// its rows.
func (f *flood) record(ctx context.Context, draft audit.Draft) error {
	if f.count(draft) {
		return nil
	}
	return f.store.Record(ctx, draft)
}

// tally counts a refusal that has no claim to a row of its own.
func (f *flood) tally(ctx context.Context, draft audit.Draft) error {
	if f.countAs(draft, rowsPerSecond) {
		return nil
	}
	return f.store.Record(ctx, draft)
}

func (f *flood) count(draft audit.Draft) bool { return f.countAs(draft, 0) }

// countAs counts the refusal unless its second has rows left; spent are gone for it anyway.
func (f *flood) countAs(draft audit.Draft, spent int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	second := f.now().Unix()
	rows := f.rows[draft.Channel]
	if rows.second != second {
		rows = rowsIn{second: second}
	}
	if rows.n+spent < rowsPerSecond || len(f.counted) >= maxBuckets {
		rows.n++
		f.rows[draft.Channel] = rows
		return false
	}
	f.counted[bucket{draft.Workspace, draft.Channel, draft.Detail["reason"], second}]++
	f.wake()
	return true
}

// wake sees to it that what was counted is written though nobody else comes. The
// caller holds the lock.
func (f *flood) wake() {
	if f.waiting {
		return
	}
	f.waiting = true
	time.AfterFunc(time.Second, func() {
		f.mu.Lock()
		f.waiting = false
		f.mu.Unlock()
		// A failed write puts the counts back and wakes again: nothing to add here. Nobody's
		// patience ends it: what was given up and written all the same would count twice.
		_ = f.flush(context.Background(), f.now().Unix())
	})
}

// flush writes one row for each bucket of a second before the given one.
func (f *flood) flush(ctx context.Context, before int64) error {
	f.mu.Lock()
	taken := make(map[bucket]int)
	for b, n := range f.counted {
		if b.second < before {
			taken[b] = n
			delete(f.counted, b)
		}
	}
	if len(f.counted) > 0 {
		f.wake()
	}
	f.mu.Unlock()
	if len(taken) == 0 {
		return nil
	}
	err := f.store.Record(ctx, drafts(taken)...)
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		for b, n := range taken {
			f.counted[b] += n
		}
		f.wake()
	}
	return err
}

func drafts(taken map[bucket]int) []audit.Draft {
	var out []audit.Draft
	for b, n := range taken {
		out = append(out, audit.Draft{
			Workspace: b.workspace, Actor: gateActor, Action: audit.IdentityRefused, Channel: b.channel,
			Detail: map[string]string{
				"reason": b.reason, "count": strconv.Itoa(n), "second": time.Unix(b.second, 0).UTC().Format(time.RFC3339),
			},
		})
	}
	return out
}
