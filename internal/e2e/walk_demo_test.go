package e2e

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The walks through the demo share one demo: a customer's day, the team's, and an attacker's.
func TestDemo(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	d := startDemo(t, filepath.Join(t.TempDir(), "demo"))
	t.Run("a customer is known, keeps the history, and leaves nothing behind", func(t *testing.T) { walkCustomer(t, d) })
	t.Run("the team sees who wrote and how that was proved", func(t *testing.T) { walkTeam(t, d) })
	t.Run("every attack is refused and the honest customer is let in", func(t *testing.T) { walkAttacks(t, d) })
}

func walkCustomer(t *testing.T, d *demo) {
	const words = "My day pack lost its second toggle on Tuesday"
	laptop := meet(t, "customer's laptop")
	shop := laptop.open(d.Shop)
	shop.logIn(d.Shop, "Þórdís Ægisdóttir")
	messenger := shop.openMessenger()
	messenger.sees("Verified", "Signed in as Þórdís Ægisdóttir", "Confirmed by Alder & Pine")
	messenger.say(words)
	messenger.sees("Sent")

	shop.reload()
	shop.openMessenger().sees(words)
	shop.goTo(d.Shop + "/products/day-pack")
	shop.openMessenger().sees(words)

	phone := meet(t, "customer's phone").open(d.Shop)
	phone.logIn(d.Shop, "Þórdís Ægisdóttir")
	other := phone.openMessenger()
	other.sees("You: " + words)
	other.clickText(words)
	other.sees(words, "Sent")

	stolen, kept := messenger.token(), other.token()
	if status := statusOf(t, d.Base, stolen); status != 200 {
		t.Fatalf("the session before log-out: %d", status)
	}
	shop.closeMessenger()
	shop.click("button", "Log out")
	shop.sees("Log in")
	within(t, soon, "the old session to be refused", func() bool { return statusOf(t, d.Base, stolen) == 401 })
	messenger = shop.openMessenger()
	messenger.sees("You are chatting as a guest")
	messenger.seesNothingOf(words, "Þórdís", "Your conversations", "Verified")
	if left := messenger.keeps(); strings.Contains(left, words) || strings.Contains(left, stolen) {
		t.Errorf("after log-out the browser still keeps %s", left)
	}
	shop.back()
	shop.sees("Log in")
	shop.messenger().seesNothingOf(words)
	if status := statusOf(t, d.Base, kept); status != 200 {
		t.Errorf("log-out on the laptop ended the phone's session: %d", status)
	}

	shop.logIn(d.Shop, "Maximiliane-Alexandrina")
	messenger = shop.openMessenger()
	messenger.sees("Verified", "Signed in as Maximiliane-Alexandrina")
	messenger.seesNothingOf(words, "Þórdís", "Your conversations", "Was this you?")
}

// statusOf is how the server answers a session that asks for its conversations.
func statusOf(t *testing.T, base, session string) int {
	t.Helper()
	status, err := call(base, "GET", "/api/v1/widget/conversations", session, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func walkTeam(t *testing.T, d *demo) {
	const (
		agent    = "Grace Agent"
		password = "four unrelated words here"
		question = "Is the steel plate for AP-20431 in the box?"
		answer   = "It is, below the kettle."
		note     = "Third time this week that somebody asks for the plate"
		late     = "I have found it, thank you!"
		last     = "You are welcome."
	)
	desk := meet(t, "agent")
	console := desk.open(d.Link)
	console.setUp(agent, password)
	desk.open(d.Link).sees("This link does not work any more")

	// A reload would lose this mark: everything below arrives by itself.
	script[bool](console, `window.untouched = true`)
	shop := meet(t, "customer").open(d.Shop)
	shop.logIn(d.Shop, "Jun Tanaka jun.tanaka@example.org")
	messenger := shop.openMessenger()
	messenger.say(question)
	console.seesWithin(soon, question)
	row, err := evaluate[string](console.frame, `[...document.querySelectorAll("main li")].find(e => e.innerText.includes(`+quote(question)+`)).innerText`)
	if err != nil || !strings.Contains(row, "Jun Tanaka") || !strings.Contains(row, "Verified") || !strings.Contains(row, "Shop") {
		t.Errorf("the inbox's row is %q (%v), want name, badge and channel", row, err)
	}

	console.clickText(question)
	console.sees("Verified by user id", "cust-1003", "Shop backend")
	proof := regexp.MustCompile(`Proved by signed hash \(HMAC\) with the key “Shop backend” on .*\d{4}.*\d{1,2}:\d{2}`)
	if text := console.text(); !proof.MatchString(text) {
		t.Errorf("the person's panel does not tell method, key and time: %.2000q", text)
	}
	messenger.seesWithin(soon, "Seen")

	console.write("textbox", "Your message", answer)
	messenger.seesWithin(soon, agent+" is writing")
	console.press(enter)
	messenger.seesWithin(soon, answer)
	console.seesWithin(soon, "Seen")

	console.click("radio", "Note")
	console.write("textbox", "Internal note", note)
	console.press(enter)
	console.sees(note)

	messenger.write("textbox", "Write a message", late)
	console.seesWithin(soon, "Jun Tanaka (cust-1003) is typing")
	shop.press(enter)
	console.seesWithin(soon, late)
	console.click("radio", "Reply")
	console.answer(last)
	messenger.seesWithin(soon, last)

	// The note stands between what the messenger has just shown, in the log and in the thread.
	messenger.seesNothingOf(note, "Internal note")
	session := messenger.token()
	var mine struct {
		Conversations []struct{ ID, Preview string }
	}
	d.call("GET", "/api/v1/widget/conversations", session, nil, &mine)
	for _, c := range mine.Conversations {
		var thread object
		d.call("GET", "/api/v1/widget/conversations/"+c.ID+"/messages?limit=100", session, nil, &thread)
		if text := quote(thread); strings.Contains(text, note) || strings.Contains(c.Preview, note) {
			t.Errorf("the internal note reached the visitor's interface: %s", text)
		}
	}
	if !script[bool](console, `window.untouched === true`) {
		t.Error("the console was reloaded on the way")
	}
}

func walkAttacks(t *testing.T, d *demo) {
	bench := meet(t, "attacker").open(d.Shop + "/attacks")
	bench.click("button", "Run all*")
	bench.seesWithin(2*patience, "Nothing got through.", "The honest customer was let in")
	bench.seesNothingOf("GOT THROUGH", "Not decided", "could not be")
	verdicts, err := evaluate[[]string](bench.frame, `[...document.querySelectorAll("article")].map(e => e.querySelector("h2").innerText + ": " + (e.querySelector(".attack-result > .verdict-line")?.innerText ?? "nothing"))`)
	if err != nil || len(verdicts) < 12 {
		t.Fatalf("the bench shows %d attacks: %v", len(verdicts), err)
	}
	for _, verdict := range verdicts {
		_, outcome, _ := strings.Cut(verdict, ": ")
		if !strings.HasPrefix(outcome, "Refused.") && !strings.HasPrefix(outcome, "Opened nothing.") && !strings.HasPrefix(outcome, "Let in, as it should be.") {
			t.Error(verdict)
		}
	}
}
