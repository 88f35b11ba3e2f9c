package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/app"
	"countersign/internal/workspace"
)

type channelCmd struct {
	Create    channelCreateCmd `cmd:"" help:"Make a channel: one way in, with a public id."`
	List      channelListCmd   `cmd:"" help:"List channels."`
	Set       channelSetCmd    `cmd:"" help:"Set enforcement (what becomes of a visitor whose proof is missing or wrong), and how long tokens may be good for."`
	EmailCode emailCodeCmd     `cmd:"" name:"email-code" help:"Let visitors prove an address by an emailed code, or no more."`
}

type channelCreateCmd struct {
	onInstallation
	Slug        string   `required:"" help:"Public id, as pages carry it."`
	Name        string   `help:"Name for people; the slug if not given."`
	Platform    []string `help:"web, ios or android; may be repeated." enum:"web,ios,android" default:"web"`
	Alias       []string `help:"Another public id, such as the one an old vendor gave; may be repeated."`
	Enforcement string   `help:"off, observe or enforce." enum:"off,observe,enforce" default:"observe"`
	Origin      []string `help:"Page whose browsers may frame the messenger (https://shop.example); may be repeated. Default: any."`
	SamePeople  bool     `help:"The channel serves the same people under the same ids as the workspace's others; otherwise a user id means somebody else here."`
}

