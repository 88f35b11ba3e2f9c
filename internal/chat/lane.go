package chat

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"countersign/identity"
	"countersign/identity/policy"
)

// digest is SHA-256 over the parts, each led by its length, so that no two lists
// of parts are the same bytes. One part alone is hashed as it is.
func digest(parts ...[]byte) []byte {
	if len(parts) == 1 {
		sum := sha256.Sum256(parts[0])
		return sum[:]
	}
	var all []byte
	for _, part := range parts {
		all = binary.BigEndian.AppendUint64(all, uint64(len(part)))
		all = append(all, part...)
	}
	sum := sha256.Sum256(all)
	return sum[:]
}

func digestText(parts ...string) string {
	raw := make([][]byte, len(parts)+1)
	raw[0] = []byte("countersign")
	for i, part := range parts {
		raw[i+1] = []byte(part)
	}
	return base64.RawURLEncoding.EncodeToString(digest(raw...))
}

// laneOf names what tabs may share: the same for one visitor, one person and one
// key, on every node and after every restart. The hash of the visitor's secret
// token is in it, so that nobody who reads a lane can try identifiers against it.
func laneOf(visitor Visitor, scope string, verdict policy.Verdict) string {
	parts := []string{"lane", string(visitor.TokenHash), visitor.ID, scope, verdict.Key()}
	for _, i := range verdict.Identifiers() {
		parts = append(parts, i.Realm, string(i.Kind), i.Value)
	}
	return digestText(parts...)[:32]
}

func eitherScope(i identity.Identifier) string {
	return "either:" + digestText("either", i.Realm, string(i.Kind), i.Value)
}

func claimScope(visitor string, claim policy.Claim) string {
	return "claim:" + visitor + ":" + digestText("claim", claim.UserID, claim.Email)
}
