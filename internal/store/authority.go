package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/team"
)

// errUnvouched: a write says that an operator made it and did not ask whether that
// operator still may. It is our own mistake, and costs the write.
var errUnvouched = errors.New("store: a recorded change whose authority was not asked for")

// change is alone for what somebody's word allows: what is recorded of it says whose.
// The word is asked for first, for the change may well be to end it (an agent who
// signs out, an owner who steps back).
func (c *committer) change(ctx context.Context, drafts []audit.Draft, write func(t *tx) error) error {
	return c.alone(ctx, func(t *tx) error {
		for _, draft := range drafts {
			if err := t.allow(draft.By); err != nil {
				return err
			}
		}
		return write(t)
	})
}

// allow answers policy.ErrForbidden if the word no longer counts: the login has
// ended, its agent was removed or has another role, the token was revoked. It was
// good when the request began; a request can take its time.
func (t *tx) allow(by policy.Authority) error {
	who := by.Who()
	var held, role []policy.Right
	var err error
	switch who.Kind() {
	case "", policy.SystemPrincipal:
		return nil
	case policy.AgentPrincipal:
		held, role, err = t.heldByAgent(who)
	case policy.TokenPrincipal:
		held, err = t.heldByToken(who)
	default:
		return policy.ErrForbidden
	}
	if err != nil {
		return fmt.Errorf("authority: %w", err)
	}
	if held == nil {
		return policy.ErrForbidden
	}
	if !by.Within(held) {
		return by.Refusal(held, role)
	}
	t.vouched = append(t.vouched, who)
	return nil
}

// heldByAgent are the rights of an agent whose login lives, nil if it does not, and
// those of the agent's role, which may be more.
func (t *tx) heldByAgent(who policy.Principal) (held, role []policy.Right, err error) {
	const query = `SELECT ` + loginColumns + `, ` + agentColumns + ` FROM logins l JOIN agents a ON a.id = l.agent AND a.workspace = l.workspace
	WHERE l.id = $1 AND l.workspace = $2 AND l.agent = $3`
	var r loginRow
	found, err := t.found(query, []any{who.Login(), who.Workspace(), who.ID()}, append(loginInto(&r.Login), agentInto(&r.agent)...)...)
	if err != nil || !found || !r.lives(t.now) {
		return nil, nil, err
	}
	return slices.Concat([]policy.Right{}, r.agent.Rights()), policy.RightsOf(r.agent.Role), nil
}

// heldByToken are the scopes of a token that is good; nil if it is not.
func (t *tx) heldByToken(who policy.Principal) ([]policy.Right, error) {
	const query = `SELECT ` + programColumns + ` FROM tokens WHERE id = $1 AND workspace = $2`
	var k team.Token
	found, err := t.found(query, []any{who.ID(), who.Workspace()}, tokenInto(&k)...)
	if err != nil || !found || !k.RevokedAt.IsZero() || !k.ExpiresAt.IsZero() && !t.now.Before(k.ExpiresAt) {
		return nil, err
	}
	return slices.Concat([]policy.Right{}, k.Scopes), nil
}

// stands says whether what a draft records was asked for in this transaction. An
// agent's own coming in needs nobody's word: a password or a link was judged.
func (t *tx) stands(draft audit.Draft) bool {
	who := draft.By.Who()
	switch {
	case who.Kind() == policy.SystemPrincipal:
		return true
	case who.Kind() != "":
		return draft.Workspace == who.Workspace() && slices.ContainsFunc(t.vouched, func(p policy.Principal) bool {
			return p.Kind() == who.Kind() && p.ID() == who.ID() && p.Login() == who.Login()
		})
	case draft.Action == audit.AgentSignedIn, draft.Action == audit.AgentJoined:
		return true
	}
	return !strings.HasPrefix(draft.Actor, string(policy.AgentPrincipal)+":") && !strings.HasPrefix(draft.Actor, string(policy.TokenPrincipal)+":")
}
