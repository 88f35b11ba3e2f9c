package chat

import (
	"context"
	"time"

	"countersign/identity/policy"
	"countersign/internal/event"
)

// Me stands for the asking agent wherever an assignee is named.
const Me = "me"

// Nobody is the assignee of a View that wants what is assigned to nobody.
const Nobody = "none"

// Row is a conversation as a list of agents shows it.
type Row struct {
	Conversation
	Person Contact
	Label  string // what to call the person, empty for somebody who said nothing; see label
}

// maxSearchBytes bounds what is looked for.
const maxSearchBytes = 200

// Inbox is one list of conversations, latest first. next is zero at the end.
func (c *Chat) Inbox(ctx context.Context, who policy.Principal, view View) (rows []Row, next Cursor, err error) {
	if err := c.agent(who, policy.ReadConversations); err != nil {
		return nil, Cursor{}, err
	}
	if view.Assignee == Me {
		view.Assignee = who.ID()
	}
	view.Search = cut(view.Search, maxSearchBytes)
	limit := page(view.Limit, 50)
	view.Limit = limit + 1
	list, err := c.store.Inbox(ctx, who.Workspace(), view)
	if err != nil {
		return nil, Cursor{}, err
	}
	list, next = cutPage(list, limit)
	rows, err = c.rows(ctx, who.Workspace(), list)
	return rows, next, err
}

// rows adds whose they are, in two queries for the whole page.
func (c *Chat) rows(ctx context.Context, workspace string, list []Conversation) ([]Row, error) {
	if len(list) == 0 {
		return nil, nil
	}
	seen := map[string]bool{}
	var ids []string
	for _, conversation := range list {
		if !seen[conversation.Contact] {
			seen[conversation.Contact] = true
			ids = append(ids, conversation.Contact)
		}
	}
	people, labels, err := c.called(ctx, workspace, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(list))
	for i, conversation := range list {
		person := people[conversation.Contact]
		rows[i] = Row{Conversation: conversation, Person: person, Label: labels[person.ID]}
	}
	return rows, nil
}

// called is who these contacts are and what to call each :: id → label.
func (c *Chat) called(ctx context.Context, workspace string, ids []string) (map[string]Contact, map[string]string, error) {
	people, err := c.store.Contacts(ctx, workspace, ids)
	if err != nil {
		return nil, nil, err
	}
	attributes, err := c.store.NamesOf(ctx, workspace, ids)
	if err != nil {
		return nil, nil, err
	}
	only, err := c.onlySigned(ctx, workspace)
	if err != nil {
		return nil, nil, err
	}
	of := map[string][]Attribute{}
	for _, a := range believed(attributes, only) {
		of[a.Contact] = append(of[a.Contact], a)
	}
	labels := make(map[string]string, len(people))
	for id, person := range people {
		labels[id] = label(person, of[id])
	}
	return people, labels, nil
}

// Counts are the numbers beside the inbox's lists.
func (c *Chat) Counts(ctx context.Context, who policy.Principal) (Counts, error) {
	if err := c.agent(who, policy.ReadConversations); err != nil {
		return Counts{}, err
	}
	return c.store.InboxCounts(ctx, who.Workspace(), who.ID())
}

// Thread answers with one conversation of the workspace.
func (c *Chat) Thread(ctx context.Context, who policy.Principal, id string) (Row, error) {
	if err := c.agent(who, policy.ReadConversations); err != nil {
		return Row{}, err
	}
	conversation, err := c.anyones(ctx, who, id)
	if err != nil {
		return Row{}, err
	}
	return c.row(ctx, who.Workspace(), conversation)
}

func (c *Chat) row(ctx context.Context, workspace string, conversation Conversation) (Row, error) {
	rows, err := c.rows(ctx, workspace, []Conversation{conversation})
	if err != nil {
		return Row{}, err
	}
	return rows[0], nil
}

// anyones reads a conversation of the principal's workspace, whoever's it is.
func (c *Chat) anyones(ctx context.Context, who policy.Principal, id string) (Conversation, error) {
	if !validID(id) {
		return Conversation{}, ErrNotFound
	}
	return c.store.Conversation(ctx, who.Workspace(), "", id)
}

// ThreadMessages is a page of a thread with its notes, oldest first.
func (c *Chat) ThreadMessages(ctx context.Context, who policy.Principal, id string, before int64, limit int) (list []Message, more bool, err error) {
	if err := c.agent(who, policy.ReadConversations); err != nil {
		return nil, false, err
	}
	if !validID(id) {
		return nil, false, ErrNotFound
	}
	limit = page(limit, 30)
	list, err = c.store.AgentMessages(ctx, who.Workspace(), id, max(before, 0), limit+1)
	if err == nil && len(list) == 0 {
		_, err = c.anyones(ctx, who, id)
	}
	if err != nil {
		return nil, false, err
	}
	list, more = oldestFirst(list, limit)
	return list, more, nil
}

