package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	intercomSecret = "k2V-9qTz4mXr7LpW1sYd8HcJ0bNfGu3a"
	intercomHost   = "widget.intercom.io"
)

// intercomSnippet is the loader that pages made for Intercom carry.
const intercomSnippet = `(function () {
  var w = window, ic = w.Intercom;
  if (typeof ic === "function") { ic("reattach_activator"); ic("update", w.intercomSettings); return; }
  var d = document, i = function () { i.c(arguments); };
  i.q = []; i.c = function (args) { i.q.push(args); };
  w.Intercom = i;
  var l = function () {
    var s = d.createElement("script"), x = d.getElementsByTagName("script")[0];
    s.type = "text/javascript"; s.async = true; s.src = "https://widget.intercom.io/widget/" + w.intercomSettings.app_id;
    x.parentNode.insertBefore(s, x);
  };
  if (d.readyState === "complete") l(); else w.addEventListener("load", l, false);
})();`

// hs256 is a token as the libraries of backends make it, without typ.
func hs256(secret string, claims object) string {
	body := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(quote(claims)))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return body + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// signedBy is what a site's backend writes into intercomSettings.
func signedBy(app, secret, user string, more object) object {
	settings := object{"app_id": app, "user_id": user, "email": user + "@example.com", "name": user, "user_hash": sign(secret, user)}
	for name, value := range more {
		settings[name] = value
	}
	return settings
}

func TestPagesMadeForIntercom(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	m := moveTo(t, s.Base, intercomHost, pylonHost)
	grace := s.hire(t)
	s.dropIn("abc12345", "intercom", intercomSecret)
	s.dropIn("jwt12345", "intercom-jwt", intercomSecret+"-jwt")
	s.dropIn("new12345", "", "")
	s.dropIn("pyl12345", "pylon", pylonSecret)
	app := func(more object) object { return signedBy("abc12345", intercomSecret, "ada", more) }
	t.Run("the documented snippet", func(t *testing.T) { walkIntercomSnippet(t, s, m, grace, app) })
	t.Run("Intercom's own package", func(t *testing.T) { walkIntercomSDK(t, s, m, app) })
	t.Run("a wrapper for React", func(t *testing.T) { walkIntercomReact(t, s, m) })
	t.Run("a wrapper for Vue", func(t *testing.T) { walkIntercomVue(t, s, m, app) })
	t.Run("a likeness of the launcher, and a client that takes its global away", func(t *testing.T) { walkIntercomLoader(t, s, m, app) })
	t.Run("identity comes late, is replaced, and ends", func(t *testing.T) { walkIntercomPeople(t, s, m, app) })
	t.Run("a token, and a hash beside it", func(t *testing.T) { walkIntercomToken(t, s, m) })
	t.Run("what is refused loads no messenger", func(t *testing.T) { walkIntercomRefused(t, s, m, app) })
	t.Run("a page that breaks, and one that would break us", func(t *testing.T) { walkIntercomHostile(t, s, m, app) })
}

