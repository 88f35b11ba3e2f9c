package store_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/store"
	"countersign/internal/store/storetest"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// node is a process of its own on the house's database: its gate, its keys, its story.
type node struct {
	db    *store.DB
	pulse *event.Pulse
	gate  *trust.Gate
	keys  *trust.Keys
	story *chat.Chat
}

type silent struct{}

func (silent) Signal(event.Event) {}

// node opens one that reads the log's head like any other, only faster.
func (h *rivals) node(db *store.DB) *node {
	h.Helper()
	master, err := trust.NewMaster([]byte("the master key of every node 32b"))
	h.must(err)
	db.SetChain(audit.NewChain(master.Derive("audit"), h.ID("nod")))
	n := &node{db: db, pulse: &event.Pulse{}}
	directory := workspace.New(db, n.pulse)
	n.gate = trust.NewGate(db, directory, master, "ins_1", n.pulse)
	n.keys = trust.NewKeys(db, directory, master, "ins_1", n.pulse.Now)
	n.story = chat.New(db, n.pulse, silent{})
	beat := func() {
		asked := time.Now()
		if head, err := db.Head(context.Background()); err == nil {
			n.pulse.Observe(head, asked)
		}
	}
	beat()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				beat()
			}
		}
	}()
	h.Cleanup(func() { cancel(); <-done })
	return n
}

// behind says whether the node has not yet read what another one committed.
func (n *node) behind(head event.Head) bool {
	epoch, err := n.pulse.Epoch()
	return err != nil || epoch < head.Epoch
}

// settle waits until every node knows what has been committed.
func (h *rivals) settle(nodes ...*node) {
	h.Helper()
	head := h.Head()
	deadline := time.Now().Add(10 * time.Second)
	for _, n := range nodes {
		for n.behind(head) {
			if time.Now().After(deadline) {
				h.Fatal("a node does not hear of a change")
			}
			<-time.After(time.Millisecond)
		}
	}
}

// identify is what a page load does: a proof at the door, and a session.
func (n *node) identify(slug, user, secret string, i int) (chat.Session, error) {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(user))
	network := fmt.Sprintf("10.%d.%d.1/32", byte(i>>8), byte(i))
	ctx := context.Background()
	verdict, channel, err := n.gate.Admit(ctx, trust.Arrival{
		Channel: slug, Platform: policy.Web, Origin: "https://shop.example", Network: network,
		Assertion: identity.Assertion{UserID: user, Hash: hex.EncodeToString(mac.Sum(nil))},
	})
	if err != nil {
		return chat.Session{}, err
	}
	if verdict.Tier() != policy.Verified {
		return chat.Session{}, fmt.Errorf("%s: %s", verdict.Tier(), verdict.Reason())
	}
	result, err := n.story.Open(ctx, verdict, channel, chat.Device{Platform: policy.Web, Network: network})
	return result.Session, err
}

func (h *rivals) alive(session chat.Session) bool {
	h.Helper()
	list, err := h.DB.SessionsOf(h.Context(), storetest.Main, session.Contact, 10, h.now())
	h.must(err)
	at := slices.IndexFunc(list, func(s chat.Session) bool { return s.ID == session.ID })
	if at < 0 {
		h.Fatal("a session that was opened is not there")
	}
	return list[at].Standing.Ended() == policy.Stands
}

var root = policy.ForSystem(storetest.Main, "cli:root")

// rivals are the nodes of one house.
type rivals struct{ *storetest.House }

func (h *rivals) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *rivals) same(what string, got, want int) {
	h.Helper()
	if got != want {
		h.Fatalf("%s: got %d, want %d", what, got, want)
	}
}

func (h *rivals) now() time.Time {
	h.Helper()
	now, err := h.DB.Now(h.Context())
	h.must(err)
	return now
}

func TestRivalNodesSQLite(t *testing.T) { race(t, sqlite) }

func TestRivalNodesPostgres(t *testing.T) { race(t, postgres) }

func race(t *testing.T, fresh func(testing.TB) storetest.Database) {
	for _, test := range raceTests {
		t.Run(test.name, func(t *testing.T) { test.run(&rivals{storetest.NewHouse(t, fresh(t))}) })
	}
}

