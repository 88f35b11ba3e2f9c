package team

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
)

const (
	linkLife = time.Hour
	// A mailed invitation is read tomorrow, or after the weekend.
	inviteLife = 72 * time.Hour
	loginLife  = 12 * time.Hour
	touchStep  = time.Minute
	// hashersAtOnce bounds what passwords may take of the machine: two cores, 38 MiB.
	hashersAtOnce = 2
)

// Team is the use cases. Every one but those that authenticate takes who acts
// first, and decides.
type Team struct {
	store   Store
	pulse   *event.Pulse
	hashers chan struct{} // a slot for each password being checked
	dummy   string        // what an unknown address is checked against
	sealer  Sealer
	seen    *memory

	invitations *invitations // nil: not mailed
}

// New reads the clock and the security epoch from pulse, and seals by sealer. On the command line,
// where nothing feeds the pulse, its clock is the machine's own and nobody is
// authenticated by a token.
func New(store Store, pulse *event.Pulse, sealer Sealer) *Team {
	return &Team{store: store, pulse: pulse, hashers: make(chan struct{}, hashersAtOnce), dummy: noPassword(), sealer: sealer, seen: newMemory()}
}

// now is the database's clock, to the microsecond that the store keeps.
func (t *Team) now() time.Time { return t.pulse.Now().Truncate(time.Microsecond) }

// FirstAddress is the first owner's until their link is used, which may choose another.
const FirstAddress = "owner@localhost"

// FirstOwner makes the workspace's owner and the one-use link to become one; the
// token goes behind the # of the link. While that owner has set no password, asking
// again makes a fresh link and ends the one before; afterwards needed is false and
// nothing happens. No password exists that was not chosen by its owner.
func (t *Team) FirstOwner(ctx context.Context, who policy.Principal) (token string, needed bool, err error) {
	if who.Kind() != policy.SystemPrincipal {
		return "", false, policy.ErrForbidden
	}
	owner, err := t.store.OwnerOf(ctx, who.Workspace())
	switch {
	case errors.Is(err, ErrNotFound):
		_, token, err = t.add(ctx, who, FirstAddress, policy.Owner)
	case err == nil && owner.Password == "":
		if token, _, err = t.relink(ctx, who, owner, audit.AgentInvited); errors.Is(err, ErrTaken) {
			err = nil // the owner came in just now
		}
	}
	return token, token != "", err
}

// OwnerReset makes a new link for the owner: for whoever has the machine itself.
func (t *Team) OwnerReset(ctx context.Context, who policy.Principal) (token string, err error) {
	if who.Kind() != policy.SystemPrincipal {
		return "", policy.ErrForbidden
	}
	owner, err := t.store.OwnerOf(ctx, who.Workspace())
	if errors.Is(err, ErrNotFound) {
		token, _, err = t.FirstOwner(ctx, who)
		return token, err
	}
	if err != nil {
		return "", err
	}
	token, _, err = t.relink(ctx, who, owner, audit.OwnerReset)
	return token, err
}

// Invite adds a colleague and makes the one-use link that sets the password; the
// token goes behind its # and is shown this one time. Inviting again somebody who
// has not come yet, for the same role, makes a fresh link.
func (t *Team) Invite(ctx context.Context, who policy.Principal, email string, role policy.Role) (agent Agent, token string, err error) {
	if !who.May(policy.ManageTeam) {
		return Agent{}, "", who.Refusal(policy.ManageTeam)
	}
	if len(policy.RightsOf(role)) == 0 {
		return Agent{}, "", fmt.Errorf("%w: there is no role %q", ErrInvalid, role)
	}
	if err := t.mayGive(who, role); err != nil {
		return Agent{}, "", err
	}
	agent, token, err = t.add(ctx, who, email, role)
	if !errors.Is(err, ErrTaken) {
		return agent, token, err
	}
	agents, lookup := t.store.Agents(ctx, who.Workspace())
	if lookup != nil {
		return Agent{}, "", lookup
	}
	at := slices.IndexFunc(agents, func(a Agent) bool {
		return a.Email == FoldEmail(email) && a.RemovedAt.IsZero() && a.Password == "" && a.Role == role
	})
	if at < 0 {
		return Agent{}, "", err
	}
	agent = agents[at]
	token, agent.InvitedUntil, err = t.relink(ctx, who, agent, audit.AgentInvited)
	return shown(agent), token, err
}

