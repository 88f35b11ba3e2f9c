package e2e

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// The three ways in and out of a web view, as the systems make them: what stands here is
// what WKWebView, an Android WebView and react-native-webview put into a page.
var bridges = map[string]string{
	"ios": `window.webkit = { messageHandlers: { countersign: { postMessage: hear } } };
		app.post = (text) => window.CountersignShell.receive(text);`,
	"android": `window.CountersignAndroid = { postMessage(text) { if (this !== window.CountersignAndroid) throw new TypeError("Illegal invocation"); hear(text) } };
		app.post = (text) => window.CountersignAndroid.onmessage(new MessageEvent("message", { data: text }));`,
	"react native": `window.ReactNativeWebView = { postMessage: hear };
		app.post = (text) => window.CountersignShell.receive(text);`,
}

// appScript is the app around the view, as examples/mobile write it: it greets, proves
// who is logged in, and proves it again when it is asked.
const appScript = `(() => {
  const app = window.app = { told: [], turn: 0, asked: 0, person: %s, next: undefined, platform: %q, dialect: %s };
  const hear = (text) => { app.told.push(text); setTimeout(() => app.hear(JSON.parse(text))) };
  %s
  app.say = (message) => app.post(JSON.stringify(message)) ?? true;
  app.types = () => app.told.map((t) => JSON.parse(t).type).join(" ");
  app.last = (type) => JSON.stringify(app.told.map((t) => JSON.parse(t)).findLast((m) => m.type === type) ?? null);
  app.prove = () => {
    const turn = ++app.turn;
    app.say({ type: "claim", turn });
    setTimeout(() => app.say({ type: "identify", turn, assertion: app.person, dialect: app.dialect }), 20);
  };
  app.logOut = () => { app.person = null; app.say({ type: "logout", turn: ++app.turn }) };
  app.logIn = (person) => { app.person = person; app.prove() };
  app.hear = (m) => {
    if (m.type === "hello") { app.say({ type: "shell", platform: app.platform, version: "3.2.1", lang: "en", site: "Somebody" }); app.prove() }
    if (m.type === "prove") { app.asked++; app.person = app.next ?? app.person; app.prove() }
  };
})()`

// person is somebody's assertion as an app's backend signs it.
func asserted(secret, user string) object {
	return object{"user_id": user, "name": user, "email": user + "@example.com", "hash": sign(secret, user)}
}

// inApp opens the view of a channel inside an app where somebody is logged in.
func inApp(p *person, base, bridge string, who object, more ...string) *tab {
	p.t.Helper()
	platform, dialect := "ios", "undefined"
	if bridge == "android" {
		platform = "android"
	}
	if len(more) > 0 {
		dialect = quote(more[0])
	}
	view := p.open("about:blank")
	source := fmt.Sprintf(appScript, quote(who), platform, dialect, bridges[bridge])
	ctx, cancel := context.WithTimeout(view.ctx, patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source}); err != nil {
		p.t.Fatal(err)
	}
	view.goTo(base + "/m/app")
	return view
}

// told waits until the last message of a type is this one.
func (b *tab) told(message string) {
	b.t.Helper()
	var kind struct{ Type string }
	decode(b.t, message, &kind)
	last := ""
	until(b.t, patience, func() bool {
		last = script[string](b, `app.last(`+quote(kind.Type)+`)`)
		return last == message
	}, func() string { return "for the app to be told " + message + ", last it was " + last })
}

// apps makes a channel for apps and the web, with one key that signs for apps alone.
func (s *server) apps(dialect string, enforcement string) (secret, key string) {
	s.t.Helper()
	s.cli(nil, "channel", "create", "--slug", "app", "--platform", "web", "--platform", "ios", "--platform", "android", "--enforcement", enforcement)
	var made struct{ ID, Secret string }
	s.cli(&made, "keys", "generate", "--channel", "app", "--dialect", dialect, "--platform", "ios", "--platform", "android")
	return made.Secret, made.ID
}

