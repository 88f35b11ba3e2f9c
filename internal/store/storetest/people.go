package storetest

import (
	"slices"
	"sync"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/trust"
)

// signed is a proof by a token that was made at a time.
func signed(o chat.Opening, proof string, at, ends time.Time) chat.Opening {
	o.Session.Dialect, o.Session.ProofEnds = "native-jwt", ends
	o.Verdict.Method, o.Verdict.Proof, o.Verdict.Issued = identity.MethodJWT, proof, at
	return o
}

func (h *House) enters(o chat.Opening) error {
	_, err := h.DB.OpenSession(h.ctx(), o)
	return err
}

func (h *House) now() time.Time {
	h.Helper()
	now, err := h.DB.Now(h.ctx())
	h.must(err)
	return now
}

func (h *House) endAll(contact string, bareUntil time.Time) int {
	h.Helper()
	n, err := h.DB.EndSessionsOf(h.ctx(), chat.SignOut{Workspace: Main, Contact: contact, BareUntil: bareUntil}, h.Draft(audit.SessionEnded, contact))
	h.must(err)
	return n
}

func (h *House) recorded(action audit.Action) []audit.Entry {
	h.Helper()
	page, err := h.DB.Entries(h.ctx(), Main, audit.Filter{Action: action})
	h.must(err)
	return page.Entries
}

var peopleTests = []test{
	{"a token from before all sessions were ended opens nothing, one from after does", func(h *House) {
		ends := h.Now.Add(time.Hour)
		g := h.Enter(signed(h.Verified("u-1"), "a", h.Now, ends))
		other := h.Enter(h.Verified("u-2"))
		head := h.Head()
		same(h, "ended", h.endAll(g.Contact.ID, time.Time{}), 1)
		if want := []event.Kind{event.SessionEnded, event.ContactUpdated}; !slices.Equal(kinds(h.Events(head.Seq)), want) {
			h.Fatalf("events %v", kinds(h.Events(head.Seq)))
		}
		same(h, "the session", h.Stands(g.Token), policy.EndedLogout)
		same(h, "another person's", h.Stands(other.Token), policy.Stands)
		h.is(h.enters(signed(h.Verified("u-1"), "b", h.Now, ends)), chat.ErrProofSpent)
		h.must(h.enters(signed(h.Verified("u-1"), "c", h.now().Add(time.Millisecond), ends)))
		h.must(h.enters(signed(h.Verified("u-2"), "d", h.Now, ends)))
		h.must(h.enters(h.Verified("u-1"))) // a hash does not say when: the operator did not ask
		known, _, err := h.DB.Expected(h.ctx(), Main, h.Named("u-1"), "", "")
		h.must(err)
		same(h, "what the door is told", known.NotBefore.After(h.Now) && known.BareUntil.IsZero(), true)
	}},
	{"an identify in flight does not outlive the end of all sessions", func(h *House) {
		g := h.Enter(signed(h.Verified("u-1"), "a", h.Now, h.Now.Add(time.Hour)))
		var wg sync.WaitGroup
		tokens := make([][]byte, 8)
		for i := range tokens {
			o := signed(h.Verified("u-1"), "a", h.Now, h.Now.Add(time.Hour))
			wg.Go(func() {
				if _, err := h.DB.OpenSession(h.ctx(), o); err == nil {
					tokens[i] = o.TokenHash
				}
			})
		}
		wg.Go(func() { h.endAll(g.Contact.ID, time.Time{}) })
		wg.Wait()
		for _, token := range tokens {
			if token != nil && h.Stands(token) == policy.Stands {
				h.Fatal("a session stands that an old token opened")
			}
		}
	}},
	{"bare hashes are refused until they are let in again, or their time is over", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		same(h, "ended", h.endAll(g.Contact.ID, chat.Forever), 1)
		h.is(h.enters(h.Verified("u-1")), chat.ErrProofSpent)
		undated := signed(h.Verified("u-1"), "a", time.Time{}, time.Time{}) // a token that does not say when it was made
		h.is(h.enters(undated), chat.ErrProofSpent)
		h.must(h.enters(signed(h.Verified("u-1"), "b", h.now().Add(time.Second), h.Now.Add(time.Hour))))
		code := h.Verified("u-1")
		code.Verdict.Method = identity.MethodDKIM
		h.must(h.enters(code))
		h.must(h.enters(h.Verified("u-2")))
		h.must(h.DB.RefuseBare(h.ctx(), Main, g.Contact.ID, time.Time{}, h.Draft(audit.BareProofsRefused, g.Contact.ID)))
		h.must(h.enters(h.Verified("u-1")))
		h.must(h.DB.RefuseBare(h.ctx(), Main, g.Contact.ID, h.now().Add(-time.Second), h.Draft(audit.BareProofsRefused, g.Contact.ID)))
		h.must(h.enters(h.Verified("u-1")))
		same(h, "recorded", len(h.recorded(audit.BareProofsRefused)), 2)
	}},
	{"a thief's session does not outlive the refusal of the hash that opened it", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		byToken := h.Enter(signed(h.Verified("u-1"), "a", h.Now, h.Now.Add(time.Hour)))
		undated := signed(h.Verified("u-1"), "b", time.Time{}, time.Time{})
		undated.Session.Dialect = "intercom-jwt"
		byUndated, other := h.Enter(undated), h.Enter(h.Verified("u-2"))
		refuse := func(until time.Time) {
			h.Helper()
			h.must(h.DB.RefuseBare(h.ctx(), Main, g.Contact.ID, until, h.Draft(audit.BareProofsRefused, g.Contact.ID)))
		}
		refuse(time.Time{})
		same(h, "while they are let in", h.Stands(g.Token), policy.Stands)
		head := h.Head()
		refuse(chat.Forever)
		same(h, "by a hash", h.Stands(g.Token), policy.EndedLogout)
		same(h, "by a token that does not say when", h.Stands(byUndated.Token), policy.EndedLogout)
		same(h, "by a token", h.Stands(byToken.Token), policy.Stands)
		same(h, "another person's", h.Stands(other.Token), policy.Stands)
		if h.Head().Epoch <= head.Epoch {
			h.Fatal("the epoch did not rise")
		}
	}},
	{"a token that logged out opens nothing again, in this browser or another, until it has expired", func(h *House) {
		ends := h.Now.Add(time.Hour)
		g := h.Enter(signed(h.Verified("u-1"), "first", h.Now, ends))
		h.Enter(signed(h.As(h.opening(policy.Verified, g.Visitor, false), "u-1"), "second", h.Now, ends))
		elsewhere := h.Enter(signed(h.Verified("u-1"), "elsewhere", h.Now, ends))
		_, err := h.DB.LogOut(h.ctx(), g.Session, h.Now)
		h.must(err)
		for _, proof := range []string{"first", "second"} {
			h.is(h.enters(signed(h.Verified("u-1"), proof, h.Now, ends)), chat.ErrProofSpent)
			_, denied, err := h.DB.Expected(h.ctx(), Main, h.Named("u-1"), "", proof)
			h.must(err)
			same(h, "denied at the door", denied, true)
		}
		same(h, "the other browser", h.Stands(elsewhere.Token), policy.Stands)
		h.must(h.enters(signed(h.Verified("u-1"), "elsewhere", h.Now, ends)))
		h.must(h.enters(signed(h.Verified("u-1"), "third", h.Now, ends)))
		_, denied, err := h.DB.Expected(h.ctx(), Other, h.Named("u-1"), "", "first")
		h.must(err)
		same(h, "denied next door", denied, false)
	}},
	{"a drop-in token that logged out is denied where the channel says so", func(h *House) {
		pylon := func(proof string) chat.Opening {
			o := signed(h.Verified("u-1"), proof, h.Now, h.Now.Add(time.Hour))
			o.Session.Dialect = "pylon-jwt"
			return o
		}
		leave := func(proof string) {
			h.Helper()
			_, err := h.DB.LogOut(h.ctx(), h.Enter(pylon(proof)).Session, h.Now)
			h.must(err)
		}
		leave("a")
		h.must(h.enters(pylon("a")))
		h.must(h.DB.SetLogoutDenies(h.ctx(), Main, h.Channel.ID, true, h.Draft(audit.LogoutPolicySet, "")))
		denies, err := h.DB.LogoutDenies(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		same(h, "denies", denies, true)
		leave("b")
		h.is(h.enters(pylon("b")), chat.ErrProofSpent)
		h.must(h.DB.SetLogoutDenies(h.ctx(), Main, h.Channel.ID, false, h.Draft(audit.LogoutPolicySet, "")))
		leave("c")
		h.must(h.enters(pylon("c")))
	}},
	{"a blocked person's proof opens nothing, whatever it is, until unblocked", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		_, err := h.DB.SetBlocked(h.ctx(), Main, g.Contact.ID, true, h.Now, h.Draft(audit.ContactBlocked, g.Contact.ID))
		h.must(err)
		same(h, "the session", h.Stands(g.Token), policy.EndedBlocked)
		h.is(h.enters(h.Verified("u-1")), chat.ErrSessionEnded)
		h.is(h.enters(signed(h.Verified("u-1"), "a", h.now(), h.Now.Add(time.Hour))), chat.ErrSessionEnded)
		_, err = h.DB.SetBlocked(h.ctx(), Main, g.Contact.ID, false, h.Now, h.Draft(audit.ContactUnblocked, g.Contact.ID))
		h.must(err)
		h.must(h.enters(h.Verified("u-1")))
		same(h, "what had ended stays so", h.Stands(g.Token), policy.EndedBlocked)
	}},
	{"log-out and revocation cut the tail, in which chat outlives its proof", func(h *House) {
		tail := func(user, proof string) Guest {
			o := signed(h.Verified(user), proof, h.Now.Add(-2*time.Hour), h.Now.Add(10*time.Hour))
			o.Session.Dialect = "pylon-jwt"
			return h.Enter(o)
		}
		out, other := tail("u-1", "a"), tail("u-2", "b")
		_, err := h.DB.LogOut(h.ctx(), out.Session, h.Now)
		h.must(err)
		same(h, "logged out", h.Stands(out.Token), policy.EndedLogout)
		same(h, "the other", h.Stands(other.Token), policy.Stands)
		h.ChangeKey(h.Key.ID, func(k *trust.KeyRow) { k.State, k.RevokedAt = "revoked", h.Now }, h.Key.ID)
		same(h, "revoked", h.Stands(other.Token), policy.EndedKey)
	}},
	{"tabs that follow one visitor for one person become one new visitor", func(h *House) {
		old := h.Enter(h.Verified("ada"))
		next := func(user, secret string) (chat.Opening, chat.Opened, error) {
			o := h.Verified(user)
			o.Follows = &chat.Following{Visitor: old.Visitor.ID, Secret: secret}
			opened, err := h.DB.OpenSession(h.ctx(), o)
			return o, opened, err
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		var made, told []string
		for i := range 6 {
			wg.Go(func() {
				secret := "sealed-" + string(rune('a'+i))
				_, opened, err := next("bob", secret)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made = append(made, secret)
					return
				}
				h.is(err, chat.ErrSuccessor)
				told = append(told, opened.Successor)
			})
		}
		wg.Wait()
		same(h, "new visitors", len(made), 1)
		same(h, "tabs that were told", len(told), 5)
		for _, secret := range told {
			same(h, "told", secret, made[0])
		}
		o, _, err := next("carol", "for-carol")
		h.must(err)
		_, opened, err := next("carol", "again")
		h.is(err, chat.ErrSuccessor)
		same(h, "carol's", opened.Successor, "for-carol")
		_, err = h.DB.SessionByToken(h.ctx(), o.TokenHash, h.Now)
		h.must(err)
		_, _, err = next("bob", "too-late") // somebody else was here meanwhile
		h.must(err)
	}},
	{"a conflict is kept, recorded once, shown to both, and over when the address is released", func(h *House) {
		email := identity.Identifier{Realm: Main, Kind: identity.KindEmail, Value: "ann@example.com"}
		holder := h.Enter(h.As(h.Verified("x"), "u-1", email))
		h.Post(h.Begin(holder, "history"))
		other := h.Enter(h.As(h.Verified("x"), "u-2", email))
		h.Enter(h.As(h.Verified("x"), "u-2", email))
		for _, contact := range []string{holder.Contact.ID, other.Contact.ID} {
			list, err := h.DB.ConflictsOf(h.ctx(), Main, contact)
			h.must(err)
			same(h, "conflicts", len(list), 1)
			c := list[0]
			same(h, "identifier", c.Identifier, email)
			same(h, "who proved it", c.Contact, other.Contact.ID)
			same(h, "who holds it", c.Holder, holder.Contact.ID)
			same(h, "since when", c.HeldSince.Equal(h.Now.Truncate(time.Microsecond)), true)
			same(h, "by which key", c.HeldKey, h.Key.ID)
		}
		entries := h.recorded(audit.IdentifierDisputed)
		same(h, "recorded", len(entries), 1)
		same(h, "the holder", entries[0].Detail["holder"], holder.Contact.ID)
		for _, value := range entries[0].Detail {
			if value == email.Value {
				h.Fatal("the record has the address")
			}
		}
		n, err := h.DB.Release(h.ctx(), Main, holder.Contact.ID, email, h.Draft(audit.IdentifierReleased, holder.Contact.ID))
		h.must(err)
		same(h, "sessions ended", n, 1)
		same(h, "the holder's session", h.Stands(holder.Token), policy.EndedLogout)
		_, err = h.DB.Release(h.ctx(), Main, holder.Contact.ID, email, h.Draft(audit.IdentifierReleased, holder.Contact.ID))
		h.is(err, chat.ErrNotFound)
		third := h.Verified("x")
		third.Links, third.Verdict.Identifiers = []chat.Link{{Identifier: email}}, []identity.Identifier{email}
		fresh := h.Enter(third)
		if fresh.Contact.ID == holder.Contact.ID || fresh.Contact.ID == other.Contact.ID {
			h.Fatal("a released address is somebody who was here before")
		}
		threads, err := h.DB.Conversations(h.ctx(), Main, fresh.Contact.ID, chat.Cursor{}, 10)
		h.must(err)
		same(h, "history that went along", len(threads), 0)
		list, err := h.DB.ConflictsOf(h.ctx(), Main, holder.Contact.ID)
		h.must(err)
		same(h, "conflicts of who let go", len(list), 0)
	}},
	{"nobody who is kept out comes in as somebody new because an identifier was released", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		release := func() error {
			_, err := h.DB.Release(h.ctx(), Main, g.Contact.ID, h.Named("u-1"), h.Draft(audit.IdentifierReleased, g.Contact.ID))
			return err
		}
		block := func(blocked bool) {
			h.Helper()
			_, err := h.DB.SetBlocked(h.ctx(), Main, g.Contact.ID, blocked, h.Now, h.Draft(audit.ContactBlocked, g.Contact.ID))
			h.must(err)
		}
		block(true)
		h.is(release(), chat.ErrInvalid)
		h.is(h.enters(h.Verified("u-1")), chat.ErrSessionEnded)
		block(false)
		h.endAll(g.Contact.ID, chat.Forever)
		h.is(release(), chat.ErrInvalid)
		h.is(h.enters(h.Verified("u-1")), chat.ErrProofSpent)
		h.must(h.DB.RefuseBare(h.ctx(), Main, g.Contact.ID, time.Time{}, h.Draft(audit.BareProofsRefused, g.Contact.ID)))
		h.must(release())
	}},
	{"a stolen token from before all sessions were ended is not good again because its identifier was released", func(h *House) {
		ends := h.Now.Add(time.Hour)
		g := h.Enter(signed(h.Verified("u-1"), "a", h.Now, ends))
		h.endAll(g.Contact.ID, time.Time{})
		_, err := h.DB.Release(h.ctx(), Main, g.Contact.ID, h.Named("u-1"), h.Draft(audit.IdentifierReleased, g.Contact.ID))
		h.must(err)
		told := func() bool {
			h.Helper()
			known, _, err := h.DB.Expected(h.ctx(), Main, h.Named("u-1"), "", "stolen")
			h.must(err)
			return known.NotBefore.After(h.Now)
		}
		same(h, "the door is told, of nobody", told(), true)
		h.is(h.enters(signed(h.Verified("u-1"), "stolen", h.Now, ends)), chat.ErrProofSpent)
		_, err = h.DB.HolderOf(h.ctx(), Main, h.Named("u-1"))
		h.is(err, chat.ErrNotFound)
		fresh := h.Enter(signed(h.Verified("u-1"), "b", h.now().Add(time.Second), ends))
		same(h, "somebody new", fresh.Contact.ID != g.Contact.ID, true)
		same(h, "the door is told, of the next one", told(), true)
		h.is(h.enters(signed(h.Verified("u-1"), "stolen", h.Now, ends)), chat.ErrProofSpent)
		h.must(h.enters(h.Verified("u-1"))) // a hash does not say when: the operator did not ask
		h.must(h.enters(signed(h.Verified("u-2"), "c", h.Now, ends)))
		erase := func(contact string) {
			h.Helper()
			_, err := h.DB.Erase(h.ctx(), Main, contact, h.Draft(audit.ContactErased, contact))
			h.must(err)
		}
		erase(g.Contact.ID)
		same(h, "the door is told, when who gave it away is erased", told(), true)
		erase(fresh.Contact.ID)
		same(h, "what was ordered about somebody who was erased", told(), false)
	}},
	{"a channel's sessions are listed by page, tier and key, counted and ended", func(h *House) {
		second := h.NewKey(h.Channel, "active")
		var mine, all []string
		for range 5 {
			all = append(all, h.Enter(h.Verified(h.ID("u"))).Session.ID)
			o := h.Verified(h.ID("u"))
			o.Verdict.Key = second.ID
			g := h.Enter(o)
			mine, all = append(mine, g.Session.ID), append(all, g.Session.ID)
			all = append(all, h.Enter(h.Anonymous(h.Visitor(), true)).Session.ID)
		}
		claimed := h.Enter(h.Claimed("x"))
		all = append(all, claimed.Session.ID)
		gone := h.Enter(h.Verified("gone"))
		h.must(h.DB.EndSession(h.ctx(), Main, gone.Session.ID, h.Now))
		read := func(of chat.SessionFilter) (ids []string) {
			h.Helper()
			of.Channel = h.Channel.ID
			for before := (chat.Cursor{}); ; {
				list, next, err := h.DB.ChannelSessions(h.ctx(), Main, of, before, 4, h.Now)
				h.must(err)
				for _, s := range list {
					ids = append(ids, s.ID)
				}
				if next == (chat.Cursor{}) {
					return ids
				}
				before = next
			}
		}
		sorted := func(ids []string) []string { return slices.Sorted(slices.Values(ids)) }
		if got := read(chat.SessionFilter{}); !slices.Equal(sorted(got), sorted(all)) {
			h.Fatalf("all: %v, want %v", got, all)
		}
		if got := read(chat.SessionFilter{Key: second.ID}); !slices.Equal(sorted(got), sorted(mine)) {
			h.Fatalf("of a key: %v, want %v", got, mine)
		}
		same(h, "claimed", slices.Equal(read(chat.SessionFilter{Tier: policy.Claimed}), []string{claimed.Session.ID}), true)
		same(h, "verified", len(read(chat.SessionFilter{Tier: policy.Verified})), 10)
		n, err := h.DB.CountSessions(h.ctx(), Main, chat.SessionFilter{Channel: h.Channel.ID}, 100, h.Now)
		h.must(err)
		same(h, "counted", n, len(all))
		few, err := h.DB.CountSessions(h.ctx(), Main, chat.SessionFilter{Channel: h.Channel.ID}, 3, h.Now)
		h.must(err)
		same(h, "counted up to", few, 3)
		n, err = h.DB.EndSessionsIn(h.ctx(), Main, chat.SessionFilter{Channel: h.Channel.ID, Key: second.ID}, h.Draft(audit.SessionEnded, ""))
		h.must(err)
		same(h, "ended of a key", n, 5)
		same(h, "left", len(read(chat.SessionFilter{})), len(all)-5)
		n, err = h.DB.EndSessionsIn(h.ctx(), Main, chat.SessionFilter{Channel: h.Channel.ID}, h.Draft(audit.SessionEnded, ""))
		h.must(err)
		same(h, "ended of all", n, len(all)-5)
		same(h, "claimed one", h.Stands(claimed.Token), policy.EndedLogout)
	}},
	{"names of which only signed values count are switched once, and raise the epoch", func(h *House) {
		name := chat.SignedName{Name: "plan", By: "test", At: h.Now}
		set := func(only bool) {
			h.Helper()
			h.must(h.DB.SetSignedOnly(h.ctx(), Main, name, only, h.Draft(audit.AttributePolicySet, "")))
		}
		head := h.Head()
		set(true)
		set(true)
		list, err := h.DB.SignedOnly(h.ctx(), Main)
		h.must(err)
		same(h, "names", len(list), 1)
		same(h, "name", list[0].Name, "plan")
		same(h, "epoch", h.Head().Epoch, head.Epoch+1)
		set(false)
		list, err = h.DB.SignedOnly(h.ctx(), Main)
		h.must(err)
		same(h, "names", len(list), 0)
		same(h, "recorded", len(h.recorded(audit.AttributePolicySet)), 2)
	}},
	{"an agent's value is taken back and nobody else's", func(h *House) {
		o := h.Verified("u-1")
		o.Attributes = []chat.Attribute{{Name: "plan", Provenance: chat.BySignature, Value: []byte(`"gold"`), At: h.Now}}
		g := h.Enter(o)
		a := chat.Attribute{Workspace: Main, Contact: g.Contact.ID, Name: "plan", Provenance: chat.ByAgent, Value: []byte(`"silver"`), At: h.Now}
		h.must(h.DB.SetAttribute(h.ctx(), a, policy.Authority{}))
		list, err := h.DB.AttributesOf(h.ctx(), Main, []string{g.Contact.ID})
		h.must(err)
		same(h, "side by side", len(list), 2)
		h.must(h.DB.DropAttribute(h.ctx(), a, policy.Authority{}))
		h.must(h.DB.DropAttribute(h.ctx(), a, policy.Authority{}))
		list, err = h.DB.AttributesOf(h.ctx(), Main, []string{g.Contact.ID})
		h.must(err)
		same(h, "left", len(list), 1)
		same(h, "by whom", list[0].Provenance, chat.BySignature)
	}},
	{"an erased person leaves numbers, and comes back as somebody new", func(h *House) {
		anonymous, person, id := h.visit("u-1")
		_, err := h.DB.ClaimThread(h.ctx(), h.claim(anonymous, person))
		h.must(err)
		h.Post(h.Say(person, id, "my street is Elm Street"))
		h.Post(h.Reply(id, "thank you"))
		note := h.Reply(id, "she sounds upset")
		note.Message.Audience = event.AudienceAgents
		h.Post(note)
		neighbour := h.Enter(h.Verified("u-2"))
		kept := h.Post(h.Begin(neighbour, "I stay"))
		held, err := h.DB.Holdings(h.ctx(), Main, person.Contact.ID)
		h.must(err)
		same(h, "messages", held.Messages, 4)
		same(h, "live", held.LiveSessions, 1)
		head := h.Head()
		done, err := h.DB.Erase(h.ctx(), Main, person.Contact.ID, h.Draft(audit.ContactErased, person.Contact.ID))
		h.must(err)
		same(h, "erased", done.Holdings, held)
		events := h.Events(head.Seq)
		if want := []event.Kind{event.ContactBlocked, event.ContactErased}; !slices.Equal(kinds(events), want) {
			h.Fatalf("events %v", kinds(events))
		}
		same(h, "streams", events[0].Contact, person.Contact.ID)
		if h.Head().Epoch <= head.Epoch {
			h.Fatal("the epoch did not rise")
		}
		_, err = h.DB.Contact(h.ctx(), Main, person.Contact.ID)
		h.is(err, chat.ErrNotFound)
		_, err = h.DB.Contact(h.ctx(), Main, anonymous.Contact.ID) // what it was claimed from
		h.is(err, chat.ErrNotFound)
		_, err = h.DB.SessionByToken(h.ctx(), person.Token, h.Now)
		h.is(err, chat.ErrNotFound)
		_, err = h.DB.Post(h.ctx(), h.Say(person, id, "x"))
		h.is(err, chat.ErrSessionEnded)
		all := h.Events(0)
		for i, e := range all {
			if e.Seq != all[0].Seq+int64(i) {
				h.Fatal("the log has a gap")
			}
			if e.Conversation == id && (e.Kind != event.Erased || string(e.Body) != "{}" || len(e.AgentsBody) > 0) {
				h.Fatalf("%s still says %s", e.Kind, e.Body)
			}
		}
		same(h, "her log", all[0].Seq, int64(1))
		counts, err := h.DB.InboxCounts(h.ctx(), Main, h.Owner.ID)
		h.must(err)
		same(h, "the inbox counts", counts.Open, 1)
		list, err := h.DB.AgentMessages(h.ctx(), Main, kept.Conversation.ID, 0, 10)
		h.must(err)
		same(h, "the neighbour's", len(list), 1)
		entry := h.recorded(audit.ContactErased)[0]
		same(h, "numbers", entry.Detail["messages"], "4")
		again := h.Enter(h.Verified("u-1"))
		if again.Contact.ID == person.Contact.ID {
			h.Fatal("an erased contact came back")
		}
		threads, err := h.DB.Conversations(h.ctx(), Main, again.Contact.ID, chat.Cursor{}, 10)
		h.must(err)
		same(h, "history", len(threads), 0)
	}},
}
