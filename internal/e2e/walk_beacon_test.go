package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/chromedp"
)

const (
	beaconID     = "3f1c9a52-7e0b-4a7e-9a30-bead5eed0001"
	beaconSecret = "JNbSz-a-key-of-the-old-system-4Flvf9b"
)

// beaconSnippet is what Help Scout's documentation has pages carry: a queue in the
// script's place, and the script itself once the page has loaded. Its address is the one
// thing that a site changes.
const beaconSnippet = `!function (w, d, b) {
  function load() {
    var first = d.getElementsByTagName("script")[0], script = d.createElement("script");
    script.type = "text/javascript"; script.async = true; script.src = w.address; first.parentNode.insertBefore(script, first);
  }
  w.Beacon = b = function (method, options, data) { w.Beacon.readyQueue.push({ method: method, options: options, data: data }); };
  b.readyQueue = [];
  if (d.readyState === "complete") return load();
  w.addEventListener("load", load, false);
}(window, document, window.Beacon || function () {});
window.heard = [];
["ready", "open", "close", "search", "article-viewed", "chat-started", "chat-ended", "email-sent", "message-triggered"].forEach(function (event) {
  Beacon("on", event, function (about) { heard.push(about ? [event, about.name, about.email].join(" ") : event); });
});
Beacon("init", beaconId);
if (window.person) Beacon("identify", person);
`

func helpScoutPerson(email string) object {
	return object{"name": "Ada of " + email, "email": email, "signature": sign(beaconSecret, email), "company": "Acme", "jobTitle": "Baker", "Favourite pet": "cat"}
}

// beaconSite serves the snippet's page; a page is opened as somebody or as nobody.
func beaconSite(t *testing.T, address string, people map[string]object, policy string, more ...string) string {
	t.Helper()
	pages := map[string]homepage{}
	people["/nobody/"] = nil
	for path, person := range people {
		settings := object{"address": address, "beaconId": beaconID}
		if person != nil {
			settings["person"] = person
		}
		pages[path] = homepage{settings: settings, scripts: append([]string{beaconSnippet}, more...), policy: policy}
	}
	return serveHomepages(t, pages)
}

// hears waits until the page's own listeners have heard these, in this order.
func (b *tab) hears(events ...string) {
	b.t.Helper()
	var heard []string
	until(b.t, patience, func() bool {
		heard = script[[]string](b, `window.heard || []`)
		return strings.HasSuffix("\n"+strings.Join(heard, "\n"), "\n"+strings.Join(events, "\n"))
	}, func() string { return fmt.Sprintf("for the page to hear %q; it heard %q", events, heard) })
}