var raceTests = []struct {
	name string
	run  func(h *rivals)
}{
	{"identify calls in flight during rotations never fail, on any node", func(h *rivals) {
		channel := h.NewChannel("race")
		nodes := []*node{h.node(h.DB), h.node(h.Open(h))}
		_, secret, err := nodes[0].keys.Generate(h.Context(), root, trust.KeyDraft{Channel: channel.ID})
		h.must(err)
		var mu sync.Mutex
		secrets := []string{secret}
		stop := make(chan struct{})
		var opened atomic.Int64
		var wg sync.WaitGroup
		h.settle(nodes...)
		for g := range 4 {
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					mu.Lock()
					with := secrets[(g+i)%len(secrets)] // backends that have switched, and some that have not
					mu.Unlock()
					if _, err := nodes[(g+i)%2].identify("race", fmt.Sprintf("u-%d-%d", g, i), with, g<<8+i); err != nil {
						h.Errorf("a page load beside a rotation: %v", err)
						return
					}
					opened.Add(1)
				}
			})
		}
		for range 6 {
			list, err := nodes[0].keys.List(h.Context(), root, channel.ID)
			h.must(err)
			at := slices.IndexFunc(list, func(k trust.ListedKey) bool { return k.State == "active" || k.State == "pending" })
			_, next, err := nodes[1].keys.Rotate(h.Context(), root, trust.Rotation{Channel: channel.ID, Key: list[at].ID, Overlap: time.Hour})
			h.must(err)
			h.settle(nodes...)
			mu.Lock()
			secrets = append(secrets, next)
			mu.Unlock()
			before := opened.Load()
			for opened.Load() < before+8 && !h.Failed() {
				<-time.After(time.Millisecond)
			}
		}
		close(stop)
		wg.Wait()
		ring, err := h.DB.Ring(h.Context(), storetest.Main, channel.ID)
		h.must(err)
		h.same("keys", len(ring.Keys), 7)
	}},
	{"no session outlives the answer to a revocation, whoever was opening one", func(h *rivals) {
		channel := h.NewChannel("race")
		nodes := []*node{h.node(h.DB), h.node(h.Open(h))}
		for round := range 6 {
			key, secret, err := nodes[round%2].keys.Generate(h.Context(), root, trust.KeyDraft{Channel: channel.ID})
			h.must(err)
			h.settle(nodes...)
			var mu sync.Mutex
			var sessions []chat.Session
			started := make(chan struct{}, 64)
			var wg sync.WaitGroup
			for g := range 6 {
				wg.Go(func() {
					for i := range 10_000 {
						session, err := nodes[g%2].identify("race", fmt.Sprintf("r-%d-%d-%d", round, g, i), secret, round<<12+g<<8+i)
						if err != nil {
							return // the key is gone: what this test waits for
						}
						mu.Lock()
						sessions = append(sessions, session)
						mu.Unlock()
						select {
						case started <- struct{}{}:
						default:
						}
					}
				})
			}
			for range 8 {
				<-started
			}
			since := time.Time{}
			if round%2 == 1 {
				since = h.now().Add(-time.Second)
			}
			_, err = nodes[1-round%2].keys.Revoke(h.Context(), root, key.ID, since)
			h.must(err)
			live, err := h.DB.LiveOrigins(h.Context(), storetest.Main, key.ID, h.now())
			h.must(err)
			h.same("live sessions at the answer", len(live), 0)
			wg.Wait()
			for _, session := range sessions {
				if h.alive(session) {
					h.Fatalf("round %d: a session of the revoked key lives, of %d", round, len(sessions))
				}
			}
			live, err = h.DB.LiveOrigins(h.Context(), storetest.Main, key.ID, h.now())
			h.must(err)
			h.same("live sessions after it", len(live), 0)
			if !since.IsZero() {
				cut, err := h.DB.CountFindings(h.Context(), storetest.Main, key.ID)
				h.must(err)
				h.same("people whom it tied", cut.Links, len(sessions))
			}
		}
	}},
	{"nodes that rotate, make and import at once lose no key and let no secret in twice", func(h *rivals) {
		channel, other := h.NewChannel("race"), h.NewChannel("elsewhere")
		nodes := []*node{h.node(h.DB), h.node(h.Open(h))}
		key, _, err := nodes[0].keys.Generate(h.Context(), root, trust.KeyDraft{Channel: channel.ID})
		h.must(err)
		const secret = "9f2c51d07ab84e63b1d5c8e2f7046a3d"
		var rotated, lost, imported, refused, made atomic.Int64
		count := func(err, refusal error, won, lost *atomic.Int64) {
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, refusal):
				lost.Add(1)
			default:
				h.Error(err)
			}
		}
		var wg sync.WaitGroup
		for i, n := range []*node{nodes[0], nodes[1], nodes[0], nodes[1]} {
			wg.Go(func() {
				_, _, err := n.keys.Rotate(h.Context(), root, trust.Rotation{Channel: channel.ID, Key: key.ID, Overlap: time.Hour})
				count(err, trust.ErrConflict, &rotated, &lost)
			})
			wg.Go(func() {
				draft := trust.KeyDraft{Channel: channel.ID}
				if i >= 2 {
					draft = trust.KeyDraft{Channel: other.ID, Dialect: "pylon"} // another channel, another dialect, the same bytes spelled anew
				}
				spelled := secret
				if i >= 2 {
					spelled = hex.EncodeToString([]byte(secret))
				}
				_, err := n.keys.Import(h.Context(), root, draft, spelled, true)
				count(err, trust.ErrSecretInUse, &imported, &refused)
			})
			if i < 2 {
				wg.Go(func() {
					_, _, err := n.keys.Generate(h.Context(), root, trust.KeyDraft{Channel: channel.ID})
					count(err, trust.ErrConflict, &made, &lost)
				})
			}
		}
		wg.Wait()
		h.same("imports of one secret", int(imported.Load()), 1)
		h.same("refused imports", int(refused.Load()), 3)
		// A rotation that lost to another rotation, or to a key that came in beside it, has
		// changed nothing and is asked again; at most one can ever win.
		if rotated.Load() > 1 {
			h.Errorf("%d rotations of one key", rotated.Load())
		}
		total := 0
		for _, c := range []workspace.Channel{channel, other} {
			ring, err := h.DB.Ring(h.Context(), storetest.Main, c.ID)
			h.must(err)
			total += len(ring.Keys)
			if c.ID == channel.ID && !slices.ContainsFunc(ring.Keys, func(k trust.KeyRow) bool { return k.ID == key.ID }) {
				h.Error("the first key is gone")
			}
		}
		h.same("keys", total, 1+int(rotated.Load()+imported.Load()+made.Load()))
		if rotated.Load() == 0 {
			_, _, err := nodes[0].keys.Rotate(h.Context(), root, trust.Rotation{Channel: channel.ID, Key: key.ID, Overlap: time.Hour})
			h.must(err)
		}
	}},
}
