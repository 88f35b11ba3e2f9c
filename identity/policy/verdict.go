package policy

import (
	"time"

	"countersign/identity"
)

// Rule is what a channel says about one platform and dialect.
type Rule struct {
	Enforcement Enforcement
	OnFailure   OnFailure
	MinimumTier Tier          // to open a session at all; empty is Anonymous
	Tail        time.Duration // how long chat outlives the proof (0 for native)
	SignedEmail bool          // confirms_email: a signed email is an identifier
}

// Claim is what a visitor says of itself without proof. Texts are as sent, cut
// to their limits; they name nobody.
type Claim struct {
	UserID, Email, Name string
	Attributes          map[string]any
}

// Empty says whether the visitor claims to be nobody in particular.
func (c Claim) Empty() bool { return c.UserID == "" && c.Email == "" }

// Refusal is the public answer to a refused assertion; there are two.
type Refusal string

const (
	NotRefused       Refusal = ""
	IdentityRequired Refusal = "identity_required" // nothing was sent
	IdentityRefused  Refusal = "identity_refused"
)

// Verdict is what policy makes of an assertion. Only Decide makes one, so that
// holding a verdict whose tier is Verified is holding a verification.
type Verdict struct {
	tier        Tier
	method      identity.Method
	key         string
	kid         string // of an issuer's set
	dialect     string
	identifiers []identity.Identifier
	attributes  map[string]any // covered by the proof
	claim       Claim          // not covered
	refusal     Refusal
	reason      identity.Reason // why not verified, for operators; empty if verified or nothing was claimed
	message     string
	expires     time.Time // the proof's own end plus the tail; zero if it has none
	issued      time.Time // when a timed proof was made; zero if it does not say
	digest      [32]byte  // of a token; zeros for a hash
	told        bool      // made anonymous although it claimed somebody: say so to the visitor
}

func (v Verdict) Tier() Tier              { return v.tier }
func (v Verdict) Method() identity.Method { return v.method }
func (v Verdict) Key() string             { return v.key }
func (v Verdict) Dialect() string         { return v.dialect }

// Identifiers are the proved ones, the signed one first; none unless verified.
func (v Verdict) Identifiers() []identity.Identifier { return v.identifiers }
func (v Verdict) Attributes() map[string]any         { return v.attributes }
func (v Verdict) Claim() Claim                       { return v.claim }
func (v Verdict) Refusal() Refusal                   { return v.refusal }
func (v Verdict) Reason() identity.Reason            { return v.reason }
func (v Verdict) Message() string                    { return v.message }
func (v Verdict) Expires() time.Time                 { return v.expires }

// Issued is when the proof was made. Zero: it does not say, and so cannot be told from
// one that was made years ago.
func (v Verdict) Issued() time.Time { return v.issued }

// Digest names the token that proved it, see identity.Verified; zeros for a hash.
func (v Verdict) Digest() [32]byte { return v.digest }

// MadeAnonymous says that a claim was dropped, which its visitor is told.
func (v Verdict) MadeAnonymous() bool { return v.told }

// Kid names the key of an issuer's set that signed the proof; empty for other keys.
func (v Verdict) Kid() string { return v.kid }
