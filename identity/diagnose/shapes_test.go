package diagnose_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
)

// raw writes a token of any header and payload, signed as HS256 is.
func raw(key, header, payload string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	return signed + "." + b64(mac(sha256.New, key, signed))
}

// wordOf is how a reason of the gate is called here.
func wordOf(reason identity.Reason) diagnose.Code {
	switch reason {
	case identity.TokenExpired:
		return diagnose.Expired
	case identity.TokenEarly:
		return diagnose.ClockSkew
	case identity.AudienceWrong:
		return diagnose.Audience
	case identity.KeyRetired, identity.KeyRevoked:
		return diagnose.RetiredKey
	case identity.TokenMalformed, identity.KeyUnusable:
		return diagnose.NotAHash
	}
	return diagnose.Code(reason)
}

func gateSays(t *testing.T, q diagnose.Question) *identity.Error {
	t.Helper()
	_, err := identity.Verify(q.Ring, identity.Assertion{Dialect: q.Dialect, Platform: q.Platform, UserID: q.UserID, Email: q.Email, Hash: q.Hash, Token: q.Token}, q.Now)
	refusal, ok := err.(*identity.Error) //nolint:errorlint // the gate's own, not wrapped
	if !ok {
		t.Fatalf("the gate takes it: %v", err)
	}
	return refusal
}

const rightHeader = `{"alg":"HS256","typ":"JWT"}`

