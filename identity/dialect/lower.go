package dialect

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// Lowerings are the spellings under which languages lower an email that has
// letters outside ASCII: full Unicode (Node, Python, Java: İ as i̇, a final Σ as
// ς) and one code point for one (Go, older PHP: İ as i, Σ as σ). The third,
// ASCII only, needs no table and is tried before these.
func Lowerings(email string) []string {
	return []string{cases.Lower(language.Und).String(email), strings.ToLower(email)}
}
