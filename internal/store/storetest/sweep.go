package storetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/history"
	"countersign/internal/trust"
)

// compromise revokes the house's key as compromised since a time, and keeps what was
// foretold of it: the sweep that follows must find just that.
func (h *House) compromise(since time.Time) int {
	h.Helper()
	foretold, err := h.DB.CountProved(h.ctx(), Main, h.Key.ID, since)
	h.must(err)
	before, err := h.DB.CountFindings(h.ctx(), Main, h.Key.ID)
	h.must(err)
	foretold.Links, foretold.Claims, foretold.Attributes = foretold.Links+before.Links, foretold.Claims+before.Claims, foretold.Attributes+before.Attributes
	h.foretold = &foretold
	return h.ChangeKey(h.Key.ID, func(k *trust.KeyRow) {
		k.State, k.CompromisedSince = "revoked", since
		if k.RevokedAt.IsZero() {
			k.RevokedAt = h.Now
		}
	}, h.Key.ID)
}

// sweep takes apart what the house's key proved.
func (h *House) sweep() trust.Cut {
	h.Helper()
	for range 1000 {
		done, err := h.DB.SweepStep(h.ctx(), Main, h.Key.ID)
		h.must(err)
		if done {
			cut, err := h.DB.CountFindings(h.ctx(), Main, h.Key.ID)
			h.must(err)
			if f := h.foretold; f != nil {
				same(h, "what was foretold", *f, trust.Proved{Links: cut.Links, Claims: cut.Claims, Attributes: cut.Attributes, Conversations: cut.Conversations, Messages: cut.Messages})
				h.foretold = nil
			}
			return cut
		}
	}
	h.Fatal("the sweep never ends")
	return trust.Cut{}
}

// findings are all of a kind.
func (h *House) findings(kind trust.FindingKind) []trust.Finding {
	h.Helper()
	list, err := h.DB.Findings(h.ctx(), Main, h.Key.ID, kind, "", 1000)
	h.must(err)
	return list
}

// by makes an opening one that another key proved.
func by(o chat.Opening, key trust.KeyRow) chat.Opening {
	o.Verdict.Key = key.ID
	for i := range o.Links {
		o.Links[i].Key = key.ID
	}
	return o
}

func email(value string) identity.Identifier {
	return identity.Identifier{Realm: Main, Kind: identity.KindEmail, Value: value}
}

// linked is a verified contact's identifiers.
func (h *House) linked(contact string) (values []string) {
	h.Helper()
	links, err := h.DB.LinksOf(h.ctx(), Main, contact)
	h.must(err)
	for _, l := range links {
		values = append(values, l.Identifier.Value)
	}
	slices.Sort(values)
	return values
}

