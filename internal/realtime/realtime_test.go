package realtime_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"countersign/internal/event"
	"countersign/internal/realtime"
	"countersign/internal/realtime/bustest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLocalBus(t *testing.T) {
	bustest.Run(t, func(t *testing.T) (one, two realtime.Bus) {
		bus := &realtime.LocalBus{}
		t.Cleanup(func() { _ = bus.Close() })
		return bus, bus
	})
}

func TestClosedBusRefuses(t *testing.T) {
	bus := &realtime.LocalBus{}
	if err := errors.Join(bus.Close(), bus.Close()); err != nil {
		t.Fatal(err)
	}
	if err := bus.Publish(t.Context(), realtime.Note{}); !errors.Is(err, realtime.ErrBusClosed) {
		t.Error(err)
	}
	if _, err := bus.Subscribe(func(realtime.Note) {}); !errors.Is(err, realtime.ErrBusClosed) {
		t.Error(err)
	}
}

// same compares what a stream said with what it should have said.
func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestEachSeesTheirOwnInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		alice, bob, agent := n.visitor("alice", 0), n.visitor("bob", 0), n.agent("zoe", 0)
		n.say("alice", "a1")
		n.say("bob", "b1")
		n.append(event.Event{Audience: event.AudienceAgents, Kind: event.NoteCreated, Contact: "alice", Body: []byte(`{"text":"careful"}`)})
		n.say("alice", "a2")
		n.append(event.Event{Workspace: "other", Audience: event.AudienceVisitor, Kind: event.MessageCreated, Contact: "alice", Body: []byte(`{"text":"elsewhere"}`)})
		same(t, "alice", next(t, alice), "1:a1", "4:a2")
		same(t, "bob", next(t, bob), "2:b1")
		same(t, "agent", next(t, agent), "1:a1", "2:b1", "3:careful", "4:a2")
	})
}

func TestNoteNeverReachesAVisitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		n.append(event.Event{Audience: event.AudienceAgents, Kind: event.NoteCreated, Contact: "alice", Body: []byte(`{"text":"before"}`)})
		n.append(event.Event{Audience: "unheard of", Kind: event.MessageCreated, Contact: "alice", Body: []byte(`{"text":"before"}`)})
		synctest.Wait()
		alice := n.visitor("alice", 0)
		n.append(event.Event{Audience: event.AudienceAgents, Kind: event.NoteCreated, Contact: "alice", Body: []byte(`{"text":"live"}`)})
		n.append(event.Event{Audience: "unheard of", Kind: event.MessageCreated, Contact: "alice", Body: []byte(`{"text":"live"}`)})
		same(t, "alice", next(t, alice))
	})
}

func TestHintDeliversAtOnceAndItsLossCostsOnlyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		alice := n.visitor("alice", 0)
		n.say("alice", "hinted")
		synctest.Wait()
		same(t, "hinted", next(t, alice), "1:hinted")
		n.log.append(message("alice", "by another node, bus down"))
		same(t, "before the next beat", next(t, alice))
		time.Sleep(250 * time.Millisecond)
		same(t, "after it", next(t, alice), "2:by another node, bus down")
	})
}

func TestAnotherNodesHintArrivesOverTheBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &ledger{}
		near, far := newNode(t, log), (*node)(nil)
		far = run(t, log)
		near.bus = far.bus
		near.relay = realtime.NewRelay(log, far.bus, near.pulse, near.hub)
		done := make(chan struct{})
		ctx, cancel := cancelled(t)
		go func() { defer close(done); _ = near.relay.Run(ctx) }()
		synctest.Wait()
		alice := far.visitor("alice", 0)
		near.say("alice", "from the near node")
		synctest.Wait()
		same(t, "far", next(t, alice), "1:from the near node")
		zoe := near.agent("zoe", -1)
		far.relay.Signal(event.Event{Workspace: "main", Kind: event.Typing, Contact: "alice", Body: []byte(`{}`)})
		if got := next(t, zoe); len(got) != 0 { // it was catching up: typing is not kept for it
			same(t, "typing", got, "typing")
		}
		far.relay.Signal(event.Event{Workspace: "main", Kind: event.Typing, Contact: "alice", Body: []byte(`{}`)})
		same(t, "typing", next(t, zoe), "typing")
		cancel()
		<-done
	})
}

