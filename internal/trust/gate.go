package trust

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/workspace"
)

const (
	gateActor = "gate"
	// unknownDialect stands for any name that no row has: what a caller makes up must
	// not become a value of the record or a label of a metric.
	unknownDialect = "unknown"
)

// Names finds a channel for the gate; workspace.Directory does.
type Names interface {
	ByName(ctx context.Context, name string) (workspace.Channel, error)
}

// Gate is the one way in for an assertion:
//
//	find the channel and its ring ─▶ verify ─▶ decide ─▶ ask whether a session may begin ─▶ record ─▶ answer
//
// Whatever cannot be found, opened or recorded ends the arrival with an error, and
// an error admits nobody.
type Gate struct {
	store Store
	names Names
	pulse *event.Pulse
	rings *rings
	flood *flood
	uses  *uses
	codes *codes // nil: no emailed codes are taken
	doors *doors
}

// NewGate opens the secrets of rings with master, for this installation.
func NewGate(store Store, names Names, master *Master, installation string, pulse *event.Pulse) *Gate {
	return &Gate{
		store: store, names: names, pulse: pulse,
		rings: newRings(store, master, installation),
		flood: newFlood(store, pulse.Now),
		uses:  newUses(store, pulse.Now),
		doors: newDoors(),
	}
}

// Admit judges one arrival and records the judgement before it answers. The
// verdict may be a refusal; the error says that there is none: no such channel
// (workspace.ErrNotFound), a platform that it does not serve (ErrPlatform), this
// node does not know how things stand (event.ErrStale), or the ring or the record
// failed.
func (g *Gate) Admit(ctx context.Context, arrival Arrival) (policy.Verdict, workspace.Channel, error) {
	fail := func(err error) (policy.Verdict, workspace.Channel, error) {
		return policy.Verdict{}, workspace.Channel{}, err
	}
	j, channel, err := g.weigh(ctx, arrival)
	if err != nil {
		return fail(err)
	}
	g.doors.counts.add(j.came(channel))
	if renewed, err := j.renews(ctx, channel); err != nil {
		return fail(err)
	} else if renewed {
		return j.verdict, channel, nil
	}
	if outcome, err := j.allowed(ctx, channel); err != nil {
		return fail(errors.Join(err, g.turnedAway(ctx, channel, j, outcome)))
	}
	if err := g.record(ctx, channel, j); err != nil {
		return fail(fmt.Errorf("trust: recording a judgement: %w", err))
	}
	return j.verdict, channel, nil
}

// weigh finds the channel and its ring, verifies and decides. Nothing is recorded yet
// but that the key was used.
func (g *Gate) weigh(ctx context.Context, arrival Arrival) (judgement, workspace.Channel, error) {
	if arrival.Assertion.Token != "" {
		if err := g.lookUp(ctx, arrival); err != nil {
			return judgement{}, workspace.Channel{}, err
		}
	}
	fail := func(err error) (judgement, workspace.Channel, error) { return judgement{}, workspace.Channel{}, err }
	epoch, err := g.pulse.Epoch()
	if err != nil {
		return fail(err)
	}
	channel, err := g.names.ByName(ctx, arrival.Channel)
	if err != nil {
		return fail(err)
	}
	arrival.Platform = cmp.Or(arrival.Platform, policy.Web)
	enforcement, serves := channel.Platforms[arrival.Platform]
	if !serves {
		return fail(fmt.Errorf("%w: this channel does not serve the platform %s", ErrPlatform, arrival.Platform))
	}
	now := g.pulse.Now()
	ring, err := g.rings.of(ctx, epoch, channel, now)
	if err != nil {
		return fail(err)
	}
	j := judge(ring, channel, enforcement, arrival, now)
	if err := g.note(ctx, j.use(channel.Workspace)); err != nil {
		return fail(err)
	}
	return j, channel, nil
}

// UseSets gives the gate a way to fetch issuers' key sets.
func (g *Gate) UseSets(sets *Sets) { g.rings.sets = sets }

