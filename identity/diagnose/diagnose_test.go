package diagnose_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
	"countersign/identity/keyring"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// secretOf is a secret that suits every dialect: 64 hexadecimal digits.
func secretOf(name string) string {
	sum := sha256.Sum256([]byte("diagnose test " + name))
	return hex.EncodeToString(sum[:])
}

const (
	userID = "123456789012"
	email  = "Ada.Lovelace@example.com"
)

// questionFor is a channel with a key in use, a retired and a revoked one, beside
// another channel with a key of its own.
func questionFor(t testing.TB, name string) diagnose.Question {
	t.Helper()
	row, ok := dialect.Get(name)
	if !ok {
		t.Fatalf("no dialect %s", name)
	}
	q := diagnose.Question{Dialect: name, UserID: userID, Email: email, Now: now, Channels: []string{"shop", "chn_shop"}}
	var entries []identity.Entry
	add := func(id, title string, state keyring.State, dead identity.Reason) {
		secret, err := dialect.Decode(name, secretOf(id))
		if err != nil {
			t.Fatal(err)
		}
		key, err := row.NewKey(dialect.Setup{ID: id, Secret: secret, Realm: "main", Platforms: []string{"web"}, Audiences: q.Channels})
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, identity.Entry{Key: key, Dead: dead})
		q.Keys = append(q.Keys, diagnose.Key{ID: id, Name: title, Dialect: name, Signs: row.DefaultSigns(), State: state, Since: now.Add(-72 * time.Hour),
			Secret: identity.NewSecret([]byte(secretOf(id)))})
	}
	add("key_own", "Backend", keyring.Active, "")
	add("key_old", "Old backend", keyring.Retired, identity.KeyRetired)
	add("key_leaked", "Leaked", keyring.Revoked, identity.KeyRevoked)
	q.Others = []diagnose.Key{{ID: "key_blog", Name: "Blog backend", Channel: "blog", Dialect: name, Signs: row.DefaultSigns(), State: keyring.Active,
		Secret: identity.NewSecret([]byte(secretOf("blog")))}}
	ring, err := identity.NewRing(entries...)
	if err != nil {
		t.Fatal(err)
	}
	q.Ring = ring
	return q
}

// making is how a backend makes a hash; each mistake changes one part of it.
type making struct {
	secret    string
	decode    bool // the secret, from hexadecimal
	text      string
	algorithm func() hash.Hash
	build     func(h func() hash.Hash, key, text string) []byte
	print     func([]byte) string
}

func mac(h func() hash.Hash, key, text string) []byte {
	m := hmac.New(h, []byte(key))
	m.Write([]byte(text))
	return m.Sum(nil)
}

func rightly(row dialect.Row, own string) making {
	m := making{secret: own, decode: row.SecretHex, text: email, algorithm: sha256.New, build: mac, print: hex.EncodeToString}
	if row.DefaultSigns() == identity.SignsUserID {
		m.text = userID
	}
	if row.Lowered {
		m.text = strings.ToLower(m.text)
	}
	return m
}

func (m making) hash() string {
	key := m.secret
	if m.decode {
		if raw, err := hex.DecodeString(key); err == nil {
			key = string(raw)
		}
	}
	return m.print(m.build(m.algorithm, key, m.text))
}

// hashMistake is one mistake in making a hash. Two go together if their parts differ.
type hashMistake struct {
	code diagnose.Code
	name string
	part string
	make func(row dialect.Row, m *making)
	skip func(row dialect.Row) bool
}

func byUserID(row dialect.Row) bool { return row.DefaultSigns() == identity.SignsUserID }
func byEmail(row dialect.Row) bool  { return !byUserID(row) }