func TestStaleHeadDeliversNothingUntilItIsFreshAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reports := make(chan error, 10)
		n := run(t, &ledger{}, func(n *node) { n.relay.Report(func(err error) { reports <- err }) })
		if !n.relay.Ready() {
			t.Fatal("not ready at the start")
		}
		alice, late := n.visitor("alice", 0), n.visitor("alice", 0, func(s *realtime.Subscription) { s.Session = "ses_late" })
		same(t, "quiet", next(t, alice))
		n.log.set(func(l *ledger) { l.headErr = errors.New("database gone") })
		n.say("alice", "written by another node")
		time.Sleep(event.Freshness + time.Millisecond)
		if n.relay.Ready() {
			t.Error("ready without a head")
		}
		same(t, "live", next(t, alice))
		same(t, "catching up", next(t, late))
		n.relay.Signal(event.Event{Workspace: "main", Kind: event.Typing, Contact: "alice", Agent: "zoe", Body: []byte(`{}`)})
		same(t, "typing", next(t, alice))
		n.log.set(func(l *ledger) { l.headErr = nil })
		time.Sleep(250 * time.Millisecond)
		same(t, "live again", next(t, alice), "1:written by another node")
		same(t, "caught up", next(t, late), "1:written by another node")
		if !n.relay.Ready() {
			t.Error("not ready again")
		}
		if len(reports) != 2 || <-reports == nil || <-reports != nil {
			t.Error("the outage was not reported once, and its end once")
		}
	})
}

func TestQueuedFrameIsHeldWhenTheHeadGrowsStaleBeforeItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		alice := n.visitor("alice", 0)
		same(t, "live", next(t, alice))
		n.say("alice", "queued")
		synctest.Wait() // dispatched, not read
		n.log.set(func(l *ledger) { l.headErr = errors.New("database gone") })
		time.Sleep(event.Freshness + time.Millisecond)
		same(t, "stale", next(t, alice))
		n.log.set(func(l *ledger) { l.headErr = nil })
		time.Sleep(250 * time.Millisecond)
		same(t, "fresh", next(t, alice), "1:queued")
	})
}

// A head that is read while the events behind it cannot be is no knowledge of
// whose right has ended.
func TestReadableHeadOverAnUnreadableLogDeliversNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		alice := n.visitor("alice", 0)
		same(t, "live", next(t, alice))
		n.append(event.Event{Audience: event.AudienceSystem, Kind: event.SessionEnded, Session: "ses_alice"})
		n.log.set(func(l *ledger) { l.readErr = errors.New("table locked") })
		time.Sleep(event.Freshness + 300*time.Millisecond)
		n.relay.Signal(event.Event{Workspace: "main", Kind: event.Typing, Contact: "alice", Agent: "zoe", Body: []byte(`{}`)})
		if n.relay.Ready() {
			t.Error("ready")
		}
		if got := next(t, alice); slices.Contains(got, "typing") {
			t.Errorf("an ended session was told %q", got)
		}
	})
}

func TestHangingDatabaseStopsNeitherTheRelayNorItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		hang := make(chan struct{})
		n.log.set(func(l *ledger) { l.hang = hang })
		time.Sleep(10 * time.Second)
		if n.relay.Ready() {
			t.Error("ready")
		}
		n.log.set(func(l *ledger) { l.hang = nil })
		time.Sleep(2 * time.Second)
		if !n.relay.Ready() {
			t.Error("did not come back")
		}
	})
}

func TestEventThatCommitsLateIsNotSteppedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		alice, agent := n.visitor("alice", 0), n.agent("zoe", 0)
		n.log.set(func(l *ledger) { l.held = map[int64]bool{2: true} })
		n.say("alice", "one")
		n.say("alice", "two, still open")
		n.say("alice", "three")
		synctest.Wait()
		same(t, "alice", next(t, alice), "1:one")
		if time.Sleep(3 * time.Second); n.relay.Ready() {
			t.Error("ready over a hole")
		}
		n.log.set(func(l *ledger) { l.held = nil })
		time.Sleep(time.Second)
		same(t, "alice", next(t, alice), "2:two, still open", "3:three")
		same(t, "agent", next(t, agent), "1:one", "2:two, still open", "3:three")
	})
}

