package e2e

import (
	"strconv"
	"strings"
	"testing"
)

// hostileBeacon is what a page might hand us, by mistake or on purpose. Nothing of it may
// throw, be markup, be a rule of a style sheet, or make the messenger more than it is.
const hostileBeacon = `
  const bomb = {}; for (const name of ["email", "beaconId", "color", "display", "labels", "text", "style"]) Object.defineProperty(bomb, name, { enumerable: true, get() { throw new Error("boom " + name) } });
  const rude = { toString() { throw new Error("boom") }, valueOf() { throw new Error("boom") }, [Symbol.toPrimitive]() { throw new Error("boom") } };
  const cycle = {}; cycle.self = cycle; cycle.display = cycle; cycle.labels = cycle; cycle.email = cycle;
  const proxy = new Proxy({}, { get() { throw new Error("boom") }, ownKeys() { throw new Error("boom") }, has() { throw new Error("boom") } });
  const polluted = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"display":{"__proto__":{"polluted":1}},"labels":{"__proto__":{"polluted":1}}}');
  const huge = {}; for (let i = 0; i < 5000; i++) huge["key" + i] = "v".repeat(500);
  const long = { ["k".repeat(1e5)]: "x".repeat(1e5) };
  const odd = [undefined, null, 0, NaN, "", "x", true, Symbol("s"), 10n, () => { throw new Error("boom") }, [], bomb, rude, cycle, proxy, polluted, huge, long, document, window];
  const methods = ["config", "open", "close", "toggle", "search", "suggest", "article", "navigate", "identify", "prefill", "reset", "session-data", "event", "on", "once", "off", "info", "show-message",
    "ask-question", "init", "constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "nonsense", "", undefined, null, {}, Symbol("m")];
  for (const method of methods) for (const what of odd) { Beacon(method, what); Beacon(method, what, what); }
  Beacon.readyQueue.push(null, undefined, 5, bomb, {}, { method: "open" }, { method: rude, options: rude });
  for (const event of ["ready", "open", "close"]) Beacon("on", event, () => { throw new Error("the page's own") });
  const css = "red;--z:1;}*{display:none}/*";
  Beacon("config", { color: css, display: { style: css, position: css, zIndex: css, horizontalOffset: css, verticalOffset: "url(//evil.example/)", text: "<img src=x onerror=pwned=1>" } });
  Beacon("config", { color: "url(//evil.example/x)", display: { style: "text", zIndex: "5;color:red", horizontalOffset: 1e300, verticalOffset: -1 }, labels: { sendAMessage: "<img src=x onerror=pwned=1>", howCanWeHelp: { toString: () => "x" } } });
`

func TestNothingThatAPageHandsABeaconHurtsIt(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	s.dropIn(beaconID, "helpscout", beaconSecret)
	for _, when := range []string{"before", "after"} {
		more := []string{hostileBeacon}
		if when == "after" {
			more = nil
		}
		site := beaconSite(t, s.Base, map[string]object{"/in/": nil}, "script-src 'self' "+s.Base+"; frame-src "+s.Base+"; img-src 'none'; connect-src 'none'", more...)
		visitor := meet(t, "a page "+when)
		page := visitor.open(site + "/in/")
		if when == "after" {
			page.hears("ready")
			script[any](page, `void (() => {`+hostileBeacon+`})()`)
		} else {
			script[any](page, `noted.idle`)
		}
		script[any](page, `void (Beacon("config", { messagingEnabled: true, display: { style: "icon", text: "x", position: "right", zIndex: 7, horizontalOffset: 20, verticalOffset: 20 }, labels: { beaconButtonChatOpen: "Open chat", beaconButtonClose: "Close chat", addYourMessageHere: "Write a message", sendAMessage: "Send us a message" } }),
			Beacon("logout"), Beacon("identify", `+jsonOf(t, helpScoutPerson("ada@example.com"))+`), Beacon("reset"), Beacon("navigate", "/"), Beacon("close"))`)
		messenger := page.openMessenger()
		messenger.sees("Signed in as Ada")
		s.expectVerified(messenger, "hmac")
		messenger.say("Still here " + when)
		messenger.sees("Sent")
		if script[bool](page, `!!window.pwned || !!{}.polluted || !!Object.polluted || document.querySelectorAll("countersign-messenger").length !== 1`) {
			t.Errorf("%s: something of the page's became more than a value", when)
		}
		if style := script[string](page, `document.querySelector("countersign-messenger").style.cssText`); strings.ContainsAny(strings.ReplaceAll(style, "; --", ", --"), "{}*") || strings.Contains(style, "evil") || strings.Contains(style, "color:") {
			t.Errorf("%s: the style is %q", when, style)
		}
		minded := page.noted()
		if len(minded.Errors)+len(minded.Refused) > 0 {
			t.Errorf("%s: errors %q, refused %q", when, minded.Errors, minded.Refused)
		}
	}
}

