package chat_test

import (
	"errors"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
)

func (w *world) agent(role policy.Role) policy.Principal {
	return policy.ForAgent("main", "agt_1", "log_1", role)
}

// agentCalls are every use case of agents, with the right that it needs.
func agentCalls(w *world, who policy.Principal, thread, contact, session string) map[string]struct {
	right policy.Right
	agent bool // programs may not
	call  func() error
} {
	open, me := chat.Open, chat.Me
	type entry = struct {
		right policy.Right
		agent bool
		call  func() error
	}
	read, reply, people := policy.ReadConversations, policy.ReplyConversations, policy.ManagePeople
	return map[string]entry{
		"Inbox":          {read, false, func() error { _, _, err := w.chat.Inbox(w.ctx, who, chat.View{Status: chat.Open}); return err }},
		"Counts":         {read, false, func() error { _, err := w.chat.Counts(w.ctx, who); return err }},
		"Thread":         {read, false, func() error { _, err := w.chat.Thread(w.ctx, who, thread); return err }},
		"ThreadMessages": {read, false, func() error { _, _, err := w.chat.ThreadMessages(w.ctx, who, thread, 0, 0); return err }},
		"Person":         {read, false, func() error { _, err := w.chat.Person(w.ctx, who, contact); return err }},
		"ReadThread":     {read, true, func() error { return w.chat.ReadThread(w.ctx, who, thread, 1) }},
		"Reply": {reply, true, func() error {
			_, err := w.chat.Reply(w.ctx, who, thread, chat.Answer{Writing: chat.Writing{Text: "x"}})
			return err
		}},
		"ReplyTyping": {reply, true, func() error { return w.chat.ReplyTyping(w.ctx, who, thread, "Zoë") }},
		"Update": {reply, true, func() error {
			_, err := w.chat.Update(w.ctx, who, thread, chat.Change{Status: &open, Assignee: &me})
			return err
		}},
		"SetAttributes": {reply, false, func() error {
			return w.chat.SetAttributes(w.ctx, who, contact, map[string]any{"plan": "pro"})
		}},
		"EndVisits": {people, false, func() error {
			_, err := w.chat.EndVisits(w.ctx, who, chat.SessionFilter{Channel: w.channel.ID})
			return err
		}},
		"Visits": {read, false, func() error {
			_, _, err := w.chat.Visits(w.ctx, who, chat.SessionFilter{Channel: w.channel.ID}, chat.Cursor{}, 0)
			return err
		}},
		"CountVisits": {read, false, func() error {
			_, err := w.chat.CountVisits(w.ctx, who, chat.SessionFilter{Channel: w.channel.ID})
			return err
		}},
		"RefuseBareProofs":   {people, false, func() error { return w.chat.RefuseBareProofs(w.ctx, who, contact, chat.Forever) }},
		"AttributePolicy":    {policy.ReadChannels, false, func() error { _, err := w.chat.AttributePolicy(w.ctx, who); return err }},
		"SetAttributePolicy": {policy.ManageChannels, false, func() error { return w.chat.SetAttributePolicy(w.ctx, who, "plan", true) }},
		"LogoutDenies":       {policy.ReadChannels, false, func() error { _, err := w.chat.LogoutDenies(w.ctx, who, w.channel.ID); return err }},
		"SetLogoutDenies":    {policy.ManageChannels, false, func() error { return w.chat.SetLogoutDenies(w.ctx, who, w.channel.ID, true) }},
		"Export":             {policy.ExportPeople, false, func() error { _, err := w.chat.Export(w.ctx, who, contact, false); return err }},
		"Holdings":           {policy.ErasePeople, false, func() error { _, err := w.chat.Holdings(w.ctx, who, contact); return err }},
		"Erase":              {policy.ErasePeople, false, func() error { _, err := w.chat.Erase(w.ctx, who, contact, "asked"); return err }},
		"Find": {read, false, func() error {
			_, err := w.chat.Find(w.ctx, who, identity.Identifier{Realm: "main", Kind: identity.KindUserID, Value: "alice"})
			return err
		}},
		"Block":       {people, false, func() error { _, err := w.chat.Block(w.ctx, who, contact, true); return err }},
		"EndSession":  {people, false, func() error { return w.chat.EndSession(w.ctx, who, contact, session) }},
		"EndSessions": {people, false, func() error { _, err := w.chat.EndSessions(w.ctx, who, contact, time.Time{}); return err }},
	}
}

