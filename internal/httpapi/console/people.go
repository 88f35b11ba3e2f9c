package console

import (
	"context"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/operate"
	"countersign/internal/httpapi/wire"
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
	name := operate.ShapeName(p.Contact, p.Label)
	out := wire.Contact{
		ID: p.Contact.ID, Kind: string(p.Contact.Kind), Label: name.Label, CreatedAt: p.Contact.CreatedAt.UTC(), SeenAt: p.Contact.SeenAt.UTC(),
		Blocked: !p.Contact.BlockedAt.IsZero(), NotBefore: httpapi.Timestamp(p.Contact.NotBefore), BareUntil: httpapi.Timestamp(p.Contact.BareUntil),
	}
	for _, l := range p.Links {
		out.Identifiers = append(out.Identifiers, names.ShapeIdentifier(l))
	}
	for _, d := range p.Conflicts {
		out.Conflicts = append(out.Conflicts, names.ShapeConflict(d))
	}
	for _, a := range p.Attributes {
		out.Attributes = append(out.Attributes, names.ShapeAttribute(a, p.Only))
	}
	for _, s := range p.Sessions {
		out.Sessions = append(out.Sessions, names.ShapeSession(s))
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
	for _, d := range p.Conflicts {
		keys = append(keys, d.Key, d.HeldKey)
	}
	return keys
}

type keyNames = operate.KeyNames