// lookUp waits, if it must, for the issuers' key sets that the token speaks of. What
// was known of the channel and its ring is asked again afterwards: it may have changed
// in the meantime.
func (g *Gate) lookUp(ctx context.Context, arrival Arrival) error {
	epoch, err := g.pulse.Epoch()
	if err != nil {
		return err
	}
	channel, err := g.names.ByName(ctx, arrival.Channel)
	if err != nil {
		return err
	}
	now := g.pulse.Now()
	ring, err := g.rings.of(ctx, epoch, channel, now)
	if err != nil {
		return err
	}
	g.rings.look(ctx, ring, arrival.Assertion.Token, now)
	return nil
}

// judgement is a verdict with what led to it.
type judgement struct {
	verdict     policy.Verdict
	assertion   identity.Assertion
	arrival     Arrival
	enforcement policy.Enforcement
	refusedBy   string // the key that said why not, if one did
}

// renews asks the caller of a verified arrival whether it goes on with a session.
func (j judgement) renews(ctx context.Context, channel workspace.Channel) (bool, error) {
	if j.arrival.Renew == nil || j.verdict.Tier() != policy.Verified || j.verdict.Refusal() != policy.NotRefused {
		return false, nil
	}
	return j.arrival.Renew(ctx, j.verdict, channel)
}

// allowed asks the caller whether somebody who proved who they are comes in.
func (j judgement) allowed(ctx context.Context, channel workspace.Channel) (outcome string, err error) {
	if j.arrival.Allow == nil || j.verdict.Tier() != policy.Verified || j.verdict.Refusal() != policy.NotRefused {
		return "", nil
	}
	return j.arrival.Allow(ctx, j.verdict, channel)
}

// spent :: why a right proof opens nothing for its person → the reason that is truest.
// A token that an operator or a log-out ended has expired before its time; a hash has
// no time, and is of no use for this person until the operator says otherwise.
var spent = map[string]identity.Reason{
	"not_before": identity.TokenExpired, "logged_out": identity.TokenExpired, "bare_hash": identity.KeyUnusable,
}

// turnedAway records who proved to be somebody who does not come in.
func (g *Gate) turnedAway(ctx context.Context, channel workspace.Channel, j judgement, outcome string) error {
	if outcome == "" {
		return nil
	}
	if err := g.store.Record(ctx, g.kept(channel, j, outcome)); err != nil {
		return fmt.Errorf("trust: recording a refusal: %w", err)
	}
	return nil
}

// kept is the entry of a right proof that opens nothing.
func (g *Gate) kept(channel workspace.Channel, j judgement, outcome string) audit.Draft {
	draft := g.opened(channel, j)
	draft.Action, draft.Detail["outcome"] = audit.SessionRefused, outcome
	if reason, ok := spent[outcome]; ok {
		draft.Detail["reason"] = string(reason)
	}
	return draft
}

// judge verifies and decides; it reads no clock and no store.
func judge(ring ring, channel workspace.Channel, enforcement policy.Enforcement, arrival Arrival, now time.Time) judgement {
	assertion := arrival.Assertion
	assertion.Platform = string(arrival.Platform)
	row, known := dialect.Get(assertion.Dialect)
	if !known {
		assertion.Dialect = unknownDialect
	}
	verified, err := identity.Verify(ring.verifier, assertion, now)
	rule := policy.Rule{Enforcement: enforcement, OnFailure: policy.OnFailure(row.OnFailure), MinimumTier: channel.MinimumTier}
	if err == nil {
		// The page names the family; which row of it was spoken, the key knows.
		if spoken, ok := dialect.Get(verified.Dialect()); ok {
			rule.Tail = spoken.Tail
		}
		rule.SignedEmail = ring.confirms[verified.Key()]
	}
	j := judgement{verdict: policy.Decide(rule, assertion, verified, err), assertion: assertion, arrival: arrival, enforcement: enforcement}
	var refusal *identity.Error
	if errors.As(err, &refusal) {
		j.refusedBy = refusal.Key
	}
	return j
}

// use is by which key the judgement came and from where.
func (j judgement) use(workspace string) useName {
	return useName{workspace: workspace, key: j.verdict.Key(), origin: j.arrival.Origin, platform: j.arrival.Platform}
}

// note marks that a key was used, at most once a minute for each origin; the store
// turns a pending one active.
func (g *Gate) note(ctx context.Context, use useName) error {
	if use.key == "" {
		return nil
	}
	if err := g.uses.seen(ctx, use); err != nil {
		return fmt.Errorf("trust: noting that a key was used: %w", err)
	}
	return nil
}

