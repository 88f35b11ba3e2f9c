package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/deliver"
	"countersign/internal/event"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// SetEmailCode writes the switch. Off, it ends what codes opened and the codes that wait.
func (db *DB) SetEmailCode(ctx context.Context, of, channel string, allowed bool, draft audit.Draft) (int, error) {
	const update = `UPDATE channels SET email_code = $1 WHERE id = $2 AND workspace = $3`
	n := 0
	err := db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		changed, err := t.exec(update, flag(allowed), channel, of)
		if err != nil {
			return fmt.Errorf("set email codes: %w", err)
		}
		if changed == 0 {
			return workspace.ErrNotFound
		}
		record := draft
		if !allowed {
			if n, err = endCodes(t, of, channel); err != nil {
				return fmt.Errorf("set email codes: %w", err)
			}
			record.Detail = maps.Clone(draft.Detail)
			if record.Detail == nil {
				record.Detail = map[string]string{}
			}
			record.Detail["sessions_ended"] = strconv.Itoa(n)
		}
		t.revoke(event.Event{Kind: event.ChannelChanged, Workspace: of, Channel: channel})
		t.record(record)
		return nil
	})
	if err != nil {
		return 0, err // whoever stopped waiting reads nothing that is still written
	}
	return n, nil
}

// CodeSessions counts the live sessions of a channel that codes opened.
func (db *DB) CodeSessions(ctx context.Context, of, channel string, now time.Time) (int, error) {
	const query = `SELECT COUNT(*) FROM sessions WHERE channel = $1 AND workspace = $2 AND method = 'code' AND ended_at = 0 AND expires_at > $3`
	n := 0
	err := db.rows(ctx, query, []any{channel, of, micros(now)}, func(row scanner) error { return row.Scan(&n) })
	if err != nil {
		return 0, fmt.Errorf("store: code sessions: %w", err)
	}
	return n, nil
}

func endCodes(t *tx, of, channel string) (int, error) {
	if _, err := t.exec(`DELETE FROM codes WHERE channel = $1 AND workspace = $2`, channel, of); err != nil {
		return 0, err
	}
	list, err := endSessions(t, `channel = $3 AND workspace = $4 AND key_id = '' AND tier = 'verified' AND method = 'code'`, policy.EndedPolicy, t.now, channel, of)
	t.silence(list)
	return len(list), err
}

// PutCode replaces the asker's code and posts its letter. Whoever asked too often is told
// so without a turn at writing: a stranger must not be able to keep everybody waiting.
func (db *DB) PutCode(ctx context.Context, code trust.CodeRow, limits trust.CodeLimits, letter deliver.Letter) error {
	read := func(query string, args []any, into ...any) error { return db.row(ctx, query, args, into...) }
	if refused, err := beyond(read, code.CreatedAt, limits.Asked...); err != nil {
		return fmt.Errorf("store: ask for a code: %w", err)
	} else if refused {
		return trust.ErrAskedTooOften
	}
	return db.writer.alone(ctx, func(t *tx) error {
		if err := askerStands(t, code.Asker); err != nil {
			return err
		}
		refused, err := t.beyond(limits.Asked...)
		if err == nil && refused {
			err = trust.ErrAskedTooOften
		}
		if err != nil {
			return err
		}
		withheld, err := t.beyond(append([]trust.Quota{limits.Wrong}, limits.Mailed...)...)
		if err != nil {
			return err
		}
		counted := limits.Asked
		if withheld {
			// What is not sent costs its address nothing: whoever asks in vain must not be able
			// to keep the mailbox's owner out for ever.
			letter.State, letter.LastError, code.Tag = deliver.Withheld, "this address has had enough codes for now", []byte{}
		} else {
			counted = append(append([]trust.Quota{}, limits.Asked...), limits.Mailed...)
		}
		if err := t.putCode(code, withheld); err != nil {
			return fmt.Errorf("put a code: %w", err)
		}
		if err := t.mark(counted...); err != nil {
			return err
		}
		return t.post(letter)
	})
}

// putCode replaces the asker's code. A code that was withheld is none, so it replaces
// only one for another address.
func (t *tx) putCode(code trust.CodeRow, withheld bool) error {
	const put = `INSERT INTO codes (asker, id, workspace, session, channel, realm, address, sealed, tag, tries, created_at, expires_at) VALUES `
	remove, args := `DELETE FROM codes WHERE asker = $1 AND workspace = $2`, []any{code.Asker.ID, code.Asker.Workspace}
	if withheld {
		remove, args = remove+` AND address <> $3`, append(args, code.Address)
	}
	if _, err := t.exec(remove, args...); err != nil {
		return err
	}
	return t.insert(put, 12, []any{
		code.Asker.ID, code.ID, code.Asker.Workspace, code.Asker.Session, code.Asker.Channel, code.Realm, code.Address, sealed(code.Sealed),
		sealed(code.Tag), code.Tries, micros(code.CreatedAt), micros(code.ExpiresAt),
	}, ` ON CONFLICT (asker) DO NOTHING`)
}

const takesCodes = `SELECT 1 FROM channels WHERE id = $1 AND workspace = $2 AND email_code <> 0`

