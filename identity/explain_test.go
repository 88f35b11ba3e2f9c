package identity_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"countersign/identity"
)

// TestEveryReasonHasItsRowInTheDocs holds docs/reasons.md to the code; -update
// writes it.
func TestEveryReasonHasItsRowInTheDocs(t *testing.T) {
	const path = "../docs/reasons.md"
	var out strings.Builder
	out.WriteString("# Reasons\n\nWhy a proof was refused: the same word in the audit log, in metrics, in `spec/vectors` and on the command line. Visitors never see it.\n")
	out.WriteString("Generated from `identity/explain.go` by `go test ./identity -run Docs -update`.\n\n| reason | what it means | what to do |\n|---|---|---|\n")
	for _, r := range identity.Reasons() {
		meaning, remedy := r.Explain()
		if meaning == "" || remedy == "" {
			t.Errorf("%s is not explained", r)
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", r, meaning, remedy)
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(kept) != out.String() {
		t.Errorf("%s is not what the code says; run go test ./identity -run Docs -update", path)
	}
	if meaning, remedy := identity.Reason("nonesuch").Explain(); meaning != "" || remedy != "" {
		t.Error("a reason that does not exist is explained")
	}
}
