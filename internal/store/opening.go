package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/trust"
)

// OpenSession finds or makes whom the session acts for and writes the session,
// together with whatever else waits.
func (db *DB) OpenSession(ctx context.Context, opening chat.Opening) (chat.Opened, error) {
	w := &openingWrite{Opening: opening}
	if err := db.writer.share(ctx, w); errors.Is(err, chat.ErrSuccessor) {
		return chat.Opened{Successor: w.opened.Successor}, err
	} else if err != nil {
		return chat.Opened{}, fmt.Errorf("open session: %w", err)
	}
	return w.opened, nil
}

type openingWrite struct {
	chat.Opening
	opened chat.Opened
	err    error
}

func (w *openingWrite) refusal() error { return w.err }

func (w *openingWrite) join(b *batch) {
	w.opened, w.err = chat.Opened{}, nil
	b.openings = append(b.openings, w)
}

// keyWord is what the ring says of a key.
type keyWord struct {
	workspace, channel, state string
	ends                      time.Time
	public                    string // the half of a key that is no secret, as it is stored
}

// takes says whether a proof that names a kid of the key may still open a session.
func (w keyWord) takes(kid string) (bool, error) {
	if kid == "" {
		return true, nil
	}
	var half trust.PublicHalf
	if err := (document{&half}).Scan(w.public); err != nil {
		return false, err
	}
	return !slices.ContainsFunc(half.Revoked, func(revoked trust.RevokedKid) bool { return revoked.Kid == kid }), nil
}

// door is what a channel asks of whoever comes in by a platform.
type door struct {
	enforcement policy.Enforcement
	minimum     policy.Tier
	codes       bool // emailed codes are taken
}

type visitorState struct {
	chat.Visitor
	retiredAt time.Time
}

// written are rows to be written, each once, in the order in which they came up.
// What is made is inserted and must be new; what was there is updated.
type written[T any] struct {
	place map[string]bool
	made  []*T
	there []*T
}

func (w *written[T]) add(id string, row *T, fresh bool) {
	if w.place[id] {
		return
	}
	if w.place == nil {
		w.place = map[string]bool{}
	}
	w.place[id] = true
	if fresh {
		w.made = append(w.made, row)
	} else {
		w.there = append(w.there, row)
	}
}

// latestWord are attributes to be written, the last of each name and provenance.
type latestWord struct {
	last map[string]*chat.Attribute // :: contact/name/provenance → row
	rows []*chat.Attribute
}

// openings is the state of one batch's openings.
type openings struct {
	t        *tx
	keys     map[string]keyWord
	doors    map[string]door // :: workspace/channel/platform → what it asks for; known channels alone
	owners   map[identity.Identifier]map[string]*chat.Contact
	scopes   map[string]*chat.Contact // :: workspace/scope → contact
	people   map[string]*chat.Contact // :: id → contact, one place in memory for each
	visitors map[string]*visitorState // :: id → visitor
	denied   map[string]bool          // :: workspace/digest of a token that opens nothing
	released map[workspaceName]time.Time
	after    map[string]succession // :: id of a visitor → what it became for whom

	contacts   written[chat.Contact]
	browsers   written[visitorState]
	links      []chat.Link
	attributes latestWord
	sessions   []*openingWrite
	ends       []*openingWrite
	conflicts  []chat.Conflict // with the session that found them
	followers  []succession
}

func (b *batch) open(t *tx) error {
	if len(b.openings) == 0 {
		return nil
	}
	s := &openings{
		t: t, keys: map[string]keyWord{}, doors: map[string]door{},
		owners: map[identity.Identifier]map[string]*chat.Contact{}, scopes: map[string]*chat.Contact{},
		people: map[string]*chat.Contact{}, visitors: map[string]*visitorState{}, denied: map[string]bool{}, after: map[string]succession{}, released: map[workspaceName]time.Time{},
		attributes: latestWord{last: map[string]*chat.Attribute{}},
	}
	if err := s.read(b.openings); err != nil {
		return err
	}
	for _, w := range b.openings {
		w.err = s.apply(w)
	}
	if err := s.write(); err != nil {
		return err
	}
	if err := s.noteConflicts(); err != nil {
		return err
	}
	if err := s.openImports(); err != nil {
		return err
	}
	return s.endReplaced()
}

