package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
)

// PrivateKey signs tokens, for the command line and for tests: an installation never
// holds one. Like a Secret it hides what it holds from every formatter, behind a
// closure.
type PrivateKey struct {
	public PublicKey
	sign   func(signed string) ([]byte, error)
}

// Public is the half that verifies.
func (p PrivateKey) Public() PublicKey { return p.public }

// ParsePrivateKey reads an unencrypted private key in PEM: PKCS #8 ("BEGIN PRIVATE
// KEY"), PKCS #1 or SEC 1. Its public half must be one that ParsePublicKey takes.
func ParsePrivateKey(text string) (PrivateKey, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || strings.TrimSpace(string(rest)) != "" || !strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN ") {
		return PrivateKey{}, noKey("malformed", "this is not one private key in PEM")
	}
	parsed, err := parsePrivateDER(block)
	if err != nil {
		return PrivateKey{}, err
	}
	switch key := parsed.(type) {
	case *ecdsa.PrivateKey:
		public, err := ecKey(&key.PublicKey)
		return PrivateKey{public, func(signed string) ([]byte, error) { return signES256(key, signed) }}, err
	case *rsa.PrivateKey:
		public, err := rsaKey(key.N, big.NewInt(int64(key.E)))
		return PrivateKey{public, func(signed string) ([]byte, error) {
			sum := sha256.Sum256([]byte(signed))
			return rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		}}, err
	case ed25519.PrivateKey:
		public, err := edKey(key[32:])
		return PrivateKey{public, func(signed string) ([]byte, error) { return ed25519.Sign(key, []byte(signed)), nil }}, err
	}
	return PrivateKey{}, noKey("kind", "the private key is of a kind that signs no token here: RSA, P-256 and Ed25519 do")
}

func parsePrivateDER(block *pem.Block) (any, error) {
	var parsed any
	var err error
	switch {
	case len(block.Headers) > 0 || block.Type == "ENCRYPTED PRIVATE KEY":
		return nil, noKey("kind", "the private key is encrypted; openssl pkey prints it without a password")
	case block.Type == "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case block.Type == "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	case block.Type == "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, noKey("kind", "a private key in PEM begins with -----BEGIN PRIVATE KEY-----, and this does not")
	}
	if err != nil { // its own text may quote bytes of the key
		return nil, noKey("malformed", "the PEM text holds no private key that can be read")
	}
	return parsed, nil
}

// signES256 signs as RFC 6979 says, without randomness: r and s, 32 bytes each.
func signES256(key *ecdsa.PrivateKey, signed string) ([]byte, error) {
	sum := sha256.Sum256([]byte(signed))
	der, err := key.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	out := make([]byte, 64)
	pair.R.FillBytes(out[:32])
	pair.S.FillBytes(out[32:])
	return out, nil
}
