package diagnose_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
)

// sound is what an answer keeps to whatever was pasted: the gate decides, and the words
// are words.
func sound(t *testing.T, q diagnose.Question) {
	t.Helper()
	a := diagnose.Diagnose(q)
	_, err := identity.Verify(q.Ring, identity.Assertion{Dialect: q.Dialect, UserID: q.UserID, Email: q.Email, Hash: q.Hash, Token: q.Token}, q.Now)
	if a.Verified && err != nil {
		t.Fatalf("it praises what the gate refuses: %v", err)
	}
	if a.Verified != (len(a.Causes) == 0) || a.Verified && a.Signed.Value == "" || !a.Verified && a.Signed.Value != "" {
		t.Fatalf("%+v", a)
	}
	if !a.Verified && err == nil && !slices.ContainsFunc(a.Causes, func(c diagnose.Cause) bool {
		return strings.Contains(c.Explain, "spelling") || strings.Contains(c.Explain, "page")
	}) {
		t.Fatalf("the gate takes it, and it does not say for whom it is: %+v", a)
	}
	if len(a.Causes) > 12 {
		t.Fatalf("%d causes", len(a.Causes))
	}
	for _, c := range a.Causes {
		if c.Code == "" || c.Explain == "" || c.Fix == "" || !utf8.ValidString(c.Explain+c.Fix) || strings.ContainsAny(c.Explain+c.Fix, "\x00\n\r\x1b") || len(c.Explain) > 4000 {
			t.Fatalf("a cause says %q", c)
		}
	}
	if raw, err := json.Marshal(a); err != nil || !json.Valid(raw) {
		t.Fatal(err)
	}
}

// hashSeeds :: dialect, user id, email, hash.
func hashSeeds() [][4]string {
	own := secretOf("key_own")
	right := digest(own, userID)
	return [][4]string{
		{"native", userID, email, right}, {"native", userID, "", strings.ToUpper(right)}, {"native", userID + " ", email, right}, {"native", "", email, digest(own, email)},
		{"native", userID, email, digest(own, email)}, {"native", userID, email, digest(unhex(own), userID)}, {"native", userID, email, digest(secretOf("blog"), userID)}, {"native", userID, email, digest(secretOf("key_old"), userID)},
		{"native", "1e21", "", digest(own, "1000000000000000000000")}, {"native", "%%%", "%@%", strings.Repeat("ab", 20)}, {"native", "&#x110000;", "a@b", strings.Repeat("ab", 64)}, {"native", "\xff\xfe", "\xff@\xfe", right},
		{"native", strings.Repeat("9", 64), "", right}, {"native", "+-1", "", right}, {"native", "1.", "", right}, {"native", ".5", "", right}, {"native", "1e99", "", right}, {"native", "1_0,0'0", "", right},
		{"intercom", userID, email, hyphened(right)}, {"intercom", "", "", right}, {"intercom", email, "", digest(own, email)},
		{"helpscout", userID, email, base64.StdEncoding.EncodeToString([]byte(unhex(digest(own, email))))}, {"helpscout", "", "İ@x", hyphened(right)}, {"helpscout", "", email, "===="}, {"helpscout", "", email, strings.Repeat("-", 95)},
		{"pylon", "", email, digest(unhex(own), email)}, {"pylon", userID, email, digest(own, email)}, {"pylon", "", "a b@c", right}, {"pylon", "", "a@b\n", right},
		{"ensoras", "", "ADA@X", digest(own, "ada@x")}, {"ensoras", "", "İ@X", digest(own, "i@x")}, {"ensoras", "", "Σ@Σ", digest(own, "σ@ς")}, {"ensoras", "", "\u212a@x", digest(own, "k@x")}, {"ensoras", "", strings.Repeat("İ", 120) + "@x", right},
		{"native", userID, email, "0x" + right}, {"native", userID, email, "sha256=" + right}, {"native", userID, email, hex.EncodeToString([]byte(right))}, {"native", userID, email, "\"" + right}, {"native", userID, email, right + "\x00"},
	}
}

func FuzzHash(f *testing.F) {
	seeds := hashSeeds()
	if len(seeds) < 36 {
		f.Fatalf("only %d seeds", len(seeds))
	}
	for _, s := range seeds {
		f.Add(s[0], s[1], s[2], s[3])
	}
	f.Fuzz(func(t *testing.T, name, id, mail, hash string) {
		row, ok := dialect.Get(name)
		if !ok || row.Proof != identity.ProofHash || len(id)+len(mail)+len(hash) > 1<<16 {
			t.Skip("another kind of proof, or more than a door lets in")
		}
		q := questionFor(t, row.Name)
		q.UserID, q.Email, q.Hash = id, mail, hash
		sound(t, q)
	})
}

