package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countersign/internal/chat"
)

// searchWindow bounds how many of a view's newest conversations a search looks
// through, until there is an index over texts.
const searchWindow = 2000

// Inbox is one list of conversations, the latest first. Every list is one range of
// an index; a view of all statuses is three of them, merged.
func (db *DB) Inbox(ctx context.Context, workspace string, view chat.View) ([]chat.Conversation, error) {
	statuses := []chat.Status{view.Status}
	if view.Status == "" {
		statuses = []chat.Status{chat.Open, chat.Snoozed, chat.Closed}
	}
	var merged []chat.Conversation
	for _, status := range statuses {
		view.Status = status
		query, args := inboxQuery(workspace, view)
		list, err := db.conversations(ctx, query, args)
		if err != nil {
			return nil, fmt.Errorf("store: inbox: %w", err)
		}
		merged = append(merged, list...)
	}
	if len(statuses) > 1 {
		slices.SortFunc(merged, func(a, b chat.Conversation) int {
			return cmp.Or(b.LastAt.Compare(a.LastAt), strings.Compare(b.ID, a.ID))
		})
	}
	return merged[:min(len(merged), view.Limit)], nil
}

func inboxQuery(workspace string, view chat.View) (query string, args []any) {
	const list = `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.workspace = $1 AND v.status = $2`
	const order = ` ORDER BY v.last_at DESC, v.id DESC LIMIT `
	query, args = list, []any{workspace, string(view.Status)}
	mark := func(value any) string {
		args = append(args, value)
		return fmt.Sprintf("$%d", len(args))
	}
	switch view.Assignee {
	case "":
	case chat.Nobody:
		query += ` AND v.assignee = ''`
	default:
		query += ` AND v.assignee = ` + mark(view.Assignee)
	}
	if view.Tier == chat.ImportedView {
		query += ` AND EXISTS (SELECT 1 FROM contacts c WHERE c.id = v.contact AND c.kind = 'imported')`
	} else if view.Tier != "" {
		query += ` AND v.tier = ` + mark(string(view.Tier))
	}
	if view.Channel != "" {
		query += ` AND v.channel = ` + mark(view.Channel)
	}
	if !view.Before.At.IsZero() {
		query += ` AND (v.last_at, v.id) < (` + mark(micros(view.Before.At)) + `, ` + mark(view.Before.ID) + `)`
	}
	if view.Search == "" {
		return query + order + mark(view.Limit), args
	}
	query = searched(query+order+mark(searchWindow), mark(pattern(view.Search)), mark(view.Limit))
	return query, args
}

// searched looks through a window of conversations: in the preview, and in what is
// known of the person.
func searched(window, pattern, limit string) string {
	return `SELECT ` + conversationColumns + ` FROM (` + window + `) v
	WHERE LOWER(v.preview) LIKE ` + pattern + ` ESCAPE '!'
	OR EXISTS (SELECT 1 FROM attributes a WHERE a.contact = v.contact AND LOWER(a.value) LIKE ` + pattern + ` ESCAPE '!')
	OR EXISTS (SELECT 1 FROM links l WHERE l.contact = v.contact AND LOWER(l.value) LIKE ` + pattern + ` ESCAPE '!')
	ORDER BY v.last_at DESC, v.id DESC LIMIT ` + limit
}

// pattern finds a text anywhere; what LIKE would read is escaped. Only ASCII is
// folded, since that is what both engines' LOWER does to the other side.
func pattern(text string) string {
	small := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, text)
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(small) + "%"
}

// InboxCounts are the numbers beside the inbox's lists.
func (db *DB) InboxCounts(ctx context.Context, workspace, agent string) (chat.Counts, error) {
	const query = `SELECT status, assignee, n FROM tallies WHERE workspace = $1`
	var counts chat.Counts
	err := db.rows(ctx, query, []any{workspace}, func(row scanner) error {
		var status chat.Status
		var assignee string
		var n int
		if err := row.Scan(&status, &assignee, &n); err != nil {
			return err
		}
		switch status {
		case chat.Snoozed:
			counts.Snoozed += n
		case chat.Closed:
			counts.Closed += n
		case chat.Open:
			counts.Open += n
			switch assignee {
			case "":
				counts.Unassigned += n
			case agent:
				counts.Mine += n
			}
		}
		return nil
	})
	if err != nil {
		return chat.Counts{}, fmt.Errorf("store: inbox counts: %w", err)
	}
	return counts, nil
}

// tallies are the changes that a transaction makes to the inbox's numbers.
type tallies map[cell]int64 // :: cell → difference

func (m tallies) move(from, to cell) {
	if from == to {
		return
	}
	if from != (cell{}) {
		m[from]--
	}
	m[to]++
}

func (m tallies) write(t *tx) error {
	const add = `INSERT INTO tallies (workspace, status, assignee, n) VALUES `
	const update = ` ON CONFLICT (workspace, status, assignee) DO UPDATE SET n = tallies.n + excluded.n`
	cells := slices.SortedFunc(maps.Keys(m), func(a, b cell) int {
		return strings.Compare(a.workspace+"/"+a.status+"/"+a.assignee, b.workspace+"/"+b.status+"/"+b.assignee)
	})
	var args []any
	for _, c := range cells {
		if m[c] != 0 {
			args = append(args, c.workspace, c.status, c.assignee, m[c])
		}
	}
	if err := t.insert(add, 4, args, update); err != nil {
		return fmt.Errorf("tallies: %w", err)
	}
	return nil
}
