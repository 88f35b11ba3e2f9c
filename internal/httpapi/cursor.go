package httpapi

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"countersign/internal/chat"
)

var cursorText = base64.RawURLEncoding.Strict()

// Cursor is where the next page begins, as text that means nothing to its holder;
// empty at the end.
func Cursor(c chat.Cursor) string {
	if c == (chat.Cursor{}) {
		return ""
	}
	return cursorText.EncodeToString([]byte(strconv.FormatInt(c.At.UnixMicro(), 36) + "." + c.ID))
}

// ParseCursor reads what Cursor wrote. It grants nothing: the page after it is
// read with the caller's own rights.
func ParseCursor(text string) (chat.Cursor, error) {
	if text == "" {
		return chat.Cursor{}, nil
	}
	raw, err := cursorText.DecodeString(text)
	at, id, found := strings.Cut(string(raw), ".")
	micros, numErr := strconv.ParseInt(at, 36, 64)
	if err != nil || numErr != nil || !found || id == "" || len(id) > 64 || !isText(id) || micros < 0 {
		return chat.Cursor{}, Malformed("The cursor is not one that this call gave out.")
	}
	return chat.Cursor{At: time.UnixMicro(micros).UTC(), ID: id}, nil
}
