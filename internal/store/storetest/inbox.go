package storetest

import (
	"fmt"
	"time"

	"countersign/identity/policy"
	"countersign/internal/chat"
)

var inboxTests = []test{
	{"pages go through every conversation once, newest first, with equal times too", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		for i := range 25 {
			p := h.Begin(g, fmt.Sprint("n", i))
			p.Create.CreatedAt = h.Now.Add(time.Duration(i/5) * time.Second)
			p.Message.At = p.Create.CreatedAt
			h.Post(p)
		}
		for _, page := range []func(before chat.Cursor) ([]chat.Conversation, error){
			func(before chat.Cursor) ([]chat.Conversation, error) {
				return h.DB.Inbox(h.ctx(), Main, chat.View{Status: chat.Open, Before: before, Limit: 4})
			},
			func(before chat.Cursor) ([]chat.Conversation, error) {
				return h.DB.Conversations(h.ctx(), Main, g.Contact.ID, before, 4)
			},
		} {
			seen := map[string]bool{}
			var before chat.Cursor
			for {
				list, err := page(before)
				h.must(err)
				if len(list) == 0 {
					break
				}
				for _, c := range list {
					if seen[c.ID] || !before.At.IsZero() && c.LastAt.After(before.At) {
						h.Fatalf("%s comes twice or out of order", c.ID)
					}
					seen[c.ID] = true
					before = chat.Cursor{At: c.LastAt, ID: c.ID}
				}
			}
			same(h, "seen", len(seen), 25)
		}
	}},
	{"a snoozed conversation wakes when its time has come, once, and is counted where it is", func(h *House) {
		g := h.Enter(h.Verified("u-1"))
		due, later := h.Post(h.Begin(g, "due")).Conversation.ID, h.Post(h.Begin(g, "later")).Conversation.ID
		snoozed := chat.Snoozed
		for id, until := range map[string]time.Time{due: h.Now.Add(-time.Minute), later: h.Now.Add(time.Hour)} {
			_, err := h.DB.UpdateConversation(h.ctx(), chat.Update{Workspace: Main, Conversation: id, Agent: h.Owner.ID, Login: h.Login.ID,
				Status: &snoozed, SnoozedUntil: until, At: h.Now})
			h.must(err)
		}
		before := h.Head().Seq
		for _, want := range []int{1, 0} {
			woken, err := h.DB.Wake(h.ctx(), h.Now, 10)
			h.must(err)
			same(h, "woken", woken, want)
		}
		same(h, "events", h.Head().Seq-before, int64(1))
		c, err := h.DB.Conversation(h.ctx(), Main, "", due)
		h.must(err)
		same(h, "status", c.Status, chat.Open)
		same(h, "no time is left in it", c.SnoozedUntil.IsZero(), true)
		counts, err := h.DB.InboxCounts(h.ctx(), Main, h.Owner.ID)
		h.must(err)
		same(h, "open", counts.Open, 1)
		same(h, "snoozed", counts.Snoozed, 1)
	}},
	{"a view shows what it says", func(h *House) {
		verified := h.Post(h.Begin(h.Enter(h.Verified("u-1")), "about 100% cotton")).Conversation
		o := h.Claimed("ann")
		o.Attributes = []chat.Attribute{{Name: "email", Provenance: chat.ByClaim, Value: []byte(`"Ann@example.com"`), At: h.Now}}
		claimed := h.Post(h.Begin(h.Enter(o), "hello")).Conversation
		mine := h.Owner.ID
		_, err := h.DB.UpdateConversation(h.ctx(), chat.Update{Workspace: Main, Conversation: claimed.ID, Agent: mine, Login: h.Login.ID, Assignee: &mine, At: h.Now})
		h.must(err)
		for _, c := range []struct {
			view chat.View
			want string
		}{
			{chat.View{Tier: policy.Verified}, verified.ID},
			{chat.View{Assignee: mine}, claimed.ID},
			{chat.View{Assignee: chat.Nobody}, verified.ID},
			{chat.View{Assignee: chat.Nobody, Tier: policy.Claimed}, ""},
			{chat.View{Status: chat.Closed}, ""},
			{chat.View{Channel: "chn_none"}, ""},
			{chat.View{Search: "COTTON"}, verified.ID},
			{chat.View{Search: "100%"}, verified.ID},
			{chat.View{Search: "1_0"}, ""},
			{chat.View{Search: "ann@EXAMPLE"}, claimed.ID},
			{chat.View{Search: "u-1"}, verified.ID},
			{chat.View{Search: "u-1", Assignee: mine}, ""},
			{chat.View{Search: `'; DROP TABLE head --`}, ""},
		} {
			c.view.Limit = 10
			list, err := h.DB.Inbox(h.ctx(), Main, c.view)
			h.must(err)
			got := ""
			for _, found := range list {
				got += found.ID
			}
			if got != c.want {
				h.Errorf("%+v: got %q, want %q", c.view, got, c.want)
			}
		}
	}},
}
