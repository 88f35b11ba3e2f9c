package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/audit"
)

// MaxSignedOnly names of a workspace may be switched to signed values only.
const MaxSignedOnly = 200

// Names of which only signed values count are switched for a whole workspace and not
// for a channel: an attribute is a person's, who may come in by any channel, and what
// one of them refuses must not come in by another.

// onlyCache keeps those names for an epoch.
type onlyCache struct {
	mu    sync.Mutex
	epoch int64
	names map[string]map[string]bool // :: workspace → names
}

// onlySigned are the names of which only signed values count.
func (c *Chat) onlySigned(ctx context.Context, workspace string) (map[string]bool, error) {
	epoch, err := c.pulse.Epoch()
	if err != nil {
		return nil, err
	}
	return c.signedOnly(ctx, workspace, epoch)
}

func (c *Chat) signedOnly(ctx context.Context, workspace string, epoch int64) (map[string]bool, error) {
	c.only.mu.Lock()
	names, known := c.only.names[workspace]
	known = known && c.only.epoch == epoch
	c.only.mu.Unlock()
	if known {
		return names, nil
	}
	list, err := c.store.SignedOnly(ctx, workspace)
	if err != nil {
		return nil, fmt.Errorf("chat: read which attributes must be signed: %w", err)
	}
	names = make(map[string]bool, len(list))
	for _, one := range list {
		names[one.Name] = true
	}
	c.only.mu.Lock()
	defer c.only.mu.Unlock()
	if c.only.epoch != epoch || c.only.names == nil {
		c.only.epoch, c.only.names = epoch, map[string]map[string]bool{}
	}
	c.only.names[workspace] = names
	return names, nil
}

// believed leaves out what is not signed where only signed values count.
func believed(attributes []Attribute, only map[string]bool) []Attribute {
	if len(only) == 0 {
		return attributes
	}
	return slices.DeleteFunc(slices.Clone(attributes), func(a Attribute) bool { return only[a.Name] && a.Provenance != BySignature })
}

// SetAttributes notes values about a contact in an agent's name, or takes them back
// where the value is nil. They stand beside what a proof or the visitor says, replace
// neither, and attach no identifier. All are checked before the first is written.
func (c *Chat) SetAttributes(ctx context.Context, who policy.Principal, contact string, values map[string]any) error {
	if err := c.agent(who, policy.ReplyConversations); err != nil {
		return err
	}
	person, err := c.contact(ctx, who, contact)
	if err != nil {
		return err
	}
	only, err := c.onlySigned(ctx, person.Workspace)
	if err != nil {
		return err
	}
	if len(values) == 0 || len(values) > identity.MaxAttributes {
		return invalid("send 1 to %d attributes", identity.MaxAttributes)
	}
	noted := make([]Attribute, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		a := Attribute{Workspace: person.Workspace, Contact: contact, Name: name, Provenance: ByAgent, At: c.pulse.Now()}
		if a.Value, err = noteOf(name, values[name], only); err != nil {
			return err
		}
		noted = append(noted, a)
	}
	by := who.Needing(policy.ReplyConversations)
	for _, a := range noted {
		if a.Value == nil {
			err = c.store.DropAttribute(ctx, a, by)
		} else {
			err = c.store.SetAttribute(ctx, a, by)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// noteOf is what an agent may say under a name: nil takes it back, which is always
// allowed. A name that is ours, or that only a proof may fill, is nobody's to note; a
// person's name and address are, since agents learn them.
func noteOf(name string, value any, only map[string]bool) (json.RawMessage, error) {
	own := name == "name" || name == "email"
	if !own && len(identity.CleanAttributes(map[string]any{name: ""})) == 0 {
		return nil, invalid("an attribute's name is 1 to 100 of A-Z, a-z, 0-9, _, . and -, and none that this program uses itself: %s", strconv.QuoteToASCII(cut(name, 40)))
	}
	if value == nil {
		return nil, nil
	}
	if only[name] {
		return nil, fmt.Errorf("%w: of %s", ErrSignedOnly, name)
	}
	raw, ok := attributeValue(value)
	if !ok {
		return nil, invalid("an attribute's value is a text, a number, a boolean or null")
	}
	return raw, nil
}

// AttributePolicy lists the names of which only signed values count.
func (c *Chat) AttributePolicy(ctx context.Context, who policy.Principal) ([]SignedName, error) {
	if err := c.agent(who, policy.ReadChannels); err != nil {
		return nil, err
	}
	return c.store.SignedOnly(ctx, who.Workspace())
}

// SetAttributePolicy switches one name. Values that stand there unsigned already stay,
// and are shown as ignored.
func (c *Chat) SetAttributePolicy(ctx context.Context, who policy.Principal, name string, only bool) error {
	if err := c.agent(who, policy.ManageChannels); err != nil {
		return err
	}
	if _, err := noteOf(name, nil, nil); err != nil {
		return err
	}
	return c.store.SetSignedOnly(ctx, who.Workspace(), SignedName{Name: name, By: who.Actor(), At: c.pulse.Now()}, only, audit.Draft{
		By: who.Needing(policy.ManageChannels), Workspace: who.Workspace(), Actor: who.Actor(), Action: audit.AttributePolicySet,
		Detail: map[string]string{"name": name, "only_signed": strconv.FormatBool(only)},
	})
}
