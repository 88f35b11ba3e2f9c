package identity_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// timeLiterals are spellings of a time in JSON and whether one is read. What is not
// refused the whole token over, since a library that reads it otherwise would give the
// token another life.
var timeLiterals = []struct {
	literal string
	read    bool
	reads   int64 // seconds, if it is read
}{
	{"1", true, 1},
	{"1772366400", true, 1772366400},
	{"1772366400.0", true, 1772366400},
	{"1772366400.9", true, 1772366400},
	{"1772366400.999999999999", true, 1772366400},
	{"253402300799", true, 253402300799},
	{"253402300799.0", true, 253402300799},
	{"1.9", true, 1},
	{"0", false, 0},
	{"0.9", false, 0},
	{"-0", false, 0},
	{"-1", false, 0},
	{"-1772366400", false, 0},
	{"253402300800", false, 0},
	{"9007199254740992", false, 0},
	{"9223372036854775807", false, 0},
	{"9223372036854775808", false, 0},
	{"18446744073709551616", false, 0},
	{"99999999999999999999999999999999", false, 0},
	{"1e3", false, 0},
	{"1E3", false, 0},
	{"1e+9", false, 0},
	{"1e-9", false, 0},
	{"1.5e9", false, 0},
	{"1e400", false, 0},
	{"-1e400", false, 0},
	{`"1772366400"`, false, 0},
	{`"2026-03-01T12:00:00Z"`, false, 0},
	{`""`, false, 0},
	{"null", false, 0},
	{"true", false, 0},
	{"false", false, 0},
	{"[1772366400]", false, 0},
	{`{"seconds":1772366400}`, false, 0},
	{"[]", false, 0},
	{"{}", false, 0},
}

// TestTimesHaveOneReading for each of the three claims, under every algorithm.
func TestTimesHaveOneReading(t *testing.T) {
	for _, key := range allJWTKeys(t) {
		for _, claim := range []string{"iat", "exp", "nbf"} {
			for _, c := range timeLiterals {
				got := reasonFor(t, signedFor(t, key, headerOf(key.Algorithm()), claims(claim, c.literal)), key)
				if (got == identity.TokenMalformed) == c.read && !endsBeforeItBegan(claim, c.reads) {
					t.Errorf("key of %s, %s %s: %q", key.Algorithm(), claim, c.literal, got)
				}
			}
		}
	}
}

// endsBeforeItBegan: such a token is malformed for another reason.
func endsBeforeItBegan(claim string, at int64) bool {
	return claim == "iat" && at > vectorEpoch+600
}

// TestFractionsEndATokenEarly and never late.
func TestFractionsEndATokenEarly(t *testing.T) {
	key := keyOf(t, "native-jwt", dialect.Setup{})
	for _, c := range []struct {
		exp  string
		want identity.Reason
	}{
		{fmt.Sprint(vectorEpoch) + ".999", identity.TokenExpired},
		{fmt.Sprint(vectorEpoch+1) + ".0", ""},
		{fmt.Sprint(vectorEpoch+1) + ".999", ""},
	} {
		if got := reasonFor(t, compact(vectorSecret, plainHeader, claims("exp", c.exp)), key); got != c.want {
			t.Errorf("exp %s: %q", c.exp, got)
		}
	}
	v, err := identity.Verify(ringOf(t, key), identity.Assertion{Token: compact(vectorSecret, plainHeader, claims("exp", fmt.Sprint(vectorEpoch+9)+".9"))}, testNow)
	if err != nil || !v.ExpiresAt().Equal(testNow.Add(9*time.Second)) {
		t.Errorf("it ends at %v, %v", v.ExpiresAt(), err)
	}
}