func TestEveryUseCaseOfAgentsAsksForItsRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		principals := map[string]policy.Principal{
			"zero": {}, "visitor": policy.ForVisitor("main", alice.Session.ID),
			"token of nothing": policy.ForToken("main", "tok_1", nil),
			"token of all":     policy.ForToken("main", "tok_2", policy.RightsOf(policy.Owner)),
			"unknown role":     w.agent("intern"),
		}
		for _, role := range policy.Roles() {
			principals[string(role)] = w.agent(role)
		}
		for name, who := range principals {
			for call, c := range agentCalls(w, who, thread, alice.Session.Contact, alice.Session.ID) {
				for _, r := range w.store.sessions {
					r.ended = time.Time{} // by the call before
				}
				allowed := who.May(c.right) && (!c.agent || who.Kind() == policy.AgentPrincipal)
				if err := c.call(); allowed != (err == nil) || !allowed && !errors.Is(err, policy.ErrForbidden) {
					t.Errorf("%s as %s (may: %v): %v", call, name, allowed, err)
				}
			}
		}
	})
}

func TestAnotherWorkspaceIsNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		foreign := policy.ForAgent("other", "agt_9", "log_9", policy.Owner)
		for name, c := range agentCalls(w, foreign, thread, alice.Session.Contact, alice.Session.ID) {
			switch name {
			case "Inbox", "Counts", "AttributePolicy", "SetAttributePolicy": // the workspace's own
				continue
			case "Visits", "CountVisits", "EndVisits", "LogoutDenies", "SetLogoutDenies", "Holdings": // the store's to find nothing
				continue
			}
			if err := c.call(); !errors.Is(err, chat.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if rows, _, err := w.chat.Inbox(w.ctx, foreign, chat.View{Status: chat.Open}); err != nil || len(rows) != 0 {
			t.Errorf("the inbox shows %v, %v", rows, err)
		}
	})
}

func TestStalePulseAnswersNoAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		time.Sleep(event.Freshness + time.Millisecond)
		for name, c := range agentCalls(w, w.agent(policy.Owner), thread, alice.Session.Contact, alice.Session.ID) {
			if err := c.call(); !errors.Is(err, event.ErrStale) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestNoteIsForAgentsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		note, err := w.chat.Reply(w.ctx, w.agent(policy.AgentR), thread, chat.Answer{Writing: chat.Writing{Text: "careful"}, Name: "Zoë", Note: true, Reopen: true})
		if err != nil {
			t.Fatal(err)
		}
		if note.Message.Audience != event.AudienceAgents || w.store.posts[len(w.store.posts)-1].Reopen {
			t.Errorf("%+v", note.Message)
		}
		if e := chat.MessageEvent(note.Message); e.Kind != event.NoteCreated || e.Audience != event.AudienceAgents {
			t.Errorf("%+v", e)
		}
		visible, _, _ := w.chat.Messages(w.ctx, alice.Session, thread, 0, 0)
		all, _, _ := w.chat.ThreadMessages(w.ctx, w.agent(policy.AgentR), thread, 0, 0)
		if len(visible) != 1 || len(all) != 2 {
			t.Errorf("the visitor sees %d, agents %d", len(visible), len(all))
		}
	})
}

