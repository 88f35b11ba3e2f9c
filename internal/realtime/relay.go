package realtime

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"countersign/internal/event"
)

const (
	interval  = 250 * time.Millisecond // between reads of the head, hint or no hint
	relayPage = 512
	// gapPatience is longer than any transaction of ours may take. A sequence that is
	// still missing then will not come.
	gapPatience = 30 * time.Second
)

// Relay carries the log to the hub: in order, every event once, each only after a
// head that covers it was shown to the pulse. So whoever finds that the hub has
// passed a revocation also finds the epoch that it raised.
type Relay struct {
	log   Log
	bus   Bus
	pulse *event.Pulse
	hub   *Hub

	poked   chan struct{}
	through atomic.Int64 // of our own commits, for the other nodes; -1: grew, unknown how far
	healthy atomic.Bool
	report  func(error)

	seq     int64 // every event up to here was dispatched
	started bool
	failing bool
	gap     time.Time // since when the event after seq is missing; zero: it is not
}

// NewRelay joins a log to a hub. The bus carries hints and typing between nodes.
func NewRelay(log Log, bus Bus, pulse *event.Pulse, hub *Hub) *Relay {
	return &Relay{log: log, bus: bus, pulse: pulse, hub: hub, poked: make(chan struct{}, 1), report: func(error) {}}
}

// Report names who is told when reading starts to fail, once per failure, and with
// nil when it works again. Set it before Run.
func (r *Relay) Report(report func(error)) { r.report = report }

// Hint says that this node has committed events, through a sequence (0: unknown
// how far). It never waits, so a committer may call it.
func (r *Relay) Hint(through int64) {
	if through <= 0 {
		through = -1
	}
	for {
		last := r.through.Load()
		if last > 0 && through < last || r.through.CompareAndSwap(last, through) {
			break
		}
	}
	r.poke()
}

func (r *Relay) poke() {
	select {
	case r.poked <- struct{}{}:
	default:
	}
}

// Signal puts an event on the bus that is kept nowhere. That nobody may receive it
// is in its nature.
func (r *Relay) Signal(e event.Event) {
	e.Seq = 0
	_ = r.bus.Publish(context.Background(), Note{Event: &e})
}

// Ready says whether this node may serve: the last reads worked, within a second.
func (r *Relay) Ready() bool { return r.healthy.Load() && r.hub.current() }

// Run reads until the context ends. A read that fails is tried again.
func (r *Relay) Run(ctx context.Context) error {
	cancel, err := r.bus.Subscribe(r.receive)
	if err != nil {
		return fmt.Errorf("realtime: subscribe to the bus: %w", err)
	}
	defer cancel()
	defer r.hub.Close()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		r.round(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-r.poked:
		}
	}
}

// receive is called by the bus.
func (r *Relay) receive(note Note) {
	if note.Event != nil {
		r.hub.Ephemeral(*note.Event)
		return
	}
	if note.Through <= 0 || note.Through > r.pulse.Head().Seq {
		r.poke()
	}
}

// round reads once, tells the other nodes of our own commits, and reports a change
// between working and failing.
func (r *Relay) round(ctx context.Context) {
	err := r.step(ctx)
	if ctx.Err() != nil {
		return
	}
	if own := r.through.Swap(0); own != 0 {
		_ = r.bus.Publish(ctx, Note{Through: max(own, 0)})
	}
	r.healthy.Store(err == nil)
	if failing := err != nil; failing != r.failing {
		r.failing = failing
		r.report(err)
	}
}

// step reads the head and dispatches every event up to it.
func (r *Relay) step(ctx context.Context) error {
	head, asked, err := r.head(ctx)
	if err != nil {
		return err
	}
	if !r.started || head.Seq < r.seq { // the first read, or a log put back to an earlier state
		r.begin(head.Seq)
	}
	for target := head.Seq; r.seq < target; {
		if err := r.page(ctx, target); err != nil {
			return err
		}
		if time.Since(asked) > interval { // a long way: keep the pulse beating on it
			if _, _, err := r.head(ctx); err != nil {
				return err
			}
		}
	}
	r.hub.reached(asked)
	return nil
}

func (r *Relay) begin(seq int64) {
	r.started, r.seq, r.gap = true, seq, time.Time{}
	r.hub.restart(seq)
}

func (r *Relay) head(ctx context.Context) (event.Head, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, event.Freshness)
	defer cancel()
	asked := time.Now()
	head, err := r.log.Head(ctx)
	if err != nil {
		return event.Head{}, asked, fmt.Errorf("realtime: read the log's head: %w", err)
	}
	r.pulse.Observe(head, asked)
	return head, asked, nil
}

// page dispatches the next events up to target. A sequence that is missing is not
// stepped over: its event may be about to commit. One that stays missing closes
// every stream, so that each reads for itself what there is.
func (r *Relay) page(ctx context.Context, target int64) error {
	ctx, cancel := context.WithTimeout(ctx, 5*event.Freshness)
	defer cancel()
	events, err := r.log.Since(ctx, r.seq, relayPage)
	if err != nil {
		return fmt.Errorf("realtime: read the log: %w", err)
	}
	n := 0
	for n < len(events) && events[n].Seq == r.seq+int64(n)+1 && events[n].Seq <= target {
		n++
	}
	if n > 0 {
		r.hub.dispatch(events[:n])
		r.seq, r.gap = events[n-1].Seq, time.Time{}
		return nil
	}
	if r.gap.IsZero() {
		r.gap = time.Now()
	}
	if time.Since(r.gap) > gapPatience {
		r.begin(target)
		return nil
	}
	return fmt.Errorf("realtime: event %d is missing from the log", r.seq+1)
}
