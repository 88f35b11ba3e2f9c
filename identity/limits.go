package identity

import (
	"unicode"
	"unicode/utf8"
)

// Bounds of what may name a person, in bytes.
const (
	MaxUserID = 255
	MaxEmail  = 254
)

// ValidUserID says whether s can be a user id: 1 to 255 bytes of UTF-8 without
// control characters.
func ValidUserID(s string) bool {
	if s == "" || len(s) > MaxUserID {
		return false
	}
	for i, r := range s {
		if unicode.IsControl(r) || badRune(s, i, r) {
			return false
		}
	}
	return true
}

// ValidEmail says whether s can be an email: UTF-8, exactly one @ with something
// on both sides, no blank, no control character, at most 254 bytes. It is no
// check that such a mailbox exists; it keeps a name that is no address from
// being treated as one.
func ValidEmail(s string) bool {
	if s == "" || len(s) > MaxEmail || s[0] == '@' || s[len(s)-1] == '@' {
		return false
	}
	ats, seen := byte(0), byte(0) // no count above 254
	for i := range len(s) {
		class := emailBytes[s[i]]
		ats += class & atSign
		seen |= class
	}
	return ats == 1 && seen&blankOrControl == 0 && (seen&beyondASCII == 0 || validLetters(s))
}

// Classes of the bytes of an email.
const (
	atSign = 1 << iota
	blankOrControl
	beyondASCII
)

// emailBytes :: byte → class.
var emailBytes = func() (classes [256]byte) {
	for c := range classes {
		switch {
		case c == '@':
			classes[c] = atSign
		case c <= ' ' || c == 0x7f:
			classes[c] = blankOrControl
		case c >= utf8.RuneSelf:
			classes[c] = beyondASCII
		}
	}
	return classes
}()

func validLetters(s string) bool {
	for i, r := range s {
		if unicode.IsControl(r) || unicode.IsSpace(r) || badRune(s, i, r) {
			return false
		}
	}
	return true
}

// badRune tells a byte that is not UTF-8 from a U+FFFD that somebody wrote.
func badRune(s string, i int, r rune) bool {
	if r != utf8.RuneError {
		return false
	}
	_, size := utf8.DecodeRuneInString(s[i:])
	return size == 1
}
