// Package shop is the demonstration's own site: a small store with a messenger
// on every page. It stands where a customer of Countersign stands, and so it
// imports nothing of Countersign: it knows a channel's public id, an address and
// a secret, signs with crypto/hmac (sign.go is all of it) and otherwise speaks
// the public HTTP interface.
//
// It also carries the attack bench (/attacks), which tries from the outside what
// an attacker would try, and says plainly if something worked.
//
// The goods, the orders and the people are invented. There are no passwords: you
// choose whom to be.
package shop

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed pages/*.html art/*.svg static/*
var files embed.FS

// Secret is a text that no log line and no page should ever show.
type Secret string

// Format hides the text from every verb.
func (Secret) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte("[secret]")) }

// LogValue and MarshalText hide it from loggers and encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Config is all that the shop is told.
type Config struct {
	Listen         string // default 127.0.0.1:8081; the next free port if it is taken
	Channel        string // public id of the messenger channel
	CountersignURL string // as browsers and this process reach it
	Secret         Secret // signs the user ids of this shop's customers
	Seed           bool   // write the first conversations when it starts

	// For the attack bench only; without them the attacks that need them are left out.
	OtherSecret  Secret // of another channel: what an attacker might hold
	OtherChannel string
	TokenSecret  Secret // signs HS256 tokens for the other channel
	PublicKey    string // PEM: the other channel takes tokens of this pair, whose private half nobody here has
	AuditToken   Secret // may read the record of decisions and nothing else
	AdminURL     string // the console, to link to
	MailboxURL   string // where the demo's mail is read; empty where there is no such page
}

// FromEnv reads the configuration from the environment and names everything
// that is missing at once.
func FromEnv(getenv func(string) string) (Config, error) {
	config := Config{
		Listen:         getenv("SHOP_LISTEN"),
		Channel:        getenv("SHOP_CHANNEL"),
		CountersignURL: getenv("SHOP_COUNTERSIGN_URL"),
		Secret:         Secret(getenv("SHOP_SECRET")),
		Seed:           getenv("SHOP_SEED") != "off",
		OtherSecret:    Secret(getenv("SHOP_OTHER_SECRET")),
		OtherChannel:   getenv("SHOP_OTHER_CHANNEL"),
		TokenSecret:    Secret(getenv("SHOP_TOKEN_SECRET")),
		PublicKey:      getenv("SHOP_PUBLIC_KEY"),
		AuditToken:     Secret(getenv("SHOP_AUDIT_TOKEN")),
		AdminURL:       getenv("SHOP_ADMIN_URL"),
		MailboxURL:     getenv("SHOP_MAILBOX_URL"),
	}
	var missing []string
	for _, need := range []struct{ name, value string }{
		{"SHOP_CHANNEL", config.Channel},
		{"SHOP_COUNTERSIGN_URL", config.CountersignURL},
		{"SHOP_SECRET", string(config.Secret)},
	} {
		if need.value == "" {
			missing = append(missing, need.name)
		}
	}
	if len(missing) > 0 {
		return Config{}, fmt.Errorf("shop: set %s", strings.Join(missing, ", "))
	}
	return config, nil
}

// Shop is one running store.
type Shop struct {
	config   Config
	origin   string // of Countersign, for the content security policy
	sessions *sessions
	client   client
	bench    *bench
	site     string // where this shop's own pages are, once it listens; empty before
	pages    map[string]*template.Template
	art      map[string]template.HTML // :: product slug → drawing
	now      func() time.Time
}

// New checks the configuration and prepares the pages.
func New(config Config) (*Shop, error) {
	if config.Channel == "" || config.Secret == "" {
		return nil, errors.New("shop: a channel and its secret are needed")
	}
	base, err := httpURL(config.CountersignURL)
	if err != nil {
		return nil, fmt.Errorf("shop: address of Countersign: %w", err)
	}
	if config.AdminURL != "" {
		if _, err := httpURL(config.AdminURL); err != nil {
			return nil, fmt.Errorf("shop: address of the console: %w", err)
		}
	}
	if config.MailboxURL != "" {
		if _, err := httpURL(config.MailboxURL); err != nil {
			return nil, fmt.Errorf("shop: address of the mailbox: %w", err)
		}
	}
	pages, err := parsePages()
	if err != nil {
		return nil, err
	}
	art, err := readArt()
	if err != nil {
		return nil, err
	}
	s := &Shop{
		config:   config,
		origin:   base.Scheme + "://" + base.Host,
		sessions: newSessions(),
		client:   newClient(base),
		pages:    pages,
		art:      art,
		now:      time.Now,
	}
	s.bench = newBench(s)
	return s, nil
}

// httpURL refuses everything that could not be put before "/api/v1/…".
func httpURL(raw string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimRight(raw, "/"))
	if err != nil {
		return nil, err
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		return nil, fmt.Errorf("%q is not an http or https address", raw)
	}
	return base, nil
}

// Handler serves the whole site. Requests that change something are refused
// when a browser says that another site sent them.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showHome)
	mux.HandleFunc("GET /products/{slug}", s.showProduct)
	mux.HandleFunc("GET /account", s.showAccount)
	mux.HandleFunc("GET /login", s.showLogin)
	mux.HandleFunc("POST /login", s.logIn)
	mux.HandleFunc("POST /logout", s.logOut)
	mux.HandleFunc("GET /attacks", s.showAttacks)
	mux.HandleFunc("POST /attacks/run", s.runAttacks)
	mux.HandleFunc("POST /attacks/run/{name}", s.runAttack)
	mux.Handle("GET /shop.js", staticFile("shop.js", "text/javascript; charset=utf-8"))
	mux.Handle("GET /attacks.js", staticFile("attacks.js", "text/javascript; charset=utf-8"))
	mux.Handle("GET /shop.css", staticFile("shop.css", "text/css; charset=utf-8"))
	mux.Handle("GET /icon.svg", staticFile("icon.svg", "image/svg+xml"))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("/", s.showMissing)
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return s.withHeaders(http.MaxBytesHandler(guarded, 64<<10))
}

// withHeaders sends the strict policy under which the messenger must work:
// nothing inline, scripts from here and from Countersign, its frame and no other.
func (s *Shop) withHeaders(next http.Handler) http.Handler {
	policy := strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' " + s.origin,
		"style-src 'self'",
		"img-src 'self' data:",
		"connect-src 'self' " + s.origin,
		"frame-src " + s.origin,
		"form-action 'self'",
		"base-uri 'none'",
		"frame-ancestors 'none'",
	}, "; ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
