package e2e

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A visitor without an account writes, proves an address with the code from the demo's
// mailbox, is known by it, stays known in this tab over a reload, is nobody in the next
// tab and after leaving, and finds the conversation again from another browser.
func TestVisitorProvesAnAddressByACode(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const words = "My order never came, and I have no account"
	d := startDemo(t, filepath.Join(t.TempDir(), "demo"))
	visitor := meet(t, "visitor")
	shop := visitor.open(d.Shop)
	messenger := shop.openMessenger()
	messenger.say(words)
	messenger.sees("Sent")
	messenger.click("button", "Back")

	// Wrong first: the address, then the code.
	messenger.click("button", "Prove your email")
	messenger.write("textbox", "Your email address", "not an address")
	messenger.click("button", "Send the code")
	messenger.sees("That does not look like an address")
	empty := visitor.open(d.Base + "/demo/mailbox")
	empty.sees("Nothing yet")
	code := askForCode(messenger, empty, d, "Visitor@Shop.example", "visitor@shop.example")
	if code == "" {
		t.Fatal("no code came")
	}
	messenger.write("textbox", "Six-digit code", wrongCode(code))
	messenger.click("button", "Confirm")
	messenger.sees("This code is not right, or no longer good")
	emptyField(messenger)
	messenger.write("textbox", "Six-digit code", code[:3]+" "+code[3:]) // as somebody might copy it
	messenger.click("button", "Confirm")
	messenger.sees("You are verified as visitor@shop.example", "The conversation you started before signing in is here now.")
	messenger.clickText(words)
	messenger.sees("Sent before you were confirmed")
	messenger.click("button", "Back")
	token := messenger.token()

	// What leaves the frame is a word about the state, never the address.
	if told := script[string](shop, `JSON.stringify([Object.keys(localStorage), Object.values(localStorage), document.cookie])`); strings.Contains(told, "visitor@") || strings.Contains(told, token) {
		t.Errorf("the page was told %s", told)
	}

	shop.reload()
	messenger = shop.openMessenger()
	messenger.sees("You are verified as visitor@shop.example")
	next := visitor.open(d.Shop).openMessenger() // another tab of the same browser proved nothing
	next.sees("You are chatting as a guest")
	next.seesNothingOf("visitor@shop.example", words)

	// Who logs in on the page is that customer; the proof of before is over.
	shop.closeMessenger()
	shop.logIn(d.Shop, "Jun Tanaka jun.tanaka@example.org")
	messenger = shop.openMessenger()
	messenger.sees("Signed in as Jun Tanaka")
	messenger.seesNothingOf(words, "visitor@shop.example")
	within(t, soon, "the code's session to be refused", func() bool { return statusOf(t, d.Base, token) == 401 })

	// Another browser, the same mailbox: the same person. Leaving leaves nothing.
	phone := meet(t, "visitor's phone").open(d.Shop)
	other := phone.openMessenger()
	other.click("button", "Prove your email")
	code = askForCode(other, empty, d, "visitor@shop.example", "visitor@shop.example")
	other.write("textbox", "Six-digit code", code)
	other.click("button", "Confirm")
	other.sees("You are verified as visitor@shop.example", words)
	kept := other.token()
	other.click("button", "Not you? Leave")
	other.sees("You are chatting as a guest")
	other.seesNothingOf(words, "visitor@shop.example")
	within(t, soon, "the left session to be refused", func() bool { return statusOf(t, d.Base, kept) == 401 })
	if left := other.keeps(); strings.Contains(left, kept) || strings.Contains(left, "visitor@") {
		t.Errorf("after leaving the browser still keeps %s", left)
	}
}

