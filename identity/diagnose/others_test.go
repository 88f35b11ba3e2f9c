package diagnose_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
	"countersign/identity/keyring"
)

// elsewhere is a key of another channel.
func elsewhere(channel, id, spoken string, state keyring.State) diagnose.Key {
	return diagnose.Key{ID: id, Name: "Key " + id, Channel: channel, Dialect: spoken, State: state, Since: now.Add(-48 * time.Hour), Secret: identity.NewSecret([]byte(secretOf(id)))}
}

// Whose key it was is said by name, with its channel and state.
func TestWhoseKeyItWasIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		key  diagnose.Key
		own  bool
		code diagnose.Code
		says []string
		not  []string
	}{
		"another channel's":          {elsewhere("blog", "k1", "native", keyring.Active), false, diagnose.OtherKey, []string{`the key "Key k1" of the channel "blog"`}, []string{"retired", "revoked", "since"}},
		"another channel's, made":    {elsewhere("blog", "k1", "native", keyring.Pending), false, diagnose.OtherKey, []string{`of the channel "blog"`}, []string{"retired"}},
		"another channel's, leaving": {elsewhere("blog", "k1", "native", keyring.Retiring), false, diagnose.OtherKey, []string{`of the channel "blog"`}, []string{"retired"}},
		"another channel's, retired": {elsewhere("blog", "k1", "native", keyring.Retired), false, diagnose.OtherKey, []string{`of the channel "blog", which is retired`}, nil},
		"another channel's, revoked": {elsewhere("blog", "k1", "native", keyring.Revoked), false, diagnose.OtherKey, []string{`of the channel "blog", which is revoked`}, nil},
		"a retired one":              {elsewhere("", "k1", "native", keyring.Retired), true, diagnose.RetiredKey, []string{`the key "Key k1", which is retired since 2 days`}, []string{"of the channel"}},
		"a revoked one":              {elsewhere("", "k1", "native", keyring.Revoked), true, diagnose.RetiredKey, []string{`the key "Key k1", which is revoked since 2 days`}, []string{"of the channel"}},
		"one of another dialect":     {elsewhere("", "k1", "helpscout", keyring.Active), true, diagnose.OtherKey, []string{`the key "Key k1", which is a key of this channel for helpscout`}, nil},
		"one with a name that is no": {diagnose.Key{ID: "k1", Channel: "blog", Dialect: "native", Secret: identity.NewSecret([]byte(secretOf("k1")))}, false, diagnose.OtherKey, []string{`the key "k1" of the channel "blog"`}, nil},
		"one that is nameless":       {diagnose.Key{Channel: "blog", Dialect: "native", Secret: identity.NewSecret([]byte(secretOf("k1")))}, false, diagnose.OtherKey, []string{`this key of the channel "blog"`}, nil},
		"a name with quotes":         {diagnose.Key{ID: "k1", Name: `The "old" one` + "\n", Channel: "blog", Dialect: "native", Secret: identity.NewSecret([]byte(secretOf("k1")))}, false, diagnose.OtherKey, []string{`"The \"old\" one\n"`}, []string{"\n"}},
		"a very long name":           {diagnose.Key{ID: "k1", Name: strings.Repeat("é", 500), Channel: "blog", Dialect: "native", Secret: identity.NewSecret([]byte(secretOf("k1")))}, false, diagnose.OtherKey, []string{"…"}, []string{strings.Repeat("é", 100)}},
		"retired, who knows when":    {diagnose.Key{ID: "k1", Name: "Old", Dialect: "native", State: keyring.Retired, Secret: identity.NewSecret([]byte(secretOf("k1")))}, true, diagnose.RetiredKey, []string{"which is retired."}, []string{"since"}},
		"retired in the future":      {diagnose.Key{ID: "k1", Name: "Old", Dialect: "native", State: keyring.Retired, Since: now.Add(time.Hour), Secret: identity.NewSecret([]byte(secretOf("k1")))}, true, diagnose.RetiredKey, []string{"which is retired."}, []string{"since"}},
	} {
		t.Run(name, func(t *testing.T) {
			q := questionFor(t, "native")
			if q.Others = nil; c.own {
				q.Keys = append(q.Keys, c.key)
			} else {
				q.Others = []diagnose.Key{c.key}
			}
			q.Hash = digest(secretOf("k1"), userID)
			a := diagnose.Diagnose(q)
			hold(t, q, a)
			if len(a.Causes) != 1 || a.Causes[0].Code != c.code {
				t.Fatalf("%+v", a.Causes)
			}
			for _, says := range c.says {
				if !strings.Contains(a.Causes[0].Explain, says) {
					t.Errorf("%q does not say %q", a.Causes[0].Explain, says)
				}
			}
			for _, not := range c.not {
				if strings.Contains(a.Causes[0].Explain, not) {
					t.Errorf("%q says %q", a.Causes[0].Explain, not)
				}
			}
		})
	}
}

