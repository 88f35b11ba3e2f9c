package chat_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
)

func TestClaimingSomebodyNeverReachesThePersonOfThatName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		secret := w.says(alice.Session, "my order is late")

		elsewhere := w.open(w.claims("alice"), chat.Device{})
		sameBrowser := w.open(w.claims("alice"), chat.Device{VisitorToken: alice.VisitorToken})
		anonymous := w.open(w.silent(), chat.Device{VisitorToken: alice.VisitorToken})
		for name, r := range map[string]chat.Result{"elsewhere": elsewhere, "same browser": sameBrowser, "anonymous": anonymous} {
			if r.Session.Contact == alice.Session.Contact {
				t.Errorf("%s: acts for the verified contact", name)
			}
			if seen := w.sees(r.Session); len(seen) != 0 {
				t.Errorf("%s: sees %v", name, seen)
			}
			if _, err := w.chat.Conversation(w.ctx, r.Session, secret); !errors.Is(err, chat.ErrNotFound) {
				t.Errorf("%s: reads the thread: %v", name, err)
			}
		}
		if kind := w.store.contacts[elsewhere.Session.Contact].Kind; kind != chat.ClaimedContact {
			t.Errorf("claimed contact is %q", kind)
		}
	})
}

func TestVerifiedPersonHasTheWholeHistoryOnEveryDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		phone := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(phone.Session, "hello")
		laptop := w.open(w.provesBy(w.second, identity.Assertion{UserID: "alice"}), chat.Device{})
		if seen := w.sees(laptop.Session); !slices.Equal(seen, []string{thread}) {
			t.Errorf("sees %v", seen)
		}
	})
}

func TestRefusedVerdictOpensNothingAndEndsTheSessionItWasSentFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		for name, a := range map[string]identity.Assertion{
			"wrong hash": {UserID: "bob", Hash: strings.Repeat("0", 64)},
			"no hash":    {UserID: "bob"},
		} {
			alice = w.open(w.proves("alice"), chat.Device{VisitorToken: alice.VisitorToken, Replaces: alice.Token})
			v := w.decide(w.keys[identity.SignsUserID], a, policy.Enforce)
			before := len(w.store.sessions)
			_, err := w.chat.Open(w.ctx, v, w.channel, chat.Device{Platform: policy.Web, Replaces: alice.Token})
			if !errors.Is(err, chat.ErrRefused) {
				t.Errorf("%s: %v", name, err)
			}
			if len(w.store.sessions) != before {
				t.Errorf("%s: a session was written", name)
			}
			w.beat()
			if _, _, err := w.chat.Authenticate(w.ctx, alice.Token); !errors.Is(err, chat.ErrSessionEnded) {
				t.Errorf("%s: the sender's session lives: %v", name, err)
			}
		}
	})
}

