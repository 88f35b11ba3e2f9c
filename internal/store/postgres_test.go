package store_test

import (
	"os"
	"testing"

	"countersign/internal/store"
	"countersign/internal/store/pgtest"
	"countersign/internal/store/storetest"
)

var server pgtest.Server

func TestMain(m *testing.M) { os.Exit(server.Run(m)) }

// postgres is a fresh database, opened as often as asked.
func postgres(t testing.TB) storetest.Database {
	t.Helper()
	return opener(store.Options{URL: server.Copy(t, func(url string) error { return storetest.Prepare(store.Options{URL: url}) })})
}

func TestPostgres(t *testing.T) { storetest.Run(t, postgres) }
