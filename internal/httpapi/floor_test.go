package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/event"
	"countersign/internal/httpapi/wire"
	"countersign/internal/team"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

const secretQuery = "hunter2"

func testFloor(t *testing.T, options Options) *Floor {
	t.Helper()
	if options.Ready == nil {
		options.Ready = func(context.Context) error { return nil }
	}
	return New(options)
}

func get(f *Floor, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

func problemOf(t *testing.T, w *httptest.ResponseRecorder) wire.Problem {
	t.Helper()
	var p wire.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v in %q", err, w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	if p.Status != w.Code || p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") || p.Title == "" || p.Detail == "" || !strings.HasSuffix(p.Type, "#"+p.Code) {
		t.Errorf("incomplete problem %+v for status %d", p, w.Code)
	}
	return p
}

func TestEveryErrorOfARoomHasItsAnswer(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   Code
		detail string
	}{
		{policy.ErrForbidden, 403, Forbidden, ""},
		{fmt.Errorf("inbox: %w", policy.ErrForbidden), 403, Forbidden, ""},
		{event.ErrStale, 503, NotReady, ""},
		{workspace.ErrNotFound, 404, NotFound, ""},
		{workspace.ErrTaken, 409, Conflict, "This name is taken."},
		{fmt.Errorf("create: %w: the slug is empty", workspace.ErrInvalid), 422, RequestInvalid, "The slug is empty."},
		{team.ErrRefused, 401, SessionEnded, ""},
		{errors.Join(team.ErrLimited, errors.New("reading a limit")), 429, TooMany, ""},
		{team.ErrTaken, 409, Conflict, "This address is taken."},
		{team.ErrLastOwner, 409, Conflict, "The last owner stays."},
		{trust.ErrConflict, 409, Conflict, ""},
		{trust.ErrSecretInUse, 409, Conflict, "This secret or key is in use already."},
		{chat.ErrNotFound, 404, NotFound, ""},
		{chat.ErrSessionEnded, 401, SessionEnded, ""},
		{fmt.Errorf("%w: the text is blank", chat.ErrInvalid), 422, RequestInvalid, "The text is blank."},
		{chat.ErrInvalid, 422, RequestInvalid, ""},
		{chat.ErrTooMany, 429, TooMany, ""},
		{chat.ErrRefused, 403, IdentityRefused, ""},
		{context.Canceled, 503, NotReady, ""},
		{errors.New("disk is full at /secret/path"), 500, Internal, ""},
		{Fail(ChannelUnknown), 404, ChannelUnknown, ""},
		{Impossible("No."), 422, RequestInvalid, "No."},
		{Malformed("No."), 400, RequestInvalid, "No."},
	} {
		f := testFloor(t, Options{})
		Handle(f, Anyone(), Route{Method: "GET", Path: "/x", ID: "x", Hidden: true},
			func(context.Context, *Call[wire.None], wire.None) (wire.None, error) { return wire.None{}, c.err })
		w := get(f, "GET", "/x", "")
		p := problemOf(t, w)
		if w.Code != c.status || p.Code != string(c.code) || c.detail != "" && p.Detail != c.detail {
			t.Errorf("%v: %d %s %q, want %d %s %q", c.err, w.Code, p.Code, p.Detail, c.status, c.code, c.detail)
		}
		if strings.Contains(w.Body.String(), "/secret/path") {
			t.Errorf("an inner error went out: %s", w.Body)
		}
	}
}

func TestRefusalsOfAnIdentityAreEquallyLong(t *testing.T) {
	f := testFloor(t, Options{BaseURL: "https://chat.example"})
	var answer error
	Handle(f, Anyone(), Route{Method: "GET", Path: "/x", ID: "x", Hidden: true},
		func(context.Context, *Call[wire.None], wire.None) (wire.None, error) { return wire.None{}, answer })
	answer = Fail(IdentityRequired)
	required := get(f, "GET", "/x", "")
	answer = Fail(IdentityRefused)
	refused := get(f, "GET", "/x", "")
	if required.Code != 403 || refused.Code != 403 || required.Body.Len() != refused.Body.Len() {
		t.Fatalf("%d %d bytes against %d %d bytes:\n%s\n%s", required.Code, required.Body.Len(), refused.Code, refused.Body.Len(), required.Body, refused.Body)
	}
	for name := range required.Header() {
		if name != "X-Request-Id" && required.Header().Get(name) != refused.Header().Get(name) {
			t.Errorf("%s differs: %q and %q", name, required.Header().Get(name), refused.Header().Get(name))
		}
	}
}

