package store

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/event"
)

// Post writes message, event and conversation together with whatever else waits.
func (db *DB) Post(ctx context.Context, post chat.Post) (chat.Posted, error) {
	w := &threadWrite{post: &post}
	if err := db.writer.share(ctx, w); err != nil {
		return chat.Posted{}, fmt.Errorf("post: %w", err)
	}
	return w.posted, nil
}

// MarkRead moves one side's read mark forward.
func (db *DB) MarkRead(ctx context.Context, mark chat.ReadMark) error {
	if err := db.writer.share(ctx, &threadWrite{mark: &mark}); err != nil {
		return fmt.Errorf("mark read: %w", err)
	}
	return nil
}

// UpdateConversation changes status or assignee.
func (db *DB) UpdateConversation(ctx context.Context, update chat.Update) (chat.Conversation, error) {
	w := &threadWrite{update: &update}
	if err := db.writer.share(ctx, w); err != nil {
		return chat.Conversation{}, fmt.Errorf("update conversation: %w", err)
	}
	return w.posted.Conversation, nil
}

// threadWrite is a write into one conversation: a post, a read mark, an update or
// the end of a snooze.
type threadWrite struct {
	post   *chat.Post
	mark   *chat.ReadMark
	update *chat.Update
	wake   string // id of a conversation whose time has come
	posted chat.Posted
	err    error
}

func (w *threadWrite) refusal() error { return w.err }

func (w *threadWrite) join(b *batch) {
	w.err, w.posted = nil, chat.Posted{}
	switch {
	case w.post != nil:
		b.needSession(w.post.TokenHash)
		b.needLogin(w.post.Login)
	case w.mark != nil:
		b.needSession(w.mark.TokenHash)
		b.needLogin(w.mark.Login)
	case w.update != nil:
		b.needLogin(w.update.Login)
	}
	b.threads = append(b.threads, w)
}

func (w *threadWrite) conversation() string {
	switch {
	case w.post != nil && w.post.Create != nil:
		return w.post.Create.ID
	case w.post != nil:
		return w.post.Message.Conversation
	case w.mark != nil:
		return w.mark.Conversation
	case w.update != nil:
		return w.update.Conversation
	}
	return w.wake
}

// thread is a conversation while a batch writes into it.
type thread struct {
	chat.Conversation
	was   cell // where the inbox counts it
	dirty bool
}

// cell is one number of the inbox; the zero cell counts nothing.
type cell struct{ workspace, status, assignee string }

func (c *thread) cell() cell { return cell{c.Workspace, string(c.Status), c.Assignee} }

// sent names a message as its sender does.
type sent struct{ conversation, author, client string }

// threads is the state of one batch's writing.
type threads struct {
	*batch
	t        *tx
	open     map[string]*thread // :: conversation id → as it is by now
	sent     map[sent]chat.Message
	agents   map[string]string // :: workspace/id → name, of live agents who are to be assigned
	realms   map[string]string // :: session → the realm in which it proved
	messages []chat.Message
	waiting  map[string]*chat.Attachment // :: id → file that a post of the batch may take along
	taken    []*chat.Attachment
}

func (b *batch) writeThreads(t *tx) error {
	if len(b.threads) == 0 {
		return nil
	}
	s := &threads{batch: b, t: t, open: map[string]*thread{}, sent: map[sent]chat.Message{}, agents: map[string]string{}, realms: map[string]string{}, waiting: map[string]*chat.Attachment{}}
	if err := s.read(); err != nil {
		return err
	}
	for _, w := range b.threads {
		var err error
		switch {
		case w.post != nil:
			w.err = s.apply(w)
		case w.mark != nil:
			w.err, err = s.markRead(w.mark)
		case w.update != nil:
			w.err = s.change(w)
		default:
			s.wakeUp(w)
		}
		if err != nil {
			return err
		}
	}
	return s.write()
}

