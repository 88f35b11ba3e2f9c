package identity

import (
	"crypto/sha256"
	"encoding/base64"
)

// tag is a MAC, whole: a truncated one is never accepted.
type tag [sha256.Size]byte

// decodeTag reads 64 hexadecimal digits of either case; if loose, also the
// spellings of older samples: standard base64 with its padding, and pairs of
// digits joined by hyphens. Nothing is trimmed and nothing may be left over.
func decodeTag(t *tag, s string, loose bool) bool {
	if len(s) == 2*len(t) {
		return decodeHex(t, s)
	}
	if !loose {
		return false
	}
	switch len(s) {
	case 3*len(t) - 1:
		return decodeHyphened(t, s)
	case base64.StdEncoding.EncodedLen(len(t)):
		// The decoder skips line breaks; of 44 characters too few are left then.
		raw, err := base64.StdEncoding.Strict().DecodeString(s)
		return err == nil && len(raw) == len(t) && copy(t[:], raw) == len(t)
	}
	return false
}

// decodeHyphened reads AA-BB-CC, as one platform's samples print bytes.
func decodeHyphened(t *tag, s string) bool {
	var digits [2 * len(tag{})]byte
	for i := range t {
		if i > 0 && s[3*i-1] != '-' {
			return false
		}
		digits[2*i], digits[2*i+1] = s[3*i], s[3*i+1]
	}
	return decodeHex(t, string(digits[:]))
}

// Eight bytes with the same value each, for arithmetic on eight digits at once.
const (
	each01 = 0x0101010101010101
	each0F = 0x0F * each01
	each30 = '0' * each01
	each76 = 0x76 * each01
	eachF0 = 0xF0 * each01
)

// decodeHex reads exactly 64 hexadecimal digits, eight at a time: half of what a
// verification costs beside its MAC would otherwise go here. Of a digit c, 0x40
// says that it is a letter and the low four bits count from 0 or from 1. Whatever
// comes out is spelled back in lowercase and compared, so that a byte that is no
// digit cannot pass for one; the test holds all 256 of them in every place
// against encoding/hex.
func decodeHex(t *tag, s string) bool {
	if len(s) != 2*len(t) {
		return false
	}
	wrong := uint64(0)
	for i := 0; i < len(t); i += 4 {
		c := eightBytes(s[2*i : 2*i+8])
		letters := c >> 6 & each01
		n := c&each0F + letters*9 // the values, if these are digits
		fromTen := (n + each76) >> 7 & each01
		spelled := n + each30 + fromTen*('a'-'0'-10)
		wrong |= (n & eachF0) | (spelled ^ (c | letters<<5))
		n = n<<4 | n>>8
		t[i], t[i+1], t[i+2], t[i+3] = byte(n), byte(n>>16), byte(n>>32), byte(n>>48)
	}
	return wrong == 0
}

// eightBytes is s as an integer, the first byte lowest; the compiler makes it one load.
func eightBytes(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
