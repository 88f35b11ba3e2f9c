package policy

import (
	"errors"

	"countersign/identity"
)

// ErrForbidden is the answer to a principal without the right.
var ErrForbidden = errors.New("policy: this principal may not do that")

func refusalOf(err error) *identity.Error {
	var refusal *identity.Error
	if errors.As(err, &refusal) {
		return refusal
	}
	return nil
}
