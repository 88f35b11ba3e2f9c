package face

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"countersign/internal/event"
	"countersign/internal/httpapi"
	"countersign/internal/workspace"
)

type channels map[string]workspace.Channel

func (c channels) ByName(_ context.Context, name string) (workspace.Channel, error) {
	if name == "stale" {
		return workspace.Channel{}, event.ErrStale
	}
	if channel, ok := c[name]; ok {
		return channel, nil
	}
	return workspace.Channel{}, workspace.ErrNotFound
}

func built() fstest.MapFS {
	text := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"manifest.json":              text(`{"v1.js":"v1.js","boot.js":"assets/boot-AAAAAAAA.js","mobile.js":"assets/mobile-DDDDDDDD.js","console.js":"assets/console-BBBBBBBB.js","console.css":"assets/console-CCCCCCCC.css"}`),
		"v1.js":                      text("loader"),
		"v1.js.br":                   text("loader in brotli"),
		"v1.js.gz":                   text("loader in gzip"),
		"assets/boot-AAAAAAAA.js":    text("boot"),
		"assets/mobile-DDDDDDDD.js":  text("mobile"),
		"assets/console-BBBBBBBB.js": text("console"), "assets/console-BBBBBBBB.js.gz": text("console in gzip"),
		"assets/console-CCCCCCCC.css": text("css"),
		"assets/notes.txt":            text("not served"),
		"sizes.json":                  text("[]"),
	}
}

func floor(t *testing.T, deps Deps) *httpapi.Floor {
	t.Helper()
	deps.Channels = channels{
		"shop": {Slug: "shop", Name: `Shop "<b>`, Origins: []string{"https://shop.example", "https://www.shop.example:8443"}},
		"open": {Slug: "open", Name: "Open"},
		"old1": {Slug: "shop", Name: "Shop"},
	}
	d, err := New(deps)
	if err != nil {
		t.Fatal(err)
	}
	f := httpapi.New(httpapi.Options{})
	d.Register(f)
	return f
}

func get(f *httpapi.Floor, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

func TestABinaryWithoutFacesSaysWhatBuildsThem(t *testing.T) {
	for name, deps := range map[string]Deps{
		"nothing":     {},
		"placeholder": {Assets: fstest.MapFS{"placeholder.txt": {Data: []byte("x")}}},
	} {
		f := floor(t, deps)
		for _, target := range []string{"/v1.js", "/frame/shop", "/m/shop", "/console/", "/console", "/console/inbox/x", "/assets/boot-AAAAAAAA.js", "/"} {
			w := get(f, target)
			var p struct{ Code, Detail string }
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 503 || p.Code != "faces_not_built" || !strings.Contains(p.Detail, "make build") {
				t.Errorf("%s: %s: %d %s", name, target, w.Code, w.Body)
			}
		}
	}
}

func TestABuildThatLacksAFileIsNotServed(t *testing.T) {
	assets := built()
	delete(assets, "assets/boot-AAAAAAAA.js")
	if _, err := New(Deps{Assets: assets}); err == nil {
		t.Fatal("served a manifest that names a file that is not there")
	}
	assets["manifest.json"].Data = []byte("{")
	if _, err := New(Deps{Assets: assets}); err == nil {
		t.Fatal("served a broken manifest")
	}
}

func TestDocumentsAreFramedOnlyByWhomTheyMay(t *testing.T) {
	f := floor(t, Deps{Assets: built()})
	for target, ancestors := range map[string]string{
		"/frame/shop":      "https://shop.example https://www.shop.example:8443",
		"/frame/open":      "*",
		"/m/shop":          "'none'",
		"/m/open":          "'none'",
		"/console":         "'none'",
		"/console/":        "'none'",
		"/console/setup":   "'none'",
		"/console/a/b/c.d": "'none'",
	} {
		w := get(f, target)
		policy := w.Header().Get("Content-Security-Policy")
		if w.Code != 200 || !strings.HasSuffix(policy, "frame-ancestors "+ancestors) {
			t.Errorf("%s: %d, policy %q", target, w.Code, policy)
		}
		for _, loose := range []string{"unsafe", "http:", "https://*", "data: ;"} {
			if strings.Contains(strings.TrimSuffix(policy, ancestors), loose) {
				t.Errorf("%s: policy %q allows %s", target, policy, loose)
			}
		}
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';", "base-uri 'none'", "object-src 'none'", "form-action 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %s", target, policy, want)
			}
		}
		if w.Header().Get("Cache-Control") != "no-store" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s: %v", target, w.Header())
		}
		body := w.Body.String()
		if strings.Contains(body, "<style") || strings.Contains(body, " style=") || strings.Count(body, "<script") != 1 || !strings.Contains(body, `<script type="module" src="/assets/`) {
			t.Errorf("%s: inline code: %s", target, body)
		}
	}
}

