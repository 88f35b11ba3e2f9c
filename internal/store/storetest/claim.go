package storetest

import (
	"slices"
	"sync"
	"sync/atomic"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
)

// visit is a browser that wrote anonymously and then proved who it is.
func (h *House) visit(user string) (anonymous, person Guest, conversation string) {
	h.Helper()
	visitor := h.Visitor()
	anonymous = h.Enter(h.Anonymous(visitor, true))
	conversation = h.Post(h.Begin(anonymous, "before log-in")).Conversation.ID
	person = h.Enter(h.As(h.opening(policy.Verified, visitor, false), user))
	return anonymous, person, conversation
}

func (h *House) claim(anonymous, person Guest) chat.ThreadClaim {
	return chat.ThreadClaim{
		ID: h.ID("clm"), Session: person.Session, Visitor: person.Visitor.ID, FromContact: anonymous.Contact.ID, At: h.Now,
		Draft: h.Draft(audit.ThreadClaimed, person.Contact.ID),
	}
}

var claimTests = []test{
	{"claiming moves the thread and ends the anonymous session in one commit", func(h *House) {
		anonymous, person, id := h.visit("u-1")
		head := h.Head()
		n, err := h.DB.ClaimThread(h.ctx(), h.claim(anonymous, person))
		h.must(err)
		same(h, "moved", n, 1)
		events := h.Events(head.Seq)
		if want := []event.Kind{event.ConversationMoved, event.SessionEnded}; !slices.Equal(kinds(events), want) {
			h.Fatalf("events %v, want %v", kinds(events), want)
		}
		same(h, "new owner", events[0].Contact, person.Contact.ID)
		same(h, "anonymous session", h.Stands(anonymous.Token), policy.EndedLogout)
		same(h, "person's session", h.Stands(person.Token), policy.Stands)
		list, err := h.DB.VisitorMessages(h.ctx(), Main, person.Contact.ID, id, 0, 10)
		h.must(err)
		same(h, "the person reads it", len(list), 1)
		same(h, "under the tier it was written with", list[0].Tier, policy.Anonymous)
		list, err = h.DB.VisitorMessages(h.ctx(), Main, anonymous.Contact.ID, id, 0, 10)
		h.must(err)
		same(h, "nobody else does", len(list), 0)
		entries, err := h.DB.Entries(h.ctx(), Main, audit.Filter{Action: audit.ThreadClaimed})
		h.must(err)
		same(h, "recorded", len(entries.Entries), 1)
		_, err = h.DB.Post(h.ctx(), h.Say(anonymous, id, "x"))
		h.is(err, chat.ErrSessionEnded)
	}},
	{"the next anonymous visit in that browser reads nothing of the claimed thread", func(h *House) {
		anonymous, person, _ := h.visit("u-1")
		_, err := h.DB.ClaimThread(h.ctx(), h.claim(anonymous, person))
		h.must(err)
		next := h.Enter(h.Anonymous(person.Visitor, false))
		if next.Contact.ID == anonymous.Contact.ID {
			h.Fatal("the emptied contact came back")
		}
		events, err := h.DB.VisitorEvents(h.ctx(), Main, next.Contact.ID, 0, 10)
		h.must(err)
		same(h, "events", len(events), 0)
	}},
	{"two claims of one thread move it once", func(h *House) {
		anonymous, person, _ := h.visit("u-1")
		var moved atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if n, err := h.DB.ClaimThread(h.ctx(), h.claim(anonymous, person)); err == nil {
					moved.Add(int64(n))
				}
			})
		}
		wg.Wait()
		same(h, "moved", moved.Load(), 1)
	}},
	{"nobody claims another browser's thread, a claimed one, or without a proof", func(h *House) {
		anonymous, _, _ := h.visit("u-1")
		stranger := h.Enter(h.Verified("u-2"))
		_, err := h.DB.ClaimThread(h.ctx(), h.claim(anonymous, stranger))
		h.is(err, chat.ErrNotFound)
		lie := h.claim(anonymous, stranger)
		lie.Visitor = anonymous.Visitor.ID
		_, err = h.DB.ClaimThread(h.ctx(), lie)
		h.is(err, chat.ErrNotFound)
		_, err = h.DB.ClaimThread(h.ctx(), h.claim(stranger, anonymous))
		h.is(err, chat.ErrSessionEnded)
		victim := h.Enter(h.Verified("u-3"))
		_, err = h.DB.ClaimThread(h.ctx(), h.claim(victim, stranger))
		h.is(err, chat.ErrNotFound)
	}},
	{"an ended session claims nothing", func(h *House) {
		anonymous, person, _ := h.visit("u-1")
		h.must(h.DB.EndSession(h.ctx(), Main, person.Session.ID, h.Now))
		_, err := h.DB.ClaimThread(h.ctx(), h.claim(anonymous, person))
		h.is(err, chat.ErrSessionEnded)
	}},
	{"a waiting thread says when it was written and whether others came since", func(h *House) {
		anonymous, person, id := h.visit("u-1")
		waiting, err := h.DB.AnonymousThread(h.ctx(), Main, person.Visitor.ID, person.Contact.ID)
		h.must(err)
		same(h, "contact", waiting.Contact, anonymous.Contact.ID)
		same(h, "conversation", waiting.Conversation, id)
		same(h, "time", waiting.LastAt.Equal(h.Now), true)
		same(h, "others", waiting.OthersVerified, false)
		waiting, err = h.DB.AnonymousThread(h.ctx(), Main, person.Visitor.ID, h.ID("con"))
		h.must(err)
		same(h, "to somebody else, the person is another", waiting.OthersVerified, true)
		_, err = h.DB.AnonymousThread(h.ctx(), Main, h.Enter(h.Verified("u-9")).Visitor.ID, "")
		h.is(err, chat.ErrNotFound)
	}},
}
