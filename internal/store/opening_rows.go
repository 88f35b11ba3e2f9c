package store

import (
	"fmt"
	"slices"

	"countersign/identity"
	"countersign/internal/chat"
)

const contactColumns = `c.id, c.workspace, c.realm, c.kind, c.scope, c.created_at, c.seen_at, c.blocked_at, c.not_before, c.bare_until`

func contactInto(c *chat.Contact) []any {
	return []any{&c.ID, &c.Workspace, &c.Realm, &c.Kind, &c.Scope, stamp{&c.CreatedAt}, stamp{&c.SeenAt}, stamp{&c.BlockedAt},
		stamp{&c.NotBefore}, stamp{&c.BareUntil}}
}

// read finds everything that the batch's openings depend on: in five questions, and
// three more for those of a token and of a browser that was somebody else's.
func (s *openings) read(list []*openingWrite) error {
	for _, ask := range []func([]*openingWrite) error{s.readKeys, s.readChannels, s.readOwners, s.readScopes, s.readVisitors, s.readDenied, s.readReleased, s.readSuccessions} {
		if err := ask(list); err != nil {
			return err
		}
	}
	return nil
}

func (s *openings) readKeys(list []*openingWrite) error {
	const query = `SELECT id, workspace, channel, state, ends_at, public_half FROM keys WHERE id IN (`
	asked := map[string]bool{}
	var ids []any
	for _, w := range list {
		if key := w.Verdict.Key; key != "" && !asked[key] {
			asked[key] = true
			ids = append(ids, key)
		}
	}
	return s.t.lookup(query, 1, ids, `)`, func(row scanner) error {
		var id string
		var word keyWord
		if err := row.Scan(&id, &word.workspace, &word.channel, &word.state, stamp{&word.ends}, &word.public); err != nil {
			return err
		}
		s.keys[id] = word
		return nil
	})
}

// readChannels knows a platform that the channel does not list as enforced.
func (s *openings) readChannels(list []*openingWrite) error {
	const query = `WITH q (channel, platform) AS (VALUES `
	const tail = `) SELECT h.workspace, h.id, q.platform, COALESCE(p.enforcement, ''), h.minimum_tier, h.email_code <> 0 FROM q JOIN channels h ON h.id = q.channel
	LEFT JOIN channel_platforms p ON p.channel = h.id AND p.platform = q.platform`
	asked := map[[2]string]bool{}
	var pairs []any
	for _, w := range list {
		pair := [2]string{w.Session.Channel, string(w.Session.Platform)}
		if !asked[pair] {
			asked[pair] = true
			pairs = append(pairs, pair[0], pair[1])
		}
	}
	return s.t.lookup(query, 2, pairs, tail, func(row scanner) error {
		var workspace, channel, platform string
		var asks door
		if err := row.Scan(&workspace, &channel, &platform, &asks.enforcement, &asks.minimum, &asks.codes); err != nil {
			return err
		}
		s.doors[workspace+"/"+channel+"/"+platform] = asks
		return nil
	})
}

func (s *openings) readOwners(list []*openingWrite) error {
	const query = `WITH q (workspace, realm, kind, value) AS (VALUES `
	const tail = `) SELECT l.realm, l.kind, l.value, ` + contactColumns + ` FROM q
	JOIN links l ON l.workspace = q.workspace AND l.realm = q.realm AND l.kind = q.kind AND l.value = q.value
	JOIN contacts c ON c.id = l.contact AND c.workspace = l.workspace`
	var names []any
	for _, w := range list {
		for _, l := range w.Links {
			names = append(names, w.Session.Workspace, l.Identifier.Realm, string(l.Identifier.Kind), l.Identifier.Value)
		}
	}
	return s.t.lookup(query, 4, names, tail, func(row scanner) error {
		var i identity.Identifier
		contact := &chat.Contact{}
		if err := row.Scan(append([]any{&i.Realm, &i.Kind, &i.Value}, contactInto(contact)...)...); err != nil {
			return err
		}
		s.own(i, s.known(contact))
		return nil
	})
}

func (s *openings) readScopes(list []*openingWrite) error {
	const query = `WITH q (workspace, scope) AS (VALUES `
	const tail = `) SELECT ` + contactColumns + ` FROM q JOIN contacts c ON c.workspace = q.workspace AND c.scope = q.scope AND c.scope <> ''`
	var scopes []any
	for _, w := range list {
		if len(w.Links) == 0 && w.Contact.Scope != "" {
			scopes = append(scopes, w.Session.Workspace, w.Contact.Scope)
		}
	}
	return s.t.lookup(query, 2, scopes, tail, func(row scanner) error {
		contact := &chat.Contact{}
		if err := row.Scan(contactInto(contact)...); err != nil {
			return err
		}
		s.scopes[contact.Workspace+"/"+contact.Scope] = s.known(contact)
		return nil
	})
}

// known gives one contact one place in memory, however many identifiers lead to it.
func (s *openings) known(contact *chat.Contact) *chat.Contact {
	if first := s.people[contact.ID]; first != nil {
		return first
	}
	s.people[contact.ID] = contact
	return contact
}