// Each bridge carries a proof in and everything that an app must know out, and nothing
// of it is a token, an identity or what somebody wrote.
func TestAMessengerInAnAppIsVerifiedOverEachBridge(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, _ := s.apps("native", "enforce")
	grace := s.hire(t)
	for bridge := range bridges {
		user := "ada-" + strings.ReplaceAll(bridge, " ", "-")
		question, answer := "Where is it? https://example.com/track?by="+user, "On its way to "+user
		view := inApp(meet(t, bridge), s.Base, bridge, asserted(secret, user))
		view.sees("Signed in as "+user, "Confirmed by Somebody")
		view.told(`{"type":"hello","protocol":1}`)
		view.told(`{"type":"state","identity":"verified","chatted":false}`)

		script[any](view, `app.say({ type: "open", text: `+quote(question)+` })`)
		until(t, patience, func() bool { return view.has("textbox", "Write a message") }, func() string { return "for a new conversation" })
		if words, _ := evaluate[string](view.frame, `document.querySelector("textarea").value`); words != question {
			t.Errorf("%s: the composer holds %q", bridge, words)
		}
		view.seesNothingOf("Sent")
		view.click("button", "Send")
		view.sees("Sent")
		view.told(`{"type":"state","identity":"verified","chatted":true}`)

		view.click("link", "https://example.com/track?by="+user)
		view.told(`{"type":"link","url":"https://example.com/track?by=` + user + `"}`)
		view.click("button", "Close*")
		view.told(`{"type":"close"}`)
		script[any](view, `app.say({ type: "hide" })`)
		grace.answer(question, answer)
		view.told(`{"type":"unread","n":1}`)
		script[any](view, `app.say({ type: "open" })`)
		view.sees(answer)
		view.told(`{"type":"unread","n":0}`)

		script[any](view, `app.told.length = 0; app.say({ type: "back" })`)
		view.sees("Your conversations")
		if types := script[string](view, `app.types()`); strings.Contains(types, "close") {
			t.Errorf("%s: back left the messenger from a thread: %s", bridge, types)
		}
		script[any](view, `app.say({ type: "back" })`)
		view.told(`{"type":"close"}`)
		thread := listed(t, s, view.token())
		if !script[bool](view, `app.say({ type: "open", conversation: `+quote(thread)+` })`) {
			t.Errorf("%s: the thread %s was not heard of", bridge, thread)
		}
		view.sees(question, answer)

		if at := script[string](view, `location.href`); at != s.Base+"/m/app" {
			t.Errorf("%s: the view went to %s", bridge, at)
		}
		all := script[string](view, `app.told.join("\n")`)
		for _, kept := range []string{view.token(), user + "@", answer, secret, thread, sign(secret, user)} {
			if strings.Contains(all, kept) {
				t.Errorf("%s: %q went out: %s", bridge, kept, all)
			}
		}
		for _, complaint := range view.complaints() {
			t.Errorf("%s: %s", bridge, complaint)
		}
	}
}

// listed is the only conversation of a session.
func listed(t *testing.T, s *server, session string) string {
	t.Helper()
	var list struct{ Conversations []struct{ ID string } }
	if status := s.call("GET", "/api/v1/widget/conversations", session, nil, &list); status != 200 || len(list.Conversations) != 1 {
		t.Fatalf("%d %v", status, list)
	}
	return list.Conversations[0].ID
}

// shortToken is a native token that lives for seconds.
func shortToken(secret, user string, life time.Duration) object {
	now := time.Now()
	claims := quote(object{"user_id": user, "name": user, "aud": "app", "iat": now.Unix(), "exp": now.Add(life).Unix()})
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	mac, _ := hex.DecodeString(sign(secret, signed))
	return object{"jwt": signed + "." + base64.RawURLEncoding.EncodeToString(mac)}
}

func TestAnAppIsAskedForAProofBeforeTheOldOneRunsOut(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, key := s.apps("native-jwt", "enforce")
	view := inApp(meet(t, "customer"), s.Base, "ios", shortToken(secret, "ada", 12*time.Second))
	script[any](view, `app.next = `+quote(shortToken(secret, "ada", time.Hour)))
	view.sees("Signed in as ada")
	first := view.token()
	view.say("Before it ran out")
	view.told(`{"type":"prove","expiring":true}`)
	until(t, patience, func() bool { return view.token() != first }, func() string { return "for a session under the fresh proof" })
	until(t, patience, func() bool { return s.call("GET", "/api/v1/widget/sessions/current", first, nil, nil) == 401 }, func() string { return "for the old session's end" })
	view.say("After it ran out")
	view.sees("Before it ran out", "Sent")
	if types := script[string](view, `app.types()`); strings.Contains(types, "ended") {
		t.Errorf("a proof that came in time ended the session: %s", types)
	}
	// An app that has none to give is told when it is over, and what was typed stays.
	view.write("textbox", "Write a message", "half a sent")
	script[any](view, `app.prove = () => app.say({ type: "identify", turn: ++app.turn })`)
	s.cli(nil, "keys", "revoke", "--key", key)
	view.told(`{"type":"ended"}`)
	view.sees("Try again", "What you had written is kept")
	if kept, _ := evaluate[string](view.frame, `document.querySelector("textarea").value`); kept != "half a sent" {
		t.Errorf("of what was typed is left %q", kept)
	}
	view.seesNothingOf("After it ran out")
}

