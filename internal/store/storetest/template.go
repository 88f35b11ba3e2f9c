package storetest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"countersign/internal/store"
)

// File is the path of a fresh SQLite database. Its schema was made once for all tests
// of the process: under the race detector that takes most of a second.
func File(t testing.TB) string {
	t.Helper()
	body, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "countersign.db")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Prepare makes the schema in a database that others are copied from.
func Prepare(options store.Options) error {
	db, err := store.Open(context.Background(), options)
	if err != nil {
		return err
	}
	return db.Close()
}

var schema = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "storetest-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "countersign.db")
	if err := Prepare(store.Options{Path: path}); err != nil {
		return nil, err
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("storetest: the closed database has left something in its log")
	}
	return os.ReadFile(path) //nolint:gosec // our own file
})
