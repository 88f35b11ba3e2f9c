package trust

import (
	"context"
	"encoding/binary"
	"net/netip"
	"slices"
	"sync"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/workspace"
)

// Outcome is what became of somebody who came.
type Outcome string

const (
	CameVerified  Outcome = "verified"
	CameClaimed   Outcome = "claimed"
	CameAnonymous Outcome = "anonymous"
	CameRefused   Outcome = "refused"
	CameUnnamed   Outcome = "made_anonymous"
	CameBlocked   Outcome = "blocked" // a page that may not show the messenger tried to
)

// Elsewhere stands for the origins and versions that have no row of their own.
const Elsewhere = "other"

const (
	// ArrivalsKept and NetworksKept are how long counts live.
	ArrivalsKept = 90 * 24 * time.Hour
	NetworksKept = 8 * 24 * time.Hour
	// MostNetworks are told apart in one combination and day; beyond it is "at least".
	MostNetworks = 50

	flushEvery = 5 * time.Second
	pruneEvery = 6 * time.Hour
	maxPending = 4096 // combinations between two flushes
	maxVersion = 32
)

// Class is how a proof was, told apart because the remedies differ.
type Class string

const (
	ProofRight   Class = "verified"
	ProofLacking Class = "missing"
	ProofWrong   Class = "wrong"
	ProofNone    Class = "none" // nobody was claimed
)

// Cell is what is counted apart. Origin and version are a caller's own words.
type Cell struct {
	Workspace string
	Channel   string
	Day       int64 // since 1970, UTC
	Platform  policy.Platform
	Origin    string
	Version   string
	Dialect   string // empty: a ping, or a page that was kept out
	Outcome   Outcome
	Reason    identity.Reason
}

// Class of the cell's proofs.
func (c Cell) Class() Class {
	switch {
	case c.Outcome == CameVerified:
		return ProofRight
	case c.Reason == "":
		return ProofNone
	case c.Reason == identity.ProofMissing:
		return ProofLacking
	}
	return ProofWrong
}

// Tally is a cell with its numbers.
type Tally struct {
	Cell
	N      int64
	LastAt time.Time
	Marks  []int64 // of the networks, keyed; only where it is added
}

// DayOf numbers days.
func DayOf(at time.Time) int64 { return at.Unix() / int64((24*time.Hour)/time.Second) }

// ArrivalStore keeps the counts.
type ArrivalStore interface {
	// AddArrivals adds tallies in one transaction. It decides which origins and versions
	// have a row of their own: an allowed origin, one that a proof has verified from, and
	// a bounded number of others; the rest is counted as Elsewhere.
	AddArrivals(ctx context.Context, tallies []Tally) error
	// PruneArrivals forgets what is older than it is kept.
	PruneArrivals(ctx context.Context, now time.Time) error
}

// Counts sums arrivals in memory and adds them to the store every few seconds: an
// arrival costs a map entry and never a write. A crash loses seconds of counts, and
// no record.
type Counts struct {
	store ArrivalStore
	now   func() time.Time
	key   []byte // of the networks' marks

	mu    sync.Mutex
	cells map[Cell]*sum

	flushing sync.Mutex // who asks while another writes has to see what that one took
	flushed  time.Time
	pruned   time.Time
}

type sum struct {
	n      int64
	lastAt time.Time
	marks  map[int64]struct{}
}

// NewCounts keeps its sums in store.
func NewCounts(store ArrivalStore, master *Master, now func() time.Time) *Counts {
	return &Counts{store: store, now: now, key: master.Derive("networks"), cells: map[Cell]*sum{}}
}

// came is one arrival, as it is counted.
type came struct {
	channel workspace.Channel
	cell    Cell // platform, origin, version, dialect, outcome, reason
	network string
}