// apply decides one opening, and changes what the batch knows only after every check.
func (s *openings) apply(w *openingWrite) error {
	o := &w.Opening
	row, err := s.stands(o)
	if err != nil {
		return err
	}
	visitor := s.visitors[o.Visitor.ID]
	switch {
	case o.NewVisitor:
		visitor = &visitorState{Visitor: o.Visitor}
	case visitor == nil || visitor.Workspace != o.Session.Workspace || visitor.Channel != o.Session.Channel ||
		!visitor.retiredAt.IsZero() || !s.t.now.Before(visitor.ExpiresAt):
		return chat.ErrOtherPerson // logged out meanwhile: the browser begins anew
	}
	contact, fresh := s.contact(o)
	if err := s.refuses(o, contact); err != nil {
		return err
	}
	anonymous := contact.Kind == chat.AnonymousContact
	if !anonymous && visitor.Person != "" && visitor.Person != contact.ID {
		return chat.ErrOtherPerson
	}
	if first, ok := s.overtaken(o, contact); ok {
		w.opened.Successor = first.secret
		return chat.ErrSuccessor
	}
	s.keep(contact, fresh, o)
	s.welcome(visitor, contact, o)
	w.opened.Conflicts = s.link(o, contact)
	s.follow(o, contact)
	s.describe(o, contact)
	row.Session = o.Session
	row.Visitor, row.Contact = visitor.ID, contact.ID
	w.opened.Contact, w.opened.Session = *contact, row.at(s.t.now)
	s.sessions = append(s.sessions, w)
	if len(o.Ends) > 0 {
		s.ends = append(s.ends, w)
	}
	return nil
}

// refuses asks the contact, as it is in this transaction, what the door asked before:
// an identify in flight does not outlive the end of all sessions, nor a log-out.
func (s *openings) refuses(o *chat.Opening, contact *chat.Contact) error {
	switch s.judged(o, contact).Refuses(o.Verdict, s.t.now) {
	case "":
	case chat.OutcomeBlocked:
		return chat.ErrSessionEnded
	default:
		return chat.ErrProofSpent
	}
	if o.Verdict.Proof != "" && s.denied[o.Session.Workspace+"/"+o.Verdict.Proof] {
		return chat.ErrProofSpent
	}
	return nil
}

// stands judges the verdict again, against the ring and the channel as they are in
// this transaction: an identify in flight does not outlive a revocation.
func (s *openings) stands(o *chat.Opening) (*sessionRow, error) {
	door, known := s.doors[o.Session.Workspace+"/"+o.Session.Channel+"/"+string(o.Session.Platform)]
	if !known {
		return nil, chat.ErrNotFound
	}
	key := s.keys[o.Verdict.Key]
	if key.workspace != o.Session.Workspace || key.channel != o.Session.Channel {
		key = keyWord{}
	}
	row := &sessionRow{
		Session: o.Session, tier: o.Verdict.Tier, method: o.Verdict.Method, key: o.Verdict.Key, identifiers: o.Verdict.Identifiers,
		keyState: key.state, keyEnds: key.ends, enforcement: door.enforcement, minimum: door.minimum, codes: door.codes,
	}
	if row.at(s.t.now).Standing.Ended() != policy.Stands {
		return nil, chat.ErrOutdated
	}
	if takes, err := key.takes(o.Verdict.Kid); err != nil || !takes {
		return nil, errors.Join(chat.ErrOutdated, err)
	}
	return row, nil
}

