package realtime_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity/policy"
	"countersign/internal/event"
	"countersign/internal/realtime"
)

func TestEndedRightClosesItsStreamsBeforeTheNextEvent(t *testing.T) {
	claimed := func(s *realtime.Subscription) { s.Tier, s.Key, s.Session = policy.Claimed, "", "ses_claimed" }
	cases := []struct {
		name   string
		event  event.Event
		closes string // what alice's verified stream says; empty if it goes on
		claims string // a claimed stream of the same channel and contact
		agent  string
	}{
		{"session ended", event.Event{Kind: event.SessionEnded, Session: "ses_alice"}, "session_ended", "", ""},
		{"another person in the same widget", event.Event{Kind: event.SessionEnded, Session: "ses_alice", Body: []byte(`{"code":"identity_changed"}`)}, "identity_changed", "", ""},
		{"a code that we do not have", event.Event{Kind: event.SessionEnded, Session: "ses_alice", Body: []byte(`{"code":"<script>"}`)}, "session_ended", "", ""},
		{"another's session", event.Event{Kind: event.SessionEnded, Session: "ses_bob"}, "", "", ""},
		{"session in another workspace", event.Event{Workspace: "other", Kind: event.SessionEnded, Session: "ses_alice"}, "", "", ""},
		{"contact blocked", event.Event{Kind: event.ContactBlocked, Contact: "alice"}, "session_ended", "session_ended", ""},
		{"key silenced", event.Event{Kind: event.KeySilenced, Key: "key_1"}, "session_ended", "", ""},
		{"another key silenced", event.Event{Kind: event.KeySilenced, Key: "key_2"}, "", "", ""},
		{"no key silenced", event.Event{Kind: event.KeySilenced, Key: ""}, "", "", ""},
		{"ring changed", event.Event{Kind: event.KeyChanged, Channel: "cha_1"}, "", "", ""},
		{"key that ends later", event.Event{Kind: event.KeyChanged, Channel: "cha_1", Body: ends("key_1", time.Hour)}, "", "", ""},
		{"key that has ended", event.Event{Kind: event.KeyChanged, Channel: "cha_1", Body: ends("key_1", -time.Hour)}, "session_ended", "", ""},
		{"another key that has ended", event.Event{Kind: event.KeyChanged, Channel: "cha_1", Body: ends("key_2", -time.Hour)}, "", "", ""},
		{"key of another workspace", event.Event{Workspace: "other", Kind: event.KeyChanged, Body: ends("key_1", -time.Hour)}, "", "", ""},
		{"an end that is no time", event.Event{Kind: event.KeyChanged, Channel: "cha_1", Body: []byte(`{"ends":{"key_1":"soon"}}`)}, "reconnect", "", ""},
		{"enforcement switched", event.Event{Kind: event.EnforcementChanged, Channel: "cha_1"}, "", "reconnect", ""},
		{"enforcement lifted", event.Event{Kind: event.EnforcementChanged, Channel: "cha_1", Body: []byte(`{"tiers":[]}`)}, "", "", ""},
		{"channel renamed", event.Event{Kind: event.ChannelChanged, Channel: "cha_1"}, "", "", ""},
		{"minimum tier raised", event.Event{Kind: event.ChannelChanged, Channel: "cha_1", Body: []byte(`{"tiers":["anonymous","claimed"]}`)}, "", "reconnect", ""},
		{"minimum tier of another channel", event.Event{Kind: event.ChannelChanged, Channel: "cha_2", Body: []byte(`{"tiers":["claimed"]}`)}, "", "", ""},
		{"enforcement of another channel", event.Event{Kind: event.EnforcementChanged, Channel: "cha_2"}, "", "", ""},
		{"agent demoted", event.Event{Kind: event.AgentChanged, Agent: "zoe"}, "", "", "reconnect"},
		{"agent signed out", event.Event{Kind: event.AgentSessionEnded, Agent: "zoe", Session: "log_zoe"}, "", "", "session_ended"},
		{"another login", event.Event{Kind: event.AgentSessionEnded, Agent: "zoe", Session: "log_other"}, "", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := run(t, &ledger{})
				streams := map[string]*realtime.Stream{"alice": n.visitor("alice", 0), "claimed": n.visitor("alice", 0, claimed), "agent": n.agent("zoe", 0)}
				for _, s := range streams {
					next(t, s)
				}
				// All three in one commit: the relay finds them in one page.
				n.log.append(message("alice", "before"))
				c.event.Audience = event.AudienceSystem
				n.log.append(c.event)
				n.log.append(message("alice", "after"))
				n.relay.Hint(3)
				for who, code := range map[string]string{"alice": c.closes, "claimed": c.claims, "agent": c.agent} {
					want := []string{"1:before", "3:after"}
					got := next(t, streams[who])
					if code == "" {
						same(t, who, got, want...)
					} else if slices.Contains(got, "3:after") || got[len(got)-1] != "end:"+code {
						t.Errorf("%s: got %q", who, got)
					}
				}
			})
		})
	}
}

// ends is the body of a ring's change after which a key ends in some time. The
// bubble's clock starts at a whole second, always the same.
func ends(key string, in time.Duration) []byte {
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(in)
	return fmt.Appendf(nil, `{"ends":{%q:%q}}`, key, at.Format(time.RFC3339Nano))
}

