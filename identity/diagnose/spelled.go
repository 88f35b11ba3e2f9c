package diagnose

import (
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/identity"
	"countersign/identity/dialect"
)

// maxPairs bounds the spellings with two mistakes.
const maxPairs = 700

// spelling is a text that somebody may have signed.
type spelling struct {
	text  string
	slips []slip
}

// distinct drops what is empty, is the text itself, or came before.
func distinct(text string, forms []spelling) []spelling {
	seen := map[string]bool{"": true, text: true}
	var out []spelling
	for _, form := range forms {
		if !seen[form.text] {
			seen[form.text] = true
			out = append(out, form)
		}
	}
	return out
}

// spellings are the texts that may have been signed in place of the field that the
// key signs, by how many mistakes they hold.
func (q *Question) spellings(row dialect.Row, signs identity.Signs) [maxSlips + 1][]spelling {
	var out [maxSlips + 1][]spelling
	seen := map[string]bool{"": true}
	add := func(all ...spelling) {
		for _, s := range all {
			if n := len(s.slips); n <= maxSlips && !seen[s.text] {
				seen[s.text] = true
				out[n] = append(out[n], s)
			}
		}
	}
	right, other := q.fields(signs)
	bases := signedAs(row, right)
	add(bases...)
	add(verbatim(row, right)...)
	for _, base := range bases {
		add(mistakes(base, right.name)...)
	}
	kinds := q.otherKinds(right, other)
	for _, kind := range kinds {
		add(kind.spelling)
	}
	for _, kind := range kinds {
		add(mistakes(kind.spelling, kind.name)...)
	}
	once := out[1]
	pairs := len(out[2]) + maxPairs
	for _, first := range once {
		for _, second := range commonMistakes(first, right.name) {
			if len(out[2]) < pairs && second.slips[0].code != second.slips[1].code {
				add(second)
			}
		}
	}
	return out
}

// field is an identifier as the operator gave it.
type field struct{ name, text string }

// fields are the one that a key signs and the other one.
func (q *Question) fields(signs identity.Signs) (right, other field) {
	id, email := field{"user id", q.UserID}, field{"email", q.Email}
	if signs == identity.SignsUserID || signs == identity.SignsEither && q.UserID != "" {
		return id, email
	}
	return email, id
}

