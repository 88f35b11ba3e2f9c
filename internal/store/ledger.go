package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/internal/audit"
)

var _ audit.Ledger = (*DB)(nil)

const entryColumns = `position, chain, number, at, workspace, actor, action, channel, subject, key_id, detail, previous, mac`

// scanPlaced reads an entry whatever its detail holds: what somebody changed must not
// stop the reading of what they did not.
func scanPlaced(row scanner, p *audit.Placed) error {
	err := row.Scan(&p.Position, &p.Chain, &p.Number, stamp{&p.At}, &p.Workspace, &p.Actor, &p.Action, &p.Channel, &p.Subject,
		&p.KeyColumn, &p.Raw, &p.Previous, &p.MAC)
	if err == nil && (document{&p.Detail}).Scan(p.Raw) != nil {
		p.Detail = nil
	}
	return err
}

// State of the record of all workspaces.
func (db *DB) State(ctx context.Context) (audit.State, error) {
	const query = `SELECT h.records, r.exported, r.cut, r.number, r.heads, r.mac FROM head h JOIN record r ON r.id = h.id WHERE h.id = 1`
	var s audit.State
	var heads string
	err := db.row(ctx, query, nil, &s.Records, &s.Exported, &s.Cut.Position, &s.Cut.Number, &heads, &s.Cut.MAC)
	if err == nil {
		s.Cut.Heads, err = audit.ParseHeads(heads)
	}
	if err != nil {
		return audit.State{}, fmt.Errorf("store: state of the record: %w", err)
	}
	return s, nil
}

