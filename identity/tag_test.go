package identity

import (
	"encoding/hex"
	"strings"
	"testing"
)

// TestEveryByteInEveryPlaceOfAHash holds the decoder, which reads eight digits at
// a time, against the plain one.
func TestEveryByteInEveryPlaceOfAHash(t *testing.T) {
	for _, base := range []string{strings.Repeat("0", 64), strings.Repeat("f", 64), strings.Repeat("9A", 32), "0123456789abcdefABCDEF0123456789abcdef0123456789abcdefABCDEF0123"} {
		for place := range base {
			for c := range 256 {
				s := base[:place] + string([]byte{byte(c)}) + base[place+1:]
				var got tag
				ok := decodeHex(&got, s)
				want, err := hex.DecodeString(s)
				if ok != (err == nil) || ok && string(got[:]) != string(want) {
					t.Fatalf("byte %#x in place %d: %v %x; want %v %x", c, place, ok, got, err == nil, want)
				}
			}
		}
	}
	var got tag
	for n := range 130 {
		if ok := decodeHex(&got, strings.Repeat("0", n)); ok != (n == 64) {
			t.Errorf("%d digits: %v", n, ok)
		}
	}
}
