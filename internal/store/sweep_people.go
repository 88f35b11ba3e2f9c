package store

import (
	"context"
	"strconv"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/trust"
)

// linksStep cuts identifiers that the key tied to contacts. The next good proof of such
// an identifier begins a contact of its own, or joins the one that the identifier
// signed before it leads to: nobody inherits what was written meanwhile.
func (db *DB) linksStep(ctx context.Context, s sweep) (portion, error) {
	const query = `SELECT realm, kind, value FROM links WHERE workspace = $4 AND (realm, kind, value) > ($1, $2, $3) AND key_id = $5 AND at >= $6
	ORDER BY realm, kind, value LIMIT ` + sweepRowsText
	var list []identity.Identifier
	err := db.rows(ctx, query, append(s.at(3), s.workspace, s.key, micros(s.since)), func(row scanner) error {
		var i identity.Identifier
		err := row.Scan(&i.Realm, &i.Kind, &i.Value)
		list = append(list, i)
		return err
	})
	found := portion{apply: func(t *tx) error { return s.cutLinks(t, list) }}
	if n := len(list); n > 0 {
		last := list[n-1]
		found.next = after(n, last.Realm, string(last.Kind), last.Value)
	}
	return found, err
}

func (s sweep) cutLinks(t *tx, list []identity.Identifier) error {
	const cut = `DELETE FROM links WHERE workspace = $1 AND realm = $2 AND kind = $3 AND value = $4 AND key_id = $5 AND at >= $6 RETURNING contact, session, method, at`
	const owner = `SELECT ` + contactColumns + ` FROM contacts c WHERE c.id = $1 AND c.workspace = $2`
	for _, i := range list {
		f := trust.Finding{
			Kind: trust.CutLink, ID: opaque(i.Realm, string(i.Kind), i.Value), Name: string(i.Kind), Value: i.Value, Fate: trust.FateCut,
		}
		var method string
		there, err := t.found(cut, []any{s.workspace, i.Realm, string(i.Kind), i.Value, s.key, micros(s.since)}, &f.Contact, &f.Session, &method, stamp{&f.At})
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		var contact chat.Contact
		if err := t.row(owner, []any{f.Contact, s.workspace}, contactInto(&contact)...); err != nil {
			return err
		}
		f.Fate = fateOf(contact)
		if ordered(contact) {
			if err := s.heir(t, i, contact, method); err != nil {
				return err
			}
		}
		if err := s.unhand(t, contact); err != nil {
			return err
		}
		if err := s.note(t, f); err != nil {
			return err
		}
	}
	return nil
}

// ordered says whether the team has said something of a contact that keeps proofs out:
// that it is blocked, or that what was proved before some time counts no more.
func ordered(c chat.Contact) bool {
	return !c.BlockedAt.IsZero() || !c.NotBefore.IsZero() || !c.BareUntil.IsZero()
}

func fateOf(c chat.Contact) string {
	if c.BlockedAt.IsZero() {
		return trust.FateCut
	}
	return trust.FateBlocked
}

// heir gives the identifier of a contact with orders an empty contact with the same
// orders: a cut must not let in whom the team keeps out, nor show them anything if it
// lets them in one day.
func (s sweep) heir(t *tx, i identity.Identifier, was chat.Contact, method string) error {
	const link = `INSERT INTO links (workspace, realm, kind, value, contact, method, session, key_id, at) VALUES `
	id, err := s.bear(t, was, chat.VerifiedContact, "")
	if err != nil {
		return err
	}
	return t.insert(link, 9, []any{s.workspace, i.Realm, string(i.Kind), i.Value, id, method, "", "", micros(t.now)}, "")
}

// bear makes an empty contact with the orders of another.
func (s sweep) bear(t *tx, was chat.Contact, kind chat.ContactKind, scope string) (id string, err error) {
	const person = `INSERT INTO contacts (id, workspace, realm, kind, scope, created_at, seen_at, blocked_at, not_before, bare_until) VALUES `
	id = event.NewID("con", t.now)
	return id, t.insert(person, 10, []any{id, s.workspace, was.Realm, string(kind), scope, micros(t.now), micros(was.SeenAt), micros(was.BlockedAt),
		micros(was.NotBefore), micros(was.BareUntil)}, "")
}