// tokenSeeds :: dialect, user id, email, token.
func tokenSeeds() [][4]string {
	own := secretOf("key_own")
	right := raw(own, rightHeader, claimed("aud", `"shop"`))
	v1 := v1Token(own, "shop", userID, email, now)
	return [][4]string{
		{"native-jwt", "", "", right}, {"native-jwt", "somebody", "", right}, {"native-jwt", userID, "eve@x", right}, {"native-jwt", "", "", right + "\n"}, {"native-jwt", "", "", `"` + right + `"`}, {"native-jwt", "", "", "Bearer " + right},
		{"native-jwt", "", "", raw(own, `{"alg":"none"}`, `{}`)}, {"native-jwt", "", "", raw(own, rightHeader, claimed("exp", `1e300`))}, {"native-jwt", "", "", raw(own, rightHeader, claimed("aud", `[[[[]]]]`))}, {"native-jwt", "", "", raw(own, rightHeader, `{"user_id":{"a":[1e999]}}`)},
		{"native-jwt", "", "", raw(own, rightHeader, claimed("iat", `-9223372036854775808`))}, {"native-jwt", "", "", raw(own, rightHeader, claimed("nbf", `99999999999999`))}, {"native-jwt", "", "", raw(own, rightHeader, claimed("user_id", `"\n\u202e\u0000"`))},
		{"native-jwt", "", "", raw("x", `{"alg":"`+strings.Repeat("A", 2000)+`"}`, `{}`)}, {"native-jwt", "", "", raw(own, "\xff", "\xfe")}, {"native-jwt", "", "", ".."}, {"native-jwt", "", "", "..."}, {"native-jwt", "", "", `"""""""""`}, {"native-jwt", "", "", "' ' ' '"},
		{"native-v1", "", "", v1}, {"native-v1", userID, email, v1}, {"native-v1", "", "", "v1....."}, {"native-v1", "", "", "v1.c2hvcA.99999999999999999999.MQ..c2ln"}, {"native-v1", "", "", "v1.c2hvcA.-1.MQ..c2ln"}, {"native-v1", "", "", v1Token(own, "\n", "\x00", "", time.Unix(1, 0))},
		{"pylon-jwt", "other", email, right}, {"pylon-jwt", "", "x@y", right}, {"pylon-jwt", "", "", raw(own, rightHeader, claimed("email_verified", `false`))}, {"pylon-jwt", "", "", v1},
		{"intercom-jwt", userID, "x@y", right}, {"intercom-jwt", "other", "", right}, {"intercom-jwt", "", "", raw(own, rightHeader, `{"user_id":7}`)}, {"intercom-jwt", "", "", raw(own, rightHeader, `{"user_id":7.5}`)}, {"intercom-jwt", "", "", raw(own, rightHeader, `{"sub":"7"}`)},
	}
}

func FuzzToken(f *testing.F) {
	seeds := tokenSeeds()
	if len(seeds) < 34 {
		f.Fatalf("only %d seeds", len(seeds))
	}
	for _, s := range seeds {
		f.Add(s[0], s[1], s[2], s[3])
	}
	f.Fuzz(func(t *testing.T, name, id, mail, token string) {
		row, ok := dialect.Get(name)
		if !ok || row.Proof == identity.ProofHash || len(id)+len(mail)+len(token) > 1<<16 {
			t.Skip("another kind of proof, or more than a door lets in")
		}
		q := questionFor(t, row.Name)
		q.UserID, q.Email, q.Token = id, mail, token
		sound(t, q)
		if len(diagnose.AudiencesOf(token)) > len(token) {
			t.Error("more audiences than bytes")
		}
	})
}

// FuzzClaims signs any header and claims rightly: what a backend with the right secret may say.
func FuzzClaims(f *testing.F) {
	seeds := [][2]string{
		{rightHeader, claimed("aud", `"shop"`)}, {rightHeader, `{}`}, {rightHeader, `[]`}, {rightHeader, `null`}, {rightHeader, ``}, {`{}`, `{}`}, {`{"alg":"HS512"}`, claimed("aud", `"blog"`)}, {`{"alg":"HS256","alg":"none"}`, `{}`},
		{rightHeader, claimed("exp", `"1"`)}, {rightHeader, claimed("exp", `1772366400000`)}, {rightHeader, claimed("iat", `1e3`)}, {rightHeader, claimed("user_id", `-0`)}, {rightHeader, claimed("email", `"a b"`)}, {rightHeader, claimed("aud", `["a","b","c","d","e"]`)},
		{rightHeader, `{"user_id":"1","user_id":"2"}`}, {rightHeader, `{"\u0075ser_id":"1"}`}, {rightHeader, `{"aud":"` + strings.Repeat("x", 5000) + `"}`},
	}
	if len(seeds) < 17 {
		f.Fatalf("only %d seeds", len(seeds))
	}
	for _, s := range seeds {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, header, claims string) {
		if len(header)+len(claims) > 1<<14 {
			t.Skip("more than a door lets in")
		}
		for _, name := range []string{"native-jwt", "intercom-jwt", "pylon-jwt"} {
			q := questionFor(t, name)
			q.UserID, q.Email, q.Token = "", "", raw(secretOf("key_own"), header, claims)
			sound(t, q)
		}
	})
}

