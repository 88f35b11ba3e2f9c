package trust

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/identity/keyring"
	"countersign/identity/policy"
	"countersign/internal/audit"
)

// SignBy says that every signer of a retiring key has moved by at.
func (k *Keys) SignBy(ctx context.Context, who policy.Principal, key string, at time.Time) error {
	at = at.UTC().Truncate(time.Microsecond)
	_, err := k.change(ctx, who, key, transition{
		action: audit.KeySignBy, detail: map[string]string{"sign_by": at.Format(time.RFC3339)},
		apply: func(ring keyring.Ring, now time.Time) (keyring.Ring, error) { return ring.SignBy(key, at, now) },
	})
	return err
}

// Finish ends a retiring key now, with the sessions that it opened.
func (k *Keys) Finish(ctx context.Context, who policy.Principal, key string) (sessionsEnded int, err error) {
	return k.change(ctx, who, key, transition{
		action: audit.KeyFinished, silence: true,
		apply: func(ring keyring.Ring, now time.Time) (keyring.Ring, error) { return ring.Finish(key, now) },
	})
}

// Extend moves the end of a retiring key, earlier or later.
func (k *Keys) Extend(ctx context.Context, who policy.Principal, key string, ends time.Time) error {
	ends = ends.UTC().Truncate(time.Microsecond)
	_, err := k.change(ctx, who, key, transition{
		action: audit.KeyExtended, detail: map[string]string{"ends": ends.Format(time.RFC3339)},
		apply: func(ring keyring.Ring, now time.Time) (keyring.Ring, error) {
			next, err := ring.Extend(key, ends, now)
			if err == nil && ends.After(now.Add(maxOverlap)) {
				return ring, fmt.Errorf("%w: at most a year from now", keyring.ErrTime)
			}
			return next, err
		},
	})
	return err
}

// Rename calls a key something else. It is the same key: what it proved names it by id.
func (k *Keys) Rename(ctx context.Context, who policy.Principal, key, name string) error {
	if !who.May(policy.ManageKeys) {
		return who.Refusal(policy.ManageKeys)
	}
	name, err := checkName(name)
	if err != nil {
		return err
	}
	_, err = k.change(ctx, who, key, transition{
		action: audit.KeyRenamed, detail: map[string]string{"name": name}, name: name,
		apply: func(ring keyring.Ring, _ time.Time) (keyring.Ring, error) {
			if _, known := ring.Find(key); !known {
				return ring, keyring.ErrUnknown
			}
			return ring, nil
		},
	})
	return err
}

// Revoke ends a key now, with the sessions that it opened. compromisedSince says
// since when somebody else may have held the secret: what it proved since then is
// taken apart before Revoke answers (Cut says what that was). Zero says that it was
// merely replaced. A replaced key may be called compromised later, and a compromised
// one to have been so for longer; never the reverse.
func (k *Keys) Revoke(ctx context.Context, who policy.Principal, key string, compromisedSince time.Time) (Revocation, error) {
	detail := map[string]string{"because": "replaced"}
	if !compromisedSince.IsZero() {
		compromisedSince = compromisedSince.UTC().Truncate(time.Microsecond)
		detail = map[string]string{"because": "compromised", "since": compromisedSince.Format(time.RFC3339)}
	}
	ended, err := k.change(ctx, who, key, transition{
		action: audit.KeyRevoked, silence: true, detail: detail,
		apply: func(ring keyring.Ring, now time.Time) (keyring.Ring, error) {
			was, _ := ring.Find(key)
			if known := was.CompromisedSince; !known.IsZero() && !compromisedSince.Before(known) {
				return ring, fmt.Errorf("%w: it is revoked already, as compromised since %s", keyring.ErrState, known.UTC().Format(time.RFC3339))
			}
			return ring.Revoke(key, compromisedSince, now)
		},
	})
	if err != nil || compromisedSince.IsZero() {
		return Revocation{SessionsEnded: ended}, err
	}
	// The key is dead whatever happens now. What it left behind is taken apart although
	// whoever asked may have gone; what a crash leaves of it, Resume finishes.
	ctx = context.WithoutCancel(ctx)
	cut, err := k.sweep(ctx, who.Workspace(), key)
	return Revocation{SessionsEnded: ended, Cut: cut}, err
}

// withdraw revokes a key as replaced on the word of the site that holds its secret.
func (k *Keys) withdraw(ctx context.Context, key string, draft audit.Draft) error {
	for range tries {
		ring, err := k.store.Ring(ctx, draft.Workspace, draft.Channel)
		if err != nil {
			return fmt.Errorf("trust: reading the ring: %w", err)
		}
		now := k.now()
		turned, err := lives(ring.Keys).Revoke(key, time.Time{}, now)
		if err != nil {
			return translate(err)
		}
		_, err = k.store.SwapRing(ctx, RingChange{
			Workspace: draft.Workspace, Channel: draft.Channel, Version: ring.Version, Keys: written(turned, ring.Keys), Silence: []string{key}, Drafts: []audit.Draft{draft},
		}, now)
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return ErrConflict
}

// transition is one step in a key's life.
type transition struct {
	action  audit.Action
	detail  map[string]string
	silence bool   // the key's sessions end with it
	name    string // by which it is called from now on; empty: as before
	apply   func(ring keyring.Ring, now time.Time) (keyring.Ring, error)
}

// change applies a transition to the ring as it is, again if somebody else changed
// the ring in between: what is asked for does not depend on the rest of it.
func (k *Keys) change(ctx context.Context, who policy.Principal, key string, t transition) (sessionsEnded int, err error) {
	if !who.May(policy.ManageKeys) {
		return 0, who.Refusal(policy.ManageKeys)
	}
	channel, err := k.store.KeyChannel(ctx, who.Workspace(), key)
	if err != nil {
		return 0, err
	}
	for range tries {
		ring, err := k.store.Ring(ctx, who.Workspace(), channel)
		if err != nil {
			return 0, fmt.Errorf("trust: reading the ring: %w", err)
		}
		now := k.now()
		turned, err := t.apply(lives(ring.Keys), now)
		if err != nil {
			return 0, translate(err)
		}
		change := RingChange{
			Workspace: who.Workspace(), Channel: channel, Version: ring.Version, Keys: written(turned, ring.Keys),
			Drafts: []audit.Draft{{By: who.Needing(policy.ManageKeys), Workspace: who.Workspace(), Actor: who.Actor(), Action: t.action, Channel: channel, Subject: key, Detail: t.detail}},
		}
		if t.silence {
			change.Silence = []string{key}
		}
		if t.name != "" {
			at := slices.IndexFunc(change.Keys, func(row KeyRow) bool { return row.ID == key })
			change.Keys[at].Name = t.name
		}
		if sessionsEnded, err = k.store.SwapRing(ctx, change, now); !errors.Is(err, ErrConflict) {
			return sessionsEnded, err
		}
	}
	return 0, ErrConflict
}
