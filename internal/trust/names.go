package trust

import (
	"context"
	"fmt"
	"slices"

	"countersign/identity/policy"
)

// ChannelOf finds which channel of the principal's workspace a key belongs to.
func (k *Keys) ChannelOf(ctx context.Context, who policy.Principal, key string) (string, error) {
	if !who.May(policy.ReadKeys) && !who.May(policy.ManageKeys) {
		return "", policy.ErrForbidden
	}
	return k.store.KeyChannel(ctx, who.Workspace(), key)
}

// Names says what keys are called, and which are compromised :: id → name, for whoever
// reads conversations: a badge tells by which key somebody was verified. An id that is
// no key of the principal's workspace is left out. Nothing is kept: a key is renamed
// and called compromised while others read.
func (k *Keys) Names(ctx context.Context, who policy.Principal, ids []string) (map[string]KeyName, error) {
	if !who.May(policy.ReadConversations) && !who.May(policy.ReadKeys) {
		return nil, policy.ErrForbidden
	}
	asked := slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(ids))), func(id string) bool { return id == "" })
	if len(asked) == 0 {
		return nil, nil
	}
	names, err := k.store.KeyNames(ctx, who.Workspace(), asked)
	if err != nil {
		return nil, fmt.Errorf("trust: what keys are called: %w", err)
	}
	return names, nil
}
