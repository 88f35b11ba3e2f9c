package store

import (
	"context"
	"fmt"
	"time"

	"countersign/internal/audit"
	"countersign/internal/trust"
)

// KeyUsed marks the last use, turns a pending key into an active one, and counts from
// which page it came. It is not waited for: the mark rides with the next batch, behind
// whatever waits already.
func (db *DB) KeyUsed(_ context.Context, use trust.KeyUse) error {
	db.writer.leave(&single{write: func(t *tx) (refusal, err error) {
		if err := t.used(use); err != nil {
			return nil, fmt.Errorf("key used: %w", err)
		}
		return nil, nil
	}})
	return nil
}

func (t *tx) used(use trust.KeyUse) error {
	const mark = `UPDATE keys SET last_used_at = CASE WHEN last_used_at < $1 THEN $1 ELSE last_used_at END,
	state = CASE WHEN state = 'pending' THEN 'active' ELSE state END WHERE id = $2 AND workspace = $3 RETURNING retiring_at`
	const known = `SELECT 1 FROM key_uses WHERE key_id = $1 AND origin = $2`
	const count = `SELECT COUNT(DISTINCT origin) FROM key_uses WHERE key_id = $1`
	const add = `INSERT INTO key_uses (key_id, workspace, origin, platform, n, last_at) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (key_id, origin, platform) DO UPDATE SET n = key_uses.n + excluded.n,
	last_at = CASE WHEN key_uses.last_at < excluded.last_at THEN excluded.last_at ELSE key_uses.last_at END`
	var aside time.Time
	there, err := t.found(mark, []any{micros(use.At), use.Key, use.Workspace}, stamp{&aside})
	if err != nil || !there {
		return err
	}
	if use.At.Before(aside) { // counted before a rotation, written after it
		use.Sessions = 0
	}
	kept, err := t.found(known, []any{use.Key, use.Origin}, new(int))
	if err != nil {
		return err
	}
	if !kept {
		origins := 0
		if err := t.row(count, []any{use.Key}, &origins); err != nil {
			return err
		}
		if origins >= trust.MaxOrigins {
			use.Origin = ""
		}
	}
	_, err = t.exec(add, use.Key, use.Workspace, use.Origin, string(use.Platform), use.Sessions, micros(use.At))
	return err
}

// beginAnew counts a key's sessions from now on when it is put aside, and begins the
// sweep of one that turns out to have been compromised.
func beginAnew(t *tx, change trust.RingChange, there map[string]trust.KeyRow) error {
	const forget = `UPDATE key_uses SET n = 0 WHERE key_id = $1`
	const sweep = `INSERT INTO sweeps (key_id, workspace, since, stage, position) VALUES ($1, $2, $3, $4, '')
	ON CONFLICT (key_id) DO UPDATE SET since = excluded.since, stage = excluded.stage, position = ''`
	const recount = `DELETE FROM findings WHERE key_id = $1 AND kind = $2`
	for _, k := range change.Keys {
		was := there[k.ID]
		if k.State == keyRetiring && !k.RetiringAt.Equal(was.RetiringAt) {
			if _, err := t.exec(forget, k.ID); err != nil {
				return err
			}
		}
		if k.CompromisedSince.IsZero() || k.CompromisedSince.Equal(was.CompromisedSince) {
			continue
		}
		if _, err := t.exec(sweep, k.ID, k.Workspace, micros(k.CompromisedSince), stageClaims); err != nil {
			return err
		}
		if _, err := t.exec(recount, k.ID, string(trust.InDoubtThread)); err != nil {
			return err
		}
	}
	return nil
}

