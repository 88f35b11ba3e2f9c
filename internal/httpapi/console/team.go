package console

import (
	"context"
	"time"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/operate"
	"countersign/internal/httpapi/wire"
	"countersign/internal/team"
)

// Colleagues is the list of agents and their roles.
type Colleagues interface {
	operate.Team
	Invite(ctx context.Context, who policy.Principal, email string, role policy.Role) (agent team.Agent, token string, err error)
	// MailsTo says whether an invitation to the address was mailed too.
	MailsTo(email string) bool
	SetRole(ctx context.Context, who policy.Principal, id string, role policy.Role) error
	Remove(ctx context.Context, who policy.Principal, id string) error
}

// Logins are the browsers in which an agent is signed in.
type Logins interface {
	Logins(ctx context.Context, who policy.Principal) ([]team.Login, error)
	EndLogin(ctx context.Context, who policy.Principal, id string) error
}

// Tokens are what programs act with.
type Tokens interface {
	Tokens(ctx context.Context, who policy.Principal) ([]team.Token, error)
	CreateToken(ctx context.Context, who policy.Principal, wish team.TokenDraft) (token team.Token, secret string, err error)
	RevokeToken(ctx context.Context, who policy.Principal, id string) error
}

func (d *Door) registerTeam(f *httpapi.Floor) {
	const tag = "Console: team"
	agent := d.agent()
	httpapi.Handle(f, agent, created(route("POST", "/agents", "inviteAgent", tag, "Invite a colleague: answers with a one-use link", httpapi.Conflict)), d.inviteAgent)
	httpapi.Handle(f, agent, route("PATCH", "/agents/{id}", "setRole", tag, "Change a colleague's role", httpapi.NotFound, httpapi.Conflict), d.setRole)
	httpapi.Handle(f, agent, route("DELETE", "/agents/{id}", "removeAgent", tag, "Remove a colleague", httpapi.NotFound, httpapi.Conflict), d.removeAgent)
	httpapi.Handle(f, agent, route("GET", "/logins", "listLogins", tag, "Where the signed-in agent is signed in"), d.listLogins)
	httpapi.Handle(f, agent, route("DELETE", "/logins/{id}", "endLogin", tag, "End one of one's own logins", httpapi.NotFound), d.endLogin)
	httpapi.Handle(f, agent, route("GET", "/tokens", "listTokens", tag, "API tokens, revoked ones included"), d.listTokens)
	httpapi.Handle(f, agent, created(route("POST", "/tokens", "createToken", tag, "Make an API token: its secret is shown this one time", httpapi.Unconfirmed)), d.createToken)
	httpapi.Handle(f, agent, route("DELETE", "/tokens/{id}", "revokeToken", tag, "Revoke an API token", httpapi.NotFound), d.revokeToken)
}

func (d *Door) inviteAgent(ctx context.Context, c *call, in wire.Invite) (wire.Invited, error) {
	agent, token, err := d.Team.Invite(ctx, c.Who.Principal, in.Email, policy.Role(in.Role))
	if err != nil {
		return wire.Invited{}, err
	}
	// Behind the #, where no server, log or referrer sees the token.
	invited := wire.Invited{Agent: operate.ShapeAgent(agent), Link: d.floor.Base() + "/console/setup#" + token, Until: agent.InvitedUntil.UTC()}
	if d.Team.MailsTo(agent.Email) {
		invited.MailedTo = agent.Email
	}
	return invited, nil
}

func (d *Door) setRole(ctx context.Context, c *call, in wire.SetRole) (wire.None, error) {
	return wire.None{}, d.Team.SetRole(ctx, c.Who.Principal, c.Path("id"), policy.Role(in.Role))
}

func (d *Door) removeAgent(ctx context.Context, c *call, _ wire.None) (wire.None, error) {
	return wire.None{}, d.Team.Remove(ctx, c.Who.Principal, c.Path("id"))
}

func (d *Door) listLogins(ctx context.Context, c *call, _ wire.None) (wire.Logins, error) {
	logins, err := d.Team.Logins(ctx, c.Who.Principal)
	out := wire.Logins{Logins: make([]wire.Login, len(logins))}
	for i, l := range logins {
		out.Logins[i] = wire.Login{
			ID: l.ID, UserAgent: l.UserAgent, CreatedAt: l.CreatedAt.UTC(), SeenAt: l.SeenAt.UTC(), ExpiresAt: l.ExpiresAt.UTC(),
			Current: l.ID == c.Who.Login.ID,
		}
	}
	return out, err
}

func (d *Door) endLogin(ctx context.Context, c *call, _ wire.None) (wire.None, error) {
	err := d.Team.EndLogin(ctx, c.Who.Principal, c.Path("id"))
	if err == nil && c.Path("id") == c.Who.Login.ID {
		d.clearLogin(c.SetCookie, c.Client)
	}
	return wire.None{}, err
}

func (d *Door) listTokens(ctx context.Context, c *call, _ wire.None) (wire.Tokens, error) {
	tokens, err := d.Team.Tokens(ctx, c.Who.Principal)
	out := wire.Tokens{Tokens: make([]wire.Token, len(tokens))}
	for i, token := range tokens {
		out.Tokens[i] = shapeToken(token)
	}
	return out, err
}

func (d *Door) createToken(ctx context.Context, c *call, in wire.CreateToken) (wire.CreatedToken, error) {
	scopes := make([]policy.Right, len(in.Scopes))
	for i, scope := range in.Scopes {
		scopes[i] = policy.Right(scope)
	}
	if in.ExpiresInDays < 0 || in.ExpiresInDays > 366 {
		return wire.CreatedToken{}, httpapi.Impossible("A token lives for at most a year, or until it is revoked.")
	}
	days := time.Duration(in.ExpiresInDays) * 24 * time.Hour
	token, secret, err := d.Team.CreateToken(ctx, c.Who.Principal, team.TokenDraft{Name: in.Name, Scopes: scopes, Life: days, Reason: in.Reason})
	if err != nil {
		return wire.CreatedToken{}, err
	}
	return wire.CreatedToken{Token: shapeToken(token), Secret: secret}, nil
}

func (d *Door) revokeToken(ctx context.Context, c *call, _ wire.None) (wire.None, error) {
	return wire.None{}, d.Team.RevokeToken(ctx, c.Who.Principal, c.Path("id"))
}

func shapeToken(t team.Token) wire.Token {
	out := wire.Token{
		ID: t.ID, Name: t.Name, Scopes: make([]string, len(t.Scopes)), CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt.UTC(),
		ExpiresAt: httpapi.Timestamp(t.ExpiresAt), RevokedAt: httpapi.Timestamp(t.RevokedAt),
		UsedAt: httpapi.Timestamp(t.UsedAt), UsedFrom: t.UsedFrom,
	}
	for i, scope := range t.Scopes {
		out.Scopes[i] = string(scope)
	}
	return out
}