func TestHoleThatStaysSendsEverybodyToReadForThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		alice := n.visitor("alice", 0)
		n.log.set(func(l *ledger) { l.held = map[int64]bool{2: true} })
		n.say("alice", "one")
		n.say("alice", "lost")
		n.say("alice", "three")
		same(t, "alice", next(t, alice), "1:one")
		time.Sleep(time.Minute)
		same(t, "alice", next(t, alice), "end:reconnect")
		again := n.visitor("alice", 1)
		same(t, "again", next(t, again), "3:three")
	})
}

func TestLogPutBackSendsEverybodyAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		n.say("alice", "one")
		n.say("alice", "two")
		synctest.Wait()
		alice := n.visitor("alice", 2)
		n.log.set(func(l *ledger) { l.events = l.events[:1] })
		time.Sleep(250 * time.Millisecond)
		same(t, "alice", next(t, alice), "end:reconnect")
	})
}

func TestReaderThatWaitedThroughAnOutageIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		alice := n.visitor("alice", 0)
		same(t, "alice", next(t, alice))
		n.say("alice", "dispatched before, not read yet")
		synctest.Wait()
		n.log.set(func(l *ledger) { l.headErr = errors.New("database gone") })
		time.Sleep(event.Freshness + time.Millisecond)
		go func() {
			time.Sleep(10 * time.Second)
			n.log.set(func(l *ledger) { l.headErr = nil })
		}()
		began := time.Now()
		frames, err := alice.Next(t.Context(), time.Hour)
		if err != nil || len(frames) != 1 || time.Since(began) > 11*time.Second {
			t.Errorf("after %v: %v, %v", time.Since(began), frames, err)
		}
	})
}

func TestSlowReaderKeepsNoMegabytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		slow := n.visitor("alice", 0)
		same(t, "slow", next(t, slow))
		for range 64 {
			n.say("alice", strings.Repeat("x", 16<<10))
		}
		synctest.Wait()
		same(t, "slow", next(t, slow), "end:reconnect")
	})
}

func TestSubscriptionWithoutANameIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		for name, clear := range map[string]func(*realtime.Subscription){
			"workspace": func(s *realtime.Subscription) { s.Workspace = "" },
			"contact":   func(s *realtime.Subscription) { s.Contact = "" },
			"session":   func(s *realtime.Subscription) { s.Session = "" },
		} {
			same(t, name, next(t, n.visitor("alice", 0, clear)), "end:session_ended")
		}
		same(t, "agent", next(t, n.agent("", 0)), "end:session_ended")
	})
}

func TestStreamEndsWithItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		expires := func(d time.Duration) func(*realtime.Subscription) {
			return func(s *realtime.Subscription) { s.Expires = time.Now().Add(d) }
		}
		soon, later, never := n.visitor("a", 0, expires(time.Minute)), n.visitor("b", 0, expires(time.Hour)), n.visitor("c", 0)
		time.Sleep(59 * time.Second)
		n.say("a", "in time")
		same(t, "soon", next(t, soon), "1:in time")
		time.Sleep(time.Second)
		n.say("a", "too late")
		same(t, "soon", next(t, soon), "end:session_ended")
		same(t, "later", next(t, later))
		if n.hub.Streams() != 2 {
			t.Errorf("%d streams", n.hub.Streams())
		}
		time.Sleep(time.Hour)
		same(t, "later", next(t, later), "end:session_ended")
		same(t, "never", next(t, never))
	})
}

func TestReaderThatWaitsIsWokenByTheEndOfItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		alice := n.visitor("alice", 0)
		began := time.Now()
		go func() {
			time.Sleep(3 * time.Second)
			n.append(event.Event{Audience: event.AudienceSystem, Kind: event.KeySilenced, Key: "key_1"})
		}()
		_, err := alice.Next(t.Context(), time.Hour)
		var end *realtime.End
		if !errors.As(err, &end) || time.Since(began) > 4*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if f := end.Frame(); string(f.Text) != "event: end\ndata: {\"code\":\"session_ended\"}\n\n" || f.Seq != 0 {
			t.Errorf("says %q", f.Text)
		}
	})
}

