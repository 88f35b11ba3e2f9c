package store_test

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"countersign/internal/store"
	"countersign/internal/store/storetest"
)

// Tables that grow without bound: nothing may walk one of them, nor sort what it
// reads from one.
var growing = []string{"events", "audit", "contacts", "links", "attributes", "visitors", "sessions", "conversations", "messages", "claims", "checkpoints", "pseudonyms"}

// bounded :: part of a query → why its walk or sort does not grow.
var bounded = map[string]string{
	`GROUP BY chain`:               "the entries of a minute, for its checkpoint",
	`FROM (SELECT v.id`:            "a search looks through a window of the list, which is limited inside",
	`ORDER BY at, kind`:            "the identifiers of one contact",
	`GROUP BY contact, provenance`: "the attributes of a few contacts, which this bounds",
	`COUNT(DISTINCT visitor)`:      "what one contact holds, before it is erased",
	`) AS seen`:                    "a count before a revocation looks through a window, which is limited inside",
	`) AS found`:                   "the messages of a span of the log, and no more than are counted",
	`INSERT INTO findings`:         "one step of a sweep looks through a span of the log",
	`COUNT(DISTINCT origin)`:       "the live sessions that a switch of enforcement is about to end",
	`SELECT s.origin, COUNT(*)`:    "the live sessions of one key, which somebody is about to end",
	`AND provenance = $2`:          "the attributes of one contact that are one too many",
}

var parameter = regexp.MustCompile(`\$(\d+)`)

// TestSQLite runs the suite, and asks every query of it for its plan, so that a list
// without an index is found before there are ten million rows in it.
func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Database {
		open := sqlite(t)
		return func(t testing.TB) *store.DB {
			db := open(t)
			t.Cleanup(func() { plans(t, db) })
			return db
		}
	})
}

func plans(t testing.TB, db *store.DB) {
	t.Helper()
	texts, err := db.Queries(context.Background()) // the test's own is over by now
	if err != nil {
		return // closed by its test
	}
	_, read := db.Pools()
	for _, text := range texts {
		highest := 0
		for _, m := range parameter.FindAllStringSubmatch(text, -1) {
			n, _ := strconv.Atoi(m[1])
			highest = max(highest, n)
		}
		explain(t, read, text, make([]any, highest))
	}
}

func explain(t testing.TB, db *sql.DB, text string, args []any) {
	t.Helper()
	rows, err := db.Query(`EXPLAIN QUERY PLAN `+text, args...)
	if err != nil {
		t.Errorf("%v: %s", err, text)
		return
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		if walks(detail, text) {
			t.Errorf("%s: %s", detail, text)
		}
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
}

func walks(detail, text string) bool {
	for part := range bounded {
		if strings.Contains(text, part) {
			return false
		}
	}
	if table, ok := strings.CutPrefix(detail, "SCAN "); ok {
		alias, _, _ := strings.Cut(table, " ")
		return slices.Contains(growing, alias) || slices.ContainsFunc(growing, func(name string) bool {
			return strings.Contains(text, name+" "+alias+" ") || strings.Contains(text, name+" "+alias+"\n")
		})
	}
	return strings.Contains(detail, "TEMP B-TREE") && slices.ContainsFunc(growing, func(name string) bool { return strings.Contains(text, "FROM "+name) })
}
