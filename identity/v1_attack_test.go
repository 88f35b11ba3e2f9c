package identity_test

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
)

// v1Parts is a token in its parts, to be put together wrongly.
type v1Parts struct{ version, channel, issued, userID, email, mac string }

func (p v1Parts) String() string {
	return strings.Join([]string{p.version, p.channel, p.issued, p.userID, p.email, p.mac}, ".")
}

func v1PartsOf(token string) v1Parts {
	p := strings.Split(token, ".")
	return v1Parts{p[0], p[1], p[2], p[3], p[4], p[5]}
}

func v1Reason(tb testing.TB, token string, setup dialect.Setup) identity.Reason {
	tb.Helper()
	return reasonFor(tb, token, keyOf(tb, "native-v1", setup))
}

// TestNoOtherFieldsGiveTheSameBytes is why every field goes under the MAC with its
// length: under joined fields each of these pairs would be one text.
func TestNoOtherFieldsGiveTheSameBytes(t *testing.T) {
	now := strconv.Itoa(vectorEpoch)
	for _, c := range []struct {
		name                           string
		channel, issued, user, email   string // signed
		asChannel, asUser, asEmail, at string // presented with that MAC
	}{
		{"a user id that ends as an email begins", "shop", now, "ab", "c@d", "shop", "a", "bc@d", now},
		{"a user id that is moved into the email", "shop", now, "a@b", "", "shop", "", "a@b", now},
		{"an email that is moved into the user id", "shop", now, "", "a@b", "shop", "a@b", "", now},
		{"a channel that takes from the user id", "shop", now, "1", "", "shop1", "", "", now},
		{"a user id that holds a separator", "shop", now, "a,3:b@c", "", "shop", "a", "b@c", now},
		{"a user id that holds a length", "shop", now, "1:a,", "", "shop", "a", "", now},
		{"a user id that holds the whole rest", "shop", now, "u,0:,10:" + now, "", "shop", "u", "", now},
		{"a time that takes from the email", "shop", now, "u", "a@b1", "shop", "u", "a@b", "1" + now},
		{"a channel that holds the label", "countersign.v1", now, "u", "", "shop", "u", "", now},
		{"an empty channel", "", now, "shop", "", "shop", "", "", now},
		{"another channel", "other", now, "u", "", "shop", "u", "", now},
		{"another time", "shop", strconv.Itoa(vectorEpoch - 1), "u", "", "shop", "u", "", now},
		{"another user", "shop", now, "u", "", "shop", "v", "", now},
		{"another email", "shop", now, "u", "a@b", "shop", "u", "c@d", now},
		{"an email added", "shop", now, "u", "", "shop", "u", "a@b", now},
		{"an email taken away", "shop", now, "u", "a@b", "shop", "u", "", now},
	} {
		signed := v1PartsOf(v1Of(vectorSecret, c.channel, c.issued, c.user, c.email))
		forged := v1PartsOf(v1Of(vectorSecret, c.asChannel, c.at, c.asUser, c.asEmail))
		forged.mac = signed.mac
		for _, signs := range []identity.Signs{identity.SignsUserID, identity.SignsEmail, identity.SignsEither} {
			if got := v1Reason(t, forged.String(), dialect.Setup{Signs: signs}); got == "" {
				t.Errorf("%s, key that signs %s: it verified", c.name, signs)
			}
		}
	}
}