func TestSlowReaderIsSentAwayAndFindsEverythingOnItsReturn(t *testing.T) {
	for name, text := range map[string]string{"many": "x", "large": strings.Repeat("x", 16<<10)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := run(t, &ledger{})
				slow, quick := n.visitor("alice", 0), n.visitor("alice", 0)
				same(t, "slow", next(t, slow))
				quicker := next(t, quick)
				const count = 1500
				for range count {
					n.say("alice", text)
					synctest.Wait()
					quicker = append(quicker, next(t, quick)...)
				}
				if len(quicker) != count {
					t.Errorf("the quick one saw %d", len(quicker))
				}
				got := next(t, slow)
				same(t, "slow", got, "end:reconnect")
				again := n.visitor("alice", 0)
				if got := next(t, again); len(got) != count || got[0] != "1:"+text || got[count-1] != fmt.Sprintf("%d:%s", count, text) {
					t.Errorf("it found %d", len(got))
				}
			})
		})
	}
}

func TestReconnectReadsNothingWhenNothingWasMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		n.say("alice", "one")
		synctest.Wait()
		alice := n.visitor("alice", 1)
		same(t, "alice", next(t, alice))
		if n.log.pages != 0 {
			t.Errorf("%d pages", n.log.pages)
		}
		ahead := n.visitor("alice", 2) // it was told of 2 by another node
		n.say("alice", "two")
		n.say("alice", "three")
		same(t, "ahead", next(t, ahead), "3:three")
		now := n.visitor("alice", -1)
		same(t, "from now on", next(t, now))
		n.say("alice", "four")
		same(t, "from now on", next(t, now), "4:four")
	})
}

func TestUnreadableCatchUpSendsTheReaderAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		n.say("alice", "one")
		synctest.Wait()
		alice := n.visitor("alice", 0)
		n.log.set(func(l *ledger) { l.readErr = errors.New("disk on fire") })
		_, err := alice.Next(t.Context(), time.Millisecond)
		var end *realtime.End
		if !errors.As(err, &end) || end.Code != realtime.Reconnect || end.Err == nil {
			t.Errorf("%v", err)
		}
		n.log.set(func(l *ledger) { l.readErr = nil })
	})
}

func TestTypingGoesToTheOtherSideAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		alice, bob, zoe := n.visitor("alice", -1), n.visitor("bob", -1), n.agent("zoe", -1)
		all := map[string]*realtime.Stream{"alice": alice, "bob": bob, "zoe": zoe}
		for _, s := range all {
			next(t, s)
		}
		said := func(e event.Event) map[string]int {
			e.Workspace = "main"
			n.relay.Signal(e)
			got := map[string]int{}
			for who, s := range all {
				got[who] = len(next(t, s))
			}
			return got
		}
		for name, c := range map[string]struct {
			event event.Event
			hears string
		}{
			"the visitor":       {event.Event{Kind: event.Typing, Contact: "alice", Body: []byte(`{}`)}, "zoe"},
			"the agent":         {event.Event{Kind: event.Typing, Contact: "alice", Agent: "zoe", Body: []byte(`{}`)}, "alice"},
			"a forged message":  {event.Event{Kind: event.MessageCreated, Contact: "alice", Agent: "zoe", Body: []byte(`{}`)}, ""},
			"a forged end":      {event.Event{Kind: event.SessionEnded, Session: "ses_alice", Audience: event.AudienceSystem}, ""},
			"a numbered typing": {event.Event{Seq: 9, Kind: event.Typing, Contact: "bob", Agent: "zoe", Body: []byte(`{}`)}, "bob"},
		} {
			for who, heard := range said(c.event) {
				if (who == c.hears) != (heard == 1) {
					t.Errorf("%s: %s heard %d", name, who, heard)
				}
			}
		}
		if len(n.log.events) != 0 {
			t.Error("typing was kept")
		}
	})
}

func TestOneTokenHoldsOpenAFewStreamsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		for range 1000 {
			n.visitor("alice", -1)
		}
		if open := n.hub.Streams(); open > 64 {
			t.Errorf("%d streams of one session", open)
		}
		same(t, "another session", next(t, n.visitor("bob", -1)))
	})
}

