package team

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// What one password costs to check: 19 MiB and about 16 ms on one core.
const (
	argonMemory  = 19 * 1024 // KiB
	argonPasses  = 2
	argonThreads = 1
	argonSalt    = 16
	argonKey     = 32

	minPassword = 12   // characters
	maxPassword = 1024 // bytes
)

var errPHC = errors.New("team: a stored password has an unknown form")

// hashPassword answers with PHC text.
func hashPassword(password string) string {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails: it ends the process instead
	return phc(salt, argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonThreads, argonKey))
}

// noPassword costs as much to check as any other and matches none: its key was
// never the hash of a text.
func noPassword() string {
	b := make([]byte, argonSalt+argonKey)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	return phc(b[:argonSalt], b[argonSalt:])
}

func phc(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// checkPassword compares in constant time. A stored text that it cannot read is
// an error and never a match.
func checkPassword(stored, password string) (bool, error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, errPHC
	}
	var memory, passes uint32
	var threads uint8
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads); n != 3 || err != nil {
		return false, errPHC
	}
	salt, err := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	if err != nil {
		return false, errPHC
	}
	want, err := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	// The bounds keep a damaged row from asking for all of the machine's memory.
	if err != nil || len(want) != argonKey || memory == 0 || memory > 1<<18 || passes == 0 || passes > 16 || threads == 0 {
		return false, errPHC
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, threads, argonKey)
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// common passwords that are long enough to pass for good ones, in lower case.
var common = []string{
	"123456789012", "1234567890123", "012345678901", "111111111111", "000000000000", "aaaaaaaaaaaa", "password1234", "passwordpassword",
	"password12345", "password123456", "qwertyuiop12", "qwertyuiop123", "qwertyuiop[]", "qwerty123456", "qwertyqwerty", "iloveyou1234",
	"letmeinplease", "letmein12345", "adminadminadmin", "administrator", "administrator1", "admin1234567", "admin12345678", "changemeplease",
	"changeme1234", "welcome12345", "welcome123456", "1q2w3e4r5t6y", "1qaz2wsx3edc", "q1w2e3r4t5y6", "abcdefghijkl", "abcd12345678", "abc123456789",
	"countersign1", "countersign123", "countersign", "correct horse battery staple", "correcthorsebatterystaple",
}

// judgePassword says why a new password will not do.
func judgePassword(password, email string) error {
	folded := strings.ToLower(password)
	local, _, _ := strings.Cut(email, "@")
	switch {
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return fmt.Errorf("%w: the password holds bytes that are no text", ErrInvalid)
	case utf8.RuneCountInString(password) < minPassword:
		return fmt.Errorf("%w: the password needs at least %d characters", ErrInvalid, minPassword)
	case len(password) > maxPassword:
		return fmt.Errorf("%w: the password is longer than %d bytes", ErrInvalid, maxPassword)
	case folded == email || folded == local:
		return fmt.Errorf("%w: the password is the address", ErrInvalid)
	case slices.Contains(common, folded) || repeats(folded):
		return fmt.Errorf("%w: the password is one of those that are tried first", ErrInvalid)
	}
	return nil
}

// repeats says whether a text is one to three characters over and over.
func repeats(text string) bool {
	runes := []rune(text)
	for period := 1; period <= 3; period++ {
		same := true
		for i := period; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-period]
		}
		if same {
			return true
		}
	}
	return false
}
