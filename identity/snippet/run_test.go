package snippet_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/snippet"
)

// secret suits every dialect.
const secret = "5b0c1e9a7d3f42868e6b1f0d94c7a25306f8be17d2495ca3e1708b6d3fa9c452"

// program is one snippet made ready to run: it prints the proof of each customer.
type program struct {
	request   snippet.Request
	made      snippet.Snippet
	customers []customer
}

type customer struct{ id, email string }

// customers are people whose names go wrong in some language.
var customers = []customer{
	{"123456789012", "Ada.Lovelace@example.com"},
	{"42", "zoë+news@exämple.com"},
	{"7", `o'neil"quote@example.com`},
	{"0", "zero@example.com"},
	{"-5", "below@example.com"},
	{"1000000", "a.million@example.com"}, // where some print an exponent
	{"1000000000000000", "ten.to.fifteen@example.com"},
	{"9007199254740991", "the.last.whole.number@example.com"},
}

// programs are the snippets of a language. Some dialects have one code to the letter: it
// is run once, and the gate judges its proof by each of them in identity/dialect.
func programs(t *testing.T, language snippet.Language) []program {
	t.Helper()
	var all []program
	seen := map[string]bool{}
	for _, row := range dialect.All() {
		for _, signs := range row.Signs {
			if signs == identity.SignsEither {
				continue // signs the user id, as the first does
			}
			r := snippet.Request{Language: language, Dialect: row.Name, Signs: string(signs), Channel: "shop"}
			made, err := snippet.Render(r)
			if err != nil {
				t.Fatalf("%s %s: %v", row.Name, signs, err)
			}
			if strings.Contains(made.Server, secret) {
				t.Fatal("a snippet holds a secret")
			}
			if seen[made.Server] {
				continue
			}
			seen[made.Server] = true
			all = append(all, program{r, made, customers})
		}
	}
	return all
}