// Which of several is named: the channel's own first, then what lives, then the dead.
func TestTheNearestOfSeveralKeysIsNamed(t *testing.T) {
	same := func(k diagnose.Key) diagnose.Key {
		k.Secret = identity.NewSecret([]byte(secretOf("same")))
		return k
	}
	own, retired := same(elsewhere("", "own_old", "native", keyring.Retired)), same(elsewhere("blog", "blog_old", "native", keyring.Retired))
	live, second := same(elsewhere("news", "news", "native", keyring.Active)), same(elsewhere("wiki", "wiki", "native", keyring.Active))
	for _, c := range []struct {
		keys, others []diagnose.Key
		want         string
	}{
		{nil, []diagnose.Key{retired, live}, "Key news"}, {nil, []diagnose.Key{live, retired}, "Key news"}, {nil, []diagnose.Key{retired}, "Key blog_old"},
		{[]diagnose.Key{own}, []diagnose.Key{live, retired}, "Key own_old"}, {nil, []diagnose.Key{live, second}, "Key news"}, {nil, []diagnose.Key{second, live}, "Key wiki"},
		{[]diagnose.Key{own}, nil, "Key own_old"},
	} {
		q := questionFor(t, "native")
		q.Keys, q.Others = append(q.Keys, c.keys...), c.others
		q.Hash = digest(secretOf("same"), userID)
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if len(a.Causes) != 1 || !strings.Contains(a.Causes[0].Explain, c.want) {
			t.Errorf("wanted %s, got %+v", c.want, a.Causes)
		}
	}
}

// A key whose secret is the asked one's is no other key, wherever it stands.
func TestTheSameSecretElsewhereIsNoOtherKey(t *testing.T) {
	q := questionFor(t, "native")
	twin := elsewhere("blog", "twin", "native", keyring.Active)
	twin.Secret = identity.NewSecret([]byte(secretOf("key_own")))
	q.Others = []diagnose.Key{twin}
	q.Hash = digest(secretOf("key_own"), userID)
	if a := diagnose.Diagnose(q); !a.Verified {
		t.Errorf("%+v", a.Causes)
	}
	q.Hash = digest(secretOf("key_own"), userID+" ")
	expect(t, q, diagnose.Blanks)
	q.Hash = digest(unhex(secretOf("key_own")), userID)
	expect(t, q, diagnose.SecretAsHex)
}

// The same text is two keys, one as text and one decoded: what is named is a key that
// exists, read as its own dialect reads it, or the reading; never both, and never neither.
func TestTheSameSecretAsTextAndAsHexadecimal(t *testing.T) {
	for own, other := range map[string]string{"native": "pylon", "pylon": "helpscout", "helpscout": "pylon", "intercom": "pylon", "ensoras": "pylon"} {
		q := questionFor(t, own)
		row, _ := dialect.Get(own)
		m := rightly(row, secretOf("key_own"))
		m.decode = !m.decode
		q.Hash = m.hash()
		q.Others = nil
		alone := diagnose.SecretAsHex
		if row.SecretHex {
			alone = diagnose.SecretAsText
		}
		expect(t, q, alone)
		twin := elsewhere("blog", "twin", other, keyring.Active)
		twin.Secret = identity.NewSecret([]byte(secretOf("key_own")))
		q.Others = []diagnose.Key{twin}
		expect(t, q, diagnose.OtherKey)
	}
}

