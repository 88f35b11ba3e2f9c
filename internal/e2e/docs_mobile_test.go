package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// example is a block of commands in a document, with the answer that the document shows.
type example struct {
	commands, kind, shown string
}

var fence = regexp.MustCompile("(?ms)^```(sh|json|text)\n(.*?)^```$")

// examplesOf are a document's commands in order, each with the block of output that follows it.
func examplesOf(t *testing.T, file string) []example {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var found []example
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		switch kind, content := block[1], block[2]; {
		case kind == "sh":
			found = append(found, example{commands: content})
		case len(found) == 0 || found[len(found)-1].kind != "":
			t.Fatalf("%s: an answer without a question: %s", file, content)
		default:
			found[len(found)-1].kind, found[len(found)-1].shown = kind, content
		}
	}
	return found
}

// Whoever writes an app copies these commands: each is run against a server, in order, and
// answers as the page says.
func TestTheCommandsOfTheMobilePageAnswerAsItShows(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("no curl on this machine: `apt-get install curl`")
	}
	t.Parallel()
	examples := examplesOf(t, filepath.Join("..", "..", "docs", "mobile.md"))
	if len(examples) < 15 {
		t.Fatalf("only %d blocks of commands", len(examples))
	}
	s := serve(t)
	const mark = "=-=-= next =-=-="
	script := "set -euo pipefail\n"
	for _, e := range examples {
		script += e.commands + "\nprintf '\\n%s\\n' '" + mark + "'\n"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(cleanEnv(), "BASE="+s.Base, "COUNTERSIGN_DATA="+s.Data, "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	answers := strings.Split(string(out), "\n"+mark+"\n")
	answers = answers[:len(answers)-1]
	for i, answer := range answers {
		if complaint := compare(examples[i], answer); complaint != "" {
			t.Errorf("%s\n--- %s\n--- shown:\n%s--- answered:\n%s", examples[i].commands, complaint, examples[i].shown, answer)
		}
	}
	if err != nil || len(answers) != len(examples) {
		t.Fatalf("%d of %d blocks ran: %v\n%s", len(answers), len(examples), err, stderr.String())
	}
}

// compare says how an answer differs from the one that is shown.
func compare(e example, answer string) string {
	if e.kind == "json" {
		var want, got any
		if err := json.Unmarshal([]byte(e.shown), &want); err != nil {
			return "the page shows no JSON: " + err.Error()
		}
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			return "no JSON: " + err.Error()
		}
		return differs("", want, got)
	}
	pattern := regexp.QuoteMeta(strings.TrimRight(e.shown, "\n"))
	pattern = regexp.MustCompile(`(?m)^…$`).ReplaceAllString(pattern, `(?s:.*)`)
	pattern = strings.ReplaceAll(pattern, "…", `[^\n]*`)
	if !regexp.MustCompile(`\A` + pattern + `\z`).MatchString(strings.TrimRight(answer, "\n")) {
		return "another text"
	}
	return ""
}

// differs compares values: members are the same, an … stands for any text, a number for
// any number but the status, which people decide by.
func differs(at string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return at + " is no object"
		}
		if names, others := slices.Sorted(maps.Keys(w)), slices.Sorted(maps.Keys(g)); !slices.Equal(names, others) {
			return fmt.Sprintf("%s has the members %q, not %q", at, others, names)
		}
		for name := range w {
			if said := differs(at+"."+name, w[name], g[name]); said != "" {
				return said
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s is %v", at, got)
		}
		for i := range w {
			if said := differs(fmt.Sprint(at, "[", i, "]"), w[i], g[i]); said != "" {
				return said
			}
		}
	case string:
		g, ok := got.(string)
		if !ok || !regexp.MustCompile(`\A`+strings.ReplaceAll(regexp.QuoteMeta(w), "…", ".+")+`\z`).MatchString(g) {
			return fmt.Sprintf("%s is %v", at, got)
		}
	case float64:
		g, ok := got.(float64)
		exact := strings.HasSuffix(at, ".status") || strings.HasSuffix(at, ".size") || strings.HasSuffix(at, ".unread")
		if !ok || exact && g != w {
			return fmt.Sprintf("%s is %v", at, got)
		}
	default:
		if want != got {
			return fmt.Sprintf("%s is %v", at, got)
		}
	}
	return ""
}
