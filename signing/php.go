package signing

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// phpObject is what PHP's json_encode prints by default for an array of texts
// under texts: members in their order, no blanks, / as \/, everything outside
// ASCII as \uXXXX in lowercase hexadecimal (half by half above U+FFFF), control
// characters as JSON demands, <, >, & and DEL as they are. Text that is not UTF-8
// is an error, as it is there.
func phpObject(params []Param) ([]byte, error) {
	out := []byte{'{'}
	for i, p := range params {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = phpString(out, p.Name); err != nil {
			return nil, err
		}
		out = append(out, ':')
		if out, err = phpString(out, p.Value); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// phpShort :: character → its short escape.
var phpShort = map[rune]byte{'"': '"', '\\': '\\', '/': '/', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}

func phpString(out []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("%w: a parameter is not UTF-8", ErrUnsignable)
	}
	out = append(out, '"')
	for _, r := range s {
		short, isShort := phpShort[r]
		switch {
		case isShort:
			out = append(out, '\\', short)
		case r >= 0x20 && r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = phpUnit(phpUnit(out, high), low)
		default:
			out = phpUnit(out, r)
		}
	}
	return append(out, '"'), nil
}

func phpUnit(out []byte, unit rune) []byte {
	return append(out, '\\', 'u', hexDigits[unit>>12&15], hexDigits[unit>>8&15], hexDigits[unit>>4&15], hexDigits[unit&15])
}