func TestPageThatClaimsNobodyLeavesNoProvenSessionBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		silent := func(minimum policy.Tier) policy.Verdict {
			ring, _ := identity.NewRing()
			verified, err := identity.Verify(ring, identity.Assertion{}, time.Now())
			return policy.Decide(policy.Rule{Enforcement: policy.Enforce, MinimumTier: minimum}, identity.Assertion{}, verified, err)
		}
		alice, nobody := w.open(w.proves("alice"), chat.Device{}), w.open(w.silent(), chat.Device{})
		for name, c := range map[string]struct {
			token string
			ends  bool
		}{"the proven one": {alice.Token, true}, "nobody's": {nobody.Token, false}} {
			if _, err := w.chat.Open(w.ctx, silent(policy.Verified), w.channel, chat.Device{Replaces: c.token}); !errors.Is(err, chat.ErrRefused) {
				t.Fatalf("%s: opened: %v", name, err)
			}
			w.beat()
			if _, _, err := w.chat.Authenticate(w.ctx, c.token); errors.Is(err, chat.ErrSessionEnded) != c.ends {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestLimitKeepsNoSessionThatItsPageNoLongerSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			says func(w *world) policy.Verdict
			ends bool
		}{
			"a failing assertion": {func(w *world) policy.Verdict {
				return w.decide(w.keys[identity.SignsUserID], identity.Assertion{UserID: "bob", Hash: strings.Repeat("0", 64)}, policy.Observe)
			}, true},
			"another person's proof": {func(w *world) policy.Verdict { return w.proves("bob") }, true},
			"nobody":                 {func(w *world) policy.Verdict { return w.silent() }, true},
			"her own proof":          {func(w *world) policy.Verdict { return w.provesBy(w.second, identity.Assertion{UserID: "alice"}) }, false},
		} {
			w := newWorld(t)
			alice := w.open(w.proves("alice"), chat.Device{})
			device := chat.Device{Platform: policy.Web, VisitorToken: alice.VisitorToken}
			verdict := c.says(w)
			for range 40 {
				_, _ = w.chat.Open(w.ctx, verdict, w.channel, device)
			}
			w.beat()
			if _, _, err := w.chat.Authenticate(w.ctx, alice.Token); err != nil {
				t.Fatalf("%s: ended too early: %v", name, err)
			}
			device.Replaces = alice.Token
			if _, err := w.chat.Open(w.ctx, verdict, w.channel, device); !errors.Is(err, chat.ErrTooMany) {
				t.Fatalf("%s: the limit is not full: %v", name, err)
			}
			w.beat()
			if _, _, err := w.chat.Authenticate(w.ctx, alice.Token); errors.Is(err, chat.ErrSessionEnded) != c.ends {
				t.Errorf("%s: her session: %v", name, err)
			}
		}
	})
}

func TestFloodOfBrowsersFromOneNetworkStopsAndProofsPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		device := chat.Device{Platform: policy.Web, Network: "192.0.2.1"}
		opened := 0
		var last chat.Result
		for range 500 {
			r, err := w.chat.Open(w.ctx, w.silent(), w.channel, device)
			if err == nil {
				opened, last = opened+1, r
			} else if !errors.Is(err, chat.ErrTooMany) {
				t.Fatal(err)
			}
		}
		if opened != 300 || len(w.store.visitors) != 300 {
			t.Errorf("%d sessions of %d browsers", opened, len(w.store.visitors))
		}
		if _, err := w.chat.Open(w.ctx, w.claims("eve"), w.channel, device); !errors.Is(err, chat.ErrTooMany) {
			t.Errorf("a claim is no proof: %v", err)
		}
		w.open(w.proves("alice"), device)
		w.open(w.silent(), chat.Device{Network: "192.0.2.2"})
		w.open(w.silent(), chat.Device{Network: device.Network, VisitorToken: last.VisitorToken}) // a browser that is known
		w.later(200 * time.Millisecond)
		w.open(w.silent(), device)
	})
}

func TestNoVerdictNoSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if _, err := w.chat.Open(w.ctx, policy.Verdict{}, w.channel, chat.Device{}); !errors.Is(err, chat.ErrRefused) {
			t.Errorf("the zero verdict: %v", err)
		}
		foreign := w.key("key_foreign", identity.SignsUserID, "other-realm")
		v := w.provesBy(foreign, identity.Assertion{UserID: "alice"})
		if _, err := w.chat.Open(w.ctx, v, w.channel, chat.Device{}); !errors.Is(err, chat.ErrRefused) {
			t.Errorf("a proof in another realm: %v", err)
		}
		if len(w.store.sessions) != 0 {
			t.Error("a session was written")
		}
	})
}

func TestEitherKeyFindsItsOwnConversationsAndNoPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		person := w.open(w.provesBy(w.keys[identity.SignsEmail], identity.Assertion{Email: "alice@example.com"}), chat.Device{})
		w.says(person.Session, "hers")
		first := w.open(w.provesBy(w.keys[identity.SignsEither], identity.Assertion{Email: "Alice@example.com"}), chat.Device{})
		own := w.says(first.Session, "by the weaker key")
		again := w.open(w.provesBy(w.keys[identity.SignsEither], identity.Assertion{Email: "alice@example.com"}), chat.Device{})
		if seen := w.sees(again.Session); !slices.Equal(seen, []string{own}) {
			t.Errorf("sees %v", seen)
		}
		if got := w.store.contacts[first.Session.Contact]; got.Kind != chat.EitherContact || strings.Contains(got.Scope, "alice") {
			t.Errorf("contact %+v", got)
		}
		if _, err := w.chat.ClaimWaiting(w.ctx, first.Session, time.Time{}); !errors.Is(err, policy.ErrForbidden) {
			t.Errorf("claims threads: %v", err)
		}
	})
}