// A hexadecimal secret of another dialect is used as that dialect would, or as this one.
func TestAnotherDialectsKeyIsReadInBothWays(t *testing.T) {
	for own, other := range map[string]string{"native": "pylon", "pylon": "native", "helpscout": "pylon", "ensoras": "pylon", "intercom": "pylon"} {
		row, _ := dialect.Get(own)
		for _, decode := range []bool{false, true} {
			q, m := questionFor(t, own), rightly(row, secretOf("their"))
			q.Others = []diagnose.Key{elsewhere("blog", "their", other, keyring.Active)}
			m.decode = decode
			q.Hash = m.hash()
			expect(t, q, diagnose.OtherKey)
		}
	}
}

// A secret that is no hexadecimal is skipped where it would be decoded, and breaks nothing.
func TestSecretsThatCannotBeDecodedBreakNothing(t *testing.T) {
	for _, text := range []string{"not hexadecimal at all", "abc", "zz", " ", "\n", "é", "\x00", strings.Repeat("k", 5000), "%s%d", "0x1234567890abcdef", "====", "a", "-"} {
		q := questionFor(t, "pylon")
		q.Others = []diagnose.Key{{ID: "their", Name: "Theirs", Channel: "blog", Dialect: "native", Secret: identity.NewSecret([]byte(text))}}
		q.Hash = digest(text, email)
		a := diagnose.Diagnose(q)
		if hold(t, q, a); !slices.Equal(codes(a.Causes), []diagnose.Code{diagnose.OtherKey}) || !strings.Contains(a.Causes[0].Explain, "Theirs") {
			t.Errorf("%q: %+v", text, a.Causes)
		}
	}
}

// What languages make of a variable that is not set is a key as well, and the worst.
func TestAnUnsetVariableIsNamedInEveryDialect(t *testing.T) {
	for _, name := range hashDialects() {
		row, _ := dialect.Get(name)
		for text, says := range map[string]string{"": "an empty text", "undefined": `the text "undefined"`, "null": `the text "null"`, "None": `the text "None"`, "nil": `the text "nil"`, "false": `the text "false"`} {
			q, m := questionFor(t, name), rightly(row, "")
			q.Hash = hex.EncodeToString(mac(sha256.New, text, m.text))
			a := diagnose.Diagnose(q)
			if hold(t, q, a); len(a.Causes) != 1 || a.Causes[0].Code != diagnose.OtherKey || !strings.Contains(a.Causes[0].Explain, says) {
				t.Errorf("%s under %q: %+v", name, text, a.Causes)
			}
		}
	}
}

// A hash without any key blames no key, whichever the channel has.
func TestAHashWithoutAKeyBlamesNoKey(t *testing.T) {
	plain := sha256.Sum256([]byte(userID))
	q := questionFor(t, "native")
	q.Hash = hex.EncodeToString(plain[:])
	expect(t, q, diagnose.PlainSHA256)
	q.Ring, q.Keys = identity.Ring{}, nil
	expect(t, q, diagnose.PlainSHA256)
	q.Others = nil
	expect(t, q, diagnose.PlainSHA256)
	plain = sha256.Sum256([]byte(userID + "\n"))
	q.Hash = hex.EncodeToString(plain[:])
	expect(t, q, diagnose.PlainSHA256, diagnose.Newline)
}

