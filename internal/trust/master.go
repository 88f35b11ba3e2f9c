package trust

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

var (
	// ErrMasterMissing: there is data, and the key that sealed it is not where it was looked for.
	ErrMasterMissing = errors.New("trust: the master key is missing")
	// ErrMasterUnusable: what was found is no master key; wrapped with where and why.
	ErrMasterUnusable = errors.New("trust: this is not a master key")
	// ErrMasterWrong: a master key, but not the one that sealed this data.
	ErrMasterWrong = errors.New("trust: this master key belongs to other data")
	// ErrSealed: the bytes were sealed under another key or for another place, or were changed.
	ErrSealed = errors.New("trust: these bytes do not open here")
)

const (
	masterBytes  = 32
	sealVersion  = 1
	keyIDBytes   = 4
	sealLabel    = "countersign.seal.v1"
	hmacBlock    = 64 // of SHA-256
	nonceBytes   = 12
	sealOverhead = 1 + keyIDBytes + nonceBytes
)

// Master is a key that seals and derives. An installation has two: the one that an
// operator keeps seals the root key, and everything else is sealed under the root
// key or derived from it with a label. Neither ever leaves this type. A closure holds its
// bytes, because a field would be printed by the formatting verbs.
type Master struct {
	path    string // the file it was read from; empty if it came as a value
	created bool
	exposed bool

	derive func(label string) []byte
	aead   func() cipher.AEAD
	id     []byte
}

// Created says whether this start made the key, and in which file it lies.
func (m *Master) Created() (path string, created bool) { return m.path, m.created }

// Exposed says whether others on this machine can read the key's file, and which it is.
func (m *Master) Exposed() (path string, exposed bool) { return m.path, m.exposed }

// NewMaster wraps 32 bytes. LoadMaster is the way in for a process; this one is
// for what already holds the bytes.
func NewMaster(secret []byte) (*Master, error) {
	if len(secret) != masterBytes {
		return nil, fmt.Errorf("%w: it has %d bytes, not %d", ErrMasterUnusable, len(secret), masterBytes)
	}
	if allEqual(secret) {
		return nil, fmt.Errorf("%w: all its bytes are the same", ErrMasterUnusable)
	}
	secret = slices.Clone(secret)
	m := &Master{derive: func(label string) []byte {
		key, err := hkdf.Key(sha256.New, secret, nil, "countersign "+label, masterBytes)
		if err != nil {
			panic("trust: 32 bytes are always in reach of HKDF: " + err.Error())
		}
		return key
	}}
	block, err := aes.NewCipher(m.derive("seal"))
	if err != nil {
		return nil, fmt.Errorf("trust: making the cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("trust: making the cipher: %w", err)
	}
	m.aead = func() cipher.AEAD { return aead }
	m.id = m.derive("id")[:keyIDBytes]
	return m, nil
}

func allEqual(b []byte) bool {
	for _, c := range b {
		if c != b[0] {
			return false
		}
	}
	return true
}

// ID names the key without telling it: 8 hex characters.
func (m *Master) ID() string { return hex.EncodeToString(m.id) }

// Derive makes the key for one purpose: 32 bytes, of no use for any other.
func (m *Master) Derive(label string) []byte { return m.derive(label) }

// AD is where sealed bytes belong. They open nowhere else, so that one row's
// secret copied into another row, table, workspace or installation is just noise.
type AD struct{ Installation, Workspace, Table, Row, Purpose string }

func (ad AD) bytes() []byte {
	var out []byte
	for _, part := range []string{sealLabel, ad.Installation, ad.Workspace, ad.Table, ad.Row, ad.Purpose} {
		out = binary.BigEndian.AppendUint64(out, uint64(len(part)))
		out = append(out, part...)
	}
	return out
}

// Seal encrypts with AES-256-GCM: version, key id, random nonce, ciphertext and tag.
func (m *Master) Seal(plain []byte, ad AD) []byte {
	out := make([]byte, sealOverhead, sealOverhead+len(plain)+16)
	out[0] = sealVersion
	copy(out[1:], m.id)
	nonce := out[1+keyIDBytes : sealOverhead]
	_, _ = rand.Read(nonce) // never fails: it ends the process instead
	return m.aead().Seal(out, nonce, plain, ad.bytes())
}

// Open is the reverse; every failure is ErrSealed and names no byte.
func (m *Master) Open(sealed []byte, ad AD) ([]byte, error) {
	switch {
	case len(sealed) < sealOverhead || sealed[0] != sealVersion:
		return nil, fmt.Errorf("%w: unknown form", ErrSealed)
	case !slices.Equal(sealed[1:1+keyIDBytes], m.id):
		return nil, fmt.Errorf("%w: sealed under master key %x, this one is %x", ErrSealed, sealed[1:1+keyIDBytes], m.id)
	}
	plain, err := m.aead().Open(nil, sealed[1+keyIDBytes:sealOverhead], sealed[sealOverhead:], ad.bytes())
	if err != nil {
		return nil, fmt.Errorf("%w: %s %s", ErrSealed, ad.Table, ad.Row)
	}
	return plain, nil
}

// Fingerprint names secret bytes without telling them: 32 hex characters, the
// same for two secrets exactly if they make the same MACs. HMAC pads a short key
// with zeros and hashes a long one, so "k" and "k\x00" are one key; the
// fingerprint is taken after that.
func (m *Master) Fingerprint(secret []byte) string {
	var block [hmacBlock]byte
	if len(secret) > hmacBlock {
		sum := sha256.Sum256(secret)
		secret = sum[:]
	}
	copy(block[:], secret)
	return hex.EncodeToString(keyed(m.derive("fingerprint"), block[:])[:16])
}

// NewRoot makes an installation's root key, sealed under this master key. Kept with
// the data it is also the canary: a wrong master key is noticed at the start and not
// when the first secret does not open.
func (m *Master) NewRoot(installation string) []byte {
	root := make([]byte, masterBytes)
	_, _ = rand.Read(root) // never fails: it ends the process instead
	return m.Seal(root, rootAD(installation))
}

// OpenRoot is the root key itself: everything is sealed under it or derived from it,
// and only it is sealed under the master key, so that a new master key changes one row.
func (m *Master) OpenRoot(installation string, sealed []byte) (*Master, error) {
	plain, err := m.Open(sealed, rootAD(installation))
	if err != nil {
		return nil, fmt.Errorf("%w: the key %s from %s does not open it (%w)", ErrMasterWrong, m.ID(), m.source(), err)
	}
	return NewMaster(plain)
}

// RewrapRoot seals the root key, which this master key opens, under the next one.
func (m *Master) RewrapRoot(installation string, sealed []byte, next *Master) ([]byte, error) {
	plain, err := m.Open(sealed, rootAD(installation))
	if err != nil {
		return nil, fmt.Errorf("%w: the key %s from %s does not open it (%w)", ErrMasterWrong, m.ID(), m.source(), err)
	}
	return next.Seal(plain, rootAD(installation)), nil
}

func (m *Master) source() string {
	if m.path == "" {
		return "the environment"
	}
	return m.path
}

func rootAD(installation string) AD {
	return AD{Installation: installation, Table: "installation", Row: installation, Purpose: "root"}
}

// keyed is HMAC-SHA256 over parts, each behind its length.
func keyed(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	var size [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write(part)
	}
	return h.Sum(nil)
}