// identifierLiterals are spellings of an id in JSON; what they name is one text in
// every reader, or nothing.
var identifierLiterals = []struct {
	literal string
	names   string
	reason  identity.Reason
}{
	{`"u1"`, "u1", ""},
	{`"U1"`, "U1", ""},
	{`" u1"`, " u1", ""},
	{`"u1 "`, "u1 ", ""},
	{`"\u0075\u0031"`, "u1", ""},
	{`"日本"`, "日本", ""},
	{`"\ud83d\ude00"`, "😀", ""},
	{`"é"`, "é", ""},
	{`"e\u0301"`, "e\u0301", ""},
	{`"\u212a"`, "\u212a", ""},
	{`"a@b"`, "a@b", ""},
	{`"null"`, "null", ""},
	{`"0"`, "0", ""},
	{`"user_id:x"`, "user_id:x", ""},
	{"0", "0", ""},
	{"1", "1", ""},
	{"-1", "-1", ""},
	{"42", "42", ""},
	{"9007199254740991", "9007199254740991", ""},
	{"-9007199254740991", "-9007199254740991", ""},
	{"9007199254740992", "", identity.IdentifierMalformed},
	{"9007199254740993", "", identity.IdentifierMalformed},
	{"-9007199254740992", "", identity.IdentifierMalformed},
	{"18446744073709551616", "", identity.IdentifierMalformed},
	{"1.0", "", identity.IdentifierMalformed},
	{"1.5", "", identity.IdentifierMalformed},
	{"1e3", "", identity.IdentifierMalformed},
	{"1E3", "", identity.IdentifierMalformed},
	{"-0", "", identity.IdentifierMalformed},
	{"0.0", "", identity.IdentifierMalformed},
	{"true", "", identity.IdentifierMalformed},
	{"false", "", identity.IdentifierMalformed},
	{`["u1"]`, "", identity.IdentifierMalformed},
	{`{"id":"u1"}`, "", identity.IdentifierMalformed},
	{`[]`, "", identity.IdentifierMalformed},
	{`{}`, "", identity.IdentifierMalformed},
	{`null`, "", identity.ClaimMissing},
	{`""`, "", identity.ClaimMissing},
	{`"a\u0000b"`, "", identity.IdentifierMalformed},
	{`"a\nb"`, "", identity.IdentifierMalformed},
	{`"a\tb"`, "", identity.IdentifierMalformed},
	{`"a\u007fb"`, "", identity.IdentifierMalformed},
	{`"a\u0085b"`, "", identity.IdentifierMalformed},
	{`"` + strings.Repeat("a", 255) + `"`, strings.Repeat("a", 255), ""},
	{`"` + strings.Repeat("a", 256) + `"`, "", identity.IdentifierMalformed},
	{`"` + strings.Repeat("é", 127) + `"`, strings.Repeat("é", 127), ""},
	{`"` + strings.Repeat("é", 128) + `"`, "", identity.IdentifierMalformed},
	{`"\ud800"`, "", identity.TokenMalformed},
	{`"\udc00\ud800"`, "", identity.TokenMalformed},
	{`"\ud83d"`, "", identity.TokenMalformed},
}

// TestIdentifiersInATokenHaveOneReading under every algorithm.
func TestIdentifiersInATokenHaveOneReading(t *testing.T) {
	for _, key := range allJWTKeys(t) {
		for _, c := range identifierLiterals {
			token := signedFor(t, key, headerOf(key.Algorithm()), claims("user_id", c.literal))
			v, err := identity.Verify(ringOf(t, key), identity.Assertion{Token: token}, testNow)
			if identity.ReasonOf(err) != c.reason || v.Signed().Value != c.names {
				t.Errorf("key of %s, %.40s: %q, %v", key.Algorithm(), c.literal, v.Signed().Value, err)
			}
		}
	}
}

// emailLiterals are spellings of an address in JSON, and the person they name.
var emailLiterals = []struct {
	literal string
	names   string
	reason  identity.Reason
}{
	{`"ada@example.com"`, "ada@example.com", ""},
	{`"ADA@EXAMPLE.COM"`, "ada@example.com", ""},
	{`"ada+news@example.com"`, "ada+news@example.com", ""},
	{`"a.d.a@example.com"`, "a.d.a@example.com", ""},
	{`"\u0061da@example.com"`, "ada@example.com", ""},
	{`"\u212aelvin@example.com"`, "\u212aelvin@example.com", ""},
	{`"\u0130@example.com"`, "i\u0307@example.com", ""},
	{`"ΟΔΟΣ@example.com"`, "οδοσ@example.com", ""},
	{`"ａda@example.com"`, "ａda@example.com", ""},
	{`"ada@exämple.com"`, "ada@exämple.com", ""},
	{`"ada@localhost"`, "ada@localhost", ""},
	{`"ada"`, "", identity.IdentifierMalformed},
	{`"@example.com"`, "", identity.IdentifierMalformed},
	{`"ada@"`, "", identity.IdentifierMalformed},
	{`"ada@@example.com"`, "", identity.IdentifierMalformed},
	{`"ada@example.com@evil.example"`, "", identity.IdentifierMalformed},
	{`"ada @example.com"`, "", identity.IdentifierMalformed},
	{`" ada@example.com"`, "", identity.IdentifierMalformed},
	{`"ada@example.com\n"`, "", identity.IdentifierMalformed},
	{`"ada@example.com\u0000"`, "", identity.IdentifierMalformed},
	{`"ada@example.com\u00a0"`, "", identity.IdentifierMalformed},
	{`"ada\u2028@example.com"`, "", identity.IdentifierMalformed},
	{`"` + strings.Repeat("a", 242) + `@example.com"`, strings.Repeat("a", 242) + "@example.com", ""},
	{`"` + strings.Repeat("a", 243) + `@example.com"`, "", identity.IdentifierMalformed},
	{`5`, "", identity.IdentifierMalformed},
	{`true`, "", identity.IdentifierMalformed},
	{`["ada@example.com"]`, "", identity.IdentifierMalformed},
	{`{"email":"ada@example.com"}`, "", identity.IdentifierMalformed},
	{`null`, "", identity.ClaimMissing},
	{`""`, "", identity.ClaimMissing},
	{`"\ud800@example.com"`, "", identity.TokenMalformed},
}

