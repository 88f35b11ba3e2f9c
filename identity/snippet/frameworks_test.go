package snippet_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/snippet"
)

// Each framework's files are put where they say, run by the framework's own template
// engine for every dialect and every customer below, and the pages are read by an HTML
// parser; then a JavaScript engine runs what they hold, and the gate judges whom the
// vendor's global heard of.

// visitor is a customer of a shop. The last one is nobody: who is logged out.
type visitor struct{ id, email, name string }

var visitors = []visitor{
	{"42", "ada@example.com", "Ada Lovelace"},
	{"</script><script>alert(1)</script>", `</script><script>alert(1)//@x.example`, "</script><script>alert(1)"},
	{`"';alert(1)//`, `"o'neil"@x.example`, `"quotes" 'n' ` + "`ticks`" + ` \ \\ \' \"`},
	{"a\u2028b\u2029c", "separate@x.example", "line\u2028separator\u2029both"},
	{"🏴‍☠️", "zoë+漢字@exämple.com", "Zoë 🎉 \U0010ffff"},
	{"<!--<script>", "<!--@x.example", "<!-- <script> ]]> --!> -->"},
	{"{{7*7}}{%x%}", "{{7*7}}@x.example", "{{ settings }}{{settings.chat_secret}}{% raw %}<%= 1 %>#{1}@{1}@(1)[[${7}]]${7}"},
	{"&lt;b&gt;&amp;&quot;", "a&amp;b@x.example", "&lt;/script&gt; &#39; &"},
	{"__proto__", "constructor@x.example", "</SCRIPT\t> </style></title></textarea>"},
	{"0", "ADA.K\u212a@X.Example", "multi\nline\r\n\ttab"},
}

// shop is one framework's files for one dialect.
type shop struct {
	request snippet.Request
	made    snippet.Snippet
	row     dialect.Row
}

func (s shop) name() string {
	return fmt.Sprintf("%s %s signing %s", s.request.Framework, s.request.Dialect, s.request.Signs)
}

// file is the code of the part for that use.
func (s shop) file(t *testing.T, use snippet.Use) snippet.Part {
	t.Helper()
	i := slices.IndexFunc(s.made.Parts, func(p snippet.Part) bool { return p.Use == use })
	if i < 0 {
		t.Fatalf("%s has no part for %s", s.name(), use)
	}
	return s.made.Parts[i]
}

// shops are a framework's projects; what is one to the letter is run once.
func shops(t *testing.T, framework snippet.Framework) []shop {
	t.Helper()
	var all []shop
	seen := map[string]bool{}
	for _, row := range dialect.All() {
		for _, signs := range row.Signs {
			if signs == identity.SignsEither || !framework.Fits(row.Name) {
				continue
			}
			r := snippet.Request{Framework: framework, Dialect: row.Name, Signs: string(signs), Channel: "shop", Origin: origin}
			made, err := snippet.Render(r)
			if err != nil {
				t.Fatalf("%s %s: %v", framework, row.Name, err)
			}
			if text := fmt.Sprint(made.Parts); !seen[text] {
				seen[text] = true
				all = append(all, shop{r, made, row})
			}
		}
	}
	return all
}

// crowd is the file of visitors that drivers read: hexadecimal, so that what is tried is
// the snippet and not how the test quotes. The empty line is nobody.
func crowd(t *testing.T, dir string) {
	t.Helper()
	var lines []string
	for _, v := range visitors {
		lines = append(lines, hex.EncodeToString([]byte(v.id))+" "+hex.EncodeToString([]byte(v.email))+" "+hex.EncodeToString([]byte(v.name)))
	}
	write(t, filepath.Join(dir, "visitors"), strings.Join(lines, "\n")+"\n-\n")
}

// kitchen is how a framework's pages are made: build writes the files and answers with
// what runs them. It prints a line in hexadecimal for each shop and visitor.
type kitchen struct {
	commands []string
	probe    []string
	build    func(t *testing.T, dir string, all []shop) []string
	finish   func(t *testing.T, s shop, line string) string // makes the page of what was printed; nil: it is the page
}

func TestEveryFrameworksPageSaysWhoTheCustomerIsAndNoMore(t *testing.T) {
	for _, framework := range snippet.Frameworks() {
		t.Run(string(framework), func(t *testing.T) {
			t.Parallel()
			how, there := kitchens[framework]
			if !there {
				t.Fatal("nobody runs it")
			}
			need(t, append(how.commands, "node")...)
			needEngine(t, how.probe)
			all, dir := shops(t, framework), t.TempDir()
			crowd(t, dir)
			command := how.build(t, dir, all)
			lines := run(t, dir, append(withSecret, "PYTHONDONTWRITEBYTECODE=1", "NODE_PATH=/usr/share/nodejs"), command[0], command[1:]...)
			judge(t, how, all, lines)
		})
	}
}

func judge(t *testing.T, how kitchen, all []shop, lines []string) {
	t.Helper()
	each := len(visitors) + 1
	if len(lines) == len(all)*each-1 {
		lines = append(lines, "") // the last page is nobody's and empty, and run trims
	}
	if len(lines) != len(all)*each || len(all) < 6 {
		t.Fatalf("%d lines for %d shops: %.300q", len(lines), len(all), lines)
	}
	var pages []string
	for i, line := range lines {
		raw, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("%.200q: %v", line, err)
		}
		page := string(raw)
		if how.finish != nil {
			page = how.finish(t, all[i/each], page)
		}
		if strings.Contains(page, secret) {
			t.Errorf("%s puts the secret on the page", all[i/each].name())
		}
		pages = append(pages, page)
	}
	heard := browse(t, pages)
	for i, h := range heard {
		s, tame := all[i/each], i/each*each
		if i%each == len(visitors) {
			if len(h.Seen) != 0 {
				t.Errorf("%s names somebody when nobody is logged in: %v", s.name(), h.Seen)
			}
			continue
		}
		if shape(t, pages[i]) != shape(t, pages[tame]) {
			t.Errorf("%s: %q changes the page's elements:\n%s", s.name(), visitors[i%each].name, pages[i])
		}
		greet(t, s, visitors[i%each], h)
	}
}

