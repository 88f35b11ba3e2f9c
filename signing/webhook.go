package signing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// The headers of Standard Webhooks.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// DefaultTolerance is how far a request's time may lie from ours.
const DefaultTolerance = 5 * time.Minute

// maxSignatures bounds the work of one verification.
const maxSignatures = 16

// ErrSecret: the text is no Standard Webhooks secret.
var ErrSecret = errors.New("signing: a webhook secret is whsec_ and base64")

// ErrUnsignable: what would be ambiguous to its verifier is not signed; wrapped
// with the reason.
var ErrUnsignable = errors.New("signing: cannot sign")

// WebhookSecret decodes a secret as it is shown: base64, usually after "whsec_".
func WebhookSecret(text string) ([]byte, error) {
	encoded := strings.TrimPrefix(text, "whsec_")
	secret, err := strictBase64(encoded)
	if err != nil || len(secret) == 0 {
		return nil, ErrSecret
	}
	return secret, nil
}

// SignWebhook answers with the value of webhook-signature: one "v1,BASE64" for
// each secret, joined by blanks, so that a receiver may hold the old or the new
// one during a rotation. The signed text is id.timestamp.body; an id with a dot
// would let another id, time and body spell the same text, so it is refused.
func SignWebhook(secrets [][]byte, id string, at time.Time, body []byte) (string, error) {
	if !webhookID(id) || len(secrets) == 0 || at.Unix() < 1 {
		return "", errors.Join(ErrUnsignable, errors.New("a webhook has an id of letters, digits, _ and -, a time and a secret"))
	}
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		mac := webhookMAC(secret, id, strconv.FormatInt(at.Unix(), 10), body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac)
	}
	return strings.Join(signatures, " "), nil
}

// VerifyWebhook checks a request. header is an http.Header or any map :: name →
// values; names are matched without case and each of the three occurs once. Any
// one signature by any one secret suffices.
func VerifyWebhook(secrets [][]byte, header map[string][]string, body []byte, now time.Time, tolerance time.Duration) error {
	id, timestamp, signatures, err := webhookHeaders(header)
	if err != nil {
		return err
	}
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || at < 1 || strconv.FormatInt(at, 10) != timestamp {
		return refused(ProofMalformed, "%s is no time in seconds since 1970.", HeaderTimestamp)
	}
	if !webhookID(id) {
		return refused(ProofMalformed, "%s has a character that an id cannot have.", HeaderID)
	}
	macs, err := webhookSignatures(signatures)
	if err != nil {
		return err
	}
	matched := false
	for _, secret := range secrets {
		want := webhookMAC(secret, id, timestamp, body)
		for _, mac := range macs {
			matched = hmac.Equal(want, mac) || matched
		}
	}
	if !matched {
		return refused(ProofMismatch, "No signature belongs to this id, time, body and secret.")
	}
	return judgeTime(time.Unix(at, 0), now, tolerance)
}

func webhookMAC(secret []byte, id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// webhookID says whether an id can stand before a dot unambiguously.
func webhookID(id string) bool {
	if id == "" || len(id) > 255 {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c >= 0x7f || c == '.' {
			return false
		}
	}
	return true
}

func webhookHeaders(header map[string][]string) (id, timestamp, signatures string, err error) {
	if id, err = one(header, HeaderID); err != nil {
		return "", "", "", err
	}
	if timestamp, err = one(header, HeaderTimestamp); err != nil {
		return "", "", "", err
	}
	signatures, err = one(header, HeaderSignature)
	return id, timestamp, signatures, err
}

// one is the only value of a header.
func one(header map[string][]string, name string) (string, error) {
	var values []string
	for n, v := range header {
		if strings.EqualFold(n, name) {
			values = append(values, v...)
		}
	}
	switch {
	case len(values) > 1:
		return "", refused(ProofMalformed, "%s occurs more than once.", name)
	case len(values) == 0 || values[0] == "":
		return "", refused(ProofMissing, "%s is missing.", name)
	}
	return values[0], nil
}

// webhookSignatures reads the v1 signatures of the list; other versions are left
// for those who know them.
func webhookSignatures(list string) ([][]byte, error) {
	var macs [][]byte
	items := strings.Split(list, " ")
	if len(items) > maxSignatures {
		return nil, refused(ProofMalformed, "%s holds more than %d signatures.", HeaderSignature, maxSignatures)
	}
	for _, item := range items {
		encoded, isV1 := strings.CutPrefix(item, "v1,")
		if !isV1 {
			continue
		}
		mac, err := strictBase64(encoded)
		if err != nil || len(mac) != sha256.Size {
			return nil, refused(ProofMalformed, "A v1 signature is not 32 bytes in base64.")
		}
		macs = append(macs, mac)
	}
	if len(macs) == 0 {
		return nil, refused(ProofMissing, "%s holds no v1 signature.", HeaderSignature)
	}
	return macs, nil
}

func judgeTime(at, now time.Time, tolerance time.Duration) error {
	switch {
	case now.Sub(at) > tolerance:
		return refused(TokenExpired, "The request was signed too long ago.")
	case at.Sub(now) > tolerance:
		return refused(TokenEarly, "The request was signed in the future: a clock is wrong.")
	}
	return nil
}

// strictBase64 is standard base64 with its padding, one spelling a value: the
// library's decoder would skip line breaks.
func strictBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}