func TestReplyNamesItsAgentAndLoginAndReopensOnlyIfAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		closed := chat.Closed
		who := w.agent(policy.AgentR)
		if _, err := w.chat.Update(w.ctx, who, thread, chat.Change{Status: &closed}); err != nil {
			t.Fatal(err)
		}
		posted, err := w.chat.Reply(w.ctx, who, thread, chat.Answer{Writing: chat.Writing{Text: "hi"}, Name: "Zoë\n"})
		if err != nil || posted.Conversation.Status != chat.Closed {
			t.Fatalf("%+v %v", posted.Conversation, err)
		}
		post := w.store.posts[len(w.store.posts)-1]
		if post.Login != "log_1" || len(post.TokenHash) != 0 || post.Message.AuthorID != "agt_1" || post.Message.AuthorName != "Zoë" || post.Message.Tier != "" {
			t.Errorf("%+v", post)
		}
		posted, err = w.chat.Reply(w.ctx, who, thread, chat.Answer{Writing: chat.Writing{Text: "hi"}, Reopen: true})
		if err != nil || posted.Conversation.Status != chat.Open {
			t.Errorf("%+v %v", posted.Conversation, err)
		}
		if _, err := w.chat.Update(w.ctx, who, thread, chat.Change{Status: &closed}); err != nil {
			t.Fatal(err)
		}
		if posted, err = w.chat.Post(w.ctx, alice.Session, thread, chat.Writing{Text: "still there?"}); err != nil || posted.Conversation.Status != chat.Open {
			t.Errorf("the visitor's word: %+v %v", posted.Conversation, err)
		}
	})
}

func TestUpdateRefusesWhatNoConversationCanBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		status := func(s chat.Status) *chat.Status { return &s }
		text := func(s string) *string { return &s }
		in := func(d time.Duration) time.Time { return time.Now().Add(d) }
		for name, change := range map[string]chat.Change{
			"nothing": {}, "unknown status": {Status: status("deleted")}, "snoozed for ever": {Status: status(chat.Snoozed)},
			"snoozed in the past":   {Status: status(chat.Snoozed), SnoozedUntil: in(-time.Hour)},
			"snoozed for ten years": {Status: status(chat.Snoozed), SnoozedUntil: in(87600 * time.Hour)},
			"open until":            {Status: status(chat.Open), SnoozedUntil: in(time.Hour)}, "strange agent": {Assignee: text("a b")},
		} {
			if _, err := w.chat.Update(w.ctx, w.agent(policy.AgentR), thread, change); !errors.Is(err, chat.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		row, err := w.chat.Update(w.ctx, w.agent(policy.AgentR), thread, chat.Change{
			Status: status(chat.Snoozed), SnoozedUntil: in(time.Hour), Assignee: text(chat.Me), AssigneeName: "Zoë",
		})
		if err != nil || row.Assignee != "agt_1" || row.AssigneeName != "Zoë" || row.Status != chat.Snoozed || row.Label != "alice" {
			t.Errorf("%+v %v", row, err)
		}
		mine, next, err := w.chat.Inbox(w.ctx, w.agent(policy.AgentR), chat.View{Status: chat.Snoozed, Assignee: chat.Me})
		if err != nil || len(mine) != 1 || next != (chat.Cursor{}) || mine[0].Person.ID != alice.Session.Contact {
			t.Errorf("%+v %v", mine, err)
		}
	})
}

