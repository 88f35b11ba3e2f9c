// Package api is the programs' door: the management API, with a token that a
// person made in the console. A token reaches what its scopes name and nothing
// else; which scopes exist is team's to say, and each room asks for its right.
package api

import (
	"context"
	"net/http"
	"net/netip"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/operate"
	"countersign/internal/team"
)

// Tokens finds out which program holds a token.
type Tokens interface {
	AuthenticateToken(ctx context.Context, text string) (policy.Principal, team.Token, error)
	NoteToken(ctx context.Context, token team.Token, from netip.Addr) error
}

// Deps is what the door stands on.
type Deps struct {
	Tokens   Tokens
	Gate     Gate
	Sessions Sessions
	Operate  operate.Deps

	Registrar Registrar
}

// Door is the programs' door.
type Door struct{ Deps }

// New makes the door.
func New(deps Deps) *Door { return &Door{deps} }

// Register adds the door's routes to a floor.
func (d *Door) Register(f *httpapi.Floor) {
	operate.Register(f, operate.Mount{Guard: Program(d.Tokens), Base: "/api/v1", Name: func(id string) string { return id }, Group: "Management: "}, d.Operate)
	httpapi.Handle(f, Program(d.Tokens), httpapi.Route{
		Method: "POST", Path: "/api/v1/verify", ID: "verifyAssertion", Tag: "Verification",
		Summary: "Judge an assertion, without a session: verification for a product that has its own chat",
		Fails:   []httpapi.Code{httpapi.Forbidden, httpapi.NotFound}, Right: policy.VerifyIdentity,
	}, d.verify)
	d.register(f)
}

// Program admits the holder of an API token.
func Program(tokens Tokens) httpapi.Guard[policy.Principal] {
	return httpapi.Guard[policy.Principal]{Access: httpapi.APIToken, Check: func(r *http.Request) (policy.Principal, error) {
		token, ok := httpapi.Bearer(r)
		if !ok {
			return policy.Principal{}, httpapi.Fail(httpapi.SessionEnded)
		}
		who, row, err := tokens.AuthenticateToken(r.Context(), token)
		if err == nil {
			err = tokens.NoteToken(r.Context(), row, httpapi.ClientOf(r).Addr)
		}
		return who, err
	}}
}
