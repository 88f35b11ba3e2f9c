package snippet_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/snippet"
)

// hostile are names with which somebody would leave the string, the statement, the
// comment, the element or the template in which their name stands.
func hostile() []string {
	all := slices.Clone(nasty)
	for _, p := range odds {
		all = append(all, p.id)
	}
	return append(all, `'`, `''`, `\\'`, `"onload="alert(1)`, `</script`, `</ script>`, `</script/`, `<script>`, `<!--<script>`, `--!>`, `]]>`, "*/alert(1)/*", "//", "\u0085", "\x7f", "\v\f\b",
		"\\u003c/script\\u003e", "&#x3c;script>", "{{constructor.constructor('alert(1)')()}}", "<?php system('id') ?>", "<%= `id` %>", "#{`id`}", "@{x}", "[[${7*7}]]", "🏴‍☠️", "\U0010ffff", "\ufeff", "\ufffd", "__proto__", "%3C/script%3E",
		strings.Repeat("<", 1000), strings.Repeat("\\", 999))
}

// pageCase is one page, with what its global must hear.
type pageCase struct {
	name   string
	Script string            `json:"script"`
	Want   map[string]string `json:"want"`
}

// wants is what a page says of a customer, by the vendor's own names.
func wants(row dialect.Row, signs string, c snippet.Customer, channel string) map[string]string {
	proofs := map[string]string{
		"native": "hash", "native-jwt": "jwt", "native-v1": "jwt", "intercom": "user_hash", "intercom-jwt": "intercom_user_jwt",
		"helpscout": "signature", "pylon": "email_hash", "pylon-jwt": "jwt", "ensoras": "hash",
	}
	carries, named := proofs[row.Name]
	if !named && row.ServerSide {
		carries = map[bool]string{true: "hash", false: "jwt"}[row.Proof == identity.ProofHash]
	}
	want := map[string]string{"email": c.Email, carries: c.Proof}
	if row.Name != "ensoras" {
		want["name"] = c.Name
	}
	if signs != "email" && row.MaySign(identity.SignsUserID) {
		want["user_id"] = c.UserID
	}
	if row.Global == "intercom" || row.Global == "pylon" {
		want["app_id"] = channel
	}
	return want
}

var firstScript = regexp.MustCompile(`(?s)^<script>\n(.*?)</script>`)

// All pages × fields × names in one run of the real engine: what the vendor's global
// hears is what the customer is called, to the letter, and nothing was run.
func TestEveryPageSaysWhatTheCustomerIsCalledAndNoMore(t *testing.T) {
	need(t, "node")
	var cases []pageCase
	for _, row := range dialect.All() {
		for _, signs := range row.Signs {
			for _, name := range hostile() {
				if name == "" {
					continue
				}
				c := snippet.Customer{UserID: name, Email: name + "@x.example", Name: "n " + name, Proof: "p " + name}
				made, err := snippet.Render(snippet.Request{Language: snippet.Node, Dialect: row.Name, Signs: string(signs), Channel: "shop", Origin: origin, Customer: c})
				if err != nil {
					t.Fatal(err)
				}
				inside := firstScript.FindStringSubmatch(made.Page)
				if inside == nil {
					t.Fatalf("%s %q:\n%s", row.Name, name, made.Page)
				}
				cases = append(cases, pageCase{fmt.Sprintf("%s signing %s %q", row.Name, signs, name), inside[1], wants(row, string(signs), c, "shop")})
			}
		}
	}
	dir := t.TempDir()
	raw, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cases.json"), string(raw))
	write(t, filepath.Join(dir, "driver.js"), `const vm = require('node:vm');
const shows = [];
for (const { script } of require('./cases.json')) {
  const seen = [];
  const calls = [];
  const take = (command, value) => { calls.push(command); if (command === 'identify') seen.push(value); };
  const world = { Countersign: take, Beacon: take, Ensoras: take, alert: () => calls.push('ALERT') };
  world.window = world;
  const before = Object.keys(world).length;
  vm.runInNewContext(script, world);
  if (world.intercomSettings) seen.push(world.intercomSettings);
  if (world.pylon) seen.push(world.pylon.chat_settings);
  shows.push({ seen, calls, added: Object.keys(world).length - before });
}
console.log(JSON.stringify(shows));
`)
	var shows []struct {
		Seen  []map[string]string
		Calls []string
		Added int
	}
	if err := json.Unmarshal([]byte(run(t, dir, nil, "node", "driver.js")[0]), &shows); err != nil || len(shows) != len(cases) || len(cases) < 500 {
		t.Fatalf("%d of %d answers, %v", len(shows), len(cases), err)
	}
	for i, c := range cases {
		got := shows[i]
		if len(got.Seen) != 1 || fmt.Sprint(got.Seen[0]) != fmt.Sprint(c.Want) {
			t.Errorf("%s: heard %q, wanted %q", c.name, got.Seen, c.Want)
		}
		if slices.Contains(got.Calls, "ALERT") || got.Added > 1 {
			t.Errorf("%s ran something: %v", c.name, got.Calls)
		}
	}
}

