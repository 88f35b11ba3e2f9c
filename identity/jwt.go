package identity

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

var tokenBase64 = base64.RawURLEncoding.Strict()

// compactToken is a token cut at its dots. Its header is read at most once, whoever
// asks: eight keys must not make a forged token eight times as dear.
type compactToken struct {
	signed                   string // header and payload, as they were signed
	head, payload, signature string
	whole                    bool // it has three parts
	read                     bool
	told                     jose
}

func splitToken(token string) *compactToken {
	head, rest, first := strings.Cut(token, ".")
	payload, signature, second := strings.Cut(rest, ".")
	t := &compactToken{head: head, payload: payload, signature: signature}
	if t.whole = first && second && !strings.Contains(signature, "."); t.whole {
		t.signed = token[:len(head)+1+len(payload)]
	}
	return t
}

func (t *compactToken) header() *jose {
	if !t.read {
		t.read, t.told = true, readHeader(t.head)
	}
	return &t.told
}

// openJWT checks the signature of a compact JWS and only then believes header and
// claims. The key has one algorithm; the header's alg is compared with it and selects
// nothing. Why this is not a library: docs/adr/0002-jwt.md.
func (k *Key) openJWT(t *compactToken, now time.Time) (statement, outcome) {
	got := k.authenticate(t, now)
	if got.err != nil {
		return statement{}, got
	}
	said, err := k.readClaims(t.payload)
	if k.spec.Public != nil && k.spec.Public.ByID {
		said.kid = t.header().id
	}
	return said, outcome{err: err, matched: true}
}

// authenticate says whether this key signed the token, and whether its header asks for
// nothing that no token may.
func (k *Key) authenticate(t *compactToken, now time.Time) outcome {
	switch {
	case !t.whole:
		return outcome{err: refused(TokenMalformed, k, "The token does not have three parts.")}
	case k.spec.Public != nil:
		return k.authenticatePublic(t, now)
	case !k.macMatches(t.signed, t.signature):
		return k.whyNoMatch(t)
	}
	if reason, message := t.header().judge(HS256); reason != "" {
		return outcome{err: refused(reason, k, message), matched: true}
	}
	return outcome{matched: true}
}

func (k *Key) macMatches(signed, signature string) bool {
	sent, ok := strictBase64(signature)
	m := k.take()
	defer k.give(m)
	m.text(signed)
	return subtle.ConstantTimeCompare(m.sum(), sent) == 1 && ok
}

// whyNoMatch reads a header that proves nothing, for the operator's sake: a token
// that could match no key is better told than "another key".
func (k *Key) whyNoMatch(t *compactToken) outcome {
	if reason, message := t.header().judge(HS256); reason != "" {
		return outcome{err: refused(reason, k, message), far: farHeader}
	}
	if sent, ok := strictBase64(t.signature); !ok || len(sent) != len(tag{}) {
		return outcome{err: refused(TokenMalformed, k, "The token's signature is not 32 bytes in base64url."), far: farKey}
	}
	return outcome{err: refused(ProofMismatch, k, "The token was not signed with this key."), far: farSignature}
}

// jose is a header as it was read: what it names, and what is wrong with it whatever
// the key.
type jose struct {
	algorithm, id string
	reason        Reason
	message       string
}

// judge is what is wrong with a header for a key of this algorithm; empty if nothing is.
func (h *jose) judge(algorithm Algorithm) (Reason, string) {
	switch {
	case h.reason != "":
		return h.reason, h.message
	case !algorithm.spells(h.algorithm):
		return AlgorithmRefused, "The token's algorithm is not " + string(algorithm) + ", which is the key's."
	}
	return "", ""
}

