package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"countersign/internal/httpapi"
)

// twoHosts is a floor whose console and widget have an origin each.
func twoHosts(t *testing.T) *house {
	return open(t, func(o *httpapi.Options) {
		o.BaseURL, o.WidgetURL = "https://desk.example.com", "https://chat.example.com"
	})
}

func (h *house) onHost(method, path, host string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://x"+path, nil)
	r.Host = host
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	h.Floor.ServeHTTP(w, r)
	return w
}

// absent is the answer of a route that is not there.
func absent(w *httptest.ResponseRecorder) bool {
	return w.Code == 404 && strings.Contains(w.Body.String(), `"not_found"`)
}

// Every route exists on the host of its side, on both if it belongs to both, and on no
// third one. A route of the widget is listed here by what it begins with: a new one that
// nobody lists is the console's.
func TestEveryRouteExistsOnTheHostOfItsSideAlone(t *testing.T) {
	h, one := twoHosts(t), open(t)
	if h.Floor.OneOrigin() || !one.Floor.OneOrigin() {
		t.Fatal("one origin, and two")
	}
	count := map[string]int{}
	for _, r := range h.Floor.Routes() {
		side := "console"
		for prefix, of := range map[string]string{
			"/api/v1/widget/": "widget", "/api/v1/register": "widget", "/v1.js": "widget", "/frame/": "widget", "/m/": "widget", "/beacon.js": "widget", "/cdn/": "widget", "/widget/": "widget", "/assets/": "both", "/healthz": "both", "/readyz": "both", "/metrics": "both",
		} {
			if strings.HasPrefix(r.Path, prefix) {
				side = of
			}
		}
		count[side]++
		path := strings.NewReplacer("{$}", "", "{rest...}", "x", "{", "", "}", "").Replace(r.Path)
		plain := absent(one.onHost(r.Method, path, "anything.example.com", nil)) // such as a file that is not there
		for host, serves := range map[string]bool{
			"desk.example.com": side != "widget", "chat.example.com": side != "console", "other.example.com": side == "both", "": side == "both",
		} {
			if got := !absent(h.onHost(r.Method, path, host, nil)); got != (serves && !plain) {
				t.Errorf("%s %s on %q: there %v", r.Method, r.Path, host, got)
			}
		}
	}
	if count["widget"] < 8 || count["console"] < 50 || count["both"] < 4 {
		t.Errorf("sides %v", count)
	}
}

func TestAHostIsTheSameHoweverItIsSpelt(t *testing.T) {
	h := twoHosts(t)
	for host, serves := range map[string]bool{
		"desk.example.com": true, "DESK.example.COM": true, "desk.example.com.": true, "desk.example.com:443": true, "desk.example.com:80": true, "Desk.Example.com.:443": true,
		"desk.example.com:8443": false, "desk.example.com.evil.example": false, "xdesk.example.com": false, "chat.example.com": false, "chat.example.com:443": false,
		"desk.example.com@chat.example.com": false, "127.0.0.1": false, "[::1]": false, "desk.example.com..": false, " desk.example.com": false,
	} {
		if got := !absent(h.onHost("GET", "/api/openapi.json", host, nil)); got != serves {
			t.Errorf("%q: there %v", host, got)
		}
	}
}

func TestForgedForwardedHostChangesNothing(t *testing.T) {
	h := twoHosts(t)
	for _, name := range []string{"X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Host", "X-Forwarded-Server", "X-Rewrite-Url", "X-Original-Url"} {
		for _, value := range []string{"desk.example.com", "host=desk.example.com", "/api/openapi.json"} {
			w := h.onHost("GET", "/api/openapi.json", "chat.example.com", http.Header{name: {value}})
			if !absent(w) {
				t.Errorf("%s: %s reached the console: %d", name, value, w.Code)
			}
		}
	}
}

// The wrong host does not even say that another method would do.
func TestTheWrongHostDoesNotTellMethods(t *testing.T) {
	h := twoHosts(t)
	if w := h.onHost("DELETE", "/api/openapi.json", "chat.example.com", nil); !absent(w) {
		t.Errorf("%d %s", w.Code, w.Header())
	}
	if w := h.onHost("DELETE", "/api/openapi.json", "desk.example.com", nil); w.Code != 405 {
		t.Errorf("on its own host: %d", w.Code)
	}
}

func TestPathsThatAreCleanedStayOnTheirSide(t *testing.T) {
	h := twoHosts(t)
	for _, path := range []string{
		"/api/v1/widget/../console/me", "/assets/../console", "/healthz/../api/openapi.json", "//api/openapi.json", "/v1.js/../api/openapi.json",
		"/frame/../console/", "/frame/..%2fconsole", "/%61pi/openapi.json", "/api/v1/widget/%2e%2e/console/me",
	} {
		w := h.onHost("GET", path, "chat.example.com", nil)
		if to := w.Header().Get("Location"); w.Code/100 == 3 { // to the address as the mux spells it
			w = h.onHost("GET", to, "chat.example.com", nil)
		}
		if w.Code == 200 || strings.Contains(w.Body.String(), "openapi") {
			t.Errorf("%s: %d %.80s", path, w.Code, w.Body)
		}
	}
}

// Pages of Help Scout's load their script from the root of its host. On two hosts that
// is the widget's root; the other's leads to the console, and neither does the other's work.
func TestTheRootIsAScriptOnOneHostAndTheWayToTheConsoleOnTheOther(t *testing.T) {
	h := twoHosts(t)
	for _, c := range []struct {
		host, dest string
		there      bool
	}{
		{"chat.example.com", "script", true}, {"chat.example.com", "document", false}, {"chat.example.com", "", false}, {"chat.example.com", "iframe", false},
		{"desk.example.com", "document", true}, {"desk.example.com", "", true}, {"desk.example.com", "script", false},
		{"other.example.com", "script", false}, {"other.example.com", "document", false},
	} {
		w := h.onHost("GET", "/", c.host, http.Header{"Sec-Fetch-Dest": {c.dest}})
		if got := !absent(w); got != c.there {
			t.Errorf("%s as %q: there %v (%d)", c.host, c.dest, got, w.Code)
		}
	}
	for _, path := range []string{"/console/", "/api/openapi.json", "/api/v1/console/me"} {
		if w := h.onHost("GET", path, "chat.example.com", http.Header{"Sec-Fetch-Dest": {"script"}}); !absent(w) {
			t.Errorf("%s as a script is on the widget's host: %d", path, w.Code)
		}
	}
}

func TestLinksLeadToTheConsoleAndSnippetsToTheWidget(t *testing.T) {
	h := twoHosts(t)
	if h.Floor.Base() != "https://desk.example.com" || h.Floor.WidgetBase() != "https://chat.example.com" || h.Floor.Origin() != "https://desk.example.com" {
		t.Errorf("%s %s %s", h.Floor.Base(), h.Floor.WidgetBase(), h.Floor.Origin())
	}
	if one := open(t); one.Floor.WidgetBase() != one.Floor.Base() {
		t.Errorf("%s %s", one.Floor.WidgetBase(), one.Floor.Base())
	}
}