func rightClaims() map[string]any {
	return map[string]any{"aud": "shop", "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(5 * time.Minute).Unix(), "user_id": userID, "email": email}
}

// claimed is the right payload with one claim written in another way; "" leaves it out.
func claimed(name, value string) string {
	claims := rightClaims()
	delete(claims, name)
	rest, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	if value == "" {
		return string(rest)
	}
	return strings.TrimSuffix(string(rest), "}") + `,"` + name + `":` + value + `}`
}

// Every claim in every shape that the gate refuses: its reason is named, or a better word
// for it, and it is never praised. What the gate takes is praised.
func TestEveryShapeOfEveryClaimIsNamedAsTheGateNamesIt(t *testing.T) {
	times := []string{`""`, `"1772366400"`, `"soon"`, `null`, `true`, `false`, `[]`, `{}`, `0`, `-1`, `-0`, `0.5`, `1e9`, `1772366400e0`, `1.7E9`, `1772366400000`, `1772366400000000`, `253402300799`, `253402300800`, `1e300`,
		`99999999999999999999`, `1772366400.5`, `1`, `""`, `[1772366400]`, `"2026-03-01T12:00:00Z"`, ``}
	shapes := map[string][]string{
		"exp": times, "iat": times, "nbf": times,
		"aud":     {``, `null`, `""`, `"blog"`, `"SHOP"`, `"shop "`, `" shop"`, `[]`, `["blog"]`, `["blog","shop"]`, `[["shop"]]`, `[1]`, `{}`, `{"shop":1}`, `true`, `7`, `"shop,blog"`, `"chn_shop"`, `[null]`, `["shop",7]`},
		"user_id": {``, `null`, `""`, `1`, `0`, `-0`, `-1`, `1.0`, `1.5`, `1e3`, `9007199254740991`, `9007199254740992`, `9007199254740993`, `123456789012345678901234567890`, `true`, `[]`, `{}`, `["1"]`, `"a\nb"`, `"\u0000"`, `"\ud800"`, `"` + strings.Repeat("x", 256) + `"`, `" "`, `"ada@example.com"`},
		"email":   {``, `null`, `""`, `"ada"`, `"a@b@c"`, `"@"`, `"a b@c"`, `"a@b\n"`, `7`, `true`, `[]`, `["a@b"]`, `"\ud800@x"`, `"` + strings.Repeat("x", 260) + `@x"`, `"ADA.LOVELACE@EXAMPLE.COM"`},
	}
	tried := 0
	for _, name := range []string{"native-jwt", "intercom-jwt", "pylon-jwt"} {
		for claim, values := range shapes {
			for _, value := range values {
				q := questionFor(t, name)
				q.UserID, q.Email, q.Token = "", "", raw(secretOf("key_own"), rightHeader, claimed(claim, value))
				a := diagnose.Diagnose(q)
				hold(t, q, a)
				if a.Verified {
					continue // by the gate's own word: hold has asked it
				}
				tried++
				refusal, found := gateSays(t, q), codes(a.Causes)
				want := []diagnose.Code{wordOf(refusal.Reason)}
				switch {
				case refusal.Reason == identity.TokenMalformed && (claim == "exp" || claim == "iat" || claim == "nbf"):
					want = append(want, diagnose.ClockSkew) // milliseconds
				case refusal.Reason == identity.ClaimMissing && claim != "aud", refusal.Reason == identity.IdentifierMalformed:
					want = append(want, diagnose.IdentifierKind, diagnose.NumberFormat, diagnose.Newline, diagnose.Blanks)
				}
				if !slices.ContainsFunc(want, func(code diagnose.Code) bool { return slices.Contains(found, code) }) {
					t.Errorf("%s with %s %s: the gate says %v, and the causes are %+v", name, claim, value, refusal, a.Causes)
				}
				if slices.Contains(found, diagnose.Unknown) || slices.Contains(found, diagnose.OtherKey) {
					t.Errorf("%s with %s %s: it doubts the key: %+v", name, claim, value, a.Causes)
				}
			}
		}
	}
	if tried < 150 {
		t.Errorf("only %d were refused", tried)
	}
}

// The header alone: whoever signed the token, the gate's reason for it is told.
func TestEveryShapeOfTheHeaderIsNamed(t *testing.T) {
	payload := claimed("aud", `"shop"`)
	for header, want := range map[string]diagnose.Code{
		`{"alg":"none"}`:                 diagnose.NotAHash,
		`{"alg":"None"}`:                 diagnose.NotAHash,
		`{"alg":"NONE"}`:                 diagnose.NotAHash,
		`{"alg":"hs256"}`:                "algorithm_refused",
		`{"alg":"HS257"}`:                "algorithm_refused",
		`{"alg":"HS1"}`:                  "algorithm_refused",
		`{"alg":""}`:                     "algorithm_refused",
		`{"alg":null}`:                   "algorithm_refused",
		`{"alg":256}`:                    "algorithm_refused",
		`{"alg":["HS256"]}`:              "algorithm_refused",
		`{}`:                             "algorithm_refused",
		`{"typ":"JWT"}`:                  "algorithm_refused",
		`{"ALG":"HS256"}`:                "algorithm_refused",
		`{"alg":"RS256"}`:                diagnose.OtherKey,
		`{"alg":"RS512"}`:                diagnose.OtherKey,
		`{"alg":"PS256"}`:                diagnose.OtherKey,
		`{"alg":"ES256"}`:                diagnose.OtherKey,
		`{"alg":"EdDSA"}`:                diagnose.OtherKey,
		`{"alg":"HS384"}`:                diagnose.SHA512,
		`{"alg":"HS512"}`:                diagnose.SHA512,
		`{"alg":"HS256","typ":"at+jwt"}`: diagnose.NotAHash,
		`{"alg":"HS256","typ":7}`:        diagnose.NotAHash,
		`{"alg":"HS256","crit":["b64"]}`: diagnose.NotAHash,
		`{"alg":"HS256","b64":false}`:    diagnose.NotAHash,
		`{"alg":"HS256","jku":"https://x.example"}`: diagnose.NotAHash,
		`{"alg":"HS256","jwk":{}}`:                  diagnose.NotAHash,
		`{"alg":"HS256","x5u":"x"}`:                 diagnose.NotAHash,
		`{"alg":"HS256","zip":"DEF"}`:               diagnose.NotAHash,
		`{"alg":"HS256","kid":7}`:                   diagnose.NotAHash,
		`{"alg":"HS256","alg":"HS256"}`:             diagnose.NotAHash,
		`{"alg":"HS256","alg":"none"}`:              diagnose.NotAHash,
		`["HS256"]`:                                 diagnose.NotAHash,
		`"HS256"`:                                   diagnose.NotAHash,
		`null`:                                      diagnose.NotAHash,
		`{`:                                         diagnose.NotAHash,
		``:                                          diagnose.NotAHash,
		`{"alg":"HS256"} `:                          "",
		`{"alg":"HS256","typ":"jwt"}`:               "",
		`{"alg":"HS256","kid":"key_own"}`:           "",
		`{"alg":"HS256"}{}`:                         diagnose.NotAHash,
		"{\"alg\":\"HS256\xff\"}":                   diagnose.NotAHash,
	} {
		for key, own := range map[string]bool{secretOf("key_own"): true, "a stranger's secret of some length": false} {
			q := questionFor(t, "native-jwt")
			q.UserID, q.Email, q.Token = "", "", raw(key, header, payload)
			a := diagnose.Diagnose(q)
			hold(t, q, a)
			found := codes(a.Causes)
			switch {
			case want == "" && own != a.Verified:
				t.Errorf("%s, own %v: %+v", header, own, a)
			case want == "" && !own:
				if !slices.Equal(found, []diagnose.Code{diagnose.Unknown}) {
					t.Errorf("%s of a stranger: %+v", header, a.Causes)
				}
			case want != "" && !slices.Contains(found, want):
				t.Errorf("%s, own %v: wanted %s, got %+v", header, own, want, a.Causes)
			}
		}
	}
}

// What is pasted where a token goes.
func TestEveryShapeOfATokenIsNamed(t *testing.T) {
	right := raw(secretOf("key_own"), rightHeader, claimed("aud", `"shop"`))
	parts := strings.Split(right, ".")
	v1 := v1Token(secretOf("key_own"), "shop", userID, email, now)
	hash := digest(secretOf("key_own"), userID)
	for name, c := range map[string]struct {
		token string
		want  []diagnose.Code
		says  string
	}{
		"a word":                     {"hello", []diagnose.Code{diagnose.NotAHash}, "no token"},
		"a dot":                      {".", []diagnose.Code{diagnose.NotAHash}, "no token"},
		"two dots":                   {"..", []diagnose.Code{diagnose.NotAHash}, "header"},
		"three dots":                 {"...", []diagnose.Code{diagnose.NotAHash}, "no token"},
		"five dots":                  {".....", []diagnose.Code{diagnose.NotAHash}, "no token"},
		"one part":                   {parts[0], []diagnose.Code{diagnose.NotAHash}, "no token"},
		"two parts":                  {parts[0] + "." + parts[1], []diagnose.Code{diagnose.NotAHash}, "no token"},
		"four parts":                 {right + ".x", []diagnose.Code{diagnose.NotAHash}, "no token"},
		"a JWE of five":              {right + ".x.y", []diagnose.Code{diagnose.NotAHash}, "no token"},
		"a v1 token":                 {v1, []diagnose.Code{diagnose.NotAHash}, "a v1 token"},
		"a hash":                     {hash, []diagnose.Code{diagnose.NotAHash}, "This is a hash"},
		"a hash in capitals":         {strings.ToUpper(hash), []diagnose.Code{diagnose.NotAHash}, "This is a hash"},
		"only blanks":                {"   ", []diagnose.Code{diagnose.NotAHash}, "no token"},
		"only a line break":          {"\n", []diagnose.Code{diagnose.NotAHash}, "no token"},
		"NUL":                        {"\x00", []diagnose.Code{diagnose.NotAHash}, "no token"},
		"no UTF-8":                   {"\xff.\xfe.\xfd", []diagnose.Code{diagnose.NotAHash}, ""},
		"8 KB and more":              {strings.Repeat("a", identity.MaxTokenBytes+1), []diagnose.Code{diagnose.NotAHash}, "at most 8192"},
		"a megabyte":                 {strings.Repeat("a.", 1<<19), []diagnose.Code{diagnose.NotAHash}, "1048576 bytes"},
		"a megabyte of quotes":       {strings.Repeat(`"`, 1<<20), []diagnose.Code{diagnose.NotAHash}, ""},
		"a megabyte of apostrophes":  {strings.Repeat(`'`, 1<<20) + "x", []diagnose.Code{diagnose.NotAHash}, ""},
		"Bearer, often":              {strings.Repeat("Bearer ", 1<<17) + right, []diagnose.Code{diagnose.NotAHash}, ""},
		"Bearer":                     {"Bearer " + right, []diagnose.Code{diagnose.NotAHash}, "Bearer"},
		"quoted":                     {`"` + right + `"`, []diagnose.Code{diagnose.NotAHash}, "around the token"},
		"in apostrophes":             {"'" + right + "'", []diagnose.Code{diagnose.NotAHash}, "around the token"},
		"Bearer and quoted":          {`Bearer "` + right + `"`, []diagnose.Code{diagnose.NotAHash}, "around the token"},
		"a line break":               {right + "\n", []diagnose.Code{diagnose.Newline}, "ends in a line break"},
		"Windows' line break":        {right + "\r\n", []diagnose.Code{diagnose.Newline}, "ends in a line break"},
		"a blank before":             {" " + right, []diagnose.Code{diagnose.Blanks}, "around the token"},
		"a tab behind":               {right + "\t", []diagnose.Code{diagnose.Blanks}, "around the token"},
		"a blank, quoted":            {` "` + right + `" `, []diagnose.Code{diagnose.Blanks, diagnose.NotAHash}, "around the token"},
		"a line break inside":        {parts[0] + ".\n" + parts[1] + "." + parts[2], nil, ""},
		"without a signature":        {parts[0] + "." + parts[1] + ".", nil, ""},
		"a short signature":          {right[:len(right)-4], nil, ""},
		"a long signature":           {right + "AAAA", nil, ""},
		"the signature cut in half":  {right[:len(right)-22], nil, ""},
		"a padded signature":         {right + "=", []diagnose.Code{diagnose.Base64}, "another base64"},
		"hexadecimal":                {parts[0] + "." + parts[1] + "." + digest(secretOf("key_own"), parts[0]+"."+parts[1]), []diagnose.Code{diagnose.Base64}, "hexadecimal"},
		"hexadecimal in capitals":    {parts[0] + "." + parts[1] + "." + strings.ToUpper(digest(secretOf("key_own"), parts[0]+"."+parts[1])), []diagnose.Code{diagnose.Base64}, "hexadecimal"},
		"a payload that is no JSON":  {raw(secretOf("key_own"), rightHeader, "hello"), []diagnose.Code{diagnose.NotAHash}, "JSON"},
		"a payload that is an array": {raw(secretOf("key_own"), rightHeader, "[]"), []diagnose.Code{diagnose.NotAHash}, "JSON"},
		"a payload that is nothing":  {raw(secretOf("key_own"), rightHeader, ""), []diagnose.Code{diagnose.NotAHash}, "JSON"},
		"a claim twice":              {raw(secretOf("key_own"), rightHeader, `{"user_id":"1","user_id":"2"}`), nil, ""},
		"nothing is claimed":         {raw(secretOf("key_own"), rightHeader, `{}`), []diagnose.Code{"claim_missing"}, "iat and exp and aud"},
		"null":                       {raw(secretOf("key_own"), rightHeader, `null`), []diagnose.Code{diagnose.NotAHash}, "JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			q := questionFor(t, "native-jwt")
			q.UserID, q.Email, q.Token = "", "", c.token
			began := time.Now()
			a := diagnose.Diagnose(q)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			hold(t, q, a)
			if a.Verified || c.want != nil && !slices.Equal(slices.Compact(codes(a.Causes)), sorted(c.want...)) {
				t.Fatalf("verified %v %+v", a.Verified, a.Causes)
			}
			if !slices.ContainsFunc(a.Causes, func(cause diagnose.Cause) bool { return strings.Contains(cause.Explain, c.says) }) {
				t.Errorf("%+v does not say %q", a.Causes, c.says)
			}
		})
	}
}

