package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewer says that a newer program wrote this database; it is left alone.
var ErrNewer = errors.New("store: this database belongs to a newer version of the program")

const newest = `SELECT COALESCE(MAX(version), 0) FROM migrations`

type migration struct {
	version int64
	name    string
	text    string
}

// known reads the embedded migrations; their numbers follow each other from 1.
func known() ([]migration, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	all := make([]migration, 0, len(files))
	for _, file := range files { // Glob sorts
		name := strings.TrimSuffix(strings.TrimPrefix(file, "migrations/"), ".sql")
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil || version != int64(len(all)+1) {
			return nil, fmt.Errorf("store: migration %s is out of order", file)
		}
		body, err := migrations.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all = append(all, migration{version: version, name: name, text: string(body)})
	}
	return all, nil
}

// migrate brings the schema forward, one transaction for each step. Two processes
// that start at once take turns: by the advisory lock on Postgres, by the write
// lock on SQLite, where each step looks again whether it is still to be done.
func migrate(ctx context.Context, e engine, l *link) error {
	all, err := known()
	if err != nil {
		return err
	}
	// A command beside a busy server need not wait for a turn to learn that there is
	// nothing to do. Whatever this finds missing, the steps look at again.
	var version int64
	if l.conn.QueryRowContext(ctx, newest).Scan(&version) == nil && version == int64(len(all)) {
		return nil
	}
	if e.fence != "" {
		if _, err := l.conn.ExecContext(ctx, e.fence); err != nil {
			return fmt.Errorf("store: migrate: %w", err)
		}
		defer func() { _, _ = l.conn.ExecContext(context.WithoutCancel(ctx), e.unfence) }()
	}
	const ledger = `CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)`
	if _, err := l.conn.ExecContext(ctx, ledger); err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	for {
		more, err := step(ctx, e, l, all)
		if err != nil || !more {
			return err
		}
	}
}

// step applies the first migration that is missing and says whether there was one.
func step(ctx context.Context, e engine, l *link, all []migration) (more bool, err error) {
	if _, err := l.conn.ExecContext(ctx, e.begin); err != nil {
		return false, fmt.Errorf("store: migrate: %w", err)
	}
	defer func() {
		if err != nil || !more {
			_, _ = l.conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
		}
	}()
	var version int64
	if err := l.conn.QueryRowContext(ctx, newest).Scan(&version); err != nil {
		return false, fmt.Errorf("store: migrate: %w", err)
	}
	if version > int64(len(all)) {
		return false, fmt.Errorf("%w (schema %d, known %d)", ErrNewer, version, len(all))
	}
	if version == int64(len(all)) {
		return false, nil
	}
	next := all[version]
	if _, err := l.conn.ExecContext(ctx, e.words.Replace(next.text)); err != nil {
		return false, fmt.Errorf("store: migration %s: %w", next.name, err)
	}
	const note = `INSERT INTO migrations (version, name, applied_at) VALUES ($1, $2, $3)`
	if _, err := l.conn.ExecContext(ctx, note, next.version, next.name, time.Now().UnixMicro()); err != nil {
		return false, fmt.Errorf("store: migration %s: %w", next.name, err)
	}
	if _, err := l.conn.ExecContext(ctx, `COMMIT`); err != nil {
		return false, fmt.Errorf("store: migration %s: %w", next.name, err)
	}
	return true, nil
}
