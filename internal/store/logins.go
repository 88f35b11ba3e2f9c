package store

import (
	"context"
	"fmt"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/team"
)

const loginColumns = `l.id, l.token_hash, l.workspace, l.agent, l.user_agent, l.created_at, l.seen_at, l.expires_at, l.ended_at, l.confirmed_at`

// loginRow is a login with its agent as they stand now.
type loginRow struct {
	team.Login
	agent team.Agent
}

func loginInto(l *team.Login) []any {
	return []any{&l.ID, &l.TokenHash, &l.Workspace, &l.Agent, &l.UserAgent, stamp{&l.CreatedAt}, stamp{&l.SeenAt}, stamp{&l.ExpiresAt}, stamp{&l.EndedAt},
		stamp{&l.ConfirmedAt}}
}

func (r *loginRow) scan(row scanner) error {
	return row.Scan(append(loginInto(&r.Login), agentInto(&r.agent)...)...)
}

func (r *loginRow) lives(now time.Time) bool {
	return r.EndedAt.IsZero() && now.Before(r.ExpiresAt) && r.agent.RemovedAt.IsZero()
}

// LoginByToken answers with the login and its agent as they stand now.
func (db *DB) LoginByToken(ctx context.Context, tokenHash []byte, now time.Time) (team.Login, team.Agent, error) {
	const query = `SELECT ` + loginColumns + `, ` + agentColumns + ` FROM logins l
	JOIN agents a ON a.id = l.agent AND a.workspace = l.workspace WHERE l.token_hash = $1`
	var r loginRow
	err := db.row(ctx, query, []any{tokenHash}, append(loginInto(&r.Login), agentInto(&r.agent)...)...)
	if err != nil && !absent(err) {
		return team.Login{}, team.Agent{}, fmt.Errorf("store: login: %w", err)
	}
	if err != nil || !r.lives(now) {
		return team.Login{}, team.Agent{}, team.ErrRefused
	}
	return r.Login, r.agent, nil
}

// TouchLogin notes that the browser was seen.
func (db *DB) TouchLogin(ctx context.Context, workspace, id string, now time.Time) error {
	const touch = `UPDATE logins SET seen_at = $1 WHERE id = $2 AND workspace = $3 AND ended_at = 0 AND seen_at < $1`
	return db.writer.share(ctx, &single{write: func(t *tx) (refusal, err error) {
		if _, err := t.exec(touch, micros(now), id, workspace); err != nil {
			return nil, fmt.Errorf("touch login: %w", err)
		}
		return nil, nil
	}})
}

// Logins of the workspace that live, or of one agent, newest first.
func (db *DB) Logins(ctx context.Context, workspace, agent string, now time.Time) ([]team.Login, error) {
	const query = `SELECT ` + loginColumns + ` FROM logins l
	WHERE l.workspace = $1 AND ($2 = '' OR l.agent = $2) AND l.ended_at = 0 AND l.expires_at > $3 ORDER BY l.created_at DESC, l.id DESC`
	var list []team.Login
	err := db.rows(ctx, query, []any{workspace, agent, micros(now)}, func(row scanner) error {
		list = append(list, team.Login{})
		return row.Scan(loginInto(&list[len(list)-1])...)
	})
	if err != nil {
		return nil, fmt.Errorf("store: logins: %w", err)
	}
	return list, nil
}

// ConfirmLogin notes that a live login gave the password that stands. Every node
// reads the login again, so that the next call may go to any of them.
func (db *DB) ConfirmLogin(ctx context.Context, workspace, id, password string, now time.Time, draft audit.Draft) error {
	const confirm = `UPDATE logins SET confirmed_at = $1 WHERE id = $2 AND workspace = $3 AND ended_at = 0 AND expires_at > $1 RETURNING agent`
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		var owner string
		found, err := t.found(confirm, []any{micros(now), id, workspace}, &owner)
		if err != nil {
			return fmt.Errorf("confirm login: %w", err)
		}
		if !found {
			return team.ErrRefused
		}
		agent, err := liveAgent(t, workspace, owner)
		if err != nil || agent.Password != password {
			return team.ErrRefused // set anew while the old one was being checked
		}
		t.raise()
		t.record(draft)
		return nil
	})
}

// EndLogin ends one. One that has ended already stays as it is.
func (db *DB) EndLogin(ctx context.Context, workspace, id string, now time.Time, draft audit.Draft) error {
	const end = `UPDATE logins SET ended_at = $1 WHERE id = $2 AND workspace = $3 AND ended_at = 0 RETURNING agent`
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		known, err := t.found(`SELECT 1 FROM logins WHERE id = $1 AND workspace = $2`, []any{id, workspace}, new(int))
		if err != nil {
			return fmt.Errorf("end login: %w", err)
		}
		if !known {
			return team.ErrNotFound
		}
		var agent string
		ended, err := t.found(end, []any{micros(now), id, workspace}, &agent)
		if err != nil {
			return fmt.Errorf("end login: %w", err)
		}
		if ended {
			t.revoke(event.Event{Kind: event.AgentSessionEnded, Workspace: workspace, Agent: agent, Session: id, At: now})
			t.record(draft)
		}
		return nil
	})
}

