package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"

	"countersign/internal/app"
	"countersign/internal/config"
)

type serveCmd struct {
	config.Installation `embed:""`
	config.Server       `embed:""`
	config.Mail         `embed:""`
	config.Files        `embed:""`
	JSON                bool `name:"json" help:"Say where it serves as one JSON object."`
}

func (c *serveCmd) Run(ctx context.Context, t terminal) error {
	c.MasterKey = t.Getenv(config.Prefix + "MASTER_KEY")
	if err := checkOptions(t, c.Installation, c.Server); err != nil {
		return err
	}
	c.Installation = c.At(config.DefaultData)
	a, err := app.Open(ctx, c.Installation, "srv")
	if err != nil {
		return unlessSignalled(ctx, no("%s", told(err)))
	}
	defer closing(a)
	if demo, err := a.IsDemo(ctx); err != nil {
		return err
	} else if demo {
		return no("%v", app.ErrDemoData)
	}
	notes(t, a)
	if err := a.SendMail(c.Mail); err != nil {
		return misuse("%v", err)
	}
	if err := a.KeepFiles(c.Installation, c.Files); err != nil {
		return misuse("%v", err)
	}
	running, err := a.Start(ctx, c.Server, logger(c.Server))
	if err != nil {
		return unlessSignalled(ctx, notStarted(err))
	}
	console, setup, err := consoleAddress(ctx, a, running.Base)
	if err != nil {
		return errors.Join(unlessSignalled(ctx, err), running.Stop())
	}
	if c.JSON {
		err = printJSON(t, map[string]any{"base": running.Base, "widget": running.Widget, "console": console, "setup": setup})
	} else {
		fmt.Fprintf(t.Out, "Countersign serves %s\n", running.Widget)
		if running.Widget != running.Base {
			fmt.Fprintf(t.Out, "and the console %s\n", running.Base)
		}
		fmt.Fprint(t.Out, consoleText(console, setup))
	}
	if err != nil {
		return errors.Join(err, running.Stop())
	}
	return running.Wait()
}

// unlessSignalled is why a server did not start, or nil when it was told to end first:
// then it ends as well as one that is told later.
func unlessSignalled(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}

// notStarted says what to do about an address that is taken.
func notStarted(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return no("%v: is it running already? --listen (COUNTERSIGN_LISTEN) names another address", err)
	}
	return no("%s", told(err))
}

// checkOptions warns of unknown variables and refuses what cannot work.
func checkOptions(t terminal, installation config.Installation, server config.Server) error {
	for _, sentence := range unknownVariables() {
		fmt.Fprintln(t.Err, "countersign: warning:", sentence)
	}
	if err := installation.Check(); err != nil {
		return misuse("%v", err)
	}
	if err := server.Check(); err != nil {
		return misuse("%v", err)
	}
	return nil
}

func notes(t terminal, a *app.App) {
	for _, note := range a.Notes {
		fmt.Fprintln(t.Err, "countersign:", note)
	}
}

// consoleAddress is where the console is. setup says that the link sets the owner's
// password: a fresh one at every start until it was used. There is no default password.
func consoleAddress(ctx context.Context, a *app.App, base string) (link string, setup bool, err error) {
	token, needed, err := a.Team.FirstOwner(ctx, a.System("start"))
	if err != nil || !needed {
		return base + "/console", false, err
	}
	return base + "/console/setup#" + token, true, nil
}

func consoleText(link string, setup bool) string {
	text := "Console    " + link + "\n"
	if setup {
		text += "           sets the owner's password; works once, for an hour\n"
	}
	return text
}

func logger(server config.Server) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(server.LogLevel)) // the enum admits only what parses
	options := &slog.HandlerOptions{Level: level}
	if server.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
