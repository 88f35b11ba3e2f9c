package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// A site that was made for another system changes one thing, the address of a script.
// Published clients have that address inside, so here the browser changes it: it takes
// the system's host for ours.

// moved is a browser for which hosts of another system lead to a server of ours, over TLS
// as they do, with a certificate that nobody checks.
type moved struct {
	t       *testing.T
	browser context.Context
}

func moveTo(t *testing.T, base string, hosts ...string) *moved {
	t.Helper()
	needBrowser(t)
	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
		if !errors.Is(err, context.Canceled) { // a browser that goes elsewhere
			w.WriteHeader(http.StatusBadGateway)
		}
	}, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	front := httptest.NewTLSServer(proxy)
	t.Cleanup(front.Close)
	var rules []string
	for _, host := range hosts {
		rules = append(rules, fmt.Sprintf("MAP %s %s", host, front.Listener.Addr()))
	}
	browser, end, err := newChromium(
		chromedp.Flag("host-resolver-rules", strings.Join(rules, ", ")),
		chromedp.Flag("ignore-certificate-errors", true),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return &moved{t: t, browser: browser}
}

func (m *moved) meet(t *testing.T, name string) *person {
	t.Helper()
	return meetIn(t, m.browser, name)
}

var bundles sync.Map // :: name → func() (string, error)

// bundled is a page's script with the published clients that it uses, unmodified.
func bundled(t *testing.T, name string) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join("clients", "node_modules")); err != nil {
		t.Fatal("the published clients are not here: run `make internal/e2e/clients/node_modules/.stamp`")
	}
	made, _ := bundles.LoadOrStore(name, sync.OnceValues(func() (string, error) {
		build := exec.Command("node", filepath.Join("clients", "build.mjs"), name)
		var complaints bytes.Buffer
		build.Stderr = &complaints
		out, err := build.Output()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, complaints.String())
		}
		return string(out), err
	}))
	script, err := made.(func() (string, error))()
	if err != nil {
		t.Fatalf("bundling %s: %v", name, err)
	}
	return script
}

// homepage is a site's page: what stands in its settings, the scripts that run in their
// order, and the policy that it is served with.
type homepage struct {
	settings any      // :: global → value, set before every script
	scripts  []string // texts
	body     string
	policy   string
}

var homepageTemplate = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A page of somebody</title>
<script src="/watch.js"></script>
<script type="application/json" id="settings">{{.Settings}}</script>
<script src="/settings.js"></script>
{{range .Scripts}}<script src="{{.}}"></script>
{{end}}</head>
<body>
<h1>Somebody's page</h1>
<div id="app"></div>
{{.Body}}
</body>
</html>
`))

const settingsScript = `Object.assign(window, JSON.parse(document.getElementById("settings").textContent));`

// serveHomepages serves pages by their path, which ends with a slash.
func serveHomepages(t *testing.T, pages map[string]homepage) string {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, isScript := strings.CutSuffix(r.URL.Path, "script.js")
		page, ok := pages[path]
		switch {
		case r.URL.Path == "/watch.js":
			writeScript(w, watchScript)
		case r.URL.Path == "/settings.js":
			writeScript(w, settingsScript)
		case !ok:
			http.NotFound(w, r)
		case isScript:
			writeScript(w, page.scripts[len(r.URL.RawQuery)])
		default:
			page.serve(w, path)
		}
	}))
	t.Cleanup(site.Close)
	return site.URL
}

func writeScript(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	_, _ = io.WriteString(w, text)
}

func (p homepage) serve(w http.ResponseWriter, path string) {
	if p.policy != "" {
		w.Header().Set("Content-Security-Policy", p.policy)
	}
	var scripts []string
	for i := range p.scripts {
		scripts = append(scripts, path+"script.js?"+strings.Repeat("n", i)) // the first, the second
	}
	settings := p.settings
	if settings == nil {
		settings = object{}
	}
	err := homepageTemplate.Execute(w, object{"Settings": settings, "Scripts": scripts, "Body": template.HTML(p.body)})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// dropIn makes a channel that other systems' pages know by an id of theirs, with a key
// that was imported from there.
func (s *server) dropIn(alias, dialect, secret string) (slug string) {
	s.t.Helper()
	slug = "moved-" + strings.ToLower(alias)
	s.cli(nil, "channel", "create", "--slug", slug, "--alias", alias, "--enforcement", "enforce")
	if secret != "" {
		s.importKey(slug, dialect, secret)
	}
	return slug
}

// importKey brings a secret along from another system.
func (s *server) importKey(channel, dialect, secret string) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.cli(nil, "keys", "import", "--channel", channel, "--dialect", dialect, "--secret-file", file)
}

// recorded is what the server itself says of the session that a messenger holds. One that
// ended since it was looked up has a successor, when its page has just told something new.
func (s *server) recorded(messenger frame) (token, tier, method string) {
	s.t.Helper()
	var facts struct{ Tier, Method string }
	within(s.t, soon, "the messenger to hold a live session", func() bool {
		token = messenger.token()
		return s.call("GET", "/api/v1/widget/sessions/current", token, nil, &facts) == 200
	})
	return token, facts.Tier, facts.Method
}

// verified waits until the messenger holds a session that the server says is verified.
func (s *server) expectVerified(messenger frame, method string) string {
	s.t.Helper()
	token, tier, by := s.recorded(messenger)
	if tier != "verified" || by != method {
		s.t.Errorf("the server recorded %s by %q, want verified by %s", tier, by, method)
	}
	return token
}

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
