package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"countersign/identity/policy"
	"countersign/internal/httpapi/wire"
)

// HintCookie says to the console's own page that there may be a login, so that a page of
// nobody need not ask. It is no credential: no door looks at it.
const HintCookie = "countersign_here"

// LoginCookie carries an agent's login. Its path keeps it from every other door.
const LoginCookie = "countersign_console"

// Access says whose credential a route takes. No route takes two.
type Access string

const (
	Public         Access = "public"
	VisitorSession Access = "visitor session" // Authorization: Bearer, from POST /api/v1/widget/sessions
	AgentLogin     Access = "agent login"     // cookie of the console
	APIToken       Access = "api token"       // Authorization: Bearer, made in the console
)

// Guard authenticates. P is what a handler is then told about its caller.
type Guard[P any] struct {
	Access Access
	Check  func(*http.Request) (P, error)
}

// Anyone is the guard of public routes.
func Anyone() Guard[wire.None] {
	return Guard[wire.None]{Access: Public, Check: func(*http.Request) (wire.None, error) { return wire.None{}, nil }}
}

// Query documents one parameter of the query.
type Query struct{ Name, Doc string }

// Route is one row of the route table.
type Route struct {
	Method  string
	Path    string // as http.ServeMux spells it
	ID      string // of the operation in the OpenAPI
	Tag     string
	Summary string
	Status  int          // of success; 0 is 200, or 204 without a body
	Query   []Query      // accepted in the query
	Fails   []Code       // beyond those that every call of its access may answer with
	MaxBody int64        // bytes; 0 is DefaultMaxBody
	Access  Access       // filled by Handle and Stream
	Right   policy.Right // that an operator needs for it, for the documentation; the rooms ask. Empty: none, or a visitor's
	Hidden  bool         // not in the OpenAPI: a page, a script
	Stream  bool         // lives for hours: its duration is no duration
	Upload  bool         // takes a file as multipart/form-data; see Receive
	Bytes   bool         // answers with the bytes of a file
	// Spell, if set, is how a vendor whose contract the route keeps would put a refusal.
	Spell func(wire.Problem) (status int, body any)
}

func (r Route) pattern() string { return r.Method + " " + r.Path }

// Call is one request, as a handler sees it.
type Call[P any] struct {
	Who     P
	Client  Client
	request *http.Request
	header  http.Header
}

// Path is a wildcard of the route.
func (c *Call[P]) Path(name string) string { return c.request.PathValue(name) }

// Query is a parameter, or empty.
func (c *Call[P]) Query(name string) string { return c.request.URL.Query().Get(name) }

// Number is a parameter that is a whole number within bounds; absent is fallback.
func (c *Call[P]) Number(name string, fallback, least, most int64) (int64, error) {
	return number(c.request.URL.Query(), name, fallback, least, most)
}

// UserAgent is what the browser calls itself, cut to a length that fits a row.
func (c *Call[P]) UserAgent() string {
	text := c.request.UserAgent()
	if len(text) > 256 {
		text = text[:256]
	}
	return strings.ToValidUTF8(text, "")
}

// Host is the name under which the request came: whatever its sender wrote there.
func (c *Call[P]) Host() string { return c.request.Host }

// Spell is Route.Spell for this one call: its body says which vendor's program sent it.
func (c *Call[P]) Spell(as func(wire.Problem) (status int, body any)) {
	exchangeOf(c.request.Context()).spell = as
}

// SetCookie adds a cookie to the answer.
func (c *Call[P]) SetCookie(cookie *http.Cookie) { c.header.Add("Set-Cookie", cookie.String()) }

func number(query url.Values, name string, fallback, least, most int64) (int64, error) {
	text := query.Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, Malformed("The parameter " + name + " is not a number from " + strconv.FormatInt(least, 10) + " to " + strconv.FormatInt(most, 10) + ".")
	}
	return n, nil
}

