package chat

import (
	"bytes"
	"testing"
	"time"
)

func TestTokensOfOneMomentLieTogether(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	hash := func(at time.Time) []byte {
		h, ok := hashToken(newToken(at))
		if !ok {
			t.Fatal("a new token is no token")
		}
		return h
	}
	first, second, later := hash(now), hash(now), hash(now.Add(time.Millisecond))
	if !bytes.Equal(first[:tokenTime], second[:tokenTime]) || bytes.Compare(second, later) >= 0 {
		t.Errorf("%x, %x and a millisecond later %x", first, second, later)
	}
	if len(first) != tokenTime+32 || bytes.Equal(first, second) {
		t.Errorf("the secret is not in the hash: %x, %x", first, second)
	}
}
