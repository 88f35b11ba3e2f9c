package httpapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"countersign/identity/policy"
	"countersign/internal/httpapi/wire"
)

// The names under which the OpenAPI lists credentials.
var schemeOf = map[Access]string{VisitorSession: "visitorSession", AgentLogin: "agentLogin", APIToken: "apiToken"}

const schemaPrefix = "#/components/schemas/"

func newSpec(version string) *huma.OpenAPI {
	if version == "" {
		version = "dev"
	}
	bearer := func(text string) *huma.SecurityScheme {
		return &huma.SecurityScheme{Type: "http", Scheme: "bearer", Description: text}
	}
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Countersign", Version: version,
			Description: "Support chat that knows who it is talking to. Bodies are JSON in UTF-8; unknown fields are refused. Every error is application/problem+json (RFC 9457) with a stable `code`. " +
				"Prometheus metrics are at /metrics: for the machine itself, and for an API token with the scope `metrics.read`."},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				schemeOf[VisitorSession]: bearer("A visitor's session, from POST /api/v1/widget/sessions."),
				schemeOf[APIToken]:       bearer("A token that the console made for a program."),
				schemeOf[AgentLogin]: {Type: "apiKey", In: "cookie", Name: LoginCookie,
					Description: "An agent's sign-in, from POST /api/v1/console/sign-in."},
			},
		},
	}
}

var wildcard = regexp.MustCompile(`\{([A-Za-z_]+)(\.\.\.)?\}`)

// describe adds one route to the OpenAPI.
func describe(spec *huma.OpenAPI, route Route, in, out reflect.Type) {
	op := &huma.Operation{
		OperationID: route.ID, Method: route.Method, Path: wildcard.ReplaceAllString(route.Path, "{$1}"),
		Summary: route.summary(), Description: route.description(), Responses: map[string]*huma.Response{},
		// An empty list, not an absent one, says that a call takes no credential.
		Security: []map[string][]string{},
	}
	if route.Tag != "" {
		op.Tags = []string{route.Tag}
	}
	if scheme := schemeOf[route.Access]; scheme != "" {
		op.Security = append(op.Security, map[string][]string{scheme: {}})
	}
	for _, name := range wildcard.FindAllStringSubmatch(route.Path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
	}
	for _, q := range route.Query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: q.Name, In: "query", Description: q.Doc, Schema: &huma.Schema{Type: "string"}})
	}
	if kind := bodyKindOf(in); kind != bodyIgnored {
		op.RequestBody = &huma.RequestBody{Required: kind == bodyRequired, Content: content(spec, in, "application/json")}
	}
	if route.Upload {
		op.RequestBody = describeForm()
	}
	describeAnswers(spec, op, route, out)
	spec.AddOperation(op)
}

// summary names the scope that a program's token needs.
func (r Route) summary() string {
	if r.Access == APIToken && r.Right != "" {
		return r.Summary + " (scope " + string(r.Right) + ")"
	}
	return r.Summary
}

// description says what the right is that a call takes.
func (r Route) description() string {
	if r.Right == "" {
		return ""
	}
	return "Takes `" + string(r.Right) + "`: " + r.Right.Means() + "."
}

// fails are the refusals of a route beyond those of every call. A program has nobody to
// confirm, and no second factor to lack.
func (r Route) fails() []Code {
	if r.Access == APIToken {
		return slices.DeleteFunc(slices.Clone(r.Fails), func(code Code) bool { return code == Unconfirmed })
	}
	if r.Access == AgentLogin && slices.Contains(policy.Guarded(), r.Right) {
		return append(slices.Clone(r.Fails), FactorRequired)
	}
	return r.Fails
}

