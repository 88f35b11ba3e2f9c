package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"countersign/identity/policy"
	"countersign/internal/chat"
)

const attachmentColumns = `f.id, f.workspace, f.channel, f.contact, f.visitor, f.tier, f.method, f.session, f.key_id, f.agent, f.login,
	f.name, f.media_type, f.size, f.width, f.height, f.thumbnail, f.conversation, f.message, f.audience, f.created_at`

func scanAttachment(row scanner, a *chat.Attachment) error {
	var thumbnail int64
	err := row.Scan(&a.ID, &a.Workspace, &a.Channel, &a.Contact, &a.Visitor, (*string)(&a.Tier), (*string)(&a.Method), &a.Session, &a.Key, &a.Agent, &a.Login,
		&a.Name, &a.MediaType, &a.Size, &a.Width, &a.Height, &thumbnail, &a.Conversation, &a.Message, (*string)(&a.Audience), stamp{&a.CreatedAt})
	a.Thumbnail = thumbnail != 0
	return err
}

// BeginAttachment keeps the row of a file whose bytes are about to come.
func (db *DB) BeginAttachment(ctx context.Context, a chat.Attachment, tokenHash []byte, quota chat.Quota) error {
	const insert = `INSERT INTO files (id, workspace, channel, contact, visitor, realm, tier, method, session, key_id, agent, login, name, media_type,
	size, width, height, thumbnail, conversation, message, audience, created_at, ready_at) VALUES `
	a.Size = 1 // nobody knows yet, but it will not be empty
	return db.attach(ctx, a, tokenHash, func(t *tx, realm string) (refusal, err error) {
		if within, err := t.within(a, quota); err != nil || !within {
			return chat.ErrTooMany, err
		}
		return nil, t.insert(insert, 23, []any{a.ID, a.Workspace, a.Channel, a.Contact, a.Visitor, realm, string(a.Tier), string(a.Method), a.Session, a.Key,
			a.Agent, a.Login, "", "", 0, 0, 0, 0, "", "", "", micros(a.CreatedAt), 0}, "")
	})
}

// KeepAttachment says that the bytes are there.
func (db *DB) KeepAttachment(ctx context.Context, a chat.Attachment, tokenHash []byte, quota chat.Quota) error {
	const keep = `UPDATE files SET name = $1, media_type = $2, size = $3, width = $4, height = $5, thumbnail = $6, ready_at = $7
	WHERE id = $8 AND workspace = $9 AND contact = $10 AND agent = $11 AND ready_at = 0`
	return db.attach(ctx, a, tokenHash, func(t *tx, _ string) (refusal, err error) {
		if within, err := t.within(a, quota); err != nil || !within {
			return chat.ErrTooMany, err
		}
		n, err := t.exec(keep, a.Name, a.MediaType, a.Size, a.Width, a.Height, flag(a.Thumbnail), micros(t.now), a.ID, a.Workspace, a.Contact, a.Agent)
		if err == nil && n == 0 {
			return chat.ErrFileUnknown, nil // swept, or its person was erased, while it came in
		}
		return nil, err
	})
}

// attach shares a commit once session or login were found to stand in it.
func (db *DB) attach(ctx context.Context, a chat.Attachment, tokenHash []byte, write func(t *tx, realm string) (refusal, err error)) error {
	w := &attaching{a: a, token: tokenHash, write: write}
	if err := db.writer.share(ctx, w); err != nil {
		return fmt.Errorf("file: %w", err)
	}
	return nil
}

// attaching is a single that needs its sender's right.
type attaching struct {
	a     chat.Attachment
	token []byte
	write func(t *tx, realm string) (refusal, err error)
	err   error
}

func (w *attaching) refusal() error { return w.err }

func (w *attaching) join(b *batch) {
	w.err = nil
	b.needSession(w.token)
	b.needLogin(w.a.Login)
	b.attachings = append(b.attachings, w)
}

func (b *batch) attach(t *tx) error {
	for _, w := range b.attachings {
		realm, stands := w.stands(b, t)
		if !stands {
			w.err = chat.ErrSessionEnded
			continue
		}
		refusal, err := w.write(t, realm)
		if err != nil {
			return fmt.Errorf("files: %w", err)
		}
		w.err = refusal
	}
	return nil
}

