package main

import (
	"bytes"
	"strings"
	"testing"
)

// What went wrong may quote a name out of somebody's archive, which must not write the
// terminal's title or clipboard, clear what stands there or turn it around.
func TestWhatIsReportedDrivesNoTerminal(t *testing.T) {
	var out bytes.Buffer
	report(&out, misuse("%s: its first line is no heading", "export.zip/a\x1b]52;c;cm0gLXJm\x07\x1b[2J\u009b1A\u202eb.csv"))
	if strings.ContainsAny(out.String(), "\x1b\x07\u009b\u202e") || !strings.Contains(out.String(), "its first line is no heading\n") {
		t.Errorf("%q", out.String())
	}
}
