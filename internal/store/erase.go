package store

import (
	"context"
	"fmt"
	"maps"
	"strconv"

	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
)

// Holdings counts what is kept of a contact.
func (db *DB) Holdings(ctx context.Context, workspace, contact string) (chat.Holdings, error) {
	const query = `SELECT
	(SELECT COUNT(*) FROM links WHERE contact = $1),
	(SELECT COUNT(*) FROM attributes WHERE contact = $1),
	(SELECT COUNT(*) FROM sessions WHERE contact = $1),
	(SELECT COUNT(*) FROM sessions WHERE contact = $1 AND ended_at = 0 AND expires_at > $3),
	(SELECT COUNT(DISTINCT visitor) FROM sessions WHERE contact = $1),
	(SELECT COUNT(*) FROM conversations WHERE contact = $1),
	(SELECT COUNT(*) FROM conversations c JOIN messages m ON m.conversation = c.id WHERE c.contact = $1),
	(SELECT COUNT(*) FROM files f WHERE f.contact = $1 AND f.message = '' OR f.conversation IN (SELECT c.id FROM conversations c WHERE c.contact = $1))
	FROM contacts c WHERE c.id = $1 AND c.workspace = $2`
	var h chat.Holdings
	now, err := db.Now(ctx)
	if err == nil {
		err = db.row(ctx, query, []any{contact, workspace, micros(now)}, &h.Identifiers, &h.Attributes, &h.Sessions, &h.LiveSessions, &h.Browsers, &h.Conversations, &h.Messages, &h.Files)
	}
	if absent(err) {
		return chat.Holdings{}, chat.ErrNotFound
	}
	if err != nil {
		return chat.Holdings{}, fmt.Errorf("store: holdings: %w", err)
	}
	return h, nil
}

// Erase deletes what is kept of a contact, in one commit: its rows, and in the log the
// words of its events, whose places stay so that nobody who reads the log misses one.
// The record keeps what was decided, under pseudonyms that lead to nobody any more.
//
// What a deleted row held is overwritten where it lay (secure_delete), and the journal
// that commits go through first is emptied afterwards.
func (db *DB) Erase(ctx context.Context, workspace, contact string, draft audit.Draft) (chat.Erasure, error) {
	held, err := db.Holdings(ctx, workspace, contact)
	if err != nil {
		return chat.Erasure{}, err
	}
	record := draft
	record.Detail = map[string]string{
		"messages": strconv.Itoa(held.Messages), "conversations": strconv.Itoa(held.Conversations), "sessions": strconv.Itoa(held.Sessions),
	}
	maps.Copy(record.Detail, draft.Detail)
	err = db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		if err := mustContact(t, workspace, contact); err != nil {
			return err
		}
		if err := t.erase(workspace, contact); err != nil {
			return fmt.Errorf("erase: %w", err)
		}
		t.record(record)
		return nil
	})
	if err != nil {
		return chat.Erasure{}, err
	}
	return chat.Erasure{Holdings: held, Settled: db.settleJournal(ctx)}, nil
}

// settleJournal copies the journal home and empties it. It waits for whoever reads from
// it, for a while: what it did not get done, the next erasure or the last one to close
// the database does.
func (db *DB) settleJournal(ctx context.Context) bool {
	const tries = 3
	if !db.engine.embedded {
		return true // Postgres keeps its own journal, and overwrites what vacuum frees
	}
	for range tries {
		var busy, frames, moved int64
		if err := db.read.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved); err == nil && busy == 0 {
			return true
		}
	}
	return false
}

func (t *tx) erase(workspace, contact string) error {
	// Before the links go: they say whose pseudonyms these are.
	if err := t.forget(workspace, nil, contact); err != nil {
		return err
	}
	imports, err := t.importsOf(workspace, contact)
	if err != nil {
		return err
	}
	shadows, err := t.shadows(workspace, contact)
	if err != nil {
		return err
	}
	erased := map[string]bool{}
	for _, id := range append(append(imports, shadows...), contact) {
		if erased[id] {
			continue
		}
		erased[id] = true
		if err := t.eraseContact(workspace, id); err != nil {
			return err
		}
	}
	// Streams end with the contact, as when it is blocked.
	t.revoke(event.Event{Workspace: workspace, Kind: event.ContactBlocked, Contact: contact, At: t.now})
	t.append(event.Event{Workspace: workspace, Audience: event.AudienceAgents, Kind: event.ContactErased, Contact: contact, At: t.now})
	return nil
}