func walkIntercomSnippet(t *testing.T, s *server, m *moved, grace *colleague, app func(object) object) {
	const question = "Does the annual plan renew by itself?"
	home := serveHomepages(t, map[string]homepage{"/": {
		settings: object{"intercomSettings": app(object{"plan": "gold", "company": object{"id": 7, "name": "Initech"}, "utm_source": "news",
			"custom_launcher_selector": "#help, .help", "alignment": "left", "horizontal_padding": 30, "vertical_padding": 40, "z_index": 99})},
		scripts: []string{intercomSnippet, `heard = []; Intercom("onShow", () => heard.push("show")); Intercom("onHide", () => heard.push("hide")); Intercom("onUnreadCountChange", (n) => heard.push(n))`},
		body:    `<a id="help" href="mailto:abc12345@incoming.example">Help</a>`,
	}})
	page := m.meet(t, "customer").open(home)
	messenger := page.openMessenger()
	messenger.sees("Verified", "Signed in as ada")
	messenger.say(question)
	messenger.sees("Sent")
	s.expectVerified(messenger, "hmac")
	if heard := script[string](page, `heard.join()`); heard != "0,show" {
		t.Errorf("the page heard %q", heard)
	}
	page.closeMessenger()
	if at := script[string](page, `(e => [e.style.cssText, e.dir, e.getBoundingClientRect().width].join())(document.querySelector("countersign-messenger"))`); !strings.Contains(at, "--z:99;") && !strings.Contains(at, "--z: 99") || !strings.Contains(at, "rtl") {
		t.Errorf("the launcher is drawn by %s", at)
	}
	// The link mails to those who have no messenger; an element that comes later works as well.
	page.click("link", "Help")
	until(t, patience, func() bool { return page.has("button", "Close chat") }, func() string { return "for the page's own launcher to open the messenger" })
	page.closeMessenger()
	script[any](page, `document.body.insertAdjacentHTML("beforeend", "<button class=help style='float:right'>Later</button>")`)
	page.click("button", "Later")
	until(t, patience, func() bool { return page.has("button", "Close chat") }, func() string { return "for a launcher that came later" })
	page.click("button", "Later")
	until(t, patience, func() bool { return page.has("button", "Open chat") }, func() string { return "for its second click to close the messenger" })
	found := page.noted()
	found.Globals = slices.DeleteFunc(found.Globals, func(name string) bool {
		return slices.Contains([]string{"Intercom", "intercomSettings", "heard"}, name)
	})
	if len(found.Errors)+len(found.Globals) > 0 {
		t.Errorf("the page minds %+v", found)
	}
	grace.answer(question, "It does, and you can end it any day")
	until(t, soon, func() bool { return strings.HasSuffix(script[string](page, `heard.join()`), ",1") }, func() string { return "for the page to hear of the answer" })
	page.reload()
	page.openMessenger().sees(question)
	// What the page said beside the proof is kept as its word.
	var list struct {
		Conversations []struct{ Contact struct{ ID string } }
	}
	var person object
	grace.call("GET", "/conversations?view=open", nil, &list)
	grace.call("GET", "/contacts/"+list.Conversations[0].Contact.ID, nil, &person)
	for _, words := range []string{`"gold"`, `"company.name"`, `"Initech"`, `"utm_source"`} {
		if !strings.Contains(quote(person), words) {
			t.Errorf("the person lacks %s: %s", words, quote(person))
		}
	}
	if strings.Contains(quote(person), "alignment") || strings.Contains(quote(person), "app_id") || strings.Contains(quote(person), sign(intercomSecret, "ada")) {
		t.Errorf("settings became attributes: %s", quote(person))
	}
}

func walkIntercomSDK(t *testing.T, s *server, m *moved, app func(object) object) {
	home := serveHomepages(t, map[string]homepage{"/": {settings: object{"settings": app(nil)}, scripts: []string{bundled(t, "intercom-sdk")}}})
	page := m.meet(t, "customer").open(home)
	script[any](page, `new Promise(done => { const look = () => Intercom.booted ? done() : setTimeout(look, 20); look() })`)
	if id := script[string](page, `sdk.getVisitorId()`); len(id) < 20 || id != script[string](page, `sdk.getVisitorId()`) {
		t.Errorf("the visitor's id is %q", id)
	}
	if who := script[map[string]any](page, `sdk.whoami()`); who["type"] != "user" || who["user_id"] != "ada" {
		t.Errorf("whoami: %v", who)
	}
	script[any](page, `sdk.show()`)
	messenger := page.messenger()
	messenger.sees("Verified", "Signed in as ada")
	s.expectVerified(messenger, "hmac")
	script[any](page, `sdk.hide()`)
	until(t, patience, func() bool { return page.has("button", "Open chat") }, func() string { return "for hide to close it" })
	script[any](page, `sdk.showNewMessage("I would like to <b>cancel</b>")`)
	until(t, patience, func() bool {
		text, err := evaluate[string](messenger, `document.querySelector("textarea")?.value ?? ""`)
		return err == nil && text == "I would like to <b>cancel</b>"
	}, func() string { return "for the page's words to stand in the composer" })
	if heard := script[string](page, `heard.join()`); heard != "onUnreadCountChange 0,onShow,onHide,onShow" {
		t.Errorf("the page heard %q", heard)
	}
	for _, call := range []string{`showSpace("home")`, `showMessages()`, `trackEvent("ordered", {total: 3})`, `startTour("1")`, `showArticle("2")`, `showNews("3")`,
		`startSurvey("4")`, `startChecklist("5")`, `showTicket("6")`, `showConversation("no such")`, `hideNotifications(true)`, `startConversation("again")`, `update({plan: "gold"})`} {
		script[any](page, "sdk."+call+"; undefined")
	}
	token := messenger.token()
	script[any](page, `sdk.shutdown()`)
	within(t, soon, "the session to end on the server", func() bool { return statusOf(t, s.Base, token) == 401 })
	until(t, patience, func() bool {
		return script[int](page, `document.querySelectorAll("countersign-messenger").length`) == 0
	}, func() string { return "for the messenger to leave the page" })
	if script[bool](page, `Intercom.booted`) {
		t.Error("booted after shutdown")
	}
	script[any](page, `sdk.boot({ app_id: "abc12345" })`)
	messenger = page.openMessenger()
	messenger.sees("You are chatting as a guest")
	messenger.seesNothingOf("ada", "Verified")
}