func hashMistakes() []hashMistake {
	return []hashMistake{
		{diagnose.OtherKey, "another channel's key", "key", func(_ dialect.Row, m *making) { m.secret = secretOf("blog") }, nil},
		{diagnose.RetiredKey, "a retired key", "key", func(_ dialect.Row, m *making) { m.secret = secretOf("key_old") }, nil},
		{diagnose.RetiredKey, "a revoked key", "key", func(_ dialect.Row, m *making) { m.secret = secretOf("key_leaked") }, nil},
		{diagnose.IdentifierKind, "the other field", "field", func(row dialect.Row, m *making) {
			if m.text = userID; byUserID(row) {
				m.text = email
			}
		}, nil},
		{diagnose.NumberFormat, "floating point", "letters", func(_ dialect.Row, m *making) {
			f, _ := strconv.ParseFloat(m.text, 64)
			m.text = fmt.Sprint(f)
		}, byEmail},
		{diagnose.NumberFormat, "a fraction", "letters", func(_ dialect.Row, m *making) { m.text += ".0" }, byEmail},
		{diagnose.LetterCase, "upper case", "letters", func(_ dialect.Row, m *making) { m.text = strings.ToUpper(m.text) }, byUserID},
		{diagnose.Blanks, "a blank behind", "blanks", func(_ dialect.Row, m *making) { m.text += " " }, nil},
		{diagnose.Newline, "a line break behind", "newline", func(_ dialect.Row, m *making) { m.text += "\n" }, nil},
		{diagnose.SecretAsText, "digits as text", "reading", func(_ dialect.Row, m *making) { m.decode = false }, func(row dialect.Row) bool { return !row.SecretHex }},
		{diagnose.SecretAsHex, "digits decoded", "reading", func(_ dialect.Row, m *making) { m.decode = true }, func(row dialect.Row) bool { return row.SecretHex }},
		{diagnose.Newline, "a line break behind the secret", "secret", func(_ dialect.Row, m *making) { m.secret += "\n" }, func(row dialect.Row) bool { return row.SecretHex }},
		{diagnose.Base64, "base64", "print", func(_ dialect.Row, m *making) { m.print = base64.StdEncoding.EncodeToString }, func(row dialect.Row) bool { return row.LooseHash }},
		{diagnose.SHA1, "SHA-1", "algorithm", func(_ dialect.Row, m *making) { m.algorithm = sha1.New }, nil},
		{diagnose.SHA512, "SHA-512", "algorithm", func(_ dialect.Row, m *making) { m.algorithm = sha512.New }, nil},
		{diagnose.Swapped, "swapped", "build", func(_ dialect.Row, m *making) {
			m.build = func(h func() hash.Hash, key, text string) []byte { return mac(h, text, key) }
		}, nil},
		{diagnose.PlainSHA256, "no key", "build", func(_ dialect.Row, m *making) {
			m.build = func(h func() hash.Hash, _, text string) []byte { d := h(); d.Write([]byte(text)); return d.Sum(nil) }
		}, nil},
		{diagnose.PlainSHA256, "joined", "build", func(_ dialect.Row, m *making) {
			m.build = func(h func() hash.Hash, key, text string) []byte {
				d := h()
				d.Write([]byte(key + text))
				return d.Sum(nil)
			}
		}, nil},
		{diagnose.HashedTwice, "twice", "build", func(_ dialect.Row, m *making) {
			m.build = func(h func() hash.Hash, key, text string) []byte {
				return mac(h, key, hex.EncodeToString(mac(h, key, text)))
			}
		}, nil},
	}
}

// together says whether two mistakes can be made at once and still both be seen.
func together(a, b hashMistake) bool {
	keyless := func(m hashMistake) bool { return m.name == "no key" }
	keyed := func(m hashMistake) bool { return m.part == "key" || m.part == "reading" || m.part == "secret" }
	switch {
	case a.part == b.part, keyless(a) && keyed(b), keyless(b) && keyed(a):
		return false
	case a.part == "field" && b.part == "letters", a.part == "letters" && b.part == "field":
		return false // the number is not signed at all, or has no letters
	case a.part == "reading" && b.part == "secret", a.part == "secret" && b.part == "reading":
		return false // a line break cannot be decoded
	}
	return true
}

func codes(causes []diagnose.Cause) []diagnose.Code {
	var out []diagnose.Code
	for _, c := range causes {
		out = append(out, c.Code)
	}
	slices.Sort(out)
	return out
}

func sorted(all ...diagnose.Code) []diagnose.Code {
	slices.Sort(all)
	return slices.Compact(all)
}

