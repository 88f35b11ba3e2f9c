package store

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWhoeverStopsWaitingReadsNothingThatIsStillWritten: a caller whose context ends goes
// before its transaction does, which still writes what it found into the caller's
// variables. So a function that waits for the writer returns them only without an error,
// and names none of its results, since returning would write to those.
func TestWhoeverStopsWaitingReadsNothingThatIsStillWritten(t *testing.T) {
	function := regexp.MustCompile(`(?s)\nfunc \(db \*DB\) (\w+)\([^\n]*?\) \(([^\n]*)\) \{\n(.*?)\n\}\n`)
	waits := regexp.MustCompile(`db\.writer\.(alone|change|share)\(`)
	named := regexp.MustCompile(`^(\w+) [^ ]+, err error$`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range function.FindAllStringSubmatch(string(text), -1) {
			name, results, body := m[1], m[2], m[3]
			if !waits.MatchString(body) {
				continue
			}
			seen++
			lines := strings.Split(body, "\n")
			last := strings.TrimSpace(lines[len(lines)-1])
			value, _, two := strings.Cut(strings.TrimPrefix(last, "return "), ", ")
			if two && strings.HasSuffix(last, ", err") && value != "0" && value != "nil" && value != "false" {
				t.Errorf("%s: %s ends with %q", file, name, last)
			}
			if first := named.FindStringSubmatch(results); first != nil && regexp.MustCompile(`\t`+first[1]+`\b[^:\n]* = `).MatchString(body) {
				t.Errorf("%s: %s names its result %s, which the transaction writes", file, name, first[1])
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d functions were read", seen)
	}
}