// endLogins ends every login of an agent inside a transaction.
func endLogins(t *tx, workspace, agent string, now time.Time) error {
	return endLoginsBut(t, workspace, agent, "", now)
}

// endLoginsBut ends all but one.
func endLoginsBut(t *tx, workspace, agent, but string, now time.Time) error {
	const end = `UPDATE logins SET ended_at = $1 WHERE agent = $2 AND workspace = $3 AND ended_at = 0 AND id <> $4 RETURNING id`
	var ids []string
	err := t.rows(end, []any{micros(now), agent, workspace, but}, func(row scanner) error {
		var id string
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("end logins: %w", err)
	}
	for _, id := range ids {
		t.revoke(event.Event{Kind: event.AgentSessionEnded, Workspace: workspace, Agent: agent, Session: id, At: now})
	}
	return nil
}

const programColumns = `id, token_hash, workspace, name, scopes, created_by, created_at, expires_at, revoked_at, used_at, used_from`

func tokenInto(k *team.Token) []any {
	return []any{&k.ID, &k.TokenHash, &k.Workspace, &k.Name, document{&k.Scopes}, &k.CreatedBy, stamp{&k.CreatedAt}, stamp{&k.ExpiresAt}, stamp{&k.RevokedAt},
		stamp{&k.UsedAt}, &k.UsedFrom}
}

// AddToken writes a program's token.
func (db *DB) AddToken(ctx context.Context, token team.Token, draft audit.Draft) error {
	const insert = `INSERT INTO tokens (id, token_hash, workspace, name, scopes, created_by, created_at, expires_at, revoked_at) VALUES `
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		scopes := token.Scopes
		if scopes == nil {
			scopes = []policy.Right{}
		}
		err := t.insert(insert, 9, []any{token.ID, token.TokenHash, token.Workspace, token.Name, text(scopes), token.CreatedBy,
			micros(token.CreatedAt), micros(token.ExpiresAt), 0}, "")
		if err != nil {
			return fmt.Errorf("add token: %w", err)
		}
		t.record(draft)
		return nil
	})
}

// TokenByHash finds a token that is good now; ErrRefused otherwise.
func (db *DB) TokenByHash(ctx context.Context, tokenHash []byte, now time.Time) (team.Token, error) {
	const query = `SELECT ` + programColumns + ` FROM tokens WHERE token_hash = $1 AND revoked_at = 0 AND (expires_at = 0 OR expires_at > $2)`
	var k team.Token
	err := db.row(ctx, query, []any{tokenHash, micros(now)}, tokenInto(&k)...)
	if absent(err) {
		return team.Token{}, team.ErrRefused
	}
	if err != nil {
		return team.Token{}, fmt.Errorf("store: token: %w", err)
	}
	return k, nil
}

// Tokens of the workspace, oldest first, the revoked ones too.
func (db *DB) Tokens(ctx context.Context, workspace string) ([]team.Token, error) {
	const query = `SELECT ` + programColumns + ` FROM tokens WHERE workspace = $1 ORDER BY created_at, id`
	var list []team.Token
	err := db.rows(ctx, query, []any{workspace}, func(row scanner) error {
		list = append(list, team.Token{})
		return row.Scan(tokenInto(&list[len(list)-1])...)
	})
	if err != nil {
		return nil, fmt.Errorf("store: tokens: %w", err)
	}
	return list, nil
}

// TouchToken notes that a program used its token.
func (db *DB) TouchToken(ctx context.Context, workspace, id, from string, now time.Time) error {
	const touch = `UPDATE tokens SET used_at = $1, used_from = $2 WHERE id = $3 AND workspace = $4 AND revoked_at = 0 AND used_at < $1`
	return db.writer.share(ctx, &single{write: func(t *tx) (refusal, err error) {
		if _, err := t.exec(touch, micros(now), from, id, workspace); err != nil {
			return nil, fmt.Errorf("touch token: %w", err)
		}
		return nil, nil
	}})
}

// RevokeToken ends a token. One that is revoked already stays as it is.
func (db *DB) RevokeToken(ctx context.Context, workspace, id string, now time.Time, draft audit.Draft) error {
	const revoke = `UPDATE tokens SET revoked_at = $1 WHERE id = $2 AND workspace = $3 AND revoked_at = 0`
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		known, err := t.found(`SELECT 1 FROM tokens WHERE id = $1 AND workspace = $2`, []any{id, workspace}, new(int))
		if err != nil {
			return fmt.Errorf("revoke token: %w", err)
		}
		if !known {
			return team.ErrNotFound
		}
		n, err := t.exec(revoke, micros(now), id, workspace)
		if err != nil {
			return fmt.Errorf("revoke token: %w", err)
		}
		if n > 0 {
			t.revoke(event.Event{Kind: event.TokenRevoked, Workspace: workspace, Session: id, At: now})
			t.record(draft)
		}
		return nil
	})
}
