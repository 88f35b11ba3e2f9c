package snippet

import (
	"cmp"
	"fmt"
	"strings"
	"text/template"
)

// Framework is what a backend is built with: it says where the secret is configured,
// where each file goes, and in which template language pages are written.
type Framework string

// Frameworks of each language; a language without one of these has the plain code alone.
const (
	Express Framework = "express"
	NextJS  Framework = "nextjs"
	Laravel Framework = "laravel"
	PHPPage Framework = "php-page"
	Django  Framework = "django"
	Flask   Framework = "flask"
	Rails   Framework = "rails"
	ERB     Framework = "erb"
	GoHTML  Framework = "go-html"
	Spring  Framework = "spring"
	ASPNET  Framework = "aspnet"
	Shopify Framework = "shopify"
)

// Frameworks lists them in the order in which a picker shows them.
func Frameworks() []Framework {
	return []Framework{Express, NextJS, Laravel, PHPPage, Django, Flask, Rails, ERB, GoHTML, Spring, ASPNET, Shopify}
}

// Name is how people write a framework; empty for one that there is not.
func (f Framework) Name() string { return frameworks[f].name }

// Language is what its backends are written in; empty for Shopify, whose theme signs
// by itself.
func (f Framework) Language() Language { return frameworks[f].language }

// Fits says whether the framework can make the proof of a dialect at all.
func (f Framework) Fits(dialect string) bool {
	row, known := rows[dialect]
	return known && f.Name() != "" && (f != Shopify || row.kind == hashKind && !row.hex)
}

// Use is what a file is for.
type Use string

const (
	Configuration Use = "configuration" // where the secret comes from
	Signing       Use = "server"        // makes the proof
	Wiring        Use = "wiring"        // hands it to every page
	Template      Use = "page"          // prints it
)

// Part is one file, or what is added to one that is there already.
type Part struct {
	Use  Use
	File string // where it goes, from the project's root
	Add  bool   // it is added to the file, which exists
	Code string
	// Include is how the layout of all pages takes a page's part in; empty: its code says it.
	Include string
	// Unrun is why this part was not run by us; empty: our tests run it as it is.
	Unrun string
}

// framework is how one is written.
type framework struct {
	name     string
	language Language
	customer map[string]string // what a member's value is, in the signing file
	channel  string            // how a constant text is written
	proof    string            // how the proof is called for: FUNCTION and ARGUMENTS
	passed   map[string]string // what the signing function is given for its arguments
	parts    []part
}

type part struct {
	use         Use
	file, unrun string
	include     string
	add         bool
	code        *template.Template
}

// written is a template in double brackets: the braces belong to what it writes.
func written(text string) *template.Template {
	return template.Must(template.New("part").Delims("[[", "]]").Funcs(template.FuncMap{"indent": indent}).Parse(text))
}

// indent moves the lines of a text to the right.
func indent(by int, text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = strings.Repeat(" ", by) + line
		}
	}
	return strings.Join(lines, "\n")
}

// project is what a part sees.
type project struct {
	view
	Head, Body string // of the language's own snippet, the imports and the function
	Whole      string // both
	Init, Load string // before and after the page's statement, where the script is ours
	Native     bool   // it is
	statement  string
}

// Say is the page's statement with the object that the template language prints.
func (p project) Say(object string) string { return fmt.Sprintf(p.statement, object) }

// addParts writes the snippet as files: a framework's, or the language's own two.
func (s *Snippet) addParts(r Request, row row) error {
	if r.Framework == "" {
		s.Parts = append(s.Parts, Part{Use: Signing, File: s.File, Code: s.Server})
		if s.Page != "" {
			s.Parts = append(s.Parts, Part{Use: Template, Code: s.Page})
		}
		return nil
	}
	f := frameworks[r.Framework]
	p, err := f.project(r, row)
	if err != nil {
		return err
	}
	for _, part := range f.parts {
		if part.use == Template && r.Origin == "" {
			continue
		}
		var text strings.Builder
		if err := part.code.Execute(&text, p); err != nil {
			return fmt.Errorf("snippet: %w", err)
		}
		s.Parts = append(s.Parts, Part{Use: part.use, File: part.file, Add: part.add, Code: tidy(text.String()), Include: part.include, Unrun: part.unrun})
	}
	return nil
}

func (f framework) project(r Request, row row) (project, error) {
	v := viewOf(r, row)
	v.Framework, v.Typed = string(r.Framework), r.Framework == NextJS
	v.Members = f.members(r, row, v)
	p := project{view: v, statement: row.statement, Native: row.global == "native"}
	written := languages[f.language]
	written.tail = nil // what a file of the language alone exports
	whole, err := written.write(v)
	if err != nil {
		return project{}, err
	}
	p.Whole = whole
	if written.head != nil { // of languages whose files are put together below
		if p.Head, err = (language{head: written.head}).write(v); err != nil {
			return project{}, err
		}
		if p.Body, err = (language{body: written.body}).write(v); err != nil {
			return project{}, err
		}
	}
	if p.Native && r.Origin != "" {
		p.Init, p.Load = "<script>\n"+strings.TrimRight(nativeInit(r), "\n")+"\n</script>\n", nativeLoad(r)
	}
	return p, nil
}

