package diagnose

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"slices"
	"strconv"
	"strings"

	"countersign/identity"
	"countersign/identity/dialect"
)

// token finds what is wrong with a token: who signed it, and what it says.
func (q *Question) token(targets []Key, refusal *identity.Error) []Cause {
	if bare, around := q.bareToken(); bare != q.Token {
		within := *q
		within.Token, within.bare = bare, true
		return append(around, Diagnose(within).Causes...)
	}
	target := targets[0]
	row, _ := dialect.Get(target.Dialect)
	parts, form := readToken(q.Token)
	if cause, wrong := wrongForm(row, form, q.Token); wrong {
		return []Cause{cause}
	}
	switch refusal.Reason {
	case identity.ProofMismatch, identity.AlgorithmRefused, identity.TokenMalformed:
		return q.strange(targets, row, parts, refusal)
	}
	if target = q.keyNamed(refusal.Key, target); target.Dialect != "" {
		row, _ = dialect.Get(target.Dialect)
	}
	return q.withReason(refusal, q.flaws(row, target, parts), parts, target)
}

func (q *Question) keyNamed(id string, fallback Key) Key {
	for _, key := range q.Keys {
		if key.ID == id && id != "" {
			return key
		}
	}
	return fallback
}

// maxAround is how many layers are taken off a token: a header's word, a quotation and
// blanks. Whoever pastes a megabyte of quotation marks is told about three.
const maxAround = 3

// bareToken strips what stands around a token, and says what did.
func (q *Question) bareToken() (string, []Cause) {
	token, around := q.Token, []Cause(nil)
	for range maxAround {
		bare, cause := unwrapped(token)
		if bare == token || q.bare {
			break
		}
		token = bare
		if !slices.ContainsFunc(around, func(c Cause) bool { return c.Code == cause.Code }) {
			around = append(around, cause)
		}
	}
	return token, around
}

// unwrapped takes off one layer.
func unwrapped(token string) (string, Cause) {
	trimmed := strings.TrimSpace(token)
	switch {
	case trimmed == "":
		return token, Cause{}
	case trimmed != token && strings.TrimRight(token, "\r\n") == trimmed:
		return trimmed, Cause{Newline, "The token ends in a line break.", "Send the token alone, without a line break."}
	case trimmed != token:
		return trimmed, Cause{Blanks, "Blanks stand around the token.", "Send the token alone, without blanks."}
	}
	for _, around := range []string{"Bearer ", `"`, "'"} {
		if bare := strings.TrimSuffix(strings.TrimPrefix(token, around), around); bare != token && bare != "" {
			return bare, Cause{NotAHash, "Something stands around the token: " + quote(strings.TrimSpace(around)) + ".", "Send the token alone."}
		}
	}
	return token, Cause{}
}

// form is what a pasted token is.
type form string

const (
	formJWT   form = "a JSON Web Token"
	formV1    form = "a v1 token"
	formHash  form = "a hash"
	formOther form = "no token"
)

// forms :: what a key takes → what that looks like.
var forms = map[identity.Proof]form{identity.ProofJWT: formJWT, identity.ProofV1: formV1, identity.ProofHash: formHash}

// said is what stands in a token, whoever signed it.
type said struct {
	signed    string // what the MAC is over
	signature string
	algorithm string
	claims    claims
}

func readToken(token string) (said, form) {
	if len(token) > identity.MaxTokenBytes {
		return said{}, formOther
	}
	parts := strings.Split(token, ".")
	switch {
	case len(parts) == 6 && parts[0] == "v1":
		return readV1(parts), formV1
	case len(parts) == 3:
		return readJWT(parts), formJWT
	}
	if _, err := hex.DecodeString(token); err == nil && len(token) == 64 {
		return said{}, formHash
	}
	return said{}, formOther
}

