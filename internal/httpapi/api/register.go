package api

import (
	"context"
	"net/http"
	"net/url"

	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
)

// Registrar gives a site that comes with a token what it will sign with.
type Registrar interface {
	Register(ctx context.Context, claimant trust.Claimant) (trust.Registered, error)
	Standing(ctx context.Context, receipt, network string) (trust.RegistrationState, string, error)
	Withdraw(ctx context.Context, receipt, network string) error
}

// maxRegisterBody is more than any site has to say of itself.
const maxRegisterBody = 8 << 10

// register is the one door for whoever has neither an API token nor a login: the token in
// the body is spent by its use. What a site says of itself is kept as text and shown to a
// person; nothing here ever calls the address.
func (d *Door) register(f *httpapi.Floor) {
	httpapi.Handle(f, httpapi.Anyone(), httpapi.Route{
		Method: "POST", Path: "/api/v1/register", ID: "registerSite", Tag: "Registration", Status: http.StatusCreated, MaxBody: maxRegisterBody,
		Summary: "Register a site with a token from the console: it is given a channel and a secret, which count once a person has confirmed the site",
		Fails:   []httpapi.Code{httpapi.RegistrationRefused, httpapi.TooMany},
	}, func(ctx context.Context, c *httpapi.Call[wire.None], in wire.Register) (wire.Registered, error) {
		got, err := d.Registrar.Register(ctx, trust.Claimant{Token: in.Token, Site: in.Site, Name: in.Name, Software: in.Software, Network: c.Client.Network})
		if err != nil {
			return wire.Registered{}, err
		}
		base := f.WidgetBase()
		return wire.Registered{
			Channel: got.Slug, KeyID: got.Key, Dialect: got.Dialect, Secret: got.Secret, Receipt: got.Receipt, State: string(trust.RegistrationWaiting),
			ConfirmBy: got.ConfirmBy.UTC(), Loader: base + "/v1.js", Script: base + "/cdn/v1/widget/" + url.PathEscape(got.Slug) + ".js",
		}, nil
	})
	httpapi.Handle(f, httpapi.Anyone(), httpapi.Route{
		Method: "POST", Path: "/api/v1/register/status", ID: "getRegistrationStanding", Tag: "Registration", MaxBody: maxRegisterBody,
		Summary: "How a site's registration stands: the receipt is in the body, since an address ends up in logs",
		Fails:   []httpapi.Code{httpapi.RegistrationRefused, httpapi.TooMany},
	}, func(ctx context.Context, c *httpapi.Call[wire.None], in wire.AskRegistration) (wire.RegistrationStanding, error) {
		state, channel, err := d.Registrar.Standing(ctx, in.Receipt, c.Client.Network)
		return wire.RegistrationStanding{State: string(state), Channel: channel}, err
	})
	httpapi.Handle(f, httpapi.Anyone(), httpapi.Route{
		Method: "POST", Path: "/api/v1/register/withdraw", ID: "withdrawRegistration", Tag: "Registration", MaxBody: maxRegisterBody,
		Summary: "The site is gone: what waits is refused, and its key is revoked",
		Fails:   []httpapi.Code{httpapi.RegistrationRefused, httpapi.TooMany, httpapi.Conflict},
	}, func(ctx context.Context, c *httpapi.Call[wire.None], in wire.AskRegistration) (wire.None, error) {
		return wire.None{}, d.Registrar.Withdraw(ctx, in.Receipt, c.Client.Network)
	})
}