// The seeds themselves, of hashes and tokens, whichever dialect is said: none, and every
// other one. Nobody has to fuzz for that.
func TestSeedsUnderEveryDialect(t *testing.T) {
	for _, name := range append(dialect.Names(), "") {
		for i, seeds := range [][][4]string{hashSeeds(), tokenSeeds()} {
			for _, s := range seeds {
				q := questionFor(t, s[0])
				q.Dialect, q.UserID, q.Email = name, s[1], s[2]
				if i == 0 {
					q.Hash = s[3]
				} else {
					q.Token = s[3]
				}
				if strings.Contains(s[1]+s[2], s[3]) {
					continue
				}
				if a := diagnose.Diagnose(q); a.Verified {
					hold(t, q, a)
				} else if len(a.Causes) == 0 {
					t.Errorf("%q under %q: no cause", s, name)
				}
			}
		}
	}
}

// A public key says who signed, and a private one's mistakes are told as a secret's are.
func TestMistakesOfThoseWhoSignWithAPrivateKey(t *testing.T) {
	private, own := publicKey(t, "own")
	stranger, _ := publicKey(t, "stranger")
	q := ringOf(t, diagnose.Key{ID: "own", Name: "Provider", Dialect: "native-jwt", Signs: identity.SignsUserID, State: "active", Public: own})
	q.Dialect = "native-jwt"
	for name, c := range map[string]struct {
		change func(map[string]any)
		want   []diagnose.Code
	}{
		"nothing":               {func(map[string]any) {}, nil},
		"expired":               {func(m map[string]any) { m["exp"] = now.Unix() }, []diagnose.Code{diagnose.Expired}},
		"from the future":       {func(m map[string]any) { m["iat"] = now.Add(time.Minute).Unix() }, []diagnose.Code{diagnose.ClockSkew}},
		"not yet":               {func(m map[string]any) { m["nbf"] = now.Add(time.Minute).Unix() }, []diagnose.Code{diagnose.ClockSkew}},
		"another audience":      {func(m map[string]any) { m["aud"] = []string{"blog", "news"} }, []diagnose.Code{diagnose.Audience}},
		"no audience":           {func(m map[string]any) { delete(m, "aud") }, []diagnose.Code{"claim_missing"}},
		"no times":              {func(m map[string]any) { delete(m, "iat"); delete(m, "exp") }, []diagnose.Code{"claim_missing"}},
		"a year":                {func(m map[string]any) { m["exp"] = now.Add(9000 * time.Hour).Unix() }, []diagnose.Code{"lifetime_too_long"}},
		"milliseconds":          {func(m map[string]any) { m["exp"] = now.Add(time.Minute).UnixMilli() }, []diagnose.Code{diagnose.NotAHash, diagnose.ClockSkew}},
		"a fraction":            {func(m map[string]any) { m["user_id"] = 7.5 }, []diagnose.Code{diagnose.NumberFormat}},
		"only an email":         {func(m map[string]any) { delete(m, "user_id") }, []diagnose.Code{diagnose.IdentifierKind}},
		"only a sub":            {func(m map[string]any) { delete(m, "user_id"); delete(m, "email"); m["sub"] = "7" }, []diagnose.Code{"claim_missing"}},
		"a line break":          {func(m map[string]any) { m["user_id"] = "7\n" }, []diagnose.Code{diagnose.Newline}},
		"expired, for another":  {func(m map[string]any) { m["exp"] = now.Unix(); m["aud"] = "blog" }, []diagnose.Code{diagnose.Audience, diagnose.Expired}},
		"a number as a user id": {func(m map[string]any) { m["user_id"] = 42 }, nil},
	} {
		claims := rightClaims()
		c.change(claims)
		q.Token = es256(t, private, claims)
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if a.Verified != (c.want == nil) || c.want != nil && !slices.Equal(codes(a.Causes), sorted(c.want...)) {
			t.Errorf("%s: %+v", name, a)
		}
		q.Token = es256(t, stranger, claims)
		a = diagnose.Diagnose(q)
		if hold(t, q, a); a.Verified || !slices.Contains(codes(a.Causes), diagnose.Unknown) {
			t.Errorf("%s by a stranger: %+v", name, a)
		}
	}
}

// The public key's text as a secret: what a verifier that trusts alg would take.
func TestThePublicKeysTextIsNoSecret(t *testing.T) {
	_, own := publicKey(t, "own")
	q := ringOf(t, diagnose.Key{ID: "own", Name: "Provider", Dialect: "native-jwt", Signs: identity.SignsUserID, State: "active", Public: own})
	q.Dialect = "native-jwt"
	for _, key := range []string{"", "ES256", "own", "-----BEGIN PUBLIC KEY-----", secretOf("x")} {
		q.Token = raw(key, rightHeader, claimed("aud", `"shop"`))
		a := diagnose.Diagnose(q)
		if hold(t, q, a); a.Verified || len(a.Causes) == 0 || a.Causes[0].Code != diagnose.OtherKey {
			t.Errorf("%q: %+v", key, a)
		}
	}
}
