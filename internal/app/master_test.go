package app

import (
	"os"
	"path/filepath"
	"testing"
)

// Of two who finish one rewrap the second finds it done: no key is lost, and none is misplaced.
func TestFinishingARewrapTwiceLosesNoKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	for name, text := range map[string]string{path: "old", path + nextSuffix: "new"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := promote(path, "0ld"); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{path: "new", path + ".0ld": "old"} {
		if text, err := os.ReadFile(name); err != nil || string(text) != want {
			t.Errorf("%s holds %q, %v", filepath.Base(name), text, err)
		}
	}
	if _, err := os.Stat(path + nextSuffix); err == nil {
		t.Error("the next key was left behind")
	}
}

func TestAKeyInsideTheDataIsToldApart(t *testing.T) {
	for _, c := range []struct {
		data, file string
		want       bool
	}{
		{"d", "d/mk", true}, {"d", "./d/deep/mk", true}, {"d", "d.masterkey", false}, {"d", "e/mk", false}, {"", "mk", false}, {"d", "d/../mk", false},
	} {
		if got := inside(c.data, c.file); got != c.want {
			t.Errorf("inside(%q, %q) = %v", c.data, c.file, got)
		}
	}
}
