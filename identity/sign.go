package identity

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Statement is what a customer's backend says of its logged-in user. Signing is
// here beside verifying so that the command line, the demo and the tests speak
// the formats from one place.
type Statement struct {
	UserID, Email string
	Audience      string         // JWT: aud, left out if empty; v1: the channel, required
	IssuedAt      time.Time      // tokens
	Life          time.Duration  // JWT: exp - iat; zero leaves exp out
	Claims        map[string]any // JWT only; must not repeat the fields above
	KeyID         string         // JWT: kid of the header, left out if empty
}

// ErrStatement: the key cannot sign this; wrapped with the reason.
var ErrStatement = errors.New("identity: cannot sign")

// Sign makes the proof that this key's Verify takes: a hash in lowercase
// hexadecimal, or a token.
func (k *Key) Sign(s Statement) (string, error) {
	kind, value, refusal := k.pick(s.UserID, s.Email)
	if refusal != nil {
		return "", fmt.Errorf("%w: %s", ErrStatement, refusal.Message)
	}
	switch k.spec.Proof {
	case ProofJWT:
		return k.signJWT(s)
	case ProofV1:
		return k.signV1(s)
	}
	if len(s.Claims) > 0 {
		return "", fmt.Errorf("%w: a hash carries no claims", ErrStatement)
	}
	return k.signHash(kind, value), nil
}

func (k *Key) signHash(kind Kind, value string) string {
	m := k.take()
	defer k.give(m)
	switch {
	case kind != KindEmail || !k.spec.Lowered:
		m.text(value)
	case k.spec.MoreLowerings != nil && !isASCII(value):
		m.text(k.spec.MoreLowerings(value)[0])
	default:
		m.lowered(value)
	}
	return hex.EncodeToString(m.sum())
}

func (k *Key) signJWT(s Statement) (string, error) {
	claims := map[string]any{}
	for name, value := range s.Claims {
		claims[name] = value
	}
	ours := map[string]any{"iat": s.IssuedAt.Unix()}
	if s.UserID != "" {
		ours[k.userIDClaim()] = s.UserID
	}
	if s.Email != "" {
		ours["email"] = s.Email
	}
	if s.Audience != "" {
		ours["aud"] = s.Audience
	}
	if s.Life > 0 {
		ours["exp"] = s.IssuedAt.Add(s.Life).Unix()
	}
	if k.spec.Token.Scope != "" {
		ours["scope"] = k.spec.Token.Scope
	}
	for name, value := range ours {
		if _, twice := claims[name]; twice {
			return "", fmt.Errorf("%w: the claim %s has an option of its own", ErrStatement, name)
		}
		claims[name] = value
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrStatement, err)
	}
	header, err := json.Marshal(struct {
		Algorithm Algorithm `json:"alg"`
		KeyID     string    `json:"kid,omitempty"`
		Type      string    `json:"typ"`
	}{k.Algorithm(), s.KeyID, "JWT"})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrStatement, err)
	}
	signed := tokenBase64.EncodeToString(header) + "." + tokenBase64.EncodeToString(payload)
	signature, err := k.signText(signed)
	if err != nil {
		return "", err
	}
	return signed + "." + tokenBase64.EncodeToString(signature), nil
}

func (k *Key) signText(signed string) ([]byte, error) {
	switch {
	case k.spec.Private != nil:
		return k.spec.Private.sign(signed)
	case k.spec.Public != nil:
		return nil, fmt.Errorf("%w: a public key signs nothing; its private key does", ErrStatement)
	}
	m := k.take()
	defer k.give(m)
	m.text(signed)
	return slices.Clone(m.sum()), nil
}

func (k *Key) signV1(s Statement) (string, error) {
	switch {
	case s.Audience == "":
		return "", fmt.Errorf("%w: a v1 token names its channel", ErrStatement)
	case s.IssuedAt.Unix() < 1 || s.IssuedAt.Unix() > maxTime:
		return "", fmt.Errorf("%w: a v1 token needs its time", ErrStatement)
	case len(s.Claims) > 0:
		return "", fmt.Errorf("%w: a v1 token carries user id and email, no claims", ErrStatement)
	}
	issued := strconv.FormatInt(s.IssuedAt.Unix(), 10)
	text := func(s string) string { return tokenBase64.EncodeToString([]byte(s)) }
	mac := k.macV1(s.Audience, s.UserID, s.Email, issued)
	return "v1." + text(s.Audience) + "." + issued + "." + text(s.UserID) + "." + text(s.Email) + "." + tokenBase64.EncodeToString(mac), nil
}
