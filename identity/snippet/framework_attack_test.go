package snippet_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/snippet"
)

// taste runs a few shops of a framework with one secret and hears what their pages say.
func taste(t *testing.T, framework snippet.Framework, keep func(s shop) bool, key string) ([]shop, []hearing) {
	t.Helper()
	how := kitchens[framework]
	need(t, append(how.commands, "node")...)
	needEngine(t, how.probe)
	all := slices.DeleteFunc(shops(t, framework), func(s shop) bool { return !keep(s) })
	dir := t.TempDir()
	crowd(t, dir)
	command := how.build(t, dir, all)
	lines := run(t, dir, []string{snippet.SecretVariable + "=" + key, "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1", "NODE_PATH=/usr/share/nodejs"}, command[0], command[1:]...)
	var pages []string
	for i := range len(all) * (len(visitors) + 1) {
		page := ""
		if i < len(lines) {
			var raw []byte
			if _, err := fmt.Sscanf(strings.TrimSpace(lines[i]), "%x", &raw); err == nil {
				page = string(raw)
			}
		}
		if how.finish != nil {
			page = how.finish(t, all[i/(len(visitors)+1)], page)
		}
		pages = append(pages, page)
	}
	return all, browse(t, pages)
}

// The proof that a page carries is its customer's alone: every other customer of the crowd
// is refused with it, and so is the customer under another secret.
func TestAPagesProofIsNobodyElses(t *testing.T) {
	for _, framework := range []snippet.Framework{snippet.Rails, snippet.Laravel, snippet.Flask, snippet.Express, snippet.Shopify} {
		t.Run(string(framework), func(t *testing.T) {
			t.Parallel()
			all, heard := taste(t, framework, func(s shop) bool { return s.request.Dialect == "native" }, secret)
			each := len(visitors) + 1
			for i, s := range all {
				ring, other := ringFor(t, s.request), ringWith(t, s.request, strings.Repeat("0f1e2d3c", 8))
				for j := range visitors {
					said := heard[i*each+j].Seen[0]
					own := identity.Assertion{UserID: said["user_id"], Email: said["email"], Hash: said["hash"]}
					if _, err := identity.Verify(other, own, time.Now()); identity.ReasonOf(err) != identity.ProofMismatch {
						t.Errorf("%s: under another secret: %v", s.name(), err)
					}
					for k, stranger := range visitors {
						if k == j {
							continue
						}
						a := identity.Assertion{UserID: stranger.id, Email: stranger.email, Hash: said["hash"]}
						if _, err := identity.Verify(ring, a, time.Now()); err == nil {
							t.Errorf("%s: the proof of %q is taken of %q", s.name(), visitors[j].id, stranger.id)
						}
					}
				}
			}
		})
	}
}

// A backend with another secret than the key's is told so by the gate: no framework signs
// with something else than what it was given.
func TestAFrameworkSignsWithTheSecretThatItIsGiven(t *testing.T) {
	const others = "e3a91c5b7d20486f9be1c0d7a4f582361b9c08e7d6f5a4b3c2d1e0f9a8b7c6d5"
	for _, framework := range []snippet.Framework{snippet.ERB, snippet.PHPPage, snippet.Django, snippet.Express, snippet.Shopify} {
		t.Run(string(framework), func(t *testing.T) {
			t.Parallel()
			all, heard := taste(t, framework, func(s shop) bool { return s.request.Dialect == "helpscout" }, others)
			for i, s := range all {
				said := heard[i*(len(visitors)+1)].Seen[0]
				a := identity.Assertion{Dialect: "helpscout", Email: said["email"], Hash: said["signature"]}
				if _, err := identity.Verify(ringWith(t, s.request, others), a, time.Now()); err != nil {
					t.Errorf("%s: %v", s.name(), err)
				}
				if _, err := identity.Verify(ringFor(t, s.request), a, time.Now()); identity.ReasonOf(err) != identity.ProofMismatch {
					t.Errorf("%s: verifies under a secret that it was not given: %v", s.name(), err)
				}
			}
		})
	}
}

