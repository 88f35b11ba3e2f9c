package store

import (
	"context"
	"fmt"
)

const (
	metaInstallation = "installation"
	metaCanary       = "canary"
	metaMark         = "mark:"
)

// Installation is this database's own id and the canary of its master key; the id
// is empty before the first start is through.
func (db *DB) Installation(ctx context.Context) (id string, canary []byte, err error) {
	const query = `SELECT name, value FROM meta WHERE name IN ('` + metaInstallation + `', '` + metaCanary + `')`
	err = db.rows(ctx, query, nil, func(row scanner) error {
		var name string
		var value []byte
		if err := row.Scan(&name, &value); err != nil {
			return err
		}
		if name == metaInstallation {
			id = string(value)
		} else {
			canary = value
		}
		return nil
	})
	if err != nil {
		return "", nil, fmt.Errorf("store: installation: %w", err)
	}
	return id, canary, nil
}

// PutInstallation writes both unless they are there: of two first starts, one wins.
func (db *DB) PutInstallation(ctx context.Context, id string, canary []byte) error {
	return db.writer.alone(ctx, func(t *tx) error {
		there, err := t.found(`SELECT 1 FROM meta WHERE name = $1`, []any{metaInstallation}, new(int))
		if err != nil || there {
			return err
		}
		if canary == nil {
			canary = []byte{}
		}
		return t.insert(`INSERT INTO meta (name, value) VALUES `, 2, []any{metaInstallation, []byte(id), metaCanary, canary}, "")
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
