package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/history"
)

// Import writes a batch of another system's records. Nothing in it is told to anybody's
// stream: a message takes its place in the log by an event of the system's own, and who
// has the inbox open sees old conversations when it is asked for next.
func (db *DB) Import(ctx context.Context, batch history.Batch) (history.Outcome, error) {
	var out history.Outcome
	err := db.writer.change(ctx, []audit.Draft{batch.By}, func(t *tx) error {
		w := importing{t: t, Batch: batch, moved: tallies{}, seen: map[string]imported{}}
		if err := w.run(); err != nil {
			return fmt.Errorf("import: %w", err)
		}
		out = w.out
		return nil
	})
	if err != nil {
		return history.Outcome{}, err
	}
	return out, nil
}

// importing is one batch inside its transaction.
type importing struct {
	t *tx
	history.Batch
	moved tallies
	seen  map[string]imported // :: source/external id → person
	out   history.Outcome
}

// imported is a person's record as it stands.
type imported struct {
	contact, digest string
	opening
	gone bool // erased here, or not taken
}

// opening is who proved to be an imported person, in which session, by which key.
type opening struct {
	to, session, key string
	at               time.Time
}

func (w *importing) run() error {
	if err := w.there(); err != nil {
		return err
	}
	waited, err := w.t.found(`SELECT 1 FROM imported_people WHERE workspace = $1 AND opened_to = '' LIMIT 1`, []any{w.Workspace}, new(int))
	if err != nil {
		return err
	}
	for _, k := range w.People {
		if _, err := w.person(k); err != nil {
			return err
		}
	}
	for _, k := range w.Threads {
		if err := w.thread(k); err != nil {
			return err
		}
	}
	if !waited {
		w.t.raise() // whoever remembered that nothing waits asks again
	}
	return w.moved.write(w.t)
}

// there says whether the channel is the workspace's, and the realm the channel's: what a
// key proves counts in its own realm alone.
func (w *importing) there() error {
	const query = `SELECT 1 FROM channels WHERE id = $1 AND workspace = $2 AND realm = $3`
	known, err := w.t.found(query, []any{w.Channel, w.Workspace, w.Realm}, new(int))
	if err == nil && !known {
		err = chat.ErrNotFound
	}
	return err
}

func (w *importing) refuse(where, reason string) {
	w.out.Refused = append(w.out.Refused, history.Refused{Where: where, Reason: reason})
}

// person finds or makes the record of a person and brings it up to date.
func (w *importing) person(k history.Kept) (imported, error) {
	const query = `SELECT p.contact, p.digest, p.opened_to, p.session, p.key_id, p.opened_at, COALESCE(k.compromised_since, 0)
	FROM imported_people p LEFT JOIN keys k ON k.id = p.key_id AND k.workspace = p.workspace
	WHERE p.workspace = $1 AND p.realm = $2 AND p.source = $3 AND p.external = $4`
	if known, ok := w.seen[k.Source+"/"+k.External]; ok && k.Sparse {
		return known, nil
	}
	var is imported
	var doubted time.Time
	found, err := w.t.found(query, []any{w.Workspace, w.Realm, k.Source, k.External}, &is.contact, &is.digest, &is.to, &is.session, &is.key, stamp{&is.at}, stamp{&doubted})
	if !doubted.IsZero() && !is.at.Before(doubted) {
		is.opening = opening{} // the sweep after its key has yet to shut it
	}
	switch {
	case err != nil:
		return is, err
	case !found:
		is, err = w.add(k)
	case k.Sparse:
	case is.digest == k.Digest:
		w.out.PeopleSame++
	default:
		err = w.renew(k, &is)
	}
	if err == nil {
		w.seen[k.Source+"/"+k.External] = is
	}
	return is, err
}

// erasedMark is the keyed digest of a record, by which it is known again once its person
// was erased.
func (t *tx) erasedMark(workspace, realm, source, external string) ([]byte, error) {
	if t.names == nil {
		return nil, errNameless
	}
	return t.names.Lookup(workspace, identity.Identifier{Realm: realm, Kind: identity.Kind("import:" + source), Value: external}), nil
}