// wrongForm is a kind of proof that the key does not take at all.
func wrongForm(row dialect.Row, is form, token string) (Cause, bool) {
	wanted := forms[row.Proof]
	switch {
	case is == formOther && len(token) > identity.MaxTokenBytes:
		return Cause{NotAHash, "The token has " + strconv.Itoa(len(token)) + " bytes, and at most " + strconv.Itoa(identity.MaxTokenBytes) + " can be.",
			"Sign only what the chat needs to know."}, true
	case is == wanted:
		return Cause{}, false
	}
	return Cause{NotAHash, "This is " + string(is) + ", and a key of " + row.Name + " takes " + string(wanted) + ".",
		"Send " + string(wanted) + ", or make a key that takes what is sent."}, true
}

// strange is a token that no live key of the channel signed as it should be.
func (q *Question) strange(targets []Key, row dialect.Row, parts said, refusal *identity.Error) []Cause {
	target := targets[0]
	slips, signed := q.signer(targets, parts)
	if len(slips) > 0 {
		var causes []Cause
		for _, s := range slips {
			causes = append(causes, Cause{s.code, s.explain, s.fix})
		}
		return append(causes, q.flaws(row, target, parts)...)
	}
	if flaws := q.flaws(row, target, parts); signed && len(flaws) > 0 && refusal.Reason == identity.TokenMalformed {
		if parts.claims.milliseconds {
			return flaws // this is what the gate could not read
		}
		_, remedy := refusal.Reason.Explain()
		return append([]Cause{{NotAHash, refusal.Message, remedy}}, flaws...)
	}
	if other, found := q.publicSigner(targets); found {
		s := q.othersSlip(other)
		return append([]Cause{{s.code, s.explain, s.fix}}, q.flaws(row, target, parts)...)
	}
	if cause, found := byAlgorithm(parts, refusal); found {
		return append([]Cause{cause}, q.flaws(row, target, parts)...)
	}
	if refusal.Reason == identity.TokenMalformed {
		_, remedy := refusal.Reason.Explain()
		return append([]Cause{{NotAHash, refusal.Message, remedy}}, q.flaws(row, target, parts)...)
	}
	return append([]Cause{{Unknown, "The token has the right form, and nobody known here signed it, however the secret is read. Tried: " + q.tried() + ".",
		"Compare the backend's secret with the key's, byte for byte; print the length of both."}}, q.flaws(row, target, parts)...)
}

