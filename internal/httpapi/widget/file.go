package widget

import (
	"context"
	"net/http"
	"time"

	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

// Files are what a visitor hands in, and what their own conversations carry.
type Files interface {
	httpapi.FileStore
	FileLimit() int64
	HandIn(ctx context.Context, s chat.Session, in chat.Incoming) (chat.Attachment, error)
	File(ctx context.Context, s chat.Session, id string) (chat.Attachment, error)
	LinkFile(ctx context.Context, s chat.Session, id string) (text string, ends time.Time, err error)
}

const linkPath = "/api/v1/widget/links/"

func (d *Door) registerFiles(f *httpapi.Floor, route func(method, path, id, summary string, fails ...httpapi.Code) httpapi.Route) {
	visitor := d.visitor()
	httpapi.Receive(f, visitor, route("POST", "/files", "uploadFile",
		"Hand a file in, to be sent with one message within a day",
		httpapi.FileTooLarge, httpapi.FileRefused, httpapi.StorageFull, httpapi.TooMany), d.Files.FileLimit, d.uploadFile)
	files := httpapi.FileReader[chat.Session]{Guard: visitor, Store: d.Files, Find: d.Files.File, Stands: func(r *http.Request) error {
		_, err := visitor.Check(r)
		return err
	}}
	files.Give(f, route("GET", "/files/{id}", "getFile", "The bytes of a file", httpapi.NotFound), false)
	files.Give(f, route("GET", "/files/{id}/thumbnail", "getThumbnail", "A picture, at most 480 pixels on a side", httpapi.NotFound), true)
	httpapi.Handle(f, visitor, route("POST", "/files/{id}/link", "linkFile",
		"An address that opens this file for a minute, for what cannot send a header", httpapi.NotFound), d.linkFile)
	httpapi.GiveByLink(f, route("GET", "/links/{link}", "followLink", "The file of an address that linkFile made", httpapi.NotFound, httpapi.NotReady), d.Files, chat.VisitorReads)
}

func (d *Door) uploadFile(ctx context.Context, c *call, upload httpapi.Upload) (wire.File, error) {
	a, err := d.Files.HandIn(ctx, c.Who, chat.Incoming{Name: upload.Name, Network: c.Client.Network, Body: upload.Body})
	if err != nil {
		return wire.File{}, err
	}
	d.metrics.HandedIn(string(chat.ByVisitor), a.Picture())
	return httpapi.ShapeFile(a.FileBody), nil
}

func (d *Door) linkFile(ctx context.Context, c *call, _ wire.Empty) (wire.FileLink, error) {
	text, ends, err := d.Files.LinkFile(ctx, c.Who, c.Path("id"))
	return wire.FileLink{URL: linkPath + text, ExpiresAt: ends}, err
}
