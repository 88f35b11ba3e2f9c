package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/team"
)

const agentColumns = `a.id, a.workspace, a.email, a.name, a.role, a.password, a.created_at, a.removed_at, a.factors,
	(SELECT w.second_factor FROM workspaces w WHERE w.id = a.workspace)`

func agentInto(a *team.Agent) []any {
	return []any{&a.ID, &a.Workspace, &a.Email, &a.Name, &a.Role, &a.Password, stamp{&a.CreatedAt}, stamp{&a.RemovedAt}, &a.Factors, &a.Required}
}

// AddAgent writes an agent and the link that lets them in.
func (db *DB) AddAgent(ctx context.Context, agent team.Agent, link team.Link, draft audit.Draft) error {
	const insert = `INSERT INTO agents (id, workspace, email, name, role, password, created_at, removed_at) VALUES `
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		if err := emailFree(t, agent.Workspace, agent.Email); err != nil {
			return err
		}
		err := t.insert(insert, 8, []any{agent.ID, agent.Workspace, agent.Email, agent.Name, string(agent.Role), agent.Password, micros(agent.CreatedAt), 0}, "")
		if err != nil {
			return fmt.Errorf("add agent: %w", err)
		}
		if err := putLink(t, link); err != nil {
			return err
		}
		t.record(draft)
		return nil
	})
}

// PutLink replaces every unused link of that agent.
func (db *DB) PutLink(ctx context.Context, link team.Link, draft audit.Draft) error {
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		// The role may be another by now than when the link was asked for.
		a, err := liveAgent(t, link.Workspace, link.Agent)
		if err != nil {
			return err
		}
		if err := t.allow(draft.By.Needing(policy.RightsOf(a.Role)...)); err != nil {
			return err
		}
		// Whoever asks for an invitation is shown its link: of somebody who came in meanwhile it
		// would be the account, without password and second factor.
		if draft.Action == audit.AgentInvited && a.Password != "" {
			return team.ErrTaken
		}
		// A link lives as long as its role may wait: one for the role that was would outlive it.
		if link.Role != "" && link.Role != a.Role {
			return team.ErrTaken
		}
		if err := putLink(t, link); err != nil {
			return err
		}
		t.record(draft)
		return nil
	})
}

func putLink(t *tx, link team.Link) error {
	const insert = `INSERT INTO agent_links (token_hash, workspace, agent, expires_at, used_at) VALUES `
	if _, err := liveAgent(t, link.Workspace, link.Agent); err != nil {
		return err
	}
	if err := dropLinks(t, link.Agent); err != nil {
		return err
	}
	if err := t.insert(insert, 5, []any{link.TokenHash, link.Workspace, link.Agent, micros(link.ExpiresAt), 0}, ""); err != nil {
		return fmt.Errorf("put link: %w", err)
	}
	if link.Letter != nil {
		return t.post(*link.Letter)
	}
	return nil
}

// dropLinks takes an agent's unused links away.
func dropLinks(t *tx, agent string) error {
	if _, err := t.exec(`DELETE FROM agent_links WHERE agent = $1 AND used_at = 0`, agent); err != nil {
		return fmt.Errorf("drop links: %w", err)
	}
	return nil
}

// endTokens revokes the tokens that an agent made and that may do what the agent no
// longer may: a colleague who leaves must not go on reading by a program.
func endTokens(t *tx, workspace, agent string, may []policy.Right, now time.Time) error {
	const made = `SELECT ` + programColumns + ` FROM tokens WHERE workspace = $1 AND created_by = $2 AND revoked_at = 0`
	const revoke = `UPDATE tokens SET revoked_at = $1 WHERE id = $2 AND workspace = $3`
	var beyond []string
	err := t.rows(made, []any{workspace, string(policy.AgentPrincipal) + ":" + agent}, func(row scanner) error {
		var k team.Token
		err := row.Scan(tokenInto(&k)...)
		if slices.ContainsFunc(k.Scopes, func(s policy.Right) bool { return !slices.Contains(may, s) }) {
			beyond = append(beyond, k.ID)
		}
		return err
	})
	for _, id := range beyond {
		if err == nil {
			_, err = t.exec(revoke, micros(now), id, workspace)
			t.revoke(event.Event{Kind: event.TokenRevoked, Workspace: workspace, Session: id, At: now})
		}
	}
	if err != nil {
		return fmt.Errorf("end tokens: %w", err)
	}
	return nil
}

