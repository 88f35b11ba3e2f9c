package console

import (
	"context"

	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

// A secret that exists already is shown to a person, never to a program: no token can
// have the right.
func (d *Door) registerKeys(f *httpapi.Floor) {
	httpapi.Handle(f, d.agent(), route("POST", "/keys/{id}/reveal", "revealKey", "Console: keys",
		"Show the secret of a key that was made to be revealed on request: recorded, with the reason",
		httpapi.NotFound, httpapi.Conflict, httpapi.Unconfirmed, httpapi.TooMany), d.revealKey)
}

func (d *Door) revealKey(ctx context.Context, c *call, in wire.RevealKey) (wire.RevealedKey, error) {
	secret, err := d.Keys.Reveal(ctx, c.Who.Principal, c.Path("id"), in.Reason)
	return wire.RevealedKey{Secret: secret}, err
}
