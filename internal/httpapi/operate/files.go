package operate

import (
	"context"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
)

// ShapeName calls somebody who said nothing by the end of their id, so that two of them
// can be told apart.
func ShapeName(person chat.Contact, label string) wire.ContactName {
	if label == "" {
		label = "Visitor " + strings.ToUpper(person.ID[max(0, len(person.ID)-4):])
	}
	return wire.ContactName{ID: person.ID, Kind: string(person.Kind), Label: label, Verified: person.Kind == chat.VerifiedContact}
}

// KeyNames :: id → name. The nil map calls each key by its id alone.
type KeyNames map[string]trust.KeyName

// Of names the key of something that it proved at that time.
func (names KeyNames) Of(id string, at time.Time) *wire.KeyName {
	if id == "" {
		return nil
	}
	return &wire.KeyName{ID: id, Name: names[id].Name, Compromised: names[id].Doubts(at)}
}

// ShapeSession is a session as operators see it.
func (names KeyNames) ShapeSession(s chat.Session) wire.VisitorSession {
	return wire.VisitorSession{
		ID: s.ID, Tier: string(s.Standing.Tier()), Method: string(s.Standing.Method()), Key: names.Of(s.Standing.Key(), s.CreatedAt), Platform: string(s.Platform),
		Origin: s.Origin, UserAgent: s.UserAgent, Device: chat.DeviceName(s.UserAgent), Dialect: s.Dialect, Channel: s.Channel,
		CreatedAt: s.CreatedAt.UTC(), SeenAt: s.SeenAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(),
	}
}

// ShapeIdentifier is a proved name of a person.
func (names KeyNames) ShapeIdentifier(l chat.Link) wire.Identifier {
	return wire.Identifier{
		Kind: string(l.Identifier.Kind), Value: l.Identifier.Value, Method: string(l.Method), Key: names.Of(l.Key, l.At), At: l.At.UTC(),
	}
}

// ShapeAttribute is a value of a person; of the names in only, signed values alone count.
func (names KeyNames) ShapeAttribute(a chat.Attribute, only map[string]bool) wire.Attribute {
	var key *wire.KeyName
	if a.Method != "" { // nothing vouches for what was merely said in a session that a key opened
		key = names.Of(a.Key, a.At)
	}
	return wire.Attribute{
		Name: a.Name, Value: a.Value, Provenance: string(a.Provenance), Method: string(a.Method), Key: key, At: a.At.UTC(),
		Ignored: only[a.Name] && a.Provenance != chat.BySignature,
	}
}

// ShapeConflict is a conflict as it looks from one of the two.
func (names KeyNames) ShapeConflict(d chat.Dispute) wire.Conflict {
	other := chat.Contact{ID: d.Other, Kind: chat.VerifiedContact}
	return wire.Conflict{
		Kind: string(d.Identifier.Kind), Value: d.Identifier.Value, Holds: d.Other != d.Holder, Other: ShapeName(other, d.OtherLabel),
		HeldSince: d.HeldSince.UTC(), HeldBy: string(d.HeldBy), HeldKey: names.Of(d.HeldKey, d.HeldSince),
		Method: string(d.Method), Key: names.Of(d.Key, d.At), At: d.At.UTC(), LastAt: d.LastAt.UTC(),
	}
}

func (o *Routes) exportContact(ctx context.Context, c *call, _ wire.None) (wire.PersonFile, error) {
	notes := c.Query("notes")
	if notes != "" && notes != "true" && notes != "false" {
		return wire.PersonFile{}, httpapi.Malformed("notes is true or false.")
	}
	file, err := o.People.Export(ctx, c.Who, c.Path("id"), notes == "true")
	if err != nil {
		return wire.PersonFile{}, err
	}
	names, err := o.keyNamesOf(ctx, c.Who, file)
	return shapeFile(file, names), err
}

// keyNamesOf are the names of the keys in a file; whoever may read neither keys nor
// conversations finds their ids alone.
func (o *Routes) keyNamesOf(ctx context.Context, who policy.Principal, file chat.File) (KeyNames, error) {
	if !who.May(policy.ReadKeys) && !who.May(policy.ReadConversations) {
		return nil, nil
	}
	var keys []string
	for _, l := range file.Links {
		keys = append(keys, l.Key)
	}
	for _, a := range file.Attributes {
		keys = append(keys, a.Key)
	}
	for _, s := range file.Sessions {
		keys = append(keys, s.Standing.Key())
	}
	names, err := o.Keys.Names(ctx, who, keys)
	return names, err
}

func shapeFile(file chat.File, names KeyNames) wire.PersonFile {
	name := ShapeName(file.Contact, file.Label)
	out := wire.PersonFile{
		Contact: wire.FiledContact{
			ID: name.ID, Kind: name.Kind, Label: name.Label, CreatedAt: file.Contact.CreatedAt.UTC(), SeenAt: file.Contact.SeenAt.UTC(),
			BlockedAt: httpapi.Timestamp(file.Contact.BlockedAt),
		},
		Identifiers: make([]wire.Identifier, len(file.Links)), Attributes: make([]wire.Attribute, len(file.Attributes)),
		Sessions: make([]wire.FiledSession, len(file.Sessions)), Conversations: make([]wire.FiledConversation, len(file.Conversations)),
		WrittenAt: time.Now().UTC(),
	}
	for i, l := range file.Links {
		out.Identifiers[i] = names.ShapeIdentifier(l)
	}
	for i, a := range file.Attributes {
		out.Attributes[i] = names.ShapeAttribute(a, file.Only)
	}
	for i, s := range file.Sessions {
		out.Sessions[i] = wire.FiledSession{VisitorSession: names.ShapeSession(s), Ended: string(s.Standing.Ended())}
	}
	for i, thread := range file.Conversations {
		out.Conversations[i] = wire.FiledConversation{
			ID: thread.ID, Channel: thread.Channel, Status: string(thread.Status), CreatedAt: thread.CreatedAt.UTC(), Messages: make([]wire.FiledMessage, len(thread.Messages)),
		}
		for j, m := range thread.Messages {
			out.Conversations[i].Messages[j] = wire.FiledMessage{
				ID: m.ID, At: m.At.UTC(), Author: string(m.Author), Name: m.AuthorName, Text: m.Text, Note: chat.AgentBodyOf(m).Note,
				Tier: string(m.Tier), Method: string(m.Method), Files: httpapi.ShapeFiles(m.Files),
			}
		}
	}
	return out
}

func (o *Routes) holdings(ctx context.Context, c *call, _ wire.None) (wire.Holdings, error) {
	h, err := o.People.Holdings(ctx, c.Who, c.Path("id"))
	return wire.Holdings(h), err
}

func (o *Routes) erase(ctx context.Context, c *call, in wire.Erase) (wire.Erased, error) {
	done, err := o.People.Erase(ctx, c.Who, c.Path("id"), in.Reason)
	return wire.Erased{Holdings: wire.Holdings(done.Holdings), Settled: done.Settled}, err
}
