package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// engine is everything in which SQLite and Postgres differ. Every other line of
// SQL in this package is said once for both.
type engine struct {
	open  func(options Options) (write, read *sql.DB, err error)
	begin string // a transaction of the writer
	lock  string // what makes the first SELECT of a transaction wait for its turn
	clock string // the database's clock in microseconds
	skip  string // what makes a SELECT take only rows that no other transaction holds
	words *strings.Replacer
	// fence lets one process at a time migrate; settle readies the writer's connection.
	fence, unfence, settle string
	lost                   func(error) bool // the connection died, and another may live
	// bare: a list of parameters in their order is written without their numbers.
	// SQLite looks a numbered one up by walking all of them, which costs a sixth of
	// all time under load; Postgres knows no other spelling.
	bare bool
	// embedded: no network lies between, so what has begun ends soon.
	embedded bool
	// patience ends a transaction whose server went silent; 0 where there is no network.
	patience time.Duration
}

// sqliteEngine: BEGIN IMMEDIATE is the turn, since one process writes at a time.
// Its clock is this machine's, in milliseconds.
func sqliteEngine() engine {
	return engine{
		open:  openSQLite,
		begin: `BEGIN IMMEDIATE`,
		lost:  func(error) bool { return false },
		bare:  true, embedded: true,
		clock: `CAST(unixepoch('subsec') * 1000000 AS INTEGER)`,
		words: strings.NewReplacer("{{text}}", "TEXT", "{{int}}", "INTEGER", "{{bytes}}", "BLOB"),
	}
}

// postgresEngine: the head's row lock is the turn. Texts compare byte by byte,
// as in SQLite, whatever the database's own collation is.
func postgresEngine() engine {
	return engine{
		open:    openPostgres,
		begin:   `BEGIN ISOLATION LEVEL READ COMMITTED`,
		lock:    ` FOR UPDATE`,
		skip:    ` FOR UPDATE SKIP LOCKED`,
		clock:   `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`,
		words:   strings.NewReplacer("{{text}}", `TEXT COLLATE "C"`, "{{int}}", "BIGINT", "{{bytes}}", "BYTEA"),
		fence:   `SELECT pg_advisory_lock(7223011885)`,
		unfence: `SELECT pg_advisory_unlock(7223011885)`,
		// A server set up to lose the last moments in a crash would make an
		// acknowledgement a lie; any stricter choice of its operator stands.
		settle:   `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`,
		lost:     lostConnection,
		patience: 40 * time.Second,
	}
}

const (
	sqliteReaders   = 4
	postgresReaders = 12
)

// openSQLite puts the pragmas in the DSN, where every pooled connection meets them.
func openSQLite(options Options) (write, read *sql.DB, err error) {
	path, err := filepath.Abs(options.Path)
	if err != nil {
		return nil, nil, err
	}
	// SQLite would create it readable for everybody whom the umask lets in.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := file.Close(); err != nil {
		return nil, nil, err
	}
	dsn := func(extra ...string) string {
		query := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{
			// Turns are taken by trying again, not in a queue: a command beside a busy
			// server may have to try for a while.
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
			// What is deleted is overwritten: an erased person must not lie about in free pages.
			"secure_delete(1)",
		}, extra...)}
		return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
	}
	// What one statement of many rows may have to undo is kept in memory, not in a
	// file of its own; and the same page is copied home once for many commits.
	if write, err = sql.Open("sqlite", dsn("cache_size(-32768)", "temp_store(MEMORY)", "wal_autocheckpoint(4000)")); err != nil {
		return nil, nil, err
	}
	if read, err = sql.Open("sqlite", dsn("query_only(1)")); err != nil {
		_ = write.Close()
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(sqliteReaders)
	if err := connectSQLite(write); err != nil {
		return nil, nil, errors.Join(err, write.Close(), read.Close())
	}
	return write, read, nil
}

// connectSQLite makes the first connection. Two processes that turn a new file to
// WAL at once get an answer at once and not their turn: SQLite does not wait there,
// whatever the busy timeout says.
func connectSQLite(db *sql.DB) error {
	const tries, pause = 200, 50 * time.Millisecond
	var err error
	for range tries {
		var answer *sqlite.Error
		if err = db.PingContext(context.Background()); !errors.As(err, &answer) || answer.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		time.Sleep(pause) // there is nothing to be woken by: the lock is another process's
	}
	return err
}

// openPostgres limits what a node that hangs can do to the others: the server
// ends a transaction that sits on the head's lock.
func openPostgres(options Options) (write, read *sql.DB, err error) {
	config, err := pgx.ParseConfig(options.URL)
	if err != nil {
		return nil, nil, err
	}
	for name, value := range map[string]string{
		"application_name":                    "countersign",
		"jit":                                 "off",
		"idle_in_transaction_session_timeout": "10000",
		"statement_timeout":                   "30000",
	} {
		if _, said := config.RuntimeParams[name]; !said {
			config.RuntimeParams[name] = value
		}
	}
	write, read = stdlib.OpenDB(*config), stdlib.OpenDB(*config)
	write.SetMaxOpenConns(1)
	read.SetMaxOpenConns(postgresReaders)
	read.SetMaxIdleConns(postgresReaders)
	return write, read, nil
}

// lostConnection tells an answer of the server from a connection that the server
// has ended, or that nobody holds any more at the other end.
func lostConnection(err error) bool {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return said.Code == "57P01" || said.Code == "57P02" // it was shut down, it crashed
	}
	var broken *net.OpError
	if errors.As(err, &broken) {
		return broken.Op != "dial"
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn)
}

// link is one connection with what was prepared on it. It belongs to the writer.
type link struct {
	conn  *sql.Conn
	bare  bool
	stmts map[string]*sql.Stmt // :: query text → statement
	lists map[list]*sql.Stmt   // :: text around a list of rows → statement

	imports   bool  // whether an imported record waited for anybody, when that was asked last
	importsAt int64 // in which epoch that was
}

// list is a statement with so many rows of parameters between head and tail.
type list struct {
	head, tail  string
	width, rows int
}

func newLink(ctx context.Context, db *sql.DB, e engine) (*link, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: connect: %w", err)
	}
	if e.settle != "" {
		if _, err := conn.ExecContext(ctx, e.settle); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("store: connect: %w", err)
		}
	}
	return &link{conn: conn, bare: e.bare, stmts: map[string]*sql.Stmt{}, lists: map[list]*sql.Stmt{}}, nil
}

func (l *link) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := l.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := l.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	l.stmts[query] = stmt
	return stmt, nil
}

func (l *link) prepareList(ctx context.Context, of list) (*sql.Stmt, error) {
	if stmt, ok := l.lists[of]; ok {
		return stmt, nil
	}
	stmt, err := l.conn.PrepareContext(ctx, of.head+tuples(of.width, of.rows, l.bare)+of.tail)
	if err != nil {
		return nil, err
	}
	l.lists[of] = stmt
	return stmt, nil
}

// discard gives the connection up for good: it must not go back into the pool.
func (l *link) discard() {
	_ = l.conn.Raw(func(any) error { return driver.ErrBadConn })
	l.close()
}

func (l *link) close() {
	for _, stmt := range l.lists {
		_ = stmt.Close()
	}
	for _, stmt := range l.stmts {
		_ = stmt.Close()
	}
	_ = l.conn.Close()
}
