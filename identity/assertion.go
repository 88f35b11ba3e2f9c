package identity

// Assertion is what a page or app claims, with its proof. Absent, null, "" and a
// value of another type are one case: the empty string.
type Assertion struct {
	Dialect    string // as the page's global speaks; empty is native
	UserID     string // numbers are their decimal text
	Email      string // verbatim, not folded
	Name       string
	Hash       string
	Token      string // JWT or v1: alone decides when present
	Attributes map[string]any
	// Malformed is set by ParseIdentifier's caller when an identifier was a number
	// outside the integers within 2^53-1 or no text at all.
	Malformed bool
}
