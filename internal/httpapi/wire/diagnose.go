package wire

// Diagnose is a proof that somebody wants explained. Nothing of it is kept.
type Diagnose struct {
	Dialect  string `json:"dialect,omitzero" doc:"Whichever key of the channel could be meant, if absent."`
	Platform string `json:"platform,omitzero" enum:"web,ios,android"`
	UserID   string `json:"user_id,omitzero"`
	Email    string `json:"email,omitzero"`
	Hash     string `json:"hash,omitzero"`
	Token    string `json:"token,omitzero" doc:"JWT or v1."`
	Language string `json:"language,omitzero" enum:"node,php,python,ruby,go,java,csharp" doc:"Of the corrected code; absent: none is wanted."`
}

// Diagnosis says whether the gate takes a proof, and if not which mistake it is.
type Diagnosis struct {
	Verified    bool              `json:"verified"`
	Identifiers map[string]string `json:"identifiers,omitempty" doc:"Whom the proof is for."`
	Causes      []Cause           `json:"causes" doc:"Most likely first; none if it verifies."`
	Dialect     string            `json:"dialect,omitzero" doc:"Of the key that takes the proof, or should."`
	Signs       string            `json:"signs,omitzero" enum:"user_id,email,either"`
	Code        *ServerCode       `json:"code,omitempty" doc:"What the backend should run instead."`
}

// Cause is one mistake.
type Cause struct {
	Code    string `json:"code" doc:"As countersign diagnose names it."`
	Explain string `json:"explain"`
	Fix     string `json:"fix"`
}

// ServerCode is code for the customer's backend. It reads the secret from the
// environment and holds none.
type ServerCode struct {
	Language  string   `json:"language" enum:"node,php,python,ruby,go,java,csharp"`
	File      string   `json:"file"`
	Code      string   `json:"code"`
	Function  string   `json:"function"`
	Arguments []string `json:"arguments"`
	Token     bool     `json:"token" doc:"It answers with a token and not with a hash."`
}

// Snippets are what a channel's backend and pages need.
type Snippets struct {
	Key      string      `json:"key,omitzero" doc:"For which key; absent: the channel has none yet."`
	KeyName  string      `json:"key_name,omitzero"`
	Dialect  string      `json:"dialect"`
	Signs    string      `json:"signs" enum:"user_id,email,either"`
	Server   *ServerCode `json:"server,omitempty" doc:"Absent for a public key, whose holder signs with a private one."`
	Page     string      `json:"page"`
	Logout   string      `json:"logout,omitzero"`
	Variable string      `json:"variable" doc:"Of the environment, in which the code looks for the secret."`

	Framework  string             `json:"framework,omitzero" doc:"That the parts are for; absent: for the language alone."`
	Parts      []SnippetPart      `json:"parts" doc:"All of it as files, in the order in which they are written; none for a framework that cannot make this key's proof."`
	Frameworks []SnippetFramework `json:"frameworks" doc:"What can be asked for."`
}

// SnippetPart is one file, or what is added to one.
type SnippetPart struct {
	Use     string `json:"use" enum:"configuration,server,wiring,page" doc:"Where the secret comes from, what signs, what hands it to pages, or what a page prints."`
	File    string `json:"file,omitzero" doc:"Where it goes, from the project's root; absent: wherever the pages are."`
	Add     bool   `json:"add,omitzero" doc:"It is added to the file, which is there already."`
	Code    string `json:"code"`
	Include string `json:"include,omitzero" doc:"How the layout of all pages takes the file in."`
	Unrun   string `json:"unrun,omitzero" doc:"Why this part was not run by us; absent: our tests run it as it is."`
}

// SnippetFramework is what a backend can be built with.
type SnippetFramework struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Language string `json:"language,omitzero" doc:"Absent for a theme that signs by itself."`
	Fits     bool   `json:"fits" doc:"It can make this key's proof."`
}

// ExpectHash asks for the hash that the gate expects of somebody.
type ExpectHash struct {
	Key    string `json:"key"`
	UserID string `json:"user_id,omitzero"`
	Email  string `json:"email,omitzero"`
	Reason string `json:"reason" doc:"Why, for the record."`
}

// ExpectedHash is what a backend should have made: whoever holds it passes as that customer.
type ExpectedHash struct {
	Hash string `json:"hash"`
}
