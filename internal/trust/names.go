package trust

import (
	"context"
	"errors"
	"fmt"

	"countersign/identity/policy"
)

// ChannelOf finds which channel of the principal's workspace a key belongs to.
func (k *Keys) ChannelOf(ctx context.Context, who policy.Principal, key string) (string, error) {
	if !who.May(policy.ReadKeys) && !who.May(policy.ManageKeys) {
		return "", policy.ErrForbidden
	}
	return k.store.KeyChannel(ctx, who.Workspace(), key)
}

// Names says what keys are called :: id → name, for whoever reads conversations:
// a badge tells by which key somebody was verified. An id that is no key of the
// principal's workspace is left out.
func (k *Keys) Names(ctx context.Context, who policy.Principal, ids []string) (map[string]string, error) {
	if !who.May(policy.ReadConversations) && !who.May(policy.ReadKeys) {
		return nil, policy.ErrForbidden
	}
	names := make(map[string]string, len(ids))
	for _, id := range ids {
		name, ok := k.named(who.Workspace(), id)
		if !ok {
			if err := k.learn(ctx, who.Workspace(), id); err != nil {
				return nil, err
			}
			name, ok = k.named(who.Workspace(), id)
		}
		if ok {
			names[id] = name
		}
	}
	return names, nil
}

func (k *Keys) named(ws, id string) (string, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	name, ok := k.names[[2]string{ws, id}]
	return name, ok
}

// learn reads the names of the whole ring that a key is in.
func (k *Keys) learn(ctx context.Context, ws, id string) error {
	channel, err := k.store.KeyChannel(ctx, ws, id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("trust: looking for a key: %w", err)
	}
	ring, err := k.store.Ring(ctx, ws, channel)
	if err != nil {
		return fmt.Errorf("trust: reading the ring: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, row := range ring.Keys {
		k.names[[2]string{ws, row.ID}] = row.Name
	}
	return nil
}
