package snippet_test

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/snippet"
)

// The gauntlet: every language × dialect × field × customer in one process a language,
// which is then run with the right secret, with another one, without any and with an
// empty one. Names reach the code as hexadecimal, so that what is tried is the snippet
// and not how the test quotes.

// odd is a customer whose name goes wrong somewhere, with what the gate says of each
// field if it refuses it.
type odd struct {
	id, email     string
	badID, badEml identity.Reason
}

const malformed = identity.IdentifierMalformed

// absent stands for a customer without an email: null in each language.
const absent = "\x01absent"

var odds = []odd{
	{id: "123456789012", email: "Ada.Lovelace@example.com"},
	{id: `</script><script>alert(1)</script>`, email: `</script>@example.com`},
	{id: `'); DROP TABLE users; --`, email: `o'neil"quote@example.com`},
	{id: `"`, email: `"@x.example`},
	{id: `a\b\\`, email: `a\b\\@x.example`},
	{id: `\u0041\x41\101\n`, email: `\u0041\n@x.example`}, // no escape of any language is undone
	{id: "${1+1}", email: "${x}@x.example"},
	{id: "#{1+1}", email: "#{x}@x.example"},
	{id: "%s%d%n%%", email: "%s%n%%@x.example"},
	{id: "{{7*7}}<%= 1 %>", email: "{{x}}@x.example"},
	{id: "`id`$(id)", email: "`id`$(id)@x.example"},
	{id: "$user_id", email: "$email@x.example"},
	{id: "a\u2028b\u2029c", email: "a\u2028b@x.example", badEml: malformed},
	{id: "🎉👩‍👩‍👧", email: "🎉@x.example"},
	{id: "漢字", email: "zoë+news.a.b@exämple.com"},
	{id: "e\u0301 is not \u00e9", email: "e\u0301@x.example"}, // nothing is composed
	{id: "\u202eada", email: "\u200fada@x.example"},
	{id: "\ufeffada", email: "\ufeffada@x.example"},
	{id: strings.Repeat("é", 127) + "x", email: strings.Repeat("x", 244) + "@x.example"},
	{id: strings.Repeat("é", 128), email: strings.Repeat("x", 245) + "@x.example", badID: malformed, badEml: malformed},
	{id: " ada ", email: " ada@x.example", badEml: malformed}, // nothing is trimmed
	{id: "ada\x00", email: "a\x00da@x.example", badID: malformed, badEml: malformed},
	{id: "ada\n", email: "ada@x.example\n", badID: malformed, badEml: malformed},
	{id: "a\tb", email: "a\tb@x.example", badID: malformed, badEml: malformed},
	{id: "undefined", email: "undefined@null.example"},
	{id: "null", email: "None@nil.example"},
	{id: "0042", email: "0042@x.example"}, {id: "1e3", email: "1e3@x.example"}, {id: "-0", email: "-0@x.example"},
	{id: "9007199254740993", email: "9007199254740993@x.example"},
	{id: "ada@example.com", email: "a@b@c.example", badEml: malformed},
	{id: "&lt;b&gt;&amp;", email: "a&amp;b@x.example"},
	{id: "1:a,2:b,", email: "0:,0:,@x.example"}, // the marks of v1 itself
	{id: "a.b.c", email: "a.b.c@x.example"},
	{id: "a/b+c=d==", email: "a/b+c=d@x.example"},
	{id: "77", email: absent},
}

// shouted are emails that languages lower in their own ways.
var shouted = []odd{
	{id: "1", email: "ADA.LOVELACE@EXAMPLE.COM"}, {id: "2", email: "ADA+NEWS@EXAMPLE.COM"}, {id: "3", email: "ZOË@EXÄMPLE.COM"},
	{id: "4", email: "ΟΔΟΣ@X.EXAMPLE"}, {id: "5", email: "ΣΑΣ.ΣΑΣ@X.EXAMPLE"}, {id: "6", email: "İSTANBUL@X.EXAMPLE"},
	{id: "7", email: "IĞDIR@X.EXAMPLE"}, {id: "8", email: "ЖУК@X.EXAMPLE"}, {id: "9", email: "ÅNGSTRÖM@X.EXAMPLE"}, {id: "10", email: "O'NEIL\"@X.EXAMPLE"},
	{id: "11", email: "\u212aELVIN@X.EXAMPLE"}, {id: "12", email: "\u0130@X.EXAMPLE"}, // as ASCII somebody else's
}

func people() []odd { return append(slices.Clone(odds), shouted...) }

// driver runs all programs of a language: it prints a line for each program and
// customer, which is the proof or STOPPED.
type driver struct {
	commands []string
	build    func(t *testing.T, dir string, all []program) []string // what runs it
}

