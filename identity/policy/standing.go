package policy

import (
	"time"

	"countersign/identity"
)

// Standing is what a session that was read from a row is worth: the verdict it
// was opened with, and whether that still holds. Only Restore makes one, and
// only store calls Restore.
type Standing struct {
	tier        Tier
	method      identity.Method
	key         string
	identifiers []identity.Identifier
	ends        End
}

// End says why a session no longer stands; empty while it does.
type End string

const (
	Stands       End = ""
	EndedLogout  End = "ended"       // logged out, ended by an agent, or replaced
	EndedExpired End = "expired"     // its proof, its sliding or its absolute life
	EndedKey     End = "key"         // its key was retired or revoked
	EndedPolicy  End = "enforcement" // claimed under enforce, or below the channel's minimum tier
	EndedBlocked End = "blocked"
)

// Row is the part of a stored session that its standing follows from.
type Row struct {
	Tier        Tier
	Method      identity.Method
	Key         string
	Identifiers []identity.Identifier
	ExpiresAt   time.Time
	EndedAt     time.Time // zero while it was not ended
	EndedBy     End
	KeyVerifies bool // the ring's present word on Key; ignored if Key is empty
	Enforcement Enforcement
	MinimumTier Tier // of the channel by now
	Blocked     bool
	EmailCodes  bool // the channel's present word: it takes emailed codes
}

// Restore judges a stored session at now.
func Restore(row Row, now time.Time) Standing {
	s := Standing{tier: row.Tier, method: row.Method, key: row.Key, identifiers: row.Identifiers}
	switch {
	case !row.EndedAt.IsZero():
		s.ends = row.EndedBy
		if s.ends == Stands {
			s.ends = EndedLogout
		}
	case !now.Before(row.ExpiresAt):
		s.ends = EndedExpired
	case row.Blocked:
		s.ends = EndedBlocked
	case unproved(row) != Stands:
		s.ends = unproved(row)
	case row.Tier == Claimed && row.Enforcement == Enforce:
		s.ends = EndedPolicy
	case below(row):
		s.ends = EndedPolicy
	case row.Tier != Verified && row.Tier != Claimed && row.Tier != Anonymous:
		s.ends = EndedPolicy
	}
	return s
}

// unproved says why what a verified session rests on holds no more. That is its key,
// or, for an emailed code, which no key stands behind, the channel's leave to prove by one.
func unproved(row Row) End {
	switch {
	case row.Tier != Verified:
		return Stands
	case row.Method == identity.MethodCode:
		if row.Key != "" || !row.EmailCodes {
			return EndedPolicy
		}
	case row.Key == "" || !row.KeyVerifies:
		return EndedKey
	}
	return Stands
}

// below says whether Decide would admit nobody of this tier any more.
func below(row Row) bool {
	counts := row.Tier == Verified || enforced(Rule{Enforcement: row.Enforcement})
	return counts && tiers(row.Tier) < tiers(row.MinimumTier)
}

func (s Standing) Tier() Tier                         { return s.tier }
func (s Standing) Method() identity.Method            { return s.method }
func (s Standing) Key() string                        { return s.key }
func (s Standing) Identifiers() []identity.Identifier { return s.identifiers }

// Ended says why the session stands no more; Stands if it does.
func (s Standing) Ended() End { return s.ends }
