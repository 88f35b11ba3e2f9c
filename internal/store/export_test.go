package store

import (
	"context"
	"database/sql"

	"countersign/identity"
)

// Waiting counts the writes in the committer's queue.
func (db *DB) Waiting() int { return len(db.writer.queue) }

// Look bounds how much CountProved looks through and counts.
func (db *DB) Look(rows int64, most int) { db.proved = bounds{rows, most} }

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

// Forget is what erasing a person does to the record's names.
func (db *DB) Forget(ctx context.Context, workspace string, people []identity.Identifier, contact string) error {
	return db.writer.alone(ctx, func(t *tx) error { return t.forget(workspace, people, contact) })
}

// Pools are the writer's and the readers' connections.
func (db *DB) Pools() (write, read *sql.DB) { return db.write, db.read }

// Queries are the texts of everything that was asked so far, by readers and by the
// committer.
func (db *DB) Queries(ctx context.Context) (texts []string, err error) {
	db.mu.RLock()
	for text := range db.stmts {
		texts = append(texts, text)
	}
	db.mu.RUnlock()
	err = db.writer.alone(ctx, func(t *tx) error {
		for text := range t.link.stmts {
			texts = append(texts, text)
		}
		for l := range t.link.lists {
			texts = append(texts, l.head+tuples(l.width, l.rows, false)+l.tail)
		}
		return nil
	})
	return texts, err
}
