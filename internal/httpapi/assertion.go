package httpapi

import (
	"bytes"
	"encoding/json"

	"countersign/identity"
	"countersign/internal/httpapi/wire"
)

// ReadAssertion takes a page's word as it was said. A proof that is no text is no
// proof; an identifier that is neither text nor a whole number is no identifier
// but is not silence either: the gate refuses it as malformed.
func ReadAssertion(in wire.Assertion) identity.Assertion {
	a := identity.Assertion{Dialect: in.Dialect, Name: text(in.Name), Hash: text(in.Hash), Token: text(in.JWT), Attributes: readAttributes(in.Attributes)}
	var userOK, emailOK bool
	a.UserID, userOK = identity.ParseScalar(in.UserID)
	a.Email, emailOK = identity.ParseScalar(in.Email)
	a.Malformed = !userOK || !emailOK
	return a
}

// text is a JSON string, or nothing.
func text(raw json.RawMessage) string {
	var s string
	if !bytes.HasPrefix(raw, []byte(`"`)) || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// readAttributes decodes what a page says beside an identity; identity says what
// of it may be kept.
func readAttributes(in wire.Attributes) map[string]any {
	out := map[string]any{}
	for name, raw := range in {
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		var value any
		if decoder.Decode(&value) == nil {
			out[name] = value
		}
	}
	return identity.CleanAttributes(out)
}
