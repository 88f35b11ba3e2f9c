// Package inspect reads a page and says which support chat it carries, whose id is in it,
// whether it brings a proof of who the visitor is, and what would have to change for
// Countersign to answer in that chat's place.
//
// It is a function of the page's bytes and headers: it fetches nothing and runs nothing. A
// proof that it finds is a credential, so it says that one is there, of which kind and in
// which line, and never what it is.
package inspect

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// MaxPage bytes of a page are read.
const MaxPage = 2 << 20

// maxScript bytes of one script are looked at: a snippet is a few lines, and what is longer
// is a program that was bundled into the page.
const maxScript = 256 << 10

// Page is what was fetched.
type Page struct {
	Address *url.URL // nil: a file
	Header  http.Header
	Body    []byte
}

// Report is what a page carries.
type Report struct {
	Found    []Found  `json:"found"`
	Policies []Policy `json:"policies"` // what the page's content security policy lacks for us
	Notes    []string `json:"notes"`
}

// Found is one chat on a page.
type Found struct {
	System  string   `json:"system"`
	Title   string   `json:"title"`
	ID      string   `json:"id,omitempty"` // the vendor's own, which stays in the page
	Line    int      `json:"line"`
	Drop    bool     `json:"drop_in"` // Countersign answers in its place
	Here    bool     `json:"here"`    // it loads from this installation already
	Proof   Proof    `json:"proof"`
	Changes []Change `json:"changes"`
	Run     []string `json:"run"` // commands on the installation
}

// Proof is what the page says of who its visitor is.
type Proof struct {
	Name  string `json:"name,omitempty"` // of the setting
	State string `json:"state"`          // present, empty, computed, absent
	Kind  string `json:"kind,omitempty"` // hash, token, other
	Line  int    `json:"line,omitempty"`
	More  string `json:"identity,omitempty"` // which identifiers stand beside it: user_id, email
}

// Change is one edit of the page.
type Change struct {
	Line int    `json:"line"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Policy is a directive that would keep us out.
type Policy struct {
	Source    string `json:"source"` // header, meta
	Directive string `json:"directive"`
	Add       string `json:"add"`
}

// script is one script of a page: where it is loaded from, or what stands in it.
type script struct {
	src, text string
	line      int
}

// document is a page taken apart.
type document struct {
	scripts []script
	metas   []string // content security policies in the page
}

// Read says what a page carries. base is this installation's address, as browsers reach it.
func Read(page Page, base *url.URL) Report {
	report := Report{Found: []Found{}, Policies: []Policy{}, Notes: []string{}}
	d := parse(page.Body[:min(len(page.Body), MaxPage)])
	for _, s := range systems {
		if found, ok := s.find(d, base); ok {
			report.Found = append(report.Found, found)
		}
	}
	report.Policies = policies(page, d, base)
	report.Notes = notes(report, page, d)
	return report
}

// parse keeps scripts with their lines. Lines are counted over raw tokens, so that they are
// the file's own.
func parse(body []byte) document {
	var d document
	z := html.NewTokenizer(bytes.NewReader(body))
	line, open := 1, -1
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return d
		}
		at := line
		line += bytes.Count(z.Raw(), []byte("\n"))
		if kind == html.TextToken && open >= 0 {
			raw := z.Raw()
			d.scripts[open].text = string(raw[:min(len(raw), maxScript)])
			d.scripts[open].line = at
			continue
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			open = -1
			continue
		}
		switch token := z.Token(); token.DataAtom {
		case atom.Script:
			d.scripts = append(d.scripts, script{src: attribute(token, "src"), line: at})
			if open = len(d.scripts) - 1; kind == html.SelfClosingTagToken {
				open = -1
			}
		case atom.Link: // a preload names what a script would
			if as := attribute(token, "as"); as == "script" {
				d.scripts = append(d.scripts, script{src: attribute(token, "href"), line: at})
			}
		case atom.Meta:
			if strings.EqualFold(attribute(token, "http-equiv"), "Content-Security-Policy") {
				d.metas = append(d.metas, attribute(token, "content"))
			}
		}
	}
}

func attribute(token html.Token, name string) string {
	for _, a := range token.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// place is where a match stands.
func (s script) place(at int) int { return s.line + strings.Count(s.text[:at], "\n") }

// find looks for one system in a page.
func (s system) find(d document, base *url.URL) (Found, bool) {
	f := Found{System: s.name, Title: s.title, Drop: s.path != nil, Proof: Proof{State: "absent"}, Changes: []Change{}, Run: []string{}}
	marked := slices.ContainsFunc(d.scripts, s.marked)
	for _, one := range d.scripts {
		s.address(one, base, &f)
		if marked || !s.shared {
			s.ours(one, base, &f)
		}
		for _, marker := range s.markers {
			text, at := one.where()
			if m := marker.FindStringIndex(text); m != nil && f.Line == 0 {
				f.Line = at(m[0])
			}
		}
	}
	if f.Line == 0 {
		return f, false
	}
	for _, one := range d.scripts {
		s.identify(one, &f)
		s.prove(one, &f)
	}
	if f.Drop {
		f.Run = s.commands(f)
	}
	return f, true
}

// address finds from where the system's script is loaded, and what to write there.
func (s system) address(one script, base *url.URL, f *Found) {
	text, at := one.where()
	for _, where := range s.loads {
		for _, m := range where.FindAllStringSubmatchIndex(text, 20) {
			old := text[m[0]:m[1]]
			id := ""
			if len(m) > 3 && m[2] >= 0 {
				id = shortID(text[m[2]:m[3]])
			}
			if f.ID == "" {
				f.ID = id
			}
			if f.Line == 0 {
				f.Line = at(m[0])
			}
			s.change(old, id, at(m[0]), base, f)
		}
	}
}

// where is what of a script can name an address, and in which line that stands.
func (s script) where() (text string, at func(int) int) {
	if s.src == "" {
		return s.text, s.place
	}
	return s.src, func(int) int { return s.line }
}

// ours finds the system's script as this installation serves it.
func (s system) ours(one script, base *url.URL, f *Found) {
	if base == nil || s.path == nil {
		return
	}
	text, at := one.where()
	for _, m := range ours(s, base).FindAllStringSubmatchIndex(text, 20) {
		f.Here = true
		if f.Line == 0 {
			f.Line = at(m[0])
		}
		if len(m) > 3 && m[2] >= 0 && f.ID == "" {
			f.ID = shortID(text[m[2]:m[3]])
		}
	}
}

// marked says whether a script uses the system's global: of a path that two systems share,
// the global says whose it is.
func (s system) marked(one script) bool {
	return slices.ContainsFunc(s.markers, func(m *regexp.Regexp) bool { return m.MatchString(one.text) })
}

// change says what to write in an address's place: as much of it as stood there, since a
// page may put the id behind it as it runs.
func (s system) change(old, id string, line int, base *url.URL, f *Found) {
	if s.path == nil {
		return
	}
	to := "https://YOUR-COUNTERSIGN" + s.path(id)
	if base != nil {
		to = strings.TrimRight(base.String(), "/") + s.path(id)
	}
	if strings.HasPrefix(old, "//") {
		_, rest, _ := strings.Cut(to, ":")
		to = rest
	}
	if c := (Change{Line: line, From: old, To: to}); !slices.Contains(f.Changes, c) {
		f.Changes = append(f.Changes, c)
	}
}

// shortID keeps what can be an id: no vendor's is longer than 64 bytes.
func shortID(id string) string {
	if len(id) > 64 {
		return ""
	}
	return id
}

// identify looks for the vendor's id where the address has none.
func (s system) identify(one script, f *Found) {
	if s.proofIn != nil && !s.proofIn.MatchString(one.text) {
		return // another system's setting of the same name
	}
	for _, id := range s.ids {
		if m := id.FindStringSubmatch(one.text); m != nil && f.ID == "" {
			f.ID = shortID(strings.Join(m[1:], ""))
		}
	}
}

var (
	hexHash = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`)
	token   = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$`)
)

// prove looks for a proof. What it is never leaves this function.
func (s system) prove(one script, f *Found) {
	if s.proofs == nil || f.Proof.State != "absent" || !s.proofIn.MatchString(one.text) {
		return
	}
	m := s.proofs.FindStringSubmatchIndex(one.text)
	if m == nil {
		return
	}
	part := func(i int) (string, bool) {
		if m[2*i] < 0 {
			return "", false
		}
		return one.text[m[2*i]:m[2*i+1]], true
	}
	name, _ := part(1)
	p := Proof{Name: name, Line: one.place(m[0]), State: "computed"}
	for _, i := range []int{2, 3} {
		if value, quoted := part(i); quoted {
			p.State, p.Kind = "present", kindOf(value)
			if value == "" {
				p.State, p.Kind = "empty", ""
			}
		}
	}
	if word, ok := part(4); ok && slices.Contains([]string{"null", "undefined", "false"}, word) {
		p.State = "empty"
	}
	f.Proof = p
	var beside []string
	for _, name := range []string{"user_id", "email"} {
		if regexp.MustCompile(`\b` + name + `["']?\s*[:=]`).MatchString(one.text) {
			beside = append(beside, name)
		}
	}
	f.Proof.More = strings.Join(beside, " and ")
}

