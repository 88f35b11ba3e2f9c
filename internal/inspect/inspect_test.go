package inspect_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"countersign/internal/inspect"
)

const (
	aHash  = "532cd9cd6bfa49528cf2503db0743bb72456bda2cb7424d2894c5b11f6cad6cf"
	aToken = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiNyJ9.c2lnbmF0dXJl"
)

var base = mustParse("https://chat.example")

func mustParse(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// pages :: what a page of each system looks like, by the vendor's own snippet.
var pages = map[string]struct {
	page           string
	system, id     string
	state, kind    string
	from, to       string
	here, fallback bool
}{
	"Intercom with a hash": {
		page: `<script>window.intercomSettings = {app_id: "abc123", user_id: "7", email: "a@b.c", user_hash: "` + aHash + `"};</script>
<script>(function(){var s=document.createElement('script');s.src='https://widget.intercom.io/widget/abc123';})();</script>`,
		system: "intercom", id: "abc123", state: "present", kind: "hash",
		from: "https://widget.intercom.io/widget/abc123", to: "https://chat.example/widget/abc123",
	},
	"Intercom with the id put behind": {
		page:   `<script>window.intercomSettings = {app_id: APP};s.src='https://widget.intercom.io/widget/' + APP;</script>`,
		system: "intercom", state: "absent", from: "https://widget.intercom.io/widget/", to: "https://chat.example/widget/",
	},
	"Intercom with a token": {
		page:   `<script>Intercom('boot', {app_id: 'abc123', intercom_user_jwt: '` + aToken + `'})</script>`,
		system: "intercom", id: "abc123", state: "present", kind: "token",
	},
	"Intercom with an empty hash": {
		page:   `<script>window.intercomSettings = {"app_id":"abc123","user_hash":""}</script>`,
		system: "intercom", id: "abc123", state: "empty",
	},
	"Intercom with null": {
		page:   `<script>window.intercomSettings = {"app_id":"abc123","user_hash":null}</script>`,
		system: "intercom", id: "abc123", state: "empty",
	},
	"Intercom that a script signs": {
		page:   `<script>window.intercomSettings = {app_id:"abc123", user_hash: user.hash}</script>`,
		system: "intercom", id: "abc123", state: "computed",
	},
	"Intercom that was moved": {
		page:   `<script>window.intercomSettings={app_id:"abc123"}</script><script async src="https://chat.example/widget/abc123"></script>`,
		system: "intercom", id: "abc123", state: "absent", here: true,
	},
	"Beacon": {
		page: `<script type="text/javascript">!function(e,t,n){n.src="https://beacon-v2.helpscout.net"}(window,document)</script>
<script>window.Beacon('init', '64dc00aa-0000-4000-8000-000000000000')
Beacon('identify', {name: 'A', email: 'a@b.c', signature: '` + aHash + `'})</script>`,
		system: "helpscout", id: "64dc00aa-0000-4000-8000-000000000000", state: "absent",
		from: "https://beacon-v2.helpscout.net", to: "https://chat.example/beacon.js",
	},
	"Pylon": {
		page: `<script>(function(){t.setAttribute("src","https://widget.usepylon.com/widget/pyl-1")})();</script>
<script>window.pylon = { chat_settings: { app_id: "pyl-1", email: "a@b.c", email_hash: "` + aHash + `" } };</script>`,
		system: "pylon", id: "pyl-1", state: "present", kind: "hash",
		from: "https://widget.usepylon.com/widget/pyl-1", to: "https://chat.example/widget/pyl-1",
	},
	"Ensoras": {
		page:   `<script>window.EnsorasQueue=[];Ensoras('identify', {email:'a@b.c', hash:''})</script><script async src="//app.ensoras.example/cdn/v1/widget/shop.js"></script>`,
		system: "ensoras", id: "shop", state: "empty",
		from: "//app.ensoras.example/cdn/v1/widget/shop.js", to: "//chat.example/cdn/v1/widget/shop.js",
	},
	"Countersign": {
		page:   `<script async src="https://chat.example/v1.js"></script><script>Countersign('init', {channel: 'shop'}); Countersign('identify', {user_id: '7', hash: '` + aHash + `'})</script>`,
		system: "countersign", id: "shop", state: "present", kind: "hash", here: true,
	},
	"Zendesk": {
		page:   `<script id="ze-snippet" src="https://static.zdassets.com/ekr/snippet.js?key=0aa-bb"></script>`,
		system: "zendesk", id: "0aa-bb", state: "absent",
	},
	"Crisp": {
		page:   `<script>window.$crisp=[];window.CRISP_WEBSITE_ID="aa-bb";s.src="https://client.crisp.chat/l.js"</script>`,
		system: "crisp", id: "aa-bb", state: "absent",
	},
	"Chatwoot": {
		page:   `<script>g.src="https://chat.shop.example/packs/js/sdk.js";window.chatwootSDK.run({websiteToken:'aa-bb'})</script>`,
		system: "chatwoot", id: "aa-bb", state: "absent",
	},
	"tawk.to": {
		page:   `<script>var Tawk_API=Tawk_API||{};s1.src='https://embed.tawk.to/5c0ffee/default';</script>`,
		system: "tawk", id: "5c0ffee", state: "absent",
	},
	"Front": {
		page:   `<script src="https://chat-assets.frontapp.com/v1/chat.bundle.js"></script><script>window.FrontChat('init', {chatId: 'aa-bb'})</script>`,
		system: "front", id: "aa-bb", state: "absent",
	},
	"Plain":       {page: `<script>s.src='https://chat.cdn-plain.com/index.js';Plain.init({appId: 'x'})</script>`, system: "plain", state: "absent"},
	"Gleap":       {page: `<script>s.src="https://sdk.gleap.io/latest/index.js";Gleap.initialize("x")</script>`, system: "gleap", state: "absent"},
	"Novu":        {page: `<script>s.src="https://embed.novu.co/embed.umd.min.js";novu.init("x")</script>`, system: "novu", state: "absent"},
	"Featurebase": {page: `<script>s.src="https://do.featurebase.app/js/sdk.js";Featurebase("boot", {})</script>`, system: "featurebase", state: "absent"},
	"Freshchat":   {page: `<script src="//wchat.eu.freshchat.com/js/widget.js"></script>`, system: "freshchat", state: "absent"},
}

func TestEverySystemIsRecognised(t *testing.T) {
	for name, want := range pages {
		t.Run(name, func(t *testing.T) {
			r := inspect.Read(inspect.Page{Body: []byte("<!doctype html>\n<html><head>" + want.page + "</head></html>")}, base)
			if len(r.Found) != 1 {
				t.Fatalf("found %+v", r.Found)
			}
			f := r.Found[0]
			if f.System != want.system || f.ID != want.id || f.Here != want.here {
				t.Errorf("found %+v", f)
			}
			if name != "Beacon" && (f.Proof.State != want.state || f.Proof.Kind != want.kind) {
				t.Errorf("proof %+v", f.Proof)
			}
			if name == "Beacon" && f.Proof.State != "present" {
				t.Errorf("proof %+v", f.Proof)
			}
			if want.from == "" != (len(f.Changes) == 0) {
				t.Fatalf("changes %+v", f.Changes)
			}
			if want.from != "" && (f.Changes[0].From != want.from || f.Changes[0].To != want.to || len(f.Changes) != 1) {
				t.Errorf("changes %+v", f.Changes)
			}
		})
	}
}

func TestAProofInThePageIsNeverPrinted(t *testing.T) {
	for name, p := range pages {
		r := inspect.Read(inspect.Page{Body: []byte(p.page)}, base)
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{aHash, aToken, aHash[:16], "c2lnbmF0dXJl", "a@b.c"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

func TestWordsAboutAChatAreNoChat(t *testing.T) {
	for _, page := range []string{
		`<p>We moved from https://widget.intercom.io/widget/abc123 last year.</p>`,
		`<!-- <script src="https://widget.intercom.io/widget/abc123"></script> -->`,
		`<textarea><script>window.intercomSettings={app_id:"x"}</script></textarea>`,
		`<a href="https://beacon-v2.helpscout.net">x</a>`, ``,
	} {
		if r := inspect.Read(inspect.Page{Body: []byte(page)}, base); len(r.Found) != 0 || len(r.Notes) != 1 {
			t.Errorf("%q: %+v", page, r)
		}
	}
}

func TestLinesAreTheFilesOwn(t *testing.T) {
	r := inspect.Read(inspect.Page{Body: []byte("<html>\n<!-- a\nb -->\n<script>\n\nwindow.intercomSettings = {\n app_id: 'x',\n user_hash: ''\n}</script>")}, base)
	if r.Found[0].Line != 6 || r.Found[0].Proof.Line != 8 {
		t.Errorf("lines %d and %d", r.Found[0].Line, r.Found[0].Proof.Line)
	}
}

func TestSeveralChatsAreSaid(t *testing.T) {
	r := inspect.Read(inspect.Page{Body: []byte(pages["Crisp"].page + pages["Pylon"].page)}, base)
	if len(r.Found) != 2 || !strings.Contains(strings.Join(r.Notes, " "), "Several chats") {
		t.Errorf("%+v", r)
	}
}

func TestAPolicyThatWouldKeepUsOutIsNamed(t *testing.T) {
	for policy, want := range map[string]string{
		"": "", "script-src *; frame-src *": "", "default-src 'self'": "script-src frame-src", "default-src https:": "",
		"script-src 'self' https://chat.example; frame-src 'none'": "frame-src", "script-src https://*.example; child-src chat.example": "",
		"script-src 'nonce-x' 'strict-dynamic'; frame-src https://other.example": "frame-src", "script-src http://chat.example": "script-src",
		"script-src https://chat.example:8443": "script-src", "script-src https://chat.example:443": "", "script-src https://xchat.example": "script-src",
		"script-src-elem 'self'; script-src https://chat.example": "script-src-elem",
	} {
		r := inspect.Read(inspect.Page{Header: http.Header{"Content-Security-Policy": {policy}}, Body: []byte(pages["Crisp"].page)}, base)
		var got []string
		for _, p := range r.Policies {
			got = append(got, p.Directive)
			if p.Add != "https://chat.example" || p.Source != "header" {
				t.Errorf("%q: %+v", policy, p)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v, want %q", policy, got, want)
		}
	}
	r := inspect.Read(inspect.Page{Address: base, Header: http.Header{"Content-Security-Policy": {"default-src 'self'"}}, Body: nil}, base)
	if len(r.Policies) != 0 {
		t.Errorf("a page of our own origin: %+v", r.Policies)
	}
	r = inspect.Read(inspect.Page{Body: []byte(`<meta http-equiv=content-security-policy content="script-src 'self'">`)}, base)
	if len(r.Policies) != 1 || r.Policies[0].Source != "meta" {
		t.Errorf("in the page: %+v", r.Policies)
	}
}

// A page is a stranger's text: however it is made, reading it ends. A search that began anew at every place would not, at
// this size, while the test waits.
func TestAHostilePageIsReadToItsEnd(t *testing.T) {
	for name, piece := range map[string]string{
		"chats": "chat_settings", "quotes": `user_hash: "`, "ids": `Beacon('init', `, "tags": "<script>", "blanks": "intercomSettings app_id            ",
	} {
		body := "<script>Intercom Beacon chat_settings Ensoras Countersign " + strings.Repeat(piece, inspect.MaxPage/32/len(piece))
		if r := inspect.Read(inspect.Page{Body: []byte(body)}, base); len(r.Found) > 20 {
			t.Errorf("%s: %d chats on one page", name, len(r.Found))
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, p := range pages {
		f.Add([]byte(p.page))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := inspect.Read(inspect.Page{Body: body}, base)
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
	})
}