// unhand ends every session of a contact that lost an identifier, whatever key opened
// it: one of them may act for it through that identifier alone. A contact without any
// is nobody's: no proof leads to it, and its badge says so.
func (s sweep) unhand(t *tx, contact chat.Contact) error {
	const left = `SELECT 1 FROM links WHERE contact = $1 LIMIT 1`
	const leave = `UPDATE contacts SET kind = 'claimed', scope = 'cut:' || id WHERE id = $1 AND workspace = $2 AND kind = 'verified'`
	list, err := endSessions(t, `contact = $3`, policy.EndedKey, t.now, contact.ID)
	if err != nil {
		return err
	}
	t.silence(list)
	linked, err := t.found(left, []any{contact.ID}, new(int))
	if err != nil {
		return err
	}
	if !linked {
		if _, err := t.exec(leave, contact.ID, s.workspace); err != nil {
			return err
		}
	}
	t.raise()
	t.append(event.Event{Workspace: s.workspace, Audience: event.AudienceAgents, Kind: event.ContactUpdated, Contact: contact.ID, At: t.now})
	return nil
}

// eithersStep does to addresses proved under "either" what linksStep does to identifiers:
// such a contact hangs on its scope and has no link. It was tied by its first session.
func (db *DB) eithersStep(ctx context.Context, s sweep) (portion, error) {
	const query = `SELECT ` + contactColumns + ` FROM contacts c WHERE c.id > $1 AND c.workspace = $2 AND c.kind = 'either' AND c.created_at >= $3
	ORDER BY c.id LIMIT ` + sweepRowsText
	var list []chat.Contact
	err := db.rows(ctx, query, []any{s.at(1)[0], s.workspace, micros(s.since)}, func(row scanner) error {
		var c chat.Contact
		err := row.Scan(contactInto(&c)...)
		list = append(list, c)
		return err
	})
	found := portion{apply: func(t *tx) error { return s.cutEithers(t, list) }}
	if n := len(list); n > 0 {
		found.next = after(n, list[n-1].ID)
	}
	return found, err
}

func (s sweep) cutEithers(t *tx, list []chat.Contact) error {
	const first = `SELECT id, key_id, identifiers, created_at FROM sessions WHERE contact = $1 AND workspace = $2 ORDER BY created_at, id LIMIT 1`
	const leave = `UPDATE contacts SET kind = 'claimed', scope = 'cut:' || id WHERE id = $1 AND kind = 'either'`
	for _, c := range list {
		f := trust.Finding{Kind: trust.CutLink, ID: opaque(c.ID), Contact: c.ID, Name: string(identity.KindEmail), Fate: fateOf(c)}
		var key string
		var proved []identity.Identifier
		there, err := t.found(first, []any{c.ID, s.workspace}, &f.Session, &key, document{&proved}, stamp{&f.At})
		if err != nil {
			return err
		}
		if !there || key != s.key || f.At.Before(s.since) {
			continue
		}
		left, err := t.exec(leave, c.ID)
		if err != nil {
			return err
		}
		if left == 0 {
			continue // another step was here
		}
		if len(proved) > 0 {
			f.Name, f.Value = string(proved[0].Kind), proved[0].Value
		}
		if ordered(c) {
			if _, err := s.bear(t, c, c.Kind, c.Scope); err != nil {
				return err
			}
		}
		if err := s.unhand(t, c); err != nil {
			return err
		}
		if err := s.note(t, f); err != nil {
			return err
		}
	}
	return nil
}

// taken is a claim of an anonymous conversation, and the conversation if it is still
// where the claim put it.
type taken struct {
	id, session, visitor, from, to string
	at                             time.Time
	conversation                   string
}