var sweepTests = []test{
	{"a compromised key ties nobody to what it tied since then, and what it tied before stays", func(h *House) {
		since := h.Now.Add(-time.Hour)
		early := h.Verified("early")
		early.Links[0].At = since.Add(-time.Minute)
		before := h.Enter(early)
		after := h.Enter(h.Verified("late"))
		h.compromise(since)
		cut := h.sweep()
		same(h, "links", cut.Links, 1)
		same(h, "done", cut.Done, true)
		same(h, "early", len(h.linked(before.Contact.ID)), 1)
		same(h, "late", len(h.linked(after.Contact.ID)), 0)
		found := h.findings(trust.CutLink)
		same(h, "whose", found[0].Contact, after.Contact.ID)
		same(h, "what", found[0].Name+":"+found[0].Value, "user_id:late")
		same(h, "by which session", found[0].Session, after.Session.ID)
		contact, err := h.DB.Contact(h.ctx(), Main, after.Contact.ID)
		h.must(err)
		same(h, "a person to whom no proof leads", contact.Kind, chat.ClaimedContact)
		good := h.NewKey(h.Channel, "active")
		again := h.Enter(by(h.Verified("late"), good))
		if again.Contact.ID == after.Contact.ID {
			h.Fatal("the next good proof inherits what was written meanwhile")
		}
		same(h, "the early one comes back to their own", h.Enter(by(h.Verified("early"), good)).Contact.ID, before.Contact.ID)
		swept, err := h.DB.Entries(h.ctx(), Main, audit.Filter{Action: audit.KeySwept})
		h.must(err)
		same(h, "recorded", len(swept.Entries), 1)
		same(h, "recorded links", swept.Entries[0].Detail["links"], "1")
	}},
	{"whoever tied a victim's address to their own account reads nothing of the victim's afterwards", func(h *House) {
		good := h.NewKey(h.Channel, "active")
		evil := h.Enter(by(h.Verified("evil"), good))
		forged := h.Enter(h.As(h.opening(policy.Verified, h.Visitor(), true), "evil", email("victim@example.com")))
		same(h, "the forged link is on the attacker's contact", forged.Contact.ID, evil.Contact.ID)
		victim := by(h.opening(policy.Verified, h.Visitor(), true), good)
		victim.Verdict = chat.Record{Tier: policy.Verified, Method: identity.MethodHMAC, Key: good.ID, Identifiers: []identity.Identifier{email("victim@example.com")}}
		victim.Contact.Kind = chat.VerifiedContact
		victim.Links = []chat.Link{{Workspace: Main, Identifier: email("victim@example.com"), Method: identity.MethodHMAC, Key: good.ID, At: h.Now}}
		trapped := h.Enter(victim)
		same(h, "the victim is led into the attacker's contact", trapped.Contact.ID, evil.Contact.ID)
		h.compromise(h.Now.Add(-time.Minute))
		h.sweep()
		same(h, "what the attacker proves with the good key stays", len(h.linked(evil.Contact.ID)), 1)
		same(h, "the victim's session, by the good key, is not left there", h.Stands(trapped.Token), policy.EndedKey)
		victim.Session.ID, victim.TokenHash, victim.Visitor, victim.Contact.ID = h.ID("ses"), h.Hash(), h.Visitor(), h.ID("con")
		victim.Session.Visitor = victim.Visitor.ID
		free := h.Enter(victim)
		if free.Contact.ID == evil.Contact.ID {
			h.Fatal("the victim still writes into the attacker's contact")
		}
		thread := h.Post(h.Begin(free, "my card number is")).Conversation.ID
		back := h.Enter(by(h.Verified("evil"), good))
		list, err := h.DB.VisitorMessages(h.ctx(), Main, back.Contact.ID, thread, 0, 10)
		h.must(err)
		same(h, "what the attacker reads", len(list), 0)
	}},
	{"a cut does not let in whom the team keeps out, nor show them anything later", func(h *House) {
		guest := h.Enter(h.Verified("abuser"))
		thread := h.Post(h.Begin(guest, "abuse")).Conversation.ID
		_, err := h.DB.SetBlocked(h.ctx(), Main, guest.Contact.ID, true, h.Now, h.Draft(audit.ContactBlocked, guest.Contact.ID))
		h.must(err)
		h.compromise(h.Now.Add(-time.Minute))
		h.sweep()
		same(h, "fate", h.findings(trust.CutLink)[0].Fate, trust.FateBlocked)
		good := h.NewKey(h.Channel, "active")
		_, err = h.DB.OpenSession(h.ctx(), by(h.Verified("abuser"), good))
		h.is(err, chat.ErrSessionEnded)
		same(h, "swept again, the same", h.sweep().Links, 1)
		list, err := h.DB.Inbox(h.ctx(), Main, chat.View{Limit: 10})
		h.must(err)
		same(h, "their thread is for the team", list[0].ID, thread)
	}},
	{"a cut makes no token good again that the team has ended", func(h *House) {
		good := h.NewKey(h.Channel, "active")
		guest := h.Enter(h.Verified("u-1"))
		h.endAll(guest.Contact.ID, h.now().Add(time.Hour))
		before, err := h.DB.Contact(h.ctx(), Main, guest.Contact.ID)
		h.must(err)
		h.compromise(h.Now.Add(-time.Minute))
		h.sweep()
		// Proofs by the good key from before: a token that says when, and a bare hash.
		h.is(h.enters(by(signed(h.Verified("u-1"), "stolen", h.Now, h.Now.Add(time.Hour)), good)), chat.ErrProofSpent)
		h.is(h.enters(by(h.Verified("u-1"), good)), chat.ErrProofSpent)
		h.must(h.enters(by(signed(h.Verified("u-1"), "fresh", h.now().Add(time.Millisecond), h.Now.Add(time.Hour)), good)))
		same(h, "links of the old contact", len(h.linked(guest.Contact.ID)), 0)
		if before.NotBefore.IsZero() || before.BareUntil.IsZero() {
			h.Fatal("nothing was ended: the test proves nothing")
		}
	}},
	{"an address that a compromised key proved under either begins anew, and what it proved before stays", func(h *House) {
		good := h.NewKey(h.Channel, "active")
		proved := func(address string, key trust.KeyRow, at time.Time) chat.Opening {
			o := h.opening(policy.Verified, h.Visitor(), true)
			o.Verdict = chat.Record{Tier: policy.Verified, Method: identity.MethodHMACEither, Key: key.ID, Identifiers: []identity.Identifier{email(address)}}
			o.Contact.Kind, o.Contact.Scope, o.Contact.CreatedAt, o.Session.CreatedAt = chat.EitherContact, "either:"+address, at, at
			return o
		}
		old := h.Enter(proved("old@example.com", h.Key, h.Now.Add(-2*time.Hour)))
		forged := h.Enter(proved("victim@example.com", h.Key, h.Now))
		honest := h.Enter(proved("honest@example.com", good, h.Now))
		h.Enter(proved("honest@example.com", h.Key, h.Now.Add(time.Second))) // it came later: it tied nothing
		abuser := h.Enter(proved("abuser@example.com", h.Key, h.Now))
		_, err := h.DB.SetBlocked(h.ctx(), Main, abuser.Contact.ID, true, h.Now, h.Draft(audit.ContactBlocked, abuser.Contact.ID))
		h.must(err)
		planted := h.Post(h.Begin(forged, "look what you wrote")).Conversation.ID
		h.compromise(h.Now.Add(-time.Hour))
		same(h, "links", h.sweep().Links, 2)
		victim := h.Enter(proved("victim@example.com", good, h.now()))
		list, err := h.DB.VisitorMessages(h.ctx(), Main, victim.Contact.ID, planted, 0, 10)
		h.must(err)
		same(h, "what the victim is shown of it", len(list), 0)
		contact, err := h.DB.Contact(h.ctx(), Main, forged.Contact.ID)
		h.must(err)
		same(h, "the forger's badge", contact.Kind, chat.ClaimedContact)
		same(h, "before", h.Enter(proved("old@example.com", good, h.now())).Contact.ID, old.Contact.ID)
		same(h, "honest", h.Enter(proved("honest@example.com", good, h.now())).Contact.ID, honest.Contact.ID)
		_, err = h.DB.OpenSession(h.ctx(), proved("abuser@example.com", good, h.now()))
		h.is(err, chat.ErrSessionEnded)
		same(h, "swept again", h.sweep().Links, 2)
	}},
	{"a thread that a forged proof took over is nobody's once somebody spoke in it", func(h *House) {
		anonymous, person, id := h.visit("u-1")
		h.Post(h.Begin(h.Enter(h.Anonymous(anonymous.Visitor, false)), "another one")) // so that the browser stays this contact's
		claim := h.claim(anonymous, person)
		claim.Threads = slices.DeleteFunc(claim.Threads, func(t chat.AnonymousThread) bool { return t.Conversation != id })
		claim.At = h.Now.Add(-time.Minute)
		moved, err := h.DB.ClaimThread(h.ctx(), claim)
		h.must(err)
		same(h, "moved", moved, 1)
		h.Post(h.Reply(id, "your address is 1 Main Street"))
		head := h.Head()
		h.compromise(h.Now.Add(-time.Hour))
		cut := h.sweep()
		same(h, "claims", cut.Claims, 1)
		same(h, "fate", h.findings(trust.CutClaim)[0].Fate, trust.FateDetached)
		thread, err := h.DB.Conversation(h.ctx(), Main, "", id)
		h.must(err)
		for name, contact := range map[string]string{"the person": person.Contact.ID, "the browser": anonymous.Contact.ID} {
			list, err := h.DB.VisitorMessages(h.ctx(), Main, contact, id, 0, 10)
			h.must(err)
			same(h, "what "+name+" reads", len(list), 0)
			events, err := h.DB.VisitorEvents(h.ctx(), Main, contact, 0, 100)
			h.must(err)
			same(h, "what "+name+" catches up on", slices.ContainsFunc(events, func(e event.Event) bool { return e.Conversation == id }), false)
		}
		again := h.Anonymous(anonymous.Visitor, false)
		again.Contact.ID = h.ID("con")
		if g := h.Enter(again); g.Contact.ID == thread.Contact {
			h.Fatal("the browser got the thread back with the answer in it")
		}
		list, err := h.DB.AgentMessages(h.ctx(), Main, id, 0, 10)
		h.must(err)
		same(h, "what the team reads", len(list), 2)
		same(h, "told", slices.Contains(kinds(h.Events(head.Seq)), event.ConversationMoved), true)
	}},
	{"claims are foretold as they are taken back: those since then, each once", func(h *House) {
		anonymous, person, id := h.visit("u-1")
		claim := h.claim(anonymous, person)
		claim.Threads = slices.DeleteFunc(claim.Threads, func(t chat.AnonymousThread) bool { return t.Conversation != id })
		claim.At = h.Now.Add(-time.Hour)
		_, err := h.DB.ClaimThread(h.ctx(), claim)
		h.must(err)
		h.compromise(h.Now.Add(-time.Minute))
		same(h, "from before", h.sweep().Claims, 0)
		h.compromise(h.Now.Add(-2 * time.Hour))
		same(h, "for longer", h.sweep().Claims, 1)
		h.compromise(h.Now.Add(-3 * time.Hour)) // it is where it was before the claim
		same(h, "again", h.sweep().Claims, 1)
	}},
	{"a thread that was taken over and never touched goes back to the browser that wrote it", func(h *House) {
		anonymous, person, first := h.visit("u-1")
		other := h.Enter(h.Anonymous(anonymous.Visitor, false))
		second := h.Post(h.Begin(other, "another one")).Conversation.ID
		claim := h.claim(anonymous, person)
		claim.Threads = slices.DeleteFunc(claim.Threads, func(t chat.AnonymousThread) bool { return t.Conversation != first })
		claim.At = h.Now.Add(10 * time.Second)
		_, err := h.DB.ClaimThread(h.ctx(), claim)
		h.must(err)
		h.compromise(h.Now.Add(-time.Hour))
		h.sweep()
		same(h, "fate", h.findings(trust.CutClaim)[0].Fate, trust.FateReturned)
		for _, id := range []string{first, second} {
			thread, err := h.DB.Conversation(h.ctx(), Main, "", id)
			h.must(err)
			same(h, "owner", thread.Contact, anonymous.Contact.ID)
		}
	}},
	{"what a compromised key signed of a person is only claimed, and a later claim stands", func(h *House) {
		say := func(name, value string, p chat.Provenance, at time.Time) chat.Attribute {
			return chat.Attribute{Name: name, Provenance: p, Value: []byte(value), Method: identity.MethodHMAC, At: at}
		}
		o := h.Verified("u-1")
		o.Attributes = []chat.Attribute{
			say("plan", `"gold"`, chat.BySignature, h.Now), say("name", `"Ada"`, chat.BySignature, h.Now), say("name", `"Eve"`, chat.ByClaim, h.Now.Add(time.Minute)),
			say("old", `1`, chat.BySignature, h.Now.Add(-2*time.Hour)), say("note", `"vip"`, chat.ByAgent, h.Now),
		}
		g := h.Enter(o)
		h.compromise(h.Now.Add(-time.Hour))
		same(h, "attributes", h.sweep().Attributes, 2)
		list, err := h.DB.AttributesOf(h.ctx(), Main, []string{g.Contact.ID})
		h.must(err)
		got := map[string]string{}
		for _, a := range list {
			got[a.Name+"/"+string(a.Provenance)] = string(a.Value)
		}
		for name, want := range map[string]string{"plan/claimed": `"gold"`, "name/claimed": `"Eve"`, "old/signed": `1`, "note/agent": `"vip"`, "plan/signed": "", "name/signed": ""} {
			same(h, name, got[name], want)
		}
		found := h.findings(trust.CutAttribute)
		same(h, "found", found[0].Name+found[0].Value+found[1].Name+found[1].Value, `name"Ada"plan"gold"`)
	}},
	{"what takes more than one step is taken apart to its end", func(h *House) {
		for i := range 3 {
			o := h.Verified("u" + string(rune('a'+i)))
			for n := range 90 {
				name := "n" + string(rune('a'+n/26)) + string(rune('a'+n%26))
				o.Attributes = append(o.Attributes, chat.Attribute{Name: name, Provenance: chat.BySignature, Value: []byte(`1`), At: h.Now})
			}
			h.Enter(o)
		}
		h.compromise(h.Now.Add(-time.Minute))
		same(h, "attributes", h.sweep().Attributes, 270)
	}},
	{"messages keep what they say, and a conversation is worth its latest word", func(h *House) {
		good := h.NewKey(h.Channel, "active")
		bad := h.Enter(h.Verified("u-1"))
		doubtful := h.Post(h.Begin(bad, "send it to my new address")).Conversation.ID
		h.Post(h.Say(bad, doubtful, "quickly"))
		healed := h.Post(h.Begin(bad, "hello")).Conversation.ID
		honest := h.Enter(by(h.Verified("u-1"), good))
		h.Post(h.Say(honest, healed, "this is really me"))
		h.compromise(h.Now.Add(-time.Minute))
		head, err := h.DB.Head(h.ctx())
		h.must(err)
		cut := h.sweep()
		told := 0 // who has the healed thread on the screen hears of it too, though no word of it is lowered
		for _, e := range h.Events(head.Seq) {
			if e.Kind == event.ContactUpdated && e.Contact == bad.Contact.ID && e.Audience == event.AudienceAgents {
				told++
			}
		}
		same(h, "agents are told", told > 0, true)
		same(h, "conversations", cut.Conversations, 2)
		same(h, "messages", cut.Messages, 3)
		for id, want := range map[string]policy.Tier{doubtful: policy.Claimed, healed: policy.Verified} {
			c, err := h.DB.Conversation(h.ctx(), Main, "", id)
			h.must(err)
			same(h, "tier", c.Tier, want)
		}
		list, err := h.DB.AgentMessages(h.ctx(), Main, doubtful, 0, 10)
		h.must(err)
		names, err := h.DB.KeyNames(h.ctx(), Main, []string{h.Key.ID, good.ID})
		h.must(err)
		for _, m := range list {
			same(h, "written as", m.Tier, policy.Verified)
			same(h, "in doubt", names[m.Key].Doubts(m.At), true)
		}
		same(h, "the good key", names[good.ID].Doubts(h.Now.Add(time.Hour)), false)
	}},
	{"an import of old messages hides none that a compromised key proved before it", func(h *House) {
		// Imported messages take new places and have old times: whoever looks for the first
		// message since a time by its place must not take one of them for the end of the old ones.
		bad := h.Enter(h.Verified("u-1"))
		doubtful := h.Post(h.Begin(bad, "send it to my new address")).Conversation.ID
		r := record("a", h.Named("u-9"))
		for i := range 8 {
			h.bring([]history.Kept{r}, h.told(fmt.Sprint("c-", i), r))
		}
		h.compromise(h.Now.Add(-time.Minute))
		cut := h.sweep()
		same(h, "conversations", cut.Conversations, 1)
		same(h, "messages", cut.Messages, 1)
		c, err := h.DB.Conversation(h.ctx(), Main, "", doubtful)
		h.must(err)
		same(h, "tier", c.Tier, policy.Claimed)
	}},
	{"an export read again puts no old word after one in doubt, which would keep its thread verified", func(h *House) {
		r := record("a", h.Named("u-1"))
		h.bring([]history.Kept{r}, h.told("c-1", r))
		bad := h.Enter(h.Verified("u-1"))
		list, err := h.DB.Conversations(h.ctx(), Main, bad.Contact.ID, chat.Cursor{}, 10)
		h.must(err)
		thread := list[0].ID
		h.Post(h.Say(bad, thread, "send it to my new address"))
		h.bring(nil, h.told("c-1", r, history.Message{External: "c-1/4", Visitor: true, Text: "an old word", At: h.Now.Add(-364 * 24 * time.Hour)}))
		h.compromise(h.Now.Add(-time.Minute))
		h.sweep()
		c, err := h.DB.Conversation(h.ctx(), Main, "", thread)
		h.must(err)
		same(h, "tier", c.Tier, policy.Claimed)
	}},
	{"two nodes sweep at once and a third goes on where one died: everything once", func(h *House) {
		for i := range 5 {
			g := h.Enter(h.Verified(string(rune('a' + i))))
			h.Post(h.Begin(g, "x"))
		}
		h.compromise(h.Now.Add(-time.Minute))
		_, err := h.DB.SweepStep(h.ctx(), Main, h.Key.ID) // and died
		h.must(err)
		left, err := h.DB.Unswept(h.ctx())
		h.must(err)
		same(h, "unfinished", len(left) == 1 && left[0] == trust.Unswept{Workspace: Main, Key: h.Key.ID}, true)
		second := h.Open(h)
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				db := h.DB
				if i%2 == 1 {
					db = second
				}
				for range 100 {
					done, err := db.SweepStep(h.ctx(), Main, h.Key.ID)
					if err != nil {
						h.Error(err)
						return
					}
					if done {
						return
					}
				}
			})
		}
		wg.Wait()
		cut := h.sweep()
		same(h, "cut", cut, trust.Cut{Links: 5, Conversations: 5, Messages: 5, Done: true})
		left, err = h.DB.Unswept(h.ctx())
		h.must(err)
		same(h, "unfinished", len(left), 0)
		swept, err := h.DB.Entries(h.ctx(), Main, audit.Filter{Action: audit.KeySwept})
		h.must(err)
		same(h, "recorded once", len(swept.Entries), 1)
	}},
	{"a key that was compromised for longer is swept again, and counted once", func(h *House) {
		old := h.Verified("old")
		old.Links[0].At = h.Now.Add(-time.Hour)
		h.Enter(old)
		h.Post(h.Begin(h.Enter(h.Verified("new")), "x"))
		h.compromise(h.Now.Add(-time.Minute))
		same(h, "first", h.sweep(), trust.Cut{Links: 1, Conversations: 1, Messages: 1, Done: true})
		h.compromise(h.Now.Add(-2 * time.Hour))
		same(h, "then", h.sweep(), trust.Cut{Links: 2, Conversations: 1, Messages: 1, Done: true})
	}},
	{"where proofs came from is counted, fifty origins a key, anew when it is put aside", func(h *House) {
		use := func(origin string, sessions int) {
			h.must(h.DB.KeyUsed(h.ctx(), trust.KeyUse{Workspace: Main, Key: h.Key.ID, Origin: origin, Platform: policy.Web, Sessions: sessions, At: h.Now}))
		}
		for i := range trust.MaxOrigins + 5 {
			use("https://"+string(rune('a'+i/26))+string(rune('a'+i%26))+".example", 1)
		}
		use("https://aa.example", 2)
		h.must(h.DB.KeyUsed(h.ctx(), trust.KeyUse{Workspace: Other, Key: h.Key.ID, Origin: "https://next.door", Sessions: 9, At: h.Now}))
		h.must(h.DB.Record(h.ctx(), h.Draft(audit.KeyRevealed, h.Key.ID))) // the next commit carries the marks
		read := func() (origins int, of map[string]int) {
			uses, err := h.DB.KeyUses(h.ctx(), Main, h.Channel.ID)
			h.must(err)
			of = map[string]int{}
			for _, u := range uses[h.Key.ID] {
				of[u.Origin] += u.Sessions
			}
			return len(of), of
		}
		n, of := read()
		same(h, "origins", n, trust.MaxOrigins+1)
		same(h, "the first", of["https://aa.example"], 3)
		same(h, "the rest", of[""], 5)
		same(h, "next door", of["https://next.door"], 0)
		h.ChangeKey(h.Key.ID, func(k *trust.KeyRow) { k.State, k.RetiringAt, k.EndsAt = "retiring", h.Now, h.Now.Add(time.Hour) })
		n, of = read()
		same(h, "origins of a retiring key", n, trust.MaxOrigins+1)
		same(h, "counted anew", of["https://aa.example"], 0)
		for i, at := range []time.Time{h.Now.Add(-time.Second), h.Now.Add(time.Second)} { // a node that was late, and one that was not
			h.must(h.DB.KeyUsed(h.ctx(), trust.KeyUse{Workspace: Main, Key: h.Key.ID, Origin: "https://aa.example", Platform: policy.Web, Sessions: 7 - i, At: at}))
		}
		h.must(h.DB.Record(h.ctx(), h.Draft(audit.KeyRevealed, h.Key.ID)))
		_, of = read()
		same(h, "since it was put aside", of["https://aa.example"], 6)
	}},
	{"live sessions are counted by the page's origin", func(h *House) {
		for i, origin := range []string{"https://a.example", "https://a.example", "https://b.example", ""} {
			o := h.Verified("u" + string(rune('0'+i)))
			o.Session.Origin = origin
			h.Enter(o)
		}
		gone := h.Enter(h.Verified("gone"))
		h.must(h.DB.EndSession(h.ctx(), Main, gone.Session.ID, h.Now))
		list, err := h.DB.LiveOrigins(h.ctx(), Main, h.Key.ID, h.Now)
		h.must(err)
		want := []trust.LiveOrigin{{Origin: "https://a.example", Sessions: 2}, {Origin: "https://b.example", Sessions: 1}, {Sessions: 1}}
		same(h, "origins", slices.Equal(list, want), true)
	}},
	{"an allowance is spent once, whichever node is asked", func(h *House) {
		second := h.Open(h)
		spend := trust.Spend{Name: "keys/agent:x", Limit: 5, Window: time.Hour}
		var mu sync.Mutex
		got := 0
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				db := h.DB
				if i%2 == 1 {
					db = second
				}
				if db.Spend(h.ctx(), spend, h.Draft(audit.KeyRevealed, h.Key.ID)) == nil {
					mu.Lock()
					got++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		same(h, "given", got, 5)
		page, err := h.DB.Entries(h.ctx(), Main, audit.Filter{Action: audit.KeyRevealed})
		h.must(err)
		same(h, "recorded", len(page.Entries), 5)
		h.is(h.DB.Spend(h.ctx(), spend), trust.ErrLimited)
		spend.Name = "keys/agent:y"
		h.must(h.DB.Spend(h.ctx(), spend))
	}},
}
