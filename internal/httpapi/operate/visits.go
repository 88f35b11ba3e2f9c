package operate

import (
	"bytes"
	"context"
	"encoding/json"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

// Visits are a channel's live sessions.
type Visits interface {
	Visits(ctx context.Context, who policy.Principal, of chat.SessionFilter, before chat.Cursor, limit int) (list []chat.Visit, next chat.Cursor, err error)
	CountVisits(ctx context.Context, who policy.Principal, of chat.SessionFilter) (int, error)
	EndVisits(ctx context.Context, who policy.Principal, of chat.SessionFilter) (ended int, err error)
	LogoutDenies(ctx context.Context, who policy.Principal, channel string) (bool, error)
	SetLogoutDenies(ctx context.Context, who policy.Principal, channel string, denies bool) error
}

// Attributes are what agents note, and of which names only proofs count.
type Attributes interface {
	SetAttributes(ctx context.Context, who policy.Principal, contact string, values map[string]any) error
	AttributePolicy(ctx context.Context, who policy.Principal) ([]chat.SignedName, error)
	SetAttributePolicy(ctx context.Context, who policy.Principal, name string, only bool) error
}

func (o *Routes) visits(f *httpapi.Floor, m Mount) {
	const tag = "sessions"
	filter := []httpapi.Query{{Name: "tier", Doc: "anonymous, claimed or verified"}, {Name: "key", Doc: "only those that this key proved, by id"}}
	httpapi.Handle(f, m.Guard, query(m.route("GET", "/channels/{id}/sessions", "listSessions", tag, "A channel's live sessions, those that end last first", httpapi.NotFound),
		append(filter, httpapi.Query{Name: "cursor", Doc: "next of the page before"}, httpapi.Query{Name: "limit", Doc: "1 to 100, 50 if absent"})...), o.listSessions)
	httpapi.Handle(f, m.Guard, query(m.route("GET", "/channels/{id}/sessions/count", "countSessions", tag, "How many live sessions a channel has", httpapi.NotFound), filter...), o.countSessions)
	httpapi.Handle(f, m.Guard, m.route("POST", "/channels/{id}/sessions/end", "endSessions", tag, "End a channel's live sessions, all or some", httpapi.NotFound), o.endVisits)
	httpapi.Handle(f, m.Guard, m.route("GET", "/channels/{id}/logout", "getLogoutPolicy", tag, "What a log-out on a channel denies", httpapi.NotFound), o.getLogout)
	httpapi.Handle(f, m.Guard, m.route("PUT", "/channels/{id}/logout", "setLogoutPolicy", tag, "Say what a log-out on a channel denies", httpapi.NotFound), o.setLogout)
	const people = "people"
	httpapi.Handle(f, m.Guard, m.route("PATCH", "/contacts/{id}/attributes", "changeAttributes", people,
		"Note values about a person beside what a proof or a page says", httpapi.NotFound, httpapi.Conflict), o.changeAttributes)
	httpapi.Handle(f, m.Guard, m.route("GET", "/attributes/policy", "getAttributePolicy", people, "The names of which only signed values count"), o.getAttributePolicy)
	httpapi.Handle(f, m.Guard, m.route("PUT", "/attributes/policy", "setAttributePolicy", people, "Say of one name whether only signed values count"), o.setAttributePolicy)
}

func filterOf(c *call) chat.SessionFilter {
	return chat.SessionFilter{Channel: c.Path("id"), Tier: policy.Tier(c.Query("tier")), Key: c.Query("key")}
}

func (o *Routes) listSessions(ctx context.Context, c *call, _ wire.None) (wire.Visits, error) {
	limit, err := c.Number("limit", 50, 1, 100)
	if err != nil {
		return wire.Visits{}, err
	}
	before, err := httpapi.ParseCursor(c.Query("cursor"))
	if err != nil {
		return wire.Visits{}, err
	}
	list, next, err := o.People.Visits(ctx, c.Who, filterOf(c), before, int(limit))
	if err != nil {
		return wire.Visits{}, err
	}
	keys := make([]string, len(list))
	for i, visit := range list {
		keys[i] = visit.Standing.Key()
	}
	found, err := o.Keys.Names(ctx, c.Who, keys)
	names, out := KeyNames(found), wire.Visits{Sessions: make([]wire.Visit, len(list)), Next: httpapi.Cursor(next)}
	for i, visit := range list {
		out.Sessions[i] = wire.Visit{VisitorSession: names.ShapeSession(visit.Session), Contact: ShapeName(visit.Person, visit.Label)}
	}
	return out, err
}

func (o *Routes) countSessions(ctx context.Context, c *call, _ wire.None) (wire.VisitCount, error) {
	n, err := o.People.CountVisits(ctx, c.Who, filterOf(c))
	return wire.VisitCount{Sessions: n, More: n == chat.MaxCounted}, err
}

func (o *Routes) endVisits(ctx context.Context, c *call, in wire.EndVisits) (wire.Ended, error) {
	ended, err := o.People.EndVisits(ctx, c.Who, chat.SessionFilter{Channel: c.Path("id"), Tier: policy.Tier(in.Tier), Key: in.Key})
	return wire.Ended{Ended: ended}, err
}

func (o *Routes) getLogout(ctx context.Context, c *call, _ wire.None) (wire.LogoutPolicy, error) {
	if _, err := o.Channels.Get(ctx, c.Who, c.Path("id")); err != nil {
		return wire.LogoutPolicy{}, err
	}
	denies, err := o.People.LogoutDenies(ctx, c.Who, c.Path("id"))
	return wire.LogoutPolicy{DenyTokens: denies}, err
}

func (o *Routes) setLogout(ctx context.Context, c *call, in wire.LogoutPolicy) (wire.LogoutPolicy, error) {
	return in, o.People.SetLogoutDenies(ctx, c.Who, c.Path("id"), in.DenyTokens)
}

func (o *Routes) changeAttributes(ctx context.Context, c *call, in wire.ChangeAttributes) (wire.None, error) {
	values := make(map[string]any, len(in.Attributes))
	for name, raw := range in.Attributes {
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return wire.None{}, httpapi.Malformed("A value is not JSON.")
		}
		values[name] = value
	}
	return wire.None{}, o.People.SetAttributes(ctx, c.Who, c.Path("id"), values)
}

func (o *Routes) getAttributePolicy(ctx context.Context, c *call, _ wire.None) (wire.AttributePolicy, error) {
	list, err := o.People.AttributePolicy(ctx, c.Who)
	out := wire.AttributePolicy{SignedOnly: make([]wire.SignedName, len(list))}
	for i, one := range list {
		out.SignedOnly[i] = wire.SignedName{Name: one.Name, By: one.By, At: one.At.UTC()}
	}
	return out, err
}

func (o *Routes) setAttributePolicy(ctx context.Context, c *call, in wire.SetAttributePolicy) (wire.None, error) {
	return wire.None{}, o.People.SetAttributePolicy(ctx, c.Who, in.Name, in.OnlySigned)
}
