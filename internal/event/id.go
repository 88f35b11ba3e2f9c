package event

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

var idText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID makes the id of a row: a prefix of three letters that says what it is,
// then 26 characters (6 bytes of milliseconds, 10 random bytes), so that new rows
// land at the right edge of an index. An id is a name, not a secret.
func NewID(prefix string, now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // crypto/rand.Read never fails: it ends the process instead
	return prefix + "_" + idText.EncodeToString(b[:])
}