// apply decides one post. It writes into memory alone, and only after every check.
func (s *threads) apply(w *threadWrite) error {
	m, c, fresh, err := s.admit(w.post)
	if err != nil {
		return err
	}
	if m.ID == "" {
		if fresh {
			s.open[c.ID], c.dirty = c, true
			s.t.append(chat.ConversationEvent(event.ConversationCreated, c.Conversation, c.CreatedAt))
		}
		w.posted = chat.Posted{Conversation: c.Conversation, Repeated: !fresh}
		return nil
	}
	name := sent{c.ID, m.AuthorID, m.ClientID}
	if first, repeated := s.sent[name]; repeated && m.ClientID != "" {
		w.posted = chat.Posted{Message: first, Conversation: c.Conversation, Repeated: true}
		return nil
	}
	if err := s.takeFiles(w.post, &m); err != nil {
		return err
	}
	if fresh {
		s.open[c.ID] = c
	}
	m = s.say(c, m, fresh, w.post.Reopen)
	s.sent[name] = m
	w.posted = chat.Posted{Message: m, Conversation: c.Conversation}
	return nil
}

// say writes a message into a conversation and appends what happened.
func (s *threads) say(c *thread, m chat.Message, fresh, reopen bool) chat.Message {
	before := c.Conversation
	m.Seq = s.t.seq + 1
	if fresh {
		m.Seq++ // the conversation's own event comes first
	}
	if m.Audience == event.AudienceVisitor {
		hear(c, m)
	}
	if reopen && c.Status != chat.Open {
		c.Status, c.SnoozedUntil = chat.Open, time.Time{}
	}
	c.dirty = fresh || c.dirty || c.Conversation != before
	if fresh {
		s.t.append(chat.ConversationEvent(event.ConversationCreated, c.Conversation, c.CreatedAt))
	}
	s.t.append(chat.MessageEvent(m))
	if !fresh && (c.Status != before.Status || c.Tier != before.Tier) {
		s.t.append(chat.ChangeEvent(before, c.Conversation, m.At))
	}
	s.messages = append(s.messages, m)
	return m
}

// hear is what a visible message does to its conversation. Who writes has read.
func hear(c *thread, m chat.Message) {
	c.Preview, c.LastAuthor, c.LastSeq = chat.PreviewOf(m), m.Author, m.Seq
	if m.At.After(c.LastAt) {
		c.LastAt = m.At
	}
	switch m.Author {
	case chat.ByVisitor:
		c.Tier = m.Tier
		c.VisitorCount++
		c.AgentsUnread++
		c.VisitorRead, c.VisitorUnread = m.Seq, 0
	case chat.ByTeam:
		c.TeamCount++
		c.VisitorUnread++
		c.AgentsRead, c.AgentsUnread = m.Seq, 0
	default:
		c.VisitorUnread++
	}
}

// admit checks who writes and into what. The message comes back with what the
// rights that were read in this transaction say of its author.
func (s *threads) admit(p *chat.Post) (m chat.Message, c *thread, fresh bool, err error) {
	m = p.Message
	if m.At.IsZero() {
		m.At = s.t.now
	}
	m.At = m.At.UTC().Truncate(time.Microsecond)
	if m.Audience == "" {
		m.Audience = event.AudienceVisitor
	}
	switch {
	case len(p.TokenHash) > 0:
		c, fresh, err = s.admitVisitor(p, &m)
	case p.Login != "":
		c, err = s.admitAgent(p, &m)
	case m.ID != "" && m.Author == chat.ByProgram && p.Create == nil:
		if c = s.open[m.Conversation]; c == nil || c.Workspace != m.Workspace {
			return m, nil, false, chat.ErrNotFound
		}
	default:
		return m, nil, false, chat.ErrSessionEnded // nobody's right was named
	}
	if err != nil {
		return m, nil, false, err
	}
	m.Workspace, m.Conversation, m.Channel, m.Contact = c.Workspace, c.ID, c.Channel, c.Contact
	return m, c, fresh, nil
}

