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
	PublicKeys
	Names(ctx context.Context, who policy.Principal, ids []string) (map[string]trust.KeyName, error)
	List(ctx context.Context, who policy.Principal, channel string) ([]trust.ListedKey, error)
	Generate(ctx context.Context, who policy.Principal, draft trust.KeyDraft) (key trust.KeyRow, secret string, err error)
	Import(ctx context.Context, who policy.Principal, draft trust.KeyDraft, secret string, insist bool) (trust.KeyRow, error)
	ChannelOf(ctx context.Context, who policy.Principal, key string) (string, error)
	Rotate(ctx context.Context, who policy.Principal, r trust.Rotation) (key trust.KeyRow, generated string, err error)
	Rename(ctx context.Context, who policy.Principal, key, name string) error
	SignBy(ctx context.Context, who policy.Principal, key string, at time.Time) error
	Extend(ctx context.Context, who policy.Principal, key string, ends time.Time) error
	Finish(ctx context.Context, who policy.Principal, key string) (sessionsEnded int, err error)
	Revoke(ctx context.Context, who policy.Principal, key string, compromisedSince time.Time) (trust.Revocation, error)
	Impact(ctx context.Context, who policy.Principal, key string, since time.Time) (trust.Impact, error)
	Compromise(ctx context.Context, who policy.Principal, key string, kind trust.FindingKind, after string, limit int) (trust.Compromise, error)
}

// defaultOverlap is how long a rotated key verifies on unless said otherwise.
const defaultOverlap = 7 * 24 * time.Hour

func (o *Routes) keys(f *httpapi.Floor, m Mount) {
	const tag = "keys"
	change := func(method, path, id, summary string, fails ...httpapi.Code) httpapi.Route {
		return m.route(method, path, id, tag, summary, append(fails, httpapi.NotFound, httpapi.Conflict)...)
	}
	httpapi.Handle(f, m.Guard, m.route("GET", "/channels/{id}/keys", "listKeys", tag, "A channel's keys, without their secrets", httpapi.NotFound), o.listKeys)
	httpapi.Handle(f, m.Guard, created(change("POST", "/channels/{id}/keys", "createKey",
		"Generate a key, or import one if a secret is given: a generated secret is shown this one time", httpapi.Unconfirmed, httpapi.TooMany)), o.createKey)
	httpapi.Handle(f, m.Guard, change("PATCH", "/keys/{id}", "renameKey", "Call a key something else"), o.renameKey)
	httpapi.Handle(f, m.Guard, created(change("POST", "/keys/{id}/rotate", "rotateKey",
		"Put a key aside for a new one, whose secret is shown this one time", httpapi.Unconfirmed, httpapi.TooMany)), o.rotateKey)
	httpapi.Handle(f, m.Guard, change("POST", "/keys/{id}/sign-by", "signKeyBy", "Refuse timed proofs of a retiring key that were issued after a time"), o.signBy)
	httpapi.Handle(f, m.Guard, change("POST", "/keys/{id}/extend", "extendKey", "Move the end of a retiring key, earlier or later"), o.extendKey)
	httpapi.Handle(f, m.Guard, change("POST", "/keys/{id}/finish", "finishKey", "End a retiring key now, with its sessions"), o.finishKey)
	httpapi.Handle(f, m.Guard, change("POST", "/keys/{id}/revoke", "revokeKey",
		"Revoke a key now, with its sessions; of a compromised one, also cut what it proved since then"), o.revokeKey)
	o.publicKeys(f, m)
	httpapi.Handle(f, m.Guard, query(m.route("GET", "/keys/{id}/impact", "getKeyImpact", tag,
		"What would end with a key now; with since, also what calling it compromised would take apart", httpapi.NotFound, httpapi.RequestInvalid),
		httpapi.Query{Name: "since", Doc: "RFC 3339 time: since when somebody else may have had the key"},
	), o.keyImpact)
	httpapi.Handle(f, m.Guard, query(m.route("GET", "/keys/{id}/compromise", "getKeyCompromise", tag,
		"What a compromised key proved, and what became of it", httpapi.NotFound, httpapi.RequestInvalid),
		httpapi.Query{Name: "kind", Doc: "links, claims, attributes or conversations; links if absent"},
		httpapi.Query{Name: "cursor", Doc: "next of the page before"}, httpapi.Query{Name: "limit", Doc: "1 to 100, 50 if absent"},
	), o.keyCompromise)
}

