package app

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"

	"countersign/identity/keyring"
	"countersign/identity/policy"
	"countersign/internal/team"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// DemoSite is what the demo's shop knows of us, as a real site would: kept in a
// file of its own beside the data, because a key's secret is shown once.
type DemoSite struct {
	Channel      string `json:"channel"`
	ChannelID    string `json:"channel_id"`
	Secret       string `json:"secret"`
	Key          string `json:"key,omitempty"` // the secret's; a demo made before it was noted has none
	OtherChannel string `json:"other_channel"`
	OtherSecret  string `json:"other_secret"`
	TokenSecret  string `json:"token_secret,omitempty"` // of the other channel; a demo made before there were tokens has none
	PublicKey    string `json:"public_key,omitempty"`   // as well: its private half was thrown away
	AuditToken   string `json:"-"`                      // fresh at every start
	Mended       bool   `json:"-"`                      // the shop's key had ended, and it has a new one
	settled      bool   // not the first start: enforcement is the operator's by now
}

// PrepareDemo makes the demo's two channels and their keys on the first start, and
// reads the site's file on the next ones.
func (a *App) PrepareDemo(ctx context.Context, file string) (DemoSite, error) {
	who := a.System("demo")
	site, err := readSite(file)
	if errors.Is(err, os.ErrNotExist) {
		if err := a.Team.RequireFactor(ctx, who, false); err != nil { // one click, and no phone at hand
			return DemoSite{}, err
		}
		site, err = a.makeSite(ctx, who, file)
	} else if err == nil {
		err = a.mendSite(ctx, who, file, &site)
	}
	if err != nil {
		return DemoSite{}, err
	}
	site.AuditToken, err = a.benchToken(ctx, who)
	return site, err
}

// benchToken makes the attack bench's token anew: it may read the record and
// nothing else, and the one of the last start ends.
func (a *App) benchToken(ctx context.Context, who policy.Principal) (string, error) {
	const name = "attack bench"
	tokens, err := a.Team.Tokens(ctx, who)
	if err != nil {
		return "", err
	}
	for _, token := range tokens {
		if token.Name == name && token.RevokedAt.IsZero() {
			if err := a.Team.RevokeToken(ctx, who, token.ID); err != nil {
				return "", err
			}
		}
	}
	_, secret, err := a.Team.CreateToken(ctx, who, team.TokenDraft{Name: name, Scopes: []policy.Right{policy.ReadAudit}})
	return secret, err
}

func readSite(file string) (DemoSite, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return DemoSite{}, err
	}
	var site DemoSite
	site.settled = true
	if err := json.Unmarshal(text, &site); err != nil {
		return DemoSite{}, fmt.Errorf("%s: %w", file, err)
	}
	return site, nil
}

func (a *App) makeSite(ctx context.Context, who policy.Principal, file string) (DemoSite, error) {
	var site DemoSite
	var otherID string
	for _, side := range []struct {
		creation workspace.Creation
		channel  *string
		id       *string
		secret   *string
		key      *string
	}{
		{workspace.Creation{Slug: "shop", Name: "Shop", SamePeople: true,
			Platforms:  map[policy.Platform]policy.Enforcement{policy.Web: policy.Observe}, // until the shop has said its first words
			Appearance: workspace.Appearance{Accent: "#1f4d3a", Team: "Alder & Pine", Greeting: "How can we help?"}},
			&site.Channel, &site.ChannelID, &site.Secret, &site.Key},
		{workspace.Creation{Slug: "wholesale", Name: "Wholesale",
			Platforms: map[policy.Platform]policy.Enforcement{policy.Web: policy.Enforce}},
			&site.OtherChannel, &otherID, &site.OtherSecret, new(string)},
	} {
		channel, err := a.Channels.Create(ctx, who, side.creation)
		if err != nil {
			return DemoSite{}, err
		}
		key, secret, err := a.Keys.Generate(ctx, who, trust.KeyDraft{Channel: channel.ID, Name: side.creation.Name + " backend", Dialect: "native"})
		if err != nil {
			return DemoSite{}, err
		}
		*side.channel, *side.id, *side.secret, *side.key = channel.Slug, channel.ID, secret, key.ID
	}
	if err := a.addTokens(ctx, who, otherID, &site); err != nil {
		return DemoSite{}, err
	}
	return site, site.write(file)
}

func (s DemoSite) write(file string) error {
	text, err := json.MarshalIndent(s, "", "  ") //nolint:gosec // the site's own file holds the secret that the site signs with
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o600)
}

// mendSite gives the shop another key where the one that it signs with was ended in the
// console, as people who try a demo do: a shop that nobody can log in to shows nothing.
func (a *App) mendSite(ctx context.Context, who policy.Principal, file string, site *DemoSite) error {
	keys, err := a.Keys.List(ctx, who, site.ChannelID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(keys, func(k trust.ListedKey) bool { return k.ID == site.Key })
	if at < 0 || keys[at].State != string(keyring.Retired) && keys[at].State != string(keyring.Revoked) {
		return nil
	}
	key, secret, err := a.Keys.Generate(ctx, who, trust.KeyDraft{Channel: site.ChannelID, Name: "Shop backend", Dialect: "native"})
	if err != nil {
		return err
	}
	site.Key, site.Secret, site.Mended = key.ID, secret, true
	return site.write(file)
}

// addTokens lets the other channel take tokens: of a secret, and of a pair whose private
// half nobody has, for the bench to try what goes wrong where both are taken.
func (a *App) addTokens(ctx context.Context, who policy.Principal, channel string, site *DemoSite) (err error) {
	draft := trust.KeyDraft{Channel: channel, Name: "Wholesale app", Dialect: "native-jwt"}
	if _, site.TokenSecret, err = a.Keys.Generate(ctx, who, draft); err != nil {
		return err
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	site.PublicKey = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	draft.Name = "Wholesale partner"
	_, err = a.Keys.ImportPublic(ctx, who, draft, trust.PublicDraft{Key: site.PublicKey})
	return err
}

// SettleDemo allows the shop's pages, and no others, to frame the messenger, and
// enforces identity there: a demo that only observed would refuse nobody.
func (a *App) SettleDemo(ctx context.Context, site DemoSite, pages []string) error {
	who := a.System("demo")
	channel, err := a.Channels.Get(ctx, who, site.ChannelID)
	if err != nil {
		return err
	}
	// The pages of a demo that runs beside this one on the same data stay allowed.
	channel.Origins = slices.DeleteFunc(channel.Origins, func(o string) bool { return slices.Contains(pages, o) })
	channel.Origins = append(channel.Origins[max(0, len(channel.Origins)-4):], pages...)
	if err := a.Channels.Update(ctx, who, channel); err != nil {
		return err
	}
	if !site.settled && a.Desk != nil {
		if _, err := a.Channels.SetEmailCode(ctx, who, channel.ID, true); err != nil {
			return err
		}
	}
	if channel.Platforms[policy.Web] == policy.Enforce || site.settled {
		return nil
	}
	_, err = a.Channels.SetEnforcement(ctx, who, workspace.EnforcementChange{Channel: channel.ID, Platform: policy.Web, To: policy.Enforce})
	return err
}
