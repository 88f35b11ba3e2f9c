package identity_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"countersign/identity"
)

type foldFile struct {
	About   string `json:"about"`
	Vectors []struct {
		In    string `json:"in"`
		Out   string `json:"out"`
		Note  string `json:"note,omitempty"`
		Email *bool  `json:"valid_email,omitempty"`
	} `json:"vectors"`
}

func loadFold(tb testing.TB) foldFile {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(vectorDir, "fold.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var file foldFile
	decodeStrictly(tb, raw, &file)
	return file
}

func TestFoldVectors(t *testing.T) {
	for _, v := range loadFold(t).Vectors {
		if got := identity.Fold(v.In); got != v.Out {
			t.Errorf("Fold(%q) is %q; want %q", v.In, got, v.Out)
		}
		if v.Email != nil && identity.ValidEmail(v.In) != *v.Email {
			t.Errorf("ValidEmail(%q) is not %v", v.In, *v.Email)
		}
	}
}

// TestNothingOutsideASCIIBecomesASCII walks every code point: whoever can
// register a look-alike must not become the owner of the plain address.
func TestNothingOutsideASCIIBecomesASCII(t *testing.T) {
	for r := rune(utf8.RuneSelf); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		folded := identity.Fold(string(r))
		if folded == "i\u0307" && r == '\u0130' {
			continue
		}
		for _, f := range folded {
			if f < utf8.RuneSelf {
				t.Errorf("U+%04X became %q", r, folded)
			}
		}
		if again := identity.Fold(folded); again != folded {
			t.Errorf("U+%04X: folded once %q, twice %q", r, folded, again)
		}
	}
}

func TestFoldProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		if identity.Fold(identity.Fold(a)) != identity.Fold(a) {
			t.Fatalf("folding %q twice differs", a)
		}
		if identity.Fold(a+b) != identity.Fold(a)+identity.Fold(b) {
			t.Fatalf("folding depends on what stands beside: %q and %q", a, b)
		}
	})
}

// TestFoldKeepsBytesThatAreNoText: replacing them would make two addresses one.
func TestFoldKeepsBytesThatAreNoText(t *testing.T) {
	if got := identity.Fold("A\xff@\xfeB"); got != "a\xff@\xfeb" {
		t.Errorf("got %q", got)
	}
	if identity.ValidEmail("a\xff@b") || identity.ValidUserID("\xff") {
		t.Error("bytes that are no UTF-8 name somebody")
	}
	if !identity.ValidUserID("\ufffd") || !identity.ValidEmail("\ufffd@b") {
		t.Error("a U+FFFD that somebody wrote is refused")
	}
}

func TestFoldOfFoldedTextDoesNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { identity.Fold(emailOf20) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type scalarFile struct {
	About   string `json:"about"`
	Vectors []struct {
		JSON json.RawMessage `json:"json"`
		Text string          `json:"text,omitempty"`
		OK   bool            `json:"ok"`
	} `json:"vectors"`
}

func loadScalars(tb testing.TB) scalarFile {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(vectorDir, "scalar.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var file scalarFile
	decodeStrictly(tb, raw, &file)
	return file
}

func TestScalarVectors(t *testing.T) {
	for _, v := range loadScalars(t).Vectors {
		text, ok := identity.ParseScalar(v.JSON)
		if ok != v.OK || ok && text != v.Text {
			t.Errorf("%s is %q, %v; want %q, %v", v.JSON, text, ok, v.Text, v.OK)
		}
	}
	if text, ok := identity.ParseScalar(nil); !ok || text != "" {
		t.Error("an absent value is not the empty text")
	}
	for _, broken := range []string{`"`, `"a`, `a`, `"a"b`, `--1`, `+1`, `01`, `1 2`, "\"\xff\"", `"\x"`, `"\ud83d\ude"`} {
		if text, ok := identity.ParseScalar(json.RawMessage(broken)); ok {
			t.Errorf("%q is the text %q", broken, text)
		}
	}
}
