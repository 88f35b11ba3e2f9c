package trust_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"countersign/internal/trust"
)

// No two keys of a line have one name, however often and however soon they are rotated.
func TestASuccessorHasANameOfItsOwn(t *testing.T) {
	h := newHouse(t)
	old, _ := h.key(t, trust.KeyDraft{Name: "Web"})
	rotate := func(key, name string) trust.KeyRow {
		t.Helper()
		next, _, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: key, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	second := rotate(old.ID, "")
	day := second.CreatedAt.Format(time.DateOnly)
	third := rotate(second.ID, "")
	fourth := rotate(third.ID, "  Autumn ")
	fifth := rotate(fourth.ID, "")
	for i, c := range []struct{ got, want string }{
		{second.Name, "Web (" + day + ")"}, {third.Name, "Web (" + third.CreatedAt.Format(time.DateOnly) + ", 2)"},
		{fourth.Name, "Autumn"}, {fifth.Name, "Autumn (" + fifth.CreatedAt.Format(time.DateOnly) + ")"},
	} {
		if c.got != c.want && day == fifth.CreatedAt.Format(time.DateOnly) { // unless midnight came between
			t.Errorf("%d: %q, want %q", i, c.got, c.want)
		}
	}
	for _, name := range []string{"a\nb", strings.Repeat("x", 81), " "} {
		if _, _, err := h.keys.Rotate(t.Context(), root, trust.Rotation{Channel: "chn_shop", Key: fifth.ID, Name: name}); !errors.Is(err, trust.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	long, _ := h.key(t, trust.KeyDraft{Name: strings.Repeat("ü", 80)})
	if next := rotate(long.ID, ""); !strings.HasPrefix(next.Name, "üüü") || !strings.HasSuffix(next.Name, ")") || len([]rune(next.Name)) > 80 {
		t.Errorf("of a long name: %q", next.Name)
	}
}