// v1's parts, each in every shape.
func TestEveryShapeOfV1IsNamed(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	own, issued := secretOf("key_own"), fmt.Sprint(now.Unix())
	parts := strings.Split(v1Token(own, "shop", userID, email, now), ".")
	with := func(i int, text string) string {
		changed := slices.Clone(parts)
		changed[i] = text
		return strings.Join(changed, ".")
	}
	mixed, _ := base64.RawURLEncoding.DecodeString(parts[5])
	for name, c := range map[string]struct {
		token string
		want  diagnose.Code
	}{
		"v2":                      {with(0, "v2"), diagnose.NotAHash},
		"V1":                      {with(0, "V1"), diagnose.NotAHash},
		"no version":              {strings.Join(parts[1:], "."), diagnose.NotAHash},
		"one part more":           {strings.Join(parts, ".") + ".x", diagnose.NotAHash},
		"one part fewer":          {strings.Join(parts[:5], "."), diagnose.NotAHash},
		"the channel as it is":    {with(1, "shop!"), diagnose.NotAHash},
		"a padded channel":        {with(1, base64.URLEncoding.EncodeToString([]byte("shopp"))), diagnose.NotAHash},
		"another channel":         {with(1, b64([]byte("blog"))), diagnose.Unknown},
		"no channel":              {with(1, ""), diagnose.Unknown},
		"the time in hexadecimal": {with(2, "0x69a42f40"), diagnose.NotAHash},
		"the time with a zero":    {with(2, "0"+issued), diagnose.NotAHash},
		"the time with a sign":    {with(2, "+"+issued), diagnose.NotAHash},
		"the time with a point":   {with(2, issued+"5"), diagnose.Unknown},
		"no time":                 {with(2, ""), diagnose.NotAHash},
		"another time":            {with(2, fmt.Sprint(now.Unix()+1)), diagnose.Unknown},
		"another person":          {with(3, b64([]byte("somebody"))), diagnose.Unknown},
		"another email":           {with(4, b64([]byte("eve@example.com"))), diagnose.Unknown},
		"no MAC":                  {with(5, ""), diagnose.NotAHash},
		"half a MAC":              {with(5, parts[5][:22]), diagnose.NotAHash},
		"a MAC in hexadecimal":    {with(5, fmt.Sprintf("%x", mixed)), diagnose.Base64},
		"a padded MAC":            {with(5, base64.URLEncoding.EncodeToString(mixed)), diagnose.Base64},
		"a MAC under SHA-512":     {with(5, b64(mac(sha512.New, own, "x"))), diagnose.NotAHash},
	} {
		q := questionFor(t, "native-v1")
		q.UserID, q.Email, q.Token, q.MaxLife = "", "", c.token, dialect.MaxLife
		a := diagnose.Diagnose(q)
		if hold(t, q, a); a.Verified || !slices.Contains(codes(a.Causes), c.want) {
			t.Errorf("%s: wanted %s, got %+v", name, c.want, a.Causes)
		}
	}
}

