package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"countersign/internal/chat"
	"countersign/internal/event"
)

const conversationColumns = `v.id, v.workspace, v.channel, v.contact, v.status, v.assignee, v.assignee_name, v.tier, v.preview,
	v.last_author, v.last_seq, v.last_at, v.visitor_read, v.agents_read, v.visitor_count, v.team_count, v.visitor_unread,
	v.agents_unread, v.created_at, v.snoozed_until`

// Types that are strings by another name are read as strings: database/sql would
// go through reflection for each of them.
func scanConversation(row scanner, c *chat.Conversation) error {
	return row.Scan(&c.ID, &c.Workspace, &c.Channel, &c.Contact, (*string)(&c.Status), &c.Assignee, &c.AssigneeName, (*string)(&c.Tier), &c.Preview,
		(*string)(&c.LastAuthor), &c.LastSeq, stamp{&c.LastAt}, &c.VisitorRead, &c.AgentsRead, &c.VisitorCount, &c.TeamCount,
		&c.VisitorUnread, &c.AgentsUnread, stamp{&c.CreatedAt}, stamp{&c.SnoozedUntil})
}

const messageColumns = `m.id, m.workspace, m.channel, m.conversation, m.contact, m.seq, m.audience, m.author, m.author_id,
	m.author_name, m.text, m.client_id, m.tier, m.method, m.session, m.key_id, m.at, m.files`

func scanMessage(row scanner, m *chat.Message) error {
	return row.Scan(&m.ID, &m.Workspace, &m.Channel, &m.Conversation, &m.Contact, &m.Seq, (*string)(&m.Audience), (*string)(&m.Author), &m.AuthorID,
		&m.AuthorName, &m.Text, &m.ClientID, (*string)(&m.Tier), (*string)(&m.Method), &m.Session, &m.Key, stamp{&m.At}, attached{&m.Files})
}