// literal is a text in every one of the languages: JSON's strings are theirs too.
func literal(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// arguments are what a driver passes: user ids as the number that a database has.
func (p program) arguments(c customer, number func(string) string) string {
	var parts []string
	for _, name := range p.made.Arguments {
		if name == "user_id" {
			parts = append(parts, number(c.id))
		} else {
			parts = append(parts, literal(c.email))
		}
	}
	return strings.Join(parts, ", ")
}

func asIs(digits string) string { return digits }

// need is the command of a language. One that is missing fails, unless the parts of
// SKIP leave snippets out: a snippet that nobody ran is a guess.
func need(t *testing.T, commands ...string) {
	t.Helper()
	for _, command := range commands {
		if _, err := exec.LookPath(command); err == nil {
			continue
		}
		if strings.Contains(","+os.Getenv("SKIP")+",", ",snippets,") {
			t.Skipf("%s is not here, and SKIP leaves snippets out", command)
		}
		t.Fatalf("%s is not here: scripts/need.sh snippets installs it; SKIP=snippets leaves these tests out", command)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// environment is ours without a secret that somebody's shell may have.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, snippet.SecretVariable+"=") })
}

// run runs a command and answers with its lines.
func run(t *testing.T, dir string, env []string, name string, args ...string) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = dir
	command.Env = append(environment(), env...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, &out, &errs)
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

var withSecret = []string{snippet.SecretVariable + "=" + secret, "LC_ALL=C.UTF-8"}

// check holds every line against the gate.
func check(t *testing.T, all []program, lines []string) {
	t.Helper()
	want := 0
	for _, p := range all {
		want += len(p.customers)
	}
	if len(lines) != want {
		t.Fatalf("%d lines, wanted %d: %q", len(lines), want, lines)
	}
	i := 0
	for _, p := range all {
		ring := ringFor(t, p.request)
		for _, c := range p.customers {
			a := identity.Assertion{Dialect: p.request.Dialect, UserID: c.id, Email: c.email}
			if p.made.Token {
				a.Token = strings.TrimSpace(lines[i])
			} else {
				a.Hash = strings.TrimSpace(lines[i])
			}
			verified, err := identity.Verify(ring, a, time.Now())
			if err != nil || !verified.OK() {
				t.Errorf("%s %s signing %s of %v: %v\n%s", p.request.Language, p.request.Dialect, p.request.Signs, c, err, p.made.Server)
			}
			i++
		}
	}
}

func ringFor(t *testing.T, r snippet.Request) identity.Ring {
	t.Helper()
	row, _ := dialect.Get(r.Dialect)
	decoded, err := dialect.Decode(r.Dialect, secret)
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

// script is a language whose snippets run one file each, in a single process.
type script struct {
	command, extension string
	load               string // %d: includes snippet number d and binds it to a name of its own
	call               string // %d and the arguments
	head               string
}

var scripts = map[snippet.Language]script{
	snippet.Ruby:   {"ruby", ".rb", "m%[1]d = Module.new { module_function; module_eval(File.read('s%[1]d.rb')) ; module_function :%[2]s }\n", "puts m%d.%s(%s)\n", "# encoding: utf-8\n"},
	snippet.Python: {"python3", ".py", "import s%[1]d\n", "print(s%d.%s(%s))\n", ""},
	snippet.Node:   {"node", ".js", "const s%[1]d = require('./s%[1]d.js');\n", "console.log(s%d.%s(%s));\n", ""},
}

func TestSnippetsOfScriptsSignWhatTheGateTakes(t *testing.T) {
	for language, how := range scripts {
		t.Run(string(language), func(t *testing.T) {
			need(t, how.command)
			all, dir := programs(t, language), t.TempDir()
			driver := how.head
			for i, p := range all {
				write(t, filepath.Join(dir, fmt.Sprintf("s%d%s", i, how.extension)), p.made.Server)
				if strings.Contains(how.load, "%[2]s") {
					driver += fmt.Sprintf(how.load, i, p.made.Function)
				} else {
					driver += fmt.Sprintf(how.load, i)
				}
				for _, c := range p.customers {
					driver += fmt.Sprintf(how.call, i, p.made.Function, p.arguments(c, asIs))
				}
			}
			write(t, filepath.Join(dir, "driver"+how.extension), driver)
			check(t, all, run(t, dir, withSecret, how.command, "driver"+how.extension))
		})
	}
}

func TestSnippetsOfPHPSignWhatTheGateTakes(t *testing.T) {
	need(t, "php")
	all, dir := programs(t, snippet.PHP), t.TempDir()
	driver := "<?php\n"
	for i, p := range all {
		// Two snippets name one function: each gets a namespace, as in two files of two sites.
		write(t, filepath.Join(dir, fmt.Sprintf("s%d.php", i)), strings.Replace(p.made.Server, "<?php", fmt.Sprintf("<?php namespace s%d; use RuntimeException;", i), 1))
		driver += fmt.Sprintf("require 's%d.php';\n", i)
		for _, c := range p.customers {
			// PHP reads \u{…} where JSON has \u…: these texts have none.
			driver += fmt.Sprintf("echo \\s%d\\%s(%s), \"\\n\";\n", i, p.made.Function, p.arguments(c, asIs))
		}
	}
	write(t, filepath.Join(dir, "driver.php"), driver)
	check(t, all, run(t, dir, withSecret, "php", "driver.php"))
}

func TestSnippetsOfGoSignWhatTheGateTakes(t *testing.T) {
	need(t, "go")
	all, dir := programs(t, snippet.Go), t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module snippets\n\ngo 1.21\n")
	imports, body := "import (\n\t\"fmt\"\n\t\"os\"\n", "func show(proof string, err error) {\n\tif err != nil {\n\t\tfmt.Println(err)\n\t\tos.Exit(1)\n\t}\n\tfmt.Println(proof)\n}\n\nfunc main() {\n"
	for i, p := range all {
		write(t, filepath.Join(dir, fmt.Sprintf("s%d", i), p.made.File), p.made.Server)
		imports += fmt.Sprintf("\ts%d \"snippets/s%d\"\n", i, i)
		for _, c := range p.customers {
			body += fmt.Sprintf("\tshow(s%d.%s(%s))\n", i, p.made.Function, p.arguments(c, literal))
		}
	}
	write(t, filepath.Join(dir, "main.go"), "package main\n\n"+imports+")\n\n"+body+"}\n")
	check(t, all, run(t, dir, append(withSecret, "GOTOOLCHAIN=local", "GOFLAGS=-mod=mod", "GOWORK=off"), "go", "run", "."))
}

func TestGoSnippetsAreFormatted(t *testing.T) {
	need(t, "gofmt")
	dir := t.TempDir()
	for i, p := range programs(t, snippet.Go) {
		write(t, filepath.Join(dir, fmt.Sprintf("s%d.go", i)), p.made.Server)
	}
	if lines := run(t, dir, nil, "gofmt", "-d", "."); lines[0] != "" {
		t.Error(strings.Join(lines, "\n"))
	}
}

// compiled puts each class into a package of its own, so that one compiler run does
// for all of them.
func TestSnippetsOfJavaSignWhatTheGateTakes(t *testing.T) {
	need(t, "javac", "java")
	all, dir := programs(t, snippet.Java), t.TempDir()
	body, files := "", []string{"Main.java"}
	for i, p := range all {
		file := filepath.Join(fmt.Sprintf("s%d", i), p.made.File)
		write(t, filepath.Join(dir, file), fmt.Sprintf("package s%d;\n", i)+p.made.Server)
		files = append(files, file)
		for _, c := range p.customers {
			body += fmt.Sprintf("    System.out.println(s%d.%s(%s));\n", i, p.made.Function, p.arguments(c, func(s string) string { return s + "L" }))
		}
	}
	write(t, filepath.Join(dir, "Main.java"), "public class Main {\n  public static void main(String[] args) throws Exception {\n"+body+"  }\n}\n")
	run(t, dir, nil, "javac", append([]string{"-encoding", "UTF-8", "-J-XX:TieredStopAtLevel=1", "-d", "out"}, files...)...)
	check(t, all, run(t, dir, withSecret, "java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", "out", "Main"))
}

func TestSnippetsOfCSharpSignWhatTheGateTakes(t *testing.T) {
	need(t, "mcs", "mono")
	all, dir := programs(t, snippet.CSharp), t.TempDir()
	body, files := "", []string{"Driver.cs"}
	for i, p := range all {
		file := fmt.Sprintf("s%d.cs", i)
		write(t, filepath.Join(dir, file), fmt.Sprintf("namespace s%d\n{\n%s}\n", i, p.made.Server))
		files = append(files, file)
		for _, c := range p.customers {
			body += fmt.Sprintf("        System.Console.WriteLine(s%d.%s(%s));\n", i, p.made.Function, p.arguments(c, func(s string) string { return s + "L" }))
		}
	}
	write(t, filepath.Join(dir, "Driver.cs"), "public static class Driver\n{\n    public static void Main()\n    {\n"+body+"    }\n}\n")
	run(t, dir, nil, "mcs", append([]string{"-codepage:utf8", "-out:driver.exe"}, files...)...)
	check(t, all, run(t, dir, withSecret, "mono", "driver.exe"))
}

// An HMAC under an empty key is one that anybody can make.
func TestASnippetWithoutItsSecretStops(t *testing.T) {
	for language, how := range scripts {
		need(t, how.command)
		made, err := snippet.Render(snippet.Request{Language: language, Dialect: "native"})
		if err != nil {
			t.Fatal(err)
		}
		calls := map[snippet.Language]string{snippet.Ruby: "puts chat_hash(42)\n", snippet.Python: "print(chat_hash(42))\n", snippet.Node: "console.log(chatHash(42));\n"}
		dir := t.TempDir()
		write(t, filepath.Join(dir, "s"+how.extension), made.Server+calls[language])
		for _, env := range [][]string{nil, {snippet.SecretVariable + "="}} {
			command := exec.CommandContext(t.Context(), how.command, "s"+how.extension)
			command.Dir, command.Env = dir, append(environment(), env...)
			if out, err := command.Output(); err == nil || len(bytes.TrimSpace(out)) > 0 {
				t.Errorf("%s with %q printed %q", language, env, out)
			}
		}
	}
}

// compat.md, section 7: what the vendors publish, made by the code that we hand out.
func TestSnippetsMakeTheHashesThatVendorsPublish(t *testing.T) {
	published := []struct {
		request  snippet.Request
		secret   string
		argument string
		hash     string
	}{
		{snippet.Request{Dialect: "native", Signs: "user_id"}, "abc123", "1", "f02877f24c9dd37542268a28627ebaf2e07d0d114d9482abcdc20f60874b40b3"},
		{snippet.Request{Dialect: "intercom", Signs: "user_id"}, "s3cre7", `"abcdef"`, "532cd9cd6bfa49528cf2503db0743bb72456bda2cb7424d2894c5b11f6cad6cf"},
		{snippet.Request{Dialect: "helpscout"}, "bar", `"baz"`, "c8acc43edc084edb8207a50320ba4ec5d113686cf8050274a305480c98512e45"},
		{snippet.Request{Dialect: "pylon"}, strings.Repeat("a1b2c3d4e5f6", 6)[:64], `"test@example.com"`, "0514ad91f6febad5b9bad530e54ac63db063e137955cbea7935c64c0801f2fff"},
	}
	calls := map[snippet.Language]struct{ command, extension, call string }{
		snippet.Ruby: {"ruby", ".rb", "\nputs %s(%s)\n"}, snippet.Python: {"python3", ".py", "\nprint(%s(%s))\n"},
		snippet.Node: {"node", ".js", "\nconsole.log(%s(%s));\n"}, snippet.PHP: {"php", ".php", "\necho %s(%s);\n"},
	}
	for language, how := range calls {
		t.Run(string(language), func(t *testing.T) {
			t.Parallel()
			need(t, how.command)
			for _, p := range published {
				p.request.Language = language
				made, err := snippet.Render(p.request)
				if err != nil {
					t.Fatal(err)
				}
				dir := t.TempDir()
				write(t, filepath.Join(dir, "s"+how.extension), made.Server+fmt.Sprintf(how.call, made.Function, p.argument))
				if lines := run(t, dir, []string{snippet.SecretVariable + "=" + p.secret}, how.command, "s"+how.extension); lines[0] != p.hash {
					t.Errorf("%s %s: %q", language, p.request.Dialect, lines)
				}
			}
		})
	}
}