func describeAnswers(spec *huma.OpenAPI, op *huma.Operation, route Route, out reflect.Type) {
	good := &huma.Response{Description: http.StatusText(route.Status)}
	switch {
	case route.Stream:
		route.Status = http.StatusOK
		good = &huma.Response{Description: "Server-sent events", Content: map[string]*huma.MediaType{"text/event-stream": {}}}
	case route.Bytes:
		good = describeBytes()
	case out != reflect.TypeFor[wire.None]():
		good.Content = content(spec, out, "application/json")
	}
	op.Responses[strconv.Itoa(route.Status)] = good

	codes := append([]Code{Internal}, route.fails()...)
	if route.Access != Public {
		codes = append(codes, SessionEnded, NotReady)
	}
	if op.RequestBody != nil {
		codes = append(codes, RequestInvalid, BodyTooLarge, UnsupportedMedia)
	}
	texts := map[int][]string{} // :: status → codes
	for _, code := range codes {
		status := entryOf(code).Status
		texts[status] = append(texts[status], "`"+string(code)+"`")
		if code == RequestInvalid {
			texts[http.StatusUnprocessableEntity] = append(texts[http.StatusUnprocessableEntity], "`"+string(code)+"`")
		}
	}
	refusal, media := reflect.TypeFor[wire.Problem](), "application/problem+json"
	if route.Spell != nil {
		_, body := route.Spell(wire.Problem{})
		refusal, media = reflect.TypeOf(body), "application/json"
	}
	for status, names := range texts {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: strings.Join(names, ", "),
			Content:     content(spec, refusal, media),
		}
	}
}

func content(spec *huma.OpenAPI, t reflect.Type, media string) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{media: {Schema: spec.Components.Schemas.Schema(t, true, t.Name())}}
}

// scalarFields are raw in wire because the wrong type there is an answer of the
// gate and no error of the form.
var scalarFields = map[string][]string{"Assertion": {"user_id", "email", "name", "hash", "jwt"}}

// OpenAPI is the whole description as JSON.
func (f *Floor) OpenAPI() ([]byte, error) {
	f.loosen()
	schemas := f.spec.Components.Schemas.Map()
	for name, schema := range schemas {
		for _, property := range schema.Properties {
			plain(property)
		}
		for _, field := range scalarFields[name] {
			if p := schema.Properties[field]; p != nil {
				p.Type, p.ContentEncoding, p.Format = huma.TypeString, "", ""
				if field == "user_id" {
					p.Type, p.OneOf = "", []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeInteger}}
				}
			}
		}
	}
	return json.Marshal(f.spec)
}

// loosen allows answers to gain fields: only what we take is closed.
func (f *Floor) loosen() {
	taken := map[string]bool{} // :: schema → reachable from a body that we take
	schemas := f.spec.Components.Schemas
	var take func(*huma.Schema)
	take = func(s *huma.Schema) {
		if s == nil {
			return
		}
		if name, isRef := strings.CutPrefix(s.Ref, schemaPrefix); isRef && !taken[name] {
			taken[name] = true
			take(schemas.Map()[name])
		}
		for _, property := range s.Properties {
			take(property)
		}
		take(s.Items)
	}
	for _, item := range f.spec.Paths {
		for _, op := range operations(item) {
			if op.RequestBody != nil && op.RequestBody.Content["application/json"] != nil {
				take(op.RequestBody.Content["application/json"].Schema)
			}
		}
	}
	for name, schema := range schemas.Map() {
		if closed, ok := schema.AdditionalProperties.(bool); ok && !closed && !taken[name] {
			schema.AdditionalProperties = nil
		}
	}
}

// plain undoes what huma assumes of Go: our lists are never null, and raw JSON is no base64.
func plain(s *huma.Schema) {
	if s == nil {
		return
	}
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	if s.ContentEncoding == "base64" {
		s.Type, s.ContentEncoding, s.Format = "", "", ""
	}
	plain(s.Items)
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
		plain(more)
	}
}

func operations(item *huma.PathItem) []*huma.Operation {
	if item == nil {
		return nil
	}
	var all []*huma.Operation
	for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
		if op != nil {
			all = append(all, op)
		}
	}
	return all
}
