package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"time"
)

// Algorithm is how a JWT is signed. The key fixes it; what the token says is only
// compared, so that nobody who writes a token chooses how it is judged.
type Algorithm string

const (
	HS256 Algorithm = "HS256" // HMAC-SHA256: the only one of a secret
	ES256 Algorithm = "ES256" // ECDSA over P-256 with SHA-256
	RS256 Algorithm = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256
	EdDSA Algorithm = "EdDSA" // Ed25519
)

// PublicAlgorithms lists the algorithms of public keys.
func PublicAlgorithms() []Algorithm { return []Algorithm{ES256, RS256, EdDSA} }

// spells says whether a header or JWK that says text means this algorithm. RFC 9864
// gives EdDSA over Ed25519 the name of its curve.
func (a Algorithm) spells(text string) bool {
	return text == string(a) || a == EdDSA && text == "Ed25519"
}

// PublicKey is one half of a key pair, of one kind and for one algorithm. Only the
// parsers make one that is not zero, and they refuse what is weak or no key at all.
type PublicKey struct {
	algorithm Algorithm
	id        string // kid; empty if it has none
	ec        *ecdsa.PublicKey
	rsa       *rsa.PublicKey
	ed        ed25519.PublicKey
}

// OK is false for the zero PublicKey.
func (p PublicKey) OK() bool { return p.algorithm != "" }

// Algorithm is the one that the key is for.
func (p PublicKey) Algorithm() Algorithm { return p.algorithm }

// ID is the key's kid; empty if it has none.
func (p PublicKey) ID() string { return p.id }

// SPKI is the key in DER, the one spelling of it: equal keys are equal bytes,
// whether they came as PEM or JWK and under whatever kid.
func (p PublicKey) SPKI() []byte {
	der, err := x509.MarshalPKIXPublicKey(p.crypto())
	if err != nil {
		return nil // the zero PublicKey
	}
	return der
}

// PEM is the key as openssl prints it; empty for the zero PublicKey.
func (p PublicKey) PEM() string {
	if !p.OK() {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: p.SPKI()}))
}

func (p PublicKey) crypto() any {
	switch p.algorithm {
	case ES256:
		return p.ec
	case RS256:
		return p.rsa
	case EdDSA:
		return p.ed
	}
	return nil
}

// signatureBytes is how long every signature of the key is.
func (p PublicKey) signatureBytes() int {
	if p.algorithm == RS256 {
		return p.rsa.Size()
	}
	return 64
}

// verifies checks a signature that has the right length. An ECDSA signature is r and
// s, 32 bytes each; s may lie in either half of the group's order, since RFC 7518 asks
// for no half and common signers take any. So who holds a token can write a second
// signature that verifies: a token is named by what was signed, never by its spelling
// (Verified.Digest).
func (p PublicKey) verifies(signed string, signature []byte) bool {
	if len(signature) != p.signatureBytes() {
		return false
	}
	switch p.algorithm {
	case ES256:
		sum := sha256.Sum256([]byte(signed))
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(p.ec, sum[:], r, s)
	case RS256:
		sum := sha256.Sum256([]byte(signed))
		return rsa.VerifyPKCS1v15(p.rsa, crypto.SHA256, sum[:], signature) == nil
	case EdDSA:
		return ed25519.Verify(p.ed, []byte(signed), signature)
	}
	return false
}

// MaxSetAge is how long a set of keys counts after it was fetched.
const MaxSetAge = 24 * time.Hour

// PublicSet is what a key without a secret verifies with: one public key, or the set
// that an issuer publishes. All of it is for one algorithm.
type PublicSet struct {
	Algorithm Algorithm
	Keys      []PublicKey
	// ByID says that the set is an issuer's: the token's kid names which key is asked,
	// and no other one is. Otherwise there is one key, and kid is not read.
	ByID       bool
	Revoked    []string  // kids that verify nothing, whatever the issuer publishes
	FreshUntil time.Time // from then on the set verifies nothing; zero: it does not age
}

