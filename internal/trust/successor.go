package trust

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// dated is what a successor's name has behind the name of the first of its line.
var dated = regexp.MustCompile(` \(\d{4}-\d{2}-\d{2}(, \d+)?\)$`)

// successorName is the old key's name with the day of the rotation, so that no list shows
// two of one name: "Web", "Web (2026-11-20)" and, for a second one that day, "Web (2026-11-20, 2)".
func successorName(old string, ring []KeyRow, now time.Time) string {
	first := dated.ReplaceAllString(old, "")
	day := now.UTC().Format(time.DateOnly)
	suffix := " (" + day + ")"
	for n := 2; ; n++ {
		name := within(first, maxKeyName-len(suffix)) + suffix
		if !slices.ContainsFunc(ring, func(row KeyRow) bool { return row.Name == name }) {
			return name
		}
		suffix = fmt.Sprintf(" (%s, %d)", day, n)
	}
}

// within is as much of a name as fits.
func within(name string, characters int) string {
	if all := []rune(name); len(all) > characters {
		return strings.TrimSpace(string(all[:characters]))
	}
	return name
}
