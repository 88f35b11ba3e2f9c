package store

import (
	"context"
	"fmt"

	"countersign/internal/event"
)

// Head is the state of the log.
func (db *DB) Head(ctx context.Context) (event.Head, error) {
	var head event.Head
	err := db.row(ctx, `SELECT seq, epoch, `+db.engine.clock+` FROM head WHERE id = 1`, nil, &head.Seq, &head.Epoch, stamp{&head.Now})
	if err != nil {
		return event.Head{}, fmt.Errorf("store: head: %w", err)
	}
	return head, nil
}

const (
	visitorColumnsOfEvents = `seq, workspace, audience, kind, channel, contact, conversation, session, key_id, agent, at, body, ''`
	eventColumns           = `seq, workspace, audience, kind, channel, contact, conversation, session, key_id, agent, at, body, agents_body`
)

// Since answers with events of every audience, oldest first.
func (db *DB) Since(ctx context.Context, after int64, limit int) ([]event.Event, error) {
	const query = `SELECT ` + eventColumns + ` FROM events WHERE seq > $1 ORDER BY seq LIMIT $2`
	return db.events(ctx, query, after, limit)
}

// VisitorEvents is the one query that says visitor. Whose the thread is now decides,
// not whose it was when something happened in it.
func (db *DB) VisitorEvents(ctx context.Context, workspace, contact string, after int64, limit int) ([]event.Event, error) {
	const query = `SELECT ` + visitorColumnsOfEvents + ` FROM events
	WHERE contact = $1 AND workspace = $2 AND audience = 'visitor' AND seq > $3
	AND EXISTS (SELECT 1 FROM conversations v WHERE v.id = events.conversation AND v.contact = $1) ORDER BY seq LIMIT $4`
	if contact == "" {
		return nil, nil
	}
	return db.events(ctx, query, contact, workspace, after, limit)
}

// AgentEvents answers with what agents of the workspace may see, oldest first.
func (db *DB) AgentEvents(ctx context.Context, workspace string, after int64, limit int) ([]event.Event, error) {
	const query = `SELECT ` + eventColumns + ` FROM events
	WHERE workspace = $1 AND audience IN ('visitor', 'agents') AND audience <> 'system' AND seq > $2 ORDER BY seq LIMIT $3`
	return db.events(ctx, query, workspace, after, limit)
}

func (db *DB) events(ctx context.Context, query string, args ...any) ([]event.Event, error) {
	var list []event.Event
	err := db.rows(ctx, query, args, func(row scanner) error {
		var e event.Event
		var body, agents string
		err := row.Scan(&e.Seq, &e.Workspace, (*string)(&e.Audience), (*string)(&e.Kind), &e.Channel, &e.Contact, &e.Conversation, &e.Session, &e.Key,
			&e.Agent, stamp{&e.At}, &body, &agents)
		e.Body = []byte(body)
		if agents != "" {
			e.AgentsBody = []byte(agents)
		}
		list = append(list, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: events: %w", err)
	}
	return list, nil
}
