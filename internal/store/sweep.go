package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/trust"
)

// The sweep after a compromised key goes through what the key proved since then, in
// stages:
//
//	claims ─▶ imports ─▶ links ─▶ eithers ─▶ attributes ─▶ messages ─▶ threads ─▶ done
//
// Each step looks for a handful of rows outside the writer, and takes them apart in one
// transaction that also writes how far it got, if nobody else got there first. The key
// is dead before the sweep begins, so nothing new comes up behind it.
const (
	stageClaims     = "claims"
	stageImports    = "imports"
	stageLinks      = "links"
	stageEithers    = "eithers"
	stageAttributes = "attributes"
	stageMessages   = "messages"
	stageThreads    = "threads"
	stageDone       = "done"

	sweepRows     = 200 // taken apart in one step
	sweepRowsText = "200"
	sweepSpan     = 50_000 // sequences looked through in one step
	// clockSlack is how far two clocks of one installation may differ, of which one
	// dated a claim and the other a message.
	clockSlack = 5 * time.Second
)

// sweep is one key's, as far as it got.
type sweep struct {
	workspace, key  string
	since           time.Time
	stage, position string
}

// portion is what a stage found to do: apply takes it apart; next is where to go on, empty
// when the stage is through.
type portion struct {
	next  string
	apply func(t *tx) error
}

// SweepStep takes what a compromised key proved one step further apart.
func (db *DB) SweepStep(ctx context.Context, workspace, key string) (done bool, err error) {
	const query = `SELECT since, stage, position FROM sweeps WHERE key_id = $1 AND workspace = $2`
	s := sweep{workspace: workspace, key: key}
	err = db.row(ctx, query, []any{key, workspace}, stamp{&s.since}, &s.stage, &s.position)
	if absent(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("store: sweep: %w", err)
	}
	if s.stage == stageDone {
		return true, nil
	}
	found, err := db.stepOf(ctx, s)
	if err != nil {
		return false, fmt.Errorf("store: sweep %s: %w", s.stage, err)
	}
	err = db.writer.alone(ctx, func(t *tx) error { return s.take(t, found) })
	if err != nil {
		return false, fmt.Errorf("store: sweep %s: %w", s.stage, err)
	}
	return false, nil
}

func (db *DB) stepOf(ctx context.Context, s sweep) (portion, error) {
	switch s.stage {
	case stageClaims:
		return db.claimsStep(ctx, s)
	case stageImports:
		return db.importsStep(ctx, s)
	case stageLinks:
		return db.linksStep(ctx, s)
	case stageEithers:
		return db.eithersStep(ctx, s)
	case stageAttributes:
		return db.attributesStep(ctx, s)
	case stageMessages:
		return db.messagesStep(ctx, s)
	case stageThreads:
		return db.threadsStep(ctx, s)
	}
	return portion{}, fmt.Errorf("no such stage: %q", s.stage)
}

// take does a step and writes how far the sweep is, unless another node has.
func (s sweep) take(t *tx, found portion) error {
	const move = `UPDATE sweeps SET stage = $1, position = $2 WHERE key_id = $3 AND stage = $4 AND position = $5 AND since = $6`
	stage := s.stage
	if found.next == "" {
		stage = map[string]string{
			stageClaims: stageImports, stageImports: stageLinks, stageLinks: stageEithers, stageEithers: stageAttributes, stageAttributes: stageMessages, stageMessages: stageThreads, stageThreads: stageDone,
		}[s.stage]
	}
	won, err := t.exec(move, stage, found.next, s.key, s.stage, s.position, micros(s.since))
	if err != nil || won == 0 {
		return err
	}
	if err := found.apply(t); err != nil {
		return err
	}
	if stage == stageDone {
		return s.conclude(t)
	}
	return nil
}

