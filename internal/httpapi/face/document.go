package face

import (
	"bytes"
	"html/template"
	"io"
	"net/http"
	"strconv"

	"countersign/internal/httpapi"
)

// document is a page without content: its script fills the element that bears the
// entry's name. It names an empty icon, which the script replaces, so that no
// browser asks for /favicon.ico.
type document struct {
	Title   string
	Entry   string // boot, mobile or console: script and style of that name
	Channel string // frame and app view only: slug
	Origins string // frame only: pages that may frame it, empty for any
	Script  string
	Style   string
	// Edges: it fills an app's screen, behind rounded corners and above the keyboard, and is as dark as the system while it
	// waits for the app's word.
	Edges bool
}

var documentTemplate = template.Must(template.New("document").Parse(`<!doctype html>
<html lang="en"{{if .Channel}} data-channel="{{.Channel}}" data-origins="{{.Origins}}"{{end}}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1{{if .Edges}}, viewport-fit=cover, interactive-widget=resizes-content{{end}}">
{{if .Edges}}<meta name="color-scheme" content="light dark">
{{end}}<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<link rel="icon" href="data:,">
{{if .Style}}<link rel="stylesheet" href="/{{.Style}}">
{{end}}<script type="module" src="/{{.Script}}"></script>
</head>
<body><div id="{{.Entry}}"></div></body>
</html>
`))

// noSuchChannelDocument is read by whoever puts the messenger on a page and wrote
// another id than they meant. It is the same for every id that is none.
const noSuchChannelDocument = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>No such chat</title>
<link rel="icon" href="data:,">
</head>
<body><p>This page asks for a chat that does not exist here: check the channel id.</p></body>
</html>
`

// noSuchChannel answers where a problem's JSON would be shown to nobody: a browser
// puts its own page in place of a frame that no page may frame.
func noSuchChannel(w http.ResponseWriter, ancestors string) error {
	h := w.Header()
	h.Set("Content-Security-Policy", facePolicy+ancestors)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	setDocument(h, len(noSuchChannelDocument))
	w.WriteHeader(http.StatusNotFound)
	_, err := io.WriteString(w, noSuchChannelDocument)
	return err
}

func setDocument(h http.Header, length int) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(length))
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
}

func (d *Door) document(w http.ResponseWriter, page document) error {
	page.Script, page.Style = d.manifest[page.Entry+".js"], d.manifest[page.Entry+".css"]
	if page.Script == "" {
		return httpapi.Fail(httpapi.FacesNotBuilt)
	}
	var body bytes.Buffer
	if err := documentTemplate.Execute(&body, page); err != nil {
		return err
	}
	setDocument(w.Header(), body.Len())
	_, err := w.Write(body.Bytes())
	return err
}
