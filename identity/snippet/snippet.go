// Package snippet writes the code that a customer's developer copies: how a backend
// signs, in seven languages, and what the page carries. Diagnosis, console, command
// line and documentation print it; the tests extract every one of these snippets,
// run it by its real interpreter or compiler, and hold what it printed against
// identity.Verify.
//
// # What it keeps to
//
//   - No snippet holds a secret or has a place for one: it is read from an environment
//     variable, and a variable that is missing or empty stops the code, since an HMAC
//     under an empty key is one that anybody can make. So does one that should be
//     hexadecimal and is not: some decoders answer with a shorter key, or with none.
//   - The standard library of the language suffices. Where a token is written by hand
//     it is because that is a dozen lines, and an unpinned library is not.
//   - A user id becomes text before it is signed, by the integer's decimal digits.
//   - Whatever goes between script tags is escaped for that place: see [Literal].
//
// It imports nothing of ours, and so has its own small table of what each dialect
// signs; a test holds that table against identity/dialect.
package snippet

import (
	"cmp"
	"errors"
	"fmt"
	"go/format"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// Language is what a backend is written in.
type Language string

const (
	Ruby   Language = "ruby"
	PHP    Language = "php"
	Python Language = "python"
	Node   Language = "node"
	Go     Language = "go"
	Java   Language = "java"
	CSharp Language = "csharp"
)

// Languages lists them in the order in which a picker shows them.
func Languages() []Language { return []Language{Node, PHP, Python, Ruby, Go, Java, CSharp} }

// Name is how people write a language; empty for one that there is not.
func (l Language) Name() string { return languages[l].name }

// SecretVariable is where a snippet looks for the secret unless told otherwise.
const SecretVariable = "CHAT_SECRET"

var (
	// ErrUnknown: no such dialect or language.
	ErrUnknown = errors.New("snippet: unknown")
	// ErrUnfit: a value that cannot stand in code, or that the dialect cannot sign; wrapped with which.
	ErrUnfit = errors.New("snippet: unfit")
)

// Request says what to sign, and for which page.
type Request struct {
	Language  Language  // empty: the framework's
	Framework Framework // empty: none
	Dialect   string
	Signs     string // user_id, email or either; empty: the dialect's default
	Channel   string // slug or alias: what the page names and a token is for
	Variable  string // of the environment, with the secret; empty: SecretVariable
	Origin    string // where the widget is served; empty: no page snippet
	Customer  Customer
}

// Customer fills the page snippet; empty fields become words in capitals, which the
// backend's own template replaces.
type Customer struct{ UserID, Email, Name, Proof string }

// Snippet is the code.
type Snippet struct {
	Language  Language // empty where the page signs by itself
	Framework Framework
	File      string   // what the server's part may be called
	Server    string   // signs; a function of Arguments
	Function  string   // its name
	Arguments []string // user_id, email: what it takes, in this order
	Token     bool     // it answers with a token and not with a hash
	Page      string   // for the page
	Logout    string   // for the page, when the customer logs out
	Parts     []Part   // all of it as files, in the order in which they are written
}

// Render writes a snippet.
func Render(r Request) (Snippet, error) {
	if r.Variable == "" {
		r.Variable = SecretVariable
	}
	if r.Language == "" && r.Framework != "" {
		r.Language = r.Framework.Language()
	}
	language, known := languages[r.Language]
	row, ok := rows[r.Dialect]
	switch {
	case !known && (r.Framework != Shopify || r.Language != ""):
		return Snippet{}, fmt.Errorf("%w: language %q", ErrUnknown, r.Language)
	case r.Framework != "" && (r.Framework.Name() == "" || r.Framework.Language() != r.Language):
		return Snippet{}, fmt.Errorf("%w: framework %q of language %q", ErrUnknown, r.Framework, r.Language)
	case !ok:
		return Snippet{}, fmt.Errorf("%w: dialect %q", ErrUnknown, r.Dialect)
	}
	if r.Signs == "" {
		r.Signs = row.signs[0]
	}
	if err := r.check(row); err != nil {
		return Snippet{}, err
	}
	s := Snippet{Language: r.Language, Framework: r.Framework, Token: row.kind != hashKind}
	if r.Language != "" {
		v := viewOf(r, row)
		server, err := language.write(v)
		if err != nil {
			return Snippet{}, err
		}
		s.File, s.Server, s.Function, s.Arguments = language.file, server, language.spell("chat_"+v.Result), v.Fields
	}
	if r.Origin != "" {
		s.Page, s.Logout = page(r, row), row.logout
	}
	return s, s.addParts(r, row)
}

var (
	plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`)
	variable  = regexp.MustCompile(`^[A-Z_][A-Z0-9_]{0,63}$`)
)

// check lets only such values into code as need no escaping in any language.
func (r Request) check(row row) error {
	origin, err := url.Parse(r.Origin)
	switch {
	case r.Framework != "" && !r.Framework.Fits(r.Dialect):
		return fmt.Errorf("%w: %s has no function that makes a proof of %s", ErrUnfit, r.Framework.Name(), r.Dialect)
	case !slices.Contains(row.signs, r.Signs):
		return fmt.Errorf("%w: %s does not sign %q", ErrUnfit, r.Dialect, r.Signs)
	case !variable.MatchString(r.Variable):
		return fmt.Errorf("%w: the variable", ErrUnfit)
	case r.Channel != "" && !plainName.MatchString(r.Channel), r.Channel == "" && row.audience:
		return fmt.Errorf("%w: the channel", ErrUnfit)
	case r.Origin == "":
		return nil
	case err != nil || origin.Scheme != "https" && origin.Scheme != "http" || origin.Host == "" || origin.User != nil || strings.Trim(origin.Path, "/") != "",
		strings.ContainsAny(r.Origin, "\"'<>`\\ ?#\r\n"):
		return fmt.Errorf("%w: the origin", ErrUnfit)
	}
	return nil
}

