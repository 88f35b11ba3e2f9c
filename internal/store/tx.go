package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
)

// errUnsealed: a write must be recorded and no chain is set.
var errUnsealed = errors.New("store: there is no audit chain to record in")

// tx is one transaction of the committer. It holds the log's head from its
// first statement, and writes events, records and the new head as its last.
type tx struct {
	ctx     context.Context // the committer's: no caller's patience ends what others share
	cancel  context.CancelFunc
	link    *link
	now     time.Time // by the database's clock, when the transaction got its turn
	seq     int64     // of the newest event, those of this transaction included
	epoch   int64
	began   int64 // the epoch before this transaction
	records int64
	moved   bool // the head must be written
	events  []event.Event
	drafts  []audit.Draft
	vouched []policy.Principal // whose word was found good, in this transaction
	names   Names
	fault   error // what must not commit
}

// begin takes the turn: whatever is read afterwards stays true until the commit.
func (t *tx) begin(e engine) error {
	if _, err := t.link.conn.ExecContext(t.ctx, e.begin); err != nil {
		return err
	}
	err := t.row(`SELECT seq, epoch, records, `+e.clock+` FROM head WHERE id = 1`+e.lock, nil,
		&t.seq, &t.epoch, &t.records, stamp{&t.now})
	t.began = t.epoch
	return err
}

// append gives an event the next sequence.
func (t *tx) append(e event.Event) {
	t.seq++
	t.moved = true
	e.Seq = t.seq
	if e.At.IsZero() {
		e.At = t.now
	}
	t.events = append(t.events, e)
}

// revoke appends an event that takes a right away, and raises the epoch.
func (t *tx) revoke(e event.Event) {
	e.Audience = event.AudienceSystem
	t.append(e)
	t.raise()
}

// raise makes every node forget what it cached of rights.
func (t *tx) raise() {
	t.epoch++
	t.moved = true
}

// record adds entries that commit with the change.
func (t *tx) record(drafts ...audit.Draft) {
	for _, draft := range drafts {
		if draft.Action == "" {
			continue
		}
		if !t.stands(draft) {
			t.fault = errUnvouched
		}
		t.drafts = append(t.drafts, draft)
	}
}

// finish writes what the transaction collected. commit moves the audit chain and
// is called after the database has committed.
func (t *tx) finish(chain Sealer) (commit func(), err error) {
	commit = func() {}
	if t.fault != nil {
		return nil, t.fault
	}
	if len(t.drafts) > 0 {
		if chain == nil {
			return nil, errUnsealed
		}
		if err := t.nameSubjects(); err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
		var entries []audit.Entry
		entries, commit = chain.Seal(t.now, t.drafts)
		if err := t.writeEntries(entries); err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
	}
	if err := t.writeEvents(); err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	if !t.moved {
		return commit, nil
	}
	_, err = t.exec(`UPDATE head SET seq = $1, epoch = $2, records = $3 WHERE id = 1`, t.seq, t.epoch, t.records)
	return commit, err
}

func (t *tx) writeEvents() error {
	const insert = `INSERT INTO events (seq, workspace, audience, kind, channel, contact, conversation, session, key_id, agent, at, body, agents_body) VALUES `
	args := make([]any, 0, 13*len(t.events))
	for i := range t.events {
		e := &t.events[i]
		body := string(e.Body)
		if body == "" {
			body = "{}"
		}
		args = append(args, e.Seq, e.Workspace, string(e.Audience), string(e.Kind), e.Channel, e.Contact,
			e.Conversation, e.Session, e.Key, e.Agent, micros(e.At), body, string(e.AgentsBody))
	}
	return t.insert(insert, 13, args, "")
}

func (t *tx) writeEntries(entries []audit.Entry) error {
	const insert = `INSERT INTO audit (position, chain, number, at, workspace, actor, action, channel, subject, key_id, detail, previous, mac) VALUES `
	args := make([]any, 0, 13*len(entries))
	for _, entry := range entries {
		detail, err := audit.MarshalDetail(entry.Detail)
		if err != nil {
			return err
		}
		t.records++
		t.moved = true
		args = append(args, t.records, entry.Chain, entry.Number, micros(entry.At), entry.Workspace, entry.Actor,
			string(entry.Action), entry.Channel, entry.Subject, entry.KeyID(), string(detail), entry.Previous, entry.MAC)
	}
	return t.insert(insert, 13, args, "")
}

// exec runs a statement and counts the rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	stmt, err := t.link.prepare(t.ctx, query) //nolint:sqlclosecheck // the link keeps it
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row reads one row; sql.ErrNoRows if there is none.
func (t *tx) row(query string, args []any, into ...any) error {
	stmt, err := t.link.prepare(t.ctx, query) //nolint:sqlclosecheck // the link keeps it
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(t.ctx, args...).Scan(into...)
}

// found is row, with "there is none" as an answer.
func (t *tx) found(query string, args []any, into ...any) (bool, error) {
	err := t.row(query, args, into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (t *tx) rows(query string, args []any, read func(row scanner) error) error {
	stmt, err := t.link.prepare(t.ctx, query) //nolint:sqlclosecheck // the link keeps it
	if err != nil {
		return err
	}
	found, err := stmt.QueryContext(t.ctx, args...)
	return each(found, err, read)
}

// insert writes rows of width in statements of 64, 32, … 1 rows.
func (t *tx) insert(head string, width int, args []any, tail string) error {
	for len(args) > 0 {
		rows := chunk(len(args) / width)
		stmt, err := t.link.prepareList(t.ctx, list{head: head, tail: tail, width: width, rows: rows}) //nolint:sqlclosecheck // the link keeps it
		if err != nil {
			return err
		}
		if _, err := stmt.ExecContext(t.ctx, args[:rows*width]...); err != nil {
			return err
		}
		args = args[rows*width:]
	}
	return nil
}

// lookup reads the rows that answer a list of keys of width, in statements whose
// lists are filled up to a power of two by asking for the last key again. A row
// may therefore come more than once.
func (t *tx) lookup(head string, width int, keys []any, tail string, read func(row scanner) error) error {
	for len(keys) > 0 {
		asked := min(len(keys)/width, chunkRows)
		args := keys[: asked*width : asked*width]
		size := padded(asked)
		for range size - asked {
			args = append(args, keys[(asked-1)*width:asked*width]...)
		}
		stmt, err := t.link.prepareList(t.ctx, list{head: head, tail: tail, width: width, rows: size}) //nolint:sqlclosecheck // the link keeps it
		if err != nil {
			return err
		}
		found, err := stmt.QueryContext(t.ctx, args...)
		if err := each(found, err, read); err != nil {
			return err
		}
		keys = keys[asked*width:]
	}
	return nil
}
