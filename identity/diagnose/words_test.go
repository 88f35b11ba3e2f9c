package diagnose_test

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
)

// Every sentence that an operator may read of a hash: what was done, to which field, and
// what to do instead. The words are held, since they are what the product is here for.
func TestSentencesAboutHashes(t *testing.T) {
	own := secretOf("key_own")
	right := digest(own, "Ada")
	for name, c := range map[string]struct {
		id, mail, hash string
		code           diagnose.Code
		says, fix      string
	}{
		"lower case": {
			"Ada", "", digest(own, "ada"), diagnose.LetterCase,
			"The backend signs the user id in lower case, and the page sends it otherwise.", "Sign the user id with the very letters that the page sends.",
		},
		"upper case": {
			"Ada", "", digest(own, "ADA"), diagnose.LetterCase,
			"The backend signs the user id in upper case, and the page sends it otherwise.", "Sign the user id with the very letters that the page sends.",
		},
		"a capital": {
			"ada", "", digest(own, "Ada"), diagnose.LetterCase,
			"The backend signs the user id with a capital at its beginning, and the page sends it otherwise.", "very letters",
		},
		"a blank behind": {
			"Ada", "", digest(own, "Ada "), diagnose.Blanks,
			"The backend signs the user id with a blank at its end.", "Sign the user id alone, exactly as the page sends it.",
		},
		"a blank before": {
			"Ada", "", digest(own, " Ada"), diagnose.Blanks,
			"The backend signs the user id with a blank before it.", "Sign the user id alone",
		},
		"blanks around": {
			"Ada", "", digest(own, " Ada "), diagnose.Blanks,
			"The backend signs the user id with blanks around it.", "Sign the user id alone",
		},
		"a tab": {
			"Ada", "", digest(own, "Ada\t"), diagnose.Blanks,
			"The backend signs the user id with a tab at its end.", "Sign the user id alone",
		},
		"the page's blanks": {
			" Ada ", "", digest(own, "Ada"), diagnose.Blanks,
			"The page sends the user id with blanks around it, and the backend signs it without.", "Send and sign the very same text: remove it on both sides.",
		},
		"blanks inside": {
			"A d a", "", digest(own, "Ada"), diagnose.Blanks,
			"The page sends the user id with blanks in it, and the backend signs it without.", "the very same text",
		},
		"a line break": {
			"Ada", "", digest(own, "Ada\n"), diagnose.Newline,
			"The backend signs the user id with a line break at its end.", "Sign the user id alone",
		},
		"a line break before": {
			"Ada", "", digest(own, "\nAda"), diagnose.Newline,
			"The backend signs the user id with a line break before it.", "Sign the user id alone",
		},
		"the secret's line break": {
			"Ada", "", digest(own+"\n", "Ada"), diagnose.Newline,
			"The backend signs with a line break at the end of the secret: a file's last line was read with it.", "Remove the line break from the secret after reading it.",
		},
		"the secret's blank": {
			"Ada", "", digest(own+" ", "Ada"), diagnose.Blanks,
			"The backend signs with a blank beside the secret.", "Read the secret byte for byte, without anything around it.",
		},
		"the secret in capitals": {
			"Ada", "", digest(strings.ToUpper(own), "Ada"), diagnose.LetterCase,
			"The backend changes the secret's letters between upper and lower case.", "Use the secret's letters as they are.",
		},
		"the secret decoded": {
			"Ada", "", digest(unhex(own), "Ada"), diagnose.SecretAsHex,
			"The backend decodes the secret from hexadecimal.", "Use the secret as text, all of its characters, without decoding it.",
		},
		"the secret encoded": {
			"Ada", "", digest(base64.StdEncoding.EncodeToString([]byte(own)), "Ada"), diagnose.Base64,
			"The backend encodes the secret as base64 before it signs.", "Use the secret as it is shown, as text.",
		},
		"the email": {
			"Ada", "ada@example.com", digest(own, "ada@example.com"), diagnose.IdentifierKind,
			"The backend signs the email, and this key signs the user id.", "Sign the user id, exactly as the page sends it; or let a key sign the email.",
		},
		"the part before the @": {
			"Ada", "lovelace@example.com", digest(own, "lovelace"), diagnose.IdentifierKind,
			"The backend signs the part of the email before its @, and this key signs the user id.", "Sign the user id",
		},
		"both": {
			"Ada", "ada@example.com", digest(own, "Ada:ada@example.com"), diagnose.IdentifierKind,
			"The backend signs the user id and the email together, and this key signs the user id.", "Sign the user id",
		},
		"both, the other way": {
			"Ada", "ada@example.com", digest(own, "ada@example.com|Ada"), diagnose.IdentifierKind,
			"The backend signs the email and the user id together", "Sign the user id",
		},
		"escaped for an address": {
			"a+b@c", "", digest(own, "a%2Bb%40c"), diagnose.IdentifierKind,
			"The backend signs the user id escaped as for an address, and not as it is.", "Sign the user id first, and escape only what is printed.",
		},
		"sent escaped": {
			"a%2Bb", "", digest(own, "a+b"), diagnose.IdentifierKind,
			"The page sends the user id escaped as for an address, and the backend signs it as it is.", "Have the page send the user id as it is.",
		},
		"escaped for HTML": {
			"a&b", "", digest(own, "a&amp;b"), diagnose.IdentifierKind,
			"The backend signs the user id escaped as for HTML, and not as it is.", "escape only what is printed",
		},
		"sent escaped for HTML": {
			"a&amp;b", "", digest(own, "a&b"), diagnose.IdentifierKind,
			"The page sends the user id escaped as for HTML, and the backend signs it as it is.", "Have the page send the user id as it is.",
		},
		"as JSON": {
			"Ada", "", digest(own, `"Ada"`), diagnose.IdentifierKind,
			"The backend signs the user id in the quotation marks of JSON, and not as it is.", "Sign the user id first",
		},
		"sent in quotation marks": {
			`"Ada"`, "", digest(own, "Ada"), diagnose.IdentifierKind,
			"The page sends the user id in quotation marks, and the backend signs it as it is.", "Have the page send the user id as it is.",
		},
		"a number": {
			"42", "", digest(own, "42.0"), diagnose.NumberFormat,
			`The backend signs the user id as the number "42.0", and the page sends "42".`, "Turn the number into text once, as an integer's decimal digits, and sign and send that text.",
		},
		"swapped": {
			"Ada", "", digest("Ada", own), diagnose.Swapped,
			"Key and message are swapped: the identifier was used as the key and the secret as the message.", "Use HMAC-SHA256 once: the secret is the key, the identifier is the message.",
		},
		"without a key": {
			"Ada", "", sha256Of("Ada"), diagnose.PlainSHA256,
			"The identifier was hashed alone, without the secret: anybody could make this hash.", "Use HMAC-SHA256 once",
		},
		"joined": {
			"Ada", "", sha256Of(own + "Ada"), diagnose.PlainSHA256,
			"Secret and identifier were joined and hashed, which is no HMAC.", "Use HMAC-SHA256 once",
		},
		"joined, the other way": {
			"Ada", "", sha256Of("Ada" + own), diagnose.PlainSHA256,
			"Secret and identifier were joined and hashed, which is no HMAC.", "Use HMAC-SHA256 once",
		},
		"joined by a colon": {
			"Ada", "", sha256Of(own + ":Ada"), diagnose.PlainSHA256,
			"Secret and identifier were joined and hashed, which is no HMAC.", "Use HMAC-SHA256 once",
		},
		"hashed again": {
			"Ada", "", sha256Of(right), diagnose.HashedTwice,
			"The hash was hashed again.", "Use HMAC-SHA256 once",
		},
		"signed again": {
			"Ada", "", digest(own, right), diagnose.HashedTwice,
			"The hash was hashed again.", "Use HMAC-SHA256 once",
		},
		"its bytes signed again": {
			"Ada", "", digest(own, unhex(right)), diagnose.HashedTwice,
			"The hash was hashed again.", "Use HMAC-SHA256 once",
		},
		"the identifier hashed": {
			"Ada", "", digest(own, sha256Of("Ada")), diagnose.HashedTwice,
			"The identifier was hashed before it was signed.", "Sign the identifier itself, not a hash of it.",
		},
		"the secret hashed": {
			"Ada", "", digest(sha256Of(own), "Ada"), diagnose.HashedTwice,
			"The secret was hashed before it was used as the key.", "Use the secret itself as the key, not a hash of it.",
		},
		"the secret hashed, its bytes": {
			"Ada", "", digest(unhex(sha256Of(own)), "Ada"), diagnose.HashedTwice,
			"The secret was hashed before it was used as the key.", "not a hash of it",
		},
		"MD5": {
			"Ada", "", hex.EncodeToString(mac(md5.New, own, "Ada")), diagnose.NotAHash,
			"The hash is MD5, 16 bytes long.", "Use SHA-256, whose HMAC has 32 bytes, 64 hexadecimal digits.",
		},
		"SHA-1": {
			"Ada", "", hex.EncodeToString(mac(sha1.New, own, "Ada")), diagnose.SHA1,
			"The hash is SHA-1, 20 bytes long.", "Use SHA-256",
		},
		"SHA-224": {
			"Ada", "", hex.EncodeToString(mac(sha256.New224, own, "Ada")), diagnose.NotAHash,
			"The hash is SHA-224, 28 bytes long.", "Use SHA-256",
		},
		"SHA-384": {
			"Ada", "", hex.EncodeToString(mac(sha512.New384, own, "Ada")), diagnose.SHA512,
			"The hash is SHA-384, 48 bytes long.", "Use SHA-256",
		},
		"SHA-512": {
			"Ada", "", hex.EncodeToString(mac(sha512.New, own, "Ada")), diagnose.SHA512,
			"The hash is SHA-512, 64 bytes long.", "Use SHA-256",
		},
		"base64": {
			"Ada", "", base64.StdEncoding.EncodeToString([]byte(unhex(right))), diagnose.Base64,
			"The hash is base64, and this dialect takes hexadecimal.", "Send the hash as 64 hexadecimal digits.",
		},
		"base64 of digits": {
			"Ada", "", base64.StdEncoding.EncodeToString([]byte(right)), diagnose.Base64,
			"The hexadecimal digits of the hash were encoded as base64 once more.", "Send the hash as 64 hexadecimal digits.",
		},
		"hexadecimal twice": {
			"Ada", "", hex.EncodeToString([]byte(right)), diagnose.NotAHash,
			"The hash is written in hexadecimal twice.", "Send the hash as 64 hexadecimal digits.",
		},
		"hyphens": {
			"Ada", "", hyphened(right), diagnose.NotAHash,
			`The hash's digits are separated by "-".`, "Send the hash as 64 hexadecimal digits.",
		},
		"colons": {
			"Ada", "", strings.ReplaceAll(hyphened(right), "-", ":"), diagnose.NotAHash,
			`The hash's digits are separated by ":".`, "Send the hash as 64 hexadecimal digits.",
		},
		"a prefix": {
			"Ada", "", "sha256=" + right, diagnose.NotAHash,
			"Something stands around the hash.", "Send the 64 digits alone.",
		},
		"0x": {
			"Ada", "", "0x" + right, diagnose.NotAHash,
			"Something stands around the hash.", "Send the 64 digits alone.",
		},
		"quotation marks": {
			"Ada", "", `"` + right + `"`, diagnose.NotAHash,
			"Something stands around the hash.", "Send the 64 digits alone.",
		},
		"a line break behind the hash": {
			"Ada", "", right + "\r\n", diagnose.Newline,
			"The hash ends in a line break.", "Remove the line break: send the 64 digits alone.",
		},
		"a blank before the hash": {
			"Ada", "", "\t" + right, diagnose.Blanks,
			"Blanks stand around the hash.", "Send the 64 digits alone, without blanks.",
		},
		"blanks inside the hash": {
			"Ada", "", right[:32] + " " + right[32:], diagnose.Blanks,
			"Blanks stand inside the hash.", "Send the 64 digits alone, without blanks.",
		},
		"a hash escaped for an address": {
			"Ada", "", url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(unhex(right)))), "",
			"The hash is escaped as for an address.", "Send the hash as 64 hexadecimal digits.",
		},
		"63 digits": {
			"Ada", "", right[:63], diagnose.NotAHash,
			"The hash has 63 hexadecimal digits, and HMAC-SHA256 has 64: it was cut off, or made otherwise.", "Send the hash as 64 hexadecimal digits.",
		},
		"65 digits": {
			"Ada", "", right + "0", diagnose.NotAHash,
			"The hash has 65 hexadecimal digits, and HMAC-SHA256 has 64.", "Send the hash as 64 hexadecimal digits.",
		},
		"no hash": {
			"Ada", "", "not a hash, 🎉", diagnose.NotAHash,
			"This is no hash: it has 13 characters, and HMAC-SHA256 has 64 hexadecimal digits.", "Send the hash as 64 hexadecimal digits.",
		},
		"a v1 token": {
			"Ada", "", "v1.a.b.c.d.e", diagnose.NotAHash,
			"This is a v1 token, not a hash: it goes into another field, and takes a key for tokens.", "Send the hash as 64 hexadecimal digits.",
		},
		"nothing": {
			"Ada", "", "", diagnose.NotAHash,
			"Nothing was sent: the hash is empty.", "Have the backend print the hash into the page; an empty or null value counts as none.",
		},
		"only an email": {
			"", "ada@example.com", strings.Repeat("ab", 32), diagnose.IdentifierKind,
			"The page sends only the email, and this key signs the user id.", "Send the user id and sign it, or let the key sign the email.",
		},
		"nobody's, and no email": {
			"Ada", "", strings.Repeat("ab", 32), diagnose.Unknown,
			"Tried without success: 4 keys, other readings of each secret, other spellings of the user id, other algorithms, and two of these at once.", "Give the email as well, in case the backend signs that.",
		},
		"nobody's": {
			"Ada", "ada@example.com", strings.Repeat("ab", 32), diagnose.Unknown,
			"other spellings of the user id, the email, other algorithms", "Compare what the backend hashes and its secret with these, byte for byte; print the length of both.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := questionFor(t, "native")
			q.UserID, q.Email, q.Hash = c.id, c.mail, c.hash
			a := diagnose.Diagnose(q)
			hold(t, q, a)
			if c.code != "" && (len(a.Causes) != 1 || a.Causes[0].Code != c.code) {
				t.Fatalf("wanted %s, got %+v", c.code, a.Causes)
			}
			if !slices.ContainsFunc(a.Causes, func(cause diagnose.Cause) bool {
				return strings.Contains(cause.Explain, c.says) && strings.Contains(cause.Fix, c.fix)
			}) {
				t.Errorf("wanted %q and %q, got %+v", c.says, c.fix, a.Causes)
			}
		})
	}
}

