package store

import (
	"context"
	"fmt"
	"time"

	"countersign/internal/deliver"
)

// post puts a letter into the outbox, in the transaction of what causes it.
func (t *tx) post(letter deliver.Letter) error {
	const insert = `INSERT INTO outbox (id, workspace, kind, ref, recipient, sealed, state, attempts, next_at, expires_at, last_error, created_at, done_at) VALUES `
	done := time.Time{}
	if letter.State != deliver.Waiting {
		letter.Sealed, done = nil, letter.CreatedAt
	}
	err := t.insert(insert, 13, []any{
		letter.ID, letter.Workspace, string(letter.Kind), letter.Ref, letter.Recipient, sealed(letter.Sealed), string(letter.State),
		letter.Attempts, micros(letter.NextAt), micros(letter.ExpiresAt), letter.LastError, micros(letter.CreatedAt), micros(done),
	}, "")
	if err != nil {
		return fmt.Errorf("write a letter: %w", err)
	}
	return nil
}

// sealed is a byte string that is there, if empty: no column of ours is NULL.
func sealed(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

const letterColumns = `id, workspace, kind, ref, recipient, sealed, state, attempts, next_at, expires_at, last_error, created_at, done_at`

func letterInto(l *deliver.Letter) []any {
	return []any{&l.ID, &l.Workspace, (*string)(&l.Kind), &l.Ref, &l.Recipient, &l.Sealed, (*string)(&l.State), &l.Attempts, stamp{&l.NextAt},
		stamp{&l.ExpiresAt}, &l.LastError, stamp{&l.CreatedAt}, stamp{&l.DoneAt}}
}

// DueLetter is when the next letter is to be looked at; zero if none waits.
func (db *DB) DueLetter(ctx context.Context) (time.Time, error) {
	const query = `SELECT COALESCE(MIN(next_at), 0) FROM outbox WHERE state = 'waiting'`
	var due time.Time
	err := db.rows(ctx, query, nil, func(row scanner) error { return row.Scan(stamp{&due}) })
	if err != nil {
		return time.Time{}, fmt.Errorf("store: outbox: %w", err)
	}
	return due, nil
}

// ClaimLetters expires the letters that are worth nothing any more and takes those that are
// due. The claim is next_at: whoever claims and dies gives the letter up by it.
func (db *DB) ClaimLetters(ctx context.Context, lease time.Duration, limit int) ([]deliver.Letter, error) {
	var list []deliver.Letter
	err := db.writer.alone(ctx, func(t *tx) error {
		list = nil
		if err := expireLetters(t); err != nil {
			return err
		}
		query := `UPDATE outbox SET attempts = attempts + 1, next_at = $1 WHERE id IN (
			SELECT id FROM outbox WHERE state = 'waiting' AND next_at <= $2 ORDER BY next_at LIMIT $3` + db.engine.skip + `) AND state = 'waiting'
			RETURNING ` + letterColumns
		return t.rows(query, []any{micros(t.now.Add(lease)), micros(t.now), limit}, func(row scanner) error {
			var l deliver.Letter
			err := row.Scan(letterInto(&l)...)
			list = append(list, l)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("claim letters: %w", err)
	}
	return list, nil
}

// expireLetters gives up what came too late. A code that was used, replaced or ran
// out, or whose session has ended, opens nothing: nobody is to be sent it.
func expireLetters(t *tx) error {
	const late = `UPDATE outbox SET state = 'expired', sealed = $1, done_at = $2 WHERE state = 'waiting' AND next_at <= $2 AND expires_at <= $2`
	const stale = `UPDATE outbox SET state = 'expired', sealed = $1, done_at = $2 WHERE state = 'waiting' AND next_at <= $2 AND kind = 'code'
		AND NOT EXISTS (SELECT 1 FROM codes c JOIN channels h ON h.id = c.channel AND h.email_code <> 0 WHERE c.id = outbox.ref AND c.expires_at > $2
		AND (c.session = '' OR EXISTS (SELECT 1 FROM sessions s WHERE s.id = c.session AND s.workspace = c.workspace AND s.ended_at = 0 AND s.expires_at > $2)))`
	for _, query := range []string{late, stale} {
		if _, err := t.exec(query, []byte{}, micros(t.now)); err != nil {
			return err
		}
	}
	return nil
}

// SettleLetter writes how an attempt came out, if it is still the latest. What waits no
// more says nothing any more.
func (db *DB) SettleLetter(ctx context.Context, letter deliver.Letter, how deliver.Outcome) error {
	const again = `UPDATE outbox SET next_at = $1, last_error = $2 WHERE id = $3 AND workspace = $4 AND attempts = $5 AND state = 'waiting'`
	const done = `UPDATE outbox SET state = $1, last_error = $2, done_at = $3, sealed = $4 WHERE id = $5 AND workspace = $6 AND attempts = $7 AND state = 'waiting'`
	err := db.writer.alone(ctx, func(t *tx) error {
		if how.State == deliver.Waiting {
			_, err := t.exec(again, micros(t.now.Add(how.After)), how.Error, letter.ID, letter.Workspace, letter.Attempts)
			return err
		}
		_, err := t.exec(done, string(how.State), how.Error, micros(t.now), []byte{}, letter.ID, letter.Workspace, letter.Attempts)
		return err
	})
	if err != nil {
		return fmt.Errorf("settle a letter: %w", err)
	}
	return nil
}

// SweepLetters forgets letters that have been done for a while, codes that ran out, and
// what was counted longer than a day ago.
func (db *DB) SweepLetters(ctx context.Context, keep time.Duration) error {
	err := db.writer.alone(ctx, func(t *tx) error {
		if _, err := t.exec(`DELETE FROM outbox WHERE done_at <> 0 AND done_at < $1`, micros(t.now.Add(-keep))); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM codes WHERE expires_at < $1`, micros(t.now)); err != nil {
			return err
		}
		_, err := t.exec(`DELETE FROM code_marks WHERE at < $1`, micros(t.now.Add(-day)))
		return err
	})
	if err != nil {
		return fmt.Errorf("sweep the outbox: %w", err)
	}
	return nil
}

const day = 24 * time.Hour

// Letters of a workspace, newest first.
func (db *DB) Letters(ctx context.Context, workspace string, limit int) ([]deliver.Letter, error) {
	const query = `SELECT ` + letterColumns + ` FROM outbox WHERE workspace = $1 ORDER BY created_at DESC, id DESC LIMIT $2`
	var list []deliver.Letter
	err := db.rows(ctx, query, []any{workspace, limit}, func(row scanner) error {
		var l deliver.Letter
		err := row.Scan(letterInto(&l)...)
		l.Sealed = nil // for the worker alone
		list = append(list, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: letters: %w", err)
	}
	return list, nil
}
