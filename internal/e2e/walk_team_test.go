package e2e

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what authenticator apps speak
	"encoding/base32"
	bigendian "encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// phoneCode is what an authenticator app shows, in the step at from the present one.
func phoneCode(t *testing.T, secret string, at int64) string {
	t.Helper()
	key, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	for time.Now().Unix()%30 > 24 { // so that it still counts when it has been typed
		<-time.After(100 * time.Millisecond)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(bigendian.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30+at)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", (bigendian.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff)%1_000_000)
}

// touchable gives a tab's browser a fingerprint reader that knows its person.
func (b *tab) touchable() {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{})
	if err == nil {
		_, err = chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
	}
	if err != nil {
		b.t.Fatalf("a fingerprint reader: %v", err)
	}
}

// A first owner is led to a second factor, gets the rights that were withheld, and comes
// in by each way that was set up.
func TestAnOwnerSetsUpASecondFactorAndComesInByIt(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	s.channel("shop", "observe")
	const password = "four unrelated words here"
	console := strings.Replace(s.Base, "127.0.0.1", "localhost", 1) + "/console"
	page := meet(t, "owner").open(console + "/")
	page.sees("Sign in")
	if said := page.complaints(); len(said) != 0 {
		t.Errorf("a page of nobody complains: %v", said)
	}
	page.touchable()
	page.goTo(console + "/setup#" + token(s.line(`^Console\s+(\S+)$`)))
	page.setUp("Ada Owner", password)
	page.sees("Set up a second factor: until then you cannot manage keys")
	page.goTo(console + "/team/tokens")
	if page.has("button", "Create a token") {
		t.Error("a token may be made without the second factor")
	}

	page.goTo(console + "/account")
	page.sees("No second factor yet", "This workspace asks your role for one")
	page.click("button", "Add a passkey")
	page.write("textbox", "Name", "Work laptop")
	page.click("button", "Continue on this device")
	page.sees("Write these down")
	recovery := script[[]string](page, `[...document.querySelectorAll(".codes code")].map(e => e.textContent)`)
	page.click("button", "I have stored them")
	page.sees("Work laptop", "10 codes are left")
	page.click("button", "Set up an app")
	page.sees("Scan this with the app.")
	secret := script[string](page, `document.querySelector(".qr__text code").textContent`)
	page.write("textbox", "The code that it shows", phoneCode(t, secret, -1))
	page.click("button", "Done")
	page.sees("Your authenticator app is set up.")

	page.goTo(console + "/team/tokens")
	page.losesSight("Set up a second factor: until then")
	page.click("button", "Create a token")
	page.write("textbox", "Name", "Rotation")
	page.clickText("Generate, rotate and revoke keys")
	page.write("textbox", "Reason", "Monthly rotation")
	page.click("button", "Create")
	page.sees("Copy the token now")
	page.click("button", "I have stored it")
	page.sees("Rotation", "never used")

	out := func() {
		t.Helper()
		script[any](page, `fetch("/api/v1/console/sign-out", {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"}).then(() => 1)`)
		page.goTo(console + "/")
		page.sees("Sign in")
	}
	begin := func() {
		t.Helper()
		out()
		page.write("textbox", "Email address", "owner@example.com")
		page.write("textbox", "Password", password)
		page.click("button", "Sign in")
		page.sees("One more step")
	}
	out()
	page.click("button", "Sign in with a passkey")
	page.sees("Inbox", "Ada Owner")
	begin()
	page.write("textbox", "Six-digit code", "000000")
	page.click("button", "Continue")
	page.sees("That code is not right, or was used.")
	begin()
	page.write("textbox", "Six-digit code", phoneCode(t, secret, 0))
	page.click("button", "Continue")
	page.sees("Inbox", "Ada Owner")
	begin()
	page.click("button", "Use your passkey")
	page.sees("Inbox", "Ada Owner")
	begin()
	page.click("button", "I do not have it with me")
	page.write("textbox", "Recovery code", strings.ToUpper(recovery[0]))
	page.click("button", "Continue")
	page.sees("Inbox", "Ada Owner")
	page.goTo(console + "/account")
	page.sees("9 codes are left")

	page.goTo(console + "/team")
	page.sees("What each role may do", "Required")
	page.click("button", "Stop requiring it")
	page.sees("Stop requiring a second factor?")
	page.press(escape)
}

// The workspace begins to ask for a second factor while an owner is about to make a key:
// what is missing is said where it is missing, and the way there is a link.
func TestAnOwnerWhoseRightIsWithheldIsLedToTheFactor(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	s.channel("shop", "observe")
	s.cli(nil, "team", "second-factor", "off")
	page := meet(t, "owner").open(s.line(`^Console\s+(\S+)$`))
	page.setUp("Ada Owner", ownersPassword)
	page.goTo(s.Base + "/console/identity")
	page.click("button", "Generate a key")
	page.write("textbox", "Name", "Web 2027")
	page.write("textbox", "Reason", "the year ends")
	s.cli(nil, "team", "second-factor", "on")
	within(t, soon, "the rule to hold", func() bool {
		return script[bool](page, `fetch("/api/v1/console/me").then(r => r.json()).then(me => me.lacks_second_factor === true)`)
	})
	page.click("button", "Generate")
	page.sees("This takes a second factor, and you have not set one up yet.")
	page.click("link", "Set it up")
	page.sees("Second factor", "No second factor yet")
	if at := script[string](page, `location.pathname`); at != "/console/account" {
		t.Errorf("the way leads to %s", at)
	}
}
