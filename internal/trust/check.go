package trust

import (
	"context"
	"fmt"

	"countersign/identity/policy"
	"countersign/internal/workspace"
)

// Check judges an assertion for a program that has a chat of its own: the same ring,
// the same decision and the same record of a refusal as Admit, and no session. The
// channel is one of the program's own workspace, so that nobody can ask about another's
// keys. What it answers is an operator's to know, the exact reason too.
func (g *Gate) Check(ctx context.Context, who policy.Principal, arrival Arrival) (policy.Verdict, error) {
	if !who.May(policy.VerifyIdentity) {
		return policy.Verdict{}, policy.ErrForbidden
	}
	channel, err := g.names.ByName(ctx, arrival.Channel)
	if err != nil {
		return policy.Verdict{}, err
	}
	if channel.Workspace != who.Workspace() {
		return policy.Verdict{}, workspace.ErrNotFound
	}
	arrival.Renew, arrival.Allow = nil, nil
	j, channel, err := g.weigh(ctx, arrival)
	if err != nil {
		return policy.Verdict{}, err
	}
	if j.verdict.Tier() == policy.Verified && j.verdict.Refusal() == policy.NotRefused {
		return j.verdict, nil // no session was opened: there is nothing to record
	}
	if err := g.record(ctx, channel, j); err != nil {
		return policy.Verdict{}, fmt.Errorf("trust: recording a judgement: %w", err)
	}
	return j.verdict, nil
}
