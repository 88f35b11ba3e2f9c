package diagnose_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
)

// edgeIDs are user ids at the edges of what the gate takes.
var edgeIDs = []string{
	"7", "0", "-1", "9007199254740991", "9007199254740992", "9007199254740993", "9223372036854775807", "18446744073709551616", "00042", "1e21",
	"Ada", "ADA", "ada@example.com", "Ada.Lovelace+news@Example.com", "zoë", "Zoë", "ZOË", "漢字", "🎉", "👩‍👩‍👧", "e\u0301", "\u202eada", "İstanbul", "ΟΔΟΣ", "οδος", "straße",
	"a b", "a+b", "100%", "50%25", "a&b", "o'neil", `say "hi"`, `back\slash`, "</script>", "a/b", "a?b=c", "x|y", "x:y", "\u00a0x", "2f1c9d30-8e7a-4a53-9be5-16e60e3a7a04",
	strings.Repeat("x", 255), strings.Repeat("é", 127), "undefined", "null", "true", "1.5", "+42", "1,000", "deadbeef", strings.Repeat("ab", 32),
}

// edgeEmails are addresses at the edges.
var edgeEmails = []string{
	"a@b", "ada@example.com", "Ada.Lovelace@Example.com", "ADA@EXAMPLE.COM", "ada+news@example.com", "a.d.a@example.com", "ada+a.b+c@example.com", "o'neil@example.com", `"quoted"@example.com`,
	"zoë@exämple.com", "ZOË@EXÄMPLE.COM", "İstanbul@example.com", "ΟΔΟΣ@example.com", "οδος@example.com", "straße@example.com", "漢@字", "🎉@example.com", "\u212aim@example.com", "123456789012@example.com",
	"9007199254740993@x", "%40@example.com", "a%2Bb@example.com", "a&amp;b@example.com", "a&b@example.com", "<a>@example.com", "ada@[127.0.0.1]", "ada@example.com.", "-@-", "_@_",
	strings.Repeat("x", 242) + "@example.com", "e\u0301@example.com",
}

// edges are the questions of a dialect: its own field at the edge, the other one plain.
func edges(row dialect.Row) (all [][2]string) {
	if byUserID(row) {
		for _, id := range edgeIDs {
			all = append(all, [2]string{id, "grace@example.org"})
		}
		return all
	}
	for _, mail := range edgeEmails {
		all = append(all, [2]string{"grace-42", mail})
	}
	return all
}

// signedOf is what the dialect signs of a person.
func signedOf(row dialect.Row, person [2]string) string {
	if byUserID(row) {
		return person[0]
	}
	if row.Lowered {
		return strings.ToLower(person[1])
	}
	return person[1]
}

// Whoever signs rightly is verified, whatever the identifier, and as exactly that one.
func TestRightHashesOfEdgeIdentifiersVerify(t *testing.T) {
	for _, name := range hashDialects() {
		row, _ := dialect.Get(name)
		for _, person := range edges(row) {
			q, m := questionFor(t, name), rightly(row, secretOf("key_own"))
			m.text = signedOf(row, person)
			q.UserID, q.Email, q.Hash = person[0], person[1], m.hash()
			a := diagnose.Diagnose(q)
			if hold(t, q, a); !a.Verified || len(a.Causes) > 0 {
				t.Errorf("%s %q: %+v", name, person, a)
				continue
			}
			want := identity.Identifier{Realm: "main", Kind: identity.KindUserID, Value: person[0]}
			if byEmail(row) {
				want = identity.Identifier{Realm: "main", Kind: identity.KindEmail, Value: identity.Fold(m.text)}
			}
			if a.Signed != want || a.Dialect != name || a.Signs != row.DefaultSigns() {
				t.Errorf("%s %q: signed for %v in %s by a key of %s", name, person, a.Signed, a.Dialect, a.Signs)
			}
		}
	}
}

// edgeMistakes are those that any identifier can be signed with.
func edgeMistakes(row dialect.Row) []hashMistake {
	var all []hashMistake
	for _, wrong := range hashMistakes() {
		if (wrong.skip == nil || !wrong.skip(row)) && wrong.code != diagnose.NumberFormat && wrong.part != "field" {
			all = append(all, wrong)
		}
	}
	return all
}

