package diagnose

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"countersign/identity/dialect"
	"countersign/identity/keyring"
)

// reading is the bytes that somebody keyed a MAC with.
type reading struct {
	key   []byte
	slips []slip
}

// readings are the ways to read every known secret, by how many mistakes they hold.
func (q *Question) readings(row dialect.Row, target Key) [maxSlips + 1][]reading {
	var out [maxSlips + 1][]reading
	seen := map[string]bool{}
	add := func(r reading) {
		if id := string(r.key); len(r.slips) <= maxSlips && !seen[id] {
			seen[id] = true
			out[len(r.slips)] = append(out[len(r.slips)], r)
		}
	}
	own := string(target.Secret.Reveal())
	if own != "" {
		for _, r := range rightly(row, own) {
			add(r)
		}
	}
	others := q.others(target)
	for _, other := range others {
		for _, r := range q.rightlyOther(row, other) {
			add(r)
		}
	}
	if own != "" {
		for _, r := range wrongly(row, own) {
			add(r)
		}
	}
	for _, r := range nothings() {
		add(r)
	}
	for _, other := range others {
		for _, r := range wrongly(row, string(other.Secret.Reveal())) {
			r.slips = append([]slip{q.othersSlip(other)}, r.slips...)
			add(r)
		}
	}
	return out
}

// others are the keys beside the target that have a secret: the channel's own dead
// ones first, then whatever lives.
func (q *Question) others(target Key) []Key {
	var others []Key
	for _, key := range slices.Concat(q.Keys, q.Others) {
		own := func(k Key) bool { return key.Channel == "" && key.ID == k.ID && key.Name == k.Name }
		if !own(target) && !slices.ContainsFunc(q.asked, own) && key.Secret.Len() > 0 {
			others = append(others, key)
		}
	}
	slices.SortStableFunc(others, func(a, b Key) int { return cmp.Compare(nearness(a), nearness(b)) })
	return others[:min(len(others), maxOthers)]
}

func nearness(k Key) int {
	switch {
	case k.Channel == "":
		return 0
	case lives(k):
		return 1
	}
	return 2
}

// rightly reads a secret as the dialect does.
func rightly(row dialect.Row, text string) []reading {
	if !row.SecretHex {
		return []reading{{key: []byte(text)}}
	}
	if raw, err := hex.DecodeString(text); err == nil && len(raw) > 0 {
		return []reading{{key: raw}}
	}
	return nil
}

// rightlyOther reads another key's secret as its own dialect does, and as this one.
func (q *Question) rightlyOther(row dialect.Row, other Key) []reading {
	text := string(other.Secret.Reveal())
	found := rightly(row, text)
	if own, ok := dialect.Get(other.Dialect); ok && other.Dialect != "" {
		found = append(rightly(own, text), found...)
	}
	for i := range found {
		found[i].slips = []slip{q.othersSlip(other)}
	}
	return found
}

func (q *Question) othersSlip(other Key) slip {
	dead := !lives(other)
	switch {
	case other.Channel == "" && dead:
		return slip{RetiredKey, "The backend signs with " + nameOf(other) + ", which is " + string(other.State) + since(other, q.Now) + ".",
			"Give the backend the secret of the channel's active key."}
	case other.Channel == "" && other.ID != "":
		return slip{OtherKey, "The backend signs with " + nameOf(other) + ", which is a key of this channel for " + other.Dialect + ".",
			"Give the backend the secret of the key that is for this dialect and field, or have the page speak " + other.Dialect + "."}
	case dead:
		return slip{OtherKey, "The backend signs with " + nameOf(other) + ", which is " + string(other.State) + ".", "Give the backend the secret of this channel's own key."}
	}
	return slip{OtherKey, "The backend signs with " + nameOf(other) + ".", "Give the backend the secret of this channel's own key."}
}

