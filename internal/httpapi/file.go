package httpapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"countersign/internal/chat"
	"countersign/internal/httpapi/wire"
)

// A file comes and goes as slowly as its bearer's line is, and may not hold a connection
// by doing nothing.
const (
	filePause = 20 * time.Second // between two pieces
	fileLife  = 15 * time.Minute // for all of it
	// formRoom is what a form may take beside its file.
	formRoom = 16 << 10
)

// Upload is the one file of a form, as it comes in.
type Upload struct {
	Name string // as the sender calls it
	Body io.Reader
}

// Receive adds a call that takes multipart/form-data with exactly one part, named "file".
// serve must read the body to its end; that nothing follows is known only then.
func Receive[P, Out any](f *Floor, guard Guard[P], route Route, limit func() int64, serve func(context.Context, *Call[P], Upload) (Out, error)) {
	route.Status, route.Access, route.Upload = http.StatusCreated, guard.Access, true
	f.add(route, reflect.TypeFor[wire.None](), reflect.TypeFor[Out](), func(w http.ResponseWriter, r *http.Request) {
		who, err := guard.Check(r)
		if err != nil {
			f.Refuse(w, r, err)
			return
		}
		upload, err := uploadOf(w, r, limit())
		if err != nil {
			f.Refuse(w, r, err)
			return
		}
		call := Call[P]{Who: who, Client: ClientOf(r), request: r, header: w.Header()}
		answer, err := serve(r.Context(), &call, upload)
		if err != nil {
			f.Refuse(w, r, err)
			return
		}
		f.write(w, r, route.Status, answer)
	})
}

// uploadOf opens a form at its file.
func uploadOf(w http.ResponseWriter, r *http.Request, limit int64) (Upload, error) {
	if limit > 0 && r.ContentLength > limit+formRoom {
		if r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close")
		}
		return Upload{}, &Error{Code: FileTooLarge, Cause: chat.ErrFileTooLarge}
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" || params["boundary"] == "" || r.Header.Get("Content-Encoding") != "" {
		return Upload{}, &Error{Code: UnsupportedMedia, Detail: "Send multipart/form-data with one part named file."}
	}
	body := &patient{from: http.MaxBytesReader(w, r.Body, limit+formRoom), control: http.NewResponseController(w), ends: time.Now().Add(fileLife)}
	form := multipart.NewReader(body, params["boundary"])
	part, err := form.NextRawPart()
	if err != nil {
		return Upload{}, brokenForm(err, "The form cannot be read.")
	}
	if part.FormName() != "file" {
		return Upload{}, Malformed("The form has another part than one named file.")
	}
	return Upload{Name: nameOf(part), Body: &onlyPart{part, form}}, nil
}

// nameOf is what a sender calls a file, its folders included: who shows or saves it cleans it.
func nameOf(part *multipart.Part) string {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	return formNames.Replace(params["filename"])
}

// formNames are the three characters that browsers spell otherwise in a form.
var formNames = strings.NewReplacer("%22", `"`, "%0D", "\r", "%0A", "\n")

// onlyPart reads a part, and at its end makes sure that no other follows.
type onlyPart struct {
	part *multipart.Part
	form *multipart.Reader
}

func (o *onlyPart) Read(b []byte) (int, error) {
	n, err := o.part.Read(b)
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, brokenForm(err, "The body broke off.")
	}
	switch _, err := o.form.NextRawPart(); {
	case err == nil:
		return n, Malformed("The form has more than one part.")
	case !errors.Is(err, io.EOF):
		return n, brokenForm(err, "The body broke off.")
	}
	return n, io.EOF
}

// brokenForm tells a form that is too long, before its file or in it, from one that cannot be read.
func brokenForm(err error, detail string) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &Error{Code: FileTooLarge, Cause: err}
	}
	return &Error{Code: RequestInvalid, Detail: detail, Cause: err}
}

// patient lets every piece of a body take filePause, and all of them fileLife.
type patient struct {
	from    io.Reader
	control *http.ResponseController
	ends    time.Time
}

func (p *patient) Read(b []byte) (int, error) {
	if err := supported(p.control.SetReadDeadline(sooner(time.Now().Add(filePause), p.ends))); err != nil {
		return 0, err
	}
	return p.from.Read(b)
}