// Unfilled, a page holds words in capitals, each where the backend's template puts a value.
func TestAnUnfilledPageHoldsWordsToReplace(t *testing.T) {
	for _, row := range dialect.All() {
		for _, signs := range row.Signs {
			made, err := snippet.Render(snippet.Request{Language: snippet.Go, Dialect: row.Name, Signs: string(signs), Channel: "shop", Origin: origin})
			if err != nil {
				t.Fatal(err)
			}
			proof := "'HASH'"
			if row.Proof != identity.ProofHash {
				proof = "'TOKEN'"
			}
			for word, there := range map[string]bool{
				proof: true, "'EMAIL'": true, "'USER_ID'": signs != identity.SignsEmail, "'NAME'": row.Name != "ensoras", "'shop'": row.Name != "helpscout" && row.Name != "ensoras",
				"'CHANNEL'": false, "'APP_ID'": false, "CHAT_SECRET": false, "undefined": false, "%!": false,
			} {
				if strings.Contains(made.Page, word) != there {
					t.Errorf("%s signing %s: %s there: %v\n%s", row.Name, signs, word, !there, made.Page)
				}
			}
			if strings.Count(made.Page, proof) != 1 || !strings.Contains(made.Page, "< as \\u003c") {
				t.Errorf("%s:\n%s", row.Name, made.Page)
			}
		}
	}
}

func TestAPageWithoutItsChannelSaysSo(t *testing.T) {
	for name, word := range map[string]string{"native": "channel: 'CHANNEL'", "intercom": "app_id: 'APP_ID'", "pylon": "app_id: 'APP_ID'", "intercom-jwt": "app_id: 'APP_ID'"} {
		made, err := snippet.Render(snippet.Request{Language: snippet.Go, Dialect: name, Origin: origin})
		if err != nil || !strings.Contains(made.Page, word) {
			t.Errorf("%s: %v\n%s", name, err, made.Page)
		}
	}
}

// Whoever leaves must be forgotten by the page, where the vendor's has a word for it.
func TestLoggingOutSpeaksTheVendorsWord(t *testing.T) {
	for name, want := range map[string]string{
		"native": "Countersign('logout');", "native-jwt": "Countersign('logout');", "native-v1": "Countersign('logout');", "intercom": "Intercom('shutdown');",
		"intercom-jwt": "Intercom('shutdown');", "helpscout": "Beacon('logout');", "pylon": "", "pylon-jwt": "", "ensoras": "Ensoras('logout');",
	} {
		made, err := snippet.Render(snippet.Request{Language: snippet.Go, Dialect: name, Channel: "shop", Origin: origin})
		if err != nil || made.Logout != want {
			t.Errorf("%s: %q, %v", name, made.Logout, err)
		}
	}
}

// The native page loads us; a vendor's page keeps its own loader, whose URL is the one edit, and is told which.
func TestOnlyTheNativePageLoadsAScript(t *testing.T) {
	edits := map[string]string{"intercom": "widget/shop", "pylon": "widget/shop", "helpscout": "beacon.js", "ensoras": "cdn/v1/widget/shop.js"} // :: global → path
	for _, row := range dialect.All() {
		made, err := snippet.Render(snippet.Request{Language: snippet.Go, Dialect: row.Name, Channel: "shop", Origin: "https://chat.example.com/"})
		if err != nil {
			t.Fatal(err)
		}
		loads := strings.Count(made.Page, `<script async src="https://chat.example.com/v1.js"></script>`)
		told := strings.Count(made.Page, "its script comes from https://chat.example.com/"+edits[row.Global]+"\n")
		if want := map[bool]int{true: 1, false: 0}[row.Global == "native"]; loads != want || told != 1-want || strings.Count(made.Page, "http") != 1 {
			t.Errorf("%s loads %d scripts:\n%s", row.Name, loads, made.Page)
		}
	}
}

