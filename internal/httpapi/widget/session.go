package widget

import (
	"context"
	"errors"
	"slices"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// openSession is the only route that takes an assertion. Both refusals cost the
// same: the gate verifies and records, chat ends what was replaced, one problem
// of one size goes out.
func (d *Door) openSession(ctx context.Context, c *httpapi.Call[wire.None], in wire.OpenSession) (wire.OpenedSession, error) {
	platform, err := platformOf(in.Platform)
	if err != nil {
		return wire.OpenedSession{}, err
	}
	assertion := identity.Assertion{}
	if in.Assertion != nil {
		assertion = httpapi.ReadAssertion(*in.Assertion)
	}
	if spell := spelling(assertion.Dialect, platform); spell != nil {
		c.Spell(spell)
	}
	if in.Channel == "" {
		return wire.OpenedSession{}, httpapi.Impossible("The channel is missing: send its slug or an alias.")
	}
	assertion.Platform = string(platform)
	device := chat.Device{
		VisitorToken: in.VisitorToken, Replaces: in.Replaces, Platform: platform, Origin: in.Origin, UserAgent: c.UserAgent(),
		Network: c.Client.Network,
	}
	arrival := trust.Arrival{
		Channel: in.Channel, Platform: platform, Origin: in.Origin, Version: in.Version, Network: c.Client.Network, Assertion: assertion,
	}
	result, verdict, err := d.enter(ctx, arrival, device)
	if errors.Is(err, chat.ErrOutdated) { // a key or the channel has changed in between
		result, verdict, err = d.enter(ctx, arrival, device)
	}
	if err != nil {
		return wire.OpenedSession{}, err
	}
	session := shapeSession(result)
	if verdict.MadeAnonymous() {
		session.Notice = noticeMadeAnonymous
	}
	return wire.OpenedSession{Token: result.Token, VisitorToken: result.VisitorToken, Session: session}, nil
}

// enter asks the gate who comes, and opens or renews their session.
func (d *Door) enter(ctx context.Context, arrival trust.Arrival, device chat.Device) (result chat.Result, verdict policy.Verdict, err error) {
	renewed := false
	arrival.Renew = func(ctx context.Context, verdict policy.Verdict, channel workspace.Channel) (_ bool, err error) {
		result, renewed, err = d.Sessions.Renew(ctx, verdict, channel, device)
		return renewed, err
	}
	arrival.Allow = func(ctx context.Context, verdict policy.Verdict, channel workspace.Channel) (string, error) {
		outcome, err := d.Sessions.Allow(ctx, verdict, channel, device)
		if err != nil {
			d.metrics.Admitted(verdict.Dialect(), "failed", "")
		}
		return outcome, err
	}
	verdict, channel, err := d.Gate.Admit(ctx, arrival)
	if err != nil {
		return chat.Result{}, verdict, unknownChannel(err)
	}
	if !renewed {
		result, err = d.Sessions.Open(ctx, verdict, channel, device)
	}
	d.metrics.Admitted(verdict.Dialect(), outcome(verdict, renewed, err), string(verdict.Reason()))
	if verdict.Refusal() != policy.NotRefused && (err == nil || errors.Is(err, chat.ErrRefused)) {
		err = httpapi.Fail(httpapi.Code(verdict.Refusal()))
	}
	return result, verdict, err
}

func outcome(verdict policy.Verdict, renewed bool, err error) string {
	switch {
	case renewed:
		return "renewed"
	case verdict.Refusal() != policy.NotRefused:
		return string(verdict.Refusal())
	case err != nil:
		return "failed"
	}
	return string(verdict.Tier())
}

func platformOf(text string) (policy.Platform, error) {
	platform := policy.Platform(text)
	if text == "" {
		platform = policy.Web
	}
	if !slices.Contains([]policy.Platform{policy.Web, policy.IOS, policy.Android}, platform) {
		return "", httpapi.Impossible("The platform is web, ios or android.")
	}
	return platform, nil
}

const (
	noticeMadeAnonymous = "made_anonymous"
	noticeUnverified    = "unverified"
)

func shapeSession(r chat.Result) wire.Session {
	s := wire.Session{
		SessionID: r.Session.ID, Tier: string(r.Session.Standing.Tier()), Method: string(r.Session.Standing.Method()),
		ExpiresAt: r.Session.ExpiresAt.UTC(), Lane: r.Lane, Visitor: r.Visitor, Name: r.Name, Seq: r.Seq, Claimed: r.Claimed,
	}
	if proved := r.Session.Standing.Identifiers(); r.Session.Standing.Method() == identity.MethodCode && len(proved) > 0 {
		s.Email = proved[0].Value
	}
	if r.Session.Standing.Tier() == policy.Claimed {
		s.Notice = noticeUnverified
	}
	if r.Waiting != nil {
		s.Claim = &wire.Claim{LastAt: r.Waiting.LastAt.UTC()}
	}
	return s
}

func (d *Door) getSession(ctx context.Context, c *call, _ wire.None) (wire.Session, error) {
	result, err := d.Sessions.Current(ctx, c.Who)
	if err != nil {
		return wire.Session{}, err
	}
	return shapeSession(result), nil
}

func (d *Door) endSession(ctx context.Context, c *call, _ wire.None) (wire.None, error) {
	return wire.None{}, d.Sessions.LogOut(ctx, c.Who)
}

func (d *Door) claimThread(ctx context.Context, c *call, in wire.ClaimThreads) (wire.ClaimedThreads, error) {
	moved, err := d.Sessions.ClaimWaiting(ctx, c.Who, in.LastAt)
	return wire.ClaimedThreads{Moved: moved}, err
}