// members writes the object's values in the language of the signing file.
func (f framework) members(r Request, row row, v view) []line {
	var lines []line
	for _, m := range row.members(r.Signs) {
		value := f.customer[m.From]
		switch m.From {
		case fromChannel:
			value = fmt.Sprintf(f.channel, cmp.Or(r.Channel, "APP_ID"))
		case fromProof:
			given := make([]string, len(v.Fields))
			for i, field := range v.Fields {
				given[i] = f.passed[field]
			}
			value = strings.NewReplacer("FUNCTION", f.function(v), "ARGUMENTS", strings.Join(given, ", ")).Replace(f.proof)
		}
		lines = append(lines, line{m.Name, value})
	}
	return lines
}

// function is what the signing function is called inside its own file.
func (f framework) function(v view) string {
	switch Framework(v.Framework) {
	case Laravel:
		return v.Result
	case Shopify:
		return ""
	}
	name := languages[f.language].spell("chat_" + v.Result)
	return name[strings.LastIndexByte(name, '.')+1:]
}

// InitScript is what queues calls, without its element.
func (p project) InitScript() string {
	return strings.TrimSuffix(strings.TrimPrefix(p.Init, "<script>\n"), "\n</script>\n")
}

// LoadTag is the element that loads our script, as JSX closes it.
func (p project) LoadTag() string { return strings.Replace(p.Load, "></script>", " />", 1) }

// Object lists the members as JavaScript, where the page itself makes the object.
func (p project) Object() string {
	lines := make([]string, len(p.Members))
	for i, m := range p.Members {
		lines[i] = "      " + m.Name + ": " + m.Value
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n    }"
}

// Attributes are what Liquid prints of the customer; the script reads them.
func (p project) Attributes() string {
	printed := map[string]string{
		"chat.userId": `data-user-id="{{ customer.id | escape }}"`, "chat.email": `data-email="{{ customer.email | escape }}"`, "chat.name": `data-name="{{ customer.name | escape }}"`,
		"chat.hash": `data-hash="{{ ` + p.message() + ` | hmac_sha256: settings.chat_secret }}"`,
	}
	var lines []string
	for _, m := range p.Members {
		if attribute, ok := printed[m.Value]; ok {
			lines = append(lines, "  "+attribute)
		}
	}
	return strings.Join(lines, "\n")
}

// Signable is Liquid's condition that there is something to sign: a customer who
// registered by telephone has no email.
func (p project) Signable() string {
	if p.Field == "email" {
		return " and customer.email.size > 0"
	}
	return ""
}

// message is what Liquid signs. Its downcase lowers beyond ASCII, and an address must
// not become another.
func (p project) message() string {
	if p.Field != "email" {
		return "customer.id"
	}
	message := "customer.email"
	if p.Lower {
		for letter := 'A'; letter <= 'Z'; letter++ {
			message += fmt.Sprintf(" | replace: '%c', '%c'", letter, letter+'a'-'A')
		}
	}
	return message
}

var (
	userDot    = map[string]string{"user_id": "user.id", "email": "user.email"}
	userArrow  = map[string]string{"user_id": "$user->id", "email": "$user->email"}
	userPlain  = map[string]string{"user_id": "$user_id", "email": "$email"}
	userTyped  = map[string]string{"user_id": "userId", "email": "email"}
	userGo     = map[string]string{"user_id": "userID", "email": "email"}
	userDjango = map[string]string{"user_id": "user.pk", "email": "user.email"}
)

// of is what a member's value is: the id as text, and the rest as it stands.
func of(id, email, name string) map[string]string {
	return map[string]string{fromUserID: id, fromEmail: email, fromName: name}
}

const notRun = "Its own template engine is not among Debian's packages, so this file is read as HTML by the tests and its values are escaped by the function that the engine calls; the code that signs is compiled and run."

