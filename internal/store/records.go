package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
)

// Record seals and commits drafts, together with whatever else waits.
func (db *DB) Record(ctx context.Context, drafts ...audit.Draft) error {
	return db.writer.share(ctx, &single{write: func(t *tx) (refusal, err error) {
		for _, draft := range drafts {
			if err := t.allow(draft.By); errors.Is(err, policy.ErrForbidden) {
				return err, nil
			} else if err != nil {
				return nil, err
			}
		}
		t.record(drafts...)
		return nil, nil
	}})
}

// Vouch answers policy.ErrForbidden if an operator's word no longer counts, for a request
// that goes on reading for longer than any answer takes.
func (db *DB) Vouch(ctx context.Context, by policy.Authority) error {
	return db.writer.share(ctx, &single{write: func(t *tx) (refusal, err error) {
		if err := t.allow(by); errors.Is(err, policy.ErrForbidden) {
			return err, nil
		} else if err != nil {
			return nil, err
		}
		return nil, nil
	}})
}

// Entries of the workspace, newest first.
func (db *DB) Entries(ctx context.Context, workspace string, filter audit.Filter) (audit.Page, error) {
	limit := filter.Limit
	if limit <= 0 {
		limit = 50
	}
	within, err := db.positions(ctx, filter)
	if err != nil {
		return audit.Page{}, err
	}
	var all []audit.Placed
	floor := int64(0) // nothing below it was looked at; 0 if everything was
	for _, lead := range leads(filter) {
		found, reached, err := db.scan(ctx, workspace, lead, within, limit+1, filter.Match)
		if err != nil {
			return audit.Page{}, fmt.Errorf("store: entries: %w", err)
		}
		all, floor = append(all, found...), max(floor, reached)
	}
	return pageOf(all, floor, limit), nil
}

// pageOf merges what several indexes gave, as far down as each of them was read.
func pageOf(all []audit.Placed, floor int64, limit int) audit.Page {
	slices.SortFunc(all, func(a, b audit.Placed) int { return cmp.Compare(b.Position, a.Position) })
	all = slices.DeleteFunc(all, func(p audit.Placed) bool { return p.Position < floor })
	var page audit.Page
	if len(all) > limit {
		all, floor = all[:limit], all[limit-1].Position
	}
	for _, p := range all {
		page.Entries, page.Positions = append(page.Entries, p.Entry), append(page.Positions, p.Position)
	}
	if floor > 0 {
		page.Next = strconv.FormatInt(floor, 10)
	}
	return page
}

// reach is an open interval of positions.
type reach struct{ above, below int64 }

// positions is where entries of the filter's time lie, behind its cursor. An entry's
// position is given in the turn in which its time is read, so that the one finds the
// other without an index that every entry would have to be written into.
func (db *DB) positions(ctx context.Context, filter audit.Filter) (reach, error) {
	var records, cut int64
	if err := db.row(ctx, `SELECT h.records, r.cut FROM head h JOIN record r ON r.id = h.id WHERE h.id = 1`, nil, &records, &cut); err != nil {
		return reach{}, fmt.Errorf("store: entries: %w", err)
	}
	within := reach{above: cut, below: records + 1}
	if !filter.From.IsZero() {
		first, err := db.firstAt(ctx, filter.From, within)
		if err != nil {
			return reach{}, err
		}
		within.above = first - 1
	}
	if !filter.To.IsZero() {
		first, err := db.firstAt(ctx, filter.To, within)
		if err != nil {
			return reach{}, err
		}
		within.below = first
	}
	if filter.Before != "" {
		position, err := strconv.ParseInt(filter.Before, 10, 64)
		if err != nil {
			return reach{}, fmt.Errorf("store: entries: the cursor is not ours")
		}
		within.below = min(within.below, position)
	}
	return within, nil
}

// firstAt is the first position within reach whose entry is not before a time.
func (db *DB) firstAt(ctx context.Context, at time.Time, within reach) (int64, error) {
	const query = `SELECT at FROM audit WHERE position >= $1 ORDER BY position LIMIT 1`
	low, high := within.above+1, within.below
	for low < high {
		middle := low + (high-low)/2
		var there int64
		err := db.row(ctx, query, []any{middle}, &there)
		if err != nil && !absent(err) {
			return 0, fmt.Errorf("store: entries: %w", err)
		}
		if err == nil && there < micros(at) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// lead is the column whose index an answer is read by; the zero lead is all of a workspace.
type lead struct{ column, value string }

// leads chooses the narrowest index that the filter names, once for each value.
func leads(filter audit.Filter) []lead {
	var list []lead
	add := func(column string, values ...string) {
		for _, value := range values {
			if value != "" && !slices.Contains(list, lead{column, value}) {
				list = append(list, lead{column, value})
			}
		}
	}
	actions := filter.AllActions()
	switch {
	case filter.Subject != "" || len(filter.Subjects) > 0:
		add("subject", append([]string{filter.Subject}, filter.Subjects...)...)
	case filter.Key != "":
		add("key_id", filter.Key)
	case filter.Actor != "" && filter.Actor != audit.GateActor:
		add("actor", filter.Actor)
	case len(actions) > 0:
		for _, action := range actions {
			add("action", string(action))
		}
	case filter.Channel != "":
		add("channel", filter.Channel)
	default:
		return []lead{{}}
	}
	return list
}

// maxScanned bounds what one answer looks at: a filter that hardly anything fits says
// where it stopped, and the next page goes on from there.
const maxScanned = 4000

// mainWorkspace has no index of its own entries; see migration 7.
const mainWorkspace = "main"

// scan reads an index from its newest entry down until want entries match. floor is the
// lowest position that it came to, 0 if nothing is left below.
func (db *DB) scan(ctx context.Context, workspace string, by lead, within reach, want int, match func(audit.Entry) bool) (found []audit.Placed, floor int64, err error) {
	query := `SELECT ` + entryColumns + ` FROM audit WHERE position > $1 AND position < $2`
	args := []any{within.above, within.below}
	if by.column != "" || workspace != mainWorkspace {
		query += ` AND workspace = $3`
		args = append(args, workspace)
	}
	switch by.column {
	case "":
		if workspace != mainWorkspace {
			query += ` AND workspace <> 'main'`
		}
	case "actor":
		query += ` AND actor = $4 AND actor <> 'gate'`
	case "key_id":
		query += ` AND key_id = $4 AND key_id <> ''`
	default:
		query += ` AND ` + by.column + ` = $4`
	}
	if by.column != "" {
		args = append(args, by.value)
	}
	query += fmt.Sprintf(` ORDER BY position DESC LIMIT $%d`, len(args)+1)
	for scanned, step := 0, want; scanned < maxScanned; step = min(2*step, 1000) {
		read := 0
		err := db.rows(ctx, query, append(slices.Clip(args), step), func(row scanner) error {
			var p audit.Placed
			if err := scanPlaced(row, &p); err != nil {
				return err
			}
			read, floor = read+1, p.Position
			// The list of the main workspace is read without an index: here is its border.
			if len(found) < want && p.Workspace == workspace && match(p.Entry) {
				found = append(found, p)
			}
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
		if scanned += read; read < step {
			return found, 0, nil
		}
		if len(found) == want {
			return found, found[want-1].Position, nil
		}
		args[1] = floor
	}
	return found, floor, nil
}
