package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
)

// Contact of the workspace.
func (db *DB) Contact(ctx context.Context, workspace, id string) (chat.Contact, error) {
	found, err := db.Contacts(ctx, workspace, []string{id})
	if err != nil {
		return chat.Contact{}, err
	}
	contact, ok := found[id]
	if !ok {
		return chat.Contact{}, chat.ErrNotFound
	}
	return contact, nil
}

// Contacts of the workspace, those of ids that exist.
func (db *DB) Contacts(ctx context.Context, workspace string, ids []string) (map[string]chat.Contact, error) {
	const query = `SELECT ` + contactColumns + ` FROM contacts c WHERE c.workspace = $1 AND c.id IN (`
	found := map[string]chat.Contact{}
	err := db.among(ctx, query, workspace, ids, `)`, func(row scanner) error {
		var c chat.Contact
		err := row.Scan(contactInto(&c)...)
		found[c.ID] = c
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: contacts: %w", err)
	}
	return found, nil
}

// among asks for rows by a list of ids, behind one parameter for the workspace.
// Lists are filled up to a power of two by asking for the last id again.
func (db *DB) among(ctx context.Context, head, workspace string, ids []string, tail string, read func(row scanner) error) error {
	for len(ids) > 0 {
		asked := min(len(ids), chunkRows)
		args := []any{workspace}
		var marks strings.Builder
		for i := range padded(asked) {
			fmt.Fprintf(&marks, ",$%d", i+2)
			args = append(args, ids[min(i, asked-1)])
		}
		if err := db.rows(ctx, head+marks.String()[1:]+tail, args, read); err != nil {
			return err
		}
		ids = ids[asked:]
	}
	return nil
}

// LinksOf a contact, oldest first; of one moment, the user id before the address.
func (db *DB) LinksOf(ctx context.Context, workspace, contact string) ([]chat.Link, error) {
	const query = `SELECT workspace, realm, kind, value, contact, method, session, key_id, at FROM links
	WHERE contact = $1 AND workspace = $2 ORDER BY at, kind DESC, value`
	var list []chat.Link
	err := db.rows(ctx, query, []any{contact, workspace}, func(row scanner) error {
		var l chat.Link
		err := row.Scan(&l.Workspace, &l.Identifier.Realm, &l.Identifier.Kind, &l.Identifier.Value, &l.Contact, &l.Method, &l.Session, &l.Key, stamp{&l.At})
		list = append(list, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: links: %w", err)
	}
	return list, nil
}

const attributeColumns = `workspace, contact, name, provenance, value, method, session, key_id, at`

// AttributesOf contacts, by contact, name and provenance.
func (db *DB) AttributesOf(ctx context.Context, workspace string, contacts []string) ([]chat.Attribute, error) {
	const query = `SELECT ` + attributeColumns + ` FROM attributes WHERE workspace = $1 AND contact IN (`
	return db.attributes(ctx, query, workspace, contacts)
}

// NamesOf contacts are the attributes by which a person is called.
func (db *DB) NamesOf(ctx context.Context, workspace string, contacts []string) ([]chat.Attribute, error) {
	const query = `SELECT ` + attributeColumns + ` FROM attributes WHERE workspace = $1 AND name IN ('name', 'email', 'user_id') AND contact IN (`
	return db.attributes(ctx, query, workspace, contacts)
}

func (db *DB) attributes(ctx context.Context, query, workspace string, contacts []string) ([]chat.Attribute, error) {
	var list []chat.Attribute
	err := db.among(ctx, query, workspace, contacts, `) ORDER BY contact, name, provenance`, func(row scanner) error {
		var a chat.Attribute
		var value string
		err := row.Scan(&a.Workspace, &a.Contact, &a.Name, &a.Provenance, &value, &a.Method, &a.Session, &a.Key, stamp{&a.At})
		a.Value = []byte(value)
		list = append(list, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: attributes: %w", err)
	}
	return list, nil
}

// trim keeps of each contact's attributes, by provenance, the hundred that were
// said last: a page that says another name each time must not fill the database.
// What goes is what nobody has said for the longest.
func (t *tx) trim(contacts []string) error {
	const crowded = `SELECT contact, provenance FROM attributes WHERE contact IN (`
	const tail = `) GROUP BY contact, provenance HAVING COUNT(*) > `
	const surplus = `DELETE FROM attributes WHERE contact = $1 AND provenance = $2 AND name IN
	(SELECT name FROM attributes WHERE contact = $1 AND provenance = $2 ORDER BY at DESC, name LIMIT 1000000 OFFSET $3)`
	var ids []any
	for _, contact := range contacts {
		ids = append(ids, contact)
	}
	var full [][2]string
	err := t.lookup(crowded, 1, ids, tail+strconv.Itoa(chat.MaxKeptAttributes), func(row scanner) error {
		var one [2]string
		err := row.Scan(&one[0], &one[1])
		full = append(full, one)
		return err
	})
	if err != nil {
		return fmt.Errorf("count attributes: %w", err)
	}
	for _, one := range full {
		if _, err := t.exec(surplus, one[0], one[1], chat.MaxKeptAttributes); err != nil {
			return fmt.Errorf("trim attributes: %w", err)
		}
	}
	return nil
}

// SetAttribute writes one value of one provenance and tells the agents.
func (db *DB) SetAttribute(ctx context.Context, attribute chat.Attribute, by policy.Authority) error {
	a := attribute
	return db.writer.share(ctx, &single{write: func(t *tx) (refusal, err error) {
		if err := t.allow(by); errors.Is(err, policy.ErrForbidden) {
			return err, nil
		} else if err != nil {
			return nil, err
		}
		var realm string
		known, err := t.found(`SELECT realm FROM contacts WHERE id = $1 AND workspace = $2`, []any{a.Contact, a.Workspace}, &realm)
		if err != nil {
			return nil, fmt.Errorf("set attribute: %w", err)
		}
		if !known {
			return chat.ErrNotFound, nil
		}
		args := []any{a.Workspace, a.Contact, a.Name, string(a.Provenance), string(a.Value), realm, string(a.Method), a.Session, a.Key, micros(a.At)}
		if err := t.insert(insertAttribute, 10, args, updateAttribute); err != nil {
			return nil, fmt.Errorf("set attribute: %w", err)
		}
		if err := t.trim([]string{a.Contact}); err != nil {
			return nil, err
		}
		t.append(event.Event{Workspace: a.Workspace, Audience: event.AudienceAgents, Kind: event.ContactUpdated, Contact: a.Contact, At: a.At})
		return nil, nil
	}})
}

// SetBlocked blocks a contact, which ends its sessions, or lets it in again.
func (db *DB) SetBlocked(ctx context.Context, workspace, contact string, blocked bool, now time.Time, draft audit.Draft) (int, error) {
	const update = `UPDATE contacts SET blocked_at = $1 WHERE id = $2 AND workspace = $3`
	n := 0
	err := db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		if err := mustContact(t, workspace, contact); err != nil {
			return err
		}
		var at time.Time
		if blocked {
			at = now
			list, err := endSessions(t, `contact = $3`, policy.EndedBlocked, now, contact)
			if err != nil {
				return fmt.Errorf("block: %w", err)
			}
			n = len(list)
			t.revoke(event.Event{Workspace: workspace, Kind: event.ContactBlocked, Contact: contact, At: now})
		}
		if _, err := t.exec(update, micros(at), contact, workspace); err != nil {
			return fmt.Errorf("block: %w", err)
		}
		t.raise()
		t.append(event.Event{Workspace: workspace, Audience: event.AudienceAgents, Kind: event.ContactUpdated, Contact: contact, At: now})
		t.record(draft)
		return nil
	})
	if err != nil {
		return 0, err // whoever stopped waiting reads nothing that is still written
	}
	return n, nil
}

func mustContact(t *tx, workspace, contact string) error {
	known, err := t.found(`SELECT 1 FROM contacts WHERE id = $1 AND workspace = $2`, []any{contact, workspace}, new(int))
	if err != nil {
		return fmt.Errorf("contact: %w", err)
	}
	if !known {
		return chat.ErrNotFound
	}
	return nil
}