func walkIntercomReact(t *testing.T, s *server, m *moved) {
	home := serveHomepages(t, map[string]homepage{"/": {
		settings: object{"settings": object{"app_id": "abc12345"}, "person": object{"userId": "bob", "userHash": sign(intercomSecret, "bob"), "email": "bob@example.com", "name": "Bob", "customAttributes": object{"plan": "free"}}},
		scripts:  []string{`addEventListener("DOMContentLoaded", () => { const s = document.createElement("script"); s.src = "/react/script.js"; document.body.append(s) })`},
	}, "/react/": {scripts: []string{bundled(t, "intercom-react")}}})
	page := m.meet(t, "customer").open(home)
	page.click("button", "Boot")
	page.click("button", "Who am I")
	until(t, patience, func() bool { page.tryClick("button", "Who am I"); return strings.Contains(page.text(), "Visitor ") }, func() string { return "for the hook to learn the visitor's id" })
	page.click("button", "Show")
	page.sees("It is open")
	messenger := page.messenger()
	messenger.sees("Verified", "Signed in as Bob")
	token := s.expectVerified(messenger, "hmac")
	if heard := script[string](page, `heard.join()`); heard != "unread 0,onShow" {
		t.Errorf("the page heard %q", heard)
	}
	page.closeMessenger()
	page.sees("It is closed")
	page.click("button", "Log out")
	within(t, soon, "the session to end on the server", func() bool { return statusOf(t, s.Base, token) == 401 })
	until(t, patience, func() bool { return !page.has("button", "Open chat") }, func() string { return "for the launcher to go" })
}

func walkIntercomVue(t *testing.T, s *server, m *moved, app func(object) object) {
	home := serveHomepages(t, map[string]homepage{"/": {
		settings: object{"settings": object{"app_id": "abc12345"}, "person": app(nil)},
		scripts:  []string{`addEventListener("DOMContentLoaded", () => { const s = document.createElement("script"); s.src = "/vue/script.js"; document.body.append(s) })`},
	}, "/vue/": {scripts: []string{bundled(t, "intercom-vue")}}})
	page := m.meet(t, "customer").open(home)
	until(t, patience, func() bool { return page.has("button", "Open chat") }, func() string { return "for the launcher" })
	page.click("button", "Show")
	messenger := page.messenger()
	messenger.sees("Verified", "Signed in as ada")
	token := s.expectVerified(messenger, "hmac")
	if !script[bool](page, `intercom.ready && intercom.isBooted && intercom.visible && intercom.unreadCount === 0`) {
		t.Error("the wrapper does not know how things stand")
	}
	page.closeMessenger()
	page.click("button", "Log out")
	within(t, soon, "the session to end on the server", func() bool { return statusOf(t, s.Base, token) == 401 })
}

func walkIntercomLoader(t *testing.T, s *server, m *moved, app func(object) object) {
	home := serveHomepages(t, map[string]homepage{"/": {
		settings: object{"intercomSettings": app(object{"alignment": "left"})},
		scripts:  []string{`addEventListener("DOMContentLoaded", () => { const s = document.createElement("script"); s.src = "/loader/script.js"; document.body.append(s) })`},
	}, "/loader/": {scripts: []string{bundled(t, "intercom-loader")}}})
	page := m.meet(t, "customer").open(home)
	page.click("button", "Load Chat")
	messenger := page.messenger()
	messenger.sees("Verified", "Signed in as ada")
	first := s.expectVerified(messenger, "hmac")
	if side := script[string](page, `document.querySelector("countersign-messenger").dir`); side != "rtl" {
		t.Errorf("the messenger stands on the side of %q text", side)
	}
	// Another published client, react-intercom, takes global and settings with it when it leaves, and loads the script
	// anew when it comes back.
	script[any](page, `Intercom("shutdown"); delete window.Intercom; delete window.intercomSettings`)
	script[any](page, `window.intercomSettings = { app_id: "abc12345", user_id: "bob", name: "Bob", user_hash: "`+sign(intercomSecret, "bob")+`" };`+
		intercomSnippet+`Intercom("boot", { user_id: "bob", name: "Bob", user_hash: intercomSettings.user_hash }); Intercom("show")`)
	within(t, soon, "the first one's session to end", func() bool { return statusOf(t, s.Base, first) == 401 })
	until(t, patience, func() bool {
		return script[int](page, `document.querySelectorAll("countersign-messenger").length`) == 1
	}, func() string { return "for one messenger to be left" })
	messenger = page.messenger()
	messenger.sees("Verified", "Signed in as Bob")
	messenger.seesNothingOf("ada")
	s.expectVerified(messenger, "hmac")
	if found := page.noted(); len(found.Errors) > 0 {
		t.Errorf("thrown into the page: %v", found.Errors)
	}
}

