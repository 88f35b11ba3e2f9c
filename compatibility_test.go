package countersign_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documented :: heading in docs/compatibility.md → the folder of the adapter that it is about.
var documented = map[string]string{"Intercom": "intercom", "Pylon": "pylon", "Help Scout Beacon": "beacon", "Ensoras": "ensoras"}

var (
	tableRow = regexp.MustCompile("(?m)^\\| (`[^|]*`) \\| (\\w[\\w-]*) \\|")
	quoted   = regexp.MustCompile("`([\\w-]+)[^`]*`")
	command  = regexp.MustCompile(`(?m)^    "?([\w-]+)"?[(:,]`)
	looked   = regexp.MustCompile(`\b(?:given|config)\.(\w+)`)
	styled   = regexp.MustCompile(`(?m)^  (\w+): "\w*",$`)
)

// rows of a table :: name → verdict.
func compatibilityRows(t *testing.T, section, title string) map[string]string {
	t.Helper()
	_, table, found := strings.Cut(section, "\n### "+title+"\n")
	if !found {
		t.Fatalf("no table of %s", title)
	}
	table, _, _ = strings.Cut(table, "\n### ")
	rows := map[string]string{}
	for _, row := range tableRow.FindAllStringSubmatch(table, -1) {
		if !slices.Contains([]string{"works", "partly", "no-op"}, row[2]) {
			t.Errorf("%s is said to be %q", row[1], row[2])
		}
		for _, name := range quoted.FindAllStringSubmatch(row[1], -1) {
			rows[name[1]] = row[2]
		}
	}
	return rows
}

// A table that says more than the adapter does sends people on a migration that fails; one
// that says less hides what works.
func TestTheTableOfOtherSystemsSaysWhatTheAdaptersDo(t *testing.T) {
	text, err := os.ReadFile("docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	for heading, folder := range documented {
		_, section, found := strings.Cut(string(text), "\n## "+heading+"\n")
		if !found {
			t.Fatalf("docs/compatibility.md says nothing of %s", heading)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		code, err := os.ReadFile(filepath.Join("web/compat", folder, "adapter.ts"))
		if err != nil {
			t.Fatal(err)
		}
		_, table, _ := strings.Cut(string(code), "speak({\n")
		table, _, _ = strings.Cut(table, "\n  });")
		compareRows(t, heading+"'s command", compatibilityRows(t, section, "Commands"), namesIn(command, table))
		read := string(code)
		for _, file := range []string{filepath.Join(folder, "config.ts"), "page/email.ts"} {
			_, name, _ := strings.Cut(file, "/")
			more, err := os.ReadFile(filepath.Join("web/compat", file))
			if err == nil && strings.Contains(read, strings.TrimSuffix(name, ".ts")+`";`) {
				read += string(more)
			}
		}
		compareRows(t, heading+"'s setting", compatibilityRows(t, section, "Settings"), append(namesIn(looked, read), namesIn(styled, read)...))
	}
}

func namesIn(pattern *regexp.Regexp, code string) []string {
	var names []string
	for _, found := range pattern.FindAllStringSubmatch(code, -1) {
		if found[1] != "__proto__" {
			names = append(names, found[1])
		}
	}
	return names
}

// compareRows: what the adapter knows has a row that does not call it a no-op. Settings that
// are plain attributes are in no adapter, so only commands are looked for the other way.
func compareRows(t *testing.T, what string, rows map[string]string, known []string) {
	t.Helper()
	if len(known) < 4 || len(rows) < 4 {
		t.Fatalf("%s: %d rows for %d names: the test no longer finds them", what, len(rows), len(known))
	}
	for _, name := range known {
		if verdict := rows[name]; verdict == "" || verdict == "no-op" {
			t.Errorf("%s %s is in the adapter, and the table says %q", what, name, verdict)
		}
	}
	for name, verdict := range rows {
		if verdict != "no-op" && strings.HasSuffix(what, "command") && !slices.Contains(known, name) {
			t.Errorf("%s %s is said to be %q, and the adapter does not know it", what, name, verdict)
		}
	}
}
