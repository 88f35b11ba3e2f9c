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
	if who.Kind() != policy.AgentPrincipal {
		return policy.ErrForbidden
	}
	agent, err := t.store.Agent(ctx, who.Workspace(), who.ID())
	if err != nil {
		return fmt.Errorf("team: who confirms: %w", refusal(err))
	}
	counts := countersOf(agent.Email, network(from))
	if err := t.admit(ctx, counts); err != nil {
		return err
	}
	right, err := t.own(ctx, agent, password, counts)
	if err != nil {
		return err
	}
	if !right {
		return t.refuse(context.WithoutCancel(ctx), []Agent{agent}, counts)
	}
	draft := draftOf(who.Needing(), audit.AgentConfirmed, who.ID(), "login", who.Login())
	if err := t.store.ConfirmLogin(ctx, who.Workspace(), who.Login(), agent.Password, t.now(), draft); err != nil {
		return fmt.Errorf("team: confirming: %w", err)
	}
	t.seen.forgetLogin(who.Login())
	return nil
}

// own checks a password against one agent's, in its turn.
func (t *Team) own(ctx context.Context, agent Agent, password string, c counters) (bool, error) {
	if len(password) > maxPassword {
		return false, nil
	}
	release, err := t.slot(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	if err := t.admit(ctx, c); err != nil {
		return false, err
	}
	if agent.Password == "" {
		return false, errors.New("team: an agent without a password holds a login")
	}
	return checkPassword(agent.Password, password)
}
