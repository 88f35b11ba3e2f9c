package realtime_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"countersign/internal/event"
	"countersign/internal/realtime"
)

// Whatever the order in which events are written, the relay reads, pages are
// answered and readers come back: a reader that resumes after its last sequence has
// seen every event of its own once, in order, and nothing after its session's end.
func TestReaderSeesEveryEventOnceInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{T: t, log: &ledger{}, sessions: 1}
		m.pulse = &event.Pulse{}
		m.hub = realtime.NewHub(m.log, m.pulse, nil)
		m.relay = realtime.NewRelay(m.log, &realtime.LocalBus{}, m.pulse, m.hub)
		m.step()
		m.connect()
		m.log.onRead = func() { // between the decision to read and the answer anything may happen
			for range rapid.IntRange(0, 3).Draw(t, "during a read") {
				m.world()
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "moves") {
			if rapid.IntRange(0, 2).Draw(t, "who") == 0 {
				m.read()
			} else {
				m.world()
			}
		}
		m.log.onRead = nil
		m.step()
		for m.read() {
		}
		want := m.own()
		if !slices.Equal(m.seen, want) {
			t.Fatalf("saw %v, written %v", m.seen, want)
		}
	})
}

type machine struct {
	*rapid.T
	log      *ledger
	pulse    *event.Pulse
	hub      *realtime.Hub
	relay    *realtime.Relay
	stream   *realtime.Stream
	sessions int
	seen     []int64
	ended    map[string]int64 // :: session → sequence of its end
}

func (m *machine) step() {
	if err := m.relay.Step(m.Context()); err != nil {
		m.Fatal(err)
	}
}

// world is a move of anybody but the reader.
func (m *machine) world() {
	switch rapid.SampledFrom([]string{"step", "step", "own", "own", "own", "burst", "another's", "note", "end"}).Draw(m.T, "world") {
	case "step":
		m.step()
	case "own":
		m.log.append(message("alice", "x"))
	case "burst":
		for range rapid.IntRange(100, 400).Draw(m.T, "burst") {
			m.log.append(message("alice", "x"))
		}
	case "another's":
		m.log.append(message("bob", "x"))
	case "note":
		m.log.append(event.Event{Audience: event.AudienceAgents, Kind: event.NoteCreated, Contact: "alice", Body: []byte(`{}`)})
	case "end":
		session := m.session()
		e := m.log.append(event.Event{Audience: event.AudienceSystem, Kind: event.SessionEnded, Session: session})
		if m.ended == nil {
			m.ended = map[string]int64{}
		}
		if _, twice := m.ended[session]; !twice {
			m.ended[session] = e.Seq
		}
	}
}

func (m *machine) session() string { return fmt.Sprint("ses_", m.sessions) }

func (m *machine) last() int64 {
	if len(m.seen) == 0 {
		return 0
	}
	return m.seen[len(m.seen)-1]
}

// connect opens a stream after what was seen, with a session that has not ended
// as far as this node knows.
func (m *machine) connect() {
	m.sessions++
	epoch, err := m.hub.Epoch()
	if err != nil {
		m.Fatal(err)
	}
	m.stream = m.hub.Visitor(realtime.Subscription{Workspace: "main", Contact: "alice", Session: m.session(), Epoch: epoch}, m.last())
}

// read takes what there is; it says whether there may be more.
func (m *machine) read() bool {
	frames, err := m.stream.Take(m.Context())
	for _, f := range frames {
		if end, over := m.ended[m.session()]; over && f.Seq > end {
			m.Fatalf("session ended at %d was shown %d", end, f.Seq)
		}
		m.seen = append(m.seen, f.Seq)
	}
	var end *realtime.End
	if errors.As(err, &end) {
		m.stream.Close()
		m.connect()
		return true
	}
	if err != nil {
		m.Fatal(err)
	}
	if len(frames) == 0 && m.stream != nil && rapid.IntRange(0, 9).Draw(m.T, "drop") == 0 && len(m.seen) < len(m.own()) {
		m.stream.Close()
		m.connect()
		return true
	}
	return len(frames) > 0
}

func (m *machine) own() (seqs []int64) {
	for _, e := range m.log.events {
		if e.Contact == "alice" && e.Audience == event.AudienceVisitor {
			seqs = append(seqs, e.Seq)
		}
	}
	return seqs
}