// hold asks what every answer must keep to, whatever was asked.
func hold(t testing.TB, q diagnose.Question, a diagnose.Answer) {
	t.Helper()
	verified := false
	spoken := []string{q.Dialect}
	if q.Dialect == "" {
		spoken = dialect.Names()
	}
	for _, name := range spoken {
		_, err := identity.Verify(q.Ring, identity.Assertion{Dialect: name, Platform: q.Platform, UserID: q.UserID, Email: q.Email, Hash: q.Hash, Token: q.Token}, q.Now)
		verified = verified || err == nil
	}
	if a.Verified && !verified {
		t.Fatalf("it praises what the gate refuses: %+v", a)
	}
	if a.Verified != (len(a.Causes) == 0) {
		t.Fatalf("verified %v with causes %+v", a.Verified, a.Causes)
	}
	for _, c := range a.Causes {
		text := c.Explain + " " + c.Fix
		if c.Code == "" || c.Explain == "" || c.Fix == "" || strings.Contains(strings.ToLower(text), "verified") {
			t.Fatalf("a cause says %+v", c)
		}
		for _, name := range []string{"key_own", "key_old", "key_leaked", "blog"} {
			if strings.Contains(text, secretOf(name)) {
				t.Fatalf("a cause holds a secret: %+v", c)
			}
		}
		if len(q.Hash) > 20 && strings.Contains(text, q.Hash) || len(q.Token) > 20 && strings.Contains(text, q.Token) {
			t.Fatalf("a cause holds the proof: %+v", c)
		}
		known := slices.Contains(diagnose.Codes(), c.Code) || slices.Contains(identity.Reasons(), identity.Reason(c.Code))
		if !known {
			t.Fatalf("there is no code %s", c.Code)
		}
	}
}

func expect(t *testing.T, q diagnose.Question, want ...diagnose.Code) {
	t.Helper()
	a := diagnose.Diagnose(q)
	hold(t, q, a)
	if a.Verified || !slices.Equal(codes(a.Causes), sorted(want...)) {
		t.Errorf("wanted %v, got verified %v %+v", want, a.Verified, a.Causes)
	}
}

// hashDialects are those whose pages are spoken: pairs and triples of mistakes are walked in
// each, and what decides is in the row, which server-side dialects have in common with them.
func hashDialects() []string {
	var names []string
	for _, row := range dialect.All() {
		if row.Proof == identity.ProofHash && !row.ServerSide {
			names = append(names, row.Name)
		}
	}
	return names
}

// serverSide are the kinds of the others: by either field, by the email, by the user id.
var serverSide = []string{"chatwoot", "crisp", "gleap"}

func TestEveryMistakeInEveryHashDialectIsNamed(t *testing.T) {
	for _, name := range append(hashDialects(), serverSide...) {
		row, _ := dialect.Get(name)
		for _, wrong := range hashMistakes() {
			if wrong.skip != nil && wrong.skip(row) {
				continue
			}
			t.Run(name+"/"+wrong.name, func(t *testing.T) {
				q, m := questionFor(t, name), rightly(row, secretOf("key_own"))
				wrong.make(row, &m)
				q.Hash = m.hash()
				expect(t, q, wrong.code)
			})
		}
	}
}

func TestEveryPairOfMistakesInEveryHashDialectIsNamed(t *testing.T) {
	pairs := 0
	for _, name := range hashDialects() {
		row, _ := dialect.Get(name)
		all := hashMistakes()
		for i, first := range all {
			for _, second := range all[i+1:] {
				if first.skip != nil && first.skip(row) || second.skip != nil && second.skip(row) || !together(first, second) {
					continue
				}
				pairs++
				t.Run(name+"/"+first.name+" and "+second.name, func(t *testing.T) {
					q, m := questionFor(t, name), rightly(row, secretOf("key_own"))
					first.make(row, &m)
					second.make(row, &m)
					q.Hash = m.hash()
					expect(t, q, first.code, second.code)
				})
			}
		}
	}
	if pairs < 400 {
		t.Errorf("only %d pairs were made", pairs)
	}
}

