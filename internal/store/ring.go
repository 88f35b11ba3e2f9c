package store

import (
	"context"
	"fmt"
	"time"

	"countersign/identity/policy"
	"countersign/internal/event"
	"countersign/internal/trust"
)

const keyColumns = `k.id, k.workspace, k.channel, k.name, k.state, k.dialect, k.proof, k.signs, k.platforms, k.realm, k.confirms,
	k.fingerprint, k.sealed, k.reveal, k.imported, k.created_by, k.created_at, k.retiring_at, k.ends_at, k.sign_by, k.revoked_at, k.last_used_at,
	k.compromised_since, k.public_half`

func scanKey(row scanner, k *trust.KeyRow, more ...any) error {
	var confirms, imported int64
	err := row.Scan(append([]any{&k.ID, &k.Workspace, &k.Channel, &k.Name, &k.State, &k.Dialect, &k.Proof, &k.Signs, document{&k.Platforms}, &k.Realm,
		&confirms, &k.Fingerprint, &k.Sealed, &k.Reveal, &imported, &k.CreatedBy, stamp{&k.CreatedAt}, stamp{&k.RetiringAt},
		stamp{&k.EndsAt}, stamp{&k.SignBy}, stamp{&k.RevokedAt}, stamp{&k.LastUsedAt}, stamp{&k.CompromisedSince}, document{&k.Public}}, more...)...)
	k.Confirms, k.Imported = confirms != 0, imported != 0
	return err
}

// Ring of a channel of the workspace, with every key it ever had.
func (db *DB) Ring(ctx context.Context, workspace, channel string) (trust.Ring, error) {
	// Version and keys in one statement, so that they are of one moment.
	const query = `SELECT ` + keyColumns + `, r.version FROM rings r JOIN keys k ON k.channel = r.channel AND k.workspace = r.workspace
	WHERE r.channel = $1 AND r.workspace = $2 ORDER BY k.position`
	const empty = `SELECT version FROM rings WHERE channel = $1 AND workspace = $2`
	ring := trust.Ring{Channel: channel}
	args := []any{channel, workspace}
	err := db.rows(ctx, query, args, func(row scanner) error {
		var k trust.KeyRow
		err := scanKey(row, &k, &ring.Version)
		ring.Keys = append(ring.Keys, k)
		return err
	})
	if err == nil && len(ring.Keys) == 0 {
		err = db.row(ctx, empty, args, &ring.Version)
	}
	if absent(err) {
		return trust.Ring{}, trust.ErrNotFound
	}
	if err != nil {
		return trust.Ring{}, fmt.Errorf("store: ring: %w", err)
	}
	return ring, nil
}