func TestLabelBesideABadgeSaysWhatWasProved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		named := func(name, email string) func(*identity.Assertion) {
			return func(a *identity.Assertion) { a.Name, a.Email = name, email }
		}
		claimed := func(name, email string) policy.Verdict {
			return w.decide(w.keys[identity.SignsUserID], identity.Assertion{UserID: "x", Name: name, Email: email}, policy.Observe)
		}
		cases := map[string]struct {
			verdict policy.Verdict
			want    string
		}{
			"proved id":                     {w.proves("u-1"), "u-1"},
			"proved id, claimed name":       {w.proves("u-2", named("Alice", "")), "Alice (u-2)"},
			"wears another's address":       {w.proves("u-3", named("", "victim@example.com")), "u-3"},
			"wears a name like our label":   {w.proves("u-4", named("Bob (bob@example.com)", "")), "Bob bobexample.com (u-4)"},
			"hides behind a long name":      {w.proves("u-5", named("An exceedingly long name that would push the rest out of sight", "")), "An exceedingly long name that would pus… (u-5)"},
			"weaker key":                    {w.provesBy(w.keys[identity.SignsEither], identity.Assertion{Email: "a@example.com"}), "a@example.com"},
			"claimed, told to be unproved":  {w.decide(w.keys[identity.SignsUserID], identity.Assertion{UserID: "x", Name: "Xenia"}, policy.Observe), "Xenia"},
			"claimed by address":            {w.decide(w.keys[identity.SignsUserID], identity.Assertion{Email: "x@example.com"}, policy.Observe), "x@example.com"},
			"claimed name that turns":       {claimed("\u202e\u2066moc.elpmaxe@bob", ""), "moc.elpmaxebob"},
			"claimed badge":                 {claimed("Bob \u2714\ufe0f (verified) ✅", ""), "Bob verified"},
			"claimed address that turns":    {claimed("", "x\u202e@example.com"), "x@example.com"},
			"proved name that turns":        {w.proves("u-6", named("\u202eecilA", "")), "ecilA (u-6)"},
			"nobody":                        {w.silent(), ""},
			"number that looks like a name": {w.proves("12345"), "12345"},
		}
		for name, c := range cases {
			r := w.open(c.verdict, chat.Device{})
			thread := w.says(r.Session, "hello")
			row, err := w.chat.Thread(w.ctx, w.agent(policy.AgentR), thread)
			if err != nil || row.Label != c.want {
				t.Errorf("%s: %q, want %q (%v)", name, row.Label, c.want, err)
			}
		}
	})
}

func TestPersonShowsConflictsAndLiveSessionsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.open(w.provesBy(w.keys[identity.SignsEmail], identity.Assertion{Email: "shared@example.com"}), chat.Device{})
		bob := w.open(w.proves("bob"), chat.Device{})
		gone := w.open(w.proves("bob"), chat.Device{})
		w.says(bob.Session, "hello")
		owner := w.agent(policy.Owner)
		if err := w.chat.EndSession(w.ctx, owner, bob.Session.Contact, gone.Session.ID); err != nil {
			t.Fatal(err)
		}
		w.beat()
		// A key that proves both: the address is another contact's already.
		shared := identity.Identifier{Realm: "main", Kind: identity.KindEmail, Value: "shared@example.com"}
		holder := w.store.links[shared].Contact
		w.store.conflicts = []chat.Conflict{{Identifier: shared, Contact: bob.Session.Contact, Holder: holder}}
		p, err := w.chat.Person(w.ctx, owner, bob.Session.Contact)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Sessions) != 1 || p.Sessions[0].ID != bob.Session.ID || len(p.Links) != 1 || len(p.Conversations) != 1 {
			t.Errorf("%+v", p)
		}
		if len(p.Conflicts) != 1 || p.Conflicts[0].Identifier != shared || p.Conflicts[0].Other != holder || p.Conflicts[0].OtherLabel != "shared@example.com" {
			t.Errorf("conflicts %v", p.Conflicts)
		}
		if p, err = w.chat.Person(w.ctx, owner, holder); err != nil || p.Conflicts[0].Other != bob.Session.Contact {
			t.Errorf("the holder sees %v, %v", p.Conflicts, err)
		}
		if err := w.chat.EndSession(w.ctx, owner, bob.Session.Contact, "ses_other"); !errors.Is(err, chat.ErrNotFound) {
			t.Errorf("a session of somebody else: %v", err)
		}
	})
}