// kind is what the code makes.
type kind string

const (
	hashKind kind = "hash"
	jwtKind  kind = "jwt"
	v1Kind   kind = "v1"
)

// row is what the code of a dialect does, and how its page says who the customer is.
type row struct {
	kind      kind
	signs     []string // the first is the default
	hex       bool     // the secret is decoded before use
	lower     bool     // the email is lowered before it is signed
	audience  bool     // a token names the channel
	seconds   int      // how long a token lives
	claim     string   // a token's, for the user id; empty: user_id
	scope     string   // a token's; empty: none
	goes      string   // where the page carries it
	global    string   // the page's own: native loads our script, a vendor's loads the vendor's
	statement string   // the page's, with %s for the object
	channel   string   // the object's member that names the channel; empty: none does
	proof     string   // the object's member that carries the proof
	nameless  bool     // the object has no name
	logout    string
}

var (
	anyField      = []string{"user_id", "email", "either"}
	userIDOrEmail = []string{"user_id", "email"}
	userIDOnly    = []string{"user_id"}
	emailOnly     = []string{"email"}
)

const (
	nativeCall    = "Countersign('identify', %s);"
	nativeLogout  = "Countersign('logout');"
	intercomCall  = "window.intercomSettings = %s;"
	helpscoutCall = "Beacon('identify', %s);"
	pylonCall     = "window.pylon = { chat_settings: %s };"
	ensorasCall   = "Ensoras('identify', %s);"
)

