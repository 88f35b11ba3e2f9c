package identity

// Assertion is what a page or app claims, with its proof. Absent, null, "" and a
// value of another type are one case: the empty string.
type Assertion struct {
	Dialect    string // as the page's global speaks; empty is native
	Platform   string // as the caller says; empty is web; it selects keys and lifts nothing
	UserID     string // numbers are their decimal text
	Email      string // verbatim, not folded
	Name       string
	Hash       string
	Token      string // JWT or v1: alone decides when present
	Attributes map[string]any
	// Malformed is set by ParseScalar's caller when an identifier was no text and
	// no integer within 2^53-1.
	Malformed bool
}

// Silent says whether the page claims to be nobody: no identifier and no token.
// A hash alone names nobody; templates print one for logged-out visitors too.
func (a Assertion) Silent() bool {
	return a.UserID == "" && a.Email == "" && a.Token == "" && !a.Malformed
}

func (a Assertion) dialect() string {
	if a.Dialect == "" {
		return "native"
	}
	return a.Dialect
}

func (a Assertion) platform() string {
	if a.Platform == "" {
		return "web"
	}
	return a.Platform
}
