package mail

import (
	"bytes"
	"fmt"
	"io"
	stdmail "net/mail"
	"strings"

	"github.com/emersion/go-message/mail"

	"countersign/internal/deliver"
)

// compose writes a letter as RFC 5322 has it. Every value goes through the library's
// encoders, after our own checks at the desk: a line break in a name or a subject
// would be a second header.
//
// Auto-Submitted keeps answering machines from answering, and X-Auto-Response-Suppress
// those that do not know it; Precedence: bulk would cost the code its place in the inbox.
func compose(from stdmail.Address, letter deliver.Mail) ([]byte, error) {
	if err := deliver.CheckAddress(letter.To); err != nil {
		return nil, err
	}
	if strings.ContainsAny(letter.Subject, "\r\n") {
		return nil, fmt.Errorf("%w: a subject is one line", deliver.ErrInvalid)
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	var h mail.Header
	h.SetAddressList("From", []*mail.Address{{Name: from.Name, Address: from.Address}})
	h.SetAddressList("To", []*mail.Address{{Address: letter.To}})
	h.SetSubject(letter.Subject)
	h.SetDate(letter.At)
	h.SetMessageID(letter.ID + "@" + domain)
	h.Set("Auto-Submitted", "auto-generated")
	h.Set("X-Auto-Response-Suppress", "All")
	h.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	var out bytes.Buffer
	body, err := mail.CreateSingleInlineWriter(&out, h)
	if err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	if _, err := io.WriteString(body, strings.ReplaceAll(letter.Text, "\n", "\r\n")); err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	if err := body.Close(); err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	return out.Bytes(), nil
}