func TestEmailsInATokenHaveOneReading(t *testing.T) {
	for _, key := range []*identity.Key{keyOf(t, "native-jwt", dialect.Setup{Signs: identity.SignsEmail}), single(t, esPublic, dialect.Setup{Signs: identity.SignsEmail}), single(t, edPublic, dialect.Setup{Signs: identity.SignsEmail})} {
		for _, c := range emailLiterals {
			token := signedFor(t, key, headerOf(key.Algorithm()), claims("user_id", "", "email", c.literal))
			v, err := identity.Verify(ringOf(t, key), identity.Assertion{Token: token}, testNow)
			if identity.ReasonOf(err) != c.reason || v.Signed().Value != c.names {
				t.Errorf("key of %s, %.40s: %q, %v", key.Algorithm(), c.literal, v.Signed().Value, err)
			}
		}
	}
}

// TestOnlyTrueConfirmsAnEmail: whatever else email_verified says, the address names nobody.
func TestOnlyTrueConfirmsAnEmail(t *testing.T) {
	key := keyOf(t, "native-jwt", dialect.Setup{Signs: identity.SignsEmail})
	for literal, want := range map[string]identity.Reason{
		"":        "",
		`true`:    "",
		`"true"`:  "",
		`false`:   identity.IdentifierNotCovered,
		`"false"`: identity.IdentifierNotCovered,
		`"TRUE"`:  identity.IdentifierNotCovered,
		`"yes"`:   identity.IdentifierNotCovered,
		`1`:       identity.IdentifierNotCovered,
		`0`:       identity.IdentifierNotCovered,
		`null`:    identity.IdentifierNotCovered,
		`[true]`:  identity.IdentifierNotCovered,
		`{}`:      identity.IdentifierNotCovered,
	} {
		payload := claims("user_id", "", "email", `"ada@example.com"`, "email_verified", literal)
		if got := reasonFor(t, compact(vectorSecret, plainHeader, payload), key); got != want {
			t.Errorf("email_verified %s: %q", literal, got)
		}
	}
}

// TestNamesAreMatchedExactly: a claim in another spelling is another claim, which names
// nobody and ends nothing.
func TestNamesAreMatchedExactly(t *testing.T) {
	key := keyOf(t, "native-jwt", dialect.Setup{})
	for _, c := range []struct {
		name, instead string
		want          identity.Reason
	}{
		{"user_id", "User_Id", identity.ClaimMissing},
		{"user_id", "userid", identity.ClaimMissing},
		{"user_id", "userId", identity.ClaimMissing},
		{"user_id", "user-id", identity.ClaimMissing},
		{"user_id", "user_id ", identity.ClaimMissing},
		{"user_id", "user_id\u0000", identity.ClaimMissing},
		{"user_id", "sub", identity.ClaimMissing},
		{"user_id", "id", identity.ClaimMissing},
		{"aud", "Aud", identity.ClaimMissing},
		{"aud", "audience", identity.ClaimMissing},
		{"aud", "azp", identity.ClaimMissing},
		{"iat", "IAT", identity.ClaimMissing},
		{"iat", "issued_at", identity.ClaimMissing},
		{"exp", "Exp", identity.ClaimMissing},
		{"exp", "expires", identity.ClaimMissing},
		{"exp", "exp\u200b", identity.ClaimMissing},
	} {
		var value string
		switch c.name {
		case "user_id":
			value = `"u1"`
		case "aud":
			value = `"shop"`
		case "iat":
			value = fmt.Sprint(vectorEpoch - 60)
		default:
			value = fmt.Sprint(vectorEpoch + 600)
		}
		payload := claims(c.name, "", string(raw(c.instead))[1:len(raw(c.instead))-1], value)
		if got := reasonFor(t, compact(vectorSecret, plainHeader, payload), key); got != c.want {
			t.Errorf("%q instead of %q: %q", c.instead, c.name, got)
		}
	}
}

// TestASignedEmailBesideASignedUser: it goes along if it can be one, and spoils nothing.
func TestASignedEmailBesideASignedUser(t *testing.T) {
	for _, key := range allJWTKeys(t) {
		for literal, want := range map[string]string{
			`"ada@example.com"`: "ada@example.com",
			`"ADA@example.com"`: "ada@example.com",
			`"no address"`:      "",
			`""`:                "",
			`null`:              "",
		} {
			token := signedFor(t, key, headerOf(key.Algorithm()), claims("email", literal))
			v, err := identity.Verify(ringOf(t, key), identity.Assertion{Token: token}, testNow)
			email, _ := v.Email()
			if err != nil || v.Signed().Value != "u1" || email.Value != want {
				t.Errorf("key of %s, %s: %q, %v", key.Algorithm(), literal, email.Value, err)
			}
		}
	}
}
