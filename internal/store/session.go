package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
)

// SessionByToken answers with the session as it stands now.
func (db *DB) SessionByToken(ctx context.Context, tokenHash []byte, now time.Time) (chat.Session, error) {
	const query = `SELECT ` + sessionColumns + ` FROM ` + sessionTables + ` WHERE s.token_hash = $1`
	list, err := db.sessions(ctx, query, now, tokenHash)
	if err != nil {
		return chat.Session{}, err
	}
	if len(list) == 0 {
		return chat.Session{}, chat.ErrNotFound
	}
	return list[0], nil
}

// SessionsOf lists the sessions of a contact, newest first, ended ones included.
func (db *DB) SessionsOf(ctx context.Context, workspace, contact string, limit int, now time.Time) ([]chat.Session, error) {
	const query = `SELECT ` + sessionColumns + ` FROM ` + sessionTables + `
	WHERE s.contact = $1 AND s.workspace = $2 ORDER BY s.created_at DESC, s.id DESC LIMIT $3`
	return db.sessions(ctx, query, now, contact, workspace, limit)
}

func (db *DB) sessions(ctx context.Context, query string, now time.Time, args ...any) ([]chat.Session, error) {
	var list []chat.Session
	err := db.page(ctx, query, args, func(row scanner) error {
		var r sessionRow
		if err := r.scan(row); err != nil {
			return err
		}
		list = append(list, r.at(now))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: sessions: %w", err)
	}
	return list, nil
}

// RenewSession moves SeenAt and ExpiresAt of a live session forward, never beyond
// the session's absolute life or its proof.
func (db *DB) RenewSession(ctx context.Context, tokenHash []byte, seen, expires time.Time) (chat.Session, error) {
	w := &renewal{token: tokenHash, seen: seen, expires: expires}
	if err := db.writer.share(ctx, w); err != nil {
		return chat.Session{}, fmt.Errorf("renew session: %w", err)
	}
	return w.session, nil
}

type renewal struct {
	token         []byte
	seen, expires time.Time
	session       chat.Session
	err           error
}

func (w *renewal) refusal() error { return w.err }

func (w *renewal) join(b *batch) {
	w.session, w.err = chat.Session{}, nil
	b.needSession(w.token)
	b.renewals = append(b.renewals, w)
}

// renew writes each renewed session once, however many tabs asked for it. The list
// travels as texts: a list of parameters has no other type on Postgres.
func (b *batch) renew(t *tx) error {
	const head = `WITH q (id, seen_at, expires_at) AS (VALUES `
	const tail = `) UPDATE sessions SET seen_at = CAST(q.seen_at AS BIGINT), expires_at = CAST(q.expires_at AS BIGINT) FROM q WHERE sessions.id = q.id`
	renewed := map[string]*sessionRow{}
	for _, w := range b.renewals {
		row, session := b.session(t, w.token)
		if session == nil {
			w.err = chat.ErrSessionEnded
			continue
		}
		row.SeenAt = latest(row.SeenAt, w.seen)
		row.ExpiresAt = latest(row.ExpiresAt, earliest(earliest(w.expires, row.Absolute), row.ProofEnds))
		renewed[row.ID] = row
		w.session = row.at(t.now)
	}
	var args []any
	for id, row := range renewed {
		args = append(args, id, strconv.FormatInt(micros(row.SeenAt), 10), strconv.FormatInt(micros(row.ExpiresAt), 10))
	}
	if err := t.insert(head, 3, args, tail); err != nil {
		return fmt.Errorf("renew: %w", err)
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// ended is a session that a transaction ended.
type ended struct{ id, workspace, channel, contact, key string }

// endSessions ends the live sessions that where selects; its parameters begin at
// $3. Rows that have expired stay as they are: nothing was taken from them.
func endSessions(t *tx, where string, by policy.End, now time.Time, args ...any) ([]ended, error) {
	query := `UPDATE sessions SET ended_at = $1, ended_by = $2 WHERE ended_at = 0 AND expires_at > $1 AND ` + where +
		` RETURNING id, workspace, channel, contact, key_id`
	var list []ended
	err := t.rows(query, append([]any{micros(now), string(by)}, args...), func(row scanner) error {
		var e ended
		err := row.Scan(&e.id, &e.workspace, &e.channel, &e.contact, &e.key)
		list = append(list, e)
		return err
	})
	return list, err
}

// silence tells every node that these sessions have ended.
func (t *tx) silence(list []ended) {
	for _, e := range list {
		t.revoke(event.Event{Kind: event.SessionEnded, Workspace: e.workspace, Channel: e.channel, Contact: e.contact, Session: e.id, Key: e.key})
	}
}

// EndSession ends one session. One that has ended already stays as it is, and
// nothing is recorded of it.
func (db *DB) EndSession(ctx context.Context, workspace, session string, now time.Time, drafts ...audit.Draft) error {
	return db.writer.change(ctx, drafts, func(t *tx) error {
		known, err := t.found(`SELECT 1 FROM sessions WHERE id = $1 AND workspace = $2`, []any{session, workspace}, new(int))
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if !known {
			return chat.ErrNotFound
		}
		list, err := endSessions(t, `id = $3`, policy.EndedLogout, now, session)
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if len(list) > 0 {
			t.silence(list)
			t.record(drafts...)
		}
		return nil
	})
}

// LogOut ends what this browser holds for this person or for nobody, and retires
// the browser's visitor, so that whoever comes next at the same screen is new.
func (db *DB) LogOut(ctx context.Context, session chat.Session, now time.Time, drafts ...audit.Draft) (int, error) {
	const retire = `UPDATE visitors SET retired_at = $1 WHERE id = $2 AND workspace = $3 AND retired_at = 0`
	const known = `SELECT 1 FROM sessions WHERE id = $1 AND workspace = $2 AND visitor = $3 AND contact = $4`
	n := 0
	err := db.writer.change(ctx, drafts, func(t *tx) error {
		found, err := t.found(known, []any{session.ID, session.Workspace, session.Visitor, session.Contact}, new(int))
		if err != nil {
			return fmt.Errorf("log out: %w", err)
		}
		if !found {
			return chat.ErrNotFound
		}
		if err := t.deny(session); err != nil {
			return fmt.Errorf("log out: %w", err)
		}
		// A browser's anonymous sessions act for its anonymous contact: by these two, and not
		// by the browser, the rows are found.
		list, err := endSessions(t, `visitor = $3 AND workspace = $4 AND contact IN ($5, (SELECT v.contact FROM visitors v WHERE v.id = $3 AND v.workspace = $4))`,
			policy.EndedLogout, now, session.Visitor, session.Workspace, session.Contact)
		if err != nil {
			return fmt.Errorf("log out: %w", err)
		}
		retired, err := t.exec(retire, micros(now), session.Visitor, session.Workspace)
		if err != nil {
			return fmt.Errorf("log out: %w", err)
		}
		t.silence(list)
		if len(list) > 0 || retired > 0 {
			t.record(drafts...)
		}
		n = len(list)
		return nil
	})
	if err != nil {
		return 0, err // whoever stopped waiting reads nothing that is still written
	}
	return n, nil
}

const visitorColumns = `id, workspace, channel, token_hash, contact, person, created_at, seen_at, expires_at, retired_at`

func (v *visitorState) scan(row scanner) error {
	return row.Scan(&v.ID, &v.Workspace, &v.Channel, &v.TokenHash, &v.Contact, &v.Person, stamp{&v.CreatedAt}, stamp{&v.SeenAt},
		stamp{&v.ExpiresAt}, stamp{&v.retiredAt})
}

// VisitorByToken finds a browser by its anonymous token, while that is good.
func (db *DB) VisitorByToken(ctx context.Context, workspace string, tokenHash []byte, now time.Time) (chat.Visitor, error) {
	return db.visitor(ctx, `token_hash`, tokenHash, workspace, now)
}

// VisitorByID finds a browser by its public id, while its token is good.
func (db *DB) VisitorByID(ctx context.Context, workspace, id string, now time.Time) (chat.Visitor, error) {
	return db.visitor(ctx, `id`, id, workspace, now)
}

func (db *DB) visitor(ctx context.Context, column string, value any, workspace string, now time.Time) (chat.Visitor, error) {
	query := `SELECT ` + visitorColumns + ` FROM visitors WHERE ` + column + ` = $1 AND workspace = $2 AND retired_at = 0 AND expires_at > $3`
	var found []chat.Visitor
	err := db.page(ctx, query, []any{value, workspace, micros(now)}, func(row scanner) error {
		var v visitorState
		err := v.scan(row)
		found = append(found, v.Visitor)
		return err
	})
	if err != nil {
		return chat.Visitor{}, fmt.Errorf("store: visitor: %w", err)
	}
	if len(found) == 0 {
		return chat.Visitor{}, chat.ErrNotFound
	}
	return found[0], nil
}

// Returning finds a browser and what is known of a contact. The words of another
// workspace are not even joined.
func (db *DB) Returning(ctx context.Context, workspace string, tokenHash []byte, contact string, now time.Time) (chat.Visitor, []chat.Attribute, error) {
	const query = `SELECT v.id, v.channel, v.contact, v.person, v.created_at, v.seen_at, v.expires_at,
	COALESCE(a.name, ''), COALESCE(a.provenance, ''), COALESCE(a.value, '')
	FROM visitors v LEFT JOIN attributes a ON a.contact = $2 AND a.workspace = v.workspace
	WHERE v.token_hash = $1 AND v.workspace = $3 AND v.retired_at = 0 AND v.expires_at > $4`
	v := chat.Visitor{Workspace: workspace, TokenHash: tokenHash}
	var known []chat.Attribute
	err := db.page(ctx, query, []any{tokenHash, contact, workspace, micros(now)}, func(row scanner) error {
		a := chat.Attribute{Workspace: workspace, Contact: contact}
		var value string
		err := row.Scan(&v.ID, &v.Channel, &v.Contact, &v.Person, stamp{&v.CreatedAt}, stamp{&v.SeenAt}, stamp{&v.ExpiresAt},
			&a.Name, (*string)(&a.Provenance), &value)
		if a.Value = []byte(value); a.Name != "" {
			known = append(known, a)
		}
		return err
	})
	if err != nil {
		return chat.Visitor{}, nil, fmt.Errorf("store: visitor: %w", err)
	}
	if v.ID == "" {
		return chat.Visitor{}, nil, chat.ErrNotFound
	}
	return v, known, nil
}
