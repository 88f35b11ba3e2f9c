package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"

	"countersign/identity/policy"
	"countersign/internal/app"
	"countersign/internal/config"
	"countersign/internal/workspace"
)

// onInstallation is embedded by every command that works on data.
type onInstallation struct {
	config.Installation `embed:"" group:"Which installation:"`
	JSON                bool `name:"json" help:"Answer as JSON."`
}

// make opens the installation for a command that may be the first one on it.
func (o *onInstallation) make(ctx context.Context, t terminal) (*app.App, policy.Principal, error) {
	return o.openBy(ctx, t, app.Open)
}

// makeFirst is make for a command that makes no workspace but the first.
func (o *onInstallation) makeFirst(ctx context.Context, t terminal) (*app.App, policy.Principal, error) {
	return o.openBy(ctx, t, app.OpenKnown)
}

type opener func(ctx context.Context, cfg config.Installation, role string) (*app.App, error)

func (o *onInstallation) openBy(ctx context.Context, t terminal, open opener) (*app.App, policy.Principal, error) {
	for _, sentence := range unknownVariables() {
		fmt.Fprintln(t.Err, "countersign: warning:", sentence)
	}
	o.Installation = o.At(config.DefaultData)
	o.MasterKey = t.Getenv(config.Prefix + "MASTER_KEY")
	if err := o.Check(); err != nil {
		return nil, policy.Principal{}, misuse("%v", err)
	}
	a, err := open(ctx, o.Installation, "cli")
	if err != nil {
		return nil, policy.Principal{}, no("%s", told(err))
	}
	for _, note := range a.Notes {
		fmt.Fprintln(t.Err, "countersign:", note)
	}
	return a, policy.ForSystem(o.Workspace, "cli:"+systemUser()), nil
}

// open opens an installation that is there already; the caller closes it. A
// misspelt directory is an answer, and not a new and empty installation.
func (o *onInstallation) open(ctx context.Context, t terminal) (*app.App, policy.Principal, error) {
	if at := o.At(config.DefaultData); at.Database == "" && !app.Exists(at) {
		return nil, policy.Principal{}, no("there is no data in %s; serve or channel create makes it", at.Data)
	}
	return o.makeFirst(ctx, t)
}

// channel finds a channel by slug or alias.
func (o *onInstallation) channel(ctx context.Context, a *app.App, who policy.Principal, name string) (workspace.Channel, error) {
	channel, err := a.Channels.Find(ctx, who, name)
	if errors.Is(err, workspace.ErrNotFound) {
		return channel, no("there is no channel %s in the workspace %s", name, o.Workspace)
	}
	if err != nil {
		return channel, refused(err)
	}
	return channel, nil
}

// openChannel opens an installation for a command on one of its channels; the
// caller closes it.
func (o *onInstallation) openChannel(ctx context.Context, t terminal, name string) (*app.App, policy.Principal, workspace.Channel, error) {
	a, who, err := o.open(ctx, t)
	if err != nil {
		return nil, who, workspace.Channel{}, err
	}
	channel, err := o.channel(ctx, a, who, name)
	if err != nil {
		closing(a)
		return nil, who, channel, err
	}
	return a, who, channel, nil
}

// inCode matches what rooms put before their sentences for those who read code.
var inCode = regexp.MustCompile(`\b(app|audit|chat|keyring|policy|store|team|trust|workspace): `)

// told is an error in the words that are for people.
func told(err error) string { return inCode.ReplaceAllString(err.Error(), "") }

// systemUser names who typed the command, for the audit.
func systemUser() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "unknown"
}

// print writes one answer: as JSON, or by text.
func (o *onInstallation) print(t terminal, answer any, text func() string) error {
	if o.JSON {
		encoder := json.NewEncoder(t.Out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(answer)
	}
	_, err := fmt.Fprint(t.Out, text())
	return err
}

// change does one thing to what is there, and then says how that stands.
func (o *onInstallation) change(ctx context.Context, t terminal, answer map[string]any, text string, do func(*app.App, policy.Principal) error) error {
	a, who, err := o.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	if err := do(a, who); err != nil {
		return refused(err)
	}
	return o.print(t, answer, func() string { return text })
}

// fileTwins resolves a secret option from the file that its _FILE variable names.
func fileTwins(getenv func(string) string) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if !flag.Tag.Has("secret") || len(flag.Envs) == 0 {
			return nil, nil
		}
		path := getenv(flag.Envs[0] + "_FILE")
		if path == "" || getenv(flag.Envs[0]) != "" {
			return nil, nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%s_FILE: %w", flag.Envs[0], err)
		}
		return lessLineBreak(string(text)), nil
	})
}

// columns aligns rows for a terminal; the first row is the heading.
func columns(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-len([]rune(cell))+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