func walkIntercomPeople(t *testing.T, s *server, m *moved, app func(object) object) {
	const question = "May I pay by invoice?"
	home := serveHomepages(t, map[string]homepage{"/": {settings: object{"intercomSettings": object{"app_id": "abc12345"}}, scripts: []string{intercomSnippet}}})
	page := m.meet(t, "customer").open(home)
	messenger := page.openMessenger()
	messenger.sees("You are chatting as a guest")

	// The hash comes after the name, and undefined says nothing.
	script[any](page, `Intercom("update", { user_id: 42, name: "Number", user_hash: undefined })`)
	until(t, patience, func() bool { return !page.has("button", "Close chat") && !page.has("button", "Open chat") }, func() string { return "for an unproved claim to be kept out" })
	script[any](page, `Intercom("update", { user_hash: "`+sign(intercomSecret, "42")+`" })`)
	messenger = page.openMessenger()
	messenger.sees("Verified", "Signed in as Number")
	messenger.say(question)
	messenger.sees("Sent")
	first := s.expectVerified(messenger, "hmac")
	for _, update := range []string{`{}`, `{ user_hash: "" }`, `{ user_hash: null, user_id: 42 }`, `{ user_id: undefined, plan: "gold" }`} {
		script[any](page, `Intercom("update", `+update+`)`)
	}
	script[any](page, `Intercom("update")`)
	if _, tier, _ := s.recorded(messenger); tier != "verified" {
		t.Errorf("an update that says nothing of the person made them %s", tier)
	}

	// Somebody else in the same page: the first one's thread is gone at once.
	script[any](page, `Intercom("update", { user_id: "bob", user_hash: "`+sign(intercomSecret, "bob")+`" })`)
	messenger.losesSight(question, "Number")
	messenger.sees("Verified")
	if second := s.expectVerified(messenger, "hmac"); second == first {
		t.Error("the second person goes on with the first one's session")
	}
	messenger.seesNothingOf(question)
	within(t, soon, "the first one's session to end", func() bool { return statusOf(t, s.Base, first) == 401 })

	// And one who has no proof does not inherit the last one's.
	script[any](page, `Intercom("update", { user_id: "eve" })`)
	until(t, patience, func() bool { return !page.has("button", "Close chat") }, func() string { return "for a person without proof to be kept out" })
	script[any](page, `Intercom("update", { user_id: 42, user_hash: "`+sign(intercomSecret, "42")+`" })`)
	page.openMessenger().sees("Verified")

	script[any](page, `Intercom("shutdown"); Intercom("boot", { app_id: "abc12345" })`)
	messenger = page.openMessenger()
	messenger.sees("You are chatting as a guest")
	messenger.seesNothingOf(question)
}

func walkIntercomToken(t *testing.T, s *server, m *moved) {
	secret := intercomSecret + "-jwt"
	token := func(user any, life time.Duration) string {
		return hs256(secret, object{"user_id": user, "email": "carol@example.com", "exp": time.Now().Add(life).Unix()})
	}
	home := serveHomepages(t, map[string]homepage{"/": {settings: object{"intercomSettings": object{"app_id": "jwt12345", "intercom_user_jwt": token(7, time.Hour), "user_hash": "no hash at all", "name": "Carol"}},
		scripts: []string{intercomSnippet}}})
	page := m.meet(t, "customer").open(home)
	messenger := page.openMessenger()
	messenger.sees("Verified")
	first := s.expectVerified(messenger, "jwt")
	script[any](page, `Intercom("update", { name: "Carola" })`) // without the token
	if _, tier, _ := s.recorded(messenger); tier != "verified" {
		t.Errorf("an update without the token made them %s", tier)
	}
	// A newer token of the same person goes unseen; another's is another person.
	script[any](page, `Intercom("update", { intercom_user_jwt: "`+token("8", time.Hour)+`" })`)
	within(t, patience, "another session", func() bool { return messenger.token() != first && statusOf(t, s.Base, messenger.token()) == 200 })
	s.expectVerified(messenger, "jwt")
}