// liveAgent reads an agent of the workspace inside a transaction.
func liveAgent(t *tx, workspace, id string) (team.Agent, error) {
	const query = `SELECT ` + agentColumns + ` FROM agents a WHERE a.id = $1 AND a.workspace = $2 AND a.removed_at = 0`
	var a team.Agent
	found, err := t.found(query, []any{id, workspace}, agentInto(&a)...)
	if err != nil {
		return team.Agent{}, fmt.Errorf("agent: %w", err)
	}
	if !found {
		return team.Agent{}, team.ErrNotFound
	}
	return a, nil
}

// Agent of the workspace, a removed one too.
func (db *DB) Agent(ctx context.Context, workspace, id string) (team.Agent, error) {
	const query = `SELECT ` + agentColumns + ` FROM agents a WHERE a.id = $1 AND a.workspace = $2`
	return db.agent(ctx, query, id, workspace)
}

// AgentsByEmail finds the live agents of any workspace who have the address, oldest first.
func (db *DB) AgentsByEmail(ctx context.Context, email string, limit int) (agents []team.Agent, workspaces int, err error) {
	const query = `SELECT ` + agentColumns + ` FROM agents a WHERE a.email = $1 AND a.removed_at = 0 ORDER BY a.created_at, a.id LIMIT $2`
	if err := db.row(ctx, `SELECT COUNT(*) FROM workspaces`, nil, &workspaces); err != nil {
		return nil, 0, fmt.Errorf("store: workspaces: %w", err)
	}
	agents, err = db.agents(ctx, query, email, limit)
	return agents, workspaces, err
}

// OwnerOf answers with the first live owner.
func (db *DB) OwnerOf(ctx context.Context, workspace string) (team.Agent, error) {
	const query = `SELECT ` + agentColumns + ` FROM agents a WHERE a.workspace = $1 AND a.role = 'owner' AND a.removed_at = 0
	ORDER BY a.created_at, a.id LIMIT 1`
	return db.agent(ctx, query, workspace)
}

func (db *DB) agent(ctx context.Context, query string, args ...any) (team.Agent, error) {
	var a team.Agent
	err := db.row(ctx, query, args, agentInto(&a)...)
	if absent(err) {
		return team.Agent{}, team.ErrNotFound
	}
	if err != nil {
		return team.Agent{}, fmt.Errorf("store: agent: %w", err)
	}
	return a, nil
}

// Agents of the workspace that were not removed, oldest first.
func (db *DB) Agents(ctx context.Context, workspace string) ([]team.Agent, error) {
	const query = `SELECT ` + agentColumns + ` FROM agents a WHERE a.workspace = $1 AND a.removed_at = 0 ORDER BY a.created_at, a.id`
	return db.agents(ctx, query, workspace)
}

func (db *DB) agents(ctx context.Context, query string, args ...any) ([]team.Agent, error) {
	var list []team.Agent
	err := db.rows(ctx, query, args, func(row scanner) error {
		list = append(list, team.Agent{})
		return row.Scan(agentInto(&list[len(list)-1])...)
	})
	if err != nil {
		return nil, fmt.Errorf("store: agents: %w", err)
	}
	return list, nil
}

// LinkAgent looks at an unused, unexpired link without using it.
func (db *DB) LinkAgent(ctx context.Context, tokenHash []byte, now time.Time) (team.Agent, error) {
	const query = `SELECT ` + agentColumns + ` FROM agent_links k JOIN agents a ON a.id = k.agent AND a.workspace = k.workspace
	WHERE k.token_hash = $1 AND k.used_at = 0 AND k.expires_at > $2 AND a.removed_at = 0`
	a, err := db.agent(ctx, query, tokenHash, micros(now))
	if err == team.ErrNotFound { //nolint:errorlint // our own, unwrapped, two lines above
		return team.Agent{}, team.ErrRefused
	}
	return a, err
}

