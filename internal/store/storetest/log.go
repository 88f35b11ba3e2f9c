package storetest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/trust"
)

var logTests = []test{
	{"a reader that follows the log while two nodes write misses nothing and sees nothing late", func(h *House) {
		const posts = 40
		nodes := []chat.Store{h.DB, h.Open(h)}
		guests := make([]Guest, 8)
		threads := make([]string, 8)
		for i := range guests {
			guests[i] = h.Enter(h.Verified(fmt.Sprint("u-", i)))
			threads[i] = h.Post(h.Begin(guests[i], "begin")).Conversation.ID
		}
		last := h.Head().Seq
		end := last + int64(len(guests)*posts)
		var wg sync.WaitGroup
		for i := range guests {
			wg.Go(func() {
				for range posts {
					if _, err := nodes[i%2].Post(h.ctx(), h.Say(guests[i], threads[i], "more")); err != nil {
						h.Error(err)
					}
				}
			})
		}
		deadline := time.Now().Add(60 * time.Second)
		for last < end && time.Now().Before(deadline) && !h.Failed() {
			head := h.Head()
			list := h.Events(last)
			for _, e := range list {
				same(h, "the next sequence", e.Seq, last+1)
				last = e.Seq
			}
			if last < head.Seq {
				h.Fatalf("the head said %d, the log ends at %d", head.Seq, last)
			}
		}
		wg.Wait()
		same(h, "read to the end", last, end)
	}},
	{"an event comes back as it was written, to its audience alone", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		posted := h.Post(h.Begin(g, "hello"))
		h.must(h.DB.EndSession(h.ctx(), Main, g.Session.ID, h.Now))
		mine, err := h.DB.VisitorEvents(h.ctx(), Main, g.Contact.ID, posted.Message.Seq-1, 10)
		h.must(err)
		same(h, "visitor's", len(mine), 1)
		want := chat.MessageEvent(posted.Message)
		want.Seq = posted.Message.Seq
		same(h, "event", fmt.Sprintf("%+v", mine[0]), fmt.Sprintf("%+v", want))
		agents, err := h.DB.AgentEvents(h.ctx(), Main, posted.Message.Seq-1, 10)
		h.must(err)
		same(h, "agents'", len(agents), 1)
		all := h.Events(posted.Message.Seq - 1)
		same(h, "everything", len(all), 2)
		same(h, "the system's", all[1].Audience, event.AudienceSystem)
		none, err := h.DB.VisitorEvents(h.ctx(), Main, "", 0, 10)
		h.must(err)
		same(h, "of nobody", len(none), 0)
	}},
	{"a visitor's stream learns nothing of a snooze, an agent's all", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		id := h.Post(h.Begin(g, "hello")).Conversation.ID
		head, snoozed, me := h.Head().Seq, chat.Snoozed, h.Owner.ID
		for _, u := range []chat.Update{{Status: &snoozed, SnoozedUntil: h.Now.Add(time.Hour)}, {Assignee: &me}} {
			u.Workspace, u.Conversation, u.Agent, u.Login, u.At = Main, id, h.Owner.ID, h.Login.ID, h.Now
			_, err := h.DB.UpdateConversation(h.ctx(), u)
			h.must(err)
		}
		mine, err := h.DB.VisitorEvents(h.ctx(), Main, g.Contact.ID, head, 10)
		h.must(err)
		same(h, "visitor's", len(mine), 1)
		if all := fmt.Sprintf("%+v %s", mine[0], mine[0].Body); mine[0].AgentsBody != nil || strings.Contains(all, "snoozed") {
			h.Fatalf("a visitor reads %s", all)
		}
		agents, err := h.DB.AgentEvents(h.ctx(), Main, head, 10)
		h.must(err)
		same(h, "agents'", len(agents), 2)
		for _, list := range [][]event.Event{agents, h.Events(head)} {
			for _, e := range list {
				if body := string(chat.AgentBody(e)); !strings.Contains(body, `"status":"snoozed"`) || !strings.Contains(body, "snoozed_until") {
					h.Fatalf("agents read %s", body)
				}
			}
		}
	}},
	{"the head carries the database's clock", func(h *House) {
		a := h.Head()
		if drift := time.Since(a.Now); drift < -time.Minute || drift > time.Minute {
			h.Fatalf("the clock is %v away", drift)
		}
		if h.Head().Now.Before(a.Now) {
			h.Fatal("the clock went back")
		}
	}},
	{"entries come newest first, page by page, by every filter", func(h *House) {
		for i := range 7 {
			d := h.Draft(audit.KeyRevealed, fmt.Sprint("key-", i%2))
			d.Channel, d.Detail = "chn", map[string]string{"n": fmt.Sprint(i)}
			h.must(h.DB.Record(h.ctx(), d))
		}
		filter := audit.Filter{Action: audit.KeyRevealed, Actor: "test", Subject: "key-0", Channel: "chn", Limit: 3}
		first, err := h.DB.Entries(h.ctx(), Main, filter)
		h.must(err)
		same(h, "first page", len(first.Entries), 3)
		same(h, "newest", first.Entries[0].Detail["n"], "6")
		filter.Before = first.Next
		rest, err := h.DB.Entries(h.ctx(), Main, filter)
		h.must(err)
		same(h, "second page", len(rest.Entries), 1)
		same(h, "end", rest.Next, "")
		filter.Before = "x"
		if _, err = h.DB.Entries(h.ctx(), Main, filter); err == nil {
			h.Fatal("a cursor of somebody's own making was read")
		}
	}},
	{"the chain that was written verifies, whoever wrote at the same time", func(h *House) {
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if i%4 == 0 {
					h.NewAgentQuietly(fmt.Sprintf("a%d@example.com", i))
				}
				if err := h.DB.Record(h.ctx(), h.Draft(audit.IdentityRefused, "x"), h.Draft(audit.IdentityRefused, "y\x00\n")); err != nil {
					h.Error(err)
				}
			})
		}
		wg.Wait()
		entries := h.Trail()
		if err := audit.Verify(ChainKey, entries); err != nil {
			h.Fatal(err)
		}
		entries[3].Subject = "changed"
		if audit.Verify(ChainKey, entries) == nil {
			h.Fatal("a changed entry verifies")
		}
	}},
}

// ChainKey is under which the databases of a test seal.
var ChainKey = []byte("storetest")

// Vault is what they seal names with.
func Vault() *trust.Pseudonyms {
	master, err := trust.NewMaster([]byte("storetest storetest storetest 32"))
	if err != nil {
		panic(err)
	}
	return trust.NewPseudonyms(master, "ins_test")
}

// Trail is every entry of the main workspace, oldest first.
func (h *House) Trail() []audit.Entry {
	h.Helper()
	var all []audit.Entry
	filter := audit.Filter{Limit: 200}
	for {
		page, err := h.DB.Entries(h.ctx(), Main, filter)
		h.must(err)
		for _, e := range page.Entries {
			all = append([]audit.Entry{e}, all...)
		}
		if page.Next == "" {
			return all
		}
		filter.Before = page.Next
	}
}

// NewAgentQuietly adds an agent from another goroutine.
func (h *House) NewAgentQuietly(email string) {
	agent, link := h.invitation(email, policy.AgentR)
	if err := h.DB.AddAgent(h.ctx(), agent, link, h.Draft(audit.AgentInvited, agent.ID)); err != nil {
		h.Error(err)
	}
}