func TestTheFrameIsMadeForItsChannel(t *testing.T) {
	f := floor(t, Deps{Assets: built()})
	body := get(f, "/frame/old1").Body.String()
	if !strings.Contains(body, `data-channel="shop"`) {
		t.Errorf("an alias opens its channel: %s", body)
	}
	if body := get(f, "/frame/shop").Body.String(); strings.Contains(body, "<b>") {
		t.Errorf("a channel's name became markup: %s", body)
	}
	if w := get(f, "/frame/stale"); w.Code != 503 {
		t.Errorf("a node that does not know how things stand answered %d", w.Code)
	}
	if console := get(f, "/console/").Body.String(); strings.Contains(console, "data-channel") || !strings.Contains(console, `href="/assets/console-CCCCCCCC.css"`) {
		t.Errorf("%s", console)
	}
}

// An app's web view is nobody's frame and nobody's popup, whatever pages its channel
// allows, and whether or not there is such a channel.
func TestAPageHoldsNoHandleOnTheViewOfAnApp(t *testing.T) {
	f := floor(t, Deps{Assets: built()})
	for target, status := range map[string]int{"/m/shop": 200, "/m/open": 200, "/m/nobody": 404, "/m/%3Cb%3E": 404} {
		w := get(f, target, "Referer", "https://shop.example/")
		h := w.Header()
		if w.Code != status || h.Get("X-Frame-Options") != "DENY" || h.Get("Cross-Origin-Opener-Policy") != "same-origin" ||
			!strings.HasSuffix(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: %d %v", target, w.Code, h)
		}
	}
	body := get(f, "/m/old1").Body.String()
	if !strings.Contains(body, `data-channel="shop"`) || strings.Contains(body, "https://shop.example") || !strings.Contains(body, "viewport-fit=cover") || !strings.Contains(body, `name="color-scheme" content="light dark"`) {
		t.Errorf("%s", body)
	}
	if frame := get(f, "/frame/shop").Body.String(); strings.Contains(frame, "viewport-fit") || strings.Contains(frame, "color-scheme") {
		t.Errorf("a frame in a page has no edges of its own: %s", frame)
	}
}

func TestAFrameOfNoChannelSaysSoInsideThePage(t *testing.T) {
	f := floor(t, Deps{Assets: built()})
	one, other := get(f, "/frame/nobody"), get(f, "/frame/%3Cb%3Enobody")
	h := one.Header()
	policy := h.Get("Content-Security-Policy")
	if one.Code != 404 || !strings.HasPrefix(h.Get("Content-Type"), "text/html") || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", one.Code, h)
	}
	if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || !strings.HasSuffix(policy, "frame-ancestors *") || h.Get("X-Frame-Options") != "" {
		t.Errorf("policy %q", policy)
	}
	if body := one.Body.String(); !strings.Contains(body, "check the channel id.") || strings.Contains(body, "<script") || strings.Contains(body, "<style") {
		t.Errorf("%s", body)
	}
	if one.Body.String() != other.Body.String() {
		t.Errorf("the answer repeats what was asked: %s", other.Body)
	}
}

func TestFilesComeInTheEncodingThatIsAccepted(t *testing.T) {
	f := floor(t, Deps{Assets: built()})
	for _, c := range []struct{ target, accept, encoding, body string }{
		{"/v1.js", "", "", "loader"},
		{"/v1.js", "gzip, deflate, br, zstd", "br", "loader in brotli"},
		{"/v1.js", "gzip", "gzip", "loader in gzip"},
		{"/v1.js", "br;q=0, gzip;q=0.5", "gzip", "loader in gzip"},
		{"/v1.js", "br;q=0, gzip; q=0", "", "loader"},
		{"/v1.js", "brotli", "", "loader"},
		{"/assets/console-BBBBBBBB.js", "br, gzip", "gzip", "console in gzip"},
		{"/assets/boot-AAAAAAAA.js", "br, gzip", "", "boot"},
	} {
		w := get(f, c.target, "Accept-Encoding", c.accept)
		h := w.Header()
		if w.Code != 200 || w.Body.String() != c.body || h.Get("Content-Encoding") != c.encoding || h.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s for %q: %d %q %v", c.target, c.accept, w.Code, w.Body, h)
		}
		again := get(f, c.target, "Accept-Encoding", c.accept, "If-None-Match", h.Get("ETag"))
		if again.Code != 304 || again.Body.Len() != 0 {
			t.Errorf("%s again: %d", c.target, again.Code)
		}
		immutable := strings.Contains(h.Get("Cache-Control"), "immutable")
		if immutable != strings.HasPrefix(c.target, "/assets/") {
			t.Errorf("%s: %q", c.target, h.Get("Cache-Control"))
		}
	}
	if got := get(f, "/v1.js").Header().Get("Cross-Origin-Resource-Policy"); got != "cross-origin" {
		t.Errorf("no page could include the loader: %q", got)
	}
	if got := get(f, "/v1.js").Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("CORS: %q", got)
	}
}

func TestOnlyBuiltFilesAreServed(t *testing.T) {
	f := floor(t, Deps{Assets: built()})
	for _, target := range []string{"/assets/notes.txt", "/assets/nothing.js", "/assets/console-BBBBBBBB.js.gz", "/assets/..%2fv1.js", "/assets/..%2fmanifest.json", "/manifest.json", "/sizes.json", "/assets/"} {
		if w := get(f, target); w.Code != 404 {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	if w := get(f, "/"); w.Code != 303 || w.Header().Get("Location") != "/console/" {
		t.Errorf("/: %d %q", w.Code, w.Header().Get("Location"))
	}
}
