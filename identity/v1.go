package identity

import (
	"crypto/subtle"
	"strconv"
	"strings"
	"time"
)

// v1Label opens every text that a v1 key MACs, and a v1 key MACs nothing else.
const v1Label = "countersign.v1"

// A v1 token is six parts joined by dots:
//
//	v1.CHANNEL.ISSUED.USERID.EMAIL.MAC
//
// CHANNEL, USERID, EMAIL and MAC are base64url without padding, a field that is
// not there is empty, ISSUED is seconds since 1970 in decimal. MAC is HMAC-SHA256
// over five texts, each as its length in bytes in decimal, a colon, the bytes and
// a comma, so that no two lists of fields give the same bytes:
//
//	countersign.v1  channel  user id  email  ISSUED
func (k *Key) openV1(token string) (statement, outcome) {
	parts := strings.Split(token, ".")
	if len(parts) != 6 || parts[0] != "v1" {
		return statement{}, outcome{err: refused(TokenMalformed, k, "The token is not v1 in six parts.")}
	}
	var fields [4][]byte // channel, user id, email, MAC
	for i, part := range []string{parts[1], parts[3], parts[4], parts[5]} {
		var ok bool
		if fields[i], ok = strictBase64(part); !ok {
			return statement{}, outcome{far: farHeader, err: refused(TokenMalformed, k, "A part of the token is not base64url.")}
		}
	}
	issued, ok := v1Time(parts[2])
	if !ok || len(fields[3]) != len(tag{}) {
		return statement{}, outcome{far: farHeader, err: refused(TokenMalformed, k, "The token's time or MAC is malformed.")}
	}
	said := statement{userID: string(fields[1]), email: string(fields[2]), issued: issued, expires: issued.Add(k.spec.Token.MaxLife)}
	said.audiences = []string{string(fields[0])}
	if subtle.ConstantTimeCompare(k.macV1(said.audiences[0], said.userID, said.email, parts[2]), fields[3]) != 1 {
		return statement{}, outcome{far: farSignature, err: refused(ProofMismatch, k, "The token was not signed with this key.")}
	}
	return said, outcome{matched: true}
}

func (k *Key) macV1(channel, userID, email, issued string) []byte {
	m := k.take()
	defer k.give(m)
	for _, text := range [...]string{v1Label, channel, userID, email, issued} {
		m.text(strconv.Itoa(len(text)))
		m.text(":")
		m.text(text)
		m.text(",")
	}
	return append([]byte(nil), m.sum()...)
}

// v1Time reads the one decimal spelling of a time.
func v1Time(s string) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || n > maxTime || strconv.FormatInt(n, 10) != s {
		return time.Time{}, false
	}
	return time.Unix(n, 0).UTC(), true
}
