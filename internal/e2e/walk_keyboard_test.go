package e2e

import (
	"fmt"
	"testing"
)

// holds is the role and name of what has the keyboard in the document, as a screen reader says it.
func (f frame) holds(role, name string) bool {
	focused, err := evaluate[bool](f, `document.hasFocus() && document.activeElement !== document.body`)
	return err == nil && focused && f.focused(role, name)
}

// getsFocus waits until the keyboard is there.
func (f frame) getsFocus(role, name string) {
	f.tab.t.Helper()
	until(f.tab.t, patience, func() bool { return f.holds(role, name) }, func() string {
		now, _ := evaluate[string](f, `document.activeElement?.outerHTML.slice(0, 300) ?? ""`)
		return fmt.Sprintf("for the %s %q to have the keyboard, which has %s", role, name, now)
	})
}

// tabTo presses Tab until the keyboard is there: everything can be reached so, within reason.
func (f frame) tabTo(role, name string) {
	f.tab.t.Helper()
	for range 25 {
		f.tab.press(tabKey)
		if f.holds(role, name) {
			return
		}
	}
	f.tab.t.Fatalf("25 times Tab do not lead to the %s %q", role, name)
}

func TestEverythingGoesByKeyboard(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const question, answer = "Written without a mouse", "Answered without a mouse"
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	link := s.line(`^Console\s+(\S+)$`)
	agent := meet(t, "agent")
	setup := agent.open(link)
	setup.getsFocus("textbox", "Your email address")
	setup.types("grace@example.com")
	setup.tabTo("textbox", "Your name")
	setup.types("Grace Agent")
	setup.tabTo("textbox", "Password")
	setup.types(ownersPassword)
	setup.tabTo("textbox", "Password, once more")
	setup.types(ownersPassword)
	setup.press(enter)
	setup.sees("Inbox")

	page := meet(t, "customer").open(newSite(t, s.Base, "shop", secret).URL + "/?as=ada")
	messenger := page.messenger()
	until(t, patience, func() bool { return page.has("button", "Open chat*") }, func() string { return "for the launcher" })
	page.tabTo("button", "Open chat")
	page.press(enter)
	messenger.getsFocus("button", "Send us a message*")
	page.press(enter)
	messenger.getsFocus("textbox", "Write a message")
	page.types(question)
	page.press(enter)
	messenger.sees(question, "Sent")
	messenger.getsFocus("textbox", "Write a message")

	desk := agent.open(s.Base + "/console/")
	desk.sees(question)
	desk.press(letter('j'))
	desk.sees("Verified by user id")
	desk.press(letter('r'))
	desk.getsFocus("textbox", "Your message")
	desk.types(answer)
	desk.press(enter)
	messenger.sees(answer)

	page.press(escape)
	page.getsFocus("button", "Open chat")
	until(t, patience, func() bool { return !page.has("button", "Close chat") }, func() string { return "for the messenger to close" })

	// Signing out and in again, without a mouse either.
	desk.goTo(s.Base + "/console/account")
	desk.tabTo("button", "Grace Agent*")
	desk.press(enter)
	for range 10 {
		if desk.holds("menuitem", "Sign out") {
			break
		}
		desk.press(key{"ArrowDown", "", 40})
	}
	desk.getsFocus("menuitem", "Sign out")
	desk.press(enter)
	desk.getsFocus("textbox", "Email address")
	desk.types("grace@example.com")
	desk.tabTo("textbox", "Password")
	desk.types(ownersPassword)
	desk.press(enter)
	desk.sees("Inbox", "Grace Agent")
}
