// Package httpapi is the HTTP floor that every door stands on: it authenticates
// through the door's guard, decodes strictly, limits, translates errors, encodes,
// and describes all of it as OpenAPI 3.1.
//
// A handler is a function from a decoded body to an answer or an error. What it
// never sees, because the floor refused it before: a caller without the route's
// credential; a body that is not one JSON document of exactly its type. What it
// cannot do: write an error of its own making, for every refusal is one of the
// catalogue.
//
// The routes and schemas are huma's OpenAPI model. Its request pipeline is not
// used: it decodes a body twice, quotes refused values back to their sender (a
// value may be a secret) and keeps its error shape in a package variable.
//
// Nothing here is cached by a browser unless a face says so, no CORS header is
// ever sent (widget and console call their own origin), and logs and metrics name
// the route's pattern, never the address that was asked for.
package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"countersign/identity/policy"
	"countersign/internal/httpapi/wire"
)

// Options is what the floor is told by the process.
type Options struct {
	BaseURL        string // of the console, as browsers see us, without a trailing slash
	WidgetURL      string // of the widget; empty: the same
	Address        string // where we listen, as http://host:port: what links begin with if there is no BaseURL
	Version        string
	TrustedProxies []netip.Prefix
	Log            *slog.Logger
	// Ready answers nil while this node may act: its pulse is fresh and its database answers.
	Ready func(context.Context) error
	// Program finds out who holds an API token, for /metrics. nil: nobody does.
	Program func(ctx context.Context, token string) (policy.Principal, error)
	// Heartbeat is how often a silent stream shows that it lives; zero is 20 s.
	Heartbeat time.Duration
}

// Floor is one listener's routes.
type Floor struct {
	mux     *http.ServeMux
	options Options
	base    string
	hosts   hosts
	log     *slog.Logger
	metrics *Metrics
	spec    *huma.OpenAPI
	routes  []Route
	meters  map[string]*meter // :: pattern → what it took
	strays  *meter

	patience time.Duration // of one write to a stream

	drained sync.Once
	drain   chan struct{}
	docs    docsPage
}

// New makes a floor with health, metrics and documentation on it.
func New(options Options) *Floor {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Heartbeat == 0 {
		options.Heartbeat = heartbeat
	}
	f := &Floor{
		mux: http.NewServeMux(), options: options, base: strings.TrimRight(options.BaseURL, "/"), log: options.Log,
		metrics: newMetrics(), spec: newSpec(options.Version), meters: map[string]*meter{}, drain: make(chan struct{}), patience: streamWrite,
	}
	f.hosts = newHosts(options.BaseURL, options.WidgetURL)
	f.strays = f.metrics.meter("unmatched")
	f.addHealth()
	f.addDocs()
	return f
}

// Routes is the route table in the order of registration.
func (f *Floor) Routes() []Route { return append([]Route(nil), f.routes...) }

// Metrics is where doors count.
func (f *Floor) Metrics() *Metrics { return f.metrics }

// Base is the public address, for links: as configured, else where we listen. The
// Host of a request is whatever its sender wrote there, and a link with a secret in it
// would lead there.
func (f *Floor) Base() string {
	if f.base != "" {
		return f.base
	}
	return strings.TrimRight(f.options.Address, "/")
}

// Secure says whether browsers reach us over https, so that cookies must not travel otherwise.
func (f *Floor) Secure(c Client) bool { return c.HTTPS || strings.HasPrefix(f.base, "https://") }