// contact finds for whom the session acts: by the first proved identifier, or by
// what an unverified visitor hangs on. Nobody found is the contact that was brought.
func (s *openings) contact(o *chat.Opening) (contact *chat.Contact, fresh bool) {
	if len(o.Links) > 0 {
		contact = s.owners[o.Links[0].Identifier][o.Session.Workspace]
	} else {
		contact = s.scopes[o.Session.Workspace+"/"+o.Contact.Scope]
	}
	if contact != nil {
		return contact, false
	}
	made := o.Contact
	made.Workspace = o.Session.Workspace
	if made.ID == "" {
		made.ID = event.NewID("con", s.t.now)
	}
	if made.CreatedAt.IsZero() {
		made.CreatedAt = s.t.now
	}
	if len(o.Links) > 0 {
		made.Scope = ""
	} else if made.Scope == "" {
		made.Scope = "session:" + o.Session.ID // hangs on nothing else: never found again
	}
	return &made, true
}

func (s *openings) keep(contact *chat.Contact, fresh bool, o *chat.Opening) {
	if contact.SeenAt.Before(o.Session.SeenAt) {
		contact.SeenAt = o.Session.SeenAt
	}
	if fresh && contact.Scope != "" {
		s.scopes[contact.Workspace+"/"+contact.Scope] = contact
	}
	s.people[contact.ID] = contact
	s.contacts.add(contact.ID, contact, fresh)
}

func (s *openings) welcome(visitor *visitorState, contact *chat.Contact, o *chat.Opening) {
	if contact.Kind == chat.AnonymousContact {
		visitor.Contact = contact.ID
	} else {
		visitor.Person = contact.ID
	}
	visitor.SeenAt = o.Session.SeenAt
	if o.Visitor.ExpiresAt.After(visitor.ExpiresAt) {
		visitor.ExpiresAt = o.Visitor.ExpiresAt
	}
	s.visitors[visitor.ID] = visitor
	s.browsers.add(visitor.ID, visitor, o.NewVisitor)
}

// link ties unowned identifiers to the contact, and names those that are another's.
func (s *openings) link(o *chat.Opening, contact *chat.Contact) (conflicts []identity.Identifier) {
	for _, l := range o.Links {
		owner := s.owners[l.Identifier][o.Session.Workspace]
		switch {
		case owner == nil:
			l.Workspace, l.Contact, l.Session, l.Key, l.Method = o.Session.Workspace, contact.ID, o.Session.ID, o.Verdict.Key, o.Verdict.Method
			s.own(l.Identifier, contact)
			s.links = append(s.links, l)
		case owner.ID != contact.ID:
			conflicts = append(conflicts, l.Identifier)
			s.conflicts = append(s.conflicts, conflictOf(o, contact, owner, l.Identifier))
		}
	}
	return conflicts
}

func (s *openings) own(i identity.Identifier, contact *chat.Contact) {
	if s.owners[i] == nil {
		s.owners[i] = map[string]*chat.Contact{}
	}
	s.owners[i][contact.Workspace] = contact
}

func (s *openings) describe(o *chat.Opening, contact *chat.Contact) {
	for _, a := range o.Attributes {
		a.Workspace, a.Contact, a.Session, a.Key = o.Session.Workspace, contact.ID, o.Session.ID, o.Verdict.Key
		if a.At.IsZero() {
			a.At = o.Session.CreatedAt
		}
		name := strings.Join([]string{contact.ID, a.Name, string(a.Provenance)}, "/")
		if last := s.attributes.last[name]; last != nil {
			*last = a
			continue
		}
		s.attributes.last[name] = &a
		s.attributes.rows = append(s.attributes.rows, &a)
	}
}

// endReplaced ends the sessions that the new ones replace.
func (s *openings) endReplaced() error {
	for _, w := range s.ends {
		ended, err := endSessions(s.t, `token_hash = $3 AND workspace = $4`, policy.EndedLogout, s.t.now, w.Ends, w.Session.Workspace)
		if err != nil {
			return err
		}
		s.t.silence(ended)
	}
	return nil
}
