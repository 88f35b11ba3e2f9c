package face

import (
	"bytes"
	"html/template"
	"net/http"
	"strconv"

	"countersign/internal/httpapi"
)

// document is a page without content: its script fills the element that bears the
// entry's name. It names an empty icon, which the script replaces, so that no
// browser asks for /favicon.ico.
type document struct {
	Title   string
	Entry   string // boot or console: script and style of that name
	Channel string // frame only: slug
	Origins string // frame only: pages that may frame it, empty for any
	Script  string
	Style   string
}

var documentTemplate = template.Must(template.New("document").Parse(`<!doctype html>
<html lang="en"{{if .Channel}} data-channel="{{.Channel}}" data-origins="{{.Origins}}"{{end}}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<link rel="icon" href="data:,">
{{if .Style}}<link rel="stylesheet" href="/{{.Style}}">
{{end}}<script type="module" src="/{{.Script}}"></script>
</head>
<body><div id="{{.Entry}}"></div></body>
</html>
`))

func (d *Door) document(w http.ResponseWriter, page document) error {
	page.Script, page.Style = d.manifest[page.Entry+".js"], d.manifest[page.Entry+".css"]
	if page.Script == "" {
		return httpapi.Fail(httpapi.FacesNotBuilt)
	}
	var body bytes.Buffer
	if err := documentTemplate.Execute(&body, page); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	_, err := w.Write(body.Bytes())
	return err
}