// TestAMACOverOneFieldIsNoV1: what the same secret would make as a hash, a token or a
// joined text is none.
func TestAMACOverOneFieldIsNoV1(t *testing.T) {
	now := strconv.Itoa(vectorEpoch)
	good := v1PartsOf(v1Of(vectorSecret, "shop", now, "u1", ""))
	for name, message := range map[string]string{
		"the user id alone":               "u1",
		"fields joined by dots":           strings.Join([]string{"countersign.v1", "shop", "u1", "", now}, "."),
		"fields joined by line breaks":    strings.Join([]string{"countersign.v1", "shop", "u1", "", now}, "\n"),
		"fields joined by NULs":           strings.Join([]string{"countersign.v1", "shop", "u1", "", now}, "\x00"),
		"fields joined by nothing":        "countersign.v1shopu1" + now,
		"the token itself":                strings.TrimSuffix(good.String(), good.mac),
		"the token without its last dot":  strings.TrimSuffix(good.String(), "."+good.mac),
		"without the label":               "4:shop,2:u1,0:,10:" + now + ",",
		"with another label":              "14:countersign.v2,4:shop,2:u1,0:,10:" + now + ",",
		"without the channel":             "14:countersign.v1,2:u1,0:,10:" + now + ",",
		"without the empty field":         "14:countersign.v1,4:shop,2:u1,10:" + now + ",",
		"without the time":                "14:countersign.v1,4:shop,2:u1,0:,",
		"fields in another order":         "14:countersign.v1,2:u1,4:shop,0:,10:" + now + ",",
		"the email before the user id":    "14:countersign.v1,4:shop,0:,2:u1,10:" + now + ",",
		"without the last comma":          "14:countersign.v1,4:shop,2:u1,0:,10:" + now,
		"lengths in two digits":           "14:countersign.v1,04:shop,02:u1,00:,10:" + now + ",",
		"lengths in characters of hex":    "e:countersign.v1,4:shop,2:u1,0:,a:" + now + ",",
		"nothing":                         "",
		"a JSON object":                   `{"channel":"shop","user_id":"u1","iat":` + now + `}`,
		"a line break behind":             "14:countersign.v1,4:shop,2:u1,0:,10:" + now + ",\n",
		"the fields as base64url":         "14:countersign.v1,6:" + good.channel + ",3:" + good.userID + ",0:,10:" + now + ",",
		"a JWT's header and claims":       b64([]byte(plainHeader)) + "." + b64([]byte(claims())),
		"standard webhooks":               "u1." + now + ".",
		"the MAC of the MAC":              good.mac,
		"the user id with its length":     "2:u1,",
		"the label alone":                 "countersign.v1",
		"the right text, twice":           strings.Repeat("14:countersign.v1,4:shop,2:u1,0:,10:"+now+",", 2),
		"the right text for another user": "14:countersign.v1,4:shop,2:u2,0:,10:" + now + ",",
	} {
		forged := good
		forged.mac = b64(hmacOf(vectorSecret, message))
		if got := v1Reason(t, forged.String(), dialect.Setup{}); got != identity.ProofMismatch {
			t.Errorf("a MAC over %s: %q", name, got)
		}
	}
	right := good
	right.mac = b64(hmacOf(vectorSecret, "14:countersign.v1,4:shop,2:u1,0:,10:"+now+","))
	if got := v1Reason(t, right.String(), dialect.Setup{}); got != "" {
		t.Errorf("the right one, so that the others show something: %q", got)
	}
}

