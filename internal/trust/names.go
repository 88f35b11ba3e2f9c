package trust

import (
	"context"
	"errors"
	"fmt"

	"countersign/identity/policy"
)

// Names says how keys are called :: id → name. Whoever reads conversations sees by
// which key somebody was proved, and learns nothing else of it. An id that is no
// key of the workspace is left out.
func (k *Keys) Names(ctx context.Context, who policy.Principal, ids []string) (map[string]string, error) {
	if !who.May(policy.ReadConversations) && !who.May(policy.ReadKeys) {
		return nil, policy.ErrForbidden
	}
	names := make(map[string]string, len(ids))
	for _, id := range ids {
		if _, known := names[id]; known || id == "" {
			continue
		}
		channel, err := k.store.KeyChannel(ctx, who.Workspace(), id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("trust: looking for a key: %w", err)
		}
		ring, err := k.store.Ring(ctx, who.Workspace(), channel)
		if err != nil {
			return nil, fmt.Errorf("trust: reading the ring: %w", err)
		}
		for _, row := range ring.Keys {
			names[row.ID] = row.Name
		}
	}
	return names, nil
}

// ChannelOf says to which channel of the workspace a key belongs.
func (k *Keys) ChannelOf(ctx context.Context, who policy.Principal, key string) (string, error) {
	if !who.May(policy.ReadKeys) {
		return "", policy.ErrForbidden
	}
	return k.store.KeyChannel(ctx, who.Workspace(), key)
}
