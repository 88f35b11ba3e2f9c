package chat

import (
	"context"
	"fmt"

	"countersign/identity/policy"
	"countersign/internal/workspace"
)

// Allow says, before the gate records that a verified person comes in, whether that
// person may: not while blocked, not by a proof that an operator or a log-out has
// ended, and not more often than a person opens sessions.
// Otherwise the record would tell of sessions that never were, as many as somebody
// with one valid proof cares to ask for. outcome is what the record should say
// instead; empty: nothing. The session that the proof was sent from does not go on as
// somebody else, as with every answer of Open.
func (c *Chat) Allow(ctx context.Context, verdict policy.Verdict, channel workspace.Channel, device Device) (outcome string, err error) {
	if verdict.Refusal() != policy.NotRefused || verdict.Tier() != policy.Verified {
		return "", nil // recorded as what it is, and limited by Open
	}
	outcome, err = c.allow(ctx, entrance{verdict: verdict, channel: channel, device: device, now: c.pulse.Now()})
	if err == nil || device.Replaces == "" {
		return outcome, err
	}
	if failed := c.leave(ctx, device.Replaces, verdict); failed != nil {
		return outcome, failed
	}
	return outcome, err
}

func (c *Chat) allow(ctx context.Context, e entrance) (outcome string, err error) {
	contact, err := e.contact("")
	if err != nil {
		return "", err
	}
	if !c.openings.reserve(e.limitKey(), e.now) {
		return "", ErrTooMany
	}
	proof := recordOf(e.verdict)
	known, denied, err := c.store.Expected(ctx, e.channel.Workspace, e.verdict.Identifiers()[0], contact.Scope, proof.Proof)
	if err != nil {
		return "", fmt.Errorf("chat: read whether a proof still opens anything: %w", err)
	}
	outcome = known.Refuses(proof, e.now)
	switch {
	case outcome == OutcomeBlocked:
		return outcome, ErrSessionEnded
	case outcome != "":
		return outcome, ErrProofSpent
	case denied:
		return OutcomeDenied, ErrProofSpent
	}
	return "", nil
}
