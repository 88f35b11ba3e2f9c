package face

import (
	"strings"
	"testing"
	"testing/fstest"
)

// withVendors is a build that has the loaders of other systems.
func withVendors() fstest.MapFS {
	assets := built()
	manifest := string(assets["manifest.json"].Data)
	assets["manifest.json"].Data = []byte(strings.Replace(manifest, "{", `{"beacon.js":"assets/beacon-EEEEEEEE.js","ensoras.js":"assets/ensoras-FFFFFFFF.js",`, 1))
	assets["assets/beacon-EEEEEEEE.js"] = &fstest.MapFile{Data: []byte("beacon")}
	assets["assets/beacon-EEEEEEEE.js.br"] = &fstest.MapFile{Data: []byte("beacon in brotli")}
	assets["assets/ensoras-FFFFFFFF.js"] = &fstest.MapFile{Data: []byte("ensoras")}
	return assets
}

func TestEachSystemFindsItsScriptWhereItLooks(t *testing.T) {
	f := floor(t, Deps{Assets: withVendors()})
	for _, c := range []struct {
		target, dest string
		status       int
		body, cache  string
	}{
		{"/beacon.js", "script", 200, "beacon", forEverybody},
		{"/beacon.js", "", 200, "beacon", forEverybody},
		{"/", "script", 200, "beacon", forOne},
		{"/", "document", 303, "", "no-store"},
		{"/", "", 303, "", "no-store"},
		{"/", "serviceworker", 303, "", "no-store"},
		{"/", "Script", 303, "", "no-store"},
		{"/cdn/v1/widget/shop.js", "script", 200, "ensoras", forEverybody},
		{"/cdn/v1/widget/old1.js", "script", 200, "ensoras", forEverybody},
		{"/cdn/v1/widget/nobody.js", "script", 404, "not_found", "no-store"},
		{"/cdn/v1/widget/shop", "script", 404, "not_found", "no-store"},
		{"/cdn/v1/widget/.js", "script", 404, "not_found", "no-store"},
		{"/cdn/v1/widget/stale.js", "script", 503, "", "no-store"},
	} {
		w := get(f, c.target, "Sec-Fetch-Dest", c.dest)
		h := w.Header()
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) || h.Get("Cache-Control") != c.cache {
			t.Errorf("%s as %q: %d %v %.80s", c.target, c.dest, w.Code, h, w.Body)
		}
		if c.status == 200 && (h.Get("Content-Type") != "text/javascript; charset=utf-8" || h.Get("Cross-Origin-Resource-Policy") != "cross-origin" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("ETag") == "") {
			t.Errorf("%s as %q: %v", c.target, c.dest, h)
		}
		if got := h.Get("Cross-Origin-Resource-Policy"); c.status == 404 && got != "cross-origin" {
			t.Errorf("%s: the page's browser may not say that it was not found: %q", c.target, got)
		}
		if c.status == 303 && h.Get("Location") != "/console/" {
			t.Errorf("%s as %q leads to %s", c.target, c.dest, h.Get("Location"))
		}
	}
}

// A cache between us that handed the script to somebody who wants the console, or the
// redirect to a page that wants its script, would break both. Those that heed Vary are
// told; those that do not keep neither answer.
func TestNoSharedCacheTakesTheRootsTwoAnswersForOne(t *testing.T) {
	f := floor(t, Deps{Assets: withVendors()})
	for _, dest := range []string{"script", "document", "empty", ""} {
		w := get(f, "/", "Sec-Fetch-Dest", dest, "Accept-Encoding", "br")
		vary := strings.Join(w.Header().Values("Vary"), ", ")
		if !strings.Contains(vary, "Sec-Fetch-Dest") {
			t.Errorf("as %q: Vary: %s", dest, vary)
		}
		if cache := w.Header().Get("Cache-Control"); strings.Contains(cache, "public") {
			t.Errorf("as %q: Cache-Control: %s", dest, cache)
		}
		if dest == "script" && (!strings.Contains(vary, "Accept-Encoding") || w.Header().Get("Content-Encoding") != "br") {
			t.Errorf("as a script: %v", w.Header())
		}
	}
	first := get(f, "/", "Sec-Fetch-Dest", "script")
	if again := get(f, "/", "Sec-Fetch-Dest", "script", "If-None-Match", first.Header().Get("ETag")); again.Code != 304 || !strings.Contains(strings.Join(again.Header().Values("Vary"), ","), "Sec-Fetch-Dest") {
		t.Errorf("asked again: %d %v", again.Code, again.Header())
	}
	// A tag learnt from the script makes no redirect into "nothing new".
	if w := get(f, "/", "If-None-Match", first.Header().Get("ETag")); w.Code != 303 {
		t.Errorf("a visitor of the console with the script's tag: %d", w.Code)
	}
}

func TestWithoutFacesNoSystemFindsAScript(t *testing.T) {
	f := floor(t, Deps{})
	for _, target := range []string{"/", "/beacon.js", "/cdn/v1/widget/shop.js"} {
		if w := get(f, target, "Sec-Fetch-Dest", "script"); w.Code != 503 || !strings.Contains(w.Body.String(), "faces_not_built") {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}
