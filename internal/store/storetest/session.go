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
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

var sessionTests = []test{
	{"a session comes back as it was opened", func(h *House) {
		o := h.Verified("u-1")
		o.Session.Origin, o.Session.UserAgent = "https://shop.example", "Browser"
		o.Attributes = []chat.Attribute{{Name: "plan", Provenance: chat.BySignature, Value: []byte(`"gold"`), Method: identity.MethodHMAC, At: h.Now}}
		g := h.Enter(o)
		read, err := h.DB.SessionByToken(h.ctx(), g.Token, h.Now)
		h.must(err)
		same(h, "id", read.ID, o.Session.ID)
		same(h, "lane", read.Lane, o.Session.Lane)
		same(h, "origin", read.Origin, o.Session.Origin)
		same(h, "contact", read.Contact, g.Contact.ID)
		same(h, "tier", read.Standing.Tier(), policy.Verified)
		same(h, "method", read.Standing.Method(), identity.MethodHMAC)
		same(h, "stands", read.Standing.Ended(), policy.Stands)
		if !slices.Equal(read.Standing.Identifiers(), o.Verdict.Identifiers) || !slices.Equal(g.Session.Standing.Identifiers(), o.Verdict.Identifiers) {
			h.Fatal("the proved identifiers are lost")
		}
		attributes, err := h.DB.AttributesOf(h.ctx(), Main, []string{g.Contact.ID})
		h.must(err)
		same(h, "attributes", len(attributes), 1)
		same(h, "attribute's key", attributes[0].Key, h.Key.ID)
		same(h, "attribute's session", attributes[0].Session, o.Session.ID)
		links, err := h.DB.LinksOf(h.ctx(), Main, g.Contact.ID)
		h.must(err)
		same(h, "links", len(links), 1)
		same(h, "link's session", links[0].Session, o.Session.ID)
		same(h, "link's key", links[0].Key, h.Key.ID)
		_, err = h.DB.SessionByToken(h.ctx(), h.Hash(), h.Now)
		h.is(err, chat.ErrNotFound)
	}},
	{"two openings of one new person at the same time are one contact", func(h *House) {
		nodes := []interface {
			chat.Store
		}{h.DB, h.DB}
		if second := h.Open(h); second != nil {
			nodes[1] = second
		}
		contacts := make([]string, 16)
		var wg sync.WaitGroup
		for i := range contacts {
			wg.Go(func() {
				opened, err := nodes[i%2].OpenSession(h.ctx(), h.Verified("the-same"))
				if err != nil {
					h.Error(err)
				}
				contacts[i] = opened.Contact.ID
			})
		}
		wg.Wait()
		for _, c := range contacts {
			same(h, "contact", c, contacts[0])
		}
	}},
	{"tabs of one anonymous browser that open at the same time share its contact", func(h *House) {
		visitor := h.Visitor()
		first := h.Enter(h.Anonymous(visitor, true))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				opened, err := h.DB.OpenSession(h.ctx(), h.Anonymous(visitor, false))
				if err != nil {
					h.Error(err)
				}
				if opened.Contact.ID != first.Contact.ID {
					h.Error("a tab has a contact of its own")
				}
			})
		}
		wg.Wait()
		known, err := h.DB.VisitorByToken(h.ctx(), Main, visitor.TokenHash, h.Now)
		h.must(err)
		same(h, "visitor's contact", known.Contact, first.Contact.ID)
		same(h, "visitor's person", known.Person, "")
	}},
	{"the second browser of a person finds the same contact", func(h *House) {
		first, second := h.Enter(h.Verified("u-1")), h.Enter(h.Verified("u-1"))
		same(h, "contact", second.Contact.ID, first.Contact.ID)
		if first.Contact.ID == h.Enter(h.Verified("u-2")).Contact.ID {
			h.Fatal("two people share a contact")
		}
	}},
	{"a signed email joins if nobody has it, and merges nobody if somebody does", func(h *House) {
		email := identity.Identifier{Realm: Main, Kind: identity.KindEmail, Value: "ann@example.com"}
		first := h.Enter(h.As(h.Verified("x"), "u-1", email))
		same(h, "conflicts", len(first.Conflicts), 0)
		second := h.Enter(h.As(h.Verified("x"), "u-2", email))
		if second.Contact.ID == first.Contact.ID {
			h.Fatal("a second user id took over a contact by its email")
		}
		if !slices.Equal(second.Conflicts, []identity.Identifier{email}) {
			h.Fatalf("conflicts %v", second.Conflicts)
		}
		links, err := h.DB.LinksOf(h.ctx(), Main, first.Contact.ID)
		h.must(err)
		same(h, "links", len(links), 2)
	}},
	{"the same word of another kind or realm is another person", func(h *House) {
		a := h.Enter(h.Verified("ann@example.com"))
		o := h.Verified("x")
		o.Links[0].Identifier.Kind, o.Links[0].Identifier.Value = identity.KindEmail, "ann@example.com"
		if h.Enter(o).Contact.ID == a.Contact.ID {
			h.Fatal("user_id:x and email:x are one person")
		}
		o = h.Verified("ann@example.com")
		o.Links[0].Identifier.Realm = "elsewhere"
		if h.Enter(o).Contact.ID == a.Contact.ID {
			h.Fatal("two realms share a person")
		}
	}},
	{"an unverified visitor finds its own contact by scope and never a verified one", func(h *House) {
		person := h.Enter(h.Verified("u-1"))
		o := h.Claimed("u-1")
		claimed := h.Enter(o)
		if claimed.Contact.ID == person.Contact.ID {
			h.Fatal("a claim reached the person")
		}
		again := h.opening(policy.Claimed, o.Visitor, false)
		again.Contact.Kind, again.Contact.Scope = chat.ClaimedContact, o.Contact.Scope
		same(h, "contact", h.Enter(again).Contact.ID, claimed.Contact.ID)
	}},
	{"a browser that was one person is not reused for the next", func(h *House) {
		o := h.Verified("u-1")
		h.Enter(o)
		next := h.As(h.opening(policy.Verified, o.Visitor, false), "u-2")
		before := h.Head().Seq
		_, err := h.DB.OpenSession(h.ctx(), next)
		h.is(err, chat.ErrOtherPerson)
		same(h, "nothing was written", h.Head().Seq, before)
		_, err = h.DB.SessionByToken(h.ctx(), next.TokenHash, h.Now)
		h.is(err, chat.ErrNotFound)
		same(h, "the same person may", h.Enter(h.As(h.opening(policy.Verified, o.Visitor, false), "u-1")).Session.Visitor, o.Visitor.ID)
	}},
	{"an identify in flight does not outlive a revocation", func(h *House) {
		o := h.Verified("u-1")
		h.ChangeKey(h.Key.ID, func(k *trust.KeyRow) { k.State, k.RevokedAt = "revoked", h.Now }, h.Key.ID)
		_, err := h.DB.OpenSession(h.ctx(), o)
		h.is(err, chat.ErrSessionEnded)
	}},
	{"another channel's key opens nothing here", func(h *House) {
		foreign := h.NewKey(h.NewChannel("second"), "active")
		o := h.Verified("u-1")
		o.Verdict.Key = foreign.ID
		_, err := h.DB.OpenSession(h.ctx(), o)
		h.is(err, chat.ErrSessionEnded)
	}},
	{"revoking a key silences every session of it and no other", func(h *House) {
		second := h.NewKey(h.Channel, "active")
		one, two := h.Enter(h.Verified("u-1")), h.Enter(h.Verified("u-2"))
		o := h.Verified("u-3")
		o.Verdict.Key = second.ID
		other := h.Enter(o)
		live, err := h.DB.LiveSessions(h.ctx(), Main, h.Channel.ID, h.Now)
		h.must(err)
		same(h, "live", live[h.Key.ID]*10+live[second.ID], 21)
		head := h.Head()
		n := h.ChangeKey(h.Key.ID, func(k *trust.KeyRow) { k.State, k.RevokedAt = "revoked", h.Now }, h.Key.ID)
		same(h, "ended", n, 2)
		if h.Head().Epoch <= head.Epoch {
			h.Fatal("the epoch did not rise")
		}
		events := h.Events(head.Seq)
		if want := []event.Kind{event.KeyChanged, event.KeySilenced}; !slices.Equal(kinds(events), want) {
			h.Fatalf("events %v, want %v", kinds(events), want)
		}
		same(h, "silenced key", events[1].Key, h.Key.ID)
		same(h, "audience", events[1].Audience, event.AudienceSystem)
		same(h, "first", h.Stands(one.Token), policy.EndedKey)
		same(h, "second", h.Stands(two.Token), policy.EndedKey)
		same(h, "of the other key", h.Stands(other.Token), policy.Stands)
		_, err = h.DB.Post(h.ctx(), h.Begin(one, "x"))
		h.is(err, chat.ErrSessionEnded)
	}},
	{"a retired state and a retiring key past its end stand for nobody, without a write", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		end := h.Now.Add(time.Minute)
		h.ChangeKey(h.Key.ID, func(k *trust.KeyRow) { k.State, k.RetiringAt, k.EndsAt = "retiring", h.Now, end })
		s, err := h.DB.SessionByToken(h.ctx(), g.Token, h.Now)
		h.must(err)
		same(h, "stands before", s.Standing.Ended(), policy.Stands)
		same(h, "life ends with the key", s.ExpiresAt.Equal(end), true)
		s, err = h.DB.SessionByToken(h.ctx(), g.Token, end)
		h.must(err)
		if s.Standing.Ended() == policy.Stands {
			h.Fatal("it stands after the key's end")
		}
		h.ChangeKey(h.Key.ID, func(k *trust.KeyRow) { k.EndsAt = h.Now.Add(-time.Second) })
		_, err = h.DB.Post(h.ctx(), h.Begin(g, "x"))
		h.is(err, chat.ErrSessionEnded)
		_, err = h.DB.OpenSession(h.ctx(), h.Verified("u-2"))
		h.is(err, chat.ErrSessionEnded)
		h.ChangeKey(h.Key.ID, func(k *trust.KeyRow) { k.State, k.EndsAt = "retired", time.Time{} })
		same(h, "retired", h.Stands(g.Token), policy.EndedKey)
	}},
	{"an expired session neither writes nor renews", func(h *House) {
		o := h.Verified("u-1")
		o.Session.ExpiresAt = h.Now.Add(time.Hour)
		g := h.Enter(o)
		s, err := h.DB.SessionByToken(h.ctx(), g.Token, h.Now.Add(time.Hour))
		h.must(err)
		same(h, "ended", s.Standing.Ended(), policy.EndedExpired)
		late := h.Verified("u-1")
		late.Session.ExpiresAt = h.Now.Add(-time.Second)
		_, err = h.DB.OpenSession(h.ctx(), late)
		h.is(err, chat.ErrSessionEnded)
	}},
	{"renewal moves forward, never past proof or absolute life, and not for the dead", func(h *House) {
		o := h.Verified("u-1")
		o.Session.Absolute, o.Session.ProofEnds = h.Now.Add(4*time.Hour), h.Now.Add(3*time.Hour)
		g := h.Enter(o)
		renew := func(by time.Duration) time.Time {
			s, err := h.DB.RenewSession(h.ctx(), g.Token, h.Now.Add(time.Second), h.Now.Add(by))
			h.must(err)
			read, err := h.DB.SessionByToken(h.ctx(), g.Token, h.Now)
			h.must(err)
			same(h, "as answered and as read", read.ExpiresAt, s.ExpiresAt)
			return s.ExpiresAt
		}
		same(h, "forward", renew(2*time.Hour).Equal(h.Now.Add(2*time.Hour)), true)
		same(h, "never back", renew(time.Minute).Equal(h.Now.Add(2*time.Hour)), true)
		same(h, "not past the proof", renew(99*time.Hour).Equal(h.Now.Add(3*time.Hour)), true)
		h.must(h.DB.EndSession(h.ctx(), Main, g.Session.ID, h.Now))
		_, err := h.DB.RenewSession(h.ctx(), g.Token, h.Now, h.Now.Add(time.Hour))
		h.is(err, chat.ErrSessionEnded)
		_, err = h.DB.RenewSession(h.ctx(), h.Hash(), h.Now, h.Now.Add(time.Hour))
		h.is(err, chat.ErrSessionEnded)
	}},
	{"many renewals at once each find their own session", func(h *House) {
		var guests []Guest
		for range 40 {
			guests = append(guests, h.Enter(h.Verified(h.ID("usr"))))
		}
		var wg sync.WaitGroup
		for i, g := range guests {
			wg.Go(func() {
				if _, err := h.DB.RenewSession(h.ctx(), g.Token, h.Now, h.Now.Add(time.Hour+time.Duration(i)*time.Minute)); err != nil {
					h.Error(err)
				}
			})
		}
		wg.Wait()
		for i, g := range guests {
			s, err := h.DB.SessionByToken(h.ctx(), g.Token, h.Now)
			h.must(err)
			same(h, "expiry", s.ExpiresAt.Equal(h.Now.Add(time.Hour+time.Duration(i)*time.Minute)), true)
		}
	}},
	{"ending one session ends that one, once", func(h *House) {
		one, two := h.Enter(h.Verified("u-1")), h.Enter(h.Verified("u-1"))
		head := h.Head()
		h.must(h.DB.EndSession(h.ctx(), Main, one.Session.ID, h.Now, h.Draft(audit.SessionEnded, one.Contact.ID)))
		same(h, "first", h.Stands(one.Token), policy.EndedLogout)
		same(h, "second", h.Stands(two.Token), policy.Stands)
		events := h.Events(head.Seq)
		same(h, "events", len(events), 1)
		same(h, "kind", events[0].Kind, event.SessionEnded)
		same(h, "session", events[0].Session, one.Session.ID)
		now := h.Head()
		if now.Epoch <= head.Epoch {
			h.Fatal("the epoch did not rise")
		}
		h.must(h.DB.EndSession(h.ctx(), Main, one.Session.ID, h.Now, h.Draft(audit.SessionEnded, one.Contact.ID)))
		same(h, "again writes nothing", h.Head().Seq, now.Seq)
		h.is(h.DB.EndSession(h.ctx(), Main, h.ID("ses"), h.Now), chat.ErrNotFound)
	}},
	{"a session that replaces another ends it in the same commit", func(h *House) {
		first := h.Enter(h.Verified("u-1"))
		o := h.As(h.opening(policy.Verified, first.Visitor, false), "u-1")
		o.Ends = first.Token
		before := h.Head()
		second := h.Enter(o)
		same(h, "first", h.Stands(first.Token), policy.EndedLogout)
		same(h, "second", h.Stands(second.Token), policy.Stands)
		same(h, "events", len(h.Events(before.Seq)), 1)
	}},
	{"log-out ends this browser's person and its anonymous self, and no other browser", func(h *House) {
		visitor := h.Visitor()
		anonymous := h.Enter(h.Anonymous(visitor, true))
		person := h.Enter(h.As(h.opening(policy.Verified, visitor, false), "u-1"))
		elsewhere := h.Enter(h.Verified("u-1"))
		n, err := h.DB.LogOut(h.ctx(), person.Session, h.Now, h.Draft(audit.SessionEnded, person.Contact.ID))
		h.must(err)
		same(h, "ended", n, 2)
		same(h, "person", h.Stands(person.Token), policy.EndedLogout)
		same(h, "anonymous", h.Stands(anonymous.Token), policy.EndedLogout)
		same(h, "elsewhere", h.Stands(elsewhere.Token), policy.Stands)
		_, err = h.DB.VisitorByToken(h.ctx(), Main, visitor.TokenHash, h.Now)
		h.is(err, chat.ErrNotFound)
		_, err = h.DB.OpenSession(h.ctx(), h.Anonymous(visitor, false))
		h.is(err, chat.ErrOtherPerson)
		n, err = h.DB.LogOut(h.ctx(), person.Session, h.Now)
		h.must(err)
		same(h, "again", n, 0)
	}},
	{"ending all sessions of a person counts them", func(h *House) {
		one, two := h.Enter(h.Verified("u-1")), h.Enter(h.Verified("u-1"))
		n, err := h.DB.EndSessionsOf(h.ctx(), chat.SignOut{Workspace: Main, Contact: one.Contact.ID}, h.Draft(audit.SessionEnded, one.Contact.ID))
		h.must(err)
		same(h, "ended", n, 2)
		same(h, "second", h.Stands(two.Token), policy.EndedLogout)
		list, err := h.DB.SessionsOf(h.ctx(), Main, one.Contact.ID, 10, h.Now)
		h.must(err)
		same(h, "listed", len(list), 2)
	}},
	{"a blocked person neither acts nor comes in, until let in again", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		head := h.Head()
		n, err := h.DB.SetBlocked(h.ctx(), Main, g.Contact.ID, true, h.Now, h.Draft(audit.ContactBlocked, g.Contact.ID))
		h.must(err)
		same(h, "ended", n, 1)
		same(h, "stands", h.Stands(g.Token), policy.EndedBlocked)
		if h.Head().Epoch <= head.Epoch || !slices.Contains(kinds(h.Events(head.Seq)), event.ContactBlocked) {
			h.Fatal("no node will hear of it")
		}
		_, err = h.DB.Post(h.ctx(), h.Begin(g, "x"))
		h.is(err, chat.ErrSessionEnded)
		_, err = h.DB.OpenSession(h.ctx(), h.Verified("u-1"))
		h.is(err, chat.ErrSessionEnded)
		_, err = h.DB.SetBlocked(h.ctx(), Main, g.Contact.ID, false, h.Now, h.Draft(audit.ContactUnblocked, g.Contact.ID))
		h.must(err)
		h.Enter(h.Verified("u-1"))
	}},
	{"enforcement ends the claimed sessions of that platform and no other", func(h *House) {
		claimed, verified := h.Enter(h.Claimed("ann")), h.Enter(h.Verified("u-1"))
		anonymous := h.Enter(h.Anonymous(h.Visitor(), true))
		phone := h.Claimed("bob")
		phone.Session.Platform = policy.IOS
		other := h.Enter(phone)
		waiting := h.Claimed("eve")
		head := h.Head()
		n, err := h.DB.SetEnforcement(h.ctx(), Main, workspace.EnforcementChange{Channel: h.Channel.ID, Platform: policy.Web, To: policy.Enforce}, h.Now, h.Draft(audit.EnforcementSet, h.Channel.ID))
		h.must(err)
		same(h, "ended", n, 1)
		same(h, "claimed", h.Stands(claimed.Token), policy.EndedPolicy)
		same(h, "verified", h.Stands(verified.Token), policy.Stands)
		same(h, "anonymous", h.Stands(anonymous.Token), policy.Stands)
		same(h, "other platform", h.Stands(other.Token), policy.Stands)
		if want := []event.Kind{event.EnforcementChanged}; !slices.Equal(kinds(h.Events(head.Seq)), want) {
			h.Fatalf("events %v", kinds(h.Events(head.Seq)))
		}
		_, err = h.DB.OpenSession(h.ctx(), waiting)
		h.is(err, chat.ErrSessionEnded)
		_, err = h.DB.Post(h.ctx(), h.Begin(claimed, "x"))
		h.is(err, chat.ErrSessionEnded)
	}},
	{"a minimum tier that rises ends the sessions below it for good, and tells their streams", func(h *House) {
		enforce := func(platform policy.Platform) int {
			n, err := h.DB.SetEnforcement(h.ctx(), Main, workspace.EnforcementChange{Channel: h.Channel.ID, Platform: platform, To: policy.Enforce}, h.Now, h.Draft(audit.EnforcementSet, h.Channel.ID))
			h.must(err)
			return n
		}
		minimum := func(tier policy.Tier) string {
			head, channel := h.Head(), h.Channel
			channel.MinimumTier = tier
			h.must(h.DB.UpdateChannel(h.ctx(), channel, h.Draft(audit.ChannelChanged, channel.ID)))
			events := h.Events(head.Seq)
			if want := []event.Kind{event.ChannelChanged}; !slices.Equal(kinds(events), want) || h.Head().Epoch <= head.Epoch {
				h.Fatalf("events %v", kinds(events))
			}
			return string(events[0].Body)
		}
		enforce(policy.Web)
		late := h.Anonymous(h.Visitor(), true)
		anonymous, verified, phone := h.Enter(h.Anonymous(h.Visitor(), true)), h.Enter(h.Verified("u-1")), h.Anonymous(h.Visitor(), true)
		phone.Session.Platform = policy.IOS
		other := h.Enter(phone)
		same(h, "a change that takes nothing", minimum(policy.Anonymous), "{}")
		same(h, "body", minimum(policy.Verified), `{"tiers":["anonymous","claimed"]}`)
		same(h, "anonymous", h.Stands(anonymous.Token), policy.EndedPolicy)
		same(h, "verified", h.Stands(verified.Token), policy.Stands)
		same(h, "where nothing is enforced", h.Stands(other.Token), policy.Stands)
		_, err := h.DB.OpenSession(h.ctx(), late)
		h.is(err, chat.ErrSessionEnded)
		_, err = h.DB.Post(h.ctx(), h.Begin(anonymous, "x"))
		h.is(err, chat.ErrSessionEnded)
		same(h, "the same once more", minimum(policy.Verified), "{}")
		same(h, "ended by a switch", enforce(policy.IOS), 1)
		minimum(policy.Anonymous)
		same(h, "anonymous after it was lowered again", h.Stands(anonymous.Token), policy.EndedPolicy)
		same(h, "the other after it was lowered again", h.Stands(other.Token), policy.EndedPolicy)
		entries, err := h.DB.Entries(h.ctx(), Main, audit.Filter{Action: audit.ChannelChanged})
		h.must(err)
		same(h, "on the record", entries.Entries[2].Detail["sessions_ended"], "1")
	}},
	{"a platform that the channel does not list is enforced", func(h *House) {
		o := h.Claimed("ann")
		o.Session.Platform = policy.Android
		_, err := h.DB.OpenSession(h.ctx(), o)
		h.is(err, chat.ErrSessionEnded)
	}},
	{"one question finds a browser and what is known of a person", func(h *House) {
		o := h.Verified("u-1")
		o.Attributes = []chat.Attribute{
			{Name: "plan", Provenance: chat.BySignature, Value: []byte(`"gold"`), At: h.Now},
			{Name: "plan", Provenance: chat.ByClaim, Value: []byte(`null`), At: h.Now},
		}
		g := h.Enter(o)
		one, err := h.DB.VisitorByToken(h.ctx(), Main, o.Visitor.TokenHash, h.Now)
		h.must(err)
		visitor, known, err := h.DB.Returning(h.ctx(), Main, o.Visitor.TokenHash, g.Contact.ID, h.Now)
		h.must(err)
		same(h, "visitor", fmt.Sprint(visitor), fmt.Sprint(one))
		values := map[chat.Provenance]string{}
		for _, a := range known {
			same(h, "name", a.Name, "plan")
			values[a.Provenance] = string(a.Value)
		}
		same(h, "words", len(known), 2)
		same(h, "signed", values[chat.BySignature], `"gold"`)
		same(h, "claimed", values[chat.ByClaim], `null`)
		if _, known, err = h.DB.Returning(h.ctx(), Main, o.Visitor.TokenHash, h.ID("con"), h.Now); err != nil || len(known) > 0 {
			h.Errorf("of nobody: %v, %v", known, err)
		}
		_, _, err = h.DB.Returning(h.ctx(), Main, o.Visitor.TokenHash, g.Contact.ID, one.ExpiresAt)
		h.is(err, chat.ErrNotFound)
		_, err = h.DB.LogOut(h.ctx(), g.Session, h.Now)
		h.must(err)
		_, _, err = h.DB.Returning(h.ctx(), Main, o.Visitor.TokenHash, g.Contact.ID, h.Now)
		h.is(err, chat.ErrNotFound)
	}},
	{"a weaker word stands beside a stronger one and replaces nothing", func(h *House) {
		o := h.Verified("u-1")
		o.Attributes = []chat.Attribute{
			{Name: "plan", Provenance: chat.BySignature, Value: []byte(`"gold"`), At: h.Now},
			{Name: "plan", Provenance: chat.ByClaim, Value: []byte(`"platinum"`), At: h.Now},
		}
		g := h.Enter(o)
		again := h.As(h.opening(policy.Verified, o.Visitor, false), "u-1")
		again.Attributes = []chat.Attribute{{Name: "plan", Provenance: chat.BySignature, Value: []byte(`"silver"`), At: h.Now}}
		h.Enter(again)
		h.must(h.DB.SetAttribute(h.ctx(), chat.Attribute{Workspace: Main, Contact: g.Contact.ID, Name: "plan", Provenance: chat.ByAgent, Value: []byte(`true`), At: h.Now}, policy.Authority{}))
		list, err := h.DB.AttributesOf(h.ctx(), Main, []string{g.Contact.ID})
		h.must(err)
		values := map[chat.Provenance]string{}
		for _, a := range list {
			values[a.Provenance] = string(a.Value)
		}
		same(h, "signed", values[chat.BySignature], `"silver"`)
		same(h, "claimed", values[chat.ByClaim], `"platinum"`)
		same(h, "agent", values[chat.ByAgent], `true`)
	}},
	{"a person who says another name each time fills a hundred rows of each provenance, and keeps the latest", func(h *House) {
		visitor, fresh := h.Visitor(), true
		var g Guest
		for i := range 5 {
			o := h.As(h.opening(policy.Verified, visitor, fresh), "u-1")
			at := h.Now.Add(time.Duration(i) * time.Second)
			for j := range 40 {
				o.Attributes = append(o.Attributes, chat.Attribute{Name: fmt.Sprintf("made-up-%d-%02d", i, j), Provenance: chat.ByClaim, Value: []byte("1"), At: at})
			}
			o.Attributes = append(o.Attributes, chat.Attribute{Name: "name", Provenance: chat.ByClaim, Value: []byte(`"Ann"`), At: at},
				chat.Attribute{Name: "user_id", Provenance: chat.BySignature, Value: []byte(`"u-1"`), At: at})
			g, fresh = h.Enter(o), false
		}
		opened, err := h.DB.AttributesOf(h.ctx(), Main, []string{g.Contact.ID})
		h.must(err)
		same(h, "by openings alone", len(opened), chat.MaxKeptAttributes+1)
		elsewhere := h.Enter(h.Verified("u-2"))
		for i := range 120 {
			a := chat.Attribute{Workspace: Main, Contact: g.Contact.ID, Name: fmt.Sprint("noted-", i), Provenance: chat.ByAgent, Value: []byte("1"), At: h.Now.Add(time.Duration(i) * time.Second)}
			h.must(h.DB.SetAttribute(h.ctx(), a, policy.Authority{}))
			if a.Contact = elsewhere.Contact.ID; i < 2 {
				h.must(h.DB.SetAttribute(h.ctx(), a, policy.Authority{}))
			}
		}
		list, err := h.DB.AttributesOf(h.ctx(), Main, []string{g.Contact.ID, elsewhere.Contact.ID})
		h.must(err)
		kept := map[chat.Provenance]int{}
		has := func(name string) bool {
			return slices.ContainsFunc(list, func(a chat.Attribute) bool { return a.Name == name })
		}
		for _, a := range list {
			if a.Contact == g.Contact.ID {
				kept[a.Provenance]++
			}
		}
		same(h, "claimed", kept[chat.ByClaim], chat.MaxKeptAttributes)
		same(h, "noted", kept[chat.ByAgent], chat.MaxKeptAttributes)
		same(h, "signed", kept[chat.BySignature], 1)
		same(h, "another's", len(list)-kept[chat.ByClaim]-kept[chat.ByAgent]-kept[chat.BySignature], 2)
		same(h, "the latest", has("made-up-4-39") && has("made-up-4-00") && has("noted-119"), true)
		same(h, "the first", has("made-up-0-00") || has("noted-19"), false)
		named, err := h.DB.NamesOf(h.ctx(), Main, []string{g.Contact.ID})
		h.must(err)
		same(h, "what the person is called by", len(named), 2)
	}},
	{"who is blocked is found by the proof that would let them in", func(h *House) {
		o := h.Verified("u-1")
		g := h.Enter(o)
		i := o.Verdict.Identifiers[0]
		blocked := func(i identity.Identifier, scope string) bool {
			found, _, err := h.DB.Expected(h.ctx(), Main, i, scope, "")
			h.must(err)
			return !found.BlockedAt.IsZero()
		}
		same(h, "before", blocked(i, ""), false)
		_, err := h.DB.SetBlocked(h.ctx(), Main, g.Contact.ID, true, h.Now, h.Draft(audit.ContactBlocked, g.Contact.ID))
		h.must(err)
		same(h, "by identifier", blocked(i, ""), true)
		elsewhere, _, err := h.DB.Expected(h.ctx(), Other, i, "", "")
		h.must(err)
		same(h, "next door", elsewhere.ID, "")
		i.Value = "u-2"
		same(h, "another", blocked(i, ""), false)
		e := h.Claimed("x")
		hangs := h.Enter(e)
		_, err = h.DB.SetBlocked(h.ctx(), Main, hangs.Contact.ID, true, h.Now, h.Draft(audit.ContactBlocked, hangs.Contact.ID))
		h.must(err)
		same(h, "by scope", blocked(i, e.Contact.Scope), true)
		same(h, "by another scope", blocked(i, e.Contact.Scope+"x"), false)
	}},
}