func (o *Routes) listKeys(ctx context.Context, c *call, _ wire.None) (wire.Keys, error) {
	keys, err := o.Keys.List(ctx, c.Who, c.Path("id"))
	out := wire.Keys{Keys: make([]wire.Key, len(keys))}
	for i, key := range keys {
		out.Keys[i] = o.withPublic(shapeKey(key.KeyRow), key.KeyRow)
		out.Keys[i].LiveSessions = key.LiveSessions
		for _, use := range key.Uses {
			out.Keys[i].Uses = append(out.Keys[i].Uses, wire.KeyUse{Origin: use.Origin, Platform: string(use.Platform), Sessions: use.Sessions, LastAt: use.At.UTC()})
		}
	}
	return out, err
}

func (o *Routes) createKey(ctx context.Context, c *call, in wire.CreateKey) (wire.CreatedKey, error) {
	draft := trust.KeyDraft{
		Channel: c.Path("id"), Name: in.Name, Dialect: in.Dialect, Signs: in.Signs, Reveal: in.Reveal, Platforms: platforms(in.Platforms),
		ConfirmsEmail: in.ConfirmsEmail, Reason: in.Reason,
	}
	if in.PublicKey != "" || in.JWKSURL != "" {
		return o.importPublic(ctx, c, draft, in)
	}
	if in.Secret != "" {
		key, err := o.Keys.Import(ctx, c.Who, draft, in.Secret, in.Insist)
		return wire.CreatedKey{Key: o.withPublic(shapeKey(key), key)}, err
	}
	key, secret, err := o.Keys.Generate(ctx, c.Who, draft)
	return wire.CreatedKey{Key: shapeKey(key), Secret: secret}, err
}

func (o *Routes) renameKey(ctx context.Context, c *call, in wire.RenameKey) (wire.None, error) {
	return wire.None{}, o.Keys.Rename(ctx, c.Who, c.Path("id"), in.Name)
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
	key, secret, err := o.Keys.Rotate(ctx, c.Who, trust.Rotation{
		Channel: channel, Key: c.Path("id"), Name: in.Name, Overlap: overlap, Secret: in.Secret, Insist: in.Insist, Reason: in.Reason,
		Public: trust.PublicDraft{Key: in.PublicKey, URL: in.JWKSURL, Issuer: in.Issuer, Algorithm: in.Algorithm},
	})
	return wire.CreatedKey{Key: o.withPublic(shapeKey(key), key), Secret: secret}, err
}

func (o *Routes) signBy(ctx context.Context, c *call, in wire.SignKeyBy) (wire.None, error) {
	return wire.None{}, o.Keys.SignBy(ctx, c.Who, c.Path("id"), in.At)
}

func (o *Routes) extendKey(ctx context.Context, c *call, in wire.ExtendKey) (wire.None, error) {
	return wire.None{}, o.Keys.Extend(ctx, c.Who, c.Path("id"), in.EndsAt)
}

func (o *Routes) finishKey(ctx context.Context, c *call, _ wire.Empty) (wire.SessionsEnded, error) {
	ended, err := o.Keys.Finish(ctx, c.Who, c.Path("id"))
	return wire.SessionsEnded{SessionsEnded: ended}, err
}

func (o *Routes) revokeKey(ctx context.Context, c *call, in wire.RevokeKey) (wire.RevokedKey, error) {
	var since time.Time
	if in.CompromisedSince != nil {
		since = *in.CompromisedSince
	}
	done, err := o.Keys.Revoke(ctx, c.Who, c.Path("id"), since)
	out := wire.RevokedKey{SessionsEnded: done.SessionsEnded}
	if !since.IsZero() {
		cut := shapeCut(done.Cut)
		out.Cut = &cut
	}
	return out, err
}

