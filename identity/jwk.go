package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Bounds of what an issuer publishes.
const (
	MaxSetBytes = 256 << 10
	maxSetKeys  = 100
	maxKid      = 256  // bytes
	maxKeyText  = 8192 // of one key, PEM or JWK
)

// KeyError says why a text is no public key that can be used. Its text holds nothing
// of the key.
type KeyError struct {
	Code    string // private, weak, kind, malformed, purpose, set
	Message string
}

func (e *KeyError) Error() string { return e.Message }

func noKey(code, format string, args ...any) *KeyError {
	return &KeyError{Code: code, Message: fmt.Sprintf(format, args...)}
}

// ParsePublicKey reads one public key: PEM with SubjectPublicKeyInfo ("BEGIN PUBLIC
// KEY"), or a JWK. A private key is refused: it belongs into the backend that signs
// and nowhere else.
func ParsePublicKey(text string) (PublicKey, error) {
	text = strings.TrimSpace(text)
	switch {
	case len(text) > maxKeyText:
		return PublicKey{}, noKey("malformed", "the text is longer than any public key that can be used here")
	case strings.HasPrefix(text, "-----BEGIN "):
		return parsePEM(text)
	case strings.HasPrefix(text, "{"):
		return parseOneJWK([]byte(text))
	}
	return PublicKey{}, noKey("malformed", "this is no public key: a PEM text begins with -----BEGIN PUBLIC KEY-----, a JWK with {")
}

// IsKeyMaterial says whether a text is a key of a pair, public or private, in one of
// the spellings that tools print. Such a text is never a secret: whoever has the
// public key, and everybody may, could sign with it.
func IsKeyMaterial(text string) bool {
	text = strings.TrimSpace(text)
	switch {
	case strings.Contains(text, "-----BEGIN "), strings.HasPrefix(text, "ssh-"), strings.HasPrefix(text, "ecdsa-sha2-"):
		return true
	case strings.HasPrefix(text, "{"):
		var members map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &members) != nil {
			return false
		}
		return members["kty"] != nil || members["keys"] != nil
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return false
	}
	_, err = x509.ParsePKIXPublicKey(der)
	return err == nil
}

func parsePEM(text string) (PublicKey, error) {
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return PublicKey{}, noKey("malformed", "the PEM text is damaged")
	case strings.Contains(block.Type, "PRIVATE KEY"):
		return PublicKey{}, noKey("private", "this is a private key, which belongs into the backend that signs: make a new pair, since this one was shown to us, and give its public key")
	case block.Type == "CERTIFICATE":
		return PublicKey{}, noKey("kind", "this is a certificate; its public key is printed by: openssl x509 -pubkey -noout")
	case block.Type != "PUBLIC KEY":
		return PublicKey{}, noKey("kind", "a PEM text begins with -----BEGIN PUBLIC KEY-----, and this one does not; openssl pkey -pubin -pubout converts it")
	case len(block.Headers) > 0 || strings.TrimSpace(string(rest)) != "":
		return PublicKey{}, noKey("malformed", "the PEM text holds more than one public key")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return PublicKey{}, noKey("malformed", "the PEM text holds no public key that can be read")
	}
	switch key := parsed.(type) {
	case *rsa.PublicKey:
		return rsaKey(key.N, big.NewInt(int64(key.E)))
	case *ecdsa.PublicKey:
		return ecKey(key)
	case ed25519.PublicKey:
		return edKey(key)
	}
	return PublicKey{}, noKey("kind", "the public key is of a kind that signs no token here: RSA, P-256 and Ed25519 do")
}

func parseOneJWK(raw []byte) (PublicKey, error) {
	members, ok := readObject(raw)
	if !ok {
		return PublicKey{}, noKey("malformed", "the JWK is not one JSON object with each name once")
	}
	if slices.ContainsFunc(members, func(m member) bool { return m.name == "keys" }) {
		return PublicKey{}, noKey("set", "this is a set of keys: give the address where its issuer publishes it, or one key of it")
	}
	key, err := parseJWK(members)
	if err != nil {
		return PublicKey{}, err
	}
	return key, nil
}

// JWKS is what an issuer publishes, read.
type JWKS struct {
	keys    []PublicKey
	skipped []string
}

// ParseJWKS reads a set. A member that cannot be used for signatures here is left out
// (Skipped says why): issuers publish keys for other purposes beside ours, and RFC 7517
// asks to pass over what is not understood. What is no set at all is an error.
func ParseJWKS(raw []byte) (JWKS, error) {
	if len(raw) > MaxSetBytes {
		return JWKS{}, noKey("malformed", "the set is longer than %d bytes", MaxSetBytes)
	}
	members, ok := readObject(raw)
	if !ok {
		return JWKS{}, noKey("malformed", "the set is not one JSON object with each name once")
	}
	var items []json.RawMessage
	for _, m := range members {
		if m.name == "keys" && (json.Unmarshal(m.value, &items) != nil || items == nil) {
			return JWKS{}, noKey("malformed", "the set's keys are no list")
		}
	}
	switch {
	case items == nil:
		return JWKS{}, noKey("malformed", "the JSON object has no keys: it is no key set")
	case len(items) > maxSetKeys:
		return JWKS{}, noKey("malformed", "the set has more than %d keys", maxSetKeys)
	}
	var set JWKS
	for i, item := range items {
		key, err := parseSetMember(item)
		if err != nil {
			set.skipped = append(set.skipped, fmt.Sprintf("key %d: %v", i+1, err))
			continue
		}
		set.keys = append(set.keys, key)
	}
	return set, nil
}

