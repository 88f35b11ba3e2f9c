package chat

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	"countersign/identity/policy"
)

// A browser that brings back its tabs starts them all at once, perhaps after another
// person was here. Each says the same old visitor and proves the same new person, and
// learns too late from its storage what the others became. So the server remembers, for
// SuccessionWindow, which new visitor came after which old one for whom:
//
//	first tab:   old visitor + proof of Bob ──▶ a new visitor, kept as the old one's successor for Bob
//	next tab:    old visitor + proof of Bob ──▶ the same new visitor
//	anybody:     proof of Bob alone         ──▶ a new visitor of its own
//
// It takes both secrets, the old visitor's token and the proof, to be told the new
// one's token, which lies sealed under the old one: who reads the database cannot, and
// whoever was here before is not Bob.

// successorError carries what another tab became, still sealed.
type successorError struct{ sealed string }

func (successorError) Error() string        { return ErrSuccessor.Error() }
func (successorError) Is(target error) bool { return target == ErrSuccessor }

// succeed makes a new visitor that comes after the one at the door.
func (e *entrance) succeed() {
	old := e.visitor.ID
	hash, ok := hashToken(e.device.VisitorToken)
	known := ok && bytes.Equal(hash, e.visitor.TokenHash) && e.verdict.Tier() == policy.Verified
	e.meet()
	if known {
		e.follows = &Following{Visitor: old, Secret: seal(e.device.VisitorToken, old, e.secret)}
	}
}

// join goes on as the new visitor that another tab of this browser became. If that one
// is gone again, this tab makes its own.
func (c *Chat) join(ctx context.Context, e entrance, found error, epoch int64) (Result, error) {
	var first successorError
	if errors.As(found, &first) {
		if token, ok := unseal(e.device.VisitorToken, e.follows.Visitor, first.sealed); ok {
			e.device.VisitorToken = token
		}
	}
	e.follows = nil
	hash, ok := hashToken(e.device.VisitorToken)
	if !ok {
		return Result{}, ErrSessionEnded
	}
	visitor, err := c.store.VisitorByToken(ctx, e.channel.Workspace, hash, e.now)
	switch {
	case err == nil && e.knows(visitor):
		e.visitor, e.secret, e.fresh = visitor, e.device.VisitorToken, false
	case err == nil || errors.Is(err, ErrNotFound):
		e.meet()
	default:
		return Result{}, fmt.Errorf("chat: read visitor: %w", err)
	}
	result, err := c.begin(ctx, e, epoch)
	if errors.Is(err, ErrOtherPerson) { // it became yet another's meanwhile
		e.meet()
		return c.begin(ctx, e, epoch)
	}
	return result, err
}

// seal hides a new visitor's token from everybody who does not hold the old one's. The
// key is used for this one text, since a token is.
func seal(old, visitor, token string) string {
	box := sealing(old, visitor)
	nonce := digest([]byte("nonce"), []byte(token))[:box.NonceSize()]
	return tokenText.EncodeToString(box.Seal(nonce, nonce, []byte(token), nil))
}

func unseal(old, visitor, sealed string) (string, bool) {
	box := sealing(old, visitor)
	raw, err := tokenText.DecodeString(sealed)
	if err != nil || len(raw) < box.NonceSize() {
		return "", false
	}
	token, err := box.Open(nil, raw[:box.NonceSize()], raw[box.NonceSize():], nil)
	return string(token), err == nil
}

func sealing(old, visitor string) cipher.AEAD {
	block, err := aes.NewCipher(digest([]byte("countersign"), []byte("successor"), []byte(visitor), []byte(old)))
	if err != nil {
		panic("chat: " + err.Error()) // the key is 32 bytes
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		panic("chat: " + err.Error())
	}
	return box
}
