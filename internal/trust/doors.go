package trust

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"countersign/identity/policy"
	"countersign/internal/workspace"
)

// What one network may have of this node. A proof that holds is never counted against
// these: it is verified before any of them is asked, and whoever shares a network with
// an attacker comes in as if they were alone.
const (
	wrongAtOnce = 30 // refusals with a record of their own …
	wrongEvery  = 2 * time.Second
	pingsAtOnce = 60 // … and page loads that claim nobody
	pingsEvery  = 500 * time.Millisecond
)

// doors is what stands before the gate's store: what is counted, and what is too much.
type doors struct {
	wrong   *limit
	pings   *limit
	counts  *Counts // nil: nobody counts
	limited atomic.Int64
}

func newDoors() *doors {
	return &doors{wrong: newLimit(wrongAtOnce, wrongEvery), pings: newLimit(pingsAtOnce, pingsEvery)}
}

// overdone says that a network had its share of recorded refusals: the next ones are
// answered the same, and only counted.
func (d *doors) overdone(network string, now time.Time) bool {
	if network == "" || d.wrong.admit(network, now) {
		return false
	}
	d.limited.Add(1)
	return true
}

// Counting makes the gate count who comes. It is called before the first arrival.
func (g *Gate) Counting(counts *Counts) { g.doors.counts = counts }

// Limited is how many refusals had no record of their own because their network had
// too many.
func (g *Gate) Limited() int64 { return g.doors.limited.Load() }

// came is the judgement as it is counted.
func (j judgement) came(channel workspace.Channel) came {
	v := j.verdict
	c := Cell{
		Platform: j.arrival.Platform, Origin: j.arrival.Origin, Version: j.arrival.Version, Dialect: v.Dialect(), Reason: v.Reason(),
	}
	switch {
	case v.Refusal() != policy.NotRefused:
		c.Outcome = CameRefused
	case v.Tier() == policy.Verified:
		c.Outcome, c.Reason = CameVerified, ""
	case v.MadeAnonymous():
		c.Outcome = CameUnnamed
	case v.Tier() == policy.Claimed:
		c.Outcome = CameClaimed
	default:
		c.Outcome = CameAnonymous
	}
	return came{channel: channel, cell: c, network: j.arrival.Network}
}

// Ping is a page load that claims nobody, or a page that was kept out. It carries no
// identity and opens nothing.
type Ping struct {
	Channel  string // public id
	Platform policy.Platform
	Origin   string
	Version  string
	Network  string
	Blocked  bool // the page may not show the messenger and tried to
}

// Ping counts a page load. Counted is false for one that its network has too many of.
// The errors are Admit's.
func (g *Gate) Ping(ctx context.Context, p Ping) (counted bool, err error) {
	if _, err := g.pulse.Epoch(); err != nil {
		return false, err
	}
	if p.Network != "" && !g.doors.pings.admit(p.Network, g.pulse.Now()) {
		return false, nil
	}
	channel, err := g.names.ByName(ctx, p.Channel)
	if err != nil {
		return false, err
	}
	cell := Cell{Platform: cmp.Or(p.Platform, policy.Web), Origin: p.Origin, Version: p.Version, Outcome: CameAnonymous}
	if _, serves := channel.Platforms[cell.Platform]; !serves {
		return false, ErrPlatform
	}
	// Where pages are listed, one that is not cannot open what its launcher promises.
	outside := cell.Platform == policy.Web && len(channel.Origins) > 0 && !slices.Contains(channel.Origins, knownOrigin(p.Origin))
	if p.Blocked || outside && p.Origin != "" {
		cell.Outcome = CameBlocked
	}
	g.doors.counts.add(came{channel: channel, cell: cell, network: p.Network})
	return true, nil
}
