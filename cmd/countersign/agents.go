package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"countersign/identity/policy"
	"countersign/internal/app"
	"countersign/internal/team"
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
	BaseURL string `help:"Public address of the console, for the link. Default: where the server last served." env:"COUNTERSIGN_CONSOLE_URL,COUNTERSIGN_BASE_URL" placeholder:"URL"`
}

func (l linkBase) link(ctx context.Context, a *app.App, token string) (string, error) {
	base := strings.TrimRight(l.BaseURL, "/")
	if base == "" {
		served, err := a.LastBase(ctx)
		if err != nil {
			return "", err
		}
		base = served
	}
	return base + "/console/setup#" + token, nil
}

func (c *agentsAddCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.makeFirst(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	agent, token, err := a.Team.Invite(ctx, who, c.Email, policy.Role(c.Role))
	if errors.Is(err, team.ErrTaken) {
		return c.taken(ctx, a, who)
	}
	if err != nil {
		return refused(err)
	}
	link, err := c.link(ctx, a, token)
	if err != nil {
		return refused(err)
	}
	return c.print(t, map[string]any{"id": agent.ID, "link": link, "until": agent.InvitedUntil.UTC()}, func() string {
		return fmt.Sprintf("%s\n%s\n", agent.ID, link)
	})
}

// taken says who has the address, and what to do about it.
func (c *agentsAddCmd) taken(ctx context.Context, a *app.App, who policy.Principal) error {
	agents, err := a.Team.Agents(ctx, who)
	if err != nil {
		return refused(err)
	}
	for _, agent := range agents {
		switch {
		case agent.Email != team.FoldEmail(c.Email):
		case agent.Joined:
			return no("this address is taken: %s is a colleague with the role %s. Change the role in the console, under Team; countersign owner reset is for an owner who lost the password", agent.Email, agent.Role)
		default:
			return no("this address is taken: %s is invited with the role %s and has not joined. --role %s makes a fresh link; change the role in the console, under Team", agent.Email, agent.Role, agent.Role)
		}
	}
	return refused(team.ErrTaken)
}

type teamCmd struct {
	SecondFactor teamFactorCmd `cmd:"" help:"Whether owner and security need a second factor for keys, enforcement, the team and tokens."`
}

type teamFactorCmd struct {
	onInstallation
	Rule string `arg:"" optional:"" default:"show" help:"on or off; show says how it is." enum:"on,off,show"`
}

func (c *teamFactorCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	if c.Rule != "show" {
		if err := a.Team.RequireFactor(ctx, who, c.Rule == "on"); err != nil {
			return refused(err)
		}
	}
	required, err := a.Team.FactorRequired(ctx, who)
	if err != nil {
		return refused(err)
	}
	return c.print(t, map[string]any{"second_factor": required}, func() string {
		if required {
			return "on: owner and security need a second factor\n"
		}
		return "off: a password is enough for everybody\n"
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
	a, who, err := c.makeFirst(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	token, err := a.Team.OwnerReset(ctx, who)
	if err != nil {
		return refused(err)
	}
	link, err := c.link(ctx, a, token)
	if err != nil {
		return refused(err)
	}
	return c.print(t, map[string]any{"link": link}, func() string { return link + "\n" })
}
