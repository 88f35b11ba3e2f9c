package storetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
)

var threadTests = []test{
	{"a message, its event and its conversation are one commit", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		before := h.Head().Seq
		posted := h.Post(h.Begin(g, "Hello\nthere"))
		events := h.Events(before)
		if want := []event.Kind{event.ConversationCreated, event.MessageCreated}; !slices.Equal(kinds(events), want) {
			h.Fatalf("events %v, want %v", kinds(events), want)
		}
		same(h, "seq", posted.Message.Seq, events[1].Seq)
		same(h, "tier", posted.Message.Tier, policy.Verified)
		same(h, "key", posted.Message.Key, h.Key.ID)
		read, err := h.DB.Conversation(h.ctx(), Main, g.Contact.ID, posted.Conversation.ID)
		h.must(err)
		same(h, "conversation as answered and as read", read, posted.Conversation)
		same(h, "preview", read.Preview, "Hello there")
		same(h, "last seq", read.LastSeq, posted.Message.Seq)
		same(h, "unread by agents", read.AgentsUnread, 1)
		list, err := h.DB.VisitorMessages(h.ctx(), Main, g.Contact.ID, read.ID, 0, 10)
		h.must(err)
		same(h, "messages", len(list), 1)
		shown := posted.Message
		shown.Channel, shown.Contact, shown.AuthorID, shown.Method, shown.Session, shown.Key = "", "", "", "", "", ""
		same(h, "message as answered and as its visitor reads it", fmt.Sprintf("%+v", list[0]), fmt.Sprintf("%+v", shown))
		all, err := h.DB.AgentMessages(h.ctx(), Main, read.ID, 0, 10)
		h.must(err)
		same(h, "message as answered and as read", fmt.Sprintf("%+v", all[0]), fmt.Sprintf("%+v", posted.Message))
	}},
	{"a conversation may begin without a word, and twice by the same id is once", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		p := h.Begin(g, "x")
		p.Message = chat.Message{}
		first := h.Post(p)
		same(h, "repeated", first.Repeated, false)
		same(h, "repeated", h.Post(p).Repeated, true)
		counts, err := h.DB.InboxCounts(h.ctx(), Main, h.Owner.ID)
		h.must(err)
		same(h, "open", counts.Open, 1)
	}},
	{"the same client id at the same time from many tabs is one message", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		begun := h.Post(h.Begin(g, "first"))
		var wg sync.WaitGroup
		answers := make([]chat.Posted, 24)
		for i := range answers {
			wg.Go(func() {
				p := h.Say(g, begun.Conversation.ID, "again")
				p.Message.ClientID = "the-same"
				var err error
				if answers[i], err = h.DB.Post(h.ctx(), p); err != nil {
					h.Error(err)
				}
			})
		}
		wg.Wait()
		first := 0
		for _, a := range answers {
			same(h, "message id", a.Message.ID, answers[0].Message.ID)
			if !a.Repeated {
				first++
			}
		}
		same(h, "first answers", first, 1)
		list, err := h.DB.AgentMessages(h.ctx(), Main, begun.Conversation.ID, 0, 100)
		h.must(err)
		same(h, "messages", len(list), 2)
	}},
	{"many writers into few conversations lose nothing and keep one order", func(h *House) {
		var guests []Guest
		var threads []string
		for range 4 {
			g := h.Enter(h.Verified(h.ID("usr")))
			guests = append(guests, g)
			threads = append(threads, h.Post(h.Begin(g, "begin")).Conversation.ID)
		}
		before := h.Head().Seq
		var wg sync.WaitGroup
		for w := range 32 {
			wg.Go(func() {
				for range 5 {
					if _, err := h.DB.Post(h.ctx(), h.Say(guests[w%4], threads[w%4], "more")); err != nil {
						h.Error(err)
					}
				}
			})
		}
		wg.Wait()
		events := h.Events(before)
		same(h, "events", len(events), 160)
		for i, e := range events {
			same(h, "gapless", e.Seq, before+int64(i)+1)
		}
		for i, id := range threads {
			list, err := h.DB.VisitorMessages(h.ctx(), Main, guests[i].Contact.ID, id, 0, 100)
			h.must(err)
			same(h, "messages", len(list), 41)
			read, err := h.DB.Conversation(h.ctx(), Main, "", id)
			h.must(err)
			same(h, "count", read.VisitorCount, 41)
			same(h, "last", read.LastSeq, list[0].Seq)
		}
	}},
	{"a page begins before a sequence and goes on where it ended", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		id := h.Post(h.Begin(g, "0")).Conversation.ID
		for range 4 {
			h.Post(h.Say(g, id, "n"))
		}
		newest, err := h.DB.VisitorMessages(h.ctx(), Main, g.Contact.ID, id, 0, 3)
		h.must(err)
		rest, err := h.DB.VisitorMessages(h.ctx(), Main, g.Contact.ID, id, newest[2].Seq, 3)
		h.must(err)
		same(h, "pages", len(newest)*10+len(rest), 32)
		same(h, "the oldest", rest[1].Text, "0")
	}},
	{"a note reaches no visitor, by page, stream or preview", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		id := h.Post(h.Begin(g, "hello")).Conversation.ID
		note := h.Reply(id, "watch out")
		note.Message.Audience = event.AudienceAgents
		posted := h.Post(note)
		same(h, "preview", posted.Conversation.Preview, "hello")
		same(h, "unread by the visitor", posted.Conversation.VisitorUnread, 0)
		list, err := h.DB.VisitorMessages(h.ctx(), Main, g.Contact.ID, id, 0, 10)
		h.must(err)
		same(h, "visitor's messages", len(list), 1)
		events, err := h.DB.VisitorEvents(h.ctx(), Main, g.Contact.ID, 0, 100)
		h.must(err)
		if slices.Contains(kinds(events), event.NoteCreated) {
			h.Fatal("a visitor's stream carries the note")
		}
		all, err := h.DB.AgentMessages(h.ctx(), Main, id, 0, 10)
		h.must(err)
		same(h, "agents' messages", len(all), 2)
		seen, err := h.DB.AgentEvents(h.ctx(), Main, 0, 100)
		h.must(err)
		if !slices.Contains(kinds(seen), event.NoteCreated) {
			h.Fatal("the agents' stream lacks the note")
		}
	}},
	{"another's conversation takes no post, by id or by claim of contact", func(h *House) {
		mine, theirs := h.Enter(h.Verified("u-1")), h.Enter(h.Verified("u-2"))
		id := h.Post(h.Begin(theirs, "secret")).Conversation.ID
		_, err := h.DB.Post(h.ctx(), h.Say(mine, id, "hi"))
		h.is(err, chat.ErrNotFound)
		lie := h.Say(mine, id, "hi")
		lie.Message.Contact, lie.Message.AuthorID = theirs.Contact.ID, theirs.Contact.ID
		_, err = h.DB.Post(h.ctx(), lie)
		h.is(err, chat.ErrNotFound)
		begin := h.Begin(mine, "hi")
		begin.Create.ID, begin.Message.Conversation = id, id
		_, err = h.DB.Post(h.ctx(), begin)
		h.is(err, chat.ErrNotFound)
		h.is(h.DB.MarkRead(h.ctx(), chat.ReadMark{Workspace: Main, Conversation: id, Contact: mine.Contact.ID, Side: chat.ByVisitor, Seq: 99, TokenHash: mine.Token, At: h.Now}), chat.ErrNotFound)
	}},
	{"a claimed visitor who says it is verified writes as claimed", func(h *House) {
		g := h.Enter(h.Claimed("ann"))
		p := h.Begin(g, "I am the owner")
		p.Message.Tier, p.Message.Method, p.Message.Key = policy.Verified, "hmac", h.Key.ID
		posted := h.Post(p)
		same(h, "tier", posted.Message.Tier, policy.Claimed)
		same(h, "method", posted.Message.Method, "")
		same(h, "key", posted.Message.Key, "")
	}},
	{"a post that names no right is refused", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		id := h.Post(h.Begin(g, "hello")).Conversation.ID
		p := h.Say(g, id, "x")
		p.TokenHash = nil
		_, err := h.DB.Post(h.ctx(), p)
		h.is(err, chat.ErrSessionEnded)
		r := h.Reply(id, "x")
		r.Login = ""
		_, err = h.DB.Post(h.ctx(), r)
		h.is(err, chat.ErrSessionEnded)
		r = h.Reply(id, "x")
		r.Message.AuthorID = h.ID("agt") // another agent's name under my login
		_, err = h.DB.Post(h.ctx(), r)
		h.is(err, chat.ErrSessionEnded)
	}},
	{"an agent who is demoted, removed or signed out writes no more", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		id := h.Post(h.Begin(g, "hello")).Conversation.ID
		agent, login := h.NewAgent("bob@example.com", policy.AgentR)
		reply := func() error {
			p := h.Reply(id, "x")
			p.Login, p.Message.AuthorID = login.ID, agent.ID
			_, err := h.DB.Post(h.ctx(), p)
			return err
		}
		h.must(reply())
		h.must(h.DB.SetRole(h.ctx(), Main, agent.ID, policy.Auditor, h.Now, h.Draft(audit.AgentChanged, agent.ID)))
		h.is(reply(), chat.ErrSessionEnded)
		h.must(h.DB.SetRole(h.ctx(), Main, agent.ID, policy.AgentR, h.Now, h.Draft(audit.AgentChanged, agent.ID)))
		h.must(reply())
		h.must(h.DB.RemoveAgent(h.ctx(), Main, agent.ID, h.Now, h.Draft(audit.AgentRemoved, agent.ID)))
		h.is(reply(), chat.ErrSessionEnded)
		h.must(h.DB.EndLogin(h.ctx(), Main, h.Login.ID, h.Now, h.Draft(audit.AgentSignedOut, h.Owner.ID)))
		_, err := h.DB.Post(h.ctx(), h.Reply(id, "x"))
		h.is(err, chat.ErrSessionEnded)
		h.is(h.DB.MarkRead(h.ctx(), chat.ReadMark{Workspace: Main, Conversation: id, Side: chat.ByTeam, Seq: 99, Login: h.Login.ID, Agent: h.Owner.ID, At: h.Now}), chat.ErrSessionEnded)
		status := chat.Closed
		_, err = h.DB.UpdateConversation(h.ctx(), chat.Update{Workspace: Main, Conversation: id, Agent: h.Owner.ID, Login: h.Login.ID, Status: &status, At: h.Now})
		h.is(err, chat.ErrSessionEnded)
	}},
	{"read marks move forward only, not past the end, and count anew", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		id := h.Post(h.Begin(g, "q")).Conversation.ID
		var seqs []int64
		for range 3 {
			seqs = append(seqs, h.Post(h.Reply(id, "a")).Message.Seq)
		}
		read := func() chat.Conversation {
			c, err := h.DB.Conversation(h.ctx(), Main, "", id)
			h.must(err)
			return c
		}
		mark := func(seq int64) {
			h.must(h.DB.MarkRead(h.ctx(), chat.ReadMark{Workspace: Main, Conversation: id, Contact: g.Contact.ID, Side: chat.ByVisitor, Seq: seq, TokenHash: g.Token, At: h.Now}))
		}
		same(h, "unread", read().VisitorUnread, 3)
		same(h, "who answers has read", read().AgentsUnread, 0)
		before := h.Head().Seq
		mark(seqs[0])
		same(h, "unread", read().VisitorUnread, 2)
		mark(1)
		same(h, "events", len(h.Events(before)), 1)
		mark(seqs[2] + 1000)
		same(h, "mark", read().VisitorRead, seqs[2])
		same(h, "unread", read().VisitorUnread, 0)
		same(h, "kind", h.Events(before)[1].Kind, event.ReadMoved)
	}},
	{"a visitor's word opens a closed conversation; the inbox counts along", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		id := h.Post(h.Begin(g, "q")).Conversation.ID
		closed, mine := chat.Closed, h.Owner.ID
		update := chat.Update{Workspace: Main, Conversation: id, Agent: h.Owner.ID, Login: h.Login.ID, Status: &closed, Assignee: &mine, At: h.Now}
		c, err := h.DB.UpdateConversation(h.ctx(), update)
		h.must(err)
		same(h, "assignee", c.AssigneeName, "Ann")
		counts, err := h.DB.InboxCounts(h.ctx(), Main, h.Owner.ID)
		h.must(err)
		same(h, "counts", counts, chat.Counts{Closed: 1})
		before := h.Head().Seq
		same(h, "status", h.Post(h.Say(g, id, "still there?")).Conversation.Status, chat.Open)
		if want := []event.Kind{event.MessageCreated, event.ConversationUpdated}; !slices.Equal(kinds(h.Events(before)), want) {
			h.Fatalf("events %v, want %v", kinds(h.Events(before)), want)
		}
		counts, err = h.DB.InboxCounts(h.ctx(), Main, h.Owner.ID)
		h.must(err)
		same(h, "counts", counts, chat.Counts{Open: 1, Mine: 1})
		nobody := "agt_nobody"
		update.Assignee = &nobody
		_, err = h.DB.UpdateConversation(h.ctx(), update)
		h.is(err, chat.ErrInvalid)
		snoozed, until := chat.Snoozed, h.Now.Add(time.Hour)
		c, err = h.DB.UpdateConversation(h.ctx(), chat.Update{Workspace: Main, Conversation: id, Agent: h.Owner.ID, Login: h.Login.ID, Status: &snoozed, SnoozedUntil: until, At: h.Now})
		h.must(err)
		same(h, "snoozed until", c.SnoozedUntil.Equal(until), true)
	}},
}
