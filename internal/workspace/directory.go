package workspace

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
)

// Directory is every channel of the installation, by name for the public doors
// and by workspace for its operators.
//
// What it remembers is used only while the log's head was read within a second
// and says the same security epoch: a channel that was switched to enforce on
// another node is never served as it was before.
type Directory struct {
	store Store
	pulse *event.Pulse

	mu    sync.Mutex
	epoch int64
	names map[string]Channel // :: slug or alias → channel, all read under epoch

	creating sync.Mutex // two first channels at once would both take the workspace's realm
}

// New reads from store and trusts its memory as far as pulse vouches for it.
func New(store Store, pulse *event.Pulse) *Directory {
	return &Directory{store: store, pulse: pulse, names: make(map[string]Channel)}
}

// ByName finds a channel by slug or alias, for the public doors: no principal
// stands there yet. The answer is shared and must not be changed. event.ErrStale
// if this node does not know how things stand now; ErrNotFound if no channel has
// the name.
func (d *Directory) ByName(ctx context.Context, name string) (Channel, error) {
	// The epoch is read before the row: a row may be newer than it, never older.
	epoch, err := d.pulse.Epoch()
	if err != nil {
		return Channel{}, err
	}
	if !NameShape.MatchString(name) {
		return Channel{}, ErrNotFound
	}
	if channel, ok := d.recall(epoch, name); ok {
		return channel, nil
	}
	channel, err := d.store.ChannelByName(ctx, name)
	if err != nil {
		return Channel{}, err
	}
	d.remember(epoch, name, channel)
	return channel, nil
}

func (d *Directory) recall(epoch int64, name string) (Channel, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if epoch != d.epoch {
		return Channel{}, false
	}
	channel, ok := d.names[name]
	return channel, ok
}

// remember keeps only names that exist: what nobody registered is the caller's
// own choice and would grow without end.
func (d *Directory) remember(epoch int64, name string, channel Channel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case epoch < d.epoch:
		return
	case epoch > d.epoch:
		clear(d.names)
		d.epoch = epoch
	}
	d.names[name] = channel
}

// mayRead: whoever looks after keys has to see whose they are.
func mayRead(who policy.Principal) bool {
	return who.May(policy.ReadChannels) || who.May(policy.ReadKeys) || who.May(policy.ManageKeys)
}

// Get finds a channel of the principal's workspace by id, as it stands in the store.
func (d *Directory) Get(ctx context.Context, who policy.Principal, id string) (Channel, error) {
	if !mayRead(who) {
		return Channel{}, policy.ErrForbidden
	}
	return d.store.Channel(ctx, who.Workspace(), id)
}

// Find is Get by slug or alias. Another workspace's channel is not found.
func (d *Directory) Find(ctx context.Context, who policy.Principal, name string) (Channel, error) {
	if !mayRead(who) {
		return Channel{}, policy.ErrForbidden
	}
	if !NameShape.MatchString(name) {
		return Channel{}, ErrNotFound
	}
	channel, err := d.store.ChannelByName(ctx, name)
	if err != nil {
		return Channel{}, err
	}
	if channel.Workspace != who.Workspace() {
		return Channel{}, ErrNotFound
	}
	return channel, nil
}

// List answers with every channel of the principal's workspace.
func (d *Directory) List(ctx context.Context, who policy.Principal) ([]Channel, error) {
	if !mayRead(who) {
		return nil, policy.ErrForbidden
	}
	return d.store.Channels(ctx, who.Workspace())
}

// Ensure makes the principal's workspace unless it exists: for this program and
// its operator alone.
func (d *Directory) Ensure(ctx context.Context, who policy.Principal, name string) error {
	if who.Kind() != policy.SystemPrincipal {
		return policy.ErrForbidden
	}
	if !NameShape.MatchString(who.Workspace()) {
		return fmt.Errorf("%w: %q cannot name a workspace", ErrInvalid, who.Workspace())
	}
	name, err := checkName(name)
	if err != nil {
		return err
	}
	return d.store.CreateWorkspace(ctx, who.Workspace(), name, d.now())
}

// Creation is what an operator says about a channel to be made. Everything but
// the slug may be left out: the platform web, observe, and the slug as its name.
type Creation struct {
	Slug        string
	Aliases     []string
	Name        string
	Platforms   map[policy.Platform]policy.Enforcement // an empty enforcement is observe
	MinimumTier policy.Tier
	Origins     []string
	Appearance  Appearance
	// SamePeople says: these are the same people under the same ids as on the
	// workspace's other channels. Without that word a second channel has a realm
	// of its own, where nobody's id means anybody of the first.
	SamePeople bool
}

// Create makes a channel. A token cannot answer the question whose people these
// are: what it registers has a realm of its own, always.
func (d *Directory) Create(ctx context.Context, who policy.Principal, wish Creation) (Channel, error) {
	if !who.May(policy.ManageChannels) || wish.SamePeople && who.Kind() == policy.TokenPrincipal {
		return Channel{}, policy.ErrForbidden
	}
	channel, err := d.plan(who, wish)
	if err != nil {
		return Channel{}, err
	}
	if !who.May(policy.SetEnforcement) && switched(channel.Platforms) {
		return Channel{}, who.Refusal(policy.SetEnforcement)
	}
	d.creating.Lock()
	defer d.creating.Unlock()
	if channel.Realm, err = d.realm(ctx, who, channel.ID, wish.SamePeople); err != nil {
		return Channel{}, err
	}
	by := who.Needing(policy.ManageChannels)
	if switched(channel.Platforms) {
		by = by.Needing(policy.SetEnforcement)
	}
	draft := draftOf(by, audit.ChannelCreated, channel.ID)
	draft.Detail = map[string]string{
		"slug": channel.Slug, "aliases": strings.Join(channel.Aliases, " "), "realm": channel.Realm, "enforcement": spell(channel.Platforms),
	}
	if err := d.store.CreateChannel(ctx, channel, draft); err != nil {
		return Channel{}, err
	}
	return channel, nil
}

