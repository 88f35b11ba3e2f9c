package storetest

import (
	"encoding/json"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/trust"
)

var ringTests = []test{
	{"a key comes back as it was written", func(h *House) {
		key := h.KeyRow(h.Channel, "pending")
		key.Confirms, key.Imported, key.SignBy, key.Platforms = true, true, h.Now.Add(time.Hour), []policy.Platform{policy.Web, policy.IOS}
		ring, err := h.DB.Ring(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		_, err = h.DB.SwapRing(h.ctx(), trust.RingChange{Workspace: Main, Channel: h.Channel.ID, Version: ring.Version, Keys: append(ring.Keys, key)}, h.Now)
		h.must(err)
		ring, err = h.DB.Ring(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		if !reflect.DeepEqual(ring.Keys[1], key) {
			h.Fatalf("got %+v, want %+v", ring.Keys[1], key)
		}
	}},
	{"two rivals change one ring: one wins, one hears of a conflict", func(h *House) {
		ring, err := h.DB.Ring(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		second := h.Open(h)
		var won, lost atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				db := h.DB
				if i%2 == 1 {
					db = second
				}
				key := h.KeyRow(h.Channel, "active")
				_, err := db.SwapRing(h.ctx(), trust.RingChange{Workspace: Main, Channel: h.Channel.ID, Version: ring.Version, Keys: append(ring.Keys[:1:1], key)}, h.Now)
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, trust.ErrConflict):
					lost.Add(1)
				default:
					h.Error(err)
				}
			})
		}
		wg.Wait()
		same(h, "won", won.Load(), 1)
		same(h, "lost", lost.Load(), 7)
		ring, err = h.DB.Ring(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		same(h, "keys", len(ring.Keys), 2)
	}},
	{"the same secret comes in twice nowhere, not even after its key died", func(h *House) {
		h.ChangeKey(h.Key.ID, func(k *trust.KeyRow) { k.State, k.RevokedAt = "revoked", h.Now })
		used, err := h.DB.FingerprintInUse(h.ctx(), h.Key.Fingerprint)
		h.must(err)
		same(h, "in use", used, true)
		other := h.NewChannel("second")
		key := h.KeyRow(other, "active")
		key.Fingerprint = h.Key.Fingerprint
		ring, err := h.DB.Ring(h.ctx(), Main, other.ID)
		h.must(err)
		_, err = h.DB.SwapRing(h.ctx(), trust.RingChange{Workspace: Main, Channel: other.ID, Version: ring.Version, Keys: []trust.KeyRow{key}}, h.Now)
		h.is(err, trust.ErrSecretInUse)
		after, err := h.DB.Ring(h.ctx(), Main, other.ID)
		h.must(err)
		same(h, "nothing changed", after.Version, ring.Version)
	}},
	{"a ring forgets no key and takes none of another", func(h *House) {
		ring, err := h.DB.Ring(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		swap := func(keys ...trust.KeyRow) error {
			_, err := h.DB.SwapRing(h.ctx(), trust.RingChange{Workspace: Main, Channel: h.Channel.ID, Version: ring.Version, Keys: keys}, h.Now)
			return err
		}
		h.is(swap(), trust.ErrInvalid)
		foreign := h.NewKey(h.NewChannel("second"), "active")
		h.is(swap(ring.Keys[0], foreign), trust.ErrInvalid)
		foreign.Channel, foreign.Fingerprint = h.Channel.ID, "fp-new"
		if swap(ring.Keys[0], foreign) == nil {
			h.Fatal("a key's id was taken from another ring")
		}
		moved, err := h.DB.KeyChannel(h.ctx(), Main, foreign.ID)
		h.must(err)
		if moved == h.Channel.ID {
			h.Fatal("the key moved")
		}
	}},
	{"a use is noted, makes a pending key active, and survives a swap that did not know of it", func(h *House) {
		key := h.NewKey(h.Channel, "pending")
		ring, err := h.DB.Ring(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		h.must(h.DB.KeyUsed(h.ctx(), trust.KeyUse{Workspace: Main, Key: key.ID, Platform: policy.Web, At: h.Now}))
		h.must(h.DB.Record(h.ctx(), h.Draft(audit.KeyRevealed, key.ID))) // the next commit carries the mark
		_, err = h.DB.SwapRing(h.ctx(), trust.RingChange{Workspace: Main, Channel: h.Channel.ID, Version: ring.Version, Keys: ring.Keys}, h.Now)
		h.must(err)
		ring, err = h.DB.Ring(h.ctx(), Main, h.Channel.ID)
		h.must(err)
		same(h, "state", ring.Keys[1].State, "active")
		same(h, "used", ring.Keys[1].LastUsedAt.Equal(h.Now), true)
	}},
	{"a rotation says when the old key ends, to the streams that were opened before it", func(h *House) {
		head, end := h.Head(), h.Now.Add(4*time.Second)
		h.ChangeKey(h.Key.ID, func(k *trust.KeyRow) { k.State, k.RetiringAt, k.EndsAt = "retiring", h.Now, end })
		first := h.Events(head.Seq)
		same(h, "events", len(first), 1)
		same(h, "kind", first[0].Kind, event.KeyChanged)
		var body struct{ Ends map[string]time.Time }
		h.must(json.Unmarshal(first[0].Body, &body))
		same(h, "keys that end", len(body.Ends), 1)
		same(h, "end", body.Ends[h.Key.ID].Equal(end), true)
		h.ChangeKey(h.Key.ID, func(k *trust.KeyRow) { k.SignBy = h.Now.Add(time.Second) })
		second := h.Events(first[0].Seq)
		same(h, "a change that ends nothing anew", string(second[0].Body), "{}")
	}},
	{"no such ring", func(h *House) {
		_, err := h.DB.Ring(h.ctx(), Main, h.ID("chn"))
		h.is(err, trust.ErrNotFound)
		_, err = h.DB.SwapRing(h.ctx(), trust.RingChange{Workspace: Main, Channel: h.ID("chn")}, h.Now)
		h.is(err, trust.ErrNotFound)
		_, err = h.DB.KeyChannel(h.ctx(), Main, h.ID("key"))
		h.is(err, trust.ErrNotFound)
	}},
}
