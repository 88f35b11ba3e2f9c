// Package pgtest gives tests a Postgres of their own: started when the first test
// asks for it, in a folder of its own, by an ordinary user, reachable through a
// socket that nobody else may open, and gone when the tests end.
//
// A test package holds one Server and stops it in TestMain:
//
//	var postgres pgtest.Server
//
//	func TestMain(m *testing.M) { os.Exit(postgres.Run(m)) }
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a private Postgres. The zero value has not been started.
type Server struct {
	once   sync.Once
	err    error
	dir    string
	stop   func()
	mu     sync.Mutex
	number int

	prepared   sync.Once
	prepareErr error
}

const (
	superuser = "countersign"
	patience  = 60 * time.Second
)

var errMissing = errors.New("initdb and postgres were not found, in PATH or /usr/lib/postgresql/*/bin; on Debian: apt-get install postgresql (or leave these tests out: SKIP=postgres)")

// Run runs the tests and stops the server, if one was started.
func (s *Server) Run(m *testing.M) int {
	defer s.Stop()
	return m.Run()
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() {
	if s.stop != nil {
		s.stop()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// Database makes an empty database and answers with its URL; it is dropped when
// the test ends. The test is left out if SKIP in the environment names postgres,
// and fails if Postgres is missing for any other reason.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	s.needed(t)
	return s.create(t, "")
}

// Copy is Database, filled with what prepare wrote into the first one that was asked
// for. Whoever uses Copy gives the same prepare each time.
func (s *Server) Copy(t testing.TB, prepare func(url string) error) string {
	t.Helper()
	s.needed(t)
	s.prepared.Do(func() {
		if s.prepareErr = s.exec(t.Context(), "CREATE DATABASE prepared"); s.prepareErr == nil {
			s.prepareErr = prepare(s.URL("prepared"))
		}
	})
	if s.prepareErr != nil {
		t.Fatalf("pgtest: %v", s.prepareErr)
	}
	return s.create(t, " TEMPLATE prepared")
}

func (s *Server) needed(t testing.TB) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SKIP"), ","), "postgres") {
		t.Skip("left out by SKIP=postgres")
	}
	s.once.Do(func() { s.err = s.start() })
	if s.err != nil {
		t.Fatalf("pgtest: %v", s.err)
	}
}

func (s *Server) create(t testing.TB, from string) string {
	t.Helper()
	s.mu.Lock()
	s.number++
	name := "t" + strconv.Itoa(s.number)
	s.mu.Unlock()
	if err := s.exec(t.Context(), "CREATE DATABASE "+name+from); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := s.exec(context.Background(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return s.URL(name)
}

// URL of a database of the server.
func (s *Server) URL(database string) string {
	query := url.Values{"host": {s.dir}, "user": {superuser}}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: query.Encode()}).String()
}

func (s *Server) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// start makes a cluster and waits until it answers. What a crash of the machine
// would do to it is nobody's concern, so it does not wait for the disk.
func (s *Server) start() error {
	initdb, postgres, err := find()
	if err != nil {
		return err
	}
	// A socket's path is limited to about a hundred bytes: not below TMPDIR.
	if s.dir, err = os.MkdirTemp("/tmp", "pgtest-"); err != nil {
		return err
	}
	attributes, err := Ordinary(s.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	create := exec.Command(initdb, "-D", data, "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	create.Dir, create.SysProcAttr = s.dir, attributes
	if out, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	server := exec.Command(postgres, "-D", data, "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off",
		"-c", "max_connections=300", "-c", "shared_buffers=32MB", "-c", "autovacuum=off", "-c", "log_min_messages=fatal")
	server.Dir, server.SysProcAttr = s.dir, attributes
	return s.launch(server)
}

func (s *Server) launch(server *exec.Cmd) error {
	var log strings.Builder
	server.Stdout, server.Stderr = &log, &log
	ended, err := StartChild(server)
	if err != nil {
		return err
	}
	s.stop = func() {
		_ = server.Process.Signal(syscall.SIGQUIT) // at once: there is nothing to keep
		<-ended
	}
	deadline := time.Now().Add(patience)
	for {
		err := s.exec(context.Background(), "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			s.stop = nil
			return fmt.Errorf("postgres ended: %s", log.String())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("postgres does not answer: %w", err)
		}
	}
}

// find looks in PATH, then where Debian puts the newest version.
func find() (initdb, postgres string, err error) {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.Reverse(dirs)
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		dirs = append([]string{filepath.Dir(path)}, dirs...)
	}
	for _, dir := range dirs {
		initdb, postgres = filepath.Join(dir, "initdb"), filepath.Join(dir, "postgres")
		if executable(initdb) && executable(postgres) {
			return initdb, postgres, nil
		}
	}
	return "", "", errMissing
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o111 != 0
}

// Ordinary gives the folder to a user who is not root, since databases refuse to
// be run by root, and says how to start a process as that user.
func Ordinary(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		if account, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("no ordinary user to run Postgres as: %w", err)
		}
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
