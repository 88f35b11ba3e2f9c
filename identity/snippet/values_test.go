package snippet_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/snippet"
)

// imported are secrets as other systems made them: whoever moves brings theirs along, and
// no language may trim, decode, unescape or shorten what the environment has.
var imported = map[string]string{
	"letters outside ASCII":      "Pässwörter-für-漢字-🎉",
	"blanks around":              "  a secret with blanks around  ",
	"quotation marks":            `"quoted 'and' quoted"`,
	"escapes":                    `\n\t\\u0041\x41 stay as they are`,
	"interpolations":             `${HOME} $HOME #{1} %s %PATH% {{x}} <%= 1 %>`,
	"a line break at its end":    "a file's last line was read too\n",
	"base64":                     "kP3+fN0/8uQm7tXy2vB5Jc1Zs9LwRa6H4gEoTdiYMxU=",
	"longer than a block":        strings.Repeat("0123456789abcdefghijklmnopqrstuv", 8),
	"sixteen bytes":              "s1xteen bytes !!",
	"hexadecimal in capitals":    strings.ToUpper(secret),
	"what stands for nothing":    "undefined null None nil false 0",
	"an equals sign":             "CHAT_SECRET=not a name",
	"a comment":                  "# // <!-- /* a secret that looks like a comment",
	"a number":                   "12345678901234567890",
	"a JSON text":                `{"secret":"a JSON text as a secret"}`,
	"a secret of a webhook":      "whsec_kP3fN08uQm7tXy2vB5Jc1Zs9LwRa6H4g",
	"a byte order mark":          "\ufeffa byte order mark stands before it",
	"decomposed letters":         "e\u0301 is not \u00e9, whatever the screen shows",
	"right to left":              "\u202eright to left, and back\u202c",
	"a path":                     "C:\\secrets\\chat.txt /etc/secrets/chat",
	"one letter often":           strings.Repeat("a", 64),
	"sixty-four bytes precisely": strings.Repeat("0f1e2d3c", 8),
	"one byte more than a block": strings.Repeat("0f1e2d3c", 8) + "x",
}

// Each secret is a variable of its own, so that one process tries them all.
func TestImportedSecretsAreUsedAsTheyAre(t *testing.T) {
	names := []string{}
	for name := range imported {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, language := range snippet.Languages() {
		t.Run(string(language), func(t *testing.T) {
			t.Parallel()
			how := drivers[language]
			need(t, how.commands...)
			var all []program
			environment := []string{"LC_ALL=C.UTF-8"}
			for i, name := range names {
				variable := fmt.Sprintf("SECRET_%d", i)
				environment = append(environment, variable+"="+imported[name])
				r := snippet.Request{Language: language, Dialect: []string{"native", "native-jwt", "native-v1"}[i%3], Signs: "user_id", Channel: "shop", Variable: variable}
				made, err := snippet.Render(r)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, program{request: r, made: made})
			}
			dir := t.TempDir()
			command := how.build(t, dir, all)
			lines := run(t, dir, environment, command[0], command[1:]...)
			if len(lines) != len(all)*len(people()) {
				t.Fatalf("%d lines", len(lines))
			}
			for i, p := range all {
				proof := lines[i*len(people())] // of the first customer
				_, err := identity.Verify(ringWith(t, p.request, imported[names[i]]), asked(p, people()[0], proof), time.Now())
				if err != nil {
					t.Errorf("%s with %s: %v: %s", p.request.Dialect, names[i], err, proof)
				}
				if _, err := identity.Verify(ringWith(t, p.request, strings.TrimSpace(imported[names[i]])+"x"), asked(p, people()[0], proof), time.Now()); err == nil {
					t.Errorf("%s with %s verifies under another secret", p.request.Dialect, names[i])
				}
			}
		})
	}
}