// mayGrant: nobody gives, changes or takes a role that can do what they cannot.
func mayGrant(who policy.Principal, role policy.Role) bool {
	rights := policy.RightsOf(role)
	return len(rights) > 0 && !slices.ContainsFunc(rights, func(r policy.Right) bool { return !who.May(r) })
}

// mayGive is mayGrant, and for a role that reaches customers' identities the presence
// of the one who gives it: it outlives an open console that somebody found.
func (t *Team) mayGive(who policy.Principal, role policy.Role) error {
	if !mayGrant(who, role) {
		return who.Refusal(policy.RightsOf(role)...)
	}
	if policy.NeedsFactor(role) {
		return who.Present(t.now())
	}
	return nil
}

// granting is the word of somebody who gives or takes a role.
func granting(who policy.Principal, role policy.Role) policy.Authority {
	return who.Needing(policy.ManageTeam).Needing(policy.RightsOf(role)...)
}

func (t *Team) add(ctx context.Context, who policy.Principal, email string, role policy.Role) (Agent, string, error) {
	email, err := checkEmail(email)
	if err != nil {
		return Agent{}, "", err
	}
	now := t.now()
	agent := Agent{ID: event.NewID("agt", now), Workspace: who.Workspace(), Email: email, Role: role, CreatedAt: now}
	token, link := newLink(agent, now, audit.AgentInvited)
	if link.Letter, err = t.letter(who, agent, token, link.ExpiresAt); err != nil {
		return Agent{}, "", err
	}
	draft := draftOf(granting(who, role), audit.AgentInvited, agent.ID, "role", string(role))
	if err := t.store.AddAgent(ctx, agent, link, draft); err != nil {
		return Agent{}, "", err
	}
	t.posted(link)
	agent.InvitedUntil = link.ExpiresAt
	return agent, token, nil
}

func (t *Team) relink(ctx context.Context, who policy.Principal, agent Agent, action audit.Action) (token string, until time.Time, err error) {
	token, link := newLink(agent, t.now(), action)
	if link.Letter, err = t.letter(who, agent, token, link.ExpiresAt); err != nil {
		return "", time.Time{}, err
	}
	draft := draftOf(granting(who, agent.Role), action, agent.ID, "role", string(agent.Role))
	if err := t.store.PutLink(ctx, link, draft); err != nil {
		return "", time.Time{}, err
	}
	t.posted(link)
	return token, link.ExpiresAt, nil
}

func newLink(agent Agent, now time.Time, action audit.Action) (token string, link Link) {
	token, hash := newSecret()
	return token, Link{TokenHash: hash, Workspace: agent.Workspace, Agent: agent.ID, Role: agent.Role, ExpiresAt: now.Add(lifeOf(agent.Role, action))}
}

// lifeOf a link is an hour, unless it invites to a role that reaches no customer's
// identity: what makes an owner, or resets one, must not lie in a mailbox for days.
func lifeOf(role policy.Role, action audit.Action) time.Duration {
	if action != audit.AgentInvited {
		return linkLife
	}
	switch role {
	case policy.Admin, policy.AgentR, policy.Auditor:
		return inviteLife
	}
	return linkLife
}

// CheckLink says whose password a link would set, without using it.
func (t *Team) CheckLink(ctx context.Context, token string) (Agent, error) {
	if len(token) != secretText {
		return Agent{}, ErrRefused
	}
	agent, err := t.store.LinkAgent(ctx, hashOf(token), t.now())
	if err != nil {
		return Agent{}, refusal(err)
	}
	return shown(agent), nil
}

// Joining is what a person says who opens a link.
type Joining struct {
	Token, Name, Password, UserAgent string
	Email                            string // empty: as it is; another only where Agent.ChoosesEmail
	From                             netip.Addr
}

