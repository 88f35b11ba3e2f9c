package snippet_test

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/snippet"
)

// eachShop calls f with every framework's files for every dialect.
func eachShop(t *testing.T, f func(t *testing.T, s shop)) {
	t.Helper()
	for _, framework := range snippet.Frameworks() {
		for _, s := range shops(t, framework) {
			f(t, s)
		}
	}
}

func TestFrameworksAreListedOnceWithTheirLanguage(t *testing.T) {
	want := map[snippet.Framework]snippet.Language{
		snippet.Express: snippet.Node, snippet.NextJS: snippet.Node, snippet.Laravel: snippet.PHP, snippet.PHPPage: snippet.PHP, snippet.Django: snippet.Python,
		snippet.Flask: snippet.Python, snippet.Rails: snippet.Ruby, snippet.ERB: snippet.Ruby, snippet.GoHTML: snippet.Go, snippet.Spring: snippet.Java,
		snippet.ASPNET: snippet.CSharp, snippet.Shopify: "",
	}
	seen := map[string]bool{}
	for _, framework := range snippet.Frameworks() {
		language, there := want[framework]
		if !there || framework.Language() != language || framework.Name() == "" || seen[framework.Name()] {
			t.Errorf("%s: %q in %q", framework, framework.Name(), framework.Language())
		}
		seen[framework.Name()] = true
	}
	if len(seen) != len(want) || snippet.Framework("struts").Name() != "" || snippet.Framework("struts").Fits("native") {
		t.Error(seen)
	}
}

func TestEveryFrameworkHasEveryDialectThatItCanMake(t *testing.T) {
	for _, framework := range snippet.Frameworks() {
		for _, row := range dialect.All() {
			for _, signs := range append([]identity.Signs{""}, row.Signs...) {
				made, err := snippet.Render(snippet.Request{Framework: framework, Dialect: row.Name, Signs: string(signs), Channel: "shop", Origin: origin})
				if framework == snippet.Shopify && (row.Proof != identity.ProofHash || row.SecretHex) {
					if !errors.Is(err, snippet.ErrUnfit) || made.Parts != nil {
						t.Errorf("Liquid makes %s: %v", row.Name, err)
					}
					continue
				}
				if err != nil || made.Framework != framework || made.Language != framework.Language() || made.Token != (row.Proof != identity.ProofHash) {
					t.Errorf("%s %s %s: %+v, %v", framework, row.Name, signs, made, err)
				}
			}
		}
	}
}

