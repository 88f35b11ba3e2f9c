package identity

import (
	"strings"
	"time"
	"unicode/utf8"
)

// verifyHash tries the live keys in their order, then, only for the reason, the
// dead ones. The dead are all tried, match or not: a refusal costs the same
// whatever was wrong.
func verifyHash(ring Ring, a *Assertion, now time.Time, v *Verified) *Error {
	if a.Hash == "" {
		return refused(ProofMissing, nil, "No proof was sent.")
	}
	if a.Malformed {
		return refused(IdentifierMalformed, nil, "An identifier is neither text nor an integer within 2^53-1.")
	}
	if a.UserID == "" && a.Email == "" {
		return refused(IdentifierMissing, nil, "A hash was sent without a user id or email.")
	}
	var worst *Error
	for i := range ring.entries {
		e := &ring.entries[i]
		if e.Key.spec.Proof != ProofHash || !e.Key.speaks(a) || e.unusable(a, now) != "" {
			continue
		}
		err := e.Key.checkHash(a, v)
		if err == nil {
			return nil
		}
		worst = further(worst, err)
	}
	if dead := deadHash(ring, a, now); dead != nil {
		return dead
	}
	if worst == nil {
		worst = refused(KeyUnusable, nil, "The channel has no live key that takes a hash in this dialect on this platform.")
	}
	return worst
}

func deadHash(ring Ring, a *Assertion, now time.Time) *Error {
	var found *Error
	for i := range ring.entries {
		e := &ring.entries[i]
		if e.Key.spec.Proof != ProofHash || !e.Key.speaks(a) {
			continue
		}
		reason := e.unusable(a, now)
		if reason == "" {
			continue
		}
		var ignored Verified
		if e.Key.checkHash(a, &ignored) == nil && found == nil {
			found = refuseDead(reason, e.Key)
		}
	}
	return found
}

// progress orders reasons by how far a key got with the assertion: with several
// keys the operator hears of the one that got furthest.
func progress(r Reason) int {
	switch r {
	case ProofMismatch:
		return 5
	case IdentifierAmbiguous:
		return 4
	case IdentifierMalformed:
		return 3
	case ProofMalformed:
		return 2
	case IdentifierNotCovered:
		return 1
	}
	return 0
}

func further(a, b *Error) *Error {
	if a == nil || progress(b.Reason) > progress(a.Reason) {
		return b
	}
	return a
}

// checkHash verifies with one key, whatever its state, and fills v if it did.
func (k *Key) checkHash(a *Assertion, v *Verified) *Error {
	var got tag
	if !decodeTag(&got, a.Hash, k.spec.LooseHash) {
		return refused(ProofMalformed, k, "The hash is not 32 bytes in hexadecimal.")
	}
	kind, value, err := k.pick(a.UserID, a.Email)
	if err != nil {
		return err
	}
	signed, ok := k.matchHash(&got, kind, value)
	if !ok {
		return refused(ProofMismatch, k, "The hash does not belong to this identifier and key.")
	}
	v.key, v.kind = k, kind
	if kind == KindUserID {
		v.userID = signed
	} else {
		v.email = signed
	}
	return nil
}

// pick is the field that the key signs, checked. A missing one is a refusal,
// never the other one.
func (k *Key) pick(userID, email string) (Kind, string, *Error) {
	if k.spec.Signs == SignsUserID || k.spec.Signs == SignsEither && userID != "" {
		switch {
		case userID == "":
			return "", "", refused(IdentifierNotCovered, k, "The key signs the user id and only an email was sent.")
		case !ValidUserID(userID):
			return "", "", refused(IdentifierMalformed, k, "The user id is not 1 to 255 bytes of UTF-8 without control characters.")
		case k.spec.Signs == SignsEither && strings.IndexByte(userID, '@') >= 0:
			return "", "", refused(IdentifierAmbiguous, k, "The key signs user id or email, and the user id looks like an email.")
		}
		return KindUserID, userID, nil
	}
	switch {
	case email == "":
		return "", "", refused(IdentifierNotCovered, k, "The key signs the email and only a user id was sent.")
	case !ValidEmail(email):
		return "", "", refused(IdentifierMalformed, k, "The email is not an address of at most 254 bytes with one @ and no blanks.")
	}
	return KindEmail, email, nil
}

// matchHash answers with the text that the tag belongs to.
func (k *Key) matchHash(got *tag, kind Kind, value string) (string, bool) {
	if kind == KindEmail && k.spec.Lowered {
		return k.matchLowered(got, value)
	}
	m := k.take()
	m.text(value)
	ok := m.matches(got)
	k.give(m)
	return value, ok
}

func (k *Key) matchLowered(got *tag, email string) (string, bool) {
	m := k.take()
	defer k.give(m)
	m.lowered(email)
	if m.matches(got) {
		return lowerASCII(email), true
	}
	if k.spec.MoreLowerings == nil || isASCII(email) {
		return "", false
	}
	for _, spelling := range k.spec.MoreLowerings(email) {
		m.text(spelling)
		if m.matches(got) && ValidEmail(spelling) {
			return spelling, true
		}
	}
	return "", false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lowerASCII lowers A to Z and leaves every other byte as it is.
func lowerASCII(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return strings.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					return r + 'a' - 'A'
				}
				return r
			}, s)
		}
	}
	return s
}