func TestClaimedPylonVisitorSeesThisSessionAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.decide(w.keys[identity.SignsUserID], identity.Assertion{Dialect: "pylon", Email: "alice@example.com"}, policy.Observe)
		first := w.open(v, chat.Device{})
		w.says(first.Session, "hello")
		second := w.open(v, chat.Device{VisitorToken: first.VisitorToken})
		if seen := w.sees(second.Session); len(seen) != 0 {
			t.Errorf("sees %v", seen)
		}
		kept := w.open(v, chat.Device{VisitorToken: first.VisitorToken, Replaces: first.Token})
		if kept.Token != first.Token || len(w.sees(kept.Session)) != 1 {
			t.Error("a page load lost the session's own thread")
		}
	})
}

func TestSameClaimInTheSameBrowserIsTheSameVisitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := w.open(w.claims("alice"), chat.Device{})
		thread := w.says(first.Session, "hello")
		again := w.open(w.claims("alice"), chat.Device{VisitorToken: first.VisitorToken})
		if seen := w.sees(again.Session); !slices.Equal(seen, []string{thread}) {
			t.Errorf("sees %v", seen)
		}
		other := w.open(w.claims("bob"), chat.Device{VisitorToken: first.VisitorToken})
		if seen := w.sees(other.Session); len(seen) != 0 || other.Visitor == first.Visitor {
			t.Errorf("another claim sees %v as visitor %s", seen, other.Visitor)
		}
	})
}

func TestChangeOfPersonBeginsANewVisitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		bob := w.open(w.proves("bob"), chat.Device{VisitorToken: alice.VisitorToken, Replaces: alice.Token})
		if bob.Visitor == alice.Visitor || bob.VisitorToken == "" || bob.VisitorToken == alice.VisitorToken {
			t.Errorf("bob is visitor %s, alice %s", bob.Visitor, alice.Visitor)
		}
		if bob.Lane == alice.Lane {
			t.Error("two people share a lane")
		}
		if _, _, err := w.chat.Authenticate(w.ctx, alice.Token); !errors.Is(err, chat.ErrSessionEnded) {
			t.Errorf("the replaced session lives: %v", err)
		}
		back := w.open(w.proves("alice"), chat.Device{VisitorToken: alice.VisitorToken})
		if back.Visitor != alice.Visitor || back.VisitorToken != "" {
			t.Error("alice's own visitor was lost to her")
		}
	})
}

func TestVisitorTokenOfAnotherChannelIsNoVisitorHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := w.open(w.silent(), chat.Device{})
		w.says(first.Session, "hello")
		w.channel.ID = "cha_2"
		second := w.open(w.silent(), chat.Device{VisitorToken: first.VisitorToken})
		if second.Visitor == first.Visitor || len(w.sees(second.Session)) != 0 {
			t.Error("a visitor crossed channels")
		}
	})
}

func TestAnonymousThreadOfThisVisitFollowsItsWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		before := w.open(w.silent(), chat.Device{})
		thread := w.says(before.Session, "where is my order?")
		w.later(29 * time.Minute)
		alice := w.open(w.proves("alice"), chat.Device{VisitorToken: before.VisitorToken})
		if alice.Visitor != before.Visitor || alice.VisitorToken != "" {
			t.Error("a verified session after an anonymous one began a new visitor")
		}
		if alice.Claimed != 1 || alice.Waiting != nil || !slices.Equal(w.sees(alice.Session), []string{thread}) {
			t.Errorf("claimed %d, waiting %v", alice.Claimed, alice.Waiting)
		}
		if _, _, err := w.chat.Authenticate(w.ctx, before.Token); !errors.Is(err, chat.ErrSessionEnded) {
			t.Errorf("the anonymous session lives: %v", err)
		}
		list, _, err := w.chat.Messages(w.ctx, alice.Session, thread, 0, 0)
		if err != nil || len(list) != 1 || list[0].Tier != policy.Anonymous {
			t.Errorf("the message became %+v, %v", list, err)
		}
		if n := len(w.store.drafts); n != 1 || w.store.drafts[0].Action != audit.ThreadClaimed {
			t.Errorf("recorded %v", w.store.drafts)
		}
	})
}

