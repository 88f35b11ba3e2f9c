package e2e

import (
	"strings"
	"testing"
	"time"
)

// An operator looks through a channel's sessions, ends what should not be there, notes
// something about a person, and erases one who asked for it.
func TestAnOperatorEndsSessionsAndErasesAPerson(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const secretWords = "My street is Quince Lane"
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	host := newSite(t, s.Base, "shop", secret)
	page := meet(t, "operator").open(s.line(`^Console\s+(\S+)$`))
	page.setUp("Olga Operator", ownersPassword)

	ada := meet(t, "ada").open(host.URL + "/?as=ada").openMessenger()
	ada.say(secretWords)
	ada.sees("Sent")
	bob := meet(t, "bob").open(host.URL + "/?as=bob").openMessenger()
	bob.say("Hello from Bob")

	page.clickText("Identity")
	page.click("link", "Sessions") // the tab: the words stand elsewhere on the page too
	page.sees("Open sessions", "ada", "bob", "Chrome on Linux", "Verified")
	page.click("button", "ada*")
	page.sees("About this person", "Proved identifiers")
	page.click("button", "Add a value")
	page.write("textbox", "Name", "plan")
	page.write("textbox", "Value", "gold")
	page.click("button", "Add")
	page.sees("gold", "by an agent")

	page.click("button", "End all sessions")
	page.sees("End 1 session of this person?")
	started := time.Now()
	page.click("button", "End all sessions")
	ada.losesSight(secretWords)
	if late := time.Since(started); late > soon {
		t.Errorf("ada still read on after %v", late)
	}
	page.sees("are refused.")

	page.click("button", "Erase")
	page.sees("for good?", "1 conversation with 1 message")
	page.write("textbox", "Reason", "ticket 4711")
	page.click("button", "Erase for good")
	page.sees("This person was erased.")
	page.losesSight(secretWords)
	bob.say("Bob is still here")
	bob.sees("Sent")

	again := meet(t, "ada again").open(host.URL + "/?as=ada").openMessenger()
	again.sees("Signed in as ada")
	again.seesNothingOf(secretWords)
	if logged := s.logged(); strings.Contains(logged, "Quince") || strings.Contains(logged, "4711") {
		t.Error("the log says what was erased")
	}
}