func TestBodiesAreTakenStrictly(t *testing.T) {
	f := testFloor(t, Options{})
	served := 0
	Handle(f, Anyone(), Route{Method: "POST", Path: "/x", ID: "x", MaxBody: 100, Hidden: true},
		func(context.Context, *Call[wire.None], wire.MarkRead) (wire.None, error) {
			served++
			return wire.None{}, nil
		})
	Handle(f, Anyone(), Route{Method: "POST", Path: "/empty", ID: "empty", Hidden: true},
		func(context.Context, *Call[wire.None], wire.Empty) (wire.None, error) { return wire.None{}, nil })
	big := `{"seq":` + strings.Repeat(" ", 200) + `1}`
	for _, c := range []struct {
		name, path, body, media string
		status                  int
		code                    Code
	}{
		{"good", "/x", `{"seq":1}`, "application/json", 204, ""},
		{"good with charset", "/x", `{"seq":1}`, "application/json; charset=UTF-8", 204, ""},
		{"another charset", "/x", `{"seq":1}`, "application/json; charset=latin1", 415, UnsupportedMedia},
		{"a form that looks like JSON", "/x", `{"seq":1}`, "text/plain", 415, UnsupportedMedia},
		{"a form", "/x", `seq=1`, "application/x-www-form-urlencoded", 415, UnsupportedMedia},
		{"no type", "/x", `{"seq":1}`, "", 415, UnsupportedMedia},
		{"too large", "/x", big, "application/json", 413, BodyTooLarge},
		{"no body", "/x", "", "application/json", 400, RequestInvalid},
		{"a fraction", "/x", `{"seq":1.5}`, "application/json", 400, RequestInvalid},
		{"a number beyond 64 bits", "/x", `{"seq":99999999999999999999}`, "application/json", 400, RequestInvalid},
		{"a number as text", "/x", `{"seq":"1"}`, "application/json", 400, RequestInvalid},
		{"nothing where nothing is needed", "/empty", "", "", 204, ""},
		{"{} where nothing is needed", "/empty", "{}", "application/json", 204, ""},
		{"words where nothing is needed", "/empty", `{"a":1}`, "application/json", 400, RequestInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := get(f, "POST", c.path, c.body, "Content-Type", c.media)
			if w.Code != c.status {
				t.Fatalf("%d, want %d: %s", w.Code, c.status, w.Body)
			}
			if c.code != "" {
				if p := problemOf(t, w); p.Code != string(c.code) {
					t.Fatalf("code %s, want %s", p.Code, c.code)
				}
			}
		})
	}
	if served != 2 {
		t.Errorf("the handler ran %d times, want 2", served)
	}
}

func TestABodyOfUnknownLengthIsCutAtItsLimit(t *testing.T) {
	f := testFloor(t, Options{})
	Handle(f, Anyone(), Route{Method: "POST", Path: "/x", ID: "x", Hidden: true},
		func(context.Context, *Call[wire.None], wire.PostMessage) (wire.None, error) { return wire.None{}, nil })
	endless := &endlessReader{}
	r := httptest.NewRequest("POST", "/x", endless)
	r.ContentLength = -1
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if p := problemOf(t, w); w.Code != 413 || p.Code != string(BodyTooLarge) {
		t.Fatalf("%d %s", w.Code, p.Code)
	}
	if endless.read > 2*DefaultMaxBody {
		t.Fatalf("read %d bytes of it", endless.read)
	}
}

func TestABodyThatSaysItIsTooLargeIsNotRead(t *testing.T) {
	f := testFloor(t, Options{})
	Handle(f, Anyone(), Route{Method: "POST", Path: "/x", ID: "x", Hidden: true},
		func(context.Context, *Call[wire.None], wire.PostMessage) (wire.None, error) { return wire.None{}, nil })
	endless := &endlessReader{}
	r := httptest.NewRequest("POST", "/x", endless)
	r.ContentLength = 10 << 20
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if w.Code != 413 || endless.read != 0 || w.Header().Get("Connection") != "close" {
		t.Fatalf("%d after %d bytes", w.Code, endless.read)
	}
}

