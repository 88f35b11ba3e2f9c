package console

import (
	"context"
	"net/http"
	"time"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

// Files are what agents hand in, and what any thread of the workspace carries, notes included.
type Files interface {
	httpapi.FileStore
	FileLimit() int64
	HandInReply(ctx context.Context, who policy.Principal, in chat.Incoming) (chat.Attachment, error)
	ReplyFile(ctx context.Context, who policy.Principal, id string) (chat.Attachment, error)
	LinkReplyFile(ctx context.Context, who policy.Principal, id string) (text string, ends time.Time, err error)
}

func (d *Door) registerFiles(f *httpapi.Floor) {
	const tag = "Console: inbox"
	agent := d.agent()
	httpapi.Receive(f, agent, route("POST", "/files", "uploadReplyFile", tag, "Hand a file in, to be sent with one answer or note within a day",
		httpapi.FileTooLarge, httpapi.FileRefused, httpapi.StorageFull, httpapi.TooMany), d.Inbox.FileLimit, d.uploadFile)
	files := httpapi.FileReader[caller]{
		Guard: agent, Store: d.Inbox,
		Find: func(ctx context.Context, who caller, id string) (chat.Attachment, error) {
			return d.Inbox.ReplyFile(ctx, who.Principal, id)
		},
		Stands: func(r *http.Request) error { return d.stillReads(r, agent) },
	}
	files.Give(f, route("GET", "/files/{id}", "getReplyFile", tag, "The bytes of a file", httpapi.NotFound), false)
	files.Give(f, route("GET", "/files/{id}/thumbnail", "getReplyThumbnail", tag, "A picture, at most 480 pixels on a side", httpapi.NotFound), true)
	httpapi.Handle(f, agent, route("POST", "/files/{id}/link", "linkReplyFile", tag, "An address that opens this file for a minute, for what cannot send a header", httpapi.NotFound), d.linkFile)
	httpapi.GiveByLink(f, route("GET", "/links/{link}", "followReplyLink", tag, "The file of an address that linkReplyFile made", httpapi.NotFound, httpapi.NotReady), d.Inbox, chat.AgentReads)
}

// stillReads says whether the agent could begin to read now.
func (d *Door) stillReads(r *http.Request, agent httpapi.Guard[caller]) error {
	who, err := agent.Check(r)
	if err == nil && !who.May(policy.ReadConversations) {
		err = policy.ErrForbidden
	}
	return err
}

func (d *Door) uploadFile(ctx context.Context, c *call, upload httpapi.Upload) (wire.File, error) {
	a, err := d.Inbox.HandInReply(ctx, c.Who.Principal, chat.Incoming{Name: upload.Name, Body: upload.Body})
	if err != nil {
		return wire.File{}, err
	}
	d.metrics.HandedIn(string(chat.ByTeam), a.Picture())
	return httpapi.ShapeFile(a.FileBody), nil
}

func (d *Door) linkFile(ctx context.Context, c *call, _ wire.Empty) (wire.FileLink, error) {
	text, ends, err := d.Inbox.LinkReplyFile(ctx, c.Who.Principal, c.Path("id"))
	return wire.FileLink{URL: base + "/links/" + text, ExpiresAt: ends}, err
}
