package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/team"
)

// RequireFactor sets whether owner and security need a second factor.
func (db *DB) RequireFactor(ctx context.Context, workspace string, required bool, _ time.Time, draft audit.Draft) error {
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		value := 0
		if required {
			value = 1
		}
		n, err := t.exec(`UPDATE workspaces SET second_factor = $1 WHERE id = $2`, value, workspace)
		if err != nil {
			return fmt.Errorf("require factor: %w", err)
		}
		if n == 0 {
			return team.ErrNotFound
		}
		t.raise()
		t.record(draft)
		return nil
	})
}

// FactorRequired reads what RequireFactor set.
func (db *DB) FactorRequired(ctx context.Context, workspace string) (required bool, err error) {
	err = db.row(ctx, `SELECT second_factor FROM workspaces WHERE id = $1`, []any{workspace}, &required)
	if absent(err) {
		return false, team.ErrNotFound
	}
	if err != nil {
		return false, fmt.Errorf("store: factor rule: %w", err)
	}
	return required, nil
}

const appColumns = `agent, workspace, sealed, created_at, confirmed_at, last_step`

func appInto(a *team.Authenticator) []any {
	return []any{&a.Agent, &a.Workspace, &a.Sealed, stamp{&a.CreatedAt}, stamp{&a.ConfirmedAt}, &a.LastStep}
}