// Secrets with something around them: how the operator entered it, or the backend reads it.
func TestSecretsReadCarelessly(t *testing.T) {
	for _, c := range []struct {
		entered, used string
		want          []diagnose.Code
	}{
		{"a plain secret of some length", "a plain secret of some length\n", []diagnose.Code{diagnose.Newline}}, {"a plain secret of some length", "a plain secret of some length\r\n", []diagnose.Code{diagnose.Newline}},
		{"a plain secret of some length\n", "a plain secret of some length", []diagnose.Code{diagnose.Newline}}, {"a plain secret of some length\r\n", "a plain secret of some length", []diagnose.Code{diagnose.Newline}},
		{"a plain secret of some length", "a plain secret of some length ", []diagnose.Code{diagnose.Blanks}}, {"a plain secret of some length", " a plain secret of some length", []diagnose.Code{diagnose.Blanks}},
		{" a plain secret of some length ", "a plain secret of some length", []diagnose.Code{diagnose.Blanks}}, {"A Plain Secret Of Some Length", "a plain secret of some length", []diagnose.Code{diagnose.LetterCase}},
		{"a plain secret of some length", "A PLAIN SECRET OF SOME LENGTH", []diagnose.Code{diagnose.LetterCase}}, {"YSBwbGFpbiBzZWNyZXQgb2Ygc29tZSBsZW5ndGg=", "a plain secret of some length", []diagnose.Code{diagnose.Base64}},
		{"YSBwbGFpbiBzZWNyZXQgb2Ygc29tZSBsZW5ndGg", "a plain secret of some length", []diagnose.Code{diagnose.Base64}}, {"a plain secret of some length", "YSBwbGFpbiBzZWNyZXQgb2Ygc29tZSBsZW5ndGg=", []diagnose.Code{diagnose.Base64}},
		{"_-8_-8_-8_-8_-8_-8_-8w==", "\xff\xef?\xfb\xff\x3f\xfe\xff", []diagnose.Code{diagnose.Unknown}}, {strings.ToUpper(secretOf("x")), secretOf("x"), []diagnose.Code{diagnose.LetterCase}},
		{strings.ToUpper(secretOf("x")), unhex(secretOf("x")), []diagnose.Code{diagnose.SecretAsHex}}, {secretOf("x") + "\n", unhex(secretOf("x")), []diagnose.Code{diagnose.SecretAsHex, diagnose.Newline}},
		{secretOf("x"), secretOf("x")[:63], []diagnose.Code{diagnose.Unknown}}, {secretOf("x"), secretOf("x") + secretOf("x"), []diagnose.Code{diagnose.Unknown}},
	} {
		key := diagnose.Key{ID: "own", Name: "Own", Dialect: "native", Signs: identity.SignsUserID, State: keyring.Active, Secret: identity.NewSecret([]byte(c.entered))}
		q := ringOf(t, key)
		q.Dialect, q.UserID, q.Hash = "native", userID, digest(c.used, userID)
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if a.Verified || !slices.Equal(codes(a.Causes), sorted(c.want...)) {
			t.Errorf("entered %q, used %q: %+v", c.entered, c.used, a.Causes)
		}
		for _, cause := range a.Causes {
			for _, secret := range []string{strings.TrimSpace(c.entered), strings.TrimSpace(c.used)} {
				if strings.Contains(cause.Explain+cause.Fix, secret) {
					t.Errorf("a cause holds a secret: %+v", cause)
				}
			}
		}
	}
}

// A key that waits, lives or leaves verifies by the gate's word; one that has left is named.
func TestStatesOfTheOwnKey(t *testing.T) {
	for state, want := range map[keyring.State]diagnose.Code{keyring.Active: "", keyring.Retiring: "", keyring.Retired: diagnose.RetiredKey, keyring.Revoked: diagnose.RetiredKey} {
		q := ringOf(t, keyOf("one", "native", identity.SignsUserID, state))
		q.Dialect, q.UserID, q.Hash = "native", userID, digest(secretOf("one"), userID)
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if a.Verified != (want == "") || want != "" && !slices.Equal(codes(a.Causes), []diagnose.Code{want}) {
			t.Errorf("%s: %+v", state, a)
		}
	}
	q := ringOf(t, keyOf("one", "native", identity.SignsUserID, keyring.Retiring))
	q.Dialect, q.UserID, q.Hash, q.Now = "native", userID, digest(secretOf("one"), userID), now.Add(2*time.Hour) // its overlap is over
	expect(t, q, diagnose.RetiredKey)
}

// Eight live keys are as many as a channel may have: each mistake is found with each.
func TestEveryOneOfEightKeysIsTried(t *testing.T) {
	var keys []diagnose.Key
	for i := range identity.MaxLive {
		keys = append(keys, keyOf(fmt.Sprint("key", i), "native", identity.SignsUserID, keyring.Active))
	}
	q := ringOf(t, keys...)
	q.Dialect, q.UserID, q.Email = "native", "Ada", email
	for i := range keys {
		secret := secretOf(fmt.Sprint("key", i))
		for text, want := range map[string]diagnose.Code{"ada": diagnose.LetterCase, "Ada ": diagnose.Blanks, "Ada\n": diagnose.Newline, email: diagnose.IdentifierKind} {
			q.Hash = digest(secret, text)
			expect(t, q, want)
		}
		q.Hash = digest(unhex(secret), "Ada")
		expect(t, q, diagnose.SecretAsHex)
		q.Hash = hex.EncodeToString(mac(sha256.New, "Ada", secret))
		expect(t, q, diagnose.Swapped)
	}
}