// A page made for Help Scout, of which only the script's address was changed and whose
// key was imported, chats verified: under the strictest policy, by both addresses.
func TestAPageMadeForHelpScoutChatsVerified(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const question, answer = "Where is my order?", "On a boat, since Tuesday"
	s := serve(t)
	s.dropIn(beaconID, "helpscout", beaconSecret)
	grace := s.hire(t)
	policy := "default-src 'none'; script-src 'self' " + s.Base + "; frame-src " + s.Base
	for name, address := range map[string]string{"Ada.Lovelace@Example.com": s.Base, "grace@example.com": s.Base + "/beacon.js"} {
		site := beaconSite(t, address, map[string]object{"/in/": helpScoutPerson(name)}, policy)
		page := meet(t, name).open(site + "/in/")
		page.hears("ready")
		messenger := page.openMessenger()
		page.hears("ready", "open")
		messenger.sees("Verified", "Signed in as Ada of "+name)
		s.expectVerified(messenger, "hmac")
		messenger.say(question + name)
		messenger.sees("Sent")
		page.hears("email-sent Ada of " + name + " " + name)
		info := script[object](page, `Beacon("info")`)
		if status, _ := info["status"].(map[string]any); info["beaconId"] != beaconID || status["isOpened"] != true || status["isReady"] != true {
			t.Errorf("info: %v", info)
		}
		if text := fmt.Sprint(info); strings.Contains(text, sign(beaconSecret, name)) {
			t.Errorf("info tells the signature: %s", text)
		}
		minded := page.noted()
		if len(minded.Errors)+len(minded.Refused) > 0 {
			t.Errorf("minded errors %q, refusals %q", minded.Errors, minded.Refused)
		}
		for _, global := range minded.Globals {
			if !strings.Contains(" Beacon address beaconId person heard ", " "+global+" ") {
				t.Errorf("a new global: %s", global)
			}
		}
		grace.answer(question+name, answer)
		messenger.seesWithin(soon, answer)
		grace.close(question+name, answer)
		page.hears("chat-ended")
		page.closeMessenger()
		page.hears("close")
		// The same person on another device sees it all; whoever claims the same without a proof, nothing.
		other := meet(t, name+" elsewhere").open(site + "/in/").openMessenger()
		other.sees(answer)
		forged := helpScoutPerson(name)
		forged["signature"] = sign("another key", name)
		forger := meet(t, "forger").open(beaconSite(t, address, map[string]object{"/in/": forged}, policy) + "/in/").openMessenger()
		forger.sees("We could not confirm who you are", "You are chatting as a guest")
		forger.seesNothingOf(answer, question, "Signed in")
		forger.say("I can still write")
		forger.sees("Sent")
		if _, tier, _ := s.recorded(forger); tier != "anonymous" {
			t.Errorf("the forger is %s", tier)
		}
	}
}

// close closes the conversation that says this.
func (c *colleague) close(words ...string) {
	c.t.Helper()
	var list struct {
		Conversations []struct{ ID, Preview string }
	}
	c.call("GET", "/conversations?view=open", nil, &list)
	for _, one := range list.Conversations {
		for _, said := range words {
			if one.Preview == said {
				c.call("PATCH", "/conversations/"+one.ID, object{"status": "closed"}, nil)
				return
			}
		}
	}
	c.t.Fatalf("no open conversation says %q", words)
}