func parseSetMember(raw json.RawMessage) (PublicKey, error) {
	members, ok := readObject(raw)
	if !ok {
		return PublicKey{}, errors.New("it is not one JSON object with each name once")
	}
	key, err := parseJWK(members)
	if err == nil && key.id == "" {
		return PublicKey{}, errors.New("it has no kid")
	}
	return key, err
}

// Of are the set's keys for one algorithm. A kid that two of them share names neither:
// which one is meant, only guessing would tell.
func (s JWKS) Of(algorithm Algorithm) []PublicKey {
	times := map[string]int{}
	for _, key := range s.keys {
		if key.algorithm == algorithm {
			times[key.id]++
		}
	}
	var kept []PublicKey
	for _, key := range s.keys {
		if key.algorithm == algorithm && times[key.id] == 1 {
			kept = append(kept, key)
		}
	}
	return kept
}

// Algorithms are those that the set has keys for, in the order of PublicAlgorithms.
func (s JWKS) Algorithms() []Algorithm {
	var found []Algorithm
	for _, algorithm := range PublicAlgorithms() {
		if len(s.Of(algorithm)) > 0 {
			found = append(found, algorithm)
		}
	}
	return found
}

// Skipped says, one sentence each, which members were left out and why.
func (s JWKS) Skipped() []string { return slices.Clone(s.skipped) }

// parseJWK reads the members of one JWK (RFC 7517, 7518, 8037).
func parseJWK(members []member) (PublicKey, error) {
	texts := map[string]string{}
	for _, m := range members {
		switch m.name {
		case "d", "p", "q", "dp", "dq", "qi", "oth", "k":
			return PublicKey{}, noKey("private", "it holds a private or secret key, which whoever reads this can sign with: make a new pair and give its public key")
		case "key_ops":
			if !mayVerify(m.value) {
				return PublicKey{}, noKey("purpose", "its key_ops do not list verify")
			}
		case "kty", "crv", "x", "y", "n", "e", "kid", "use", "alg":
			text, isText := plainText(m.value)
			if !isText {
				return PublicKey{}, noKey("malformed", "its %s is no text", m.name)
			}
			texts[m.name] = text
		}
	}
	if use, said := texts["use"]; said && use != "sig" {
		return PublicKey{}, noKey("purpose", "it is not for signatures: its use is not sig")
	}
	if len(texts["kid"]) > maxKid || texts["kid"] != "" && Tidy(texts["kid"], maxKid) != texts["kid"] {
		return PublicKey{}, noKey("malformed", "its kid is longer than %d bytes or holds control characters", maxKid)
	}
	key, err := jwkKey(texts)
	if err != nil {
		return PublicKey{}, err
	}
	if algorithm, said := texts["alg"]; said && !key.algorithm.spells(algorithm) {
		return PublicKey{}, noKey("purpose", "it is for another algorithm than its kind has here (ES256, RS256, EdDSA)")
	}
	key.id = texts["kid"]
	return key, nil
}

func mayVerify(raw json.RawMessage) bool {
	var operations []string
	return json.Unmarshal(raw, &operations) == nil && slices.Contains(operations, "verify")
}

func jwkKey(texts map[string]string) (PublicKey, error) {
	part := func(name string, size int) ([]byte, error) {
		raw, ok := strictBase64(texts[name])
		if !ok || len(raw) == 0 || size > 0 && len(raw) != size {
			return nil, noKey("malformed", "its %s is not base64url of the length that it must have", name)
		}
		return raw, nil
	}
	kind := texts["kty"] + " " + texts["crv"]
	switch {
	case texts["kty"] == "RSA":
		n, errN := part("n", 0)
		e, errE := part("e", 0)
		if err := errors.Join(errN, errE); err != nil {
			return PublicKey{}, noKey("malformed", "its n or e is not base64url")
		}
		return rsaKey(new(big.Int).SetBytes(n), new(big.Int).SetBytes(e))
	case kind == "EC P-256":
		x, errX := part("x", 32)
		y, errY := part("y", 32)
		if err := errors.Join(errX, errY); err != nil {
			return PublicKey{}, noKey("malformed", "its x or y is not base64url of 32 bytes")
		}
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		if err != nil {
			return PublicKey{}, noKey("malformed", "its x and y are no point of P-256")
		}
		return ecKey(key)
	case kind == "OKP Ed25519":
		x, err := part("x", ed25519.PublicKeySize)
		if err != nil {
			return PublicKey{}, err
		}
		return edKey(x)
	}
	return PublicKey{}, noKey("kind", "it is of a kind that signs no token here: kty RSA, EC with P-256 and OKP with Ed25519 do")
}