type endlessReader struct{ read int }

func (e *endlessReader) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	e.read += len(b)
	return len(b), nil
}

func TestAddressesThatCannotBe(t *testing.T) {
	f := testFloor(t, Options{})
	Handle(f, Anyone(), Route{Method: "GET", Path: "/x/{id}", ID: "x", Hidden: true},
		func(_ context.Context, c *Call[wire.None], _ wire.None) (wire.None, error) {
			_, err := c.Number("n", 5, 1, 10)
			return wire.None{}, err
		})
	for target, status := range map[string]int{
		"/x/1":           204,
		"/x/1?n=3":       204,
		"/x/1?n=":        204,
		"/x/%00":         400,
		"/x/%ff":         400,
		"/x/1?n=%00":     400,
		"/x/1?n=%ff":     400,
		"/x/1?n=1;m=2":   400,
		"/x/1?n=%zz":     400,
		"/x/1?n=1&n=2":   400,
		"/x/1?n=0":       400,
		"/x/1?n=11":      400,
		"/x/1?n=-":       400,
		"/x/1?n=1e1":     400,
		"/nowhere":       404,
		"/x":             404,
		"/x/1/2":         404,
		"/api/nowhere":   404,
		"/x/1?%6e=4&o=1": 204,
	} {
		w := get(f, "GET", target, "")
		if w.Code != status {
			t.Errorf("%s: %d, want %d", target, w.Code, status)
		}
		if status >= 400 {
			problemOf(t, w)
		}
	}
	if w := get(f, "PUT", "/x/1", ""); w.Code != 405 || !strings.Contains(w.Header().Get("Allow"), "GET") || problemOf(t, w).Code != string(MethodNotAllowed) {
		t.Errorf("PUT: %d %q", w.Code, w.Header().Get("Allow"))
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	f := testFloor(t, Options{})
	for _, target := range []string{"/healthz", "/readyz", "/nowhere", "/metrics", "/api/docs", "/api/openapi.json"} {
		w := get(f, "GET", target, "", "Origin", "https://evil.example")
		h := w.Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", target, name, got, want)
			}
		}
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", target, csp)
		}
	}
	w := get(f, "OPTIONS", "/healthz", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "GET")
	for name := range w.Header() {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("a preflight was answered with %s", name)
		}
	}
}

func TestAPanicIsACodedAnswerAndTheServerGoesOn(t *testing.T) {
	var log bytes.Buffer
	f := testFloor(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	Raw(f, Anyone(), Route{Method: "GET", Path: "/x", ID: "x", Hidden: true},
		func(http.ResponseWriter, *http.Request, wire.None) error { panic("boom") })
	w := get(f, "GET", "/x?token="+secretQuery, "")
	if p := problemOf(t, w); w.Code != 500 || p.Code != string(Internal) || strings.Contains(w.Body.String(), "boom") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "boom") || strings.Contains(log.String(), secretQuery) {
		t.Fatalf("logged: %s", log.String())
	}
}

