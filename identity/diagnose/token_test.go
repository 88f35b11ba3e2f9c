package diagnose_test

import (
	"cmp"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
)

// tokenMistake is one mistake in making a token.
type tokenMistake struct {
	code diagnose.Code
	name string
	part string
	make func(m *tokenMaking)
	skip func(row dialect.Row) bool
}

type tokenMaking struct {
	key       string
	algorithm string
	hash      func() hash.Hash
	claims    map[string]any
	who       string // the claim with the user id
	around    string
}

func tokenRightly(row dialect.Row) tokenMaking {
	m := tokenMaking{key: secretOf("key_own"), algorithm: "HS256", hash: sha256.New, claims: map[string]any{
		"aud": "shop", "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(5 * time.Minute).Unix(), "email": email,
	}}
	if m.who = cmp.Or(row.UserIDClaim, "user_id"); byUserID(row) {
		m.claims[m.who] = userID
	}
	if row.Scope != "" {
		m.claims["scope"] = row.Scope
	}
	return m
}

func (m tokenMaking) token() string {
	b64 := base64.RawURLEncoding.EncodeToString
	payload, err := json.Marshal(m.claims)
	if err != nil {
		panic(err)
	}
	signed := b64([]byte(`{"alg":"`+m.algorithm+`","typ":"JWT"}`)) + "." + b64(payload)
	return signed + "." + b64(mac(m.hash, m.key, signed)) + m.around
}