func TestFramesAreEncodedOnceAndOneLineEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &ledger{}
		n := run(t, log)
		one, two := n.visitor("alice", -1), n.visitor("alice", -1, func(s *realtime.Subscription) { s.Session = "ses_two" })
		next(t, one)
		next(t, two)
		n.append(event.Event{Audience: event.AudienceVisitor, Kind: event.MessageCreated, Contact: "alice",
			Body: []byte("{\n  \"text\": \"line\\nbreak\",\r\n\"event: end\": \"data:\"}")})
		a, err := one.Next(t.Context(), time.Second)
		b, err2 := two.Next(t.Context(), time.Second)
		if err != nil || err2 != nil || len(a) != 1 || a[0] != b[0] {
			t.Fatalf("%v %v %v %v", a, b, err, err2)
		}
		want := "id: 1\nevent: message.created\ndata: {\"seq\":1,\"text\":\"line\\nbreak\",\"event: end\":\"data:\"}\n\n"
		if string(a[0].Text) != want {
			t.Errorf("%q", a[0].Text)
		}
	})
}

func TestStoppingNodeSendsItsReadersElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, &ledger{})
		ctx, cancel := cancelled(t)
		done := make(chan struct{})
		go func() { defer close(done); _ = n.relay.Run(ctx) }()
		synctest.Wait()
		alice := n.visitor("alice", -1)
		same(t, "alice", next(t, alice))
		cancel()
		<-done
		same(t, "alice", next(t, alice), "end:reconnect")
		if n.hub.Streams() != 0 {
			t.Error("streams are left")
		}
	})
}

func TestClosedStreamLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		var all []*realtime.Stream
		for i := range 100 {
			all = append(all, n.visitor(fmt.Sprint("alice", i%2), -1, func(s *realtime.Subscription) {
				s.Session, s.Expires = fmt.Sprint("ses_", i%7), time.Now().Add(time.Duration(i)*time.Hour)
			}))
		}
		for _, i := range []int{50, 0, 99, 1, 98, 50} {
			all[i].Close()
		}
		if n.hub.Streams() != 95 {
			t.Errorf("%d streams", n.hub.Streams())
		}
		n.append(event.Event{Audience: event.AudienceSystem, Kind: event.KeySilenced, Key: "key_1"})
		synctest.Wait()
		if n.hub.Streams() != 0 {
			t.Errorf("%d streams", n.hub.Streams())
		}
	})
}

// Real time, real goroutines: streams come, read, are silenced and go while posts
// and revocations rain, under the race detector.
func TestManyStreamsUnderRevocationsAndPosts(t *testing.T) {
	log := &ledger{}
	n := newNode(t, log)
	ctx, cancel := cancelled(t)
	var group sync.WaitGroup
	group.Go(func() { _ = n.relay.Run(ctx) })
	waitFor(t, n.relay.Ready)
	var stop atomic.Bool
	for i := range 8 {
		group.Go(func() {
			for !stop.Load() {
				contact := fmt.Sprint("c", i%3)
				epoch, err := n.hub.Epoch()
				if err != nil {
					continue
				}
				s := n.hub.Visitor(realtime.Subscription{Workspace: "main", Contact: contact, Session: fmt.Sprint("s", i), Key: "key_1", Epoch: epoch}, -1)
				var last int64
				for !stop.Load() {
					frames, err := s.Next(ctx, time.Millisecond)
					for _, f := range frames {
						if f.Seq <= last {
							t.Errorf("%d after %d", f.Seq, last)
						}
						last = f.Seq
					}
					if err != nil {
						break
					}
				}
				s.Close()
			}
		})
	}
	for i := range 400 {
		n.say(fmt.Sprint("c", i%3), "x")
		if i%20 == 0 {
			n.append(event.Event{Audience: event.AudienceSystem, Kind: event.SessionEnded, Session: fmt.Sprint("s", i%8)})
		}
	}
	stop.Store(true)
	cancel()
	group.Wait()
	if n.hub.Streams() != 0 {
		t.Errorf("%d streams are left", n.hub.Streams())
	}
}