// KeyUses lists where proofs came from :: key id → its uses, the latest first.
func (db *DB) KeyUses(ctx context.Context, workspace, channel string) (map[string][]trust.KeyUse, error) {
	const query = `SELECT u.key_id, u.origin, u.platform, u.n, u.last_at FROM keys k JOIN key_uses u ON u.key_id = k.id AND u.workspace = k.workspace
	WHERE k.channel = $1 AND k.workspace = $2 ORDER BY u.key_id, u.last_at DESC, u.origin, u.platform`
	uses := map[string][]trust.KeyUse{}
	err := db.rows(ctx, query, []any{channel, workspace}, func(row scanner) error {
		use := trust.KeyUse{Workspace: workspace}
		err := row.Scan(&use.Key, &use.Origin, (*string)(&use.Platform), &use.Sessions, stamp{&use.At})
		uses[use.Key] = append(uses[use.Key], use)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: key uses: %w", err)
	}
	return uses, nil
}

// KeyNames :: id → name, those of ids that are keys of the workspace.
func (db *DB) KeyNames(ctx context.Context, workspace string, ids []string) (map[string]trust.KeyName, error) {
	const query = `SELECT id, name, compromised_since FROM keys WHERE workspace = $1 AND id IN (`
	names := map[string]trust.KeyName{}
	err := db.among(ctx, query, workspace, ids, `)`, func(row scanner) error {
		var id string
		var name trust.KeyName
		err := row.Scan(&id, &name.Name, stamp{&name.CompromisedSince})
		names[id] = name
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: key names: %w", err)
	}
	return names, nil
}

// LiveOrigins counts a key's live sessions by the origin of their page, most first.
func (db *DB) LiveOrigins(ctx context.Context, workspace, key string, now time.Time) ([]trust.LiveOrigin, error) {
	const query = `SELECT s.origin, COUNT(*) FROM sessions s JOIN keys k ON k.id = s.key_id AND k.workspace = s.workspace
	WHERE s.key_id = $1 AND s.workspace = $2 AND s.key_id <> '' AND s.ended_at = 0 AND s.expires_at > $3
	AND (k.state IN ('pending', 'active') OR k.state = 'retiring' AND (k.ends_at = 0 OR k.ends_at > $3))
	GROUP BY s.origin ORDER BY 2 DESC, 1`
	var list []trust.LiveOrigin
	rest := trust.LiveOrigin{}
	err := db.rows(ctx, query, []any{key, workspace, micros(now)}, func(row scanner) error {
		var one trust.LiveOrigin
		err := row.Scan(&one.Origin, &one.Sessions)
		if one.Origin == "" || len(list) >= trust.MaxOrigins {
			rest.Sessions += one.Sessions
		} else {
			list = append(list, one)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: live origins: %w", err)
	}
	if rest.Sessions > 0 {
		list = append(list, rest)
	}
	return list, nil
}

// Spend takes one from an allowance and records what it was for.
func (db *DB) Spend(ctx context.Context, spend trust.Spend, drafts ...audit.Draft) error {
	return db.writer.change(ctx, drafts, func(t *tx) error {
		if err := t.spend(spend); err != nil {
			return err
		}
		t.record(drafts...)
		return nil
	})
}

// spend fails with ErrLimited, and so the whole transaction, if nothing is left.
func (t *tx) spend(s trust.Spend) error {
	const take = `INSERT INTO failures (name, n, ends_at) VALUES ($1, 1, $2) ON CONFLICT (name) DO UPDATE SET
	n = CASE WHEN failures.ends_at <= $3 THEN 1 ELSE failures.n + 1 END,
	ends_at = CASE WHEN failures.ends_at <= $3 THEN excluded.ends_at ELSE failures.ends_at END RETURNING n`
	if s.Name == "" {
		return nil
	}
	n := 0
	if err := t.row(take, []any{s.Name, micros(t.now.Add(s.Window)), micros(t.now)}, &n); err != nil {
		return fmt.Errorf("allowance: %w", err)
	}
	if n > s.Limit {
		return fmt.Errorf("%w: at most %d in %s", trust.ErrLimited, s.Limit, s.Window)
	}
	return nil
}
