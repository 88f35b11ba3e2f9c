package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/workspace"
)

// CreateWorkspace makes it unless it exists.
func (db *DB) CreateWorkspace(ctx context.Context, id, name string, now time.Time) error {
	const insert = `INSERT INTO workspaces (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`
	return db.writer.alone(ctx, func(t *tx) error {
		if _, err := t.exec(insert, id, name, micros(now)); err != nil {
			return fmt.Errorf("create workspace: %w", err)
		}
		return nil
	})
}

// HasWorkspace says whether there is one of that name.
func (db *DB) HasWorkspace(ctx context.Context, id string) (bool, error) {
	err := db.row(ctx, `SELECT 1 FROM workspaces WHERE id = $1`, []any{id}, new(int))
	if err != nil && !absent(err) {
		return false, fmt.Errorf("store: workspace: %w", err)
	}
	return err == nil, nil
}

// CreateChannel writes the channel, its names, platforms and empty ring.
func (db *DB) CreateChannel(ctx context.Context, channel workspace.Channel, draft audit.Draft) error {
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		if err := namesFree(t, channel); err != nil {
			return err
		}
		if err := insertChannel(t, channel); err != nil {
			return fmt.Errorf("create channel: %w", err)
		}
		t.revoke(event.Event{Kind: event.ChannelChanged, Workspace: channel.Workspace, Channel: channel.ID, At: channel.CreatedAt})
		t.record(draft)
		return nil
	})
}

func names(channel workspace.Channel) []string {
	return append([]string{channel.Slug}, channel.Aliases...)
}

func namesFree(t *tx, channel workspace.Channel) error {
	known, err := t.found(`SELECT 1 FROM workspaces WHERE id = $1`, []any{channel.Workspace}, new(int))
	if err != nil {
		return fmt.Errorf("create channel: %w", err)
	}
	if !known {
		return workspace.ErrNotFound
	}
	all := names(channel)
	for i, name := range all {
		taken, err := t.found(`SELECT 1 FROM channel_names WHERE name = $1`, []any{name}, new(int))
		if err != nil {
			return fmt.Errorf("create channel: %w", err)
		}
		if taken || slices.Contains(all[:i], name) {
			return fmt.Errorf("%w: %s", workspace.ErrTaken, name)
		}
	}
	return nil
}

func insertChannel(t *tx, channel workspace.Channel) error {
	const row = `INSERT INTO channels (id, workspace, slug, name, realm, minimum_tier, origins, appearance, longest_life, created_at) VALUES `
	const name = `INSERT INTO channel_names (name, channel, position) VALUES `
	const platform = `INSERT INTO channel_platforms (channel, platform, enforcement, since) VALUES `
	const ring = `INSERT INTO rings (channel, workspace, version) VALUES `
	err := t.insert(row, 10, []any{channel.ID, channel.Workspace, channel.Slug, channel.Name, channel.Realm, string(channel.MinimumTier),
		text(channel.Origins), text(channel.Appearance), channel.LongestLife.Microseconds(), micros(channel.CreatedAt)}, "")
	if err != nil {
		return err
	}
	var args []any
	for i, n := range names(channel) {
		args = append(args, n, channel.ID, i)
	}
	if err := t.insert(name, 3, args, ""); err != nil {
		return err
	}
	args = nil
	for _, p := range slices.Sorted(maps.Keys(channel.Platforms)) {
		args = append(args, channel.ID, string(p), string(channel.Platforms[p]), micros(channel.CreatedAt))
	}
	if err := t.insert(platform, 4, args, ""); err != nil {
		return err
	}
	return t.insert(ring, 3, []any{channel.ID, channel.Workspace, 0}, "")
}

// A channel is read with its names and platforms as two lists in one row, so that
// all of it is of one moment.
const channelQuery = `SELECT h.id, h.workspace, h.slug, h.name, h.realm, h.minimum_tier, h.origins, h.appearance, h.email_code <> 0, h.longest_life, h.created_at,
	n.position, n.name, COALESCE(p.platform, ''), COALESCE(p.enforcement, ''), COALESCE(p.since, 0)
	FROM channels h JOIN channel_names n ON n.channel = h.id LEFT JOIN channel_platforms p ON p.channel = h.id `

