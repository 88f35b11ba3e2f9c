package team

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"countersign/identity/policy"
	"countersign/internal/audit"
)

// Confirm takes the agent's own password once more, so that whoever finds a console
// open cannot do in it what would make them a customer. It is as limited as signing
// in, by the same counts: a guess here is a guess there. ErrRefused if it is wrong.
func (t *Team) Confirm(ctx context.Context, who policy.Principal, password string, from netip.Addr) error {
	agent, err := t.self(ctx, who)
	if err != nil {
		return err
	}
	if err := t.own(ctx, agent, password, from); err != nil {
		return err
	}
	draft := draftOf(who.Needing(), audit.AgentConfirmed, who.ID(), "login", who.Login())
	if err := t.store.ConfirmLogin(ctx, who.Workspace(), who.Login(), agent.Password, t.now(), draft); err != nil {
		return fmt.Errorf("team: confirming: %w", err)
	}
	t.seen.forgetLogin(who.Login())
	return nil
}

// own checks a password against one agent's in its turn, counted as a sign-in is.
func (t *Team) own(ctx context.Context, agent Agent, password string, from netip.Addr) error {
	if agent.Password == "" {
		return errors.New("team: an agent without a password holds a login")
	}
	if len(password) > maxPassword {
		return ErrRefused
	}
	counts := countersOf(agent.Email, network(from))
	tries, err := t.passwordTries(ctx, counts)
	if err != nil {
		return err
	}
	if err := t.take(ctx, tries); err != nil {
		return err
	}
	release, err := t.slot(ctx)
	if err != nil {
		return err
	}
	right, err := checkPassword(agent.Password, password)
	release()
	switch {
	case err != nil:
		return fmt.Errorf("team: agent %s: %w", agent.ID, err)
	case !right:
		return t.note(context.WithoutCancel(ctx), []Agent{agent}, counts.network, "")
	}
	return t.forgive(ctx, tries)
}

// BeginConfirm asks for one of the agent's own passkeys.
func (t *Team) BeginConfirm(ctx context.Context, who policy.Principal, site Site) (Challenge, error) {
	agent, err := t.self(ctx, who)
	if err != nil {
		return Challenge{}, err
	}
	a, err := t.account(ctx, agent)
	if err != nil {
		return Challenge{}, err
	}
	if len(a.keys) == 0 {
		return Challenge{}, ErrNotFound
	}
	challenge, c, err := t.ask(site, &a)
	if err == nil {
		challenge.Step, err = t.sealCeremony(c, "confirm", who.Login())
	}
	return challenge, err
}

// ConfirmByPasskey is Confirm by one of the agent's own passkeys.
func (t *Team) ConfirmByPasskey(ctx context.Context, who policy.Principal, a Assertion) error {
	agent, err := t.self(ctx, who)
	if err != nil {
		return err
	}
	c, err := t.openCeremony(a.Step, "confirm", who.Login())
	if err != nil {
		return err
	}
	own, err := t.account(ctx, agent)
	if err != nil {
		return err
	}
	use, err := t.judge(a.Site, own, c, a.Proof)
	if errors.Is(err, ErrRefused) {
		return t.failed(ctx, []Agent{agent}, "passkey", a.From)
	}
	if err != nil {
		return err
	}
	draft := draftOf(who.Needing(), audit.AgentConfirmed, who.ID(), "login", who.Login(), "factor", "passkey")
	if err := t.store.ConfirmByPasskey(ctx, who.Login(), use, t.now(), draft); err != nil {
		return fmt.Errorf("team: confirming: %w", err)
	}
	t.seen.forgetLogin(who.Login())
	return nil
}