// The next person in the same view starts empty, and a proof that was on its way for the
// one before opens nothing.
func TestNothingOfOnePersonIsLeftForTheNextInTheSameView(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const words = "Ada's own words"
	s := serve(t)
	secret, _ := s.apps("native", "enforce")
	view := inApp(meet(t, "a shared phone"), s.Base, "react native", asserted(secret, "ada"))
	view.sees("Signed in as ada")
	view.say(words)
	view.sees("Sent")
	token := view.token()
	script[any](view, `app.logOut(); app.say({ type: "identify", turn: app.turn - 1, assertion: `+quote(asserted(secret, "ada"))+` })`)
	view.sees("You are chatting as a guest")
	view.seesNothingOf(words)
	view.told(`{"type":"state","identity":"anonymous","chatted":false}`)
	until(t, patience, func() bool { return s.call("GET", "/api/v1/widget/sessions/current", token, nil, nil) == 401 }, func() string { return "for the session's end" })
	if kept := view.keeps(); strings.Contains(kept, words) || strings.Contains(kept, token) {
		t.Errorf("the view keeps %s", kept)
	}
	script[any](view, `app.logIn(`+quote(asserted(secret, "bob"))+`)`)
	view.sees("Signed in as bob")
	view.seesNothingOf(words, "Was this you?", "Your conversations")
	// And without a log-out between.
	view.say("Bob's own words")
	script[any](view, `app.logIn(`+quote(asserted(secret, "carol"))+`)`)
	view.sees("Signed in as carol")
	view.seesNothingOf("Bob's own words", words)
	script[any](view, `app.logIn(`+quote(asserted(secret, "ada"))+`)`)
	view.sees("Signed in as ada", words)
}

// Each platform has its own switch: what iOS enforces refuses there, in the words of the
// dialect, and says nothing about the web.
func TestEnforcementOnIOSRefusesThereAndLeavesTheWebAlone(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	s.apps("native", "observe")
	s.cli(nil, "channel", "set", "--slug", "app", "--platform", "ios", "--enforcement", "enforce")
	forged := asserted("another secret than the key's", "ada")
	ios := inApp(meet(t, "ios"), s.Base, "ios", forged)
	ios.told(`{"type":"state","identity":"refused","code":"identity_refused"}`)
	ios.sees("We could not verify you", "Try again")
	ios.seesNothingOf("mismatch", "hash")
	spoken := inApp(meet(t, "ios, as Intercom's library"), s.Base, "ios", forged, "intercom")
	spoken.told(`{"type":"state","identity":"refused","code":"hmac_mismatch"}`)
	spoken.sees("We could not verify you")
	inApp(meet(t, "android"), s.Base, "android", forged).sees("We could not confirm who you are")
	if status, answer := s.session("app", forged); status != 201 || answer["tier"] != "claimed" {
		t.Errorf("the web: %d %v", status, answer)
	}
}

