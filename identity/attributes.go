package identity

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of attributes, signed or claimed.
const (
	MaxAttributes     = 30
	MaxAttributeName  = 100 // bytes
	MaxAttributeValue = 255 // characters
)

// reserved names are ours or carry a credential; an attribute never has one.
var reserved = map[string]bool{
	// what proves
	"user_hash": true, "intercom_user_jwt": true, "auth_tokens": true, "signature": true,
	"hash": true, "email_hash": true, "jwt": true, "token": true,
	// what names the person, and what a token says of itself
	"user_id": true, "email": true, "email_verified": true, "name": true,
	"aud": true, "iss": true, "sub": true, "iat": true, "exp": true, "nbf": true, "jti": true,
	// what we say of a session
	"tier": true, "method": true, "verified": true, "realm": true, "kind": true, "key": true, "channel": true,
}

// SecretBearing says whether a setting of this name carries a credential, so
// that it is never stored, logged or shown.
func SecretBearing(name string) bool {
	switch name {
	case "user_hash", "intercom_user_jwt", "auth_tokens", "signature", "hash", "email_hash", "jwt", "token":
		return true
	}
	return false
}

// CleanAttributes keeps what may be an attribute: at most 30 names of
// [A-Za-z0-9_.-]{1,100} that are not reserved, in alphabetical order, each with
// a text (cut to 255 characters), a finite number, a boolean or null. Everything
// else is dropped. The answer is a new map, nil if nothing is left.
func CleanAttributes(in map[string]any) map[string]any {
	var out map[string]any
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if len(out) == MaxAttributes {
			break
		}
		value, ok := cleanValue(in[name])
		if !ok || !attributeName(name) {
			continue
		}
		if out == nil {
			out = make(map[string]any, min(len(in), MaxAttributes))
		}
		out[name] = value
	}
	return out
}

func attributeName(name string) bool {
	if name == "" || len(name) > MaxAttributeName || reserved[strings.ToLower(name)] {
		return false
	}
	for _, c := range []byte(name) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

func cleanValue(v any) (any, bool) {
	switch v := v.(type) {
	case nil, bool:
		return v, true
	case string:
		return Tidy(v, MaxAttributeValue), true
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil && !math.IsInf(f, 0)
	}
	return nil, false
}

// Tidy makes claimed or displayed text safe to keep: at most max characters,
// bytes that are not UTF-8 and control characters (a NUL ends a text elsewhere,
// a line break forges a log line) replaced by U+FFFD.
func Tidy(s string, max int) string {
	n := 0
	for i := range s {
		if n == max {
			s = s[:i]
			break
		}
		n++
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}
