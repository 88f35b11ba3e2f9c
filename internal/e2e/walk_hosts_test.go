package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// The strictest page: scripts from itself and from us, our frame, our connections, and
// nothing else of any kind, under Trusted Types besides.
func TestMessengerWorksUnderAStrictPolicy(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	host := newSite(t, s.Base, "shop", secret)
	host.policy["/"] = "default-src 'none'; script-src 'self' " + s.Base + "; frame-src " + s.Base + "; connect-src " + s.Base +
		"; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	for _, address := range []string{host.URL, host.elsewhere()} {
		page := meet(t, "visitor").open(address + "/?as=ada")
		messenger := page.openMessenger()
		messenger.sees("Verified", "Signed in as ada", "Confirmed by Somebody")
		messenger.say("Hello from " + address)
		messenger.sees("Sent")
		minded := page.noted()
		if len(minded.Errors)+len(minded.Refused) > 0 {
			t.Errorf("%s minded errors %q, refusals %q", address, minded.Errors, minded.Refused)
		}
		if fmt.Sprint(minded.Globals) != "[Countersign]" {
			t.Errorf("%s has new globals %q, want Countersign alone", address, minded.Globals)
		}
		for _, complaint := range page.complaints() {
			t.Errorf("%s: %s", address, complaint)
		}
	}
}

// rudeScript answers every message, reads every port, forbids its own storage and
// leaves its marks on every prototype.
const rudeScript = `(() => {
  const heard = window.heard = [], keep = (from, data) => { heard.push(from + " " + (typeof data === "string" ? data : JSON.stringify(data))) };
  addEventListener("message", (e) => {
    e.stopImmediatePropagation();
    keep("window", e.data);
    const { port1 } = new MessageChannel();
    for (const forged of ["countersign:port", { type: "hello" }, '{"type":"hello"}']) {
      try { e.source.postMessage(forged, "*", [new MessageChannel().port1]) } catch { e.source?.postMessage(forged, "*") }
    }
    e.ports[0]?.addEventListener("message", (m) => keep("port", m.data));
  }, true);
  window.onmessage = (e) => e.stopImmediatePropagation();
  const Real = MessageChannel;
  window.MessageChannel = function () {
    const pipe = new Real();
    for (const [name, port] of [["port1", pipe.port1], ["port2", pipe.port2]]) {
      port.addEventListener("message", (m) => keep("to " + name, m.data));
      const post = port.postMessage.bind(port);
      port.postMessage = (data, ...rest) => { keep("by " + name, data); post(data, ...rest) };
    }
    window.pipes = [...(window.pipes ?? []), pipe];
    return pipe;
  };
  for (const name of ["localStorage", "sessionStorage", "name", "indexedDB", "caches", "status"]) {
    Object.defineProperty(window, name, { configurable: true, get() { throw new Error(name + " is not yours") }, set() { throw new Error(name + " is not yours") } });
  }
  Object.defineProperty(Document.prototype, "cookie", { get() { throw new Error("no cookies") } });
  for (const name of ["type", "turn", "assertion", "channel", "lang", "identity", "q", "booted", "once"]) {
    try { Object.prototype[name + "OfThePage"] = "polluted" } catch {}
  }
  Object.prototype.assertion = { user_id: "somebody-else" };
  Object.prototype.session = "polluted";
  Array.prototype.ofThePage = "polluted";
  String.prototype.ofThePage = "polluted";
})();`

func TestMessengerSurvivesAHostilePage(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const question, answer = "What did I order last week?", "A lantern, to 14 Quayside"
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	grace := s.hire(t)
	host := newSite(t, s.Base, "shop", secret)
	host.first["/rude"] = rudeScript

	page := meet(t, "visitor").open(host.elsewhere() + "/rude?as=ada")
	messenger := page.openMessenger()
	messenger.sees("Verified", "Signed in as ada")
	messenger.say(question)
	grace.answer(question, answer)
	messenger.seesWithin(soon, answer)
	session := messenger.token()
	// A page that holds the pipe's ends may speak as the loader does: it may fill, and never read, send or confirm.
	script[any](page, `for (const pipe of pipes) for (const end of [pipe.port1, pipe.port2])
		for (const m of ["hello", "open", "close", "load", "token", "session", "threads", "send", "eval"]) end.postMessage(JSON.stringify({ type: m, text: "forged by the page" }))`)
	messenger.seesNothingOf("forged by the page")

	visitor := strings.Trim(storedAs(messenger, ":visitor"), `"`)
	if visitor == "" {
		t.Error("the frame holds no visitor token: this walk would not notice its leak")
	}
	for _, heard := range script[[]string](page, `heard`) {
		for what, secret := range map[string]string{"session": session, "visitor token": visitor, "question": question, "answer": answer} {
			if secret != "" && strings.Contains(heard, secret) {
				t.Errorf("the page heard the %s: %s", what, heard)
			}
		}
		// What the page itself said inward is its own; outward goes no address.
		if strings.Contains(heard, "@example.com") && !strings.Contains(heard, `"type":"proof"`) {
			t.Errorf("the page heard an address: %s", heard)
		}
	}
	if heard := script[int](page, `heard.length`); heard == 0 {
		t.Error("the page heard nothing at all: this walk would not notice a leak")
	}
	minded := page.noted()
	if len(minded.Errors) > 0 {
		t.Errorf("something of ours threw into the page: %q", minded.Errors)
	}
}

// storedAs is what the frame's origin keeps in the browser under a name that ends so.
func storedAs(f frame, end string) string {
	text, _ := evaluate[string](f, `Object.entries(localStorage).find(([k]) => k.endsWith(`+quote(end)+`))?.[1] ?? ""`)
	return text
}