func TestLogsNameThePatternAndNeverTheAddress(t *testing.T) {
	var log bytes.Buffer
	f := testFloor(t, Options{Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	Handle(f, Anyone(), Route{Method: "POST", Path: "/x/{id}", ID: "x", Hidden: true},
		func(context.Context, *Call[wire.None], wire.PostMessage) (wire.None, error) { return wire.None{}, nil })
	get(f, "POST", "/x/"+secretQuery+"?q="+secretQuery, `{"text":"`+secretQuery+`"}`, "Authorization", "Bearer "+secretQuery, "Cookie", "a="+secretQuery)
	get(f, "POST", "/x/1", `{"`+secretQuery+`":1}`)
	get(f, "GET", "/"+secretQuery, "")
	if strings.Contains(log.String(), secretQuery) {
		t.Errorf("the log repeats what was sent: %s", log.String())
	}
	if !strings.Contains(log.String(), `"route":"POST /x/{id}"`) || !strings.Contains(log.String(), `"route":"unmatched"`) {
		t.Errorf("the log does not name the patterns: %s", log.String())
	}
	text := metricsFrom(f, "127.0.0.1:5555").Body.String()
	if !strings.Contains(text, "countersign_http_requests_total") || strings.Contains(text, secretQuery) {
		t.Errorf("the metrics are not there, or repeat what was sent:\n%s", text)
	}
}

func metricsFrom(f *Floor, peer string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Host = "localhost:8080"
	r.RemoteAddr = peer
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

// TestMetricsAreNoOracleForStrangers: they count refusals by their exact reason, so
// whoever forges proofs could read there how near each one came.
func TestMetricsAreNoOracleForStrangers(t *testing.T) {
	f := testFloor(t, Options{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("203.0.113.0/24")},
		Program: func(_ context.Context, token string) (policy.Principal, error) {
			switch token {
			case "metrics":
				return policy.ForToken("main", "tok_1", []policy.Right{policy.ReadMetrics}), nil
			case "audit":
				return policy.ForToken("main", "tok_2", []policy.Right{policy.ReadAudit}), nil
			}
			return policy.Principal{}, team.ErrRefused
		},
	})
	for _, c := range []struct {
		peer    string
		headers []string
		want    int
	}{
		{"127.0.0.1:1", nil, 200},
		{"[::1]:1", nil, 200},
		{"[::ffff:127.0.0.1]:1", nil, 200},
		{"127.0.0.1:1", []string{"Host", "127.0.0.1:8080"}, 200},
		{"127.0.0.1:1", []string{"Host", "[::1]:8080"}, 200},
		{"127.0.0.1:1", []string{"Host", "chat.example.com"}, 404},
		{"127.0.0.1:1", []string{"Host", "localhost.example.com:80"}, 404},
		{"127.0.0.1:1", []string{"X-Forwarded-For", "198.51.100.7"}, 404},
		{"127.0.0.1:1", []string{"X-Forwarded-For", "127.0.0.1"}, 404},
		{"127.0.0.1:1", []string{"X-Forwarded-For", ""}, 404},
		{"127.0.0.1:1", []string{"x-forwarded-proto", "https"}, 404},
		{"127.0.0.1:1", []string{"Forwarded", "for=127.0.0.1"}, 404},
		{"127.0.0.1:1", []string{"X-Real-IP", "127.0.0.1"}, 404},
		{"127.0.0.1:1", []string{"Via", "1.1 proxy"}, 404},
		{"198.51.100.7:1", nil, 404},
		{"203.0.113.7:1", []string{"X-Forwarded-For", "127.0.0.1"}, 404},
		{"10.0.0.1:1", nil, 404},
		{"", nil, 404},
		{"198.51.100.7:1", []string{"Authorization", "Bearer metrics"}, 200},
		{"127.0.0.1:1", []string{"X-Forwarded-For", "198.51.100.7", "Authorization", "Bearer metrics"}, 200},
		{"198.51.100.7:1", []string{"Authorization", "Bearer audit"}, 404},
		{"198.51.100.7:1", []string{"Authorization", "Bearer nonesuch"}, 404},
		{"198.51.100.7:1", []string{"Cookie", LoginCookie + "=metrics"}, 404},
	} {
		w := metricsFrom(f, c.peer, c.headers...)
		if w.Code != c.want || (w.Code == 200) != strings.Contains(w.Body.String(), "countersign_") {
			t.Errorf("from %q with %v: %d, want %d", c.peer, c.headers, w.Code, c.want)
		}
	}
	if w := metricsFrom(testFloor(t, Options{}), "198.51.100.7:1", "Authorization", "Bearer metrics"); w.Code != 404 {
		t.Errorf("where nobody knows tokens: %d", w.Code)
	}
}

func TestForwardedHeadersCountOnlyFromAListedProxy(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer, forwarded, proto, network string
		https                                 bool
	}{
		{"no header", "203.0.113.7:1", "", "", "203.0.113.7", false},
		{"a forged header", "203.0.113.7:1", "198.51.100.1", "https", "203.0.113.7", false},
		{"a forged chain", "203.0.113.7:1", "198.51.100.1, 10.0.0.1", "https", "203.0.113.7", false},
		{"a proxy of ours", "10.1.2.3:1", "198.51.100.1", "https", "198.51.100.1", true},
		{"two proxies of ours", "10.1.2.3:1", "198.51.100.1, 10.9.9.9", "", "198.51.100.1", false},
		{"a visitor who forges behind our proxy", "10.1.2.3:1", "1.2.3.4, 198.51.100.1", "", "198.51.100.1", false},
		{"nonsense behind our proxy", "10.1.2.3:1", "1.2.3.4, unknown", "", "10.1.2.3", false},
		{"a proxy that says nothing", "10.1.2.3:1", "", "", "10.1.2.3", false},
		{"only proxies", "10.1.2.3:1", "10.1.1.1", "", "10.1.1.1", false},
		{"IPv6 is a /56", "[2001:db8:1:2ff::7]:1", "", "", "2001:db8:1:200::/56", false},
		{"IPv6 behind our proxy", "[fd00::1]:1", "2001:db8:5:1::9", "", "2001:db8:5::/56", false},
		{"IPv6 in brackets with a port", "[fd00::1]:1", "[2001:db8:5:1::9]:443", "", "2001:db8:5::/56", false},
		{"mapped IPv4 is IPv4", "[::ffff:203.0.113.7]:1", "", "", "203.0.113.7", false},
		{"a mapped proxy is a proxy", "[::ffff:10.1.2.3]:1", "198.51.100.1", "", "198.51.100.1", false},
		{"no address at all", "@", "198.51.100.1", "https", "unknown", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			if c.proto != "" {
				r.Header.Set("X-Forwarded-Proto", c.proto)
			}
			got := clientOf(r, proxies)
			if got.Network != c.network || got.HTTPS != c.https {
				t.Fatalf("%+v, want %s %v", got, c.network, c.https)
			}
		})
	}
}