// What a page says of its visitor, step by step as pages do: late, replaced, without a
// proof, with fields that are undefined, and for the next person at the same screen.
func TestHelpScoutPagesIdentifyAsTheyPlease(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const adas, bobs = "Ada has a question", "Bob has another"
	s := serve(t)
	s.dropIn(beaconID, "helpscout", beaconSecret)
	grace := s.hire(t)
	site := beaconSite(t, s.Base, map[string]object{}, "")
	page := meet(t, "visitor").open(site + "/nobody/")
	identify := func(person object) {
		t.Helper()
		script[any](page, `void Beacon("identify", `+jsonOf(t, person)+`)`)
	}
	ada, bob := helpScoutPerson("ada@example.com"), helpScoutPerson("Bob@Example.com")
	messenger := page.openMessenger()
	messenger.sees("You are chatting as a guest")

	identify(object{"email": "ada@example.com", "name": "Ada"}) // the signature is not there yet
	messenger.sees("We could not confirm who you are")
	identify(ada)
	messenger.sees("Verified", "Signed in as Ada of ada@example.com")
	first := s.expectVerified(messenger, "hmac")
	messenger.say(adas)
	messenger.sees("Sent")

	script[any](page, `void Beacon("identify", { plan: "gold", constructor: "x", nothing: undefined })`) // attributes of whoever is there
	messenger.sees(adas)
	known := ""
	until(t, patience, func() bool {
		known = grace.knowsOf(adas)
		return strings.Contains(known, "gold")
	}, func() string { return "for the plan to be known, and not only " + known })
	for _, one := range []string{`"Acme"`, `"Baker"`, `"Favourite_pet"`, `"constructor"`} {
		if !strings.Contains(known, one) {
			t.Errorf("agents do not know %s: %s", one, known)
		}
	}
	s.expectVerified(messenger, "hmac")

	identify(bob) // the next person, and nobody logged the first one out
	messenger.losesSight(adas)
	messenger.sees("Signed in as Ada of Bob@Example.com")
	within(t, soon, "the first person's session to have ended", func() bool {
		return s.call("GET", "/api/v1/widget/sessions/current", first, nil, nil) == http.StatusUnauthorized
	})
	messenger.say(bobs)
	messenger.sees("Sent")

	// An email in other letters than those that were signed is not proved here, where the product signs verbatim.
	identify(object{"email": "BOB@example.com", "signature": sign(beaconSecret, "Bob@Example.com")})
	messenger.losesSight(bobs)
	messenger.sees("We could not confirm who you are")
	identify(bob)
	messenger.sees("Verified")
	script[any](page, `void Beacon("reset")`) // clears a form and nobody's name
	messenger.sees("Verified")

	for _, nobody := range []string{`{ name: "Carol", email: undefined, signature: undefined }`, `{ email: null, signature: "" }`, `undefined`, `{}`} {
		identify(bob)
		messenger.sees("Verified", "Signed in as Ada of Bob@Example.com")
		script[any](page, `void Beacon("identify", `+nobody+`)`)
		messenger.losesSight(bobs, "Verified")
		messenger.sees("You are chatting as a guest")
	}

	// A claim too large to be sent is a claim all the same: the person before is gone.
	identify(bob)
	messenger.sees("Verified")
	script[any](page, `void Beacon("identify", { email: "m".repeat(1e6) + "@example.com", name: "x".repeat(1e6), signature: "s".repeat(1e6) })`)
	messenger.losesSight(bobs, "Signed in as Ada of Bob@Example.com")
	messenger.sees("We could not confirm who you are")

	// A page that calls in a loop, and two people who take turns within one breath: the last word counts.
	script[any](page, `void (() => { for (let i = 0; i < 300; i++) Beacon("identify", { ...`+jsonOf(t, bob)+`, n: i }), Beacon("identify", `+jsonOf(t, ada)+`); })()`)
	messenger.sees("Signed in as Ada of ada@example.com")
	messenger.seesNothingOf(bobs)
	messenger.sees("Verified", adas)
	token := messenger.token()
	script[any](page, `void Beacon("logout", { endActiveChat: true })`)
	messenger.losesSight(adas)
	messenger.sees("You are chatting as a guest")
	within(t, soon, "the session to have ended", func() bool {
		return s.call("GET", "/api/v1/widget/sessions/current", token, nil, nil) == http.StatusUnauthorized
	})
}

// knowsOf is what agents see of the person who wrote this last.
func (c *colleague) knowsOf(words string) string {
	c.t.Helper()
	var list struct {
		Conversations []struct {
			Preview string
			Contact struct{ ID string }
		}
	}
	c.call("GET", "/conversations?view=open", nil, &list)
	for _, one := range list.Conversations {
		if one.Preview == words {
			var person json.RawMessage
			c.call("GET", "/contacts/"+one.Contact.ID, nil, &person)
			return string(person)
		}
	}
	return ""
}

