package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
)

// A channel's live sessions lie in two indexes, by when they end: those that a key
// proved by that key, the others by channel and tier. visits is one range of one of
// them: what selects it, and the parameters $4 and $5.
type visits struct {
	where string
	args  []any
}

const (
	livingVisits = `s.ended_at = 0 AND s.expires_at > $1 AND s.workspace = $3 AND `
	keyedVisits  = `s.key_id = $4 AND s.key_id <> '' AND s.channel = $5`
	otherVisits  = `s.key_id = '' AND s.channel = $4 AND s.tier = $5`
)

// ranges are what a filter selects.
func (db *DB) ranges(ctx context.Context, workspace string, of chat.SessionFilter) ([]visits, error) {
	const keysOf = `SELECT id FROM keys WHERE channel = $1 AND workspace = $2`
	var list []visits
	keys := []string{of.Key}
	if of.Key == "" {
		keys = nil
		for _, tier := range []policy.Tier{policy.Verified, policy.Claimed, policy.Anonymous} {
			if of.Tier == "" || of.Tier == tier {
				list = append(list, visits{otherVisits, []any{of.Channel, string(tier)}})
			}
		}
		if of.Tier != "" && of.Tier != policy.Verified {
			return list, nil
		}
		err := db.rows(ctx, keysOf, []any{of.Channel, workspace}, func(row scanner) error {
			var id string
			err := row.Scan(&id)
			keys = append(keys, id)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("store: a channel's keys: %w", err)
		}
	}
	for _, key := range keys {
		list = append(list, visits{keyedVisits, []any{key, of.Channel}})
	}
	return list, nil
}

// ChannelSessions lists a channel's live sessions, those that end last first: a page of
// each range, merged. next is zero at the end.
func (db *DB) ChannelSessions(ctx context.Context, workspace string, of chat.SessionFilter, before chat.Cursor, limit int, now time.Time) (list []chat.Session, next chat.Cursor, err error) {
	const head = `SELECT ` + sessionColumns + ` FROM ` + sessionTables + ` WHERE ` + livingVisits
	const after = ` AND (s.expires_at, s.id) < ($6, $7)`
	const order = ` ORDER BY s.expires_at DESC, s.id DESC LIMIT $2`
	ranges, err := db.ranges(ctx, workspace, of)
	if err != nil {
		return nil, chat.Cursor{}, err
	}
	var rows []sessionRow
	for _, r := range ranges {
		query, args := head+r.where, append([]any{micros(now), limit + 1, workspace}, r.args...)
		if before.ID != "" {
			query, args = query+after, append(args, micros(before.At), before.ID)
		}
		err := db.page(ctx, query+order, args, func(row scanner) error {
			var one sessionRow
			err := one.scan(row)
			rows = append(rows, one)
			return err
		})
		if err != nil {
			return nil, chat.Cursor{}, fmt.Errorf("store: sessions of a channel: %w", err)
		}
	}
	slices.SortFunc(rows, func(a, b sessionRow) int {
		return cmp.Or(b.ExpiresAt.Compare(a.ExpiresAt), strings.Compare(b.ID, a.ID))
	})
	if len(rows) > limit {
		rows = rows[:limit]
		next = chat.Cursor{At: rows[limit-1].ExpiresAt, ID: rows[limit-1].ID}
	}
	for _, row := range rows {
		list = append(list, row.at(now))
	}
	return list, next, nil
}

// CountSessions counts a channel's live sessions, up to most.
func (db *DB) CountSessions(ctx context.Context, workspace string, of chat.SessionFilter, most int, now time.Time) (int, error) {
	const head, tail = `SELECT COUNT(*) FROM (SELECT 1 FROM sessions s WHERE ` + livingVisits, ` LIMIT $2) AS few`
	ranges, err := db.ranges(ctx, workspace, of)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, r := range ranges {
		var some int
		if err := db.row(ctx, head+r.where+tail, append([]any{micros(now), most, workspace}, r.args...), &some); err != nil {
			return 0, fmt.Errorf("store: count sessions: %w", err)
		}
		n += some
	}
	return min(n, most), nil
}

// EndSessionsIn ends a channel's live sessions and counts them.
func (db *DB) EndSessionsIn(ctx context.Context, workspace string, of chat.SessionFilter, draft audit.Draft) (int, error) {
	ranges, err := db.ranges(ctx, workspace, of)
	if err != nil {
		return 0, err
	}
	n := 0
	err = db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		n = 0
		known, err := t.found(`SELECT 1 FROM channels WHERE id = $1 AND workspace = $2`, []any{of.Channel, workspace}, new(int))
		if err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		if !known {
			return chat.ErrNotFound
		}
		for _, r := range ranges {
			list, err := endSessions(t, `workspace = $3 AND `+strings.ReplaceAll(r.where, "s.", ""), policy.EndedLogout, t.now, append([]any{workspace}, r.args...)...)
			if err != nil {
				return fmt.Errorf("end sessions: %w", err)
			}
			t.silence(list)
			n += len(list)
		}
		t.record(draft)
		return nil
	})
	if err != nil {
		return 0, err // whoever stopped waiting reads nothing that is still written
	}
	return n, nil
}
