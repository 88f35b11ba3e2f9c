package realtime

import (
	"context"
	"sync"
	"time"
)

const (
	// maxQueued and maxQueuedBytes bound what a slow reader makes us keep.
	maxQueued      = 1024
	maxQueuedBytes = 512 << 10
	// maxBatch and maxBatchBytes bound what Next hands out at once, so that a right
	// that ends meanwhile stops the rest.
	maxBatch      = 128
	maxBatchBytes = 64 << 10
	catchUpPage   = 128
)

// Stream is one reader's view of the log. It costs no goroutine and, while it is
// idle, no buffer. How it gets from its reader's last sequence to the present
// without a gap and without a repeat:
//
//	far    reads pages from the log, up to what the hub has dispatched; the hub
//	       pushes nothing
//	near   a page was short, so little is missing: from now on (floor) the hub pushes
//	       into the queue; the last pages up to floor are read
//	live   the queue is handed out
//
// Nothing that the hub has not dispatched is handed out from the log either: a
// revocation among the events before it would not have been seen.
type Stream struct {
	hub    *Hub
	sub    Subscription
	agents bool
	wake   chan struct{} // holds one: something changed

	// Guarded by hub.mu.
	names  [slots]name
	links  [slots]struct{ next, prev *Stream }
	linked bool

	// The reader's own.
	cursor int64 // every event up to here was handed out
	phase  phase

	mu      sync.Mutex
	expires time.Time // of the right, as far as the hub knows by now; zero: it has no end
	takes   bool      // the hub pushes
	floor   int64     // nothing up to here is pushed
	queue   []*Frame
	queued  int // bytes in queue
	over    *End
}

type phase byte

const (
	far phase = iota
	near
	live
)

// Next waits until there is something to write and answers with it, in order. It
// answers with nothing at all once idle has passed, so that the caller can write a
// heartbeat. The error is *End, or the context's. One goroutine calls it.
func (s *Stream) Next(ctx context.Context, idle time.Duration) ([]*Frame, error) {
	timer := time.NewTimer(idle)
	defer timer.Stop()
	for {
		frames, err := s.take(ctx)
		if len(frames) > 0 || err != nil {
			return frames, err
		}
		select {
		case <-s.wake:
		case <-timer.C:
			return nil, s.ended()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take answers with what can be handed out now; nothing means wait.
func (s *Stream) take(ctx context.Context) ([]*Frame, error) {
	for {
		if err := s.ended(); err != nil {
			return nil, err
		}
		if !s.hub.current() {
			s.hub.held.Store(true)
			if !s.hub.current() { // else reached may have run before held was set
				return nil, nil
			}
		}
		if s.phase == live {
			return s.dequeue()
		}
		frames, err := s.catchUp(ctx)
		if len(frames) > 0 || err != nil {
			return frames, err
		}
	}
}

// catchUp reads one page and moves the phase on.
func (s *Stream) catchUp(ctx context.Context) ([]*Frame, error) {
	until := s.floor
	if s.phase == far {
		until = s.hub.position()
	}
	var frames []*Frame
	full := false
	if s.cursor < until {
		page, err := s.hub.read(ctx, s, catchUpPage)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, &End{Code: Reconnect, Err: err}
		}
		shape := visitorBody
		if s.agents {
			shape = s.hub.agentBody
		}
		full = len(page) == catchUpPage
		for _, e := range page {
			if e.Seq > until {
				full = false
				break
			}
			frames = append(frames, encode(e, shape(e)))
			s.cursor = e.Seq
		}
	}
	if !full {
		s.cursor = max(s.cursor, until)
		s.advance()
	}
	// The read took its time: what ended or grew stale meanwhile hands out nothing.
	if err := s.ended(); err != nil {
		return nil, err
	}
	return frames, nil
}

func (s *Stream) advance() {
	if s.phase == near {
		s.phase = live
		return
	}
	s.phase = near
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takes, s.floor = true, max(h.pos, s.cursor)
}

// dequeue hands out the head of the queue.
func (s *Stream) dequeue() ([]*Frame, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return nil, s.over
	}
	if len(s.queue) == 0 {
		return nil, nil
	}
	n, size := 0, 0
	for n < len(s.queue) && n < maxBatch && (n == 0 || size+len(s.queue[n].Text) <= maxBatchBytes) {
		size += len(s.queue[n].Text)
		n++
	}
	frames := s.queue[:n:n]
	s.queue, s.queued = s.queue[n:], s.queued-size
	if len(s.queue) == 0 {
		s.queue = nil // an idle stream keeps no buffer
	}
	return frames, nil
}

// push queues a frame; false if the reader is so slow that the stream is over.
func (s *Stream) push(f *Frame) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.takes || f.Seq <= s.floor || s.over != nil {
		return s.over == nil
	}
	if len(s.queue) >= maxQueued || s.queued+len(f.Text) > maxQueuedBytes {
		// The rest goes too: the hub forgets this stream, so nothing would stop it any more.
		s.over, s.queue, s.queued = &End{Code: Reconnect}, nil, 0
		s.signal()
		return false
	}
	s.queue = append(s.queue, f)
	s.queued += len(f.Text)
	s.signal()
	return true
}

// offer queues a frame that may as well be lost.
func (s *Stream) offer(f *Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.takes || s.over != nil || len(s.queue) >= maxBatch {
		return
	}
	s.queue = append(s.queue, f)
	s.queued += len(f.Text)
	s.signal()
}

// end finishes the stream and takes away what was not read yet: it may have been
// somebody else's right that ended. The first end stays.
func (s *Stream) end(why *End) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over == nil {
		s.over, s.queue, s.queued = why, nil, 0
	}
	s.signal()
}

func (s *Stream) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over == nil && s.expired(s.hub.pulse.Now()) {
		s.over, s.queue, s.queued = &End{Code: SessionEnded}, nil, 0
	}
	if s.over != nil {
		return s.over
	}
	return nil
}

// endBy says that the stream is over at a time; false if it ends by then anyway.
func (s *Stream) endBy(at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.expires.IsZero() && !at.Before(s.expires) {
		return false
	}
	s.expires = at
	return true
}

func (s *Stream) expired(now time.Time) bool {
	return !s.expires.IsZero() && !now.Before(s.expires)
}

func (s *Stream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Close gives the stream back. Closing twice is fine.
func (s *Stream) Close() {
	s.hub.mu.Lock()
	s.hub.unlink(s)
	s.hub.mu.Unlock()
	s.end(&End{Code: Reconnect})
}