func (o *Routes) keyImpact(ctx context.Context, c *call, _ wire.None) (wire.KeyImpact, error) {
	var since time.Time
	if text := c.Query("since"); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, text); err != nil || since.IsZero() {
			return wire.KeyImpact{}, httpapi.Malformed("The parameter since is not a time such as 2026-03-01T12:00:00Z.")
		}
	}
	impact, err := o.Keys.Impact(ctx, c.Who, c.Path("id"), since)
	out := wire.KeyImpact{LiveSessions: impact.LiveSessions, Origins: make([]wire.LiveOrigin, len(impact.Origins))}
	for i, one := range impact.Origins {
		out.Origins[i] = wire.LiveOrigin{Origin: one.Origin, LiveSessions: one.Sessions}
	}
	if p := impact.Proved; p != nil {
		out.Cut = &wire.KeyForecast{Links: p.Links, Claims: p.Claims, Attributes: p.Attributes, Conversations: p.Conversations, Messages: p.Messages, AtLeast: p.AtLeast}
	}
	return out, err
}

// kindsOfFindings :: as the address says it → as the room does.
var kindsOfFindings = map[string]trust.FindingKind{
	"": trust.CutLink, "links": trust.CutLink, "claims": trust.CutClaim, "attributes": trust.CutAttribute, "conversations": trust.InDoubtThread,
}

func (o *Routes) keyCompromise(ctx context.Context, c *call, _ wire.None) (wire.KeyCompromise, error) {
	limit, err := c.Number("limit", 50, 1, trust.MaxFindings)
	if err != nil {
		return wire.KeyCompromise{}, err
	}
	kind, known := kindsOfFindings[c.Query("kind")]
	if !known {
		return wire.KeyCompromise{}, httpapi.Malformed("The kind is links, claims, attributes or conversations.")
	}
	found, err := o.Keys.Compromise(ctx, c.Who, c.Path("id"), kind, c.Query("cursor"), int(limit))
	if err != nil {
		return wire.KeyCompromise{}, err
	}
	labels, err := o.labels(ctx, c.Who, found.Findings)
	if err != nil {
		return wire.KeyCompromise{}, err
	}
	out := wire.KeyCompromise{Since: found.Since.UTC(), Cut: shapeCut(found.Cut), Findings: make([]wire.KeyFinding, len(found.Findings)), Next: found.Next}
	for i, f := range found.Findings {
		contact, ok := labels[f.Contact]
		if !ok {
			contact = wire.FoundContact{ID: f.Contact}
		}
		out.Findings[i] = wire.KeyFinding{
			Contact: contact, ConversationID: f.Conversation, Session: f.Session, Name: f.Name, Value: f.Value, Fate: f.Fate, Messages: f.Count,
			At: f.At.UTC(), LastAt: httpapi.Timestamp(f.LastAt),
		}
	}
	return out, nil
}

// labels :: contact id → as a row names it, for those who may read conversations.
func (o *Routes) labels(ctx context.Context, who policy.Principal, found []trust.Finding) (map[string]wire.FoundContact, error) {
	if !who.May(policy.ReadConversations) || len(found) == 0 {
		return nil, nil
	}
	ids := make([]string, len(found))
	for i, f := range found {
		ids[i] = f.Contact
	}
	people, err := o.People.Labels(ctx, who, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]wire.FoundContact, len(people))
	for id, person := range people {
		out[id] = wire.FoundContact{ID: id, Label: person.Label, Kind: string(person.Contact.Kind), Blocked: !person.Contact.BlockedAt.IsZero()}
	}
	return out, nil
}

func shapeCut(cut trust.Cut) wire.KeyCut {
	return wire.KeyCut{
		Links: cut.Links, Claims: cut.Claims, Attributes: cut.Attributes, Conversations: cut.Conversations, Messages: cut.Messages, Done: cut.Done,
	}
}

func shapeKey(k trust.KeyRow) wire.Key {
	out := wire.Key{
		ID: k.ID, Name: k.Name, State: k.State, Dialect: k.Dialect, Signs: k.Signs, Platforms: make([]string, len(k.Platforms)),
		Fingerprint: k.Fingerprint, Imported: k.Imported, ConfirmsEmail: k.Confirms, Reveal: k.Reveal, CreatedAt: k.CreatedAt.UTC(), CreatedBy: k.CreatedBy,
		LastUsedAt: httpapi.Timestamp(k.LastUsedAt), RetiringAt: httpapi.Timestamp(k.RetiringAt), EndsAt: httpapi.Timestamp(k.EndsAt), SignBy: httpapi.Timestamp(k.SignBy),
		RevokedAt: httpapi.Timestamp(k.RevokedAt), CompromisedSince: httpapi.Timestamp(k.CompromisedSince),
	}
	for i, platform := range k.Platforms {
		out.Platforms[i] = string(platform)
	}
	return out
}
