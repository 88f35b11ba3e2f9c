package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
)

// Expected is the contact that a proof would find, and whether its token was denied.
func (db *DB) Expected(ctx context.Context, workspace string, proved identity.Identifier, scope, proof string) (contact chat.Contact, denied bool, err error) {
	const linked = `SELECT ` + contactColumns + ` FROM links l JOIN contacts c ON c.id = l.contact AND c.workspace = l.workspace
	WHERE l.workspace = $1 AND l.realm = $2 AND l.kind = $3 AND l.value = $4`
	const scoped = `SELECT ` + contactColumns + ` FROM contacts c WHERE c.workspace = $1 AND c.scope = $2 AND c.scope <> ''`
	const refused = `SELECT 1 FROM denied WHERE workspace = $1 AND proof = $2`
	query, args := linked, []any{workspace, proved.Realm, string(proved.Kind), proved.Value}
	if scope != "" {
		query, args = scoped, []any{workspace, scope}
	}
	err = db.page(ctx, query, args, func(row scanner) error { return row.Scan(contactInto(&contact)...) })
	if err == nil && proof != "" {
		err = db.page(ctx, refused, []any{workspace, proof}, func(scanner) error {
			denied = true
			return nil
		})
	}
	if err == nil && proof != "" && scope == "" {
		err = db.sinceRelease(ctx, workspace, proved, &contact)
	}
	if err != nil {
		return chat.Contact{}, false, fmt.Errorf("store: whom a proof finds: %w", err)
	}
	return contact, denied, nil
}

// readDenied finds which of a batch's tokens open nothing.
func (s *openings) readDenied(list []*openingWrite) error {
	const query = `WITH q (workspace, proof) AS (VALUES `
	const tail = `) SELECT d.workspace, d.proof FROM q JOIN denied d ON d.workspace = q.workspace AND d.proof = q.proof`
	var names []any
	for _, w := range list {
		if w.Verdict.Proof != "" {
			names = append(names, w.Session.Workspace, w.Verdict.Proof)
		}
	}
	return s.t.lookup(query, 2, names, tail, func(row scanner) error {
		var workspace, proof string
		err := row.Scan(&workspace, &proof)
		s.denied[workspace+"/"+proof] = true
		return err
	})
}

// deny keeps the tokens by which a person came in on a visitor from opening anything
// again: those of native dialects, and of all where the channel says so. What has
// expired by itself makes room.
func (t *tx) deny(session chat.Session) error {
	const used = `SELECT proof, proof_ends, dialect FROM sessions
	WHERE contact = $1 AND created_at > $2 AND visitor = $3 AND workspace = $4 AND proof <> '' AND (proof_ends = 0 OR proof_ends > $5)`
	const put = `INSERT INTO denied (workspace, proof, until_at) VALUES ($1, $2, $3) ON CONFLICT (workspace, proof) DO NOTHING`
	const drop = `DELETE FROM denied WHERE until_at <> 0 AND until_at <= $1`
	all, err := t.found(`SELECT 1 FROM logout_denials WHERE channel = $1 AND workspace = $2`, []any{session.Channel, session.Workspace}, new(int))
	if err != nil {
		return err
	}
	var args [][]any
	err = t.rows(used, []any{session.Contact, micros(t.now.Add(-chat.AbsoluteLife)), session.Visitor, session.Workspace, micros(t.now)}, func(row scanner) error {
		var proof, dialect string
		var ends int64
		err := row.Scan(&proof, &ends, &dialect)
		if all || strings.HasPrefix(dialect, "native") {
			args = append(args, []any{session.Workspace, proof, ends})
		}
		return err
	})
	if err != nil || len(args) == 0 {
		return err
	}
	if _, err := t.exec(drop, micros(t.now)); err != nil {
		return err
	}
	for _, one := range args {
		if _, err := t.exec(put, one...); err != nil {
			return err
		}
	}
	return nil
}

