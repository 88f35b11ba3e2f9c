package snippet_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"countersign/identity/snippet"
)

// A backend whose user has no id, as by a wrong name of its field, must not sign: the texts
// that languages make of nothing ("undefined", "None", "null", "Array") would be one verified
// person, who is every customer of the shop, and each of them would read all the others' chats.
func TestNobodyIsSignedAsTheWordForNothing(t *testing.T) {
	nothing := map[snippet.Language][]string{
		snippet.Node:   {"undefined", "null", "{}", "[]", "NaN"},
		snippet.Python: {"None"},
		snippet.PHP:    {"null", "[]", "[1]"},
		snippet.Java:   {"null"},
	}
	for language, values := range nothing {
		t.Run(string(language), func(t *testing.T) {
			t.Parallel()
			how := drivers[language]
			need(t, how.commands...)
			all := slices.DeleteFunc(programs(t, language), func(p program) bool { return !slices.Contains(p.made.Arguments, "user_id") })
			dir := t.TempDir()
			command := how.build(t, dir, all)
			for _, value := range values {
				bend(t, dir, language, value)
				if language == snippet.Java {
					run(t, dir, nil, "javac", "-encoding", "UTF-8", "-J-XX:TieredStopAtLevel=1", "-cp", "out", "-d", "out", "Main.java")
				}
				lines := run(t, dir, withSecret, command[0], command[1:]...)
				if len(lines) < len(all) {
					t.Fatalf("%s: %d lines of %d snippets", value, len(lines), len(all))
				}
				for _, line := range lines {
					if strings.TrimSpace(line) != stopped {
						t.Fatalf("%s is signed: %s", value, line)
					}
				}
			}
		})
	}
}

// bend makes a driver pass a value where each customer's id stood.
func bend(t *testing.T, dir string, language snippet.Language, value string) {
	t.Helper()
	file := map[snippet.Language]string{snippet.Node: "driver.js", snippet.Python: "driver.py", snippet.PHP: "driver.php", snippet.Java: "Main.java"}[language]
	call := map[snippet.Language][2]string{
		snippet.Node: {"f(h(u), h(m))", "f(%s, h(m))"}, snippet.Python: {"f(h(u), h(m))", "f(%s, h(m))"},
		snippet.PHP: {"$f(h($u), h($m))", "$f(%s, h($m))"}, snippet.Java: {"s.sign(h(p[0]), h(p[1]))", "s.sign(%s, h(p[1]))"},
	}[language]
	path := filepath.Join(dir, file)
	raw, err := os.ReadFile(path + ".kept")
	if err != nil {
		if raw, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		write(t, path+".kept", string(raw))
	}
	if !strings.Contains(string(raw), call[0]) {
		t.Fatalf("no call in %s", file)
	}
	write(t, path, strings.Replace(string(raw), call[0], fmt.Sprintf(call[1], value), 1))
}
