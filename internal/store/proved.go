package store

import (
	"context"
	"fmt"
	"time"

	"countersign/internal/trust"
)

// bounds of a count before a revocation: no index leads from a key to what it proved, and
// somebody waits.
type bounds struct {
	rows int64 // looked through of one table, or sequences of the log; the newest where it is ordered by time
	most int   // counted of one kind: beyond that nobody decides differently
}

// standard is what a few seconds take.
var standard = bounds{rows: 250_000, most: 10_000}

// provedMessages are what messagesStep counts: those of a visitor that the key proved.
const provedMessages = ` FROM messages m JOIN conversations v ON v.id = m.conversation
	WHERE m.seq > $2 AND m.seq <= $3 AND m.key_id = $1 AND m.workspace = $4 AND m.author = 'visitor' AND m.at >= $5`

// CountProved counts what a sweep of the key would find if it were compromised since a
// time, each stage by its own conditions, and changes nothing.
func (db *DB) CountProved(ctx context.Context, workspace, key string, since time.Time) (trust.Proved, error) {
	var proved trust.Proved
	s := sweep{workspace: workspace, key: key, since: since}
	for _, count := range []func(context.Context, sweep, *trust.Proved) error{db.provedClaims, db.provedLinks, db.provedEithers, db.provedAttributes, db.provedMessages} {
		if err := count(ctx, s, &proved); err != nil {
			return trust.Proved{}, fmt.Errorf("store: what a key proved: %w", err)
		}
	}
	for _, n := range []*int{&proved.Links, &proved.Claims, &proved.Attributes, &proved.Messages} {
		if *n > db.proved.most {
			*n, proved.AtLeast = db.proved.most, true
		}
	}
	return proved, nil
}

// provedClaims: those whose conversation is still where the claim put it.
func (db *DB) provedClaims(ctx context.Context, s sweep, proved *trust.Proved) error {
	const query = `SELECT COUNT(*) FROM (SELECT c.id FROM claims c JOIN conversations v ON v.id = c.conversation AND v.workspace = c.workspace AND v.contact = c.to_contact
	WHERE c.key_id = $1 AND c.at >= $2 AND c.workspace = $3 LIMIT $4) AS found`
	return db.row(ctx, query, []any{s.key, micros(s.since), s.workspace, db.proved.most + 1}, &proved.Claims)
}

func (db *DB) provedLinks(ctx context.Context, s sweep, proved *trust.Proved) error {
	const query = `SELECT COUNT(*), COALESCE(SUM(CASE WHEN seen.key_id = $1 AND seen.at >= $2 THEN 1 ELSE 0 END), 0)
	FROM (SELECT key_id, at FROM links WHERE workspace = $3 ORDER BY realm, kind, value LIMIT $4) AS seen`
	return db.looked(ctx, query, s, &proved.Links, proved)
}

// provedEithers are addresses that count with the links, as those of the sweep do.
func (db *DB) provedEithers(ctx context.Context, s sweep, proved *trust.Proved) error {
	const query = `SELECT COUNT(*), COALESCE(SUM(CASE WHEN seen.kind = 'either' AND seen.workspace = $3 AND seen.created_at >= $2 AND EXISTS (
	SELECT 1 FROM sessions s WHERE s.key_id = $1 AND s.created_at >= $2 AND s.id = (
	SELECT f.id FROM sessions f WHERE f.contact = seen.id AND f.workspace = seen.workspace ORDER BY f.created_at, f.id LIMIT 1)) THEN 1 ELSE 0 END), 0)
	FROM (SELECT id, workspace, kind, created_at FROM contacts ORDER BY id DESC LIMIT $4) AS seen`
	return db.looked(ctx, query, s, &proved.Links, proved)
}

func (db *DB) provedAttributes(ctx context.Context, s sweep, proved *trust.Proved) error {
	const query = `SELECT COUNT(*), COALESCE(SUM(CASE WHEN seen.provenance = 'signed' AND seen.key_id = $1 AND seen.at >= $2 AND seen.workspace = $3 THEN 1 ELSE 0 END), 0)
	FROM (SELECT workspace, provenance, key_id, at FROM attributes ORDER BY contact DESC, name DESC, provenance DESC LIMIT $4) AS seen`
	return db.looked(ctx, query, s, &proved.Attributes, proved)
}

// looked adds what was found among the rows that were looked through.
func (db *DB) looked(ctx context.Context, query string, s sweep, sum *int, proved *trust.Proved) error {
	var rows int64
	var found int
	if err := db.row(ctx, query, []any{s.key, micros(s.since), s.workspace, db.proved.rows + 1}, &rows, &found); err != nil {
		return err
	}
	*sum += found
	proved.AtLeast = proved.AtLeast || rows > db.proved.rows
	return nil
}

func (db *DB) provedMessages(ctx context.Context, s sweep, proved *trust.Proved) error {
	const query = `SELECT COUNT(*), COUNT(DISTINCT found.conversation) FROM (SELECT m.conversation` + provedMessages + ` LIMIT $6) AS found`
	head, err := db.Head(ctx)
	if err != nil {
		return err
	}
	from, err := db.firstSince(ctx, head.Seq, s.since.Add(-time.Minute))
	if err != nil {
		return err
	}
	if head.Seq-from > db.proved.rows {
		from, proved.AtLeast = head.Seq-db.proved.rows, true
	}
	return db.row(ctx, query, []any{s.key, from, head.Seq, s.workspace, micros(s.since), db.proved.most + 1}, &proved.Messages, &proved.Conversations)
}
