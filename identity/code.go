package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// What a code is worth, however many nodes there are.
const (
	CodeDigits = 6
	CodeLife   = 10 * time.Minute
	CodeTries  = 5
)

// Challenge is one emailed code as it was asked for. It is good for whoever asked
// (a session, or an attempt to begin one) and for nobody else: everything that says
// who asked for what is under the tag.
//
//	asked ──wrong, CodeTries times──▶ dead
//	  ├──CodeLife──▶ dead
//	  ├──asked again──▶ replaced
//	  └──right──▶ spent
type Challenge struct {
	ID        string
	Asker     string
	Channel   string
	Realm     string
	Email     string // folded: the code was sent to this very spelling
	Tries     int    // spent so far
	ExpiresAt time.Time
	Tag       []byte
}

// Tagged binds a code to the challenge. The code itself is kept nowhere.
func (c Challenge) Tagged(key Secret, code string) Challenge {
	c.Tag = c.tag(key, code)
	return c
}

func (c Challenge) tag(key Secret, code string) []byte {
	mac := hmac.New(sha256.New, key.bytes())
	var size [8]byte
	for _, part := range []string{"countersign.code.v1", c.ID, c.Asker, c.Channel, c.Realm, c.Email, code} {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		_, _ = mac.Write(size[:])
		_, _ = mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}

// Mailbox is an address whose holder read a code that was sent there. Only
// VerifyCode makes one that is not zero, so holding one whose OK is true is holding
// the proof.
type Mailbox struct{ identifier Identifier }

// OK is false for the zero Mailbox.
func (m Mailbox) OK() bool { return m.identifier.Value != "" }

// Identifier is the proved address. It says nothing of any user id.
func (m Mailbox) Identifier() Identifier { return m.identifier }

// VerifyCode judges what somebody typed, in a time that does not depend on how much
// of it is right. The caller counts the tries.
func VerifyCode(key Secret, c Challenge, said string, now time.Time) (Mailbox, error) {
	switch {
	case said == "":
		return Mailbox{}, &Error{Reason: ProofMissing, Message: "No code was given."}
	case !isCode(said):
		return Mailbox{}, &Error{Reason: ProofMalformed, Message: "A code is six digits."}
	case key.Len() == 0 || len(c.Tag) != sha256.Size || c.Email == "" || c.Realm == "" || c.Asker == "":
		return Mailbox{}, &Error{Reason: ProofMissing, Message: "No code is waiting here."}
	case !now.Before(c.ExpiresAt):
		return Mailbox{}, &Error{Reason: TokenExpired, Message: "The code is older than ten minutes."}
	case c.Tries >= CodeTries:
		return Mailbox{}, &Error{Reason: ProofMismatch, Message: "The code was tried too often."}
	case !hmac.Equal(c.tag(key, said), c.Tag):
		return Mailbox{}, &Error{Reason: ProofMismatch, Message: "This is not the code that was sent."}
	}
	return Mailbox{identifier: Identifier{Realm: c.Realm, Kind: KindEmail, Value: Fold(c.Email)}}, nil
}

func isCode(said string) bool {
	if len(said) != CodeDigits {
		return false
	}
	for i := range len(said) {
		if said[i] < '0' || said[i] > '9' {
			return false
		}
	}
	return true
}