// greet holds what a page's global heard against the customer, and shows it to the gate.
func greet(t *testing.T, s shop, v visitor, h hearing) {
	t.Helper()
	if len(h.Seen) != 1 || slices.Contains(h.Calls, "ALERT") || h.Added > 1 {
		t.Errorf("%s of %q: heard %v, calls %v, globals %d", s.name(), v.name, h.Seen, h.Calls, h.Added)
		return
	}
	said := h.Seen[0]
	a := identity.Assertion{Dialect: s.row.Global, UserID: said["user_id"], Email: said["email"]}
	if s.request.Framework == snippet.Shopify {
		v.name = strings.ReplaceAll(v.name, "\r\n", "\n") // as HTML reads an attribute
	}
	want := wants(s.row, s.request.Signs, snippet.Customer{UserID: v.id, Email: v.email, Name: v.name}, "shop")
	for name, proof := range want {
		if proof == "" {
			want[name] = said[name]
			if s.made.Token {
				a.Token = said[name]
			} else {
				a.Hash = said[name]
			}
		}
	}
	if fmt.Sprint(said) != fmt.Sprint(want) {
		t.Errorf("%s: heard %q, wanted %q", s.name(), said, want)
	}
	verified, err := identity.Verify(ringFor(t, s.request), a, time.Now())
	if err != nil || !verified.OK() {
		t.Errorf("%s: the proof of %q does not verify: %v", s.name(), v, err)
	}
}

// hearing is what a page's scripts told the globals that are there.
type hearing struct {
	Seen  []map[string]string
	Calls []string
	Added int
}

// element is one of a parsed page, as the JavaScript driver is given it.
type element struct {
	ID   string            `json:"id,omitempty"`
	Data map[string]string `json:"data,omitempty"`
	Text string            `json:"text"`
	Run  bool              `json:"run,omitempty"`
}

var dashed = regexp.MustCompile(`-[a-z]`)

// elements are a page's scripts as a browser's parser finds them.
func elements(t *testing.T, page string) []element {
	t.Helper()
	document, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	all := []element{}
	for node := range document.Descendants() {
		if node.Type != html.ElementNode || node.Data != "script" {
			continue
		}
		e := element{Data: map[string]string{}, Run: true}
		for _, attribute := range node.Attr {
			switch name, data := strings.CutPrefix(attribute.Key, "data-"); {
			case data:
				e.Data[dashed.ReplaceAllStringFunc(name, func(m string) string { return strings.ToUpper(m[1:]) })] = attribute.Val
			case attribute.Key == "id":
				e.ID = attribute.Val
			case attribute.Key == "src" || attribute.Key == "type":
				e.Run = false
			}
		}
		if node.FirstChild != nil {
			e.Text = node.FirstChild.Data
		}
		all = append(all, e)
	}
	return all
}

// shape is a page's elements and the names of their attributes.
func shape(t *testing.T, page string) string {
	t.Helper()
	document, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for node := range document.Descendants() {
		switch node.Type {
		case html.ElementNode:
			b.WriteString("<" + node.Data)
			for _, attribute := range node.Attr {
				b.WriteString(" " + attribute.Key)
			}
		case html.CommentNode:
			b.WriteString("<!")
		case html.TextNode:
			if node.Parent.Data != "script" {
				b.WriteString(strings.TrimSpace(node.Data))
			}
		}
	}
	return b.String()
}

func browse(t *testing.T, pages []string) []hearing {
	t.Helper()
	parsed := make([][]element, len(pages))
	for i, page := range pages {
		parsed[i] = elements(t, page)
	}
	raw, err := json.Marshal(parsed)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "pages.json"), string(raw))
	write(t, filepath.Join(dir, "browser.js"), `const vm = require('node:vm');
const shows = [];
for (const page of require('./pages.json')) {
  const seen = [], calls = [];
  const take = (command, value) => { calls.push(command); if (command === 'identify') seen.push(value); };
  const byId = (id) => { const e = page.find((e) => e.id === id); return e && { textContent: e.text }; };
  const world = { Countersign: take, Beacon: take, Ensoras: take, alert: () => calls.push('ALERT'), document: { getElementById: byId } };
  world.window = world;
  const before = Object.keys(world).length;
  for (const { data, text, run } of page) {
    if (!run) continue;
    world.document.currentScript = { dataset: data };
    vm.runInNewContext(text, world);
  }
  if (world.intercomSettings) seen.push(world.intercomSettings);
  if (world.pylon) seen.push(world.pylon.chat_settings);
  shows.push({ seen, calls, added: Object.keys(world).length - before });
}
console.log(JSON.stringify(shows));
`)
	var heard []hearing
	if err := json.Unmarshal([]byte(run(t, dir, nil, "node", "browser.js")[0]), &heard); err != nil || len(heard) != len(pages) {
		t.Fatalf("%d answers for %d pages, %v", len(heard), len(pages), err)
	}
	return heard
}
