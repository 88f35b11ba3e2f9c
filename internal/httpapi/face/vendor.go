package face

import (
	"errors"
	"net/http"
	"strings"

	"countersign/internal/httpapi"
	"countersign/internal/workspace"
)

const (
	forEverybody = "public, max-age=300"
	forOne       = "private, max-age=300" // the browser that asked, and no cache that it shares
)

// script serves a loader: asked for by every page view of every customer, so it is kept
// for five minutes and then asked for again with its tag.
func (d *Door) script(w http.ResponseWriter, r *http.Request, name, cache string) error {
	file, ok := d.files[d.manifest[name]]
	if !ok {
		return httpapi.Fail(httpapi.FacesNotBuilt)
	}
	h := w.Header()
	h.Set("Cache-Control", cache)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // it is included by other origins' pages
	file.serve(w, r)
	return nil
}

// included lets other origins' pages see how they were answered, a refusal too: "not found"
// is what the developer of a page with a mistyped id needs to read, and a browser that may
// not pass it on says something else. Some clients ask with a crossorigin attribute.
func included(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// vendor serves the loader of another system.
func (d *Door) vendor(w http.ResponseWriter, r *http.Request, name, cache string) error {
	included(w.Header())
	return d.script(w, r, name, cache)
}

// beacon is Help Scout's, one script for all ids: the page names its own in init.
func (d *Door) beacon(w http.ResponseWriter, r *http.Request) error {
	return d.vendor(w, r, "beacon.js", forEverybody)
}

// root is two things. Pages of Help Scout's load their script from the root of its host,
// and whoever types our address wants the console. Only a browser can say which it is,
// and no page can say it in its place. Caches between us may not look at the header that
// decides, so neither answer may lie in one of them.
func (d *Door) root(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Sec-Fetch-Dest")
	if httpapi.WantsScript(r) {
		return d.vendor(w, r, "beacon.js", forOne)
	}
	http.Redirect(w, r, "/console/", http.StatusSeeOther)
	return nil
}

// ensoras has a script for each channel. It is the same file; that there is no such
// channel is said where its developer looks first.
func (d *Door) ensoras(w http.ResponseWriter, r *http.Request) error {
	included(w.Header())
	name, ok := strings.CutSuffix(r.PathValue("file"), ".js")
	if !ok {
		return httpapi.Fail(httpapi.NotFound)
	}
	_, err := d.channels.ByName(r.Context(), name)
	if errors.Is(err, workspace.ErrNotFound) {
		return httpapi.Fail(httpapi.NotFound)
	}
	if err != nil {
		return err
	}
	return d.vendor(w, r, "ensoras.js", forEverybody)
}
