package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const (
	ensorasSlug   = "corner-store"
	ensorasSecret = "ens-a-key-of-the-old-system-77c1f0"
)

// ensorasSnippet is what pages carry: a queue of arguments objects, and the channel's script.
const ensorasSnippet = `window.EnsorasQueue = window.EnsorasQueue || [];
function Ensoras() { EnsorasQueue.push(arguments); }
if (window.person) Ensoras("identify", person);
(function () {
  var script = document.createElement("script");
  script.async = true; script.src = address;
  document.head.appendChild(script);
})();
`

func ensorasSite(t *testing.T, s *server, people map[string]object, policy string, more ...string) string {
	t.Helper()
	pages := map[string]homepage{}
	people["/nobody/"] = nil
	for path, person := range people {
		settings := object{"address": s.Base + "/cdn/v1/widget/" + ensorasSlug + ".js"}
		if person != nil {
			settings["person"] = person
		}
		pages[path] = homepage{settings: settings, scripts: append([]string{ensorasSnippet}, more...), policy: policy}
	}
	return serveHomepages(t, pages)
}

func ensorasChannel(s *server) {
	s.t.Helper()
	slug := s.dropIn(ensorasSlug, "ensoras", ensorasSecret)
	if slug == "" {
		s.t.Fatal("no channel")
	}
}

// ensorasPerson is signed over the lowered email, whatever letters the page shows.
func ensorasPerson(email string) object {
	return object{"email": email, "hash": sign(ensorasSecret, strings.ToLower(email)), "name": "Ada", "plan": "gold", "orders": 3}
}

// A page made for Ensoras, of which only the script's address was changed and whose key
// was imported: signed it is verified, on any device; unsigned, or signed with nothing, its
// visitor chats all the same and sees nothing of anybody.
func TestAPageMadeForEnsorasChatsVerifiedOrNot(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const question = "Where is my refund?"
	s := serve(t)
	ensorasChannel(s)
	grace := s.hire(t)
	site := ensorasSite(t, s, map[string]object{
		"/signed/": ensorasPerson("Ada.Lovelace@Example.com"), "/lowered/": ensorasPerson("ada.lovelace@example.com"),
		"/empty/": {"email": "ada.lovelace@example.com", "hash": ""}, "/null/": {"email": "ada.lovelace@example.com", "hash": nil},
		"/array/":    {"email": "ada.lovelace@example.com", "hash": []string{sign(ensorasSecret, "ada.lovelace@example.com")}},
		"/wrong/":    {"email": "ada.lovelace@example.com", "hash": sign("another", "ada.lovelace@example.com")},
		"/verbatim/": {"email": "Ada.Lovelace@Example.com", "hash": sign(ensorasSecret, "Ada.Lovelace@Example.com")},
	}, "default-src 'none'; script-src 'self' "+s.Base+"; frame-src "+s.Base)
	page := meet(t, "ada").open(site + "/signed/")
	messenger := page.openMessenger()
	messenger.sees("Verified", "Signed in as Ada")
	s.expectVerified(messenger, "hmac")
	messenger.say(question)
	messenger.sees("Sent")
	minded := page.noted()
	if len(minded.Errors)+len(minded.Refused) > 0 {
		t.Errorf("errors %q, refused %q", minded.Errors, minded.Refused)
	}
	until(t, patience, func() bool { return strings.Contains(grace.knowsOf(question), "gold") }, func() string { return "for agents to know the plan" })
	meet(t, "ada elsewhere").open(site + "/lowered/").openMessenger().sees(question)

	for _, path := range []string{"/nobody/", "/empty/", "/null/", "/array/", "/wrong/", "/verbatim/"} {
		other := meet(t, path).open(site + path).openMessenger()
		other.sees("You are chatting as a guest")
		other.seesNothingOf(question, "Signed in")
		if told := strings.Contains(other.text(), "We could not confirm who you are"); told != (path != "/nobody/") {
			t.Errorf("%s: told that they are not confirmed: %v", path, told)
		}
		other.say("Hello from " + path)
		other.sees("Sent")
		if _, tier, _ := s.recorded(other); tier != "anonymous" {
			t.Errorf("%s is %s", path, tier)
		}
		// Nothing of the claim is kept.
		until(t, patience, func() bool { return grace.knowsOf("Hello from "+path) != "" }, func() string { return "for the conversation" })
		if known := grace.knowsOf("Hello from " + path); strings.Contains(known, "lovelace") || strings.Contains(known, "Lovelace") {
			t.Errorf("%s: the claim is kept: %s", path, known)
		}
	}
}