// record writes what was decided, so that nobody is admitted, and no proof turned
// away, without a trace:
//
//	verified                          session.opened, or session.refused if the caller's rules keep it out
//	a proof that is wrong             identity.refused, in every mode
//	no proof where one is enforced    identity.refused
//	nothing claimed, or a mere claim  nothing
func (g *Gate) record(ctx context.Context, channel workspace.Channel, j judgement) error {
	v := j.verdict
	switch {
	case v.Tier() == policy.Verified && v.Refusal() == policy.NotRefused:
		if err := g.store.Record(ctx, g.opened(channel, j)); err != nil {
			return err
		}
		g.uses.opened(j.use(channel.Workspace))
		return nil
	case v.Reason() == "":
		return nil
	case v.Reason() == identity.ProofMissing && v.Refusal() == policy.NotRefused && !v.MadeAnonymous():
		return nil
	}
	return g.recordRefusal(ctx, j.arrival.Network, g.refused(channel, j))
}

// recordRefusal gives a refusal a row of its own, unless its network had its share.
func (g *Gate) recordRefusal(ctx context.Context, network string, draft audit.Draft) error {
	if g.doors.overdone(network, g.pulse.Now()) {
		return g.flood.tally(ctx, draft)
	}
	return g.flood.record(ctx, draft)
}

func (g *Gate) opened(channel workspace.Channel, j judgement) audit.Draft {
	draft := draftAt(channel, audit.SessionOpened, j)
	draft.Person = j.verdict.Identifiers()[0]
	draft.Detail["method"], draft.Detail["key"] = string(j.verdict.Method()), j.verdict.Key()
	return draft
}

func (g *Gate) refused(channel workspace.Channel, j judgement) audit.Draft {
	draft := draftAt(channel, audit.IdentityRefused, j)
	// What can be nobody's name gets no pseudonym: it would be kept at any length.
	if claimed := claimedIdentifier(channel.Realm, j.assertion); identity.ValidUserID(claimed.Value) || identity.ValidEmail(claimed.Value) {
		draft.Person = claimed
	}
	draft.Detail["reason"], draft.Detail["outcome"] = string(j.verdict.Reason()), outcome(j.verdict)
	if j.refusedBy != "" {
		draft.Detail["key"] = j.refusedBy
	}
	return draft
}

// draftAt holds what both records say. It takes no hash, token, secret, email or
// user id: those never reach the record.
func draftAt(channel workspace.Channel, action audit.Action, j judgement) audit.Draft {
	detail := map[string]string{"dialect": j.verdict.Dialect(), "platform": string(j.arrival.Platform), "enforcement": string(j.enforcement)}
	if j.arrival.Origin != "" {
		detail["origin"] = j.arrival.Origin
	}
	if j.assertion.Token != "" && j.assertion.Hash != "" {
		detail["ignored"] = "hash beside a token"
	}
	return audit.Draft{Workspace: channel.Workspace, Actor: gateActor, Action: action, Channel: channel.ID, Detail: detail}
}

// outcome is what became of a visitor whose proof was refused.
func outcome(v policy.Verdict) string {
	if v.Refusal() != policy.NotRefused {
		return string(v.Refusal())
	}
	return string(v.Tier())
}

// claimedIdentifier is whom a refused assertion speaks of, as the dialect would
// name that person.
func claimedIdentifier(realm string, a identity.Assertion) identity.Identifier {
	row, _ := dialect.Get(a.Dialect)
	byEmail := a.UserID == "" || row.DefaultSigns() == identity.SignsEmail && a.Email != ""
	if byEmail {
		return identity.Identifier{Realm: realm, Kind: identity.KindEmail, Value: identity.Fold(a.Email)}
	}
	return identity.Identifier{Realm: realm, Kind: identity.KindUserID, Value: a.UserID}
}

// Flush writes the refusals and the uses of keys that were only counted so far. The
// process calls it on its way out.
func (g *Gate) Flush(ctx context.Context) error {
	return errors.Join(g.flood.flush(ctx, math.MaxInt64), g.uses.flush(ctx))
}
