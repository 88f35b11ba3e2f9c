package operate

import (
	"context"
	"time"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
)

// Installation is who embeds the messenger, and what enforcing would break.
type Installation interface {
	Table(ctx context.Context, who policy.Principal, channel string, days int) (trust.Table, error)
	Watch(ctx context.Context, who policy.Principal, channel string, since time.Time) (trust.Seen, error)
	Preview(ctx context.Context, who policy.Principal, channel string, platform policy.Platform) (trust.Preview, error)
	Ignore(ctx context.Context, who policy.Principal, channel, origin string, ignored bool) error
}

func (o *Routes) installation(f *httpapi.Floor, m Mount) {
	const tag = "channels"
	httpapi.Handle(f, m.Guard, query(m.route("GET", "/channels/{id}/installation", "getInstallation", tag,
		"Domains, apps and versions that carry the messenger: counts by outcome, and what to do next", httpapi.NotFound),
		httpapi.Query{Name: "days", Doc: "1 to 90, 7 if absent; today is one of them"}), o.getInstallation)
	httpapi.Handle(f, m.Guard, query(m.route("GET", "/channels/{id}/installation/watch", "watchInstallation", tag,
		"What arrived since a moment: asked every few seconds while a page is tried", httpapi.NotFound),
		httpapi.Query{Name: "since", Doc: "now of the answer before; absent: tells the time and nothing else"}), o.watchInstallation)
	httpapi.Handle(f, m.Guard, query(m.route("GET", "/channels/{id}/preview", "previewEnforcement", tag,
		"What enforcing a platform would break, by the arrivals of the last seven days", httpapi.NotFound),
		httpapi.Query{Name: "platform", Doc: "web (the default), ios or android"}), o.previewEnforcement)
	httpapi.Handle(f, m.Guard, m.route("PUT", "/channels/{id}/installation/ignored", "ignoreDomain", tag,
		"Want no warnings about a domain, or want them again. It allows nobody anything", httpapi.NotFound), o.ignoreDomain)
}

func (o *Routes) getInstallation(ctx context.Context, c *call, _ wire.None) (wire.Installation, error) {
	days, err := c.Number("days", trust.PreviewDays, 1, int64(trust.MostDays))
	if err != nil {
		return wire.Installation{}, err
	}
	table, err := o.Installation.Table(ctx, c.Who, c.Path("id"), int(days))
	if err != nil {
		return wire.Installation{}, err
	}
	return wire.Installation{Since: table.Since, Places: shapePlaces(table.Places), Versions: shapeVersions(table.Versions)}, nil
}

func (o *Routes) watchInstallation(ctx context.Context, c *call, _ wire.None) (wire.Watched, error) {
	var since time.Time
	if text := c.Query("since"); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return wire.Watched{}, httpapi.Malformed("The parameter since is not a time as RFC 3339 spells it.")
		}
	}
	seen, err := o.Installation.Watch(ctx, c.Who, c.Path("id"), since)
	if err != nil {
		return wire.Watched{}, err
	}
	out := wire.Watched{Now: seen.Now.UTC(), Arrivals: make([]wire.Seen, len(seen.Arrivals))}
	for i, t := range seen.Arrivals {
		out.Arrivals[i] = wire.Seen{
			At: t.LastAt.UTC(), Platform: string(t.Platform), Origin: t.Origin, Version: t.Version, Dialect: t.Dialect,
			Outcome: string(t.Outcome), Reason: string(t.Reason),
		}
	}
	return out, nil
}

func (o *Routes) previewEnforcement(ctx context.Context, c *call, _ wire.None) (wire.Preview, error) {
	platform := policy.Web
	if text := c.Query("platform"); text != "" {
		platform = policy.Platform(text)
	}
	p, err := o.Installation.Preview(ctx, c.Who, c.Path("id"), platform)
	if err != nil {
		return wire.Preview{}, err
	}
	return wire.Preview{
		Platform: string(p.Platform), Enforcement: string(p.Enforcement), Since: p.Since.UTC(), MinimumTier: string(p.MinimumTier), From: p.From,
		Broken: p.Broken(), Live: p.Live, LivePlaces: p.LiveDomains, Keys: p.Keys, Networks: shapeNetworks(p.Networks),
		Places: shapePlaces(p.Places), Versions: shapeVersions(p.Versions), Warnings: shapeWarnings(p.Warnings), Sums: shapeSums(p.Sums),
	}, nil
}

func (o *Routes) ignoreDomain(ctx context.Context, c *call, in wire.IgnoreDomain) (wire.None, error) {
	return wire.None{}, o.Installation.Ignore(ctx, c.Who, c.Path("id"), in.Origin, in.Ignored)
}

func shapeSums(s trust.Sums) wire.Sums {
	out := wire.Sums{
		Total: s.Total, Outcomes: map[string]int64{}, Missing: s.Classes[trust.ProofLacking], Wrong: s.Classes[trust.ProofWrong],
		Reasons: map[string]int64{}, LastAt: s.LastAt,
	}
	if !s.LastAt.IsZero() {
		out.LastAt = s.LastAt.UTC()
	}
	for outcome, n := range s.Outcomes {
		out.Outcomes[string(outcome)] = n
	}
	for reason, n := range s.Reasons {
		out.Reasons[string(reason)] = n
	}
	return out
}

func shapeNetworks(networks map[trust.Class]int) map[string]int {
	out := make(map[string]int, len(networks))
	for class, n := range networks {
		out[string(class)] = n
	}
	return out
}

func shapeSteps(steps []trust.Step) []wire.Step {
	out := make([]wire.Step, len(steps))
	for i, s := range steps {
		out[i] = wire.Step{Step: string(s.What), N: s.N, Of: s.Of, Reason: string(s.Reason), Urgent: s.Urgent()}
	}
	return out
}

func shapePlaces(places []trust.Place) []wire.Place {
	out := make([]wire.Place, len(places))
	for i, p := range places {
		out[i] = wire.Place{
			Platform: string(p.Platform), Origin: p.Origin, Standing: string(p.Standing), Ignored: p.Ignored, Dialects: append([]string{}, p.Dialects...),
			Networks: shapeNetworks(p.Networks), Steps: shapeSteps(p.Steps), Sums: shapeSums(p.Sums),
		}
	}
	return out
}

func shapeVersions(versions []trust.Version) []wire.Version {
	out := make([]wire.Version, len(versions))
	for i, v := range versions {
		out[i] = wire.Version{Platform: string(v.Platform), Version: v.Version, Steps: shapeSteps(v.Steps), Sums: shapeSums(v.Sums)}
	}
	return out
}

func shapeWarnings(warnings []trust.Warning) []wire.Warning {
	out := make([]wire.Warning, len(warnings))
	for i, w := range warnings {
		out[i] = wire.Warning{Warning: string(w.Danger), N: w.N, Of: w.Of, Places: w.Places}
	}
	return out
}

// warnings are the preview's; what cannot be told does not stop the switch.
func (o *Routes) warnings(ctx context.Context, c *call, platform policy.Platform) []wire.Warning {
	p, err := o.Installation.Preview(ctx, c.Who, c.Path("id"), platform)
	if err != nil {
		return nil
	}
	return shapeWarnings(p.Warnings)
}
