package policy

import "errors"

// ErrForbidden is the answer to a principal without the right.
var ErrForbidden = errors.New("policy: this principal may not do that")
