package store

import (
	"time"

	"countersign/internal/chat"
)

// succession is what a visitor became for a person.
type succession struct {
	visitor, workspace, person, next, secret string
	at                                       time.Time
}

// overtaken finds the new visitor that another tab of this browser became, a moment
// ago, for the same person.
func (s *openings) overtaken(o *chat.Opening, contact *chat.Contact) (succession, bool) {
	if o.Follows == nil || !o.NewVisitor || len(o.Links) == 0 {
		return succession{}, false
	}
	first, ok := s.after[o.Follows.Visitor]
	return first, ok && first.workspace == o.Session.Workspace && first.person == contact.ID && s.t.now.Sub(first.at) < chat.SuccessionWindow
}

func (s *openings) follow(o *chat.Opening, contact *chat.Contact) {
	if o.Follows == nil || !o.NewVisitor || len(o.Links) == 0 {
		return
	}
	next := succession{
		visitor: o.Follows.Visitor, workspace: o.Session.Workspace, person: contact.ID, next: o.Visitor.ID, secret: o.Follows.Secret, at: s.t.now,
	}
	s.after[next.visitor] = next
	s.followers = append(s.followers, next)
}

func (s *openings) readSuccessions(list []*openingWrite) error {
	const query = `SELECT visitor, workspace, person, next, secret, at FROM successors WHERE visitor IN (`
	var ids []any
	for _, w := range list {
		if w.Follows != nil {
			ids = append(ids, w.Follows.Visitor)
		}
	}
	return s.t.lookup(query, 1, ids, `)`, func(row scanner) error {
		var one succession
		err := row.Scan(&one.visitor, &one.workspace, &one.person, &one.next, &one.secret, stamp{&one.at})
		s.after[one.visitor] = one
		return err
	})
}

// writeSuccessions keeps what the next tab may ask for, and drops what nobody can ask
// for any more.
func (s *openings) writeSuccessions() error {
	const put = `INSERT INTO successors (visitor, workspace, person, next, secret, at) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (visitor) DO UPDATE SET workspace = excluded.workspace, person = excluded.person, next = excluded.next, secret = excluded.secret, at = excluded.at`
	const drop = `DELETE FROM successors WHERE at < $1`
	if len(s.followers) == 0 {
		return nil
	}
	if _, err := s.t.exec(drop, micros(s.t.now.Add(-chat.SuccessionWindow))); err != nil {
		return err
	}
	for _, one := range s.followers {
		if _, err := s.t.exec(put, one.visitor, one.workspace, one.person, one.next, one.secret, micros(one.at)); err != nil {
			return err
		}
	}
	return nil
}
