package store

import (
	"context"
	"fmt"

	"countersign/internal/audit"
	"countersign/internal/trust"
)

const (
	metaInstallation = "installation"
	metaRoot         = "root"
	metaMark         = "mark:"
)

// Installation is this database's own id and the root key, sealed under its master key; the id
// is empty before the first start is through.
func (db *DB) Installation(ctx context.Context) (id string, root []byte, err error) {
	const query = `SELECT name, value FROM meta WHERE name IN ('` + metaInstallation + `', '` + metaRoot + `')`
	err = db.rows(ctx, query, nil, func(row scanner) error {
		var name string
		var value []byte
		if err := row.Scan(&name, &value); err != nil {
			return err
		}
		if name == metaInstallation {
			id = string(value)
		} else {
			root = value
		}
		return nil
	})
	if err != nil {
		return "", nil, fmt.Errorf("store: installation: %w", err)
	}
	return id, root, nil
}

// PutInstallation writes both unless they are there: of two first starts, one wins.
func (db *DB) PutInstallation(ctx context.Context, id string, root []byte) error {
	return db.writer.alone(ctx, func(t *tx) error {
		there, err := t.found(`SELECT 1 FROM meta WHERE name = $1`, []any{metaInstallation}, new(int))
		if err != nil || there {
			return err
		}
		if root == nil {
			root = []byte{}
		}
		return t.insert(`INSERT INTO meta (name, value) VALUES `, 2, []any{metaInstallation, []byte(id), metaRoot, root}, "")
	})
}

// SwapRoot puts the root key, sealed anew, in the place of the one that was read;
// trust.ErrConflict if another was faster.
func (db *DB) SwapRoot(ctx context.Context, before, after []byte, draft audit.Draft) error {
	const swap = `UPDATE meta SET value = $1 WHERE name = $2 AND value = $3`
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		n, err := t.exec(swap, after, metaRoot, before)
		if err != nil {
			return fmt.Errorf("swap root: %w", err)
		}
		if n != 1 {
			return trust.ErrConflict
		}
		t.record(draft)
		return nil
	})
}

// Mark writes a lasting note about the database; Marked reads it, empty if there is none.
func (db *DB) Mark(ctx context.Context, name, value string) error {
	const put = `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
	return db.writer.alone(ctx, func(t *tx) error {
		_, err := t.exec(put, metaMark+name, []byte(value))
		return err
	})
}

func (db *DB) Marked(ctx context.Context, name string) (string, error) {
	var value []byte
	err := db.row(ctx, `SELECT value FROM meta WHERE name = $1`, []any{metaMark + name}, &value)
	if absent(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("store: mark: %w", err)
	}
	return string(value), nil
}