func (w *importing) add(k history.Kept) (imported, error) {
	const person = `INSERT INTO contacts (id, workspace, realm, kind, scope, created_at, seen_at, blocked_at) VALUES `
	const record = `INSERT INTO imported_people (contact, workspace, realm, source, external, digest, opened_to, session, key_id, opened_at, at) VALUES `
	mark, err := w.t.erasedMark(w.Workspace, w.Realm, k.Source, k.External)
	if err != nil {
		return imported{}, err
	}
	erased, err := w.t.found(`SELECT 1 FROM imported_erased WHERE lookup = $1 AND workspace = $2`, []any{mark, w.Workspace}, new(int))
	if err != nil {
		return imported{}, err
	}
	if erased {
		w.out.Erased++
		return imported{gone: true}, nil
	}
	is := imported{contact: event.NewID("con", w.t.now), digest: k.Digest}
	if k.Sparse {
		is.digest = "" // the person's own record, when it comes, is news
	}
	made, seen := w.past(k.CreatedAt), w.past(latest(k.SeenAt, k.CreatedAt))
	args := []any{is.contact, w.Workspace, w.Realm, string(chat.ImportedContact), "import:" + is.contact, micros(made), micros(seen), 0}
	if err := w.t.insert(person, 8, args, ""); err != nil {
		return is, err
	}
	args = []any{is.contact, w.Workspace, w.Realm, k.Source, k.External, is.digest, "", "", "", 0, micros(w.t.now)}
	if err := w.t.insert(record, 11, args, ""); err != nil {
		return is, err
	}
	w.out.PeopleAdded++
	return is, w.describe(k, is)
}

// past is a time of the other system's, which is never later than now; an unknown one is now.
func (w *importing) past(at time.Time) time.Time {
	if at.IsZero() || at.After(w.t.now) {
		return w.t.now
	}
	return at
}

// renew brings a record up to date. Whoever opened it keeps it, whatever it is called now.
func (w *importing) renew(k history.Kept, is *imported) error {
	var old []identity.Identifier
	err := w.t.rows(`SELECT realm, kind, value FROM imported_names WHERE contact = $1`, []any{is.contact}, func(row scanner) error {
		var i identity.Identifier
		err := row.Scan(&i.Realm, &i.Kind, &i.Value)
		old = append(old, i)
		return err
	})
	if err != nil {
		return err
	}
	same := func(i identity.Identifier) bool { return slices.Contains(k.Names, i) }
	if w.Reused && len(old) > 0 && len(k.Names) > 0 && !slices.ContainsFunc(old, same) {
		w.refuse(k.Where, fmt.Sprintf("the id %q was somebody else's in an earlier run of source %q: name another --source", k.External, w.Source))
		is.gone = true
		return nil
	}
	for _, statement := range []string{`DELETE FROM imported_names WHERE contact = $1`, `DELETE FROM attributes WHERE contact = $1 AND provenance = 'import'`} {
		if _, err := w.t.exec(statement, is.contact); err != nil {
			return err
		}
	}
	if _, err := w.t.exec(`UPDATE imported_people SET digest = $1, at = $2 WHERE contact = $3`, k.Digest, micros(w.t.now), is.contact); err != nil {
		return err
	}
	w.out.PeopleChanged++
	if err := w.describe(k, *is); err != nil {
		return err
	}
	if is.to == "" {
		return nil
	}
	const stale = `DELETE FROM attributes WHERE contact = $1 AND provenance = 'import' AND session = $2`
	if _, err := w.t.exec(stale, is.to, is.session); err != nil {
		return err
	}
	return w.t.copyImported(is.contact, is.opening)
}

// describe writes what a record says of its person.
func (w *importing) describe(k history.Kept, is imported) error {
	const names = `INSERT INTO imported_names (workspace, realm, kind, value, contact, source) VALUES `
	var args []any
	for _, i := range k.Names {
		args = append(args, w.Workspace, w.Realm, string(i.Kind), i.Value, is.contact, k.Source)
	}
	if err := w.t.insert(names, 6, args, ""); err != nil {
		return err
	}
	args = nil
	for _, a := range k.Values {
		args = append(args, w.Workspace, is.contact, a.Name, string(history.Provenance), string(a.Value), w.Realm, "", "", "", micros(w.t.now))
	}
	return w.t.insert(insertAttribute, 10, args, updateAttribute)
}

// thread writes a conversation, or what is new in it.
func (w *importing) thread(k history.KeptThread) error {
	const query = `SELECT conversation, contact, digest FROM imported_threads WHERE workspace = $1 AND realm = $2 AND source = $3 AND external = $4`
	owner, err := w.person(k.Owner)
	if err != nil || owner.gone {
		return err
	}
	var id, whose, digest string
	known, err := w.t.found(query, []any{w.Workspace, w.Realm, w.Source, k.External}, &id, &whose, &digest)
	switch {
	case err != nil:
		return err
	case !known:
		return w.begin(k, owner)
	case whose != owner.contact:
		w.refuse(k.Where, "the conversation was another person's in an earlier run, and stays there")
		return nil
	case digest == k.Digest:
		w.out.ThreadsSame++
		w.out.MessagesSame += len(k.Messages)
		return nil
	}
	return w.resume(k, owner, id)
}