func (s *threads) admitVisitor(p *chat.Post, m *chat.Message) (*thread, bool, error) {
	row, session := s.session(s.t, p.TokenHash)
	if session == nil {
		return nil, false, chat.ErrSessionEnded
	}
	c, fresh, err := s.target(p, row)
	if err != nil {
		return nil, false, err
	}
	m.Audience, m.Author, m.AuthorID, m.AuthorName = event.AudienceVisitor, chat.ByVisitor, session.Contact, ""
	m.Session, m.Key, m.Tier, m.Method = session.ID, row.key, row.tier, row.method
	s.realms[session.ID] = session.Realm
	return c, fresh, nil
}

func (s *threads) admitAgent(p *chat.Post, m *chat.Message) (*thread, error) {
	login := s.login(s.t, p.Login, m.AuthorID, policy.ReplyConversations)
	if login == nil || m.ID == "" || p.Create != nil {
		return nil, chat.ErrSessionEnded
	}
	c := s.open[m.Conversation]
	if c == nil || c.Workspace != login.Workspace || m.Workspace != login.Workspace {
		return nil, chat.ErrNotFound
	}
	m.Author, m.Session, m.Key, m.Tier, m.Method = chat.ByTeam, "", "", "", ""
	if m.AuthorName == "" {
		m.AuthorName = login.agent.Name
	}
	return c, nil
}

// target is the visitor's conversation that a post goes to: one that is there, or
// the one that it makes. Somebody else's looks as if it were not there.
func (s *threads) target(p *chat.Post, session *sessionRow) (c *thread, fresh bool, err error) {
	id := p.Message.Conversation
	if p.Create != nil {
		id = p.Create.ID
		if p.Create.Workspace != session.Workspace {
			return nil, false, chat.ErrNotFound
		}
	}
	if p.Message.ID != "" && (p.Message.Workspace != session.Workspace || p.Message.Contact != "" && p.Message.Contact != session.Contact) {
		return nil, false, chat.ErrNotFound
	}
	if c = s.open[id]; c != nil {
		if c.Workspace != session.Workspace || c.Contact != session.Contact {
			return nil, false, chat.ErrNotFound
		}
		return c, false, nil
	}
	if p.Create == nil || id == "" {
		return nil, false, chat.ErrNotFound
	}
	return &thread{Conversation: s.made(*p.Create, session)}, true, nil
}

// made is a new conversation as it begins, whatever its caller filled in.
func (s *threads) made(c chat.Conversation, session *sessionRow) chat.Conversation {
	if c.CreatedAt.IsZero() {
		c.CreatedAt = s.t.now
	}
	c.CreatedAt = c.CreatedAt.UTC().Truncate(time.Microsecond)
	return chat.Conversation{
		ID: c.ID, Workspace: session.Workspace, Channel: session.Channel, Contact: session.Contact,
		Status: chat.Open, Tier: session.tier, CreatedAt: c.CreatedAt, LastAt: c.CreatedAt,
	}
}

// change is an agent's word on status or assignee.
func (s *threads) change(w *threadWrite) error {
	u := w.update
	login := s.login(s.t, u.Login, u.Agent, policy.ReplyConversations)
	if login == nil || login.Workspace != u.Workspace {
		return chat.ErrSessionEnded
	}
	c := s.open[u.Conversation]
	if c == nil || c.Workspace != u.Workspace {
		return chat.ErrNotFound
	}
	next := c.Conversation
	if u.Assignee != nil {
		name, known := s.agents[u.Workspace+"/"+*u.Assignee]
		if *u.Assignee != "" && !known {
			return fmt.Errorf("%w: nobody can be assigned by this id", chat.ErrInvalid)
		}
		next.Assignee, next.AssigneeName = *u.Assignee, name
		if u.AssigneeName != "" && *u.Assignee != "" {
			next.AssigneeName = u.AssigneeName
		}
	}
	if u.Status != nil {
		next.Status, next.SnoozedUntil = *u.Status, time.Time{}
		if *u.Status == chat.Snoozed {
			next.SnoozedUntil = u.SnoozedUntil.UTC().Truncate(time.Microsecond)
		}
	}
	if next != c.Conversation {
		s.t.append(chat.ChangeEvent(c.Conversation, next, u.At))
		c.Conversation, c.dirty = next, true
	}
	w.posted.Conversation = c.Conversation
	return nil
}

