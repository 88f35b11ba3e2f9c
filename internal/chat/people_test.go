package chat_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/chat"
)

// values are what is known of a contact under a name :: provenance → JSON.
func (w *world) values(contact, name string) map[chat.Provenance]string {
	found := map[chat.Provenance]string{}
	for _, a := range w.store.attributes {
		if a.Contact == contact && a.Name == name {
			found[a.Provenance] = string(a.Value)
		}
	}
	return found
}

func with(attributes map[string]any) func(*identity.Assertion) {
	return func(a *identity.Assertion) { a.Attributes = attributes }
}

func named(name string) func(*identity.Assertion) {
	return func(a *identity.Assertion) { a.Name = name }
}

// TestTabsOfOneBrowserBecomeOneNewVisitor: each says the visitor that was somebody
// else's, because its storage does not know yet what the tab before it became.
func TestTabsOfOneBrowserBecomeOneNewVisitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ada := w.open(w.proves("ada"), chat.Device{})
		said := chat.Device{VisitorToken: ada.VisitorToken}
		first := w.open(w.proves("bob"), said)
		for range 3 {
			next := w.open(w.proves("bob"), said)
			if next.Visitor != first.Visitor || next.Lane != first.Lane || next.VisitorToken != first.VisitorToken || next.Token == first.Token {
				t.Errorf("a tab is %s in lane %s, the first is %s in %s", next.Visitor, next.Lane, first.Visitor, first.Lane)
			}
		}
		if first.Visitor == ada.Visitor {
			t.Error("bob goes on as ada's visitor")
		}
		w.later(chat.SuccessionWindow)
		if late := w.open(w.proves("bob"), said); late.Visitor == first.Visitor {
			t.Error("the window does not close")
		}
	})
}

// TestWhoWasHereBeforeDoesNotLearnTheNextOnesVisitor tries every half of what it takes:
// the old visitor's token without the new person's proof, and the proof without it.
func TestWhoWasHereBeforeDoesNotLearnTheNextOnesVisitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ada := w.open(w.proves("ada"), chat.Device{})
		said := chat.Device{VisitorToken: ada.VisitorToken}
		bob := w.open(w.proves("bob"), said)
		for name, try := range map[string]chat.Result{
			"ada again":                      w.open(w.proves("ada"), said),
			"carol":                          w.open(w.proves("carol"), said),
			"a claim to be bob":              w.open(w.claims("bob"), said),
			"nobody":                         w.open(w.silent(), said),
			"bob elsewhere":                  w.open(w.proves("bob"), chat.Device{}),
			"bob with a made-up old visitor": w.open(w.proves("bob"), chat.Device{VisitorToken: strings.Repeat("A", len(ada.VisitorToken))}),
		} {
			if try.Visitor == bob.Visitor || try.VisitorToken == bob.VisitorToken || try.Lane == bob.Lane {
				t.Errorf("%s is bob's new visitor", name)
			}
		}
		for _, one := range w.store.after {
			if strings.Contains(one.secret, bob.VisitorToken) {
				t.Error("the store keeps the token in clear")
			}
		}
	})
}

// TestALogoutBetweenTwoTabsLeavesNobodyWithADeadVisitor: the successor is gone by the
// time the second tab asks for it.
func TestALogoutBetweenTwoTabsLeavesNobodyWithADeadVisitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ada := w.open(w.proves("ada"), chat.Device{})
		said := chat.Device{VisitorToken: ada.VisitorToken}
		bob := w.open(w.proves("bob"), said)
		if err := w.chat.LogOut(w.ctx, bob.Session); err != nil {
			t.Fatal(err)
		}
		w.beat()
		next := w.open(w.proves("bob"), said)
		if next.Visitor == bob.Visitor || next.VisitorToken == "" {
			t.Errorf("%s, was %s", next.Visitor, bob.Visitor)
		}
	})
}

