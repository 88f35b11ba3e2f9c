package team

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"countersign/internal/audit"
	"countersign/internal/event"
)

// Second is what is asked of somebody whose password was right. Step is no login: it
// opens nothing but the second step, for five minutes.
type Second struct {
	Step    string
	App     bool // a code of an authenticator app would do
	Passkey *Challenge
}

// arrival is how somebody came in, for the login and the record.
type arrival struct {
	from      netip.Addr
	userAgent string
	factor    string
}

// half remembers that an agent gave the right password, and asks for the rest.
func (t *Team) half(ctx context.Context, agent Agent, c Credentials) (SignedIn, error) {
	if err := t.take(ctx, []Try{{"half:" + network(c.From) + ":" + agent.ID, halfLimit, halfWindow}}); err != nil {
		return SignedIn{}, err
	}
	out := Second{}
	app, err := t.store.Authenticator(ctx, agent.Workspace, agent.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return SignedIn{}, fmt.Errorf("team: reading an authenticator: %w", err)
	}
	out.App = !app.ConfirmedAt.IsZero()
	step, hash := newSecret()
	half := Half{TokenHash: hash, Workspace: agent.Workspace, Agent: agent.ID, Password: agent.Password, ExpiresAt: t.now().Add(ceremonyLife)}
	who, err := t.account(ctx, agent)
	if err != nil {
		return SignedIn{}, err
	}
	if len(who.keys) > 0 && c.Site.Host != "" {
		challenge, ceremony, err := t.ask(c.Site, &who)
		if err != nil {
			return SignedIn{}, err
		}
		if half.Ceremony, err = json.Marshal(ceremony); err != nil {
			return SignedIn{}, fmt.Errorf("team: a passkey's challenge: %w", err)
		}
		challenge.Step = step
		out.Passkey = &challenge
	}
	if err := t.store.PutHalf(ctx, half); err != nil {
		return SignedIn{}, fmt.Errorf("team: remembering half a sign-in: %w", err)
	}
	out.Step = step
	return SignedIn{Second: &out}, nil
}

// SecondStep is what completes a sign-in: a code of the app, a recovery code, or the
// answer of a passkey.
type SecondStep struct {
	Step      string
	Code      string
	Proof     *Proof
	Site      Site
	From      netip.Addr
	UserAgent string
}

// SignInSecond completes a sign-in. ErrExpired sends back to the password.
func (t *Team) SignInSecond(ctx context.Context, s SecondStep) (SignedIn, error) {
	if len(s.Step) != secretText {
		return SignedIn{}, ErrExpired
	}
	half, agent, err := t.store.Half(ctx, hashOf(s.Step), t.now())
	if errors.Is(err, ErrRefused) || err == nil && agent.Password != half.Password {
		return SignedIn{}, ErrExpired
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("team: reading half a sign-in: %w", err)
	}
	entry, factor := Entry{Password: half.Password, Half: half.TokenHash}, "recovery"
	var tries []Try
	switch {
	case s.Proof != nil:
		factor = "passkey"
		entry.Passkey, err = t.answered(ctx, half, agent, s)
	case digits(s.Code) != "":
		factor = "app"
		entry.Step, tries, err = t.code(ctx, agent, s.Code, s.From, true)
	default:
		entry.Recovery = recoveryHash(agent.ID, s.Code)
	}
	var in SignedIn
	if err == nil {
		in, err = t.enter(ctx, agent, entry, arrival{from: s.From, userAgent: s.UserAgent, factor: factor})
	}
	if errors.Is(err, ErrRefused) {
		return SignedIn{}, t.failed(ctx, []Agent{agent}, factor, s.From)
	}
	if err != nil {
		return SignedIn{}, err
	}
	return in, t.forgive(ctx, tries)
}

// answered judges the passkey that half a sign-in asked for.
func (t *Team) answered(ctx context.Context, half Half, agent Agent, s SecondStep) (*PasskeyUse, error) {
	if len(half.Ceremony) == 0 {
		return nil, ErrRefused
	}
	c, err := t.readCeremony(half.Ceremony)
	if err != nil {
		return nil, err
	}
	who, err := t.account(ctx, agent)
	if err != nil {
		return nil, err
	}
	use, err := t.judge(s.Site, who, c, *s.Proof)
	return &use, err
}

// enter makes the login of an agent who has shown all that is asked for.
func (t *Team) enter(ctx context.Context, agent Agent, entry Entry, a arrival) (SignedIn, error) {
	counts := countersOf(agent.Email, network(a.from))
	now := t.now()
	token, hash := newSecret()
	entry.Login = Login{
		ID: event.NewID("lgn", now), TokenHash: hash, Workspace: agent.Workspace, Agent: agent.ID,
		UserAgent: audit.Clean(a.userAgent), CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(loginLife), ConfirmedAt: now,
	}
	detail := map[string]string{"network": counts.network}
	if a.factor != "" {
		detail["factor"] = a.factor
	}
	draft := audit.Draft{Workspace: agent.Workspace, Actor: "agent:" + agent.ID, Action: audit.AgentSignedIn, Subject: agent.ID, Detail: detail}
	if err := t.store.Enter(ctx, entry, draft); err != nil {
		return SignedIn{}, fmt.Errorf("team: opening a login: %w", refusal(err))
	}
	if err := t.know(context.WithoutCancel(ctx), counts); err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Token: token, Login: entry.Login, Agent: shown(agent)}, nil
}

// failed counts and records a wrong second step or passkey, after it was judged. Where
// its network has failed too often it is counted and no longer written down.
func (t *Team) failed(ctx context.Context, agents []Agent, factor string, from netip.Addr) error {
	ctx, net := context.WithoutCancel(ctx), network(from)
	n, err := t.store.CountFailure(ctx, "net:"+net, networkWindow, t.now())
	if err != nil {
		return fmt.Errorf("team: counting a failure: %w", err)
	}
	if n > networkLimit {
		return ErrRefused
	}
	return t.note(ctx, agents, net, factor)
}
