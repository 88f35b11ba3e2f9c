package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"countersign/identity"
	"countersign/internal/audit"
)

// Names seals whom the record's pseudonyms stand for; *trust.Pseudonyms is one.
type Names interface {
	Lookup(workspace string, person identity.Identifier) []byte
	Seal(workspace, pseudonym string, person identity.Identifier) []byte
	Open(workspace, pseudonym string, sealed []byte) (identity.Identifier, error)
}

// errNameless: an entry is about a person, and nothing is set that could seal who.
var errNameless = errors.New("store: there is nothing to seal a person's name with")

// SetNames gives what names are sealed with. Until then an entry about a person
// cannot be written.
func (db *DB) SetNames(names Names) { db.writer.names.Store(&names) }

const (
	pseudonymDigits = 10 // of its row's id, in base 36
	pseudonymRandom = 5  // bytes: a restored database gives the same ids again, to other people
)

// newPseudonym begins with the id of its row, by which it is found again.
func newPseudonym(id int64) string {
	var random [pseudonymRandom]byte
	_, _ = rand.Read(random[:]) // never fails: it ends the process instead
	digits := strconv.FormatInt(id, 36)
	return audit.PseudonymPrefix + strings.Repeat("0", max(0, pseudonymDigits-len(digits))) + digits + hex.EncodeToString(random[:])
}

// rowOf is the id of a pseudonym's row; 0 if it is none.
func rowOf(pseudonym string) int64 {
	text, ours := strings.CutPrefix(pseudonym, audit.PseudonymPrefix)
	if digits := len(text) - 2*pseudonymRandom; ours && digits >= pseudonymDigits {
		if id, err := strconv.ParseInt(text[:digits], 36, 64); err == nil {
			return id
		}
	}
	return 0
}

