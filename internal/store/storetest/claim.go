package storetest

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

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

// claim is one of everything that waits.
func (h *House) claim(anonymous, person Guest) chat.ThreadClaim {
	h.Helper()
	threads, err := h.DB.AnonymousThreads(h.ctx(), Main, anonymous.Visitor.ID, person.Contact.ID)
	h.must(err)
	return chat.ThreadClaim{
		ID: h.ID("clm"), Session: person.Session, Visitor: person.Visitor.ID, FromContact: anonymous.Contact.ID, Threads: threads, At: h.Now,
		Draft: h.Draft(audit.ThreadClaimed, person.Contact.ID),
	}
}

// written is when and how a visitor's thread was last written into, as a person would be asked.
func (h *House) written(person Guest) map[string]chat.AnonymousThread {
	h.Helper()
	threads, err := h.DB.AnonymousThreads(h.ctx(), Main, person.Visitor.ID, person.Contact.ID)
	h.must(err)
	by := map[string]chat.AnonymousThread{}
	for _, thread := range threads {
		by[thread.Conversation] = thread
	}
	return by
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
	{"a waiting thread says when its visitor wrote, however late the team answered", func(h *House) {
		anonymous, person, id := h.visit("u-1")
		begun := h.Begin(anonymous, "")
		begun.Message.ID, begun.Message.Text = "", "" // begun, and nothing said
		h.Post(begun)
		answer := h.Reply(id, "an answer, much later")
		answer.Message.At = h.Now.Add(48 * time.Hour)
		h.Post(answer)
		threads := h.written(person)
		same(h, "threads", len(threads), 1)
		waiting := threads[id]
		same(h, "contact", waiting.Contact, anonymous.Contact.ID)
		same(h, "time", waiting.LastAt.Equal(h.Now), true)
		same(h, "others", waiting.OthersVerified, false)
		list, err := h.DB.AnonymousThreads(h.ctx(), Main, person.Visitor.ID, h.ID("con"))
		h.must(err)
		same(h, "to somebody else, the person is another", list[0].OthersVerified, true)
		list, err = h.DB.AnonymousThreads(h.ctx(), Main, h.Enter(h.Verified("u-9")).Visitor.ID, "")
		h.must(err)
		same(h, "of a browser that never was anonymous", len(list), 0)
	}},
	{"a claim of one thread takes no other along, and hides the one it took from the browser", func(h *House) {
		anonymous, person, moved := h.visit("u-1")
		stays := h.Post(h.Begin(anonymous, "somebody else's, last week")).Conversation.ID
		claim := h.claim(anonymous, person)
		claim.Threads = []chat.AnonymousThread{h.written(person)[moved]}
		n, err := h.DB.ClaimThread(h.ctx(), claim)
		h.must(err)
		same(h, "moved", n, 1)
		same(h, "anonymous session", h.Stands(anonymous.Token), policy.EndedLogout)
		_, err = h.DB.Conversation(h.ctx(), Main, person.Contact.ID, stays)
		h.is(err, chat.ErrNotFound)
		waits := h.written(person)
		same(h, "still waits", len(waits) == 1 && waits[stays].Conversation == stays, true)
		again := h.Enter(h.Anonymous(person.Visitor, false))
		same(h, "the browser's own contact", again.Contact.ID, anonymous.Contact.ID)
		events, err := h.DB.VisitorEvents(h.ctx(), Main, again.Contact.ID, 0, 10)
		h.must(err)
		for _, e := range events {
			same(h, "of the thread that it still has", e.Conversation, stays)
		}
		same(h, "events", len(events), 2)
		n, err = h.DB.ClaimThread(h.ctx(), h.claim(anonymous, person))
		h.must(err)
		same(h, "after a yes", n, 1)
		if h.Enter(h.Anonymous(person.Visitor, false)).Contact.ID == anonymous.Contact.ID {
			h.Fatal("the emptied contact came back")
		}
	}},
	{"a thread that was written into after it was judged stays, and ends nobody's session", func(h *House) {
		anonymous, person, id := h.visit("u-1")
		claim := h.claim(anonymous, person)
		h.Post(h.Say(anonymous, id, "by whoever sits there now"))
		head := h.Head()
		n, err := h.DB.ClaimThread(h.ctx(), claim)
		h.must(err)
		same(h, "moved", n, 0)
		same(h, "anonymous session", h.Stands(anonymous.Token), policy.Stands)
		same(h, "head", h.Head().Seq, head.Seq)
		entries, err := h.DB.Entries(h.ctx(), Main, audit.Filter{Action: audit.ThreadClaimed})
		h.must(err)
		same(h, "recorded", len(entries.Entries), 0)
	}},
}
