package policy

import (
	"errors"
	"fmt"
)

// ErrForbidden is the answer to a principal without the right.
var ErrForbidden = errors.New("policy: this principal may not do that")

// ErrWithheld is ErrForbidden for an agent whose role has the right, and who lacks the
// second factor that the workspace asks for before it is theirs.
var ErrWithheld = fmt.Errorf("%w until there is a second factor", ErrForbidden)
