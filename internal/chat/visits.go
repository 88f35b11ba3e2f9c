package chat

import (
	"context"
	"strconv"

	"countersign/identity/policy"
	"countersign/internal/audit"
)

// Visit is a session with whose it is.
type Visit struct {
	Session
	Person Contact
	Label  string
}

// MaxCounted sessions are told apart; more are "at least so many".
const MaxCounted = 100_000

// Visits is a page of a channel's live sessions, those that end last first. A page may
// be shorter than asked for, since a key's sessions end with it and without a write.
func (c *Chat) Visits(ctx context.Context, who policy.Principal, of SessionFilter, before Cursor, limit int) (list []Visit, next Cursor, err error) {
	if err := c.filtered(who, of, policy.ReadConversations); err != nil {
		return nil, Cursor{}, err
	}
	sessions, next, err := c.store.ChannelSessions(ctx, who.Workspace(), of, before, page(limit, 50), c.pulse.Now())
	if err != nil {
		return nil, Cursor{}, err
	}
	var ids []string
	seen := map[string]bool{}
	for _, s := range sessions {
		if s.Standing.Ended() == policy.Stands {
			list = append(list, Visit{Session: s})
			if !seen[s.Contact] {
				seen[s.Contact] = true
				ids = append(ids, s.Contact)
			}
		}
	}
	people, labels, err := c.called(ctx, who.Workspace(), ids)
	for i := range list {
		list[i].Person, list[i].Label = people[list[i].Contact], labels[list[i].Contact]
	}
	return list, next, err
}

// CountVisits counts a channel's live sessions, up to MaxCounted.
func (c *Chat) CountVisits(ctx context.Context, who policy.Principal, of SessionFilter) (int, error) {
	if err := c.filtered(who, of, policy.ReadConversations); err != nil {
		return 0, err
	}
	return c.store.CountSessions(ctx, who.Workspace(), of, MaxCounted, c.pulse.Now())
}

// EndVisits ends a channel's live sessions. Whoever still has a proof that is good comes
// in again by it: to keep a proof out, its key is revoked or its person's sessions ended.
func (c *Chat) EndVisits(ctx context.Context, who policy.Principal, of SessionFilter) (ended int, err error) {
	if err := c.filtered(who, of, policy.ManagePeople); err != nil {
		return 0, err
	}
	detail := map[string]string{"sessions": "all"}
	if of.Tier != "" {
		detail["tier"] = string(of.Tier)
	}
	if of.Key != "" {
		detail["key"] = of.Key
	}
	return c.store.EndSessionsIn(ctx, who.Workspace(), of, audit.Draft{
		By: who.Needing(policy.ManagePeople), Workspace: who.Workspace(), Actor: who.Actor(), Action: audit.SessionEnded, Channel: of.Channel, Detail: detail,
	})
}

// filtered asks for a right, then whether the filter can select anything.
func (c *Chat) filtered(who policy.Principal, of SessionFilter, right policy.Right) error {
	if err := c.agent(who, right); err != nil {
		return err
	}
	switch {
	case !validID(of.Channel), of.Key != "" && !validID(of.Key):
		return ErrNotFound
	case of.Tier != "" && of.Tier != policy.Anonymous && of.Tier != policy.Claimed && of.Tier != policy.Verified:
		return invalid("tier is none of anonymous, claimed and verified")
	case of.Key != "" && of.Tier != "" && of.Tier != policy.Verified:
		return invalid("a key proves verified sessions alone")
	}
	return nil
}

// LogoutDenies says whether a log-out on a channel denies tokens of drop-in dialects.
func (c *Chat) LogoutDenies(ctx context.Context, who policy.Principal, channel string) (bool, error) {
	if err := c.agent(who, policy.ReadChannels); err != nil {
		return false, err
	}
	return c.store.LogoutDenies(ctx, who.Workspace(), channel)
}

// SetLogoutDenies switches it. Their pages boot again with the very token that logged
// out, so the switch is off until somebody wants it: then a visitor who logs out is a
// stranger until the page has a new one.
func (c *Chat) SetLogoutDenies(ctx context.Context, who policy.Principal, channel string, denies bool) error {
	if err := c.agent(who, policy.ManageChannels); err != nil {
		return err
	}
	if !validID(channel) {
		return ErrNotFound
	}
	return c.store.SetLogoutDenies(ctx, who.Workspace(), channel, denies, audit.Draft{
		By: who.Needing(policy.ManageChannels), Workspace: who.Workspace(), Actor: who.Actor(), Action: audit.LogoutPolicySet, Channel: channel,
		Detail: map[string]string{"denies": strconv.FormatBool(denies)},
	})
}