// Answer is what an agent writes: a reply to the visitor, or a note among agents.
type Answer struct {
	Writing
	Name   string // of the agent, as the visitor is shown it
	Note   bool   // no visitor sees it
	Reopen bool   // a closed conversation opens again; a reply alone leaves it closed
}

// Reply writes into a thread in the agent's name.
func (c *Chat) Reply(ctx context.Context, who policy.Principal, conversation string, answer Answer) (Posted, error) {
	if err := c.writer(who, policy.ReplyConversations); err != nil {
		return Posted{}, err
	}
	if !validID(conversation) {
		return Posted{}, ErrNotFound
	}
	text, err := answer.clean()
	if err != nil {
		return Posted{}, err
	}
	client, err := cleanClientID(answer.ClientID)
	if err != nil {
		return Posted{}, err
	}
	audience := event.AudienceVisitor
	if answer.Note {
		audience = event.AudienceAgents
	}
	now := c.pulse.Now()
	return c.store.Post(ctx, Post{
		Message: Message{
			ID: event.NewID("msg", now), Workspace: who.Workspace(), Conversation: conversation, Audience: audience,
			Author: ByTeam, AuthorID: who.ID(), AuthorName: cut(answer.Name, 100), Text: text, ClientID: client, At: now,
		},
		Files: answer.Files, Login: who.Login(), Reopen: answer.Reopen && !answer.Note,
	})
}

// ReadThread says that the team has read a thread up to seq.
func (c *Chat) ReadThread(ctx context.Context, who policy.Principal, conversation string, seq int64) error {
	if err := c.writer(who, policy.ReadConversations); err != nil {
		return err
	}
	if seq < 0 {
		return invalid("seq is negative")
	}
	if !validID(conversation) {
		return ErrNotFound
	}
	return c.store.MarkRead(ctx, ReadMark{
		Workspace: who.Workspace(), Conversation: conversation, Side: ByTeam, Seq: seq, Login: who.Login(), Agent: who.ID(), At: c.pulse.Now(),
	})
}

// ReplyTyping tells the visitor that an agent is writing to it; nothing is kept.
// A door calls it for replies alone, never while a note is written.
func (c *Chat) ReplyTyping(ctx context.Context, who policy.Principal, conversation, name string) error {
	if err := c.writer(who, policy.ReplyConversations); err != nil {
		return err
	}
	thread, err := c.anyones(ctx, who, conversation)
	if err != nil {
		return err
	}
	c.signal(typing(thread, Author{Kind: ByTeam, Name: cut(name, 100)}, who.ID(), c.pulse))
	return nil
}

// Change is what an agent makes of a conversation; nil leaves as it is.
type Change struct {
	Status       *Status
	Assignee     *string // agent id, Me, or "" for nobody: the door knows the workspace's agents and their names
	AssigneeName string
	SnoozedUntil time.Time // with Status Snoozed: later than now
}

// Update changes a conversation's status or assignee.
func (c *Chat) Update(ctx context.Context, who policy.Principal, conversation string, change Change) (Row, error) {
	if err := c.writer(who, policy.ReplyConversations); err != nil {
		return Row{}, err
	}
	if !validID(conversation) {
		return Row{}, ErrNotFound
	}
	now := c.pulse.Now()
	if err := change.check(now); err != nil {
		return Row{}, err
	}
	update := Update{
		Workspace: who.Workspace(), Conversation: conversation, Agent: who.ID(), Login: who.Login(),
		Status: change.Status, Assignee: change.Assignee, SnoozedUntil: change.SnoozedUntil, At: now,
	}
	if change.Assignee != nil && *change.Assignee != "" {
		update.AssigneeName = cut(change.AssigneeName, 100)
		if *change.Assignee == Me {
			me := who.ID()
			update.Assignee = &me
		}
	}
	updated, err := c.store.UpdateConversation(ctx, update)
	if err != nil {
		return Row{}, err
	}
	return c.row(ctx, who.Workspace(), updated)
}

// maxSnooze is as far ahead as anybody plans an answer.
const maxSnooze = 366 * 24 * time.Hour

func (change Change) check(now time.Time) error {
	if change.Status == nil && change.Assignee == nil {
		return invalid("nothing to change")
	}
	if change.Assignee != nil && *change.Assignee != "" && !validID(*change.Assignee) {
		return invalid("no agent has this id")
	}
	snoozes := change.Status != nil && *change.Status == Snoozed
	switch {
	case change.Status == nil:
	case *change.Status != Open && *change.Status != Closed && !snoozes:
		return invalid("status is none of open, snoozed and closed")
	case snoozes && (!change.SnoozedUntil.After(now) || change.SnoozedUntil.After(now.Add(maxSnooze))):
		return invalid("snoozed_until is not within the next year")
	}
	if !snoozes && !change.SnoozedUntil.IsZero() {
		return invalid("snoozed_until goes with status snoozed")
	}
	return nil
}