// A channel may have keys for both kinds of token: each is held to its own key.
func TestTokensOfBothKindsAreHeldToTheirOwnKey(t *testing.T) {
	for _, order := range [][]string{{"native-jwt", "native-v1"}, {"native-v1", "native-jwt"}, {"native-v1", "native", "native-jwt"}} {
		var keys []diagnose.Key
		for _, name := range order {
			keys = append(keys, keyOf(name, name, identity.SignsUserID, "active"))
		}
		q := ringOf(t, keys...)
		q.MaxLife = dialect.MaxLife
		for _, spoken := range []string{"native", ""} {
			q.Dialect = spoken
			q.Token = v1Token(secretOf("native-v1"), "shop", userID, "", now.Add(-25*time.Hour))
			expect(t, q, diagnose.Expired)
			q.Token = v1Token(unhex(secretOf("native-v1")), "shop", userID, "", now)
			expect(t, q, diagnose.SecretAsHex)
			q.Token = raw(secretOf("native-jwt"), rightHeader, claimed("aud", `"blog"`))
			expect(t, q, diagnose.Audience)
			q.Token = raw(unhex(secretOf("native-jwt")), rightHeader, claimed("aud", `"shop"`))
			expect(t, q, diagnose.SecretAsHex)
			q.Token = raw(secretOf("native-v1"), rightHeader, claimed("aud", `"shop"`)) // the other key's
			expect(t, q, diagnose.OtherKey)
		}
	}
}

