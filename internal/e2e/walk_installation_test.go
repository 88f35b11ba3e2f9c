package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// strictest lets a page do nothing but run our script and frame our messenger.
func strictest(base string) string {
	return "default-src 'none'; script-src 'self' " + base + "; frame-src " + base + "; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

// An operator checks a page from their own browser: it opens in a tab of its own, and
// what its messenger reports is shown as it arrives, under the strictest policy too.
func TestAnOperatorChecksAPageAndSeesItArrive(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, _ := s.channel("shop", "observe")
	host := newSite(t, s.Base, "shop", secret)
	host.policy["/"] = strictest(s.Base)
	forger := newSite(t, s.Base, "shop", "another secret than the channel's")

	console := meet(t, "operator").open(s.line(`^Console\s+(\S+)$`))
	console.setUp("Grace", ownersPassword)
	console.click("link", "Identity")
	console.click("link", "Installation")
	console.sees("Nothing has arrived yet", "Nothing is fetched by this server")

	console.write("textbox", "Address of the page", host.URL)
	console.click("button", "Open and watch")
	console.sees("Watching for " + host.URL)
	console.sees(host.URL + ": nobody claimed") // the ping
	console.sees("1 load")

	// What others do meanwhile is told as well, apart from the page that is watched.
	page := meet(t, "forger").open(forger.URL + "/?as=ada")
	page.openMessenger().sees("We could not confirm who you are")
	console.sees(forger.URL+": claimed, not proved", "the hash does not fit", "from another page, or another visitor")
	console.sees("of those who say who they are bring a proof that does not hold")

	console.click("link", "Enforcement")
	console.sees("Observe since today", "What a forger can do now: write under the name of any of your customers", "1 of 2 loads (50 %) would be turned away")
	if kept := console.complaints(); len(kept) > 0 {
		t.Errorf("the console minded %q", kept)
	}
}

// A page that claims nobody reports once an hour and tab, needs no more of a policy than
// the messenger does, and says nothing of its visitor.
func TestAPageThatClaimsNobodyReportsOnceAndAnonymously(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	host := newSite(t, s.Base, "shop", secret)
	host.policy["/"] = strictest(s.Base)
	pings := func() string {
		for line := range strings.Lines(fetch(t, s.Base+"/metrics")) {
			if n, ok := strings.CutPrefix(line, `countersign_pings_total{outcome="counted"} `); ok {
				return strings.TrimSpace(n)
			}
		}
		return "0"
	}
	visitor := meet(t, "guest")
	page := visitor.open(host.URL + "/")
	until(t, patience, func() bool { return pings() == "1" }, func() string { return "for the page to report, so far " + pings() })
	page.reload()
	script[any](page, `noted.idle`)
	page.openMessenger().sees("You are chatting as a guest") // by now a second report would have been made
	if n := pings(); n != "1" {
		t.Errorf("one tab reported %s times", n)
	}
	visitor.open(host.URL + "/")
	until(t, patience, func() bool { return pings() == "2" }, func() string { return "for the second tab to report, so far " + pings() })
	if kept := script[map[string]string](page, `({...sessionStorage, ...localStorage})`); len(kept) != 1 {
		t.Errorf("the page's own storage holds %v", kept)
	}
	minded := page.noted()
	if len(minded.Errors)+len(minded.Refused) > 0 || fmt.Sprint(minded.Globals) != "[Countersign]" {
		t.Errorf("the page minded errors %q, refusals %q, globals %q", minded.Errors, minded.Refused, minded.Globals)
	}
	for _, complaint := range page.complaints() {
		t.Error(complaint)
	}
}