func ringWith(t *testing.T, r snippet.Request, text string) identity.Ring {
	t.Helper()
	row, _ := dialect.Get(r.Dialect)
	decoded, err := dialect.Decode(r.Dialect, text)
	if err != nil {
		t.Fatal(err)
	}
	key, err := row.NewKey(dialect.Setup{ID: "k", Secret: decoded, Signs: identity.Signs(r.Signs), Realm: "main", Platforms: []string{"web"}, Audiences: []string{"shop"}})
	if err != nil {
		t.Fatal(err)
	}
	ring, err := identity.NewRing(identity.Entry{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// expressions :: language → what a backend has as its user id → the text that is signed
// for it. A number is its integer's decimal digits, whatever type the language has for it.
var expressions = map[snippet.Language][][2]string{
	snippet.Ruby: {
		{"0", "0"}, {"42", "42"}, {"-5", "-5"}, {"1_000_000", "1000000"}, {"10**15", "1000000000000000"}, {"2**53 - 1", "9007199254740991"}, {"2**53 + 1", "9007199254740993"},
		{"2**64", "18446744073709551616"}, {"'42'", "42"}, {"'042'", "042"}, {":ada", "ada"}, {"'Ada'.freeze", "Ada"}, {"'zoë'", "zoë"}, {"\"\\u00e9\"", "é"}, {"'4' + '2'", "42"},
	},
	snippet.PHP: {
		{"0", "0"}, {"42", "42"}, {"-5", "-5"}, {"1000000", "1000000"}, {"1000000000000000", "1000000000000000"}, {"9007199254740991", "9007199254740991"}, {"9007199254740993", "9007199254740993"},
		{"PHP_INT_MAX", "9223372036854775807"}, {"'42'", "42"}, {"'042'", "042"}, {"'1e3'", "1e3"}, {"'zoë'", "zoë"}, {"'0'", "0"}, {"0x2a", "42"},
		{"new class { public function __toString() { return 'ada'; } }", "ada"},
	},
	snippet.Python: {
		{"0", "0"}, {"42", "42"}, {"-5", "-5"}, {"10**6", "1000000"}, {"10**15", "1000000000000000"}, {"2**53 - 1", "9007199254740991"}, {"2**53 + 1", "9007199254740993"}, {"2**64", "18446744073709551616"},
		{"'42'", "42"}, {"'042'", "042"}, {"'1e3'", "1e3"}, {"'zoë'", "zoë"}, {"__import__('uuid').UUID(int=1)", "00000000-0000-0000-0000-000000000001"}, {"__import__('decimal').Decimal('42')", "42"},
	},
	snippet.Node: {
		{"0", "0"}, {"42", "42"}, {"-5", "-5"}, {"1e6", "1000000"}, {"1e15", "1000000000000000"}, {"Number.MAX_SAFE_INTEGER", "9007199254740991"}, {"9007199254740993n", "9007199254740993"},
		{"2n ** 64n", "18446744073709551616"}, {"'42'", "42"}, {"'042'", "042"}, {"'1e3'", "1e3"}, {"'zoë'", "zoë"}, {"42.0", "42"}, {"new String('ada')", "ada"}, {"123456789012", "123456789012"},
	},
}

// In compiled languages the numbers are of types of their own.
var typed = map[snippet.Language][][2]string{
	snippet.Java: {
		{"0", "0"}, {"42", "42"}, {"42L", "42"}, {"-5", "-5"}, {"1_000_000", "1000000"}, {"1000000000000000L", "1000000000000000"}, {"9007199254740993L", "9007199254740993"}, {"Long.MAX_VALUE", "9223372036854775807"},
		{"Integer.valueOf(7)", "7"}, {"new java.math.BigInteger(\"18446744073709551616\")", "18446744073709551616"}, {"new java.util.UUID(0, 1)", "00000000-0000-0000-0000-000000000001"}, {"\"042\"", "042"}, {"\"zoë\"", "zoë"},
		{"(short) 3", "3"}, {"'a'", "a"},
	},
	snippet.CSharp: {
		{"0", "0"}, {"42", "42"}, {"42L", "42"}, {"-5", "-5"}, {"1000000", "1000000"}, {"1000000000000000L", "1000000000000000"}, {"9007199254740993L", "9007199254740993"}, {"long.MaxValue", "9223372036854775807"},
		{"ulong.MaxValue", "18446744073709551615"}, {"42m", "42"}, {"System.Guid.Empty", "00000000-0000-0000-0000-000000000000"}, {"\"042\"", "042"}, {"\"zoë\"", "zoë"}, {"(short)3", "3"}, {"(byte)255", "255"},
	},
}

func expectedHash(text string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

func TestAUserIDOfAnyTypeIsSignedAsItsText(t *testing.T) {
	prints := map[snippet.Language]struct{ open, call, shut string }{
		snippet.Ruby: {"", "puts %s(%s)\n", ""}, snippet.Python: {"", "print(%s(%s))\n", ""}, snippet.Node: {"", "console.log(%s(%s));\n", ""}, snippet.PHP: {"", "echo %s(%s), \"\\n\";\n", ""},
		snippet.Java:   {"public class Main {\n  public static void main(String[] args) throws Exception {\n", "    System.out.println(s.%s(%s));\n", "  }\n}\n"},
		snippet.CSharp: {"public static class Driver\n{\n    public static void Main()\n    {\n        System.Threading.Thread.CurrentThread.CurrentCulture = new System.Globalization.CultureInfo(\"de-DE\");\n", "        System.Console.WriteLine(%s(%s));\n", "    }\n}\n"},
	}
	for language, how := range prints {
		t.Run(string(language), func(t *testing.T) {
			t.Parallel()
			need(t, drivers[language].commands...)
			made, err := snippet.Render(snippet.Request{Language: language, Dialect: "native", Signs: "user_id"})
			if err != nil {
				t.Fatal(err)
			}
			table := slices.Concat(expressions[language], typed[language])
			calls := how.open
			for _, e := range table {
				calls += fmt.Sprintf(how.call, made.Function, e[0])
			}
			calls += how.shut
			dir := t.TempDir()
			var lines []string
			switch language {
			case snippet.Java:
				write(t, filepath.Join(dir, "s", made.File), "package s;\n"+made.Server)
				write(t, filepath.Join(dir, "Main.java"), calls)
				run(t, dir, nil, "javac", "-encoding", "UTF-8", "-J-XX:TieredStopAtLevel=1", "-d", "out", "Main.java", filepath.Join("s", made.File))
				// In Arabic, where String.format would write other digits.
				lines = run(t, dir, withSecret, "java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Duser.language=ar", "-cp", "out", "Main")
			case snippet.CSharp:
				write(t, filepath.Join(dir, made.File), made.Server)
				write(t, filepath.Join(dir, "Driver.cs"), calls)
				run(t, dir, nil, "mcs", "-codepage:utf8", "-out:driver.exe", "Driver.cs", made.File)
				lines = run(t, dir, withSecret, "mono", "driver.exe")
			default:
				command := drivers[language].commands[0]
				write(t, filepath.Join(dir, "all"), made.Server+"\n"+calls)
				lines = run(t, dir, withSecret, command, "all")
			}
			if len(lines) != len(table) {
				t.Fatalf("%d lines: %q", len(lines), lines)
			}
			for i, e := range table {
				if lines[i] != expectedHash(e[1]) {
					t.Errorf("%s is not signed as %q: %s", e[0], e[1], lines[i])
				}
			}
		})
	}
}

// What two languages sign for the same customer is the same to the last byte, where the
// dialect has one answer: a product may be written in both.
func TestLanguagesAgree(t *testing.T) {
	dialects := []string{"native", "intercom", "helpscout", "pylon"}
	proofs := make([]map[string][]snippet.Language, len(dialects)) // :: proofs → who printed them
	for _, language := range []snippet.Language{snippet.Ruby, snippet.Python, snippet.Node, snippet.PHP} {
		how := drivers[language]
		need(t, how.commands...)
		var all []program
		for _, name := range dialects {
			r := snippet.Request{Language: language, Dialect: name, Channel: "shop"}
			made, err := snippet.Render(r)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, program{request: r, made: made})
		}
		dir := t.TempDir()
		command := how.build(t, dir, all)
		lines := run(t, dir, withSecret, command[0], command[1:]...)
		for i := range dialects {
			if proofs[i] == nil {
				proofs[i] = map[string][]snippet.Language{}
			}
			printed := strings.Join(lines[i*len(people()):][:len(odds)-1], "\n") // without the customer who has no email
			proofs[i][printed] = append(proofs[i][printed], language)
		}
	}
	for i, name := range dialects {
		if len(proofs[i]) != 1 {
			t.Errorf("%s: %d answers", name, len(proofs[i]))
		}
	}
}

// Whoever looks at a token's parts finds nothing of the secret, and nothing that the
// backend did not mean to say.
func TestTheSecretIsInNothingThatIsMade(t *testing.T) {
	need(t, "python3")
	var all []program
	for _, name := range []string{"native-jwt", "native-v1", "pylon-jwt", "intercom-jwt"} {
		r := snippet.Request{Language: snippet.Python, Dialect: name, Channel: "shop"}
		made, err := snippet.Render(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, program{request: r, made: made})
	}
	dir := t.TempDir()
	command := drivers[snippet.Python].build(t, dir, all)
	for _, token := range run(t, dir, withSecret, command[0], command[1:]...) {
		for _, part := range append(strings.Split(token, "."), token) {
			raw, _ := base64.RawURLEncoding.DecodeString(part)
			if strings.Contains(part, secret) || strings.Contains(string(raw), secret) || strings.Contains(hex.EncodeToString(raw), secret) {
				t.Errorf("%s holds the secret", token)
			}
		}
	}
}

// A snippet is data to the console and the command line, and must survive the way there.
func TestSnippetsSurviveJSON(t *testing.T) {
	each(t, nil, func(t *testing.T, r snippet.Request, _ dialect.Row, made snippet.Snippet) {
		raw, err := json.Marshal(made)
		if err != nil {
			t.Fatal(err)
		}
		var back snippet.Snippet
		if err := json.Unmarshal(raw, &back); err != nil || back.Server != made.Server || back.Page != made.Page || !slices.Equal(back.Arguments, made.Arguments) {
			t.Errorf("%s %s: %v", r.Language, r.Dialect, err)
		}
	})
}

// Nobody who renders at the same time as another may see the other's channel.
func TestRenderingSharesNothing(t *testing.T) {
	done := make(chan error, 16)
	for i := range cap(done) {
		go func() {
			channel := fmt.Sprintf("shop-%02d", i)
			for range 20 {
				made, err := snippet.Render(snippet.Request{Language: snippet.Languages()[i%7], Dialect: "native-jwt", Channel: channel, Origin: origin})
				if err != nil || !strings.Contains(made.Server, channel) || strings.Count(made.Server+made.Page, "shop-") != strings.Count(made.Server+made.Page, channel) {
					done <- fmt.Errorf("%s: %w", channel, err)
					return
				}
			}
			done <- nil
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
