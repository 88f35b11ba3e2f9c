// Package signing signs what we send and verifies it at the other end: the
// customer's backend can tell our requests from anybody's, and what exactly we
// said in them.
//
// Three schemes exist. Standard Webhooks ([SignWebhook]) covers id, time and
// body, and goes on every request that we make. Help Scout's query signature
// ([SignQuery]) covers the parameters of a frame's URL, since a navigation has no
// headers of ours; its body signature ([SignBody]) is the header that legacy apps
// and webhooks look for. The Help Scout schemes are HMAC-SHA1 because the
// published verifiers are.
//
// Verifiers take whole inputs and answer with what was signed. They compare in
// constant time, refuse a signature that occurs twice and a parameter name that
// occurs twice, and never hand out a parameter that is not signed. Nothing here
// reads a clock, a file or the network, and no error text holds a secret or a
// signature.
package signing

import "fmt"

// Reason is why a signature was refused, in the words of the identity reasons.
type Reason string

const (
	ProofMissing   Reason = "proof_missing"
	ProofMalformed Reason = "proof_malformed"
	ProofMismatch  Reason = "proof_mismatch"
	TokenExpired   Reason = "token_expired" // issued longer ago than the tolerance
	TokenEarly     Reason = "token_early"   // issued further ahead than the tolerance
)

// Error is a refusal.
type Error struct {
	Reason  Reason
	Message string
}

func (e *Error) Error() string { return "refused " + string(e.Reason) + ": " + e.Message }

func refused(reason Reason, format string, args ...any) error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...)}
}
