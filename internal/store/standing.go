package store

import (
	"time"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/chat"
)

// sessionRow is a stored session with everything that its standing follows from,
// read in one row: what it was opened with, and what the ring, the channel and
// the contact say of it now.
type sessionRow struct {
	chat.Session
	token       []byte
	tier        policy.Tier
	method      identity.Method
	key         string
	identifiers []identity.Identifier
	endedAt     time.Time
	endedBy     policy.End
	blockedAt   time.Time
	keyState    string
	keyEnds     time.Time
	enforcement policy.Enforcement
	minimum     policy.Tier // of the channel
	codes       bool        // the channel takes emailed codes
}

const sessionColumns = `s.token_hash, s.id, s.workspace, s.channel, s.realm, s.platform, s.dialect, s.visitor, s.contact, s.lane,
	s.origin, s.user_agent, s.tier, s.method, s.key_id, s.identifiers, s.created_at, s.seen_at, s.expires_at, s.absolute,
	s.proof_ends, s.ended_at, s.ended_by, c.blocked_at, COALESCE(k.state, ''), COALESCE(k.ends_at, 0), COALESCE(p.enforcement, ''), h.minimum_tier, h.email_code <> 0`

// A key of another channel, or of none, joins nothing and so verifies nothing.
const sessionTables = `sessions s
	JOIN contacts c ON c.id = s.contact AND c.workspace = s.workspace
	JOIN channels h ON h.id = s.channel AND h.workspace = s.workspace
	LEFT JOIN keys k ON k.id = s.key_id AND k.channel = s.channel AND k.workspace = s.workspace
	LEFT JOIN channel_platforms p ON p.channel = s.channel AND p.platform = s.platform`

func (r *sessionRow) scan(row scanner) error {
	return row.Scan(&r.token, &r.ID, &r.Workspace, &r.Channel, &r.Realm, (*string)(&r.Platform), &r.Dialect, &r.Visitor, &r.Contact, &r.Lane,
		&r.Origin, &r.UserAgent, (*string)(&r.tier), (*string)(&r.method), &r.key, document{&r.identifiers}, stamp{&r.CreatedAt}, stamp{&r.SeenAt},
		stamp{&r.ExpiresAt}, stamp{&r.Absolute}, stamp{&r.ProofEnds}, stamp{&r.endedAt}, (*string)(&r.endedBy), stamp{&r.blockedAt},
		&r.keyState, stamp{&r.keyEnds}, (*string)(&r.enforcement), (*string)(&r.minimum), &r.codes)
}

// at is the session as it stands at now. This is the one place that restores a standing.
func (r *sessionRow) at(now time.Time) chat.Session {
	s := r.Session
	s.ExpiresAt = earliest(s.ExpiresAt, s.Absolute)
	if r.keyState == keyRetiring {
		s.ExpiresAt = earliest(s.ExpiresAt, r.keyEnds)
	}
	s.Standing = policy.Restore(policy.Row{
		Tier: r.tier, Method: r.method, Key: r.key, Identifiers: r.identifiers,
		ExpiresAt: s.ExpiresAt, EndedAt: r.endedAt, EndedBy: r.endedBy,
		KeyVerifies: verifies(r.keyState, r.keyEnds, now), Enforcement: strict(r.enforcement), MinimumTier: r.minimum,
		Blocked: !r.blockedAt.IsZero(), EmailCodes: r.codes,
	}, now)
	return s
}

// The states of a key that verify, as the keyring spells them.
const (
	keyPending  = "pending"
	keyActive   = "active"
	keyRetiring = "retiring"
)

// verifies is the ring's word on a key at now. A retiring key past its end does
// not, although no write has said so yet; an unknown state never does.
func verifies(state string, ends, now time.Time) bool {
	switch state {
	case keyPending, keyActive:
		return true
	case keyRetiring:
		return ends.IsZero() || now.Before(ends)
	}
	return false
}

// strict reads an enforcement that nobody knows as the strictest.
func strict(e policy.Enforcement) policy.Enforcement {
	if e == policy.Off || e == policy.Observe {
		return e
	}
	return policy.Enforce
}

// earliest of the two that are set.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