func walkIntercomRefused(t *testing.T, s *server, m *moved, app func(object) object) {
	home := serveHomepages(t, map[string]homepage{
		"/wrong/":   {settings: object{"intercomSettings": app(object{"user_hash": sign("another secret of another app", "ada")})}, scripts: []string{sayings, intercomSnippet}},
		"/missing/": {settings: object{"intercomSettings": app(object{"user_hash": nil})}, scripts: []string{sayings, intercomSnippet}},
		"/nobody/":  {settings: object{"intercomSettings": object{"app_id": "abc12345"}}, scripts: []string{sayings, intercomSnippet}},
		"/pylon/":   {settings: object{"pylon": object{"chat_settings": object{"app_id": "abc12345"}}}, scripts: []string{sayings, pylonSnippet(intercomHost, "abc12345")}},
		"/asks/":    {settings: object{"intercomSettings": object{"app_id": "abc12345"}}, scripts: []string{sayings, intercomSnippet, `Intercom("show")`}},
		"/new/":     {settings: object{"intercomSettings": object{"app_id": "new12345"}}, scripts: []string{sayings, intercomSnippet}},
	})
	visitor := m.meet(t, "visitor")
	for path, says := range map[string]string{"/wrong/": "Invalid user_hash", "/missing/": "Missing user_hash"} {
		page := visitor.open(home + path)
		until(t, patience, func() bool { return strings.Contains(script[string](page, `said.join()`), says) }, func() string { return "for the console to say " + says })
		script[any](page, `Intercom("show"); Intercom("showNewMessage", "let me in")`)
		if page.has("button", "Open chat") || page.has("button", "Close chat") {
			t.Errorf("%s: there is a launcher", path)
		}
	}
	visitor.open(home + "/nobody/").openMessenger().sees("You are chatting as a guest")
	page := visitor.open(home + "/pylon/")
	until(t, patience, func() bool { return strings.Contains(script[string](page, `said.join()`), "no live key is Pylon") }, func() string { return "for a global without a key to be refused" })
	visitor.open(home + "/new/").openMessenger().sees("You are chatting as a guest")
	// A page that asks for the messenger before it is there gets it, and keeps it.
	asks := visitor.open(home + "/asks/")
	asks.messenger().sees("You are chatting as a guest")
	script[any](asks, `noted.idle`)
	asks.messenger().sees("You are chatting as a guest")
}

// sayings keeps what our script says on the console.
const sayings = `said = []; console.warn = (...words) => said.push(words.join(" "))`

