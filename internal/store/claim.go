package store

import (
	"context"
	"fmt"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
)

// ClaimThread moves conversations of an anonymous visitor to the verified person who
// holds them now: conversations, the end of the anonymous sessions and the record
// are one commit.
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
		if n == 0 {
			return nil
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

// claimant is the session that claims, if it stands and is verified, if the threads
// are still those of its own visitor and nobody's, and if nobody else was verified
// or claimed on that visitor since.
func claimant(t *tx, claim chat.ThreadClaim) (chat.Session, error) {
	const query = `SELECT ` + sessionColumns + ` FROM ` + sessionTables + ` WHERE s.id = $1 AND s.workspace = $2`
	const anonymous = `SELECT 1 FROM visitors v JOIN contacts c ON c.id = v.contact AND c.workspace = v.workspace
	WHERE v.id = $1 AND v.workspace = $2 AND v.contact = $3 AND v.person = $4 AND v.retired_at = 0 AND c.kind = 'anonymous'`
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
	theirs, err := t.found(anonymous, []any{claim.Visitor, session.Workspace, claim.FromContact, session.Contact}, new(int))
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
	const move = `UPDATE conversations SET contact = $1 WHERE id = $2 AND workspace = $3`
	const note = `INSERT INTO claims (id, workspace, realm, method, session, key_id, visitor, from_contact, to_contact, conversation, at) VALUES `
	moved, err := claimed(t, claim, session)
	if err != nil || len(moved) == 0 {
		return 0, err
	}
	var args []any
	for i, c := range moved {
		if _, err := t.exec(move, session.Contact, c.ID, session.Workspace); err != nil {
			return 0, err
		}
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
	return len(moved), emptied(t, claim, session.Workspace)
}

// claimed are the conversations of a claim that are still as they were judged: of the
// same contact, and with nothing more from their visitor.
func claimed(t *tx, claim chat.ThreadClaim, session chat.Session) ([]chat.Conversation, error) {
	const theirs = `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.contact = $1 AND v.workspace = $2 AND v.id = $3`
	const wrote = `SELECT 1 FROM messages WHERE conversation = $1 AND seq > $2 AND author = 'visitor' LIMIT 1`
	var list []chat.Conversation
	for _, thread := range claim.Threads {
		var c chat.Conversation
		err := scanConversation(oneRow{t, theirs, []any{claim.FromContact, session.Workspace, thread.Conversation}}, &c)
		if absent(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		since, err := t.found(wrote, []any{c.ID, thread.LastSeq}, new(int))
		if err != nil {
			return nil, err
		}
		if !since {
			list = append(list, c)
		}
	}
	return list, nil
}

// emptied lets go of an anonymous contact that has nothing left that anybody wrote:
// its browser begins a new one. One with threads that wait for an answer stays.
func emptied(t *tx, claim chat.ThreadClaim, workspace string) error {
	const left = `SELECT 1 FROM conversations WHERE contact = $1 AND workspace = $2 AND last_seq > 0 LIMIT 1`
	const leave = `UPDATE contacts SET scope = 'claimed:' || id WHERE id = $1 AND workspace = $2`
	const empty = `UPDATE visitors SET contact = '' WHERE id = $1 AND workspace = $2`
	waits, err := t.found(left, []any{claim.FromContact, workspace}, new(int))
	if err != nil || waits {
		return err
	}
	if _, err := t.exec(leave, claim.FromContact, workspace); err != nil {
		return err
	}
	_, err = t.exec(empty, claim.Visitor, workspace)
	return err
}

// AnonymousThreads are what a verified person may be asked about, judged by what the
// visitor wrote: an agent's answer makes no thread younger.
func (db *DB) AnonymousThreads(ctx context.Context, workspace, visitor, contact string) ([]chat.AnonymousThread, error) {
	const query = `SELECT v.contact, t.id, m.at, m.seq,
	CASE WHEN v.person <> '' AND v.person <> $3 THEN 1 ELSE 0 END
	FROM visitors v
	JOIN contacts c ON c.id = v.contact AND c.workspace = v.workspace AND c.kind = 'anonymous'
	JOIN conversations t ON t.contact = v.contact AND t.workspace = v.workspace AND t.last_seq > 0
	JOIN messages m ON m.seq = (SELECT w.seq FROM messages w WHERE w.conversation = t.id AND w.author = 'visitor' ORDER BY w.seq DESC LIMIT 1)
	WHERE v.id = $1 AND v.workspace = $2 AND v.retired_at = 0
	ORDER BY t.last_at DESC, t.id DESC LIMIT 100`
	var list []chat.AnonymousThread
	err := db.rows(ctx, query, []any{visitor, workspace, contact}, func(row scanner) error {
		var thread chat.AnonymousThread
		var others int64
		err := row.Scan(&thread.Contact, &thread.Conversation, stamp{&thread.LastAt}, &thread.LastSeq, &others)
		thread.OthersVerified = others > 0
		list = append(list, thread)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: anonymous threads: %w", err)
	}
	return list, nil
}