// Where only proved people may chat, a code is the way in for who has no account: there is
// no session that could ask for it, before or between. Who types a wrong code, or leaves, is
// nobody here again.
func TestACodeIsTheWayInWhereOnlyProvedPeopleMayChat(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const words = "I ordered as a guest, number 1009"
	d := startDemo(t, filepath.Join(t.TempDir(), "demo"))
	console := meet(t, "owner").open(d.Link)
	console.setUp("Ada Owner", ownersPassword)
	console.goTo(d.Base + "/console/identity")
	console.click("link", "Shop*")
	console.click("link", "Enforcement")
	console.click("radio", "Users only*")
	console.sees("Nobody without a proof that holds gets in.")
	console.click("button", "Change the audience")
	console.sees("Audience: users only.")

	visitor := meet(t, "visitor")
	shop := visitor.open(d.Shop)
	messenger := shop.openMessenger()
	messenger.send("Is anybody there?") // a session begins with the first message, and here none does
	messenger.sees("Sign in to chat", "or prove your email address.")
	if kept := messenger.keeps(); strings.Contains(kept, `:session"`) {
		t.Errorf("a guest has a session: %s", kept)
	}
	messenger.click("button", "Prove your email")
	mailbox := visitor.open(d.Base + "/demo/mailbox")
	code := askForCode(messenger, mailbox, d, "Guest@Mail.example", "guest@mail.example")
	if code == "" {
		t.Fatal("no code came")
	}
	if kept := messenger.keeps(); strings.Contains(kept, "guest@") {
		t.Errorf("before the code is right the browser keeps %s", kept)
	}
	messenger.write("textbox", "Six-digit code", wrongCode(code))
	messenger.click("button", "Confirm")
	messenger.sees("This code is not right, or no longer good")
	if kept := messenger.keeps(); strings.Contains(kept, `:session"`) {
		t.Errorf("a wrong code opened a session: %s", kept)
	}
	emptyField(messenger)
	messenger.write("textbox", "Six-digit code", code)
	messenger.click("button", "Confirm")
	messenger.sees("You are verified as guest@mail.example")
	token := messenger.token()
	messenger.say(words)
	messenger.sees("Sent")
	console.goTo(d.Base + "/console/inbox/open")
	console.clickText(words)
	console.sees("guest@mail.example", "Verified")

	shop.reload()
	messenger = shop.openMessenger()
	messenger.sees(words)
	messenger.click("button", "Back")
	messenger.click("button", "Not you? Leave")
	messenger.sees("You are chatting as a guest")
	messenger.seesNothingOf(words, "guest@mail.example")
	within(t, soon, "the left session to be refused", func() bool { return statusOf(t, d.Base, token) == 401 })

	// The code that was used opens nothing again, with any attempt.
	if status := d.call("POST", "/api/v1/widget/email-code/confirm", "", object{"channel": "shop", "attempt": strings.Repeat("A", 43), "code": code}, nil); status != 403 {
		t.Errorf("a used code with a made-up attempt: %d", status)
	}
	next := meet(t, "somebody else").open(d.Shop).openMessenger()
	next.sees("You are chatting as a guest")
	next.seesNothingOf(words, "guest@mail.example")
}

var mailedCode = regexp.MustCompile(`(\d{6}) is your code`)

// askForCode types an address and reads the newest code from the mailbox. The mailbox
// is looked at until it has one more than before.
func askForCode(messenger frame, mailbox *tab, d *demo, typed, to string) string {
	mailbox.goTo(d.Base + "/demo/mailbox")
	before := len(mailedCode.FindAllString(mailbox.text(), -1))
	emptyField(messenger)
	messenger.write("textbox", "Your email address", typed)
	messenger.click("button", "Send the code")
	messenger.sees("a code is on its way", "Six-digit code", "good for ten minutes")
	code := ""
	within(messenger.tab.t, patience, "the mail", func() bool {
		mailbox.goTo(d.Base + "/demo/mailbox")
		found := mailedCode.FindAllStringSubmatch(mailbox.text(), -1)
		if len(found) > before && strings.Contains(mailbox.text(), to) {
			code = found[0][1]
		}
		return code != ""
	})
	return code
}

// emptyField empties the one field of the step.
func emptyField(messenger frame) {
	messenger.tab.t.Helper()
	if _, err := evaluate[bool](messenger, `(() => { const i = document.querySelector(".prove input"); i.value = ""; i.dispatchEvent(new Event("input", { bubbles: true })); return true; })()`); err != nil {
		messenger.tab.t.Fatal(err)
	}
}

func wrongCode(code string) string {
	if code == "111111" {
		return "222222"
	}
	return "111111"
}
