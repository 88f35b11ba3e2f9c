package e2e

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

const (
	pylonSecret = "5f1c0d9e8b7a695847362514f0e1d2c3b4a5968778695a4b3c2d1e0f11223344"
	pylonHost   = "widget.usepylon.com"
)

// pylonSnippet is the loader that pages made for Pylon carry.
func pylonSnippet(host, app string) string {
	return `(function () {
  var e = window, t = document, n = function () { n.e(arguments) };
  n.q = []; n.e = function (e) { n.q.push(e) };
  e.Pylon = n;
  var r = function () {
    var e = t.createElement("script"); e.setAttribute("type", "text/javascript"); e.setAttribute("async", "true");
    e.setAttribute("src", "https://` + host + `/widget/` + app + `");
    var n = t.getElementsByTagName("script")[0]; n.parentNode.insertBefore(e, n);
  };
  if (t.readyState === "complete") r(); else e.addEventListener("load", r, false);
})();`
}

func TestPagesMadeForPylon(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	m := moveTo(t, s.Base, pylonHost)
	s.dropIn("9f3c2b1a", "pylon", pylonSecret)
	s.dropIn("jwt-9f3c", "pylon-jwt", intercomSecret+"-pylon")
	s.dropIn("new-9f3c", "", "")
	raw, err := hex.DecodeString(pylonSecret)
	if err != nil {
		t.Fatal(err)
	}
	chat := func(email string) object {
		return object{"app_id": "9f3c2b1a", "email": email, "name": strings.Split(email, "@")[0], "account_id": "acc-1", "email_hash": sign(string(raw), email)}
	}
	t.Run("the documented snippet", func(t *testing.T) { walkPylonSnippet(t, s, m, chat) })
	t.Run("people come, change and go", func(t *testing.T) { walkPylonPeople(t, s, m, chat) })
	t.Run("a token that runs out", func(t *testing.T) { walkPylonToken(t, s, m) })
	t.Run("a channel that has no key yet", func(t *testing.T) {
		home := serveHomepages(t, map[string]homepage{"/": {settings: object{"pylon": object{"chat_settings": object{"app_id": "new-9f3c"}}}, scripts: []string{pylonSnippet(pylonHost, "new-9f3c")}}})
		page := m.meet(t, "visitor").open(home)
		page.openMessenger().sees("You are chatting as a guest")
		if script[bool](page, `"Intercom" in window`) {
			t.Error("a page of Pylon's has Intercom's global")
		}
	})
}

func walkPylonSnippet(t *testing.T, s *server, m *moved, chat func(string) object) {
	home := serveHomepages(t, map[string]homepage{"/": {settings: object{"pylon": object{"chat_settings": chat("ada@example.com")}}, scripts: []string{pylonSnippet(pylonHost, "9f3c2b1a"),
		`heard = []; Pylon("onShow", () => heard.push("show")); Pylon("onHide", () => heard.push("hide")); Pylon("onChangeUnreadMessagesCount", (n) => heard.push(n))`}}})
	page := m.meet(t, "customer").open(home)
	messenger := page.openMessenger()
	messenger.sees("Verified", "Signed in as ada")
	messenger.say("Where do I find the invoice?")
	messenger.sees("Sent")
	s.expectVerified(messenger, "hmac")
	script[any](page, `Pylon("hide"); Pylon("onHide", null)`)
	until(t, patience, func() bool { return page.has("button", "Open chat") }, func() string { return "for hide to close it" })
	script[any](page, `Pylon("showNewMessage", "<p>One &amp; <b>two</b></p><p>three<script>alert(1)</`+`script></p>", { isHtml: true })`)
	until(t, patience, func() bool {
		text, err := evaluate[string](messenger, `document.querySelector("textarea")?.value ?? ""`)
		return err == nil && text == "One & two\nthree"
	}, func() string { return "for the markup to stand as text in the composer" })
	script[any](page, pylonSnippet(pylonHost, "9f3c2b1a")+`Pylon("hide"); Pylon("hideChatBubble")`) // an effect of the page's that ran again
	until(t, patience, func() bool { return !page.has("button", "Open chat") }, func() string { return "for the bubble to go" })
	script[any](page, `Pylon("showChatBubble"); Pylon("setTheme", "dark"); Pylon("setNewIssueCustomFields", {a: 1}); Pylon("setTicketFormFields", {a: 1}); Pylon("showTicketForm", "x"); Pylon("showKnowledgeBaseArticle", "1"); Pylon("no such")`)
	until(t, patience, func() bool { return page.has("button", "Open chat") }, func() string { return "for the bubble to come back" })
	if heard := script[string](page, `heard.join()`); heard != "0,show,hide,show" {
		t.Errorf("the page heard %q", heard)
	}
	if n := script[int](page, `document.querySelectorAll("countersign-messenger").length`); n != 1 {
		t.Errorf("%d messengers are on the page", n)
	}
	if found := page.noted(); len(found.Errors) > 0 {
		t.Errorf("the page minds %+v", found)
	}
}

