package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An owner looks up who came in and who was refused, follows one thing to everything like
// it, asks for a person by name and takes the list along; the record then verifies against
// what left the machine, and a line taken out of an export is found.
func TestTheRecordIsReadFilteredTakenAlongAndVerified(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	s.cli(nil, "team", "second-factor", "off")
	page := meet(t, "owner").open(s.line(`^Console\s+(\S+)$`))
	page.setUp("Ada Owner", ownersPassword)
	s.verified("shop", secret, "thordis")
	for range 25 {
		if status, _ := s.session("shop", object{"user_id": "mallory", "hash": strings.Repeat("ab", 32)}); status == 201 {
			t.Fatal("a made-up hash let somebody in")
		}
	}

	page.goTo(s.Base + "/console/audit")
	page.sees("Today", "Ada Owner signed in", "let thordis in, proved by a signed hash", "refused a proof for mallory", "entries verify")
	page.clickText("refused a proof for mallory")
	page.sees("identity.refused", "proof_mismatch", "Every refusal for this reason")
	page.click("link", "Every refusal for this reason")
	page.sees("Reason: the hash does not fit")
	page.seesNothingOf("thordis")
	page.click("link", "Clear all filters")
	page.write("searchbox", "About whom", "thordis")
	page.click("button", "Find")
	page.sees("About: thordis", "let thordis in")
	page.seesNothingOf("mallory")
	page.click("button", "Export")
	page.sees("As a spreadsheet (CSV)", "is recorded")
	csv := script[string](page, `(async () => (await fetch([...document.querySelectorAll("a[download]")].find(a => a.href.includes("format=csv")).href)).text())()`)
	if !strings.Contains(csv, "session.opened") || !strings.Contains(csv, "thordis") || strings.Contains(csv, "mallory") {
		t.Errorf("the file says %q", csv)
	}
	page.goTo(s.Base + "/console/audit?action=audit.exported")
	page.sees("exported what the record says of one person")

	// The log left the machine; the export is a file beside it.
	file := filepath.Join(t.TempDir(), "record.jsonl")
	s.cli(nil, "audit", "export", file)
	s.stop()
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, []byte(s.logged()), 0o600); err != nil {
		t.Fatal(err)
	}
	var report struct {
		Intact  bool
		Covered int64 `json:"covered_position"`
		Last    int64 `json:"last_position"`
	}
	s.cli(&report, "audit", "verify", "--checkpoint", log)
	if !report.Intact || report.Covered != report.Last {
		t.Errorf("against the log: %+v", report)
	}
	s.cli(&report, "audit", "verify", "--export", file)
	if !report.Intact {
		t.Errorf("the export: %+v", report)
	}
}
