package realtime_test

import (
	"fmt"
	"runtime"
	"testing"

	"countersign/identity/policy"
	"countersign/internal/event"
	"countersign/internal/realtime"
)

// open makes n live streams of as many sessions, ten to a contact.
func open(t testing.TB, n int) (*realtime.Hub, *realtime.Relay, *ledger, []*realtime.Stream) {
	log, pulse := &ledger{}, &event.Pulse{}
	hub := realtime.NewHub(log, pulse, nil)
	relay := realtime.NewRelay(log, &realtime.LocalBus{}, pulse, hub)
	if err := relay.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	streams := make([]*realtime.Stream, n)
	for i := range streams {
		if i%1000 == 0 { // keep the pulse beating
			if err := relay.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		streams[i] = hub.Visitor(realtime.Subscription{
			Workspace: "main", Contact: fmt.Sprint("contact-", i/10), Session: fmt.Sprint("session-", i), Key: "key_1", Channel: "cha_1", Tier: policy.Verified,
		}, -1)
		if _, err := streams[i].Take(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return hub, relay, log, streams
}

func TestIdleStreamKeepsLittle(t *testing.T) {
	const n = 10_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	hub, _, _, streams := open(t, n)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n; each > 1536 {
		t.Errorf("%d bytes an idle stream", each)
	} else {
		t.Logf("%d bytes an idle stream", each)
	}
	for _, s := range streams {
		s.Close()
	}
	runtime.KeepAlive(hub)
}

// One event to a thousand agents: from the relay's step to the last one's queue.
func BenchmarkDispatchToThousandAgents(b *testing.B) {
	log, pulse := &ledger{}, &event.Pulse{}
	hub := realtime.NewHub(log, pulse, nil)
	relay := realtime.NewRelay(log, &realtime.LocalBus{}, pulse, hub)
	if err := relay.Step(b.Context()); err != nil {
		b.Fatal(err)
	}
	streams := make([]*realtime.Stream, 1000)
	for i := range streams {
		streams[i] = hub.Agent(realtime.Subscription{Workspace: "main", Agent: fmt.Sprint(i), Session: fmt.Sprint(i)}, -1)
		_, _ = streams[i].Take(b.Context())
	}
	for b.Loop() {
		log.append(message("alice", "hello"))
		if err := relay.Step(b.Context()); err != nil {
			b.Fatal(err)
		}
		for _, s := range streams {
			if frames, err := s.Take(b.Context()); err != nil || len(frames) != 1 {
				b.Fatal(len(frames), err)
			}
		}
	}
}

// Revoking a key behind a hundred thousand streams.
func BenchmarkSilenceKeyOfManyStreams(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		hub, relay, log, _ := open(b, 100_000)
		log.append(event.Event{Audience: event.AudienceSystem, Kind: event.KeySilenced, Key: "key_1"})
		b.StartTimer()
		if err := relay.Step(b.Context()); err != nil || hub.Streams() != 0 {
			b.Fatal(hub.Streams(), err)
		}
	}
}