func unhex(s string) string {
	raw, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func lenient(row dialect.Row) bool { return !row.NeedAudience }

func tokenMistakes() []tokenMistake {
	return []tokenMistake{
		{diagnose.OtherKey, "another channel's key", "key", func(m *tokenMaking) { m.key = secretOf("blog") }, nil},
		{diagnose.RetiredKey, "a retired key", "key", func(m *tokenMaking) { m.key = secretOf("key_old") }, nil},
		{diagnose.SecretAsHex, "digits decoded", "reading", func(m *tokenMaking) { m.key = unhex(m.key) }, nil},
		{diagnose.SHA512, "HS512", "algorithm", func(m *tokenMaking) { m.algorithm, m.hash = "HS512", sha512.New }, nil},
		{diagnose.Expired, "expired", "exp", func(m *tokenMaking) {
			m.claims["iat"], m.claims["exp"] = now.Add(-2*time.Hour).Unix(), now.Add(-2*time.Hour+14*time.Minute).Unix()
		}, nil},
		{diagnose.ClockSkew, "from the future", "exp", func(m *tokenMaking) {
			m.claims["iat"], m.claims["exp"] = now.Add(7*time.Minute).Unix(), now.Add(12*time.Minute).Unix()
		}, nil},
		{diagnose.Audience, "another audience", "aud", func(m *tokenMaking) { m.claims["aud"] = "blog" }, lenient},
		{"claim_missing", "no audience", "aud", func(m *tokenMaking) { delete(m.claims, "aud") }, lenient},
		{"lifetime_too_long", "a year", "exp", func(m *tokenMaking) { m.claims["exp"] = now.Add(365 * 24 * time.Hour).Unix() }, lenient},
		{diagnose.IdentifierKind, "only an email", "person", func(m *tokenMaking) { delete(m.claims, m.who) }, byEmail},
		{diagnose.IdentifierKind, "only a user id", "person", func(m *tokenMaking) { delete(m.claims, "email"); m.claims["user_id"] = userID }, byUserID},
		{diagnose.NumberFormat, "a fraction", "person", func(m *tokenMaking) { m.claims[m.who] = json.RawMessage("123456789012.5") }, byEmail},
		{diagnose.Newline, "a line break behind", "around", func(m *tokenMaking) { m.around = "\n" }, nil},
		{diagnose.Blanks, "a blank behind", "around", func(m *tokenMaking) { m.around = " " }, nil},
	}
}

func TestEveryMistakeAndPairInEveryTokenDialectIsNamed(t *testing.T) {
	for _, row := range dialect.All() {
		if row.Proof != identity.ProofJWT {
			continue
		}
		all := tokenMistakes()
		for i, first := range all {
			for _, second := range append([]tokenMistake{{}}, all[i+1:]...) {
				if first.skip != nil && first.skip(row) || second.skip != nil && second.skip(row) || first.part == second.part {
					continue
				}
				t.Run(row.Name+"/"+first.name+" and "+second.name, func(t *testing.T) {
					q, m := questionFor(t, row.Name), tokenRightly(row)
					first.make(&m)
					want := []diagnose.Code{first.code}
					if second.make != nil {
						second.make(&m)
						want = append(want, second.code)
					}
					q.UserID, q.Email, q.Token = "", "", m.token()
					expect(t, q, want...)
				})
			}
		}
		q := questionFor(t, row.Name)
		q.Token = tokenRightly(row).token()
		a := diagnose.Diagnose(q)
		if hold(t, q, a); !a.Verified {
			t.Errorf("%s: a right token: %+v", row.Name, a.Causes)
		}
	}
}

func v1Token(key, channel, id, mail string, issued time.Time) string {
	b64 := base64.RawURLEncoding.EncodeToString
	seconds := strconv.FormatInt(issued.Unix(), 10)
	var signed strings.Builder
	for _, part := range []string{"countersign.v1", channel, id, mail, seconds} {
		fmt.Fprintf(&signed, "%d:%s,", len(part), part)
	}
	return "v1." + b64([]byte(channel)) + "." + seconds + "." + b64([]byte(id)) + "." + b64([]byte(mail)) + "." + b64(mac(sha256.New, key, signed.String()))
}

func TestEveryMistakeInV1IsNamed(t *testing.T) {
	q := questionFor(t, "native-v1")
	q.MaxLife = dialect.MaxLife
	own := secretOf("key_own")
	for name, c := range map[string]struct {
		token string
		want  []diagnose.Code
	}{
		"another channel's key":    {v1Token(secretOf("blog"), "shop", userID, email, now), []diagnose.Code{diagnose.OtherKey}},
		"a retired key":            {v1Token(secretOf("key_old"), "shop", userID, email, now), []diagnose.Code{diagnose.RetiredKey}},
		"digits decoded":           {v1Token(unhex(own), "shop", userID, email, now), []diagnose.Code{diagnose.SecretAsHex}},
		"expired":                  {v1Token(own, "shop", userID, email, now.Add(-30*time.Hour)), []diagnose.Code{diagnose.Expired}},
		"from the future":          {v1Token(own, "shop", userID, email, now.Add(time.Hour)), []diagnose.Code{diagnose.ClockSkew}},
		"another channel":          {v1Token(own, "blog", userID, email, now), []diagnose.Code{diagnose.Audience}},
		"another key and channel":  {v1Token(secretOf("blog"), "blog", userID, email, now), []diagnose.Code{diagnose.OtherKey, diagnose.Audience}},
		"a retired key, expired":   {v1Token(secretOf("key_old"), "shop", userID, email, now.Add(-30*time.Hour)), []diagnose.Code{diagnose.RetiredKey, diagnose.Expired}},
		"digits decoded, expired":  {v1Token(unhex(own), "shop", userID, email, now.Add(-30*time.Hour)), []diagnose.Code{diagnose.SecretAsHex, diagnose.Expired}},
		"another person":           {v1Token(own, "shop", "somebody", email, now), []diagnose.Code{"claim_contradicted"}},
		"a JWT":                    {tokenRightly(dialect.Row{Signs: []identity.Signs{identity.SignsUserID}}).token(), []diagnose.Code{diagnose.NotAHash}},
		"a hash":                   {strings.Repeat("ab", 32), []diagnose.Code{diagnose.NotAHash}},
		"nobody's key":             {v1Token("some other secret altogether", "shop", userID, email, now), []diagnose.Code{diagnose.Unknown}},
		"a line break at the end":  {v1Token(own, "shop", userID, email, now) + "\n", []diagnose.Code{diagnose.Newline}},
		"the user id as the email": {v1Token(own, "shop", "", userID, now), []diagnose.Code{diagnose.IdentifierKind}},
	} {
		t.Run(name, func(t *testing.T) {
			q.Token = c.token
			expect(t, q, c.want...)
		})
	}
	q.Token = v1Token(own, "shop", userID, email, now)
	if a := diagnose.Diagnose(q); !a.Verified {
		t.Errorf("a right token: %+v", a.Causes)
	}
}

func TestFiguresAreSaid(t *testing.T) {
	row, _ := dialect.Get("native-jwt")
	for name, c := range map[string]struct {
		wrong func(*tokenMaking)
		says  string
	}{
		"expired": {func(m *tokenMaking) {
			m.claims["iat"], m.claims["exp"] = now.Add(-3*time.Hour).Unix(), now.Add(-2*time.Hour-3*time.Minute).Unix()
		}, "expired 2 hours and 3 minutes ago, at 2026-03-01T09:57:00Z"},
		"from the future": {func(m *tokenMaking) { m.claims["iat"] = now.Add(90 * time.Second).Unix() }, "issued 1 minute and 30 seconds in the future"},
		"audience":        {func(m *tokenMaking) { m.claims["aud"] = "blog" }, `for "blog", and this channel is "shop" or "chn_shop"`},
		"lives too long":  {func(m *tokenMaking) { m.claims["exp"] = now.Add(48*time.Hour - time.Minute).Unix() }, "lives for 2 days, and at most 1 day"},
		"milliseconds": {func(m *tokenMaking) {
			m.claims["iat"], m.claims["exp"] = now.UnixMilli(), now.Add(time.Minute).UnixMilli()
		}, "milliseconds"},
		"a fraction":    {func(m *tokenMaking) { m.claims["user_id"] = json.RawMessage("1.5") }, `the number "1.5"`},
		"sub":           {func(m *tokenMaking) { delete(m.claims, "user_id"); delete(m.claims, "email"); m.claims["sub"] = "1" }, "its sub is not read"},
		"retired":       {func(m *tokenMaking) { m.key = secretOf("key_old") }, `the key "Old backend" since 3 days`},
		"other channel": {func(m *tokenMaking) { m.key = secretOf("blog") }, `the key "Blog backend" of the channel "blog"`},
		"alg none":      {func(m *tokenMaking) { m.algorithm = "none"; m.key = "x" }, "not signed"},
		"alg RS256":     {func(m *tokenMaking) { m.algorithm = "RS256" }, "a key of another kind"},
	} {
		t.Run(name, func(t *testing.T) {
			q, m := questionFor(t, "native-jwt"), tokenRightly(row)
			c.wrong(&m)
			q.Token, q.UserID, q.Email = m.token(), "", ""
			a := diagnose.Diagnose(q)
			if hold(t, q, a); !slices.ContainsFunc(a.Causes, func(cause diagnose.Cause) bool { return strings.Contains(cause.Explain, c.says) }) {
				t.Errorf("%+v does not say %q", a.Causes, c.says)
			}
		})
	}
}

func TestATokenForSomebodyElseIsNotWhatWasAskedFor(t *testing.T) {
	row, _ := dialect.Get("intercom-jwt") // the gate lets the token win silently
	q := questionFor(t, "intercom-jwt")
	q.UserID, q.Email, q.Token = "somebody", "", tokenRightly(row).token()
	expect(t, q, "claim_contradicted")
	q.UserID = userID + ".0"
	expect(t, q, diagnose.NumberFormat)
	q.UserID = " " + userID
	expect(t, q, diagnose.Blanks)
}
