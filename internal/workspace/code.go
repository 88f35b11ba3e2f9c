package workspace

import (
	"context"

	"countersign/identity/policy"
	"countersign/internal/audit"
)

// SetEmailCode says whether the channel's visitors may prove an address by an emailed
// code. It is a way to become verified, so whoever may set enforcement says so.
// Turned off, it ends the sessions that codes opened: their number comes back.
func (d *Directory) SetEmailCode(ctx context.Context, who policy.Principal, id string, allowed bool) (ended int, err error) {
	if !who.May(policy.SetEnforcement) {
		return 0, who.Refusal(policy.SetEnforcement)
	}
	channel, err := d.store.Channel(ctx, who.Workspace(), id)
	if err != nil {
		return 0, err
	}
	if channel.EmailCode == allowed {
		return 0, nil
	}
	draft := draftOf(who.Needing(policy.SetEnforcement), audit.ChannelChanged, channel.ID)
	draft.Detail = map[string]string{"email_code_was": spellSwitch(channel.EmailCode), "email_code": spellSwitch(allowed)}
	return d.store.SetEmailCode(ctx, who.Workspace(), channel.ID, allowed, draft)
}

// EmailCode says whether the channel takes emailed codes, and how many live sessions
// they opened: what turning them off would end.
func (d *Directory) EmailCode(ctx context.Context, who policy.Principal, id string) (allowed bool, live int, err error) {
	channel, err := d.Get(ctx, who, id)
	if err != nil {
		return false, 0, err
	}
	live, err = d.store.CodeSessions(ctx, who.Workspace(), channel.ID, d.now())
	return channel.EmailCode, live, err
}

func spellSwitch(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