// rows :: dialect → what its code does.
var rows = map[string]row{
	"native": {kind: hashKind, signs: anyField, goes: "Countersign('identify', { hash })",
		global: "native", statement: nativeCall, proof: "hash", logout: nativeLogout},
	"native-jwt": {kind: jwtKind, signs: anyField, audience: true, seconds: 3600, goes: "Countersign('identify', { jwt })",
		global: "native", statement: nativeCall, proof: "jwt", logout: nativeLogout},
	"native-v1": {kind: v1Kind, signs: anyField, audience: true, goes: "Countersign('identify', { jwt })",
		global: "native", statement: nativeCall, proof: "jwt", logout: nativeLogout},
	"intercom": {kind: hashKind, signs: anyField, goes: "user_hash of intercomSettings",
		global: "intercom", statement: intercomCall, channel: "app_id", proof: "user_hash", logout: "Intercom('shutdown');"},
	"intercom-jwt": {kind: jwtKind, signs: userIDOnly, seconds: 3600, goes: "intercom_user_jwt of intercomSettings",
		global: "intercom", statement: intercomCall, channel: "app_id", proof: "intercom_user_jwt", logout: "Intercom('shutdown');"},
	"helpscout": {kind: hashKind, signs: emailOnly, goes: "signature of Beacon('identify')",
		global: "helpscout", statement: helpscoutCall, proof: "signature", logout: "Beacon('logout');"},
	"pylon": {kind: hashKind, signs: emailOnly, hex: true, goes: "email_hash of pylon.chat_settings",
		global: "pylon", statement: pylonCall, channel: "app_id", proof: "email_hash"},
	"pylon-jwt": {kind: jwtKind, signs: emailOnly, audience: true, seconds: 600, goes: "jwt of pylon.chat_settings",
		global: "pylon", statement: pylonCall, channel: "app_id", proof: "jwt"},
	"ensoras": {kind: hashKind, signs: emailOnly, lower: true, goes: "hash of Ensoras('identify')",
		global: "ensoras", statement: ensorasCall, proof: "hash", nameless: true, logout: "Ensoras('logout');"},

	"chatwoot":      ourPage(row{kind: hashKind, signs: userIDOrEmail}),
	"crisp":         ourPage(row{kind: hashKind, signs: emailOnly}),
	"tawk":          ourPage(row{kind: hashKind, signs: userIDOrEmail}),
	"front":         ourPage(row{kind: hashKind, signs: emailOnly}),
	"plain":         ourPage(row{kind: hashKind, signs: emailOnly}),
	"gleap":         ourPage(row{kind: hashKind, signs: userIDOnly}),
	"novu":          ourPage(row{kind: hashKind, signs: userIDOnly}),
	"featurebase":   ourPage(row{kind: hashKind, signs: userIDOrEmail}),
	"zendesk-jwt":   ourPage(row{kind: jwtKind, signs: userIDOnly, seconds: 3600, claim: "external_id", scope: "user"}),
	"freshchat-jwt": ourPage(row{kind: jwtKind, signs: userIDOnly, seconds: 3600, claim: "reference_id"}),
}

// ourPage is a vendor's backend behind a page that calls our own API.
func ourPage(vendor row) row {
	vendor.global, vendor.statement, vendor.logout, vendor.proof = "native", nativeCall, nativeLogout, "hash"
	if vendor.kind != hashKind {
		vendor.proof = "jwt"
	}
	vendor.goes = "Countersign('identify', { " + vendor.proof + " })"
	return vendor
}

// member is one of the object with which a page names its customer.
type member struct{ Name, From string }

// What a member's value comes from.
const (
	fromChannel = "channel"
	fromUserID  = "user_id"
	fromEmail   = "email"
	fromName    = "name"
	fromProof   = "proof"
)

// members lists the object, in the order in which people read it.
func (row row) members(signs string) []member {
	var all []member
	if row.channel != "" {
		all = append(all, member{row.channel, fromChannel})
	}
	if signs != "email" {
		all = append(all, member{"user_id", fromUserID})
	}
	all = append(all, member{"email", fromEmail})
	if !row.nameless {
		all = append(all, member{"name", fromName})
	}
	return append(all, member{row.proof, fromProof})
}

