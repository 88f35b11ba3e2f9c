package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/team"
	"countersign/internal/trust"
)

var _ trust.RegistrationStore = (*DB)(nil)

const (
	// A confirmed one tells by its key whether the site can still sign.
	registrationColumns = `r.id, r.workspace, r.token_hash, r.created_by, r.created_at, r.expires_at, r.used_at, r.site, r.name, r.software, r.network,
	r.slug, r.channel, r.key_id, r.sealed, r.receipt_hash, r.decided_at, r.decided_by, r.confirmed <> 0,
	COALESCE(k.state IN ('pending', 'active') OR k.state = 'retiring' AND k.ends_at > `
	registrationSource = ` FROM registrations r LEFT JOIN keys k ON k.id = r.key_id AND k.workspace = r.workspace AND r.confirmed <> 0 `

	// What ended is shown for a month.
	registrationsKept = 30 * 24 * time.Hour
	registrationsRead = 200
)

// registrationQuery reads by a condition; the clock is the database's.
func (e engine) registrationQuery(where string) string {
	return `SELECT ` + registrationColumns + e.clock + `, FALSE)` + registrationSource + where
}

func registrationInto(r *trust.Registration) []any {
	return []any{&r.ID, &r.Workspace, &r.TokenHash, &r.CreatedBy, stamp{&r.CreatedAt}, stamp{&r.ExpiresAt}, stamp{&r.UsedAt}, &r.Site, &r.Name, &r.Software, &r.Network,
		&r.Slug, &r.Channel, &r.Key, &r.Sealed, &r.ReceiptHash, stamp{&r.DecidedAt}, &r.DecidedBy, &r.Confirmed, &r.KeyLives}
}

// AddRegistration writes an open one, and forgets what ended long ago.
func (db *DB) AddRegistration(ctx context.Context, r trust.Registration, draft audit.Draft) error {
	const insert = `INSERT INTO registrations (id, workspace, token_hash, created_by, created_at, expires_at, used_at, site, name, software, network,
	slug, channel, key_id, sealed, receipt_hash, decided_at, decided_by, confirmed) VALUES `
	const live = `SELECT COUNT(*) FROM registrations WHERE workspace = $1 AND decided_at = 0 AND (used_at = 0 AND expires_at > $2 OR used_at > $3)`
	const forget = `DELETE FROM registrations WHERE workspace = $1 AND confirmed = 0 AND created_at < $2`
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		lapsed, n := micros(t.now.Add(-trust.ConfirmWithin)), 0
		if err := t.row(live, []any{r.Workspace, micros(t.now), lapsed}, &n); err != nil {
			return fmt.Errorf("add registration: %w", err)
		}
		if n >= trust.MaxRegistrations {
			return fmt.Errorf("%w: %d registrations are open or wait for a person; refuse some first", trust.ErrLimited, n)
		}
		if _, err := t.exec(forget, r.Workspace, micros(t.now.Add(-registrationsKept))); err != nil {
			return fmt.Errorf("add registration: %w", err)
		}
		err := t.insert(insert, 19, []any{r.ID, r.Workspace, r.TokenHash, r.CreatedBy, micros(r.CreatedAt), micros(r.ExpiresAt), 0, "", "", "", "",
			"", "", "", []byte{}, []byte{}, 0, "", 0}, "")
		if err != nil {
			return fmt.Errorf("add registration: %w", err)
		}
		t.record(draft)
		return nil
	})
}

