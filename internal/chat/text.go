package chat

import (
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// previewRunes is how much of a message a list shows.
const previewRunes = 140

// CleanText checks what somebody wrote: UTF-8, no control characters but line
// feed and tab, something to be seen, at most MaxTextBytes. A line break of two
// characters becomes one; nothing else is changed.
func CleanText(text string) (string, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	switch {
	case len(text) > MaxTextBytes:
		return "", invalid("the text is longer than %d bytes", MaxTextBytes)
	case !utf8.ValidString(text):
		return "", invalid("the text is not UTF-8")
	case strings.ContainsFunc(text, forbidden):
		return "", invalid("the text has a control character")
	case !strings.ContainsFunc(text, seen):
		return "", invalid("the text is blank")
	}
	return text, nil
}

// clean checks what a message is made of: text, files, or both.
func (w Writing) clean() (string, error) {
	seen := map[string]bool{}
	for _, id := range w.Files {
		if !validID(id) || seen[id] {
			return "", ErrFileUnknown
		}
		seen[id] = true
	}
	if len(w.Files) > MaxFiles {
		return "", invalid("a message carries at most %d files", MaxFiles)
	}
	if len(w.Files) > 0 && w.Text == "" {
		return "", nil
	}
	return CleanText(w.Text)
}

func forbidden(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

// seen says whether a character leaves a mark. What Unicode has not named yet does:
// next year's emoji is no blank.
func seen(r rune) bool {
	const brailleBlank = '\u2800'
	return !unicode.IsSpace(r) && r != brailleBlank && !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// turns says whether a character turns the direction of what follows: in a line
// among others' lines it could make one text read as another.
func turns(r rune) bool { return '\u202A' <= r && r <= '\u202E' || '\u2066' <= r && r <= '\u2069' }

func without(text string, unwanted func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if unwanted(r) {
			return -1
		}
		return r
	}, text)
}

// Preview is the beginning of a text on one line, in one direction.
func Preview(text string) string {
	line := strings.Join(strings.Fields(without(text, turns)), " ")
	if utf8.RuneCountInString(line) <= previewRunes {
		return line
	}
	return string([]rune(line)[:previewRunes-1]) + "…"
}

// PreviewOf is the beginning of a message; one without words is called by its first file.
func PreviewOf(m Message) string {
	if m.Text != "" || len(m.Files) == 0 {
		return Preview(m.Text)
	}
	line := "\U0001F4CE " + m.Files[0].Name
	if more := len(m.Files) - 1; more > 0 {
		line += " +" + strconv.Itoa(more)
	}
	return Preview(line)
}

// cleanClientID checks a sender's own name for a message and makes one if there is none.
func cleanClientID(id string) (string, error) {
	if id == "" {
		return "srv-" + rand.Text(), nil
	}
	if len(id) > MaxClientIDBytes || strings.ContainsFunc(id, func(r rune) bool { return !nameRune(r) }) {
		return "", invalid("client_id is not 1 to %d of A-Z, a-z, 0-9, _ and -", MaxClientIDBytes)
	}
	return id, nil
}

func nameRune(r rune) bool {
	return r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// validID keeps texts that can be no id of ours away from the store.
func validID(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool { return !nameRune(r) })
}

// cut shortens a text from outside to at most n bytes of UTF-8, and leaves out what
// steers a terminal or turns a line.
func cut(text string, n int) string {
	text = without(strings.ToValidUTF8(text, ""), func(r rune) bool { return unicode.IsControl(r) || turns(r) })
	for len(text) > n {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

var tokenText = base64.RawURLEncoding.Strict()

// A token is 6 bytes of milliseconds and 256 random bits. The time is no secret: it
// leads the hash that is stored too, so that the sessions of one moment lie side by
// side in the index of hashes, however many there are, and not one on each page of it.
const (
	tokenTime  = 6
	tokenBytes = tokenTime + 32
)

// newToken makes a token as text.
func newToken(now time.Time) string {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:]) // ends the process rather than fail
	for i, ms := tokenTime-1, now.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		b[i] = byte(ms)
	}
	return tokenText.EncodeToString(b[:])
}

// hashToken answers with the hash under which a token is stored; false for a text
// that is no token, in any spelling but the one that was given out.
func hashToken(token string) ([]byte, bool) {
	if len(token) != tokenText.EncodedLen(tokenBytes) || strings.ContainsAny(token, "\r\n") {
		return nil, false
	}
	raw, err := tokenText.DecodeString(token)
	if err != nil {
		return nil, false
	}
	return append(raw[:tokenTime:tokenTime], digest([]byte(token))...), true
}
