package e2e

import (
	"path/filepath"
	"testing"
)

// A developer says what their backend is built with and finds each file with its place,
// in their framework's own template language; what was chosen stays for the next page.
func TestADeveloperFindsTheFilesOfTheirFramework(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	d := startDemo(t, filepath.Join(t.TempDir(), "demo"))
	console := meet(t, "owner").open(d.Link)
	console.setUp("Ada Owner", ownersPassword)
	console.goTo(d.Base + "/console/identity")
	console.click("link", "Shop*")
	console.click("link", "Code")
	console.sees("What is your backend built with?", "Sign on your backend", "export CHAT_SECRET=…")

	console.click("tab", "Ruby")
	console.sees("def chat_hash(user_id)", "chat_proof.rb")
	pickFramework(console.frame, "rails")
	console.sees("app/helpers/chat_helper.rb", "module ChatHelper", "raw json_escape(", `<%= render "layouts/chat" %>`, d.Base+"/v1.js")

	console.click("tab", "Java")
	console.losesSight("module ChatHelper")
	pickFramework(console.frame, "spring")
	console.sees("Add to src/main/resources/application.properties", "th:data-chat", "The engine itself is not run by them.")

	console.click("tab", "Shopify")
	console.sees("Make a place for the secret", "snippets/chat.liquid", "hmac_sha256: settings.chat_secret", "whoever can edit or export the theme can read it")
	console.losesSight("export CHAT_SECRET", "Framework")
	console.reload()
	console.sees("snippets/chat.liquid")
}

// pickFramework waits until the list offers it, and takes it as a person would.
func pickFramework(f frame, id string) {
	f.tab.t.Helper()
	f.do(`(() => { const s = document.querySelector(".stack select"); if (![...(s?.options ?? [])].some((o) => o.value === "` + id + `")) return false;
		s.value = "` + id + `"; s.dispatchEvent(new Event("change", { bubbles: true })); return true })()`)
}