// nameOf is a key as an operator knows it.
func nameOf(k Key) string {
	name := "the key " + quote(cmp.Or(k.Name, k.ID))
	if k.Name == "" && k.ID == "" {
		name = "this key"
	}
	if k.Channel != "" {
		name += " of the channel " + quote(k.Channel)
	}
	return name
}

func since(k Key, now time.Time) string {
	if k.Since.IsZero() || !now.After(k.Since) {
		return ""
	}
	return " since " + span(now.Sub(k.Since))
}

// wrongly reads one secret in the ways in which backends get it wrong.
func wrongly(row dialect.Row, text string) []reading {
	var out []reading
	add := func(key []byte, slips ...slip) {
		if len(key) > 0 {
			out = append(out, reading{key: key, slips: slips})
		}
	}
	forms := append([]spelling{{text: text}}, secretForms(text)...)
	for _, form := range forms {
		for _, right := range rightly(row, form.text) {
			if len(form.slips) > 0 {
				add(right.key, form.slips...)
			}
		}
		if row.SecretHex {
			add([]byte(form.text), append([]slip{asText}, form.slips...)...)
		} else if raw, err := hex.DecodeString(form.text); err == nil {
			add(raw, append([]slip{asHex}, form.slips...)...)
		}
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if raw, err := encoding.DecodeString(text); err == nil {
			add(raw, slip{Base64, "The backend decodes the secret from base64 before it signs.", "Use the secret as it is shown" + hexHint(row) + "."})
		}
	}
	add([]byte(base64.StdEncoding.EncodeToString([]byte(text))),
		slip{Base64, "The backend encodes the secret as base64 before it signs.", "Use the secret as it is shown" + hexHint(row) + "."})
	return out
}

func hexHint(row dialect.Row) string {
	if row.SecretHex {
		return ", decoded from hexadecimal"
	}
	return ", as text"
}

var (
	asText = slip{SecretAsText, "The backend uses the secret's hexadecimal digits as text.", "Decode the secret from hexadecimal before signing with it."}
	asHex  = slip{SecretAsHex, "The backend decodes the secret from hexadecimal.", "Use the secret as text, all of its characters, without decoding it."}
)

// secretForms are texts that stand in for a secret where it was stored or read carelessly.
func secretForms(text string) []spelling {
	const fix = "Read the secret byte for byte, without anything around it."
	newline := slip{Newline, "The backend signs with a line break at the end of the secret: a file's last line was read with it.", "Remove the line break from the secret after reading it."}
	unbroken := slip{Newline, "The secret as it was entered ends in a line break, and the backend signs without it.", "Enter the secret again without the line break."}
	blanks := slip{Blanks, "The backend signs with a blank beside the secret.", fix}
	trimmed := slip{Blanks, "The secret as it was entered has blanks around it, and the backend signs without them.", fix}
	letters := slip{LetterCase, "The backend changes the secret's letters between upper and lower case.", "Use the secret's letters as they are."}
	return distinct(text, []spelling{
		{text + "\n", []slip{newline}}, {text + "\r\n", []slip{newline}},
		{strings.TrimRight(text, "\r\n"), []slip{unbroken}},
		{text + " ", []slip{blanks}}, {" " + text, []slip{blanks}},
		{strings.TrimSpace(text), []slip{trimmed}},
		{strings.ToLower(text), []slip{letters}}, {strings.ToUpper(text), []slip{letters}},
	})
}

// nothings are what languages make of a variable that is not set.
func nothings() []reading {
	var out []reading
	for _, text := range []string{"", "undefined", "null", "None", "nil", "false"} {
		shown := "the text " + quote(text)
		if text == "" {
			shown = "an empty text"
		}
		out = append(out, reading{key: []byte(text), slips: []slip{{OtherKey,
			"The backend signs with " + shown + " in place of the secret: its variable is not set where the code runs.",
			"Set the variable, and let the code stop when it is missing."}}})
	}
	return out
}

// dead says in one word that a key verifies no more.
func dead(s keyring.State) bool { return s == keyring.Retired || s == keyring.Revoked }