// PutAuthenticator replaces one that was never confirmed.
func (db *DB) PutAuthenticator(ctx context.Context, app team.Authenticator, draft audit.Draft) error {
	const insert = `INSERT INTO authenticators (` + appColumns + `) VALUES `
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		if _, err := liveAgent(t, app.Workspace, app.Agent); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM authenticators WHERE agent = $1 AND confirmed_at = 0`, app.Agent); err != nil {
			return fmt.Errorf("put authenticator: %w", err)
		}
		known, err := t.found(`SELECT 1 FROM authenticators WHERE agent = $1`, []any{app.Agent}, new(int))
		if err != nil {
			return fmt.Errorf("put authenticator: %w", err)
		}
		if known {
			return team.ErrTaken
		}
		if err := t.insert(insert, 6, []any{app.Agent, app.Workspace, app.Sealed, micros(app.CreatedAt), 0, 0}, ""); err != nil {
			return fmt.Errorf("put authenticator: %w", err)
		}
		t.record(draft)
		return nil
	})
}

// Authenticator of an agent, confirmed or not.
func (db *DB) Authenticator(ctx context.Context, workspace, agent string) (team.Authenticator, error) {
	const query = `SELECT ` + appColumns + ` FROM authenticators WHERE agent = $1 AND workspace = $2`
	var a team.Authenticator
	err := db.row(ctx, query, []any{agent, workspace}, appInto(&a)...)
	if absent(err) {
		return team.Authenticator{}, team.ErrNotFound
	}
	if err != nil {
		return team.Authenticator{}, fmt.Errorf("store: authenticator: %w", err)
	}
	return a, nil
}

// ConfirmAuthenticator makes it count by its first code, which is spent.
func (db *DB) ConfirmAuthenticator(ctx context.Context, workspace, agent string, step int64, codes [][]byte, now time.Time, draft audit.Draft) (bool, error) {
	const confirm = `UPDATE authenticators SET confirmed_at = $1, last_step = $2 WHERE agent = $3 AND workspace = $4 AND confirmed_at = 0 AND last_step < $2`
	var kept bool
	err := db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		n, err := t.exec(confirm, micros(now), step, agent, workspace)
		if err != nil {
			return fmt.Errorf("confirm authenticator: %w", err)
		}
		if n == 0 {
			return team.ErrRefused
		}
		kept, err = gainFactor(t, workspace, agent, codes)
		t.record(draft)
		return err
	})
	if err != nil {
		return false, err // whoever stopped waiting reads nothing that is still written
	}
	return kept, nil
}

// gainFactor counts one more, and keeps recovery codes for an agent who has none left.
func gainFactor(t *tx, workspace, agent string, codes [][]byte) (kept bool, err error) {
	if _, err := t.exec(`UPDATE agents SET factors = factors + 1 WHERE id = $1 AND workspace = $2`, agent, workspace); err != nil {
		return false, fmt.Errorf("gain factor: %w", err)
	}
	t.raise()
	left, err := t.found(`SELECT 1 FROM recovery_codes WHERE agent = $1 AND used_at = 0 LIMIT 1`, []any{agent}, new(int))
	if err != nil || left {
		return false, err
	}
	return true, putRecovery(t, workspace, agent, codes)
}

// loseFactor counts one less. With the last one its recovery codes go, and rights may:
// every node hears of it, and streams are judged again.
func loseFactor(t *tx, workspace, agent string, now time.Time) error {
	var left int
	const lose = `UPDATE agents SET factors = factors - 1 WHERE id = $1 AND workspace = $2 AND factors > 0 RETURNING factors`
	if _, err := t.found(lose, []any{agent, workspace}, &left); err != nil {
		return fmt.Errorf("lose factor: %w", err)
	}
	if left == 0 {
		if err := clearFactors(t, workspace, agent); err != nil {
			return err
		}
	}
	t.revoke(event.Event{Kind: event.AgentChanged, Workspace: workspace, Agent: agent, At: now})
	return endHalves(t, agent)
}

// clearFactors leaves an agent with a password alone.
func clearFactors(t *tx, workspace, agent string) error {
	for _, query := range []string{
		`DELETE FROM authenticators WHERE agent = $1 AND workspace = $2`,
		`DELETE FROM passkeys WHERE agent = $1 AND workspace = $2`,
		`DELETE FROM recovery_codes WHERE agent = $1 AND workspace = $2`,
		`UPDATE agents SET factors = 0 WHERE id = $1 AND workspace = $2`,
	} {
		if _, err := t.exec(query, agent, workspace); err != nil {
			return fmt.Errorf("clear factors: %w", err)
		}
	}
	return endHalves(t, agent)
}

// endHalves ends every sign-in of an agent that waits for its second step.
func endHalves(t *tx, agent string) error {
	if _, err := t.exec(`DELETE FROM half_logins WHERE agent = $1`, agent); err != nil {
		return fmt.Errorf("end half logins: %w", err)
	}
	return nil
}

// DropAuthenticator takes an agent's app away.
func (db *DB) DropAuthenticator(ctx context.Context, workspace, agent string, now time.Time, draft audit.Draft) error {
	const drop = `DELETE FROM authenticators WHERE agent = $1 AND workspace = $2 AND confirmed_at <> 0`
	return db.drop(ctx, workspace, agent, now, draft, drop, agent, workspace)
}

// DropPasskey takes one passkey of an agent away.
func (db *DB) DropPasskey(ctx context.Context, workspace, agent, id string, now time.Time, draft audit.Draft) error {
	const drop = `DELETE FROM passkeys WHERE id = $1 AND agent = $2 AND workspace = $3`
	return db.drop(ctx, workspace, agent, now, draft, drop, id, agent, workspace)
}

func (db *DB) drop(ctx context.Context, workspace, agent string, now time.Time, draft audit.Draft, query string, args ...any) error {
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		n, err := t.exec(query, args...)
		if err != nil {
			return fmt.Errorf("drop factor: %w", err)
		}
		if n == 0 {
			return team.ErrNotFound
		}
		t.record(draft)
		return loseFactor(t, workspace, agent, now)
	})
}

const passkeyColumns = `k.id, k.credential, k.workspace, k.agent, k.name, k.site, k.record, k.created_at, k.used_at` //nolint:gosec // the names of columns

func passkeyInto(k *team.Passkey) []any {
	return []any{&k.ID, &k.Credential, &k.Workspace, &k.Agent, &k.Name, &k.Site, &k.Record, stamp{&k.CreatedAt}, stamp{&k.UsedAt}}
}

// AddPasskey writes one, and spends the challenge that it answered.
func (db *DB) AddPasskey(ctx context.Context, key team.Passkey, use team.PasskeyUse, codes [][]byte, draft audit.Draft) (bool, error) {
	const insert = `INSERT INTO passkeys (id, credential, workspace, agent, name, site, record, created_at, used_at) VALUES `
	var kept bool
	err := db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		if _, err := liveAgent(t, key.Workspace, key.Agent); err != nil {
			return err
		}
		if err := spend(t, use); err != nil {
			return err
		}
		taken, err := t.found(`SELECT 1 FROM passkeys WHERE credential = $1`, []any{key.Credential}, new(int))
		if err != nil {
			return fmt.Errorf("add passkey: %w", err)
		}
		if taken {
			return team.ErrTaken
		}
		err = t.insert(insert, 9, []any{key.ID, key.Credential, key.Workspace, key.Agent, key.Name, key.Site, string(key.Record), micros(key.CreatedAt), 0}, "")
		if err != nil {
			return fmt.Errorf("add passkey: %w", err)
		}
		kept, err = gainFactor(t, key.Workspace, key.Agent, codes)
		t.record(draft)
		return err
	})
	if err != nil {
		return false, err // whoever stopped waiting reads nothing that is still written
	}
	return kept, nil
}

// Passkeys of an agent, oldest first.
func (db *DB) Passkeys(ctx context.Context, workspace, agent string) ([]team.Passkey, error) {
	const query = `SELECT ` + passkeyColumns + ` FROM passkeys k WHERE k.agent = $1 AND k.workspace = $2 ORDER BY k.created_at, k.id`
	var list []team.Passkey
	err := db.rows(ctx, query, []any{agent, workspace}, func(row scanner) error {
		list = append(list, team.Passkey{})
		return row.Scan(passkeyInto(&list[len(list)-1])...)
	})
	if err != nil {
		return nil, fmt.Errorf("store: passkeys: %w", err)
	}
	return list, nil
}

// PasskeyByCredential finds a passkey and its live agent.
func (db *DB) PasskeyByCredential(ctx context.Context, credential []byte) (team.Passkey, team.Agent, error) {
	const query = `SELECT ` + passkeyColumns + `, ` + agentColumns + ` FROM passkeys k
	JOIN agents a ON a.id = k.agent AND a.workspace = k.workspace WHERE k.credential = $1 AND a.removed_at = 0`
	var k team.Passkey
	var a team.Agent
	err := db.row(ctx, query, []any{credential}, append(passkeyInto(&k), agentInto(&a)...)...)
	if absent(err) {
		return team.Passkey{}, team.Agent{}, team.ErrNotFound
	}
	if err != nil {
		return team.Passkey{}, team.Agent{}, fmt.Errorf("store: passkey: %w", err)
	}
	return k, a, nil
}

// usePasskey writes what an assertion made of its passkey, if it is there still.
func usePasskey(t *tx, use team.PasskeyUse, now time.Time) error {
	const touch = `UPDATE passkeys SET record = $1, used_at = $2 WHERE id = $3 AND agent = $4 AND workspace = $5`
	n, err := t.exec(touch, string(use.Record), micros(now), use.ID, use.Agent, use.Workspace)
	if err != nil {
		return fmt.Errorf("use passkey: %w", err)
	}
	if n == 0 {
		return team.ErrRefused
	}
	return spend(t, use)
}

// spend uses a challenge: once.
func spend(t *tx, use team.PasskeyUse) error {
	if _, err := t.exec(`DELETE FROM spent_challenges WHERE ends_at <= $1`, micros(t.now)); err != nil {
		return fmt.Errorf("spend challenge: %w", err)
	}
	n, err := t.exec(`INSERT INTO spent_challenges (hash, ends_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`, use.Challenge, micros(use.Until))
	if err != nil {
		return fmt.Errorf("spend challenge: %w", err)
	}
	if n == 0 {
		return team.ErrRefused
	}
	return nil
}

// PutRecovery replaces an agent's recovery codes.
func (db *DB) PutRecovery(ctx context.Context, workspace, agent string, codes [][]byte, draft audit.Draft) error {
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		a, err := liveAgent(t, workspace, agent)
		if err != nil {
			return err
		}
		if a.Factors == 0 {
			return team.ErrNotFound
		}
		t.record(draft)
		return putRecovery(t, workspace, agent, codes)
	})
}

func putRecovery(t *tx, workspace, agent string, codes [][]byte) error {
	if _, err := t.exec(`DELETE FROM recovery_codes WHERE agent = $1`, agent); err != nil {
		return fmt.Errorf("put recovery: %w", err)
	}
	var args []any
	for _, hash := range codes {
		args = append(args, agent, hash, workspace, 0)
	}
	if err := t.insert(`INSERT INTO recovery_codes (agent, hash, workspace, used_at) VALUES `, 4, args, ""); err != nil {
		return fmt.Errorf("put recovery: %w", err)
	}
	return nil
}

// RecoveryLeft counts codes that were not used.
func (db *DB) RecoveryLeft(ctx context.Context, workspace, agent string) (int, error) {
	var n int
	err := db.row(ctx, `SELECT COUNT(*) FROM recovery_codes WHERE agent = $1 AND workspace = $2 AND used_at = 0`, []any{agent, workspace}, &n)
	if err != nil {
		return 0, fmt.Errorf("store: recovery codes: %w", err)
	}
	return n, nil
}

// ClearFactors takes all of a colleague's away and ends their logins.
func (db *DB) ClearFactors(ctx context.Context, workspace, agent string, now time.Time, draft audit.Draft) error {
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		a, err := liveAgent(t, workspace, agent)
		if err != nil {
			return err
		}
		// The role may be another by now than when it was looked at.
		if err := t.allow(draft.By.Needing(policy.RightsOf(a.Role)...)); err != nil {
			return err
		}
		if err := clearFactors(t, workspace, agent); err != nil {
			return err
		}
		t.revoke(event.Event{Kind: event.AgentChanged, Workspace: workspace, Agent: agent, At: now})
		t.record(draft)
		return endLogins(t, workspace, agent, now)
	})
}

// PutHalf remembers who has yet to give the second factor.
func (db *DB) PutHalf(ctx context.Context, half team.Half) error {
	const insert = `INSERT INTO half_logins (token_hash, workspace, agent, password, ceremony, expires_at) VALUES `
	return db.writer.share(ctx, &single{write: func(t *tx) (refusal, err error) {
		if _, err := t.exec(`DELETE FROM half_logins WHERE expires_at <= $1`, micros(t.now)); err != nil {
			return nil, fmt.Errorf("put half login: %w", err)
		}
		if _, err := liveAgent(t, half.Workspace, half.Agent); err != nil {
			return err, nil
		}
		args := []any{half.TokenHash, half.Workspace, half.Agent, half.Password, string(half.Ceremony), micros(half.ExpiresAt)}
		if err := t.insert(insert, 6, args, ""); err != nil {
			return nil, fmt.Errorf("put half login: %w", err)
		}
		return nil, nil
	}})
}

// Half reads one that has not ended, with its agent as they stand now.
func (db *DB) Half(ctx context.Context, tokenHash []byte, now time.Time) (team.Half, team.Agent, error) {
	const query = `SELECT h.token_hash, h.workspace, h.agent, h.password, h.ceremony, h.expires_at, ` + agentColumns + ` FROM half_logins h
	JOIN agents a ON a.id = h.agent AND a.workspace = h.workspace WHERE h.token_hash = $1 AND h.expires_at > $2 AND a.removed_at = 0`
	var h team.Half
	var a team.Agent
	into := []any{&h.TokenHash, &h.Workspace, &h.Agent, &h.Password, &h.Ceremony, stamp{&h.ExpiresAt}}
	err := db.row(ctx, query, []any{tokenHash, micros(now)}, append(into, agentInto(&a)...)...)
	if absent(err) {
		return team.Half{}, team.Agent{}, team.ErrRefused
	}
	if err != nil {
		return team.Half{}, team.Agent{}, fmt.Errorf("store: half login: %w", err)
	}
	return h, a, nil
}

// Enter writes a signed-in browser and uses up what was shown for it.
func (db *DB) Enter(ctx context.Context, entry team.Entry, draft audit.Draft) error {
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		login := entry.Login
		agent, err := liveAgent(t, login.Workspace, login.Agent)
		if err != nil {
			return err
		}
		if entry.Password == "" || agent.Password != entry.Password {
			return team.ErrRefused // set anew while the old one was being checked
		}
		second, err := useFactor(t, entry)
		if err != nil {
			return err
		}
		if agent.Factors > 0 && !second {
			return team.ErrRefused // set up while the password was being checked
		}
		t.record(draft)
		return openLogin(t, login)
	})
}

func openLogin(t *tx, login team.Login) error {
	const insert = `INSERT INTO logins (id, token_hash, workspace, agent, user_agent, created_at, seen_at, expires_at, ended_at, confirmed_at) VALUES `
	err := t.insert(insert, 10, []any{login.ID, login.TokenHash, login.Workspace, login.Agent, login.UserAgent,
		micros(login.CreatedAt), micros(login.SeenAt), micros(login.ExpiresAt), 0, micros(login.ConfirmedAt)}, "")
	if err != nil {
		return fmt.Errorf("open login: %w", err)
	}
	return nil
}

// useFactor uses the second factor of an entry, each by compare-and-swap, and says
// whether there was one. A passkey is both factors; a code takes the half login that
// the password opened.
func useFactor(t *tx, entry team.Entry) (second bool, err error) {
	agent, workspace := entry.Login.Agent, entry.Login.Workspace
	if len(entry.Half) > 0 {
		const use = `DELETE FROM half_logins WHERE token_hash = $1 AND agent = $2 AND workspace = $3 AND expires_at > $4`
		if err := once(t, use, entry.Half, agent, workspace, micros(t.now)); err != nil {
			return false, err
		}
	}
	switch {
	case entry.Passkey != nil:
		if entry.Passkey.Agent != agent || entry.Passkey.Workspace != workspace {
			return false, team.ErrRefused
		}
		return true, usePasskey(t, *entry.Passkey, t.now)
	case len(entry.Half) == 0:
		return false, nil
	case entry.Step != 0:
		const use = `UPDATE authenticators SET last_step = $1 WHERE agent = $2 AND workspace = $3 AND confirmed_at <> 0 AND last_step < $1`
		return true, once(t, use, entry.Step, agent, workspace)
	}
	const use = `UPDATE recovery_codes SET used_at = $1 WHERE agent = $2 AND workspace = $3 AND hash = $4 AND used_at = 0`
	return true, once(t, use, micros(t.now), agent, workspace, entry.Recovery)
}

// once is a statement that must change one row: another was faster, or there was none.
func once(t *tx, query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err != nil {
		return fmt.Errorf("use factor: %w", err)
	}
	if n != 1 {
		return team.ErrRefused
	}
	return nil
}

// ConfirmByPasskey notes that a live login answered by a passkey of its agent's.
func (db *DB) ConfirmByPasskey(ctx context.Context, login string, use team.PasskeyUse, now time.Time, draft audit.Draft) error {
	const confirm = `UPDATE logins SET confirmed_at = $1 WHERE id = $2 AND workspace = $3 AND agent = $4 AND ended_at = 0 AND expires_at > $1`
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		if err := once(t, confirm, micros(now), login, use.Workspace, use.Agent); err != nil {
			return err
		}
		if err := usePasskey(t, use, now); err != nil {
			return err
		}
		t.raise()
		t.record(draft)
		return nil
	})
}

// SetPassword replaces the password that was checked, and ends every other login.
func (db *DB) SetPassword(ctx context.Context, workspace, agent, login, old, next string, now time.Time, draft audit.Draft) error {
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		a, err := liveAgent(t, workspace, agent)
		if err != nil {
			return err
		}
		if old == "" || a.Password != old {
			return team.ErrRefused
		}
		if _, err := t.exec(`UPDATE agents SET password = $1 WHERE id = $2 AND workspace = $3`, next, agent, workspace); err != nil {
			return fmt.Errorf("set password: %w", err)
		}
		if err := errors.Join(dropLinks(t, agent), endHalves(t, agent), endLoginsBut(t, workspace, agent, login, now)); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE logins SET confirmed_at = $1 WHERE id = $2 AND workspace = $3 AND agent = $4`, micros(now), login, workspace, agent); err != nil {
			return fmt.Errorf("set password: %w", err)
		}
		t.raise()
		t.record(draft)
		return nil
	})
}
