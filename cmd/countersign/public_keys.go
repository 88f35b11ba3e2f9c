package main

import (
	"context"
	"errors"
	"strings"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/internal/trust"
)

// publicSource is what keys import takes beside a file: where an issuer publishes its
// keys.
type publicSource struct {
	JWKSURL   string `name:"jwks-url" placeholder:"URL" help:"Instead of --secret-file, which may also hold a public key (PEM or JWK): where the issuer publishes its key set; for native-jwt."`
	Issuer    string `placeholder:"ISS" help:"What iss of a token must be; needed with --jwks-url."`
	Algorithm string `placeholder:"ALG" enum:",ES256,RS256,EdDSA" default:"" help:"ES256, RS256 or EdDSA. Default: the one that the key, or the only kind that the set has, is for."`
}

// given says that the key is a public one by its flags.
func (s publicSource) given() bool { return s.JWKSURL != "" || s.Issuer != "" || s.Algorithm != "" }

// importPublic makes a key of the file's public key, or of an issuer's set.
func (c *keysImportCmd) importPublic(ctx context.Context, t terminal) error {
	public := trust.PublicDraft{URL: c.JWKSURL, Issuer: c.Issuer, Algorithm: c.Algorithm}
	switch {
	case c.JWKSURL != "" && (c.SecretFile != "" || c.SecretEnv != ""):
		return misuse("--jwks-url stands instead of --secret-file and --secret-env")
	case c.JWKSURL == "":
		text, err := c.read(t)
		if err != nil {
			return err
		}
		public.Key = text
	}
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	draft, err := c.draft(ctx, &c.onInstallation, a, who)
	if err != nil {
		return err
	}
	key, err := a.Keys.ImportPublic(ctx, who, draft, public)
	if err != nil {
		return refused(err)
	}
	return printNewKey(&c.onInstallation, t, key, "")
}

type keysRevokeKidCmd struct {
	onInstallation
	Key string `required:"" help:"Id of a key that is an issuer's set."`
	Kid string `required:"" help:"Which key of the set, exactly as the issuer writes it."`
}

func (c *keysRevokeKidCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	ended, err := a.Keys.RevokeKid(ctx, who, c.Key, c.Kid)
	if err != nil {
		return refused(err)
	}
	return printEnded(&c.onInstallation, t, c.Key+" "+c.Kid, "revoked", ended)
}

// offlinePair puts a key of a pair into the setup: a private one signs, and a public
// one verifies.
func offlinePair(setup *dialect.Setup, text string) error {
	var wrong *identity.KeyError
	if strings.Contains(text, "PRIVATE KEY-----") {
		private, err := identity.ParsePrivateKey(text)
		if errors.As(err, &wrong) {
			return misuse("%s", wrong.Message)
		}
		setup.Private = &private
		return nil
	}
	public, err := identity.ParsePublicKey(text)
	if errors.As(err, &wrong) {
		return misuse("%s", wrong.Message)
	}
	setup.Public = &identity.PublicSet{Algorithm: public.Algorithm(), Keys: []identity.PublicKey{public}}
	return nil
}

// spoken is a key's dialect with the algorithm of its public key, if it is one.
func spoken(k trust.KeyRow) string {
	return strings.TrimSpace(k.Dialect + " " + k.Public.Algorithm)
}

// withPublic adds to a key's answer what stands in a secret's place.
func withPublic(half trust.PublicHalf, answer map[string]any) map[string]any {
	for name, value := range map[string]string{"algorithm": half.Algorithm, "public_key": half.PEM, "jwks_url": half.URL, "issuer": half.Issuer} {
		if value != "" {
			answer[name] = value
		}
	}
	if len(half.Revoked) > 0 {
		kids := []string{}
		for _, revoked := range half.Revoked {
			kids = append(kids, revoked.Kid)
		}
		answer["revoked_kids"] = kids
	}
	return answer
}