// Taken off the page and put back, with and without a log-out just before.
func TestABeaconIsDestroyedAndComesBack(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const question = "Will you forget me?"
	s := serve(t)
	s.dropIn(beaconID, "helpscout", beaconSecret)
	site := beaconSite(t, s.Base, map[string]object{"/in/": helpScoutPerson("ada@example.com")}, "")
	page := meet(t, "ada").open(site + "/in/")
	messenger := page.openMessenger()
	messenger.say(question)
	messenger.sees("Sent")

	script[any](page, `void (Beacon("destroy"), Beacon("destroy"), Beacon("open"), Beacon("toggle"))`)
	page.hears("close")
	gone := func() bool { return script[bool](page, `!document.querySelector("countersign-messenger")`) }
	if !gone() {
		t.Error("it is still on the page")
	}
	if info := script[object](page, `Beacon("info")`); info["beaconId"] != nil || strings.Contains(fmt.Sprint(info), "ada@") {
		t.Errorf("info of what is gone: %v", info)
	}
	script[any](page, `void (heard.length = 0, Beacon("init", { beaconId, display: { style: "text", text: "Ask us" } }))`)
	page.hears("open", "close", "ready") // what was asked for while there was none; by itself it does not open
	script[any](page, `void (heard.length = 0, Beacon("config", { color: "#123456" }), Beacon("open"), Beacon("config", { color: "#654321" }))`)
	page.hears("open")
	messenger = page.messenger()
	messenger.sees("You are chatting as a guest")
	messenger.seesNothingOf(question)
	script[any](page, `void Beacon("identify", person)`)
	messenger.sees(question)
	if heard := script[string](page, `heard.join()`); heard != "open" {
		t.Errorf("the page heard %s", heard)
	}
	s.expectVerified(messenger, "hmac")

	// A single page application logs out and unmounts in one breath: the session ends all the same.
	token := messenger.token()
	script[any](page, `void (Beacon("logout"), Beacon("destroy"))`)
	within(t, soon, "the session to have ended", func() bool {
		return s.call("GET", "/api/v1/widget/sessions/current", token, nil, nil) == http.StatusUnauthorized
	})
	if page.has("button", "*") {
		t.Error("a launcher is left on the page")
	}
	script[any](page, `void (heard.length = 0, Beacon("init", beaconId))`)
	page.hears("ready")
	messenger = page.openMessenger()
	messenger.sees("You are chatting as a guest")
	messenger.seesNothingOf(question)
}