// UseLink sets name and password and signs in. Of two who hold the same link one
// wins; a password that will not do leaves the link as it was.
func (t *Team) UseLink(ctx context.Context, j Joining) (SignedIn, error) {
	agent, err := t.CheckLink(ctx, j.Token)
	if err != nil {
		return SignedIn{}, err
	}
	name, err := checkName(j.Name)
	if err != nil {
		return SignedIn{}, err
	}
	email, err := chosenEmail(agent, j.Email)
	if err != nil {
		return SignedIn{}, err
	}
	if err := judgePassword(j.Password, cmp.Or(email, agent.Email)); err != nil {
		return SignedIn{}, err
	}
	release, err := t.slot(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	choice := Choice{Name: name, Password: hashPassword(j.Password), Email: email}
	release()
	draft := audit.Draft{Workspace: agent.Workspace, Actor: "agent:" + agent.ID, Action: audit.AgentJoined, Subject: agent.ID}
	agent, err = t.store.UseLink(ctx, hashOf(j.Token), choice, t.now(), draft)
	if err != nil {
		return SignedIn{}, refusal(err)
	}
	return t.enter(ctx, agent, Entry{Password: agent.Password}, arrival{from: j.From, userAgent: j.UserAgent})
}

// chosenEmail is the address that a link is to write; empty if it stays. A link says
// who somebody is, so but for the first owner's it cannot be used as somebody else.
func chosenEmail(agent Agent, wish string) (string, error) {
	if wish == "" {
		return "", nil
	}
	email, err := checkEmail(wish)
	switch {
	case err != nil:
		return "", err
	case email == agent.Email:
		return "", nil
	case !agent.ChoosesEmail():
		return "", fmt.Errorf("%w: this link is for another address", ErrInvalid)
	}
	return email, nil
}

// slot waits for its turn at the password hash.
func (t *Team) slot(ctx context.Context) (release func(), err error) {
	select {
	case t.hashers <- struct{}{}:
		return func() { <-t.hashers }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("team: waiting to check a password: %w", ctx.Err())
	}
}

// Agents lists the live colleagues.
func (t *Team) Agents(ctx context.Context, who policy.Principal) ([]Agent, error) {
	if !who.May(policy.ReadTeam) {
		return nil, policy.ErrForbidden
	}
	agents, err := t.store.Agents(ctx, who.Workspace())
	if err != nil {
		return nil, err
	}
	for i := range agents {
		agents[i] = shown(agents[i])
	}
	return agents, nil
}

// SetRole changes what a colleague may do. The store keeps the last owner.
func (t *Team) SetRole(ctx context.Context, who policy.Principal, id string, role policy.Role) error {
	agent, err := t.reach(ctx, who, id)
	if err != nil {
		return err
	}
	if len(policy.RightsOf(role)) == 0 {
		return fmt.Errorf("%w: there is no role %q", ErrInvalid, role)
	}
	if err := t.mayGive(who, role); err != nil {
		return err
	}
	draft := draftOf(granting(who, role), audit.AgentChanged, id, "from", string(agent.Role), "role", string(role))
	return t.store.SetRole(ctx, who.Workspace(), id, role, t.now(), draft)
}

// Remove ends a colleague's rights and every login. The store keeps the last owner.
func (t *Team) Remove(ctx context.Context, who policy.Principal, id string) error {
	agent, err := t.reach(ctx, who, id)
	if err != nil {
		return err
	}
	return t.store.RemoveAgent(ctx, who.Workspace(), id, t.now(), draftOf(granting(who, agent.Role), audit.AgentRemoved, id, "role", string(agent.Role)))
}

// reach finds a colleague whom the principal may manage.
func (t *Team) reach(ctx context.Context, who policy.Principal, id string) (Agent, error) {
	if !who.May(policy.ManageTeam) {
		return Agent{}, who.Refusal(policy.ManageTeam)
	}
	agent, err := t.store.Agent(ctx, who.Workspace(), id)
	if err != nil {
		return Agent{}, err
	}
	if !agent.RemovedAt.IsZero() {
		return Agent{}, ErrNotFound
	}
	if !mayGrant(who, agent.Role) {
		return Agent{}, policy.ErrForbidden
	}
	return agent, nil
}

// shown is the agent without the password's hash, which leaves this room never.
func shown(agent Agent) Agent {
	agent.Joined = agent.Password != ""
	agent.Password = ""
	return agent
}

// refusal makes one answer of the many ways in which a secret may not be known.
func refusal(err error) error {
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrRefused) {
		return ErrRefused
	}
	return err
}

// draftOf records what was done to subject on somebody's word; detail is name, value, name, value.
func draftOf(by policy.Authority, action audit.Action, subject string, detail ...string) audit.Draft {
	who := by.Who()
	draft := audit.Draft{By: by, Workspace: who.Workspace(), Actor: who.Actor(), Action: action, Subject: subject}
	if len(detail) > 0 {
		draft.Detail = make(map[string]string, len(detail)/2)
	}
	for i := 0; i+1 < len(detail); i += 2 {
		draft.Detail[detail[i]] = detail[i+1]
	}
	return draft
}
