package api

import (
	"context"

	"countersign/identity/policy"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// Gate judges an assertion without opening a session.
type Gate interface {
	Check(ctx context.Context, who policy.Principal, arrival trust.Arrival) (trust.Checked, error)
}

// Sessions says what an operator or a log-out has said of a person's proofs.
type Sessions interface {
	Spent(ctx context.Context, verdict policy.Verdict, channel workspace.Channel) (outcome string, err error)
}

// verify answers 200 to a refused proof too: the question was answered.
func (d *Door) verify(ctx context.Context, c *httpapi.Call[policy.Principal], in wire.CheckAssertion) (wire.CheckedAssertion, error) {
	if in.Channel == "" {
		return wire.CheckedAssertion{}, httpapi.Impossible("The channel is missing: send its slug or an alias.")
	}
	assertion := httpapi.ReadAssertion(in.Assertion)
	assertion.Platform = in.Platform
	verdict, err := d.Gate.Check(ctx, c.Who, trust.Arrival{
		Channel: in.Channel, Platform: policy.Platform(in.Platform), Assertion: assertion, Allow: d.Sessions.Spent,
	})
	if err != nil {
		return wire.CheckedAssertion{}, err
	}
	if verdict.Outcome != "" {
		return wire.CheckedAssertion{
			Refusal: string(policy.IdentityRefused), Reason: string(verdict.Why), Message: verdict.Because,
		}, nil
	}
	out := wire.CheckedAssertion{
		Verified: verdict.Tier() == policy.Verified && verdict.Refusal() == policy.NotRefused,
		Refusal:  string(verdict.Refusal()), Reason: string(verdict.Reason()), Message: verdict.Message(),
	}
	if out.Refusal == "" {
		out.Tier = string(verdict.Tier())
	}
	if out.Verified {
		out.Method, out.Key, out.ExpiresAt = string(verdict.Method()), verdict.Key(), httpapi.Timestamp(verdict.Expires())
		out.Identifiers, out.Attributes = map[string]string{}, verdict.Attributes()
		for _, i := range verdict.Identifiers() {
			out.Identifiers[string(i.Kind)] = i.Value
		}
	}
	return out, nil
}
