package operate

import (
	"context"
	"slices"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
)

// PublicKeys are the keys whose public half is all that we hold.
type PublicKeys interface {
	ImportPublic(ctx context.Context, who policy.Principal, draft trust.KeyDraft, public trust.PublicDraft) (trust.KeyRow, error)
	RevokeKid(ctx context.Context, who policy.Principal, key, kid string) (sessionsEnded int, err error)
	SetStatus(row trust.KeyRow) trust.SetStatus
}

func (o *Routes) publicKeys(f *httpapi.Floor, m Mount) {
	httpapi.Handle(f, m.Guard, m.route("POST", "/keys/{id}/kids/revoke", "revokeKid", "keys",
		"Revoke one key of an issuer's set now, with its sessions, whatever the issuer publishes", httpapi.NotFound, httpapi.Conflict), o.revokeKid)
}

// importPublic makes a key of a public key or of an issuer's set.
func (o *Routes) importPublic(ctx context.Context, c *call, draft trust.KeyDraft, in wire.CreateKey) (wire.CreatedKey, error) {
	if in.Secret != "" {
		return wire.CreatedKey{}, httpapi.Impossible("A key is a secret, a public key or an issuer's key set: give one of them.")
	}
	key, err := o.Keys.ImportPublic(ctx, c.Who, draft, trust.PublicDraft{Key: in.PublicKey, URL: in.JWKSURL, Issuer: in.Issuer, Algorithm: in.Algorithm})
	if err != nil {
		return wire.CreatedKey{}, err
	}
	return wire.CreatedKey{Key: o.withPublic(shapeKey(key), key)}, nil
}

func (o *Routes) revokeKid(ctx context.Context, c *call, in wire.RevokeKid) (wire.SessionsEnded, error) {
	ended, err := o.Keys.RevokeKid(ctx, c.Who, c.Path("id"), in.Kid)
	return wire.SessionsEnded{SessionsEnded: ended}, err
}

// withPublic adds the public half, if the key is one.
func (o *Routes) withPublic(out wire.Key, row trust.KeyRow) wire.Key {
	if row.Public.Algorithm == "" {
		return out
	}
	status := o.Keys.SetStatus(row)
	out.Public = &wire.PublicHalf{
		Algorithm: row.Public.Algorithm, PublicKey: row.Public.PEM, JWKSURL: row.Public.URL, Issuer: row.Public.Issuer,
		FetchedAt: httpapi.Timestamp(status.FetchedAt), Problem: status.Problem,
	}
	for _, kid := range status.Kids {
		out.Public.Kids = append(out.Public.Kids, wire.Kid{Kid: kid, Published: true})
	}
	for _, revoked := range row.Public.Revoked {
		kid := wire.Kid{Kid: revoked.Kid, RevokedAt: httpapi.Timestamp(revoked.At)}
		at := slices.IndexFunc(out.Public.Kids, func(k wire.Kid) bool { return k.Kid == revoked.Kid })
		if at >= 0 {
			out.Public.Kids[at].RevokedAt = kid.RevokedAt
			continue
		}
		out.Public.Kids = append(out.Public.Kids, kid)
	}
	return out
}