// conclude records what was found.
func (s sweep) conclude(t *tx) error {
	var cut trust.Cut
	if err := t.rows(countFindings, []any{s.key, s.workspace}, func(row scanner) error { return scanCut(row, &cut) }); err != nil {
		return err
	}
	var channel string
	if err := t.row(`SELECT channel FROM keys WHERE id = $1 AND workspace = $2`, []any{s.key, s.workspace}, &channel); err != nil {
		return err
	}
	t.record(audit.Draft{
		Workspace: s.workspace, Actor: "server", Action: audit.KeySwept, Channel: channel, Subject: s.key,
		Detail: map[string]string{
			"since": s.since.Format(time.RFC3339), "links": strconv.Itoa(cut.Links), "claims": strconv.Itoa(cut.Claims),
			"attributes": strconv.Itoa(cut.Attributes), "conversations": strconv.Itoa(cut.Conversations), "messages": strconv.Itoa(cut.Messages),
		},
	})
	return nil
}

// at is a position made of columns, whole or from the beginning.
func (s sweep) at(width int) []any {
	var parts []string
	if s.position != "" {
		_ = json.Unmarshal([]byte(s.position), &parts) // our own text; a broken one begins anew, which does no harm
	}
	args := make([]any, width)
	for i := range args {
		args[i] = ""
		if i < len(parts) {
			args[i] = parts[i]
		}
	}
	return args
}

// after is where a stage goes on, if its page was full.
func after(n int, columns ...string) string {
	if n < sweepRows {
		return ""
	}
	return text(columns)
}

const insertFinding = `INSERT INTO findings (key_id, kind, id, workspace, contact, conversation, session, name, value, fate, n, at, last_at) VALUES `

// note keeps a finding; one that was noted before stays as it was.
func (s sweep) note(t *tx, f trust.Finding) error {
	args := []any{s.key, string(f.Kind), f.ID, s.workspace, f.Contact, f.Conversation, f.Session, f.Name, f.Value, f.Fate, f.Count, micros(f.At), micros(f.LastAt)}
	return t.insert(insertFinding, 13, args, ` ON CONFLICT (key_id, kind, id) DO NOTHING`)
}

// attributesStep: a value that only this key vouched for is merely claimed from now on.
// If its visitor has claimed another one later, that one stands.
func (db *DB) attributesStep(ctx context.Context, s sweep) (portion, error) {
	const query = `SELECT contact, name FROM attributes WHERE (contact, name) > ($1, $2) AND provenance = 'signed' AND key_id = $3 AND workspace = $4 AND at >= $5
	ORDER BY contact, name LIMIT ` + sweepRowsText
	var names [][2]string
	err := db.rows(ctx, query, append(s.at(2), s.key, s.workspace, micros(s.since)), func(row scanner) error {
		var one [2]string
		err := row.Scan(&one[0], &one[1])
		names = append(names, one)
		return err
	})
	found := portion{apply: func(t *tx) error { return s.dropAttributes(t, names) }}
	if n := len(names); n > 0 {
		found.next = after(n, names[n-1][0], names[n-1][1])
	}
	return found, err
}

func (s sweep) dropAttributes(t *tx, names [][2]string) error {
	const drop = `DELETE FROM attributes WHERE contact = $1 AND name = $2 AND provenance = 'signed' AND key_id = $3 AND at >= $4 RETURNING value, realm, session, at`
	const later = ` ON CONFLICT (contact, name, provenance) DO UPDATE SET value = excluded.value, method = excluded.method, session = excluded.session,
	key_id = excluded.key_id, at = excluded.at WHERE attributes.at <= excluded.at`
	var contacts []string
	for _, name := range names {
		f := trust.Finding{Kind: trust.CutAttribute, ID: name[0] + "/" + name[1], Contact: name[0], Name: name[1], Fate: trust.FateClaimed}
		var realm string
		there, err := t.found(drop, []any{f.Contact, f.Name, s.key, micros(s.since)}, &f.Value, &realm, &f.Session, stamp{&f.At})
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		args := []any{s.workspace, f.Contact, f.Name, string(chat.ByClaim), f.Value, realm, "", f.Session, s.key, micros(f.At)}
		if err := t.insert(insertAttribute, 10, args, later); err != nil {
			return err
		}
		if err := s.note(t, f); err != nil {
			return err
		}
		if len(contacts) == 0 || contacts[len(contacts)-1] != f.Contact {
			contacts = append(contacts, f.Contact)
		}
	}
	for _, contact := range contacts {
		t.append(event.Event{Workspace: s.workspace, Audience: event.AudienceAgents, Kind: event.ContactUpdated, Contact: contact, At: t.now})
	}
	return t.trim(contacts)
}