// markRead moves a mark forward, not past the last message, and counts what is
// unread after it.
func (s *threads) markRead(mark *chat.ReadMark) (refusal, err error) {
	c := s.open[mark.Conversation]
	switch mark.Side {
	case chat.ByVisitor:
		_, session := s.session(s.t, mark.TokenHash)
		if session == nil {
			return chat.ErrSessionEnded, nil
		}
		if c == nil || c.Workspace != session.Workspace || c.Contact != session.Contact || mark.Workspace != session.Workspace {
			return chat.ErrNotFound, nil
		}
	case chat.ByTeam:
		login := s.login(s.t, mark.Login, mark.Agent, policy.ReadConversations)
		if login == nil || login.Workspace != mark.Workspace {
			return chat.ErrSessionEnded, nil
		}
		if c == nil || c.Workspace != mark.Workspace {
			return chat.ErrNotFound, nil
		}
	default:
		return fmt.Errorf("%w: nobody reads as %q", chat.ErrInvalid, mark.Side), nil
	}
	return nil, s.move(c, mark)
}

func (s *threads) move(c *thread, mark *chat.ReadMark) error {
	at, read, unread := min(mark.Seq, c.LastSeq), &c.VisitorRead, &c.VisitorUnread
	if mark.Side == chat.ByTeam {
		read, unread = &c.AgentsRead, &c.AgentsUnread
	}
	if at <= *read {
		return nil
	}
	*read, *unread, c.dirty = at, 0, true
	if at < c.LastSeq {
		n, err := s.unread(c.ID, mark.Side, at)
		if err != nil {
			return err
		}
		*unread = n
	}
	s.t.append(chat.ReadEvent(c.Conversation, *mark))
	return nil
}

// unread counts the visible messages after a mark that are news to its side,
// those of this batch included. What the program says is news to the visitor.
func (s *threads) unread(conversation string, side chat.AuthorKind, after int64) (int64, error) {
	const fromVisitor = `SELECT COUNT(*) FROM messages WHERE conversation = $1 AND seq > $2 AND audience = 'visitor' AND author = 'visitor'`
	const fromTeam = `SELECT COUNT(*) FROM messages WHERE conversation = $1 AND seq > $2 AND audience = 'visitor' AND author <> 'visitor'`
	query := fromTeam
	if side == chat.ByTeam {
		query = fromVisitor
	}
	var n int64
	if err := s.t.row(query, []any{conversation, after}, &n); err != nil {
		return 0, err
	}
	for i := range s.messages {
		m := &s.messages[i]
		if m.Conversation == conversation && m.Seq > after && m.Audience == event.AudienceVisitor &&
			(m.Author == chat.ByVisitor) == (side == chat.ByTeam) {
			n++
		}
	}
	return n, nil
}

// ids are the conversations of the batch in order: two nodes that write into the
// same ones reach them in the same order.
func (s *threads) ids() []any {
	seen := map[string]bool{}
	var ids []string
	for _, w := range s.threads {
		if id := w.conversation(); id != "" && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}

// touched are the conversations to be written, in the order of their ids.
func (s *threads) touched() []*thread {
	var list []*thread
	for _, c := range s.open {
		if c.dirty {
			list = append(list, c)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].ID < list[j].ID })
	return list
}