const stopped = "STOPPED"

// texts is the table of customers as a language writes a list of lists of text.
func texts(open, between, shut, null string) string {
	var rows []string
	for _, p := range people() {
		mail := `"` + hex.EncodeToString([]byte(p.email)) + `"`
		if p.email == absent {
			mail = null
		}
		rows = append(rows, open+`"`+hex.EncodeToString([]byte(p.id))+`"`+between+mail+shut)
	}
	return strings.Join(rows, ",\n")
}

// passed are a program's arguments among the two that a driver has.
func passed(p program, user, mail string) string {
	var parts []string
	for _, name := range p.made.Arguments {
		if name == "user_id" {
			parts = append(parts, user)
		} else {
			parts = append(parts, mail)
		}
	}
	return strings.Join(parts, ", ")
}

var drivers = map[snippet.Language]driver{
	snippet.Ruby: {[]string{"ruby"}, func(t *testing.T, dir string, all []program) []string {
		code := "# encoding: utf-8\ndef h(x) x && [x].pack('H*').force_encoding('UTF-8') end\nPEOPLE = [\n" + texts("[", ",", "]", "nil") + "]\n" +
			"def attempt\n  PEOPLE.each { |u, m| begin; puts yield(h(u), h(m)); rescue Exception; puts '" + stopped + "'; end }\nend\n"
		for i, p := range all {
			write(t, filepath.Join(dir, fmt.Sprintf("s%d.rb", i)), p.made.Server)
			code += fmt.Sprintf(scripts[snippet.Ruby].load, i, p.made.Function) + fmt.Sprintf("attempt { |u, m| m%d.%s(%s) }\n", i, p.made.Function, passed(p, "u", "m"))
		}
		write(t, filepath.Join(dir, "driver.rb"), code)
		return []string{"ruby", "driver.rb"}
	}},
	snippet.Python: {[]string{"python3"}, func(t *testing.T, dir string, all []program) []string {
		code := "def h(x):\n    return None if x is None else bytes.fromhex(x).decode('utf-8')\nPEOPLE = [\n" + texts("(", ",", ")", "None") + "]\n" +
			"def attempt(f):\n    for u, m in PEOPLE:\n        try:\n            out = f(h(u), h(m))\n        except Exception:\n            out = '" + stopped + "'\n        print(out)\n"
		for i, p := range all {
			write(t, filepath.Join(dir, fmt.Sprintf("s%d.py", i)), p.made.Server)
			code += fmt.Sprintf("import s%[1]d\nattempt(lambda u, m: s%[1]d.%s(%s))\n", i, p.made.Function, passed(p, "u", "m"))
		}
		write(t, filepath.Join(dir, "driver.py"), code)
		return []string{"python3", "driver.py"}
	}},
	snippet.Node: {[]string{"node"}, func(t *testing.T, dir string, all []program) []string {
		code := "const h = (x) => x === undefined ? undefined : Buffer.from(x, 'hex').toString();\nconst people = [\n" + texts("[", ",", "]", "undefined") + "];\n" +
			"function attempt(f) {\n  for (const [u, m] of people) {\n    let out = '" + stopped + "';\n    try { out = f(h(u), h(m)); } catch (e) {}\n    console.log(out);\n  }\n}\n"
		for i, p := range all {
			write(t, filepath.Join(dir, fmt.Sprintf("s%d.js", i)), p.made.Server)
			code += fmt.Sprintf("attempt((u, m) => require('./s%d.js').%s(%s));\n", i, p.made.Function, passed(p, "u", "m"))
		}
		write(t, filepath.Join(dir, "driver.js"), code)
		return []string{"node", "driver.js"}
	}},
	snippet.PHP: {[]string{"php"}, func(t *testing.T, dir string, all []program) []string {
		code := "<?php\nini_set('display_errors', 'stderr');\nfunction h($x) { return $x === null ? null : hex2bin($x); }\n$people = [\n" + texts("[", ",", "]", "null") + "];\n" +
			"function attempt($f) {\n  global $people;\n  foreach ($people as [$u, $m]) {\n    try { $out = $f(h($u), h($m)); } catch (\\Throwable $e) { $out = '" + stopped + "'; }\n    echo $out, \"\\n\";\n  }\n}\n"
		for i, p := range all {
			write(t, filepath.Join(dir, fmt.Sprintf("s%d.php", i)), strings.Replace(p.made.Server, "<?php", fmt.Sprintf("<?php namespace s%d; use RuntimeException;", i), 1))
			code += fmt.Sprintf("require 's%d.php';\nattempt(function ($u, $m) { return \\s%d\\%s(%s); });\n", i, i, p.made.Function, passed(p, "$u", "$m"))
		}
		write(t, filepath.Join(dir, "driver.php"), code)
		return []string{"php", "driver.php"}
	}},
	snippet.Go: {[]string{"go"}, func(t *testing.T, dir string, all []program) []string {
		write(t, filepath.Join(dir, "go.mod"), "module snippets\n\ngo 1.21\n")
		imports, body := "import (\n\t\"encoding/hex\"\n\t\"fmt\"\n", ""
		for i, p := range all {
			write(t, filepath.Join(dir, fmt.Sprintf("s%d", i), p.made.File), p.made.Server)
			imports += fmt.Sprintf("\ts%d \"snippets/s%d\"\n", i, i)
			body += fmt.Sprintf("\tattempt(func(u, m string) (string, error) { return s%d.%s(%s) })\n", i, p.made.Function, passed(p, "u", "m"))
		}
		code := "package main\n\n" + imports + ")\n\nvar people = [][2]string{\n" + texts("{", ",", "}", `""`) + ",\n}\n\n" +
			"func h(x string) string { raw, _ := hex.DecodeString(x); return string(raw) }\n\nfunc attempt(f func(u, m string) (string, error)) {\n\tfor _, p := range people {\n" +
			"\t\tout, err := f(h(p[0]), h(p[1]))\n\t\tif err != nil {\n\t\t\tout = out + \"" + stopped + "\"\n\t\t}\n\t\tfmt.Println(out)\n\t}\n}\n\nfunc main() {\n" + body + "}\n"
		write(t, filepath.Join(dir, "main.go"), code)
		run(t, dir, []string{"GOTOOLCHAIN=local", "GOFLAGS=-mod=mod", "GOWORK=off"}, "go", "build", "-o", "driver", ".")
		return []string{filepath.Join(dir, "driver")}
	}},
	snippet.Java: {[]string{"javac", "java"}, func(t *testing.T, dir string, all []program) []string {
		body, files := "", []string{"Main.java"}
		for i, p := range all {
			file := filepath.Join(fmt.Sprintf("s%d", i), p.made.File)
			write(t, filepath.Join(dir, file), fmt.Sprintf("package s%d;\n", i)+p.made.Server)
			files = append(files, file)
			body += fmt.Sprintf("    attempt((u, m) -> s%d.%s(%s));\n", i, p.made.Function, passed(p, "u", "m"))
		}
		write(t, filepath.Join(dir, "Main.java"), "import java.util.HexFormat;\nimport java.nio.charset.StandardCharsets;\npublic class Main {\n  interface Signer { String sign(String u, String m) throws Exception; }\n"+
			"  static final String[][] PEOPLE = {\n"+texts("{", ",", "}", "null")+"};\n"+
			"  static String h(String x) { return x == null ? null : new String(HexFormat.of().parseHex(x), StandardCharsets.UTF_8); }\n"+
			"  static void attempt(Signer s) {\n    for (String[] p : PEOPLE) {\n      String out;\n      try { out = s.sign(h(p[0]), h(p[1])); } catch (Exception e) { out = \""+stopped+"\"; }\n      System.out.println(out);\n    }\n  }\n"+
			"  public static void main(String[] args) {\n"+body+"  }\n}\n")
		run(t, dir, nil, "javac", append([]string{"-encoding", "UTF-8", "-J-XX:TieredStopAtLevel=1", "-d", "out"}, files...)...)
		// In Turkish, where I is lowered to ı unless the code says otherwise.
		return []string{"java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Duser.language=tr", "-cp", "out", "Main"}
	}},
	snippet.CSharp: {[]string{"mcs", "mono"}, func(t *testing.T, dir string, all []program) []string {
		body, files := "", []string{"Driver.cs"}
		for i, p := range all {
			file := fmt.Sprintf("s%d.cs", i)
			write(t, filepath.Join(dir, file), fmt.Sprintf("namespace s%d\n{\n%s}\n", i, p.made.Server))
			files = append(files, file)
			body += fmt.Sprintf("        Attempt((u, m) => s%d.%s(%s));\n", i, p.made.Function, passed(p, "u", "m"))
		}
		write(t, filepath.Join(dir, "Driver.cs"), "using System;\npublic static class Driver\n{\n    static string[][] people = {\n"+texts("new[] {", ",", "}", "null")+"};\n"+
			"    static string H(string x)\n    {\n        if (x == null) return null;\n        var raw = new byte[x.Length / 2];\n        for (int i = 0; i < raw.Length; i++) raw[i] = Convert.ToByte(x.Substring(2 * i, 2), 16);\n        return System.Text.Encoding.UTF8.GetString(raw);\n    }\n"+
			"    static void Attempt(Func<string, string, string> f)\n    {\n        foreach (var p in people)\n        {\n            string o;\n            try { o = f(H(p[0]), H(p[1])); } catch (Exception) { o = \""+stopped+"\"; }\n            Console.WriteLine(o);\n        }\n    }\n"+
			"    public static void Main()\n    {\n        System.Threading.Thread.CurrentThread.CurrentCulture = new System.Globalization.CultureInfo(\"tr-TR\");\n"+body+"    }\n}\n")
		run(t, dir, nil, "mcs", append([]string{"-codepage:utf8", "-out:driver.exe"}, files...)...)
		return []string{"mono", "driver.exe"}
	}},
}

