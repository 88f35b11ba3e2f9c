package mail

import (
	"context"
	"slices"
	"sync"

	"countersign/internal/deliver"
)

// mailboxSize is how many letters the demo keeps.
const mailboxSize = 100

// Mailbox is where a demo's mail goes: nowhere but into the memory of this process,
// to be read on a page. No real installation has one.
type Mailbox struct {
	mu   sync.Mutex
	mail []deliver.Mail // oldest first
}

// Send keeps the letter. The same one twice is one letter.
func (m *Mailbox) Send(_ context.Context, letter deliver.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(m.mail, func(l deliver.Mail) bool { return l.ID == letter.ID }) {
		return nil
	}
	m.mail = append(m.mail, letter)
	m.mail = m.mail[max(0, len(m.mail)-mailboxSize):]
	return nil
}

// Mail is what arrived, newest first.
func (m *Mailbox) Mail() []deliver.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Clone(m.mail)
	slices.Reverse(list)
	return list
}
