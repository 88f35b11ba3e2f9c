package countersign

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrInput: what was passed cannot be signed; wrapped with the reason.
var ErrInput = errors.New("countersign: cannot sign")

// maxNumber is 2^53-1, the largest integer that every JSON reader holds exactly.
const maxNumber = 1<<53 - 1

// Identity names the customer who is logged in. An empty field is not sent.
type Identity struct{ UserID, Email string }

// NumberID is the text of a numeric user id. A number that a browser would round
// is an error: pass such an id to both sides as text.
func NumberID(n int64) (string, error) {
	if n > maxNumber || n < -maxNumber {
		return "", fmt.Errorf("%w: a numeric user id lies within 2^53-1; pass larger ones as text, here and in the page", ErrInput)
	}
	return strconv.FormatInt(n, 10), nil
}

func keyOf(d Dialect, secret string) ([]byte, error) {
	if secret == "" {
		return nil, fmt.Errorf("%w: the secret is empty", ErrInput)
	}
	if d != Pylon {
		return []byte(secret), nil
	}
	key, err := hex.DecodeString(secret)
	if err != nil {
		return nil, fmt.Errorf("%w: this dialect's secret is hexadecimal", ErrInput)
	}
	return key, nil
}

func (who Identity) check() error {
	switch {
	case who.UserID == "" && who.Email == "":
		return fmt.Errorf("%w: neither a user id nor an email was given", ErrInput)
	case who.UserID != "" && !validUserID(who.UserID):
		return fmt.Errorf("%w: a user id is 1 to 255 bytes of UTF-8 without control characters", ErrInput)
	case who.Email != "" && !validEmail(who.Email):
		return fmt.Errorf("%w: an email is at most 254 bytes with exactly one @, something on both sides and no blank", ErrInput)
	}
	return nil
}

func validUserID(s string) bool {
	return len(s) <= 255 && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func validEmail(s string) bool {
	before, after, _ := strings.Cut(s, "@")
	blank := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.White_Space, r) }
	return len(s) <= 254 && utf8.ValidString(s) && before != "" && after != "" && !strings.Contains(after, "@") && !strings.ContainsFunc(s, blank)
}