// frameworks :: framework → how it is written.
var frameworks = map[Framework]framework{
	Rails: {name: "Rails", language: Ruby, customer: of("user.id.to_s", "user.email", "user.name"), channel: `"%s"`, proof: "FUNCTION(ARGUMENTS)", passed: userDot, parts: []part{
		{use: Signing, file: "app/helpers/chat_helper.rb", code: written(railsHelper)},
		{use: Template, file: "app/views/layouts/_chat.html.erb", include: `<%= render "layouts/chat" %>`, code: written(railsPage)},
	}},
	ERB: {name: "Ruby with ERB", language: Ruby, customer: of("user.id.to_s", "user.email", "user.name"), channel: `"%s"`, proof: "FUNCTION(ARGUMENTS)", passed: userDot, parts: []part{
		{use: Signing, file: "chat_proof.rb", code: written(erbCode)},
		{use: Template, file: "chat.erb", include: `<%= ERB.new(File.read("chat.erb")).result(binding) %>`, code: written(erbPage)},
	}},
	Laravel: {name: "Laravel", language: PHP, customer: of("(string) $user->id", "$user->email", "$user->name"), channel: `'%s'`, proof: "self::FUNCTION(ARGUMENTS)", passed: userArrow, parts: []part{
		{use: Configuration, file: "config/services.php", add: true, code: written(laravelConfiguration)},
		{use: Signing, file: "app/Support/ChatProof.php", code: written(laravelCode)},
		{use: Template, file: "resources/views/chat.blade.php", include: "@include('chat')", code: written(laravelPage)},
	}},
	PHPPage: {name: "PHP page", language: PHP, customer: of("(string) $user_id", "$email", "$name"), channel: `'%s'`, proof: "FUNCTION(ARGUMENTS)", passed: userPlain, parts: []part{
		{use: Signing, file: "chat_proof.php", code: written(phpPageCode)},
		{use: Template, file: "chat.php", include: "<?php include 'chat.php' ?>", code: written(phpPage)},
	}},
	Django: {name: "Django", language: Python, customer: of("str(user.pk)", "user.email", "user.get_full_name()"), channel: `"%s"`, proof: "FUNCTION(ARGUMENTS)", passed: userDjango, parts: []part{
		{use: Configuration, file: "settings.py", add: true, code: written(djangoConfiguration)},
		{use: Signing, file: "chat.py", code: written(djangoCode)},
		{use: Template, file: "templates/chat.html", include: `{% include "chat.html" %}`, code: written(djangoPage)},
	}},
	Flask: {name: "Flask", language: Python, customer: of("str(user.id)", "user.email", "user.name"), channel: `"%s"`, proof: "FUNCTION(ARGUMENTS)", passed: userDot, parts: []part{
		{use: Configuration, file: "app.py", add: true, code: written(flaskConfiguration)},
		{use: Signing, file: "chat.py", code: written(flaskCode)},
		{use: Template, file: "templates/chat.html", include: `{% include "chat.html" %}`, code: written(flaskPage)},
	}},
	Express: {name: "Express", language: Node, customer: of("String(user.id)", "user.email", "user.name"), channel: `'%s'`, proof: "FUNCTION(ARGUMENTS)", passed: userDot, parts: []part{
		{use: Signing, file: "chat-proof.js", code: written(expressCode)},
		{use: Wiring, file: "app.js", add: true, code: written(expressWiring)},
		{use: Template, file: "views/chat.ejs", include: "<%- include('chat') %>", code: written(expressPage)},
	}},
	NextJS: {name: "Next.js", language: Node, customer: of("String(user.id)", "user.email", "user.name"), channel: `'%s'`, proof: "FUNCTION(ARGUMENTS)", passed: userDot, parts: []part{
		{use: Signing, file: "app/chat-proof.ts", code: written(nextCode)},
		{use: Template, file: "app/chat.tsx", code: written(nextPage)},
	}},
	GoHTML: {name: "Go html/template", language: Go, customer: of("userID", "email", "name"), channel: `"%s"`, proof: "proof", passed: userGo, parts: []part{
		{use: Signing, file: "chatproof/chatproof.go", code: written("[[.Whole]]")},
		{use: Template, file: "templates/chat.html", include: `{{template "chat.html" .}}`, code: written(goPage)},
	}},
	Spring: {name: "Spring", language: Java, customer: of("String.valueOf(userId)", "email", "name"), channel: `"%s"`, proof: "FUNCTION(ARGUMENTS)", passed: userTyped, parts: []part{
		{use: Configuration, file: "src/main/resources/application.properties", add: true, code: written(springConfiguration)},
		{use: Signing, file: "src/main/java/com/example/shop/ChatProof.java", code: written("[[.Whole]]")},
		{use: Wiring, file: "src/main/java/com/example/shop/ChatAdvice.java", code: written(springWiring)},
		{use: Template, file: "src/main/resources/templates/chat.html", include: `<th:block th:replace="~{chat}"></th:block>`, code: written(springPage), unrun: notRun},
	}},
	ASPNET: {name: "ASP.NET", language: CSharp, customer: of("Convert.ToString(userId, CultureInfo.InvariantCulture)", "email", "name"), channel: `"%s"`, proof: "FUNCTION(ARGUMENTS)", passed: userTyped, parts: []part{
		{use: Signing, file: "ChatProof.cs", code: written("[[.Whole]]")},
		{use: Wiring, file: "ChatFilter.cs", code: written(aspnetWiring)},
		{use: Configuration, file: "Program.cs", add: true, code: written(aspnetConfiguration)},
		{use: Template, file: "Views/Shared/_Chat.cshtml", include: `<partial name="_Chat" />`, code: written(aspnetPage)},
	}},
	Shopify: {name: "Shopify", customer: of("chat.userId", "chat.email", "chat.name"), channel: `'%s'`, proof: "chat.hash", parts: []part{
		{use: Configuration, file: "config/settings_schema.json", add: true, code: written(shopifySettings)},
		{use: Wiring, file: "layout/theme.liquid", add: true, code: written(shopifyLayout)},
		{use: Template, file: "snippets/chat.liquid", code: written(shopifyPage)},
	}},
}