// badHex :: variable → a secret that is not hexadecimal, and that careless decoders
// take for a shorter key, for another one or for none.
var badHex = map[string]string{
	"HEX_WORD": strings.Repeat("zz", 32), "HEX_ODD": secret[:63], "HEX_THREE": "abc", "HEX_LATE": secret[:62] + "zz", "HEX_BLANK": secret[:30] + "  " + secret[32:],
	"HEX_PREFIX": "0x" + secret, "HEX_SIGN": strings.Repeat("+1", 32), "HEX_LINE": secret + "\n", "HEX_WIDE": "５" + secret[:61], "HEX_ONE": "a",
}

// gauntlet are the programs of a language: all dialects, and pylon's hash once more
// for each of the secrets that cannot be decoded.
func gauntlet(t *testing.T, language snippet.Language) (all []program, hexFrom int) {
	t.Helper()
	all = programs(t, language)
	hexFrom = len(all)
	for _, variable := range slices.Sorted(maps.Keys(badHex)) {
		r := snippet.Request{Language: language, Dialect: "pylon", Variable: variable}
		made, err := snippet.Render(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, program{request: r, made: made})
	}
	return all, hexFrom
}

func TestTheGauntlet(t *testing.T) {
	for _, language := range snippet.Languages() {
		t.Run(string(language), func(t *testing.T) {
			t.Parallel()
			how := drivers[language]
			need(t, how.commands...)
			dir := t.TempDir()
			all, hexFrom := gauntlet(t, language)
			command := how.build(t, dir, all)
			environment := []string{"LC_ALL=C.UTF-8"}
			for name, value := range badHex {
				environment = append(environment, name+"="+value)
			}
			attempt := func(more ...string) [][]string {
				lines := run(t, dir, append(slices.Clone(environment), more...), command[0], command[1:]...)
				if len(lines) != len(all)*len(people()) {
					t.Fatalf("%d lines of %d programs: %q", len(lines), len(all), lines[:min(len(lines), 5)])
				}
				return slices.Collect(slices.Chunk(lines, len(people())))
			}
			right := attempt(snippet.SecretVariable + "=" + secret)
			for i, p := range all[:hexFrom] {
				holdProofs(t, p, right[i])
			}
			for i, p := range all[hexFrom:] {
				onlyStops(t, p, right[hexFrom+i], "a secret that is not hexadecimal: "+p.request.Variable)
			}
			wrong := attempt(snippet.SecretVariable + "=" + strings.Repeat("0f", 32))
			for i, p := range all[:hexFrom] {
				holdRefused(t, p, wrong[i])
			}
			for name, env := range map[string][]string{"no secret": nil, "an empty secret": {snippet.SecretVariable + "="}} {
				for i, proofs := range attempt(env...) {
					onlyStops(t, all[i], proofs, name)
				}
			}
		})
	}
}

