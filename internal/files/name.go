package files

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNameBytes of a name are kept, its end included.
const maxNameBytes = 120

// extensions :: kind of picture → how its name may end; the first is added to one that does not.
var extensions = map[string][]string{
	mediaJPEG: {".jpg", ".jpeg"},
	mediaPNG:  {".png"},
	mediaGIF:  {".gif"},
}

// reserved are names that mean a device on some systems, whatever they end with.
var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true}

// CleanName makes a name that can be shown and saved anywhere out of what a sender said:
// one line in one direction, no folder, no character that a file system or a shell reads
// otherwise. A picture's ends as what it is.
func CleanName(name, mediaType string, picture bool) string {
	name = strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/")
	name = name[strings.LastIndexByte(name, '/')+1:]
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return -1
		case strings.ContainsRune(`<>:"|?*`+"`", r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.Trim(strings.Join(strings.Fields(name), " "), ". ")
	stem, end := split(name)
	if picture && !endsAs(end, mediaType) {
		stem, end = name, extensions[mediaType][0]
	}
	if stem = strings.TrimRight(cutBytes(stem, maxNameBytes-len(end)), ". "); stem == "" {
		stem = "file"
	}
	first, _, _ := strings.Cut(strings.ToLower(stem), ".")
	if reserved[first] || len(first) == 4 && (strings.HasPrefix(first, "com") || strings.HasPrefix(first, "lpt")) {
		stem = "_" + stem
	}
	return stem + end
}

// split tells a name from its end; what is too long for an end is none.
func split(name string) (stem, end string) {
	end = path.Ext(name)
	if len(end) < 2 || len(end) > 12 {
		return name, ""
	}
	return strings.TrimSuffix(name, end), end
}

func endsAs(end, mediaType string) bool {
	for _, e := range extensions[mediaType] {
		if strings.EqualFold(end, e) {
			return true
		}
	}
	return false
}

func cutBytes(text string, n int) string {
	for len(text) > n {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}
