// Package face serves what browsers see: the loader that a page includes, the
// document inside the messenger's iframe, the one in an app's web view, the console, and the hashed files that
// both load. It knows nothing of what they do.
//
// The documents are made here, a few lines each, so that they carry no inline
// script and no inline style: their policy allows neither. What lies under
// /assets is named by its content and may be kept for ever; everything else is
// asked for again.
package face

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"countersign/internal/httpapi"
	"countersign/internal/workspace"
)

// Channels finds a channel by slug or alias.
type Channels interface {
	ByName(ctx context.Context, name string) (workspace.Channel, error)
}

// Deps is what the door stands on.
type Deps struct {
	// Assets holds manifest.json (logical name → path), v1.js and assets/, each file
	// beside its .br and .gz twin. Nil, or without a manifest: the faces were not built.
	Assets   fs.FS
	Channels Channels
	// Seen is told of a page that loaded the loader and claims nobody, and of one that is
	// kept out of the frame. Nil: nobody counts.
	Seen func(ctx context.Context, page Page)
	// Globals says which systems' globals the channel's live keys speak; keyless: it never
	// had a key. Nil: so are all.
	Globals func(ctx context.Context, channel workspace.Channel) (names []string, keyless bool, err error)
}

// Page is a host page, as it says of itself: a hint.
type Page struct {
	Channel string // slug
	Origin  string
	Network string // it came from, as limits count
	Blocked bool   // the channel lists pages, and this one is not among them
}

// Door serves the faces.
type Door struct {
	channels Channels
	seen     func(ctx context.Context, page Page)
	globals  func(ctx context.Context, channel workspace.Channel) (names []string, keyless bool, err error)
	manifest map[string]string // :: logical name → path in files; nil: not built
	files    map[string]file   // :: path → file
}

// manifestName is where a build lists what it made.
const manifestName = "manifest.json"

// New reads the build's manifest. Faces that were not built are no error.
func New(deps Deps) (*Door, error) {
	d := &Door{channels: deps.Channels, seen: deps.Seen, globals: deps.Globals}
	if d.seen == nil {
		d.seen = func(context.Context, Page) {}
	}
	if d.globals == nil {
		d.globals = func(context.Context, workspace.Channel) ([]string, bool, error) { return nil, true, nil }
	}
	if deps.Assets == nil {
		return d, nil
	}
	raw, err := fs.ReadFile(deps.Assets, manifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return nil, fmt.Errorf("face: read the manifest: %w", err)
	}
	if err := json.Unmarshal(raw, &d.manifest); err != nil {
		return nil, fmt.Errorf("face: read the manifest: %w", err)
	}
	if d.files, err = readFiles(deps.Assets); err != nil {
		return nil, err
	}
	for name, path := range d.manifest {
		if _, ok := d.files[path]; !ok {
			return nil, fmt.Errorf("face: the manifest names %s for %s, which is not there", path, name)
		}
	}
	return d, nil
}

// Built says whether there are faces to serve.
func (d *Door) Built() bool { return d.manifest != nil }

// Register adds the faces' routes to a floor.
func (d *Door) Register(f *httpapi.Floor) {
	page := func(path, id string, serve func(http.ResponseWriter, *http.Request) error) {
		httpapi.Page(f, httpapi.Route{Method: "GET", Path: path, ID: id, Hidden: true}, func(w http.ResponseWriter, r *http.Request) error {
			if !d.Built() {
				return httpapi.Fail(httpapi.FacesNotBuilt)
			}
			return serve(w, r)
		})
	}
	page("/v1.js", "getLoader", d.loader)
	page("/assets/{file}", "getAsset", d.asset)
	page("/frame/{channel}", "getFrame", d.frame)
	page("/m/{channel}", "getAppView", d.appView)
	page("/console", "getConsole", d.console)
	page("/console/{rest...}", "getConsolePage", d.console)
	page("/beacon.js", "getBeacon", d.beacon)
	page("/cdn/v1/widget/{file}", "getEnsoras", d.ensoras)
	page("/widget/{file}", "getWidget", d.widget)
	page("/{$}", "getRoot", d.root)
}

func (d *Door) loader(w http.ResponseWriter, r *http.Request) error {
	return d.script(w, r, "v1.js", forEverybody)
}

func (d *Door) asset(w http.ResponseWriter, r *http.Request) error {
	file, ok := d.files["assets/"+r.PathValue("file")]
	if !ok {
		return httpapi.Fail(httpapi.NotFound)
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	file.serve(w, r)
	return nil
}

// facePolicy is the policy of every document, but for who may frame them.
const facePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; frame-ancestors "

// frame is the messenger's document. Only pages of the channel's origins may frame
// it, if it has any; a browser refuses the others.
func (d *Door) frame(w http.ResponseWriter, r *http.Request) error {
	channel, err := d.channels.ByName(r.Context(), r.PathValue("channel"))
	if errors.Is(err, workspace.ErrNotFound) {
		return noSuchChannel(w, "*")
	}
	if err != nil {
		return err
	}
	if r.URL.Query().Has("ping") {
		return d.ping(w, r, channel)
	}
	d.outside(r, channel)
	ancestors := "*"
	if len(channel.Origins) > 0 {
		ancestors = strings.Join(channel.Origins, " ")
	}
	h := w.Header()
	h.Set("Content-Security-Policy", facePolicy+ancestors)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // pages with an embedder policy frame it too
	return d.document(w, document{Title: channel.Name, Entry: "boot", Channel: channel.Slug, Origins: strings.Join(channel.Origins, " ")})
}

// appView is the messenger alone on the screen of an app's web view. It takes its
// visitor's proof from the app, over a bridge that no page has: so nothing may frame it,
// and a page that opened it holds no handle on it.
func (d *Door) appView(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	channel, err := d.channels.ByName(r.Context(), r.PathValue("channel"))
	if errors.Is(err, workspace.ErrNotFound) {
		return noSuchChannel(w, "'none'")
	}
	if err != nil {
		return err
	}
	h.Set("Content-Security-Policy", facePolicy+"'none'")
	return d.document(w, document{Title: channel.Name, Entry: "mobile", Channel: channel.Slug, Edges: true})
}

func (d *Door) console(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Security-Policy", facePolicy+"'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	return d.document(w, document{Title: "Countersign", Entry: "console"})
}
