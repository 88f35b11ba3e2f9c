package operate

import (
	"context"
	"time"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
)

// Registrations connects sites by tokens. To confirm one is the console's alone: it is a
// person who has to read the site's address.
type Registrations interface {
	Create(ctx context.Context, who policy.Principal) (registration trust.Registration, token string, err error)
	List(ctx context.Context, who policy.Principal) ([]trust.Registration, error)
	Refuse(ctx context.Context, who policy.Principal, id string) error
	Now() time.Time
}

func (o *Routes) registrations(f *httpapi.Floor, m Mount) {
	const tag = "registrations"
	httpapi.Handle(f, m.Guard, m.route("GET", "/registrations", "listRegistrations", tag, "Registration tokens and the sites that came with them"), o.listRegistrations)
	httpapi.Handle(f, m.Guard, created(m.route("POST", "/registrations", "createRegistration", tag,
		"Make a token with which one site can register itself, within thirty minutes: shown this one time", httpapi.TooMany)),
		func(ctx context.Context, c *call, _ wire.Empty) (wire.CreatedRegistration, error) {
			r, token, err := o.Registrations.Create(ctx, c.Who)
			return wire.CreatedRegistration{Registration: ShapeRegistration(r, o.Registrations.Now()), Token: token, URL: f.WidgetBase()}, err
		})
	httpapi.Handle(f, m.Guard, m.route("POST", "/registrations/{id}/refuse", "refuseRegistration", tag,
		"Take a token back, or refuse the site that came with it: its secret is destroyed", httpapi.NotFound, httpapi.Conflict), o.refuseRegistration)
}

func (o *Routes) listRegistrations(ctx context.Context, c *call, _ wire.None) (wire.Registrations, error) {
	list, err := o.Registrations.List(ctx, c.Who)
	now := o.Registrations.Now()
	out := wire.Registrations{Registrations: make([]wire.Registration, len(list))}
	for i, r := range list {
		out.Registrations[i] = ShapeRegistration(r, now)
	}
	return out, err
}

func (o *Routes) refuseRegistration(ctx context.Context, c *call, _ wire.Empty) (wire.None, error) {
	return wire.None{}, o.Registrations.Refuse(ctx, c.Who, c.Path("id"))
}

// ShapeRegistration is a registration as it travels, judged at now.
func ShapeRegistration(r trust.Registration, now time.Time) wire.Registration {
	out := wire.Registration{
		ID: r.ID, State: string(r.State(now)), CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
		Site: r.Site, Name: r.Name, Software: r.Software, Network: r.Network, UsedAt: httpapi.Timestamp(r.UsedAt),
		Channel: r.Slug, DecidedAt: httpapi.Timestamp(r.DecidedAt), DecidedBy: r.DecidedBy,
	}
	if r.State(now) == trust.RegistrationWaiting {
		out.ConfirmBy = httpapi.Timestamp(r.UsedAt.Add(trust.ConfirmWithin))
	}
	if r.Confirmed {
		out.ChannelID = r.Channel
	}
	return out
}
