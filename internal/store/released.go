package store

import (
	"context"
	"fmt"
	"time"

	"countersign/identity"
	"countersign/internal/chat"
)

// What was said of a person's proofs stays with an identifier that is released: it then
// finds somebody else, and a token that was stolen from the one before must not find them.

const releasedSince = `SELECT not_before FROM released WHERE workspace = $1 AND realm = $2 AND kind = $3 AND value = $4`

// keepReleased says from which time on a proof by a released identifier counts.
func (t *tx) keepReleased(workspace string, i identity.Identifier, since time.Time) error {
	const put = `INSERT INTO released (workspace, realm, kind, value, not_before) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (workspace, realm, kind, value) DO UPDATE SET not_before = excluded.not_before`
	var before time.Time
	_, err := t.found(releasedSince, []any{workspace, i.Realm, string(i.Kind), i.Value}, stamp{&before})
	if err != nil || !since.After(before) {
		return err
	}
	_, err = t.exec(put, workspace, i.Realm, string(i.Kind), i.Value, micros(since))
	return err
}

// dropReleased forgets it with the last person of that name.
func (t *tx) dropReleased(workspace string, i identity.Identifier, contact string) error {
	const drop = `DELETE FROM released WHERE workspace = $1 AND realm = $2 AND kind = $3 AND value = $4 AND NOT EXISTS
	(SELECT 1 FROM links l WHERE l.workspace = $1 AND l.realm = $2 AND l.kind = $3 AND l.value = $4 AND l.contact <> $5)`
	_, err := t.exec(drop, workspace, i.Realm, string(i.Kind), i.Value, contact)
	return err
}

// sinceRelease makes of a contact what its proof by the identifier is judged by.
func (db *DB) sinceRelease(ctx context.Context, workspace string, i identity.Identifier, contact *chat.Contact) error {
	return db.page(ctx, releasedSince, []any{workspace, i.Realm, string(i.Kind), i.Value}, func(row scanner) error {
		var since time.Time
		err := row.Scan(stamp{&since})
		contact.NotBefore = latest(contact.NotBefore, since)
		return err
	})
}

type workspaceName struct {
	workspace string
	name      identity.Identifier
}

// readReleased asks for what a batch's tokens prove first; a hash has no time to judge.
func (s *openings) readReleased(list []*openingWrite) error {
	const query = `WITH q (workspace, realm, kind, value) AS (VALUES `
	const tail = `) SELECT r.workspace, r.realm, r.kind, r.value, r.not_before FROM q
	JOIN released r ON r.workspace = q.workspace AND r.realm = q.realm AND r.kind = q.kind AND r.value = q.value`
	var names []any
	for _, w := range list {
		if len(w.Links) > 0 && !w.Verdict.Issued.IsZero() {
			i := w.Links[0].Identifier
			names = append(names, w.Session.Workspace, i.Realm, string(i.Kind), i.Value)
		}
	}
	err := s.t.lookup(query, 4, names, tail, func(row scanner) error {
		var of workspaceName
		var since time.Time
		err := row.Scan(&of.workspace, &of.name.Realm, &of.name.Kind, &of.name.Value, stamp{&since})
		s.released[of] = since
		return err
	})
	if err != nil {
		return fmt.Errorf("released identifiers: %w", err)
	}
	return nil
}

// judged is the contact as the proof that an opening brings is judged by.
func (s *openings) judged(o *chat.Opening, contact *chat.Contact) chat.Contact {
	of := *contact
	if len(o.Links) > 0 {
		of.NotBefore = latest(of.NotBefore, s.released[workspaceName{o.Session.Workspace, o.Links[0].Identifier}])
	}
	return of
}