// shadows are the anonymous contacts that a person's threads were claimed from, once
// nothing is left with them that somebody else may have written.
func (t *tx) shadows(workspace, contact string) (list []string, err error) {
	const query = `SELECT l.from_contact FROM claims l WHERE l.to_contact = $1 AND l.workspace = $2
	AND NOT EXISTS (SELECT 1 FROM conversations v WHERE v.contact = l.from_contact)
	AND NOT EXISTS (SELECT 1 FROM links k WHERE k.contact = l.from_contact)`
	err = t.rows(query, []any{contact, workspace}, func(row scanner) error {
		var id string
		err := row.Scan(&id)
		list = append(list, id)
		return err
	})
	return list, err
}

// blank is what stays of an event: that there was one.
const blank = `UPDATE events SET body = '{}', agents_body = '', audience = 'system', kind = 'erased' WHERE `

// underOthers finds what happened in a conversation while it was somebody else's.
const underOthers = ` AND conversation = $1 AND contact IN (SELECT l.from_contact FROM claims l WHERE l.to_contact = $2)`

// eraseContact deletes one contact. What points to a row goes before it.
func (t *tx) eraseContact(workspace, contact string) error {
	threads, err := t.threadsOf(workspace, contact)
	if err != nil {
		return err
	}
	if err := t.discardOf(contact, threads); err != nil {
		return err
	}
	moved := tallies{}
	for _, c := range threads {
		moved[cell{c.Workspace, string(c.Status), c.Assignee}]--
		for _, audience := range []string{`audience = 'visitor'`, `audience = 'agents' AND contact <> ''`} {
			if _, err := t.exec(blank+audience+underOthers, c.ID, contact); err != nil {
				return err
			}
		}
		for _, statement := range []string{
			blank + `seq IN (SELECT m.seq FROM messages m WHERE m.conversation = $1)`,
			`DELETE FROM messages WHERE conversation = $1`,
			`DELETE FROM imported_threads WHERE conversation = $1`,
			`DELETE FROM conversations WHERE id = $1`,
		} {
			if _, err := t.exec(statement, c.ID); err != nil {
				return err
			}
		}
	}
	if err := moved.write(t); err != nil {
		return err
	}
	if err := t.forgetImport(workspace, contact); err != nil {
		return err
	}
	for _, statement := range []string{
		blank + `contact = $1 AND audience = 'visitor'`,
		blank + `contact = $1 AND contact <> '' AND audience = 'agents'`,
		`DELETE FROM codes WHERE session IN (SELECT s.id FROM sessions s WHERE s.contact = $1)`,
		`DELETE FROM visitors WHERE (person = $1 OR contact = $1) AND id IN (SELECT s.visitor FROM sessions s WHERE s.contact = $1)`,
		`DELETE FROM successors WHERE person = $1`,
		`DELETE FROM conflicts WHERE contact = $1`,
		`DELETE FROM conflicts WHERE holder = $1`,
		`DELETE FROM findings WHERE contact = $1`,
		`DELETE FROM claims WHERE to_contact = $1`,
		`DELETE FROM attributes WHERE contact = $1`,
		`DELETE FROM links WHERE contact = $1`,
		`DELETE FROM sessions WHERE contact = $1`,
		`DELETE FROM contacts WHERE id = $1`,
	} {
		if _, err := t.exec(statement, contact); err != nil {
			return err
		}
	}
	return nil
}

// threadsOf is every conversation of a contact.
func (t *tx) threadsOf(workspace, contact string) (list []chat.Conversation, err error) {
	const query = `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.contact = $1 AND v.workspace = $2`
	err = t.rows(query, []any{contact, workspace}, func(row scanner) error {
		var c chat.Conversation
		err := scanConversation(row, &c)
		list = append(list, c)
		return err
	})
	return list, err
}