func TestAFrameworkOfAnotherLanguageIsRefused(t *testing.T) {
	for _, r := range []snippet.Request{
		{Framework: snippet.Rails, Language: snippet.PHP}, {Framework: snippet.Shopify, Language: snippet.Ruby}, {Framework: "struts"}, {Framework: "rails\n"}, {Framework: "Rails"}, {},
	} {
		r.Dialect = "native"
		if made, err := snippet.Render(r); !errors.Is(err, snippet.ErrUnknown) || made.Parts != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

// Each file has a place of its own, and what is added to one that is there says so.
func TestEveryFileHasItsPlace(t *testing.T) {
	eachShop(t, func(t *testing.T, s shop) {
		places := map[string]bool{}
		pages := 0
		for _, p := range s.made.Parts {
			if p.File == "" || places[p.File] || filepath.IsAbs(p.File) || strings.Contains(p.File, "..") {
				t.Errorf("%s: a file at %q", s.name(), p.File)
			}
			places[p.File] = true
			if p.Use == snippet.Template {
				if pages++; p.Add || p.Include == "" && s.request.Framework != snippet.NextJS && s.request.Framework != snippet.Shopify {
					t.Errorf("%s: nobody learns how %s is included", s.name(), p.File)
				}
			} else if p.Include != "" {
				t.Errorf("%s includes %s", s.name(), p.File)
			}
			for _, never := range []string{"[[", "]]", "<no value>", "%!", "TODO", "\t\n", " \n", "\r", "\n\n\n\n"} {
				if strings.Contains(p.Code, never) {
					t.Errorf("%s: %s holds %q:\n%s", s.name(), p.File, never, p.Code)
				}
			}
			if !strings.HasSuffix(p.Code, "\n") || strings.HasPrefix(p.Code, "\n") || p.Unrun != "" && s.request.Framework != snippet.Spring {
				t.Errorf("%s: %s is untidy, or not run: %q", s.name(), p.File, p.Unrun)
			}
		}
		if pages != 1 {
			t.Errorf("%s has %d pages", s.name(), pages)
		}
	})
}

// The secret is named where it is signed with, and never in what a page is made of.
func TestOnlyTheSigningFileReadsTheSecret(t *testing.T) {
	reads := map[snippet.Framework]string{
		snippet.Express: "process.env.CHAT_SECRET", snippet.NextJS: "process.env.CHAT_SECRET", snippet.Laravel: "config('services.chat.secret')", snippet.PHPPage: "getenv('CHAT_SECRET')",
		snippet.Django: "settings.CHAT_SECRET", snippet.Flask: `current_app.config["CHAT_SECRET"]`, snippet.Rails: `ENV.fetch("CHAT_SECRET")`, snippet.ERB: `ENV.fetch("CHAT_SECRET")`,
		snippet.GoHTML: `os.Getenv("CHAT_SECRET")`, snippet.Spring: `@Value("${chat.secret}")`, snippet.ASPNET: `configuration["CHAT_SECRET"]`,
	}
	eachShop(t, func(t *testing.T, s shop) {
		for _, p := range s.made.Parts {
			text := strings.ReplaceAll(p.Code, "hmac_sha256: settings.chat_secret", "")
			text = strings.ReplaceAll(text, "settings.chat_secret.size > 0", "")
			if p.Use == snippet.Template && strings.Contains(strings.ToLower(text), "secret") {
				t.Errorf("%s: a page names the secret:\n%s", s.name(), p.Code)
			}
			if p.Use == snippet.Signing && strings.Count(p.Code, reads[s.request.Framework]) != 1 {
				t.Errorf("%s does not read %s once:\n%s", s.name(), reads[s.request.Framework], p.Code)
			}
		}
	})
}

// What a page prints it escapes in the way that its template language has for the place.
func TestEveryPageEscapesInItsLanguagesOwnWay(t *testing.T) {
	ways := map[snippet.Framework]string{
		snippet.Rails: "raw json_escape(", snippet.ERB: "<%= chat_customer(user) %>", snippet.Laravel: "@json(", snippet.PHPPage: "JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT",
		snippet.Django: "|json_script:", snippet.Flask: "|tojson }}", snippet.Express: "<%- chat %>", snippet.NextJS: "${chatCustomer(user)}", snippet.GoHTML: "{{.}}",
		snippet.Spring: `th:data-chat="${chat}"`, snippet.ASPNET: `data-chat="@chat"`, snippet.Shopify: "customer.email | escape",
	}
	eachShop(t, func(t *testing.T, s shop) {
		page := s.file(t, snippet.Template)
		if strings.Count(page.Code, ways[s.request.Framework]) != 1 {
			t.Errorf("%s: not once %q:\n%s", s.name(), ways[s.request.Framework], page.Code)
		}
		for _, never := range []string{"|safe", "html_safe", "{!!", "mark_safe", "Html.Raw", "th:utext", "template.JS", "autoescape"} {
			if strings.Contains(page.Code, never) {
				t.Errorf("%s: %s\n%s", s.name(), never, page.Code)
			}
		}
	})
}

// A page loads our script once where it is ours, and none where a vendor's loader stays.
func TestFrameworksPagesLoadOurScriptForOurOwnAPIAlone(t *testing.T) {
	eachShop(t, func(t *testing.T, s shop) {
		page := s.file(t, snippet.Template).Code
		want := map[bool]int{true: 1, false: 0}[s.row.Global == "native"]
		if strings.Count(page, origin+"/v1.js") != want || strings.Count(page, "Countersign('init'") != want || strings.Count(page, "http") != want {
			t.Errorf("%s:\n%s", s.name(), page)
		}
	})
}

func TestWithoutAnOriginThereIsNoPage(t *testing.T) {
	for _, framework := range snippet.Frameworks() {
		made, err := snippet.Render(snippet.Request{Framework: framework, Dialect: "native"})
		if err != nil || len(made.Parts) == 0 || made.Page != "" || slices.ContainsFunc(made.Parts, func(p snippet.Part) bool { return p.Use == snippet.Template }) {
			t.Errorf("%s: %+v, %v", framework, made.Parts, err)
		}
	}
	plain, err := snippet.Render(snippet.Request{Language: snippet.Go, Dialect: "native", Origin: origin})
	if err != nil || len(plain.Parts) != 2 || plain.Parts[0].Code != plain.Server || plain.Parts[1].Code != plain.Page || plain.Framework != "" {
		t.Errorf("%+v, %v", plain.Parts, err)
	}
}

func TestGoFilesOfAFrameworkAreFormatted(t *testing.T) {
	for _, s := range shops(t, snippet.GoHTML) {
		code := s.file(t, snippet.Signing).Code
		formatted, err := format.Source([]byte(code))
		if err != nil || !bytes.Equal(formatted, []byte(code)) {
			t.Errorf("%s: %v\n%s", s.name(), err, code)
		}
	}
}

// Settings of Shopify's are JSON with nothing of ours that a theme would print.
func TestShopifysSignatureCoversOneCustomerAndNothingLoggedOut(t *testing.T) {
	need(t, "ruby")
	needEngine(t, kitchens[snippet.Shopify].probe)
	made, err := snippet.Render(snippet.Request{Framework: snippet.Shopify, Dialect: "helpscout", Channel: "shop", Origin: origin})
	if err != nil {
		t.Fatal(err)
	}
	page := made.Parts[slices.IndexFunc(made.Parts, func(p snippet.Part) bool { return p.Use == snippet.Template })].Code
	dir := t.TempDir()
	write(t, filepath.Join(dir, "page.liquid"), page)
	write(t, filepath.Join(dir, "driver.rb"), `require 'liquid'
require 'openssl'
module Shopify
  def hmac_sha256(input, secret) OpenSSL::HMAC.hexdigest('SHA256', secret.to_s, input.to_s) end
end
Liquid::Template.register_filter(Shopify)
page = Liquid::Template.parse(File.read('page.liquid'), error_mode: :strict)
ada = { 'id' => 7, 'email' => 'ada@example.com', 'name' => 'Ada' }
[
  [nil, 'a secret of the shop'], [ada, ''], [ada, nil], [ada.merge('email' => nil), 'a secret of the shop'], [ada.merge('email' => ''), 'a secret of the shop'], [ada, 'a secret of the shop']
].each { |customer, secret| puts page.render!({ 'customer' => customer, 'settings' => { 'chat_secret' => secret } }, { strict_filters: true }).gsub("\n", ' ').strip + '.' }
`)
	lines := run(t, dir, nil, "ruby", "-W0", "driver.rb")
	if len(lines) != 6 {
		t.Fatalf("%q", lines)
	}
	for i, line := range lines[:5] {
		if line != "." {
			t.Errorf("case %d signs for nobody, or under no secret: %s", i, line)
		}
	}
	if !strings.Contains(lines[5], "ada@example.com") || strings.Contains(lines[5], "a secret of the shop") {
		t.Error(lines[5])
	}
}

// Without its secret a framework's code stops instead of signing under an empty key.
func TestAFrameworkWithoutItsSecretStops(t *testing.T) {
	for framework, driver := range map[snippet.Framework][]string{
		snippet.Express: {"node", "-e", "console.log(require('./chat-proof.js').chatCustomer({id: 1}))"},
		snippet.ERB:     {"ruby", "-W0", "-e", "load 'chat_proof.rb'; puts chat_customer(Struct.new(:id, :email, :name).new(1, 'a@b', 'A'))"},
		snippet.PHPPage: {"php", "-d", "display_errors=stderr", "-r", "require 'chat_proof.php'; echo json_encode(chat_customer(1, 'a@b', 'A'));"},
		snippet.Laravel: {"php", "-d", "display_errors=stderr", "-r", "function config($n) { return getenv('CHAT_SECRET') ?: null; } require 'app/Support/ChatProof.php'; echo json_encode(App\\Support\\ChatProof::customer((object) ['id' => 1, 'email' => 'a@b', 'name' => 'A']));"},
		snippet.Rails:   {"ruby", "-W0", "-e", "module Rails; def self.application; self; end; def self.credentials; Struct.new(:chat_secret).new(nil); end; end; load 'app/helpers/chat_helper.rb'; include ChatHelper; puts chat_customer(Struct.new(:id, :email, :name).new(1, 'a@b', 'A'))"},
	} {
		need(t, driver[0])
		dir := t.TempDir()
		s := shops(t, framework)[0]
		for _, p := range s.made.Parts {
			if !p.Add {
				write(t, filepath.Join(dir, p.File), p.Code)
			}
		}
		for _, env := range [][]string{nil, {snippet.SecretVariable + "="}} {
			command := exec.CommandContext(t.Context(), driver[0], driver[1:]...)
			command.Dir, command.Env = dir, append(environment(), env...)
			if out, err := command.Output(); err == nil || len(bytes.TrimSpace(out)) > 0 {
				t.Errorf("%s with %q printed %q", framework, env, out)
			}
		}
		if lines := run(t, dir, withSecret, driver[0], driver[1:]...); !strings.Contains(lines[0], expectedHash("1")) {
			t.Errorf("%s signs nothing at all: %q", framework, lines)
		}
	}
}

// Thymeleaf's page is not run by its engine: it is at least well-formed, with its
// expressions where the engine looks for them.
func TestThePageThatIsNotRunIsReadAsHTML(t *testing.T) {
	for _, s := range shops(t, snippet.Spring) {
		page := s.file(t, snippet.Template)
		document, err := html.Parse(strings.NewReader(page.Code))
		if err != nil || page.Unrun == "" {
			t.Fatalf("%v, %q", err, page.Unrun)
		}
		guarded := 0
		for node := range document.Descendants() {
			for _, attribute := range node.Attr {
				if strings.HasPrefix(attribute.Key, "th:") {
					guarded++
					if attribute.Val != "${chat}" || node.Data != "script" || fmt.Sprint(attribute.Key) != "th:if" && attribute.Key != "th:data-chat" {
						t.Errorf("%s: %s=%q", s.name(), attribute.Key, attribute.Val)
					}
				}
			}
		}
		if guarded != 2 {
			t.Errorf("%s:\n%s", s.name(), page.Code)
		}
	}
}
