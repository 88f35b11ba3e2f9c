package console

import (
	"context"
	"io"
	"net/http"
	"time"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

// Files are what agents hand in, and what any thread of the workspace carries, notes included.
type Files interface {
	FileLimit() int64
	HandInReply(ctx context.Context, who policy.Principal, in chat.Incoming) (chat.Attachment, error)
	ReplyFile(ctx context.Context, who policy.Principal, id string) (chat.Attachment, error)
	OpenFile(ctx context.Context, a chat.Attachment, thumbnail bool) (io.ReadSeekCloser, error)
	LinkReplyFile(ctx context.Context, who policy.Principal, id string) (text string, ends time.Time, err error)
	FollowLink(ctx context.Context, reader chat.Reader, text string) (chat.Attachment, error)
	HoldsLink(ctx context.Context, reader chat.Reader, text string) error
}

func (d *Door) registerFiles(f *httpapi.Floor) {
	const tag = "Console: inbox"
	agent := d.agent()
	bytes := func(r httpapi.Route) httpapi.Route { r.Bytes, r.Status = true, http.StatusOK; return r }
	httpapi.Receive(f, agent, route("POST", "/files", "uploadReplyFile", tag, "Hand a file in, to be sent with one answer or note within a day",
		httpapi.FileTooLarge, httpapi.FileRefused, httpapi.StorageFull, httpapi.TooMany), d.Inbox.FileLimit, d.uploadFile)
	serve := func(thumbnail bool) func(http.ResponseWriter, *http.Request, caller) error {
		return func(w http.ResponseWriter, r *http.Request, who caller) error {
			a, err := d.Inbox.ReplyFile(r.Context(), who.Principal, r.PathValue("id"))
			if err != nil {
				return err
			}
			return d.serveFile(w, r, a, thumbnail, func() error { return d.stillReads(r, agent) })
		}
	}
	httpapi.Raw(f, agent, bytes(route("GET", "/files/{id}", "getReplyFile", tag, "The bytes of a file", httpapi.NotFound)), serve(false))
	httpapi.Raw(f, agent, bytes(route("GET", "/files/{id}/thumbnail", "getReplyThumbnail", tag, "A picture, at most 480 pixels on a side", httpapi.NotFound)), serve(true))
	httpapi.Handle(f, agent, route("POST", "/files/{id}/link", "linkReplyFile", tag, "An address that opens this file for a minute, for what cannot send a header", httpapi.NotFound), d.linkFile)
	httpapi.Raw(f, httpapi.Anyone(), bytes(route("GET", "/links/{link}", "followReplyLink", tag, "The file of an address that linkReplyFile made", httpapi.NotFound, httpapi.NotReady)),
		func(w http.ResponseWriter, r *http.Request, _ wire.None) error {
			text := r.PathValue("link")
			a, err := d.Inbox.FollowLink(r.Context(), chat.AgentReads, text)
			if err != nil {
				return err
			}
			return d.serveFile(w, r, a, false, func() error { return d.Inbox.HoldsLink(r.Context(), chat.AgentReads, text) })
		})
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

func (d *Door) serveFile(w http.ResponseWriter, r *http.Request, a chat.Attachment, thumbnail bool, stands func() error) error {
	content, err := d.Inbox.OpenFile(r.Context(), a, thumbnail)
	if err != nil {
		return err
	}
	return d.floor.ServeFile(w, r, httpapi.FileAnswer{FileBody: a.FileBody, Thumbnail: thumbnail, Content: content, Stands: stands})
}

func (d *Door) linkFile(ctx context.Context, c *call, _ wire.Empty) (wire.FileLink, error) {
	text, ends, err := d.Inbox.LinkReplyFile(ctx, c.Who.Principal, c.Path("id"))
	return wire.FileLink{URL: base + "/links/" + text, ExpiresAt: ends}, err
}
