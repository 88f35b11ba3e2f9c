package compat

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// Channels finds the channel that stands for the vendor's workspace.
type Channels interface {
	List(ctx context.Context, who policy.Principal) ([]workspace.Channel, error)
}

// Keys is the operators' side of the rings.
type Keys interface {
	List(ctx context.Context, who policy.Principal, channel string) ([]trust.ListedKey, error)
	Generate(ctx context.Context, who policy.Principal, draft trust.KeyDraft) (key trust.KeyRow, secret string, err error)
	Revoke(ctx context.Context, who policy.Principal, key string, compromisedSince time.Time) (trust.Revocation, error)
}

type call = httpapi.Call[policy.Principal]

// registerSecrets adds Intercom's API for identity verification secrets, as its
// reference describes it (GET, POST, DELETE /secure_mode_secrets, version Preview).
func (d *Door) registerSecrets(f *httpapi.Floor) {
	const path = "/secure_mode_secrets"
	route := func(method, path, id string, right policy.Right, summary string) httpapi.Route {
		return httpapi.Route{
			Method: method, Path: path, ID: id, Tag: "Intercom: identity verification secrets", Summary: summary, Spell: intercomError, Right: right,
			Query: []httpapi.Query{{Name: "app_id", Doc: "Slug or alias of the channel; needed only where several have keys of this dialect."}},
		}
	}
	create := route("POST", path, "createSecureModeSecret", policy.ManageKeys, "Create a secret: it is shown this one time")
	create.Status = http.StatusCreated
	httpapi.Handle(f, d.Program, route("GET", path, "listSecureModeSecrets", policy.ReadKeys, "The secrets that verify, without their values"), d.listSecrets)
	httpapi.Handle(f, d.Program, create, d.createSecret)
	httpapi.Handle(f, d.Program, route("DELETE", path+"/{id}", "deleteSecureModeSecret", policy.ManageKeys, "Revoke a secret, with its sessions"), d.deleteSecret)
}

const (
	dialectHash = "intercom"
	dialectJWT  = "intercom-jwt"
)

var errNoSecret = &httpapi.Error{Code: httpapi.NotFound, Detail: "Identity verification secret not found"}

func (d *Door) listSecrets(ctx context.Context, c *call, _ wire.None) (wire.SecureModeSecrets, error) {
	out := wire.SecureModeSecrets{Type: "list", Data: []wire.SecureModeSecret{}}
	channels, err := d.channels(ctx, c)
	if err != nil {
		return out, err
	}
	for _, channel := range channels {
		keys, err := d.secrets(ctx, c.Who, channel)
		if err != nil {
			return out, err
		}
		for _, key := range keys {
			out.Data = append(out.Data, shapeSecret(key.KeyRow, ""))
		}
	}
	return out, nil
}

func (d *Door) createSecret(ctx context.Context, c *call, in wire.CreateSecureModeSecret) (wire.SecureModeSecret, error) {
	channel, err := d.one(ctx, c)
	if err != nil {
		return wire.SecureModeSecret{}, err
	}
	if strings.TrimSpace(in.Name) == "" {
		return wire.SecureModeSecret{}, httpapi.Impossible("name is required")
	}
	draft := trust.KeyDraft{Channel: channel.ID, Name: in.Name, Dialect: dialectHash, Reveal: trust.RevealOnce}
	for platform, wished := range map[policy.Platform]bool{policy.Web: in.SupportsWeb, policy.IOS: in.SupportsIOS, policy.Android: in.SupportsAndroid} {
		if wished {
			draft.Platforms = append(draft.Platforms, platform)
		}
	}
	if len(draft.Platforms) == 0 { // with us an empty list would mean every platform
		return wire.SecureModeSecret{}, httpapi.Impossible("at least one of supports_android, supports_ios and supports_web must be true")
	}
	key, secret, err := d.Keys.Generate(ctx, c.Who, draft)
	if err != nil {
		return wire.SecureModeSecret{}, err
	}
	return shapeSecret(key, secret), nil
}

