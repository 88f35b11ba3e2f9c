package audit

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const cutMark = "…"

// Clean makes a text from outside fit for the record: at most MaxDetailBytes,
// what is not printable (line breaks, terminal escapes, marks that turn the
// writing direction, broken UTF-8) spelled out. The result is bounded too, so
// that a hostile text cannot swell on its way to disk.
func Clean(text string) string {
	if len(text) <= MaxDetailBytes && plain(text) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		piece := spell(text[i:i+size], r)
		rest := len(text) - i - size
		room := MaxDetailBytes - out.Len() - len(piece)
		if room < 0 || rest > 0 && room < len(cutMark) {
			out.WriteString(cutMark)
			break
		}
		out.WriteString(piece)
		i += size
	}
	return out.String()
}

func plain(text string) bool {
	for _, r := range text {
		if r == utf8.RuneError || r == '\\' || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// spell writes one rune; the backslash is doubled, so that a spelled-out rune and
// the same characters sent as text stay different.
func spell(raw string, r rune) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf(`\x%02x`, raw[0])
	case r == '\\':
		return `\\`
	case unicode.IsPrint(r):
		return raw
	default:
		return fmt.Sprintf(`\u{%x}`, r)
	}
}
