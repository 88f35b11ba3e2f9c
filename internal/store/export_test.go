package store

import (
	"context"
	"database/sql"
)

// Waiting counts the writes in the committer's queue.
func (db *DB) Waiting() int { return len(db.writer.queue) }

// Beside shares a batch's transaction with a write of the test's own.
func (db *DB) Beside(ctx context.Context, write func() error) error {
	return db.writer.share(ctx, &single{write: func(*tx) (refusal, err error) { return nil, write() }})
}

// Inside runs a statement in a transaction of the committer.
func (db *DB) Inside(ctx context.Context, statement string) error {
	return db.writer.alone(ctx, func(t *tx) error {
		_, err := t.link.conn.ExecContext(t.ctx, statement)
		return err
	})
}

// Pools are the writer's and the readers' connections.
func (db *DB) Pools() (write, read *sql.DB) { return db.write, db.read }
