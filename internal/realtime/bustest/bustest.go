// Package bustest is what every bus must pass: the same suite runs over each
// implementation, so that a node cannot tell one from another.
package bustest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"countersign/internal/event"
	"countersign/internal/realtime"
)

// patience is how long a note may take in a test before it counts as lost.
const patience = 5 * time.Second

// Factory joins two nodes to one fresh bus, closed when the test ends. A bus of a
// single process answers with itself twice.
type Factory func(t *testing.T) (one, two realtime.Bus)

// Run runs the suite.
func Run(t *testing.T, join Factory) {
	tests := []struct {
		name string
		run  func(*testing.T, realtime.Bus, realtime.Bus)
	}{
		{"a hint reaches every node, the publisher's own included", hintReachesEveryNode},
		{"an ephemeral event arrives whole", ephemeralArrivesWhole},
		{"one publisher's notes keep their order", orderOfOnePublisher},
		{"a receiver is called by one at a time", oneAtATime},
		{"nothing arrives after cancel", nothingAfterCancel},
		{"cancelling twice is fine", cancelTwice},
		{"many subscribers come and go while notes fly", comeAndGo},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			one, two := join(t)
			test.run(t, one, two)
		})
	}
}

// inbox collects what a receiver is given.
type inbox struct {
	mu    sync.Mutex
	notes []realtime.Note
	grew  chan struct{}
}

func subscribe(t *testing.T, bus realtime.Bus) (*inbox, func()) {
	t.Helper()
	in := &inbox{grew: make(chan struct{}, 1)}
	cancel, err := bus.Subscribe(func(n realtime.Note) {
		in.mu.Lock()
		defer in.mu.Unlock()
		in.notes = append(in.notes, n)
		select {
		case in.grew <- struct{}{}:
		default:
		}
	})
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	t.Cleanup(cancel)
	return in, cancel
}

// wait answers with the notes once there are n.
func (in *inbox) wait(t *testing.T, n int) []realtime.Note {
	t.Helper()
	deadline := time.After(patience)
	for {
		in.mu.Lock()
		notes := slices.Clone(in.notes)
		in.mu.Unlock()
		if len(notes) >= n {
			return notes
		}
		select {
		case <-in.grew:
		case <-deadline:
			t.Fatalf("%d notes arrived of %d", len(notes), n)
		}
	}
}

func publish(t *testing.T, bus realtime.Bus, note realtime.Note) {
	t.Helper()
	if err := bus.Publish(context.Background(), note); err != nil {
		t.Fatalf("publish: %v", err)
	}
}

func hintReachesEveryNode(t *testing.T, one, two realtime.Bus) {
	near, _ := subscribe(t, one)
	far, _ := subscribe(t, two)
	publish(t, one, realtime.Note{Through: 42})
	for side, in := range map[string]*inbox{"the publisher": near, "the other": far} {
		if got := in.wait(t, 1)[0]; got.Through != 42 || got.Event != nil {
			t.Errorf("%s received %+v", side, got)
		}
	}
}

func ephemeralArrivesWhole(t *testing.T, one, two realtime.Bus) {
	in, _ := subscribe(t, two)
	sent := event.Event{
		Workspace: "main", Audience: event.AudienceVisitor, Kind: event.Typing, Channel: "cha_1", Contact: "con_1",
		Conversation: "cnv_1", Agent: "agt_1", At: time.Date(2026, 5, 4, 3, 2, 1, 123456000, time.UTC),
		Body: json.RawMessage(`{"conversation_id":"cnv_1","author":{"kind":"agent","name":"Zoë \u2028 \"quoted\""}}`),
	}
	publish(t, one, realtime.Note{Event: &sent})
	got := in.wait(t, 1)[0]
	if got.Event == nil || !reflect.DeepEqual(*got.Event, sent) {
		t.Errorf("received %+v, sent %+v", got.Event, sent)
	}
}

func orderOfOnePublisher(t *testing.T, one, two realtime.Bus) {
	in, _ := subscribe(t, two)
	const n = 200
	for i := range n {
		publish(t, one, realtime.Note{Through: int64(i + 1)})
	}
	for i, note := range in.wait(t, n) {
		if note.Through != int64(i+1) {
			t.Fatalf("note %d says %d", i+1, note.Through)
		}
	}
}

func oneAtATime(t *testing.T, one, two realtime.Bus) {
	var inside, calls int
	var mu sync.Mutex
	done := make(chan struct{})
	const n = 64
	cancel, err := two.Subscribe(func(realtime.Note) {
		mu.Lock()
		inside++
		if inside > 1 {
			t.Error("two notes at once")
		}
		mu.Unlock()
		mu.Lock()
		inside--
		if calls++; calls == n {
			close(done)
		}
		mu.Unlock()
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { publish(t, []realtime.Bus{one, two}[i%2], realtime.Note{Through: int64(i + 1)}) })
	}
	group.Wait()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("notes were lost on a quiet bus")
	}
}

func nothingAfterCancel(t *testing.T, one, two realtime.Bus) {
	gone, cancel := subscribe(t, two)
	stays, _ := subscribe(t, two)
	publish(t, one, realtime.Note{Through: 1})
	gone.wait(t, 1)
	cancel()
	before := len(gone.wait(t, 1))
	publish(t, one, realtime.Note{Through: 2})
	stays.wait(t, 2)
	if after := len(gone.wait(t, 1)); after != before {
		t.Errorf("%d notes arrived after cancel", after-before)
	}
}

func cancelTwice(t *testing.T, one, two realtime.Bus) {
	_, cancel := subscribe(t, one)
	cancel()
	cancel()
	in, _ := subscribe(t, two)
	publish(t, one, realtime.Note{Through: 7})
	in.wait(t, 1)
}

func comeAndGo(t *testing.T, one, two realtime.Bus) {
	steady, _ := subscribe(t, two)
	const n = 50
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			cancel, err := two.Subscribe(func(realtime.Note) {})
			if err != nil {
				t.Error(fmt.Errorf("subscribe while notes fly: %w", err))
				return
			}
			publish(t, one, realtime.Note{Through: int64(i + 1)})
			cancel()
		})
	}
	group.Wait()
	steady.wait(t, n)
}
