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

// openJWT checks the MAC of a compact JWS under HS256 and only then believes
// header and claims. Exactly one algorithm exists here; the header's alg is
// compared with it and selects nothing. Why this is not a library:
// docs/adr/0002-jwt.md.
func (k *Key) openJWT(token string) (statement, outcome) {
	header, payload, signature, ok := splitJWT(token)
	if !ok {
		return statement{}, outcome{err: refused(TokenMalformed, k, "The token does not have three parts.")}
	}
	if !k.macMatches(token[:len(header)+1+len(payload)], signature) {
		return statement{}, outcome{err: refused(ProofMismatch, k, "The token was not signed with this key.")}
	}
	if reason, message := judgeHeader(header); reason != "" {
		return statement{}, outcome{err: refused(reason, k, message), matched: true}
	}
	said, err := k.readClaims(payload)
	return said, outcome{err: err, matched: true}
}

func splitJWT(token string) (header, payload, signature string, ok bool) {
	header, rest, found := strings.Cut(token, ".")
	payload, signature, second := strings.Cut(rest, ".")
	return header, payload, signature, found && second && !strings.Contains(signature, ".")
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
func whyNoMatch(token string, mismatch *Error) *Error {
	header, _, signature, _ := splitJWT(token)
	if reason, message := judgeHeader(header); reason != "" {
		return &Error{Reason: reason, Message: message, Key: mismatch.Key}
	}
	if sent, ok := strictBase64(signature); !ok || len(sent) != len(tag{}) {
		return &Error{Reason: TokenMalformed, Message: "The token's signature is not 32 bytes in base64url.", Key: mismatch.Key}
	}
	return mismatch
}

// judgeHeader is what is wrong with a header; empty if nothing is.
func judgeHeader(part string) (Reason, string) {
	members, ok := decodeObject(part)
	if !ok {
		return TokenMalformed, "The token's header is not one JSON object in base64url."
	}
	algorithm := ""
	for _, m := range members {
		switch m.name {
		case "alg":
			algorithm, _ = plainText(m.value)
		case "typ":
			if typ, isText := plainText(m.value); !isText || !strings.EqualFold(typ, "JWT") {
				return TokenMalformed, "The token's typ is not JWT."
			}
		case "crit", "b64", "zip", "jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256", "enc", "cty":
			return TokenMalformed, "The token's header asks for an extension or carries a key."
		}
	}
	if algorithm != "HS256" {
		return AlgorithmRefused, "The token's algorithm is not HS256."
	}
	return "", ""
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
	case "user_id":
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