// TestV1HasOneSpelling: of each part one text is read, and nothing stands around it.
func TestV1HasOneSpelling(t *testing.T) {
	now := strconv.Itoa(vectorEpoch)
	good := v1PartsOf(v1Of(vectorSecret, "shop", now, "u1", "a@b"))
	with := func(change func(*v1Parts)) string {
		p := good
		change(&p)
		return p.String()
	}
	for name, token := range map[string]string{
		"a blank in front":             " " + good.String(),
		"a blank behind":               good.String() + " ",
		"a line break behind":          good.String() + "\n",
		"a dot behind":                 good.String() + ".",
		"a part more":                  good.String() + ".AA",
		"a part less":                  strings.Join(strings.Split(good.String(), ".")[:5], "."),
		"v2":                           with(func(p *v1Parts) { p.version = "v2" }),
		"V1":                           with(func(p *v1Parts) { p.version = "V1" }),
		"v01":                          with(func(p *v1Parts) { p.version = "v01" }),
		"no version":                   with(func(p *v1Parts) { p.version = "" }),
		"the channel padded":           with(func(p *v1Parts) { p.channel += "==" }),
		"the channel not encoded":      with(func(p *v1Parts) { p.channel = "shop!" }),
		"the channel with a line":      with(func(p *v1Parts) { p.channel = p.channel[:2] + "\n" + p.channel[2:] }),
		"the user id padded":           with(func(p *v1Parts) { p.userID += "=" }),
		"the user id with bits over":   with(func(p *v1Parts) { p.userID = leftOver(p.userID) }),
		"the email in base64":          with(func(p *v1Parts) { p.email = base64.StdEncoding.EncodeToString([]byte("a@b")) + "=" }),
		"the MAC padded":               with(func(p *v1Parts) { p.mac += "=" }),
		"the MAC in base64":            with(func(p *v1Parts) { p.mac = base64.StdEncoding.EncodeToString(hmacOf("x", "y")) }),
		"the MAC in hex":               with(func(p *v1Parts) { p.mac = hmacHex(vectorSecret, "x") }),
		"the MAC truncated":            with(func(p *v1Parts) { p.mac = p.mac[:22] }),
		"the MAC twice":                with(func(p *v1Parts) { p.mac += p.mac }),
		"no MAC":                       with(func(p *v1Parts) { p.mac = "" }),
		"the MAC with bits over":       with(func(p *v1Parts) { p.mac = leftOver(p.mac) }),
		"a time with a zero in front":  with(func(p *v1Parts) { p.issued = "0" + p.issued }),
		"a time with a plus":           with(func(p *v1Parts) { p.issued = "+" + p.issued }),
		"a time with a blank":          with(func(p *v1Parts) { p.issued = " " + p.issued }),
		"a time with a fraction":       with(func(p *v1Parts) { p.issued += ".0" }),
		"a time with an exponent":      with(func(p *v1Parts) { p.issued = "1e9" }),
		"a time in hex":                with(func(p *v1Parts) { p.issued = "0x699ff4c0" }),
		"a time with underscores":      with(func(p *v1Parts) { p.issued = "1_772_366_400" }),
		"a time in Arabic digits":      with(func(p *v1Parts) { p.issued = "١٧٧٢٣٦٦٤٠٠" }),
		"a time in milliseconds":       with(func(p *v1Parts) { p.issued += "000" }),
		"a time of nothing":            with(func(p *v1Parts) { p.issued = "" }),
		"a time of zero":               with(func(p *v1Parts) { p.issued = "0" }),
		"a negative time":              with(func(p *v1Parts) { p.issued = "-1" }),
		"a time beyond int64":          with(func(p *v1Parts) { p.issued = "9223372036854775808" }),
		"a time beyond the year 9999":  with(func(p *v1Parts) { p.issued = "253402300800" }),
		"a time as a date":             with(func(p *v1Parts) { p.issued = "2026-03-01" }),
		"everything escaped":           strings.ReplaceAll(good.String(), ".", "%2E"),
		"commas instead of dots":       strings.ReplaceAll(good.String(), ".", ","),
		"as a JSON text":               `"` + good.String() + `"`,
		"as a bearer":                  "Bearer " + good.String(),
		"a NUL behind":                 good.String() + "\x00",
		"a byte order mark in front":   "\ufeff" + good.String(),
		"dots of another script":       strings.ReplaceAll(good.String(), ".", "。"),
		"longer than any token may be": good.String() + strings.Repeat("A", identity.MaxTokenBytes),
	} {
		if got := v1Reason(t, token, dialect.Setup{}); got != identity.TokenMalformed && got != identity.ProofMismatch {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := v1Reason(t, good.String(), dialect.Setup{}); got != "" {
		t.Errorf("the token itself: %q", got)
	}
}

// TestV1DiesByItself, at the second that the channel says.
func TestV1DiesByItself(t *testing.T) {
	for _, life := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour, 24 * time.Hour} {
		setup := dialect.Setup{MaxLife: life}
		seconds := int(life / time.Second)
		for age, want := range map[int]identity.Reason{
			0:            "",
			1:            "",
			seconds - 1:  "",
			seconds:      identity.TokenExpired,
			seconds + 1:  identity.TokenExpired,
			seconds * 10: identity.TokenExpired,
			-30:          "",
			-31:          identity.TokenEarly,
			-86400:       identity.TokenEarly,
		} {
			token := v1Of(vectorSecret, "shop", strconv.Itoa(vectorEpoch-age), "u1", "")
			if got := v1Reason(t, token, setup); got != want {
				t.Errorf("life %v, age %d s: %q; want %q", life, age, got, want)
			}
		}
		v, err := identity.Verify(ringOf(t, keyOf(t, "native-v1", setup)), identity.Assertion{Token: v1Of(vectorSecret, "shop", strconv.Itoa(vectorEpoch), "u1", "")}, testNow)
		if err != nil || !v.ExpiresAt().Equal(testNow.Add(life)) || !v.IssuedAt().Equal(testNow) {
			t.Errorf("life %v: from %v to %v, %v", life, v.IssuedAt(), v.ExpiresAt(), err)
		}
	}
}

// TestV1NamesItsChannel by any of its names and by no other.
func TestV1NamesItsChannel(t *testing.T) {
	setup := dialect.Setup{Audiences: []string{"chn_01", "shop", "old-shop"}}
	for channel, want := range map[string]identity.Reason{
		"chn_01":   "",
		"shop":     "",
		"old-shop": "",
		"Shop":     identity.AudienceWrong,
		"shop ":    identity.AudienceWrong,
		"sho":      identity.AudienceWrong,
		"shop2":    identity.AudienceWrong,
		"other":    identity.AudienceWrong,
		"":         identity.AudienceWrong,
		"*":        identity.AudienceWrong,
		"shоp":     identity.AudienceWrong, // a Cyrillic o
	} {
		if got := v1Reason(t, v1Of(vectorSecret, channel, fmt.Sprint(vectorEpoch), "u1", ""), setup); got != want {
			t.Errorf("%q: %q", channel, got)
		}
	}
}

// TestV1ProvesWhatItsKeySigns and only that.
func TestV1ProvesWhatItsKeySigns(t *testing.T) {
	now := fmt.Sprint(vectorEpoch)
	for _, c := range []struct {
		signs       identity.Signs
		user, email string
		proves      string
		reason      identity.Reason
	}{
		{identity.SignsUserID, "u1", "", "user_id:u1", ""},
		{identity.SignsUserID, "u1", "Ada@b", "user_id:u1", ""},
		{identity.SignsUserID, "", "ada@b", "", identity.ClaimMissing},
		{identity.SignsUserID, "", "", "", identity.ClaimMissing},
		{identity.SignsUserID, "a@b", "", "user_id:a@b", ""},
		{identity.SignsUserID, "a\nb", "", "", identity.IdentifierMalformed},
		{identity.SignsUserID, strings.Repeat("a", 255), "", "user_id:" + strings.Repeat("a", 255), ""},
		{identity.SignsUserID, strings.Repeat("a", 256), "", "", identity.IdentifierMalformed},
		{identity.SignsUserID, "\xff", "", "", identity.IdentifierMalformed},
		{identity.SignsEmail, "", "Ada@B", "email:ada@b", ""},
		{identity.SignsEmail, "u1", "Ada@B", "email:ada@b", ""},
		{identity.SignsEmail, "u1", "", "", identity.ClaimMissing},
		{identity.SignsEmail, "", "no address", "", identity.IdentifierMalformed},
		{identity.SignsEmail, "", "a@b@c", "", identity.IdentifierMalformed},
		{identity.SignsEither, "u1", "", "user_id:u1", ""},
		{identity.SignsEither, "", "a@b", "email:a@b", ""},
		{identity.SignsEither, "u1", "a@b", "user_id:u1", ""},
		{identity.SignsEither, "a@b", "", "", identity.IdentifierAmbiguous},
		{identity.SignsEither, "a@b", "c@d", "", identity.IdentifierAmbiguous},
		{identity.SignsEither, "", "", "", identity.ClaimMissing},
	} {
		v, err := identity.Verify(ringOf(t, keyOf(t, "native-v1", dialect.Setup{Signs: c.signs})), identity.Assertion{Token: v1Of(vectorSecret, "shop", now, c.user, c.email)}, testNow)
		got := ""
		if v.OK() {
			got = v.Signed().String()
		}
		if got != c.proves || identity.ReasonOf(err) != c.reason {
			t.Errorf("signs %s, user %.20q, email %q: %q, %v", c.signs, c.user, c.email, got, err)
		}
		if v.OK() && v.Method() != identity.MethodV1 {
			t.Errorf("method %s", v.Method())
		}
	}
}
