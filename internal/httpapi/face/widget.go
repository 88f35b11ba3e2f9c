package face

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"

	"countersign/internal/httpapi"
	"countersign/internal/workspace"
)

// forAMoment is shorter than other scripts': which one is right changes with the
// channel's keys.
const forAMoment = "public, max-age=60"

// systems serve their script at the same path: /widget/{id}, with or without .js.
var systems = []string{"intercom", "pylon"}

// unspoken is what a page gets whose channel no longer speaks, or never spoke, for the
// system that it was made for: nothing but a line for its developer.
var unspoken = func() file {
	text := []byte(`console.warn("No chat: no live key is Intercom's or Pylon's. Import one, or load the script of the system that the channel's keys are for.");` + "\n")
	sum := sha256.Sum256(text)
	return file{media: mediaTypes[".js"], tag: hex.EncodeToString(sum[:8]), plain: text}
}()

// widget serves a global only if the channel has a live key of its system, or no key
// yet. Where both may be served, the page decides, in widget.js; it asks again by ?for=.
func (d *Door) widget(w http.ResponseWriter, r *http.Request) error {
	included(w.Header())
	name := strings.TrimSuffix(r.PathValue("file"), ".js")
	channel, err := d.channels.ByName(r.Context(), name)
	if errors.Is(err, workspace.ErrNotFound) {
		return httpapi.Fail(httpapi.NotFound)
	}
	if err != nil {
		return err
	}
	globals, keyless, err := d.globals(r.Context(), channel)
	if err != nil {
		return err
	}
	asked := r.URL.Query().Get("for")
	may := slices.DeleteFunc(slices.Clone(systems), func(system string) bool {
		return !keyless && !slices.Contains(globals, system) || asked != "" && asked != system
	})
	switch len(may) {
	case 0:
		w.Header().Set("Cache-Control", forAMoment)
		unspoken.serve(w, r)
		return nil
	case 1:
		return d.script(w, r, may[0]+".js", forAMoment)
	}
	return d.script(w, r, "widget.js", forAMoment)
}
