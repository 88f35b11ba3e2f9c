// Package store keeps the rows: one query text for SQLite and for Postgres, with
// the differences in one engine struct. It satisfies the Store interface of every
// room that keeps something, and realtime.Log.
//
// All writing goes through one committer per process. Waiting writes share a
// transaction, and every transaction locks the log's head before it looks at
// anything else, so that writers of all nodes take turns: what a transaction has
// read is still true when it commits, sequences have no gaps, and an event that
// was appended earlier is never seen later. A call returns after the commit.
//
// Rights are checked again where they are used: a write for a visitor or an agent
// reads session, key, enforcement, block and login inside its own transaction,
// and a write whose right is gone is refused alone.
//
// The package decides no policy. It restores a session's standing (policy.Restore,
// of which it is the only caller) and answers ErrNotFound for whatever lies in
// another workspace.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/realtime"
	"countersign/internal/team"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// ErrClosed is the answer to a write after Close.
var ErrClosed = errors.New("store: closed")

// Options say which database. Path or URL must be set; URL wins.
type Options struct {
	Path string // of the SQLite file; made if missing
	URL  string // postgres://…
	// Committed is told the newest sequence after every commit that appended events:
	// a hint for a relay in this process. It must not wait. May be nil.
	Committed func(seq int64)
	// Chain seals audit entries; see SetChain.
	Chain Sealer
	// Names seals whom they are about; see SetNames.
	Names Names
}

// Sealer gives audit drafts their place in this process's chain; *audit.Chain is
// one. Only the committer calls it. commit runs after the entries are durable;
// Fork when nobody can say whether they are.
type Sealer interface {
	Seal(at time.Time, drafts []audit.Draft) (entries []audit.Entry, commit func())
	Fork()
}

// DB is an open database.
type DB struct {
	engine engine
	write  *sql.DB
	read   *sql.DB
	writer *committer
	proved bounds // of CountProved

	mu    sync.RWMutex
	stmts map[string]*sql.Stmt // :: query text → statement of the readers
}

var (
	_ audit.Store     = (*DB)(nil)
	_ workspace.Store = (*DB)(nil)
	_ team.Store      = (*DB)(nil)
	_ trust.Store     = (*DB)(nil)
	_ chat.Store      = (*DB)(nil)
	_ realtime.Log    = (*DB)(nil)
)

// Open opens the database, brings its schema forward and starts the committer.
func Open(ctx context.Context, options Options) (*DB, error) {
	e := sqliteEngine()
	if options.URL != "" {
		e = postgresEngine()
	}
	write, read, err := e.open(options)
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	db := &DB{engine: e, write: write, read: read, proved: standard, stmts: map[string]*sql.Stmt{}}
	first, err := newLink(ctx, write, e)
	if err == nil {
		if err = migrate(ctx, e, first); err != nil {
			first.close()
		}
	}
	if err != nil {
		_ = write.Close()
		_ = read.Close()
		return nil, err
	}
	db.writer = newCommitter(db, first, options)
	go db.writer.run()
	return db, nil
}

// SetChain gives the chain that audit entries are sealed in. Until then, a write
// that must be recorded fails: what cannot be recorded is not done.
func (db *DB) SetChain(chain Sealer) { db.writer.chain.Store(&chain) }

// Close commits what waits, then closes. Calls that come later answer ErrClosed.
func (db *DB) Close() error {
	db.writer.close()
	db.mu.Lock()
	for _, stmt := range db.stmts {
		_ = stmt.Close()
	}
	db.mu.Unlock()
	return errors.Join(db.write.Close(), db.read.Close())
}

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	_, err := db.Now(ctx)
	return err
}

// Now is the database's clock, which is the clock of every expiry.
func (db *DB) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := db.row(ctx, `SELECT `+db.engine.clock, nil, stamp{&now})
	if err != nil {
		return time.Time{}, fmt.Errorf("store: clock: %w", err)
	}
	return now, nil
}

// prepared keeps one statement per query text of the readers.
func (db *DB) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	db.mu.RLock()
	stmt, ok := db.stmts[query]
	db.mu.RUnlock()
	if ok {
		return stmt, nil
	}
	stmt, err := db.read.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if first, ok := db.stmts[query]; ok {
		_ = stmt.Close() //nolint:sqlclosecheck // the other one was first
		return first, nil
	}
	db.stmts[query] = stmt
	return stmt, nil
}

// brief is ctx for a read that an index bounds to a page at most: one that its caller
// has not given up yet runs to its end. SQLite's driver and database/sql start a
// goroutine each to watch a context that may end, a tenth of what such a read costs.
func (db *DB) brief(ctx context.Context) (context.Context, error) {
	if !db.engine.embedded {
		return ctx, nil
	}
	return context.WithoutCancel(ctx), ctx.Err()
}

// row reads one row; sql.ErrNoRows if there is none.
func (db *DB) row(ctx context.Context, query string, args []any, into ...any) error {
	return db.persist(func() error {
		stmt, err := db.prepared(ctx, query) //nolint:sqlclosecheck // kept until Close
		if err != nil {
			return err
		}
		return stmt.QueryRowContext(ctx, args...).Scan(into...)
	})
}

// rows reads every row.
func (db *DB) rows(ctx context.Context, query string, args []any, read func(row scanner) error) error {
	var found *sql.Rows
	err := db.persist(func() error {
		stmt, err := db.prepared(ctx, query) //nolint:sqlclosecheck // kept until Close
		if err == nil {
			found, err = stmt.QueryContext(ctx, args...) //nolint:sqlclosecheck,rowserrcheck // each does both
		}
		return err
	})
	return each(found, err, read)
}

// page reads every row of a read that is brief.
func (db *DB) page(ctx context.Context, query string, args []any, read func(row scanner) error) error {
	ctx, err := db.brief(ctx)
	if err != nil {
		return err
	}
	return db.rows(ctx, query, args, read)
}

// persist asks again while the connection that was asked turns out to be dead: a
// server that was restarted leaves a pool of them behind. Reading twice does no harm.
func (db *DB) persist(ask func() error) error {
	err := ask()
	for range postgresReaders {
		if err == nil || !db.engine.lost(err) {
			return err
		}
		err = ask()
	}
	return err
}
