package chat

import (
	"encoding/hex"
	"time"

	"countersign/identity"
	"countersign/identity/policy"
)

// What the record calls a proof that was right and opened nothing.
const (
	OutcomeBlocked   = "blocked"    // its person is kept out
	OutcomeNotBefore = "not_before" // made before all sessions of its person were ended
	OutcomeBareHash  = "bare_hash"  // does not say when it was made, and an operator wants to know
	OutcomeDenied    = "logged_out" // a log-out denied this very token
)

// Refuses says why a right proof opens nothing for this contact; empty if it does.
//
//	a token that says when it was made   refused if that was before NotBefore
//	a hash, and a token that does not    refused until BareUntil
//	a code or a mail, made for this once never
//
// A token counts its time in whole seconds, so one that was made in the second in
// which the sessions were ended counts as made before.
func (c Contact) Refuses(proof Record, now time.Time) string {
	switch {
	case !c.BlockedAt.IsZero():
		return OutcomeBlocked
	case proof.Tier != policy.Verified:
		return ""
	}
	switch proof.Method {
	case identity.MethodJWT, identity.MethodV1, identity.MethodHMAC, identity.MethodHMACEither:
		if proof.Issued.IsZero() {
			if now.Before(c.BareUntil) {
				return OutcomeBareHash
			}
			return ""
		}
		if proof.Issued.Before(c.NotBefore) {
			return OutcomeNotBefore
		}
	}
	return ""
}

// recordOf is what a verdict leaves in its session's row.
func recordOf(v policy.Verdict) Record {
	r := Record{Tier: v.Tier(), Method: v.Method(), Key: v.Key(), Kid: v.Kid(), Identifiers: v.Identifiers(), Issued: v.Issued()}
	if digest := v.Digest(); digest != [32]byte{} {
		r.Proof = hex.EncodeToString(digest[:])
	}
	return r
}