// The record calls somebody by what they proved: never by a claim, nor by a proof that
// was cut from them, which may have been somebody else's.
func TestABlockCallsNobodyByWhatIsNotProved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		owner := w.agent(policy.Owner)
		cut := w.open(w.proves("eve"), chat.Device{}).Session.Contact
		contact := w.store.contacts[cut]
		contact.Kind, contact.Scope = chat.ClaimedContact, "cut:"+cut
		w.store.contacts[cut] = contact
		maps.DeleteFunc(w.store.links, func(_ identity.Identifier, l chat.Link) bool { return l.Contact == cut })
		for name, of := range map[string]struct {
			contact string
			want    identity.Identifier
		}{
			"proved":     {w.open(w.proves("alice"), chat.Device{}).Session.Contact, identity.Identifier{Realm: w.channel.Realm, Kind: identity.KindUserID, Value: "alice"}},
			"either":     {w.open(w.provesBy(w.keys[identity.SignsEither], identity.Assertion{Email: "a@example.com"}), chat.Device{}).Session.Contact, identity.Identifier{Realm: w.channel.Realm, Kind: identity.KindEmail, Value: "a@example.com"}},
			"claimed":    {w.open(w.claims("mallory"), chat.Device{}).Session.Contact, identity.Identifier{}},
			"anonymous":  {w.open(w.silent(), chat.Device{}).Session.Contact, identity.Identifier{}},
			"proof, cut": {cut, identity.Identifier{}},
		} {
			if _, err := w.chat.Block(w.ctx, owner, of.contact, true); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if d := w.store.drafts[len(w.store.drafts)-1]; d.Person != of.want || d.Subject != of.contact {
				t.Errorf("%s: recorded as %+v of %s", name, d.Person, d.Subject)
			}
		}
	})
}

func TestWhatAgentsDoToPeopleIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		owner, contact := w.agent(policy.Owner), alice.Session.Contact
		if _, err := w.chat.Block(w.ctx, owner, contact, true); err != nil {
			t.Fatal(err)
		}
		if _, err := w.chat.Block(w.ctx, owner, contact, false); err != nil {
			t.Fatal(err)
		}
		if n, err := w.chat.EndSessions(w.ctx, owner, contact, time.Time{}); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		want := []audit.Action{audit.ContactBlocked, audit.ContactUnblocked, audit.SessionEnded}
		for i, d := range w.store.drafts {
			if d.Action != want[i] || d.Actor != "agent:agt_1" || d.Subject != contact || d.Workspace != "main" {
				t.Errorf("%+v", d)
			}
		}
		if len(w.store.drafts) != len(want) {
			t.Errorf("%d drafts", len(w.store.drafts))
		}
		for name, value := range map[string]any{
			"user_id": "x", "bad name": "x", "": "x", "list": []any{}, "object": map[string]any{}, "verified": true, "tier": "verified", "user_hash": "x", "Email": "x",
		} {
			if err := w.chat.SetAttributes(w.ctx, owner, contact, map[string]any{"a": "fine", name: value}); !errors.Is(err, chat.ErrInvalid) {
				t.Errorf("attribute %q: %v", name, err)
			}
		}
		for _, a := range w.store.attributes {
			if a.Provenance == chat.ByAgent {
				t.Errorf("half of a refused call was written: %s", a.Name)
			}
		}
	})
}

func TestVisitorFindsASnoozedConversationOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		w.store.conversations[thread].Status, w.store.conversations[thread].SnoozedUntil = chat.Snoozed, time.Now().Add(time.Hour)
		one, err := w.chat.Conversation(w.ctx, alice.Session, thread)
		if err != nil {
			t.Fatal(err)
		}
		list, _, err := w.chat.Conversations(w.ctx, alice.Session, chat.Cursor{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.chat.Create(w.ctx, alice.Session, chat.Writing{Text: "x", ClientID: "c"})
		if err != nil {
			t.Fatal(err)
		}
		w.store.conversations[again.Conversation.ID].Status = chat.Snoozed
		repeat, err := w.chat.Create(w.ctx, alice.Session, chat.Writing{ClientID: "c"})
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]chat.Conversation{"read": one, "listed": list[0], "begun again": repeat.Conversation} {
			if c.Status != chat.Open || !c.SnoozedUntil.IsZero() {
				t.Errorf("%s: %s until %v", name, c.Status, c.SnoozedUntil)
			}
		}
		row, err := w.chat.Thread(w.ctx, w.agent(policy.AgentR), thread)
		if err != nil || row.Status != chat.Snoozed || row.SnoozedUntil.IsZero() {
			t.Errorf("agents: %s until %v, %v", row.Status, row.SnoozedUntil, err)
		}
	})
}
