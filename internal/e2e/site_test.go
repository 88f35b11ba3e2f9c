package e2e

import (
	"bytes"
	"html/template"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// site is somebody's website that uses the messenger of a channel. Its pages are made
// from what each walk needs; who is looking stands in the address, as it would in a
// cookie of the site's own.
type site struct {
	*httptest.Server
	base    string // of Countersign
	channel string
	secret  string
	policy  map[string]string // :: path → Content-Security-Policy
	first   map[string]string // :: path → script that runs before everything else of that page
}

func newSite(t *testing.T, base, channel, secret string) *site {
	t.Helper()
	s := &site{base: base, channel: channel, secret: secret, first: map[string]string{}, policy: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

var hostPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>A page of somebody</title>
<script src="/watch.js"></script>
<script src="/first.js?of={{.Path}}"></script>
<script type="application/json" id="who">{{.Who}}</script>
<script src="/page.js"></script>
<script async src="{{.Base}}/v1.js"></script>
</head>
<body>
<h1>Somebody's page</h1>
<p>As <b>{{.As}}</b>. <a href="#first">First link</a> <button type="button">Second thing</button></p>
</body>
</html>
`))

// watchScript notes what a page would mind: errors, refusals by its policy, new globals.
const watchScript = `(() => {
  const { stringify } = JSON, { getOwnPropertyNames } = Object, idle = requestIdleCallback.bind(window);
  const noted = { errors: [], refused: [], globals: [] };
  const note = (list, ...what) => { list[list.length] = what.join(" ") };
  const of = (thrown) => thrown?.stack ?? String(thrown);
  addEventListener("error", (e) => note(noted.errors, e.message, of(e.error), e.target?.src ?? ""), true);
  addEventListener("unhandledrejection", (e) => note(noted.errors, "rejected", of(e.reason)));
  document.addEventListener("securitypolicyviolation", (e) => note(noted.refused, e.violatedDirective, e.blockedURI));
  window.noted = noted;
  const before = {};
  for (const name of getOwnPropertyNames(window)) before[name] = true;
  noted.look = () => {
    noted.globals.length = 0;
    const now = getOwnPropertyNames(window);
    for (let i = 0; i < now.length; i++) if (before[now[i]] !== true) note(noted.globals, now[i]);
    return stringify(noted);
  };
  // Three idle turns after the load: every script had its own before that.
  const wait = (then) => idle(then, { timeout: 2500 });
  noted.idle = new Promise((done) => addEventListener("load", () => wait(() => wait(() => wait(done)))));
})();`

const pageScript = `(() => {
  window.Countersign = window.Countersign || function () { (Countersign.q = Countersign.q || []).push(arguments) };
  const page = JSON.parse(document.getElementById("who").textContent);
  Countersign("init", { channel: page.channel, site: "Somebody" });
  if (page.who) Countersign("identify", page.who);
})();`

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	script := func(text string) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = io.WriteString(w, text)
	}
	switch r.URL.Path {
	case "/watch.js":
		script(watchScript)
	case "/page.js":
		script(pageScript)
	case "/first.js":
		script(s.first[r.URL.Query().Get("of")])
	case "/favicon.ico":
		w.WriteHeader(http.StatusNoContent)
	default:
		s.page(w, r)
	}
}

func (s *site) page(w http.ResponseWriter, r *http.Request) {
	as := r.URL.Query().Get("as")
	who := object{"channel": s.channel}
	if as != "" {
		who["who"] = object{"user_id": as, "hash": sign(s.secret, as), "email": as + "@example.com", "name": as}
	}
	var page bytes.Buffer
	err := hostPage.Execute(&page, object{"Path": r.URL.Path, "Who": who, "Base": s.base, "As": as})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if policy := s.policy[r.URL.Path]; policy != "" {
		w.Header().Set("Content-Security-Policy", policy)
	}
	_, _ = page.WriteTo(w)
}

// elsewhere is the same site under another host name: for browsers another site.
func (s *site) elsewhere() string { return strings.Replace(s.URL, "127.0.0.1", "localhost", 1) }

// noted is what the page minded so far.
type noted struct{ Errors, Refused, Globals []string }

func (b *tab) noted() noted {
	b.t.Helper()
	var found noted
	decode(b.t, script[string](b, "noted.look()"), &found)
	// What the page's own scripts threw is the page's.
	found.Errors = slices.DeleteFunc(found.Errors, func(e string) bool { return strings.Contains(e, "/page.js") && !strings.Contains(e, "/v1.js") })
	return found
}

// colleague answers in the console through its interface, for walks about the other side.
type colleague struct {
	t      *testing.T
	base   string
	client *http.Client
}

// hire uses the owner's link that the server printed.
func (s *server) hire(t *testing.T) *colleague {
	t.Helper()
	return s.hireBy(t, s.line(`^Console\s+(\S+)$`))
}

func (s *server) hireBy(t *testing.T, link string) *colleague {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &colleague{t: t, base: s.Base, client: &http.Client{Jar: jar}}
	c.call("POST", "/setup", object{"token": token(link), "email": "grace@example.com", "name": "Grace Agent", "password": ownersPassword}, nil)
	s.cli(nil, "team", "second-factor", "off") // the walk of the team is with it
	return c
}

const ownersPassword = "four unrelated words here"

func (c *colleague) call(method, path string, body, into any) {
	c.t.Helper()
	req, err := http.NewRequest(method, c.base+"/api/v1/console"+path, strings.NewReader(quote(body)))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		c.t.Fatalf("%s %s: %d %v %s", method, path, resp.StatusCode, err, text)
	}
	if into != nil {
		decode(c.t, string(text), into)
	}
}

// answer replies in the conversation whose last message these words are.
func (c *colleague) answer(question, words string) {
	c.t.Helper()
	var list struct {
		Conversations []struct{ ID, Preview string }
	}
	id := ""
	within(c.t, patience, "a conversation that says "+question, func() bool {
		c.call("GET", "/conversations?view=open", nil, &list)
		for _, one := range list.Conversations {
			if one.Preview == question {
				id = one.ID
			}
		}
		return id != ""
	})
	c.call("POST", "/conversations/"+id+"/messages", object{"text": words, "client_id": sign("", words)}, nil)
}

// wire is the network between browsers and server: it can be cut and mended, and the
// server behind it can go away and come back.
type wire struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	cut      bool
	mute     bool
	conns    map[net.Conn]*wired // :: the browser's end → what it carries
}

type wired struct{ stream bool }

// newWire leads to an address where a server will listen.
func newWire(t *testing.T, to string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, to: to, conns: map[net.Conn]*wired{}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go w.carry(conn)
		}
	}()
	t.Cleanup(func() { listener.Close(); w.drop(true) })
	return w
}

func (w *wire) carry(conn net.Conn) {
	defer conn.Close()
	there, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer there.Close()
	load := &wired{}
	w.mu.Lock()
	refused := w.cut
	if !refused {
		w.conns[conn] = load
	}
	w.mu.Unlock()
	if refused {
		return
	}
	go w.bringBack(conn, there)
	buffer := make([]byte, 32<<10)
	for {
		n, err := conn.Read(buffer)
		if n > 0 {
			w.mu.Lock()
			load.stream = bytes.Contains(buffer[:n], []byte("/stream?"))
			w.mu.Unlock()
			if _, err := there.Write(buffer[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	w.mu.Lock()
	delete(w.conns, conn)
	w.mu.Unlock()
}

// bringBack carries what the server says, unless the wire has gone mute: then the
// server has heard, and its answer is lost.
func (w *wire) bringBack(conn, there net.Conn) {
	defer conn.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := there.Read(buffer)
		w.mu.Lock()
		lost := w.mute
		w.mu.Unlock()
		if err != nil || lost {
			return
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// swallow loses every answer from now on, while what is asked gets through.
func (w *wire) swallow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mute = true
}

// drop cuts the wire: nobody gets through. Streams that stand may be spared.
func (w *wire) drop(streamsToo bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	for conn, load := range w.conns {
		if streamsToo || !load.stream {
			conn.Close()
		}
	}
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut, w.mute = false, false
}
