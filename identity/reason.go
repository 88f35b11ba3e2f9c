package identity

import "errors"

// Reason is why a proof was refused: the same word in audit, metrics, vectors and docs.
type Reason string

const (
	ProofMissing         Reason = "proof_missing"
	ProofMalformed       Reason = "proof_malformed"
	ProofMismatch        Reason = "proof_mismatch"
	IdentifierMissing    Reason = "identifier_missing"
	IdentifierMalformed  Reason = "identifier_malformed"
	IdentifierAmbiguous  Reason = "identifier_ambiguous"
	IdentifierNotCovered Reason = "identifier_not_covered"
	TokenMalformed       Reason = "token_malformed"
	AlgorithmRefused     Reason = "algorithm_refused"
	TokenExpired         Reason = "token_expired"
	TokenEarly           Reason = "token_early"
	LifetimeTooLong      Reason = "lifetime_too_long"
	AudienceWrong        Reason = "audience_wrong"
	ClaimMissing         Reason = "claim_missing"
	ClaimContradicted    Reason = "claim_contradicted"
	SignedTooLate        Reason = "signed_too_late"
	KeyRetired           Reason = "key_retired"
	KeyRevoked           Reason = "key_revoked"
	KeyUnusable          Reason = "key_unusable"
)

// Reasons lists every reason, in the order of interface.md.
func Reasons() []Reason {
	return []Reason{
		ProofMissing, ProofMalformed, ProofMismatch,
		IdentifierMissing, IdentifierMalformed, IdentifierAmbiguous, IdentifierNotCovered,
		TokenMalformed, AlgorithmRefused, TokenExpired, TokenEarly, LifetimeTooLong, AudienceWrong,
		ClaimMissing, ClaimContradicted, SignedTooLate,
		KeyRetired, KeyRevoked, KeyUnusable,
	}
}

// Error is a refusal. Message is one sentence for an operator; it names no
// secret, hash, token or identifier.
type Error struct {
	Reason  Reason
	Message string
	Key     string // id of the key that refused, if one key did
}

func (e *Error) Error() string { return "refused " + string(e.Reason) + ": " + e.Message }

// ReasonOf is the reason inside err, or empty.
func ReasonOf(err error) Reason {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return ""
}