func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// The field that is named is the one that was signed, also where it is not the key's own.
func TestTheFieldThatWasSignedIsNamed(t *testing.T) {
	own := secretOf("key_own")
	for _, c := range []struct{ dialect, signed, says string }{
		{"native", strings.ToLower(email), "signs the email in lower case"},
		{"native", strings.ToUpper(email), "signs the email in upper case"},
		{"native", email + " ", "signs the email with a blank at its end"},
		{"native", email + "\n", "signs the email with a line break at its end"},
		{"native", strings.Replace(email, "@", "%40", 1), "signs the email, and this key signs the user id"}, // one cause a code: this one undoes both
		{"native", "ada.lovelace", "signs the part of the email before its @ in lower case"},
		{"native", "Ada.Lovelace ", "signs the part of the email before its @ with a blank at its end"},
		{"native", userID + ":" + email + "\n", "signs the user id and the email together with a line break at its end"},
		{"native", userID + " ", "signs the user id with a blank at its end"},
		{"helpscout", userID + " ", "signs the user id with a blank at its end"},
		{"helpscout", userID + ".0", "signs the user id as the number"},
		{"helpscout", "1.23456789012e+11", "signs the user id as the number"},
		{"helpscout", email + " ", "signs the email with a blank at its end"},
		{"helpscout", "ADA.LOVELACE", "signs the part of the email before its @ in upper case"},
		{"ensoras", email, "The email was signed with its capital letters"},
		{"ensoras", strings.ToUpper(email), "signs the email in upper case"},
		{"ensoras", userID, "signs the user id, and this key signs the email"},
		{"ensoras", userID + "\n", "signs the user id with a line break at its end"},
	} {
		q := questionFor(t, c.dialect)
		q.Hash = digest(own, c.signed)
		a := diagnose.Diagnose(q)
		if hold(t, q, a); !slices.ContainsFunc(a.Causes, func(cause diagnose.Cause) bool { return strings.Contains(cause.Explain, c.says) }) {
			t.Errorf("%s signing %q: %+v does not say %q", c.dialect, c.signed, a.Causes, c.says)
		}
	}
}