// claimsStep takes back anonymous conversations that sessions of the key took over.
func (db *DB) claimsStep(ctx context.Context, s sweep) (portion, error) {
	const query = `SELECT id, session, visitor, from_contact, to_contact, conversation, at FROM claims
	WHERE key_id = $1 AND (at, id) > ($2, $3) AND workspace = $4 ORDER BY at, id LIMIT ` + sweepRowsText
	from := s.at(2)
	at, err := strconv.ParseInt(from[0].(string), 10, 64)
	if err != nil { // from the beginning
		at = micros(s.since)
	}
	var list []taken
	err = db.rows(ctx, query, []any{s.key, at, from[1], s.workspace}, func(row scanner) error {
		var c taken
		err := row.Scan(&c.id, &c.session, &c.visitor, &c.from, &c.to, &c.conversation, stamp{&c.at})
		list = append(list, c)
		return err
	})
	found := portion{apply: func(t *tx) error { return s.cutClaims(t, list) }}
	if n := len(list); n > 0 {
		found.next = after(n, strconv.FormatInt(micros(list[n-1].at), 10), list[n-1].id)
	}
	return found, err
}

func (s sweep) cutClaims(t *tx, list []taken) error {
	const theirs = `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.id = $1 AND v.workspace = $2 AND v.contact = $3`
	const move = `UPDATE conversations SET contact = $1 WHERE id = $2`
	for _, c := range list {
		var thread chat.Conversation
		err := scanConversation(oneRow{t, theirs, []any{c.conversation, s.workspace, c.to}}, &thread)
		if absent(err) {
			continue
		}
		if err != nil {
			return err
		}
		f := trust.Finding{Kind: trust.CutClaim, ID: c.id, Contact: c.to, Conversation: c.conversation, Session: c.session, Fate: trust.FateReturned, At: c.at}
		thread.Contact = c.from
		back, err := s.mayReturn(t, c)
		if err != nil {
			return err
		}
		if !back {
			f.Fate = trust.FateDetached
			if thread.Contact, err = s.nobody(t, c); err != nil {
				return err
			}
		}
		if _, err := t.exec(move, thread.Contact, thread.ID); err != nil {
			return err
		}
		list, err := endSessions(t, `contact = $3`, policy.EndedKey, t.now, c.to)
		if err != nil {
			return err
		}
		t.silence(list)
		t.append(chat.ConversationEvent(event.ConversationMoved, thread, t.now))
		t.raise()
		if err := s.note(t, f); err != nil {
			return err
		}
	}
	return nil
}

// mayReturn says whether a conversation can go back to the browser that began it, or to
// the imported person that it came with: only while the browser is still the same anonymous
// visitor, and if nothing was said since.
// What was said after the claim was said to somebody who seemed to be a customer.
func (s sweep) mayReturn(t *tx, c taken) (bool, error) {
	const same = `SELECT 1 FROM visitors v JOIN contacts c ON c.id = v.contact AND c.workspace = v.workspace
	WHERE v.id = $1 AND v.workspace = $2 AND v.contact = $3 AND v.retired_at = 0 AND c.kind = 'anonymous'`
	const imported = `SELECT 1 FROM contacts WHERE id = $1 AND workspace = $2 AND kind = 'imported'`
	const since = `SELECT 1 FROM messages WHERE conversation = $1 AND audience = 'visitor' AND at > $2 AND method <> 'import' LIMIT 1`
	there, err := t.found(imported, []any{c.from, s.workspace}, new(int))
	if err == nil && !there {
		there, err = t.found(same, []any{c.visitor, s.workspace, c.from}, new(int))
	}
	if err != nil || !there {
		return false, err
	}
	said, err := t.found(since, []any{c.conversation, micros(c.at.Add(-clockSlack))}, new(int))
	return !said, err
}

// nobody is a contact to which no proof, claim or browser leads: the team alone reads
// what is with it.
func (s sweep) nobody(t *tx, c taken) (string, error) {
	const detached = `INSERT INTO contacts (id, workspace, realm, kind, scope, created_at, seen_at, blocked_at)
	SELECT $1, workspace, realm, 'anonymous', $2, created_at, seen_at, 0 FROM contacts WHERE id = $3 AND workspace = $4`
	id := event.NewID("con", t.now)
	_, err := t.exec(detached, id, "detached:"+id, c.from, s.workspace)
	return id, err
}
