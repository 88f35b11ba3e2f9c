package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// The record is exported into whatever directory an operator names, /tmp as well.
func TestAnExportFollowsNoLinkThatSomebodyLaid(t *testing.T) {
	dir := t.TempDir()
	name, theirs := filepath.Join(dir, "audit.jsonl"), filepath.Join(dir, "theirs")
	if err := os.WriteFile(theirs, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(theirs, name+".part"); err != nil {
		t.Fatal(err)
	}
	file, err := newExportFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("the record"); err != nil {
		t.Fatal(err)
	}
	if err := file.Sync(); err != nil {
		t.Fatal(err)
	}
	file.discard()
	if text, err := os.ReadFile(theirs); err != nil || string(text) != "before" {
		t.Errorf("their file says %q, %v", text, err)
	}
	text, err := os.ReadFile(name)
	info, statErr := os.Lstat(name)
	if err != nil || statErr != nil || string(text) != "the record" || info.Mode() != 0o600 {
		t.Errorf("the export says %q, %v %v", text, err, info)
	}
	if _, err := newExportFile(name); err == nil {
		t.Error("a file that is there was taken")
	}
	given, err := newExportFile(filepath.Join(dir, "given-up"))
	if err != nil {
		t.Fatal(err)
	}
	given.discard()
	if left, _ := filepath.Glob(filepath.Join(dir, "given-up*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Lstat(filepath.Join(dir, "given-up")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("an export that was given up has its name")
	}
}