// The likeliest cause comes first, in the order of interface.md, whichever was made first.
func TestCausesComeInTheOrderOfTheInterface(t *testing.T) {
	place := func(code diagnose.Code) int { return slices.Index(diagnose.Codes(), code) }
	for _, name := range []string{"native", "ensoras"} { // one signs the user id, one the email
		row, _ := dialect.Get(name)
		all := hashMistakes()
		for _, first := range all {
			for _, second := range all {
				if first.skip != nil && first.skip(row) || second.skip != nil && second.skip(row) || !together(first, second) {
					continue
				}
				q, m := questionFor(t, name), rightly(row, secretOf("key_own"))
				second.make(row, &m)
				first.make(row, &m)
				q.Hash = m.hash()
				causes := diagnose.Diagnose(q).Causes
				if !slices.IsSortedFunc(causes, func(a, b diagnose.Cause) int { return place(a.Code) - place(b.Code) }) {
					t.Errorf("%s, %s and %s: %+v", name, first.name, second.name, causes)
				}
			}
		}
	}
}

// For tokens the gate's own reason is first, unless the signer is not who it should be.
func TestTheGatesReasonComesFirst(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*tokenMaking)
		order  []diagnose.Code
	}{
		"expired, for another channel": {func(m *tokenMaking) { m.claims["exp"] = now.Unix(); m.claims["aud"] = "blog" }, []diagnose.Code{diagnose.Audience, diagnose.Expired}},
		"expired, and too long":        {func(m *tokenMaking) { m.claims["iat"], m.claims["exp"] = now.Add(-100*time.Hour).Unix(), now.Unix() }, []diagnose.Code{diagnose.Expired, "lifetime_too_long"}},
		"from the future, and too long": {func(m *tokenMaking) {
			m.claims["iat"], m.claims["exp"] = now.Add(time.Hour).Unix(), now.Add(100*time.Hour).Unix()
		}, []diagnose.Code{diagnose.ClockSkew, "lifetime_too_long"}},
		"another's key, expired":          {func(m *tokenMaking) { m.key = secretOf("blog"); m.claims["exp"] = now.Unix() }, []diagnose.Code{diagnose.OtherKey, diagnose.Expired}},
		"a retired key, for another":      {func(m *tokenMaking) { m.key = secretOf("key_old"); m.claims["aud"] = "blog" }, []diagnose.Code{diagnose.RetiredKey, diagnose.Audience}},
		"a revoked key, expired":          {func(m *tokenMaking) { m.key = secretOf("key_leaked"); m.claims["exp"] = now.Unix() }, []diagnose.Code{diagnose.RetiredKey, diagnose.Expired}},
		"digits decoded, expired":         {func(m *tokenMaking) { m.key = unhex(m.key); m.claims["exp"] = now.Unix() }, []diagnose.Code{diagnose.SecretAsHex, diagnose.Expired}},
		"no exp, for another":             {func(m *tokenMaking) { delete(m.claims, "exp"); m.claims["aud"] = "blog" }, []diagnose.Code{diagnose.Audience, "claim_missing"}},
		"no person, expired":              {func(m *tokenMaking) { delete(m.claims, "user_id"); m.claims["exp"] = now.Unix() }, []diagnose.Code{diagnose.Expired, diagnose.IdentifierKind}},
		"a fraction, expired":             {func(m *tokenMaking) { m.claims["user_id"] = 1.5; m.claims["exp"] = now.Unix() }, []diagnose.Code{diagnose.NumberFormat, diagnose.Expired}},
		"a line break in it, for another": {func(m *tokenMaking) { m.claims["user_id"] = "a\n"; m.claims["aud"] = "blog" }, []diagnose.Code{diagnose.Audience, diagnose.Newline}},
		"not yet, for another":            {func(m *tokenMaking) { m.claims["nbf"] = now.Add(time.Hour).Unix(); m.claims["aud"] = "blog" }, []diagnose.Code{diagnose.Audience, diagnose.ClockSkew}},
		"expired, for another, too long": {func(m *tokenMaking) {
			m.claims["iat"], m.claims["exp"], m.claims["aud"] = now.Add(-100*time.Hour).Unix(), now.Unix(), "blog"
		}, []diagnose.Code{diagnose.Audience, diagnose.Expired, "lifetime_too_long"}},
		"another's, expired, for another":   {func(m *tokenMaking) { m.key, m.claims["exp"], m.claims["aud"] = secretOf("blog"), now.Unix(), "blog" }, []diagnose.Code{diagnose.OtherKey, diagnose.Expired, diagnose.Audience}},
		"a blank around, expired":           {func(m *tokenMaking) { m.around, m.claims["exp"] = " ", now.Unix() }, []diagnose.Code{diagnose.Blanks, diagnose.Expired}},
		"a line break around, from another": {func(m *tokenMaking) { m.around, m.key = "\n", secretOf("blog") }, []diagnose.Code{diagnose.Newline, diagnose.OtherKey}},
	} {
		q, m := questionFor(t, "native-jwt"), tokenRightly(dialect.Row{Signs: []identity.Signs{identity.SignsUserID}})
		c.change(&m)
		q.UserID, q.Email, q.Token = "", "", m.token()
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		var order []diagnose.Code
		for _, cause := range a.Causes {
			order = append(order, cause.Code)
		}
		if !slices.Equal(order, c.order) {
			t.Errorf("%s: %v, wanted %v", name, order, c.order)
		}
	}
}