func (d *Door) deleteSecret(ctx context.Context, c *call, _ wire.None) (wire.SecureModeSecret, error) {
	if !c.Who.May(policy.ManageKeys) { // or an id that is there would answer otherwise than one that is not
		return wire.SecureModeSecret{}, policy.ErrForbidden
	}
	channels, err := d.channels(ctx, c)
	if err != nil {
		return wire.SecureModeSecret{}, err
	}
	for _, channel := range channels {
		keys, err := d.secrets(ctx, c.Who, channel)
		if err != nil {
			return wire.SecureModeSecret{}, err
		}
		for _, key := range keys {
			if key.ID != c.Path("id") {
				continue
			}
			if _, err := d.Keys.Revoke(ctx, c.Who, key.ID, time.Time{}); err != nil {
				return wire.SecureModeSecret{}, err
			}
			return shapeSecret(key.KeyRow, ""), nil
		}
	}
	return wire.SecureModeSecret{}, errNoSecret
}

// channels are those that a request may mean: the one that it names, or all.
func (d *Door) channels(ctx context.Context, c *call) ([]workspace.Channel, error) {
	all, err := d.Channels.List(ctx, c.Who)
	name := c.Query("app_id")
	if err != nil || name == "" {
		return all, err
	}
	for _, channel := range all {
		if channel.Slug == name || slices.Contains(channel.Aliases, name) {
			return []workspace.Channel{channel}, nil
		}
	}
	return nil, httpapi.Impossible("no channel has this app_id")
}

// one is the channel that gets a new secret: named, the only one, or the only one that
// has keys of this vendor already. A guess would put a secret on somebody else's door.
func (d *Door) one(ctx context.Context, c *call) (workspace.Channel, error) {
	channels, err := d.channels(ctx, c)
	if err != nil || len(channels) == 1 {
		return slices.Concat(channels, []workspace.Channel{{}})[0], err
	}
	var found []workspace.Channel
	for _, channel := range channels {
		keys, err := d.secrets(ctx, c.Who, channel)
		if err != nil {
			return workspace.Channel{}, err
		}
		if len(keys) > 0 {
			found = append(found, channel)
		}
	}
	if len(found) != 1 {
		return workspace.Channel{}, httpapi.Impossible("several channels could be meant: add ?app_id=, a channel's slug or alias")
	}
	return found[0], nil
}

// secrets are the channel's keys of this vendor that verify.
func (d *Door) secrets(ctx context.Context, who policy.Principal, channel workspace.Channel) ([]trust.ListedKey, error) {
	keys, err := d.Keys.List(ctx, who, channel.ID)
	if errors.Is(err, policy.ErrForbidden) && who.May(policy.ManageKeys) {
		return nil, &httpapi.Error{Code: httpapi.Forbidden, Detail: "the token needs the scope keys.read too"}
	}
	return slices.DeleteFunc(keys, func(key trust.ListedKey) bool {
		ours := key.Dialect == dialectHash || key.Dialect == dialectJWT
		return !ours || !slices.Contains([]string{"pending", "active", "retiring"}, key.State)
	}), err
}

func shapeSecret(key trust.KeyRow, secret string) wire.SecureModeSecret {
	return wire.SecureModeSecret{
		Type: "identity_verification_secret", ID: key.ID, Name: key.Name, Secret: secret, CreatedAt: key.CreatedAt.Unix(),
		SupportsAndroid: slices.Contains(key.Platforms, policy.Android), SupportsIOS: slices.Contains(key.Platforms, policy.IOS),
		SupportsWeb: slices.Contains(key.Platforms, policy.Web),
	}
}

// intercomError puts a refusal as Intercom's API does: an error.list.
func intercomError(p wire.Problem) (status int, body any) {
	code := p.Code
	switch httpapi.Code(p.Code) {
	case httpapi.SessionEnded:
		code, p.Detail = "unauthorized", "Access Token Invalid"
	case httpapi.Forbidden:
		code = "forbidden"
	case httpapi.NotFound:
		code, p.Detail = "identity_verification_secret_not_found", errNoSecret.Detail
	case httpapi.RequestInvalid:
		code, p.Status = "parameter_invalid", http.StatusUnprocessableEntity
	case httpapi.TooMany:
		code = "rate_limit_exceeded"
	case httpapi.Internal, httpapi.NotReady:
		code = "server_error"
	}
	return p.Status, wire.IntercomErrors{Type: "error.list", RequestID: p.RequestID, Errors: []wire.IntercomError{{Code: code, Message: p.Detail}}}
}