// Walk reads the entries of all workspaces after a position, in their order.
func (db *DB) Walk(ctx context.Context, after int64, limit int) ([]audit.Placed, error) {
	const query = `SELECT ` + entryColumns + ` FROM audit WHERE position > $1 ORDER BY position LIMIT $2`
	list := make([]audit.Placed, 0, min(limit, 1000))
	err := db.rows(ctx, query, []any{after, limit}, func(row scanner) error {
		var p audit.Placed
		err := scanPlaced(row, &p)
		list = append(list, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: walk the record: %w", err)
	}
	return list, nil
}

// Heads are the last entries of the chains that moved within the positions.
func (db *DB) Heads(ctx context.Context, after, to int64) ([]audit.Head, error) {
	const query = `SELECT l.chain, l.number, a.mac FROM
	(SELECT chain, MAX(number) AS number FROM audit WHERE position > $1 AND position <= $2 GROUP BY chain) l
	JOIN audit a ON a.chain = l.chain AND a.number = l.number ORDER BY l.chain`
	var heads []audit.Head
	err := db.rows(ctx, query, []any{after, to}, func(row scanner) error {
		var h audit.Head
		err := row.Scan(&h.Chain, &h.Number, &h.MAC)
		heads = append(heads, h)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: heads of the record: %w", err)
	}
	return heads, nil
}

const checkpointColumns = `SELECT number, at, position, heads, previous, mac FROM checkpoints`

// Checkpoints after a number, in their order.
func (db *DB) Checkpoints(ctx context.Context, after int64, limit int) ([]audit.Checkpoint, error) {
	return db.checkpoints(ctx, checkpointColumns+` WHERE number > $1 ORDER BY number LIMIT $2`, after, limit)
}

// LastCheckpoint is the newest; zero if there is none.
func (db *DB) LastCheckpoint(ctx context.Context) (audit.Checkpoint, error) {
	return first(db.checkpoints(ctx, checkpointColumns+` WHERE number > 0 ORDER BY number DESC LIMIT 1`))
}

// CheckpointBefore is the last one not after a time; zero if there is none.
func (db *DB) CheckpointBefore(ctx context.Context, at time.Time) (audit.Checkpoint, error) {
	return first(db.checkpoints(ctx, checkpointColumns+` WHERE at <= $1 ORDER BY at DESC, number DESC LIMIT 1`, micros(at)))
}

func first(list []audit.Checkpoint, err error) (audit.Checkpoint, error) {
	if err != nil || len(list) == 0 {
		return audit.Checkpoint{}, err
	}
	return list[0], nil
}

func (db *DB) checkpoints(ctx context.Context, query string, args ...any) ([]audit.Checkpoint, error) {
	var list []audit.Checkpoint
	err := db.rows(ctx, query, args, func(row scanner) error {
		var c audit.Checkpoint
		var heads string
		if err := row.Scan(&c.Number, stamp{&c.At}, &c.Position, &heads, &c.Previous, &c.MAC); err != nil {
			return err
		}
		// Heads that cannot be read are heads that were changed: the seal will say so.
		c.Heads, _ = audit.ParseHeads(heads)
		if audit.MarshalHeads(c.Heads) != heads {
			c.MAC = nil
		}
		list = append(list, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: checkpoints: %w", err)
	}
	return list, nil
}

// AddCheckpoint fails with audit.ErrConflict unless its number is the next.
func (db *DB) AddCheckpoint(ctx context.Context, c audit.Checkpoint) error {
	const last = `SELECT COALESCE(MAX(number), 0) FROM checkpoints`
	const insert = `INSERT INTO checkpoints (number, at, position, heads, previous, mac) VALUES `
	return db.writer.alone(ctx, func(t *tx) error {
		var number int64
		if err := t.row(last, nil, &number); err != nil {
			return err
		}
		if number != c.Number-1 {
			return audit.ErrConflict
		}
		return t.insert(insert, 6, []any{c.Number, micros(c.At), c.Position, audit.MarshalHeads(c.Heads), c.Previous, c.MAC}, "")
	})
}

// MarkExported moves the exported head forward, never back, and records it.
func (db *DB) MarkExported(ctx context.Context, position int64, draft audit.Draft) error {
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		if _, err := t.exec(`UPDATE record SET exported = $1 WHERE id = 1 AND exported < $1`, position); err != nil {
			return fmt.Errorf("mark exported: %w", err)
		}
		t.record(draft)
		return nil
	})
}

// PutCut notes where the record is cut and records it, unless it was cut elsewhere meanwhile.
func (db *DB) PutCut(ctx context.Context, before, cut audit.Cut, draft audit.Draft) error {
	const put = `UPDATE record SET cut = $1, number = $2, heads = $3, mac = $4 WHERE id = 1 AND number = $5 AND exported >= $1`
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		n, err := t.exec(put, cut.Position, cut.Number, audit.MarshalHeads(cut.Heads), cut.MAC, before.Number)
		if err != nil {
			return fmt.Errorf("cut the record: %w", err)
		}
		if n != 1 {
			return audit.ErrConflict
		}
		t.record(draft)
		return nil
	})
}

// Sweep deletes a few of the rows that lie before the cut, and says whether there may be
// more: entries, checkpoints, and then the names of people of whom no entry is left.
func (db *DB) Sweep(ctx context.Context, limit int) (bool, error) {
	const (
		cut     = `SELECT cut, number FROM record WHERE id = 1`
		names   = `SELECT subject, workspace FROM audit WHERE position <= $1 ORDER BY position LIMIT $2`
		entries = `DELETE FROM audit WHERE position <= $1 AND position IN (SELECT position FROM audit WHERE position <= $1 ORDER BY position LIMIT $2)`
		marks   = `DELETE FROM checkpoints WHERE number < $1 AND number IN (SELECT number FROM checkpoints WHERE number < $1 ORDER BY number LIMIT $2)`
		name    = `DELETE FROM pseudonyms WHERE id = $1 AND pseudonym = $2 AND NOT EXISTS (SELECT 1 FROM audit WHERE workspace = $3 AND subject = $2)`
	)
	var more bool
	err := db.writer.alone(ctx, func(t *tx) error {
		var position, number int64
		if err := t.row(cut, nil, &position, &number); err != nil {
			return err
		}
		type subject struct{ name, workspace string }
		var subjects []subject
		err := t.rows(names, []any{position, limit}, func(row scanner) error {
			var s subject
			err := row.Scan(&s.name, &s.workspace)
			if strings.HasPrefix(s.name, audit.PseudonymPrefix) && !slices.Contains(subjects, s) {
				subjects = append(subjects, s)
			}
			return err
		})
		if err != nil {
			return err
		}
		gone, err := t.exec(entries, position, limit)
		if err != nil {
			return err
		}
		swept, err := t.exec(marks, number, limit)
		if err != nil {
			return err
		}
		for _, s := range subjects {
			if _, err := t.exec(name, rowOf(s.name), s.name, s.workspace); err != nil {
				return err
			}
		}
		more = gone == int64(limit) || swept == int64(limit)
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("sweep the record: %w", err)
	}
	return more, nil
}

// PositionOf finds an entry by its chain and number.
func (db *DB) PositionOf(ctx context.Context, chain string, number int64) (int64, error) {
	var position int64
	err := db.row(ctx, `SELECT position FROM audit WHERE chain = $1 AND number = $2`, []any{chain, number}, &position)
	if absent(err) {
		return 0, fmt.Errorf("%w: %s/%d", audit.ErrNoEntry, audit.Clean(chain), number)
	}
	if err != nil {
		return 0, fmt.Errorf("store: find an entry: %w", err)
	}
	return position, nil
}