func walkIntercomHostile(t *testing.T, s *server, m *moved, app func(object) object) {
	const breaks = `
		Object.defineProperty(intercomSettings, "plan", { enumerable: true, get() { throw new Error("a getter of the page's") } });
		intercomSettings.self = intercomSettings; intercomSettings.huge = "x".repeat(1e6); intercomSettings.big = 10n; intercomSettings.fn = () => 0;
		Object.defineProperty(intercomSettings, "__proto__", { enumerable: true, value: { polluted: true } });
		intercomSettings.constructor = { prototype: { polluted: true } };
		Intercom.q.push(null, 7, "boot", {}, [], [null], [{}], ["__proto__"], ["constructor", "x"], ["toString"], ["no such command", 1], { length: 1e9, 0: "show" });
		Intercom("onShow", null); Intercom("onHide", () => { throw "thrown by the page" }); Intercom("onUnreadCountChange", "no function"); Intercom("setAuthTokens", { token: "s3cret-of-the-page" });`
	home := serveHomepages(t, map[string]homepage{
		"/broken/": {settings: object{"intercomSettings": app(object{"custom_launcher_selector": "][", "action_color": "javascript:alert(1)"})}, scripts: []string{intercomSnippet, breaks}},
		"/strict/": {settings: object{"intercomSettings": app(nil)}, scripts: []string{intercomSnippet},
			policy: "default-src 'none'; script-src 'self' https://" + intercomHost + "; frame-src https://" + intercomHost + ""},
		"/twice/": {settings: object{"intercomSettings": app(nil)}, scripts: []string{intercomSnippet, `Intercom.again = true; delete window.none; setTimeout(() => { const s = document.createElement("script"); s.src = "https://widget.intercom.io/widget/abc12345"; document.head.append(s) }, 1000)`}},
		"/typed/": {settings: object{"intercomSettings": app(nil)}, body: `<script async src="https://` + intercomHost + `/widget/abc12345.js"></script>`,
			policy: "require-trusted-types-for 'script'; trusted-types 'none'"},
		"/both/": {settings: object{"intercomSettings": app(nil), "pylon": object{"chat_settings": object{"app_id": "pyl12345"}}}, scripts: []string{intercomSnippet, pylonSnippet(pylonHost, "pyl12345")}},
		"/loop/": {settings: object{"intercomSettings": app(nil)}, scripts: []string{intercomSnippet, `for (let i = 0; i < 300; i++) Intercom("boot", intercomSettings)`}},
	})
	visitor := m.meet(t, "visitor")
	page := visitor.open(home + "/broken/")
	messenger := page.openMessenger()
	messenger.sees("Verified", "Signed in as ada")
	s.expectVerified(messenger, "hmac")
	if script[bool](page, `"polluted" in {}`) {
		t.Error("a prototype of the page is polluted")
	}
	page.closeMessenger()
	if errors := page.noted().Errors; len(errors) > 0 {
		t.Errorf("thrown into the page: %v", errors)
	}
	if kept := messenger.keeps() + script[string](page, `JSON.stringify([{...localStorage}, {...sessionStorage}])`) + s.logged(); strings.Contains(kept, "s3cret-of-the-page") {
		t.Error("the page's tokens for others were kept")
	}
	both := visitor.open(home + "/both/")
	until(t, patience, func() bool { return script[bool](both, `!!(Pylon.booted && Intercom.booted)`) }, func() string { return "for two systems on one page" })
	if found := both.noted(); len(found.Errors) > 0 {
		t.Errorf("two systems on one page: %v", found.Errors)
	}
	for _, path := range []string{"/strict/", "/typed/", "/twice/", "/loop/"} {
		page := visitor.open(home + path)
		page.openMessenger().sees("Verified")
		if n := script[int](page, `document.querySelectorAll("countersign-messenger").length`); n != 1 {
			t.Errorf("%s: %d messengers", path, n)
		}
		if found := page.noted(); len(found.Errors)+len(found.Refused) > 0 {
			t.Errorf("%s: %+v", path, found)
		}
	}
}

// The page hears that its visitor gave an address, and proved it, and not which.
func TestAPageMadeForIntercomHearsOfAnAddressThatWasProved(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	d := startDemo(t, filepath.Join(t.TempDir(), "demo"))
	var channel struct{ ID string }
	d.cli(&channel, "channel", "create", "--slug", "moved", "--alias", "abc12345")
	d.hireBy(t, d.Link).call("PUT", "/channels/"+channel.ID+"/email-code", object{"allowed": true}, nil)
	home := serveHomepages(t, map[string]homepage{"/": {settings: object{"intercomSettings": object{"app_id": "abc12345"}},
		scripts: []string{intercomSnippet, `heard = []; Intercom("onUserEmailSupplied", (...what) => heard.push("supplied", ...what))`}}})
	visitor := moveTo(t, d.Base, intercomHost).meet(t, "visitor")
	page := visitor.open(home)
	messenger := page.openMessenger()
	messenger.click("button", "Prove your email")
	code := askForCode(messenger, visitor.open(d.Base+"/demo/mailbox"), d, "visitor@shop.example", "visitor@shop.example")
	messenger.write("textbox", "Six-digit code", code)
	messenger.click("button", "Confirm")
	messenger.sees("You are verified as visitor@shop.example")
	until(t, patience, func() bool { return script[string](page, `JSON.stringify(heard)`) == `["supplied",null]` }, func() string {
		return "for the page to hear of it, once: " + script[string](page, `JSON.stringify(heard)`)
	})
	if told := script[string](page, `JSON.stringify([heard, Intercom("whoami"), localStorage])`); strings.Contains(told, "visitor@") {
		t.Errorf("the page was told the address: %s", told)
	}
	// A page that claims nobody leaves whom its visitor proved to be.
	script[any](page, `Intercom("update", { plan: "gold" })`)
	messenger.sees("You are verified as visitor@shop.example")
	script[any](page, `Intercom("shutdown")`)
	until(t, patience, func() bool { return !page.has("button", "Close chat") }, func() string { return "for the messenger to go" })
}
