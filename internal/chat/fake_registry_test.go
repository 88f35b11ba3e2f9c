package chat_test

import (
	"context"
	"slices"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
)

// registry is what operators decided, in the fake.
type registry struct {
	only      []chat.SignedName
	asked     int // how often the names were read
	denied    map[string]bool
	after     map[string]followed // :: old visitor → what it became
	conflicts []chat.Conflict
}

type followed struct {
	person, secret string
	at             time.Time
}

func (f *fake) refuses(o chat.Opening, contact *chat.Contact) (chat.Opened, error) {
	if contact == nil {
		return chat.Opened{}, nil
	}
	switch contact.Refuses(o.Verdict, o.Session.CreatedAt) {
	case "":
	case chat.OutcomeBlocked:
		return chat.Opened{}, chat.ErrSessionEnded
	default:
		return chat.Opened{}, chat.ErrProofSpent
	}
	if o.Verdict.Proof != "" && f.denied[o.Verdict.Proof] {
		return chat.Opened{}, chat.ErrProofSpent
	}
	if o.Follows != nil {
		first, ok := f.after[o.Follows.Visitor]
		if ok && first.person == contact.ID && o.Session.CreatedAt.Sub(first.at) < chat.SuccessionWindow {
			return chat.Opened{Successor: first.secret}, chat.ErrSuccessor
		}
	}
	return chat.Opened{}, nil
}

func (f *fake) follow(o chat.Opening, contact *chat.Contact) {
	if o.Follows == nil {
		return
	}
	if f.after == nil {
		f.after = map[string]followed{}
	}
	f.after[o.Follows.Visitor] = followed{contact.ID, o.Follows.Secret, o.Session.CreatedAt}
}

func (f *fake) Expected(_ context.Context, ws string, proved identity.Identifier, scope, proof string) (chat.Contact, bool, error) {
	for id, c := range f.contacts {
		found := scope != "" && c.Scope == scope || scope == "" && f.links[proved].Contact == id
		if found && c.Workspace == ws {
			return *c, f.denied[proof], nil
		}
	}
	return chat.Contact{}, f.denied[proof], nil
}

func (f *fake) EndSessionsOf(_ context.Context, out chat.SignOut, draft audit.Draft) (n int, err error) {
	for _, r := range f.sessions {
		if r.Contact == out.Contact && r.Workspace == out.Workspace && r.ended.IsZero() {
			f.end(r, time.Now())
			n++
		}
	}
	c := f.contacts[out.Contact]
	c.NotBefore = time.Now()
	if !out.BareUntil.IsZero() {
		c.BareUntil = out.BareUntil
	}
	f.drafts = append(f.drafts, draft)
	return n, nil
}

func (f *fake) RefuseBare(_ context.Context, _, contact string, until time.Time, draft audit.Draft) error {
	f.contacts[contact].BareUntil = until
	f.drafts = append(f.drafts, draft)
	return nil
}

func (f *fake) ConflictsOf(context.Context, string, string) ([]chat.Conflict, error) {
	return f.conflicts, nil
}

func (f *fake) Release(_ context.Context, _, contact string, i identity.Identifier, draft audit.Draft) (int, error) {
	if f.links[i].Contact != contact {
		return 0, chat.ErrNotFound
	}
	delete(f.links, i)
	f.drafts = append(f.drafts, draft)
	return 1, nil
}

func (f *fake) SignedOnly(context.Context, string) ([]chat.SignedName, error) {
	f.asked++
	return slices.Clone(f.only), nil
}

func (f *fake) SetSignedOnly(_ context.Context, _ string, name chat.SignedName, only bool, draft audit.Draft) error {
	f.only = slices.DeleteFunc(f.only, func(n chat.SignedName) bool { return n.Name == name.Name })
	if only {
		f.only = append(f.only, name)
	}
	f.epoch++
	f.drafts = append(f.drafts, draft)
	return nil
}

func (f *fake) DropAttribute(_ context.Context, a chat.Attribute, _ policy.Authority) error {
	f.attributes = slices.DeleteFunc(f.attributes, func(b chat.Attribute) bool {
		return b.Contact == a.Contact && b.Name == a.Name && b.Provenance == a.Provenance
	})
	return nil
}

func (f *fake) ChannelSessions(_ context.Context, ws string, of chat.SessionFilter, _ chat.Cursor, limit int, now time.Time) (list []chat.Session, next chat.Cursor, err error) {
	for _, r := range f.sessions {
		s := r.at(now)
		if s.Workspace == ws && s.Channel == of.Channel && (of.Tier == "" || of.Tier == s.Standing.Tier()) {
			list = append(list, s)
		}
	}
	return list[:min(limit, len(list))], chat.Cursor{}, nil
}

func (f *fake) CountSessions(ctx context.Context, ws string, of chat.SessionFilter, most int, now time.Time) (int, error) {
	list, _, err := f.ChannelSessions(ctx, ws, of, chat.Cursor{}, most, now)
	return len(list), err
}

func (f *fake) EndSessionsIn(ctx context.Context, ws string, of chat.SessionFilter, draft audit.Draft) (int, error) {
	f.drafts = append(f.drafts, draft)
	return f.CountSessions(ctx, ws, of, 1000, time.Now())
}

func (f *fake) LogoutDenies(context.Context, string, string) (bool, error) { return false, nil }

func (f *fake) SetLogoutDenies(_ context.Context, _, _ string, _ bool, draft audit.Draft) error {
	f.drafts = append(f.drafts, draft)
	return nil
}

func (f *fake) Holdings(context.Context, string, string) (chat.Holdings, error) {
	return chat.Holdings{Messages: len(f.messages)}, nil
}

func (f *fake) Erase(_ context.Context, _, _ string, draft audit.Draft) (chat.Erasure, error) {
	f.drafts = append(f.drafts, draft)
	return chat.Erasure{Settled: true}, nil
}

func (f *fake) Record(_ context.Context, drafts ...audit.Draft) error {
	f.drafts = append(f.drafts, drafts...)
	return nil
}

func (f *fake) ImportsWait(context.Context, string) (bool, error) { return false, nil }

func (f *fake) ImportWaits(context.Context, string, string, []identity.Identifier) (bool, error) {
	return false, nil
}

func (f *fake) ImportedPeople(context.Context, string, chat.ImportedFilter, chat.Cursor, int) ([]chat.ImportedPerson, chat.Cursor, error) {
	return nil, chat.Cursor{}, nil
}

func (f *fake) ImportedRecord(context.Context, string, string) (chat.Imported, error) {
	return chat.Imported{}, chat.ErrNotFound
}

func (f *fake) HolderOf(_ context.Context, _ string, i identity.Identifier) (string, error) {
	if l, ok := f.links[i]; ok {
		return l.Contact, nil
	}
	return "", chat.ErrNotFound
}
