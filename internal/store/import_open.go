package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
)

// openImports gives everybody whom this batch let in by a proof the imported records that
// the proof opens, in the same commit. A hash of either kind proves no link, and opens none.
func (s *openings) openImports() error {
	wait, err := s.t.importsWait()
	if err != nil || !wait {
		return err
	}
	for _, w := range s.sessions {
		proved := s.owned(w)
		if len(proved) == 0 {
			continue
		}
		records, err := waiting(s.t.rows, asker{w.Session.Workspace, w.opened.Contact.ID, mailbox(w.Verdict.Method)}, proved)
		if err != nil {
			return fmt.Errorf("imported people: %w", err)
		}
		for _, record := range records {
			if err := s.t.openImport(w, record); err != nil {
				return fmt.Errorf("imported people: %w", err)
			}
		}
	}
	return nil
}

// owned are the identifiers that an opening proves and its contact holds: not those that
// are somebody else's.
func (s *openings) owned(w *openingWrite) (list []identity.Identifier) {
	for _, l := range w.Links {
		if owner := s.owners[l.Identifier][w.Session.Workspace]; owner != nil && owner.ID == w.opened.Contact.ID {
			list = append(list, l.Identifier)
		}
	}
	return list
}

// importsWait says whether anything imported waits for anybody. The first import raises
// the epoch, so the answer is asked for once an epoch: who imports nothing pays nothing.
func (t *tx) importsWait() (bool, error) {
	if t.link.importsAt == t.began {
		return t.link.imports, nil
	}
	wait, err := t.found(`SELECT 1 FROM imported_people WHERE opened_to = '' LIMIT 1`, nil, new(int))
	if err == nil {
		t.link.importsAt, t.link.imports = t.began, wait
	}
	return wait, err
}

// asker is for whom imported records are looked for. Mailbox: the proof is of a mailbox, by
// a code or a signed mail, and not the product's word on one of its users.
type asker struct {
	workspace, contact string
	mailbox            bool
}

func mailbox(method identity.Method) bool {
	return method == identity.MethodCode || method == identity.MethodDKIM
}

type reading func(query string, args []any, read func(row scanner) error) error

