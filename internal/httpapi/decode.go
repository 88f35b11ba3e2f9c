package httpapi

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// DefaultMaxBody is what most calls take, in bytes.
const DefaultMaxBody = 64 << 10

// maxDepth is how deep a body may nest. The deepest one of ours needs three.
const maxDepth = 16

// readBody reads at most limit bytes of an application/json body. No body at all is nil.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > limit {
		if r.ProtoMajor == 1 { // the rest is not worth reading; HTTP/2 has other requests on the line
			w.Header().Set("Connection", "close")
		}
		return nil, Fail(BodyTooLarge)
	}
	if !isJSON(r.Header) {
		return nil, Fail(UnsupportedMedia)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, Fail(BodyTooLarge)
		}
		return nil, &Error{Code: RequestInvalid, Detail: "The body broke off.", Cause: err}
	}
	return body, nil
}

func isJSON(h http.Header) bool {
	if h.Get("Content-Encoding") != "" || len(h.Values("Content-Type")) != 1 {
		return false
	}
	if h.Get("Content-Type") == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return false
	}
	charset, said := params["charset"]
	return !said || strings.EqualFold(charset, "utf-8")
}

var (
	strict = json.RejectUnknownMembers(true)
	// A null would leave a struct, a number or a switch as it is, which then says zero
	// or no in its sender's name. A text that is null is an absent one.
	strictOnNull = json.JoinOptions(strict, json.WithUnmarshalers(json.UnmarshalFromFunc(func(d *jsontext.Decoder, into any) error {
		if d.PeekKind() != 'n' {
			return json.SkipFunc
		}
		switch reflect.TypeOf(into).Elem().Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.String:
			return json.SkipFunc
		}
		return errNull
	})))
	errNull = errors.New("null where a value is needed")
)

// Decode reads one JSON document into a struct, strictly: UTF-8, no NUL, no
// duplicate, unknown or differently cased names, the exact types, null only for what
// may be absent, nothing after it, at most maxDepth deep. The error says where, never what was sent there.
func Decode(body []byte, into any) error {
	if err := scan(body); err != nil {
		return err
	}
	options := strict
	if bytes.Contains(body, []byte("null")) {
		options = strictOnNull
	}
	err := json.Unmarshal(body, into, options)
	if err == nil {
		return nil
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		where := place(semantic.JSONPointer)
		if errors.Is(err, json.ErrUnknownName) {
			return Malformed("The body has a field that this call does not know: " + where + ".")
		}
		return Malformed("The body has the wrong type at " + where + ".")
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return Malformed("The body says a field twice.")
	}
	return Malformed("The body is not one JSON document.")
}

// scan refuses, before any parsing, what the decoder would allow: an escaped NUL,
// which ends a text elsewhere, and nesting without end. A word on bytes that are no
// text at all saves their sender a search.
func scan(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return Malformed("The body is empty.")
	}
	if !utf8.Valid(body) {
		return Malformed("The body is not UTF-8.")
	}
	depth, inside := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inside && c == '\\':
			if bytes.HasPrefix(body[i+1:], []byte("u0000")) {
				return Malformed("The body holds a NUL character.")
			}
			i++ // whatever it escapes, it ends no string
		case c == '"':
			inside = !inside
		case inside:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return Malformed("The body nests too deep.")
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// place names a spot of the body for its sender: short and printable.
func place(pointer jsontext.Pointer) string {
	text := string(pointer)
	if text == "" {
		return "its top"
	}
	if len(text) > 80 {
		text = strings.ToValidUTF8(text[:80], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}
