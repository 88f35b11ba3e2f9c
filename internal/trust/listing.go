package trust

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"countersign/identity/keyring"
	"countersign/identity/policy"
)

// ListedKey is a key as operators see it: its state judged now, no secret.
type ListedKey struct {
	KeyRow
	LiveSessions int
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
	states := lives(ring.Keys)
	listed := make([]ListedKey, len(ring.Keys))
	for i, row := range ring.Keys {
		row.State = string(states.Keys[i].StateAt(now))
		listed[i] = ListedKey{KeyRow: shown(row), LiveSessions: live[row.ID]}
	}
	slices.SortStableFunc(listed, func(a, b ListedKey) int {
		return cmp.Or(cmp.Compare(place(a.State), place(b.State)), b.CreatedAt.Compare(a.CreatedAt))
	})
	return listed, nil
}

func place(state string) int {
	return slices.Index([]keyring.State{keyring.Active, keyring.Pending, keyring.Retiring, keyring.Retired, keyring.Revoked}, keyring.State(state))
}