// Live commands, the next person at the same screen, the script twice, and what no page
// should hand us.
func TestEnsorasWorksLiveAfterwards(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const adas = "Ada was here"
	s := serve(t)
	ensorasChannel(s)
	site := ensorasSite(t, s, map[string]object{"/in/": ensorasPerson("ada@example.com")}, "", `window.kept = EnsorasQueue;`)
	page := meet(t, "visitor").open(site + "/in/")
	until(t, patience, func() bool { return page.has("button", "Open chat") }, func() string { return "for the launcher" })
	script[any](page, `void (window.heard = [], ["ready", "open", "close"].forEach((event) => Ensoras("on", event, () => heard.push(event))))`)
	page.hears("ready")
	script[any](page, `void Ensoras("open")`)
	page.hears("ready", "open")
	messenger := page.messenger()
	messenger.sees("Verified")
	messenger.say(adas)
	messenger.sees("Sent")
	first := messenger.token()

	script[any](page, `void kept.push(["identify", `+jsonOf(t, ensorasPerson("bob@example.com"))+`])`)
	messenger.losesSight(adas)
	within(t, soon, "the first person's session to have ended", func() bool {
		return s.call("GET", "/api/v1/widget/sessions/current", first, nil, nil) == http.StatusUnauthorized
	})
	messenger.sees("Verified")
	s.expectVerified(messenger, "hmac")
	script[any](page, `void Ensoras("identify", { email: undefined, hash: undefined })`)
	messenger.sees("You are chatting as a guest")
	messenger.seesNothingOf(adas)
	script[any](page, `void Ensoras("identify", { email: "bob@example.com" })`) // the hash is late
	messenger.sees("We could not confirm who you are")
	script[any](page, `void Ensoras("identify", `+jsonOf(t, ensorasPerson("bob@example.com"))+`)`)
	messenger.sees("Verified")
	second := messenger.token()
	script[any](page, `void EnsorasQueue.push(["logout"])`)
	messenger.sees("You are chatting as a guest")
	within(t, soon, "the session to have ended", func() bool {
		return s.call("GET", "/api/v1/widget/sessions/current", second, nil, nil) == http.StatusUnauthorized
	})

	script[bool](page, `new Promise((done) => { const again = document.createElement("script"); again.src = address; again.onload = () => setTimeout(() => done(true)); window.Ensoras = function () { EnsorasQueue.push(arguments) }; document.head.append(again); })`)
	script[any](page, `void (() => {`+strings.ReplaceAll(strings.ReplaceAll(hostileBeacon, "Beacon.readyQueue", "EnsorasQueue"), "Beacon(", "Ensoras(")+`})()`)
	script[any](page, `void (Ensoras("logout"), Ensoras("identify", `+jsonOf(t, ensorasPerson("ada@example.com"))+`), Ensoras("show"), Ensoras("open"))`)
	messenger.sees("Verified", adas)
	if n := script[int](page, `document.querySelectorAll("countersign-messenger").length`); n != 1 {
		t.Errorf("%d messengers are on the page", n)
	}
	script[any](page, `void (Ensoras("close"), Ensoras("hide"))`)
	until(t, patience, func() bool { return !page.has("button", "*") }, func() string { return "for the launcher to hide" })
	if minded := page.noted(); len(minded.Errors) > 0 {
		t.Errorf("%q", minded.Errors)
	}
	if page.has("button", "Open chat") || script[bool](page, `!!{}.polluted`) {
		t.Error("something of the page's became more than a value")
	}
}

// A slug of nobody is told to the page's developer where they look, and does nothing else.
func TestAScriptOfNoChannelIsNotThere(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	s.channel("shop", "enforce")
	for path, status := range map[string]int{
		"/cdn/v1/widget/shop.js": 200, "/cdn/v1/widget/nobody.js": 404, "/cdn/v1/widget/shop": 404, "/cdn/v1/widget/shop.js.map": 404, "/cdn/v1/widget/..%2f..%2fconsole.js": 404, "/cdn/v1/widget/": 404,
	} {
		if got := s.call("GET", path, "", nil, nil); got != status {
			t.Errorf("%s: %d, want %d", path, got, status)
		}
	}
	page := meet(t, "visitor").open(ensorasSite(t, s, map[string]object{}, "") + "/nobody/")
	until(t, patience, func() bool { return strings.Contains(fmt.Sprint(page.complaints()), "404") }, func() string { return "for the browser to say that the script is missing" })
	if script[bool](page, `!!document.querySelector("countersign-messenger")`) {
		t.Error("a messenger without a channel")
	}
}
