package team

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
)

// Limits on wrong passwords. A password, unlike a MAC, can be guessed, so a limit
// that let every right one through would be none. It is drawn so that strangers'
// failures cost a colleague nothing where that colleague usually sits:
//
//	pair      this address from this network            always holds
//	network   everything from this network              not for a pair that has signed in lately
//	address   this address, from anywhere               not for a pair that has signed in lately
//
// All counts are in the database, shared by every node and kept over a restart; a
// count that cannot be read or written refuses.
const (
	pairLimit, pairWindow       = 10, 15 * time.Minute
	networkLimit, networkWindow = 50, 15 * time.Minute
	addressLimit, addressWindow = 100, time.Hour
	knownWindow                 = 30 * 24 * time.Hour

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
}

// SignedIn is a new login. Token is for the cookie and is kept nowhere else.
type SignedIn struct {
	Token string
	Login Login
	Agent Agent
}

// SignIn opens a login. An unknown address, a colleague without a password and a
// wrong password cost the same work and get the same ErrRefused; ErrLimited comes
// without looking at the password.
func (t *Team) SignIn(ctx context.Context, c Credentials) (SignedIn, error) {
	email := FoldEmail(c.Email)
	if len(email) > maxEmail || len(c.Password) > maxPassword {
		return SignedIn{}, ErrRefused
	}
	counts := countersOf(email, network(c.From))
	// Looked at before the queue, so that a flood does not fill it, and again at its
	// head: by then those who came at the same moment have been counted.
	if err := t.admit(ctx, counts); err != nil {
		return SignedIn{}, err
	}
	agent, err := t.verify(ctx, email, c.Password, counts)
	if err != nil {
		return SignedIn{}, err
	}
	if _, err := t.store.CountFailure(ctx, counts.known, knownWindow, t.now()); err != nil {
		return SignedIn{}, fmt.Errorf("team: noting where %s signs in: %w", agent.ID, err)
	}
	return t.open(ctx, agent, c.UserAgent, map[string]string{"network": counts.network})
}

type counters struct{ network, net, address, pair, known string }

func countersOf(email, network string) counters {
	who := counted(email)
	return counters{
		network: network, net: "net:" + network, address: "agent:" + who,
		pair: "try:" + network + ":" + who, known: "known:" + network + ":" + who,
	}
}

// admit says ErrLimited where a limit is reached; any other error, too, lets
// nobody past.
func (t *Team) admit(ctx context.Context, c counters) error {
	known, err := t.reached(ctx, c.known, 1, knownWindow)
	if err != nil {
		return err
	}
	limits := []struct {
		key    string
		limit  int
		window time.Duration
	}{{c.pair, pairLimit, pairWindow}, {c.net, networkLimit, networkWindow}, {c.address, addressLimit, addressWindow}}
	if known {
		limits = limits[:1]
	}
	for _, l := range limits {
		full, err := t.reached(ctx, l.key, l.limit, l.window)
		if err != nil {
			return err
		}
		if full {
			return ErrLimited
		}
	}
	return nil
}

func (t *Team) reached(ctx context.Context, key string, limit int, window time.Duration) (bool, error) {
	n, err := t.store.Failures(ctx, key, window, t.now())
	if err != nil {
		return false, fmt.Errorf("team: reading a limit: %w", err)
	}
	return n >= limit, nil
}

// verify checks the password in its turn and counts a failure before the next in
// the queue begins.
func (t *Team) verify(ctx context.Context, email, password string, c counters) (Agent, error) {
	release, err := t.slot(ctx)
	if err != nil {
		return Agent{}, err
	}
	defer release()
	if err := t.admit(ctx, c); err != nil {
		return Agent{}, err
	}
	agents, workspaces, err := t.store.AgentsByEmail(ctx, email, maxNamesakes)
	if err != nil {
		return Agent{}, fmt.Errorf("team: looking for an agent: %w", err)
	}
	agent, err := t.match(agents, min(workspaces, maxNamesakes), password)
	if errors.Is(err, ErrRefused) {
		return Agent{}, t.refuse(context.WithoutCancel(ctx), agents, c)
	}
	return agent, err
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

// refuse counts and records a failure, the same for known and unknown addresses.
// It runs on though the caller has gone: hanging up must not save a guess from
// being counted.
func (t *Team) refuse(ctx context.Context, agents []Agent, c counters) error {
	now := t.now()
	for _, count := range []struct {
		key    string
		window time.Duration
	}{{c.pair, pairWindow}, {c.net, networkWindow}, {c.address, addressWindow}} {
		if _, err := t.store.CountFailure(ctx, count.key, count.window, now); err != nil {
			return fmt.Errorf("team: counting a failure: %w", err)
		}
	}
	if len(agents) == 0 {
		agents = []Agent{{Workspace: firstWorkspace}}
	}
	drafts := make([]audit.Draft, len(agents))
	for i, agent := range agents {
		drafts[i] = audit.Draft{
			Workspace: agent.Workspace, Actor: "sign-in", Action: audit.AgentSignInFailed, Subject: agent.ID,
			Detail: map[string]string{"network": c.network},
		}
	}
	if err := t.store.Record(ctx, drafts...); err != nil {
		return fmt.Errorf("team: recording a failure: %w", err)
	}
	return ErrRefused
}

// open makes the login of an agent who has just proved to be one.
func (t *Team) open(ctx context.Context, agent Agent, userAgent string, detail map[string]string) (SignedIn, error) {
	now := t.now()
	token, hash := newSecret()
	login := Login{
		ID: event.NewID("lgn", now), TokenHash: hash, Workspace: agent.Workspace, Agent: agent.ID,
		UserAgent: audit.Clean(userAgent), CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(loginLife), ConfirmedAt: now,
	}
	draft := audit.Draft{Workspace: agent.Workspace, Actor: "agent:" + agent.ID, Action: audit.AgentSignedIn, Subject: agent.ID, Detail: detail}
	if err := t.store.OpenLogin(ctx, login, agent.Password, draft); err != nil {
		return SignedIn{}, fmt.Errorf("team: opening a login: %w", refusal(err))
	}
	return SignedIn{Token: token, Login: login, Agent: shown(agent)}, nil
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
	return policy.ForConfirmedAgent(agent.Workspace, agent.ID, login.ID, agent.Role, login.ConfirmedAt), agent, login, nil
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
