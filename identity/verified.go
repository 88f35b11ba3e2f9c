package identity

import (
	"maps"
	"time"
)

// Verified is what a proof showed. Only Verify makes one that is not zero, so
// holding one whose OK is true is holding the proof. It says what was proved and
// nothing that merely stood beside it.
type Verified struct {
	ok          bool
	key         string
	dialect     string
	realm       string
	method      Method
	kind        Kind // of the field that the key signs
	userID      string
	email       string // as signed, not folded
	unconfirmed bool
	name        string
	attributes  map[string]any
	issued      time.Time
	expires     time.Time
}

// OK is false for the zero Verified.
func (v Verified) OK() bool { return v.ok }

// Key is the id of the key that verified, Dialect its row in identity/dialect.
func (v Verified) Key() string     { return v.key }
func (v Verified) Dialect() string { return v.dialect }
func (v Verified) Method() Method  { return v.method }

// Signed is the identifier that the key signs: the person. Of the zero Verified
// it is the zero Identifier.
func (v Verified) Signed() Identifier {
	switch v.kind {
	case KindUserID:
		return Identifier{Realm: v.realm, Kind: KindUserID, Value: v.userID}
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
	return Identifier{Realm: v.realm, Kind: KindEmail, Value: Fold(v.email)}
}

// EmailText is the address as it was signed, for display and for writing to.
func (v Verified) EmailText() string { return v.email }

// EmailUnconfirmed says that the token carried email_verified and it was not true.
func (v Verified) EmailUnconfirmed() bool { return v.unconfirmed }

// Name is the name under the proof; empty if it covers none.
func (v Verified) Name() string { return v.name }

// Attributes are the other values under the proof, cleaned; nil if none.
func (v Verified) Attributes() map[string]any { return maps.Clone(v.attributes) }

// IssuedAt is when a timed proof was made; zero for a hash.
func (v Verified) IssuedAt() time.Time { return v.issued }

// ExpiresAt is the proof's own end; zero if it has none.
func (v Verified) ExpiresAt() time.Time { return v.expires }
