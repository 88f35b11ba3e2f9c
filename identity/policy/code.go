package policy

import "countersign/identity"

// CodeDialect is what the record and the metrics call an emailed code: no page
// spoke any dialect.
const CodeDialect = "code"

// CodeRule is what a channel says of emailed codes.
type CodeRule struct {
	Allowed     bool
	MinimumTier Tier
}

// DecideCode makes a verdict of what identity.VerifyCode answered. Whoever read the
// code holds the address, whatever the channel enforces: that is a proof, and the
// identifier is the address alone. Nothing else is covered, and nothing is claimed.
func DecideCode(rule CodeRule, mailbox identity.Mailbox, err error) Verdict {
	v := Verdict{tier: Anonymous, dialect: CodeDialect}
	if err == nil && !mailbox.OK() {
		err = &identity.Error{Reason: identity.ProofMissing, Message: "Nothing was proved."}
	}
	if err == nil && !rule.Allowed {
		err = &identity.Error{Reason: identity.KeyUnusable, Message: "The channel takes no emailed codes."}
	}
	if err != nil {
		reason, message := why(err)
		return v.refuse(reason, message, IdentityRefused)
	}
	if tiers(Verified) < tiers(rule.MinimumTier) {
		return v.refuse(identity.KeyUnusable, "The channel's minimum tier is unknown.", IdentityRefused)
	}
	v.tier, v.method, v.identifiers = Verified, identity.MethodCode, []identity.Identifier{mailbox.Identifier()}
	return v
}
