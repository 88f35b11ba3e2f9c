package diagnose

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"countersign/identity"
	"countersign/identity/dialect"
)

// otherwise is what is certain about a hash that no candidate gives.
func (q *Question) otherwise(refusal *identity.Error, target Key) []Cause {
	row, _ := dialect.Get(target.Dialect)
	right, other := q.fields(target.Signs)
	cause := func(code Code, explain, fix string) []Cause { return []Cause{{code, explain, fix}} }
	switch refusal.Reason {
	case identity.ProofMissing:
		return cause(NotAHash, "Nothing was sent: the hash is empty.", "Have the backend print the hash into the page; an empty or null value counts as none.")
	case identity.ProofMalformed:
		return cause(NotAHash, shape(q.Hash), hexFix)
	case identity.IdentifierNotCovered:
		return cause(IdentifierKind, "The page sends only the "+other.name+", and this key signs the "+right.name+".",
			"Send the "+right.name+" and sign it, or let the key sign the "+other.name+".")
	case identity.IdentifierAmbiguous:
		return cause(IdentifierKind, "The key signs user id or email, and this user id looks like an email.", "Let the key sign one field; the user id is the safer one.")
	case identity.IdentifierMalformed:
		return q.malformed(right, refusal)
	case identity.KeyRetired, identity.KeyRevoked:
		return cause(RetiredKey, refusal.Message+" It is "+q.named(refusal.Key)+".", "Give the backend the secret of the channel's active key.")
	case identity.KeyUnusable:
		if row.Proof != identity.ProofHash {
			return cause(NotAHash, "A hash was sent, and a key of "+row.Name+" takes a token.", "Send a token, or make a key that takes hashes.")
		}
	case identity.ProofMismatch:
		return []Cause{q.unknown(right, other)}
	}
	meaning, remedy := refusal.Reason.Explain()
	return cause(Unknown, refusal.Message+" "+meaning, remedy)
}

// malformed is an identifier that can name nobody.
func (q *Question) malformed(right field, refusal *identity.Error) []Cause {
	const fix = "Send and sign the identifier as the product stores it, without anything around it."
	switch {
	case strings.ContainsAny(right.text, "\r\n"):
		return []Cause{{Newline, "The " + right.name + " holds a line break, and no identifier may.", fix}}
	case strings.ContainsAny(right.text, " \t") && right.name == "email":
		return []Cause{{Blanks, "The email holds a blank, and no address does.", fix}}
	case right.name == "email" && strings.Count(right.text, "@") != 1:
		return []Cause{{IdentifierKind, "What is given as the email is no address: " + quote(right.text) + ".", "Send the address as the email; if the product signs user ids, let the key sign them."}}
	}
	return []Cause{{Unknown, refusal.Message, fix}}
}

// unknown says what was ruled out, so that nobody tries it again.
func (q *Question) unknown(right, other field) Cause {
	tried := "Tried without success: " + q.tried() + ", other readings of each secret, other spellings of the " + right.name
	if other.text != "" {
		tried += ", the " + other.name
	}
	fix := "Compare what the backend hashes and its secret with these, byte for byte; print the length of both."
	if other.text == "" {
		fix = "Give the " + other.name + " as well, in case the backend signs that. " + fix
	}
	return Cause{Unknown, "The hash has the right form, and no known mistake gives it. " + tried + ", other algorithms, and two of these at once.", fix}
}

// tried is how many keys were.
func (q *Question) tried() string {
	n := len(q.others(Key{}))
	for _, key := range q.asked {
		if key.Secret.Len() > 0 || key.Public != nil {
			n++
		}
	}
	switch n {
	case 0:
		return "no key, since there is none"
	case 1:
		return "1 key"
	}
	return strconv.Itoa(n) + " keys"
}

// shape says what a text is that is no hash.
func shape(text string) string {
	digits := strings.Trim(strings.ToLower(text), "0123456789abcdef") == ""
	switch {
	case strings.Count(text, ".") == 2 && strings.HasPrefix(text, "eyJ"):
		return "This is a JSON Web Token, not a hash: it goes into another field, and takes a key for tokens."
	case strings.HasPrefix(text, "v1."):
		return "This is a v1 token, not a hash: it goes into another field, and takes a key for tokens."
	case digits && len(text) < 64:
		return fmt.Sprintf("The hash has %d hexadecimal digits, and HMAC-SHA256 has 64: it was cut off, or made otherwise.", len(text))
	case digits:
		return fmt.Sprintf("The hash has %d hexadecimal digits, and HMAC-SHA256 has 64.", len(text))
	}
	return fmt.Sprintf("This is no hash: it has %d characters, and HMAC-SHA256 has 64 hexadecimal digits.", utf8.RuneCountInString(text))
}

// named is a key of the channel by its id.
func (q *Question) named(id string) string {
	for _, key := range q.Keys {
		if key.ID == id && id != "" {
			return nameOf(key) + since(key, q.Now)
		}
	}
	return "a key of this channel"
}

const maxQuoted = 64 // characters

// quote shows what was pasted, cut and escaped.
func quote(text string) string {
	cut := []rune(strings.ToValidUTF8(text, "\uFFFD"))
	if len(cut) > maxQuoted {
		cut = append(cut[:maxQuoted-1], '…')
	}
	return strconv.Quote(string(cut))
}

// span is a length of time as people say it, in at most two units.
func span(d time.Duration) string {
	d = d.Abs()
	if d < time.Second {
		return "less than a second"
	}
	units := []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}}
	var parts []string
	for _, unit := range units {
		n := int64(d / unit.of)
		d -= time.Duration(n) * unit.of
		if n == 0 {
			if len(parts) > 0 {
				break
			}
			continue
		}
		part := strconv.FormatInt(n, 10) + " " + unit.name
		if n != 1 {
			part += "s"
		}
		if parts = append(parts, part); len(parts) == 2 {
			break
		}
	}
	return strings.Join(parts, " and ")
}
