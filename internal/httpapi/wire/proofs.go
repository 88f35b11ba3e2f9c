package wire

import "time"

// PublicHalf is what stands in a secret's place: a public key, or an issuer's set of them.
type PublicHalf struct {
	Algorithm string     `json:"algorithm" enum:"ES256,RS256,EdDSA" doc:"The one that tokens of this key are signed with."`
	PublicKey string     `json:"public_key,omitzero" doc:"PEM."`
	JWKSURL   string     `json:"jwks_url,omitzero"`
	Issuer    string     `json:"issuer,omitzero" doc:"What iss of a token must be."`
	Kids      []Kid      `json:"kids,omitempty" doc:"Of an issuer's set: those that it publishes and those that were revoked here."`
	FetchedAt *time.Time `json:"fetched_at,omitempty" doc:"When the node that answers last fetched the set; absent: not since it began."`
	Problem   string     `json:"problem,omitzero" doc:"Why the last fetch failed."`
}

// Kid is one key of an issuer's set.
type Kid struct {
	Kid       string     `json:"kid"`
	Published bool       `json:"published" doc:"The set held it when it was last fetched."`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

// RevokeKid ends one key of an issuer's set, whatever the issuer publishes.
type RevokeKid struct {
	Kid string `json:"kid" doc:"Exactly as the issuer writes it."`
}