// EndSessionsOf ends every live session of a contact and counts them. What was signed
// before this commit opens none again.
func (db *DB) EndSessionsOf(ctx context.Context, out chat.SignOut, draft audit.Draft) (int, error) {
	const since = `UPDATE contacts SET not_before = $1 WHERE id = $2 AND workspace = $3`
	n := 0
	err := db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		if err := mustContact(t, out.Workspace, out.Contact); err != nil {
			return err
		}
		list, err := endSessions(t, `contact = $3`, policy.EndedLogout, t.now, out.Contact)
		if err == nil {
			_, err = t.exec(since, micros(t.now), out.Contact, out.Workspace)
		}
		if err == nil && !out.BareUntil.IsZero() {
			err = t.refuseBare(out.Workspace, out.Contact, out.BareUntil)
		}
		if err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		t.silence(list)
		t.touch(out.Workspace, out.Contact)
		t.record(draft)
		n = len(list)
		return nil
	})
	if err != nil {
		return 0, err // whoever stopped waiting reads nothing that is still written
	}
	return n, nil
}

// undated selects the sessions of a contact whose proof does not say when it was made,
// or need not have.
const undated = `contact = $3 AND (method IN ('hmac', 'hmac-either') OR method = 'jwt' AND dialect NOT LIKE 'native%')`

// RefuseBare says until when proofs that do not say when they were made open nothing,
// and ends the sessions that they may have opened: a page renews its session by the very
// hash, for a month. Whoever has a proof that says when comes in again by it.
func (db *DB) RefuseBare(ctx context.Context, workspace, contact string, until time.Time, draft audit.Draft) error {
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		if err := mustContact(t, workspace, contact); err != nil {
			return err
		}
		if err := t.refuseBare(workspace, contact, until); err != nil {
			return fmt.Errorf("refuse bare proofs: %w", err)
		}
		if until.After(t.now) {
			list, err := endSessions(t, undated, policy.EndedLogout, t.now, contact)
			if err != nil {
				return fmt.Errorf("refuse bare proofs: %w", err)
			}
			t.silence(list)
		}
		t.touch(workspace, contact)
		t.record(draft)
		return nil
	})
}

func (t *tx) refuseBare(workspace, contact string, until time.Time) error {
	_, err := t.exec(`UPDATE contacts SET bare_until = $1 WHERE id = $2 AND workspace = $3`, micros(until), contact, workspace)
	return err
}

// touch tells the agents that something about a person is not as they see it.
func (t *tx) touch(workspace, contact string) {
	t.append(event.Event{Workspace: workspace, Audience: event.AudienceAgents, Kind: event.ContactUpdated, Contact: contact, At: t.now})
}

// LogoutDenies says whether a log-out on a channel denies every token.
func (db *DB) LogoutDenies(ctx context.Context, workspace, channel string) (denies bool, err error) {
	err = db.page(ctx, `SELECT 1 FROM logout_denials WHERE channel = $1 AND workspace = $2`, []any{channel, workspace}, func(scanner) error {
		denies = true
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("store: what a log-out denies: %w", err)
	}
	return denies, nil
}

// SetLogoutDenies switches it.
func (db *DB) SetLogoutDenies(ctx context.Context, workspace, channel string, denies bool, draft audit.Draft) error {
	const put = `INSERT INTO logout_denials (channel, workspace) VALUES ($1, $2) ON CONFLICT (channel) DO NOTHING`
	const drop = `DELETE FROM logout_denials WHERE channel = $1 AND workspace = $2`
	query := drop
	if denies {
		query = put
	}
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		known, err := t.found(`SELECT 1 FROM channels WHERE id = $1 AND workspace = $2`, []any{channel, workspace}, new(int))
		if err == nil && !known {
			return chat.ErrNotFound
		}
		if err == nil {
			_, err = t.exec(query, channel, workspace)
		}
		if err != nil {
			return fmt.Errorf("what a log-out denies: %w", err)
		}
		t.record(draft)
		return nil
	})
}