func (w *importing) begin(k history.KeptThread, owner imported) error {
	const record = `INSERT INTO imported_threads (conversation, workspace, realm, source, external, contact, digest) VALUES `
	c := chat.Conversation{
		ID: event.NewID("cnv", w.t.now), Workspace: w.Workspace, Channel: w.Channel, Contact: owner.contact, Status: chat.Closed,
		Tier: policy.Claimed, CreatedAt: w.past(began(k.Thread)),
	}
	if k.Open {
		c.Status = chat.Open
	}
	if owner.to != "" {
		c.Contact = owner.to // whoever proved to be this person before
	}
	messages := w.place(&c, owner, k.Messages)
	if c.LastAt.IsZero() {
		c.LastAt = c.CreatedAt
	}
	c.VisitorRead, c.AgentsRead = c.LastSeq, c.LastSeq
	args := []any{c.ID, c.Workspace, c.Channel, c.Contact, string(c.Status), "", "", string(c.Tier), c.Preview, string(c.LastAuthor), c.LastSeq, micros(c.LastAt),
		c.VisitorRead, c.AgentsRead, c.VisitorCount, c.TeamCount, 0, 0, micros(c.CreatedAt), 0}
	if err := w.t.insert(insertConversation, 20, args, ""); err != nil {
		return err
	}
	if err := w.t.insert(record, 7, []any{c.ID, w.Workspace, w.Realm, w.Source, k.External, owner.contact, k.Digest}, ""); err != nil {
		return err
	}
	w.moved[cell{c.Workspace, string(c.Status), ""}]++
	w.out.ThreadsAdded++
	if owner.to != "" {
		if err := w.t.noteOpened(w.Workspace, w.Realm, owner.contact, owner.opening, []string{c.ID}); err != nil {
			return err
		}
		w.t.append(chat.ConversationEvent(event.ConversationCreated, c, w.t.now))
	}
	return w.write(messages)
}

// began is when a conversation did, by its own word or that of what was said first.
func began(of history.Thread) time.Time {
	if of.CreatedAt.IsZero() && len(of.Messages) > 0 {
		return of.Messages[0].At
	}
	return of.CreatedAt
}

const insertConversation = `INSERT INTO conversations (id, workspace, channel, contact, status, assignee, assignee_name, tier, preview,
	last_author, last_seq, last_at, visitor_read, agents_read, visitor_count, team_count, visitor_unread, agents_unread, created_at, snoozed_until) VALUES `

// place gives messages their sequences and counts them in the conversation.
func (w *importing) place(c *chat.Conversation, owner imported, list []history.Message) []chat.Message {
	placed := make([]chat.Message, 0, len(list))
	for _, m := range list {
		one := chat.Message{
			ID: event.NewID("msg", w.t.now), Workspace: w.Workspace, Channel: w.Channel, Conversation: c.ID, Contact: owner.contact,
			Audience: event.AudienceVisitor, Author: chat.ByTeam, AuthorName: m.Name, Text: m.Text, ClientID: clientOf(m),
			Method: chat.MethodImport, At: w.past(m.At),
		}
		if m.Visitor {
			one.Author, one.AuthorID, one.Tier = chat.ByVisitor, owner.contact, policy.Claimed
		}
		w.t.append(event.Event{Workspace: w.Workspace, Audience: event.AudienceSystem, Kind: event.MessageImported, Channel: w.Channel, Conversation: c.ID, At: w.t.now})
		one.Seq = w.t.seq
		if m.Note {
			one.Audience = event.AudienceAgents
		} else {
			count(c, one)
		}
		placed = append(placed, one)
	}
	w.out.MessagesAdded += len(placed)
	return placed
}

// count adds a visible message to its conversation.
func count(c *chat.Conversation, m chat.Message) {
	if m.Author == chat.ByVisitor {
		c.VisitorCount++
	} else {
		c.TeamCount++
	}
	c.LastSeq = m.Seq
	if !m.At.Before(c.LastAt) {
		c.LastAt, c.Preview, c.LastAuthor = m.At, chat.Preview(m.Text), m.Author
	}
}

// clientOf is the name under which a message of the other system is known again. It is no
// text that a sender here can choose for a message of theirs: an author stands beside it.
func clientOf(m history.Message) string {
	sum := sha256.Sum256([]byte(m.External))
	return "imp-" + hex.EncodeToString(sum[:20])
}

