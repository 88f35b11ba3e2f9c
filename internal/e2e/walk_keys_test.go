package e2e

import (
	"testing"
	"time"
)

// An operator makes a key, sees its secret again, rotates it while a customer writes, and
// learns one bad Friday that somebody else had it: what it proved is listed, and marked
// where it stands.
func TestAKeyFromItsFirstSecretToABadFriday(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	const plea = "Please send it to my new address"
	s := serve(t)
	s.cli(nil, "channel", "create", "--slug", "shop", "--enforcement", "enforce")
	s.cli(nil, "team", "second-factor", "off")
	page := meet(t, "owner").open(s.line(`^Console\s+(\S+)$`))
	page.setUp("Ada Owner", ownersPassword)
	page.goTo(s.Base + "/console/identity")
	page.sees("No key yet", "the first valid proof makes the key active")
	page.click("button", "Generate a key")
	page.write("textbox", "Name", "Web 2026")
	page.click("radio", "On request*")
	page.click("button", "Generate")
	page.sees("Say why.")
	// Below the edge of the dialog nobody would see it.
	page.do(`document.activeElement.getAttribute("aria-invalid") === "true" && document.querySelector("dialog .field__error").getBoundingClientRect().bottom <= document.querySelector(".dialog").getBoundingClientRect().bottom`)
	page.write("textbox", "Reason", "the shop opens")
	page.click("button", "Generate")
	page.sees("Copy the secret now")
	secret := script[string](page, `document.querySelector(".secret__text").textContent.trim()`)
	page.click("button", "I have stored it")
	page.sees("Web 2026", "Pending", "Waiting for the first proof")

	host := newSite(t, s.Base, "shop", secret)
	customer := meet(t, "customer").open(host.URL + "/?as=ada").openMessenger()
	customer.say(plea)
	customer.sees("Sent")
	inbox := meet(t, "the owner's other desk").open(s.Base + "/console")
	inbox.write("textbox", "Email address", "owner@example.com")
	inbox.write("textbox", "Password", ownersPassword)
	inbox.click("button", "Sign in")
	inbox.clickText(plea) // and stays open through what comes
	inbox.sees(plea)
	page.reload()
	page.sees("Active", "Who signs with it")

	page.click("button", "More for Web 2026*")
	page.click("menuitem", "Reveal the secret")
	page.write("textbox", "Reason", "the vault lost it")
	page.click("button", "Reveal")
	page.sees("That you saw it is recorded")
	if again := script[string](page, `document.querySelector(".secret__text").textContent.trim()`); again != secret {
		t.Errorf("another secret was revealed: %d characters", len(again))
	}
	page.click("button", "Done")

	page.click("button", "Rotate: Web 2026*")
	page.write("textbox", "Reason", "once a year")
	page.click("button", "Rotate")
	page.click("button", "I have stored it")
	page.sees("Retiring", "Put aside", "Web 2026 ("+time.Now().UTC().Format(time.DateOnly)+")")
	customer.say("Are you there?")
	inbox.sees("Are you there?")
	customer.seesNothingOf("Try again")

	page.click("button", "Finish now: Web 2026*")
	page.sees("1 live session on 1 domain ends now.")
	page.click("button", "Cancel")
	page.clickText("Retiring") // whose menu comes last: the successor's stands above it
	script[any](page, `[...document.querySelectorAll(".key")].find(k => k.textContent.includes("Retiring")).querySelector("[aria-haspopup=menu]").click()`)
	page.click("menuitem", "Revoke")
	page.sees("1 live session on 1 domain ends now.")
	page.click("radio", "Somebody else may have it*")
	page.click("button", "Revoke")
	page.sees("Say since when somebody else may have had it.")
	script[any](page, `(() => { const field = document.querySelector("input[type=datetime-local]");
		const at = new Date(Date.now() - 3600e3); at.setMinutes(at.getMinutes() - at.getTimezoneOffset());
		field.value = at.toISOString().slice(0, 16); field.dispatchEvent(new Event("input", { bubbles: true })); })()`)
	page.sees("1 identifier, 1 signed value, 2 messages in 1 conversation are taken apart now; 1 live session on 1 domain ends.", "This cannot be undone.")
	page.click("button", "Revoke")
	page.sees("Compromised", "Somebody else may have had it since", "user id: ada", "cut from this contact")
	customer.losesSight(plea)
	inbox.sees("Proved by a key that was revoked: somebody else may have had “Web 2026”") // nobody has read it again

	page.clickText("Messages")
	page.sees("2 messages", "marked")
	page.click("link", "Open")
	page.sees(plea, "Proved by a key that was revoked: somebody else may have had “Web 2026”")
}
