package identity

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"
)

// Verify holds an assertion against the ring at now. A token that is present
// decides alone. The error is an *Error: its Reason is for operators, the public
// answer must not show it.
func Verify(ring Ring, a Assertion, now time.Time) (v Verified, err error) {
	var refusal *Error
	if a.Token != "" {
		if refusal = verifyToken(ring, &a, now, &v); refusal == nil {
			v.said.digest = sha256.Sum256([]byte(a.Token[:strings.LastIndexByte(a.Token, '.')]))
		}
	} else {
		refusal = verifyHash(ring, &a, now, &v)
	}
	if refusal != nil { // a nil *Error in an error would not be nil
		return Verified{}, refusal
	}
	return v, nil
}

// refused is the one maker of refusals.
func refused(reason Reason, key *Key, message string) *Error {
	e := &Error{Reason: reason, Message: message}
	if key != nil {
		e.Key = key.spec.ID
	}
	return e
}

// speaks says whether the key may be asked about the assertion's dialect at all.
func (k *Key) speaks(a *Assertion) bool { return slices.Contains(k.spec.Speaks, a.dialect()) }

// platformed says whether the key may sign for the assertion's platform.
func (k *Key) platformed(a *Assertion) bool { return slices.Contains(k.spec.Platforms, a.platform()) }

// unusable is why the entry cannot verify for this assertion at now; empty if it can.
func (e *Entry) unusable(a *Assertion, now time.Time) Reason {
	if dead := e.deadAt(now); dead != "" {
		return dead
	}
	if !e.Key.platformed(a) {
		return KeyUnusable
	}
	return ""
}

// deadMessages :: reason → sentence, said when a proof is right and its key is not.
var deadMessages = map[Reason]string{
	KeyRetired:  "The proof is right, but its key has been retired.",
	KeyRevoked:  "The proof is right, but its key has been revoked.",
	KeyUnusable: "The proof is right, but its key may not sign for this platform.",
}

func refuseDead(reason Reason, key *Key) *Error {
	message, ok := deadMessages[reason]
	if !ok {
		message = "The proof is right, but its key does not verify."
	}
	return refused(reason, key, message)
}
