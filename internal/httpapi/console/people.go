package console

import (
	"context"
	"time"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/operate"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
)

// People is who writes.
type People interface {
	operate.People
	Person(ctx context.Context, who policy.Principal, id string) (chat.Profile, error)
}

func (d *Door) registerPeople(f *httpapi.Floor) {
	const tag = "Console: people"
	httpapi.Handle(f, d.agent(), route("GET", "/contacts/{id}", "getContact", tag, "A person: what is proved, what is claimed, and their sessions", httpapi.NotFound), d.getContact)
}

func (d *Door) getContact(ctx context.Context, c *call, _ wire.None) (wire.Contact, error) {
	p, err := d.People.Person(ctx, c.Who.Principal, c.Path("id"))
	if err != nil {
		return wire.Contact{}, err
	}
	found, err := d.Keys.Names(ctx, c.Who.Principal, keysIn(p))
	if err != nil {
		return wire.Contact{}, err
	}
	names := keyNames(found)
	name := shapeContactName(p.Contact, p.Label)
	out := wire.Contact{
		ID: p.Contact.ID, Kind: string(p.Contact.Kind), Label: name.Label, CreatedAt: p.Contact.CreatedAt.UTC(), SeenAt: p.Contact.SeenAt.UTC(),
		Blocked: !p.Contact.BlockedAt.IsZero(),
	}
	for _, l := range p.Links {
		out.Identifiers = append(out.Identifiers, wire.Identifier{
			Kind: string(l.Identifier.Kind), Value: l.Identifier.Value, Method: string(l.Method), Key: names.of(l.Key, l.At), At: l.At.UTC(),
		})
	}
	for _, i := range p.Conflicts {
		out.Conflicts = append(out.Conflicts, wire.Identity{Kind: string(i.Kind), Value: i.Value})
	}
	for _, a := range p.Attributes {
		out.Attributes = append(out.Attributes, wire.Attribute{
			Name: a.Name, Value: a.Value, Provenance: string(a.Provenance), Method: string(a.Method), Key: names.of(a.Key, a.At), At: a.At.UTC(),
		})
	}
	for _, s := range p.Sessions {
		out.Sessions = append(out.Sessions, wire.VisitorSession{
			ID: s.ID, Tier: string(s.Standing.Tier()), Method: string(s.Standing.Method()), Key: names.of(s.Standing.Key(), s.CreatedAt), Platform: string(s.Platform),
			Origin: s.Origin, UserAgent: s.UserAgent, CreatedAt: s.CreatedAt.UTC(), SeenAt: s.SeenAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(),
		})
	}
	out.Conversations, err = d.shapeRows(ctx, c.Who.Principal, p.Conversations)
	return out, err
}

// keysIn lists the keys by which anything of a person was proved.
func keysIn(p chat.Profile) []string {
	var keys []string
	for _, l := range p.Links {
		keys = append(keys, l.Key)
	}
	for _, a := range p.Attributes {
		keys = append(keys, a.Key)
	}
	for _, s := range p.Sessions {
		keys = append(keys, s.Standing.Key())
	}
	return keys
}

// keyNames :: id → name. The nil map calls each key by its id alone.
type keyNames map[string]trust.KeyName

// of names the key of something that it proved at that time.
func (names keyNames) of(id string, at time.Time) *wire.KeyName {
	if id == "" {
		return nil
	}
	return &wire.KeyName{ID: id, Name: names[id].Name, Compromised: names[id].Doubts(at)}
}