// signedField is what a program's key signs of a customer, and what the gate says of it.
func signedField(p program, c odd) (identity.Identifier, identity.Reason) {
	if p.made.Arguments[0] == "user_id" {
		return identity.Identifier{Realm: "main", Kind: identity.KindUserID, Value: c.id}, c.badID
	}
	mail, reason := c.email, c.badEml
	if mail == absent {
		return identity.Identifier{}, identity.IdentifierNotCovered
	}
	return identity.Identifier{Realm: "main", Kind: identity.KindEmail, Value: identity.Fold(mail)}, reason
}

// asked is how a page claims a customer with what a snippet printed.
func asked(p program, c odd, proof string) identity.Assertion {
	a := identity.Assertion{Dialect: p.request.Dialect, UserID: c.id, Email: c.email}
	if c.email == absent {
		a.Email = ""
	}
	if p.made.Token {
		a.Token = proof
	} else {
		a.Hash = proof
	}
	return a
}

func holdProofs(t *testing.T, p program, proofs []string) {
	t.Helper()
	ring := ringFor(t, p.request)
	for i, c := range people() {
		person, reason := signedField(p, c)
		name := fmt.Sprintf("%s %s signing %s of %+v", p.request.Language, p.request.Dialect, p.request.Signs, c)
		verified, err := identity.Verify(ring, asked(p, c, proofs[i]), time.Now())
		switch {
		case c.email == absent && person.Value == "":
			if err == nil { // stopped or refused: nobody is signed for
				t.Errorf("%s: verified as %v", name, verified.Signed())
			}
		case reason != "":
			if got := identity.ReasonOf(err); got != reason {
				t.Errorf("%s: %q instead of %s: %s", name, got, reason, proofs[i])
			}
		case err != nil:
			t.Errorf("%s: %v: %s", name, err, proofs[i])
		case verified.Signed() != person:
			t.Errorf("%s: signed %v", name, verified.Signed())
		case p.made.Token:
			holdToken(t, name, p, c, proofs[i])
		case len(proofs[i]) != 64 || proofs[i] != strings.ToLower(proofs[i]):
			t.Errorf("%s: %s is no lowercase hexadecimal", name, proofs[i])
		}
	}
}