func TestOldAnonymousThreadWaitsForAYes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		before := w.open(w.silent(), chat.Device{})
		thread := w.says(before.Session, "where is my order?")
		w.later(30 * time.Minute)
		alice := w.open(w.proves("alice"), chat.Device{VisitorToken: before.VisitorToken})
		if alice.Claimed != 0 || alice.Waiting == nil || len(w.sees(alice.Session)) != 0 {
			t.Fatalf("claimed %d, waiting %v, sees %v", alice.Claimed, alice.Waiting, w.sees(alice.Session))
		}
		current, err := w.chat.Current(w.ctx, alice.Session)
		if err != nil || current.Waiting == nil {
			t.Errorf("after a reload nobody asks: %v, %v", current.Waiting, err)
		}
		moved, err := w.chat.ClaimWaiting(w.ctx, alice.Session, time.Time{})
		if err != nil || moved != 1 || !slices.Equal(w.sees(alice.Session), []string{thread}) {
			t.Errorf("moved %d, %v", moved, err)
		}
		if moved, err := w.chat.ClaimWaiting(w.ctx, alice.Session, time.Time{}); moved != 0 || err != nil {
			t.Errorf("a second yes moved %d, %v", moved, err)
		}
	})
}

// A browser that several people use: each thread is judged by itself, and nothing
// that the team does makes an old one young.
func TestOldThreadIsNotTakenAlongByTheThreadOfThisVisitNorByAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		before := w.open(w.silent(), chat.Device{})
		device := chat.Device{VisitorToken: before.VisitorToken}
		oldest := w.says(before.Session, "somebody else's, last week")
		w.later(time.Hour)
		old := w.says(before.Session, "also an hour ago")
		asked := time.Now()
		w.later(time.Hour)
		if _, err := w.chat.Reply(w.ctx, w.agent(policy.Owner), oldest, chat.Answer{Writing: chat.Writing{Text: "an answer, just now"}}); err != nil {
			t.Fatal(err)
		}
		now := w.says(before.Session, "of this visit")
		alice := w.open(w.proves("alice"), device)
		if alice.Claimed != 1 || !slices.Equal(w.sees(alice.Session), []string{now}) {
			t.Errorf("claimed %d, sees %v", alice.Claimed, w.sees(alice.Session))
		}
		if alice.Waiting == nil || alice.Waiting.Conversation != old || !alice.Waiting.LastAt.Equal(asked) {
			t.Fatalf("asks about %+v", alice.Waiting)
		}
		if _, _, err := w.chat.Authenticate(w.ctx, before.Token); !errors.Is(err, chat.ErrSessionEnded) {
			t.Errorf("the anonymous session lives: %v", err)
		}
		again := w.open(w.silent(), device)
		later := w.says(again.Session, "written after the question was asked")
		moved, err := w.chat.ClaimWaiting(w.ctx, alice.Session, alice.Waiting.LastAt)
		if err != nil || moved != 2 {
			t.Fatalf("yes moved %d, %v", moved, err)
		}
		seen := w.sees(alice.Session)
		if slices.Sort(seen); len(seen) != 3 || !slices.Contains(seen, oldest) || !slices.Contains(seen, old) || slices.Contains(seen, later) {
			t.Errorf("sees %v", seen)
		}
	})
}

func TestThreadAfterWhichAnotherVerifiedIsNotTakenByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		before := w.open(w.silent(), chat.Device{})
		w.says(before.Session, "hello")
		w.store.sessions["another's"] = &row{Session: chat.Session{ID: "ses_x", Visitor: before.Visitor, Contact: "con_x", CreatedAt: time.Now()}, record: chat.Record{Tier: policy.Verified}}
		alice := w.open(w.proves("alice"), chat.Device{VisitorToken: before.VisitorToken})
		if alice.Claimed != 0 || alice.Waiting == nil {
			t.Errorf("claimed %d, waiting %v", alice.Claimed, alice.Waiting)
		}
	})
}