// What a page configures is seen: the launcher's style, words and place, the colour, the
// messenger's words, and what the page leaves out.
func TestAHelpScoutPageLooksAsItConfigures(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const question = "Is this blue?"
	s := serve(t)
	s.dropIn(beaconID, "helpscout", beaconSecret)
	grace := s.hire(t)
	site := beaconSite(t, s.Base, map[string]object{"/in/": helpScoutPerson("ada@example.com")}, "")
	page := meet(t, "ada").open(site + "/in/")
	page.hears("ready")
	beacon := func(calls string) { t.Helper(); script[any](page, `void (`+calls+`)`) }
	is := func(role, name string) {
		t.Helper()
		until(t, patience, func() bool { return page.has(role, name) }, func() string { return "for the " + role + " " + name })
	}
	is("button", "Open chat")
	beacon(`Beacon("config", { display: { style: "text", text: "Need a hand?" } })`)
	is("button", "Need a hand?")
	beacon(`Beacon("config", { display: { position: "left" }, labels: { beaconButtonClose: "Shut it" } })`) // laid over what stands
	is("button", "Need a hand?")
	if box := page.boxOf("button", "Need a hand?"); box.X > 40 || box.Width < 100 {
		t.Errorf("the launcher is at %+v", box)
	}
	beacon(`Beacon("config", { display: { style: "iconAndText", text: "Help", position: "right", horizontalOffset: 100, verticalOffset: "50px" } })`)
	is("button", "Help")
	if box := page.boxOf("button", "Help"); box.Right != 100 || box.Bottom != 50 {
		t.Errorf("the launcher is at %+v", box)
	}
	beacon(`Beacon("config", { display: { style: "manual" } })`)
	until(t, patience, func() bool { return !page.has("button", "*") }, func() string { return "for the launcher to go" })
	beacon(`Beacon("toggle")`)
	page.hears("open")
	messenger := page.messenger()
	messenger.sees("Verified", "How can we help?", "Send us a message")
	beacon(`Beacon("config", { color: "#0b6e4f", labels: { howCanWeHelp: "What is <b>on</b> your mind?", sendAMessage: "Drop us a line", addYourMessageHere: "Say it", previousMessages: "Earlier", signedIn: "Nobody", verified: "Maybe" } })`)
	messenger.sees("What is <b>on</b> your mind?", "Drop us a line", "Verified")
	until(t, patience, func() bool {
		accent, err := evaluate[string](messenger, `getComputedStyle(document.documentElement).getPropertyValue("--accent")`)
		return err == nil && strings.TrimSpace(accent) == "#0b6e4f"
	}, func() string { return "for the accent that the page gave" })
	beacon(`Beacon("navigate", "/ask/message/")`)
	until(t, patience, func() bool { return messenger.has("textbox", "Say it") }, func() string { return "for the composer" })
	until(t, patience, func() bool { return messenger.has("button", "Add files") }, func() string { return "for the paperclip" })
	beacon(`Beacon("config", { messaging: { contactForm: { allowAttachments: false } } })`)
	until(t, patience, func() bool { return !messenger.has("button", "Add files") }, func() string { return "for the paperclip to go" })
	beacon(`Beacon("prefill", { subject: "Invoice 42", text: "I cannot find it", email: "somebody@else.example", attachments: ["http://127.0.0.1:1/secret"] })`)
	value := func() string {
		text, _ := evaluate[string](messenger, `document.querySelector("textarea")?.value ?? ""`)
		return text
	}
	until(t, patience, func() bool { return value() == "Invoice 42\n\nI cannot find it" }, func() string { return "for the composer to be filled, not " + value() })
	messenger.write("textbox", "Say it", " anywhere")
	beacon(`Beacon("prefill", { subject: "Invoice 42", text: "I cannot find it" })`) // a page that says it on each of its renderings
	beacon(`Beacon("navigate", "/answers/")`)
	messenger.sees("Drop us a line")
	beacon(`Beacon("navigate", "/ask/")`)
	until(t, patience, func() bool { return strings.Contains(value(), "anywhere") }, func() string { return "for what was written by hand: " + value() })
	beacon(`Beacon("reset")`)
	until(t, patience, func() bool { return value() == "" }, func() string { return "for an empty composer, not " + value() })
	messenger.write("textbox", "Say it", question)
	page.press(enter)
	messenger.sees("Sent")
	grace.answer(question, "It is")
	messenger.sees("It is")
	if name := grace.knowsOf("It is"); strings.Contains(name, "somebody@else.example") {
		t.Errorf("a prefilled email became the visitor's: %s", name)
	}
	for _, route := range []string{`"/"`, `"/previous-messages/"`, `"/docs/search?query=x"`, `"/ask/chat/"`, `"javascript:alert(1)"`, `"//evil.example/"`, `null`, `{}`, `"/ask/../../console"`} {
		beacon(`Beacon("navigate", ` + route + `)`)
	}
	beacon(`Beacon("navigate", "/")`)
	messenger.sees("Earlier", "It is")
	beacon(`Beacon("config", { messagingEnabled: false, enablePreviousMessages: false, hideAvatars: true })`)
	messenger.losesSight("Drop us a line", "Earlier")
	messenger.sees("Verified")
	beacon(`Beacon("navigate", "/ask/")`)
	messenger.seesNothingOf("Write to us")
	beacon(`Beacon("config", { messagingEnabled: true, enablePreviousMessages: true, hideAvatars: false })`)
	messenger.sees("Drop us a line", "Earlier", "It is")
	beacon(`Beacon("ask-question", "How do I <i>log in</i>?")`)
	until(t, patience, func() bool { return value() == "How do I <i>log in</i>?" }, func() string { return "for the question, not " + value() })
	beacon(`Beacon("search", "hipaa")`)
	messenger.sees("Earlier")
	beacon(`Beacon("close")`)
	page.hears("close")
	beacon(`Beacon("article", "5f0", { type: "modal" })`)
	page.hears("close", "open")
	if minded := page.noted(); len(minded.Errors) > 0 {
		t.Errorf("%q", minded.Errors)
	}
}

// box is where an element is in its page, in CSS pixels.
type box struct{ X, Right, Bottom, Width float64 }

