package app

import (
	"bytes"
	"html/template"
	"net/http"

	"countersign/internal/deliver"
	"countersign/internal/httpapi"
	"countersign/internal/mail"
)

// mailboxPath is the page of the demo's mailbox.
const mailboxPath = "/demo/mailbox"

// MailboxPath is where this demo's mail is read; empty where mail really leaves, or
// where there is none.
func (a *App) MailboxPath() string {
	if a.mailbox == nil {
		return ""
	}
	return mailboxPath
}

// mailboxPage shows the demo's mail as text. It holds codes and invitations, so it is
// for this machine alone: the connection must come from it and through no tunnel, and the
// address in the browser must name it, or a foreign page that has its own name point here
// could read it.
func mailboxPage(f *httpapi.Floor, box *mail.Mailbox) {
	local := func(serve http.HandlerFunc) func(http.ResponseWriter, *http.Request) error {
		return func(w http.ResponseWriter, r *http.Request) error {
			if !httpapi.FromThisMachine(r) {
				return httpapi.Fail(httpapi.NotFound)
			}
			h := w.Header()
			h.Set("Cache-Control", "no-store")
			h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
			h.Set("X-Frame-Options", "DENY")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			serve(w, r)
			return nil
		}
	}
	httpapi.Page(f, httpapi.Route{Method: "GET", Path: mailboxPath, ID: "getDemoMailbox", Hidden: true}, local(func(w http.ResponseWriter, _ *http.Request) {
		var page bytes.Buffer
		if err := mailboxHTML.Execute(&page, box.Mail()); err != nil {
			http.Error(w, "the mailbox could not be shown", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page.Bytes())
	}))
	httpapi.Page(f, httpapi.Route{Method: "GET", Path: mailboxPath + ".css", ID: "getDemoMailboxStyle", Hidden: true}, local(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write([]byte(mailboxCSS))
	}))
}

var mailboxHTML = template.Must(template.New("mailbox").Funcs(template.FuncMap{
	"when": func(m deliver.Mail) string { return m.At.Local().Format("15:04:05") },
}).Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mailbox of the demo</title>
<link rel="stylesheet" href="/demo/mailbox.css">
</head>
<body>
<main>
<header>
<h1>Mailbox of the demo</h1>
<p>No mail leaves the demo: what it would send lands here, the newest first. <a href="/demo/mailbox">Look again</a></p>
</header>
{{range .}}
<article>
<h2><bdi>{{.Subject}}</bdi></h2>
<p class="to">To <bdi>{{.To}}</bdi> <time datetime="{{.At.UTC.Format "2006-01-02T15:04:05Z"}}">{{when .}}</time></p>
<pre>{{.Text}}</pre>
</article>
{{else}}
<article class="empty">
<h2>Nothing yet</h2>
<p>Open the messenger on the shop's page without logging in, choose “Prove your email”, and type any address: the code arrives here. Invitations to the team do too.</p>
</article>
{{end}}
</main>
</body>
</html>
`))

const mailboxCSS = `:root { color-scheme: light dark; --text: #16181d; --quiet: #5b6270; --line: #dfe2e8; --page: #f5f6f8; --paper: #fff; --accent: #1f4d3a; }
@media (prefers-color-scheme: dark) { :root { --text: #e8eaee; --quiet: #a0a7b4; --line: #343943; --page: #14161a; --paper: #1c1f25; --accent: #8fd0b0; } }
* { box-sizing: border-box; margin: 0; }
body { background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 720px; margin: 0 auto; padding: 32px 16px 64px; display: grid; gap: 16px; }
h1 { font-size: 24px; line-height: 1.25; }
h2 { font-size: 16px; overflow-wrap: anywhere; }
header p, .to, .empty p { color: var(--quiet); margin-top: 4px; }
a { color: var(--accent); }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
article { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 16px; min-width: 0; }
.to { display: flex; flex-wrap: wrap; gap: 0 12px; font-size: 13px; overflow-wrap: anywhere; }
.to time { margin-inline-start: auto; }
pre { margin-top: 12px; padding-top: 12px; border-top: 1px solid var(--line); font: 14px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
`
