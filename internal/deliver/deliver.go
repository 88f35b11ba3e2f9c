// Package deliver is the outbox and its worker: mail that was promised in the same
// transaction as what caused it, sent until it was taken or given up in the open.
//
//	waiting ──claimed──▶ sent
//	   │  ▲        ├────▶ failed     the receiving server said never, or time ran out
//	   │  └─later──┘
//	   ├──▶ expired                  what it was for is over: a code that ran out, was used or replaced
//	   ╵
//	withheld                         never meant to be sent: its address had had enough for today
//
// A letter is sent at least once: a worker that dies after the server took it and
// before the row says so sends it again, under the same Message-ID. What a letter
// says lies sealed while it waits, and is gone from the row when it waits no more.
package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"countersign/internal/event"
)

var (
	// ErrInvalid: no mail can be sent to this address, or with this subject; wrapped with the reason.
	ErrInvalid = errors.New("deliver: invalid")
	// ErrNever: the receiving server will not take this letter, however often it is asked.
	ErrNever = errors.New("deliver: refused for good")
	// ErrNoMail: the process was started without a way to send mail.
	ErrNoMail = errors.New("deliver: mail is not set up")
)

// State of a letter, see the package comment.
type State string

const (
	Waiting  State = "waiting"
	Sent     State = "sent"
	Failed   State = "failed"
	Expired  State = "expired"
	Withheld State = "withheld"
)

// Kind says what a letter is for.
type Kind string

const (
	CodeLetter       Kind = "code"
	InvitationLetter Kind = "invitation"
)

// Letter is mail as it lies in the outbox.
type Letter struct {
	ID        string
	Workspace string
	Kind      Kind
	Ref       string // of a code: its id; the letter is worth nothing when that is gone
	Recipient string // cut, for people to look at
	Sealed    []byte // address, subject and text; empty once it waits no more
	State     State
	Attempts  int
	NextAt    time.Time
	ExpiresAt time.Time // not sent any more from then on
	LastError string
	CreatedAt time.Time
	DoneAt    time.Time // zero while it waits
}

// Draft is a letter to be written.
type Draft struct {
	Workspace string
	Kind      Kind
	Ref       string
	To        string
	Subject   string
	Text      string
	Life      time.Duration // how long it may wait
}

// Mail is a letter opened, as a sender takes it. Plain text, always: nothing that we
// send needs more, and nobody has to be afraid of what it loads.
type Mail struct {
	ID      string // the same at every try
	To      string
	Subject string
	Text    string
	At      time.Time
}

// Sender hands one mail to whoever carries it on. ErrNever if trying again is
// useless; any other error is tried again.
type Sender interface {
	Send(ctx context.Context, mail Mail) error
}

// Sealer keeps a letter from everybody who reads the database.
type Sealer interface {
	Seal(plain []byte, workspace, id string) []byte
	Open(sealed []byte, workspace, id string) ([]byte, error)
}

// Desk writes letters; the worker carries them.
type Desk struct {
	seal  Sealer
	pulse *event.Pulse
	wake  chan struct{}
}

// NewDesk seals with seal. It is made only where there is a way to send mail.
func NewDesk(seal Sealer, pulse *event.Pulse) *Desk {
	return &Desk{seal: seal, pulse: pulse, wake: make(chan struct{}, 1)}
}

