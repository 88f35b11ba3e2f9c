package operate

import (
	"context"
	"time"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
)

// Keys is the operators' side of the rings.
type Keys interface {
	List(ctx context.Context, who policy.Principal, channel string) ([]trust.ListedKey, error)
	Generate(ctx context.Context, who policy.Principal, draft trust.KeyDraft) (key trust.KeyRow, secret string, err error)
	Import(ctx context.Context, who policy.Principal, draft trust.KeyDraft, secret string, insist bool) (trust.KeyRow, error)
	ChannelOf(ctx context.Context, who policy.Principal, key string) (string, error)
	Rotate(ctx context.Context, who policy.Principal, r trust.Rotation) (key trust.KeyRow, generated string, err error)
	Finish(ctx context.Context, who policy.Principal, key string) (sessionsEnded int, err error)
	Revoke(ctx context.Context, who policy.Principal, key string, compromisedSince time.Time) (sessionsEnded int, err error)
}

// defaultOverlap is how long a rotated key verifies on unless said otherwise.
const defaultOverlap = 7 * 24 * time.Hour

func (o *Routes) keys(f *httpapi.Floor, m Mount) {
	const tag = "keys"
	httpapi.Handle(f, m.Guard, m.route("GET", "/channels/{id}/keys", "listKeys", tag, "A channel's keys, without their secrets", httpapi.NotFound), o.listKeys)
	httpapi.Handle(f, m.Guard, created(m.route("POST", "/channels/{id}/keys", "createKey", tag,
		"Generate a key, or import one if a secret is given: a generated secret is shown this one time", httpapi.NotFound, httpapi.Conflict)), o.createKey)
	httpapi.Handle(f, m.Guard, created(m.route("POST", "/keys/{id}/rotate", "rotateKey", tag,
		"Put a key aside for a new one, whose secret is shown this one time", httpapi.NotFound, httpapi.Conflict)), o.rotateKey)
	httpapi.Handle(f, m.Guard, m.route("POST", "/keys/{id}/finish", "finishKey", tag, "End a retiring key now, with its sessions", httpapi.NotFound, httpapi.Conflict), o.finishKey)
	httpapi.Handle(f, m.Guard, m.route("POST", "/keys/{id}/revoke", "revokeKey", tag, "Revoke a key now, with its sessions", httpapi.NotFound, httpapi.Conflict), o.revokeKey)
}

func (o *Routes) listKeys(ctx context.Context, c *call, _ wire.None) (wire.Keys, error) {
	keys, err := o.Keys.List(ctx, c.Who, c.Path("id"))
	out := wire.Keys{Keys: make([]wire.Key, len(keys))}
	for i, key := range keys {
		out.Keys[i] = shapeKey(key.KeyRow)
		out.Keys[i].LiveSessions = key.LiveSessions
	}
	return out, err
}

func (o *Routes) createKey(ctx context.Context, c *call, in wire.CreateKey) (wire.CreatedKey, error) {
	draft := trust.KeyDraft{
		Channel: c.Path("id"), Name: in.Name, Dialect: in.Dialect, Signs: in.Signs, Platforms: platforms(in.Platforms), ConfirmsEmail: in.ConfirmsEmail,
	}
	if in.Secret != "" {
		key, err := o.Keys.Import(ctx, c.Who, draft, in.Secret, in.Insist)
		return wire.CreatedKey{Key: shapeKey(key)}, err
	}
	key, secret, err := o.Keys.Generate(ctx, c.Who, draft)
	return wire.CreatedKey{Key: shapeKey(key), Secret: secret}, err
}

func (o *Routes) rotateKey(ctx context.Context, c *call, in wire.RotateKey) (wire.CreatedKey, error) {
	overlap := defaultOverlap
	if in.OverlapHours != nil {
		if *in.OverlapHours < 0 || *in.OverlapHours > 366*24 {
			return wire.CreatedKey{}, httpapi.Impossible("The overlap is between 0 and 8784 hours.")
		}
		overlap = time.Duration(*in.OverlapHours) * time.Hour
	}
	channel, err := o.Keys.ChannelOf(ctx, c.Who, c.Path("id"))
	if err != nil {
		return wire.CreatedKey{}, err
	}
	key, secret, err := o.Keys.Rotate(ctx, c.Who, trust.Rotation{Channel: channel, Key: c.Path("id"), Overlap: overlap})
	return wire.CreatedKey{Key: shapeKey(key), Secret: secret}, err
}

func (o *Routes) finishKey(ctx context.Context, c *call, _ wire.Empty) (wire.SessionsEnded, error) {
	ended, err := o.Keys.Finish(ctx, c.Who, c.Path("id"))
	return wire.SessionsEnded{SessionsEnded: ended}, err
}

func (o *Routes) revokeKey(ctx context.Context, c *call, in wire.RevokeKey) (wire.SessionsEnded, error) {
	var since time.Time
	if in.CompromisedSince != nil {
		since = *in.CompromisedSince
	}
	ended, err := o.Keys.Revoke(ctx, c.Who, c.Path("id"), since)
	return wire.SessionsEnded{SessionsEnded: ended}, err
}

func shapeKey(k trust.KeyRow) wire.Key {
	out := wire.Key{
		ID: k.ID, Name: k.Name, State: k.State, Dialect: k.Dialect, Signs: k.Signs, Platforms: make([]string, len(k.Platforms)),
		Fingerprint: k.Fingerprint, Imported: k.Imported, ConfirmsEmail: k.Confirms, CreatedAt: k.CreatedAt.UTC(), CreatedBy: k.CreatedBy,
		LastUsedAt: httpapi.Timestamp(k.LastUsedAt), EndsAt: httpapi.Timestamp(k.EndsAt), SignBy: httpapi.Timestamp(k.SignBy), RevokedAt: httpapi.Timestamp(k.RevokedAt),
	}
	for i, platform := range k.Platforms {
		out.Platforms[i] = string(platform)
	}
	return out
}
