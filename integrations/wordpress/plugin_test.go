// Package wordpress_test holds the plugin to what can be read off its files. What it does
// is tried in a real WordPress, by internal/e2e.
package wordpress_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func sources(t *testing.T, pattern string) map[string]string { // :: path → text
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir("countersign", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != pattern {
			return err
		}
		text, err := os.ReadFile(path)
		found[path] = string(text)
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("%d files %s: %v", len(found), pattern, err)
	}
	return found
}

func needPHP(t *testing.T) {
	t.Helper()
	if slices.ContainsFunc(strings.Split(os.Getenv("SKIP"), ","), func(part string) bool { return part == "wordpress" || part == "snippets" }) {
		t.Skip("left out by SKIP")
	}
	if _, err := exec.LookPath("php"); err != nil {
		t.Fatal("php is missing: scripts/need.sh snippets, or leave this out with SKIP=wordpress")
	}
}

func TestThePluginIsPHP(t *testing.T) {
	needPHP(t)
	for path := range sources(t, ".php") {
		if out, err := exec.Command("php", "-l", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %s", path, out)
		}
	}
}

// TestNoFileOfThePluginRunsByItself: a browser that asks for one of them is given nothing,
// not even an error with a path in it.
func TestNoFileOfThePluginRunsByItself(t *testing.T) {
	needPHP(t)
	for path, text := range sources(t, ".php") {
		if !strings.Contains(text, "defined( 'ABSPATH' ) || exit;") && !strings.Contains(text, "defined( 'WP_UNINSTALL_PLUGIN' ) || exit;") {
			t.Errorf("%s runs for anybody", path)
		}
		if out, err := exec.Command("php", path).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s prints %q, %v", path, out, err)
		}
	}
}

// TestThePluginIsLaidOutAsWordPressAsks covers what its coding standard says that needs no
// tool of it: tabs, no short tags, no closing tag, our prefix on whatever is global.
func TestThePluginIsLaidOutAsWordPressAsks(t *testing.T) {
	spaces := regexp.MustCompile(`(?m)^ +[^ *]`)
	loose := regexp.MustCompile(`(?m)^(?:function|class|final class|define\() *'?([A-Za-z_]+)`)
	for path, text := range sources(t, ".php") {
		if line := spaces.FindString(text); line != "" {
			t.Errorf("%s indents by blanks: %q", path, line)
		}
		if strings.Contains(text, "<?=") || strings.Contains(text, "<? ") || strings.HasSuffix(strings.TrimSpace(text), "?>") || !strings.HasSuffix(text, "\n") {
			t.Errorf("%s has a short tag or a closing one", path)
		}
		for _, name := range loose.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(strings.ToLower(name[1]), "countersign") {
				t.Errorf("%s has a global called %s", path, name[1])
			}
		}
	}
}

// TestWhatThePluginPrintsIsEscaped: nothing is printed but through a function that escapes,
// or as a literal.
func TestWhatThePluginPrintsIsEscaped(t *testing.T) {
	printed := regexp.MustCompile(`\b(?:echo|print)\s+([^;]+);`)
	safe := regexp.MustCompile(`^(?:esc_(?:html|attr|url)(?:__|_e)?\(|'[^']*'(?:\s*\.\s*(?:esc_html__\([^)]*\)|'[^']*'))*$)`)
	seen := 0
	for path, text := range sources(t, ".php") {
		for _, one := range printed.FindAllStringSubmatch(text, -1) {
			seen++
			if !safe.MatchString(strings.TrimSpace(one[1])) {
				t.Errorf("%s prints %s", path, one[1])
			}
		}
		if strings.Contains(text, "_e(") && regexp.MustCompile(`[^l]_e\(`).MatchString(text) {
			t.Errorf("%s prints a translation unescaped", path)
		}
	}
	if seen < 8 {
		t.Errorf("%d things are printed: the pattern does not see them", seen)
	}
}

// TestEveryTextOfThePluginCanBeTranslated: it is in the catalogue, and belongs to our domain.
func TestEveryTextOfThePluginCanBeTranslated(t *testing.T) {
	catalogue, err := os.ReadFile("countersign/languages/countersign.pot")
	if err != nil {
		t.Fatal(err)
	}
	flat := strings.ReplaceAll(string(catalogue), "\"\n\"", "")
	call := regexp.MustCompile(`(?:\b__|esc_html__|esc_html_e|esc_attr__)\( '((?:[^'\\]|\\.)*)'(, 'countersign')? \)`)
	n := 0
	for path, text := range sources(t, ".php") {
		for _, found := range call.FindAllStringSubmatch(text, -1) {
			n++
			if found[2] == "" || !strings.Contains(flat, strings.ReplaceAll(found[1], `"`, `\"`)) {
				t.Errorf("%s: %q", path, found[1])
			}
		}
	}
	if n < 40 {
		t.Errorf("%d texts", n)
	}
}

func TestThePluginHasOneVersion(t *testing.T) {
	main := sources(t, ".php")["countersign/countersign.php"]
	readme := sources(t, ".txt")["countersign/readme.txt"]
	version := regexp.MustCompile(`\* Version: +([0-9.]+)`).FindStringSubmatch(main)
	if version == nil || !strings.Contains(main, "define( 'COUNTERSIGN_VERSION', '"+version[1]+"' );") || !strings.Contains(readme, "Stable tag: "+version[1]+"\n") ||
		!strings.Contains(sources(t, ".php")["countersign/uninstall.php"], "define( 'COUNTERSIGN_VERSION', '"+version[1]+"' )") {
		t.Errorf("%v is not the version everywhere", version)
	}
}