func walkPylonPeople(t *testing.T, s *server, m *moved, chat func(string) object) {
	const question = "Can two of us share a seat?"
	home := serveHomepages(t, map[string]homepage{"/": {scripts: []string{pylonSnippet(pylonHost, "9f3c2b1a")}}})
	page := m.meet(t, "customer").open(home)
	until(t, patience, func() bool { return page.has("button", "Open chat") }, func() string { return "for the launcher" })
	// The settings come after the script, and are read when the chat opens.
	script[any](page, `window.pylon = { chat_settings: `+jsonOf(t, chat("ada@example.com"))+` }`)
	messenger := page.openMessenger()
	messenger.sees("Verified", "Signed in as ada")
	messenger.say(question)
	messenger.sees("Sent")
	first := s.expectVerified(messenger, "hmac")
	// They are replaced while it is open.
	script[any](page, `window.pylon.chat_settings = `+jsonOf(t, chat("bob@example.com")))
	messenger.losesSight(question)
	messenger.sees("Signed in as bob")
	if s.expectVerified(messenger, "hmac") == first {
		t.Error("the second person goes on with the first one's session")
	}
	within(t, soon, "the first one's session to end", func() bool { return statusOf(t, s.Base, first) == 401 })
	// The hash of one person beside the name of another is refused, and says so.
	script[any](page, `window.pylon.chat_settings = { ...window.pylon.chat_settings, email: "eve@example.com" }`)
	messenger.sees("Try again")
	messenger.seesNothingOf(question, "Verified")
	if !page.has("button", "Close chat") {
		t.Error("a refusal took the launcher away")
	}
	script[any](page, `window.pylon.chat_settings = { app_id: "9f3c2b1a" }`)
	messenger.sees("You are chatting as a guest")
	messenger.seesNothingOf(question)
}

func walkPylonToken(t *testing.T, s *server, m *moved) {
	secret := intercomSecret + "-pylon"
	token := func(email string) string {
		return hs256(secret, object{"email": email, "name": "Carol", "aud": "jwt-9f3c", "iat": time.Now().Unix(), "exp": time.Now().Add(10 * time.Minute).Unix()})
	}
	home := serveHomepages(t, map[string]homepage{"/": {settings: object{"pylon": object{"chat_settings": object{"app_id": "jwt-9f3c", "email": "carol@example.com", "name": "Carol", "jwt": token("carol@example.com")}}},
		scripts: []string{pylonSnippet(pylonHost, "jwt-9f3c")}}})
	page := m.meet(t, "customer").open(home)
	messenger := page.openMessenger()
	messenger.sees("Verified", "Signed in as Carol")
	s.expectVerified(messenger, "jwt")
	script[any](page, `window.pylon.chat_settings.email = "mallory@example.com"`)
	messenger.sees("Try again")
}