// Every mistake × every dialect × every edge: named, and nothing beside it. Where the
// identifier has no letters, changing them is no mistake.
func TestEveryMistakeIsNamedWhateverTheIdentifier(t *testing.T) {
	tried := 0
	for _, name := range hashDialects() {
		row, _ := dialect.Get(name)
		for _, person := range edges(row) {
			right := rightly(row, secretOf("key_own"))
			right.text = signedOf(row, person)
			for _, wrong := range edgeMistakes(row) {
				m := right
				if wrong.make(row, &m); m.hash() == right.hash() {
					continue
				}
				tried++
				q := questionFor(t, name)
				q.UserID, q.Email, q.Hash = person[0], person[1], m.hash()
				a := diagnose.Diagnose(q)
				hold(t, q, a)
				if got := codes(a.Causes); a.Verified || !slices.Equal(got, sorted(wrong.code)) {
					t.Errorf("%s of %q, %s: %+v", name, person, wrong.name, a.Causes)
				}
			}
		}
	}
	if tried < 2500 {
		t.Errorf("only %d were tried", tried)
	}
}

// The other field, where both are at their edges.
func TestTheOtherFieldIsNamedWhateverItIs(t *testing.T) {
	for _, name := range hashDialects() {
		row, _ := dialect.Get(name)
		for i, id := range edgeIDs {
			mail := edgeEmails[i%len(edgeEmails)]
			if id == mail || strings.EqualFold(id, mail) {
				continue
			}
			m, other := rightly(row, secretOf("key_own")), "email"
			if m.text = id; byUserID(row) {
				m.text = mail
			} else {
				other = "user id"
			}
			q := questionFor(t, name)
			q.UserID, q.Email, q.Hash = id, mail, m.hash()
			a := diagnose.Diagnose(q)
			hold(t, q, a)
			if len(a.Causes) != 1 || a.Causes[0].Code != diagnose.IdentifierKind || !strings.HasPrefix(a.Causes[0].Explain, "The backend signs the "+other+", and this key signs the ") {
				t.Errorf("%s: %q and %q: %+v", name, id, mail, a.Causes)
			}
		}
	}
}

// An @ in a user id makes it no email: what the key signs decides, not what it looks like.
func TestAUserIDWithAnAtStaysAUserID(t *testing.T) {
	for _, id := range []string{"ada@example.com", "@ada", "ada@", "a@b@c", "@", "ADA@x", "ada@x y"} {
		for _, name := range []string{"native", "intercom"} {
			row, _ := dialect.Get(name)
			q, m := questionFor(t, name), rightly(row, secretOf("key_own"))
			m.text = id
			q.UserID, q.Email, q.Hash = id, "grace@example.org", m.hash()
			if a := diagnose.Diagnose(q); !a.Verified || a.Signed.Kind != identity.KindUserID || a.Signed.Value != id {
				t.Errorf("%s %q: %+v", name, id, a)
			}
			m.text = "grace@example.org"
			q.Hash = m.hash()
			expect(t, q, diagnose.IdentifierKind)
			if at := strings.LastIndexByte(id, '@'); at > 0 {
				m.text = id[:at]
				q.Hash = m.hash()
				expect(t, q, diagnose.IdentifierKind)
			}
		}
	}
}