// sabotage is what a page may have broken before our script came. With any of it the
// messenger may stay away; what must not happen is an error in the page.
var sabotage = map[string]string{
	"JSON.stringify throws":         `JSON.stringify = () => { throw new Error("broken") }`,
	"JSON.parse lies":               `const parse = JSON.parse; JSON.parse = (t) => t.includes("type") ? { type: "state", identity: "verified" } : parse(t)`,
	"Promise.then throws":           `Promise.prototype.then = function () { throw new Error("broken") }`,
	"no MessageChannel":             `window.MessageChannel = undefined`,
	"no CSSStyleSheet":              `window.CSSStyleSheet = undefined`,
	"attachShadow throws":           `Element.prototype.attachShadow = () => { throw new Error("broken") }`,
	"requestIdleCallback throws":    `window.requestIdleCallback = () => { throw new Error("broken") }`,
	"requestIdleCallback is a trap": `Object.defineProperty(window, "requestIdleCallback", { get() { throw new Error("broken") } })`,
	"filter and push throw":         `Array.prototype.filter = Array.prototype.push = () => { throw new Error("broken") }`,
	"arrays are not iterable":       `Array.prototype[Symbol.iterator] = function* () {}`,
	"no URL":                        `window.URL = undefined`,
	"addEventListener throws":       `EventTarget.prototype.addEventListener = () => { throw new Error("broken") }`,
	"createElement throws":          `Document.prototype.createElement = () => { throw new Error("broken") }`,
	"getComputedStyle throws":       `window.getComputedStyle = () => { throw new Error("broken") }`,
	"the name is taken":             `Object.defineProperty(window, "Countersign", { value: () => undefined, writable: false, configurable: false })`,
	"the name is a number":          `window.Countersign = 5`,
	"storage is full":               `Storage.prototype.setItem = () => { throw new Error("full") }`,
	"own messages are swallowed":    `addEventListener("message", (e) => e.stopImmediatePropagation(), true)`,
	"iframes are taken out at once": `new MutationObserver((all) => all.forEach((m) => m.addedNodes.forEach((n) => n.localName?.includes("-") && n.remove()))).observe(document, { childList: true, subtree: true })`,
}

func TestNothingOfOursThrowsIntoABrokenPage(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	host := newSite(t, s.Base, "shop", secret)
	visitor := meet(t, "visitor")
	visitor.bad = true
	pages := map[string]*tab{}
	for name, broken := range sabotage {
		path := "/" + strings.ReplaceAll(name, " ", "-")
		// The watcher runs before; what it needs itself it has taken already.
		host.first[path] = broken
		pages[name] = visitor.open(host.URL + path + "?as=ada")
	}
	// A page without an origin: no storage, and nobody that the frame could know.
	host.policy["/sandboxed"] = "sandbox allow-scripts"
	pages["sandboxed"] = visitor.open(host.URL + "/sandboxed?as=ada")
	for name, page := range pages {
		script[any](page, `noted.idle`)
		minded := page.noted()
		if len(minded.Errors) > 0 {
			t.Errorf("%s: the page saw errors of ours: %q", name, minded.Errors)
		}
		for _, complaint := range page.complaints() {
			if strings.HasPrefix(complaint, "exception") && !strings.Contains(complaint, "/page.js") {
				t.Errorf("%s: %s", name, complaint)
			}
		}
		if globals := strings.Join(minded.Globals, " "); globals != "Countersign" && globals != "" {
			t.Errorf("%s: new globals %q", name, globals)
		}
	}
}

// A page that the channel does not list cannot frame the messenger, whatever proof it brings along.
func TestForeignPageFramesNothing(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	grace := s.hire(t)
	own, foreign := newSite(t, s.Base, "shop", secret), newSite(t, s.Base, "shop", secret)
	var list struct {
		Channels []struct{ ID, Slug, Name string }
	}
	grace.call("GET", "/channels", nil, &list)
	grace.call("PUT", "/channels/"+list.Channels[0].ID, object{"name": "Shop", "appearance": object{}, "origins": []string{own.URL}, "minimum_tier": "anonymous"}, nil)

	visitor := meet(t, "visitor")
	visitor.open(own.URL + "/?as=ada").openMessenger().sees("Signed in as ada")
	before := admissions(t, s.Base)
	for _, address := range []string{foreign.URL, own.elsewhere()} {
		page := visitor.open(address + "/?as=ada")
		page.click("button", "Open chat*")
		until(t, patience, func() bool {
			return strings.Contains(strings.Join(page.complaints(), "\n"), "frame-ancestors")
		}, func() string {
			return fmt.Sprintf("for the browser to refuse the frame, it said %q", page.complaints())
		})
		if text := page.messenger().text(); text != "" {
			t.Errorf("%s shows %q", address, text)
		}
		if identity := script[string](page, `Countersign("info").identity`); identity != "anonymous" {
			t.Errorf("%s was told that its visitor is %s", address, identity)
		}
		if minded := page.noted(); len(minded.Errors) > 0 {
			t.Errorf("%s: %q", address, minded.Errors)
		}
	}
	if after := admissions(t, s.Base); after != before {
		t.Errorf("the foreign pages reached the gate:\n%s\nbefore:\n%s", after, before)
	}
}

// admissions is what the gate has counted.
func admissions(t *testing.T, base string) string {
	t.Helper()
	var counted []string
	for _, line := range strings.Split(fetch(t, base+"/metrics"), "\n") {
		if strings.HasPrefix(line, "countersign_identity_total") {
			counted = append(counted, line)
		}
	}
	return strings.Join(counted, "\n")
}
