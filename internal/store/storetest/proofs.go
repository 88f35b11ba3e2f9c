package storetest

import (
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/trust"
)

// byKid is an opening that one kid of the channel's key proved.
func (h *House) byKid(user, kid string) chat.Opening {
	o := h.Verified(user)
	o.Verdict.Kid = kid
	return o
}

// revokeKid does what Keys.RevokeKid asks of the store.
func (h *House) revokeKid(kid string) int {
	h.Helper()
	ring, err := h.DB.Ring(h.ctx(), Main, h.Channel.ID)
	h.must(err)
	for i := range ring.Keys {
		if ring.Keys[i].ID == h.Key.ID {
			ring.Keys[i].Public.Revoked = append(slices.Clone(ring.Keys[i].Public.Revoked), trust.RevokedKid{Kid: kid, At: h.Now})
		}
	}
	n, err := h.DB.SwapRing(h.ctx(), trust.RingChange{
		Workspace: Main, Channel: h.Channel.ID, Version: ring.Version, Keys: ring.Keys, SilenceKid: &trust.KidOfKey{Key: h.Key.ID, Kid: kid},
		Drafts: []audit.Draft{h.Draft(audit.KidRevoked, h.Key.ID)},
	}, h.Now)
	h.must(err)
	return n
}

var proofTests = []test{
	{"a public half comes back as it was written", func(h *House) {
		key := h.KeyRow(h.Channel, "pending")
		key.Public = trust.PublicHalf{Algorithm: "ES256", URL: "https://idp.example/jwks.json", Issuer: "https://idp.example", Revoked: []trust.RevokedKid{{Kid: "a 'b'", At: h.Now.UTC()}}}
		ring, err := h.DB.Ring(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		_, err = h.DB.SwapRing(h.ctx(), trust.RingChange{Workspace: Main, Channel: h.Channel.ID, Version: ring.Version, Keys: append(ring.Keys, key)}, h.Now)
		h.must(err)
		after, err := h.DB.Ring(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		if !reflect.DeepEqual(after.Keys[1].Public, key.Public) || !reflect.DeepEqual(after.Keys[0].Public, trust.PublicHalf{}) {
			h.Fatalf("got %+v and %+v", after.Keys[1].Public, after.Keys[0].Public)
		}
	}},
	{"a revoked kid ends its sessions and no others, and tells every node", func(h *House) {
		a, alsoA, b, none := h.Enter(h.byKid("u-1", "a")), h.Enter(h.byKid("u-2", "a")), h.Enter(h.byKid("u-3", "b")), h.Enter(h.Verified("u-4"))
		head := h.Head()
		same(h, "ended", h.revokeKid("a"), 2)
		same(h, "a", h.Stands(a.Token), policy.EndedKey)
		same(h, "another of a", h.Stands(alsoA.Token), policy.EndedKey)
		same(h, "b", h.Stands(b.Token), policy.Stands)
		same(h, "by no kid", h.Stands(none.Token), policy.Stands)
		if h.Head().Epoch <= head.Epoch {
			h.Fatal("the epoch did not rise")
		}
		var told []string
		for _, e := range h.Events(head.Seq) {
			if e.Kind == event.SessionEnded {
				told = append(told, e.Session)
			}
		}
		same(h, "sessions whose end was told", len(told), 2)
		same(h, "records", len(h.recorded(audit.KidRevoked)), 1)
	}},
	{"a proof in flight does not outlive its kid", func(h *House) {
		h.revokeKid("a")
		_, err := h.DB.OpenSession(h.ctx(), h.byKid("u-1", "a"))
		h.is(err, chat.ErrSessionEnded)
		h.Enter(h.byKid("u-1", "b"))
	}},
	{"sessions that open while their kid is revoked all end", func(h *House) {
		var opened, refused atomic.Int64
		tokens := make(chan []byte, 40)
		openings := make([]chat.Opening, 40)
		for i := range openings {
			openings[i] = h.byKid("racer", "a")
		}
		var wg sync.WaitGroup
		for _, o := range openings {
			wg.Go(func() {
				if _, err := h.DB.OpenSession(h.ctx(), o); err != nil {
					refused.Add(1)
					return
				}
				opened.Add(1)
				tokens <- o.TokenHash
			})
		}
		wg.Go(func() { h.revokeKid("a") })
		wg.Wait()
		close(tokens)
		for token := range tokens {
			same(h, "a session that opened", h.Stands(token), policy.EndedKey)
		}
		same(h, "attempts", opened.Load()+refused.Load(), 40)
	}},
	{"another workspace revokes nobody's kid", func(h *House) {
		guest := h.Enter(h.byKid("u-1", "a"))
		_, err := h.DB.SwapRing(h.ctx(), trust.RingChange{Workspace: Other, Channel: h.Channel.ID, Version: 1, SilenceKid: &trust.KidOfKey{Key: h.Key.ID, Kid: "a"}}, h.Now)
		h.is(err, trust.ErrNotFound)
		same(h, "the session", h.Stands(guest.Token), policy.Stands)
	}},
	{"a channel's longest life is kept", func(h *House) {
		changed := h.Channel
		changed.LongestLife = 15 * time.Minute
		h.must(h.DB.UpdateChannel(h.ctx(), changed, h.Draft(audit.ChannelChanged, changed.ID)))
		got, err := h.DB.ChannelByName(h.ctx(), changed.Slug)
		h.must(err)
		same(h, "longest life", got.LongestLife, 15*time.Minute)
	}},
}
