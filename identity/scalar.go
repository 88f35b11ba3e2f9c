package identity

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxInteger is 2^53-1, the largest integer that every JSON reader holds exactly.
const maxInteger = 1<<53 - 1

// ParseScalar reads an identifier as it stands in JSON. Text is itself; an
// integer within ±(2^53-1) is its literal, read as it was written and never
// through floating point; absent, null and "" are "". Everything else is not ok:
// fractions, exponents, -0, larger numbers, booleans, arrays, objects, and text
// that is no Unicode, since a decoder that repairs it would make two users one.
func ParseScalar(raw json.RawMessage) (text string, ok bool) {
	raw = bytes.Trim(raw, " \t\r\n")
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", true
	case raw[0] == '"':
		if !unambiguous(raw) || json.Unmarshal(raw, &text) != nil {
			return "", false
		}
		return text, true
	}
	if !isInteger(string(raw)) {
		return "", false
	}
	return string(raw), true
}

func isInteger(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 16 || digits[0] == '0' && len(s) > 1 {
		return false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return err == nil && n <= maxInteger
}

// unambiguous says whether every JSON reader takes the same text from raw: valid
// UTF-8 without escaped half surrogates, which encoding/json turns into U+FFFD.
func unambiguous(raw []byte) bool {
	if !utf8.Valid(raw) {
		return false
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		unit, isUnit := escapedUnit(raw[i:])
		switch {
		case !isUnit:
			i++ // the escaped character, which may be a backslash
		case unit >= 0xDC00 && unit <= 0xDFFF:
			return false
		case unit >= 0xD800 && unit <= 0xDBFF:
			low, isLow := escapedUnit(raw[i+6:])
			if !isLow || low < 0xDC00 || low > 0xDFFF {
				return false
			}
			i += 11
		default:
			i += 5
		}
	}
	return true
}

// escapedUnit reads \uXXXX at the start of b.
func escapedUnit(b []byte) (uint64, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return n, err == nil
}

// member is one name of a JSON object with its value as it was written.
type member struct {
	name  string
	value json.RawMessage
}

// readObject reads one JSON object and nothing after it. A name that occurs
// twice, however it is escaped, is refused: readers differ in which one they
// believe. Names are not matched without case, as encoding/json would.
func readObject(raw []byte) ([]member, bool) {
	if !json.Valid(raw) || !unambiguous(raw) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	var members []member
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		name, isName := token.(string)
		if err != nil || !isName || seen[name] {
			return nil, false
		}
		seen[name] = true
		m := member{name: name}
		if d.Decode(&m.value) != nil {
			return nil, false
		}
		members = append(members, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	_, err := d.Token()
	return members, err == io.EOF
}
