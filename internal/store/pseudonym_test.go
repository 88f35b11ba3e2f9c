package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"countersign/identity"
	"countersign/internal/audit"
	"countersign/internal/store"
	"countersign/internal/store/storetest"
)

func TestErasingAPersonDestroysTheMappingAndTheChainStillVerifiesSQLite(t *testing.T) {
	erasePerson(t, sqlite)
}

func TestErasingAPersonDestroysTheMappingAndTheChainStillVerifiesPostgres(t *testing.T) {
	erasePerson(t, postgres)
}

func erasePerson(t *testing.T, fresh func(testing.TB) storetest.Database) {
	h := storetest.NewHouse(t, fresh(t))
	node := h.Open(h) // another one, which has seen the person too
	id := func(kind identity.Kind, value string) identity.Identifier {
		return identity.Identifier{Realm: storetest.Main, Kind: kind, Value: value}
	}
	linked, mailed, bob := id(identity.KindUserID, "ada"), id(identity.KindEmail, "ada@example.com"), id(identity.KindUserID, "bob")
	guest := h.Enter(h.As(h.Verified("ada"), "ada", mailed))
	keeper := audit.NewKeeper(h.DB, recordKeys)
	record := func(db *store.DB, who identity.Identifier) string {
		t.Helper()
		must(t, db.Record(t.Context(), audit.Draft{Workspace: storetest.Main, Actor: "gate", Action: audit.SessionOpened, Person: who}))
		page, err := db.Entries(t.Context(), storetest.Main, audit.Filter{Limit: 1})
		must(t, err)
		return page.Entries[0].Subject
	}
	before := map[identity.Identifier]string{}
	for _, who := range []identity.Identifier{linked, mailed, bob} {
		before[who] = record(h.DB, who)
		if record(node, who) != before[who] {
			t.Error("a second node gives another pseudonym")
		}
	}
	cp, _, err := keeper.Checkpoint(t.Context(), true)
	must(t, err)
	must(t, h.DB.Forget(t.Context(), storetest.Other, []identity.Identifier{linked}, guest.Contact.ID))
	if people, err := h.DB.People(t.Context(), storetest.Main, []string{before[linked]}); err != nil || len(people) != 1 {
		t.Errorf("the workspace next door erased somebody: %v, %v", people, err)
	}
	must(t, h.DB.Forget(t.Context(), storetest.Main, nil, guest.Contact.ID))
	people, err := h.DB.People(t.Context(), storetest.Main, []string{before[linked], before[mailed], before[bob]})
	must(t, err)
	if len(people) != 1 || people[before[bob]].Identifier != bob {
		t.Errorf("left are %v", people)
	}
	report, err := keeper.Verify(t.Context(), []audit.Checkpoint{cp})
	must(t, err)
	if !report.Intact {
		t.Errorf("%+v", report.Faults)
	}
	if again := record(node, linked); again == before[linked] {
		t.Error("who comes back after an erasure is tied to what was erased")
	}
	page, err := h.DB.Entries(t.Context(), storetest.Main, audit.Filter{Subject: before[linked]})
	must(t, err)
	if len(page.Entries) != 2 {
		t.Errorf("%d entries of the one who was erased: they stay", len(page.Entries))
	}
}

// TestTheDatabaseHoldsNoNameBesideItsSeal looks at the bytes on disk.
func TestTheDatabaseHoldsNoNameBesideItsSeal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := opener(store.Options{Path: path})(t)
	const name = "ada.lovelace@example.com"
	must(t, db.Record(t.Context(), audit.Draft{
		Workspace: "main", Actor: "gate", Action: audit.IdentityRefused, Person: identity.Identifier{Realm: "main", Kind: identity.KindEmail, Value: name},
	}))
	for _, suffix := range []string{"", "-wal"} {
		text, err := os.ReadFile(path + suffix)
		must(t, err)
		if bytes.Contains(text, []byte(name)) || bytes.Contains(text, []byte("lovelace")) {
			t.Errorf("db%s holds the name", suffix)
		}
	}
}

// A record about a person that cannot be sealed is not written, nor is what it records.
func TestWhoCannotBeSealedIsNotRecorded(t *testing.T) {
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "db"), Chain: audit.NewChain(storetest.ChainKey, "x")})
	must(t, err)
	defer func() { _ = db.Close() }()
	if err := db.Record(t.Context(), audit.Draft{Workspace: "main", Person: identity.Identifier{Value: "ada"}, Action: audit.SessionOpened}); err == nil {
		t.Error("recorded without a pseudonym")
	}
	page, err := db.Entries(t.Context(), "main", audit.Filter{})
	if err != nil || len(page.Entries) != 0 {
		t.Errorf("%v, %v", page.Entries, err)
	}
	must(t, db.Record(t.Context(), audit.Draft{Workspace: "main", Action: audit.ServerStarted}))
}
