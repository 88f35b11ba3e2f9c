package httpapi

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// The documentation is one page made of the OpenAPI and the catalogue, with a
// style sheet of our own: no script, nothing from anywhere else.
var (
	//go:embed docs.html
	docsHTML string
	//go:embed docs.css
	docsCSS []byte

	docsTemplate = template.Must(template.New("docs").Parse(docsHTML))
)

// docsPage is made at the first request, when every door has added its routes.
type docsPage struct {
	once    sync.Once
	spec    []byte
	page    []byte
	problem error
}

func (f *Floor) addDocs() {
	Page(f, Route{Method: "GET", Path: "/api/openapi.json", ID: "getOpenAPI", Hidden: true},
		func(w http.ResponseWriter, _ *http.Request) error {
			return f.serveDocs(w, "application/vnd.oai.openapi+json;version=3.1", func(d *docsPage) []byte { return d.spec })
		})
	Page(f, Route{Method: "GET", Path: "/api/docs", ID: "getDocs", Hidden: true},
		func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
			return f.serveDocs(w, "text/html; charset=utf-8", func(d *docsPage) []byte { return d.page })
		})
	Page(f, Route{Method: "GET", Path: "/api/docs.css", ID: "getDocsStyle", Hidden: true},
		func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Content-Type", "text/css; charset=utf-8")
			_, err := w.Write(docsCSS)
			return err
		})
}

func (f *Floor) serveDocs(w http.ResponseWriter, media string, part func(*docsPage) []byte) error {
	f.docs.once.Do(f.makeDocs)
	if f.docs.problem != nil {
		return f.docs.problem
	}
	w.Header().Set("Content-Type", media)
	_, err := w.Write(part(&f.docs))
	return err
}

// docsPart is one audience of the page: who programs against these groups.
type docsPart struct {
	Name   string
	About  string
	Groups []docsGroup
}

// docsGroup is one heading of a part.
type docsGroup struct {
	ID     string
	Name   string
	Routes []docsRoute
}

// part is an audience, with what the tags of its routes begin with.
type part struct{ prefix, name, about string }

// parts are the page's, in its order; the last takes what no other did.
var parts = []part{
	{"Widget", "Widget", "What the messenger in a page or an app calls. A session opens everything but itself, and nothing of it is an operator's."},
	{"Verification", "Verification as a service", "For a product with a chat of its own. An API token with the scope named."},
	{"Management: ", "Management API", "For programs, with an API token that the console made. A token reaches what its scopes name; each call says which."},
	{"Intercom: ", "Intercom's API", "For programs written against Intercom: its addresses and shapes, its error bodies included."},
	{"Console: ", "Console", "What our own console calls, with an agent's sign-in. Each call says which right of a role it takes; without one, any agent may."},
	{"", "Operations", "For the machine that runs the server."},
}

type docsRoute struct {
	Route
	Body, Answer string // names of schemas
	Refusals     []Code
}

type docsSchema struct{ Name, JSON string }

func (f *Floor) makeDocs() {
	if f.docs.spec, f.docs.problem = f.OpenAPI(); f.docs.problem != nil {
		return
	}
	data := struct {
		Version string
		Parts   []docsPart
		Errors  []entry
		Schemas []docsSchema
	}{Version: f.spec.Info.Version, Errors: catalogue}
	data.Parts = f.docsParts()
	schemas := f.spec.Components.Schemas.Map()
	for name, schema := range schemas {
		text, err := json.MarshalIndent(schema, "", "  ")
		if err != nil {
			f.docs.problem = err
			return
		}
		data.Schemas = append(data.Schemas, docsSchema{name, string(text)})
	}
	slices.SortFunc(data.Schemas, func(a, b docsSchema) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	var page bytes.Buffer
	f.docs.problem = docsTemplate.Execute(&page, data)
	f.docs.page = page.Bytes()
}

// docsParts sorts the routes by who calls them, and then by what they are about.
func (f *Floor) docsParts() []docsPart {
	list := make([]docsPart, len(parts))
	for i, part := range parts {
		list[i] = docsPart{Name: part.name, About: part.about}
	}
	for _, route := range f.routes {
		if route.Hidden {
			continue
		}
		p := slices.IndexFunc(parts, func(part part) bool { return strings.HasPrefix(route.Tag, part.prefix) })
		groups := &list[p].Groups
		i := slices.IndexFunc(*groups, func(g docsGroup) bool { return g.ID == anchor(route.Tag) })
		if i < 0 {
			i = len(*groups)
			*groups = append(*groups, docsGroup{ID: anchor(route.Tag), Name: heading(strings.TrimPrefix(route.Tag, parts[p].prefix), parts[p].name)})
		}
		(*groups)[i].Routes = append((*groups)[i].Routes, f.docsRoute(route))
	}
	return slices.DeleteFunc(list, func(p docsPart) bool { return len(p.Groups) == 0 })
}

// heading is a group's name without the part's, which stands above it; empty if the part
// has one group alone.
func heading(rest, part string) string {
	if rest == "" || rest == part {
		return ""
	}
	return strings.ToUpper(rest[:1]) + rest[1:]
}

func anchor(tag string) string {
	return "group-" + strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, strings.ToLower(tag)), "-")
}

func (f *Floor) docsRoute(route Route) docsRoute {
	d := docsRoute{Route: route, Refusals: route.fails()}
	item := f.spec.Paths[wildcard.ReplaceAllString(route.Path, "{$1}")]
	for _, op := range operations(item) {
		if op.OperationID != route.ID {
			continue
		}
		const prefix = len(schemaPrefix)
		if op.RequestBody != nil && !route.Upload { // a form has its words, and no schema
			d.Body = op.RequestBody.Content["application/json"].Schema.Ref[prefix:]
		}
		for status, answer := range op.Responses {
			if media := answer.Content["application/json"]; media != nil && status[0] == '2' {
				d.Answer = media.Schema.Ref[prefix:]
			}
		}
	}
	return d
}