// What the gate takes from nobody is no mistake of the hash: a right one changes nothing.
func TestIdentifiersThatTheGateRefusesAreNamedThoughTheHashIsRight(t *testing.T) {
	for _, c := range []struct {
		dialect, text string
		want          diagnose.Code
	}{
		{"native", "ada\x00", diagnose.Unknown}, {"native", strings.Repeat("x", 256), diagnose.Unknown}, {"native", "\xff\xfe", diagnose.Unknown}, {"native", "a\x1bb", diagnose.Unknown}, {"native", "a\u0085b", diagnose.Unknown},
		{"native", "ada\n", diagnose.Newline}, {"native", "a\r\nb", diagnose.Newline}, {"native", "\nada", diagnose.Newline}, {"native", "a\tb", diagnose.Unknown},
		{"intercom", "ada\x7f", diagnose.Unknown}, {"intercom", "ada\n", diagnose.Newline},
		{"helpscout", "ada", diagnose.IdentifierKind}, {"helpscout", "@x", diagnose.Unknown}, {"helpscout", "x@", diagnose.Unknown}, {"helpscout", "a@b@c", diagnose.IdentifierKind}, {"helpscout", "a b@c", diagnose.Blanks},
		{"helpscout", "a\tb@c", diagnose.Blanks}, {"helpscout", "ada@x\n", diagnose.Newline}, {"helpscout", strings.Repeat("x", 253) + "@x", diagnose.Unknown}, {"helpscout", "a\u00a0b@c", diagnose.Unknown},
		{"pylon", "12345", diagnose.IdentifierKind}, {"pylon", "ada\u0000@x", diagnose.Unknown}, {"pylon", " ada@x", diagnose.Blanks}, {"pylon", "ada@x\r\n", diagnose.Newline},
		{"ensoras", "ada", diagnose.IdentifierKind}, {"ensoras", "ada@x ", diagnose.Blanks}, {"ensoras", "ada@x\n", diagnose.Newline}, {"ensoras", "a@@b", diagnose.IdentifierKind},
	} {
		row, _ := dialect.Get(c.dialect)
		q, m := questionFor(t, c.dialect), rightly(row, secretOf("key_own"))
		q.UserID, q.Email = "", ""
		if m.text = c.text; byUserID(row) {
			q.UserID = c.text
		} else {
			q.Email = c.text
		}
		q.Hash = m.hash()
		expect(t, q, c.want)
		q.Hash = strings.Repeat("ab", 32) // nor does a wrong one
		expect(t, q, c.want)
	}
}

// How languages lower an address, beside what the page sends. Each counts as
// lowering, and so goes along with any other mistake.
func TestEnsorasLoweringsGoAlongWithOtherMistakes(t *testing.T) {
	for _, c := range [][2]string{
		{"ADA@EXAMPLE.COM", "ada@example.com"}, {"ZOË@X.EXAMPLE", "zoë@x.example"}, {"ZOË@X.EXAMPLE", "zoË@x.example"},
		{"ΟΔΟΣ@X.EXAMPLE", "οδοσ@x.example"}, {"ΟΔΟΣ@X.EXAMPLE", "οδος@x.example"}, {"ΟΔΟΣ@X.EXAMPLE", "ΟΔΟΣ@x.example"},
		{"İSTANBUL@X.EXAMPLE", "istanbul@x.example"}, {"İSTANBUL@X.EXAMPLE", "i\u0307stanbul@x.example"}, {"İSTANBUL@X.EXAMPLE", "İstanbul@x.example"},
		{"\u212aIM@X.EXAMPLE", "kim@x.example"}, {"\u212aIM@X.EXAMPLE", "\u212aim@x.example"},
	} {
		q := questionFor(t, "ensoras")
		q.UserID, q.Email = "", c[0]
		q.Hash = digest(secretOf("key_own"), c[1])
		if a := diagnose.Diagnose(q); !a.Verified {
			t.Errorf("%s as %s: %+v", c[0], c[1], a.Causes)
		}
		for key, want := range map[string]diagnose.Code{secretOf("blog"): diagnose.OtherKey, secretOf("key_old"): diagnose.RetiredKey, unhex(secretOf("key_own")): diagnose.SecretAsHex, secretOf("key_own") + "\n": diagnose.Newline} {
			q.Hash = digest(key, c[1])
			expect(t, q, want)
		}
		for text, want := range map[string]diagnose.Code{c[1] + " ": diagnose.Blanks, c[1] + "\n": diagnose.Newline, strings.Replace(c[1], "@", "%40", 1): diagnose.IdentifierKind} {
			q.Hash = digest(secretOf("key_own"), text)
			expect(t, q, want)
		}
	}
}

