package e2e

import (
	"testing"
)

// Eight tabs are one person; two persons in two tabs are strangers.
func TestTabsOfOnePersonShareAndOthersDoNot(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const (
		question, answer   = "Where is my parcel?", "In Bristol, it arrives on Monday"
		question2, answer2 = "What does the stool cost?", "Fifty-two pounds"
		last               = "And the two of us still talk"
	)
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	grace := s.hire(t)
	host := newSite(t, s.Base, "shop", secret)
	count := func() string { return streams(t, s.Base) }

	browser := meet(t, "shared browser")
	first := browser.open(host.URL + "/?as=ada")
	first.openMessenger().say(question)
	ada := []*tab{first}
	for range 7 {
		one := browser.open(host.URL + "/?as=ada")
		ada = append(ada, one)
		messenger := one.openMessenger()
		messenger.clickText("You: " + question)
		messenger.sees(question, "Sent")
	}
	settles(t, "1", "the number of streams of one person's eight tabs", count)
	grace.answer(question, answer)
	for _, one := range ada {
		one.messenger().seesWithin(soon, answer)
	}

	bob := []*tab{browser.open(host.URL + "/?as=bob")}
	messenger := bob[0].openMessenger()
	messenger.sees("Signed in as bob")
	messenger.seesNothingOf(question, answer, "ada", "Your conversations")
	messenger.say(question2)
	bob = append(bob, browser.open(host.URL+"/?as=bob"))
	bob[1].openMessenger().clickText("You: " + question2)
	settles(t, "2", "the number of streams of two persons", count)
	grace.answer(question2, answer2)
	for _, one := range bob {
		one.messenger().seesWithin(soon, answer2)
		one.messenger().seesNothingOf(question, answer)
	}
	for _, one := range ada {
		one.messenger().seesNothingOf(question2, answer2)
	}

	// The tab that held the stream goes away, another takes over.
	const more = "Or on Tuesday"
	first.cancel()
	ada = ada[1:]
	settles(t, "2", "the number of streams after the first tab was closed", count)
	grace.answer(answer, more)
	for _, one := range ada {
		one.messenger().seesWithin(soon, more)
	}

	session := ada[6].messenger().token()
	script[any](ada[3], `Countersign("logout")`)
	ada[3].messenger().sees("You are chatting as a guest")
	for i, one := range ada {
		one.messenger().losesSight(question, answer, more)
		if i != 3 {
			one.messenger().sees("You signed out", "another tab")
		}
	}
	within(t, soon, "the session to end in all tabs", func() bool { return statusOf(t, s.Base, session) == 401 })
	settles(t, "1", "the number of streams after one person logged out", count)
	bob[0].messenger().say(last)
	bob[1].messenger().seesWithin(soon, last)
}

// A browser that brings back its tabs starts them all in the same moment, perhaps where
// somebody else was before.
func TestTabsThatStartAtOnceAreOnePerson(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	host := newSite(t, s.Base, "shop", secret)
	browser := meet(t, "browser")
	var tabs []*tab
	for range 4 {
		tabs = append(tabs, browser.open(host.URL+"/nobody"))
	}
	for _, who := range []string{"ada", "bob"} {
		for _, one := range tabs {
			script[any](one, `void (location.href = `+quote("/?as="+who)+`)`)
		}
		for _, one := range tabs {
			one.sees("As " + who)
			one.openMessenger().sees("Signed in as " + who)
		}
		settles(t, "1", "the number of streams of "+who+"'s four tabs", func() string { return streams(t, s.Base) })
	}
	var sessions []string
	for _, one := range tabs {
		sessions = append(sessions, one.messenger().token())
	}
	script[any](tabs[2], `Countersign("logout")`)
	for i, one := range tabs {
		one.messenger().losesSight("Signed in as")
		within(t, soon, "log-out in one tab to end the session of every tab", func() bool { return statusOf(t, s.Base, sessions[i]) == 401 })
	}
}
