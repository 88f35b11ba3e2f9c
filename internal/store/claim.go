package store

import (
	"context"
	"fmt"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
)

// ClaimThread moves an anonymous visitor's conversations to the verified person
// who holds them now: conversations, the end of the anonymous sessions and the
// record are one commit.
func (db *DB) ClaimThread(ctx context.Context, claim chat.ThreadClaim) (int, error) {
	n := 0
	err := db.writer.change(ctx, []audit.Draft{claim.Draft}, func(t *tx) error {
		session, err := claimant(t, claim)
		if err != nil {
			return err
		}
		if n, err = moveThreads(t, claim, session); err != nil {
			return fmt.Errorf("claim thread: %w", err)
		}
		list, err := endSessions(t, `contact = $3`, policy.EndedLogout, claim.At, claim.FromContact)
		if err != nil {
			return fmt.Errorf("claim thread: %w", err)
		}
		t.silence(list)
		t.record(claim.Draft)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// claimant is the session that claims, if it stands and is verified, and if the
// thread is still that of its own visitor and nobody's.
func claimant(t *tx, claim chat.ThreadClaim) (chat.Session, error) {
	const query = `SELECT ` + sessionColumns + ` FROM ` + sessionTables + ` WHERE s.id = $1 AND s.workspace = $2`
	const anonymous = `SELECT 1 FROM visitors v JOIN contacts c ON c.id = v.contact AND c.workspace = v.workspace
	WHERE v.id = $1 AND v.workspace = $2 AND v.contact = $3 AND v.retired_at = 0 AND c.kind = 'anonymous'`
	var row sessionRow
	err := row.scan(oneRow{t, query, []any{claim.Session.ID, claim.Session.Workspace}})
	if absent(err) {
		return chat.Session{}, chat.ErrNotFound
	}
	if err != nil {
		return chat.Session{}, fmt.Errorf("claim thread: %w", err)
	}
	session := row.at(t.now)
	if session.Standing.Ended() != policy.Stands || session.Standing.Tier() != policy.Verified {
		return chat.Session{}, chat.ErrSessionEnded
	}
	theirs, err := t.found(anonymous, []any{claim.Visitor, session.Workspace, claim.FromContact}, new(int))
	if err != nil {
		return chat.Session{}, fmt.Errorf("claim thread: %w", err)
	}
	if !theirs || session.Visitor != claim.Visitor {
		return chat.Session{}, chat.ErrNotFound
	}
	return session, nil
}

// oneRow lets a row's own scan read the one row of a query.
type oneRow struct {
	t     *tx
	query string
	args  []any
}

func (o oneRow) Scan(into ...any) error { return o.t.row(o.query, o.args, into...) }

func moveThreads(t *tx, claim chat.ThreadClaim, session chat.Session) (int, error) {
	const theirs = `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.contact = $1 AND v.workspace = $2 ORDER BY v.id`
	const move = `UPDATE conversations SET contact = $1 WHERE contact = $2 AND workspace = $3`
	// The emptied contact must not be found by its browser again: what was written
	// while it was anonymous has an owner now.
	const leave = `UPDATE contacts SET scope = 'claimed:' || id WHERE id = $1 AND workspace = $2`
	const empty = `UPDATE visitors SET contact = '' WHERE id = $1 AND workspace = $2`
	const note = `INSERT INTO claims (id, workspace, realm, method, session, key_id, visitor, from_contact, to_contact, conversation, at) VALUES `
	var args []any
	var moved []chat.Conversation
	err := t.rows(theirs, []any{claim.FromContact, session.Workspace}, func(row scanner) error {
		moved = append(moved, chat.Conversation{})
		return scanConversation(row, &moved[len(moved)-1])
	})
	if err != nil {
		return 0, err
	}
	if _, err := t.exec(move, session.Contact, claim.FromContact, session.Workspace); err != nil {
		return 0, err
	}
	for i, c := range moved {
		c.Contact = session.Contact
		id := claim.ID
		if i > 0 {
			id = event.NewID("clm", t.now)
		}
		args = append(args, id, session.Workspace, session.Realm, string(session.Standing.Method()), session.ID, session.Standing.Key(),
			claim.Visitor, claim.FromContact, session.Contact, c.ID, micros(claim.At))
		e := chat.ConversationEvent(event.ConversationMoved, c, claim.At)
		e.Session, e.Key = session.ID, session.Standing.Key()
		t.append(e)
	}
	if err := t.insert(note, 11, args, ""); err != nil {
		return 0, err
	}
	if _, err := t.exec(leave, claim.FromContact, session.Workspace); err != nil {
		return 0, err
	}
	_, err = t.exec(empty, claim.Visitor, session.Workspace)
	return len(moved), err
}

// AnonymousThread is what a verified person may be asked about.
func (db *DB) AnonymousThread(ctx context.Context, workspace, visitor, contact string) (chat.AnonymousThread, error) {
	const query = `SELECT v.contact, t.id, t.last_at,
	CASE WHEN EXISTS (SELECT 1 FROM sessions s WHERE s.visitor = v.id AND s.workspace = v.workspace AND s.tier = 'verified'
		AND s.contact <> $3 AND s.created_at >= t.last_at) THEN 1 ELSE 0 END
	FROM visitors v
	JOIN contacts c ON c.id = v.contact AND c.workspace = v.workspace AND c.kind = 'anonymous'
	JOIN conversations t ON t.contact = v.contact AND t.workspace = v.workspace AND t.last_seq > 0
	WHERE v.id = $1 AND v.workspace = $2 AND v.retired_at = 0
	ORDER BY t.last_at DESC, t.id DESC LIMIT 1`
	var thread chat.AnonymousThread
	var others int64
	err := db.row(ctx, query, []any{visitor, workspace, contact}, &thread.Contact, &thread.Conversation, stamp{&thread.LastAt}, &others)
	if absent(err) {
		return chat.AnonymousThread{}, chat.ErrNotFound
	}
	if err != nil {
		return chat.AnonymousThread{}, fmt.Errorf("store: anonymous thread: %w", err)
	}
	thread.OthersVerified = others > 0
	return thread, nil
}
