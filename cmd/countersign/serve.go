package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"countersign/internal/app"
	"countersign/internal/config"
)

type serveCmd struct {
	config.Installation `embed:""`
	config.Server       `embed:""`
}

func (c *serveCmd) Run(ctx context.Context, t terminal) error {
	c.MasterKey = t.Getenv(config.Prefix + "MASTER_KEY")
	if err := checkOptions(t, c.Installation, c.Server); err != nil {
		return err
	}
	a, err := app.Open(ctx, c.Installation, "srv")
	if err != nil {
		return no("%v", err)
	}
	defer closing(a)
	if demo, err := a.IsDemo(ctx); err != nil {
		return err
	} else if demo {
		return no("%v", app.ErrDemoData)
	}
	notes(t, a)
	running, err := a.Start(ctx, c.Server, logger(c.Server))
	if err != nil {
		return no("%v", err)
	}
	fmt.Fprintf(t.Out, "Countersign serves %s\n", running.Base)
	if err := printOwnerLink(ctx, t, a, running.Base); err != nil {
		return err
	}
	return running.Wait()
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

// printOwnerLink prints a fresh link while no owner has set a password. There is no default one.
func printOwnerLink(ctx context.Context, t terminal, a *app.App, base string) error {
	token, needed, err := a.Team.FirstOwner(ctx, a.System("start"))
	if err != nil {
		return err
	}
	if needed {
		fmt.Fprintf(t.Out, "Console    %s/console/setup#%s\n           sets the owner's password; works once, for an hour\n", base, token)
		return nil
	}
	fmt.Fprintf(t.Out, "Console    %s/console\n", base)
	return nil
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
