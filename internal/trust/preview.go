package trust

import (
	"context"
	"fmt"
	"slices"
	"time"

	"countersign/identity/keyring"
	"countersign/identity/policy"
	"countersign/internal/workspace"
)

// PreviewDays is how far a preview looks back.
const PreviewDays = 7

// Preview is what enforcing a platform would break, judged by the last seven days.
type Preview struct {
	Platform    policy.Platform
	Enforcement policy.Enforcement
	Since       time.Time // it has been enforced so
	MinimumTier policy.Tier
	From        time.Time // first day looked at
	Sums        Sums
	Networks    map[Class]int
	Places      []Place // those of the platform
	Versions    []Version
	Live        int // sessions that would end at once
	LiveDomains int
	Keys        int // that verify for the platform
	Warnings    []Warning
}

// Broken are the arrivals that enforcing turns away, or makes anonymous: those that
// claimed somebody without a proof that holds, and under a minimum tier those that
// claimed nobody.
func (p Preview) Broken() int64 {
	n := p.Sums.Classes[ProofLacking] + p.Sums.Classes[ProofWrong]
	if p.MinimumTier != policy.Anonymous && p.MinimumTier != "" {
		n += p.Sums.Outcomes[CameAnonymous]
	}
	return n
}

// Danger is why turning enforcement on deserves a second thought.
type Danger string

const (
	DangerNoKey      Danger = "no_key"      // no key verifies for the platform: nobody can be verified
	DangerNoArrivals Danger = "no_arrivals" // nobody came in seven days: nothing is known
	DangerNoProof    Danger = "no_verified" // people were claimed, and not one proof verified
	DangerOneNetwork Danger = "one_network" // proofs came from one network alone, as a developer's do
	DangerBreaks     Danger = "would_break" // so many of so many would be turned away
)

// Warning is a danger in numbers. It never stops anything: whoever turns enforcement on
// by a program or a command is told afterwards, and the console asks before.
type Warning struct {
	Danger Danger
	N, Of  int64
	Places int // how many places are concerned
}

// Preview says what enforcing the platform would break.
func (i *Installation) Preview(ctx context.Context, who policy.Principal, channel string, platform policy.Platform) (Preview, error) {
	found, err := i.channels.Get(ctx, who, channel)
	if err != nil {
		return Preview{}, err
	}
	enforcement, serves := found.Platforms[platform]
	if !serves {
		return Preview{}, fmt.Errorf("%w: this channel does not serve the platform %q", ErrPlatform, platform)
	}
	table, err := i.table(ctx, found, PreviewDays)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{
		Platform: platform, Enforcement: enforcement, Since: found.Since[platform], MinimumTier: found.MinimumTier, From: table.Since, Networks: map[Class]int{},
	}
	p.take(table)
	if err := i.measure(ctx, found, &p); err != nil {
		return Preview{}, err
	}
	p.Warnings = p.warnings()
	return p, nil
}

// take keeps what is of the platform.
func (p *Preview) take(table Table) {
	for _, place := range table.Places {
		if place.Platform == p.Platform {
			p.Places = append(p.Places, place)
			p.Sums.merge(place.Sums)
		}
	}
	for _, version := range table.Versions {
		if version.Platform == p.Platform {
			p.Versions = append(p.Versions, version)
		}
	}
}

func (s *Sums) merge(o Sums) {
	s.ready()
	s.Total += o.Total
	for k, n := range o.Outcomes {
		s.Outcomes[k] += n
	}
	for k, n := range o.Classes {
		s.Classes[k] += n
	}
	for k, n := range o.Reasons {
		s.Reasons[k] += n
	}
	if o.LastAt.After(s.LastAt) {
		s.LastAt = o.LastAt
	}
}

// measure asks what the table does not hold: networks over all domains, live sessions, keys.
func (i *Installation) measure(ctx context.Context, channel workspace.Channel, p *Preview) error {
	crowds, err := i.store.Crowds(ctx, channel.Workspace, channel.ID, DayOf(p.From))
	if err != nil {
		return err
	}
	for _, c := range crowds {
		if c.Platform == p.Platform && c.Origin == Everywhere {
			p.Networks[c.Class] = c.Networks
		}
	}
	now := i.now()
	if p.Live, p.LiveDomains, err = i.store.LiveUnproved(ctx, channel, p.Platform, now); err != nil {
		return err
	}
	ring, err := i.rings.Ring(ctx, channel.Workspace, channel.ID)
	if err != nil {
		return err
	}
	for _, key := range ring.Keys {
		if slices.Contains(key.Platforms, p.Platform) && (keyring.Key{State: keyring.State(key.State), EndsAt: key.EndsAt}).Verifies(now) {
			p.Keys++
		}
	}
	return nil
}

func (p Preview) warnings() []Warning {
	var out []Warning
	if p.Keys == 0 {
		out = append(out, Warning{Danger: DangerNoKey})
	}
	right, named := p.Sums.Classes[ProofRight], p.Sums.Named()
	switch {
	case p.Sums.Total == 0:
		out = append(out, Warning{Danger: DangerNoArrivals})
	case right == 0:
		out = append(out, Warning{Danger: DangerNoProof, N: named, Of: p.Sums.Total})
	case p.Networks[ProofRight] == 1:
		out = append(out, Warning{Danger: DangerOneNetwork, N: right, Of: p.Sums.Total})
	}
	if broken := p.Broken(); broken > 0 {
		domains := 0
		for _, place := range p.Places {
			if place.Sums.Classes[ProofLacking]+place.Sums.Classes[ProofWrong] > 0 {
				domains++
			}
		}
		out = append(out, Warning{Danger: DangerBreaks, N: broken, Of: p.Sums.Total, Places: domains})
	}
	return out
}
