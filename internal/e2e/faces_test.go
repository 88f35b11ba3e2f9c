package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// What people do with the faces, in the words that the faces show.

// openMessenger opens the messenger of the page, unless the page before had left it open.
func (b *tab) openMessenger() frame {
	b.t.Helper()
	until(b.t, patience, func() bool {
		if b.has("button", "Close chat") {
			return true
		}
		b.tryClick("button", "Open chat*")
		return false
	}, func() string { return "to open the messenger" })
	return b.messenger()
}

func (b *tab) closeMessenger() {
	b.t.Helper()
	b.click("button", "Close chat")
}

// say begins a new conversation from the messenger's home, or goes on in the open thread.
func (f frame) say(words string) {
	f.tab.t.Helper()
	f.send(words)
	f.sees(words)
}

// send is say, whatever becomes of the words.
func (f frame) send(words string) {
	f.tab.t.Helper()
	until(f.tab.t, patience, func() bool {
		return f.has("textbox", "Write a message") || f.has("button", "Send us a message*")
	}, func() string { return "for a place to write" })
	if !f.has("textbox", "Write a message") {
		f.click("button", "Send us a message*")
	}
	f.write("textbox", "Write a message", words)
	f.tab.press(enter)
}

// token is the session that the messenger's tab holds, as a thief with the browser in hand would find it.
func (f frame) token() string {
	f.tab.t.Helper()
	var kept struct{ ID, Token string }
	until(f.tab.t, patience, func() bool {
		text, err := evaluate[string](f, `Object.entries(sessionStorage).find(([k]) => k.endsWith(":session"))?.[1] ?? ""`)
		return err == nil && text != "" && json.Unmarshal([]byte(text), &kept) == nil
	}, func() string { return "for the messenger to hold a session" })
	return kept.Token
}

// keeps is everything that the browser stores for the messenger's origin.
func (f frame) keeps() string {
	text, _ := evaluate[string](f, `JSON.stringify([{...localStorage}, {...sessionStorage}])`)
	return text
}

// logIn chooses a customer at the demo's shop, by the beginning of name and address.
func (b *tab) logIn(shop, customer string) {
	b.t.Helper()
	b.goTo(shop + "/login")
	b.click("button", customer+"*")
	b.sees("Log out")
}

// setUp chooses the address and password of the owner whom the link was made for, and ends in the inbox.
func (b *tab) setUp(name, password string) {
	b.t.Helper()
	b.sees("Set up your account")
	b.write("textbox", "Your email address", "owner@example.com")
	b.write("textbox", "Your name", name)
	b.write("textbox", "Password", password)
	b.write("textbox", "Password, once more", password)
	b.click("button", "Save and sign in")
	b.sees("Inbox", name)
}

// answer writes into the thread that the console shows.
func (b *tab) answer(words string) {
	b.t.Helper()
	b.write("textbox", "Your message", words)
	b.press(enter)
	b.sees(words)
}

// streams is how many live streams of visitors the server holds.
func streams(t *testing.T, base string) string {
	t.Helper()
	for _, line := range strings.Split(fetch(t, base+"/metrics"), "\n") {
		if n, ok := strings.CutPrefix(line, `countersign_streams{audience="visitor"} `); ok {
			return n
		}
	}
	return "0"
}

// settles waits until a number is the wanted one and stays so over several looks.
func settles(t *testing.T, want, what string, look func() string) {
	t.Helper()
	same, last := 0, ""
	until(t, patience, func() bool {
		last = look()
		if same++; last != want {
			same = 0
		}
		return same >= 10
	}, func() string { return "for " + what + " to be " + want + ", last it was " + last })
}

// soon is what "live" may take here: far less than any reload or poll would.
const soon = 5 * time.Second

// quote is a value as JSON, which is also how a script spells a text.
func quote(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
}