func (b *tab) boxOf(role, name string) (found box) {
	b.t.Helper()
	b.act("to measure the "+role+" "+name, func(ctx context.Context) error {
		node, err := b.find(ctx, role, name)
		if err != nil {
			return err
		}
		drawn, err := chromedp.Call(ctx, dom.GetBoxModel, dom.GetBoxModelParams{BackendNodeID: node})
		if err != nil {
			return err
		}
		q := drawn.Model.Border
		size := script[[]float64](b, `[document.documentElement.clientWidth, innerHeight]`)
		found = box{X: q[0], Right: size[0] - q[2], Bottom: size[1] - q[5], Width: q[2] - q[0]}
		return nil
	})
	return found
}

// react-live-chat-loader as it is published, which knows no other address than Help
// Scout's: a likeness of the launcher until somebody presses it, then the Beacon itself.
func TestAPublishedReactLoaderOfHelpScoutRunsUnchanged(t *testing.T) {
	t.Parallel()
	s := serve(t)
	moved := moveTo(t, s.Base, "beacon-v2.helpscout.net")
	s.dropIn(beaconID, "helpscout", beaconSecret)
	site := serveHomepages(t, map[string]homepage{"/in/": {
		settings: object{"beaconId": beaconID, "person": helpScoutPerson("Ada@Example.com")},
		scripts:  []string{`addEventListener("DOMContentLoaded", () => { const s = document.createElement("script"); s.src = "/react/script.js"; document.body.append(s) })`},
	}, "/react/": {scripts: []string{bundled(t, "helpscout-react")}}})
	page := moved.meet(t, "ada").open(site + "/in/")
	page.sees("The chat is initial")
	if script[bool](page, `!!window.Beacon`) {
		t.Error("something was loaded before anybody wanted it")
	}
	page.click("button", "Load Chat")
	page.hears("open", "ready", "onReady")
	page.sees("The chat is complete")
	if origin := script[string](page, `[...document.scripts].map((s) => s.src).find((src) => src.includes("helpscout"))`); origin != "https://beacon-v2.helpscout.net/" {
		t.Errorf("the client loaded %q", origin)
	}
	messenger := page.messenger()
	messenger.sees("Verified", "Signed in as Ada of Ada@Example.com")
	s.expectVerified(messenger, "hmac")
	if info := script[object](page, `Beacon("info")`); info["beaconId"] != beaconID {
		t.Errorf("info: %v", info)
	}
	messenger.say("Hello from React")
	messenger.sees("Sent")
	page.closeMessenger()
	page.hears("close")
	until(t, patience, func() bool { return page.has("button", "Open chat") && !page.has("button", "Load Chat") }, func() string { return "for the launcher in its likeness' place" })
}

// A prefilled email stands in the field of whoever wants to prove one, and is nobody's
// identity before a code came back.
func TestAPrefilledEmailIsFilledInAndProvesNothing(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	d := startDemo(t, filepath.Join(t.TempDir(), "demo"))
	page := meet(t, "visitor").open(d.Shop) // the demo's channel lists its pages
	script[any](page, `void Object.assign(window, `+jsonOf(t, object{"address": d.Base, "beaconId": "shop"})+`)`)
	script[any](page, beaconSnippet+`void (Beacon("prefill", { name: "Visitor", email: "visitor@shop.example", text: "Hello" }), Beacon("open"))`)
	messenger := page.messenger()
	messenger.sees("You are chatting as a guest")
	messenger.click("button", "Prove your email")
	field := func() string {
		text, _ := evaluate[string](messenger, `document.querySelector("input[type=email], input")?.value ?? ""`)
		return text
	}
	until(t, patience, func() bool { return field() == "visitor@shop.example" }, func() string { return "for the address to be there, not " + field() })
	messenger.seesNothingOf("Verified", "We sent")
	mailbox := meet(t, "mailbox").open(d.Base + "/demo/mailbox")
	mailbox.sees("Nothing yet")
	if identity := script[string](page, `JSON.stringify(Beacon("info").visitor)`); strings.Contains(identity, "visitor@") {
		t.Errorf("the page says that its visitor is %s", identity)
	}
}
