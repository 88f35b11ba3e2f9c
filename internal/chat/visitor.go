package chat

import (
	"context"
	"slices"

	"countersign/internal/event"
)

// Writing is a message as its sender hands it in.
type Writing struct {
	Text     string
	ClientID string   // the sender's own name for it: the same one again is the same message; empty: one is made
	Files    []string // ids of files that were handed in; with one, the text may be empty
}

// Conversations lists the visitor's own, newest first. next is zero at the end.
func (c *Chat) Conversations(ctx context.Context, s Session, before Cursor, limit int) (list []Conversation, next Cursor, err error) {
	if err := c.check(ctx, &s); err != nil {
		return nil, Cursor{}, err
	}
	if s.Contact == "" {
		return nil, Cursor{}, ErrNotFound
	}
	limit = page(limit, 20)
	list, err = c.store.Conversations(ctx, s.Workspace, s.Contact, before, limit+1)
	if err != nil {
		return nil, Cursor{}, err
	}
	list, next = cutPage(list, limit)
	for i := range list {
		list[i] = forVisitor(list[i])
	}
	return list, next, nil
}

// cutPage drops the one row that was asked for to learn whether there are more.
func cutPage(list []Conversation, limit int) ([]Conversation, Cursor) {
	if len(list) <= limit {
		return list, Cursor{}
	}
	last := list[limit-1]
	return list[:limit], Cursor{At: last.LastAt, ID: last.ID}
}

// Conversation answers with one of the visitor's own.
func (c *Chat) Conversation(ctx context.Context, s Session, id string) (Conversation, error) {
	if err := c.check(ctx, &s); err != nil {
		return Conversation{}, err
	}
	own, err := c.owned(ctx, s, id)
	return forVisitor(own), err
}

// Create begins a conversation, with its first message if writing has a text or files. The
// same ClientID again is the same conversation: its id is made from it.
func (c *Chat) Create(ctx context.Context, s Session, writing Writing) (Posted, error) {
	if err := c.check(ctx, &s); err != nil {
		return Posted{}, err
	}
	now := c.pulse.Now()
	if s.Contact == "" {
		return Posted{}, ErrNotFound
	}
	conversation := Conversation{
		ID: event.NewID("cnv", now), Workspace: s.Workspace, Channel: s.Channel, Contact: s.Contact,
		Status: Open, Tier: s.Standing.Tier(), CreatedAt: now, LastAt: now,
	}
	if writing.ClientID != "" {
		if _, err := cleanClientID(writing.ClientID); err != nil {
			return Posted{}, err
		}
		conversation.ID = "cnv_" + digestText("conversation", s.Contact, writing.ClientID)[:26]
	}
	post := Post{TokenHash: s.token, Create: &conversation}
	if writing.Text != "" || len(writing.Files) > 0 {
		message, err := c.message(s, conversation.ID, writing)
		if err != nil {
			return Posted{}, err
		}
		post.Message, post.Files = message, writing.Files
	} else {
		post.Message = Message{Workspace: s.Workspace, Conversation: conversation.ID, Contact: s.Contact, Channel: s.Channel, Author: ByVisitor, At: now}
	}
	if !c.beginning.admit(s.Contact, now) || post.Message.ID != "" && !c.posting.admit(s.Contact, now) {
		return Posted{}, ErrTooMany
	}
	return c.post(ctx, post)
}

func (c *Chat) post(ctx context.Context, post Post) (Posted, error) {
	posted, err := c.store.Post(ctx, post)
	posted.Conversation = forVisitor(posted.Conversation)
	return posted, err
}

// Post writes into one of the visitor's own conversations; a closed one opens again.
func (c *Chat) Post(ctx context.Context, s Session, conversation string, writing Writing) (Posted, error) {
	if err := c.check(ctx, &s); err != nil {
		return Posted{}, err
	}
	if s.Contact == "" || !validID(conversation) {
		return Posted{}, ErrNotFound
	}
	message, err := c.message(s, conversation, writing)
	if err != nil {
		return Posted{}, err
	}
	if !c.posting.admit(s.Contact, message.At) {
		return Posted{}, ErrTooMany
	}
	return c.post(ctx, Post{Message: message, Files: writing.Files, TokenHash: s.token, Reopen: true})
}

// message is what the visitor wrote, with what the session had proved at that moment.
func (c *Chat) message(s Session, conversation string, writing Writing) (Message, error) {
	text, err := writing.clean()
	if err != nil {
		return Message{}, err
	}
	client, err := cleanClientID(writing.ClientID)
	if err != nil {
		return Message{}, err
	}
	now := c.pulse.Now()
	return Message{
		ID: event.NewID("msg", now), Workspace: s.Workspace, Channel: s.Channel, Conversation: conversation, Contact: s.Contact,
		Audience: event.AudienceVisitor, Author: ByVisitor, AuthorID: s.Contact, Text: text, ClientID: client,
		Tier: s.Standing.Tier(), Method: s.Standing.Method(), Session: s.ID, Key: s.Standing.Key(), At: now,
	}, nil
}

// Messages is a page of one of the visitor's own conversations, oldest first: the
// newest before a sequence (0: the newest of all). more says whether there are older ones.
func (c *Chat) Messages(ctx context.Context, s Session, conversation string, before int64, limit int) (list []Message, more bool, err error) {
	if err := c.check(ctx, &s); err != nil {
		return nil, false, err
	}
	if s.Contact == "" || !validID(conversation) {
		return nil, false, ErrNotFound
	}
	limit = page(limit, 20)
	list, err = c.store.VisitorMessages(ctx, s.Workspace, s.Contact, conversation, max(before, 0), limit+1)
	if err == nil && len(list) == 0 { // an empty page of one's own, or any page of another's
		_, err = c.owned(ctx, s, conversation)
	}
	if err != nil {
		return nil, false, err
	}
	list, more = oldestFirst(list, limit)
	return list, more, nil
}

// oldestFirst turns a page that was read newest first, with one row beyond it.
func oldestFirst(list []Message, limit int) ([]Message, bool) {
	more := len(list) > limit
	if more {
		list = list[:limit]
	}
	slices.Reverse(list)
	return list, more
}

// MarkRead says that the visitor has read one of its own conversations up to seq.
func (c *Chat) MarkRead(ctx context.Context, s Session, conversation string, seq int64) error {
	if err := c.check(ctx, &s); err != nil {
		return err
	}
	if seq < 0 {
		return invalid("seq is negative")
	}
	if s.Contact == "" || !validID(conversation) {
		return ErrNotFound
	}
	return c.store.MarkRead(ctx, ReadMark{
		Workspace: s.Workspace, Conversation: conversation, Contact: s.Contact, Side: ByVisitor, Seq: seq, TokenHash: s.token, At: c.pulse.Now(),
	})
}

// Typing tells the team that the visitor is writing; nothing is kept.
func (c *Chat) Typing(ctx context.Context, s Session, conversation string) error {
	if err := c.check(ctx, &s); err != nil {
		return err
	}
	own, err := c.owned(ctx, s, conversation)
	if err != nil {
		return err
	}
	c.signal(typing(own, Author{Kind: ByVisitor}, "", c.pulse))
	return nil
}

func typing(c Conversation, author Author, agent string, pulse *event.Pulse) event.Event {
	return event.Event{
		Workspace: c.Workspace, Audience: event.AudienceVisitor, Kind: event.Typing, Channel: c.Channel, Contact: c.Contact,
		Conversation: c.ID, Agent: agent, At: pulse.Now(), Body: encode(TypingBody{ConversationID: c.ID, Author: author}),
	}
}