func TestWhatTheGateTakesIsVerifiedAndHasNoCause(t *testing.T) {
	for _, name := range hashDialects() {
		row, _ := dialect.Get(name)
		q := questionFor(t, name)
		q.Hash = rightly(row, secretOf("key_own")).hash()
		for _, spoken := range []string{name, ""} { // said, and found by itself
			q.Dialect = spoken
			a := diagnose.Diagnose(q)
			hold(t, q, a)
			if !a.Verified || a.Signed.Value == "" || a.Dialect != name {
				t.Errorf("%s: %+v", name, a)
			}
		}
	}
}

func TestSpellingsOfNumbersAndEscapesAreFound(t *testing.T) {
	h := func(text string) string { return hex.EncodeToString(mac(sha256.New, secretOf("key_own"), text)) }
	for _, c := range []struct {
		page, signed string
		want         diagnose.Code
	}{
		{"42", "42.0", diagnose.NumberFormat}, {"42", "042", diagnose.NumberFormat}, {"007", "7", diagnose.NumberFormat},
		{"1e3", "1000", diagnose.NumberFormat}, {"1000", "1e+03", diagnose.NumberFormat}, {"1000", "1e3", diagnose.NumberFormat}, {"1.0", "1", diagnose.NumberFormat},
		{"123456789012", "1.23456789012e+11", diagnose.NumberFormat}, {"1.23456789012e+11", "123456789012", diagnose.NumberFormat},
		{"123456789012", "1.23456789012E+11", diagnose.NumberFormat}, {"123456789012", "1.23456789012E11", diagnose.NumberFormat},
		{"9007199254740993", "9007199254740992", diagnose.NumberFormat}, {"1234567", "1,234,567", diagnose.NumberFormat}, {"1000000", "1e+06", diagnose.NumberFormat},
		{"ada+1@example.com", "ada%2B1%40example.com", diagnose.IdentifierKind}, {"ada+1@example.com", "ada%2b1%40example.com", diagnose.IdentifierKind},
		{"ada@example.com", "ada%40example.com", diagnose.IdentifierKind}, {"ada%40example.com", "ada@example.com", diagnose.IdentifierKind},
		{"a b", "a+b", diagnose.IdentifierKind}, {"a b", "a%20b", diagnose.IdentifierKind}, {"ada+1@example.com", "ada 1@example.com", diagnose.IdentifierKind},
		{"o'neil & co", "o&#39;neil &amp; co", diagnose.IdentifierKind}, {"o&amp;o", "o&o", diagnose.IdentifierKind}, {"42", `"42"`, diagnose.IdentifierKind},
		{"Ada", "ada", diagnose.LetterCase}, {"ada", "Ada", diagnose.LetterCase}, {"ADA", "ada", diagnose.LetterCase},
		{" ada", "ada", diagnose.Blanks}, {"ada\u00a0", "ada", diagnose.Blanks}, {"ada", "\tada"[1:] + "\t", diagnose.Blanks}, {"ada\u200b", "ada", diagnose.Blanks},
		{"ada\n", "ada", diagnose.Newline}, {"ada\n", "ada\n", diagnose.Newline}, {"ada", "ada\r\n", diagnose.Newline},
	} {
		q := questionFor(t, "native")
		q.UserID, q.Email, q.Hash = c.page, "", h(c.signed)
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if got := codes(a.Causes); !slices.Equal(got, sorted(c.want)) {
			t.Errorf("page %q, signed %q: wanted %s, got %+v", c.page, c.signed, c.want, a.Causes)
		}
	}
}

