package e2e

import (
	"path/filepath"
	"testing"
)

// Connections drop and servers are killed; nobody has to do anything about it.
func TestNothingIsLostOverAnOutage(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	address := freeAddress(t)
	network := newWire(t, address)
	s := &server{t: t, Base: "http://" + network.listener.Addr().String(), Data: filepath.Join(t.TempDir(), "data")}
	s.args = []string{"serve", "--data", s.Data, "--listen", address, "--base-url", s.Base}
	s.start()
	t.Cleanup(s.stop)
	secret, _ := s.channel("shop", "enforce")

	console := meet(t, "agent").open(s.line(`^Console\s+(\S+)$`))
	console.setUp("Grace Agent", ownersPassword)
	messenger := meet(t, "customer").open(newSite(t, s.Base, "shop", secret).URL + "/?as=u1").openMessenger()
	messenger.say("Before anything happened")
	console.sees("Before anything happened")
	console.clickText("Before anything happened")
	console.answer("Here we are")
	messenger.sees("Here we are")
	session := messenger.token()

	var all []string
	for _, outage := range []struct {
		name       string
		begin, end func()
	}{
		{"drop", func() { network.drop(true) }, network.mend},
		{"kill", s.kill, s.start},
		{"loss of every answer", network.swallow, network.mend},
		{"short drop that spares the streams", func() { network.drop(false) }, network.mend},
	} {
		asked, answered := "Asked during the "+outage.name, "Answered during the "+outage.name
		outage.begin()
		messenger.say(asked)
		console.answer(answered)
		messenger.seesNothingOf(answered)
		console.seesNothingOf(asked)
		outage.end()
		messenger.sees(answered)
		console.sees(asked)
		all = append(all, asked, answered)
	}
	messenger.losesSight("Sending", "Waiting for a connection")
	console.losesSight("Sending…", "Waiting for the connection")

	for _, words := range all {
		for side, thread := range map[string]int{
			"messenger": times(messenger, `[role=log] h3 ~ div`, words), "console": times(console.frame, `article`, words),
		} {
			if thread != 1 {
				t.Errorf("the %s shows %q %d times", side, words, thread)
			}
		}
	}
	var mine struct{ Conversations []struct{ ID string } }
	s.call("GET", "/api/v1/widget/conversations", session, nil, &mine)
	if len(mine.Conversations) != 1 {
		t.Fatalf("%d conversations, want the one", len(mine.Conversations))
	}
	var thread struct{ Messages []struct{ Text string } }
	s.call("GET", "/api/v1/widget/conversations/"+mine.Conversations[0].ID+"/messages?limit=100", session, nil, &thread)
	count := map[string]int{}
	for _, m := range thread.Messages {
		count[m.Text]++
	}
	for _, words := range all {
		if count[words] != 1 {
			t.Errorf("the server holds %q %d times", words, count[words])
		}
	}
}

// times is how many messages of a thread say the words.
func times(f frame, selector, words string) int {
	n, _ := evaluate[int](f, `[...document.querySelectorAll(`+quote(selector)+`)].filter(e => e.innerText.includes(`+quote(words)+`)).length`)
	return n
}