// stands says whether the sender may still hand in, and as whom.
func (w *attaching) stands(b *batch, t *tx) (realm string, ok bool) {
	if len(w.token) > 0 {
		row, session := b.session(t, w.token)
		if session == nil || session.ID != w.a.Session || session.Workspace != w.a.Workspace || session.Contact != w.a.Contact {
			return "", false
		}
		return row.Realm, true
	}
	login := b.login(t, w.a.Login, w.a.Agent, policy.ReplyConversations)
	return "", login != nil && login.Workspace == w.a.Workspace && w.a.Contact == ""
}

// within says whether a sender may hand one more file in, of a size that is 0 before it
// is known.
func (t *tx) within(a chat.Attachment, quota chat.Quota) (bool, error) {
	const ofContact = `SELECT COALESCE(SUM(CASE WHEN created_at >= $2 THEN 1 ELSE 0 END), 0),
	COALESCE(SUM(CASE WHEN created_at >= $2 THEN size ELSE 0 END), 0), COALESCE(SUM(size), 0), COUNT(*) FROM files WHERE contact = $1 AND contact <> '' AND id <> $3`
	const ofAgent = `SELECT COUNT(*), COALESCE(SUM(size), 0), 0, 0 FROM files WHERE agent = $1 AND agent <> '' AND created_at >= $2 AND id <> $3`
	query, sender := ofContact, a.Contact
	if a.Agent != "" {
		query, sender = ofAgent, a.Agent
	}
	var n, day, all, kept int64
	if err := t.row(query, []any{sender, micros(quota.Since), a.ID}, &n, &day, &all, &kept); err != nil {
		return false, err
	}
	return n < int64(quota.Files) && day+a.Size <= quota.Bytes && (quota.Total == 0 || all+a.Size <= quota.Total) && (quota.Kept == 0 || kept < int64(quota.Kept)), nil
}

const discard = `INSERT INTO discarded_files (id, at) SELECT id, $1 FROM files WHERE `

// again forgives an id that was discarded before.
const again = ` ON CONFLICT (id) DO NOTHING`

// DiscardAttachment gives a file up that no message has.
func (db *DB) DiscardAttachment(ctx context.Context, workspace, id string) error {
	const which = `id = $2 AND workspace = $3 AND message = ''`
	return db.writer.share(ctx, &single{write: func(t *tx) (refusal, err error) {
		if _, err := t.exec(discard+which+again, micros(t.now), id, workspace); err != nil {
			return nil, fmt.Errorf("discard file: %w", err)
		}
		n, err := t.exec(`DELETE FROM files WHERE id = $1 AND workspace = $2 AND message = ''`, id, workspace)
		if err != nil {
			return nil, fmt.Errorf("discard file: %w", err)
		}
		if n == 0 {
			return chat.ErrNotFound, nil
		}
		return nil, nil
	}})
}

// VisitorAttachment: whose the thread is now decides, as for its messages.
func (db *DB) VisitorAttachment(ctx context.Context, session chat.Session, id string) (chat.Attachment, error) {
	const query = `SELECT ` + attachmentColumns + ` FROM files f WHERE f.id = $1 AND f.workspace = $2 AND f.ready_at <> 0 AND (
	f.audience = 'visitor' AND f.conversation = (SELECT v.id FROM conversations v WHERE v.id = f.conversation AND v.workspace = $2 AND v.contact = $3)
	OR f.message = '' AND f.contact = $3 AND f.visitor = $4 AND f.tier = $5 AND f.method = $6)`
	return db.attachment(ctx, query, id, session.Workspace, session.Contact, session.Visitor, string(session.Standing.Tier()), string(session.Standing.Method()))
}

// AgentAttachment is any message's, or what the agent is about to send.
func (db *DB) AgentAttachment(ctx context.Context, workspace, agent, id string) (chat.Attachment, error) {
	const query = `SELECT ` + attachmentColumns + ` FROM files f WHERE f.id = $1 AND f.workspace = $2 AND f.ready_at <> 0 AND (
	f.message <> '' OR f.agent = $3 AND f.agent <> '')`
	return db.attachment(ctx, query, id, workspace, agent)
}

func (db *DB) attachment(ctx context.Context, query string, args ...any) (chat.Attachment, error) {
	var found []chat.Attachment
	err := db.rows(ctx, query, args, func(row scanner) error {
		var a chat.Attachment
		err := scanAttachment(row, &a)
		found = append(found, a)
		return err
	})
	if err != nil {
		return chat.Attachment{}, fmt.Errorf("store: file: %w", err)
	}
	if len(found) == 0 {
		return chat.Attachment{}, chat.ErrNotFound
	}
	return found[0], nil
}

