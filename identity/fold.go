package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold is the one spelling under which an email identifies somebody: ASCII
// letters lowered, other code points lowered by Unicode, every sigma as σ.
// Nothing outside ASCII becomes plain ASCII: U+212A (KELVIN SIGN), which Unicode
// lowers to k, stays, and U+0130 (İ) becomes i followed by U+0307. Otherwise
// whoever registers the look-alike would be the owner of the plain address.
// There is no trimming and no dot, plus or width folding, and bytes that are not
// UTF-8 pass through. Fold(Fold(s)) is Fold(s); a folded text is returned as it
// is, without allocation.
func Fold(s string) string {
	i := 0
	for i < len(s) && s[i] < utf8.RuneSelf && (s[i] < 'A' || s[i] > 'Z') {
		i++
	}
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	b.WriteString(s[:i])
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteByte(s[i])
		case r == '\u0130':
			b.WriteString("i\u0307")
		case r == 'Σ' || r == 'ς':
			b.WriteRune('σ')
		default:
			b.WriteRune(lowerRune(r))
		}
		i += size
	}
	return b.String()
}

// lowerRune lowers one code point, but for those that would become ASCII.
func lowerRune(r rune) rune {
	low := unicode.ToLower(r)
	if r >= utf8.RuneSelf && low < utf8.RuneSelf {
		return r
	}
	return low
}
