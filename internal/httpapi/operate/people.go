package operate

import (
	"cmp"
	"context"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/workspace"
)

// People is who writes.
type People interface {
	Person(ctx context.Context, who policy.Principal, id string) (chat.Profile, error)
	Labels(ctx context.Context, who policy.Principal, ids []string) (map[string]chat.Labelled, error)
	Block(ctx context.Context, who policy.Principal, id string, blocked bool) (ended int, err error)
	EndSession(ctx context.Context, who policy.Principal, contact, session string) error
	EndSessions(ctx context.Context, who policy.Principal, contact string, bareUntil time.Time) (ended int, err error)
	RefuseBareProofs(ctx context.Context, who policy.Principal, contact string, until time.Time) error
	Release(ctx context.Context, who policy.Principal, contact string, kind identity.Kind, value string) (ended int, err error)
	Find(ctx context.Context, who policy.Principal, i identity.Identifier) (chat.Contact, error)
	Files
	Visits
	Attributes
	Imported
}

// Files are what is kept of a person, handed over or taken away.
type Files interface {
	Export(ctx context.Context, who policy.Principal, id string, notes bool) (chat.File, error)
	Holdings(ctx context.Context, who policy.Principal, id string) (chat.Holdings, error)
	Erase(ctx context.Context, who policy.Principal, id, reason string) (chat.Erasure, error)
}

func (o *Routes) people(f *httpapi.Floor, m Mount) {
	const tag = "people"
	httpapi.Handle(f, m.Guard, m.route("GET", "/contacts/{id}", "getContact", tag, "A person: what is proved, what is claimed, and their sessions", httpapi.NotFound), o.getContact)
	httpapi.Handle(f, m.Guard, m.route("POST", "/contacts/{id}/block", "blockContact", tag, "Keep a person out, or let them in again", httpapi.NotFound), o.blockContact)
	httpapi.Handle(f, m.Guard, m.route("DELETE", "/contacts/{id}/sessions", "endContactSessions", tag, "End every session of a person", httpapi.NotFound), o.endSessions)
	httpapi.Handle(f, m.Guard, m.route("DELETE", "/contacts/{id}/sessions/{session}", "endContactSession", tag, "End one session of a person", httpapi.NotFound), o.endSession)
	httpapi.Handle(f, m.Guard, m.route("POST", "/contacts/{id}/sessions/end", "signOutContact", tag,
		"End every session of a person and refuse what was signed before: tokens always, hashes if asked for", httpapi.NotFound), o.signOut)
	httpapi.Handle(f, m.Guard, m.route("PUT", "/contacts/{id}/bare-hashes", "setBareHashes", tag,
		"Refuse a person's hashes, which do not say when they were made, or let them in again", httpapi.NotFound), o.setBareHashes)
	httpapi.Handle(f, m.Guard, m.route("POST", "/contacts/{id}/identifiers/release", "releaseIdentifier", tag,
		"Take a proved identifier from a person: whoever proves it next is somebody new", httpapi.NotFound), o.release)
	httpapi.Handle(f, m.Guard, m.route("POST", "/contacts/find", "findContact", tag, "The person who proved a user id or an address", httpapi.NotFound), o.findContact)
	httpapi.Handle(f, m.Guard, query(m.route("GET", "/contacts/{id}/export", "exportContact", tag,
		"Everything that is kept of a person, as one document; recorded", httpapi.NotFound),
		httpapi.Query{Name: "notes", Doc: "true: with what the team wrote among themselves"}), o.exportContact)
	httpapi.Handle(f, m.Guard, m.route("GET", "/contacts/{id}/holdings", "countHoldings", tag, "How much an erasure would take away", httpapi.NotFound), o.holdings)
	httpapi.Handle(f, m.Guard, m.route("POST", "/contacts/{id}/erase", "eraseContact", tag,
		"Erase a person: everything that is kept goes, for good", httpapi.NotFound), o.erase)
}

func (o *Routes) blockContact(ctx context.Context, c *call, in wire.Block) (wire.Ended, error) {
	ended, err := o.People.Block(ctx, c.Who, c.Path("id"), in.Blocked)
	return wire.Ended{Ended: ended}, err
}

func (o *Routes) endSessions(ctx context.Context, c *call, _ wire.None) (wire.Ended, error) {
	ended, err := o.People.EndSessions(ctx, c.Who, c.Path("id"), time.Time{})
	return wire.Ended{Ended: ended}, err
}

func (o *Routes) signOut(ctx context.Context, c *call, in wire.EndSessions) (wire.Ended, error) {
	if in.Until != nil && !in.BareHashes {
		return wire.Ended{}, httpapi.Impossible("until goes with bare_hashes.")
	}
	ended, err := o.People.EndSessions(ctx, c.Who, c.Path("id"), until(in.BareHashes, in.Until))
	return wire.Ended{Ended: ended}, err
}

func (o *Routes) setBareHashes(ctx context.Context, c *call, in wire.BareHashes) (wire.None, error) {
	if in.Until != nil && !in.Refused {
		return wire.None{}, httpapi.Impossible("until goes with refused.")
	}
	return wire.None{}, o.People.RefuseBareProofs(ctx, c.Who, c.Path("id"), until(in.Refused, in.Until))
}

// until is when a refusal ends: never, unless somebody says when.
func until(refused bool, end *time.Time) time.Time {
	switch {
	case !refused:
		return time.Time{}
	case end == nil:
		return chat.Forever
	}
	return *end
}

func (o *Routes) release(ctx context.Context, c *call, in wire.Release) (wire.Ended, error) {
	ended, err := o.People.Release(ctx, c.Who, c.Path("id"), identity.Kind(in.Kind), in.Value)
	return wire.Ended{Ended: ended}, err
}

func (o *Routes) findContact(ctx context.Context, c *call, in wire.FindContact) (wire.ContactName, error) {
	i := identity.Identifier{Realm: cmp.Or(in.Realm, workspace.Main), Kind: identity.KindUserID, Value: in.UserID}
	if in.Email != "" {
		i.Kind, i.Value = identity.KindEmail, in.Email
	}
	if (in.UserID == "") == (in.Email == "") {
		return wire.ContactName{}, httpapi.Impossible("Send a user_id or an email.")
	}
	person, err := o.People.Find(ctx, c.Who, i)
	if err != nil {
		return wire.ContactName{}, err
	}
	named, err := o.People.Labels(ctx, c.Who, []string{person.ID})
	return ShapeName(person, named[person.ID].Label), err
}

func (o *Routes) endSession(ctx context.Context, c *call, _ wire.None) (wire.None, error) {
	return wire.None{}, o.People.EndSession(ctx, c.Who, c.Path("id"), c.Path("session"))
}