// content is what lies sealed.
type content struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Write makes a letter that a store can put into the outbox together with what
// caused it. Wake afterwards, or it waits for the worker's next look.
func (d *Desk) Write(draft Draft) (Letter, error) {
	if d == nil {
		return Letter{}, ErrNoMail
	}
	if err := CheckAddress(draft.To); err != nil {
		return Letter{}, err
	}
	if err := checkSubject(draft.Subject); err != nil {
		return Letter{}, err
	}
	now := d.pulse.Now().Truncate(time.Microsecond)
	letter := Letter{
		ID: event.NewID("ltr", now), Workspace: draft.Workspace, Kind: draft.Kind, Ref: draft.Ref, Recipient: Cut(draft.To),
		State: Waiting, NextAt: now, ExpiresAt: now.Add(draft.Life), CreatedAt: now,
	}
	plain, err := json.Marshal(content{To: draft.To, Subject: draft.Subject, Text: draft.Text})
	if err != nil {
		return Letter{}, fmt.Errorf("deliver: write a letter: %w", err)
	}
	letter.Sealed = d.seal.Seal(plain, letter.Workspace, letter.ID)
	return letter, nil
}

// Wake tells the worker of this process that a letter was committed.
func (d *Desk) Wake() {
	if d == nil {
		return
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *Desk) open(letter Letter) (Mail, error) {
	plain, err := d.seal.Open(letter.Sealed, letter.Workspace, letter.ID)
	if err != nil {
		return Mail{}, err
	}
	var c content
	if err := json.Unmarshal(plain, &c); err != nil {
		return Mail{}, errors.New("what lies sealed is no letter")
	}
	return Mail{ID: letter.ID, To: c.To, Subject: c.Subject, Text: c.Text, At: letter.CreatedAt}, nil
}

const (
	maxAddress = 254 // bytes, as SMTP has room for
	maxLocal   = 64
	maxSubject = 150 // characters
)

// CheckAddress takes one plain mailbox and nothing that a header, an envelope or a
// log could read as two: no name, no comment, no quotes, no blank, no line break, no
// mark that turns the writing direction.
func CheckAddress(address string) error {
	local, domain, ok := strings.Cut(address, "@")
	switch {
	case !ok || local == "" || domain == "" || strings.Contains(domain, "@"):
		return fmt.Errorf("%w: an address has exactly one @ with something on both sides", ErrInvalid)
	case len(address) > maxAddress || len(local) > maxLocal:
		return fmt.Errorf("%w: the address is too long", ErrInvalid)
	case !utf8.ValidString(address) || strings.ContainsAny(address, " <>()[]\\,;:\"'`|"):
		return fmt.Errorf("%w: the address holds a character that addresses do not have", ErrInvalid)
	case dotted(local) || dotted(domain) || !strings.Contains(domain, ".") && domain != "localhost":
		return fmt.Errorf("%w: the address has no domain that mail could go to", ErrInvalid)
	}
	for _, r := range address {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%w: the address holds the character %U, which cannot be shown", ErrInvalid, r)
		}
	}
	for _, r := range domain {
		if r < utf8.RuneSelf && r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return fmt.Errorf("%w: the address has no domain that mail could go to", ErrInvalid)
		}
	}
	return nil
}

// dotted says whether a dot stands where none may.
func dotted(part string) bool {
	return strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".") || strings.Contains(part, "..")
}

func checkSubject(subject string) error {
	if subject == "" || !utf8.ValidString(subject) || utf8.RuneCountInString(subject) > maxSubject {
		return fmt.Errorf("%w: a subject has 1 to %d characters", ErrInvalid, maxSubject)
	}
	for _, r := range subject {
		if !unicode.IsPrint(r) && r != '\u200d' && r != '\u200c' {
			return fmt.Errorf("%w: the subject holds the character %U, which cannot be shown", ErrInvalid, r)
		}
	}
	return nil
}

// OneLine makes any text fit for a subject or a sentence of ours: what cannot be
// shown becomes a blank, and too much is cut.
func OneLine(text string, limit int) string {
	clean := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) && r != '\u200d' && r != '\u200c' {
			return ' '
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(clean), " "))
	return string(runes[:min(len(runes), limit)])
}

// Cut is an address as it is shown to whoever looks at the outbox: enough to tell a
// typing mistake by, not enough to write to.
func Cut(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	first, _ := utf8.DecodeRuneInString(local)
	return string(first) + "…@" + domain
}