// EndLapsed destroys the secrets of sites that nobody confirmed in time, in every workspace.
func (db *DB) EndLapsed(ctx context.Context, now time.Time) (int, error) {
	const lapsed = ` WHERE confirmed = 0 AND used_at <> 0 AND used_at <= $1 AND LENGTH(sealed) > 0`
	n, before := 0, micros(now.Add(-trust.ConfirmWithin))
	err := db.rows(ctx, `SELECT COUNT(*) FROM registrations`+lapsed, []any{before}, func(row scanner) error { return row.Scan(&n) })
	if err != nil {
		return 0, fmt.Errorf("end lapsed registrations: %w", err)
	}
	if n == 0 {
		return 0, nil
	}
	err = db.writer.alone(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE registrations SET sealed = $2`+lapsed, before, []byte{})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("end lapsed registrations: %w", err)
	}
	return n, nil
}

// Registrations of a workspace, the newest first.
func (db *DB) Registrations(ctx context.Context, workspace string) ([]trust.Registration, error) {
	var list []trust.Registration
	query := db.engine.registrationQuery(`WHERE r.workspace = $1 ORDER BY r.created_at DESC, r.id DESC LIMIT $2`)
	err := db.rows(ctx, query, []any{workspace, registrationsRead}, func(row scanner) error {
		var r trust.Registration
		err := row.Scan(registrationInto(&r)...)
		list = append(list, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: registrations: %w", err)
	}
	return list, nil
}

// Registration finds by id inside a workspace.
func (db *DB) Registration(ctx context.Context, workspace, id string) (trust.Registration, error) {
	return db.registration(ctx, `WHERE r.workspace = $1 AND r.id = $2`, workspace, id)
}

// RegistrationByToken finds by what is kept of a token, in any workspace.
func (db *DB) RegistrationByToken(ctx context.Context, hash []byte) (trust.Registration, error) {
	return db.registration(ctx, `WHERE r.token_hash = $1`, hash)
}

// RegistrationByReceipt finds by what is kept of a receipt, in any workspace.
func (db *DB) RegistrationByReceipt(ctx context.Context, hash []byte) (trust.Registration, error) {
	return db.registration(ctx, `WHERE r.receipt_hash = $1 AND r.used_at <> 0`, hash)
}

func (db *DB) registration(ctx context.Context, where string, args ...any) (trust.Registration, error) {
	var r trust.Registration
	err := db.row(ctx, db.engine.registrationQuery(where), args, registrationInto(&r)...)
	if absent(err) {
		return trust.Registration{}, trust.ErrNoRegistration
	}
	if err != nil {
		return trust.Registration{}, fmt.Errorf("store: registration: %w", err)
	}
	return r, nil
}

// UseRegistration spends the token. Of any number who bring it at once one wins; whose
// maker may no longer make one has lost.
func (db *DB) UseRegistration(ctx context.Context, r trust.Registration, draft audit.Draft) error {
	const use = `UPDATE registrations SET used_at = $1, site = $2, name = $3, software = $4, network = $5, slug = $6, channel = $7, key_id = $8, sealed = $9, receipt_hash = $10
	WHERE id = $11 AND workspace = $12 AND used_at = 0 AND decided_at = 0 AND expires_at > $1`
	return db.writer.alone(ctx, func(t *tx) error {
		stands, err := makerStands(t, r.Workspace, r.CreatedBy)
		if err != nil {
			return fmt.Errorf("use registration: %w", err)
		}
		if !stands {
			return trust.ErrRegistrationRefused
		}
		won, err := t.exec(use, micros(t.now), r.Site, r.Name, r.Software, r.Network, r.Slug, r.Channel, r.Key, r.Sealed, r.ReceiptHash, r.ID, r.Workspace)
		if err != nil {
			return fmt.Errorf("use registration: %w", err)
		}
		if won == 0 {
			return trust.ErrRegistrationRefused
		}
		t.record(draft)
		return nil
	})
}

// makerStands says whether whoever made a token could make one now: a colleague who left,
// or a program whose token was revoked, leaves no way in behind.
func makerStands(t *tx, workspace, actor string) (bool, error) {
	kind, id, _ := strings.Cut(actor, ":")
	switch policy.PrincipalKind(kind) {
	case policy.AgentPrincipal:
		agent, err := liveAgent(t, workspace, id)
		if errors.Is(err, team.ErrNotFound) {
			return false, nil
		}
		rights := policy.RightsOf(agent.Role)
		return slices.Contains(rights, policy.ManageKeys) && slices.Contains(rights, policy.ManageChannels), err
	case policy.TokenPrincipal:
		return t.found(`SELECT 1 FROM tokens WHERE id = $1 AND workspace = $2 AND revoked_at = 0 AND (expires_at = 0 OR expires_at > $3)`, []any{id, workspace, micros(t.now)}, new(int))
	}
	return true, nil // the operator, on the machine itself
}

// ConfirmRegistration makes the channel and its key, if the registration still waits.
func (db *DB) ConfirmRegistration(ctx context.Context, c trust.Confirmation) error {
	const decide = `UPDATE registrations SET confirmed = 1, decided_at = $1, decided_by = $2, sealed = $3
	WHERE id = $4 AND workspace = $5 AND used_at > $6 AND decided_at = 0 AND channel = $7 AND key_id = $8`
	return db.writer.change(ctx, c.Drafts, func(t *tx) error {
		known, err := t.found(`SELECT 1 FROM registrations WHERE id = $1 AND workspace = $2`, []any{c.Registration, c.Channel.Workspace}, new(int))
		if err != nil {
			return fmt.Errorf("confirm registration: %w", err)
		}
		if !known {
			return trust.ErrNoRegistration
		}
		if err := namesFree(t, c.Channel); err != nil {
			return err
		}
		change := trust.RingChange{Workspace: c.Channel.Workspace, Channel: c.Channel.ID, Keys: []trust.KeyRow{c.Key}}
		if err := checkRing(t, change, nil); err != nil {
			return err
		}
		if err := t.spend(c.Spend); err != nil {
			return err
		}
		won, err := t.exec(decide, micros(t.now), c.By, []byte{}, c.Registration, c.Channel.Workspace, micros(t.now.Add(-trust.ConfirmWithin)), c.Channel.ID, c.Key.ID)
		if err != nil {
			return fmt.Errorf("confirm registration: %w", err)
		}
		if won == 0 {
			return fmt.Errorf("%w: it does not wait any more", trust.ErrRegistrationState)
		}
		if err := insertChannel(t, c.Channel); err != nil {
			return fmt.Errorf("confirm registration: %w", err)
		}
		if err := writeKeys(t, change, nil); err != nil {
			return fmt.Errorf("confirm registration: %w", err)
		}
		t.revoke(event.Event{Kind: event.ChannelChanged, Workspace: c.Channel.Workspace, Channel: c.Channel.ID})
		t.record(c.Drafts...)
		return nil
	})
}

// RefuseRegistration ends one that is open or waits.
func (db *DB) RefuseRegistration(ctx context.Context, workspace, id string, draft audit.Draft) error {
	const refuse = `UPDATE registrations SET decided_at = $1, decided_by = $2, sealed = $3
	WHERE id = $4 AND workspace = $5 AND decided_at = 0 AND (used_at = 0 AND expires_at > $1 OR used_at > $6)`
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		known, err := t.found(`SELECT 1 FROM registrations WHERE id = $1 AND workspace = $2`, []any{id, workspace}, new(int))
		if err != nil {
			return fmt.Errorf("refuse registration: %w", err)
		}
		if !known {
			return trust.ErrNoRegistration
		}
		won, err := t.exec(refuse, micros(t.now), draft.Actor, []byte{}, id, workspace, micros(t.now.Add(-trust.ConfirmWithin)))
		if err != nil {
			return fmt.Errorf("refuse registration: %w", err)
		}
		if won == 0 {
			return fmt.Errorf("%w: it was decided before, or has ended by itself", trust.ErrRegistrationState)
		}
		t.record(draft)
		return nil
	})
}