// How much: each figure to the second, and where the line is.
func TestFiguresOfTimeAreExact(t *testing.T) {
	for _, c := range []struct {
		issued, expires time.Duration // from now
		code            diagnose.Code
		says            string
	}{
		{-time.Hour, 0, diagnose.Expired, "expired less than a second ago, at 2026-03-01T12:00:00Z"},
		{-time.Hour, time.Second, "", ""},
		{-time.Hour, -time.Second, diagnose.Expired, "expired 1 second ago, at 2026-03-01T11:59:59Z"},
		{-time.Hour, -59 * time.Second, diagnose.Expired, "expired 59 seconds ago"},
		{-time.Hour, -time.Minute, diagnose.Expired, "expired 1 minute ago"},
		{-3 * time.Hour, -61 * time.Second, diagnose.Expired, "expired 1 minute and 1 second ago"},
		{-25 * time.Hour, -2*time.Hour - 30*time.Minute, diagnose.Expired, "expired 2 hours and 30 minutes ago"},
		{-49 * time.Hour, -25 * time.Hour, diagnose.Expired, "expired 1 day and 1 hour ago"},
		{-366 * 24 * time.Hour, -365 * 24 * time.Hour, diagnose.Expired, "expired 365 days ago"},
		{30 * time.Second, time.Minute, "", ""},
		{31 * time.Second, time.Minute, diagnose.ClockSkew, "issued 31 seconds in the future, at 2026-03-01T12:00:31Z"},
		{time.Hour, 2 * time.Hour, diagnose.ClockSkew, "issued 1 hour in the future"},
		{24 * time.Hour, 25 * time.Hour, diagnose.ClockSkew, "issued 1 day in the future"},
		{-time.Hour, 23 * time.Hour, "", ""},
		{-time.Hour, 23*time.Hour + time.Second, "lifetime_too_long", "lives for 1 day, and at most 1 day are allowed"},
		{-time.Hour, 24 * time.Hour, "lifetime_too_long", "lives for 1 day and 1 hour, and at most 1 day are allowed"},
		{0, 365 * 24 * time.Hour, "lifetime_too_long", "lives for 365 days, and at most 1 day are allowed"},
	} {
		q, m := questionFor(t, "native-jwt"), tokenRightly(dialect.Row{Signs: []identity.Signs{identity.SignsUserID}})
		m.claims["iat"], m.claims["exp"] = now.Add(c.issued).Unix(), now.Add(c.expires).Unix()
		q.UserID, q.Email, q.Token = "", "", m.token()
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if c.code == "" {
			if !a.Verified {
				t.Errorf("%v to %v: %+v", c.issued, c.expires, a.Causes)
			}
			continue
		}
		if len(a.Causes) != 1 || a.Causes[0].Code != c.code || !strings.Contains(a.Causes[0].Explain, c.says) {
			t.Errorf("%v to %v: %+v does not say %q", c.issued, c.expires, a.Causes, c.says)
		}
	}
}

// How many keys were tried is said, so that nobody wonders whether theirs was among them.
func TestTheNumberOfKeysTriedIsSaid(t *testing.T) {
	q := questionFor(t, "native")
	q.Hash = strings.Repeat("ab", 32)
	for _, c := range []struct {
		own, others int
		says        string
	}{{3, 1, "4 keys"}, {1, 0, "1 key,"}, {1, 1, "2 keys"}, {0, 1, ""}} {
		asked := q
		asked.Keys, asked.Others = q.Keys[:c.own], q.Others[:c.others]
		a := diagnose.Diagnose(asked)
		if hold(t, asked, a); len(a.Causes) != 1 || a.Causes[0].Code != diagnose.Unknown || !strings.Contains(a.Causes[0].Explain, c.says) {
			t.Errorf("%d and %d: %+v", c.own, c.others, a.Causes)
		}
	}
}
