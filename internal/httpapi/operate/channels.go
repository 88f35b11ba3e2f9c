package operate

import (
	"context"
	"time"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/workspace"
)

// Channels is the workspace's ways in.
type Channels interface {
	List(ctx context.Context, who policy.Principal) ([]workspace.Channel, error)
	Get(ctx context.Context, who policy.Principal, id string) (workspace.Channel, error)
	Create(ctx context.Context, who policy.Principal, wish workspace.Creation) (workspace.Channel, error)
	Update(ctx context.Context, who policy.Principal, change workspace.Channel) error
	SetEnforcement(ctx context.Context, who policy.Principal, change workspace.EnforcementChange) (ended int, err error)
}

func (o *Routes) channels(f *httpapi.Floor, m Mount) {
	const tag = "channels"
	httpapi.Handle(f, m.Guard, m.route("GET", "/channels", "listChannels", tag, "The workspace's channels"), o.listChannels)
	httpapi.Handle(f, m.Guard, created(m.route("POST", "/channels", "createChannel", tag, "Make a channel", httpapi.Conflict)), o.createChannel)
	httpapi.Handle(f, m.Guard, m.route("GET", "/channels/{id}", "getChannel", tag, "One channel", httpapi.NotFound), o.getChannel)
	httpapi.Handle(f, m.Guard, m.route("PUT", "/channels/{id}", "changeChannel", tag, "Change name, appearance, origins, minimum tier and the longest life of tokens", httpapi.NotFound), o.changeChannel)
	httpapi.Handle(f, m.Guard, m.route("PUT", "/channels/{id}/enforcement", "setEnforcement", tag,
		"Set what becomes of a visitor without proof, on one platform: answers with the sessions that this ended", httpapi.NotFound), o.setEnforcement)
}

func (o *Routes) listChannels(ctx context.Context, c *call, _ wire.None) (wire.Channels, error) {
	channels, err := o.Channels.List(ctx, c.Who)
	out := wire.Channels{Channels: make([]wire.Channel, len(channels))}
	for i, channel := range channels {
		out.Channels[i] = shapeChannel(channel)
	}
	return out, err
}

func (o *Routes) createChannel(ctx context.Context, c *call, in wire.CreateChannel) (wire.Channel, error) {
	creation := workspace.Creation{Slug: in.Slug, Aliases: in.Aliases, Name: in.Name, SamePeople: in.SamePeople}
	if len(in.Platforms) == 0 {
		in.Platforms = []string{string(policy.Web)}
	}
	creation.Platforms = make(map[policy.Platform]policy.Enforcement, len(in.Platforms))
	for _, platform := range in.Platforms {
		creation.Platforms[policy.Platform(platform)] = policy.Enforcement(in.Enforcement)
	}
	channel, err := o.Channels.Create(ctx, c.Who, creation)
	return shapeChannel(channel), err
}

func (o *Routes) getChannel(ctx context.Context, c *call, _ wire.None) (wire.Channel, error) {
	channel, err := o.Channels.Get(ctx, c.Who, c.Path("id"))
	return shapeChannel(channel), err
}

func (o *Routes) changeChannel(ctx context.Context, c *call, in wire.ChangeChannel) (wire.Channel, error) {
	if !c.Who.May(policy.ManageChannels) {
		return wire.Channel{}, policy.ErrForbidden // before anything is looked for
	}
	before, err := o.Channels.Get(ctx, c.Who, c.Path("id"))
	if err != nil {
		return wire.Channel{}, err
	}
	change := workspace.Channel{
		ID: before.ID, Name: in.Name, Origins: in.Origins, MinimumTier: policy.Tier(in.MinimumTier), LongestLife: before.LongestLife,
		Appearance: workspace.Appearance{Accent: in.Appearance.Accent, Team: in.Appearance.Team, Greeting: in.Appearance.Greeting},
	}
	if in.LongestLife != nil {
		if *in.LongestLife == 0 {
			return wire.Channel{}, httpapi.Impossible("A token's longest life is 60 to 86400 seconds.")
		}
		change.LongestLife = time.Duration(*in.LongestLife) * time.Second
	}
	if err := o.Channels.Update(ctx, c.Who, change); err != nil {
		return wire.Channel{}, err
	}
	return o.getChannel(ctx, c, wire.None{})
}

// setEnforcement tells with its answer what the preview says at that moment. A warning
// stops nothing here: a program that sets a switch has decided, and a console asks first,
// by the preview.
func (o *Routes) setEnforcement(ctx context.Context, c *call, in wire.SetEnforcement) (wire.EnforcementSet, error) {
	var warnings []wire.Warning
	if policy.Enforcement(in.Enforcement) == policy.Enforce && c.Who.May(policy.SetEnforcement) {
		warnings = o.warnings(ctx, c, policy.Platform(in.Platform))
	}
	ended, err := o.Channels.SetEnforcement(ctx, c.Who, workspace.EnforcementChange{
		Channel: c.Path("id"), Platform: policy.Platform(in.Platform), To: policy.Enforcement(in.Enforcement),
	})
	return wire.EnforcementSet{Ended: ended, Warnings: warnings}, err
}

func platforms(names []string) []policy.Platform {
	out := make([]policy.Platform, len(names))
	for i, name := range names {
		out[i] = policy.Platform(name)
	}
	return out
}

func shapeChannel(c workspace.Channel) wire.Channel {
	out := wire.Channel{
		ID: c.ID, Slug: c.Slug, Aliases: c.Aliases, Name: c.Name, Realm: c.Realm, Enforcement: make(map[string]string, len(c.Platforms)),
		Since: make(map[string]time.Time, len(c.Since)), MinimumTier: string(c.MinimumTier), LongestLife: int(c.Life() / time.Second), Origins: c.Origins, CreatedAt: c.CreatedAt.UTC(),
		Appearance: wire.Appearance{Accent: c.Appearance.Accent, Team: c.Appearance.Team, Greeting: c.Appearance.Greeting},
	}
	for platform, enforcement := range c.Platforms {
		out.Enforcement[string(platform)] = string(enforcement)
		out.Since[string(platform)] = c.Since[platform].UTC()
	}
	return out
}