// Handle adds a JSON call: authenticate, then decode, then serve, then encode. A
// body can be sent as slowly as its sender likes, so whoever acts for the workspace
// is authenticated once more when all of it is there; a visitor's session is, by
// every use case that takes one. In wire.None reads no body, wire.Empty allows {} or nothing; Out wire.None is 204.
func Handle[P, In, Out any](f *Floor, guard Guard[P], route Route, serve func(context.Context, *Call[P], In) (Out, error)) {
	in, out := reflect.TypeFor[In](), reflect.TypeFor[Out]()
	silent := out == reflect.TypeFor[wire.None]()
	if route.MaxBody == 0 {
		route.MaxBody = DefaultMaxBody
	}
	if route.Status == 0 {
		route.Status = http.StatusOK
		if silent {
			route.Status = http.StatusNoContent
		}
	}
	route.Access = guard.Access
	takes := bodyKindOf(in)
	f.add(route, in, out, func(w http.ResponseWriter, r *http.Request) {
		who, err := guard.Check(r)
		if err != nil {
			f.Refuse(w, r, err)
			return
		}
		var body In
		if err := takes.read(w, r, route.MaxBody, &body); err != nil {
			f.Refuse(w, r, err)
			return
		}
		if takes != bodyIgnored && (guard.Access == AgentLogin || guard.Access == APIToken) {
			if who, err = guard.Check(r); err != nil {
				f.Refuse(w, r, err)
				return
			}
		}
		call := Call[P]{Who: who, Client: ClientOf(r), request: r, header: w.Header()}
		answer, err := serve(r.Context(), &call, body)
		switch {
		case err != nil:
			f.Refuse(w, r, err)
		case silent:
			w.WriteHeader(route.Status)
		default:
			f.write(w, r, route.Status, answer)
		}
	})
}

// Raw adds a route that writes its own answer: a page, a script, a stream.
func Raw[P any](f *Floor, guard Guard[P], route Route, serve func(http.ResponseWriter, *http.Request, P) error) {
	route.Access = guard.Access
	none := reflect.TypeFor[wire.None]()
	f.add(route, none, none, func(w http.ResponseWriter, r *http.Request) {
		who, err := guard.Check(r)
		if err == nil {
			err = serve(w, r, who)
		}
		if err != nil {
			f.Refuse(w, r, err)
		}
	})
}

// Page adds a public route that writes its own answer.
func Page(f *Floor, route Route, serve func(http.ResponseWriter, *http.Request) error) {
	Raw(f, Anyone(), route, func(w http.ResponseWriter, r *http.Request, _ wire.None) error { return serve(w, r) })
}

// bodyKind says what a route does with a body.
type bodyKind int

const (
	bodyIgnored bodyKind = iota
	bodyOptional
	bodyRequired
)

func bodyKindOf(in reflect.Type) bodyKind {
	switch in {
	case reflect.TypeFor[wire.None]():
		return bodyIgnored
	case reflect.TypeFor[wire.Empty]():
		return bodyOptional
	}
	return bodyRequired
}

func (k bodyKind) read(w http.ResponseWriter, r *http.Request, limit int64, into any) error {
	if k == bodyIgnored {
		return nil
	}
	body, err := readBody(w, r, limit)
	if err != nil {
		return err
	}
	if body == nil && k == bodyOptional {
		return nil
	}
	return Decode(body, into)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (f *Floor) write(w http.ResponseWriter, r *http.Request, status int, answer any) {
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	buffer.Reset()
	if err := json.MarshalWrite(buffer, answer); err != nil {
		f.Refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(buffer.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(buffer.Bytes())
}

// Bearer is the token of an Authorization header, if it holds exactly one.
func Bearer(r *http.Request) (string, bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 || len(values[0]) > 512 {
		return "", false
	}
	scheme, token, found := strings.Cut(values[0], " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " \t,") {
		return "", false
	}
	return token, true
}

// checkAddress refuses addresses that no row can have: NUL, broken UTF-8, a
// query that does not parse.
func checkAddress(u *url.URL) error {
	if !isText(u.Path) {
		return Malformed("The address holds characters that it cannot.")
	}
	if u.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Malformed("The query cannot be read.")
	}
	for name, values := range query {
		if len(values) != 1 || !isText(name) || !isText(values[0]) {
			return Malformed("The query cannot be read.")
		}
	}
	return nil
}

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// Timestamp is an optional time of an answer: absent if zero.
func Timestamp(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}