// Calls made before the script arrives are kept in order, and a second snippet on the
// same page forgets none.
func TestTheNativePageQueuesUntilTheScriptComes(t *testing.T) {
	need(t, "node")
	made, err := snippet.Render(snippet.Request{Language: snippet.Go, Dialect: "native", Channel: "shop", Origin: origin, Customer: snippet.Customer{UserID: "42", Proof: "p"}})
	if err != nil {
		t.Fatal(err)
	}
	inside := firstScript.FindStringSubmatch(made.Page)[1]
	out, err := exec.CommandContext(t.Context(), "node", "-e", "globalThis.window = globalThis;\n"+inside+"\nwindow.Countersign('show');\n"+inside+
		"\nconsole.log(JSON.stringify(Countersign.q.map((a) => [a[0], a[1] && (a[1].channel || a[1].user_id)])));").Output()
	if want := `[["init","shop"],["identify","42"],["show",null],["init","shop"],["identify","42"]]`; err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("%s, %v", out, err)
	}
}

var escape = regexp.MustCompile(`\\u[0-9a-f]{4}`)

// A literal holds none of the characters that mean anything to a page, a script or an
// attribute, and reading it gives the text back.
func TestLiteralsAreInertWhateverTheText(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom(hostile()), rapid.StringMatching("[<>&'\"`\\\\/=\u2028\u2029\\x00-\\x1f]{0,40}")).Draw(r, "text")
		literal := snippet.Literal(text)
		inner := strings.TrimSuffix(strings.TrimPrefix(literal, "'"), "'")
		if len(literal) < 2 || len(inner) != len(literal)-2 || strings.ContainsAny(inner, "<>&'\"`=/\u2028\u2029\x7f") || strings.ContainsFunc(inner, func(c rune) bool { return c < ' ' }) {
			t.Fatalf("%q became %s", text, literal)
		}
		if strings.Contains(escape.ReplaceAllString(inner, ""), `\`) {
			t.Fatalf("%q became %s: a backslash of its own", text, literal)
		}
		var back string
		if err := json.Unmarshal([]byte(`"`+inner+`"`), &back); err != nil || back != strings.ToValidUTF8(text, "\ufffd") && utf8.ValidString(text) {
			t.Fatalf("%q came back as %q, %v", text, back, err)
		}
		if !utf8.ValidString(literal) {
			t.Fatalf("%q became what is no UTF-8", text)
		}
	})
}

func FuzzLiteral(f *testing.F) {
	seeds := append(hostile(), "\xff\xfe", "a\xc0\xafb", "\xed\xa0\x80")
	if len(seeds) < 60 {
		f.Fatalf("only %d seeds", len(seeds))
	}
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		literal := snippet.Literal(text)
		if strings.ContainsAny(literal, "<>&\"`=/\n\r\u2028\u2029") || strings.Count(literal, "'") != 2 || !utf8.ValidString(literal) {
			t.Errorf("%q became %s", text, literal)
		}
		var back string
		if err := json.Unmarshal([]byte(`"`+strings.Trim(literal, "'")+`"`), &back); err != nil || utf8.ValidString(text) && back != text {
			t.Errorf("%q came back as %q, %v", text, back, err)
		}
	})
}

// What is not code is refused, and what is not refused changes nothing but itself.
func FuzzRequest(f *testing.F) {
	seeds := [][4]string{
		{"shop", "CHAT_SECRET", origin, "native"}, {"", "", "", "native-jwt"}, {"shop\n", "A", origin, "pylon"}, {"a'b", "A'", "https://a'b", "intercom"}, {"{{.}}", "{{.}}", "{{.}}", "{{.}}"},
		{"shop", "A", "https://chat.example.com\u2028", "native"}, {"shop", "A", "https://é.example", "native"}, {"shop", "A", "https://a&b", "native"}, {"${x}", "A}", "http://[::1]", "helpscout"},
	}
	if len(seeds) < 9 {
		f.Fatal("seeds are missing")
	}
	for _, s := range seeds {
		f.Add(s[0], s[1], s[2], s[3])
	}
	plain := map[string]snippet.Snippet{}
	for _, row := range dialect.All() {
		made, err := snippet.Render(snippet.Request{Language: snippet.PHP, Dialect: row.Name, Channel: "shop", Origin: origin})
		if err != nil {
			f.Fatal(err)
		}
		plain[row.Name] = made
	}
	f.Fuzz(func(t *testing.T, channel, variable, from, name string) {
		made, err := snippet.Render(snippet.Request{Language: snippet.PHP, Dialect: name, Channel: channel, Variable: variable, Origin: from})
		if err != nil {
			return
		}
		for _, mark := range []string{"'", `"`, "\n", "<", ">", "(", ";", "\\", "?>", "$"} {
			if strings.Count(made.Server, mark) != strings.Count(plain[name].Server, mark) {
				t.Errorf("channel %q and variable %q change the code's %q:\n%s", channel, variable, mark, made.Server)
			}
			if channel != "" && from != "" && strings.Count(made.Page, mark) != strings.Count(plain[name].Page, mark) {
				t.Errorf("channel %q and origin %q change the page's %q:\n%s", channel, from, mark, made.Page)
			}
		}
	})
}
