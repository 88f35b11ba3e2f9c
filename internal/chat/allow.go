package chat

import (
	"context"
	"fmt"
	"time"

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
	switch outcome, err = c.spent(ctx, e.verdict, e.channel, contact.Scope, e.now); {
	case err != nil || outcome == "":
		return "", err
	case outcome == OutcomeBlocked:
		return outcome, ErrSessionEnded
	}
	return outcome, ErrProofSpent
}

// Spent says why a right proof opens nothing for its person; empty if it does. It opens
// nothing itself and counts nowhere: for whoever asks and lets in themselves.
func (c *Chat) Spent(ctx context.Context, verdict policy.Verdict, channel workspace.Channel) (outcome string, err error) {
	e := entrance{verdict: verdict, channel: channel, now: c.pulse.Now()}
	contact, err := e.contact("")
	if err != nil {
		return "", err
	}
	return c.spent(ctx, verdict, channel, contact.Scope, e.now)
}

func (c *Chat) spent(ctx context.Context, verdict policy.Verdict, channel workspace.Channel, scope string, now time.Time) (outcome string, err error) {
	proof := recordOf(verdict)
	known, denied, err := c.store.Expected(ctx, channel.Workspace, verdict.Identifiers()[0], scope, proof.Proof)
	if err != nil {
		return "", fmt.Errorf("chat: read whether a proof still opens anything: %w", err)
	}
	if outcome = known.Refuses(proof, now); outcome == "" && denied {
		outcome = OutcomeDenied
	}
	return outcome, nil
}