// messagesStep counts, by conversation, the messages that the key proved. They stay
// as they are: that the key is compromised is seen when they are read.
func (db *DB) messagesStep(ctx context.Context, s sweep) (portion, error) {
	const found = `INSERT INTO findings (key_id, kind, id, workspace, contact, conversation, session, name, value, fate, n, at, last_at)
	SELECT $1, 'conversation', m.conversation, m.workspace, v.contact, m.conversation, '', '', '', 'marked', COUNT(*), MIN(m.at), MAX(m.at)` + provedMessages + `
	GROUP BY m.conversation, m.workspace, v.contact
	ON CONFLICT (key_id, kind, id) DO UPDATE SET n = findings.n + excluded.n,
	at = CASE WHEN excluded.at < findings.at THEN excluded.at ELSE findings.at END,
	last_at = CASE WHEN excluded.last_at > findings.last_at THEN excluded.last_at ELSE findings.last_at END`
	head, err := db.Head(ctx)
	if err != nil {
		return portion{}, err
	}
	from, err := strconv.ParseInt(s.position, 10, 64)
	if err != nil {
		if from, err = db.firstSince(ctx, head.Seq, s.since.Add(-time.Minute)); err != nil {
			return portion{}, err
		}
	}
	to := from + sweepSpan
	next := ""
	if to < head.Seq {
		next = strconv.FormatInt(to, 10)
	}
	return portion{next: next, apply: func(t *tx) error {
		_, err := t.exec(found, s.key, from, to, s.workspace, micros(s.since))
		return err
	}}, nil
}

// firstSince finds a sequence below which every message is older than a time: messages
// are dated as they are numbered, within a minute. Imported ones are not, and no key
// proved them: they are passed over, and what lies above high is never looked at twice.
func (db *DB) firstSince(ctx context.Context, head int64, since time.Time) (int64, error) {
	const query = `SELECT seq, at FROM messages WHERE seq > $1 AND seq <= $2 AND method <> 'import' ORDER BY seq LIMIT 1`
	low, high := int64(0), head
	for low < high {
		middle := low + (high-low)/2
		var seq int64
		var at time.Time
		err := db.row(ctx, query, []any{middle, high}, &seq, stamp{&at})
		switch {
		case absent(err) || err == nil && !at.Before(since):
			high = middle
		case err != nil:
			return 0, err
		default:
			low = seq
		}
	}
	return low, nil
}

// threadsStep lowers the conversations whose latest word from their visitor is one in
// doubt: what a conversation is good for follows from that word.
func (db *DB) threadsStep(ctx context.Context, s sweep) (portion, error) {
	const query = `SELECT id, contact FROM findings WHERE key_id = $1 AND kind = 'conversation' AND workspace = $2 AND id > $3 ORDER BY id LIMIT ` + sweepRowsText
	var ids, contacts []string
	err := db.rows(ctx, query, []any{s.key, s.workspace, s.at(1)[0]}, func(row scanner) error {
		var id, contact string
		err := row.Scan(&id, &contact)
		ids = append(ids, id)
		if !slices.Contains(contacts, contact) {
			contacts = append(contacts, contact)
		}
		return err
	})
	found := portion{apply: func(t *tx) error {
		// Whoever looks at such a thread has messages on the screen that look proved.
		for _, contact := range contacts {
			t.append(event.Event{Workspace: s.workspace, Audience: event.AudienceAgents, Kind: event.ContactUpdated, Contact: contact, At: t.now})
		}
		return s.lower(t, ids)
	}}
	if n := len(ids); n > 0 {
		found.next = after(n, ids[n-1])
	}
	return found, err
}

