package chat

import (
	"context"
	"slices"

	"countersign/identity/policy"
)

// Labelled is a contact with what it is called.
type Labelled struct {
	Contact Contact
	Label   string // empty: it said nothing
}

// Labels says what contacts are called :: id → contact, those that exist.
func (c *Chat) Labels(ctx context.Context, who policy.Principal, ids []string) (map[string]Labelled, error) {
	if err := c.agent(who, policy.ReadConversations); err != nil {
		return nil, err
	}
	asked := slices.Compact(slices.Sorted(slices.Values(ids)))
	contacts, labels, err := c.called(ctx, who.Workspace(), asked)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Labelled, len(contacts))
	for id, contact := range contacts {
		out[id] = Labelled{Contact: contact, Label: labels[id]}
	}
	return out, nil
}