// SwapRing replaces the ring that the caller has read, or fails with ErrConflict.
func (db *DB) SwapRing(ctx context.Context, change trust.RingChange, now time.Time) (int, error) {
	const next = `UPDATE rings SET version = version + 1 WHERE channel = $1 AND workspace = $2 AND version = $3`
	n := 0
	err := db.writer.change(ctx, change.Drafts, func(t *tx) error {
		there, err := ringKeys(t, change)
		if err != nil {
			return err
		}
		if err := checkRing(t, change, there); err != nil {
			return err
		}
		if err := t.spend(change.Spend); err != nil {
			return err
		}
		won, err := t.exec(next, change.Channel, change.Workspace, change.Version)
		if err != nil {
			return fmt.Errorf("swap ring: %w", err)
		}
		if won == 0 {
			return trust.ErrConflict
		}
		if err := writeKeys(t, change, there); err != nil {
			return fmt.Errorf("swap ring: %w", err)
		}
		if err := beginAnew(t, change, there); err != nil {
			return fmt.Errorf("swap ring: %w", err)
		}
		t.revoke(event.Event{Kind: event.KeyChanged, Workspace: change.Workspace, Channel: change.Channel, At: now, Body: endings(change, there)})
		for _, key := range change.Silence {
			list, err := endSessions(t, `key_id = $3 AND workspace = $4 AND key_id <> ''`, policy.EndedKey, now, key, change.Workspace)
			if err != nil {
				return fmt.Errorf("swap ring: %w", err)
			}
			n += len(list)
			t.revoke(event.Event{Kind: event.KeySilenced, Workspace: change.Workspace, Channel: change.Channel, Key: key, At: now})
		}
		if kid := change.SilenceKid; kid != nil {
			list, err := endSessions(t, `key_id = $3 AND workspace = $4 AND kid = $5 AND key_id <> ''`, policy.EndedKey, now, kid.Key, change.Workspace, kid.Kid)
			if err != nil {
				return fmt.Errorf("swap ring: %w", err)
			}
			n += len(list)
			t.silence(list)
		}
		t.record(change.Drafts...)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// endings names the keys whose end this change sets :: key → time, so that the
// streams which their sessions opened before end then too.
func endings(change trust.RingChange, there map[string]trust.KeyRow) []byte {
	ends := map[string]time.Time{}
	for _, k := range change.Keys {
		if k.State == keyRetiring && !k.EndsAt.IsZero() && !k.EndsAt.Equal(there[k.ID].EndsAt) {
			ends[k.ID] = k.EndsAt.UTC()
		}
	}
	if len(ends) == 0 {
		return nil
	}
	return []byte(text(map[string]any{"ends": ends}))
}

// ringKeys reads what is there :: key id → row; ErrNotFound without such a ring.
func ringKeys(t *tx, change trust.RingChange) (map[string]trust.KeyRow, error) {
	var version int64
	known, err := t.found(`SELECT version FROM rings WHERE channel = $1 AND workspace = $2`, []any{change.Channel, change.Workspace}, &version)
	if err != nil {
		return nil, fmt.Errorf("swap ring: %w", err)
	}
	if !known {
		return nil, trust.ErrNotFound
	}
	if version != change.Version {
		return nil, trust.ErrConflict
	}
	there := map[string]trust.KeyRow{}
	err = t.rows(`SELECT `+keyColumns+` FROM keys k WHERE k.channel = $1`, []any{change.Channel}, func(row scanner) error {
		var k trust.KeyRow
		err := scanKey(row, &k)
		there[k.ID] = k
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("swap ring: %w", err)
	}
	return there, nil
}

// checkRing refuses a ring that forgets a key, takes another's, or holds secret
// bytes that exist already.
func checkRing(t *tx, change trust.RingChange, there map[string]trust.KeyRow) error {
	named, prints := map[string]bool{}, map[string]bool{}
	for _, k := range change.Keys {
		if k.ID == "" || named[k.ID] || k.Workspace != change.Workspace || k.Channel != change.Channel {
			return fmt.Errorf("%w: key %s does not belong in this ring", trust.ErrInvalid, k.ID)
		}
		if prints[k.Fingerprint] {
			return trust.ErrSecretInUse
		}
		named[k.ID], prints[k.Fingerprint] = true, true
		if _, kept := there[k.ID]; kept {
			continue
		}
		used, err := t.found(`SELECT 1 FROM keys WHERE fingerprint = $1`, []any{k.Fingerprint}, new(int))
		if err != nil {
			return fmt.Errorf("swap ring: %w", err)
		}
		if used {
			return trust.ErrSecretInUse
		}
	}
	for id := range there {
		if !named[id] {
			return fmt.Errorf("%w: the ring would forget key %s", trust.ErrInvalid, id)
		}
	}
	return nil
}

// writeKeys keeps what KeyUsed has learned since the caller read the ring: a use is
// no change of the ring and must not be undone by one.
func writeKeys(t *tx, change trust.RingChange, there map[string]trust.KeyRow) error {
	const insert = `INSERT INTO keys (id, workspace, channel, position, name, state, dialect, proof, signs, platforms, realm, confirms,
	fingerprint, sealed, reveal, imported, created_by, created_at, retiring_at, ends_at, sign_by, revoked_at, last_used_at,
	compromised_since, public_half) VALUES `
	const update = ` ON CONFLICT (id) DO UPDATE SET position = excluded.position, name = excluded.name, state = excluded.state,
	dialect = excluded.dialect, proof = excluded.proof, signs = excluded.signs, platforms = excluded.platforms, realm = excluded.realm,
	confirms = excluded.confirms, sealed = excluded.sealed, reveal = excluded.reveal, imported = excluded.imported,
	retiring_at = excluded.retiring_at, ends_at = excluded.ends_at, sign_by = excluded.sign_by, revoked_at = excluded.revoked_at,
	last_used_at = excluded.last_used_at, compromised_since = excluded.compromised_since,
	public_half = excluded.public_half`
	var made, kept []any
	for i, k := range change.Keys {
		was, old := there[k.ID]
		if old && was.State == keyActive && k.State == keyPending {
			k.State = keyActive
		}
		k.LastUsedAt = latest(k.LastUsedAt, was.LastUsedAt)
		row := []any{k.ID, k.Workspace, k.Channel, i, k.Name, k.State, k.Dialect, k.Proof, k.Signs, text(k.Platforms), k.Realm, flag(k.Confirms),
			k.Fingerprint, k.Sealed, k.Reveal, flag(k.Imported), k.CreatedBy, micros(k.CreatedAt), micros(k.RetiringAt), micros(k.EndsAt),
			micros(k.SignBy), micros(k.RevokedAt), micros(k.LastUsedAt), micros(k.CompromisedSince), text(k.Public)}
		if old {
			kept = append(kept, row...)
		} else {
			made = append(made, row...)
		}
	}
	if err := t.insert(insert, 25, made, ""); err != nil { // an id of another ring fails here
		return err
	}
	return t.insert(insert, 25, kept, update)
}

// KeyChannel finds which channel of the workspace a key belongs to.
func (db *DB) KeyChannel(ctx context.Context, workspace, key string) (string, error) {
	var channel string
	err := db.row(ctx, `SELECT channel FROM keys WHERE id = $1 AND workspace = $2`, []any{key, workspace}, &channel)
	if absent(err) {
		return "", trust.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("store: key: %w", err)
	}
	return channel, nil
}

// FingerprintInUse looks at every key of the installation, the dead ones too.
func (db *DB) FingerprintInUse(ctx context.Context, fingerprint string) (bool, error) {
	err := db.row(ctx, `SELECT 1 FROM keys WHERE fingerprint = $1`, []any{fingerprint}, new(int))
	if absent(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("store: fingerprint: %w", err)
	}
	return true, nil
}

// LiveSessions counts per key of the channel :: key id → live sessions.
func (db *DB) LiveSessions(ctx context.Context, workspace, channel string, now time.Time) (map[string]int, error) {
	const query = `SELECT k.id, COUNT(s.id) FROM keys k
	JOIN sessions s ON s.key_id = k.id AND s.key_id <> '' AND s.ended_at = 0 AND s.expires_at > $3 AND s.workspace = k.workspace
	WHERE k.channel = $1 AND k.workspace = $2 AND (k.state IN ('pending', 'active') OR k.state = 'retiring' AND (k.ends_at = 0 OR k.ends_at > $3))
	GROUP BY k.id`
	live := map[string]int{}
	err := db.rows(ctx, query, []any{channel, workspace, micros(now)}, func(row scanner) error {
		var key string
		var n int
		err := row.Scan(&key, &n)
		live[key] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: live sessions: %w", err)
	}
	return live, nil
}
