package chat

import (
	"context"
	"fmt"
	"sync"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
)

// Imported is the record of an imported person.
type Imported struct {
	Source   string // the other system
	Names    []ImportedName
	OpenedTo string // who proved to be this person; empty: nobody yet
	OpenedAt time.Time
}

// ImportedName is what an export says a person is called: a claim. One that other records of
// the source have too opens none of them.
type ImportedName struct {
	identity.Identifier
	Shared bool
}

// ImportedFilter selects imported people; the zero value selects all.
type ImportedFilter struct {
	Search string
	State  string // waiting, opened; empty: both
}

// ImportedPerson is one of a list. Conversations are those that are still held apart.
type ImportedPerson struct {
	Contact       string
	Label         string
	Source        string
	OpenedTo      string
	At            time.Time // when it was read last
	Conversations int
}

// MaxSearch bytes of a search are taken.
const MaxSearch = 200

// ImportedPeople lists who came with another system's export.
func (c *Chat) ImportedPeople(ctx context.Context, who policy.Principal, of ImportedFilter, before Cursor, limit int) ([]ImportedPerson, Cursor, error) {
	if err := c.agent(who, policy.ReadConversations); err != nil {
		return nil, Cursor{}, err
	}
	if of.State != "" && of.State != "waiting" && of.State != "opened" || len(of.Search) > MaxSearch {
		return nil, Cursor{}, invalid("state is waiting or opened, and a search at most %d bytes", MaxSearch)
	}
	list, next, err := c.store.ImportedPeople(ctx, who.Workspace(), of, before, min(max(limit, 1), MaxPage))
	if err != nil {
		return nil, Cursor{}, err
	}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].Contact
	}
	_, labels, err := c.called(ctx, who.Workspace(), ids)
	for i := range list {
		list[i].Label = labels[list[i].Contact]
	}
	return list, next, err
}

// waitCache keeps, for an epoch, of which workspaces imported people wait for their owners.
type waitCache struct {
	mu    sync.Mutex
	epoch int64
	wait  map[string]bool // :: workspace → whether
}

// awaited says whether an imported record would open to the person of this session by
// what it proves: then a session is begun anew, since a renewal writes nothing.
func (c *Chat) awaited(ctx context.Context, e *entrance, s Session) (bool, error) {
	contact, err := e.contact(s.ID)
	if err != nil || contact.Kind != VerifiedContact {
		return false, err
	}
	any, err := c.anyAwaited(ctx, s.Workspace, s.epoch)
	if err != nil || !any {
		return false, err
	}
	waits, err := c.store.ImportWaits(ctx, s.Workspace, s.Contact, e.verdict.Identifiers())
	if err != nil {
		return false, fmt.Errorf("chat: read what waits for a person: %w", err)
	}
	return waits, nil
}

// anyAwaited is asked with every renewal, and of the store once an epoch: the first
// record that waits raises it.
func (c *Chat) anyAwaited(ctx context.Context, workspace string, epoch int64) (bool, error) {
	c.waits.mu.Lock()
	wait, known := c.waits.wait[workspace]
	known = known && c.waits.epoch == epoch
	c.waits.mu.Unlock()
	if known {
		return wait, nil
	}
	wait, err := c.store.ImportsWait(ctx, workspace)
	if err != nil {
		return false, fmt.Errorf("chat: read whether imported people wait: %w", err)
	}
	c.waits.mu.Lock()
	defer c.waits.mu.Unlock()
	if c.waits.epoch != epoch || c.waits.wait == nil {
		c.waits.epoch, c.waits.wait = epoch, map[string]bool{}
	}
	c.waits.wait[workspace] = wait
	return wait, nil
}