func TestReadiness(t *testing.T) {
	var why error
	f := testFloor(t, Options{Ready: func(context.Context) error { return why }})
	if w := get(f, "GET", "/readyz", ""); w.Code != 200 {
		t.Fatalf("%d", w.Code)
	}
	why = event.ErrStale
	if w := get(f, "GET", "/readyz", ""); w.Code != 503 || problemOf(t, w).Code != string(NotReady) {
		t.Fatalf("%d", w.Code)
	}
	if w := get(f, "GET", "/healthz", ""); w.Code != 200 {
		t.Fatalf("a node that is not ready lives nevertheless: %d", w.Code)
	}
	why = nil
	f.Drain()
	f.Drain()
	if w := get(f, "GET", "/readyz", ""); w.Code != 503 {
		t.Fatalf("%d while draining", w.Code)
	}
	if w := get(New(Options{}), "GET", "/readyz", ""); w.Code != 503 {
		t.Fatalf("%d with nobody to say so: it fails closed", w.Code)
	}
}

func TestBearerIsOneTokenInOneHeader(t *testing.T) {
	for value, want := range map[string]string{
		"Bearer abc": "abc", "bearer abc": "abc", "Bearer": "", "Bearer ": "", "Basic abc": "", "abc": "", "": "",
		"Bearer a b": "", "Bearer a,b": "", "Bearer " + strings.Repeat("a", 600): "",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", value)
		if got, _ := Bearer(r); got != want {
			t.Errorf("%q: %q", value, got)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header["Authorization"] = []string{"Bearer abc", "Bearer def"}
	if got, ok := Bearer(r); ok {
		t.Errorf("two headers: %q", got)
	}
}

func TestCursorsAreReadBackAndNothingElseIs(t *testing.T) {
	at := chat.Cursor{ID: "cnv_1"}
	at.At = at.At.AddDate(2020, 0, 0)
	back, err := ParseCursor(Cursor(at))
	if err != nil || back.ID != at.ID || !back.At.Equal(at.At) {
		t.Fatalf("%+v %v", back, err)
	}
	if c, err := ParseCursor(""); err != nil || c != (chat.Cursor{}) || Cursor(c) != "" {
		t.Fatalf("%+v %v", c, err)
	}
	for _, text := range []string{"x", "!!!", "AAAA", cursorText.EncodeToString([]byte("zz.")), cursorText.EncodeToString([]byte("-1.a")), cursorText.EncodeToString([]byte("1.\x00")), cursorText.EncodeToString([]byte("1.\xff"))} {
		if _, err := ParseCursor(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