func TestUnverifiedVisitorClaimsNoThread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		before := w.open(w.silent(), chat.Device{})
		w.says(before.Session, "hello")
		claimed := w.open(w.claims("alice"), chat.Device{VisitorToken: before.VisitorToken})
		if claimed.Claimed != 0 || claimed.Waiting != nil {
			t.Errorf("claimed %d, waiting %v", claimed.Claimed, claimed.Waiting)
		}
		for _, s := range []chat.Session{claimed.Session, before.Session} {
			if _, err := w.chat.ClaimWaiting(w.ctx, s, time.Time{}); !errors.Is(err, policy.ErrForbidden) {
				t.Errorf("%s claims: %v", s.Standing.Tier(), err)
			}
		}
	})
}

func TestLogOutLeavesNothingForTheNextPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		before := w.open(w.silent(), chat.Device{})
		w.says(before.Session, "hello")
		alice := w.open(w.proves("alice"), chat.Device{VisitorToken: before.VisitorToken})
		otherTab := w.open(w.provesBy(w.second, identity.Assertion{UserID: "alice"}), chat.Device{VisitorToken: before.VisitorToken})
		anonymousTab := w.open(w.silent(), chat.Device{VisitorToken: before.VisitorToken})
		if err := w.chat.LogOut(w.ctx, alice.Session); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.chat.Authenticate(w.ctx, alice.Token); !errors.Is(err, chat.ErrSessionEnded) {
			t.Errorf("before the next beat its own token lives: %v", err)
		}
		w.beat()
		for name, token := range map[string]string{"other tab": otherTab.Token, "anonymous tab": anonymousTab.Token} {
			if _, _, err := w.chat.Authenticate(w.ctx, token); !errors.Is(err, chat.ErrSessionEnded) {
				t.Errorf("%s lives: %v", name, err)
			}
		}
		next := w.open(w.silent(), chat.Device{VisitorToken: before.VisitorToken})
		if next.Visitor == before.Visitor || next.VisitorToken == "" || len(w.sees(next.Session)) != 0 {
			t.Error("the next person is the old visitor")
		}
		if n := len(w.store.drafts); n == 0 || w.store.drafts[n-1].Action != audit.SessionEnded {
			t.Errorf("recorded %v", w.store.drafts)
		}
	})
}

func TestLaneNamesVisitorPersonAndKeyAndNothingReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		device := chat.Device{VisitorToken: alice.VisitorToken}
		again := w.open(w.proves("alice"), device)
		if again.Lane != alice.Lane || again.Session.ID == alice.Session.ID {
			t.Errorf("lanes %q and %q", alice.Lane, again.Lane)
		}
		lanes := map[string]string{alice.Lane: "alice"}
		for name, r := range map[string]chat.Result{
			"another browser": w.open(w.proves("alice"), chat.Device{}),
			"another key":     w.open(w.provesBy(w.second, identity.Assertion{UserID: "alice"}), device),
			"another person":  w.open(w.proves("bob"), device),
			"nobody":          w.open(w.silent(), device),
			"her claim":       w.open(w.claims("alice"), device),
		} {
			if other, taken := lanes[r.Lane]; taken {
				t.Errorf("%s and %s share a lane", name, other)
			}
			lanes[r.Lane] = name
			if strings.Contains(r.Lane, "alice") || len(r.Lane) < 22 {
				t.Errorf("lane %q", r.Lane)
			}
		}
	})
}

func TestIdentifyingAgainKeepsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		named := func(name string) func(*identity.Assertion) {
			return func(a *identity.Assertion) { a.Name = name }
		}
		alice := w.open(w.proves("alice", named("Alice")), chat.Device{})
		device := chat.Device{VisitorToken: alice.VisitorToken, Replaces: alice.Token}
		epoch, n := w.store.epoch, len(w.store.sessions)
		for range 100 { // more than the limit of new sessions: these are none
			again := w.open(w.proves("alice", named("Alice")), device)
			if again.Token != alice.Token || again.Session.ID != alice.Session.ID || again.Name != "Alice" {
				t.Fatalf("a new session %s", again.Session.ID)
			}
		}
		if w.store.epoch != epoch || len(w.store.sessions) != n {
			t.Error("a page load raised the epoch")
		}
		for name, v := range map[string]policy.Verdict{
			"a new name":     w.proves("alice", named("Alice B.")),
			"another key":    w.provesBy(w.second, identity.Assertion{UserID: "alice"}, named("Alice")),
			"another person": w.proves("bob", named("Alice")),
			"nobody":         w.silent(),
		} {
			fresh := w.open(w.proves("alice"), chat.Device{VisitorToken: alice.VisitorToken})
			changed := w.open(v, chat.Device{VisitorToken: alice.VisitorToken, Replaces: fresh.Token})
			if changed.Token == fresh.Token {
				t.Errorf("%s kept the session", name)
			}
			if _, _, err := w.chat.Authenticate(w.ctx, fresh.Token); !errors.Is(err, chat.ErrSessionEnded) {
				t.Errorf("%s: the old session lives: %v", name, err)
			}
		}
	})
}

func TestStolenSessionTokenIsNotRenewedFromAnotherBrowser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thief := w.open(w.proves("alice"), chat.Device{Replaces: alice.Token})
		if thief.Token == alice.Token || thief.Lane == alice.Lane {
			t.Error("a session was carried to another browser")
		}
	})
}

func TestPersonOpensAtMostTwentySessionsAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for range 20 {
			w.open(w.proves("alice"), chat.Device{})
		}
		if _, err := w.chat.Open(w.ctx, w.proves("alice"), w.channel, chat.Device{}); !errors.Is(err, chat.ErrTooMany) {
			t.Errorf("the 21st: %v", err)
		}
		w.open(w.proves("bob"), chat.Device{})
		w.open(w.claims("alice"), chat.Device{}) // whoever only claims her name spends nothing of hers
		w.later(3 * time.Second)
		w.open(w.proves("alice"), chat.Device{})
	})
}

func TestSessionsLifeIsTheLeastOfItsLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		if life := alice.Session.ExpiresAt.Sub(alice.Session.CreatedAt); life != chat.SlidingLife {
			t.Errorf("lives %v", life)
		}
		began := time.Now()
		for time.Since(began) < chat.AbsoluteLife-12*time.Hour {
			w.later(12 * time.Hour)
			s, _, err := w.chat.Authenticate(w.ctx, alice.Token)
			if err != nil {
				t.Fatalf("after %v: %v", time.Since(began), err)
			}
			if s.ExpiresAt.After(alice.Session.Absolute) {
				t.Fatalf("expires %v, absolutely %v", s.ExpiresAt, alice.Session.Absolute)
			}
		}
		w.later(12 * time.Hour)
		if _, _, err := w.chat.Authenticate(w.ctx, alice.Token); !errors.Is(err, chat.ErrSessionEnded) {
			t.Errorf("after thirty days: %v", err)
		}
	})
}

func TestAttributesKeepTheirProvenance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice", func(a *identity.Assertion) {
			a.Name, a.Email = "Alice", "victim@example.com"
			a.Attributes = map[string]any{"plan": "pro", "seats": 3.0, "trial": false, "nothing": nil, "list": []any{1.0}, "bad name": 1.0}
		}), chat.Device{})
		got := map[string]string{}
		for _, a := range w.store.attributes {
			if a.Contact == alice.Session.Contact {
				got[a.Name+"/"+string(a.Provenance)] = string(a.Value)
			}
		}
		want := map[string]string{
			"user_id/signed": `"alice"`, "name/claimed": `"Alice"`, "email/claimed": `"victim@example.com"`,
			"plan/claimed": `"pro"`, "seats/claimed": "3", "trial/claimed": "false", "nothing/claimed": "null",
		}
		if len(got) != len(want) {
			t.Errorf("kept %v", got)
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s is %s, want %s", name, got[name], value)
			}
		}
	})
}
