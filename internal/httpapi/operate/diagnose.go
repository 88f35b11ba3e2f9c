package operate

import (
	"context"

	"countersign/identity/policy"
	"countersign/identity/snippet"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
)

// Diagnosis is why a proof fails, and the code that makes a right one.
type Diagnosis interface {
	Ask(ctx context.Context, who policy.Principal, in trust.Inquiry) (trust.Diagnosed, error)
	Snippets(ctx context.Context, who policy.Principal, in trust.Wanted) (trust.Install, error)
}

func (o *Routes) diagnosis(f *httpapi.Floor, m Mount) {
	const tag = "keys"
	httpapi.Handle(f, m.Guard, m.route("POST", "/channels/{id}/diagnose", "diagnoseProof", tag,
		"Why a hash or token fails: names the mistake, and keeps nothing of what is sent", httpapi.NotFound, httpapi.TooMany), o.diagnose)
	httpapi.Handle(f, m.Guard, query(m.route("GET", "/channels/{id}/snippets", "getSnippets", tag,
		"The code for a channel's backend and pages", httpapi.NotFound),
		httpapi.Query{Name: "language", Doc: "node (the default), php, python, ruby, go, java or csharp"},
		httpapi.Query{Name: "framework", Doc: "express, nextjs, laravel, php-page, django, flask, rails, erb, go-html, spring, aspnet or shopify; absent: the language alone"},
		httpapi.Query{Name: "key", Doc: "For which key; absent: the one that a backend should sign with"}),
		func(ctx context.Context, c *call, _ wire.None) (wire.Snippets, error) {
			return o.snippets(ctx, c, f.WidgetBase())
		})
}

func (o *Routes) diagnose(ctx context.Context, c *call, in wire.Diagnose) (wire.Diagnosis, error) {
	found, err := o.Diagnosis.Ask(ctx, c.Who, trust.Inquiry{
		Channel: c.Path("id"), Dialect: in.Dialect, Platform: policy.Platform(in.Platform),
		UserID: in.UserID, Email: in.Email, Hash: in.Hash, Token: in.Token, Language: in.Language,
	})
	if err != nil {
		return wire.Diagnosis{}, err
	}
	out := wire.Diagnosis{Verified: found.Verified, Causes: make([]wire.Cause, len(found.Causes)), Dialect: found.Dialect, Signs: string(found.Signs)}
	if found.Verified {
		out.Identifiers = map[string]string{string(found.Signed.Kind): found.Signed.Value}
	}
	for i, cause := range found.Causes {
		out.Causes[i] = wire.Cause{Code: string(cause.Code), Explain: cause.Explain, Fix: cause.Fix}
	}
	if found.Code != nil {
		out.Code = shapeCode(*found.Code)
	}
	return out, nil
}

func (o *Routes) snippets(ctx context.Context, c *call, origin string) (wire.Snippets, error) {
	made, err := o.Diagnosis.Snippets(ctx, c.Who, trust.Wanted{
		Channel: c.Path("id"), Key: c.Query("key"), Language: c.Query("language"), Framework: c.Query("framework"), Origin: origin,
	})
	if err != nil {
		return wire.Snippets{}, err
	}
	out := wire.Snippets{
		Key: made.Key, KeyName: made.Name, Dialect: made.Dialect, Signs: made.Signs, Page: made.Code.Page, Logout: made.Code.Logout, Variable: snippet.SecretVariable,
		Framework: string(made.Code.Framework), Parts: make([]wire.SnippetPart, len(made.Code.Parts)),
	}
	for i, p := range made.Code.Parts {
		out.Parts[i] = wire.SnippetPart{Use: string(p.Use), File: p.File, Add: p.Add, Code: p.Code, Include: p.Include, Unrun: p.Unrun}
	}
	for _, f := range snippet.Frameworks() {
		out.Frameworks = append(out.Frameworks, wire.SnippetFramework{ID: string(f), Name: f.Name(), Language: string(f.Language()), Fits: f.Fits(made.Dialect)})
	}
	if made.Code.Server != "" {
		out.Server = shapeCode(made.Code)
	}
	return out, nil
}

func shapeCode(s snippet.Snippet) *wire.ServerCode {
	return &wire.ServerCode{Language: string(s.Language), File: s.File, Code: s.Server, Function: s.Function, Arguments: s.Arguments, Token: s.Token}
}
