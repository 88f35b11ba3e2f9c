package operate

import (
	"context"
	"errors"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

func (o *Routes) getContact(ctx context.Context, c *call, _ wire.None) (wire.Contact, error) {
	p, err := o.People.Person(ctx, c.Who, c.Path("id"))
	if err != nil {
		return wire.Contact{}, err
	}
	found, err := o.Keys.Names(ctx, c.Who, keysIn(p))
	if err != nil {
		return wire.Contact{}, err
	}
	names := KeyNames(found)
	name := ShapeName(p.Contact, p.Label)
	out := wire.Contact{
		ID: p.Contact.ID, Kind: string(p.Contact.Kind), Label: name.Label, CreatedAt: p.Contact.CreatedAt.UTC(), SeenAt: p.Contact.SeenAt.UTC(),
		Blocked: !p.Contact.BlockedAt.IsZero(), NotBefore: httpapi.Timestamp(p.Contact.NotBefore), BareUntil: httpapi.Timestamp(p.Contact.BareUntil),
	}
	out.Imported = shapeImported(p.Imported)
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
	out.Conversations, err = ShapeRows(ctx, o.Channels, c.Who, p.Conversations)
	return out, err
}

func shapeImported(is *chat.Imported) *wire.Imported {
	if is == nil {
		return nil
	}
	out := &wire.Imported{Source: is.Source, Names: []wire.ImportedName{}, OpenedTo: is.OpenedTo, OpenedAt: httpapi.Timestamp(is.OpenedAt)}
	for _, n := range is.Names {
		out.Names = append(out.Names, wire.ImportedName{Kind: string(n.Kind), Value: n.Value, Shared: n.Shared})
	}
	return out
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

// ShapeRows adds the names of channels, in one reading for the page; whoever may not
// read channels finds their ids alone.
func ShapeRows(ctx context.Context, from Channels, who policy.Principal, rows []chat.Row) ([]wire.Row, error) {
	out := make([]wire.Row, len(rows))
	if len(rows) == 0 {
		return out, nil
	}
	channels, err := from.List(ctx, who)
	if err != nil && !errors.Is(err, policy.ErrForbidden) {
		return nil, err
	}
	names := make(map[string]wire.ChannelName, len(channels)) // :: id → name
	for _, channel := range channels {
		names[channel.ID] = wire.ChannelName{ID: channel.ID, Slug: channel.Slug, Name: channel.Name}
	}
	for i, row := range rows {
		name, known := names[row.Channel]
		if !known {
			name.ID = row.Channel
		}
		out[i] = shapeRow(row, name)
	}
	return out, nil
}

func shapeRow(r chat.Row, channel wire.ChannelName) wire.Row {
	out := wire.Row{
		ID: r.ID, Status: string(r.Status), CreatedAt: r.CreatedAt.UTC(), LastAt: r.LastAt.UTC(), Preview: r.Preview,
		LastAuthor: string(r.LastAuthor), Unread: r.AgentsUnread, Seq: r.LastSeq, AgentsRead: r.AgentsRead, VisitorRead: r.VisitorRead,
		Tier: string(r.Tier), Channel: channel, Contact: ShapeName(r.Person, r.Label), SnoozedUntil: httpapi.Timestamp(r.SnoozedUntil),
	}
	if r.Assignee != "" {
		out.Assignee = &wire.AgentName{ID: r.Assignee, Name: r.AssigneeName}
	}
	return out
}
