package face

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"countersign/internal/workspace"
)

func withWidgets() fstest.MapFS {
	assets := built()
	manifest := string(assets["manifest.json"].Data)
	assets["manifest.json"].Data = []byte(strings.Replace(manifest, "{", `{"intercom.js":"assets/intercom-AAAAAAAA.js","pylon.js":"assets/pylon-BBBBBBBB.js","widget.js":"assets/widget-CCCCCCCC.js",`, 1))
	assets["assets/intercom-AAAAAAAA.js"] = &fstest.MapFile{Data: []byte("speaks intercom")}
	assets["assets/intercom-AAAAAAAA.js.br"] = &fstest.MapFile{Data: []byte("intercom in brotli")}
	assets["assets/pylon-BBBBBBBB.js"] = &fstest.MapFile{Data: []byte("speaks pylon")}
	assets["assets/widget-CCCCCCCC.js"] = &fstest.MapFile{Data: []byte("looks which")}
	return assets
}

type keys struct {
	names   []string
	keyless bool
	err     error
}

func (k keys) globals(context.Context, workspace.Channel) ([]string, bool, error) {
	return k.names, k.keyless, k.err
}

// A page must not be able to speak through a global that no live key of its channel
// stands behind: its proofs could only ever be refused, or, worse, taken for another's.
func TestAGlobalIsServedOnlyWhereAKeySpeaksIt(t *testing.T) {
	const warns = "No chat: no live key is"
	for name, c := range map[string]struct {
		keys   keys
		target string
		status int
		body   string
	}{
		"no key yet":                        {keys{keyless: true}, "/widget/shop", 200, "looks which"},
		"no key yet, with an extension":     {keys{keyless: true}, "/widget/shop.js", 200, "looks which"},
		"no key yet, asked for one":         {keys{keyless: true}, "/widget/shop?for=pylon", 200, "speaks pylon"},
		"an alias":                          {keys{names: []string{"pylon"}}, "/widget/old1", 200, "speaks pylon"},
		"a key of one":                      {keys{names: []string{"native", "intercom"}}, "/widget/shop", 200, "speaks intercom"},
		"a key of one, asked for it":        {keys{names: []string{"intercom"}}, "/widget/shop?for=intercom", 200, "speaks intercom"},
		"a key of one, asked for the other": {keys{names: []string{"intercom"}}, "/widget/shop?for=pylon", 200, warns},
		"keys of both":                      {keys{names: []string{"pylon", "intercom"}}, "/widget/shop", 200, "looks which"},
		"a key of a third":                  {keys{names: []string{"native", "helpscout"}}, "/widget/shop", 200, warns},
		"all keys are dead":                 {keys{}, "/widget/shop", 200, warns},
		"asked for what there is not":       {keys{keyless: true}, "/widget/shop?for=../v1", 200, warns},
		"no such channel":                   {keys{keyless: true}, "/widget/nobody", 404, "not_found"},
		"no channel":                        {keys{keyless: true}, "/widget/", 404, "not_found"},
		"a stale node":                      {keys{keyless: true}, "/widget/stale", 503, ""},
		"a ring that cannot be read":        {keys{err: errors.New("no such table")}, "/widget/shop", 500, ""},
	} {
		w := get(floor(t, Deps{Assets: withWidgets(), Globals: c.keys.globals}), c.target)
		h := w.Header()
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if got := h.Get("Cross-Origin-Resource-Policy"); got != "cross-origin" && c.target != "/widget/" {
			t.Errorf("%s: the page's browser may not say that it was answered %d: %q", name, w.Code, got)
		}
		if c.status == 200 && (h.Get("Content-Type") != "text/javascript; charset=utf-8" || h.Get("Cache-Control") != forAMoment) {
			t.Errorf("%s: %v", name, h)
		}
	}
}

// A cache that still has the script asks whether it is the same: it is not, once the key
// that it was served for is dead.
func TestARevokedKeyChangesTheScriptsTag(t *testing.T) {
	live := keys{names: []string{"intercom"}}
	tag := get(floor(t, Deps{Assets: withWidgets(), Globals: live.globals}), "/widget/shop", "Accept-Encoding", "br").Header().Get("ETag")
	again := get(floor(t, Deps{Assets: withWidgets(), Globals: live.globals}), "/widget/shop", "Accept-Encoding", "br", "If-None-Match", tag)
	if tag == "" || again.Code != 304 {
		t.Fatalf("tag %q, asked again: %d", tag, again.Code)
	}
	for name, now := range map[string]keys{"dead": {}, "another's": {names: []string{"pylon"}}, "both": {names: []string{"pylon", "intercom"}}} {
		if w := get(floor(t, Deps{Assets: withWidgets(), Globals: now.globals}), "/widget/shop", "Accept-Encoding", "br", "If-None-Match", tag); w.Code != 200 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}
