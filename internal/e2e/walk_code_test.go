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
