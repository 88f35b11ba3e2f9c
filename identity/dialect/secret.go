package dialect

import (
	"encoding/hex"
	"fmt"
	"strings"

	"countersign/identity"
)

// SecretError says why a secret or setting cannot be taken. Its text never
// holds the secret.
type SecretError struct {
	Code    string // empty, not_hex, public, short, published, guessable, dialect, signs
	Message string
	// Insistable says that an operator may take it all the same, on the record.
	Insistable bool
}

func (e *SecretError) Error() string { return e.Message }

// Decode turns a secret as it was entered into the bytes that the dialect keys
// its MAC with. It takes any secret that is not empty and can be decoded; how
// strong it is, CheckSecret says. Nothing is trimmed.
func Decode(dialect, text string) (identity.Secret, error) {
	row, ok := Get(dialect)
	if !ok {
		return identity.Secret{}, &SecretError{Code: "dialect", Message: fmt.Sprintf("there is no dialect %q", dialect)}
	}
	if text == "" {
		return identity.Secret{}, &SecretError{Code: "empty", Message: "the secret is empty"}
	}
	if !row.SecretHex {
		return identity.NewSecret([]byte(text)), nil
	}
	decoded, err := hex.DecodeString(text)
	if err != nil {
		// hex's own error quotes a byte of the secret.
		return identity.Secret{}, &SecretError{Code: "not_hex", Message: row.Name + " secrets are hexadecimal, two digits a byte, and this one is not"}
	}
	return identity.NewSecret(decoded), nil
}

// CheckSecret is Decode for a secret that shall be kept. One that is too short,
// published or guessable is refused unless the operator insists; then, and for
// lesser weaknesses, it is taken with warnings for the record.
func CheckSecret(dialect, text string, insist bool) (identity.Secret, []string, error) {
	secret, err := Decode(dialect, text)
	if err != nil {
		return identity.Secret{}, nil, err
	}
	row, _ := Get(dialect)
	if identity.IsKeyMaterial(text) {
		return identity.Secret{}, nil, &SecretError{Code: "public", Message: "this is a key of a pair and no secret: whoever has its public key, and everybody may, could sign with it"}
	}
	var warnings []string
	for _, weak := range weaknesses(row, text, secret) {
		if weak.Insistable && !insist {
			return identity.Secret{}, nil, weak
		}
		warnings = append(warnings, weak.Message)
	}
	return secret, warnings, nil
}

// Warnings is what CheckSecret would object to, for commands that only warn.
func Warnings(dialect, text string) []string {
	secret, err := Decode(dialect, text)
	if err != nil {
		return nil
	}
	row, _ := Get(dialect)
	var warnings []string
	if identity.IsKeyMaterial(text) {
		warnings = append(warnings, "this is a key of a pair and no secret: whoever has its public key, and everybody may, could sign with it")
	}
	for _, weak := range weaknesses(row, text, secret) {
		warnings = append(warnings, weak.Message)
	}
	return warnings
}

func weaknesses(row Row, text string, secret identity.Secret) []*SecretError {
	var found []*SecretError
	switch n := secret.Len(); {
	case n < row.MinSecret:
		found = append(found, &SecretError{Code: "short", Insistable: true,
			Message: fmt.Sprintf("the secret has %d bytes; %s needs at least %d", n, row.Name, row.MinSecret)})
	case n < row.WarnSecret:
		found = append(found, &SecretError{Code: "short",
			Message: fmt.Sprintf("the secret has %d bytes; HS256 is meant to have at least %d", n, row.WarnSecret)})
	}
	switch {
	case published[strings.ToLower(text)]:
		found = append(found, &SecretError{Code: "published", Insistable: true, Message: "the secret is printed in public documentation"})
	case guessable(secret.Reveal()):
		found = append(found, &SecretError{Code: "guessable", Insistable: true, Message: "the secret can be guessed: it repeats or counts, or is a placeholder"})
	}
	return found
}

// published :: lowercase text → true, for secrets that stand in documentation,
// samples and test vectors.
var published = map[string]bool{
	"bar": true, "abc123": true, "s3cre7": true, "my-secret-key": true, "asdfasdf": true,
	"a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2": true,
	"mfkq9r8gkyqrtwjupd8ilpzio2lalasw":                                 true,
	"whsec_mfkq9r8gkyqrtwjupd8ilpzio2lalasw":                           true,
	"0123456789abcdef0123456789abcdef":                                 true,
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef": true,
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f": true,
	"your-256-bit-secret":                                              true, "a-string-secret-at-least-256-bits-long": true, "your-secret-key": true,
	"your_secret_key": true, "your_identity_verification_secret": true, "your-identity-verification-secret": true,
	"your_identity_secret": true, "your_secret_here": true, "your-secret-here": true,
	"aym1sysppbydfgzld3umj1qzkobwvmkoqq-estjqlr_t-1qs0gzh75aktmn3yj0ips4hcguutwjazzr1z9caow": true, // RFC 7515 A.1
}

// placeholders are words that stand where a secret should have been filled in.
var placeholders = []string{"changeme", "change-me", "change_me", "your_secret", "your-secret", "yoursecret", "secret_key_here",
	"replace_me", "replace-me", "replaceme", "placeholder", "example", "password", "insert_secret", "<secret>", "xxxxxxxx"}

// guessable finds what no generator makes: few different bytes, one short block
// repeated, a count up or down, a placeholder.
func guessable(secret []byte) bool {
	if len(secret) == 0 {
		return true
	}
	lower := strings.ToLower(string(secret))
	for _, word := range placeholders {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return fewBytes(secret) || repeats(secret) || counts(secret)
}

// fewBytes: sixteen random hexadecimal digits hold fewer than five different ones
// once in some four million secrets.
func fewBytes(secret []byte) bool {
	var seen [256]bool
	distinct := 0
	for _, b := range secret {
		if !seen[b] {
			seen[b] = true
			distinct++
		}
	}
	return distinct < 5
}

func repeats(secret []byte) bool {
	for block := 1; block <= len(secret)/2; block++ {
		if block > 8 && len(secret)%block != 0 {
			continue
		}
		same := true
		for i := block; i < len(secret) && same; i++ {
			same = secret[i] == secret[i-block]
		}
		if same {
			return true
		}
	}
	return false
}

func counts(secret []byte) bool {
	if len(secret) < 4 {
		return true
	}
	step := secret[1] - secret[0]
	breaks := 0
	for i := 1; i < len(secret); i++ {
		if secret[i]-secret[i-1] != step {
			breaks++
		}
	}
	return breaks <= len(secret)/10 // "0123456789abcdef" breaks once, where letters begin
}