func (s sweep) lower(t *tx, ids []string) error {
	const latest = `SELECT key_id, at FROM messages WHERE conversation = $1 AND author = 'visitor' AND method <> 'import' ORDER BY seq DESC LIMIT 1`
	const read = `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.id = $1 AND v.workspace = $2 AND v.tier = 'verified'`
	const lower = `UPDATE conversations SET tier = 'claimed' WHERE id = $1`
	for _, id := range ids {
		var key string
		var at time.Time
		said, err := t.found(latest, []any{id}, &key, stamp{&at})
		if err != nil {
			return err
		}
		if !said || key != s.key || at.Before(s.since) {
			continue
		}
		var before chat.Conversation
		err = scanConversation(oneRow{t, read, []any{id, s.workspace}}, &before)
		if absent(err) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := t.exec(lower, id); err != nil {
			return err
		}
		now := before
		now.Tier = "claimed"
		t.append(chat.ChangeEvent(before, now, t.now))
	}
	return nil
}

// Unswept lists keys whose sweep was begun and not finished.
func (db *DB) Unswept(ctx context.Context) ([]trust.Unswept, error) {
	var list []trust.Unswept
	err := db.rows(ctx, `SELECT workspace, key_id FROM sweeps WHERE stage <> 'done' ORDER BY key_id`, nil, func(row scanner) error {
		var one trust.Unswept
		err := row.Scan(&one.Workspace, &one.Key)
		list = append(list, one)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: sweeps: %w", err)
	}
	return list, nil
}

// Findings of a sweep, of one kind, by id, those after the one given.
func (db *DB) Findings(ctx context.Context, workspace, key string, kind trust.FindingKind, after string, limit int) ([]trust.Finding, error) {
	const query = `SELECT id, contact, conversation, session, name, value, fate, n, at, last_at FROM findings
	WHERE key_id = $1 AND kind = $2 AND workspace = $3 AND id > $4 ORDER BY id LIMIT $5`
	var list []trust.Finding
	err := db.rows(ctx, query, []any{key, string(kind), workspace, after, limit}, func(row scanner) error {
		f := trust.Finding{Kind: kind}
		err := row.Scan(&f.ID, &f.Contact, &f.Conversation, &f.Session, &f.Name, &f.Value, &f.Fate, &f.Count, stamp{&f.At}, stamp{&f.LastAt})
		list = append(list, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: findings: %w", err)
	}
	return list, nil
}

const countFindings = `SELECT kind, COUNT(*), COALESCE(SUM(n), 0) FROM findings WHERE key_id = $1 AND workspace = $2 GROUP BY kind`

func scanCut(row scanner, cut *trust.Cut) error {
	var kind string
	var rows, messages int
	err := row.Scan(&kind, &rows, &messages)
	switch trust.FindingKind(kind) {
	case trust.CutLink:
		cut.Links = rows
	case trust.CutClaim:
		cut.Claims = rows
	case trust.CutAttribute:
		cut.Attributes = rows
	case trust.InDoubtThread:
		cut.Conversations, cut.Messages = rows, messages
	}
	return err
}

// CountFindings of a sweep by kind, and whether the sweep is done.
func (db *DB) CountFindings(ctx context.Context, workspace, key string) (trust.Cut, error) {
	var cut trust.Cut
	err := db.rows(ctx, countFindings, []any{key, workspace}, func(row scanner) error { return scanCut(row, &cut) })
	if err != nil {
		return trust.Cut{}, fmt.Errorf("store: findings: %w", err)
	}
	var stage string
	err = db.row(ctx, `SELECT stage FROM sweeps WHERE key_id = $1 AND workspace = $2`, []any{key, workspace}, &stage)
	if err != nil && !absent(err) {
		return trust.Cut{}, fmt.Errorf("store: findings: %w", err)
	}
	cut.Done = stage == stageDone
	return cut, nil
}

// opaque is an id of a finding that names nobody.
func opaque(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}