func sooner(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// ShapeFile is a file as it travels.
func ShapeFile(f chat.FileBody) wire.File { return wire.File(f) }

// ShapeFiles are the files of a message; nil for none.
func ShapeFiles(list []chat.FileBody) []wire.File {
	var out []wire.File
	for _, f := range list {
		out = append(out, ShapeFile(f))
	}
	return out
}

// FileStore opens files, and knows which file an address that ends soon is for.
type FileStore interface {
	OpenFile(ctx context.Context, a chat.Attachment, thumbnail bool) (io.ReadSeekCloser, error)
	FollowLink(ctx context.Context, reader chat.Reader, text string) (chat.Attachment, error)
	HoldsLink(ctx context.Context, reader chat.Reader, text string) error
}

// FileReader is one side's way to files.
type FileReader[P any] struct {
	Guard  Guard[P]
	Store  FileStore
	Find   func(ctx context.Context, who P, id string) (chat.Attachment, error)
	Stands func(*http.Request) error // the right to read, while a file goes out
}

// Give adds a call that answers with the file that its path names, or with its thumbnail.
func (f FileReader[P]) Give(floor *Floor, route Route, thumbnail bool) {
	route.Bytes, route.Status = true, http.StatusOK
	Raw(floor, f.Guard, route, func(w http.ResponseWriter, r *http.Request, who P) error {
		a, err := f.Find(r.Context(), who, r.PathValue("id"))
		if err != nil {
			return err
		}
		return floor.serveStored(w, r, f.Store, a, thumbnail, func() error { return f.Stands(r) })
	})
}

// GiveByLink adds the public call that answers with the file of a link.
func GiveByLink(floor *Floor, route Route, store FileStore, reader chat.Reader) {
	route.Bytes, route.Status = true, http.StatusOK
	Page(floor, route, func(w http.ResponseWriter, r *http.Request) error {
		text := r.PathValue("link")
		a, err := store.FollowLink(r.Context(), reader, text)
		if err != nil {
			return err
		}
		return floor.serveStored(w, r, store, a, false, func() error { return store.HoldsLink(r.Context(), reader, text) })
	})
}

func (f *Floor) serveStored(w http.ResponseWriter, r *http.Request, store FileStore, a chat.Attachment, thumbnail bool, stands func() error) error {
	content, err := store.OpenFile(r.Context(), a, thumbnail)
	if err != nil {
		return err
	}
	return f.ServeFile(w, r, FileAnswer{FileBody: a.FileBody, Thumbnail: thumbnail, Content: content, Stands: stands})
}

// FileAnswer is a file on its way out.
type FileAnswer struct {
	chat.FileBody
	Thumbnail bool
	Content   io.ReadSeekCloser
	// Stands says whether its reader's right still does; asked again and again while the
	// file goes out, so that a right that ends takes the rest of the file along.
	Stands func() error
}

// ServeFile writes a file and closes it. A picture that we made anew is shown; anything
// else is a download, sandboxed, whatever a browser thinks that it is.
func (f *Floor) ServeFile(w http.ResponseWriter, r *http.Request, file FileAnswer) error {
	defer func() { _ = file.Content.Close() }()
	h := w.Header()
	disposition, mediaType := "attachment", file.MediaType
	if file.Picture() {
		disposition = "inline"
	}
	if file.Thumbnail {
		mediaType = "" // a JPEG or a PNG: only the two are written, and ServeContent tells them apart
	}
	if mediaType != "" {
		h.Set("Content-Type", mediaType)
	}
	h.Set("Content-Disposition", disposition+"; "+fileNames(file.Name))
	h.Set("Content-Security-Policy", nothingAllowed[0]+"; sandbox")
	control, ends := http.NewResponseController(w), time.Now().Add(fileLife)
	slow := &patientAnswer{ResponseWriter: w, control: control, ends: ends}
	content := &watched{ReadSeeker: file.Content, stands: file.Stands, asked: time.Now()}
	if strings.Contains(r.Header.Get("Range"), ",") {
		r.Header.Del("Range") // of a bucket each is a request: who wants several is given all
	}
	http.ServeContent(slow, r, "", time.Time{}, content)
	if content.cut {
		panic(http.ErrAbortHandler) // half a file must not look whole
	}
	return supported(control.SetWriteDeadline(time.Now().Add(filePause)))
}

// watchEvery is how often a file that goes out slowly asks whether it may go on.
const watchEvery = 250 * time.Millisecond

type watched struct {
	io.ReadSeeker
	stands func() error
	asked  time.Time
	cut    bool
}

func (f *watched) Read(b []byte) (int, error) {
	if now := time.Now(); now.Sub(f.asked) > watchEvery {
		if err := f.stands(); err != nil {
			f.cut = true
			return 0, err
		}
		f.asked = now
	}
	if len(b) > 64<<10 {
		b = b[:64<<10] // what is asked about again stays little
	}
	return f.ReadSeeker.Read(b)
}

// patientAnswer lets every piece of an answer take filePause. It has no ReadFrom, which
// would hand the whole file to the system in one go.
type patientAnswer struct {
	http.ResponseWriter
	control *http.ResponseController
	ends    time.Time
}

func (p *patientAnswer) Write(b []byte) (int, error) {
	if err := supported(p.control.SetWriteDeadline(sooner(time.Now().Add(filePause), p.ends))); err != nil {
		return 0, err
	}
	return p.ResponseWriter.Write(b)
}

// fileNames says a name twice: for everybody, with what is not plain ASCII left out, and
// as RFC 8187 spells it. The name is clean already; nothing of it can end a header or a
// quoted text even if it were not.
func fileNames(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' || r == ';' {
			return '_'
		}
		return r
	}, name)
	return `filename="` + plain + `"; filename*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

// describeForm is how the OpenAPI says that a route takes a file.
func describeForm() *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{"file"},
		Properties: map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary", Description: "The one part of the form. What it is, its content says; its name is kept."}},
	}}}}
}

// describeBytes is how it says that a route answers with one.
func describeBytes() *huma.Response {
	return &huma.Response{Description: "The bytes: a picture that may be shown, or a download", Content: map[string]*huma.MediaType{
		"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
}
