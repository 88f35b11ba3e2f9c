package main

import (
	"context"
	"fmt"

	"countersign/identity/policy"
	"countersign/internal/config"
)

type agentsCmd struct {
	Add agentsAddCmd `cmd:"" help:"Add a teammate; prints a one-use link that sets the password."`
}

type agentsAddCmd struct {
	onInstallation
	linkBase
	Email string `required:"" help:"Address that they sign in with."`
	Role  string `required:"" help:"owner, security, admin, agent or auditor." enum:"owner,security,admin,agent,auditor"`
}

// linkBase is where printed links lead.
type linkBase struct {
	Listen  string `hidden:"" default:"127.0.0.1:8080" env:"COUNTERSIGN_LISTEN"`
	BaseURL string `help:"Public address of the console, for the link." env:"COUNTERSIGN_BASE_URL" placeholder:"URL"`
}

func (l linkBase) link(token string) string {
	return config.Server{Listen: l.Listen, BaseURL: l.BaseURL}.Base() + "/console/setup#" + token
}

func (c *agentsAddCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	agent, token, err := a.Team.Invite(ctx, who, c.Email, policy.Role(c.Role))
	if err != nil {
		return refused(err)
	}
	link := c.link(token)
	return c.print(t, map[string]any{"id": agent.ID, "link": link}, func() string {
		return fmt.Sprintf("%s\n%s\n", agent.ID, link)
	})
}

type ownerCmd struct {
	Reset ownerResetCmd `cmd:"" help:"Print a one-use link that sets the owner's password anew."`
}

type ownerResetCmd struct {
	onInstallation
	linkBase
}

func (c *ownerResetCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	token, err := a.Team.OwnerReset(ctx, who)
	if err != nil {
		return refused(err)
	}
	link := c.link(token)
	return c.print(t, map[string]any{"link": link}, func() string { return link + "\n" })
}