func TestOnlySignedValuesCountWhereSomebodySaidSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		owner := w.agent(policy.Owner)
		before := w.open(w.proves("alice", with(map[string]any{"plan": "gold", "color": "red"}), named("Alice")), chat.Device{})
		contact := before.Session.Contact
		for _, name := range []string{"plan", "name", "company"} {
			if err := w.chat.SetAttributePolicy(w.ctx, owner, name, true); err != nil {
				t.Fatal(err)
			}
		}
		w.beat()
		again := w.open(w.proves("alice", with(map[string]any{"plan": "platinum", "color": "blue", "company": "ACME"}), named("The Owner")), chat.Device{})
		if got := w.values(contact, "plan"); got[chat.ByClaim] != `"gold"` || len(got) != 1 {
			t.Errorf("plan: %v", got)
		}
		if got := w.values(contact, "company"); len(got) != 0 {
			t.Errorf("company: %v", got)
		}
		if got := w.values(contact, "color"); got[chat.ByClaim] != `"blue"` {
			t.Errorf("color: %v", got)
		}
		if again.Name != "" {
			t.Errorf("greeted as %q", again.Name)
		}
		if claimed := w.open(w.claims("mallory"), chat.Device{}); len(w.values(claimed.Session.Contact, "name")) != 0 {
			t.Error("a claimed visitor says its name")
		}
		p, err := w.chat.Person(w.ctx, owner, contact)
		if err != nil || strings.Contains(p.Label, "Alice") || strings.Contains(p.Label, "Owner") || !p.Only["plan"] {
			t.Errorf("called %q, %v", p.Label, err)
		}
		if err := w.chat.SetAttributes(w.ctx, owner, contact, map[string]any{"plan": "silver"}); !errors.Is(err, chat.ErrSignedOnly) {
			t.Errorf("an agent says it: %v", err)
		}
		reads := w.store.asked
		w.open(w.proves("alice"), chat.Device{})
		if w.store.asked != reads {
			t.Error("the names are read at every arrival")
		}
		for _, name := range []string{"", "user_id", "tier", "a b", strings.Repeat("x", 101)} {
			if err := w.chat.SetAttributePolicy(w.ctx, owner, name, true); !errors.Is(err, chat.ErrInvalid) {
				t.Errorf("%q: %v", name, err)
			}
		}
		if err := w.chat.SetAttributePolicy(w.ctx, owner, "plan", false); err != nil {
			t.Fatal(err)
		}
		w.beat()
		w.open(w.proves("alice", with(map[string]any{"plan": "platinum"})), chat.Device{})
		if got := w.values(contact, "plan"); got[chat.ByClaim] != `"platinum"` {
			t.Errorf("switched off: %v", got)
		}
	})
}

func TestAnAgentsNoteStandsBesideWhatWasSaidAndIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		agent := w.agent(policy.AgentR)
		alice := w.open(w.proves("alice", with(map[string]any{"plan": "gold", "account_id": "a-1", "company": "ACME"})), chat.Device{})
		contact := alice.Session.Contact
		if err := w.chat.SetAttributes(w.ctx, agent, contact, map[string]any{"plan": "silver", "vip": true, "seats": json.Number("7")}); err != nil {
			t.Fatal(err)
		}
		if got := w.values(contact, "plan"); got[chat.ByClaim] != `"gold"` || got[chat.ByAgent] != `"silver"` {
			t.Errorf("plan: %v", got)
		}
		for _, name := range []string{"account_id", "company"} { // unsigned, whatever it is called
			if got := w.values(contact, name); len(got) != 1 || got[chat.ByClaim] == "" {
				t.Errorf("%s: %v", name, got)
			}
		}
		w.open(w.proves("alice", with(map[string]any{"plan": "tin"})), chat.Device{})
		if got := w.values(contact, "plan"); got[chat.ByAgent] != `"silver"` {
			t.Errorf("a claim replaced what an agent knows: %v", got)
		}
		if err := w.chat.SetAttributes(w.ctx, agent, contact, map[string]any{"plan": nil}); err != nil {
			t.Fatal(err)
		}
		if got := w.values(contact, "plan"); len(got) != 1 || got[chat.ByClaim] == "" {
			t.Errorf("taken back: %v", got)
		}
		if err := w.chat.SetAttributes(w.ctx, agent, contact, nil); !errors.Is(err, chat.ErrInvalid) {
			t.Errorf("nothing to change: %v", err)
		}
		if l := len(w.store.links); l != 1 {
			t.Errorf("%d identifiers", l)
		}
		if err := w.chat.SetAttributes(w.ctx, agent, contact, map[string]any{"email": "victim@example.com"}); err != nil || len(w.store.links) != 1 {
			t.Errorf("a note of an address: %v, %d identifiers", err, len(w.store.links))
		}
	})
}

func TestProofsThatAreSpentOpenNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		owner := w.agent(policy.Owner)
		alice := w.open(w.proves("alice"), chat.Device{})
		contact := alice.Session.Contact
		if n, err := w.chat.EndSessions(w.ctx, owner, contact, chat.Forever); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		w.beat()
		outcome, err := w.chat.Allow(w.ctx, w.proves("alice"), w.channel, chat.Device{})
		if outcome != chat.OutcomeBareHash || !errors.Is(err, chat.ErrProofSpent) {
			t.Errorf("%q, %v", outcome, err)
		}
		if _, err := w.chat.Open(w.ctx, w.proves("alice"), w.channel, chat.Device{}); !errors.Is(err, chat.ErrProofSpent) {
			t.Errorf("not having asked: %v", err)
		}
		w.open(w.proves("bob"), chat.Device{})
		if err := w.chat.RefuseBareProofs(w.ctx, owner, contact, time.Time{}); err != nil {
			t.Fatal(err)
		}
		w.open(w.proves("alice"), chat.Device{})
		for _, past := range []time.Time{time.Now(), time.Now().Add(-time.Hour)} {
			if err := w.chat.RefuseBareProofs(w.ctx, owner, contact, past); !errors.Is(err, chat.ErrInvalid) {
				t.Errorf("until the past: %v", err)
			}
			if _, err := w.chat.EndSessions(w.ctx, owner, contact, past); !errors.Is(err, chat.ErrInvalid) {
				t.Errorf("until the past: %v", err)
			}
		}
	})
}

func TestWhatAContactRefuses(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	proof := func(method identity.Method, issued time.Time) chat.Record {
		return chat.Record{Tier: policy.Verified, Method: method, Issued: issued}
	}
	cut := chat.Contact{NotBefore: now.Add(-500 * time.Millisecond)}
	bare := chat.Contact{NotBefore: now.Add(-time.Hour), BareUntil: now.Add(time.Hour)}
	for _, c := range []struct {
		name    string
		contact chat.Contact
		proof   chat.Record
		want    string
	}{
		{"nothing was said", chat.Contact{}, proof(identity.MethodHMAC, time.Time{}), ""},
		{"a token of before", cut, proof(identity.MethodJWT, now.Add(-time.Minute)), chat.OutcomeNotBefore},
		{"a token of that second", cut, proof(identity.MethodV1, now.Add(-time.Second)), chat.OutcomeNotBefore},
		{"a token of after", cut, proof(identity.MethodJWT, now), ""},
		{"a hash, which was not asked about", cut, proof(identity.MethodHMAC, time.Time{}), ""},
		{"a hash", bare, proof(identity.MethodHMAC, time.Time{}), chat.OutcomeBareHash},
		{"a hash under either", bare, proof(identity.MethodHMACEither, time.Time{}), chat.OutcomeBareHash},
		{"a token without a time", bare, proof(identity.MethodJWT, time.Time{}), chat.OutcomeBareHash},
		{"a token with one", bare, proof(identity.MethodJWT, now), ""},
		{"a mailed code", bare, proof(identity.MethodCode, time.Time{}), ""},
		{"a hash, too late", chat.Contact{BareUntil: now}, proof(identity.MethodHMAC, time.Time{}), ""},
		{"somebody unproved", bare, chat.Record{Tier: policy.Claimed}, ""},
		{"anybody blocked", chat.Contact{BlockedAt: now}, chat.Record{Tier: policy.Anonymous}, chat.OutcomeBlocked},
	} {
		if got := c.contact.Refuses(c.proof, now); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAnErasuresReasonDoesNotNameThePerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		owner := w.agent(policy.Owner)
		alice := w.open(w.provesBy(w.keys[identity.SignsEmail], identity.Assertion{Email: "alice@example.com"}, named("Alice Liddell")), chat.Device{})
		contact := alice.Session.Contact
		for _, reason := range []string{"", "  \n ", "asked by alice@example.com", "Alice LIDDELL wants it", "ALICE@EXAMPLE.COM"} {
			if _, err := w.chat.Erase(w.ctx, owner, contact, reason); !errors.Is(err, chat.ErrInvalid) {
				t.Errorf("%q: %v", reason, err)
			}
		}
		if _, err := w.chat.Erase(w.ctx, owner, contact, "ticket 4711"); err != nil {
			t.Fatal(err)
		}
		if last := w.store.drafts[len(w.store.drafts)-1]; last.Detail["reason"] != "ticket 4711" || last.Subject != contact {
			t.Errorf("recorded %+v", last)
		}
	})
}