// UseLink sets what was chosen: one winner, whoever marks the link first.
func (db *DB) UseLink(ctx context.Context, tokenHash []byte, chosen team.Choice, now time.Time, draft audit.Draft) (team.Agent, error) {
	const use = `UPDATE agent_links SET used_at = $1 WHERE token_hash = $2 AND used_at = 0 AND expires_at > $1 RETURNING workspace, agent`
	const set = `UPDATE agents SET name = $1, password = $2, email = $3 WHERE id = $4 AND workspace = $5`
	var agent team.Agent
	err := db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		var workspace, id string
		won, err := t.found(use, []any{micros(now), tokenHash}, &workspace, &id)
		if err != nil {
			return fmt.Errorf("use link: %w", err)
		}
		if !won {
			return team.ErrRefused
		}
		if agent, err = liveAgent(t, workspace, id); err != nil {
			return team.ErrRefused
		}
		if chosen.Email != "" && chosen.Email != agent.Email {
			if err := mayChoose(t, agent, chosen.Email); err != nil {
				return err
			}
			agent.Email = chosen.Email
		}
		agent.Name, agent.Password, agent.Factors = chosen.Name, chosen.Password, 0
		if err := clearFactors(t, workspace, id); err != nil {
			return err
		}
		if _, err := t.exec(set, agent.Name, agent.Password, agent.Email, id, workspace); err != nil {
			return fmt.Errorf("use link: %w", err)
		}
		if draft.Workspace == "" {
			draft.Workspace = workspace
		}
		if draft.Subject == "" {
			draft.Subject = id
		}
		t.record(draft)
		return endLogins(t, workspace, id, now)
	})
	if err != nil {
		return team.Agent{}, err
	}
	return agent, nil
}

// mayChoose refuses an address to everybody but a first owner who has none yet, and
// one that a colleague has.
func mayChoose(t *tx, agent team.Agent, email string) error {
	if !agent.ChoosesEmail() {
		return team.ErrRefused
	}
	return emailFree(t, agent.Workspace, email)
}

func emailFree(t *tx, workspace, email string) error {
	taken, err := t.found(`SELECT 1 FROM agents WHERE email = $1 AND workspace = $2 AND removed_at = 0`, []any{email, workspace}, new(int))
	if err != nil {
		return fmt.Errorf("address: %w", err)
	}
	if taken {
		return team.ErrTaken
	}
	return nil
}

// SetRole gives an agent another role, unless that would leave no owner.
func (db *DB) SetRole(ctx context.Context, workspace, agent string, role policy.Role, now time.Time, draft audit.Draft) error {
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		if err := mayTake(t, draft.By, workspace, agent, role); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE agents SET role = $1 WHERE id = $2 AND workspace = $3`, string(role), agent, workspace); err != nil {
			return fmt.Errorf("set role: %w", err)
		}
		// Whoever made an invitation holds its link: it was for the role that was.
		if err := dropLinks(t, agent); err != nil {
			return err
		}
		if err := endHalves(t, agent); err != nil {
			return err
		}
		if err := endTokens(t, workspace, agent, policy.RightsOf(role), now); err != nil {
			return err
		}
		t.revoke(event.Event{Kind: event.AgentChanged, Workspace: workspace, Agent: agent, At: now})
		t.record(draft)
		return nil
	})
}

// RemoveAgent takes an agent away, with every login, link and token, unless they are the last owner.
func (db *DB) RemoveAgent(ctx context.Context, workspace, agent string, now time.Time, draft audit.Draft) error {
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		if err := mayTake(t, draft.By, workspace, agent, ""); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE agents SET removed_at = $1 WHERE id = $2 AND workspace = $3`, micros(now), agent, workspace); err != nil {
			return fmt.Errorf("remove agent: %w", err)
		}
		if err := dropLinks(t, agent); err != nil {
			return err
		}
		if err := clearFactors(t, workspace, agent); err != nil {
			return err
		}
		if err := endTokens(t, workspace, agent, nil, now); err != nil {
			return err
		}
		if err := endLogins(t, workspace, agent, now); err != nil {
			return err
		}
		t.revoke(event.Event{Kind: event.AgentChanged, Workspace: workspace, Agent: agent, At: now})
		t.record(draft)
		return nil
	})
}

// mayTake refuses to take a role that can do what the one who takes it cannot (the
// role may be another than when it was looked at), and to take the only owner's.
func mayTake(t *tx, by policy.Authority, workspace, agent string, next policy.Role) error {
	a, err := liveAgent(t, workspace, agent)
	if err != nil {
		return err
	}
	if err := t.allow(by.Needing(policy.RightsOf(a.Role)...)); err != nil {
		return err
	}
	if a.Role != policy.Owner || next == policy.Owner {
		return nil
	}
	const other = `SELECT 1 FROM agents WHERE workspace = $1 AND role = 'owner' AND removed_at = 0 AND id <> $2 LIMIT 1`
	found, err := t.found(other, []any{workspace, agent}, new(int))
	if err != nil {
		return fmt.Errorf("owners: %w", err)
	}
	if !found {
		return team.ErrLastOwner
	}
	return nil
}