func TestStreamOpenedBeforeARotationEndsWithItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		long := func(s *realtime.Subscription) { s.Expires = time.Now().Add(24 * time.Hour) }
		alice, bob := n.visitor("alice", 0, long), n.visitor("bob", 0, func(s *realtime.Subscription) { long(s); s.Key = "key_2" })
		endless := n.visitor("carol", 0)
		soon := n.visitor("dora", 0, func(s *realtime.Subscription) { s.Expires = time.Now().Add(time.Second) })
		for _, s := range []*realtime.Stream{alice, bob, endless, soon} {
			next(t, s)
		}
		n.append(event.Event{Audience: event.AudienceSystem, Kind: event.KeyChanged, Channel: "cha_1", Body: ends("key_1", 4*time.Second)})
		n.append(event.Event{Audience: event.AudienceSystem, Kind: event.KeyChanged, Channel: "cha_1", Body: ends("key_1", 20*time.Second)}) // puts nothing off
		n.say("alice", "while it retires")
		same(t, "alice, no herd", next(t, alice), "3:while it retires")
		time.Sleep(2 * time.Second)
		same(t, "whose session ended first", next(t, soon), "end:session_ended")
		time.Sleep(2 * time.Second)
		for _, who := range []string{"alice", "bob", "carol"} {
			n.say(who, "after its end")
		}
		same(t, "alice", next(t, alice), "end:session_ended")
		same(t, "who had no end", next(t, endless), "end:session_ended")
		same(t, "another key's", next(t, bob), "5:after its end")
		time.Sleep(2 * time.Second)
		if left := n.hub.Streams(); left != 1 {
			t.Errorf("%d streams are indexed", left)
		}
	})
}

func TestCatchUpNeverRunsAheadOfARevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		alice := n.visitor("alice", 0)
		// Committed, and not dispatched yet: the stream reads the log by itself.
		n.log.append(event.Event{Audience: event.AudienceSystem, Kind: event.SessionEnded, Session: "ses_alice"})
		n.log.append(message("alice", "after the end"))
		same(t, "before the relay", next(t, alice))
		time.Sleep(250 * time.Millisecond)
		same(t, "after it", next(t, alice), "end:session_ended")
	})
}

func TestRevocationDuringACatchUpReadStopsItsPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		n.say("alice", "old")
		synctest.Wait()
		alice := n.visitor("alice", 0)
		n.log.onRead = func() {
			n.log.onRead = nil
			n.append(event.Event{Audience: event.AudienceSystem, Kind: event.SessionEnded, Session: "ses_alice"})
			time.Sleep(time.Millisecond)
		}
		same(t, "alice", next(t, alice), "end:session_ended")
	})
}

func TestStreamOpenedByARightThatEndedMeanwhileIsSentBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		before, err := n.hub.Epoch() // the door authenticates after this …
		if err != nil {
			t.Fatal(err)
		}
		n.append(event.Event{Audience: event.AudienceSystem, Kind: event.SessionEnded, Session: "ses_alice"})
		synctest.Wait() // … the hub has passed the end …
		late := n.visitor("alice", 0, func(s *realtime.Subscription) { s.Epoch = before })
		same(t, "late", next(t, late), "end:reconnect") // … and would never see it again
		if n.hub.Streams() != 0 {
			t.Error("it is still indexed")
		}
	})
}

// Between the relay's two questions a revocation commits: the second shows it, the
// first did not, so the pulse has not its epoch yet.
func TestRevocationIsNotPassedBeforeThePulseKnowsItsEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, &ledger{})
		step := func() {
			if err := n.relay.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		step()
		epoch, _ := n.hub.Epoch()
		n.log.append(message("bob", "so that the relay reads"))
		n.log.onSince = func() {
			n.log.onSince = nil
			n.log.append(event.Event{Audience: event.AudienceSystem, Kind: event.SessionEnded, Session: "ses_alice"})
		}
		step()
		alice := n.visitor("alice", 0, func(s *realtime.Subscription) { s.Epoch = epoch })
		step()
		if got := next(t, alice); len(got) != 1 || !strings.HasPrefix(got[0], "end:") {
			t.Errorf("a session that has ended goes on: %q", got)
		}
	})
}

func TestOnePersonCannotHoldThousandsOfStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := run(t, &ledger{})
		session := func(i int) func(*realtime.Subscription) {
			return func(s *realtime.Subscription) { s.Session = fmt.Sprint("session-", i) }
		}
		open := func(s *realtime.Stream) bool { return len(next(t, s)) == 0 }
		held, agents := 0, 0
		for i := range 200 {
			if open(n.visitor("alice", 0, session(i))) {
				held++
			}
			sub := realtime.Subscription{Workspace: "main", Agent: "zoe", Session: fmt.Sprint("login-", i)}
			sub.Epoch, _ = n.hub.Epoch()
			if open(n.hub.Agent(sub, 0)) {
				agents++
			}
		}
		if held != 64 || agents != 64 {
			t.Errorf("%d streams of one contact, %d of one agent", held, agents)
		}
		if !open(n.visitor("bob", 0)) || !open(n.agent("yan", 0)) {
			t.Error("somebody else's stream is refused")
		}
		n.hub.Room(n.hub.Streams())
		full := n.visitor("carol", 0)
		same(t, "one more than the node holds", next(t, full), "end:reconnect")
		n.hub.Room(n.hub.Streams() + 1)
		if !open(n.visitor("carol", 0)) {
			t.Error("there was room")
		}
	})
}