// holdToken looks into a token that verified: it says exactly what it should, no more.
func holdToken(t *testing.T, name string, p program, c odd, token string) {
	t.Helper()
	parts := strings.Split(token, ".")
	decode := func(i int) []byte {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return raw
	}
	if p.request.Dialect == "native-v1" {
		issued, err := strconv.ParseInt(parts[2], 10, 64)
		if age := time.Now().Unix() - issued; err != nil || age < 0 || age > 60 {
			t.Errorf("%s: issued %d seconds ago, %v", name, age, err)
		}
		if string(decode(1)) != "shop" {
			t.Errorf("%s is for %q", name, decode(1))
		}
		return
	}
	var header map[string]string
	if err := json.Unmarshal(decode(0), &header); err != nil || !maps.Equal(header, map[string]string{"alg": "HS256", "typ": "JWT"}) {
		t.Errorf("%s: header %v, %v", name, header, err)
	}
	var said map[string]any
	if err := json.Unmarshal(decode(1), &said); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	row, _ := dialect.Get(p.request.Dialect)
	want := map[string]bool{"iat": true, "exp": true}
	if row.NeedAudience {
		if want["aud"] = true; said["aud"] != "shop" {
			t.Errorf("%s: aud %v", name, said["aud"])
		}
	}
	for _, field := range p.made.Arguments {
		if field == "user_id" {
			field = cmp.Or(row.UserIDClaim, field)
		}
		want[field] = true
	}
	if row.Scope != "" {
		if want["scope"] = true; said["scope"] != row.Scope {
			t.Errorf("%s: scope %v", name, said["scope"])
		}
	}
	for claim := range said {
		if !want[claim] {
			t.Errorf("%s says %s as well", name, claim)
		}
	}
	issued, _ := said["iat"].(float64)
	expires, _ := said["exp"].(float64)
	if life, most := expires-issued, row.MaxLife.Seconds(); life <= 0 || life > 3600 || most > 0 && life > most || issued > float64(time.Now().Unix()) {
		t.Errorf("%s lives for %v seconds from %v", name, life, issued)
	}
	if id, there := said["user_id"]; there && id != c.id {
		t.Errorf("%s: user_id %v is not the text that was passed", name, id)
	}
}

// holdRefused is the control: what another secret signs, nobody takes.
func holdRefused(t *testing.T, p program, proofs []string) {
	t.Helper()
	ring := ringFor(t, p.request)
	for i, c := range people() {
		if proofs[i] == stopped && c.email == absent {
			continue
		}
		_, err := identity.Verify(ring, asked(p, c, proofs[i]), time.Now())
		want := identity.ProofMismatch
		if person, reason := signedField(p, c); !p.made.Token && person.Value == "" {
			want = identity.IdentifierNotCovered
		} else if !p.made.Token && reason != "" {
			want = reason
		}
		if got := identity.ReasonOf(err); got != want {
			t.Errorf("%s %s signing %s of %+v with another secret: %q, wanted %s", p.request.Language, p.request.Dialect, p.request.Signs, c, got, want)
		}
	}
}

func onlyStops(t *testing.T, p program, proofs []string, why string) {
	t.Helper()
	for i, proof := range proofs {
		if proof != stopped {
			t.Fatalf("%s %s with %s signed %+v: %q", p.request.Language, p.request.Dialect, why, people()[i], proof)
		}
	}
}