// askerStands says whether the channel takes codes and the session that asks is live
// and has proved nothing yet.
func askerStands(t *tx, asker trust.Asker) error {
	const query = `SELECT ` + sessionColumns + ` FROM ` + sessionTables + ` WHERE s.id = $1 AND s.workspace = $2 AND s.channel = $3`
	on, err := t.found(takesCodes, []any{asker.Channel, asker.Workspace}, new(int))
	if err != nil {
		return fmt.Errorf("ask for a code: %w", err)
	}
	if !on {
		return trust.ErrNoCodes
	}
	if asker.Session == "" {
		return nil
	}
	var row sessionRow
	err = row.scan(oneRow{t, query, []any{asker.Session, asker.Workspace, asker.Channel}})
	if absent(err) {
		return trust.ErrAskerGone
	}
	if err != nil {
		return fmt.Errorf("ask for a code: %w", err)
	}
	if standing := row.at(t.now).Standing; standing.Ended() != policy.Stands || standing.Tier() == policy.Verified {
		return trust.ErrAskerGone
	}
	return nil
}

const codeByAsker = ` FROM codes WHERE asker = $1 AND workspace = $2 AND session = $3 AND channel = $4`

// codeInto is how a code of an asker is read: query, arguments and where it goes.
func codeInto(code *trust.CodeRow) (columns string, args, into []any) {
	by := code.Asker
	return `SELECT id, realm, address, sealed, tag, tries, created_at, expires_at`, []any{by.ID, by.Workspace, by.Session, by.Channel},
		[]any{&code.ID, &code.Realm, &code.Address, &code.Sealed, &code.Tag, &code.Tries, stamp{&code.CreatedAt}, stamp{&code.ExpiresAt}}
}

// TryCode hands the asker's code to judge: a yes spends it, a no costs a try. Where no
// try is left, nothing is written, and nobody waits for it: the names of those who never
// asked, and the tries behind the last one, are as many as a stranger likes.
func (db *DB) TryCode(ctx context.Context, asker trust.Asker, wrong func(address string) trust.Quota, judge func(trust.CodeRow, time.Time) bool) error {
	if hopeless, err := db.hopeless(ctx, asker, judge); err != nil || hopeless {
		return err
	}
	return db.writer.alone(ctx, func(t *tx) error {
		if err := askerStands(t, asker); err != nil {
			return err
		}
		code := trust.CodeRow{Asker: asker}
		columns, args, into := codeInto(&code)
		found, err := t.found(columns+codeByAsker, args, into...)
		if err != nil {
			return fmt.Errorf("try a code: %w", err)
		}
		if !found {
			judge(trust.CodeRow{}, t.now)
			return nil
		}
		tried := wrong(code.Address)
		beyond, err := t.beyond(tried)
		if err != nil {
			return err
		}
		if beyond {
			code.Tag = nil // no code of this address is right any more today
		}
		if judge(code, t.now) {
			_, err = t.exec(`DELETE FROM codes WHERE id = $1 AND workspace = $2`, code.ID, asker.Workspace)
		} else if !isSpent(code, t.now) {
			// A code that was withheld has as many tries as any, so that none can be told from another;
			// what cannot be right costs its address nothing.
			if _, err = t.exec(`UPDATE codes SET tries = tries + 1 WHERE id = $1 AND workspace = $2`, code.ID, asker.Workspace); err == nil && len(code.Tag) > 0 {
				err = t.mark(tried)
			}
		}
		if err != nil {
			return fmt.Errorf("try a code: %w", err)
		}
		return nil
	})
}

var errSpent = errors.New("store: a code that is spent was called right")

func isSpent(code trust.CodeRow, now time.Time) bool {
	return code.Tries >= identity.CodeTries || !now.Before(code.ExpiresAt)
}

// hopeless judges, without a turn at writing, what no answer can make right any more.
func (db *DB) hopeless(ctx context.Context, asker trust.Asker, judge func(trust.CodeRow, time.Time) bool) (bool, error) {
	var now time.Time
	code := trust.CodeRow{Asker: asker}
	columns, args, into := codeInto(&code)
	err := db.row(ctx, columns+`, `+db.engine.clock+codeByAsker, args, append(into, stamp{&now})...)
	if absent(err) {
		if err = db.row(ctx, takesCodes, []any{asker.Channel, asker.Workspace}, new(int)); absent(err) {
			return false, trust.ErrNoCodes
		}
		if err == nil {
			judge(trust.CodeRow{}, now)
			return true, nil
		}
	}
	if err != nil {
		return false, fmt.Errorf("store: try a code: %w", err)
	}
	if !isSpent(code, now) {
		return false, nil
	}
	if judge(code, now) {
		return false, errSpent // and nobody comes in
	}
	return true, nil
}

// beyond says whether any of the quotas is used up.
func (t *tx) beyond(quotas ...trust.Quota) (bool, error) { return beyond(t.row, t.now, quotas...) }

func beyond(read func(query string, args []any, into ...any) error, now time.Time, quotas ...trust.Quota) (bool, error) {
	const query = `SELECT COALESCE(SUM(CASE WHEN at > $1 THEN 1 ELSE 0 END), 0), COUNT(*) FROM code_marks WHERE name = $2 AND at > $3`
	used := false
	for _, q := range quotas { // all of them, whatever the first one says: the same work for every address
		var hour, today int
		if err := read(query, []any{micros(now.Add(-time.Hour)), q.Name, micros(now.Add(-day))}, &hour, &today); err != nil {
			return true, fmt.Errorf("count: %w", err)
		}
		used = used || q.Hour > 0 && hour >= q.Hour || q.Day > 0 && today >= q.Day
	}
	return used, nil
}

// mark counts one more of each.
func (t *tx) mark(quotas ...trust.Quota) error {
	args := make([]any, 0, 2*len(quotas))
	for _, q := range quotas {
		args = append(args, q.Name, micros(t.now))
	}
	if err := t.insert(`INSERT INTO code_marks (name, at) VALUES `, 2, args, ""); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	return nil
}
