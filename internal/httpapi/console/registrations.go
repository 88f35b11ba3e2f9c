package console

import (
	"context"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/operate"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
)

// Registrations connects sites, with a person's yes.
type Registrations interface {
	operate.Registrations
	Confirm(ctx context.Context, who policy.Principal, id, reason string) (trust.Registration, error)
}

func (d *Door) registerRegistrations(f *httpapi.Floor) {
	httpapi.Handle(f, d.agent(), route("POST", "/registrations/{id}/confirm", "confirmRegistration", "Console: registrations",
		"Confirm the site that came with a token: its channel and its key exist from then on",
		httpapi.NotFound, httpapi.Conflict, httpapi.Unconfirmed, httpapi.TooMany), d.confirmRegistration)
}

func (d *Door) confirmRegistration(ctx context.Context, c *call, in wire.ConfirmRegistration) (wire.Registration, error) {
	r, err := d.Registrations.Confirm(ctx, c.Who.Principal, c.Path("id"), in.Reason)
	return operate.ShapeRegistration(r, d.Registrations.Now()), err
}
