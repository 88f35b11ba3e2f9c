package realtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity/policy"
	"countersign/internal/event"
	"countersign/internal/realtime"
)

// ledger is a log in memory. What is appended is visible at once; a held sequence
// is taken but not visible yet, as if its transaction had not committed.
type ledger struct {
	mu      sync.Mutex
	events  []event.Event
	held    map[int64]bool
	epoch   int64
	headErr error
	readErr error
	hang    chan struct{} // Head waits for it, if set
	onSince func()        // called outside mu, before Since looks
	onRead  func()        // called outside mu, before a catch-up page is answered
	pages   int
}

func (l *ledger) append(e event.Event) event.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Seq = int64(len(l.events) + 1)
	e.At = time.Now()
	if e.Workspace == "" {
		e.Workspace = "main"
	}
	if e.Audience == event.AudienceSystem {
		l.epoch++
	}
	l.events = append(l.events, e)
	return e
}

func (l *ledger) Head(ctx context.Context) (event.Head, error) {
	l.mu.Lock()
	hang := l.hang
	l.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return event.Head{}, ctx.Err()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.headErr != nil {
		return event.Head{}, l.headErr
	}
	return event.Head{Seq: int64(len(l.events)), Epoch: l.epoch, Now: time.Now()}, nil
}

func (l *ledger) rows(after int64, limit int, keep func(event.Event) bool) ([]event.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.readErr != nil {
		return nil, l.readErr
	}
	var out []event.Event
	for _, e := range l.events[min(after, int64(len(l.events))):] {
		if !l.held[e.Seq] && keep(e) && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (l *ledger) Since(_ context.Context, after int64, limit int) ([]event.Event, error) {
	l.mu.Lock()
	on := l.onSince
	l.mu.Unlock()
	if on != nil {
		on()
	}
	return l.rows(after, limit, func(event.Event) bool { return true })
}

func (l *ledger) page(after int64, limit int, keep func(event.Event) bool) ([]event.Event, error) {
	l.mu.Lock()
	on := l.onRead
	l.pages++
	l.mu.Unlock()
	if on != nil {
		on()
	}
	return l.rows(after, limit, keep)
}

func (l *ledger) VisitorEvents(_ context.Context, ws, contact string, after int64, limit int) ([]event.Event, error) {
	return l.page(after, limit, func(e event.Event) bool {
		return e.Workspace == ws && e.Contact == contact && e.Audience == event.AudienceVisitor
	})
}

func (l *ledger) AgentEvents(_ context.Context, ws string, after int64, limit int) ([]event.Event, error) {
	return l.page(after, limit, func(e event.Event) bool { return e.Workspace == ws && e.Audience != event.AudienceSystem })
}

func (l *ledger) set(change func(*ledger)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

// node is one relay and hub over a ledger, running.
type node struct {
	*testing.T
	log   *ledger
	bus   *realtime.LocalBus
	pulse *event.Pulse
	hub   *realtime.Hub
	relay *realtime.Relay
}

// run starts a node inside the bubble; it stops when the test is over.
func run(t *testing.T, log *ledger, with ...func(*node)) *node {
	n := newNode(t, log)
	for _, change := range with {
		change(n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.relay.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	synctest.Wait()
	return n
}

func newNode(t *testing.T, log *ledger) *node {
	n := &node{T: t, log: log, bus: &realtime.LocalBus{}, pulse: &event.Pulse{}}
	n.hub = realtime.NewHub(log, n.pulse, nil)
	n.relay = realtime.NewRelay(log, n.bus, n.pulse, n.hub)
	return n
}

// say appends a message to a contact and hints, as the store does after a commit.
func (n *node) say(contact, text string) event.Event {
	e := n.log.append(message(contact, text))
	n.relay.Hint(e.Seq)
	return e
}

func message(contact, text string) event.Event {
	body, _ := json.Marshal(map[string]string{"text": text})
	return event.Event{Audience: event.AudienceVisitor, Kind: event.MessageCreated, Contact: contact, Conversation: "cnv_" + contact, Body: body}
}

func (n *node) append(e event.Event) event.Event {
	e = n.log.append(e)
	n.relay.Hint(e.Seq)
	return e
}

// visitor subscribes a contact's session, named after it.
func (n *node) visitor(contact string, after int64, with ...func(*realtime.Subscription)) *realtime.Stream {
	n.Helper()
	sub := realtime.Subscription{
		Workspace: "main", Contact: contact, Session: "ses_" + contact, Key: "key_1", Channel: "cha_1", Tier: policy.Verified,
	}
	sub.Epoch, _ = n.hub.Epoch()
	for _, change := range with {
		change(&sub)
	}
	s := n.hub.Visitor(sub, after)
	n.Cleanup(s.Close)
	return s
}

func (n *node) agent(id string, after int64) *realtime.Stream {
	n.Helper()
	sub := realtime.Subscription{Workspace: "main", Agent: id, Session: "log_" + id}
	sub.Epoch, _ = n.hub.Epoch()
	s := n.hub.Agent(sub, after)
	n.Cleanup(s.Close)
	return s
}

// next reads until the stream has been silent for a moment of the bubble's time,
// and answers with "seq:text" of each frame, then "end:code" if it ended.
func next(t *testing.T, s *realtime.Stream) (got []string) {
	t.Helper()
	for {
		frames, err := s.Next(t.Context(), 5*time.Millisecond)
		for _, f := range frames {
			got = append(got, brief(f))
		}
		var end *realtime.End
		if errors.As(err, &end) {
			return append(got, "end:"+string(end.Code))
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(frames) == 0 {
			return got
		}
	}
}

// brief is what a frame says, in short; it fails on a frame that is not well formed.
func brief(f *realtime.Frame) string {
	text := string(f.Text)
	if !strings.HasSuffix(text, "\n\n") || strings.Count(text, "\n\n") != 1 {
		return "malformed " + text
	}
	id, kind, data := "", "", ""
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "id":
			id = value
		case "event":
			kind = value
		case "data":
			data = value
		}
	}
	var body struct {
		Text string `json:"text"`
		Seq  int64  `json:"seq"`
	}
	if err := json.Unmarshal([]byte(data), &body); err != nil {
		return "malformed " + text
	}
	if id != "" && id != fmt.Sprint(f.Seq) || id == "" && f.Seq != 0 {
		return "wrong id " + text
	}
	if kind != string(event.MessageCreated) && kind != string(event.NoteCreated) {
		return kind
	}
	if body.Seq != f.Seq {
		return "wrong seq " + text
	}
	return id + ":" + body.Text
}
