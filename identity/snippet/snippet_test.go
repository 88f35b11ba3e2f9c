package snippet_test

import (
	"encoding/json"
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/snippet"
)

func TestEveryDialectHasASnippetInEveryLanguage(t *testing.T) {
	for _, language := range snippet.Languages() {
		if language.Name() == "" {
			t.Errorf("%s has no name", language)
		}
		for _, row := range dialect.All() {
			for _, signs := range append([]identity.Signs{""}, row.Signs...) {
				made, err := snippet.Render(snippet.Request{Language: language, Dialect: row.Name, Signs: string(signs), Channel: "shop", Origin: "https://chat.example.com"})
				if err != nil || made.Server == "" || made.Page == "" || made.File == "" || made.Function == "" || len(made.Arguments) == 0 {
					t.Errorf("%s %s %s: %+v, %v", language, row.Name, signs, made, err)
				}
				if made.Token != (row.Proof != identity.ProofHash) {
					t.Errorf("%s: token %v", row.Name, made.Token)
				}
				field := "user_id"
				if signs == identity.SignsEmail || signs == "" && row.DefaultSigns() == identity.SignsEmail {
					field = "email"
				}
				if made.Arguments[0] != field {
					t.Errorf("%s signing %s takes %v", row.Name, signs, made.Arguments)
				}
				if strings.Contains(made.Server, "<no value>") || !strings.Contains(made.Server, snippet.SecretVariable) {
					t.Errorf("%s %s:\n%s", language, row.Name, made.Server)
				}
			}
		}
	}
}

func TestADialectSignsOnlyWhatItCan(t *testing.T) {
	for _, row := range dialect.All() {
		for _, signs := range []string{"user_id", "email", "either", "name"} {
			_, err := snippet.Render(snippet.Request{Language: snippet.Go, Dialect: row.Name, Signs: signs, Channel: "shop"})
			if can := row.MaySign(identity.Signs(signs)); can != (err == nil) || !can && !errors.Is(err, snippet.ErrUnfit) {
				t.Errorf("%s signing %s: %v", row.Name, signs, err)
			}
		}
	}
}

func TestWhatCannotStandInCodeIsRefused(t *testing.T) {
	good := snippet.Request{Language: snippet.PHP, Dialect: "native-jwt", Channel: "shop", Origin: "https://chat.example.com"}
	for name, change := range map[string]func(*snippet.Request){
		"a language":              func(r *snippet.Request) { r.Language = "cobol" },
		"a dialect":               func(r *snippet.Request) { r.Dialect = "olark" },
		"a channel that ends one": func(r *snippet.Request) { r.Channel = `shop"); system("id` },
		"a channel with a quote":  func(r *snippet.Request) { r.Channel = "shop'" },
		"a channel with a line":   func(r *snippet.Request) { r.Channel = "shop\n" },
		"no channel":              func(r *snippet.Request) { r.Channel = "" },
		"a variable with code":    func(r *snippet.Request) { r.Variable = "A'); die('" },
		"a variable in lowercase": func(r *snippet.Request) { r.Variable = "secret" },
		"an origin with a path":   func(r *snippet.Request) { r.Origin = "https://chat.example.com/x" },
		"an origin with a script": func(r *snippet.Request) { r.Origin = `https://chat.example.com"><script>` },
		"an origin of javascript": func(r *snippet.Request) { r.Origin = "javascript:alert(1)" },
		"an origin with a login":  func(r *snippet.Request) { r.Origin = "https://a:b@chat.example.com" },
	} {
		r := good
		change(&r)
		if made, err := snippet.Render(r); err == nil || made.Server != "" || made.Page != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := snippet.Render(good); err != nil {
		t.Error(err)
	}
}

func TestTheVariableIsTheOneThatWasAskedFor(t *testing.T) {
	for _, language := range snippet.Languages() {
		made, err := snippet.Render(snippet.Request{Language: language, Dialect: "native", Variable: "SHOP_CHAT_SECRET"})
		if err != nil || !strings.Contains(made.Server, "SHOP_CHAT_SECRET") {
			t.Errorf("%s: %v", language, err)
		}
		if without := strings.ReplaceAll(made.Server, "SHOP_CHAT_SECRET", ""); strings.Contains(without, snippet.SecretVariable) {
			t.Errorf("%s still reads %s", language, snippet.SecretVariable)
		}
	}
}

// nasty are names that customers gave themselves.
var nasty = []string{
	`</script><script>alert(1)</script>`, `'); alert(1); ('`, `"`, "`${alert(1)}`", `\`, `\'`, "a\nb", "a\r\nb", "a\u2028b", "a\u2029b", `<!--`, `]]>`, "&lt;", "ada\x00", "zoë 漢字 🎉", `a/*b*/`, "</SCRIPT >",
}

func TestACustomersNameCannotLeaveTheScript(t *testing.T) {
	inside := regexp.MustCompile(`(?s)^<script>\n(.*?)</script>\n`)
	for _, row := range dialect.All() {
		for _, name := range nasty {
			made, err := snippet.Render(snippet.Request{Language: snippet.Node, Dialect: row.Name, Channel: "shop", Origin: "https://chat.example.com",
				Customer: snippet.Customer{UserID: name, Email: name, Name: name, Proof: name}})
			if err != nil {
				t.Fatal(err)
			}
			opened, closed := strings.Count(strings.ToLower(made.Page), "<script"), strings.Count(strings.ToLower(made.Page), "</script")
			if want := 1 + strings.Count(made.Page, "async src"); opened != want || closed != want || !inside.MatchString(made.Page) {
				t.Errorf("%s %q:\n%s", row.Name, name, made.Page)
			}
		}
	}
}

func TestALiteralIsTheTextThatWentIn(t *testing.T) {
	need(t, "node")
	var code strings.Builder
	for _, name := range nasty {
		literal := snippet.Literal(name)
		if strings.ContainsAny(literal, "<>&\"`\n\r\u2028\u2029") || strings.Count(literal, "'") != 2 {
			t.Errorf("%q became %s", name, literal)
		}
		code.WriteString("console.log(JSON.stringify(" + literal + "));\n")
	}
	out, err := exec.CommandContext(t.Context(), "node", "-e", code.String()).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, line := range lines {
		var got string
		if err := json.Unmarshal([]byte(line), &got); err != nil || got != nasty[i] {
			t.Errorf("%q became %q, %v", nasty[i], got, err)
		}
	}
	if len(lines) != len(nasty) {
		t.Errorf("%d lines", len(lines))
	}
}

func TestLanguagesAreListedOnce(t *testing.T) {
	all := snippet.Languages()
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	if len(all) != 7 || len(slices.Compact(sorted)) != 7 {
		t.Error(all)
	}
	if snippet.Language("cobol").Name() != "" {
		t.Error("cobol has a name")
	}
}
