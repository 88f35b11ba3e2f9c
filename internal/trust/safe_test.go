package trust_test

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// safe is the store in memory.
type safe struct {
	mu       sync.Mutex
	rings    map[string]trust.Ring // :: channel → ring
	records  []audit.Draft
	silenced []string
	used     []string
	uses     []trust.KeyUse
	spent    map[string]int
	live     map[string]int
	read     int
	fail     error  // of every write of the record
	meddle   func() // runs before a swap: another operator
}

func (s *safe) Ring(_ context.Context, ws, channel string) (trust.Ring, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read++
	ring := s.rings[channel]
	ring.Channel = channel
	ring.Keys = slices.DeleteFunc(slices.Clone(ring.Keys), func(k trust.KeyRow) bool { return k.Workspace != ws })
	return ring, nil
}

func (s *safe) SwapRing(_ context.Context, change trust.RingChange, _ time.Time) (ended int, err error) {
	if meddle := s.meddle; meddle != nil {
		s.meddle = nil
		meddle()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ring := s.rings[change.Channel]
	if ring.Version != change.Version {
		return 0, trust.ErrConflict
	}
	if err := s.spend(change.Spend); err != nil {
		return 0, err
	}
	s.rings[change.Channel] = trust.Ring{Version: ring.Version + 1, Keys: change.Keys}
	s.records, s.silenced = append(s.records, change.Drafts...), append(s.silenced, change.Silence...)
	for _, key := range change.Silence {
		ended += s.live[key]
	}
	return ended, nil
}

func (s *safe) KeyChannel(_ context.Context, ws, key string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for channel, ring := range s.rings {
		for _, k := range ring.Keys {
			if k.ID == key && k.Workspace == ws {
				return channel, nil
			}
		}
	}
	return "", trust.ErrNotFound
}

func (s *safe) FingerprintInUse(_ context.Context, fingerprint string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ring := range s.rings {
		for _, k := range ring.Keys {
			if k.Fingerprint == fingerprint {
				return true, nil
			}
		}
	}
	return false, nil
}

func (s *safe) KeyUsed(_ context.Context, use trust.KeyUse) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = append(s.used, use.Key)
	s.uses = append(s.uses, use)
	return nil
}

func (s *safe) LiveSessions(context.Context, string, string, time.Time) (map[string]int, error) {
	return s.live, nil
}

func (s *safe) Record(_ context.Context, drafts ...audit.Draft) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	for _, draft := range drafts {
		s.records = append(s.records, named(draft))
	}
	return nil
}

// named is a draft as the store writes it: a pseudonym in the place of a name.
func named(draft audit.Draft) audit.Draft {
	if who := draft.Person; who.Value != "" {
		sum := sha256.Sum256([]byte(who.Realm + "/" + who.String()))
		draft.Subject, draft.Person = "psn_"+hex.EncodeToString(sum[:8]), identity.Identifier{}
	}
	return draft
}

// noted are the keys whose use was written.
func (s *safe) noted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.used)
}

func (s *safe) recorded(action audit.Action) (found []audit.Draft) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, draft := range s.records {
		if draft.Action == action {
			found = append(found, draft)
		}
	}
	return found
}

// street is a few channels.
type street []workspace.Channel

func (s street) ByName(_ context.Context, name string) (workspace.Channel, error) {
	for _, c := range s {
		if c.Slug == name {
			return c, nil
		}
	}
	return workspace.Channel{}, workspace.ErrNotFound
}

func (s street) Get(_ context.Context, who policy.Principal, id string) (workspace.Channel, error) {
	for _, c := range s {
		if c.ID == id && c.Workspace == who.Workspace() {
			return c, nil
		}
	}
	return workspace.Channel{}, workspace.ErrNotFound
}

var root = policy.ForSystem("main", "cli:root")

// house is a gate with its store and two channels of one workspace.
type house struct {
	store  *safe
	street street
	master *trust.Master
	pulse  *event.Pulse
	gate   *trust.Gate
	keys   *trust.Keys
	epoch  int64
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{
		store: &safe{rings: make(map[string]trust.Ring), live: make(map[string]int)},
		street: street{
			{ID: "chn_shop", Workspace: "main", Slug: "shop", Realm: "main", Platforms: on(policy.Web, policy.Enforce)},
			{ID: "chn_blog", Workspace: "main", Slug: "blog", Realm: "chn_blog", Platforms: on(policy.Web, policy.Observe)},
			{ID: "chn_else", Workspace: "other", Slug: "else", Realm: "other", Platforms: on(policy.Web, policy.Enforce)},
		},
		master: testMaster(t),
		pulse:  new(event.Pulse),
	}
	h.gate = trust.NewGate(h.store, h.street, h.master, "ins_1", h.pulse)
	h.keys = trust.NewKeys(h.store, h.street, h.master, "ins_1", h.pulse.Now)
	h.beat()
	return h
}

// beat reads the log's head anew, under another epoch.
func (h *house) beat() {
	h.epoch++
	now := time.Now()
	h.pulse.Observe(event.Head{Epoch: h.epoch, Now: now.UTC()}, now)
}

func on(platform policy.Platform, e policy.Enforcement) map[policy.Platform]policy.Enforcement {
	return map[policy.Platform]policy.Enforcement{platform: e}
}

// key generates one and lets the gate learn of it.
func (h *house) key(t testing.TB, draft trust.KeyDraft) (trust.KeyRow, string) {
	t.Helper()
	draft.Channel = cmp.Or(draft.Channel, "chn_shop")
	key, secret, err := h.keys.Generate(t.Context(), root, draft)
	if err != nil {
		t.Fatal(err)
	}
	h.beat()
	return key, secret
}

// sign is what the customer's backend does, independent of our own code.
func sign(secret, message string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	return hex.EncodeToString(mac.Sum(nil))
}

var errDisk = errors.New("no space left on device")
