package chat

import (
	"context"
	"slices"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
)

// Profile is everything that the console knows of a person.
type Profile struct {
	Contact       Contact
	Label         string
	Links         []Link
	Attributes    []Attribute
	Sessions      []Session // live ones
	Conversations []Row
	// Conflicts are identifiers that this person's sessions proved and another contact
	// owns: nothing was merged, and a person must look.
	Conflicts []identity.Identifier
}

const (
	shownSessions      = 50
	shownConversations = 20
	endableSessions    = 1000
)

// Person answers with a contact of the workspace and what hangs on it.
func (c *Chat) Person(ctx context.Context, who policy.Principal, id string) (Profile, error) {
	if err := c.agent(who, policy.ReadConversations); err != nil {
		return Profile{}, err
	}
	contact, err := c.contact(ctx, who, id)
	if err != nil {
		return Profile{}, err
	}
	p := Profile{Contact: contact}
	if p.Links, err = c.store.LinksOf(ctx, contact.Workspace, id); err != nil {
		return Profile{}, err
	}
	if p.Attributes, err = c.store.AttributesOf(ctx, contact.Workspace, []string{id}); err != nil {
		return Profile{}, err
	}
	if p.Sessions, err = c.live(ctx, contact, shownSessions); err != nil {
		return Profile{}, err
	}
	list, err := c.store.Conversations(ctx, contact.Workspace, id, Cursor{}, shownConversations)
	if err != nil {
		return Profile{}, err
	}
	p.Label = label(contact, p.Attributes)
	for _, conversation := range list {
		p.Conversations = append(p.Conversations, Row{Conversation: conversation, Person: contact, Label: p.Label})
	}
	p.Conflicts = conflicts(p)
	return p, nil
}

// live are the sessions that still stand among a contact's latest.
func (c *Chat) live(ctx context.Context, contact Contact, among int) ([]Session, error) {
	list, err := c.store.SessionsOf(ctx, contact.Workspace, contact.ID, among, c.pulse.Now())
	return slices.DeleteFunc(list, func(s Session) bool { return s.Standing.Ended() != policy.Stands }), err
}

func (c *Chat) contact(ctx context.Context, who policy.Principal, id string) (Contact, error) {
	if !validID(id) {
		return Contact{}, ErrNotFound
	}
	return c.store.Contact(ctx, who.Workspace(), id)
}

func conflicts(p Profile) (all []identity.Identifier) {
	if p.Contact.Kind != VerifiedContact {
		return nil
	}
	for _, s := range p.Sessions {
		for _, i := range s.Standing.Identifiers() {
			linked := slices.ContainsFunc(p.Links, func(l Link) bool { return l.Identifier == i })
			if !linked && !slices.Contains(all, i) {
				all = append(all, i)
			}
		}
	}
	return all
}

// Block keeps a contact out, or lets it in again. Blocking ends its sessions.
func (c *Chat) Block(ctx context.Context, who policy.Principal, id string, blocked bool) (ended int, err error) {
	if err := c.agent(who, policy.ManagePeople); err != nil {
		return 0, err
	}
	contact, err := c.contact(ctx, who, id)
	if err != nil {
		return 0, err
	}
	draft := audit.Draft{By: who.Needing(policy.ManagePeople), Workspace: contact.Workspace, Actor: who.Actor(), Action: audit.ContactBlocked, Subject: id}
	if !blocked {
		draft.Action = audit.ContactUnblocked
	}
	return c.store.SetBlocked(ctx, contact.Workspace, id, blocked, c.pulse.Now(), draft)
}

// EndSession ends one session of a contact.
func (c *Chat) EndSession(ctx context.Context, who policy.Principal, contact, session string) error {
	if err := c.agent(who, policy.ManagePeople); err != nil {
		return err
	}
	person, err := c.contact(ctx, who, contact)
	if err != nil {
		return err
	}
	live, err := c.live(ctx, person, endableSessions)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(live, func(s Session) bool { return s.ID == session })
	if at < 0 {
		return ErrNotFound
	}
	return c.store.EndSession(ctx, person.Workspace, session, c.pulse.Now(), audit.Draft{
		By: who.Needing(policy.ManagePeople), Workspace: person.Workspace, Actor: who.Actor(), Action: audit.SessionEnded, Channel: live[at].Channel, Subject: contact,
		Detail: map[string]string{"session": session},
	})
}

// EndSessions ends every session of a contact and counts them.
func (c *Chat) EndSessions(ctx context.Context, who policy.Principal, contact string) (ended int, err error) {
	if err := c.agent(who, policy.ManagePeople); err != nil {
		return 0, err
	}
	person, err := c.contact(ctx, who, contact)
	if err != nil {
		return 0, err
	}
	return c.store.EndSessionsOf(ctx, person.Workspace, contact, c.pulse.Now(), audit.Draft{
		By: who.Needing(policy.ManagePeople), Workspace: person.Workspace, Actor: who.Actor(), Action: audit.SessionEnded, Subject: contact, Detail: map[string]string{"sessions": "all"},
	})
}

// SetAttribute notes something about a contact in an agent's name. It stands beside
// what a proof or the visitor says, and attaches no identifier.
func (c *Chat) SetAttribute(ctx context.Context, who policy.Principal, contact, name string, value any) error {
	if err := c.writer(who, policy.ReplyConversations); err != nil {
		return err
	}
	person, err := c.contact(ctx, who, contact)
	if err != nil {
		return err
	}
	if !attributeName.MatchString(name) || name == string(identity.KindUserID) {
		return invalid("an attribute's name is 1 to 100 of A-Z, a-z, 0-9, _, . and -, and not user_id")
	}
	raw, ok := attributeValue(value)
	if !ok {
		return invalid("an attribute's value is a text, a number, a boolean or null")
	}
	return c.store.SetAttribute(ctx, Attribute{
		Workspace: person.Workspace, Contact: contact, Name: name, Provenance: ByAgent, Value: raw, At: c.pulse.Now(),
	}, who.Needing(policy.ReplyConversations))
}