func TestWhatIsNoHashIsSaidToBeNone(t *testing.T) {
	q := questionFor(t, "native")
	right := rightly(dialect.All()[0], secretOf("key_own")).hash()
	for name, c := range map[string]struct {
		hash, says string
		code       diagnose.Code
	}{
		"nothing":         {"", "empty", diagnose.NotAHash},
		"a word":          {"hello", "5 characters", diagnose.NotAHash},
		"half of one":     {right[:32], "32 hexadecimal digits", diagnose.NotAHash},
		"a token":         {tokenRightly(dialect.Row{Signs: []identity.Signs{identity.SignsUserID}}).token(), "JSON Web Token", diagnose.NotAHash},
		"a prefix":        {"sha256=" + right, "around", diagnose.NotAHash},
		"a line break":    {right + "\n", "line break", diagnose.Newline},
		"a blank":         {" " + right, "Blanks", diagnose.Blanks},
		"hyphens":         {hyphened(right), "separated", diagnose.NotAHash},
		"hex of hex":      {hex.EncodeToString([]byte(right)), "twice", diagnose.NotAHash},
		"base64 of hex":   {base64.StdEncoding.EncodeToString([]byte(right)), "once more", diagnose.Base64},
		"base64url":       {base64.RawURLEncoding.EncodeToString([]byte(unhex(right))), "base64", diagnose.Base64},
		"a megabyte":      {strings.Repeat("a", 1<<20), "1048576", diagnose.NotAHash},
		"nobody's":        {strings.Repeat("ab", 32), "no known mistake", diagnose.Unknown},
		"an unset secret": {hex.EncodeToString(mac(sha256.New, "", userID)), "not set", diagnose.OtherKey},
		"undefined":       {hex.EncodeToString(mac(sha256.New, "undefined", userID)), "undefined", diagnose.OtherKey},
	} {
		t.Run(name, func(t *testing.T) {
			q.Hash = c.hash
			a := diagnose.Diagnose(q)
			hold(t, q, a)
			if len(a.Causes) != 1 || a.Causes[0].Code != c.code || !strings.Contains(a.Causes[0].Explain, c.says) {
				t.Errorf("%+v", a.Causes)
			}
		})
	}
}

func hyphened(digits string) string {
	var parts []string
	for i := 0; i < len(digits); i += 2 {
		parts = append(parts, digits[i:i+2])
	}
	return strings.Join(parts, "-")
}

// Whoever holds the first half of somebody's hash must not find the rest by asking.
func TestACutOffHashTellsNothingOfTheRest(t *testing.T) {
	q := questionFor(t, "native")
	right := rightly(dialect.All()[0], secretOf("key_own")).hash()
	wrong := strings.Map(func(r rune) rune { return 'a' + (r+1)%6 }, right)
	for n := 1; n < 64; n++ {
		q.Hash = right[:n]
		mine := diagnose.Diagnose(q)
		q.Hash = wrong[:n]
		if other := diagnose.Diagnose(q); n != 32 && n != 40 && n != 56 && !slices.Equal(mine.Causes, other.Causes) {
			t.Fatalf("%d digits: %+v, and of a wrong one %+v", n, mine.Causes, other.Causes)
		}
		if mine.Verified || len(mine.Causes) != 1 || mine.Causes[0].Code != diagnose.NotAHash {
			t.Fatalf("%d digits: %+v", n, mine)
		}
	}
}

func TestIdentifiersThatNobodyCanHave(t *testing.T) {
	pylon := questionFor(t, "pylon")
	for mail, want := range map[string]diagnose.Code{"ada": diagnose.IdentifierKind, "a@b@c": diagnose.IdentifierKind, "ada @example.com": diagnose.Blanks, "ada@example.com\n": diagnose.Newline} {
		pylon.Email, pylon.Hash = mail, hex.EncodeToString(mac(sha256.New, unhex(secretOf("key_own")), mail))
		expect(t, pylon, want)
	}
	native := questionFor(t, "native")
	native.UserID, native.Hash = strings.Repeat("x", 300), strings.Repeat("ab", 32)
	expect(t, native, diagnose.Unknown)
	native.UserID, native.Hash = "", hex.EncodeToString(mac(sha256.New, secretOf("key_own"), email))
	expect(t, native, diagnose.IdentifierKind)
	native.Hash = strings.Repeat("ab", 32)
	expect(t, native, diagnose.IdentifierKind)
	native.Email = ""
	expect(t, native, diagnose.Unknown)
}

func TestAKeyOfAnotherPlatformIsNamed(t *testing.T) {
	q := questionFor(t, "native")
	q.Platform, q.Hash = "ios", rightly(dialect.All()[0], secretOf("key_own")).hash()
	expect(t, q, diagnose.OtherKey)
}

func TestAChannelWithoutKeysNamesWhoseItIs(t *testing.T) {
	q := questionFor(t, "native")
	q.Hash = hex.EncodeToString(mac(sha256.New, secretOf("blog"), userID))
	q.Ring, q.Keys = identity.Ring{}, nil
	expect(t, q, diagnose.OtherKey)
	q.Others = nil
	expect(t, q, diagnose.Unknown)
}

