package realtime

import (
	"context"
	"errors"
	"sync"

	"countersign/internal/event"
)

// ErrBusClosed is the answer of a bus after its end.
var ErrBusClosed = errors.New("realtime: the bus is closed")

// Note is what travels between nodes: a hint that the log grew, or an event that
// is kept nowhere.
type Note struct {
	Through int64        // hint: the log reaches this sequence; 0: it grew, nobody says how far
	Event   *event.Event // ephemeral, with Seq 0; nil in a hint
}

// Bus tells nodes that there is something to read. It is a hint and no truth:
// a note may be lost, doubled or late, and nothing but speed depends on it. It
// can cause a read and nothing else, so whoever forges a note gains a read.
type Bus interface {
	// Publish hands a note to every subscriber of every node, the publisher's own
	// included. It does not wait for them.
	Publish(ctx context.Context, note Note) error
	// Subscribe calls receive for each note, one at a time, in each publisher's order;
	// receive must neither block nor call the bus. After cancel has returned, receive is
	// not called again.
	Subscribe(receive func(Note)) (cancel func(), err error)
}

// LocalBus is the bus of a single process. The zero value is ready.
type LocalBus struct {
	mu        sync.Mutex
	closed    bool
	last      int
	receivers map[int]func(Note)
	order     []int
}

// Publish calls every receiver before it returns.
func (b *LocalBus) Publish(_ context.Context, note Note) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrBusClosed
	}
	for _, id := range b.order {
		if receive, ok := b.receivers[id]; ok {
			receive(note)
		}
	}
	return nil
}

// Subscribe adds a receiver until cancel is called.
func (b *LocalBus) Subscribe(receive func(Note)) (cancel func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, ErrBusClosed
	}
	if b.receivers == nil {
		b.receivers = map[int]func(Note){}
	}
	b.last++
	id := b.last
	b.receivers[id] = receive
	b.order = append(b.order, id)
	return func() { b.drop(id) }, nil
}

func (b *LocalBus) drop(id int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.receivers, id)
	kept := b.order[:0]
	for _, other := range b.order {
		if other != id {
			kept = append(kept, other)
		}
	}
	b.order = kept
}

// Close ends the bus. Ending it twice is fine.
func (b *LocalBus) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.receivers, b.order = true, nil, nil
	return nil
}
