package trust

import (
	"context"
	"fmt"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/workspace"
)

// Everywhere is the origin under which a crowd of all origins is counted.
const Everywhere = "*"

// Domain is an origin that has a row of its own.
type Domain struct {
	Origin    string
	ProvedAt  time.Time // when a proof last verified from there
	SeenAt    time.Time
	IgnoredAt time.Time // an operator has seen it and wants no warning
}

// Crowd is from how many distinct networks something came; MostNetworks a day are
// told apart.
type Crowd struct {
	Platform policy.Platform
	Origin   string
	Class    Class
	Networks int
}

// InstallationStore reads the counts.
type InstallationStore interface {
	// Arrivals since a day, summed over the days.
	Arrivals(ctx context.Context, workspace, channel string, since int64) ([]Tally, error)
	// ArrivedAfter are the rows that grew after a time, newest first, fifty at most.
	ArrivedAfter(ctx context.Context, workspace, channel string, after time.Time) ([]Tally, error)
	Domains(ctx context.Context, workspace, channel string) ([]Domain, error)
	Crowds(ctx context.Context, workspace, channel string, since int64) ([]Crowd, error)
	// LiveUnproved counts the sessions that enforcing the platform would end, and their origins.
	LiveUnproved(ctx context.Context, channel workspace.Channel, platform policy.Platform, now time.Time) (sessions, domains int, err error)
	// IgnoreDomain sets or clears the mark; workspace.ErrNotFound if the origin has no row.
	IgnoreDomain(ctx context.Context, workspace, channel, origin string, at time.Time, draft audit.Draft) error
}

// Rings reads a channel's keys.
type Rings interface {
	Ring(ctx context.Context, workspace, channel string) (Ring, error)
}

// Installation tells operators who embeds their messenger and how that goes: by domain
// and version, what to do next, and what enforcing would break. All of it is a hint,
// because browsers and apps said it; no right is ever derived from it.
type Installation struct {
	store    InstallationStore
	rings    Rings
	channels Channels
	counts   *Counts
	now      func() time.Time
}

// NewInstallation reads what counts adds.
func NewInstallation(store InstallationStore, rings Rings, channels Channels, counts *Counts, now func() time.Time) *Installation {
	return &Installation{store: store, rings: rings, channels: channels, counts: counts, now: now}
}

// Standing is how a place came to its row.
type Standing string

const (
	StandingAllowed  Standing = "allowed"  // the channel lists it
	StandingProved   Standing = "proved"   // a proof has verified from it
	StandingStranger Standing = "stranger" // neither
	StandingOther    Standing = "other"    // all that have no row of their own
	StandingApp      Standing = "app"      // an app, which has no origin
	StandingUnknown  Standing = "unknown"  // a page that did not say where it is
)

// Place is a domain, or the apps of a platform.
type Place struct {
	Platform policy.Platform
	Origin   string
	Standing Standing
	Ignored  bool
	Sums     Sums
	Networks map[Class]int // distinct, up to MostNetworks a day
	Dialects []string
	Steps    []Step // what to do next, the most pressing first; none: all is well
}

// Version is one of an app, or of a library that says which it is.
type Version struct {
	Platform policy.Platform
	Version  string
	Sums     Sums
	Steps    []Step
}

// Table is a channel's installation over some days.
type Table struct {
	Channel  workspace.Channel
	Since    time.Time
	Places   []Place
	Versions []Version
}

// MostDays of a table.
const MostDays = int(ArrivalsKept / (24 * time.Hour))

// Table of the last days, today included.
func (i *Installation) Table(ctx context.Context, who policy.Principal, channel string, days int) (Table, error) {
	if days < 1 || days > MostDays {
		return Table{}, fmt.Errorf("%w: from 1 to %d days", ErrInvalid, MostDays)
	}
	found, err := i.channels.Get(ctx, who, channel)
	if err != nil {
		return Table{}, err
	}
	return i.table(ctx, found, days)
}

func (i *Installation) table(ctx context.Context, channel workspace.Channel, days int) (Table, error) {
	if err := i.counts.freshen(ctx); err != nil {
		return Table{}, fmt.Errorf("trust: add what was counted: %w", err)
	}
	since := DayOf(i.now()) - int64(days) + 1
	tallies, err := i.store.Arrivals(ctx, channel.Workspace, channel.ID, since)
	if err != nil {
		return Table{}, err
	}
	domains, err := i.store.Domains(ctx, channel.Workspace, channel.ID)
	if err != nil {
		return Table{}, err
	}
	crowds, err := i.store.Crowds(ctx, channel.Workspace, channel.ID, since)
	if err != nil {
		return Table{}, err
	}
	t := Table{Channel: channel, Since: time.Unix(since*int64((24*time.Hour)/time.Second), 0).UTC()}
	t.Places = places(channel, tallies, domains, crowds)
	t.Versions = versions(tallies)
	return t, nil
}

// Seen is what arrived just now.
type Seen struct {
	Now      time.Time // to be named as since in the next question
	Arrivals []Tally
}

// Watch answers with what arrived after since; with nothing but the time if since is
// zero. What this node counted is there at once, another node's within seconds.
func (i *Installation) Watch(ctx context.Context, who policy.Principal, channel string, since time.Time) (Seen, error) {
	found, err := i.channels.Get(ctx, who, channel)
	if err != nil {
		return Seen{}, err
	}
	seen := Seen{Now: i.now()}
	if since.IsZero() {
		return seen, nil
	}
	if err := i.counts.freshen(ctx); err != nil {
		return Seen{}, fmt.Errorf("trust: add what was counted: %w", err)
	}
	if since.Before(seen.Now.Add(-time.Hour)) {
		since = seen.Now.Add(-time.Hour)
	}
	seen.Arrivals, err = i.store.ArrivedAfter(ctx, found.Workspace, found.ID, since)
	return seen, err
}

// Ignore says that a domain has been looked at and deserves no warning, or takes that
// back. It allows nobody anything.
func (i *Installation) Ignore(ctx context.Context, who policy.Principal, channel, origin string, ignored bool) error {
	if !who.May(policy.ManageChannels) {
		return policy.ErrForbidden
	}
	origin, err := workspace.ParseOrigin(origin)
	if err != nil {
		return err
	}
	action, at := audit.DomainIgnored, i.now().Truncate(time.Microsecond)
	if !ignored {
		action, at = audit.DomainNoticed, time.Time{}
	}
	draft := audit.Draft{
		By: who.Needing(policy.ManageChannels), Workspace: who.Workspace(), Actor: who.Actor(), Action: action, Channel: channel, Subject: channel,
		Detail: map[string]string{"origin": origin},
	}
	return i.store.IgnoreDomain(ctx, who.Workspace(), channel, origin, at, draft)
}
