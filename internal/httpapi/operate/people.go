package operate

import (
	"context"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

// People is who writes.
type People interface {
	Labels(ctx context.Context, who policy.Principal, ids []string) (map[string]chat.Labelled, error)
	Block(ctx context.Context, who policy.Principal, id string, blocked bool) (ended int, err error)
	EndSession(ctx context.Context, who policy.Principal, contact, session string) error
	EndSessions(ctx context.Context, who policy.Principal, contact string) (ended int, err error)
}

func (o *Routes) people(f *httpapi.Floor, m Mount) {
	const tag = "people"
	httpapi.Handle(f, m.Guard, m.route("POST", "/contacts/{id}/block", "blockContact", tag, "Keep a person out, or let them in again", httpapi.NotFound), o.blockContact)
	httpapi.Handle(f, m.Guard, m.route("DELETE", "/contacts/{id}/sessions", "endContactSessions", tag, "End every session of a person", httpapi.NotFound), o.endSessions)
	httpapi.Handle(f, m.Guard, m.route("DELETE", "/contacts/{id}/sessions/{session}", "endContactSession", tag, "End one session of a person", httpapi.NotFound), o.endSession)
}

func (o *Routes) blockContact(ctx context.Context, c *call, in wire.Block) (wire.Ended, error) {
	ended, err := o.People.Block(ctx, c.Who, c.Path("id"), in.Blocked)
	return wire.Ended{Ended: ended}, err
}

func (o *Routes) endSessions(ctx context.Context, c *call, _ wire.None) (wire.Ended, error) {
	ended, err := o.People.EndSessions(ctx, c.Who, c.Path("id"))
	return wire.Ended{Ended: ended}, err
}

func (o *Routes) endSession(ctx context.Context, c *call, _ wire.None) (wire.None, error) {
	return wire.None{}, o.People.EndSession(ctx, c.Who, c.Path("id"), c.Path("session"))
}
