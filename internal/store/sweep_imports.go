package store

import (
	"context"
	"time"

	"countersign/identity/policy"
	"countersign/internal/event"
)

// importsStep shuts the imported records that sessions of the key opened: what they say of
// the person goes from whoever opened them, and they wait for a proof again. Their
// conversations are claims, and went back in the stage before.
func (db *DB) importsStep(ctx context.Context, s sweep) (portion, error) {
	const query = `SELECT contact FROM imported_people WHERE key_id = $1 AND contact > $2 AND workspace = $3 AND opened_at >= $4 ORDER BY contact LIMIT ` + sweepRowsText
	var list []string
	err := db.rows(ctx, query, []any{s.key, s.at(1)[0], s.workspace, micros(s.since)}, func(row scanner) error {
		var id string
		err := row.Scan(&id)
		list = append(list, id)
		return err
	})
	found := portion{apply: func(t *tx) error { return s.shutImports(t, list) }}
	if n := len(list); n > 0 {
		found.next = after(n, list[n-1])
	}
	return found, err
}

func (s sweep) shutImports(t *tx, list []string) error {
	const who = `SELECT opened_to, session, opened_at FROM imported_people WHERE contact = $1 AND workspace = $2 AND key_id = $3 AND opened_at >= $4`
	const shut = `UPDATE imported_people SET opened_to = '', session = '', key_id = '', opened_at = 0 WHERE contact = $1`
	const values = `DELETE FROM attributes WHERE contact = $1 AND session = $2 AND provenance IN ('import', 'agent')`
	for _, record := range list {
		var by, session string
		var at time.Time
		opened, err := t.found(who, []any{record, s.workspace, s.key, micros(s.since)}, &by, &session, stamp{&at})
		if err != nil {
			return err
		}
		if !opened {
			continue
		}
		if _, err := t.exec(shut, record); err != nil {
			return err
		}
		if _, err := t.exec(values, by, session); err != nil {
			return err
		}
		ended, err := endSessions(t, `contact = $3`, policy.EndedKey, t.now, by)
		if err != nil {
			return err
		}
		t.silence(ended)
		t.raise()
		for _, contact := range []string{by, record} {
			t.append(event.Event{Workspace: s.workspace, Audience: event.AudienceAgents, Kind: event.ContactUpdated, Contact: contact, At: t.now})
		}
	}
	return nil
}