// Any text that the gate takes as a user id, made wrong in one way, is named so; taking
// the mistake back makes it verify.
func TestOneMistakeWithAnyIdentifier(t *testing.T) {
	q := questionFor(t, "native")
	row, _ := dialect.Get("native")
	rapid.Check(t, func(r *rapid.T) {
		id := rapid.OneOf(rapid.StringN(1, 60, 255), rapid.SampledFrom(edgeIDs), rapid.StringMatching(`[0-9]{1,19}`), rapid.StringMatching(`[A-Za-z0-9._+-]{1,20}@[a-z]{1,10}\.[a-z]{2,3}`)).
			Filter(identity.ValidUserID).Draw(r, "user id")
		right := rightly(row, secretOf("key_own"))
		right.text = id
		m, wrong := right, rapid.SampledFrom(edgeMistakes(row)).Draw(r, "mistake")
		wrong.make(row, &m)
		q.UserID, q.Email, q.Hash = id, "", m.hash()
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if m.hash() == right.hash() != a.Verified {
			t.Fatalf("%q with %s: %+v", id, wrong.name, a)
		}
		if !a.Verified && !slices.Equal(codes(a.Causes), sorted(wrong.code)) && wrong.part != "letters" {
			t.Fatalf("%q with %s: %+v", id, wrong.name, a.Causes)
		}
		q.Hash = right.hash()
		if a = diagnose.Diagnose(q); !a.Verified {
			t.Fatalf("%q: %+v", id, a.Causes)
		}
	})
}

// Numbers as languages print them once a database or JSON has made a float of them.
func TestNumbersAsLanguagesPrintThem(t *testing.T) {
	for _, c := range []struct{ page, signed, by string }{
		{"42", "42.0", "Python and Ruby"}, {"42", "42.00", "a decimal column"}, {"42", "42.000000", "C"}, {"42", "4.2e+01", "Go's %e, shortest"}, {"42", "4.200000e+01", "C's %e"}, {"42", "4.2E1", "Java's scientific form"},
		{"123456789012", "1.23456789012E11", "Java"}, {"123456789012", "123456789012.0", "Python"}, {"123456789012", "1.23456789012E+11", "C# and PHP 7"}, {"123456789012", "1.23457e+11", "C's %g and C++"},
		{"1000000000000000", "1.0E+15", "PHP"}, {"1000000000000000", "1E+15", "C#"}, {"1000000000000000", "1.0E15", "Java"}, {"1000000000000000", "1e+15", "Go"}, {"1000000000000000", "1000000000000000.0", "Python"},
		{"10000000000000000", "1e16", "Rust's %e"}, {"10000000000000000", "1e+16", "Python"}, {"10000000000000000", "1.0e+16", "Ruby"}, {"1000000000000000000000", "1e21", "a short exponent"}, {"1000000000000000000000", "1e+21", "JavaScript"},
		{"9007199254740993", "9007199254740992", "JavaScript"}, {"9007199254740993", "9007199254740992.0", "Python"}, {"9007199254740993", "9.007199254740992e+15", "Go"}, {"9007199254740993", "9.007199254740992E15", "Java"},
		{"9007199254740993", "9.007199254741E+15", "PHP with 14 digits"}, {"9223372036854775807", "9223372036854775808", "a float of the largest"}, {"9223372036854775807", "9.223372036854776e+18", "Python"}, {"9223372036854775807", "9.2233720368548E+18", "PHP"},
		{"1234567", "1,234,567", "an English format"}, {"1234567", "1.234.567", "a German one"}, {"1234567", "1 234 567", "a French one"}, {"1234567", "1'234'567", "a Swiss one"}, {"1234567", "1_234_567", "a literal"},
		{"42", "000042", "a padded column"}, {"42", "000000000042", "one of twelve digits"}, {"42", "+42", "a sign"}, {"00042", "42", "a number of digits"}, {"00042", "42.0", "a float of digits"}, {"1,234,567", "1234567", "a page that formats"},
		{"42.0", "42", "a page with floats"}, {"4.2e1", "42", "a page with exponents"}, {"1e21", "1000000000000000000000", "a page of JavaScript's"}, {"-5", "-5.0", "below zero"},
	} {
		q := questionFor(t, "native")
		q.UserID, q.Email, q.Hash = c.page, "", digest(secretOf("key_own"), c.signed)
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if len(a.Causes) != 1 || a.Causes[0].Code != diagnose.NumberFormat || !strings.Contains(a.Causes[0].Explain, fmt.Sprintf("%q", c.page)) {
			t.Errorf("%s: %s for %s: %+v", c.by, c.signed, c.page, a.Causes)
		}
		q.Hash = digest(secretOf("blog"), c.signed)
		expect(t, q, diagnose.NumberFormat, diagnose.OtherKey)
		sum := sha256.Sum256([]byte(c.signed))
		q.Hash = fmt.Sprintf("%x", sum)
		expect(t, q, diagnose.NumberFormat, diagnose.PlainSHA256)
	}
}
