package policy

import (
	"slices"
	"time"
)

// PrincipalKind says what acts.
type PrincipalKind string

const (
	VisitorPrincipal PrincipalKind = "visitor"
	AgentPrincipal   PrincipalKind = "agent"
	TokenPrincipal   PrincipalKind = "token"
	SystemPrincipal  PrincipalKind = "system" // this program, or its operator on the command line
)

// Principal is who acts: the first argument of every use case. Its fields are
// closed, so that no room can make itself one; arch_test holds the callers of
// the constructors to the rooms that authenticate.
type Principal struct {
	kind      PrincipalKind
	workspace string
	id        string // session, agent, token, or the system actor's name
	login     string // the agent's own session
	role      Role
	scopes    []Right
	lacking   bool      // an agent without the second factor that the workspace asks for
	confirmed time.Time // when this login last proved itself with a password or passkey
}

// ForVisitor is the principal of a live visitor session. Only chat calls it.
func ForVisitor(workspace, session string) Principal {
	return Principal{kind: VisitorPrincipal, workspace: workspace, id: session}
}

// ForAgent is the principal of a signed-in agent. Only team calls it.
func ForAgent(workspace, agent, login string, role Role) Principal {
	return Principal{kind: AgentPrincipal, workspace: workspace, id: agent, login: login, role: role}
}

// ForConfirmedAgent is ForAgent for a login that proved itself with a password or a
// passkey at the time given. Only team calls it.
func ForConfirmedAgent(workspace, agent, login string, role Role, confirmed time.Time) Principal {
	p := ForAgent(workspace, agent, login, role)
	p.confirmed = confirmed
	return p
}

// WithoutFactor is the principal of an agent who has yet to set up the second factor
// that the workspace asks for. It takes rights away and gives none.
func (p Principal) WithoutFactor() Principal {
	p.lacking = true
	return p
}

// ForToken is the principal of an API token. Only team calls it.
func ForToken(workspace, token string, scopes []Right) Principal {
	return Principal{kind: TokenPrincipal, workspace: workspace, id: token, scopes: slices.Clone(scopes)}
}

// ForSystem is this program or its operator ("cli:root"). Only app and cmd call it.
func ForSystem(workspace, actor string) Principal {
	return Principal{kind: SystemPrincipal, workspace: workspace, id: actor}
}

func (p Principal) Kind() PrincipalKind { return p.kind }
func (p Principal) Workspace() string   { return p.workspace }
func (p Principal) ID() string          { return p.id }
func (p Principal) Login() string       { return p.login }
func (p Principal) Role() Role          { return p.role }

// Actor is how the audit names the principal: "agent:agt_…", "cli:root".
func (p Principal) Actor() string {
	if p.kind == SystemPrincipal {
		return p.id
	}
	return string(p.kind) + ":" + p.id
}

// Refusal is the answer to a principal that may not do what takes these rights.
// Who could, with a second factor, is told so; who could not anyway learns nothing.
func (p Principal) Refusal(rights ...Right) error {
	if p.kind != AgentPrincipal || !p.lacking {
		return ErrForbidden
	}
	return p.Needing(rights...).Refusal(Held(p.role, true), RightsOf(p.role))
}

// May says whether the principal holds a right. A visitor holds none of these:
// what it may do follows from its own session. The zero Principal may nothing.
func (p Principal) May(right Right) bool {
	switch p.kind {
	case SystemPrincipal:
		return true
	case AgentPrincipal:
		return slices.Contains(rights[p.role], right) && (!p.lacking || slices.Contains(Held(p.role, true), right))
	case TokenPrincipal:
		return slices.Contains(p.scopes, right)
	}
	return false
}