func (c *channelCreateCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.make(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	platforms := map[policy.Platform]policy.Enforcement{}
	for _, p := range c.Platform {
		platforms[policy.Platform(p)] = policy.Enforcement(c.Enforcement)
	}
	channel, err := a.Channels.Create(ctx, who, workspace.Creation{
		Slug: c.Slug, Name: c.Name, Aliases: c.Alias, Platforms: platforms, Origins: c.Origin, SamePeople: c.SamePeople,
	})
	if err != nil {
		return refused(err)
	}
	return c.print(t, channelAnswer(channel), func() string {
		return fmt.Sprintf("%s  %s  %s\n", channel.ID, channel.Slug, enforcementText(channel))
	})
}

type channelListCmd struct{ onInstallation }

func (c *channelListCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	channels, err := a.Channels.List(ctx, who)
	if err != nil {
		return refused(err)
	}
	answers := []map[string]any{}
	for _, channel := range channels {
		answers = append(answers, channelAnswer(channel))
	}
	return c.print(t, map[string]any{"channels": answers}, func() string {
		if len(channels) == 0 {
			return "no channels yet: countersign channel create --slug NAME\n"
		}
		rows := [][]string{{"ID", "SLUG", "ALIASES", "ENFORCEMENT"}}
		for _, channel := range channels {
			rows = append(rows, []string{channel.ID, channel.Slug, strings.Join(channel.Aliases, ","), enforcementText(channel)})
		}
		return columns(rows) + standings(channels, time.Now())
	})
}

type channelSetCmd struct {
	onInstallation
	Slug        string `required:"" help:"Slug or alias of the channel."`
	Platform    string `help:"One platform; all of the channel's if not given." enum:",web,ios,android" default:""`
	Enforcement string `help:"off, observe or enforce; as it is if not given." enum:",off,observe,enforce" default:""`
	LongestLife string `placeholder:"1h" help:"Refuse a token of the channel's own dialects that is good for longer: 1m to 24h; as it is if not given."`
}

func (c *channelSetCmd) Run(ctx context.Context, t terminal) error {
	life, err := c.longestLife()
	if err != nil {
		return err
	}
	a, who, channel, err := c.openChannel(ctx, t, c.Slug)
	if err != nil {
		return err
	}
	defer closing(a)
	if _, serves := channel.Platforms[policy.Platform(c.Platform)]; c.Platform != "" && !serves {
		return misuse("%s does not serve %s", channel.Slug, c.Platform)
	}
	answer, text := map[string]any{"channel": channel.ID}, ""
	if life != 0 {
		channel.LongestLife = life
		if err := a.Channels.Update(ctx, who, channel); err != nil {
			return refused(err)
		}
		answer["longest_life_seconds"] = int(life / time.Second)
		text += fmt.Sprintf("%s: a token is good for %s at most\n", channel.Slug, life)
	}
	if c.Enforcement != "" {
		done, err := c.enforce(ctx, a, who, channel)
		if err != nil {
			return refused(err)
		}
		answer["platforms"], answer["enforcement"], answer["sessions_ended"], answer["warnings"] = done.platforms, c.Enforcement, done.ended, done.warnings
		text += fmt.Sprintf("%s: %s on %s, %d claimed session(s) ended\n", channel.Slug, c.Enforcement, strings.Join(done.platforms, ", "), done.ended)
		for _, platform := range done.platforms {
			for _, warning := range done.warnings[platform] {
				text += "warning: " + platform + ": " + warning + "\n"
			}
		}
	}
	return c.print(t, answer, func() string { return text })
}

// longestLife is what the flag says, zero if it says nothing; misuse is told before
// anything is opened or changed.
func (c *channelSetCmd) longestLife() (time.Duration, error) {
	if c.LongestLife == "" {
		if c.Enforcement == "" {
			return 0, misuse("say what to set: --enforcement or --longest-life")
		}
		return 0, nil
	}
	if c.Platform != "" && c.Enforcement == "" {
		return 0, misuse("--longest-life is the whole channel's: leave --platform out")
	}
	life, err := time.ParseDuration(c.LongestLife)
	if err != nil || life < workspace.MinLongestLife || life > workspace.DefaultLongestLife || life%time.Second != 0 {
		return 0, misuse("--longest-life is 1m to 24h, in whole seconds, and not %q", c.LongestLife)
	}
	return life, nil
}

// enforced is what a switch has done.
type enforced struct {
	platforms []string
	ended     int
	warnings  map[string][]string // :: platform → what the last week says against it
}

func (c *channelSetCmd) enforce(ctx context.Context, a *app.App, who policy.Principal, channel workspace.Channel) (enforced, error) {
	done := enforced{platforms: []string{}, warnings: map[string][]string{}}
	for _, platform := range sortedPlatforms(channel) {
		if c.Platform != "" && c.Platform != string(platform) {
			continue
		}
		if c.Enforcement == string(policy.Enforce) {
			p, err := a.Installation.Preview(ctx, who, channel.ID, platform)
			if err != nil {
				return done, err
			}
			if texts := warningTexts(p); len(texts) > 0 {
				done.warnings[string(platform)] = texts
			}
		}
		n, err := a.Channels.SetEnforcement(ctx, who, workspace.EnforcementChange{
			Channel: channel.ID, Platform: platform, To: policy.Enforcement(c.Enforcement),
		})
		if err != nil {
			return done, err
		}
		done.ended += n
		done.platforms = append(done.platforms, string(platform))
	}
	return done, nil
}

func sortedPlatforms(channel workspace.Channel) []policy.Platform {
	var platforms []policy.Platform
	for p := range channel.Platforms {
		platforms = append(platforms, p)
	}
	slices.Sort(platforms)
	return platforms
}

func enforcementText(channel workspace.Channel) string {
	var parts []string
	for _, p := range sortedPlatforms(channel) {
		parts = append(parts, string(p)+"="+string(channel.Platforms[p]))
	}
	return strings.Join(parts, ",")
}

func channelAnswer(channel workspace.Channel) map[string]any {
	return map[string]any{
		"enforcement_since": channel.Since, "id": channel.ID,
		"slug": channel.Slug, "name": channel.Name, "aliases": append([]string{}, channel.Aliases...),
		"longest_life_seconds": int(cmp.Or(channel.LongestLife, workspace.DefaultLongestLife) / time.Second),
		"realm":                channel.Realm, "platforms": channel.Platforms, "origins": append([]string{}, channel.Origins...),
	}
}

// closing closes a command's installation; what it wrote is durable already.
func closing(a *app.App) { _ = a.Close() }
