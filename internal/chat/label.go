package chat

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

var (
	anyProvenance    = []Provenance{BySignature, ByAgent, ByEmail, ByImport, ByClaim}
	provenProvenance = []Provenance{BySignature, ByAgent}
)

// label is what a list calls a person. Beside a verified badge stands nothing that
// only the visitor says, or whoever has an account could wear another's name: a
// claimed name is followed by what was proved. Whoever proved nothing is shown
// neither brackets, which are ours, nor anything that could pass for the badge.
func label(contact Contact, attributes []Attribute) string {
	said := plainName(textOf(attributes, "name", anyProvenance))
	if contact.Kind != VerifiedContact && contact.Kind != EitherContact {
		return first(said, bare(textOf(attributes, "email", anyProvenance)), bare(textOf(attributes, "user_id", anyProvenance)))
	}
	if name := plain(textOf(attributes, "name", provenProvenance)); name != "" {
		return name
	}
	proved := plain(first(textOf(attributes, "email", []Provenance{BySignature, ByEmail}), textOf(attributes, "user_id", []Provenance{BySignature})))
	if said != "" {
		return fmt.Sprintf("%s (%s)", said, proved)
	}
	return proved
}

// plainName is a claimed name that cannot look like a longer label of ours.
func plainName(name string) string {
	return shorten(bare(strings.ReplaceAll(name, "@", "")), 40)
}

// bare is plain without the brackets in which we write what was proved.
func bare(text string) string {
	return plain(without(text, func(r rune) bool { return strings.ContainsRune("()[]", r) }))
}

// plain is a text as one line among others: what cannot be seen, turns the line, or
// is a drawing (a check mark is one) is left out.
func plain(text string) string {
	line := without(text, func(r rune) bool {
		return !unicode.IsSpace(r) && (!unicode.IsGraphic(r) || !seen(r) || unicode.Is(unicode.So, r))
	})
	return shorten(strings.Join(strings.Fields(line), " "), 120)
}

func shorten(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// textOf is an attribute's value by the strongest of these provenances, as text.
func textOf(attributes []Attribute, name string, by []Provenance) string {
	for _, provenance := range by {
		for _, a := range attributes {
			if a.Name != name || a.Provenance != provenance {
				continue
			}
			var text string
			if json.Unmarshal(a.Value, &text) == nil && text != "" {
				return text
			}
			var number json.Number
			if json.Unmarshal(a.Value, &number) == nil {
				if _, err := strconv.ParseFloat(number.String(), 64); err == nil {
					return number.String()
				}
			}
		}
	}
	return ""
}
