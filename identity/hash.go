package identity

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"
)

type tag [sha256.Size]byte

// verifyHash tries the live keys in their order, then, only for the reason, the
// dead ones. The dead are all tried, match or not: a refusal costs the same
// whatever was wrong.
func verifyHash(ring Ring, a *Assertion, now time.Time) (Verified, error) {
	if a.Hash == "" {
		return Verified{}, refused(ProofMissing, nil, "No hash was sent.")
	}
	if a.Malformed {
		return Verified{}, refused(IdentifierMalformed, nil, "An identifier is neither text nor an integer within 2^53-1.")
	}
	if a.UserID == "" && a.Email == "" {
		return Verified{}, refused(IdentifierMissing, nil, "A hash was sent without a user id or email.")
	}
	var worst *Error
	for i := range ring.entries {
		e := &ring.entries[i]
		if e.Key.spec.Proof != ProofHash || !e.Key.speaks(a) || e.unusable(a, now) != "" {
			continue
		}
		v, err := e.Key.checkHash(a)
		if err == nil {
			return v, nil
		}
		worst = further(worst, err)
	}
	if dead := deadHash(ring, a, now); dead != nil {
		return Verified{}, dead
	}
	if worst == nil {
		worst = refused(KeyUnusable, nil, "The channel has no live key that takes a hash in this dialect on this platform.")
	}
	return Verified{}, worst
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
		if _, err := e.Key.checkHash(a); err == nil && found == nil {
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

// checkHash verifies with one key, whatever its state.
func (k *Key) checkHash(a *Assertion) (Verified, *Error) {
	var got tag
	if !decodeTag(&got, a.Hash, k.spec.LooseHash) {
		return Verified{}, refused(ProofMalformed, k, "The hash is not 32 bytes in hexadecimal.")
	}
	kind, value, err := k.pick(a.UserID, a.Email)
	if err != nil {
		return Verified{}, err
	}
	signed, ok := k.matchHash(&got, kind, value)
	if !ok {
		return Verified{}, refused(ProofMismatch, k, "The hash does not belong to this identifier and key.")
	}
	v := Verified{ok: true, key: k.spec.ID, dialect: k.spec.Dialect, realm: k.spec.Realm, method: MethodHMAC, kind: kind}
	if kind == KindUserID {
		v.userID = signed
		return v, nil
	}
	v.email = signed
	if k.spec.Signs == SignsEither {
		v.method = MethodHMACEither
	}
	return v, nil
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
	m := k.take()
	defer k.give(m)
	if kind != KindEmail || !k.spec.Lowered {
		m.text(value)
		return value, subtle.ConstantTimeCompare(m.sum(), got[:]) == 1
	}
	m.lowered(value)
	if subtle.ConstantTimeCompare(m.sum(), got[:]) == 1 {
		return lowerASCII(value), true
	}
	if k.spec.MoreLowerings == nil || isASCII(value) {
		return "", false
	}
	for _, spelling := range k.spec.MoreLowerings(value) {
		m.text(spelling)
		if subtle.ConstantTimeCompare(m.sum(), got[:]) == 1 && ValidEmail(spelling) {
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

// decodeTag reads 64 hexadecimal digits of either case; if loose, also the
// spellings of older samples: standard base64 with its padding, and pairs of
// digits joined by hyphens. Nothing is trimmed and nothing may be left over.
func decodeTag(t *tag, s string, loose bool) bool {
	if len(s) == 2*len(t) {
		return decodeHex(t, s, 2)
	}
	if !loose {
		return false
	}
	switch len(s) {
	case 3*len(t) - 1:
		for i := 2; i < len(s); i += 3 {
			if s[i] != '-' {
				return false
			}
		}
		return decodeHex(t, s, 3)
	case base64.StdEncoding.EncodedLen(len(t)):
		// The decoder skips line breaks, which would give one tag many spellings.
		if strings.ContainsAny(s, "\r\n") {
			return false
		}
		n, err := base64.StdEncoding.Strict().Decode(t[:], []byte(s))
		return err == nil && n == len(t)
	}
	return false
}

// decodeHex reads a pair of digits every step bytes.
func decodeHex(t *tag, s string, step int) bool {
	bad := byte(0)
	for i := range t {
		high, low := nibble(s[i*step]), nibble(s[i*step+1])
		bad |= high | low
		t[i] = high<<4 | low
	}
	return bad < 16
}

// nibble is the value of a hexadecimal digit, or 16 and more.
func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}
