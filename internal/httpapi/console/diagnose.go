package console

import (
	"context"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/operate"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
)

// Diagnosis is why proofs fail, and what would have been right.
type Diagnosis interface {
	operate.Diagnosis
	Expected(ctx context.Context, who policy.Principal, in trust.Expectation) (hash string, err error)
}

// What the gate expects is shown to a person, never to a program: whoever holds it
// passes as that customer.
func (d *Door) registerDiagnosis(f *httpapi.Floor) {
	httpapi.Handle(f, d.agent(), route("POST", "/channels/{id}/expected-hash", "revealHash", "Console: keys",
		"Show the hash that the gate expects of somebody: recorded, with the reason and whom it is about",
		httpapi.NotFound, httpapi.Unconfirmed, httpapi.TooMany), d.revealHash)
}

func (d *Door) revealHash(ctx context.Context, c *call, in wire.ExpectHash) (wire.ExpectedHash, error) {
	hash, err := d.Diagnosis.Expected(ctx, c.Who.Principal, trust.Expectation{
		Channel: c.Path("id"), Key: in.Key, UserID: in.UserID, Email: in.Email, Reason: in.Reason,
	})
	return wire.ExpectedHash{Hash: hash}, err
}
