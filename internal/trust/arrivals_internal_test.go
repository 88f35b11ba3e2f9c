package trust

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/workspace"
)

// sums is a store of counts that remembers what it was given.
type sums struct {
	added []Tally
	fail  error
}

func (s *sums) AddArrivals(_ context.Context, tallies []Tally) error {
	if s.fail == nil {
		s.added = append(s.added, tallies...)
	}
	return s.fail
}
func (s *sums) PruneArrivals(context.Context, time.Time) error { return nil }

func counting(t *testing.T) (*Counts, *sums) {
	t.Helper()
	master, err := NewMaster([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	store := &sums{}
	return NewCounts(store, master, time.Now), store
}

var shop = workspace.Channel{ID: "chn_1", Workspace: "main", Origins: []string{"https://shop.example"}}

func (s *sums) total() (n int64) {
	for _, t := range s.added {
		n += t.N
	}
	return n
}

func TestMadeUpWordsFillNoMemoryAndHideNobody(t *testing.T) {
	c, store := counting(t)
	for i := range 3 * maxPending {
		c.add(came{channel: shop, cell: Cell{Platform: policy.Web, Origin: fmt.Sprintf("https://h%d.example", i), Outcome: CameClaimed, Reason: identity.ProofMismatch}})
	}
	c.add(came{channel: shop, cell: Cell{Platform: policy.Web, Origin: "https://shop.example", Outcome: CameClaimed, Reason: identity.ProofMismatch}})
	c.add(came{channel: shop, cell: Cell{Platform: policy.Web, Origin: "https://new.example", Outcome: CameVerified}})
	for i := range 3 * maxPending { // by somebody who has one proof
		c.add(came{channel: shop, cell: Cell{Platform: policy.Web, Origin: fmt.Sprintf("https://p%d.example", i), Outcome: CameVerified}})
	}
	if n := len(c.cells); n > 2*maxPending+2 {
		t.Errorf("%d combinations wait", n)
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := store.total(); n != 6*maxPending+2 {
		t.Errorf("%d of %d are counted", n, 6*maxPending+2)
	}
	seen := map[string]bool{}
	for _, tally := range store.added {
		seen[tally.Origin] = true
	}
	if !seen["https://shop.example"] || !seen["https://new.example"] || !seen[Elsewhere] {
		t.Error("an allowed or proved page was lost among what was made up")
	}
}

func TestCountsThatCannotBeWrittenAreWrittenLater(t *testing.T) {
	c, store := counting(t)
	store.fail = errors.New("disk")
	ping := came{channel: shop, cell: Cell{Platform: policy.Web, Outcome: CameAnonymous}, network: "192.0.2.7"}
	c.add(ping)
	if err := c.Flush(t.Context()); err == nil {
		t.Fatal("a failed flush went well")
	}
	c.add(ping)
	store.fail = nil
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(store.added) != 1 || store.added[0].N != 2 || len(store.added[0].Marks) != 1 {
		t.Errorf("%+v", store.added)
	}
}

func TestOneMachineWithABlockOfAddressesIsOneNetwork(t *testing.T) {
	c, store := counting(t)
	add := func(networks ...string) int {
		t.Helper()
		store.added = nil
		for _, network := range networks {
			c.add(came{channel: shop, cell: Cell{Platform: policy.Web, Outcome: CameVerified}, network: network})
		}
		if err := c.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		return len(store.added[0].Marks)
	}
	for i, list := range [][]string{
		{"192.0.2.1", "192.0.2.77", "192.0.2.255"}, {"2001:db8:1:100::/56", "2001:db8:1:ff00::/56"}, {"192.0.2.1", "198.51.100.1"}, {"unknown"}, {""},
	} {
		if n, want := add(list...), []int{1, 1, 2, 0, 0}[i]; n != want {
			t.Errorf("%q are %d networks, want %d", list, n, want)
		}
	}
	// A mark is another one in every channel: two of them do not say that the same network came to both.
	other := shop
	other.ID = "chn_2"
	a, _ := c.mark(came{channel: shop, network: "192.0.2.1"})
	b, _ := c.mark(came{channel: other, network: "192.0.2.1"})
	if a == b || a < 0 || a >= 1<<40 {
		t.Errorf("marks %x and %x", a, b)
	}
}

func TestAVersionIsShortAndSafe(t *testing.T) {
	for text, want := range map[string]string{
		"4.2.0": "4.2.0", "4.2.0-beta+1_a": "4.2.0-beta+1_a", "": "", strings.Repeat("9", 32): strings.Repeat("9", 32), strings.Repeat("9", 33): "",
		"<b>": "", "4 2": "", "4.2\n": "", "ＡＢ": "", "ada@example.com": "", "4.2/0": "",
	} {
		if got := SafeVersion(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestALimitIsOfOneNetworkAndItsMemoryIsBounded(t *testing.T) {
	l := newLimit(3, time.Second)
	now := time.Unix(1_000_000, 0)
	for i := range 5 {
		if l.admit("192.0.2.1", now) != (i < 3) {
			t.Errorf("try %d", i)
		}
	}
	if !l.admit("192.0.2.2", now) {
		t.Error("another network pays for it")
	}
	if !l.admit("192.0.2.1", now.Add(time.Second)) || l.admit("192.0.2.1", now.Add(time.Second)) {
		t.Error("one comes back every second")
	}
	for i := range 4 * limitShards * maxLimited {
		l.admit(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), now)
	}
	n := 0
	for i := range l.shards {
		n += len(l.shards[i].paid)
	}
	if n > limitShards*maxLimited {
		t.Errorf("%d networks are remembered", n)
	}
}
