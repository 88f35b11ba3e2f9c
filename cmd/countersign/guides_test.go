package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// guideFiles are what the reader of a guide has in the folder :: guide → name → text.
var guideFiles = map[string]map[string]string{
	"intercom": {
		"web-secret.txt": "an identity secret of the web", "ios-secret.txt": "an identity secret of iOS",
		"page.html":                    `<script>window.intercomSettings={app_id:"abc123",user_id:"7",user_hash:""};s.src='https://widget.intercom.io/widget/abc123'</script>`,
		"intercom-export/contacts.csv": "User ID,Email,Name,Contact ID,Type\n7,ann@example.com,Ann,6501a,User\n",
		"intercom-export/4711.json": `{"type":"conversation","id":"4711","created_at":1700000000,"state":"closed","source":{"id":"1","body":"<p>hi</p>","author":{"type":"user","id":"6501a"}},
"contacts":{"contacts":[{"id":"6501a","external_id":"7"}]},"conversation_parts":{"conversation_parts":[]}}`,
	},
	"help-scout": {
		"beacon-key.txt":                  "a key of support history security",
		"page.html":                       `<script>n.src="https://beacon-v2.helpscout.net"</script><script>Beacon('init', '64dc00aa-0000-4000-8000-000000000000')</script>`,
		"helpscout-export/customers.json": `{"_embedded":{"customers":[{"id":55,"firstName":"Ann","lastName":"","_embedded":{"emails":[{"value":"ann@example.com"}]}}]}}`,
		"helpscout-export/conversations.json": `{"_embedded":{"conversations":[{"id":1,"status":"closed","state":"published","subject":"Hi","mailboxId":5,"createdAt":"2024-05-01T10:00:00Z","primaryCustomer":{"id":55,"email":"ann@example.com"},
"_embedded":{"threads":[{"id":2,"type":"customer","state":"published","body":"hello","createdBy":{"id":55,"type":"customer"},"createdAt":"2024-05-01T10:00:00Z"}]}}]}}`,
	},
	"pylon": {
		"pylon-secret.txt":          strings.Repeat("c0ffee", 10) + "beef",
		"page.html":                 `<script>t.setAttribute("src","https://widget.usepylon.com/widget/pyl-1")</script><script>window.pylon={chat_settings:{app_id:"pyl-1"}}</script>`,
		"pylon-export/contacts.csv": "id,email,name\n1,ann@example.com,Ann\n",
		"pylon-export/messages.csv": "conversation_id,contact_id,author,text,created_at\n1,1,contact,hello,2024-05-01\n",
	},
	"ensoras": {
		"ensoras-secret.txt":          "a secret of an ensoras widget",
		"page.html":                   `<script>window.EnsorasQueue=[]</script><script async src="https://app.ensoras.example/cdn/v1/widget/shop.js"></script>`,
		"ensoras-export/contacts.csv": "id,email,name\n1,ann@example.com,Ann\n",
		"ensoras-export/messages.csv": "conversation_id,contact_id,author,text,created_at\n1,1,contact,hello,2024-05-01\n",
	},
}

// TestTheMigrationGuidesDoWhatTheySay runs every command of every guide, in their order, on
// data of its own: a guide that was not run is a guess.
func TestTheMigrationGuidesDoWhatTheySay(t *testing.T) {
	dir := t.TempDir()
	pages, err := filepath.Glob("../../docs/migrate/*.md")
	if err != nil || len(pages) != len(guideFiles)+1 {
		t.Fatalf("%d guides, %v", len(pages), err)
	}
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		files, is := guideFiles[name]
		if !is {
			continue
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		commands := shellOf(string(text))
		if strings.Count(commands, "\n") < 7 {
			t.Errorf("%s: %q", name, commands)
		}
		script := fmt.Sprintf("exec sh -eux guide.sh\nstderr 'import --from'\nstdout 'conversations: 1 added'\nstdout 'chat.example.com'\n-- guide.sh --\n%s", commands)
		for file, content := range files {
			script += fmt.Sprintf("-- %s --\n%s\n", file, strings.TrimSuffix(content, "\n"))
		}
		if err := os.WriteFile(filepath.Join(dir, name+".txtar"), []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testscript.Run(t, testscript.Params{Dir: dir, RequireExplicitExec: true, Setup: leaveAtOnce})
}

// shellOf is what stands in a page's blocks of shell.
func shellOf(text string) string {
	var b strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "```sh"):
			inside = true
		case strings.HasPrefix(line, "```"):
			inside = false
		case inside:
			b.WriteString(line)
		}
	}
	return b.String()
}