// A page holds no bridge: whatever it opens, frames or posts, the view of an app neither
// shows a messenger to it nor hears it.
func TestAPageThatOpensTheViewOfAnAppIsNotHeard(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, _ := s.apps("native", "observe")
	hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><title>Hostile</title><iframe src="` + s.Base + `/m/app"></iframe>`))
	}))
	defer hostile.Close()
	eve := meet(t, "eve")
	page := eve.open(hostile.URL)
	until(t, patience, func() bool { return strings.Contains(strings.Join(page.complaints(), "\n"), "frame") }, func() string { return fmt.Sprint("for the frame to be refused: ", page.complaints()) })
	alone := eve.open(s.Base + "/m/app")
	alone.sees("This page is the messenger of an app.")
	before := admissions(t, s.Base)
	script[any](alone, `(() => {
		const { port1, port2 } = new MessageChannel();
		window.postMessage("countersign:port", "*", [port2]);
		window.postMessage(JSON.stringify({ type: "shell", platform: "ios" }), "*");
		window.dispatchEvent(new MessageEvent("message", { data: JSON.stringify({ type: "shell", platform: "ios" }) }));
	})()`)
	// The one who opened it holds a window that is closed to them.
	if severed := script[bool](page, `new Promise((done) => {
		const opened = window.open(`+quote(s.Base+"/m/app")+`);
		if (!opened) return done(true);
		const look = setInterval(() => { opened.postMessage("x", "*"); if (opened.closed) { clearInterval(look); done(true) } }, 50);
		setTimeout(() => done(opened.closed), 10000);
	})`); !severed {
		t.Error("the page that opened the view holds it")
	}
	alone.seesNothingOf("Send us a message")
	if after := admissions(t, s.Base); after != before {
		t.Errorf("a view outside an app reached the gate:\n%s\nbefore:\n%s", after, before)
	}

	// Nor is a message between windows heard where there is an app.
	view := inApp(meet(t, "customer"), s.Base, "android", asserted(secret, "ada"))
	view.sees("Signed in as ada")
	view.say("Still here")
	script[any](view, `for (const m of [{ type: "logout" }, { type: "identify", assertion: null }, { type: "open", text: "pwned" }]) {
		window.postMessage(JSON.stringify(m), "*"); document.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(m) }));
	}`)
	view.say("And here")
	view.sees("Still here")
	view.seesNothingOf("pwned")
}

// What an app says wrongly is not heard, and nothing of it throws.
func TestGarbageOfAnAppChangesNothing(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, _ := s.apps("native", "enforce")
	view := inApp(meet(t, "customer"), s.Base, "ios", asserted(secret, "ada"))
	view.sees("Signed in as ada")
	view.say("Before the garbage")
	heard := script[string](view, `JSON.stringify([undefined, null, 5, {}, [], "", "{", "null", '"x"', '{"type":"__proto__"}', '{"type":"proof","turn":0,"assertion":null}',
		'{"type":"shell"}', '{"type":"identify","turn":-1,"assertion":null}', JSON.stringify({ type: "open", text: "x".repeat(70000) })].map((junk) => CountersignShell.receive(junk)))`)
	if heard != "[false,false,false,false,false,false,false,false,false,false,false,false,false,false]" {
		t.Errorf("heard: %s", heard)
	}
	script[any](view, `app.say({ type: "appearance", theme: 7, text_scale: "9", insets: [1], accent: "red;}" }); app.say({ type: "open", conversation: "../sessions/current/claim#" });
		app.say({ type: "back" })`)
	view.sees("Signed in as ada", "Before the garbage")
	// A drop beside the composer, and a link that is no link, lead nowhere.
	script[any](view, `(() => {
		const a = Object.assign(document.createElement("a"), { href: "javascript:document.title='pwned'", textContent: "x" });
		document.body.append(a); a.click(); a.href = "https://elsewhere.example/"; a.target = "_self"; a.click(); a.remove();
		window.open("https://popup.example/"); window.open("javascript:document.title='pwned'"); window.open("http://["); window.open(""); window.open();
	})()`)
	view.told(`{"type":"link","url":"https://popup.example/"}`)
	if at := script[string](view, `location.href + document.title`); !strings.HasPrefix(at, s.Base+"/m/app") || strings.Contains(at, "pwned") {
		t.Errorf("the view is at %s", at)
	}
}

// A web view saves no file, and is handed none: the app opens a link to that one file, which
// carries nothing of the session and ends with it.
func TestAFileLeavesAnAppsViewByALinkOfItsOwn(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, _ := s.apps("native", "enforce")
	view := inApp(meet(t, "customer"), s.Base, "android", asserted(secret, "ada"))
	view.sees("Signed in as ada")
	view.say("Here is the bill")
	view.sees("Sent")
	token := view.token()
	script[any](view, `(async () => {
		const headers = { Authorization: "Bearer " + `+quote(token)+` };
		const give = async (blob, name) => {
			const form = new FormData();
			form.append("file", blob, name);
			return (await (await fetch("/api/v1/widget/files", { method: "POST", headers, body: form })).json()).id;
		};
		const picture = await new OffscreenCanvas(40, 30).getContext("2d").canvas.convertToBlob();
		const files = [await give(new Blob(["Paid in full."], { type: "text/plain" }), "bill.txt"), await give(picture, "bill.png")];
		const body = JSON.stringify({ text: "", client_id: "bill", files });
		await fetch("/api/v1/widget/conversations/" + `+quote(listed(t, s, token))+` + "/messages", { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body });
	})()`)
	view.sees("bill.txt")
	view.click("button", "Download bill.txt*")
	var link struct{ URL string }
	until(t, patience, func() bool {
		decode(t, script[string](view, `app.last("link")`), &link)
		return strings.HasPrefix(link.URL, s.Base+"/api/v1/widget/links/")
	}, func() string { return "for a link to the file, the last was " + link.URL })
	if text := fetch(t, link.URL); text != "Paid in full." || strings.Contains(link.URL, token) {
		t.Errorf("%s leads to %q", link.URL, text)
	}
	// Back closes the picture that was opened last, and not the thread below it.
	view.click("button", "Show bill.png")
	shows := func(there bool) {
		t.Helper()
		until(t, patience, func() bool {
			open, err := evaluate[bool](view.frame, `!!document.querySelector("dialog[open]")`)
			return err == nil && open == there
		}, func() string { return fmt.Sprint("for the picture to be shown: ", there) })
	}
	shows(true)
	script[any](view, `app.say({ type: "back" })`)
	shows(false)
	view.sees("Here is the bill", "bill.txt")
	script[any](view, `app.logOut()`)
	view.sees("You are chatting as a guest")
	until(t, patience, func() bool { return s.call("GET", strings.TrimPrefix(link.URL, s.Base), "", nil, nil) == 404 }, func() string { return "for the link to end with its session" })
}
