package face

import (
	"net/http"
	"net/url"
	"slices"

	"countersign/internal/httpapi"
	"countersign/internal/workspace"
)

// ping is how a page that claims nobody says that it carries the messenger: the loader
// points a frame at our own document and asks for no document. Of all the ways out of a
// page it is the one that needs no more of a strict policy than the messenger itself,
// frame-src for our origin; a request by script would need connect-src, an image img-src.
// It carries the page's origin and nothing else, and the answer is nothing.
func (d *Door) ping(w http.ResponseWriter, r *http.Request, channel workspace.Channel) error {
	d.seen(r.Context(), Page{
		Channel: channel.Slug, Origin: r.URL.Query().Get("ping"), Network: httpapi.ClientOf(r).Network,
	})
	h := w.Header()
	h.Set("Content-Security-Policy", facePolicy+"*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// outside notices a page whose browser is about to refuse it the frame: nobody else
// would tell the operator that a page of theirs is missing on the list.
func (d *Door) outside(r *http.Request, channel workspace.Channel) {
	if len(channel.Origins) == 0 {
		return
	}
	page, err := url.Parse(r.Referer())
	if err != nil || page.Host == "" {
		return
	}
	origin, err := workspace.ParseOrigin(page.Scheme + "://" + page.Host)
	if err != nil || slices.Contains(channel.Origins, origin) {
		return
	}
	d.seen(r.Context(), Page{Channel: channel.Slug, Origin: origin, Network: httpapi.ClientOf(r).Network, Blocked: true})
}