func TestWorkIsBoundedWhateverIsAsked(t *testing.T) {
	q := questionFor(t, "native")
	for i := range 5000 {
		q.Others = append(q.Others, diagnose.Key{ID: fmt.Sprint(i), Name: fmt.Sprint(i), Channel: "c", Dialect: "native", Secret: identity.NewSecret([]byte(secretOf(fmt.Sprint(i))))})
	}
	q.UserID, q.Email, q.Hash = strings.Repeat("%40", 85), strings.Repeat("&amp;", 400)+"@x", strings.Repeat("ab", 64)
	expect(t, q, diagnose.NotAHash)
	q.UserID, q.Hash = strings.Repeat("1", 40), strings.Repeat("ab", 32)
	expect(t, q, diagnose.Unknown)
	q.UserID = strings.Repeat("x", 1<<20)
	expect(t, q, diagnose.Unknown)
}

func TestNeverVerifiedWhereTheGateRefuses(t *testing.T) {
	questions := map[string]diagnose.Question{}
	for _, name := range dialect.Names() {
		questions[name] = questionFor(t, name)
	}
	names := slices.Sorted(maps.Keys(questions))
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", userID, email, strings.ToLower(email), "42", " 42", "1e3", "a@b", "%40", "a\n"}))
	rapid.Check(t, func(r *rapid.T) {
		q := questions[rapid.SampledFrom(names).Draw(r, "dialect")]
		row, _ := dialect.Get(q.Dialect)
		q.UserID, q.Email = text.Draw(r, "user id"), text.Draw(r, "email")
		q.Now = now.Add(time.Duration(rapid.IntRange(-1e6, 1e6).Draw(r, "seconds")) * time.Second)
		secret := secretOf(rapid.SampledFrom([]string{"key_own", "key_old", "key_leaked", "blog", "stranger"}).Draw(r, "key"))
		if row.Proof == identity.ProofHash {
			m := rightly(row, secret)
			m.text = text.Draw(r, "signed")
			q.Hash = m.hash()
			if cut := rapid.IntRange(0, 80).Draw(r, "cut"); cut < len(q.Hash) {
				q.Hash = q.Hash[:cut] + rapid.SampledFrom([]string{"", "0", " ", "\n"}).Draw(r, "end")
			}
		} else {
			m := tokenRightly(row)
			m.key = secret
			q.Token = m.token()
			if rapid.Bool().Draw(r, "v1") {
				q.Token = v1Token(secret, "shop", q.UserID, q.Email, now)
			}
		}
		if rapid.Bool().Draw(r, "found by itself") {
			q.Dialect = ""
		}
		hold(t, q, diagnose.Diagnose(q))
	})
}

func FuzzDiagnose(f *testing.F) {
	row, _ := dialect.Get("native")
	seeds := [][4]string{
		{"native", userID, email, rightly(row, secretOf("key_own")).hash()},
		{"pylon", "", email, strings.Repeat("ab", 32)}, {"helpscout", "", "", "===="}, {"ensoras", "", "İ@x", "aa-bb"},
		{"native-jwt", "", "", tokenRightly(row).token()}, {"native-v1", "", "", "v1.....x"}, {"pylon-jwt", "1", "", "a.b.c"}, {"intercom-jwt", "", "", "..."},
	}
	for _, s := range seeds {
		f.Add(s[0], s[1], s[2], s[3])
	}
	f.Fuzz(func(t *testing.T, name, id, mail, proof string) {
		spoken, ok := dialect.Get(name)
		if !ok {
			t.Skip("no such dialect: there is nothing to ask")
		}
		q := questionFor(t, spoken.Name)
		q.UserID, q.Email = id, mail
		if spoken.Proof == identity.ProofHash {
			q.Hash = proof
		} else {
			q.Token = proof
		}
		a := diagnose.Diagnose(q)
		if len(proof) > 80 || len(proof) < 21 {
			return // what is quoted of an identifier may equal a short proof
		}
		if strings.Contains(id+mail, proof) {
			return
		}
		hold(t, q, a)
	})
}
