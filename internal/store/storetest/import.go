package storetest

import (
	"fmt"
	"slices"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/history"
	"countersign/internal/workspace"
)

// into is where the house imports to.
func (h *House) into() history.Batch {
	return history.Batch{
		Target: history.Target{Workspace: Main, Channel: h.Channel.ID, Realm: Main, Source: "intercom"},
		By:     h.Draft(audit.HistoryImported, h.Channel.ID),
	}
}

func record(id string, names ...identity.Identifier) history.Kept {
	return history.Kept{
		Person: history.Person{External: id}, Names: names, Source: "intercom", Digest: fmt.Sprint(id, names), Where: "line of " + id,
		Values: []chat.Attribute{{Name: "name", Value: []byte(`"Old ` + id + `"`)}},
	}
}

// told is a conversation of two messages and a note, a year ago.
func (h *House) told(id string, of history.Kept, more ...history.Message) history.KeptThread {
	then := h.Now.Add(-365 * 24 * time.Hour)
	of.Sparse = true
	t := history.Thread{External: id, Of: of.Person, Messages: append([]history.Message{
		{External: id + "/1", Visitor: true, Text: "my secret of " + id, At: then},
		{External: id + "/2", Name: "Old Agent", Text: "an answer", At: then.Add(time.Minute)},
		{External: id + "/3", Name: "Old Agent", Note: true, Text: "inside the team", At: then.Add(2 * time.Minute)},
	}, more...)}
	return history.KeptThread{Thread: t, Owner: of, Digest: fmt.Sprint(id, len(t.Messages), t.Messages), Where: "line of " + id}
}

// bring imports records and conversations of them.
func (h *House) bring(people []history.Kept, threads ...history.KeptThread) history.Outcome {
	h.Helper()
	batch := h.into()
	batch.People, batch.Threads = people, threads
	out, err := h.DB.Import(h.ctx(), batch)
	h.must(err)
	return out
}

