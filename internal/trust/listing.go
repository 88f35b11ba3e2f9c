package trust

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"countersign/identity/keyring"
	"countersign/identity/policy"
)

// ListedKey is a key as operators see it: its state judged now, no secret.
type ListedKey struct {
	KeyRow
	LiveSessions int
	Uses         []KeyUse // the latest first
}

// List answers with every key that the channel ever had, those that sign most first.
func (k *Keys) List(ctx context.Context, who policy.Principal, channelID string) ([]ListedKey, error) {
	channel, err := k.channel(ctx, who, policy.ReadKeys, channelID)
	if err != nil {
		return nil, err
	}
	ring, err := k.store.Ring(ctx, who.Workspace(), channel.ID)
	if err != nil {
		return nil, fmt.Errorf("trust: reading the ring: %w", err)
	}
	now := k.now()
	live, err := k.store.LiveSessions(ctx, who.Workspace(), channel.ID, now)
	if err != nil {
		return nil, fmt.Errorf("trust: counting sessions: %w", err)
	}
	uses, err := k.store.KeyUses(ctx, who.Workspace(), channel.ID)
	if err != nil {
		return nil, fmt.Errorf("trust: reading who signs: %w", err)
	}
	states := lives(ring.Keys)
	listed := make([]ListedKey, len(ring.Keys))
	for i, row := range ring.Keys {
		row.State = string(states.Keys[i].StateAt(now))
		listed[i] = ListedKey{KeyRow: shown(row), LiveSessions: live[row.ID], Uses: uses[row.ID]}
	}
	slices.SortStableFunc(listed, func(a, b ListedKey) int {
		return cmp.Or(cmp.Compare(place(a.State), place(b.State)), b.CreatedAt.Compare(a.CreatedAt))
	})
	return listed, nil
}

// Impact is what ends when a key does.
type Impact struct {
	LiveSessions int
	Origins      []LiveOrigin // most sessions first
	Proved       *Proved      // what goes if it was compromised since the time that was asked for; nil: none was
}

// Impact says, in numbers, what finishing or revoking a key would end now, and with a
// time what calling it compromised since then would take apart: that cannot be undone, so
// that whoever does it reads the numbers before.
func (k *Keys) Impact(ctx context.Context, who policy.Principal, key string, since time.Time) (Impact, error) {
	if _, err := k.find(ctx, who, policy.ReadKeys, key); err != nil {
		return Impact{}, err
	}
	if since.After(k.now()) {
		return Impact{}, fmt.Errorf("%w: the time has not come yet", ErrInvalid)
	}
	origins, err := k.store.LiveOrigins(ctx, who.Workspace(), key, k.now())
	if err != nil {
		return Impact{}, fmt.Errorf("trust: counting sessions: %w", err)
	}
	impact := Impact{Origins: origins}
	for _, one := range origins {
		impact.LiveSessions += one.Sessions
	}
	if since.IsZero() {
		return impact, nil
	}
	proved, err := k.store.CountProved(ctx, who.Workspace(), key, since)
	if err != nil {
		return Impact{}, fmt.Errorf("trust: counting what it proved: %w", err)
	}
	impact.Proved = &proved
	return impact, nil
}

// find is a key of the principal's workspace, without its secret.
func (k *Keys) find(ctx context.Context, who policy.Principal, right policy.Right, key string) (KeyRow, error) {
	if !who.May(right) {
		return KeyRow{}, who.Refusal(right)
	}
	channel, err := k.store.KeyChannel(ctx, who.Workspace(), key)
	if err != nil {
		return KeyRow{}, err
	}
	ring, err := k.store.Ring(ctx, who.Workspace(), channel)
	if err != nil {
		return KeyRow{}, fmt.Errorf("trust: reading the ring: %w", err)
	}
	at := slices.IndexFunc(ring.Keys, func(row KeyRow) bool { return row.ID == key })
	if at < 0 {
		return KeyRow{}, ErrNotFound
	}
	return shown(ring.Keys[at]), nil
}

func place(state string) int {
	return slices.Index([]keyring.State{keyring.Active, keyring.Pending, keyring.Retiring, keyring.Retired, keyring.Revoked}, keyring.State(state))
}
