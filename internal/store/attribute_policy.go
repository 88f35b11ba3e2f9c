package store

import (
	"context"
	"errors"
	"fmt"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
)

// SignedOnly are the names of which only signed values count.
func (db *DB) SignedOnly(ctx context.Context, workspace string) ([]chat.SignedName, error) {
	const query = `SELECT name, set_by, set_at FROM signed_only WHERE workspace = $1 ORDER BY name`
	var list []chat.SignedName
	err := db.rows(ctx, query, []any{workspace}, func(row scanner) error {
		var one chat.SignedName
		err := row.Scan(&one.Name, &one.By, stamp{&one.At})
		list = append(list, one)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: attribute policy: %w", err)
	}
	return list, nil
}

// SetSignedOnly switches one name. The epoch makes every node read the names again.
func (db *DB) SetSignedOnly(ctx context.Context, workspace string, name chat.SignedName, only bool, draft audit.Draft) error {
	const put = `INSERT INTO signed_only (workspace, name, set_by, set_at) VALUES ($1, $2, $3, $4) ON CONFLICT (workspace, name) DO NOTHING`
	const drop = `DELETE FROM signed_only WHERE workspace = $1 AND name = $2`
	const count = `SELECT COUNT(*) FROM signed_only WHERE workspace = $1`
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		var changed, have int64
		err := t.row(count, []any{workspace}, &have)
		switch {
		case err != nil:
		case only && have >= chat.MaxSignedOnly:
			return fmt.Errorf("%w: at most %d names can be switched to signed values only", chat.ErrInvalid, chat.MaxSignedOnly)
		case only:
			changed, err = t.exec(put, workspace, name.Name, name.By, micros(name.At))
		default:
			changed, err = t.exec(drop, workspace, name.Name)
		}
		if err != nil {
			return fmt.Errorf("attribute policy: %w", err)
		}
		if changed > 0 {
			t.raise()
			t.record(draft)
		}
		return nil
	})
}

// DropAttribute forgets one value of one provenance and tells the agents.
func (db *DB) DropAttribute(ctx context.Context, a chat.Attribute, by policy.Authority) error {
	const drop = `DELETE FROM attributes WHERE contact = $1 AND name = $2 AND provenance = $3 AND workspace = $4`
	return db.writer.share(ctx, &single{write: func(t *tx) (refusal, err error) {
		if err := t.allow(by); errors.Is(err, policy.ErrForbidden) {
			return err, nil
		} else if err != nil {
			return nil, err
		}
		if err := mustContact(t, a.Workspace, a.Contact); errors.Is(err, chat.ErrNotFound) {
			return err, nil
		} else if err != nil {
			return nil, err
		}
		gone, err := t.exec(drop, a.Contact, a.Name, string(a.Provenance), a.Workspace)
		if err != nil {
			return nil, fmt.Errorf("drop attribute: %w", err)
		}
		if gone > 0 {
			t.touch(a.Workspace, a.Contact)
		}
		return nil, nil
	}})
}
