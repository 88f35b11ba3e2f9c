package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/trust"
)

// ample is a quota that nobody reaches.
func (h *House) ample() chat.Quota {
	return chat.Quota{Since: h.Now.Add(-time.Hour), Files: 1000, Bytes: 1 << 40}
}

// Attachment is a file of a guest, not stored yet.
func (h *House) Attachment(g Guest) chat.Attachment {
	s := g.Session
	return chat.Attachment{
		FileBody:  chat.FileBody{ID: h.ID("fil"), Name: "kettle.png", MediaType: "image/png", Size: 1000, Width: 30, Height: 20},
		Workspace: Main, Channel: s.Channel, Contact: s.Contact, Visitor: s.Visitor, Tier: s.Standing.Tier(), Method: s.Standing.Method(),
		Session: s.ID, Key: s.Standing.Key(), Thumbnail: true, CreatedAt: h.Now,
	}
}

// HandIn keeps a guest's file.
func (h *House) HandIn(g Guest) chat.Attachment {
	h.Helper()
	a := h.Attachment(g)
	h.must(h.DB.BeginAttachment(h.ctx(), a, g.Token, h.ample()))
	h.must(h.DB.KeepAttachment(h.ctx(), a, g.Token, h.ample()))
	return a
}

// HandInReply keeps a file of the owner.
func (h *House) HandInReply() chat.Attachment {
	h.Helper()
	a := chat.Attachment{FileBody: chat.FileBody{ID: h.ID("fil"), Name: "manual.pdf", MediaType: "application/pdf", Size: 10}, Workspace: Main, Agent: h.Owner.ID, Login: h.Login.ID, CreatedAt: h.Now}
	h.must(h.DB.BeginAttachment(h.ctx(), a, nil, h.ample()))
	h.must(h.DB.KeepAttachment(h.ctx(), a, nil, h.ample()))
	return a
}

func with(p chat.Post, files ...chat.Attachment) chat.Post {
	for _, a := range files {
		p.Files = append(p.Files, a.ID)
	}
	return p
}

func (h *House) waits() []string {
	h.Helper()
	ids, err := h.DB.Discarded(h.ctx(), 1000)
	h.must(err)
	return ids
}

