package e2e

import (
	"strings"
	"testing"
	"time"
)

// A visitor who claims nobody leaves no trace until they write, keeps what they wrote,
// takes it along when they log in at once, and leaves nothing to the next at the screen.
func TestGuestBecomesACustomerAndTakesTheConversationAlong(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const question, answer = "Do you post to Norway?", "We do, on Thursdays"
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	grace := s.hire(t)
	host := newSite(t, s.Base, "shop", secret)
	page := meet(t, "guest").open(host.URL)
	script[any](page, `noted.idle`)
	until(t, patience, func() bool { return page.has("button", "Open chat") }, func() string { return "for the launcher" })
	if frames := script[int](page, `performance.getEntriesByType("resource").filter(e => e.name.includes("/frame/") && !e.name.includes("?ping=") || e.name.includes("/api/")).length`); frames != 0 {
		t.Errorf("a page that claims nobody asked for %d things beside the loader and its one ping", frames)
	}
	messenger := page.openMessenger()
	messenger.sees("You are chatting as a guest")
	if counted := admissions(t, s.Base); counted != "" {
		t.Errorf("a guest who wrote nothing has a session:\n%s", counted)
	}
	messenger.say(question)
	messenger.sees("Sent")
	page.closeMessenger()
	grace.answer(question, answer)
	until(t, soon, func() bool { return page.has("button", "Open chat, 1 unread") }, func() string { return "for the launcher to tell of the answer" })
	page.reload()
	until(t, patience, func() bool { return page.has("button", "Open chat, 1 unread") }, func() string { return "for the launcher to know it still" })
	page.openMessenger().sees(question, answer)

	page.goTo(host.URL + "/?as=ada")
	messenger = page.openMessenger()
	messenger.sees("Signed in as ada", "The conversation you started before signing in is here now.")
	messenger.clickText(answer)
	messenger.sees(question, answer)
	script[any](page, `Countersign("logout")`)
	messenger.sees("You are chatting as a guest")
	messenger.seesNothingOf(question, answer)
	page.goTo(host.URL + "/?as=bob")
	messenger = page.openMessenger()
	messenger.sees("Signed in as bob")
	messenger.seesNothingOf(question, answer, "Was this you?")
}

// What a right's end takes away is gone from the screen at once, and says so.
func TestRightsEndOnOpenScreens(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const question = "Can you see my address?"
	s := serve(t)
	secret, key := s.channel("shop", "observe")
	host := newSite(t, s.Base, "shop", secret)
	forger := newSite(t, s.Base, "shop", "another secret than the channel's")

	verified := meet(t, "customer").open(host.URL + "/?as=ada").openMessenger()
	verified.say(question)
	claimed := meet(t, "forger").open(forger.URL + "/?as=ada").openMessenger()
	claimed.sees("We could not confirm who you are")
	claimed.seesNothingOf(question, "Verified", "Your conversations")
	claimed.say("I am Ada, believe me")

	s.cli(nil, "channel", "set", "--slug", "shop", "--enforcement", "enforce")
	started := time.Now()
	claimed.losesSight("I am Ada, believe me")
	if late := time.Since(started); late > soon {
		t.Errorf("the claimed visitor's thread was gone after %v", late)
	}
	claimed.sees("Try again")
	if claimed.has("textbox", "Write a message") {
		t.Error("under enforcement somebody who proved nothing may still write")
	}
	verified.seesNothingOf("Try again")
	verified.say("I am still here")
	verified.sees("Sent")

	// A page that shows a wrong proof again is refused, in words that give nothing away.
	again := meet(t, "forger again").open(forger.URL + "/?as=ada").openMessenger()
	again.sees("We could not verify you")
	for _, word := range []string{"mismatch", "hash", "key", "secret", "enforce"} {
		again.seesNothingOf(word)
	}

	s.cli(nil, "keys", "revoke", "--key", key)
	started = time.Now()
	verified.losesSight(question, "I am still here")
	if late := time.Since(started); late > soon {
		t.Errorf("the revoked key's thread was gone after %v", late)
	}
	verified.sees("Try again")
	if left := verified.keeps(); strings.Contains(left, question) {
		t.Errorf("the browser still keeps %s", left)
	}
}

// What visitors write is text, whatever it looks like, and links go where links may go.
func TestMessagesAreTextOnBothSides(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const nasty = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script> javascript:alert(1) data:text/html,x https://example.com/a?b=<c>&d="e" mailto:a@example.com ` + "\u202eevil\u202c"
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	console := meet(t, "agent").open(s.line(`^Console\s+(\S+)$`))
	console.setUp("Grace <b>Agent</b>", ownersPassword)
	page := meet(t, "customer").open(newSite(t, s.Base, "shop", secret).URL + "/?as=ada")
	messenger := page.openMessenger()
	messenger.say(nasty)
	console.sees("onerror=")
	console.click("link", "ada (ada)*")
	console.answer(nasty)
	messenger.sees("Grace <b>Agent</b>")
	for name, side := range map[string]frame{"messenger": messenger, "console": console.frame} {
		side.sees(`<script>window.pwned=1</script>`)
		found, err := evaluate[struct {
			Images, Scripts int
			Links           []string
			Pwned           bool
		}](side, `({images: document.querySelectorAll("img").length, scripts: document.querySelectorAll("body script").length,
			links: [...document.querySelectorAll("article a, [role=log] a")].map(a => a.href + " " + a.rel + " " + a.target), pwned: !!window.pwned})`)
		if err != nil {
			t.Fatal(err)
		}
		if found.Images+found.Scripts > 0 || found.Pwned {
			t.Errorf("%s: the message became more than text: %+v", name, found)
		}
		if len(found.Links) == 0 {
			t.Errorf("%s: no link was found", name)
		}
		for _, link := range found.Links {
			if !strings.HasPrefix(link, "https://example.com/") && !strings.HasPrefix(link, "mailto:") {
				t.Errorf("%s: a link to %s", name, link)
			}
			if strings.HasPrefix(link, "https:") && (!strings.Contains(link, "noopener") || !strings.HasSuffix(link, "_blank")) {
				t.Errorf("%s: the link %s opens where it should not", name, link)
			}
		}
	}
	if script[bool](console, `!!window.pwned`) {
		t.Error("a script of a message ran in the console")
	}
}