func readHeader(part string) (h jose) {
	bad := func(message string) jose { return jose{reason: TokenMalformed, message: message} }
	members, ok := decodeObject(part)
	if !ok {
		return bad("The token's header is not one JSON object in base64url.")
	}
	for _, m := range members {
		switch m.name {
		case "alg":
			h.algorithm, _ = plainText(m.value)
		case "kid":
			if h.id, ok = plainText(m.value); !ok || len(h.id) > maxKid {
				return bad("The token's kid is no text of at most 256 bytes.")
			}
		case "typ":
			if typ, isText := plainText(m.value); !isText || !strings.EqualFold(typ, "JWT") {
				return bad("The token's typ is not JWT.")
			}
		case "crit", "b64", "zip", "jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256", "enc", "cty":
			return bad("The token's header asks for an extension or carries a key.")
		}
	}
	return h
}

func decodeObject(part string) ([]member, bool) {
	raw, ok := strictBase64(part)
	if !ok {
		return nil, false
	}
	return readObject(raw)
}

func plainText(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	return ParseScalar(raw)
}

// readClaims reads the payload of a token whose MAC is right. Unlisted scalars
// are attributes; unlisted objects and arrays are dropped.
func (k *Key) readClaims(part string) (statement, *Error) {
	members, ok := decodeObject(part)
	if !ok {
		return statement{}, refused(TokenMalformed, k, "The token's claims are not one JSON object in base64url, each name once.")
	}
	var said statement
	rest := map[string]any{}
	for _, m := range members {
		if err := k.readClaim(&said, rest, m); err != nil {
			return statement{}, err
		}
	}
	said.attributes = CleanAttributes(rest)
	return said, nil
}

func (k *Key) readClaim(said *statement, rest map[string]any, m member) *Error {
	ok, identifier := true, false
	switch m.name {
	case k.userIDClaim():
		said.userID, ok = ParseScalar(m.value)
		identifier = true
	case "email":
		said.email, ok = ParseScalar(m.value)
		identifier = true
	case "name":
		text, isText := plainText(m.value)
		if isText {
			said.name = Tidy(text, MaxAttributeValue)
		}
	case "email_verified":
		said.unconfirmed = string(m.value) != "true" && string(m.value) != `"true"`
	case "aud":
		said.audiences, ok = readAudiences(m.value)
	case k.scopeClaim():
		said.scope, _ = plainText(m.value)
	case "iss":
		said.issuer, _ = plainText(m.value)
	case "iat":
		said.issued, ok = readTime(m.value)
	case "exp":
		said.expires, ok = readTime(m.value)
	case "nbf":
		said.notBefore, ok = readTime(m.value)
	default:
		var value any
		if json.Unmarshal(m.value, &value) == nil {
			rest[m.name] = value
		}
	}
	switch {
	case ok:
		return nil
	case identifier:
		return refused(IdentifierMalformed, k, "An identifier in the token is neither text nor an integer within 2^53-1.")
	}
	return refused(TokenMalformed, k, "The token's "+m.name+" has the wrong type.")
}

// scopeClaim is the name of the scope where the key asks for one.
func (k *Key) scopeClaim() string {
	if k.spec.Token.Scope == "" {
		return "" // no claim that can be an attribute has this name
	}
	return "scope"
}

// readAudiences reads a text or an array of texts.
func readAudiences(raw json.RawMessage) ([]string, bool) {
	if text, isText := plainText(raw); isText {
		return []string{text}, true
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil || items == nil {
		return nil, false
	}
	audiences := make([]string, 0, len(items))
	for _, item := range items {
		text, isText := plainText(item)
		if !isText {
			return nil, false
		}
		audiences = append(audiences, text)
	}
	return audiences, true
}

// maxTime is the last second of the year 9999.
const maxTime = 253402300799

// readTime reads seconds since 1970, at least 1. A fraction is cut off, which
// ends a token early rather than late; exponents are refused, so that nothing
// overflows.
func readTime(raw json.RawMessage) (time.Time, bool) {
	if strings.ContainsAny(string(raw), "eE") {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || !(seconds >= 1 && seconds <= maxTime) {
		return time.Time{}, false
	}
	return time.Unix(int64(math.Floor(seconds)), 0).UTC(), true
}
