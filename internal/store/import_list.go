package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"countersign/identity"
	"countersign/internal/chat"
)

const importedColumns = `p.contact, p.source, p.opened_to, p.at, (SELECT COUNT(*) FROM conversations v WHERE v.contact = p.contact)`

// ImportedPeople lists them by when they were read, the latest first. Whoever is called
// just what is searched for comes first, found by an index; the rest of a search looks
// through the latest of the list, as the inbox's does.
func (db *DB) ImportedPeople(ctx context.Context, workspace string, of chat.ImportedFilter, before chat.Cursor, limit int) ([]chat.ImportedPerson, chat.Cursor, error) {
	list, err := db.importedPage(ctx, workspace, of, before, limit+1)
	if err == nil && of.Search != "" && before.At.IsZero() {
		var called []chat.ImportedPerson
		called, err = db.importedCalled(ctx, workspace, of)
		list = append(called, slices.DeleteFunc(list, func(p chat.ImportedPerson) bool {
			return slices.ContainsFunc(called, func(c chat.ImportedPerson) bool { return c.Contact == p.Contact })
		})...)
	}
	if err != nil {
		return nil, chat.Cursor{}, fmt.Errorf("store: imported people: %w", err)
	}
	if len(list) <= limit {
		return list, chat.Cursor{}, nil
	}
	list = list[:limit]
	last := list[limit-1]
	return list, chat.Cursor{At: last.At, ID: last.Contact}, nil
}

func (db *DB) importedPage(ctx context.Context, workspace string, of chat.ImportedFilter, before chat.Cursor, limit int) ([]chat.ImportedPerson, error) {
	const columns = `SELECT ` + importedColumns + ` FROM `
	const order = ` ORDER BY p.at DESC, p.contact DESC LIMIT `
	args := []any{workspace}
	mark := func(value any) string {
		args = append(args, value)
		return fmt.Sprintf("$%d", len(args))
	}
	where := `imported_people p WHERE p.workspace = $1` + importedState(of.State)
	if !before.At.IsZero() {
		where += ` AND (p.at, p.contact) < (` + mark(micros(before.At)) + `, ` + mark(before.ID) + `)`
	}
	var query string
	if of.Search == "" {
		query = columns + where + order + mark(limit)
	} else {
		query = columns + `(SELECT * FROM ` + where + order + mark(searchWindow) + `) p
		WHERE EXISTS (SELECT 1 FROM attributes a WHERE a.contact = p.contact AND LOWER(a.value) LIKE ` + mark(pattern(of.Search)) + ` ESCAPE '!')` + order + mark(limit)
	}
	return db.importedRows(ctx, query, args)
}

// importedCalled are those that have the name itself, as a user id or an address.
func (db *DB) importedCalled(ctx context.Context, workspace string, of chat.ImportedFilter) ([]chat.ImportedPerson, error) {
	const named = `SELECT ` + importedColumns + ` FROM imported_people p WHERE p.workspace = $1 AND p.contact IN (
	SELECT n.contact FROM imported_names n WHERE n.workspace = $1 AND n.realm IN (SELECT h.realm FROM channels h WHERE h.workspace = $1)
	AND (n.kind = 'user_id' AND n.value = $2 OR n.kind = 'email' AND n.value = $3))`
	query := named + importedState(of.State) + ` LIMIT 100`
	list, err := db.importedRows(ctx, query, []any{workspace, of.Search, identity.Fold(of.Search)})
	slices.SortFunc(list, func(a, b chat.ImportedPerson) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Contact, a.Contact))
	})
	return list, err
}

func importedState(state string) string {
	return map[string]string{"waiting": ` AND p.opened_to = ''`, "opened": ` AND p.opened_to <> ''`}[state]
}

func (db *DB) importedRows(ctx context.Context, query string, args []any) (list []chat.ImportedPerson, err error) {
	err = db.rows(ctx, query, args, func(row scanner) error {
		var p chat.ImportedPerson
		err := row.Scan(&p.Contact, &p.Source, &p.OpenedTo, stamp{&p.At}, &p.Conversations)
		list = append(list, p)
		return err
	})
	return list, err
}
