package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"countersign/internal/audit"
	"countersign/internal/store"
	"countersign/internal/store/storetest"
)

// A pragma that is said once reaches one connection of the pool: every one is asked.
func TestEveryConnectionOfSQLiteIsSetUp(t *testing.T) {
	write, read := sqlite(t)(t).Pools()
	_ = write // its one connection is the committer's
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000", "query_only": "1"}
	var conns []*sql.Conn
	for range 4 {
		conn, err := read.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		for pragma, value := range want {
			var got string
			if err := conn.QueryRowContext(t.Context(), `PRAGMA `+pragma).Scan(&got); err != nil || got != value {
				t.Errorf("%s is %q, want %q (%v)", pragma, got, value, err)
			}
		}
		if _, err := conn.ExecContext(t.Context(), `UPDATE head SET seq = 99`); err == nil {
			t.Error("a reader may write")
		}
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
}

func TestTheCommitterWaitsForTheDisk(t *testing.T) {
	h := storetest.NewHouse(t, sqlite(t))
	err := h.DB.Inside(t.Context(), `CREATE TABLE proof AS SELECT (SELECT synchronous FROM pragma_synchronous) AS s, (SELECT journal_mode FROM pragma_journal_mode) AS j`)
	if err != nil {
		t.Fatal(err)
	}
	_, read := h.DB.Pools()
	var synchronous, journal string
	if err := read.QueryRowContext(t.Context(), `SELECT s, j FROM proof`).Scan(&synchronous, &journal); err != nil {
		t.Fatal(err)
	}
	if synchronous != "2" || journal != "wal" {
		t.Fatalf("synchronous %s, journal %s", synchronous, journal)
	}
}

func TestTheFileIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "with space?#%25.db")
	db := opener(store.Options{Path: path})(t)
	if err := db.CreateWorkspace(t.Context(), "main", "Main", storetest.NewHouse(t, sqlite(t)).Now); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", name, info.Mode())
		}
	}
}

func TestTwoFirstStartsAtOnceMigrateOnce(t *testing.T) {
	for name, options := range map[string]func(t *testing.T) store.Options{
		"SQLite":   func(t *testing.T) store.Options { return store.Options{Path: t.TempDir() + "/countersign.db"} },
		"Postgres": func(t *testing.T) store.Options { return store.Options{URL: server.Database(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					db, err := store.Open(t.Context(), o)
					if err != nil {
						t.Error(err)
						return
					}
					if err := db.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestANewerSchemaIsLeftAlone(t *testing.T) {
	engines(t, func(t *testing.T, h *storetest.House, _ *brake) {
		if err := h.DB.Inside(t.Context(), `INSERT INTO migrations (version, name, applied_at) VALUES (9999, 'from the future', 0)`); err != nil {
			t.Fatal(err)
		}
		url, path := "", ""
		if strings.HasSuffix(t.Name(), "Postgres") {
			url = current(t, h)
		} else {
			path = current(t, h)
		}
		if _, err := store.Open(t.Context(), store.Options{URL: url, Path: path}); !errors.Is(err, store.ErrNewer) {
			t.Fatalf("opened all the same: %v", err)
		}
	})
}

// current says where the house's database lies.
func current(t *testing.T, h *storetest.House) string {
	t.Helper()
	_, read := h.DB.Pools()
	var at string
	query := `SELECT file FROM pragma_database_list WHERE name = 'main'`
	if strings.HasSuffix(t.Name(), "Postgres") {
		query = `SELECT current_database()`
	}
	if err := read.QueryRowContext(t.Context(), query).Scan(&at); err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(t.Name(), "Postgres") {
		return server.URL(at)
	}
	return at
}

// The server goes away under an idle committer, and in the middle of a transaction.
func TestALostConnectionIsReplaced(t *testing.T) {
	h := storetest.NewHouse(t, postgres(t))
	g := h.Enter(h.Verified("u-1"))
	const others = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
	cut := func() {
		_, pool := h.Open(t).Pools()
		if _, err := pool.ExecContext(context.Background(), others); err != nil {
			t.Fatal(err)
		}
	}
	cut()
	posted := h.Post(h.Begin(g, "after an idle break"))
	err := h.DB.Beside(t.Context(), func() error { cut(); return nil })
	if err != nil && !strings.Contains(err.Error(), "terminat") && !strings.Contains(err.Error(), "closed") {
		t.Logf("the write that was cut off: %v", err)
	}
	again := h.Post(h.Say(g, posted.Conversation.ID, "after a break in the middle"))
	if again.Message.Seq <= posted.Message.Seq {
		t.Fatal("the order is lost")
	}
	if err := audit.Verify(storetest.ChainKey, h.Trail()); err != nil {
		t.Fatal(err)
	}
}

// A commit that ends without an answer leaves the record fit to be judged: the
// chain begins anew instead of writing the same numbers twice.
func TestACommitWithoutAnAnswerForksTheChain(t *testing.T) {
	h := storetest.NewHouse(t, postgres(t))
	for _, statement := range []string{
		`CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'no'; END $$ LANGUAGE plpgsql`,
		`CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
		WHEN (NEW.subject = 'unlucky') EXECUTE FUNCTION refuse()`,
	} {
		if err := h.DB.Inside(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.DB.Record(t.Context(), h.Draft(audit.KeyRevealed, "unlucky")); err == nil {
		t.Fatal("acknowledged without a commit")
	}
	if err := h.DB.Record(t.Context(), h.Draft(audit.KeyRevealed, "lucky")); err != nil {
		t.Fatal(err)
	}
	trail := h.Trail()
	if err := audit.Verify(storetest.ChainKey, trail); err != nil {
		t.Fatal(err)
	}
	last := trail[len(trail)-1]
	if last.Subject != "lucky" || last.Number != 1 {
		t.Fatalf("the last entry is %s/%d about %s", last.Chain, last.Number, last.Subject)
	}
}