func TestAFileHasNoNotesUnlessTheyAreAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		owner := w.agent(policy.Owner)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		for i := range 130 { // more than a page
			if _, err := w.chat.Post(w.ctx, alice.Session, thread, chat.Writing{Text: "line"}); err != nil {
				t.Fatal(i, err)
			}
		}
		if _, err := w.chat.Reply(w.ctx, owner, thread, chat.Answer{Writing: chat.Writing{Text: "between us"}, Note: true}); err != nil {
			t.Fatal(err)
		}
		for notes, want := range map[bool]int{false: 131, true: 132} {
			file, err := w.chat.Export(w.ctx, owner, alice.Session.Contact, notes)
			if err != nil {
				t.Fatal(err)
			}
			messages := file.Conversations[0].Messages
			if len(messages) != want || messages[0].Text != "hello" || messages[0].Tier != policy.Verified {
				t.Errorf("notes %v: %d messages, the first is %q", notes, len(messages), messages[0].Text)
			}
			if !slices.IsSortedFunc(messages, func(a, b chat.Message) int { return int(a.Seq - b.Seq) }) {
				t.Error("out of order")
			}
			if last := w.store.drafts[len(w.store.drafts)-1]; last.Action != "contact.exported" || last.Subject != alice.Session.Contact {
				t.Errorf("recorded %+v", last)
			}
		}
	})
}

// TestAVisitorsFileFillsNoMemory: a browser may write fifty long messages a second, and
// the server holds the whole file of whoever is exported at once.
func TestAVisitorsFileFillsNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		owner := w.agent(policy.Owner)
		mallory := w.open(w.proves("mallory"), chat.Device{})
		w.says(mallory.Session, "hello")
		first, text := w.store.messages[0], strings.Repeat("x", chat.MaxTextBytes)
		for i := range chat.MaxFiledBytes / chat.MaxTextBytes {
			m := first
			m.Seq, m.Text = first.Seq+1+int64(i), text
			w.store.messages = append(w.store.messages, m)
		}
		if _, err := w.chat.Export(w.ctx, owner, mallory.Session.Contact, false); !errors.Is(err, chat.ErrInvalid) {
			t.Errorf("%v", err)
		}
		w.store.messages = w.store.messages[:len(w.store.messages)-1]
		if _, err := w.chat.Export(w.ctx, owner, mallory.Session.Contact, false); err != nil {
			t.Error(err)
		}
	})
}

func TestBrowsersHaveReadableNames(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36":                                "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0":                  "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15":                          "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1":        "Safari on iPhone",
		"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0":                                                                         "Firefox on Linux",
		"Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36":     "Samsung Internet on Android",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36":                                 "Chrome on ChromeOS",
		"Mozilla/5.0 (Linux; U; Android 4.0.3; de-de) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30":                           "Android browser",
		"okhttp/4.12.0": "Android app", "curl/8.5.0": "curl", "": "", "something": "", "<script>": "",
	} {
		if got := chat.DeviceName(agent); got != want {
			t.Errorf("%q, want %q: %s", got, want, agent)
		}
	}
}

// TestWhatAnotherSaidOfASessionIsNoTag keeps a browser's word for itself from being more
// than text: the name is ours.
func TestWhatAnotherSaidOfASessionIsNoTag(t *testing.T) {
	name := chat.DeviceName("Chrome/ Windows <img src=x>")
	if bytes.ContainsAny([]byte(name), "<>") || name != "Chrome on Windows" {
		t.Errorf("%q", name)
	}
}
