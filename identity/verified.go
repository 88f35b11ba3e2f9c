package identity

import (
	"crypto/sha256"
	"maps"
	"time"
)

// Verified is what a proof showed. Only Verify makes one that is not zero, so
// holding one whose OK is true is holding the proof. It says what was proved and
// nothing that merely stood beside it.
type Verified struct {
	key    *Key // that verified; nil: nothing was
	kind   Kind // of the field that the key signs
	userID string
	email  string     // as signed, not folded
	said   *statement // of a token; nil: a hash
}

// OK is false for the zero Verified.
func (v Verified) OK() bool { return v.key != nil }

// Key is the id of the key that verified.
func (v Verified) Key() string {
	if v.key == nil {
		return ""
	}
	return v.key.spec.ID
}

// Dialect is the row of identity/dialect that the key belongs to.
func (v Verified) Dialect() string {
	if v.key == nil {
		return ""
	}
	return v.key.spec.Dialect
}

// Method is by what the identity was proved.
func (v Verified) Method() Method {
	switch {
	case v.key == nil:
		return MethodNone
	case v.key.spec.Proof == ProofJWT:
		return MethodJWT
	case v.key.spec.Proof == ProofV1:
		return MethodV1
	case v.key.spec.Signs == SignsEither && v.kind == KindEmail:
		return MethodHMACEither
	}
	return MethodHMAC
}

// Signed is the identifier that the key signs: the person. Of the zero Verified
// it is the zero Identifier.
func (v Verified) Signed() Identifier {
	switch v.kind {
	case KindUserID:
		return Identifier{Realm: v.key.spec.Realm, Kind: KindUserID, Value: v.userID}
	case KindEmail:
		return v.emailIdentifier()
	}
	return Identifier{}
}

// Email is the address under the proof, folded, if there was one. It is an
// identifier only where the key's owner says that the product confirms addresses.
func (v Verified) Email() (Identifier, bool) {
	if v.email == "" {
		return Identifier{}, false
	}
	return v.emailIdentifier(), true
}

func (v Verified) emailIdentifier() Identifier {
	return Identifier{Realm: v.key.spec.Realm, Kind: KindEmail, Value: Fold(v.email)}
}

// EmailText is the address as it was signed, for display and for writing to.
func (v Verified) EmailText() string { return v.email }

// EmailUnconfirmed says that the token carried email_verified and it was not true.
func (v Verified) EmailUnconfirmed() bool { return v.said != nil && v.said.unconfirmed }

// Name is the name under the proof; empty if it covers none.
func (v Verified) Name() string {
	if v.said == nil {
		return ""
	}
	return v.said.name
}

// Attributes are the other values under the proof, cleaned; nil if none.
func (v Verified) Attributes() map[string]any {
	if v.said == nil {
		return nil
	}
	return maps.Clone(v.said.attributes)
}

// Digest names the token among all tokens: SHA-256 of what was signed, and not of the
// signature, which under some algorithms its holder can write in a second way that
// verifies as well. All zeros for a hash, which is the same at every use.
func (v Verified) Digest() [sha256.Size]byte {
	if v.said == nil {
		return [sha256.Size]byte{}
	}
	return v.said.digest
}

// IssuedAt is when a timed proof was made; zero for a hash.
func (v Verified) IssuedAt() time.Time {
	if v.said == nil {
		return time.Time{}
	}
	return v.said.issued
}

// ExpiresAt is the proof's own end; zero if it has none.
func (v Verified) ExpiresAt() time.Time {
	if v.said == nil {
		return time.Time{}
	}
	return v.said.expires
}