// view is what a template sees.
type view struct {
	Hash, JWT, V1, Hex, Lower bool
	Result                    string   // hash or token
	Field                     string   // that a hash is made of: user_id or email
	Fields                    []string // the function's arguments
	UserID, Email             bool     // among them
	Variable, Channel, Goes   string
	Seconds                   int
	Audience                  bool
	Claim, Scope              string // of a token: who, and for what
	Framework                 string // empty: none
	Typed                     bool   // arguments carry their types
	Members                   []line // of the page's object; none without a framework
}

func viewOf(r Request, row row) view {
	v := view{
		Hash: row.kind == hashKind, JWT: row.kind == jwtKind, V1: row.kind == v1Kind, Hex: row.hex, Lower: row.lower, Result: "token",
		Field: "user_id", Variable: r.Variable, Channel: r.Channel, Goes: row.goes, Seconds: row.seconds, Audience: row.audience,
		Claim: cmp.Or(row.claim, "user_id"), Scope: row.scope,
	}
	if r.Signs == "email" {
		v.Field = "email"
	}
	v.Fields = []string{v.Field}
	if v.Hash {
		v.Result = "hash"
	} else if v.Field == "user_id" {
		v.Fields = []string{"user_id", "email"}
	}
	v.UserID, v.Email = slices.Contains(v.Fields, "user_id"), slices.Contains(v.Fields, "email")
	return v
}

// line is a member of the page's object as the language writes its value.
type line struct{ Name, Value string }

// language is how one is written.
type language struct {
	name, file string
	head, body *template.Template // body alone where a file is one piece
	tail       *template.Template
	spell      func(string) string // chat_hash → ChatProof.hash
}

// write is the whole file.
func (l language) write(v view) (string, error) {
	var all strings.Builder
	for _, piece := range []*template.Template{l.head, l.body, l.tail} {
		if piece == nil {
			continue
		}
		if err := piece.Execute(&all, v); err != nil {
			return "", fmt.Errorf("snippet: %w", err)
		}
	}
	if l.name == "Go" {
		formatted, err := format.Source([]byte(strings.TrimLeft(all.String(), "\n")))
		if err != nil {
			return "", fmt.Errorf("snippet: %w", err)
		}
		return tidy(string(formatted)), nil
	}
	return tidy(all.String()), nil
}

func parsed(name, text string) *template.Template {
	return template.Must(template.New(name).Parse(text))
}

func snake(s string) string { return s }

func camel(s string) string {
	head, tail, _ := strings.Cut(s, "_")
	return head + strings.ToUpper(tail[:1]) + tail[1:]
}

// languages :: language → how it is written.
var languages = map[Language]language{
	Ruby:   {"Ruby", "chat_proof.rb", parsed("ruby", rubyImports), parsed("ruby", rubyFunction), nil, snake},
	PHP:    {"PHP", "chat_proof.php", parsed("php", phpImports), parsed("php", phpFunction), nil, snake},
	Python: {"Python", "chat_proof.py", parsed("python", pythonImports+"\n"), parsed("python", pythonFunction), nil, snake},
	Node:   {"Node.js", "chat-proof.js", parsed("node", nodeImports), parsed("node", nodeFunction), parsed("node", nodeExports), camel},
	Go:     {"Go", "chatproof.go", nil, parsed("go", goCode), nil, func(s string) string { return strings.ToUpper(s[5:6]) + s[6:] }},
	Java:   {"Java", "ChatProof.java", nil, parsed("java", javaCode), nil, func(s string) string { return "ChatProof." + s[5:] }},
	CSharp: {"C#", "ChatProof.cs", nil, parsed("csharp", csharpCode), nil, func(s string) string { return "ChatProof." + strings.ToUpper(s[5:6]) + s[6:] }},
}

// tidy begins a text with its first line and ends it with one line break.
func tidy(s string) string { return strings.TrimRight(strings.TrimLeft(s, "\n"), " \n") + "\n" }