func (s *openings) readVisitors(list []*openingWrite) error {
	const query = `SELECT ` + visitorColumns + ` FROM visitors WHERE id IN (`
	var ids []any
	for _, w := range list {
		if !w.NewVisitor {
			ids = append(ids, w.Visitor.ID)
		}
	}
	return s.t.lookup(query, 1, ids, `)`, func(row scanner) error {
		v := &visitorState{}
		if err := v.scan(row); err != nil {
			return err
		}
		s.visitors[v.ID] = v
		return nil
	})
}

// write puts the batch's people, browsers and sessions into rows; what a row
// points to comes first.
func (s *openings) write() error {
	steps := []struct {
		name  string
		write func() error
	}{
		{"contacts", s.writeContacts}, {"links", s.writeLinks}, {"visitors", s.writeVisitors},
		{"attributes", s.writeAttributes}, {"sessions", s.writeSessions}, {"successors", s.writeSuccessions},
	}
	for _, step := range steps {
		if err := step.write(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

func (s *openings) writeContacts() error {
	const insert = `INSERT INTO contacts (id, workspace, realm, kind, scope, created_at, seen_at, blocked_at) VALUES `
	const seen = ` ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`
	row := func(args []any, c *chat.Contact) []any {
		return append(args, c.ID, c.Workspace, c.Realm, string(c.Kind), c.Scope, micros(c.CreatedAt), micros(c.SeenAt), micros(c.BlockedAt))
	}
	return s.contacts.write(s.t, insert, 8, seen, row)
}

func (s *openings) writeLinks() error {
	const insert = `INSERT INTO links (workspace, realm, kind, value, contact, method, session, key_id, at) VALUES `
	args := make([]any, 0, 9*len(s.links))
	for _, l := range s.links {
		args = append(args, l.Workspace, l.Identifier.Realm, string(l.Identifier.Kind), l.Identifier.Value, l.Contact,
			string(l.Method), l.Session, l.Key, micros(l.At))
	}
	return s.t.insert(insert, 9, args, "")
}

func (s *openings) writeVisitors() error {
	const insert = `INSERT INTO visitors (id, workspace, channel, token_hash, contact, person, created_at, seen_at, expires_at, retired_at) VALUES `
	const update = ` ON CONFLICT (id) DO UPDATE SET contact = excluded.contact, person = excluded.person, seen_at = excluded.seen_at, expires_at = excluded.expires_at`
	row := func(args []any, v *visitorState) []any {
		return append(args, v.ID, v.Workspace, v.Channel, v.TokenHash, v.Contact, v.Person, micros(v.CreatedAt), micros(v.SeenAt),
			micros(v.ExpiresAt), micros(v.retiredAt))
	}
	return s.browsers.write(s.t, insert, 10, update, row)
}

// write inserts what was made, which fails if the id is taken, and brings what was
// there up to date.
func (w *written[T]) write(t *tx, insert string, width int, update string, row func(args []any, of *T) []any) error {
	var made, there []any
	for _, one := range w.made {
		made = row(made, one)
	}
	for _, one := range w.there {
		there = row(there, one)
	}
	if err := t.insert(insert, width, made, ""); err != nil {
		return err
	}
	return t.insert(insert, width, there, update)
}

const (
	insertAttribute = `INSERT INTO attributes (workspace, contact, name, provenance, value, realm, method, session, key_id, at) VALUES `
	updateAttribute = ` ON CONFLICT (contact, name, provenance) DO UPDATE SET value = excluded.value, realm = excluded.realm,
	method = excluded.method, session = excluded.session, key_id = excluded.key_id, at = excluded.at`
)

func (s *openings) writeAttributes() error {
	var args []any
	var known []string // contacts that had attributes before; a new one has few
	fresh := map[string]bool{}
	for _, c := range s.contacts.made {
		fresh[c.ID] = true
	}
	for _, a := range s.attributes.rows {
		args = append(args, a.Workspace, a.Contact, a.Name, string(a.Provenance), string(a.Value), s.people[a.Contact].Realm,
			string(a.Method), a.Session, a.Key, micros(a.At))
		if !fresh[a.Contact] && !slices.Contains(known, a.Contact) {
			known = append(known, a.Contact)
		}
	}
	if err := s.t.insert(insertAttribute, 10, args, updateAttribute); err != nil {
		return err
	}
	return s.t.trim(known)
}

func (s *openings) writeSessions() error {
	const insert = `INSERT INTO sessions (id, token_hash, workspace, channel, realm, platform, dialect, visitor, contact, lane, origin, user_agent,
	tier, method, key_id, identifiers, created_at, seen_at, expires_at, absolute, proof_ends, ended_at, ended_by, proof, kid) VALUES `
	args := make([]any, 0, 25*len(s.sessions))
	for _, w := range s.sessions {
		o, r := w.Session, w.Verdict
		args = append(args, o.ID, w.TokenHash, o.Workspace, o.Channel, o.Realm, string(o.Platform), o.Dialect, w.opened.Session.Visitor,
			w.opened.Session.Contact, o.Lane, o.Origin, o.UserAgent, string(r.Tier), string(r.Method), r.Key, text(r.Identifiers),
			micros(o.CreatedAt), micros(o.SeenAt), micros(o.ExpiresAt), micros(o.Absolute), micros(o.ProofEnds), 0, "", r.Proof, r.Kid)
	}
	return s.t.insert(insert, 25, args, "")
}
