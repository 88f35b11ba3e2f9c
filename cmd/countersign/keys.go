package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"countersign/identity/keyring"
	"countersign/identity/policy"
	"countersign/internal/app"
	"countersign/internal/team"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

type keysCmd struct {
	Generate  keysGenerateCmd  `cmd:"" help:"Make a key; its secret is printed this one time."`
	Import    keysImportCmd    `cmd:"" help:"Take over an existing secret unchanged, or take a public key or an issuer's key set."`
	List      keysListCmd      `cmd:"" help:"List a channel's keys; never a secret."`
	Rotate    keysRotateCmd    `cmd:"" help:"A new active key; the old one verifies on until the overlap ends."`
	Reveal    keysRevealCmd    `cmd:"" help:"Print the secret of a key that was made with --reveal request; recorded."`
	Rename    keysRenameCmd    `cmd:"" help:"Call a key something else."`
	SignBy    keysSignByCmd    `cmd:"" name:"sign-by" help:"Refuse what a retiring key signs later than a time; of proofs that carry one: JWT and v1."`
	Extend    keysExtendCmd    `cmd:"" help:"Move the end of a retiring key, earlier or later."`
	Finish    keysFinishCmd    `cmd:"" help:"End a retiring key now."`
	Revoke    keysRevokeCmd    `cmd:"" help:"End a key now and every session that it opened; of a compromised one, cut what it proved."`
	RevokeKid keysRevokeKidCmd `cmd:"" name:"revoke-kid" help:"End one key of an issuer's set now and every session that it opened, whatever the issuer publishes."`
	Rewrap    keysRewrapCmd    `cmd:"" help:"Move the installation to a new master key, while it serves."`
}

// keySpec is what generate and import share.
type keySpec struct {
	Channel  string   `required:"" help:"Slug or alias of the channel."`
	Dialect  string   `help:"native, native-jwt, native-v1, intercom, intercom-jwt, helpscout, pylon, pylon-jwt, ensoras, chatwoot, crisp, tawk, front, plain, gleap, novu, featurebase, zendesk-jwt or freshchat-jwt." default:"native"`
	Signs    string   `help:"user_id, email or either. Default: email for helpscout, pylon, ensoras, crisp, front and plain, user_id for the others." enum:",user_id,email,either" default:""`
	Platform []string `help:"Platform that it may sign for; may be repeated. Default: all of the channel's." enum:"web,ios,android"`
	Name     string   `help:"Name for people."`
	Reveal   string   `help:"once: the secret is never shown again; request: shown again after the password." enum:"once,request" default:"once"`
}

func (s keySpec) draft(ctx context.Context, o *onInstallation, a *app.App, who policy.Principal) (trust.KeyDraft, error) {
	channel, err := o.channel(ctx, a, who, s.Channel)
	if err != nil {
		return trust.KeyDraft{}, err
	}
	draft := trust.KeyDraft{Channel: channel.ID, Name: s.Name, Dialect: s.Dialect, Signs: s.Signs, Reveal: s.Reveal}
	for _, p := range s.Platform {
		draft.Platforms = append(draft.Platforms, policy.Platform(p))
	}
	return draft, nil
}

type keysGenerateCmd struct {
	onInstallation
	keySpec
}

func (c *keysGenerateCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	draft, err := c.draft(ctx, &c.onInstallation, a, who)
	if err != nil {
		return err
	}
	key, secret, err := a.Keys.Generate(ctx, who, draft)
	if err != nil {
		return refused(err)
	}
	return printNewKey(&c.onInstallation, t, key, secret)
}

type keysImportCmd struct {
	onInstallation
	keySpec
	secretSource
	publicSource
	Insist bool `help:"Import a short, guessable or published secret all the same; recorded."`
}

func (c *keysImportCmd) Run(ctx context.Context, t terminal) error {
	if c.given() {
		return c.importPublic(ctx, t)
	}
	secret, err := c.read(t)
	if err != nil {
		return err
	}
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	draft, err := c.draft(ctx, &c.onInstallation, a, who)
	if err != nil {
		return err
	}
	key, err := a.Keys.Import(ctx, who, draft, secret, c.Insist)
	if err != nil {
		return refused(err)
	}
	return printNewKey(&c.onInstallation, t, key, "")
}

func printNewKey(o *onInstallation, t terminal, key trust.KeyRow, secret string) error {
	answer, text := newKey(key, secret)
	return o.print(t, answer, func() string { return text })
}

// newKey is a key as its maker sees it this one time, for programs and for people.
func newKey(key trust.KeyRow, secret string) (map[string]any, string) {
	answer := map[string]any{"id": key.ID, "fingerprint": key.Fingerprint}
	text := fmt.Sprintf("id           %s\nfingerprint  %s\n", key.ID, key.Fingerprint)
	if secret != "" {
		answer["secret"] = secret
		text += fmt.Sprintf("secret       %s\n", secret)
	}
	return answer, text
}

type keysListCmd struct {
	onInstallation
	Channel string `required:"" help:"Slug or alias of the channel."`
}

func (c *keysListCmd) Run(ctx context.Context, t terminal) error {
	a, who, channel, err := c.openChannel(ctx, t, c.Channel)
	if err != nil {
		return err
	}
	defer closing(a)
	keys, err := a.Keys.List(ctx, who, channel.ID)
	if err != nil {
		return refused(err)
	}
	answers := []map[string]any{}
	rows := [][]string{{"ID", "NAME", "STATE", "SIGNS", "DIALECT", "PLATFORMS", "FINGERPRINT", "LAST USED", "LIVE SESSIONS", "ENDS"}}
	for _, k := range keys {
		platforms := []string{}
		for _, p := range k.Platforms {
			platforms = append(platforms, string(p))
		}
		answers = append(answers, withPublic(k.Public, map[string]any{
			"id": k.ID, "name": k.Name, "state": k.State, "signs": k.Signs, "dialect": k.Dialect, "platforms": platforms,
			"fingerprint": k.Fingerprint, "last_used": timeOrNil(k.LastUsedAt), "live_sessions": k.LiveSessions,
			"ends_at": timeOrNil(k.EndsAt), "sign_by": timeOrNil(k.SignBy), "imported": k.Imported, "reveal": k.Reveal,
			"revoked_at": timeOrNil(k.RevokedAt), "compromised_since": timeOrNil(k.CompromisedSince), "origins": origins(k.Uses),
		}))
		rows = append(rows, []string{k.ID, k.Name, standing(k.KeyRow), k.Signs, spoken(k.KeyRow), strings.Join(platforms, ","), k.Fingerprint,
			timeOr(k.LastUsedAt, "never"), strconv.Itoa(k.LiveSessions), ends(k.KeyRow)})
	}
	return c.print(t, map[string]any{"keys": answers}, func() string {
		if len(keys) == 0 {
			return "no keys yet: countersign keys generate --channel " + channel.Slug + "\n"
		}
		return columns(rows)
	})
}

type keysRotateCmd struct {
	onInstallation
	Channel    string   `required:"" help:"Slug or alias of the channel."`
	Key        string   `required:"" help:"Id of the key to put aside."`
	Name       string   `help:"Name of the new key for people. Default: the old one's with the date."`
	Overlap    duration `help:"How long the old key verifies on: 168h, 0." default:"168h"`
	SecretFile string   `help:"Use this secret for the new key instead of a random one; - for standard input." placeholder:"F"`
	Insist     bool     `help:"Take a short, guessable or published secret all the same; recorded."`
}

func (c *keysRotateCmd) Run(ctx context.Context, t terminal) error {
	secret := ""
	if c.SecretFile != "" {
		var err error
		if secret, err = (secretSource{SecretFile: c.SecretFile}).read(t); err != nil {
			return err
		}
	}
	a, who, channel, err := c.openChannel(ctx, t, c.Channel)
	if err != nil {
		return err
	}
	defer closing(a)
	key, generated, err := a.Keys.Rotate(ctx, who, trust.Rotation{Channel: channel.ID, Key: c.Key, Name: c.Name, Overlap: time.Duration(c.Overlap), Secret: secret, Insist: c.Insist})
	if err != nil {
		return refused(err)
	}
	old, err := c.putAside(ctx, a, who, channel.ID)
	if err != nil {
		return refused(err)
	}
	answer, text := newKey(key, generated)
	answer["old_ends_at"] = timeOrNil(old.EndsAt)
	return c.print(t, answer, func() string {
		if old.State != string(keyring.Retiring) {
			return text + "old key      verifies no longer\n"
		}
		return text + "old key      verifies until " + timeOr(old.EndsAt, "") + "\n"
	})
}

// putAside is the old key as the rotation left it.
func (c *keysRotateCmd) putAside(ctx context.Context, a *app.App, who policy.Principal, channel string) (trust.ListedKey, error) {
	keys, err := a.Keys.List(ctx, who, channel)
	for _, k := range keys {
		if k.ID == c.Key {
			return k, nil
		}
	}
	return trust.ListedKey{}, err
}

type keysSignByCmd struct {
	onInstallation
	Key string    `required:"" help:"Id of a retiring key."`
	At  time.Time `required:"" help:"RFC 3339 time."`
}

func (c *keysSignByCmd) Run(ctx context.Context, t terminal) error {
	at := c.At.UTC().Format(time.RFC3339)
	text := fmt.Sprintf("%s: proofs with a time, JWT and v1, are refused when they were issued after %s; a bare hash carries none and ends with the key\n", c.Key, at)
	return c.change(ctx, t, map[string]any{"key": c.Key, "sign_by": at}, text, func(a *app.App, who policy.Principal) error {
		return a.Keys.SignBy(ctx, who, c.Key, c.At)
	})
}

type keysRevealCmd struct {
	onInstallation
	Key    string `required:"" help:"Id of a key that was made with --reveal request."`
	Reason string `required:"" help:"Why, for the record."`
}

func (c *keysRevealCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	secret, err := a.Keys.Reveal(ctx, who, c.Key, c.Reason)
	if err != nil {
		return refused(err)
	}
	return c.print(t, map[string]any{"key": c.Key, "secret": secret}, func() string { return secret + "\n" })
}

type keysRenameCmd struct {
	onInstallation
	Key  string `required:"" help:"Id of the key."`
	Name string `required:"" help:"Name for people."`
}

func (c *keysRenameCmd) Run(ctx context.Context, t terminal) error {
	return c.change(ctx, t, map[string]any{"key": c.Key, "name": c.Name}, c.Key+": "+c.Name+"\n", func(a *app.App, who policy.Principal) error {
		return a.Keys.Rename(ctx, who, c.Key, c.Name)
	})
}

type keysExtendCmd struct {
	onInstallation
	Key string    `required:"" help:"Id of a retiring key."`
	To  time.Time `required:"" help:"RFC 3339 time at which it ends."`
}

func (c *keysExtendCmd) Run(ctx context.Context, t terminal) error {
	to := c.To.UTC().Format(time.RFC3339)
	return c.change(ctx, t, map[string]any{"key": c.Key, "ends_at": to}, fmt.Sprintf("%s: verifies until %s\n", c.Key, to), func(a *app.App, who policy.Principal) error {
		return a.Keys.Extend(ctx, who, c.Key, c.To)
	})
}

type keysFinishCmd struct {
	onInstallation
	Key string `required:"" help:"Id of a retiring key."`
}

func (c *keysFinishCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	ended, err := a.Keys.Finish(ctx, who, c.Key)
	if err != nil {
		return refused(err)
	}
	return printEnded(&c.onInstallation, t, c.Key, "retired", ended)
}

type keysRevokeCmd struct {
	onInstallation
	Key              string    `required:"" help:"Id of the key."`
	CompromisedSince time.Time `help:"The secret was known to others since this time (RFC 3339). Without it: replaced."`
}

func (c *keysRevokeCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	done, err := a.Keys.Revoke(ctx, who, c.Key, c.CompromisedSince)
	if err != nil {
		return refused(err)
	}
	if c.CompromisedSince.IsZero() {
		return printEnded(&c.onInstallation, t, c.Key, "revoked", done.SessionsEnded)
	}
	cut := done.Cut
	answer := map[string]any{
		"key": c.Key, "state": "revoked", "sessions_ended": done.SessionsEnded, "compromised_since": c.CompromisedSince.UTC().Format(time.RFC3339),
		"cut": map[string]any{"links": cut.Links, "claims": cut.Claims, "attributes": cut.Attributes, "conversations": cut.Conversations, "messages": cut.Messages},
	}
	return c.print(t, answer, func() string {
		return fmt.Sprintf("%s: revoked, %d session(s) ended\n", c.Key, done.SessionsEnded) +
			fmt.Sprintf("proved since %s: %d identifier(s) and %d claimed thread(s) cut, %d attribute(s) only claimed now, %d message(s) in %d conversation(s) marked\n",
				c.CompromisedSince.UTC().Format(time.RFC3339), cut.Links, cut.Claims, cut.Attributes, cut.Messages, cut.Conversations) +
			"who is concerned: the console's page of the key, or GET /api/v1/keys/" + c.Key + "/compromise\n"
	})
}

type keysRewrapCmd struct {
	onInstallation
	NewMasterKeyFile string `help:"File to make the new master key in. Default: the place of the old one, which is kept beside it." placeholder:"FILE"`
}

func (c *keysRewrapCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	done, err := a.Rewrap(ctx, who, c.NewMasterKeyFile)
	if err != nil {
		return refused(err)
	}
	return c.print(t, map[string]any{"id": done.ID, "file": done.File, "old_id": done.OldID, "old_file": done.OldFile}, func() string {
		return fmt.Sprintf("master key %s in %s opens this data now; %s in %s no longer does\n", done.ID, done.File, done.OldID, cmp.Or(done.OldFile, "the environment"))
	})
}

// standing is a key's state in one word, or in two that matter.
func standing(k trust.KeyRow) string {
	if !k.CompromisedSince.IsZero() {
		return "compromised"
	}
	return k.State
}

// ends is when a key that was put aside verifies no more.
func ends(k trust.KeyRow) string {
	if k.State != string(keyring.Retiring) {
		return ""
	}
	return timeOr(k.EndsAt, "")
}

// origins are the pages whose proofs a key made.
func origins(uses []trust.KeyUse) []map[string]any {
	list := []map[string]any{}
	for _, use := range uses {
		list = append(list, map[string]any{"origin": use.Origin, "platform": string(use.Platform), "sessions": use.Sessions, "last_at": timeOrNil(use.At)})
	}
	return list
}

func printEnded(o *onInstallation, t terminal, key, state string, ended int) error {
	return o.print(t, map[string]any{"key": key, "state": state, "sessions_ended": ended}, func() string {
		return fmt.Sprintf("%s: %s, %d session(s) ended\n", key, state, ended)
	})
}

// duration is a time.Duration that also takes a bare 0.
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	if string(text) == "0" {
		*d = 0
		return nil
	}
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no duration; hours are the longest unit: 168h", text)
	}
	if parsed < 0 {
		return errors.New("cannot be negative")
	}
	*d = duration(parsed)
	return nil
}

func timeOr(t time.Time, otherwise string) string {
	if t.IsZero() {
		return otherwise
	}
	return t.UTC().Format(time.RFC3339)
}

func timeOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

// refused turns a room's refusal into the exit status that scripts expect.
func refused(err error) error {
	switch {
	case errors.Is(err, trust.ErrConflict):
		return no("conflict: %s", strings.TrimPrefix(told(err), "conflict: "))
	case errors.Is(err, trust.ErrInvalid), errors.Is(err, workspace.ErrInvalid), errors.Is(err, team.ErrInvalid):
		return misuse("%s", strings.TrimPrefix(told(err), "invalid: "))
	}
	return no("%s", told(err))
}