// Four pages are made with the escape taken out of their templates, and the crowd's names do
// leave them: so the tests of the others can fail, and each escape is needed.
func TestWithoutItsEscapeAPageIsLeft(t *testing.T) {
	bare := map[snippet.Framework][2]string{
		snippet.Rails:   {"raw json_escape(chat_customer(current_user).to_json)", "raw JSON.generate(chat_customer(current_user).as_json)"},
		snippet.Flask:   {"{{ chat|tojson }}", "{{ chat|string|safe }}"},
		snippet.PHPPage: {"JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT | ", "JSON_UNESCAPED_SLASHES | "},
		snippet.Shopify: {"customer.name | escape", "customer.name"},
	}
	for framework, change := range bare {
		t.Run(string(framework), func(t *testing.T) {
			t.Parallel()
			how := kitchens[framework]
			need(t, how.commands...)
			needEngine(t, how.probe)
			s := shops(t, framework)[0]
			i := slices.IndexFunc(s.made.Parts, func(p snippet.Part) bool { return p.Use == snippet.Template })
			s.made.Parts = slices.Clone(s.made.Parts)
			if !strings.Contains(s.made.Parts[i].Code, change[0]) {
				t.Fatalf("no %q in\n%s", change[0], s.made.Parts[i].Code)
			}
			s.made.Parts[i].Code = strings.Replace(s.made.Parts[i].Code, change[0], change[1], 1)
			dir := t.TempDir()
			crowd(t, dir)
			command := how.build(t, dir, []shop{s})
			lines := run(t, dir, append(withSecret, "PYTHONDONTWRITEBYTECODE=1"), command[0], command[1:]...)
			left := 0
			for _, line := range lines {
				var raw []byte
				if _, err := fmt.Sscanf(strings.TrimSpace(line), "%x", &raw); err == nil && bytes.Contains(raw, []byte("<script>alert(1)")) {
					left++
				}
			}
			if left == 0 {
				t.Errorf("%s: nobody leaves a page that escapes nothing: the crowd is too tame", framework)
			}
		})
	}
}

// What is asked for cannot reach the code but through what it may be.
func FuzzFramework(f *testing.F) {
	seeds := [][4]string{
		{"rails", "shop", "CHAT_SECRET", origin}, {"django", "shop'", "A", origin}, {"shopify", "%}{{ settings.chat_secret }}", "A", origin}, {"nextjs", "${process.env}", "A", origin},
		{"aspnet", "@shop", "A", origin}, {"spring", "[[${x}]]", "A", origin}, {"laravel", "{{ x }}", "A'", origin}, {"go-html", "{{.}}", "A", origin}, {"express", "<%= x %>", "A", origin},
		{"erb", "shop", "A\nB", origin}, {"php-page", "shop", "A", "https://x\"><script>"}, {"flask", "shop", "A", "https://é.example"}, {"rails\n", "shop", "A", origin}, {"", "", "", ""},
	}
	if len(seeds) < 14 {
		f.Fatal("seeds are missing")
	}
	for _, s := range seeds {
		f.Add(s[0], s[1], s[2], s[3])
	}
	marks := regexp.MustCompile(`[^\pL\pN_.:/-]`)
	tame := map[snippet.Framework]string{}
	for _, framework := range snippet.Frameworks() {
		made, err := snippet.Render(snippet.Request{Framework: framework, Dialect: "native", Channel: "shop", Origin: origin})
		if err != nil {
			f.Fatal(err)
		}
		tame[framework] = strings.Join(marks.FindAllString(fmt.Sprint(made.Parts), -1), "")
	}
	f.Fuzz(func(t *testing.T, framework, channel, variable, from string) {
		made, err := snippet.Render(snippet.Request{Framework: snippet.Framework(framework), Dialect: "native", Channel: channel, Variable: variable, Origin: from})
		if err != nil || framework == "" || from == "" || channel == "" {
			return
		}
		if got := strings.Join(marks.FindAllString(fmt.Sprint(made.Parts), -1), ""); got != tame[snippet.Framework(framework)] {
			t.Errorf("%s: channel %q, variable %q and origin %q change the code:\n%v", framework, channel, variable, from, made.Parts)
		}
	})
}

// Many ask at once, for channels of their own: nobody sees another's.
func TestFrameworksShareNothing(t *testing.T) {
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			channel := fmt.Sprintf("shop-%02d", i)
			for _, framework := range snippet.Frameworks() {
				made, err := snippet.Render(snippet.Request{Framework: framework, Dialect: "intercom", Channel: channel, Origin: origin})
				text := fmt.Sprint(made.Parts)
				if err != nil || !strings.Contains(text, channel) || strings.Count(text, "shop-") != strings.Count(text, channel) {
					t.Errorf("%s of %s: %v", framework, channel, err)
				}
			}
		})
	}
	all.Wait()
}

// The files are data to the console, and come there as they were.
func TestFilesSurviveJSON(t *testing.T) {
	eachShop(t, func(t *testing.T, s shop) {
		raw, err := json.Marshal(s.made)
		if err != nil {
			t.Fatal(err)
		}
		var back snippet.Snippet
		if err := json.Unmarshal(raw, &back); err != nil || !slices.Equal(back.Parts, s.made.Parts) {
			t.Errorf("%s: %v", s.name(), err)
		}
	})
}

// TypeScript's own compiler of types is not here; esbuild reads the files, and complains of
// what is none.
func TestTheFilesOfNextAreTypeScript(t *testing.T) {
	need(t, "esbuild")
	for _, s := range shops(t, snippet.NextJS) {
		dir := t.TempDir()
		place(t, dir, 0, s)
		for _, p := range s.made.Parts {
			out, err := exec.CommandContext(t.Context(), "esbuild", filepath.Join(dir, "s0", p.File), "--jsx=automatic", "--log-level=warning").CombinedOutput()
			if err != nil || bytes.Contains(out, []byte("warning")) {
				t.Errorf("%s: %s: %v\n%s", s.name(), p.File, err, out)
			}
		}
	}
}
