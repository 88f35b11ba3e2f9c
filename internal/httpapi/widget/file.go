package widget

import (
	"context"
	"io"
	"net/http"
	"time"

	"countersign/internal/chat"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
)

// Files are what a visitor hands in, and what their own conversations carry.
type Files interface {
	FileLimit() int64
	HandIn(ctx context.Context, s chat.Session, in chat.Incoming) (chat.Attachment, error)
	File(ctx context.Context, s chat.Session, id string) (chat.Attachment, error)
	OpenFile(ctx context.Context, a chat.Attachment, thumbnail bool) (io.ReadSeekCloser, error)
	LinkFile(ctx context.Context, s chat.Session, id string) (text string, ends time.Time, err error)
	FollowLink(ctx context.Context, reader chat.Reader, text string) (chat.Attachment, error)
	HoldsLink(ctx context.Context, reader chat.Reader, text string) error
}

const linkPath = "/api/v1/widget/links/"

func (d *Door) registerFiles(f *httpapi.Floor, route func(method, path, id, summary string, fails ...httpapi.Code) httpapi.Route) {
	visitor := d.visitor()
	httpapi.Receive(f, visitor, route("POST", "/files", "uploadFile",
		"Hand a file in, to be sent with one message within a day",
		httpapi.FileTooLarge, httpapi.FileRefused, httpapi.StorageFull, httpapi.TooMany), d.Files.FileLimit, d.uploadFile)
	bytes := func(r httpapi.Route) httpapi.Route { r.Bytes, r.Status = true, http.StatusOK; return r }
	serve := func(thumbnail bool) func(http.ResponseWriter, *http.Request, chat.Session) error {
		return func(w http.ResponseWriter, r *http.Request, s chat.Session) error {
			a, err := d.Files.File(r.Context(), s, r.PathValue("id"))
			if err != nil {
				return err
			}
			return d.serveFile(f, w, r, a, thumbnail, func() error { _, err := visitor.Check(r); return err })
		}
	}
	httpapi.Raw(f, visitor, bytes(route("GET", "/files/{id}", "getFile", "The bytes of a file", httpapi.NotFound)), serve(false))
	httpapi.Raw(f, visitor, bytes(route("GET", "/files/{id}/thumbnail", "getThumbnail", "A picture, at most 480 pixels on a side", httpapi.NotFound)), serve(true))
	httpapi.Handle(f, visitor, route("POST", "/files/{id}/link", "linkFile",
		"An address that opens this file for a minute, for what cannot send a header", httpapi.NotFound), d.linkFile)
	httpapi.Raw(f, httpapi.Anyone(), bytes(route("GET", "/links/{link}", "followLink", "The file of an address that linkFile made", httpapi.NotFound, httpapi.NotReady)),
		func(w http.ResponseWriter, r *http.Request, _ wire.None) error {
			text := r.PathValue("link")
			a, err := d.Files.FollowLink(r.Context(), chat.VisitorReads, text)
			if err != nil {
				return err
			}
			return d.serveFile(f, w, r, a, false, func() error { return d.Files.HoldsLink(r.Context(), chat.VisitorReads, text) })
		})
}

func (d *Door) uploadFile(ctx context.Context, c *call, upload httpapi.Upload) (wire.File, error) {
	a, err := d.Files.HandIn(ctx, c.Who, chat.Incoming{Name: upload.Name, Network: c.Client.Network, Body: upload.Body})
	if err != nil {
		return wire.File{}, err
	}
	d.metrics.HandedIn(string(chat.ByVisitor), a.Picture())
	return httpapi.ShapeFile(a.FileBody), nil
}

func (d *Door) serveFile(f *httpapi.Floor, w http.ResponseWriter, r *http.Request, a chat.Attachment, thumbnail bool, stands func() error) error {
	content, err := d.Files.OpenFile(r.Context(), a, thumbnail)
	if err != nil {
		return err
	}
	return f.ServeFile(w, r, httpapi.FileAnswer{FileBody: a.FileBody, Thumbnail: thumbnail, Content: content, Stands: stands})
}

func (d *Door) linkFile(ctx context.Context, c *call, _ wire.Empty) (wire.FileLink, error) {
	text, ends, err := d.Files.LinkFile(ctx, c.Who, c.Path("id"))
	return wire.FileLink{URL: linkPath + text, ExpiresAt: ends}, err
}
