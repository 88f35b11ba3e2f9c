package store

import (
	"context"
	"fmt"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
)

func conflictOf(o *chat.Opening, contact, holder *chat.Contact, i identity.Identifier) chat.Conflict {
	return chat.Conflict{
		Identifier: i, Contact: contact.ID, Holder: holder.ID, Method: o.Verdict.Method, Key: o.Verdict.Key, At: o.Session.CreatedAt, LastAt: o.Session.CreatedAt,
		Session: o.Session.ID, Workspace: o.Session.Workspace, Channel: o.Session.Channel,
	}
}

// noteConflicts keeps what came up in a batch, and records what was not known before:
// the same two people meet at the same address every day.
func (s *openings) noteConflicts() error {
	const known = `SELECT 1 FROM conflicts WHERE contact = $1 AND realm = $2 AND kind = $3 AND value = $4 AND holder = $5`
	const put = `INSERT INTO conflicts (workspace, contact, realm, kind, value, holder, method, session, key_id, at, last_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (contact, realm, kind, value) DO UPDATE SET
	holder = excluded.holder, method = excluded.method, session = excluded.session, key_id = excluded.key_id, last_at = excluded.last_at`
	for _, c := range s.conflicts {
		i := c.Identifier
		old, err := s.t.found(known, []any{c.Contact, i.Realm, string(i.Kind), i.Value, c.Holder}, new(int))
		if err == nil {
			_, err = s.t.exec(put, c.Workspace, c.Contact, i.Realm, string(i.Kind), i.Value, c.Holder, string(c.Method), c.Session, c.Key, micros(c.At), micros(c.LastAt))
		}
		if err != nil {
			return fmt.Errorf("conflicts: %w", err)
		}
		if old {
			continue
		}
		s.t.touch(c.Workspace, c.Contact)
		s.t.touch(c.Workspace, c.Holder)
		s.t.record(audit.Draft{
			Workspace: c.Workspace, Actor: string(policy.VisitorPrincipal) + ":" + c.Session, Action: audit.IdentifierDisputed,
			Channel: c.Channel, Subject: c.Contact, Detail: map[string]string{"kind": string(i.Kind), "holder": c.Holder, "key": c.Key},
		})
	}
	return nil
}

// ConflictsOf lists what is disputed between a contact and others, the latest first. A
// conflict is over when nobody, or the other one, holds the identifier.
func (db *DB) ConflictsOf(ctx context.Context, workspace, contact string) ([]chat.Conflict, error) {
	const columns = `SELECT f.realm, f.kind, f.value, f.contact, l.contact, l.at, l.method, l.key_id, f.method, f.key_id, f.at, f.last_at FROM conflicts f
	JOIN links l ON l.workspace = f.workspace AND l.realm = f.realm AND l.kind = f.kind AND l.value = f.value AND l.contact <> f.contact`
	const mine = columns + ` WHERE f.contact = $1 AND f.workspace = $2 LIMIT 100`
	const theirs = columns + ` WHERE f.holder = $1 AND f.workspace = $2 AND l.contact = $1 LIMIT 100`
	var list []chat.Conflict
	for _, query := range []string{mine, theirs} {
		err := db.rows(ctx, query, []any{contact, workspace}, func(row scanner) error {
			c := chat.Conflict{Workspace: workspace}
			err := row.Scan(&c.Identifier.Realm, (*string)(&c.Identifier.Kind), &c.Identifier.Value, &c.Contact, &c.Holder, stamp{&c.HeldSince},
				(*string)(&c.HeldBy), &c.HeldKey, (*string)(&c.Method), &c.Key, stamp{&c.At}, stamp{&c.LastAt})
			list = append(list, c)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("store: conflicts: %w", err)
		}
	}
	return list, nil
}

// HolderOf finds the contact that holds an identifier.
func (db *DB) HolderOf(ctx context.Context, workspace string, i identity.Identifier) (string, error) {
	const query = `SELECT contact FROM links WHERE workspace = $1 AND realm = $2 AND kind = $3 AND value = $4`
	holder := ""
	err := db.page(ctx, query, []any{workspace, i.Realm, string(i.Kind), i.Value}, func(row scanner) error { return row.Scan(&holder) })
	if err != nil {
		return "", fmt.Errorf("store: holder: %w", err)
	}
	if holder == "" {
		return "", chat.ErrNotFound
	}
	return holder, nil
}

// Release takes an identifier from the contact that holds it, and gives it to nobody:
// whoever proves it next is somebody new. The sessions that came in by it end. Nobody
// whom the team keeps out gets rid of that by it, and no token that was ended is good again.
func (db *DB) Release(ctx context.Context, workspace, contact string, i identity.Identifier, draft audit.Draft) (int, error) {
	const orders = `SELECT blocked_at, bare_until, not_before FROM contacts WHERE id = $1 AND workspace = $2`
	const unlink = `DELETE FROM links WHERE workspace = $1 AND realm = $2 AND kind = $3 AND value = $4 AND contact = $5`
	const unsay = `DELETE FROM attributes WHERE contact = $1 AND name = $2 AND provenance = 'signed' AND value = $3`
	n := 0
	err := db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		var blocked, bare, since time.Time
		known, err := t.found(orders, []any{contact, workspace}, stamp{&blocked}, stamp{&bare}, stamp{&since})
		if err != nil {
			return fmt.Errorf("release: %w", err)
		}
		if !known {
			return chat.ErrNotFound
		}
		if !blocked.IsZero() || t.now.Before(bare) {
			return fmt.Errorf("%w: whoever is blocked, or whose hashes are refused, would come in again as somebody new; lift that first", chat.ErrInvalid)
		}
		if err := t.releaseImports(workspace, contact, i); err != nil {
			return fmt.Errorf("release: %w", err)
		}
		gone, err := t.exec(unlink, workspace, i.Realm, string(i.Kind), i.Value, contact)
		if err == nil && gone == 0 {
			return chat.ErrNotFound
		}
		if err == nil {
			_, err = t.exec(unsay, contact, string(i.Kind), text(i.Value))
		}
		if err == nil && !since.IsZero() {
			err = t.keepReleased(workspace, i, since)
		}
		if err != nil {
			return fmt.Errorf("release: %w", err)
		}
		list, err := endSessions(t, `contact = $3`, policy.EndedLogout, t.now, contact)
		if err != nil {
			return fmt.Errorf("release: %w", err)
		}
		n = len(list)
		t.silence(list)
		t.touch(workspace, contact)
		t.record(draft)
		return nil
	})
	if err != nil {
		return 0, err // whoever stopped waiting reads nothing that is still written
	}
	return n, nil
}
