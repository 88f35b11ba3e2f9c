package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/internal/trust"
)

type registrationCmd struct {
	Create  registrationCreateCmd  `cmd:"" help:"Print a token with which one site can register itself, within thirty minutes."`
	List    registrationListCmd    `cmd:"" help:"List tokens and the sites that came with them."`
	Confirm registrationConfirmCmd `cmd:"" help:"Confirm a site: its channel and its key exist from then on."`
	Refuse  registrationRefuseCmd  `cmd:"" help:"Refuse a site, or take an unused token back."`
}

type registrationCreateCmd struct{ onInstallation }

func (c *registrationCreateCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.makeFirst(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	r, token, err := a.Registrar.Create(ctx, who)
	if err != nil {
		return refused(err)
	}
	return c.print(t, map[string]any{"id": r.ID, "token": token, "expires_at": r.ExpiresAt.UTC()}, func() string { return r.ID + "\n" + token + "\n" })
}

type registrationListCmd struct{ onInstallation }

func (c *registrationListCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	list, err := a.Registrar.List(ctx, who)
	if err != nil {
		return refused(err)
	}
	now, answers := a.Registrar.Now(), []map[string]any{}
	for _, r := range list {
		answers = append(answers, registrationAnswer(r, now))
	}
	return c.print(t, map[string]any{"registrations": answers}, func() string {
		if len(list) == 0 {
			return "no registrations: countersign registration create makes a token\n"
		}
		rows := [][]string{{"ID", "STATE", "SITE", "NAME", "FROM", "CHANNEL"}}
		for _, r := range list {
			rows = append(rows, []string{r.ID, string(r.State(now)), r.Site, r.Name, r.Network, r.Slug})
		}
		return columns(rows)
	})
}

func registrationAnswer(r trust.Registration, now time.Time) map[string]any {
	answer := map[string]any{"id": r.ID, "state": r.State(now), "created_by": r.CreatedBy, "created_at": r.CreatedAt.UTC(), "expires_at": r.ExpiresAt.UTC()}
	if !r.UsedAt.IsZero() {
		answer["site"], answer["name"], answer["software"], answer["network"] = r.Site, r.Name, r.Software, r.Network
		answer["slug"], answer["used_at"] = r.Slug, r.UsedAt.UTC()
	}
	if r.Confirmed {
		answer["channel"], answer["key"] = r.Channel, r.Key
	}
	return answer
}

type registrationConfirmCmd struct {
	onInstallation
	ID   string `name:"id" required:"" help:"Of the registration, as list shows it."`
	Site string `required:"" help:"The site's address, typed again: it is what is confirmed."`
}

func (c *registrationConfirmCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	list, err := a.Registrar.List(ctx, who)
	if err != nil {
		return refused(err)
	}
	at := slices.IndexFunc(list, func(r trust.Registration) bool { return r.ID == c.ID })
	if at < 0 { // whose site nobody could compare
		return noRegistration(c.ID, trust.ErrNoRegistration)
	}
	if site := list[at].Site; site != c.Site {
		return no("the site that registered is %q, and not %q: nothing was confirmed", site, c.Site)
	}
	r, err := a.Registrar.Confirm(ctx, who, c.ID, "")
	if err != nil {
		return noRegistration(c.ID, err)
	}
	return c.print(t, registrationAnswer(r, a.Registrar.Now()), func() string {
		return fmt.Sprintf("%s is confirmed: channel %s, key %s\n", r.Site, r.Slug, r.Key)
	})
}

type registrationRefuseCmd struct {
	onInstallation
	ID string `name:"id" required:"" help:"Of the registration, as list shows it."`
}

func (c *registrationRefuseCmd) Run(ctx context.Context, t terminal) error {
	a, who, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer closing(a)
	if err := a.Registrar.Refuse(ctx, who, c.ID); err != nil {
		return noRegistration(c.ID, err)
	}
	return c.print(t, map[string]any{"id": c.ID, "state": trust.RegistrationRefused}, func() string { return c.ID + " is refused\n" })
}

func noRegistration(id string, err error) error {
	if errors.Is(err, trust.ErrNoRegistration) {
		return no("there is no registration %s", id)
	}
	return refused(err)
}
