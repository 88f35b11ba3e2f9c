package identity

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what every formatter, logger and encoder gets to see.
const redacted = "[secret]"

// Secret holds key bytes. They live behind a closure, not in a field: fmt and
// slog reach unexported fields by reflection and would print them, also where a
// Secret sits inside a struct whose methods they cannot call. A func field also
// makes == a compile error, so nobody compares secrets in variable time.
// The zero Secret is empty.
type Secret struct{ open func() []byte }

// NewSecret keeps a copy of b.
func NewSecret(b []byte) Secret {
	kept := bytes.Clone(b)
	return Secret{open: func() []byte { return kept }}
}

// Reveal is a copy of the bytes. Every call site is a place where a secret can
// leak: seal it, MAC with it, or show it once.
func (s Secret) Reveal() []byte { return bytes.Clone(s.bytes()) }

// Len is the number of bytes.
func (s Secret) Len() int { return len(s.bytes()) }

func (s Secret) bytes() []byte {
	if s.open == nil {
		return nil
	}
	return s.open()
}

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Format answers every verb alike: %x of a Stringer would otherwise print hex of
// whatever String returns, and %v of a func its address.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }
