package main

import (
	"context"
	"fmt"
	"strings"

	"countersign/identity"
	"countersign/identity/diagnose"
	"countersign/identity/dialect"
	"countersign/identity/policy"
	"countersign/identity/snippet"
	"countersign/internal/trust"
)

type diagnoseCmd struct {
	Dialect string `placeholder:"D" help:"native, native-jwt, native-v1, intercom, intercom-jwt, helpscout, pylon, pylon-jwt, ensoras, chatwoot, crisp, tawk, front, plain, gleap, novu, featurebase, zendesk-jwt or freshchat-jwt. With --channel: whichever of its keys could be meant."`
	secretSource
	Other []string `sep:"none" placeholder:"NAME=FILE" help:"Another secret that the backend may have used by mistake. May be repeated."`
	who
	Hash      *string `placeholder:"H" help:"The hash that the page sent."`
	TokenFile *string `name:"token-file" placeholder:"FILE" help:"File with the token that the page sent; - reads standard input."`
	Audience  string  `placeholder:"A" help:"The channel that a token must be for. Without it the token's own is not judged."`
	Channel   string  `placeholder:"S" help:"A channel of the installation instead of a secret: its keys are held against the proof."`
	Platform  string  `placeholder:"P" enum:",web,ios,android" default:"" help:"With --channel: the platform that the proof came from."`
	Language  string  `placeholder:"L" enum:",node,php,python,ruby,go,java,csharp" default:"" help:"Print the corrected code in this language."`
	Now       string  `placeholder:"TIME" help:"Diagnose as if it were this time (RFC 3339)."`
	onInstallation
}

// diagnosis keeps the order of the documented JSON.
type diagnosis struct {
	Verified    bool                     `json:"verified"`
	Identifiers map[identity.Kind]string `json:"identifiers,omitempty"`
	Causes      []diagnose.Cause         `json:"causes,omitempty"`
	Code        string                   `json:"code,omitempty"`
}

func (c *diagnoseCmd) Run(ctx context.Context, t terminal) error {
	if err := c.check(); err != nil {
		return err
	}
	token, err := c.token(t)
	if err != nil {
		return err
	}
	if c.Channel != "" {
		return c.onChannel(ctx, t, token)
	}
	row, err := findDialect(c.Dialect)
	if err != nil {
		return err
	}
	q, err := c.question(t, row, token)
	if err != nil {
		return err
	}
	a := diagnose.Diagnose(q)
	if c.Data != "" || c.Database != "" {
		if a, err = c.withInstallation(ctx, t, q); err != nil {
			return err
		}
	}
	code := ""
	if c.Language != "" && !a.Verified {
		made, err := snippet.Render(snippet.Request{
			Language: snippet.Language(c.Language), Dialect: row.Name, Signs: string(a.Signs), Channel: firstOr(c.Audience, "CHANNEL"),
		})
		if err != nil {
			return misuse("%v", told(err))
		}
		code = made.Server
	}
	return c.answer(t, a, code)
}

func firstOr(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// check finds flags that are missing or contradict each other.
func (c *diagnoseCmd) check() error {
	secret := c.SecretFile != "" || c.SecretEnv != ""
	switch {
	case c.Hash == nil && c.TokenFile == nil:
		return misuse("what proof? give --hash or --token-file")
	case c.Hash != nil && c.TokenFile != nil:
		return misuse("--hash and --token-file: give one")
	case c.Hash != nil && c.UserID == nil && c.Email == nil:
		return misuse("whose hash? give --user-id or --email")
	case c.Channel != "" && (secret || len(c.Other) > 0 || c.Audience != "" || c.Signs != "" || c.Now != ""):
		return misuse("--channel takes keys, audience and time from the installation: leave out --secret-file, --other, --audience, --signs and --now")
	case c.Channel == "" && c.Dialect == "":
		return misuse("give --dialect with --secret-file, or --channel")
	case c.Channel == "" && c.Platform != "":
		return misuse("--platform goes with --channel")
	case c.TokenFile != nil && *c.TokenFile == "-" && c.SecretFile == "-":
		return misuse("standard input can be read once")
	}
	return nil
}

func (c *diagnoseCmd) token(t terminal) (string, error) {
	if c.TokenFile == nil {
		return "", nil
	}
	return readText(t, *c.TokenFile)
}

// question is what the flags say, without any installation.
func (c *diagnoseCmd) question(t terminal, row dialect.Row, token string) (diagnose.Question, error) {
	q := diagnose.Question{Dialect: row.Name, UserID: c.userID(), Email: c.email(), Hash: textOf(c.Hash), Token: token, Channels: nonEmpty(c.Audience)}
	var err error
	if q.Now, err = atFlag(c.Now); err != nil {
		return q, err
	}
	text, err := c.read(t)
	if err != nil {
		return q, err
	}
	signs, err := c.signs(row)
	if err != nil {
		return q, err
	}
	setup := dialect.Setup{ID: "1", Signs: signs, Audiences: c.audiences(t, row, token), RequireAudience: c.Audience != "" && token != ""}
	key, err := offlineKey(t, row, setup, text)
	if err != nil {
		return q, err
	}
	if q.Ring, err = identity.NewRing(identity.Entry{Key: key}); err != nil {
		return q, err
	}
	q.Keys = []diagnose.Key{{ID: "1", Name: "under test", Dialect: row.Name, Signs: signs, Secret: identity.NewSecret([]byte(text))}}
	for _, flag := range c.Other {
		name, path, found := strings.Cut(flag, "=")
		if !found || name == "" || path == "" {
			return q, misuse("--other wants NAME=FILE")
		}
		secret, err := readText(t, path)
		if err != nil {
			return q, err
		}
		q.Others = append(q.Others, diagnose.Key{Name: name, Dialect: row.Name, Signs: signs, Secret: identity.NewSecret([]byte(secret))})
	}
	return q, nil
}

// audiences are whom a token must be for. Where nobody said, the token's own word
// stands, and that is said.
func (c *diagnoseCmd) audiences(t terminal, row dialect.Row, token string) []string {
	switch {
	case c.Audience != "":
		return []string{c.Audience}
	case !row.NeedAudience:
		return nil
	case token != "":
		fmt.Fprintln(t.Err, "countersign: for whom the token is was not judged; give --audience with the channel's id")
	}
	if own := diagnose.AudiencesOf(token); len(own) > 0 {
		return own
	}
	return []string{"none"}
}

// withInstallation adds every key of the workspace.
func (c *diagnoseCmd) withInstallation(ctx context.Context, t terminal, q diagnose.Question) (diagnose.Answer, error) {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return diagnose.Answer{}, err
	}
	defer closing(a)
	answer, err := a.Diagnosis.Compare(ctx, who, q)
	if err != nil {
		return diagnose.Answer{}, refused(err)
	}
	return answer, nil
}

// onChannel asks about a channel of the installation, as the console does.
func (c *diagnoseCmd) onChannel(ctx context.Context, t terminal, token string) error {
	a, who, channel, err := c.openChannel(ctx, t, c.Channel)
	if err != nil {
		return err
	}
	defer closing(a)
	found, err := a.Diagnosis.Ask(ctx, who, trust.Inquiry{
		Channel: channel.ID, Dialect: c.Dialect, Platform: policy.Platform(c.Platform), UserID: c.userID(), Email: c.email(),
		Hash: textOf(c.Hash), Token: token, Language: c.Language,
	})
	if err != nil {
		return refused(err)
	}
	code := ""
	if found.Code != nil {
		code = found.Code.Server
	}
	return c.answer(t, found.Answer, code)
}

// answer prints, and leaves with 1 unless the proof verifies: a diagnosis is an answer.
func (c *diagnoseCmd) answer(t terminal, a diagnose.Answer, code string) error {
	out := diagnosis{Verified: a.Verified, Causes: a.Causes, Code: code}
	if a.Verified {
		out.Identifiers = map[identity.Kind]string{a.Signed.Kind: a.Signed.Value}
	}
	if err := c.print(t, out, func() string { return diagnosisText(a, code) }); err != nil {
		return err
	}
	if a.Verified {
		return nil
	}
	return &answer{status: exitNo}
}

func diagnosisText(a diagnose.Answer, code string) string {
	if a.Verified {
		return "verified " + a.Signed.String() + "\n"
	}
	var b strings.Builder
	switch len(a.Causes) {
	case 1:
		b.WriteString("refused, because:\n")
	default:
		fmt.Fprintf(&b, "refused, for %d causes, the most likely first:\n", len(a.Causes))
	}
	for _, cause := range a.Causes {
		fmt.Fprintf(&b, "\n%s\n    %s\n    Fix: %s\n", cause.Code, cause.Explain, cause.Fix)
	}
	if code != "" {
		b.WriteString("\nThe code that signs:\n\n")
		for line := range strings.Lines(code) {
			b.WriteString("    " + line)
		}
	}
	return b.String()
}
