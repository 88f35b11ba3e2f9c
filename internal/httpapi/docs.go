package httpapi

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
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

// docsGroup is one heading of the page.
type docsGroup struct {
	ID     string
	Name   string
	Routes []docsRoute
}

type docsRoute struct {
	Route
	Body, Answer string // names of schemas
}

type docsSchema struct{ Name, JSON string }

func (f *Floor) makeDocs() {
	if f.docs.spec, f.docs.problem = f.OpenAPI(); f.docs.problem != nil {
		return
	}
	data := struct {
		Version string
		Groups  []docsGroup
		Errors  []entry
		Schemas []docsSchema
	}{Version: f.spec.Info.Version, Errors: catalogue}
	for _, route := range f.routes {
		if route.Hidden {
			continue
		}
		i := slices.IndexFunc(data.Groups, func(g docsGroup) bool { return g.Name == route.Tag })
		if i < 0 {
			i = len(data.Groups)
			data.Groups = append(data.Groups, docsGroup{ID: "group-" + strconv.Itoa(i+1), Name: route.Tag})
		}
		data.Groups[i].Routes = append(data.Groups[i].Routes, f.docsRoute(route))
	}
	slices.SortStableFunc(data.Groups, func(a, b docsGroup) int { return cmp.Compare(rank(a.Name), rank(b.Name)) })
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

// rank puts what outsiders program against before what our own console calls.
func rank(group string) int {
	switch group {
	case "Widget":
		return 0
	case "Management":
		return 1
	case "Operations":
		return 3
	}
	return 2
}

func (f *Floor) docsRoute(route Route) docsRoute {
	d := docsRoute{Route: route}
	item := f.spec.Paths[wildcard.ReplaceAllString(route.Path, "{$1}")]
	for _, op := range operations(item) {
		if op.OperationID != route.ID {
			continue
		}
		const prefix = len(schemaPrefix)
		if op.RequestBody != nil {
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