// waiting are the imported records that a contact opens by identifiers which it holds:
// of each source, the one record of that name which nobody opened yet. A name that two
// records of a source share opens neither; nor does a record open to whoever has another
// user id than it says, or one whose user id somebody else holds. Nor does one with a user
// id open to a mailbox: that this user has this address is what the export says, and a user
// can have given an address that is not theirs.
func waiting(rows reading, by asker, proved []identity.Identifier) (records []string, err error) {
	const query = `SELECT n.contact, n.source, p.opened_to FROM imported_names n JOIN imported_people p ON p.contact = n.contact
	WHERE n.workspace = $1 AND n.realm = $2 AND n.kind = $3 AND n.value = $4 ORDER BY n.source, n.contact LIMIT $5`
	const most = 100
	for _, i := range proved {
		named := map[string]int{} // :: source → records of this name
		var found []string
		var sources []string
		n := 0
		err := rows(query, []any{by.workspace, i.Realm, string(i.Kind), i.Value, most}, func(row scanner) error {
			var record, source, to string
			err := row.Scan(&record, &source, &to)
			if named[source]++; to == "" {
				found, sources = append(found, record), append(sources, source)
			}
			if n++; n == most {
				named[source]++ // whether it has one more record of this name was not read
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for at, record := range found {
			if named[sources[at]] > 1 || slices.Contains(records, record) {
				continue
			}
			other, err := contradicts(rows, by, record)
			if err != nil {
				return nil, err
			}
			if !other {
				records = append(records, record)
			}
		}
	}
	return records, nil
}

// contradicts says whether a record's user id is not this contact's.
func contradicts(rows reading, by asker, record string) (bool, error) {
	const query = `SELECT COALESCE(l.contact, ''), CASE WHEN EXISTS (SELECT 1 FROM links m WHERE m.contact = $2 AND m.workspace = n.workspace AND m.kind = 'user_id') THEN 1 ELSE 0 END
	FROM imported_names n LEFT JOIN links l ON l.workspace = n.workspace AND l.realm = n.realm AND l.kind = n.kind AND l.value = n.value
	WHERE n.contact = $1 AND n.workspace = $3 AND n.kind = 'user_id'`
	other := false
	err := rows(query, []any{record, by.contact, by.workspace}, func(row scanner) error {
		var holder string
		var called int64
		err := row.Scan(&holder, &called)
		other = other || holder != by.contact && (holder != "" || called > 0 || by.mailbox)
		return err
	})
	return other, err
}

func (t *tx) openImport(w *openingWrite, record string) error {
	by := opening{to: w.opened.Contact.ID, session: w.Session.ID, key: w.Verdict.Key, at: t.now}
	n, source, err := t.handOver(w.Session.Workspace, record, by)
	if err != nil {
		return err
	}
	t.record(audit.Draft{
		Workspace: w.Session.Workspace, Actor: string(policy.VisitorPrincipal) + ":" + w.Session.ID, Action: audit.ImportOpened, Channel: w.Session.Channel,
		Subject: by.to, Detail: map[string]string{"record": record, "source": source, "conversations": strconv.Itoa(n), "key": by.key},
	})
	return nil
}

// toldThreads is of how many conversations that open at once streams are told one by one;
// whoever has more reads the list.
const toldThreads = 20

// handOver makes an imported record that of a contact: its conversations, and what it says
// of the person. Each conversation is noted as a claim by session and key, which is what
// takes it back if the key turns out to have been somebody else's.
func (t *tx) handOver(workspace, record string, by opening) (n int, source string, err error) {
	const mark = `UPDATE imported_people SET opened_to = $1, session = $2, key_id = $3, opened_at = $4 WHERE contact = $5 AND workspace = $6 AND opened_to = '' RETURNING source, realm`
	const move = `UPDATE conversations SET contact = $1 WHERE contact = $2 AND workspace = $3`
	const list = `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.contact = $1 AND v.workspace = $2 ORDER BY v.last_at DESC, v.id DESC`
	var realm string
	won, err := t.found(mark, []any{by.to, by.session, by.key, micros(by.at), record, workspace}, &source, &realm)
	if err != nil || !won {
		return 0, source, err
	}
	var ids []string
	var told []chat.Conversation
	err = t.rows(list, []any{record, workspace}, func(row scanner) error {
		var c chat.Conversation
		err := scanConversation(row, &c)
		if ids = append(ids, c.ID); len(told) < toldThreads {
			c.Contact = by.to
			told = append(told, c)
		}
		return err
	})
	if err == nil {
		_, err = t.exec(move, by.to, record, workspace)
	}
	if err == nil {
		err = t.noteOpened(workspace, realm, record, by, ids)
	}
	if err == nil {
		err = t.copyImported(record, by)
	}
	if err != nil {
		return 0, source, err
	}
	for _, c := range told {
		e := chat.ConversationEvent(event.ConversationMoved, c, t.now)
		e.Session, e.Key = by.session, by.key
		t.append(e)
	}
	t.touch(workspace, by.to)
	t.touch(workspace, record)
	return len(ids), source, nil
}

// noteOpened keeps by which session and key conversations of an imported person opened.
func (t *tx) noteOpened(workspace, realm, record string, by opening, conversations []string) error {
	const note = `INSERT INTO claims (id, workspace, realm, method, session, key_id, visitor, from_contact, to_contact, conversation, at) VALUES `
	var method, visitor string
	if _, err := t.found(`SELECT method, visitor FROM sessions WHERE id = $1`, []any{by.session}, &method, &visitor); err != nil {
		return err
	}
	var args []any
	for _, id := range conversations {
		args = append(args, event.NewID("clm", t.now), workspace, realm, method, by.session, by.key, visitor, record, by.to, id, micros(by.at))
	}
	return t.insert(note, 11, args, "")
}

// copyImported puts what a record says, and what agents noted about it, beside what the
// person who opened it says. session and key stand with each value, so that it goes when
// they turn out to have been worth nothing; what is there of the same word stays.
func (t *tx) copyImported(record string, by opening) error {
	const values = `INSERT INTO attributes (workspace, contact, name, provenance, value, realm, method, session, key_id, at)
	SELECT workspace, $1, name, provenance, value, realm, method, $2, $3, at FROM attributes WHERE contact = $4 AND provenance IN ('import', 'agent')
	ON CONFLICT (contact, name, provenance) DO NOTHING`
	if _, err := t.exec(values, by.to, by.session, by.key, record); err != nil {
		return err
	}
	return t.trim([]string{by.to})
}

// ImportWaits says whether an imported record would open to a contact by what it proves.
func (db *DB) ImportWaits(ctx context.Context, workspace, contact string, proved []identity.Identifier) (bool, error) {
	const owner = `SELECT 1 FROM links WHERE workspace = $1 AND realm = $2 AND kind = $3 AND value = $4 AND contact = $5`
	var held []identity.Identifier
	for _, i := range proved {
		err := db.page(ctx, owner, []any{workspace, i.Realm, string(i.Kind), i.Value, contact}, func(scanner) error {
			held = append(held, i)
			return nil
		})
		if err != nil {
			return false, fmt.Errorf("store: imported people: %w", err)
		}
	}
	rows := func(query string, args []any, read func(row scanner) error) error {
		return db.rows(ctx, query, args, read)
	}
	records, err := waiting(rows, asker{workspace: workspace, contact: contact}, held)
	if err != nil {
		return false, fmt.Errorf("store: imported people: %w", err)
	}
	return len(records) > 0, nil
}

// ImportsWait says whether any imported record of the workspace waits for its person.
func (db *DB) ImportsWait(ctx context.Context, workspace string) (wait bool, err error) {
	const query = `SELECT 1 FROM imported_people WHERE workspace = $1 AND opened_to = '' LIMIT 1`
	err = db.page(ctx, query, []any{workspace}, func(scanner) error {
		wait = true
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("store: imported people: %w", err)
	}
	return wait, nil
}

// releaseImports hands what waits for the holder of a name over to the holder, before the
// name is taken from it: whoever proves it next takes no history along.
func (t *tx) releaseImports(workspace, contact string, i identity.Identifier) error {
	const link = `SELECT session, key_id, method FROM links WHERE workspace = $1 AND realm = $2 AND kind = $3 AND value = $4 AND contact = $5`
	by := opening{to: contact, at: t.now}
	var method identity.Method
	held, err := t.found(link, []any{workspace, i.Realm, string(i.Kind), i.Value, contact}, &by.session, &by.key, &method)
	if err != nil || !held {
		return err
	}
	records, err := waiting(t.rows, asker{workspace, contact, mailbox(method)}, []identity.Identifier{i})
	for _, record := range records {
		if err == nil {
			_, _, err = t.handOver(workspace, record, by)
		}
	}
	return err
}

// importsOf are the imported records that are a contact's: those it opened, and those that
// it would open with the names that it holds.
func (t *tx) importsOf(workspace, contact string) (records []string, err error) {
	const opened = `SELECT contact FROM imported_people WHERE opened_to = $1 AND workspace = $2`
	err = t.rows(opened, []any{contact, workspace}, func(row scanner) error {
		var id string
		err := row.Scan(&id)
		records = append(records, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	names := map[bool][]identity.Identifier{} // :: whether a mailbox proved them → names
	err = t.rows(`SELECT realm, kind, value, method FROM links WHERE contact = $1 AND workspace = $2`, []any{contact, workspace}, func(row scanner) error {
		var i identity.Identifier
		var method identity.Method
		err := row.Scan(&i.Realm, &i.Kind, &i.Value, &method)
		names[mailbox(method)] = append(names[mailbox(method)], i)
		return err
	})
	for _, proved := range []bool{false, true} {
		if err != nil {
			return nil, err
		}
		var would []string
		would, err = waiting(t.rows, asker{workspace, contact, proved}, names[proved])
		records = append(records, would...)
	}
	return records, err
}

// forgetImport erases a record, and leaves a mark by which no later run brings it back.
func (t *tx) forgetImport(workspace, contact string) error {
	const record = `SELECT realm, source, external FROM imported_people WHERE contact = $1 AND workspace = $2`
	const keep = `INSERT INTO imported_erased (lookup, workspace) VALUES ($1, $2) ON CONFLICT (lookup) DO NOTHING`
	var realm, source, external string
	known, err := t.found(record, []any{contact, workspace}, &realm, &source, &external)
	if err != nil || !known {
		return err
	}
	mark, err := t.erasedMark(workspace, realm, source, external)
	if err == nil {
		_, err = t.exec(keep, mark, workspace)
	}
	for _, statement := range []string{`DELETE FROM imported_names WHERE contact = $1`, `DELETE FROM imported_people WHERE contact = $1`} {
		if err == nil {
			_, err = t.exec(statement, contact)
		}
	}
	return err
}

// ImportedRecord says what an imported person waits for.
func (db *DB) ImportedRecord(ctx context.Context, workspace, contact string) (chat.Imported, error) {
	const record = `SELECT source, opened_to, opened_at FROM imported_people WHERE contact = $1 AND workspace = $2`
	const names = `SELECT n.realm, n.kind, n.value, CASE WHEN EXISTS (SELECT 1 FROM imported_names o WHERE o.workspace = n.workspace AND o.realm = n.realm AND o.kind = n.kind
	AND o.value = n.value AND o.source = n.source AND o.contact <> n.contact) THEN 1 ELSE 0 END FROM imported_names n WHERE n.contact = $1 AND n.workspace = $2 ORDER BY n.kind DESC, n.value`
	var is chat.Imported
	err := db.row(ctx, record, []any{contact, workspace}, &is.Source, &is.OpenedTo, stamp{&is.OpenedAt})
	if absent(err) {
		return is, chat.ErrNotFound
	}
	if err == nil {
		err = db.rows(ctx, names, []any{contact, workspace}, func(row scanner) error {
			var n chat.ImportedName
			var shared int64
			err := row.Scan(&n.Realm, &n.Kind, &n.Value, &shared)
			n.Shared = shared > 0
			is.Names = append(is.Names, n)
			return err
		})
	}
	if err != nil {
		return is, fmt.Errorf("store: imported record: %w", err)
	}
	return is, nil
}
