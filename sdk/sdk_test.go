// Package sdk_test runs the test of every library for servers in its own
// interpreter, once each, and holds what they signed against the gate. SKIP=sdk
// leaves it out.
package sdk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"countersign/identity"
	"countersign/identity/dialect"
)

// signCase is one row of testdata/cases.json, which every library reads.
type signCase struct {
	Name    string          `json:"name"`
	Make    string          `json:"make"`
	Dialect string          `json:"dialect"`
	Secret  string          `json:"secret"`
	Channel string          `json:"channel"`
	UserID  json.RawMessage `json:"user_id"`
	Email   string          `json:"email"`
	Now     int64           `json:"now"`
	Life    int64           `json:"life"`
	Claims  map[string]any  `json:"claims"`
	Error   bool            `json:"error"`
}

func readCases(t *testing.T) []signCase {
	t.Helper()
	raw, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		About string     `json:"about"`
		Cases []signCase `json:"cases"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil || len(file.Cases) < 40 {
		t.Fatalf("%d cases, %v", len(file.Cases), err)
	}
	return file.Cases
}

// assertion is what a page would send with the proof.
func (c signCase) assertion(proof string) identity.Assertion {
	a := identity.Assertion{Dialect: c.dialect(), Platform: "web"}
	if c.Make == "hash" {
		a.UserID, a.Email, a.Hash = c.userID(), c.Email, proof
	} else {
		a.Token = proof
	}
	return a
}

func (c signCase) dialect() string {
	if c.Make == "v1" {
		return "native-v1"
	}
	return c.Dialect
}

func (c signCase) userID() string {
	text, _ := identity.ParseScalar(c.UserID)
	return text
}

// judge asks the gate whether it takes the proof for the one who was named.
func (c signCase) judge(t *testing.T, proof string) {
	t.Helper()
	row, known := dialect.Get(c.dialect())
	if !known {
		t.Fatalf("%s: no dialect %q", c.Name, c.dialect())
	}
	secret, err := dialect.Decode(c.dialect(), c.Secret)
	if err != nil {
		t.Fatal(err)
	}
	signs, want := identity.SignsUserID, "user_id:"+c.userID()
	if c.userID() == "" {
		signs, want = identity.SignsEmail, "email:"+identity.Fold(c.Email)
	}
	key, err := row.NewKey(dialect.Setup{ID: "k", Secret: secret, Signs: signs, Realm: "main", Platforms: []string{"web"}, Audiences: []string{"shop"}})
	if err != nil {
		t.Fatal(err)
	}
	ring, err := identity.NewRing(identity.Entry{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(c.Now+60, 0)
	verified, err := identity.Verify(ring, c.assertion(proof), now)
	if err != nil || !verified.OK() {
		t.Errorf("%s: the gate refuses %s: %v", c.Name, proof, err)
		return
	}
	if named := verified.Signed().String(); named != want {
		t.Errorf("%s: verified as %s; want %s", c.Name, named, want)
	}
	if name, _ := c.Claims["name"].(string); verified.Name() != shown(name) {
		t.Errorf("%s: the name is %q; want %q", c.Name, verified.Name(), name)
	}
	for name, value := range c.Claims {
		if got := fmt.Sprint(verified.Attributes()[name]); name != "name" && got != fmt.Sprint(value) {
			t.Errorf("%s: %s is %s; want %v", c.Name, name, got, value)
		}
	}
}

// shown is a name as the gate shows it: no control character gets through.
func shown(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, name)
}

// library is one language: the commands it needs, and its test's command line.
type library struct {
	name  string
	need  []string
	build []string // {out} is a directory for what is built
	run   []string
	least int // checks that its test makes at least
}

var libraries = []library{
	{name: "js", need: []string{"node"}, run: []string{"node", "test.js"}, least: 270},
	{name: "python", need: []string{"python3"}, run: []string{"python3", "-B", "test.py"}, least: 270},
	{name: "ruby", need: []string{"ruby"}, run: []string{"ruby", "test.rb"}, least: 270},
	{name: "php", need: []string{"php"}, run: []string{"php", "test.php"}, least: 270},
	{
		name: "java", need: []string{"javac", "java"}, least: 270,
		build: []string{"javac", "-encoding", "UTF-8", "-Xlint:all", "-Werror", "-d", "{out}", "-sourcepath", "src/main/java:src/test/java", "src/test/java/countersign/Vectors.java"},
		run:   []string{"java", "-cp", "{out}", "countersign.Vectors"},
	},
	{
		name: "csharp", need: []string{"mcs", "mono"}, least: 270,
		build: []string{"mcs", "-warnaserror", "-langversion:6", "-out:{out}/vectors.exe", "*.cs", "test/*.cs"},
		run:   []string{"mono", "{out}/vectors.exe"},
	},
	{name: "elixir", need: []string{"elixir"}, run: []string{"elixir", "-r", "lib/countersign.ex", "test/vectors.exs"}, least: 260},
}

// leftOut says whether a part of SKIP is named; the last line of make test lists them.
func leftOut(part string) bool { return strings.Contains(","+os.Getenv("SKIP")+",", ","+part+",") }

func TestLibrariesRunTheVectorsAndSignWhatTheGateTakes(t *testing.T) {
	if leftOut("sdk") {
		t.Skip("SKIP leaves sdk out")
	}
	cases := readCases(t)
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			for _, command := range l.need {
				if _, err := exec.LookPath(command); err != nil {
					if leftOut("snippets") {
						t.Skipf("%s is not here, and SKIP leaves the languages of snippets out", command)
					}
					t.Fatalf("%s is not here: scripts/need.sh node snippets installs it; SKIP=sdk leaves these tests out", command)
				}
			}
			out := t.TempDir()
			if l.build != nil {
				run(t, l.name, out, l.build)
			}
			l.check(t, cases, run(t, l.name, out, l.run))
		})
	}
}

// run runs a command in a library's directory.
func run(t *testing.T, dir, out string, line []string) string {
	t.Helper()
	args := make([]string, len(line))
	for i, arg := range line {
		args[i] = strings.ReplaceAll(arg, "{out}", out)
	}
	command := exec.CommandContext(t.Context(), args[0], args[1:]...)
	command.Dir = dir
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String()
}

// check reads "proof N TEXT" and "checked N".
func (l library) check(t *testing.T, cases []signCase, printed string) {
	t.Helper()
	proved := map[int]bool{} // :: case → its proof was judged
	checked := 0
	for line := range strings.Lines(printed) {
		words := strings.Fields(line)
		switch {
		case len(words) == 3 && words[0] == "proof":
			i, err := strconv.Atoi(words[1])
			if err != nil || i < 0 || i >= len(cases) || proved[i] || cases[i].Error {
				t.Fatalf("not a case to prove, or twice: %s", line)
			}
			proved[i] = true
			cases[i].judge(t, words[2])
		case len(words) == 2 && words[0] == "checked":
			checked, _ = strconv.Atoi(words[1])
		default:
			t.Fatalf("not understood: %s", line)
		}
	}
	for i, c := range cases {
		if !c.Error && !proved[i] {
			t.Errorf("%s was not signed", c.Name)
		}
	}
	if checked < l.least {
		t.Errorf("%d checks; at least %d are expected", checked, l.least)
	}
}

// TestPackagesCarryMetadata: each library can be published as it stands.
func TestPackagesCarryMetadata(t *testing.T) {
	for _, file := range []string{"go/doc.go", "js/package.json", "python/pyproject.toml", "ruby/countersign.gemspec", "php/composer.json", "java/pom.xml", "csharp/Countersign.csproj", "elixir/mix.exs", "shell/countersign.sh"} {
		if raw, err := os.ReadFile(file); err != nil || len(raw) == 0 {
			t.Errorf("%s: %v", file, err)
		}
		readme, err := os.ReadFile(filepath.Join(filepath.Dir(file), "README.md"))
		most := 60
		if file == "js/package.json" {
			most = 100 // five libraries in one
		}
		if err != nil || bytes.Count(readme, []byte("\n")) >= most {
			t.Errorf("the README beside %s: %v, %d lines", file, err, bytes.Count(readme, []byte("\n")))
		}
	}
}
