package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
)

func hashed(secret, text string) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return m.Sum(nil)
}

// A hash fails. The operator pastes it, is told both mistakes in it and the corrected
// code, sees the expected hash on the record, and finds the code to install beside it.
func TestAnOperatorFindsOutWhyAHashFails(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, _ := s.channel("shop", "observe")
	blog, _ := s.channel("blog", "observe")
	s.cli(nil, "team", "second-factor", "off")
	console := meet(t, "operator").open(s.line(`^Console\s+(\S+)$`))
	console.setUp("Grace", ownersPassword)
	console.click("link", "Identity")
	console.click("link", "shop*")
	console.click("link", "Diagnosis")
	console.sees("Why does this hash fail?", "Nothing that is pasted here is kept", "another channel's secret, or a retired one, by name")

	console.click("button", "Find the mistake")
	console.sees("Give the user id or the email", "Paste the hash or the token")
	ask := func(hash string) {
		console.reload()
		console.write("textbox", "User id", "Ada")
		console.write("textbox", "Hash or token", hash)
		console.click("button", "Find the mistake")
	}
	ask(base64.StdEncoding.EncodeToString(hashed(secret, "ada")))
	console.sees("because of these 2", "Upper and lower case differ", "Base64 in place of hexadecimal", "createHmac")
	console.seesNothingOf(secret, "What it finds")
	console.click("tab", "Ruby")
	console.sees("OpenSSL::HMAC.hexdigest")

	ask(hex.EncodeToString(hashed(blog, "Ada")))
	console.sees("Another key was used", `of the channel "blog"`)

	console.click("button", "See the expected hash…")
	console.click("button", "Show it")
	console.sees("A reason is needed")
	console.write("textbox", "Reason", "ticket 7")
	console.click("button", "Show it")
	console.sees("What the gate expects of Ada", hex.EncodeToString(hashed(secret, "Ada")))
	console.click("button", "Done")
	ask(hex.EncodeToString(hashed(secret, "Ada")))
	console.sees("This proof is right. It is for Ada.")

	console.click("link", "Code")
	console.sees("Give your backend the secret", "CHAT_SECRET", "chat_proof.rb", s.Base+"/v1.js", "share one origin")
	console.click("link", "Audit")
	console.sees("was shown the hash that the gate expects of one person, because: ticket 7")
	console.seesNothingOf(hex.EncodeToString(hashed(secret, "Ada")))
	if kept := console.complaints(); len(kept) > 0 {
		t.Errorf("the console minded %q", kept)
	}
}

// Console and widget have an origin each: each works on its own, and is not there on the
// other's; links and code name the right one.
func TestConsoleAndWidgetLiveOnOriginsOfTheirOwn(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	s.stop()
	desk := strings.Replace(s.Base, "127.0.0.1", "localhost", 1)
	s.args = append(s.args, "--console-url", desk, "--widget-url", s.Base)
	s.start()
	secret, _ := s.channel("shop", "enforce")
	host := newSite(t, s.Base, "shop", secret)
	messenger := meet(t, "customer").open(host.URL + "/?as=ada").openMessenger()
	messenger.say("Do you post to Norway?")
	messenger.sees("Sent")

	link := s.line(`^Console\s+(\S+)$`)
	if !strings.HasPrefix(link, desk+"/") {
		t.Fatalf("the printed link leads to %s, and the console is at %s", link, desk)
	}
	console := meet(t, "operator").open(link)
	console.setUp("Grace", ownersPassword)
	console.sees("Do you post to Norway?")
	console.goTo(desk + "/console/identity")
	console.click("link", "Code")
	console.sees("Give your backend the secret", s.Base+"/v1.js")
	console.seesNothingOf("share one origin")
	for address, there := range map[string]bool{
		s.Base + "/console/": false, s.Base + "/api/openapi.json": false, s.Base + "/v1.js": true, s.Base + "/healthz": true,
		desk + "/console/": true, desk + "/api/openapi.json": true, desk + "/v1.js": false, desk + "/frame/shop": false, desk + "/healthz": true,
	} {
		answer, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if got := answer.StatusCode != http.StatusNotFound; got != there {
			t.Errorf("%s: %d", address, answer.StatusCode)
		}
	}
	for _, complaint := range console.complaints() {
		t.Errorf("the console minded %q", complaint)
	}
}