// Only what the key vouches for can contradict: beside a signed email a user id is a claim
// like any other, and blaming it would send somebody to the wrong place.
func TestAContradictionIsOfWhatTheKeySigns(t *testing.T) {
	q := questionFor(t, "pylon-jwt")
	q.Token = raw(secretOf("key_own"), rightHeader, claimed("aud", `"shop"`))
	q.UserID, q.Email = "somebody else", "eve@example.com"
	a := diagnose.Diagnose(q)
	if hold(t, q, a); len(a.Causes) != 1 || a.Causes[0].Code != "claim_contradicted" || !strings.Contains(a.Causes[0].Explain, `the email "`+email+`"`) || !strings.Contains(a.Causes[0].Explain, "eve@example.com") {
		t.Errorf("%+v", a.Causes)
	}
	q.Email = strings.ToUpper(email) // the same person
	if a = diagnose.Diagnose(q); !a.Verified {
		t.Errorf("%+v", a.Causes)
	}
	native := questionFor(t, "native-jwt")
	native.Token, native.UserID, native.Email = q.Token, userID, "eve@example.com"
	a = diagnose.Diagnose(native)
	if hold(t, native, a); len(a.Causes) != 1 || a.Causes[0].Code != "claim_contradicted" || !strings.Contains(a.Causes[0].Explain, "the email") {
		t.Errorf("%+v", a.Causes)
	}
	native.Email = strings.ToUpper(email)
	native.UserID = "somebody else"
	a = diagnose.Diagnose(native)
	if hold(t, native, a); len(a.Causes) != 1 || !strings.Contains(a.Causes[0].Explain, "the user id") {
		t.Errorf("%+v", a.Causes)
	}
}
