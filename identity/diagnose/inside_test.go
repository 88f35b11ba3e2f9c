package diagnose

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"countersign/identity"
	"countersign/identity/dialect"
)

func TestSpansAreSaidInTwoUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "less than a second", 900 * time.Millisecond: "less than a second", time.Second: "1 second", 61 * time.Second: "1 minute and 1 second",
		-90 * time.Second: "1 minute and 30 seconds", time.Hour: "1 hour", time.Hour + 5*time.Second: "1 hour", 25 * time.Hour: "1 day and 1 hour",
		49*time.Hour + 59*time.Minute: "2 days and 1 hour", 400 * 24 * time.Hour: "400 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestQuotesAreCutAndEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"ada": `"ada"`, "a\nb": `"a\nb"`, `a"b`: `"a\"b"`, "": `""`, "\x1b[31m": `"\x1b[31m"`, "a\u202eb": `"a\u202eb"`,
	} {
		if got := quote(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	long := quote(strings.Repeat("é", 1000))
	if utf8.RuneCountInString(long) != maxQuoted+2 || !strings.HasSuffix(long, `…"`) {
		t.Errorf("%d characters: %s", utf8.RuneCountInString(long), long)
	}
	if got := quote("\xff\xfe"); !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}

// Every spelling of two mistakes is bounded in number and length, whatever is pasted:
// an escape makes three bytes of one, and two escapes nine.
func TestSpellingsAreBounded(t *testing.T) {
	row, _ := dialect.Get("native")
	rapid.Check(t, func(r *rapid.T) {
		q := Question{UserID: rapid.StringN(0, 200, maxText).Draw(r, "user id"), Email: rapid.StringN(0, 200, maxText).Draw(r, "email")}
		for n, all := range q.spellings(row, identity.SignsUserID) {
			if len(all) > maxPairs+400 {
				t.Fatalf("%d spellings with %d mistakes", len(all), n)
			}
			for _, s := range all {
				if len(s.slips) != n {
					t.Fatalf("%q has %d mistakes among those with %d", s.text, len(s.slips), n)
				}
				if limit := 36*(len(q.UserID)+len(q.Email)) + 64; len(s.text) > limit {
					t.Fatalf("%d bytes became %d", len(q.UserID)+len(q.Email), len(s.text))
				}
			}
		}
	})
}

func TestReadingsAndSpellingsAreTriedOnce(t *testing.T) {
	for _, row := range dialect.All() {
		secret := strings.Repeat("0123456789abcdef", 4)
		target := Key{ID: "1", Dialect: row.Name, Signs: row.DefaultSigns(), Secret: identity.NewSecret([]byte(secret))}
		q := Question{UserID: "Ada", Email: "Ada@Example.com", Keys: []Key{target}, Others: []Key{{Name: "same", Secret: identity.NewSecret([]byte(secret))}}}
		seen := map[string]int{}
		for n, all := range q.readings(row, target) {
			for _, r := range all {
				if before, twice := seen[string(r.key)]; twice {
					t.Errorf("%s: a key is read with %d mistakes and with %d", row.Name, before, n)
				}
				seen[string(r.key)] = n
			}
		}
		texts := map[string]int{}
		for n, all := range q.spellings(row, row.DefaultSigns()) {
			for _, s := range all {
				if before, twice := texts[s.text]; twice {
					t.Errorf("%s: %q is spelt with %d mistakes and with %d", row.Name, s.text, before, n)
				}
				texts[s.text] = n
			}
		}
		if len(seen) < 10 || len(texts) < 40 {
			t.Errorf("%s: %d readings and %d spellings", row.Name, len(seen), len(texts))
		}
	}
}

// The budget is kept by the work itself, not by what came in.
func TestTheBudgetIsNeverOverdrawn(t *testing.T) {
	row, _ := dialect.Get("native")
	var q Question
	q.UserID, q.Email = "123456789012", "ada@example.com"
	for i := range 900 {
		q.Others = append(q.Others, Key{ID: string(rune('a'+i%26)) + strings.Repeat("x", i), Secret: identity.NewSecret([]byte(strings.Repeat("k", 17) + strings.Repeat("y", i)))})
	}
	targets := make([]Key, 8)
	for i := range targets {
		targets[i] = Key{ID: strings.Repeat("t", i+1), Dialect: row.Name, Signs: identity.SignsUserID, Secret: identity.NewSecret([]byte(strings.Repeat("t", 20+i)))}
	}
	s := search{q: &q, sent: readHash(strings.Repeat("ab", 32), targets[0]), left: MaxMACs}
	if _, found := s.run(targets); found {
		t.Fatal("found what nobody made")
	}
	dearest := 0
	for _, all := range constructions {
		for _, c := range all {
			dearest = max(dearest, c.macs)
		}
	}
	if s.left < -dearest*len(algorithms) {
		t.Errorf("%d MACs too many", -s.left)
	}
	if s.left > MaxMACs/2 {
		t.Errorf("only %d MACs were computed", MaxMACs-s.left)
	}
}

func TestWhatIsPastedAsAHashIsReadInBoundedWays(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9a-fA-F+/=_ \n-]{0,200}`)).Draw(r, "pasted")
		found := readHash(text, Key{Dialect: rapid.SampledFrom(dialect.Names()).Draw(r, "dialect")})
		if len(found) > 100 {
			t.Fatalf("%q is read in %d ways", text, len(found))
		}
		for i, sent := range found {
			if algorithms[len(sent.tag)] == nil {
				t.Fatalf("%q gives %d bytes", text, len(sent.tag))
			}
			if i > 0 && len(found[i-1].tag) > len(sent.tag) {
				t.Fatal("they are not ordered by size")
			}
		}
	})
}

func TestMillisecondsAreReadAsSuch(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for raw, want := range map[string]time.Time{
		"1772366400": at, "1772366400.9": at, `"1772366400"`: at, "1772366400000": at, "0": {}, "-5": {}, "1e300": {}, "true": {}, "null": {}, "": {},
	} {
		var c claims
		c.raw = map[string]json.RawMessage{"iat": json.RawMessage(raw)}
		if got := c.time("iat"); !got.Equal(want) {
			t.Errorf("%s: %v, want %v", raw, got, want)
		}
		if c.milliseconds != (raw == "1772366400000") {
			t.Errorf("%s: milliseconds %v", raw, c.milliseconds)
		}
	}
}
