package store_test

import (
	"testing"
	"time"

	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/store"
	"countersign/internal/store/storetest"
)

// sqlite is a fresh file, opened as often as asked.
func sqlite(t testing.TB) storetest.Database {
	return opener(store.Options{Path: storetest.File(t)})
}

func opener(options store.Options) storetest.Database {
	return func(t testing.TB) *store.DB {
		t.Helper()
		db, err := store.Open(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		db.SetNames(storetest.Vault())
		db.SetChain(audit.NewChain(storetest.ChainKey, event.NewID("tst", time.Now())))
		return db
	}
}