// read finds what the batch's writes are about: conversations, messages that were
// sent before under the same client id, agents to be assigned.
func (s *threads) read() error {
	const conversations = `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.id IN (`
	err := s.t.lookup(conversations, 1, s.ids(), `)`, func(row scanner) error {
		c := &thread{}
		if err := scanConversation(row, &c.Conversation); err != nil {
			return err
		}
		c.was = c.cell()
		s.open[c.ID] = c
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.readRepeated(); err != nil {
		return err
	}
	if err := s.readAttachments(); err != nil {
		return err
	}
	return s.readAssignees()
}

func (s *threads) readRepeated() error {
	const query = `WITH q (conversation, author_id, client_id) AS (VALUES `
	const tail = `) SELECT ` + messageColumns + ` FROM q JOIN messages m
	ON m.conversation = q.conversation AND m.author_id = q.author_id AND m.client_id = q.client_id AND m.client_id <> ''`
	var names []any
	for _, w := range s.threads {
		if w.post == nil || w.post.Message.ID == "" || w.post.Message.ClientID == "" || s.open[w.conversation()] == nil {
			continue
		}
		author := w.post.Message.AuthorID
		if row := s.sessions[string(w.post.TokenHash)]; row != nil {
			author = row.Contact
		}
		names = append(names, w.conversation(), author, w.post.Message.ClientID)
	}
	return s.t.lookup(query, 3, names, tail, func(row scanner) error {
		var m chat.Message
		if err := scanMessage(row, &m); err != nil {
			return err
		}
		s.sent[sent{m.Conversation, m.AuthorID, m.ClientID}] = m
		return nil
	})
}

func (s *threads) readAssignees() error {
	const query = `SELECT workspace, id, name FROM agents WHERE removed_at = 0 AND id IN (`
	var ids []any
	for _, w := range s.threads {
		if w.update != nil && w.update.Assignee != nil && *w.update.Assignee != "" {
			ids = append(ids, *w.update.Assignee)
		}
	}
	return s.t.lookup(query, 1, ids, `)`, func(row scanner) error {
		var workspace, id, name string
		if err := row.Scan(&workspace, &id, &name); err != nil {
			return err
		}
		s.agents[workspace+"/"+id] = name
		return nil
	})
}

// write puts the batch's conversations, numbers and messages into rows.
func (s *threads) write() error {
	const conversations = `INSERT INTO conversations (id, workspace, channel, contact, status, assignee, assignee_name, tier, preview,
	last_author, last_seq, last_at, visitor_read, agents_read, visitor_count, team_count, visitor_unread, agents_unread,
	created_at, snoozed_until) VALUES `
	const update = ` ON CONFLICT (id) DO UPDATE SET status = excluded.status, assignee = excluded.assignee,
	assignee_name = excluded.assignee_name, tier = excluded.tier, preview = excluded.preview, last_author = excluded.last_author,
	last_seq = excluded.last_seq, last_at = excluded.last_at, visitor_read = excluded.visitor_read, agents_read = excluded.agents_read,
	visitor_count = excluded.visitor_count, team_count = excluded.team_count, visitor_unread = excluded.visitor_unread,
	agents_unread = excluded.agents_unread, snoozed_until = excluded.snoozed_until`
	var args []any
	moved := tallies{}
	for _, c := range s.touched() {
		args = append(args, c.ID, c.Workspace, c.Channel, c.Contact, string(c.Status), c.Assignee, c.AssigneeName, string(c.Tier), c.Preview,
			string(c.LastAuthor), c.LastSeq, micros(c.LastAt), c.VisitorRead, c.AgentsRead, c.VisitorCount, c.TeamCount,
			c.VisitorUnread, c.AgentsUnread, micros(c.CreatedAt), micros(c.SnoozedUntil))
		moved.move(c.was, c.cell())
	}
	if err := s.t.insert(conversations, 20, args, update); err != nil {
		return fmt.Errorf("conversations: %w", err)
	}
	if err := s.writeMessages(); err != nil {
		return fmt.Errorf("messages: %w", err)
	}
	if err := s.writeAttachments(); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	return moved.write(s.t)
}

const insertMessages = `INSERT INTO messages (seq, id, workspace, channel, conversation, contact, audience, author, author_id, author_name,
	text, client_id, realm, tier, method, session, key_id, at, files) VALUES `

func (s *threads) writeMessages() error {
	args := make([]any, 0, 19*len(s.messages))
	for i := range s.messages {
		m := &s.messages[i]
		args = append(args, m.Seq, m.ID, m.Workspace, m.Channel, m.Conversation, m.Contact, string(m.Audience), string(m.Author),
			m.AuthorID, m.AuthorName, m.Text, m.ClientID, s.realms[m.Session], string(m.Tier), string(m.Method), m.Session, m.Key, micros(m.At), attachedText(m.Files))
	}
	return s.t.insert(insertMessages, 19, args, "")
}

// Conversations of one contact, newest first.
func (db *DB) Conversations(ctx context.Context, workspace, contact string, before chat.Cursor, limit int) ([]chat.Conversation, error) {
	const newest = `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.contact = $1 AND v.workspace = $2
	ORDER BY v.last_at DESC, v.id DESC LIMIT $3`
	const older = `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.contact = $1 AND v.workspace = $2
	AND (v.last_at, v.id) < ($4, $5) ORDER BY v.last_at DESC, v.id DESC LIMIT $3`
	query, args := newest, []any{contact, workspace, limit}
	if !before.At.IsZero() {
		query, args = older, append(args, micros(before.At), before.ID)
	}
	list, err := db.conversations(ctx, query, args)
	if err != nil {
		return nil, fmt.Errorf("store: conversations: %w", err)
	}
	return list, nil
}

func (db *DB) conversations(ctx context.Context, query string, args []any) ([]chat.Conversation, error) {
	var list []chat.Conversation
	err := db.rows(ctx, query, args, func(row scanner) error {
		list = append(list, chat.Conversation{})
		return scanConversation(row, &list[len(list)-1])
	})
	return list, err
}

// Conversation of one contact, or for agents (contact is empty) any of the workspace.
func (db *DB) Conversation(ctx context.Context, workspace, contact, id string) (chat.Conversation, error) {
	const query = `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.id = $1 AND v.workspace = $2 AND ($3 = '' OR v.contact = $3)`
	list, err := db.conversations(ctx, query, []any{id, workspace, contact})
	if err != nil {
		return chat.Conversation{}, fmt.Errorf("store: conversation: %w", err)
	}
	if len(list) == 0 {
		return chat.Conversation{}, chat.ErrNotFound
	}
	return list[0], nil
}

// VisitorMessages is the one query that says visitor. Whose the thread is now
// decides, not whose it was when a message was written. What no visitor is shown is
// not even read.
func (db *DB) VisitorMessages(ctx context.Context, workspace, contact, conversation string, beforeSeq int64, limit int) ([]chat.Message, error) {
	const query = `SELECT m.id, m.seq, m.author, m.author_name, m.text, m.client_id, m.tier, m.at, m.files FROM messages m
	WHERE m.conversation = (SELECT v.id FROM conversations v WHERE v.id = $1 AND v.workspace = $2 AND v.contact = $3)
	AND m.audience = 'visitor' AND m.seq < $4 ORDER BY m.seq DESC LIMIT $5`
	list := make([]chat.Message, 0, min(limit, chat.MaxPage+1))
	err := db.page(ctx, query, []any{conversation, workspace, contact, before(beforeSeq), limit}, func(row scanner) error {
		list = append(list, chat.Message{Workspace: workspace, Conversation: conversation, Audience: event.AudienceVisitor})
		m := &list[len(list)-1]
		return row.Scan(&m.ID, &m.Seq, (*string)(&m.Author), &m.AuthorName, &m.Text, &m.ClientID, (*string)(&m.Tier), stamp{&m.At}, attached{&m.Files})
	})
	if err != nil {
		return nil, fmt.Errorf("store: messages: %w", err)
	}
	return list, nil
}

// AgentMessages has notes too.
func (db *DB) AgentMessages(ctx context.Context, workspace, conversation string, beforeSeq int64, limit int) ([]chat.Message, error) {
	const query = `SELECT ` + messageColumns + ` FROM messages m
	WHERE m.conversation = $1 AND m.workspace = $2 AND m.audience IN ('visitor', 'agents') AND m.seq < $3
	ORDER BY m.seq DESC LIMIT $4`
	return db.messages(ctx, query, conversation, workspace, before(beforeSeq), limit)
}

func (db *DB) messages(ctx context.Context, query string, args ...any) ([]chat.Message, error) {
	var list []chat.Message
	err := db.rows(ctx, query, args, func(row scanner) error {
		list = append(list, chat.Message{})
		return scanMessage(row, &list[len(list)-1])
	})
	if err != nil {
		return nil, fmt.Errorf("store: messages: %w", err)
	}
	return list, nil
}

// before turns "from the newest end" into a sequence that every message is below.
func before(seq int64) int64 {
	if seq <= 0 {
		return 1<<63 - 1
	}
	return seq
}

// absent says whether a read found nothing.
func absent(err error) bool { return errors.Is(err, sql.ErrNoRows) }