func (w *importing) write(list []chat.Message) error {
	var args []any
	for i := range list {
		m := &list[i]
		args = append(args, m.Seq, m.ID, m.Workspace, m.Channel, m.Conversation, m.Contact, string(m.Audience), string(m.Author),
			m.AuthorID, m.AuthorName, m.Text, m.ClientID, w.Realm, string(m.Tier), string(m.Method), "", "", micros(m.At), attachedText(m.Files))
	}
	return w.t.insert(insertMessages, 19, args, "")
}

// resume writes what an export has of a conversation that an earlier one did not. What is
// there keeps its place; a text that the other system has changed since is changed.
func (w *importing) resume(k history.KeptThread, owner imported, id string) error {
	const read = `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.id = $1 AND v.workspace = $2`
	const update = `UPDATE conversations SET status = $1, preview = $2, last_author = $3, last_seq = $4, last_at = $5, visitor_read = $6, agents_read = $7,
	visitor_count = $8, team_count = $9 WHERE id = $10`
	var c chat.Conversation
	if err := scanConversation(oneRow{w.t, read, []any{id, w.Workspace}}, &c); err != nil {
		return err
	}
	fresh, changed, err := w.news(k, id)
	if err != nil {
		return err
	}
	was := cell{c.Workspace, string(c.Status), c.Assignee}
	untouched, err := w.untouched(id)
	if err != nil {
		return err
	}
	before := c.LastSeq
	messages := w.place(&c, owner, fresh)
	if untouched {
		c.Status = chat.Closed
		if k.Open {
			c.Status = chat.Open
		}
		c.VisitorRead, c.AgentsRead = c.LastSeq, c.LastSeq
	}
	_, err = w.t.exec(update, string(c.Status), c.Preview, string(c.LastAuthor), c.LastSeq, micros(c.LastAt), c.VisitorRead, c.AgentsRead, c.VisitorCount, c.TeamCount, id)
	if err != nil {
		return err
	}
	if _, err := w.t.exec(`UPDATE imported_threads SET digest = $1 WHERE conversation = $2`, k.Digest, id); err != nil {
		return err
	}
	w.moved.move(was, cell{c.Workspace, string(c.Status), c.Assignee})
	w.out.ThreadsChanged++
	if c.Contact != owner.contact && (c.LastSeq != before || changed > 0) {
		w.t.append(chat.ConversationEvent(event.ConversationUpdated, c, w.t.now))
	}
	return w.write(messages)
}

// untouched says whether nobody has written here since.
func (w *importing) untouched(id string) (bool, error) {
	written, err := w.t.found(`SELECT 1 FROM messages WHERE conversation = $1 AND method <> 'import' LIMIT 1`, []any{id}, new(int))
	return !written, err
}

// news are the messages of a thread that are not there yet, and how many texts changed.
func (w *importing) news(k history.KeptThread, id string) (fresh []history.Message, changed int, err error) {
	type kept struct{ id, text string }
	there := map[string]kept{}
	err = w.t.rows(`SELECT client_id, id, text FROM messages WHERE conversation = $1 AND method = 'import' LIMIT $2`, []any{id, history.MaxMessages}, func(row scanner) error {
		var name string
		var m kept
		err := row.Scan(&name, &m.id, &m.text)
		there[name] = m
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	for _, m := range k.Messages {
		old, known := there[clientOf(m)]
		switch {
		case !known:
			fresh = append(fresh, m)
		case old.text == m.Text:
			w.out.MessagesSame++
		default:
			if _, err := w.t.exec(`UPDATE messages SET text = $1 WHERE id = $2`, m.Text, old.id); err != nil {
				return nil, 0, err
			}
			changed++
			w.out.MessagesChanged++
		}
	}
	if len(there)+len(fresh) > history.MaxMessages {
		w.refuse(k.Where, fmt.Sprintf("the conversation has more than %d messages: what is new from here on is left out", history.MaxMessages))
		fresh = nil
	}
	return fresh, changed, nil
}

// Shared counts names that more than one record of a source has.
func (db *DB) Shared(ctx context.Context, target history.Target) (n int, err error) {
	const query = `SELECT COUNT(*) FROM (SELECT 1 FROM imported_names WHERE workspace = $1 AND realm = $2 AND source = $3 GROUP BY kind, value HAVING COUNT(*) > 1) AS shared`
	if err := db.row(ctx, query, []any{target.Workspace, target.Realm, target.Source}, &n); err != nil {
		return 0, fmt.Errorf("store: shared names: %w", err)
	}
	return n, nil
}
