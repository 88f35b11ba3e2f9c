package store_test

import (
	"testing"
	"time"

	"countersign/internal/chat"
	"countersign/internal/store/storetest"
	"countersign/internal/trust"
)

// TestACountBeforeARevocationIsBounded: it stops where it was told to, says so, and
// changes nothing.
func TestACountBeforeARevocationIsBounded(t *testing.T) {
	h := storetest.NewHouse(t, sqlite(t))
	for _, user := range []string{"a", "b", "c"} {
		o := h.Verified(user)
		o.Attributes = []chat.Attribute{{Name: "plan", Provenance: chat.BySignature, Value: []byte(`1`), At: h.Now}}
		g := h.Enter(o)
		id := h.Post(h.Begin(g, "one")).Conversation.ID
		h.Post(h.Say(g, id, "two"))
	}
	since := h.Now.Add(-time.Minute)
	count := func(since time.Time) trust.Proved {
		t.Helper()
		p, err := h.DB.CountProved(t.Context(), storetest.Main, h.Key.ID, since)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	all := trust.Proved{Links: 3, Attributes: 3, Conversations: 3, Messages: 6}
	head, err := h.DB.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := count(since); got != all {
			t.Errorf("got %+v, want %+v", got, all)
		}
	}
	if now, err := h.DB.Head(t.Context()); err != nil || now.Seq != head.Seq || now.Epoch != head.Epoch {
		t.Errorf("a question changed something: %+v %+v %v", head, now, err)
	}
	if got := count(h.Now.Add(time.Hour)); got != (trust.Proved{}) {
		t.Errorf("after all of it: %+v", got)
	}
	h.DB.Look(1000, 2)
	if got := count(since); got.Links != 2 || got.Attributes != 2 || got.Messages != 2 || !got.AtLeast {
		t.Errorf("counted at most two: %+v", got)
	}
	h.DB.Look(1, 1000) // one row more tells that there are more
	if got := count(since); got.Links != 2 || got.Attributes != 2 || got.Messages > 1 || !got.AtLeast {
		t.Errorf("looked through one: %+v", got)
	}
	h.DB.Look(1000, 3)
	if got := count(since); got.Messages != 3 || got.Links != 3 || !got.AtLeast {
		t.Errorf("as many as are counted: %+v", got)
	}
}