func (s *PublicSet) check() error {
	if !slices.Contains(PublicAlgorithms(), s.Algorithm) {
		return errors.New("no algorithm of public keys")
	}
	seen := map[string]bool{}
	for _, key := range s.Keys {
		switch {
		case key.algorithm != s.Algorithm:
			return errors.New("a public key for another algorithm")
		case s.ByID && (key.id == "" || seen[key.id]):
			return errors.New("a set with a kid that is missing or there twice")
		}
		seen[key.id] = true
	}
	switch {
	case !s.ByID && len(s.Keys) != 1:
		return errors.New("one public key is needed")
	case !s.ByID && len(s.Revoked) > 0:
		return errors.New("kids of a key that is no set")
	case s.ByID && s.FreshUntil.IsZero():
		return errors.New("a set that does not age")
	}
	return nil
}

func (s *PublicSet) clone() *PublicSet {
	if s == nil {
		return nil
	}
	kept := *s
	kept.Keys, kept.Revoked = slices.Clone(s.Keys), slices.Clone(s.Revoked)
	return &kept
}

// find is the key that the token's kid names.
func (s *PublicSet) find(id string) (PublicKey, bool) {
	if !s.ByID {
		return s.Keys[0], true
	}
	i := slices.IndexFunc(s.Keys, func(key PublicKey) bool { return id != "" && key.id == id })
	if i < 0 {
		return PublicKey{}, false
	}
	return s.Keys[i], true
}

// authenticatePublic checks a token's signature. The header is read first, for its kid
// and because a token that asks for another algorithm costs no signature; what it
// says can only make the token refused.
func (k *Key) authenticatePublic(t *compactToken, now time.Time) outcome {
	set, head := k.spec.Public, t.header()
	if reason, message := head.judge(set.Algorithm); reason != "" {
		return outcome{err: refused(reason, k, message), far: farHeader}
	}
	if !set.FreshUntil.IsZero() && !now.Before(set.FreshUntil) {
		return outcome{err: refused(KeyUnusable, k, "The issuer's key set is older than 24 hours, or was never fetched."), far: farKey}
	}
	if set.ByID && head.id == "" {
		return outcome{err: refused(ClaimMissing, k, "The token's header has no kid, which says which key of the issuer's set signed it."), far: farKey}
	}
	public, known := set.find(head.id)
	if !known {
		return outcome{err: refused(KeyUnusable, k, "The token's kid names no key of the issuer's set."), far: farKey}
	}
	signature, ok := strictBase64(t.signature)
	switch {
	case !ok || len(signature) != public.signatureBytes():
		return outcome{err: refused(TokenMalformed, k, "The token's signature is not base64url of the length that "+string(set.Algorithm)+" has."), far: farKey}
	case !public.verifies(t.signed, signature):
		return outcome{err: refused(ProofMismatch, k, "The token was not signed with this key."), far: farSignature}
	case set.ByID && slices.Contains(set.Revoked, public.id):
		return outcome{err: refused(KeyRevoked, k, "The proof is right, but the key of the issuer's set that signed it has been revoked."), matched: true}
	}
	return outcome{matched: true}
}

// KidOf is the kid that a token names and the public algorithm that it asks for. Nothing
// vouches for either: they say which set to look into again, and nothing else.
func KidOf(token string) (kid string, algorithm Algorithm) {
	if len(token) > MaxTokenBytes {
		return "", ""
	}
	t := splitToken(token)
	if !t.whole {
		return "", ""
	}
	head := t.header()
	for _, known := range PublicAlgorithms() {
		if head.reason == "" && known.spells(head.algorithm) {
			return head.id, known
		}
	}
	return "", ""
}

// IssuerOf is the iss that a token says, which nothing vouches for either: it says whose
// set is worth a look, since no other one can make the token right. Empty if it says none.
func IssuerOf(token string) string {
	if len(token) > MaxTokenBytes {
		return ""
	}
	members, _ := decodeObject(splitToken(token).payload)
	for _, m := range members {
		if m.name == "iss" {
			issuer, _ := plainText(m.value)
			return issuer
		}
	}
	return ""
}

// Kid names the key of an issuer's set that signed the proof; empty for every other
// kind of key.
func (v Verified) Kid() string {
	if v.said == nil {
		return ""
	}
	return v.said.kid
}
