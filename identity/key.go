package identity

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"
	"slices"
	"sync"
	"time"
)

// Proof is a kind of proof. A key takes one.
type Proof string

const (
	ProofHash Proof = "hash" // HMAC-SHA256 over one field, without a time
	ProofJWT  Proof = "jwt"  // JSON Web Token: HS256 with a secret, else what the public key is for
	ProofV1   Proof = "v1"   // our own token: fields, channel and time under one MAC
)

// Signs says which field a key proves.
type Signs string

const (
	SignsUserID Signs = "user_id"
	SignsEmail  Signs = "email"
	// SignsEither takes the user id if one was sent, else the email. It exists for
	// sites that move here and signed both with one secret: there a user whose
	// chosen user id is somebody's address holds a hash that is valid for that
	// address. So a user id with an @ is refused, and a hash by email has the
	// weaker method MethodHMACEither.
	SignsEither Signs = "either"
)

// MaxTokenBytes bounds a token, before anything in it is read.
const MaxTokenBytes = 8 << 10

// TokenRules are what a key demands of a JWT or v1 token.
type TokenRules struct {
	Audiences      []string      // the channel's id, slug and aliases: the token must name one if NeedAudience (v1 always)
	NeedAudience   bool          // aud must be there and match; otherwise aud is not read
	Issuer         string        // iss must equal it; empty: iss is not compared
	NeedIssued     bool          // iat must be there
	NeedExpiry     bool          // exp must be there
	MaxLife        time.Duration // longest exp - iat, and of a v1 token its whole life; zero: unlimited (v1 needs one)
	Authoritative  bool          // values beside the token lose silently; otherwise a contradiction refuses
	AgreeOnDetails bool          // name and attributes beside the token must equal the signed ones too
	UserIDClaim    string        // of a JWT, the claim with the user id; empty: user_id
	Scope          string        // of a JWT, the scope that it must have; empty: scope is an attribute as any other
}

// KeySpec describes a key to NewKey. The rows of identity/dialect fill in what a
// vendor's format fixes.
type KeySpec struct {
	ID        string
	Secret    Secret
	Public    *PublicSet  // instead of a secret: for JWTs only
	Private   *PrivateKey // to sign, on the command line; its public half verifies
	Dialect   string      // the row of identity/dialect
	Speaks    []string    // what Assertion.Dialect may say for this key to be asked
	Platforms []string    // what Assertion.Platform may say; none is an error, not "all"
	Proof     Proof
	Signs     Signs
	Realm     string

	// Lowered MACs the email with ASCII letters lowered. MoreLowerings, if set,
	// gives further spellings of an email that has other letters, since languages
	// disagree about those; the spelling that verified is the identity.
	Lowered       bool
	MoreLowerings func(email string) []string
	LooseHash     bool // also standard base64 and hyphen-separated hex

	Token TokenRules
}

// Key verifies with one secret, and signs with it too, or verifies with public keys. It is immutable and safe for
// concurrent use; build it once per key, not per request.
type Key struct {
	spec KeySpec
	pool sync.Pool // of *macState, keyed: setting up an HMAC costs more than using it
}

// NewKey checks the spec. It refuses what could never verify, so that a mistake
// shows when the key is entered and not when a visitor arrives.
func NewKey(spec KeySpec) (*Key, error) {
	if spec.Private != nil && spec.Public == nil {
		spec.Public = &PublicSet{Algorithm: spec.Private.public.algorithm, Keys: []PublicKey{spec.Private.public}}
	}
	if err := spec.check(); err != nil {
		return nil, fmt.Errorf("identity: key: %w", err)
	}
	spec.Speaks = slices.Clone(spec.Speaks)
	spec.Platforms = slices.Clone(spec.Platforms)
	spec.Token.Audiences = slices.Clone(spec.Token.Audiences)
	spec.Public = spec.Public.clone()
	k := &Key{spec: spec}
	secret := spec.Secret
	k.pool.New = func() any { return newMACState(secret) }
	return k, nil
}

func (s KeySpec) check() error {
	switch {
	case s.ID == "":
		return errors.New("no id")
	case s.Public == nil && s.Secret.Len() == 0:
		return errors.New("the secret is empty")
	case s.Public != nil && (s.Secret.Len() > 0 || s.Proof != ProofJWT):
		return errors.New("a public key stands instead of a secret and verifies JWTs alone")
	case s.Public != nil && s.Public.ByID && s.Token.Issuer == "":
		return errors.New("keys from an issuer's set, and no issuer")
	case len(s.Speaks) == 0:
		return errors.New("no dialect")
	case len(s.Platforms) == 0:
		return errors.New("no platform")
	case s.Proof != ProofHash && s.Proof != ProofJWT && s.Proof != ProofV1:
		return fmt.Errorf("unknown kind of proof %q", s.Proof)
	case s.Signs != SignsUserID && s.Signs != SignsEmail && s.Signs != SignsEither:
		return fmt.Errorf("unknown field to sign %q", s.Signs)
	case s.Proof == ProofV1 && s.Token.MaxLife <= 0:
		return errors.New("a v1 key needs a longest life")
	case (s.Proof == ProofV1 || s.Token.NeedAudience) && len(s.Token.Audiences) == 0:
		return errors.New("no audience")
	case slices.Contains(s.Token.Audiences, ""):
		return errors.New("an empty audience")
	case s.Public != nil:
		return s.Public.check()
	}
	return nil
}

func (k *Key) ID() string      { return k.spec.ID }
func (k *Key) Dialect() string { return k.spec.Dialect }
func (k *Key) Proof() Proof    { return k.spec.Proof }
func (k *Key) Signs() Signs    { return k.spec.Signs }
func (k *Key) Realm() string   { return k.spec.Realm }

// Algorithm is the one that the key's JWTs are signed with; empty for other proofs.
func (k *Key) Algorithm() Algorithm {
	switch {
	case k.spec.Proof != ProofJWT:
		return ""
	case k.spec.Public != nil:
		return k.spec.Public.Algorithm
	}
	return HS256
}

// userIDClaim is what this key's tokens call the user id.
func (k *Key) userIDClaim() string { return cmp.Or(k.spec.Token.UserIDClaim, "user_id") }

// String names the key and nothing else of it.
func (k *Key) String() string { return "key " + k.spec.ID }

// macState is an HMAC keyed once, with the buffers that the hash interface would
// otherwise move to the heap on every call.
type macState struct {
	h   hash.Hash
	in  [256]byte
	out [sha256.Size]byte
}

func newMACState(secret Secret) *macState {
	return &macState{h: hmac.New(sha256.New, secret.bytes())}
}

func (m *macState) text(s string) {
	for len(s) > 0 {
		n := copy(m.in[:], s)
		m.h.Write(m.in[:n])
		s = s[n:]
	}
}

func (m *macState) lowered(s string) {
	for len(s) > 0 {
		n := min(len(s), len(m.in))
		for i := range n {
			c := s[i]
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			m.in[i] = c
		}
		m.h.Write(m.in[:n])
		s = s[n:]
	}
}

func (m *macState) sum() []byte {
	m.h.Sum(m.out[:0])
	m.h.Reset()
	return m.out[:]
}

// matches ends the text and compares its MAC in constant time.
func (m *macState) matches(t *tag) bool {
	return subtle.ConstantTimeCompare(m.sum(), t[:]) == 1
}

func (k *Key) take() *macState  { return k.pool.Get().(*macState) }
func (k *Key) give(m *macState) { k.pool.Put(m) }
