package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

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

// Entries of the workspace, newest first.
func (db *DB) Entries(ctx context.Context, workspace string, filter audit.Filter) (audit.Page, error) {
	const columns = `SELECT position, chain, number, at, workspace, actor, action, channel, subject, detail, previous, mac
	FROM audit WHERE workspace = $1`
	limit := filter.Limit
	if limit <= 0 {
		limit = 50
	}
	query, args := columns, []any{workspace}
	equal := func(column, value string) {
		if value != "" {
			args = append(args, value)
			query += fmt.Sprintf(" AND %s = $%d", column, len(args))
		}
	}
	equal("action", string(filter.Action))
	equal("actor", filter.Actor)
	equal("subject", filter.Subject)
	equal("channel", filter.Channel)
	if filter.Before != "" {
		position, err := strconv.ParseInt(filter.Before, 10, 64)
		if err != nil {
			return audit.Page{}, fmt.Errorf("store: entries: the cursor is not ours")
		}
		args = append(args, position)
		query += fmt.Sprintf(" AND position < $%d", len(args))
	}
	args = append(args, limit+1)
	query += fmt.Sprintf(" ORDER BY position DESC LIMIT $%d", len(args))
	return db.entries(ctx, limit, query, args)
}

func (db *DB) entries(ctx context.Context, limit int, query string, args []any) (audit.Page, error) {
	var page audit.Page
	var position int64
	err := db.rows(ctx, query, args, func(row scanner) error {
		if len(page.Entries) == limit {
			page.Next = strconv.FormatInt(position, 10)
			return nil
		}
		var e audit.Entry
		err := row.Scan(&position, &e.Chain, &e.Number, stamp{&e.At}, &e.Workspace, &e.Actor, &e.Action, &e.Channel, &e.Subject,
			document{&e.Detail}, &e.Previous, &e.MAC)
		page.Entries = append(page.Entries, e)
		return err
	})
	if err != nil {
		return audit.Page{}, fmt.Errorf("store: entries: %w", err)
	}
	return page, nil
}