const channelOrder = ` ORDER BY h.created_at, h.id, n.position`

// ChannelByName finds by slug or alias, in any workspace.
func (db *DB) ChannelByName(ctx context.Context, name string) (workspace.Channel, error) {
	const query = channelQuery + `WHERE h.id = (SELECT channel FROM channel_names WHERE name = $1)` + channelOrder
	return one(db.channels(ctx, query, name))
}

// Channel finds by id inside a workspace.
func (db *DB) Channel(ctx context.Context, of, id string) (workspace.Channel, error) {
	const query = channelQuery + `WHERE h.id = $1 AND h.workspace = $2` + channelOrder
	return one(db.channels(ctx, query, id, of))
}

// Channels of a workspace, oldest first.
func (db *DB) Channels(ctx context.Context, of string) ([]workspace.Channel, error) {
	const query = channelQuery + `WHERE h.workspace = $1` + channelOrder
	return db.channels(ctx, query, of)
}

func one(list []workspace.Channel, err error) (workspace.Channel, error) {
	if err == nil && len(list) == 0 {
		err = workspace.ErrNotFound
	}
	if err != nil {
		return workspace.Channel{}, err
	}
	return list[0], nil
}

func (db *DB) channels(ctx context.Context, query string, args ...any) ([]workspace.Channel, error) {
	var list []workspace.Channel
	err := db.rows(ctx, query, args, func(row scanner) error {
		var c workspace.Channel
		var position int64
		var name string
		var platform policy.Platform
		var enforcement policy.Enforcement
		var since time.Time
		err := row.Scan(&c.ID, &c.Workspace, &c.Slug, &c.Name, &c.Realm, &c.MinimumTier, document{&c.Origins}, document{&c.Appearance}, &c.EmailCode, span{&c.LongestLife},
			stamp{&c.CreatedAt}, &position, &name, &platform, &enforcement, stamp{&since})
		if err != nil {
			return err
		}
		if n := len(list); n == 0 || list[n-1].ID != c.ID {
			c.Platforms, c.Since = map[policy.Platform]policy.Enforcement{}, map[policy.Platform]time.Time{}
			list = append(list, c)
		}
		last := &list[len(list)-1]
		if platform != "" {
			last.Platforms[platform], last.Since[platform] = enforcement, since
		}
		if position > 0 && !slices.Contains(last.Aliases, name) {
			last.Aliases = append(last.Aliases, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: channels: %w", err)
	}
	return list, nil
}

// UpdateChannel writes name, appearance, origins and minimum tier. A minimum tier that
// rises ends the sessions below it, on every platform where it counts.
func (db *DB) UpdateChannel(ctx context.Context, channel workspace.Channel, draft audit.Draft) error {
	const update = `UPDATE channels SET name = $1, appearance = $2, origins = $3, minimum_tier = $4, longest_life = $5 WHERE id = $6 AND workspace = $7`
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		before, err := minimumTier(t, channel.Workspace, channel.ID)
		if err != nil {
			return fmt.Errorf("update channel: %w", err)
		}
		longer, err := lengthens(t, channel)
		if err != nil {
			return fmt.Errorf("update channel: %w", err)
		}
		if longer || before != channel.MinimumTier { // they may be others by now than when the change was asked for
			if err := t.allow(draft.By.Needing(policy.SetEnforcement)); err != nil {
				return err
			}
		}
		if _, err := t.exec(update, channel.Name, text(channel.Appearance), text(channel.Origins), string(channel.MinimumTier),
			channel.LongestLife.Microseconds(), channel.ID, channel.Workspace); err != nil {
			return fmt.Errorf("update channel: %w", err)
		}
		changed, record := event.Event{Kind: event.ChannelChanged, Workspace: channel.Workspace, Channel: channel.ID}, draft
		if tiers := under(channel.MinimumTier); len(tiers) > len(under(before)) {
			n, err := endUnder(t, channel)
			if err != nil {
				return fmt.Errorf("update channel: %w", err)
			}
			changed.Body = []byte(text(map[string]any{"tiers": tiers}))
			record.Detail = maps.Clone(draft.Detail)
			if record.Detail == nil {
				record.Detail = map[string]string{}
			}
			record.Detail["sessions_ended"] = strconv.Itoa(n)
		}
		t.revoke(changed)
		t.record(record)
		return nil
	})
}

// minimumTier of a channel of the workspace, workspace.ErrNotFound if there is none.
func minimumTier(t *tx, of, channel string) (tier policy.Tier, err error) {
	known, err := t.found(`SELECT minimum_tier FROM channels WHERE id = $1 AND workspace = $2`, []any{channel, of}, &tier)
	if err == nil && !known {
		err = workspace.ErrNotFound
	}
	return tier, err
}

// lengthens says whether tokens of the channel are good for longer than before.
func lengthens(t *tx, channel workspace.Channel) (bool, error) {
	var before time.Duration
	_, err := t.found(`SELECT longest_life FROM channels WHERE id = $1 AND workspace = $2`, []any{channel.ID, channel.Workspace}, span{&before})
	return channel.Life() > workspace.Channel{LongestLife: before}.Life(), err
}

// under are the tiers below a minimum.
func under(minimum policy.Tier) []policy.Tier {
	switch minimum {
	case policy.Claimed:
		return []policy.Tier{policy.Anonymous}
	case policy.Verified:
		return []policy.Tier{policy.Anonymous, policy.Claimed}
	}
	return nil
}

func endUnder(t *tx, channel workspace.Channel) (int, error) {
	const where = `channel = $3 AND key_id = '' AND tier <> 'verified' AND tier <> $4 AND NOT EXISTS (SELECT 1 FROM channel_platforms p
	WHERE p.channel = sessions.channel AND p.platform = sessions.platform AND p.enforcement IN ('off', 'observe'))`
	list, err := endSessions(t, where, policy.EndedPolicy, t.now, channel.ID, string(channel.MinimumTier))
	return len(list), err
}

// SetEnforcement writes the switch. Under enforce nobody is claimed any more, nor
// below the channel's minimum tier: the sessions that are, end with it.
func (db *DB) SetEnforcement(ctx context.Context, of string, change workspace.EnforcementChange, now time.Time, draft audit.Draft) (int, error) {
	const put = `INSERT INTO channel_platforms (channel, platform, enforcement, since) VALUES ($1, $2, $3, $4)
	ON CONFLICT (channel, platform) DO UPDATE SET enforcement = excluded.enforcement,
	since = CASE WHEN channel_platforms.enforcement = excluded.enforcement THEN channel_platforms.since ELSE excluded.since END`
	n := 0
	err := db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		minimum, err := minimumTier(t, of, change.Channel)
		if err != nil {
			return fmt.Errorf("set enforcement: %w", err)
		}
		if _, err := t.exec(put, change.Channel, string(change.Platform), string(change.To), micros(now)); err != nil {
			return fmt.Errorf("set enforcement: %w", err)
		}
		tiers := []policy.Tier{}
		if change.To == policy.Enforce {
			if tiers = []policy.Tier{policy.Claimed}; len(under(minimum)) > 0 {
				tiers = append(tiers, policy.Anonymous)
			}
			list, err := endSessions(t, `channel = $3 AND platform = $4 AND key_id = '' AND tier <> 'verified' AND (tier = 'claimed' OR tier = $5)`, policy.EndedPolicy, now,
				change.Channel, string(change.Platform), string(tiers[len(tiers)-1]))
			if err != nil {
				return fmt.Errorf("set enforcement: %w", err)
			}
			n = len(list)
		}
		t.revoke(event.Event{Kind: event.EnforcementChanged, Workspace: of, Channel: change.Channel, At: now,
			Body: []byte(text(map[string]any{"platform": change.Platform, "enforcement": change.To, "tiers": tiers}))})
		t.record(draft)
		return nil
	})
	if err != nil {
		return 0, err // whoever stopped waiting reads nothing that is still written
	}
	return n, nil
}