// switched says whether somebody chose an enforcement, which is a right of its own.
func switched(platforms map[policy.Platform]policy.Enforcement) bool {
	for _, enforcement := range platforms {
		if enforcement != policy.Observe {
			return true
		}
	}
	return false
}

// realm: the first channel of a workspace is the product itself.
func (d *Directory) realm(ctx context.Context, who policy.Principal, own string, same bool) (string, error) {
	if who.Kind() == policy.TokenPrincipal {
		return own, nil
	}
	others, err := d.store.Channels(ctx, who.Workspace())
	if err != nil {
		return "", err
	}
	if same || len(others) == 0 {
		return who.Workspace(), nil
	}
	return own, nil // an id, so that no choice of slug can spell the workspace's realm
}

// plan checks a wish and fills in what was left out; the realm is still open.
func (d *Directory) plan(who policy.Principal, wish Creation) (Channel, error) {
	now := d.now()
	channel := Channel{
		ID: event.NewID("chn", now), Workspace: who.Workspace(), Slug: wish.Slug, Name: wish.Name,
		MinimumTier: wish.MinimumTier, Origins: wish.Origins, Appearance: wish.Appearance, CreatedAt: now,
	}
	if channel.Name == "" {
		channel.Name = wish.Slug
	}
	var err error
	if channel.Aliases, err = checkNames(wish.Slug, wish.Aliases); err != nil {
		return Channel{}, err
	}
	if channel.Platforms, err = checkPlatforms(wish.Platforms); err != nil {
		return Channel{}, err
	}
	channel.Since = make(map[policy.Platform]time.Time, len(channel.Platforms))
	for platform := range channel.Platforms {
		channel.Since[platform] = now
	}
	return checkChannel(channel)
}

// Update writes name, appearance, origins, the longest life of tokens and the minimum
// tier of the channel that has the id; nothing else of what is passed counts. Another
// minimum tier takes the right to set enforcement, and so does a longer life: it makes
// tokens good again that have expired.
func (d *Directory) Update(ctx context.Context, who policy.Principal, change Channel) error {
	if !who.May(policy.ManageChannels) {
		return policy.ErrForbidden
	}
	before, err := d.store.Channel(ctx, who.Workspace(), change.ID)
	if err != nil {
		return err
	}
	after := before
	after.Name, after.Appearance, after.Origins, after.MinimumTier = change.Name, change.Appearance, change.Origins, change.MinimumTier
	after.LongestLife = change.LongestLife
	if after, err = checkChannel(after); err != nil {
		return err
	}
	by := who.Needing(policy.ManageChannels)
	if after.MinimumTier != before.MinimumTier || after.Life() > before.Life() {
		if !who.May(policy.SetEnforcement) { // who may chat at all, and by which proofs, is decided with it
			return who.Refusal(policy.SetEnforcement)
		}
		by = by.Needing(policy.SetEnforcement)
	}
	draft := draftOf(by, audit.ChannelChanged, after.ID)
	draft.Detail = difference(before, after)
	return d.store.UpdateChannel(ctx, after, draft)
}

// difference tells what an update changes; appearance only by name, since it is
// prose and decides nothing.
func difference(before, after Channel) map[string]string {
	detail := make(map[string]string)
	note := func(field, was, is string) {
		if was != is {
			detail[field+"_was"], detail[field] = was, is
		}
	}
	note("name", before.Name, after.Name)
	note("longest_life", before.Life().String(), after.Life().String())
	note("minimum_tier", string(before.MinimumTier), string(after.MinimumTier))
	note("origins", strings.Join(before.Origins, " "), strings.Join(after.Origins, " "))
	if before.Appearance != after.Appearance {
		detail["appearance"] = "changed"
	}
	return detail
}

// SetEnforcement switches one platform. Under enforce nobody is claimed any
// more: the number of claimed sessions that this ended comes back.
func (d *Directory) SetEnforcement(ctx context.Context, who policy.Principal, change EnforcementChange) (ended int, err error) {
	if !who.May(policy.SetEnforcement) {
		return 0, who.Refusal(policy.SetEnforcement)
	}
	if !slices.Contains(enforcements, change.To) {
		return 0, fmt.Errorf("%w: enforcement is off, observe or enforce", ErrInvalid)
	}
	channel, err := d.store.Channel(ctx, who.Workspace(), change.Channel)
	if err != nil {
		return 0, err
	}
	was, ok := channel.Platforms[change.Platform]
	if !ok {
		return 0, fmt.Errorf("%w: this channel does not serve the platform %q", ErrInvalid, change.Platform)
	}
	draft := draftOf(who.Needing(policy.SetEnforcement), audit.EnforcementSet, channel.ID)
	draft.Detail = map[string]string{"platform": string(change.Platform), "from": string(was), "to": string(change.To)}
	return d.store.SetEnforcement(ctx, who.Workspace(), change, d.now(), draft)
}

func draftOf(by policy.Authority, action audit.Action, channel string) audit.Draft {
	who := by.Who()
	return audit.Draft{By: by, Workspace: who.Workspace(), Actor: who.Actor(), Action: action, Channel: channel, Subject: channel}
}

// now is the clock of every row, to the microsecond that the store keeps.
func (d *Directory) now() time.Time { return d.pulse.Now().Truncate(time.Microsecond) }
