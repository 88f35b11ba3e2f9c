package team

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"countersign/identity/policy"
	"countersign/internal/audit"
)

const (
	// maxNamesakes is how many workspaces' colleagues one address is tried as.
	maxNamesakes = 8

	// firstWorkspace keeps the record of failures that name no colleague.
	firstWorkspace = "main"
)

// Credentials are what the sign-in form holds, and where it came from.
type Credentials struct {
	Email, Password string
	From            netip.Addr // the peer, or what a trusted proxy said
	UserAgent       string
	Site            Site
}

// SignedIn is a new login; or, where Second says what else is asked for, none yet.
// Token is for the cookie and is kept nowhere else.
type SignedIn struct {
	Token  string
	Login  Login
	Agent  Agent
	Second *Second
}

// SignIn opens a login, or asks for the second factor of an agent who has one. An
// unknown address, a colleague without a password and a wrong password cost the same
// work and get the same ErrRefused; ErrLimited comes without looking at the password.
func (t *Team) SignIn(ctx context.Context, c Credentials) (SignedIn, error) {
	email := FoldEmail(c.Email)
	if len(email) > maxEmail || len(c.Password) > maxPassword {
		return SignedIn{}, ErrRefused
	}
	counts := countersOf(email, network(c.From))
	tries, err := t.passwordTries(ctx, counts)
	if err != nil {
		return SignedIn{}, err
	}
	if err := t.take(ctx, tries); err != nil {
		return SignedIn{}, err
	}
	agent, namesakes, err := t.verify(ctx, email, c.Password)
	if errors.Is(err, ErrRefused) {
		return SignedIn{}, t.note(context.WithoutCancel(ctx), namesakes, counts.network, "")
	}
	if err != nil {
		return SignedIn{}, err
	}
	if err := t.forgive(ctx, tries); err != nil {
		return SignedIn{}, err
	}
	if agent.Factors > 0 {
		return t.half(ctx, agent, c)
	}
	return t.enter(ctx, agent, Entry{Password: agent.Password}, arrival{from: c.From, userAgent: c.UserAgent})
}

// verify checks the password in its turn.
func (t *Team) verify(ctx context.Context, email, password string) (agent Agent, namesakes []Agent, err error) {
	release, err := t.slot(ctx)
	if err != nil {
		return Agent{}, nil, err
	}
	defer release()
	agents, workspaces, err := t.store.AgentsByEmail(ctx, email, maxNamesakes)
	if err != nil {
		return Agent{}, nil, fmt.Errorf("team: looking for an agent: %w", err)
	}
	agent, err = t.match(agents, min(workspaces, maxNamesakes), password)
	return agent, agents, err
}

// match finds whose password it is. One address may be somebody in each workspace,
// and the form asks for none: if only the first were tried, whoever runs one workspace
// could keep a colleague of another out by inviting their address. As many passwords
// are checked where fewer are there, so that the time tells nothing.
func (t *Team) match(agents []Agent, checks int, password string) (Agent, error) {
	found, err := Agent{}, ErrRefused
	for i := range max(1, len(agents), checks) {
		agent, stored := Agent{}, t.dummy
		if i < len(agents) && agents[i].Password != "" {
			agent, stored = agents[i], agents[i].Password
		}
		right, broken := checkPassword(stored, password)
		if broken != nil {
			return Agent{}, fmt.Errorf("team: agent %s: %w", agent.ID, broken)
		}
		if right && agent.ID != "" && err != nil {
			found, err = agent, nil
		}
	}
	return found, err
}

// note records a failure, the same for known and unknown addresses, and answers with
// it. It was counted before, so hanging up saves nothing.
func (t *Team) note(ctx context.Context, agents []Agent, network, factor string) error {
	if len(agents) == 0 {
		agents = []Agent{{Workspace: firstWorkspace}}
	}
	detail := map[string]string{"network": network}
	if factor != "" {
		detail["factor"] = factor
	}
	drafts := make([]audit.Draft, len(agents))
	for i, agent := range agents {
		drafts[i] = audit.Draft{Workspace: agent.Workspace, Actor: "sign-in", Action: audit.AgentSignInFailed, Subject: agent.ID, Detail: detail}
	}
	if err := t.store.Record(ctx, drafts...); err != nil {
		return fmt.Errorf("team: recording a failure: %w", err)
	}
	return ErrRefused
}

// Authenticate finds out who holds a login's token. What it remembers is used only
// while the pulse vouches for it; event.ErrStale if it cannot.
func (t *Team) Authenticate(ctx context.Context, token string) (policy.Principal, Agent, Login, error) {
	fail := func(err error) (policy.Principal, Agent, Login, error) {
		return policy.Principal{}, Agent{}, Login{}, err
	}
	epoch, err := t.pulse.Epoch()
	if err != nil {
		return fail(err)
	}
	if len(token) != secretText {
		return fail(ErrRefused)
	}
	hash, now := hashOf(token), t.now()
	known, ok := t.seen.login(epoch, hash)
	if !ok {
		if known.login, known.agent, err = t.store.LoginByToken(ctx, hash, now); err != nil {
			return fail(refusal(err))
		}
	}
	if !now.Before(known.login.ExpiresAt) || !known.login.EndedAt.IsZero() || !known.agent.RemovedAt.IsZero() {
		return fail(ErrRefused)
	}
	if now.Sub(known.login.SeenAt) >= touchStep {
		if err := t.store.TouchLogin(ctx, known.login.Workspace, known.login.ID, now); err != nil {
			return fail(fmt.Errorf("team: noting that a login was used: %w", err))
		}
		known.login.SeenAt, ok = now, false
	}
	known.agent = shown(known.agent)
	if !ok {
		t.seen.keepLogin(epoch, hash, known)
	}
	agent, login := known.agent, known.login
	who := policy.ForConfirmedAgent(agent.Workspace, agent.ID, login.ID, agent.Role, login.ConfirmedAt)
	if agent.Lacking() {
		who = who.WithoutFactor()
	}
	return who, agent, login, nil
}

// Logins are the principal's own signed-in browsers.
func (t *Team) Logins(ctx context.Context, who policy.Principal) ([]Login, error) {
	if who.Kind() != policy.AgentPrincipal {
		return nil, policy.ErrForbidden
	}
	return t.store.Logins(ctx, who.Workspace(), who.ID(), t.now())
}

// EndLogin ends one of the principal's own logins.
func (t *Team) EndLogin(ctx context.Context, who policy.Principal, id string) error {
	logins, err := t.Logins(ctx, who)
	if err != nil {
		return err
	}
	for _, login := range logins {
		if login.ID == id {
			return t.store.EndLogin(ctx, who.Workspace(), id, t.now(), draftOf(who.Needing(), audit.AgentSignedOut, who.ID(), "login", id))
		}
	}
	return ErrNotFound
}

// SignOut ends the login that the principal holds.
func (t *Team) SignOut(ctx context.Context, who policy.Principal) error {
	if who.Kind() != policy.AgentPrincipal {
		return policy.ErrForbidden
	}
	err := t.store.EndLogin(ctx, who.Workspace(), who.Login(), t.now(), draftOf(who.Needing(), audit.AgentSignedOut, who.ID(), "login", who.Login()))
	if errors.Is(err, policy.ErrForbidden) {
		return nil // it has ended already
	}
	return err
}
