package policy

import (
	"errors"
	"strings"
	"time"
)

// ConfirmedFor is how long a password or passkey stands for its agent's presence.
const ConfirmedFor = 5 * time.Minute

var (
	// ErrUnconfirmed: what was asked for takes a password or passkey within ConfirmedFor.
	ErrUnconfirmed = errors.New("policy: a password or passkey within the last five minutes is needed")
	// ErrNoReason: what was asked for is recorded with a reason, and there is none.
	ErrNoReason = errors.New("policy: a reason is needed")
)

// Present asks whether an agent gave a password or passkey just now: what would let
// whoever finds a console open stay in it, such as another password, takes that and
// no right. Programs and the machine itself have nobody to be present.
func (p Principal) Present(now time.Time) error {
	if p.kind == AgentPrincipal && (p.confirmed.IsZero() || now.Sub(p.confirmed) >= ConfirmedFor) {
		return ErrUnconfirmed
	}
	return nil
}

// Impersonate asks for what would let its holder pass as a customer: to make or
// reveal a key, to show an expected hash. An agent has the right, was present with
// a password or passkey just now, and says why; a program was given the right by
// somebody who was, when its token was made; the operator on the machine itself
// has the secrets anyway. Its caller records the reason with the subject.
func (p Principal) Impersonate(right Right, reason string, now time.Time) error {
	switch {
	case !p.May(right):
		return p.Refusal(right)
	case p.kind != AgentPrincipal:
		return nil
	case p.Present(now) != nil:
		return ErrUnconfirmed
	case strings.TrimSpace(reason) == "":
		return ErrNoReason
	}
	return nil
}