// Origin is the configured public origin, if any.
func (f *Floor) Origin() string {
	u, err := url.Parse(f.base)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Log is the floor's logger.
func (f *Floor) Log() *slog.Logger { return f.log }

// Drain asks every stream to end and its reader to reconnect: a graceful
// shutdown waits for streams otherwise.
func (f *Floor) Drain() { f.drained.Do(func() { close(f.drain) }) }

// Draining is closed by Drain.
func (f *Floor) Draining() <-chan struct{} { return f.drain }

func (f *Floor) add(route Route, in, out reflect.Type, serve http.HandlerFunc) {
	if route.ID == "" {
		panic(fmt.Sprintf("httpapi: route %s has no id", route.pattern()))
	}
	f.routes = append(f.routes, route)
	f.meters[route.pattern()] = f.metrics.meter(route.pattern())
	if route.Spell != nil {
		plain := serve
		serve = func(w http.ResponseWriter, r *http.Request) {
			exchangeOf(r.Context()).spell = route.Spell
			plain(w, r)
		}
	}
	f.mux.HandleFunc(route.pattern(), func(w http.ResponseWriter, r *http.Request) {
		if !f.hosts.serves(r, route.Path) {
			f.Refuse(w, r, Fail(NotFound))
			return
		}
		serve(w, r)
	})
	if !route.Hidden {
		describe(f.spec, route, in, out)
	}
}

// exchange is one request under way: its id, its caller, and what became of it.
type exchange struct {
	http.ResponseWriter
	id      string
	client  Client
	status  int
	written bool
	failed  *Error
	spell   func(wire.Problem) (status int, body any)

	routed *http.Request // while the mux serves it; without a pattern the mux itself answers
	stray  int           // the status of that answer, which is thrown away
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// ClientOf is who is at the other end of a request.
func ClientOf(r *http.Request) Client {
	if x := exchangeOf(r.Context()); x != nil {
		return x.client
	}
	return clientOf(r, nil)
}

// ClientIn is ClientOf for whoever holds no request, and only what the floor handed on.
func ClientIn(ctx context.Context) Client {
	if x := exchangeOf(ctx); x != nil {
		return x.client
	}
	return Client{Network: networkOf(netip.Addr{})}
}

// RequestID is the id that answers and logs of one request share.
func RequestID(ctx context.Context) string {
	if x := exchangeOf(ctx); x != nil {
		return x.id
	}
	return ""
}

// unmatched says that the mux found no route and writes a plain text of its own.
func (x *exchange) unmatched() bool { return x.routed != nil && x.routed.Pattern == "" }

func (x *exchange) WriteHeader(status int) {
	if x.unmatched() {
		x.stray = status
		return
	}
	if !x.written {
		x.status, x.written = status, true
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(b []byte) (int, error) {
	if x.unmatched() {
		return len(b), nil
	}
	if !x.written {
		x.status, x.written = http.StatusOK, true
	}
	return x.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// ServeHTTP is the one way in.
func (f *Floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	x := &exchange{ResponseWriter: w, id: newRequestID(), client: clientOf(r, f.options.TrustedProxies)}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	secure(w.Header(), x.id)
	defer func() { f.settle(x, r, started, recover()) }()
	if err := checkAddress(r.URL); err != nil {
		f.Refuse(x, r, err)
		return
	}
	f.route(x, r)
}

// secure sets what every answer carries; faces loosen it by name.
func secure(h http.Header, id string) {
	h["X-Request-Id"] = []string{id}
	h["X-Content-Type-Options"] = nosniff
	h["Referrer-Policy"] = noReferrer
	h["Content-Security-Policy"] = nothingAllowed
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	h["Cache-Control"] = noStore
}

var (
	nosniff        = []string{"nosniff"}
	noReferrer     = []string{"no-referrer"}
	nothingAllowed = []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"}
	sameOrigin     = []string{"same-origin"}
	noStore        = []string{"no-store"}
)

// route serves by the mux, and turns the mux's own refusals into problems.
func (f *Floor) route(x *exchange, r *http.Request) {
	x.routed = r
	f.mux.ServeHTTP(x, r)
	x.routed = nil
	switch {
	case x.stray == 0:
	case x.stray == http.StatusMethodNotAllowed && f.hosts.serves(r, r.URL.Path):
		f.Refuse(x, r, Fail(MethodNotAllowed))
	default:
		f.Refuse(x, r, Fail(NotFound))
	}
}

// settle recovers a panic, counts and logs.
func (f *Floor) settle(x *exchange, r *http.Request, started time.Time, panicked any) {
	if panicked != nil {
		if panicked == http.ErrAbortHandler { //nolint:errorlint // what was panicked with, not an error that somebody returned
			panic(panicked)
		}
		f.log.Error("a handler panicked", "request", x.id, "route", patternOf(r), "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
		broken := x.written
		f.Refuse(x, r, Fail(Internal))
		if broken {
			defer panic(http.ErrAbortHandler) // half an answer must not look whole
		}
	}
	took := time.Since(started)
	m := f.meters[r.Pattern]
	if m == nil {
		m = f.strays
	}
	m.count(x.status, took)
	f.report(x, r, took)
}

func (f *Floor) report(x *exchange, r *http.Request, took time.Duration) {
	level := slog.LevelDebug
	if x.status >= 500 && x.failed != nil && x.failed.Code == Internal {
		level = slog.LevelError
	}
	if !f.log.Enabled(r.Context(), level) {
		return
	}
	fields := []slog.Attr{
		slog.String("request", x.id), slog.String("route", patternOf(r)), slog.Int("status", x.status),
		slog.Duration("took", took), slog.String("network", x.client.Network),
	}
	if x.failed != nil {
		fields = append(fields, slog.String("code", string(x.failed.Code)))
		if x.failed.Code == Internal && x.failed.Cause != nil {
			fields = append(fields, slog.String("error", x.failed.Cause.Error()))
		}
	}
	f.log.LogAttrs(r.Context(), level, "request", fields...)
}

// patternOf is what a log may say of an address.
func patternOf(r *http.Request) string {
	if r.Pattern == "" {
		return "unmatched"
	}
	return r.Pattern
}

var requestIDText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func newRequestID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails: it ends the process instead
	return "req_" + requestIDText.EncodeToString(b[:])
}