// LinkedAttachment is what the holder of a session or a login may read now.
func (db *DB) LinkedAttachment(ctx context.Context, link chat.FileLink, now time.Time) (chat.Attachment, error) {
	switch link.Reader {
	case chat.VisitorReads:
		const query = `SELECT ` + sessionColumns + ` FROM ` + sessionTables + ` WHERE s.id = $1 AND s.workspace = $2`
		list, err := db.sessions(ctx, query, now, link.Holder, link.Workspace)
		if err != nil {
			return chat.Attachment{}, err
		}
		if len(list) == 0 || list[0].Standing.Ended() != policy.Stands {
			return chat.Attachment{}, chat.ErrNotFound
		}
		return db.VisitorAttachment(ctx, list[0], link.File)
	case chat.AgentReads:
		const query = `SELECT ` + loginColumns + `, ` + agentColumns + ` FROM logins l JOIN agents a ON a.id = l.agent AND a.workspace = l.workspace
		WHERE l.id = $1 AND l.workspace = $2`
		var r loginRow
		err := db.row(ctx, query, []any{link.Holder, link.Workspace}, append(loginInto(&r.Login), agentInto(&r.agent)...)...)
		if err != nil && !absent(err) {
			return chat.Attachment{}, fmt.Errorf("store: file: %w", err)
		}
		if err != nil || !r.lives(now) || !slices.Contains(policy.RightsOf(r.agent.Role), policy.ReadConversations) {
			return chat.Attachment{}, chat.ErrNotFound
		}
		return db.AgentAttachment(ctx, link.Workspace, r.Agent, link.File)
	}
	return chat.Attachment{}, chat.ErrNotFound
}

// DiscardUnsent gives up what waits or comes in for too long.
func (db *DB) DiscardUnsent(ctx context.Context, waiting, coming time.Time, limit int) (int, error) {
	const which = `SELECT id FROM files WHERE message = '' AND created_at < $1 AND (created_at < $2 OR ready_at = 0) ORDER BY created_at LIMIT $3`
	var n int
	err := db.writer.alone(ctx, func(t *tx) error {
		var ids []any
		n = 0
		err := t.rows(which, []any{micros(latest(waiting, coming)), micros(waiting), limit}, func(row scanner) error {
			var id string
			err := row.Scan(&id)
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return fmt.Errorf("discard files: %w", err)
		}
		for _, id := range ids {
			if err := t.insert(`INSERT INTO discarded_files (id, at) VALUES `, 2, []any{id, micros(t.now)}, again); err != nil {
				return fmt.Errorf("discard files: %w", err)
			}
			if _, err := t.exec(`DELETE FROM files WHERE id = $1 AND message = ''`, id); err != nil {
				return fmt.Errorf("discard files: %w", err)
			}
		}
		n = len(ids)
		return nil
	})
	if err != nil {
		return 0, err // whoever stopped waiting reads nothing that is still written
	}
	return n, nil
}

// Discarded are ids whose bytes are to go, those first that wait longest.
func (db *DB) Discarded(ctx context.Context, limit int) ([]string, error) {
	var ids []string
	err := db.rows(ctx, `SELECT id FROM discarded_files ORDER BY at, id LIMIT $1`, []any{limit}, func(row scanner) error {
		var id string
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: discarded files: %w", err)
	}
	return ids, nil
}

// Dropped says that the bytes have gone.
func (db *DB) Dropped(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return db.writer.share(ctx, &single{write: func(t *tx) (refusal, err error) {
		for _, id := range ids {
			if _, err := t.exec(`DELETE FROM discarded_files WHERE id = $1`, id); err != nil {
				return nil, fmt.Errorf("dropped files: %w", err)
			}
		}
		return nil, nil
	}})
}

// StrayFiles are those of the ids that no row names, in any workspace.
func (db *DB) StrayFiles(ctx context.Context, ids []string) ([]string, error) {
	const query = `SELECT 1 FROM files WHERE id = $1`
	var strays []string
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			continue
		}
		err := db.row(ctx, query, []any{id}, new(int))
		if absent(err) {
			strays = append(strays, id)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("store: stray files: %w", err)
		}
	}
	return strays, nil
}