// reads are the texts that a guest can read, over all of its conversations.
func (h *House) reads(g Guest) (texts []string) {
	h.Helper()
	list, err := h.DB.Conversations(h.ctx(), Main, g.Contact.ID, chat.Cursor{}, 100)
	h.must(err)
	for _, c := range list {
		messages, err := h.DB.VisitorMessages(h.ctx(), Main, g.Contact.ID, c.ID, 0, 100)
		h.must(err)
		slices.Reverse(messages)
		for _, m := range messages {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

func (h *House) nothing(what string, g Guest) {
	h.Helper()
	if texts := h.reads(g); len(texts) > 0 {
		h.Fatalf("%s reads %q", what, texts)
	}
}

func (h *House) opened(what string, g Guest, id string) {
	h.Helper()
	if texts, want := h.reads(g), []string{"my secret of " + id, "an answer"}; !slices.Equal(texts, want) {
		h.Fatalf("%s reads %q, want %q", what, texts, want)
	}
}

// tellsEmail makes an opening by a proof of an address alone.
func (h *House) tellsEmail(value string) chat.Opening {
	o := h.Verified("x")
	o.Verdict.Identifiers = []identity.Identifier{email(value)}
	o.Links = []chat.Link{{Workspace: Main, Identifier: email(value), Method: identity.MethodHMAC, Key: h.Key.ID, At: h.Now}}
	return o
}

// allImported is the team's view of what is held apart.
func (h *House) importedThreads() (list []chat.Conversation) {
	h.Helper()
	all, err := h.DB.Inbox(h.ctx(), Main, chat.View{Limit: 100})
	h.must(err)
	for _, c := range all {
		contact, err := h.DB.Contact(h.ctx(), Main, c.Contact)
		h.must(err)
		if contact.Kind == chat.ImportedContact {
			list = append(list, c)
		}
	}
	return list
}

var importTests = []test{
	{"what was imported opens to its owner's proof, in the commit that opens the session", func(h *House) {
		r := record("a", h.Named("u-1"))
		out := h.bring([]history.Kept{r}, h.told("c-1", r))
		same(h, "counts", out.Counts, history.Counts{PeopleAdded: 1, ThreadsAdded: 1, MessagesAdded: 3})
		same(h, "the team sees it", len(h.importedThreads()), 1)
		head := h.Head()
		g := h.Enter(h.Verified("u-1"))
		h.opened("its owner", g, "c-1")
		if !slices.Contains(kinds(h.Events(head.Seq)), event.ConversationMoved) {
			h.Fatal("no stream is told")
		}
		same(h, "nothing is held any more", len(h.importedThreads()), 0)
		entries, err := h.DB.Entries(h.ctx(), Main, audit.Filter{Action: audit.ImportOpened})
		h.must(err)
		same(h, "recorded", len(entries.Entries), 1)
		same(h, "for whom", entries.Entries[0].Subject, g.Contact.ID)
		attributes, err := h.DB.AttributesOf(h.ctx(), Main, []string{g.Contact.ID})
		h.must(err)
		same(h, "what it says is weaker than a signature", attributes[0].Provenance, chat.ByImport)
		list, err := h.DB.Conversations(h.ctx(), Main, g.Contact.ID, chat.Cursor{}, 10)
		h.must(err)
		same(h, "its latest word", list[0].Preview, "an answer")
		if !list[0].LastAt.Equal(h.Now.Add(-365*24*time.Hour + time.Minute)) {
			h.Fatalf("its latest word was said at %v", list[0].LastAt)
		}
		messages, err := h.DB.AgentMessages(h.ctx(), Main, list[0].ID, 0, 10)
		h.must(err)
		same(h, "agents see the note too", len(messages), 3)
		for _, m := range messages {
			if m.Tier == policy.Verified || m.Method != chat.MethodImport || m.Author == chat.ByTeam && m.AuthorID != "" {
				h.Fatalf("an imported message looks proved, or one of our agents': %+v", m)
			}
		}
	}},
	{"an identifier that nobody signed opens nothing", func(h *House) {
		r := record("a", h.Named("u-1"), email("ann@example.com"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		h.nothing("an anonymous visitor", h.Enter(h.Anonymous(h.Visitor(), true)))
		claimed := h.Claimed("u-1")
		claimed.Attributes = []chat.Attribute{{Name: "user_id", Provenance: chat.ByClaim, Value: []byte(`"u-1"`), At: h.Now}}
		h.nothing("who only says so", h.Enter(claimed))
		either := h.Verified("x")
		either.Verdict.Method, either.Links = identity.MethodHMACEither, nil
		either.Verdict.Identifiers = []identity.Identifier{email("ann@example.com")}
		either.Contact.Kind, either.Contact.Scope = chat.EitherContact, "either:ann@example.com"
		h.nothing("an address by a key that signs either", h.Enter(either))
		signed := h.Verified("u-2") // the address is in the signed claims, and its key confirms none
		signed.Attributes = []chat.Attribute{{Name: "email", Provenance: chat.BySignature, Value: []byte(`"ann@example.com"`), At: h.Now}}
		h.nothing("a signed address that the product does not confirm", h.Enter(signed))
		h.nothing("somebody else", h.Enter(h.Verified("u-3")))
		h.opened("its owner", h.Enter(h.Verified("u-1")), "c-1")
	}},
	{"a name that two records share opens neither", func(h *House) {
		one, two := record("a", h.Named("u-1"), email("both@example.com")), record("b", h.Named("u-2"), email("both@example.com"))
		h.bring([]history.Kept{one, two}, h.told("c-1", one), h.told("c-2", two))
		h.nothing("who proves the shared address", h.Enter(h.tellsEmail("both@example.com")))
		h.opened("one", h.Enter(h.Verified("u-1")), "c-1")
		n, err := h.DB.Shared(h.ctx(), h.into().Target)
		h.must(err)
		same(h, "counted", n, 1)
	}},
	{"the second of two records does not open when the first one has", func(h *House) {
		one, two := record("a", h.Named("u-1"), email("both@example.com")), record("b", email("both@example.com"))
		h.bring([]history.Kept{one, two}, h.told("c-1", one), h.told("c-2", two))
		h.opened("one", h.Enter(h.Verified("u-1")), "c-1")
		h.nothing("who proves the shared address", h.Enter(h.tellsEmail("both@example.com")))
	}},
	{"a record of another user id does not open to whoever proves its address", func(h *House) {
		r := record("a", h.Named("u-1"), email("ann@example.com"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		h.nothing("another user of that address", h.Enter(h.As(h.Verified("u-2"), "u-2", email("ann@example.com"))))
		h.opened("its owner", h.Enter(h.Verified("u-1")), "c-1")
	}},
	{"a record whose user id somebody holds does not open to an address", func(h *House) {
		h.Enter(h.Verified("u-1"))
		r := record("a", h.Named("u-1"), email("ann@example.com"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		h.nothing("the address", h.Enter(h.tellsEmail("ann@example.com")))
	}},
	{"an address opens where a proof of it counts", func(h *House) {
		r := record("a", email("ann@example.com"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		h.opened("the address", h.Enter(h.tellsEmail("ann@example.com")), "c-1")
	}},
	{"whoever has the mailbox that a user gave is not that user", func(h *House) {
		r, plain := record("a", h.Named("u-1"), email("ann@example.com")), record("b", email("bo@example.com"))
		h.bring([]history.Kept{r, plain}, h.told("c-1", r), h.told("c-2", plain))
		coded := func(address string) chat.Opening {
			o := h.tellsEmail(address)
			o.Verdict.Method, o.Verdict.Key = identity.MethodCode, ""
			o.Links[0].Method, o.Links[0].Key = identity.MethodCode, ""
			return o
		}
		_, err := h.DB.SetEmailCode(h.ctx(), Main, h.Channel.ID, true, h.Draft(audit.ChannelChanged, h.Channel.ID))
		h.must(err)
		h.nothing("a code for the address of a user", h.Enter(coded("ann@example.com")))
		h.opened("a code for the address of a record without a user id", h.Enter(coded("bo@example.com")), "c-2")
		h.opened("the user", h.Enter(h.Verified("u-1")), "c-1")
	}},
	{"another realm's proof opens nothing", func(h *House) {
		r := record("a", h.Named("u-1"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		o := h.Verified("u-1")
		o.Verdict.Identifiers[0].Realm, o.Links[0].Identifier.Realm = "elsewhere", "elsewhere"
		h.nothing("the same id of another realm", h.Enter(o))
		batch := h.into()
		batch.Realm = "elsewhere"
		_, err := h.DB.Import(h.ctx(), batch)
		h.is(err, chat.ErrNotFound)
		batch = h.into()
		batch.Workspace = Other
		_, err = h.DB.Import(h.ctx(), batch)
		h.is(err, chat.ErrNotFound)
	}},
	{"another workspace's person of the same id opens nothing", func(h *House) {
		r := record("a", h.Named("u-1"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		channel := workspace.Channel{ID: h.ID("chn"), Workspace: Other, Slug: "next-door", Name: "x", Realm: Main,
			Platforms: map[policy.Platform]policy.Enforcement{policy.Web: policy.Observe}, CreatedAt: h.Now}
		h.must(h.DB.CreateChannel(h.ctx(), channel, audit.Draft{}))
		key := h.NewKey(channel, "active")
		o := h.Verified("u-1")
		o.Session.Workspace, o.Session.Channel, o.Verdict.Key = Other, channel.ID, key.ID
		o.Visitor.Workspace, o.Visitor.Channel = Other, channel.ID
		g := h.Enter(o)
		list, err := h.DB.Conversations(h.ctx(), Other, g.Contact.ID, chat.Cursor{}, 10)
		h.must(err)
		same(h, "next door", len(list), 0)
		wait, err := h.DB.ImportsWait(h.ctx(), Other)
		h.must(err)
		same(h, "nothing waits there", wait, false)
		wait, err = h.DB.ImportWaits(h.ctx(), Other, g.Contact.ID, []identity.Identifier{h.Named("u-1")})
		h.must(err)
		same(h, "nor for that person", wait, false)
	}},
	{"importing again doubles nothing, and brings what is new", func(h *House) {
		r := record("a", h.Named("u-1"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		out := h.bring([]history.Kept{r}, h.told("c-1", r))
		same(h, "the same again", out.Counts, history.Counts{PeopleSame: 1, ThreadsSame: 1, MessagesSame: 3})
		changed := r
		changed.Values, changed.Digest = []chat.Attribute{{Name: "name", Value: []byte(`"New"`)}}, "other"
		more := h.told("c-1", r, history.Message{External: "c-1/4", Visitor: true, Text: "and later", At: h.Now.Add(-time.Hour)})
		more.Messages[1].Text = "an answer, edited"
		out = h.bring([]history.Kept{changed}, more)
		same(h, "what changed", out.Counts, history.Counts{PeopleChanged: 1, ThreadsChanged: 1, MessagesAdded: 1, MessagesChanged: 1, MessagesSame: 2})
		g := h.Enter(h.Verified("u-1"))
		if texts := h.reads(g); !slices.Equal(texts, []string{"my secret of c-1", "an answer, edited", "and later"}) {
			h.Fatalf("reads %q", texts)
		}
	}},
	{"what comes after the owner proved it is theirs at once, and nobody else's", func(h *House) {
		r := record("a", h.Named("u-1"), email("ann@example.com"))
		h.bring([]history.Kept{r})
		g := h.Enter(h.Verified("u-1"))
		h.nothing("nothing was there", g)
		moved := record("a", h.Named("u-9"))
		h.bring([]history.Kept{moved}, h.told("c-1", moved))
		h.opened("whoever opened the record", g, "c-1")
		h.nothing("whoever it is called now", h.Enter(h.Verified("u-9")))
	}},
	{"an id of a CSV that is somebody else's in the next run is refused", func(h *House) {
		r := record("1", h.Named("ann"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		other := record("1", h.Named("bob"))
		batch := h.into()
		batch.Reused, batch.People, batch.Threads = true, []history.Kept{other}, []history.KeptThread{h.told("c-2", other)}
		out, err := h.DB.Import(h.ctx(), batch)
		h.must(err)
		same(h, "refused", len(out.Refused), 1)
		same(h, "its conversation too", out.ThreadsAdded, 0)
		h.nothing("the other one", h.Enter(h.Verified("bob")))
		h.opened("the first one", h.Enter(h.Verified("ann")), "c-1")
	}},
	{"a conversation does not move to another record in a later run", func(h *House) {
		one, two := record("a", h.Named("u-1")), record("b", h.Named("u-2"))
		h.bring([]history.Kept{one, two}, h.told("c-1", one))
		out := h.bring(nil, h.told("c-1", two))
		same(h, "refused", len(out.Refused), 1)
		h.nothing("the other one", h.Enter(h.Verified("u-2")))
	}},
	{"a compromised key's opening is taken back, and the owner's next proof opens it again", func(h *House) {
		since := h.Now.Add(-time.Hour)
		r := record("a", h.Named("u-1"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		forger := h.Enter(h.Verified("u-1"))
		h.opened("the forger", forger, "c-1")
		next := h.NewKey(h.Channel, "active")
		h.compromise(since)
		cut := h.sweep()
		same(h, "claims cut", cut.Claims, 1)
		h.nothing("the forger", forger)
		attributes, err := h.DB.AttributesOf(h.ctx(), Main, []string{forger.Contact.ID})
		h.must(err)
		for _, a := range attributes {
			if a.Provenance == chat.ByImport {
				h.Fatalf("%s is still there", a.Name)
			}
		}
		h.opened("the owner, by another key", h.Enter(by(h.Verified("u-1"), next)), "c-1")
	}},
	{"a conversation that a compromised key's holder wrote into goes back to nobody", func(h *House) {
		since := h.Now.Add(-time.Hour)
		r := record("a", h.Named("u-1"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		forger := h.Enter(h.Verified("u-1"))
		list, err := h.DB.Conversations(h.ctx(), Main, forger.Contact.ID, chat.Cursor{}, 10)
		h.must(err)
		h.Post(h.Say(forger, list[0].ID, "planted"))
		next := h.NewKey(h.Channel, "active")
		h.compromise(since)
		h.sweep()
		h.nothing("the owner", h.Enter(by(h.Verified("u-1"), next)))
		_, err = h.DB.Conversation(h.ctx(), Main, "", list[0].ID)
		h.must(err)
	}},
	{"an import beside a sweep brings nothing to whoever came in by the compromised key", func(h *House) {
		r := record("a", h.Named("u-1"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		forger := h.Enter(h.Verified("u-1"))
		next := h.NewKey(h.Channel, "active")
		h.compromise(h.Now.Add(-time.Hour))
		_, err := h.DB.SweepStep(h.ctx(), Main, h.Key.ID) // the claims: it comes back to them no more
		h.must(err)
		h.bring(nil, h.told("c-2", r))
		h.nothing("the forger", forger)
		h.sweep()
		h.nothing("the forger", forger)
		texts := h.reads(h.Enter(by(h.Verified("u-1"), next)))
		same(h, "what the owner reads", len(texts), 4)
	}},
	{"a released address takes no imported history along", func(h *House) {
		g := h.Enter(h.As(h.Verified("u-1"), "u-1", email("ann@example.com")))
		r := record("a", email("ann@example.com"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		_, err := h.DB.Release(h.ctx(), Main, g.Contact.ID, email("ann@example.com"), h.Draft(audit.IdentifierReleased, g.Contact.ID))
		h.must(err)
		h.nothing("whoever has the address next", h.Enter(h.tellsEmail("ann@example.com")))
		h.opened("who had it", g, "c-1")
	}},
	{"erasing a person erases what was imported of them, and the next run does not bring it back", func(h *House) {
		r, waits := record("a", h.Named("u-1")), record("b", h.Named("u-1"))
		waits.Source = "intercom/nameless"
		h.bring([]history.Kept{r}, h.told("c-1", r))
		g := h.Enter(h.Verified("u-1"))
		h.bring([]history.Kept{waits}) // not opened yet, and this person's all the same
		_, err := h.DB.Erase(h.ctx(), Main, g.Contact.ID, h.Draft(audit.ContactErased, g.Contact.ID))
		h.must(err)
		out := h.bring([]history.Kept{r, waits}, h.told("c-1", r))
		same(h, "left out", out.Erased, 2)
		same(h, "brought back", out.PeopleAdded+out.ThreadsAdded, 0)
		h.nothing("somebody of that id", h.Enter(h.Verified("u-1")))
	}},
	{"erasing an imported person erases it", func(h *House) {
		r := record("a", h.Named("u-1"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		held := h.importedThreads()
		_, err := h.DB.Erase(h.ctx(), Main, held[0].Contact, h.Draft(audit.ContactErased, held[0].Contact))
		h.must(err)
		h.nothing("its owner", h.Enter(h.Verified("u-1")))
		counts, err := h.DB.InboxCounts(h.ctx(), Main, "")
		h.must(err)
		same(h, "the inbox's numbers", counts, chat.Counts{})
	}},
	{"an import tells no stream, and keeps its order beside what is written meanwhile", func(h *House) {
		head := h.Head()
		r := record("a", h.Named("u-1"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		for _, e := range h.Events(head.Seq) {
			if e.Audience != event.AudienceSystem || e.Kind != event.MessageImported {
				h.Fatalf("%s to %s", e.Kind, e.Audience)
			}
		}
		g := h.Enter(h.Verified("u-1"))
		list, err := h.DB.Conversations(h.ctx(), Main, g.Contact.ID, chat.Cursor{}, 10)
		h.must(err)
		h.Post(h.Say(g, list[0].ID, "here I am"))
		h.bring(nil, h.told("c-1", r, history.Message{External: "c-1/4", Text: "late", At: h.Now.Add(-time.Hour)}))
		if texts := h.reads(g); !slices.Equal(texts, []string{"my secret of c-1", "an answer", "here I am", "late"}) {
			h.Fatalf("reads %q", texts)
		}
		c, err := h.DB.Conversation(h.ctx(), Main, g.Contact.ID, list[0].ID)
		h.must(err)
		same(h, "it stays open", c.Status, chat.Open)
		same(h, "its latest word", c.Preview, "here I am")
	}},
	{"another workspace finds nothing of what was imported", func(h *House) {
		r := record("a", h.Named("u-1"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		contact := h.importedThreads()[0].Contact
		_, err := h.DB.ImportedRecord(h.ctx(), Other, contact)
		h.is(err, chat.ErrNotFound)
		is, err := h.DB.ImportedRecord(h.ctx(), Main, contact)
		h.must(err)
		same(h, "its name", is.Names[0], chat.ImportedName{Identifier: h.Named("u-1")})
		target := h.into().Target
		target.Workspace = Other
		n, err := h.DB.Shared(h.ctx(), target)
		h.must(err)
		same(h, "shared names", n, 0)
		_, err = h.DB.Erase(h.ctx(), Other, contact, h.Draft(audit.ContactErased, contact))
		h.is(err, chat.ErrNotFound)
		batch := h.into()
		batch.Workspace = Other
		batch.Threads = []history.KeptThread{h.told("c-1", r, history.Message{External: "c-1/4", Text: "planted", At: h.Now})}
		_, err = h.DB.Import(h.ctx(), batch)
		h.is(err, chat.ErrNotFound)
		h.opened("its owner", h.Enter(h.Verified("u-1")), "c-1")
	}},
	{"imported people are listed, searched and paged, in their own workspace", func(h *House) {
		var people []history.Kept
		for i := range 5 {
			people = append(people, record(fmt.Sprint("p", i), h.Named(fmt.Sprint("u-", i)), email(fmt.Sprint("e", i, "@example.com"))))
		}
		h.bring(people, h.told("c-1", people[1]))
		h.Enter(h.Verified("u-3"))
		list := func(of chat.ImportedFilter, limit int) (all []chat.ImportedPerson) {
			for before := (chat.Cursor{}); ; {
				page, next, err := h.DB.ImportedPeople(h.ctx(), Main, of, before, limit)
				h.must(err)
				all = append(all, page...)
				if before = next; next.At.IsZero() {
					return all
				}
			}
		}
		same(h, "all, by two", len(list(chat.ImportedFilter{}, 2)), 5)
		same(h, "waiting", len(list(chat.ImportedFilter{State: "waiting"}, 50)), 4)
		same(h, "opened", len(list(chat.ImportedFilter{State: "opened"}, 50)), 1)
		same(h, "a user id", len(list(chat.ImportedFilter{Search: "u-1"}, 50)), 1)
		same(h, "an address", len(list(chat.ImportedFilter{Search: "E2@example.com"}, 50)), 1)
		same(h, "a part of a name", len(list(chat.ImportedFilter{Search: "old p"}, 50)), 5)
		same(h, "nobody", len(list(chat.ImportedFilter{Search: "zoe%"}, 50)), 0)
		same(h, "its conversations", list(chat.ImportedFilter{Search: "u-1"}, 50)[0].Conversations, 1)
		page, _, err := h.DB.ImportedPeople(h.ctx(), Other, chat.ImportedFilter{Search: "u-1"}, chat.Cursor{}, 50)
		h.must(err)
		same(h, "next door", len(page), 0)
	}},
	{"whoever has the mailbox that a user gave has nothing of that user's erased", func(h *House) {
		// A record that a mailbox does not open is not that person's to have erased either: the
		// mark that is left would keep it out for ever.
		h.TakeCodes()
		o := h.tellsEmail("mallory@example.com")
		o.Verdict.Method, o.Links[0].Method = identity.MethodCode, identity.MethodCode
		o.Verdict.Key, o.Links[0].Key = "", ""
		mallory := h.Enter(o)
		r, own := record("a", h.Named("u-7"), email("mallory@example.com")), record("b", email("mallory@example.com"))
		own.Source = "elsewhere"
		h.bring([]history.Kept{r, own}, h.told("c-1", r))
		_, err := h.DB.Erase(h.ctx(), Main, mallory.Contact.ID, h.Draft(audit.ContactErased, mallory.Contact.ID))
		h.must(err)
		same(h, "erased: the record of that address alone", h.bring([]history.Kept{r, own}).Erased, 1)
		h.opened("the user", h.Enter(h.Verified("u-7")), "c-1")
	}},
	{"a name that two records share opens neither, however many of other sources come before them", func(h *House) {
		var people []history.Kept
		for i := range 99 {
			r := record(fmt.Sprint("p", i), h.Named("u-1"))
			r.Source = "a"
			people = append(people, r)
		}
		one, two := record("one", h.Named("u-1")), record("two", h.Named("u-1"))
		one.Source, two.Source = "intercom", "intercom"
		h.bring(append(people, one, two), h.told("c-1", one), h.told("c-2", two))
		h.nothing("whoever has that name", h.Enter(h.Verified("u-1")))
	}},
	{"a conversation without an end stops growing, and holds up nobody", func(h *House) {
		r := record("a", h.Named("u-1"))
		added, refused := 0, 0
		for part := range history.MaxMessages/500 + 2 {
			thread := history.KeptThread{Thread: history.Thread{External: "c-1", Of: r.Person}, Owner: r, Digest: fmt.Sprint("part", part), Where: "a line"}
			for n := range 500 {
				thread.Messages = append(thread.Messages, history.Message{External: fmt.Sprint(part, "/", n), Note: true, Text: "x", At: h.Now})
			}
			out := h.bring(nil, thread)
			added, refused = added+out.MessagesAdded, refused+len(out.Refused)
		}
		same(h, "messages", added, history.MaxMessages)
		same(h, "parts refused", refused, 2)
	}},
	{"a session is renewed in no other case than that nothing waits", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		named := []identity.Identifier{h.Named("u-1")}
		r := record("a", h.Named("u-1"))
		h.bring([]history.Kept{r})
		wait, err := h.DB.ImportWaits(h.ctx(), Main, g.Contact.ID, named)
		h.must(err)
		same(h, "waits", wait, true)
		h.Enter(h.As(h.opening(policy.Verified, g.Visitor, false), "u-1"))
		wait, err = h.DB.ImportWaits(h.ctx(), Main, g.Contact.ID, named)
		h.must(err)
		same(h, "waits still", wait, false)
	}},
}