var fileTests = []test{
	{"a message takes its files along, in order, and says so to both sides", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		a, b := h.HandIn(g), h.HandIn(g)
		begin := with(h.Begin(g, ""), b, a)
		posted := h.Post(begin)
		want := fmt.Sprint([]chat.FileBody{b.FileBody, a.FileBody})
		same(h, "as answered", fmt.Sprint(posted.Message.Files), want)
		same(h, "preview", posted.Conversation.Preview, "\U0001F4CE kettle.png +1")
		list, err := h.DB.VisitorMessages(h.ctx(), Main, g.Contact.ID, posted.Conversation.ID, 0, 10)
		h.must(err)
		same(h, "as its visitor reads it", fmt.Sprint(list[0].Files), want)
		list, err = h.DB.AgentMessages(h.ctx(), Main, posted.Conversation.ID, 0, 10)
		h.must(err)
		same(h, "as agents read it", fmt.Sprint(list[0].Files), want)
		got, err := h.DB.VisitorAttachment(h.ctx(), g.Session, a.ID)
		h.must(err)
		same(h, "message", got.Message, posted.Message.ID)
		same(h, "thumbnail", got.Thumbnail, true)
		again := h.Post(begin)
		same(h, "repeated", again.Repeated, true)
		same(h, "as answered again", fmt.Sprint(again.Message.Files), want)
	}},
	{"a file is one sender's: contact, browser, tier and method", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		a := h.HandIn(g)
		thread := h.Post(h.Begin(g, "hello")).Conversation.ID
		elsewhere := h.Enter(h.Verified("u-1")) // the same person in another browser
		other := h.Enter(h.Verified("u-2"))
		theirs := h.Post(h.Begin(other, "hello")).Conversation.ID
		for who, p := range map[string]chat.Post{
			"another browser": with(h.Say(elsewhere, thread, "x"), a), "another person": with(h.Say(other, theirs, "x"), a),
			"an agent": with(h.Reply(thread, "x"), a), "twice in one": with(h.Say(g, thread, "x"), a, a),
		} {
			if _, err := h.DB.Post(h.ctx(), p); !errors.Is(err, chat.ErrFileUnknown) {
				h.Errorf("%s: %v", who, err)
			}
		}
		same(h, "messages", len(h.Events(0)) > 0, true)
		list, err := h.DB.AgentMessages(h.ctx(), Main, thread, 0, 10)
		h.must(err)
		same(h, "a refused message is written", len(list), 1)
		for _, s := range []chat.Session{elsewhere.Session, other.Session} {
			_, err := h.DB.VisitorAttachment(h.ctx(), s, a.ID)
			h.is(err, chat.ErrNotFound)
		}
		_, err = h.DB.AgentAttachment(h.ctx(), Main, h.Owner.ID, a.ID)
		h.is(err, chat.ErrNotFound) // nobody sent it
		h.Post(with(h.Say(g, thread, "x"), a))
		_, err = h.DB.Post(h.ctx(), with(h.Say(g, thread, "y"), a))
		h.is(err, chat.ErrFileUnknown)
		_, err = h.DB.VisitorAttachment(h.ctx(), elsewhere.Session, a.ID) // their own thread, wherever they prove who they are
		h.must(err)
		_, err = h.DB.VisitorAttachment(h.ctx(), other.Session, a.ID)
		h.is(err, chat.ErrNotFound)
	}},
	{"of many who send one file at once, one does", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		a := h.HandIn(g)
		thread := h.Post(h.Begin(g, "hello")).Conversation.ID
		var group sync.WaitGroup
		var mu sync.Mutex
		sent := 0
		for range 12 {
			p := with(h.Say(g, thread, "x"), a)
			group.Go(func() {
				if _, err := h.DB.Post(h.ctx(), p); err == nil {
					mu.Lock()
					sent++
					mu.Unlock()
				}
			})
		}
		group.Wait()
		same(h, "sent", sent, 1)
	}},
	{"a file of a note is agents' alone", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		thread := h.Post(h.Begin(g, "hello")).Conversation.ID
		a, b := h.HandInReply(), h.HandInReply()
		note := with(h.Reply(thread, "look"), a)
		note.Message.Audience = event.AudienceAgents
		h.Post(note)
		h.Post(with(h.Reply(thread, "here"), b))
		_, err := h.DB.VisitorAttachment(h.ctx(), g.Session, a.ID)
		h.is(err, chat.ErrNotFound)
		_, err = h.DB.VisitorAttachment(h.ctx(), g.Session, b.ID)
		h.must(err)
		_, err = h.DB.AgentAttachment(h.ctx(), Main, "somebody else", a.ID)
		h.must(err)
		for _, e := range h.Events(0) {
			if e.Kind == event.NoteCreated && e.Audience != event.AudienceAgents {
				h.Error("the note's event is not agents' alone")
			}
		}
	}},
	{"nothing is handed in or sent by a right that has gone", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		a, waiting := h.Attachment(g), h.HandIn(g)
		h.must(h.DB.BeginAttachment(h.ctx(), a, g.Token, h.ample()))
		_, err := h.DB.SetBlocked(h.ctx(), Main, g.Contact.ID, true, h.Now, audit.Draft{})
		h.must(err)
		h.is(h.DB.KeepAttachment(h.ctx(), a, g.Token, h.ample()), chat.ErrSessionEnded)
		h.is(h.DB.BeginAttachment(h.ctx(), h.Attachment(g), g.Token, h.ample()), chat.ErrSessionEnded)
		_, err = h.DB.Post(h.ctx(), with(h.Begin(g, "x"), waiting))
		h.is(err, chat.ErrSessionEnded)
		reply := h.HandInReply()
		h.must(h.DB.EndLogin(h.ctx(), Main, h.Login.ID, h.Now, audit.Draft{}))
		h.is(h.DB.BeginAttachment(h.ctx(), chat.Attachment{FileBody: chat.FileBody{ID: h.ID("fil")}, Workspace: Main, Agent: h.Owner.ID, Login: h.Login.ID, CreatedAt: h.Now}, nil, h.ample()), chat.ErrSessionEnded)
		_, err = h.DB.LinkedAttachment(h.ctx(), chat.FileLink{Workspace: Main, File: reply.ID, Reader: chat.AgentReads, Holder: h.Login.ID}, h.Now)
		h.is(err, chat.ErrNotFound)
	}},
	{"a file that a revoked key's session handed in goes with nobody's message", func(h *House) {
		visitor := h.Visitor()
		thief := h.Enter(h.As(h.opening(policy.Verified, visitor, true), "u-1"))
		a := h.HandIn(thief)
		old := h.Key
		h.Key = h.NewKey(h.Channel, "active")
		h.ChangeKey(old.ID, func(k *trust.KeyRow) { k.State, k.RevokedAt = "revoked", h.Now }, old.ID)
		owner := h.Enter(h.As(h.opening(policy.Verified, visitor, false), "u-1"))
		same(h, "contact", owner.Contact.ID, thief.Contact.ID)
		_, err := h.DB.Post(h.ctx(), with(h.Begin(owner, "x"), a))
		h.is(err, chat.ErrFileUnknown)
	}},
	{"a file waits through a session that replaces the one before", func(h *House) {
		visitor := h.Visitor()
		before := h.Enter(h.As(h.opening(policy.Verified, visitor, true), "u-1"))
		a := h.HandIn(before)
		next := h.As(h.opening(policy.Verified, visitor, false), "u-1")
		next.Ends = before.Token
		after := h.Enter(next)
		h.Post(with(h.Begin(after, "x"), a))
	}},
	{"a quota counts what was kept, and what comes in", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		quota := chat.Quota{Since: h.Now.Add(-time.Hour), Files: 2, Bytes: 1500, Total: 1 << 40}
		a, b := h.Attachment(g), h.Attachment(g)
		h.must(h.DB.BeginAttachment(h.ctx(), a, g.Token, quota))
		h.must(h.DB.BeginAttachment(h.ctx(), b, g.Token, quota))
		h.is(h.DB.BeginAttachment(h.ctx(), h.Attachment(g), g.Token, quota), chat.ErrTooMany)
		h.must(h.DB.KeepAttachment(h.ctx(), a, g.Token, quota))
		h.is(h.DB.KeepAttachment(h.ctx(), b, g.Token, quota), chat.ErrTooMany) // 2,000 bytes of 1,500
		h.must(h.DB.DiscardAttachment(h.ctx(), Main, b.ID))
		quota.Files, quota.Bytes, quota.Total = 10, 1<<40, 1500
		h.must(h.DB.BeginAttachment(h.ctx(), b, g.Token, quota))
		h.is(h.DB.KeepAttachment(h.ctx(), b, g.Token, quota), chat.ErrTooMany)
		quota.Total, quota.Kept = 1<<40, 2
		h.is(h.DB.BeginAttachment(h.ctx(), h.Attachment(g), g.Token, quota), chat.ErrTooMany)
		other := h.Enter(h.Verified("u-2"))
		h.must(h.DB.BeginAttachment(h.ctx(), h.Attachment(other), other.Token, quota))
	}},
	{"what nobody sent is discarded, and only that", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		waiting, sent, coming := h.HandIn(g), h.HandIn(g), h.Attachment(g)
		h.must(h.DB.BeginAttachment(h.ctx(), coming, g.Token, h.ample()))
		posted := h.Post(with(h.Begin(g, "x"), sent))
		n, err := h.DB.DiscardUnsent(h.ctx(), h.Now.Add(-time.Hour), h.Now.Add(-time.Hour), 10)
		h.must(err)
		same(h, "too early", n, 0)
		n, err = h.DB.DiscardUnsent(h.ctx(), h.Now.Add(-time.Hour), h.Now.Add(time.Hour), 10)
		h.must(err)
		same(h, "those that broke off", n, 1)
		same(h, "which", fmt.Sprint(h.waits()), fmt.Sprint([]string{coming.ID}))
		h.is(h.DB.KeepAttachment(h.ctx(), coming, g.Token, h.ample()), chat.ErrFileUnknown)
		n, err = h.DB.DiscardUnsent(h.ctx(), h.Now.Add(time.Hour), h.Now.Add(-time.Hour), 10)
		h.must(err)
		same(h, "those that nobody sent", n, 1)
		_, err = h.DB.VisitorAttachment(h.ctx(), g.Session, waiting.ID)
		h.is(err, chat.ErrNotFound)
		h.is(h.DB.DiscardAttachment(h.ctx(), Main, sent.ID), chat.ErrNotFound)
		_, err = h.DB.VisitorAttachment(h.ctx(), g.Session, sent.ID)
		h.must(err)
		h.must(h.DB.Dropped(h.ctx(), []string{coming.ID}))
		same(h, "left to go", fmt.Sprint(h.waits()), fmt.Sprint([]string{waiting.ID}))
		strays, err := h.DB.StrayFiles(h.ctx(), []string{sent.ID, waiting.ID, coming.ID, coming.ID})
		h.must(err)
		same(h, "strays", fmt.Sprint(strays), fmt.Sprint([]string{waiting.ID, coming.ID}))
		same(h, "the message", len(posted.Message.Files), 1)
	}},
	{"erasing a person discards every file of theirs, and of their threads", func(h *House) {
		g, other := h.Enter(h.Verified("u-1")), h.Enter(h.Verified("u-2"))
		sent, waiting, answer, kept := h.HandIn(g), h.HandIn(g), h.HandInReply(), h.HandIn(other)
		thread := h.Post(with(h.Begin(g, "x"), sent)).Conversation.ID
		h.Post(with(h.Reply(thread, "y"), answer))
		h.Post(with(h.Begin(other, "x"), kept))
		held, err := h.DB.Holdings(h.ctx(), Main, g.Contact.ID)
		h.must(err)
		same(h, "holdings", held.Files, 3)
		_, err = h.DB.Erase(h.ctx(), Main, g.Contact.ID, h.Draft(audit.ContactErased, g.Contact.ID))
		h.must(err)
		want := []string{sent.ID, waiting.ID, answer.ID}
		got := h.waits()
		slices.Sort(want)
		slices.Sort(got)
		same(h, "discarded", fmt.Sprint(got), fmt.Sprint(want))
		_, err = h.DB.AgentAttachment(h.ctx(), Main, h.Owner.ID, answer.ID)
		h.is(err, chat.ErrNotFound)
		_, err = h.DB.AgentAttachment(h.ctx(), Main, h.Owner.ID, kept.ID)
		h.must(err)
	}},
	{"erasing a browser's visitor leaves the files of threads that are somebody else's by now", func(h *House) {
		visitor := h.Visitor()
		anonymous := h.Enter(h.Anonymous(visitor, true))
		a, waiting := h.HandIn(anonymous), h.HandIn(anonymous)
		h.Post(with(h.Begin(anonymous, "before"), a))
		person := h.Enter(h.As(h.opening(policy.Verified, visitor, false), "u-1"))
		_, err := h.DB.ClaimThread(h.ctx(), h.claim(anonymous, person))
		h.must(err)
		held, err := h.DB.Holdings(h.ctx(), Main, anonymous.Contact.ID)
		h.must(err)
		same(h, "holdings", held.Files, 1)
		_, err = h.DB.Erase(h.ctx(), Main, anonymous.Contact.ID, h.Draft(audit.ContactErased, anonymous.Contact.ID))
		h.must(err)
		same(h, "discarded", fmt.Sprint(h.waits()), fmt.Sprint([]string{waiting.ID}))
		_, err = h.DB.VisitorAttachment(h.ctx(), person.Session, a.ID)
		h.must(err)
	}},
	{"a claimed thread takes its files along", func(h *House) {
		visitor := h.Visitor()
		anonymous := h.Enter(h.Anonymous(visitor, true))
		a := h.HandIn(anonymous)
		h.Post(with(h.Begin(anonymous, "before"), a))
		person := h.Enter(h.As(h.opening(policy.Verified, visitor, false), "u-1"))
		_, err := h.DB.VisitorAttachment(h.ctx(), person.Session, a.ID)
		h.is(err, chat.ErrNotFound)
		_, err = h.DB.ClaimThread(h.ctx(), h.claim(anonymous, person))
		h.must(err)
		_, err = h.DB.VisitorAttachment(h.ctx(), person.Session, a.ID)
		h.must(err)
		_, err = h.DB.VisitorAttachment(h.ctx(), anonymous.Session, a.ID)
		h.is(err, chat.ErrNotFound)
	}},
	{"a link is good while its holder is", func(h *House) {
		g, other := h.Enter(h.Verified("u-1")), h.Enter(h.Verified("u-2"))
		a := h.HandIn(g)
		h.Post(with(h.Begin(g, "x"), a))
		follow := func(reader chat.Reader, holder, workspace string) error {
			_, err := h.DB.LinkedAttachment(h.ctx(), chat.FileLink{Workspace: workspace, File: a.ID, Reader: reader, Holder: holder}, h.Now)
			return err
		}
		h.must(follow(chat.VisitorReads, g.Session.ID, Main))
		h.must(follow(chat.AgentReads, h.Login.ID, Main))
		for _, err := range []error{
			follow(chat.VisitorReads, other.Session.ID, Main), follow(chat.VisitorReads, h.Login.ID, Main), follow(chat.AgentReads, g.Session.ID, Main),
			follow(chat.VisitorReads, g.Session.ID, Other), follow(chat.AgentReads, h.Login.ID, Other), follow("", g.Session.ID, Main), follow(chat.VisitorReads, "", Main),
		} {
			h.is(err, chat.ErrNotFound)
		}
		_, auditor := h.NewAgent("auditor@example.com", policy.Auditor)
		h.is(follow(chat.AgentReads, auditor.ID, Main), chat.ErrNotFound)
		h.must(h.DB.EndSession(h.ctx(), Main, g.Session.ID, h.Now))
		h.is(follow(chat.VisitorReads, g.Session.ID, Main), chat.ErrNotFound)
	}},
}
