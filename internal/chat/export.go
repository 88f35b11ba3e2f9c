package chat

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
)

// File is everything that is kept of a person, as it is handed over to that person.
// What the team wrote among themselves is left out unless it is asked for: it is about
// the person and addressed to colleagues, so whether it goes along is the operator's
// choice, each time.
type File struct {
	Profile
	Sessions      []Session // ended ones too, the latest first
	Conversations []FiledThread
}

// FiledThread is a conversation with its messages, oldest first.
type FiledThread struct {
	Conversation
	Messages []Message
}

const (
	// MaxFiled messages and sessions are handed over in one file.
	MaxFiled = 100_000
	// MaxFiledBytes of messages are: the file is made in memory, and its person chose how
	// much they wrote.
	MaxFiledBytes = 64 << 20
)

// Export reads a person's file, and records that it was read.
func (c *Chat) Export(ctx context.Context, who policy.Principal, id string, notes bool) (File, error) {
	if err := c.agent(who, policy.ExportPeople); err != nil {
		return File{}, err
	}
	contact, err := c.contact(ctx, who, id)
	if err != nil {
		return File{}, err
	}
	held, err := c.store.Holdings(ctx, contact.Workspace, id)
	if err != nil {
		return File{}, err
	}
	if held.Messages > MaxFiled {
		return File{}, invalid("%d messages are more than one file carries (%d)", held.Messages, MaxFiled)
	}
	draft := audit.Draft{
		By: who.Needing(policy.ExportPeople), Workspace: contact.Workspace, Actor: who.Actor(), Action: audit.ContactExported, Subject: id,
		Detail: map[string]string{"notes": strconv.FormatBool(notes)},
	}
	if err := c.store.Record(ctx, draft); err != nil { // what cannot be recorded is not handed over
		return File{}, err
	}
	return c.file(ctx, contact, notes)
}

func (c *Chat) file(ctx context.Context, contact Contact, notes bool) (f File, err error) {
	f.Contact = contact
	if f.Links, err = c.store.LinksOf(ctx, contact.Workspace, contact.ID); err != nil {
		return File{}, err
	}
	if f.Attributes, err = c.store.AttributesOf(ctx, contact.Workspace, []string{contact.ID}); err != nil {
		return File{}, err
	}
	if f.Sessions, err = c.store.SessionsOf(ctx, contact.Workspace, contact.ID, MaxFiled, c.pulse.Now()); err != nil {
		return File{}, err
	}
	f.Label = label(contact, f.Attributes)
	room := MaxFiledBytes
	for before := (Cursor{}); ; {
		list, err := c.store.Conversations(ctx, contact.Workspace, contact.ID, before, MaxPage)
		if err != nil {
			return File{}, err
		}
		for _, conversation := range list {
			messages, err := c.messagesOf(ctx, conversation, notes, &room)
			if err != nil {
				return File{}, err
			}
			f.Conversations = append(f.Conversations, FiledThread{Conversation: conversation, Messages: messages})
			before = Cursor{At: conversation.LastAt, ID: conversation.ID}
		}
		if len(list) < MaxPage {
			return f, nil
		}
	}
}

// messagesOf reads a whole thread, page by page, if there is room for it.
func (c *Chat) messagesOf(ctx context.Context, of Conversation, notes bool, room *int) (all []Message, err error) {
	for before := int64(0); ; {
		list, err := c.store.AgentMessages(ctx, of.Workspace, of.ID, before, MaxPage)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if notes || m.Audience == event.AudienceVisitor {
				all = append(all, m)
				*room -= len(m.Text)
			}
			before = m.Seq
		}
		if *room < 0 {
			return nil, invalid("the messages are longer than one file carries (%d MB)", MaxFiledBytes>>20)
		}
		if len(list) < MaxPage {
			slices.Reverse(all)
			return all, nil
		}
	}
}

// Holdings counts what is kept of a person.
func (c *Chat) Holdings(ctx context.Context, who policy.Principal, id string) (Holdings, error) {
	if err := c.agent(who, policy.ErasePeople); err != nil {
		return Holdings{}, err
	}
	if !validID(id) {
		return Holdings{}, ErrNotFound
	}
	return c.store.Holdings(ctx, who.Workspace(), id)
}

const maxReasonBytes = 200

// Erase takes everything away that is kept of a person. Whoever proves the same
// identifier later is somebody new. The record keeps that it was done, by whom and why,
// and the numbers; a reason must not name the person, or the record would.
func (c *Chat) Erase(ctx context.Context, who policy.Principal, id, reason string) (Erasure, error) {
	if err := c.agent(who, policy.ErasePeople); err != nil {
		return Erasure{}, err
	}
	contact, err := c.contact(ctx, who, id)
	if err != nil {
		return Erasure{}, err
	}
	reason = strings.TrimSpace(cut(reason, maxReasonBytes))
	if reason == "" {
		return Erasure{}, invalid("say why, without naming the person: the reason stays in the record")
	}
	if err := c.unnamed(ctx, contact, reason); err != nil {
		return Erasure{}, err
	}
	done, err := c.store.Erase(ctx, contact.Workspace, id, audit.Draft{
		By: who.Needing(policy.ErasePeople), Workspace: contact.Workspace, Actor: who.Actor(), Action: audit.ContactErased, Subject: id,
		Detail: map[string]string{"reason": reason},
	})
	if err == nil && done.Files > 0 && !c.dropErased(ctx) {
		done.Settled = false
	}
	return done, err
}

// unnamed refuses a reason that says what is to be forgotten.
func (c *Chat) unnamed(ctx context.Context, contact Contact, reason string) error {
	links, err := c.store.LinksOf(ctx, contact.Workspace, contact.ID)
	if err != nil {
		return err
	}
	attributes, err := c.store.NamesOf(ctx, contact.Workspace, []string{contact.ID})
	if err != nil {
		return err
	}
	names := []string{textOf(attributes, "name", anyProvenance), textOf(attributes, "email", anyProvenance)}
	for _, l := range links {
		names = append(names, l.Identifier.Value)
	}
	said := identity.Fold(reason)
	for _, name := range names {
		if len(name) >= 3 && strings.Contains(said, identity.Fold(name)) {
			return invalid("the reason names the person, and would stay in the record: say it without")
		}
	}
	return nil
}

// Find is the contact that holds an identifier, in any realm of the workspace that is
// named; for programs, which know their users and not our ids.
func (c *Chat) Find(ctx context.Context, who policy.Principal, i identity.Identifier) (Contact, error) {
	if err := c.agent(who, policy.ReadConversations); err != nil {
		return Contact{}, err
	}
	if i.Kind == identity.KindEmail {
		i.Value = identity.Fold(i.Value)
	}
	id, err := c.store.HolderOf(ctx, who.Workspace(), i)
	if err != nil {
		return Contact{}, err
	}
	return c.store.Contact(ctx, who.Workspace(), id)
}