// The script twice, the snippet twice, a stub that somebody kept, and a native messenger
// beside it: one Beacon, and each works.
func TestASnippetThatRunsTwiceMakesOneBeacon(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	s.dropIn(beaconID, "helpscout", beaconSecret)
	s.channel("shop", "enforce")
	site := beaconSite(t, s.Base, map[string]object{"/in/": helpScoutPerson("ada@example.com")}, "", `window.kept = window.Beacon;`)
	page := meet(t, "ada").open(site + "/in/")
	page.hears("ready")
	loaded := `new Promise((done) => { const again = document.createElement("script"); again.src = address; again.onload = () => setTimeout(() => done(true)); document.head.append(again); })`
	script[bool](page, loaded)
	script[any](page, beaconSnippet)
	script[bool](page, loaded)
	until(t, patience, func() bool { return script[bool](page, `Beacon.booted === true`) }, func() string { return "for the live Beacon to be back" })
	script[any](page, `void kept("open")`)
	page.messenger().sees("Verified")
	if n := script[int](page, `document.querySelectorAll("countersign-messenger").length`); n != 1 {
		t.Errorf("%d messengers are on the page", n)
	}
	script[any](page, `new Promise((done) => { const native = document.createElement("script"); native.src = address + "/v1.js"; native.dataset.channel = "shop"; native.onload = done; document.head.append(native); }).then(() => new Promise((done) => Countersign("on", "ready", done)))`)
	if n := script[int](page, `document.querySelectorAll("countersign-messenger").length`); n != 2 {
		t.Errorf("%d messengers are on a page of two systems", n)
	}
	script[any](page, `void (Beacon("close"), Countersign("open"))`)
	if open := script[[]bool](page, `[Beacon("info").status.isOpened, Countersign("info").open]`); open[0] || !open[1] {
		t.Errorf("open: %v", open)
	}
	s.expectVerified(page.messenger(), "hmac")
}

// One address, two answers: a browser that keeps the script goes to the console all the
// same when somebody types that address, and after it the page still finds its script.
func TestABrowserThatKeepsTheScriptStillFindsTheConsoleAtTheRoot(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	s.dropIn(beaconID, "helpscout", beaconSecret)
	site := beaconSite(t, s.Base, map[string]object{}, "")
	page := meet(t, "operator").open(site + "/nobody/")
	page.hears("ready")
	for range 2 {
		page.goTo(s.Base + "/")
		page.sees("Countersign")
		if at := script[string](page, `location.pathname`); !strings.HasPrefix(at, "/console") {
			t.Errorf("the root leads to %s", at)
		}
		page.goTo(site + "/nobody/")
		page.hears("ready")
	}
	// The script is kept for a few minutes, so of all these only one asked for it.
	asked := 0
	for _, line := range strings.Split(fetch(t, s.Base+"/metrics"), "\n") {
		if strings.HasPrefix(line, "countersign_http_requests_total") && strings.Contains(line, `GET /{$}`) {
			n, err := strconv.Atoi(line[strings.LastIndexByte(line, ' ')+1:])
			if err != nil {
				t.Fatal(err)
			}
			asked += n
		}
	}
	if asked != 3 {
		t.Errorf("the root was asked for %d times, want twice for the console and once for the script", asked)
	}
}
