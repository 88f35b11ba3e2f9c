package chat

import (
	"context"
	"slices"
	"time"

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
	// Conflicts are identifiers that this person proved and another holds, and those that
	// another proved and this one holds: nothing was merged, and a person must look.
	Conflicts []Dispute
	Only      map[string]bool // names of which only signed values count
	Imported  *Imported       // of an imported person
}

// Dispute is a conflict with what to call the other one.
type Dispute struct {
	Conflict
	Other      string // contact
	OtherLabel string
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
	if p.Only, err = c.onlySigned(ctx, contact.Workspace); err != nil {
		return Profile{}, err
	}
	if contact.Kind == ImportedContact {
		record, err := c.store.ImportedRecord(ctx, contact.Workspace, id)
		if err != nil {
			return Profile{}, err
		}
		p.Imported = &record
	}
	p.Label = label(contact, believed(p.Attributes, p.Only))
	for _, conversation := range list {
		p.Conversations = append(p.Conversations, Row{Conversation: conversation, Person: contact, Label: p.Label})
	}
	if p.Conflicts, err = c.disputes(ctx, contact); err != nil {
		return Profile{}, err
	}
	return p, nil
}

// disputes adds who the others are.
func (c *Chat) disputes(ctx context.Context, contact Contact) ([]Dispute, error) {
	list, err := c.store.ConflictsOf(ctx, contact.Workspace, contact.ID)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	disputes, ids := make([]Dispute, len(list)), make([]string, len(list))
	for i, conflict := range list {
		ids[i] = conflict.Holder
		if conflict.Holder == contact.ID {
			ids[i] = conflict.Contact
		}
		disputes[i] = Dispute{Conflict: conflict, Other: ids[i]}
	}
	_, labels, err := c.called(ctx, contact.Workspace, ids)
	for i := range disputes {
		disputes[i].OtherLabel = labels[disputes[i].Other]
	}
	return disputes, err
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

// Block keeps a contact out, or lets it in again. Blocking ends its sessions.
func (c *Chat) Block(ctx context.Context, who policy.Principal, id string, blocked bool) (ended int, err error) {
	if err := c.agent(who, policy.ManagePeople); err != nil {
		return 0, err
	}
	contact, err := c.contact(ctx, who, id)
	if err != nil {
		return 0, err
	}
	if contact.Kind == ImportedContact {
		return 0, invalid("nobody comes in as an imported person: block whoever proves to be it")
	}
	draft := c.about(who, contact, audit.ContactBlocked, nil)
	if draft.Person, err = c.provedName(ctx, contact); err != nil {
		return 0, err
	}
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
		Person: nameOf(live[at]), Detail: map[string]string{"session": session},
	})
}

// EndSessions ends every session of a contact and counts them. Tokens that were made
// before open none again; a hash does, unless bareUntil says until when it does not
// (Forever: until somebody lets it in again).
func (c *Chat) EndSessions(ctx context.Context, who policy.Principal, contact string, bareUntil time.Time) (ended int, err error) {
	person, err := c.managed(ctx, who, contact)
	if err != nil {
		return 0, err
	}
	if !bareUntil.IsZero() && !bareUntil.After(c.pulse.Now()) {
		return 0, invalid("until is not in the future")
	}
	draft := c.about(who, person, audit.SessionEnded, map[string]string{"sessions": "all"})
	if draft.Person, err = c.provedName(ctx, person); err != nil {
		return 0, err
	}
	if !bareUntil.IsZero() {
		draft.Detail["bare_hashes_until"] = untilText(bareUntil)
	}
	return c.store.EndSessionsOf(ctx, SignOut{Workspace: person.Workspace, Contact: contact, BareUntil: bareUntil}, draft)
}

// Forever is later than anything.
var Forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func untilText(until time.Time) string {
	if !until.Before(Forever) {
		return "until lifted"
	}
	return until.UTC().Format(time.RFC3339)
}

// RefuseBareProofs says until when a contact's hashes open nothing; zero lets them in.
func (c *Chat) RefuseBareProofs(ctx context.Context, who policy.Principal, contact string, until time.Time) error {
	person, err := c.managed(ctx, who, contact)
	if err != nil {
		return err
	}
	detail := map[string]string{"until": ""}
	if !until.IsZero() {
		if detail["until"] = untilText(until); !until.After(c.pulse.Now()) {
			return invalid("until is not in the future")
		}
	}
	return c.store.RefuseBare(ctx, person.Workspace, contact, until, c.about(who, person, audit.BareProofsRefused, detail))
}

// Release takes an identifier from a contact: whoever proves it next is somebody new.
// Nobody but the gate gives it to anybody.
func (c *Chat) Release(ctx context.Context, who policy.Principal, contact string, kind identity.Kind, value string) (ended int, err error) {
	person, err := c.managed(ctx, who, contact)
	if err != nil {
		return 0, err
	}
	if kind != identity.KindEmail && kind != identity.KindUserID || value == "" {
		return 0, invalid("an identifier has a kind, user_id or email, and a value")
	}
	i := identity.Identifier{Realm: person.Realm, Kind: kind, Value: value}
	return c.store.Release(ctx, person.Workspace, contact, i, c.about(who, person, audit.IdentifierReleased, map[string]string{"kind": string(kind)}))
}

// managed is a contact that the principal may decide about.
func (c *Chat) managed(ctx context.Context, who policy.Principal, contact string) (Contact, error) {
	if err := c.agent(who, policy.ManagePeople); err != nil {
		return Contact{}, err
	}
	return c.contact(ctx, who, contact)
}

func (c *Chat) about(who policy.Principal, person Contact, action audit.Action, detail map[string]string) audit.Draft {
	return audit.Draft{
		By: who.Needing(policy.ManagePeople), Workspace: person.Workspace, Actor: who.Actor(), Action: action, Subject: person.ID, Detail: detail,
	}
}

// nameOf is by whom the record calls the person of a session, as it did when it began:
// by nobody unless that was proved.
func nameOf(s Session) identity.Identifier {
	proved := s.Standing.Identifiers()
	if s.Standing.Tier() != policy.Verified || len(proved) == 0 {
		return identity.Identifier{}
	}
	return proved[0]
}

// provedName is by whom the record calls a contact: by what it proved first, and by
// nobody if it proved nothing. A hash of either kind links nothing; its sessions know.
// What a compromised key proved was cut, and is nobody's name, whatever sessions say.
func (c *Chat) provedName(ctx context.Context, contact Contact) (identity.Identifier, error) {
	links, err := c.store.LinksOf(ctx, contact.Workspace, contact.ID)
	if err != nil {
		return identity.Identifier{}, err
	}
	if len(links) > 0 {
		return links[0].Identifier, nil
	}
	if contact.Kind != EitherContact {
		return identity.Identifier{}, nil
	}
	sessions, err := c.store.SessionsOf(ctx, contact.Workspace, contact.ID, shownSessions, c.pulse.Now())
	for _, s := range sessions {
		if name := nameOf(s); name != (identity.Identifier{}) {
			return name, err
		}
	}
	return identity.Identifier{}, err
}