func kindOf(value string) string {
	switch {
	case hexHash.MatchString(value):
		return "hash"
	case token.MatchString(value):
		return "token"
	}
	return "other"
}

func (s system) commands(f Found) []string {
	if f.ID == "" || s.name == "countersign" {
		return []string{}
	}
	dialect := s.name
	if f.Proof.Kind == "token" && s.tokens != "" {
		dialect = s.tokens
	}
	create := "countersign channel create --slug SLUG --alias " + f.ID
	if s.slug {
		create = "countersign channel create --slug " + f.ID
	}
	channel := "SLUG"
	if s.slug {
		channel = f.ID
	}
	return []string{create, fmt.Sprintf("countersign keys import --channel %s --dialect %s --secret-file FILE", channel, dialect)}
}

func notes(r Report, page Page, d document) []string {
	list := []string{}
	drops := 0
	for _, f := range r.Found {
		if f.Drop && f.System != "countersign" {
			drops++
		}
		if !f.Drop {
			list = append(list, f.Title+" is recognised; Countersign has no script that answers in its place, so its snippet is replaced by our own (docs/snippets.md), and its hashes can be kept where its dialect is known.")
		}
		if f.Drop && f.Proof.State == "empty" {
			list = append(list, f.Title+": the proof is there and empty, so this visitor would be unverified. Is somebody logged in on this page as it was read?")
		}
	}
	if len(r.Found) > 1 {
		list = append(list, "Several chats are on this page: move one at a time, or visitors see two launchers.")
	}
	if len(r.Found) == 0 {
		why := "No chat was found in the page's HTML. A tag manager may put it there later: try --browser, which lets your own browser run the page first."
		if len(d.scripts) == 0 {
			why = "The page has no scripts at all. Is it the page that customers see?"
		}
		list = append(list, why)
	}
	if len(page.Body) > MaxPage {
		list = append(list, fmt.Sprintf("Only the first %d MB were read.", MaxPage>>20))
	}
	return list
}
