package snippet_test

import (
	"strings"
	"testing"

	"countersign/identity"
	"countersign/identity/snippet"
)

// A language's own lowering turns the Kelvin sign into k, and in some İ into i: a
// backend that signs so signs, for whoever has such an address, the one in ASCII that
// somebody else has. The gauntlet runs the code; this reads it, for the machine that
// lacks an interpreter.
func TestNoCodeThatWeHandOutLowersAnAddressIntoAnothers(t *testing.T) {
	whole := map[snippet.Language][]string{ // :: language → what lowers a whole text in Unicode, or by the locale
		snippet.Ruby:   {"downcase)", "downcase\n", "downcase!"},
		snippet.PHP:    {"strtolower(", "mb_strtolower(", "lcfirst("},
		snippet.Python: {"email.lower()", "email.casefold()", "text.lower()"},
		snippet.Node:   {"email.toLowerCase()", "String(email).toLowerCase()", "toLocaleLowerCase"},
		snippet.Go:     {"strings.ToLower(", "unicode.ToLower(", "cases."},
		snippet.Java:   {"email.toLowerCase(", "text.toLowerCase("},
		snippet.CSharp: {"email.ToLower", "text.ToLower"},
	}
	for _, language := range snippet.Languages() {
		if len(whole[language]) == 0 {
			t.Errorf("%s: nobody said what lowers there", language)
		}
		made, err := snippet.Render(snippet.Request{Language: language, Dialect: "ensoras", Signs: string(identity.SignsEmail), Channel: "shop", Origin: origin})
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range whole[language] {
			if strings.Contains(made.Server, bad) {
				t.Errorf("%s lowers by %q:\n%s", language, bad, made.Server)
			}
		}
		if !strings.Contains(made.Server, "ASCII letters alone") {
			t.Errorf("%s does not say why it lowers as it does:\n%s", language, made.Server)
		}
	}
}
