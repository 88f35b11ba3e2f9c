package team

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxEmail = 254 // bytes
	maxName  = 80  // characters

	secretBytes = 32
	secretText  = 43 // characters of 32 bytes in unpadded base64url
	tokenPrefix = "cst_"
)

// newSecret makes 256 random bits as text, and what is kept of them.
func newSecret() (text string, hash []byte) {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	text = base64.RawURLEncoding.EncodeToString(b)
	return text, hashOf(text)
}

func hashOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// FoldEmail is the one spelling of a colleague's address. Only ASCII letters are
// lowered: Unicode's lowering turns the Kelvin sign into a k, and with it one
// colleague's address into another's.
func FoldEmail(email string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, email)
}

// checkEmail takes an address that can stand in a mail header without becoming
// two headers or two addresses, and answers with it folded.
func checkEmail(email string) (string, error) {
	local, domain, ok := strings.Cut(email, "@")
	switch {
	case !ok || local == "" || domain == "" || strings.Contains(domain, "@"):
		return "", fmt.Errorf("%w: an address has exactly one @ with something on both sides", ErrInvalid)
	case len(email) > maxEmail:
		return "", fmt.Errorf("%w: the address is longer than %d bytes", ErrInvalid, maxEmail)
	case !utf8.ValidString(email) || strings.ContainsAny(email, " <>()[]\\,;:\""):
		return "", fmt.Errorf("%w: the address holds a character that addresses do not have", ErrInvalid)
	}
	for _, r := range email {
		if !unicode.IsPrint(r) {
			return "", fmt.Errorf("%w: the address holds the character %U, which cannot be shown", ErrInvalid, r)
		}
	}
	return FoldEmail(email), nil
}

// checkName takes a name as people read it, in one line.
func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName {
		return "", fmt.Errorf("%w: the name has 1 to %d characters", ErrInvalid, maxName)
	}
	for _, r := range name {
		// Joiners are part of words in several scripts and of emoji.
		if !unicode.IsPrint(r) && r != '\u200d' && r != '\u200c' {
			return "", fmt.Errorf("%w: the name holds the character %U, which cannot be shown", ErrInvalid, r)
		}
	}
	return name, nil
}

// network is what failures are counted by: an IPv4 address, or the /56 that one
// household or server gets of IPv6. An address that is not known shares one count.
func network(from netip.Addr) string {
	from = from.Unmap().WithZone("")
	switch {
	case from.Is4():
		return from.String()
	case from.Is6():
		return netip.PrefixFrom(from, 56).Masked().String()
	}
	return "unknown"
}

// counted names an address in a counter's key: of one size whatever was sent, and
// no address in clear.
func counted(email string) string {
	sum := sha256.Sum256([]byte(email))
	return hex.EncodeToString(sum[:16])
}