// signedAs is what the dialect signs of a field: its own bytes, or lowered. How
// letters outside ASCII are lowered differs between languages, and each way counts.
func signedAs(row dialect.Row, f field) []spelling {
	if f.text == "" {
		return nil
	}
	if !row.Lowered {
		return []spelling{{text: f.text}}
	}
	lowered := []spelling{{text: lowerASCII(f.text)}, {text: identity.Fold(f.text)}}
	for _, text := range dialect.Lowerings(f.text) {
		lowered = append(lowered, spelling{text: text})
	}
	return lowered
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func verbatim(row dialect.Row, f field) []spelling {
	if !row.Lowered || f.text == "" {
		return nil
	}
	return []spelling{{f.text, []slip{{LetterCase, "The " + f.name + " was signed with its capital letters, and this dialect signs it in lower case.",
		"Lower the " + f.name + " before signing it."}}}}
}

// otherKind is a text that names the person by something else than the field that the
// key signs, and what people call it.
type otherKind struct {
	spelling
	name string
}

func (q *Question) otherKinds(right, other field) []otherKind {
	var out []otherKind
	add := func(text, name string) {
		out = append(out, otherKind{spelling{text, []slip{{IdentifierKind, "The backend signs the " + name + ", and this key signs the " + right.name + ".",
			"Sign the " + right.name + ", exactly as the page sends it; or let a key sign the " + other.name + "."}}}, name})
	}
	if other.text != "" {
		add(other.text, other.name)
	}
	for _, f := range []field{right, other} {
		if at := strings.LastIndexByte(f.text, '@'); at > 0 {
			add(f.text[:at], "part of the "+f.name+" before its @")
		}
	}
	if right.text != "" && other.text != "" {
		for _, between := range []string{"", ":", "|"} {
			add(right.text+between+other.text, right.name+" and the "+other.name+" together")
			add(other.text+between+right.text, other.name+" and the "+right.name+" together")
		}
	}
	return out
}

// mistakes are all spellings of s with one mistake more.
func mistakes(s spelling, name string) []spelling {
	return more(s, append(append(commonForms(s.text, name), numberForms(s.text, name)...), escapedForms(s.text, name)...))
}

// commonMistakes are those that go along with others.
func commonMistakes(s spelling, name string) []spelling { return more(s, commonForms(s.text, name)) }

func more(s spelling, forms []spelling) []spelling {
	forms = distinct(s.text, forms)
	for i := range forms {
		forms[i].slips = append(append([]slip(nil), s.slips...), forms[i].slips...)
	}
	return forms
}

// commonForms are letters, blanks and line breaks.
func commonForms(text, name string) []spelling {
	letters := func(how string) []slip {
		return []slip{{LetterCase, "The backend signs the " + name + " " + how + ", and the page sends it otherwise.",
			"Sign the " + name + " with the very letters that the page sends."}}
	}
	added := func(code Code, what string) []slip {
		return []slip{{code, "The backend signs the " + name + " with " + what + ".", "Sign the " + name + " alone, exactly as the page sends it."}}
	}
	dropped := func(code Code, what string) []slip {
		return []slip{{code, "The page sends the " + name + " with " + what + ", and the backend signs it without.",
			"Send and sign the very same text: remove it on both sides."}}
	}
	blank := func(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' }
	bare := strings.TrimRight(text, "\r\n")
	return []spelling{
		{strings.ToLower(text), letters("in lower case")}, {lowerASCII(text), letters("in lower case")}, {identity.Fold(text), letters("in lower case")},
		{strings.ToUpper(text), letters("in upper case")}, {capital(text), letters("with a capital at its beginning")},
		{text + "\n", added(Newline, "a line break at its end")}, {text + "\r\n", added(Newline, "a line break at its end")},
		{"\n" + text, added(Newline, "a line break before it")},
		{bare, dropped(Newline, "a line break at its end")}, {strings.Trim(text, "\r\n"), dropped(Newline, "a line break around it")},
		{text + " ", added(Blanks, "a blank at its end")}, {" " + text, added(Blanks, "a blank before it")}, {" " + text + " ", added(Blanks, "blanks around it")},
		{text + "\t", added(Blanks, "a tab at its end")},
		{strings.TrimFunc(bare, blank), dropped(Blanks, "blanks around it")},
		{strings.TrimLeftFunc(text, blank), dropped(Blanks, "a blank before it")}, {strings.TrimRightFunc(text, blank), dropped(Blanks, "a blank at its end")},
		{strings.Join(strings.FieldsFunc(text, blank), ""), dropped(Blanks, "blanks in it")},
	}
}

func capital(text string) string {
	r, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[size:]
}

// escapedForms are texts written for an address, a page or a document.
func escapedForms(text, name string) []spelling {
	signed := func(how string) []slip {
		return []slip{{IdentifierKind, "The backend signs the " + name + " " + how + ", and not as it is.", "Sign the " + name + " first, and escape only what is printed."}}
	}
	sent := func(how string) []slip {
		return []slip{{IdentifierKind, "The page sends the " + name + " " + how + ", and the backend signs it as it is.", "Have the page send the " + name + " as it is."}}
	}
	component := strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
	out := []spelling{
		{url.QueryEscape(text), signed("escaped as for an address")}, {component, signed("escaped as for an address")},
		{url.PathEscape(text), signed("escaped as for an address")}, {strings.ReplaceAll(text, "@", "%40"), signed("escaped as for an address")},
		{lowerEscapes(component), signed("escaped as for an address")},
		{html.EscapeString(text), signed("escaped as for HTML")}, {strings.ReplaceAll(html.EscapeString(text), "&#39;", "&#039;"), signed("escaped as for HTML")},
		{html.UnescapeString(text), sent("escaped as for HTML")},
		{jsonText(text), signed("in the quotation marks of JSON")}, {strings.Trim(text, `"`), sent("in quotation marks")},
	}
	if plain, err := url.QueryUnescape(text); err == nil {
		out = append(out, spelling{plain, sent("escaped as for an address")})
	}
	if plain, err := url.PathUnescape(text); err == nil {
		out = append(out, spelling{plain, sent("escaped as for an address")})
	}
	return out
}

// lowerEscapes writes %2B as %2b, as some libraries do.
func lowerEscapes(text string) string {
	b := []byte(text)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:i+3], strings.ToLower(string(b[i:i+3])))
			i += 2
		}
	}
	return string(b)
}

func jsonText(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		return ""
	}
	return string(raw)
}