// jwtHashes :: alg → the function under its HMAC.
var jwtHashes = map[string]func() hash.Hash{"": sha256.New, "HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}

// signer finds whose secret, read how, signed a token with an HMAC.
func (q *Question) signer(targets []Key, parts said) ([]slip, bool) {
	h := jwtHashes[parts.algorithm]
	if h == nil {
		return nil, false
	}
	left := MaxMACs
	for _, target := range targets {
		row, _ := dialect.Get(target.Dialect)
		if target.Public != nil {
			continue
		}
		for _, level := range q.readings(row, target) {
			for _, r := range level {
				if left--; left < 0 {
					return nil, false
				}
				if slips, found := signedBy(mac(h, r.key, parts.signed), parts); found {
					return slices.Concat(r.slips, slips), true
				}
			}
		}
	}
	return nil, false
}

// signedBy says whether a signature is that tag, in whatever spelling.
func signedBy(tag []byte, parts said) ([]slip, bool) {
	var slips []slip
	if len(tag) != sha256.Size {
		slips = append(slips, slip{SHA512, "The token is signed with " + parts.algorithm + ".", "Sign with HS256, and say alg HS256 in the header."})
	}
	sent := parts.signature
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(sent); err == nil && bytes.Equal(raw, tag) {
		return slips, true
	} else if err == nil && string(raw) == hex.EncodeToString(tag) {
		return append(slips, slip{Base64, "The signature is the base64 of hexadecimal digits.", "Encode the 32 bytes of the HMAC themselves as base64url."}), true
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if raw, err := encoding.DecodeString(sent); err == nil && bytes.Equal(raw, tag) {
			return append(slips, slip{Base64, "The signature is another base64 than tokens use.", "Encode it as base64url: - and _, no =."}), true
		}
	}
	if strings.EqualFold(sent, hex.EncodeToString(tag)) {
		return append(slips, slip{Base64, "The signature is hexadecimal.", "Encode the 32 bytes of the HMAC as base64url."}), true
	}
	return nil, false
}

// publicSigner asks the keys whose signatures only they can judge.
func (q *Question) publicSigner(targets []Key) (Key, bool) {
	for _, key := range slices.Concat(q.Keys, q.Others) {
		if key.Public == nil || slices.ContainsFunc(targets, func(t Key) bool { return t.ID == key.ID && t.Channel == key.Channel }) {
			continue
		}
		ring, err := identity.NewRing(identity.Entry{Key: key.Public})
		if err != nil {
			continue
		}
		_, err = identity.Verify(ring, identity.Assertion{Dialect: key.Dialect, Platform: q.Platform, Token: q.Token}, q.Now)
		var refusal *identity.Error
		if !errors.As(err, &refusal) {
			return key, true
		}
		switch refusal.Reason {
		case identity.ProofMismatch, identity.AlgorithmRefused, identity.TokenMalformed, identity.KeyUnusable:
		default:
			return key, true
		}
	}
	return Key{}, false
}

// otherAlgorithms take another kind of key than whichever the channel has.
var otherAlgorithms = []string{"HS256", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}

// byAlgorithm is what a header's alg alone makes certain.
func byAlgorithm(parts said, refusal *identity.Error) (Cause, bool) {
	if refusal.Reason != identity.AlgorithmRefused {
		return Cause{}, false
	}
	_, remedy := refusal.Reason.Explain()
	said := "The token says alg " + quote(parts.algorithm) + ". "
	switch {
	case strings.EqualFold(parts.algorithm, "none") || parts.signature == "":
		return Cause{NotAHash, said + "It is not signed, so it proves nothing.", remedy}, true
	case parts.algorithm == "HS384" || parts.algorithm == "HS512":
		return Cause{SHA512, said + refusal.Message, remedy}, true
	case slices.Contains(otherAlgorithms, parts.algorithm):
		return Cause{OtherKey, said + refusal.Message + " It was signed with a key of another kind.", remedy}, true
	}
	return Cause{Code(refusal.Reason), said + refusal.Message, remedy}, true
}

// byReason :: the gate's reason → its word here; another one is named by itself.
var byReason = map[identity.Reason]Code{
	identity.TokenExpired: Expired, identity.TokenEarly: ClockSkew, identity.AudienceWrong: Audience,
	identity.KeyRetired: RetiredKey, identity.KeyRevoked: RetiredKey, identity.TokenMalformed: NotAHash, identity.KeyUnusable: NotAHash,
}

// withReason puts the gate's reason first, unless what was found says it better.
func (q *Question) withReason(refusal *identity.Error, found []Cause, parts said, target Key) []Cause {
	code, known := byReason[refusal.Reason]
	if !known {
		code = Code(refusal.Reason)
	}
	if i := slices.IndexFunc(found, func(c Cause) bool { return c.Code == code }); i >= 0 {
		first := found[i]
		return append([]Cause{first}, slices.Delete(found, i, i+1)...)
	}
	_, remedy := refusal.Reason.Explain()
	first := Cause{code, refusal.Message, remedy}
	switch refusal.Reason {
	case identity.KeyRetired, identity.KeyRevoked:
		first.Explain += " It is " + q.named(refusal.Key) + "."
	case identity.ClaimContradicted:
		if better, ok := q.contradiction(parts.claims.in(target.Dialect), target.Signs); ok {
			first = better
		}
	case identity.IdentifierNotCovered:
		first = Cause{IdentifierKind, refusal.Message, "Send tokens only for addresses that the product has confirmed, or let the key sign user ids."}
	case identity.ClaimMissing, identity.IdentifierMalformed, identity.IdentifierAmbiguous:
		if better, ok := identifierClaim(parts.claims.in(target.Dialect), target.Signs); ok {
			first = better
		}
	}
	found = slices.DeleteFunc(found, func(c Cause) bool { return c.Code == first.Code })
	return append([]Cause{first}, found...)
}
