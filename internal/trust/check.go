package trust

import (
	"context"
	"fmt"

	"countersign/identity"
	"countersign/identity/policy"
	"countersign/internal/workspace"
)

// Checked is what the gate says of an assertion that opens nothing here.
type Checked struct {
	policy.Verdict
	Outcome string          // why the proof, although it is right, would open nothing; empty if it would
	Why     identity.Reason // the reason of that which is truest; empty: the person is kept out
	Because string          // the outcome in a sentence
}

// outcomes :: outcome → what a backend is told of it.
var outcomes = map[string]string{
	"blocked": "The proof is right, and its person is blocked.", "not_before": "The proof was made before all sessions of its person were ended.",
	"bare_hash": "Hashes, which do not say when they were made, are refused for this person.", "logged_out": "A log-out has ended this token.",
}

// Check judges an assertion for a program that has a chat of its own: the same ring,
// the same decision and the same record of a refusal as Admit, and no session. The
// arrival's Allow is asked as Admit asks it, and answers without an error. The
// channel is one of the program's own workspace, so that nobody can ask about another's
// keys. What it answers is an operator's to know, the exact reason too.
func (g *Gate) Check(ctx context.Context, who policy.Principal, arrival Arrival) (Checked, error) {
	if !who.May(policy.VerifyIdentity) {
		return Checked{}, policy.ErrForbidden
	}
	channel, err := g.names.ByName(ctx, arrival.Channel)
	if err != nil {
		return Checked{}, err
	}
	if channel.Workspace != who.Workspace() {
		return Checked{}, workspace.ErrNotFound
	}
	arrival.Renew = nil
	j, channel, err := g.weigh(ctx, arrival)
	if err != nil {
		return Checked{}, err
	}
	outcome, err := j.allowed(ctx, channel)
	if err != nil {
		return Checked{}, err
	}
	switch {
	case outcome != "":
		err = g.flood.record(ctx, g.kept(channel, j, outcome))
	case j.verdict.Tier() != policy.Verified || j.verdict.Refusal() != policy.NotRefused:
		err = g.record(ctx, channel, j)
	} // else no session was opened: there is nothing to record
	if err != nil {
		return Checked{}, fmt.Errorf("trust: recording a judgement: %w", err)
	}
	return Checked{Verdict: j.verdict, Outcome: outcome, Why: spent[outcome], Because: outcomes[outcome]}, nil
}