func (c *Counts) add(a came) {
	if c == nil {
		return
	}
	now := c.now()
	cell := a.cell
	cell.Workspace, cell.Channel, cell.Day = a.channel.Workspace, a.channel.ID, DayOf(now)
	cell.Origin, cell.Version = knownOrigin(cell.Origin), SafeVersion(cell.Version)
	mark, marked := c.mark(a)
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.cells[cell]
	room := maxPending
	if cell.Outcome == CameVerified || slices.Contains(a.channel.Origins, cell.Origin) {
		room *= 2
	}
	if !ok && len(c.cells) >= room {
		// Somebody makes words up faster than they can be written.
		cell.Origin, cell.Version = Elsewhere, Elsewhere
		s, ok = c.cells[cell]
	}
	if !ok {
		s = &sum{marks: map[int64]struct{}{}}
		c.cells[cell] = s
	}
	s.n++
	s.lastAt = now
	if marked && len(s.marks) < MostNetworks {
		s.marks[mark] = struct{}{}
	}
}

// mark is a network's in one channel: forty bits that lead to no address without the
// master key. A network is what one party can be expected to hold, an IPv4 /24 or an
// IPv6 /48, so that one machine with a block of addresses is no crowd.
func (c *Counts) mark(a came) (int64, bool) {
	prefix, ok := coarse(a.network)
	if !ok {
		return 0, false
	}
	sum := keyed(c.key, []byte(a.channel.Workspace), []byte(a.channel.ID), []byte(prefix.String()))
	return int64(binary.BigEndian.Uint64(sum) >> 24), true //nolint:gosec // forty bits fit
}

// coarse widens what limits count by (an address, or a /56) to what crowds are counted by.
func coarse(network string) (netip.Prefix, bool) {
	addr, err := netip.ParseAddr(network)
	if err != nil {
		p, err := netip.ParsePrefix(network)
		if err != nil {
			return netip.Prefix{}, false
		}
		addr = p.Addr()
	}
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	prefix, err := addr.Prefix(bits)
	return prefix, err == nil
}

// knownOrigin is an origin in the one spelling that browsers give it, or empty: what
// is no origin is nobody's word about a page.
func knownOrigin(text string) string {
	origin, err := workspace.ParseOrigin(text)
	if err != nil {
		return ""
	}
	return origin
}

// SafeVersion is a version as it may be shown and kept: up to 32 letters, digits and
// . _ + - of ASCII; anything else is none.
func SafeVersion(text string) string {
	if len(text) > maxVersion {
		return ""
	}
	for _, r := range text {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !letter && r != '.' && r != '_' && r != '+' && r != '-' {
			return ""
		}
	}
	return text
}

// Flush adds what was counted since the last one. What cannot be added now is added
// with the next.
func (c *Counts) Flush(ctx context.Context) error {
	c.flushing.Lock()
	defer c.flushing.Unlock()
	c.flushed = c.now()
	if tallies := c.take(); len(tallies) > 0 {
		if err := c.store.AddArrivals(ctx, tallies); err != nil {
			c.putBack(tallies)
			return err
		}
	}
	if now := c.now(); now.Sub(c.pruned) >= pruneEvery {
		if err := c.store.PruneArrivals(ctx, now); err != nil {
			return err
		}
		c.pruned = now
	}
	return nil
}

// freshen flushes for somebody who watches, once a second at most however many do.
func (c *Counts) freshen(ctx context.Context) error {
	c.flushing.Lock()
	recent := c.now().Sub(c.flushed) < time.Second
	c.flushing.Unlock()
	if recent {
		return nil
	}
	return c.Flush(ctx)
}

func (c *Counts) take() []Tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	tallies := make([]Tally, 0, len(c.cells))
	for cell, s := range c.cells {
		t := Tally{Cell: cell, N: s.n, LastAt: s.lastAt}
		for mark := range s.marks {
			t.Marks = append(t.Marks, mark)
		}
		tallies = append(tallies, t)
	}
	clear(c.cells)
	return tallies
}

func (c *Counts) putBack(tallies []Tally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range tallies {
		s, ok := c.cells[t.Cell]
		if !ok {
			s = &sum{lastAt: t.LastAt, marks: map[int64]struct{}{}}
			c.cells[t.Cell] = s
		}
		s.n += t.N
		for _, mark := range t.Marks {
			s.marks[mark] = struct{}{}
		}
	}
}

// Run flushes until ctx ends. Failures are told to failed, and tried again.
func (c *Counts) Run(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := c.Flush(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
	}
}