// readAttachments reads, for a batch, the files that its posts want to take along, with
// what has become of the sessions that handed them in.
func (s *threads) readAttachments() error {
	const query = `SELECT ` + attachmentColumns + ` FROM files f WHERE f.ready_at <> 0 AND f.message = '' AND f.id IN (`
	var ids []any
	for _, w := range s.threads {
		if w.post != nil {
			for _, id := range w.post.Files {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	err := s.t.lookup(query, 1, ids, `)`, func(row scanner) error {
		var a chat.Attachment
		err := scanAttachment(row, &a)
		s.waiting[a.ID] = &a
		return err
	})
	if err != nil {
		return fmt.Errorf("files: %w", err)
	}
	return s.spoil()
}

// spoil takes files away from a batch whose session was cut: what a key opened that was
// revoked since, or somebody blocked, is sent by nobody. A session that was merely
// replaced, or has run out, leaves its files to the next one of the same browser.
func (s *threads) spoil() error {
	const query = `SELECT ` + sessionColumns + ` FROM ` + sessionTables + ` WHERE s.id IN (`
	var sessions []any
	for _, a := range s.waiting {
		if a.Session != "" {
			sessions = append(sessions, a.Session)
		}
	}
	good := map[string]bool{}
	err := s.t.lookup(query, 1, sessions, `)`, func(row scanner) error {
		var r sessionRow
		if err := r.scan(row); err != nil {
			return err
		}
		switch r.at(s.t.now).Standing.Ended() {
		case policy.Stands, policy.EndedLogout, policy.EndedExpired:
			good[r.ID] = r.key == "" || verifies(r.keyState, r.keyEnds, s.t.now)
		case policy.EndedKey, policy.EndedPolicy, policy.EndedBlocked:
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("files: %w", err)
	}
	for id, a := range s.waiting {
		if a.Session != "" && !good[a.Session] {
			delete(s.waiting, id)
		}
	}
	return nil
}

// takeFiles gives a message the files that it names, if each waits for its very sender.
// It changes nothing unless all do.
func (s *threads) takeFiles(p *chat.Post, m *chat.Message) error {
	m.Files = nil
	var take []*chat.Attachment
	for _, id := range p.Files {
		a := s.waiting[id]
		if a == nil || a.Workspace != m.Workspace || slices.Contains(take, a) || !s.handedInBy(a, p, m) {
			return chat.ErrFileUnknown
		}
		take = append(take, a)
	}
	for _, a := range take {
		delete(s.waiting, a.ID)
		a.Conversation, a.Message, a.Audience = m.Conversation, m.ID, m.Audience
		m.Files = append(m.Files, a.FileBody)
		s.taken = append(s.taken, a)
	}
	return nil
}

// handedInBy: the same contact in the same browser, who has proved the same in the same
// way; or the same agent.
func (s *threads) handedInBy(a *chat.Attachment, p *chat.Post, m *chat.Message) bool {
	if len(p.TokenHash) == 0 {
		return m.Author == chat.ByTeam && a.Agent != "" && a.Agent == m.AuthorID
	}
	row := s.sessions[string(p.TokenHash)]
	return row != nil && a.Agent == "" && a.Contact == row.Contact && a.Visitor == row.Visitor && a.Tier == row.tier && a.Method == row.method
}

func (s *threads) writeAttachments() error {
	const send = `UPDATE files SET conversation = $1, message = $2, audience = $3 WHERE id = $4 AND message = ''`
	for _, a := range s.taken {
		if _, err := s.t.exec(send, a.Conversation, a.Message, string(a.Audience), a.ID); err != nil {
			return err
		}
	}
	return nil
}

// attached reads and writes a message's files as they stand in its row: empty for none.
type attached struct{ to *[]chat.FileBody }

func (f attached) Scan(src any) error {
	switch text := src.(type) {
	case string:
		if text == "" {
			return nil
		}
	case []byte:
		if len(text) == 0 {
			return nil
		}
	}
	return document{f.to}.Scan(src)
}

func attachedText(list []chat.FileBody) string {
	if len(list) == 0 {
		return ""
	}
	return text(list)
}

// discardOf gives up what a contact has not sent, and the files of its threads. What it
// sent in a thread that is somebody else's by now stays, as its words there do.
func (t *tx) discardOf(contact string, threads []chat.Conversation) error {
	const give = `INSERT INTO discarded_files (id, at) SELECT id, $2 FROM files WHERE `
	const forget = `DELETE FROM files WHERE `
	drop := func(which, of string) error {
		if _, err := t.exec(give+which+again, of, micros(t.now)); err != nil {
			return err
		}
		_, err := t.exec(forget+which, of)
		return err
	}
	for _, c := range threads {
		if err := drop(`conversation = $1`, c.ID); err != nil {
			return err
		}
	}
	return drop(`contact = $1 AND message = ''`, contact)
}
