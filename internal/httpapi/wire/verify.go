package wire

import "time"

// CheckAssertion is what a product with a chat of its own asks: who is this?
type CheckAssertion struct {
	Channel   string    `json:"channel" doc:"Slug or alias of the channel whose keys decide."`
	Platform  string    `json:"platform,omitzero" doc:"web (the default), ios or android."`
	Assertion Assertion `json:"assertion"`
}

// CheckedAssertion is the verdict, with its exact reason: it is for your backend, and
// no page should see more of it than yes or no.
type CheckedAssertion struct {
	Verified    bool              `json:"verified"`
	Tier        string            `json:"tier,omitzero" enum:"anonymous,claimed,verified" doc:"What the channel's enforcement makes of this visitor; absent if it lets nobody in."`
	Method      string            `json:"method,omitzero" doc:"By what it was proved."`
	Key         string            `json:"key,omitzero" doc:"Id of the key that proved it."`
	Identifiers map[string]string `json:"identifiers,omitempty" doc:"user_id, email: the proved ones, as they verified."`
	Attributes  map[string]any    `json:"attributes,omitempty" doc:"What the proof covers beside them."`
	ExpiresAt   *time.Time        `json:"expires_at,omitempty" doc:"The proof's own end, with the channel's tail; absent if it has none. Ask again before."`
	Refusal     string            `json:"refusal,omitzero" enum:",identity_required,identity_refused" doc:"What a page would be told."`
	Reason      string            `json:"reason,omitzero" doc:"Why it is not verified: see docs/reasons.md."`
	Message     string            `json:"message,omitzero"`
}
