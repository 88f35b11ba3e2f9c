package operate

import (
	"context"

	"countersign/identity/policy"
	"countersign/internal/deliver"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

// Switches are the channel settings that have a route of their own.
type Switches interface {
	EmailCode(ctx context.Context, who policy.Principal, id string) (allowed bool, live int, err error)
	SetEmailCode(ctx context.Context, who policy.Principal, id string, allowed bool) (ended int, err error)
}

// Outbox is how mail leaves, and what left.
type Outbox interface {
	Offered() string
	Letters(ctx context.Context, who policy.Principal) ([]deliver.Letter, error)
}

// Mail is both.
type Mail struct {
	Switches
	Outbox
}

func (o *Routes) mail(f *httpapi.Floor, m Mount) {
	httpapi.Handle(f, m.Guard, m.route("GET", "/channels/{id}/email-code", "getEmailCode", "channels",
		"Whether visitors may prove an address by an emailed code", httpapi.NotFound), o.getEmailCode)
	httpapi.Handle(f, m.Guard, m.route("PUT", "/channels/{id}/email-code", "setEmailCode", "channels",
		"Let visitors prove an address by an emailed code, or no more: that ends the sessions which codes opened", httpapi.NotFound), o.setEmailCode)
	httpapi.Handle(f, m.Guard, m.route("GET", "/outbox", "listOutbox", "mail", "How mail leaves, and the latest hundred: without what they say"), o.listOutbox)
}

func (o *Routes) getEmailCode(ctx context.Context, c *call, _ wire.None) (wire.EmailCode, error) {
	allowed, live, err := o.Mail.EmailCode(ctx, c.Who, c.Path("id"))
	return wire.EmailCode{Allowed: allowed, LiveSessions: live, Mail: o.Mail.Offered()}, err
}

// setEmailCode refuses what nobody could use: a code that no mail can carry.
func (o *Routes) setEmailCode(ctx context.Context, c *call, in wire.SetEmailCode) (wire.EmailCode, error) {
	if in.Allowed && o.Mail.Offered() == "" {
		return wire.EmailCode{}, httpapi.Impossible("Codes need a mail server: set COUNTERSIGN_SMTP_URL and COUNTERSIGN_MAIL_FROM, and start again.")
	}
	ended, err := o.Mail.SetEmailCode(ctx, c.Who, c.Path("id"), in.Allowed)
	return wire.EmailCode{Allowed: in.Allowed, Mail: o.Mail.Offered(), Ended: ended}, err
}

func (o *Routes) listOutbox(ctx context.Context, c *call, _ wire.None) (wire.Outbox, error) {
	letters, err := o.Mail.Letters(ctx, c.Who)
	out := wire.Outbox{Mail: o.Mail.Offered(), Letters: make([]wire.Letter, len(letters))}
	for i, l := range letters {
		out.Letters[i] = wire.Letter{
			ID: l.ID, Kind: string(l.Kind), Recipient: l.Recipient, State: string(l.State), Attempts: l.Attempts, LastError: l.LastError,
			CreatedAt: l.CreatedAt.UTC(), DoneAt: httpapi.Timestamp(l.DoneAt),
		}
		if l.State == deliver.Waiting {
			out.Letters[i].NextAt = httpapi.Timestamp(l.NextAt)
		}
	}
	return out, err
}
