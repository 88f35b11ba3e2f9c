package signing

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Help Scout's contract: an HMAC, which does not rest on collision resistance
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// HelpScoutSignature names the query parameter, and the header of the body scheme.
const HelpScoutSignature = "X-HelpScout-Signature"

// IssuedAt names our parameter with the time of a frame's URL, in seconds since
// 1970. A URL that carries it is refused after the tolerance.
const IssuedAt = "issued-at"

// Param is one parameter of a query.
type Param struct{ Name, Value string }

// ours are the names that we may sign; an app's own URL may bear none of them.
var ours = []string{"conversation-id", "conversation-number", "customer-id", "mailbox-id", "user-id", "installation-ids",
	"application-id", "application-slug", IssuedAt, "tier", HelpScoutSignature}

// CheckOwn refuses a parameter name of an app's own URL that a verifier could
// take for one of ours, or that PHP, whose verifier is the published one, renames.
func CheckOwn(name string) error {
	switch {
	case slices.ContainsFunc(ours, func(o string) bool { return strings.EqualFold(o, name) }):
		return fmt.Errorf("%w: the parameter %s is ours to set", ErrUnsignable, name)
	case !plainName(name):
		return fmt.Errorf("%w: a parameter's name has an odd character: PHP would read another name", ErrUnsignable)
	}
	return nil
}

// plainName: letters, digits, _ and -, and not a number: PHP turns blanks, dots
// and brackets into something else and numbers into list positions.
func plainName(name string) bool {
	letters := false
	for _, c := range []byte(name) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '-'
		letters = letters || letter && c != '-'
		if !letter && (c < '0' || c > '9') {
			return false
		}
	}
	return letters
}

// SafeValue says whether verifiers in every language read the value alike. We
// send no other; SignQuery signs any text that JSON can hold.
func SafeValue(value string) bool {
	for _, c := range []byte(value) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("-_.,:@~ ", c) < 0 {
			return false
		}
	}
	return true
}

// SignQuery answers with the address, its signature appended as the last
// parameter. All parameters are signed, in their order, but those named by own,
// which belong to the app's own URL. At least one must be left.
func SignQuery(secret []byte, address string, own []string) (string, error) {
	before, fragment, hasFragment := strings.Cut(address, "#")
	_, query, hasQuery := strings.Cut(before, "?")
	params, err := readQuery(query)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnsignable, err)
	}
	signed, err := signedParams(params, own)
	if err != nil {
		return "", err
	}
	for _, p := range signed {
		if p.Name == HelpScoutSignature {
			return "", fmt.Errorf("%w: the address has a signature already", ErrUnsignable)
		}
	}
	if len(secret) == 0 || !hasQuery || len(signed) == 0 {
		return "", fmt.Errorf("%w: a secret and at least one parameter are needed", ErrUnsignable)
	}
	mac, err := queryMAC(secret, signed)
	if err != nil {
		return "", err
	}
	joint := "&"
	if strings.HasSuffix(before, "&") || strings.HasSuffix(before, "?") {
		joint = ""
	}
	out := before + joint + HelpScoutSignature + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(mac))
	if hasFragment {
		out += "#" + fragment
	}
	return out, nil
}

// VerifyQuery checks the raw query of an address (the text after ?) and answers
// with the parameters that are signed, in their order. Only these may be
// believed. If issued-at is among them, its time must lie within the tolerance;
// our own addresses always carry it.
func VerifyQuery(secrets [][]byte, query string, own []string, now time.Time, tolerance time.Duration) ([]Param, error) {
	params, err := readQuery(query)
	if err != nil {
		return nil, err
	}
	signed, err := signedParams(params, own)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(signed, func(p Param) bool { return p.Name == HelpScoutSignature })
	if at < 0 || signed[at].Value == "" {
		return nil, refused(ProofMissing, "The address has no %s.", HelpScoutSignature)
	}
	sent, err := strictBase64(signed[at].Value)
	if err != nil || len(sent) != sha1.Size {
		return nil, refused(ProofMalformed, "The signature is not 20 bytes in base64.")
	}
	signed = slices.Delete(signed, at, at+1)
	matched := false
	for _, secret := range secrets {
		want, err := queryMAC(secret, signed)
		if err != nil {
			return nil, refused(ProofMalformed, "A parameter is not UTF-8.")
		}
		matched = hmac.Equal(want, sent) || matched
	}
	if !matched || len(signed) == 0 {
		return nil, refused(ProofMismatch, "The signature does not belong to these parameters and this secret.")
	}
	if err := judgeIssued(signed, now, tolerance); err != nil {
		return nil, err
	}
	return signed, nil
}

func judgeIssued(signed []Param, now time.Time, tolerance time.Duration) error {
	for _, p := range signed {
		if p.Name != IssuedAt {
			continue
		}
		at, err := strconv.ParseInt(p.Value, 10, 64)
		if err != nil || at < 1 || strconv.FormatInt(at, 10) != p.Value {
			return refused(ProofMalformed, "%s is no time in seconds since 1970.", IssuedAt)
		}
		return judgeTime(time.Unix(at, 0), now, tolerance)
	}
	return nil
}

// signedParams leaves out the app's own.
func signedParams(params []Param, own []string) ([]Param, error) {
	for _, name := range own {
		if err := CheckOwn(name); err != nil {
			return nil, err
		}
	}
	signed := make([]Param, 0, len(params))
	for _, p := range params {
		if !slices.Contains(own, p.Name) {
			signed = append(signed, p)
		}
	}
	return signed, nil
}

// readQuery reads name=value pairs in their order, + as a blank. A name that
// occurs twice or that PHP would rename is refused: verifiers would disagree
// about what was said.
func readQuery(query string) ([]Param, error) {
	var params []Param
	seen := map[string]bool{}
	for _, pair := range strings.Split(query, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		switch {
		case nameErr != nil || valueErr != nil:
			return nil, refused(ProofMalformed, "The query is not percent-encoded properly.")
		case !plainName(name):
			return nil, refused(ProofMalformed, "A parameter's name has an odd character.")
		case seen[name]:
			return nil, refused(ProofMalformed, "A parameter occurs twice.")
		}
		seen[name] = true
		params = append(params, Param{Name: name, Value: value})
	}
	return params, nil
}

func queryMAC(secret []byte, params []Param) ([]byte, error) {
	text, err := phpObject(params)
	if err != nil {
		return nil, err
	}
	return sha1MAC(secret, text), nil
}

func sha1MAC(secret, text []byte) []byte {
	mac := hmac.New(sha1.New, secret)
	mac.Write(text)
	return mac.Sum(nil)
}

// SignBody answers with the value of the header X-HelpScout-Signature.
func SignBody(secret, body []byte) string {
	return base64.StdEncoding.EncodeToString(sha1MAC(secret, body))
}

// VerifyBody checks that header over the raw body. It has no time: a replay
// verifies, which is why Standard Webhooks goes along on what we send.
func VerifyBody(secrets [][]byte, header map[string][]string, body []byte) error {
	value, err := one(header, HelpScoutSignature)
	if err != nil {
		return err
	}
	sent, err := strictBase64(value)
	if err != nil || len(sent) != sha1.Size {
		return refused(ProofMalformed, "The signature is not 20 bytes in base64.")
	}
	matched := false
	for _, secret := range secrets {
		matched = hmac.Equal(sha1MAC(secret, body), sent) || matched
	}
	if !matched {
		return refused(ProofMismatch, "The signature does not belong to this body and secret.")
	}
	return nil
}