// nameSubjects puts a pseudonym in the place of each draft's person: the one that the
// person has, or a new one, whose row commits with the entry. Whoever is known adds a
// read and no row; nothing is kept in memory, so that a person who was erased by
// another node begins anew at once.
func (t *tx) nameSubjects() error {
	var asked []any
	known := map[string]string{} // :: lookup → pseudonym, empty until found
	lookups := make([]string, len(t.drafts))
	for i := range t.drafts {
		person := t.drafts[i].Person
		if person == (identity.Identifier{}) {
			continue
		}
		if t.names == nil {
			return errNameless
		}
		lookup := t.names.Lookup(t.drafts[i].Workspace, person)
		lookups[i] = string(lookup)
		if _, twice := known[lookups[i]]; !twice {
			known[lookups[i]] = ""
			asked = append(asked, lookup)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	err := t.lookup(`SELECT lookup, pseudonym FROM pseudonyms WHERE lookup IN (`, 1, asked, `)`, func(row scanner) error {
		var lookup []byte
		var pseudonym string
		err := row.Scan(&lookup, &pseudonym)
		known[string(lookup)] = pseudonym
		return err
	})
	if err != nil {
		return fmt.Errorf("pseudonyms: %w", err)
	}
	return t.addPseudonyms(lookups, known)
}

// addPseudonyms gives the drafts their subjects, and whoever has no pseudonym one.
func (t *tx) addPseudonyms(lookups []string, known map[string]string) error {
	const insert = `INSERT INTO pseudonyms (id, lookup, workspace, pseudonym, sealed) VALUES `
	var args []any
	for i, lookup := range lookups {
		if lookup == "" {
			continue
		}
		draft := &t.drafts[i]
		if known[lookup] == "" {
			id := t.records + 1 + int64(i) // the position that this draft is about to get
			made := newPseudonym(id)
			known[lookup] = made
			args = append(args, id, []byte(lookup), draft.Workspace, made, t.names.Seal(draft.Workspace, made, draft.Person))
		}
		draft.Subject, draft.Person = known[lookup], identity.Identifier{}
	}
	if err := t.insert(insert, 5, args, ""); err != nil {
		return fmt.Errorf("pseudonyms: %w", err)
	}
	return nil
}

// forget destroys what the record's pseudonyms say of a person who is erased: of the
// identifiers given, of those linked to the contact, and of those that its sessions
// proved without a link. It comes before links and sessions are deleted. The entries
// stay, the chain verifies, and the same person coming back has another pseudonym.
func (t *tx) forget(workspace string, people []identity.Identifier, contact string) error {
	if t.names == nil {
		return errNameless
	}
	of, err := t.identifiersOf(workspace, contact)
	if err != nil {
		return err
	}
	gone := map[identity.Identifier]bool{}
	for _, person := range append(of, people...) {
		if gone[person] {
			continue
		}
		gone[person] = true
		if _, err := t.exec(`DELETE FROM pseudonyms WHERE lookup = $1 AND workspace = $2`, t.names.Lookup(workspace, person), workspace); err != nil {
			return fmt.Errorf("forget a person: %w", err)
		}
		if err := t.dropReleased(workspace, person, contact); err != nil {
			return fmt.Errorf("forget a person: %w", err)
		}
	}
	return nil
}

func (t *tx) identifiersOf(workspace, contact string) ([]identity.Identifier, error) {
	const links = `SELECT realm, kind, value FROM links WHERE contact = $1 AND workspace = $2`
	const proved = `SELECT identifiers FROM sessions WHERE contact = $1 AND workspace = $2 AND tier = 'verified'`
	if contact == "" {
		return nil, nil
	}
	var all []identity.Identifier
	args := []any{contact, workspace}
	err := t.rows(links, args, func(row scanner) error {
		var i identity.Identifier
		err := row.Scan(&i.Realm, &i.Kind, &i.Value)
		all = append(all, i)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("links of a person: %w", err)
	}
	err = t.rows(proved, args, func(row scanner) error {
		var some []identity.Identifier
		err := row.Scan(document{&some})
		all = append(all, some...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sessions of a person: %w", err)
	}
	return all, nil
}

// People says whom pseudonyms of the workspace stand for :: pseudonym → person. One
// that was erased, or that no longer opens, is left out.
func (db *DB) People(ctx context.Context, workspace string, pseudonyms []string) (map[string]audit.Person, error) {
	const query = `SELECT sealed FROM pseudonyms WHERE id = $1 AND pseudonym = $2 AND workspace = $3`
	const owner = `SELECT contact FROM links WHERE workspace = $1 AND realm = $2 AND kind = $3 AND value = $4`
	names := db.writer.namer()
	found := make(map[string]audit.Person, len(pseudonyms))
	for _, pseudonym := range pseudonyms {
		var sealed []byte
		err := db.row(ctx, query, []any{rowOf(pseudonym), pseudonym, workspace}, &sealed)
		if absent(err) || names == nil {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("store: people of the record: %w", err)
		}
		i, err := names.Open(workspace, pseudonym, sealed)
		if err != nil {
			continue
		}
		person := audit.Person{Identifier: i}
		if err := db.row(ctx, owner, []any{workspace, i.Realm, string(i.Kind), i.Value}, &person.Contact); err != nil && !absent(err) {
			return nil, fmt.Errorf("store: people of the record: %w", err)
		}
		found[pseudonym] = person
	}
	return found, nil
}

// SubjectsOf are the subjects under which the record speaks of whoever has this name in
// the workspace: the pseudonyms of a user id or an address in any realm, or a contact's
// id with the pseudonyms of its identifiers.
func (db *DB) SubjectsOf(ctx context.Context, workspace, name string) ([]string, error) {
	const query = `SELECT pseudonym FROM pseudonyms WHERE lookup = $1 AND workspace = $2`
	names := db.writer.namer()
	if names == nil {
		return nil, nil
	}
	people, subjects, err := db.peopleCalled(ctx, workspace, name)
	if err != nil {
		return nil, fmt.Errorf("store: subjects: %w", err)
	}
	for _, person := range people {
		var pseudonym string
		err := db.row(ctx, query, []any{names.Lookup(workspace, person), workspace}, &pseudonym)
		if absent(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("store: subjects: %w", err)
		}
		if !slices.Contains(subjects, pseudonym) {
			subjects = append(subjects, pseudonym)
		}
	}
	return subjects, nil
}

func (db *DB) peopleCalled(ctx context.Context, workspace, name string) (people []identity.Identifier, contacts []string, err error) {
	const links = `SELECT realm, kind, value FROM links WHERE contact = $1 AND workspace = $2`
	const realms = `SELECT DISTINCT realm FROM channels WHERE workspace = $1`
	const owner = `SELECT contact FROM links WHERE workspace = $1 AND realm = $2 AND kind = $3 AND value = $4`
	linked := func(contact string) error {
		contacts = append(contacts, contact)
		return db.rows(ctx, links, []any{contact, workspace}, func(row scanner) error {
			var i identity.Identifier
			err := row.Scan(&i.Realm, &i.Kind, &i.Value)
			people = append(people, i)
			return err
		})
	}
	if strings.HasPrefix(name, "con_") {
		return people, contacts, linked(name)
	}
	var called []identity.Identifier
	err = db.rows(ctx, realms, []any{workspace}, func(row scanner) error {
		var realm string
		err := row.Scan(&realm)
		called = append(called, identity.Identifier{Realm: realm, Kind: identity.KindUserID, Value: name},
			identity.Identifier{Realm: realm, Kind: identity.KindEmail, Value: identity.Fold(name)})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for _, i := range called {
		var contact string
		err := db.row(ctx, owner, []any{workspace, i.Realm, string(i.Kind), i.Value}, &contact)
		if err != nil && !absent(err) {
			return nil, nil, err
		}
		people = append(people, i)
		if contact != "" && !slices.Contains(contacts, contact) {
			if err := linked(contact); err != nil {
				return nil, nil, err
			}
		}
	}
	return people, contacts, nil
}
