package policy

import (
	"errors"
	"maps"

	"countersign/identity"
)

// Decide makes a verdict of what identity.Verify answered. It is the only maker
// of verdicts.
//
//	the page says            off         observe     enforce
//	nothing                  anonymous   anonymous   anonymous, unless the minimum tier forbids
//	an identity, unproved    claimed     claimed     OnFailure: refused, or anonymous and told so
//	an identity, proved      verified    verified    verified
//
// Under enforce nobody is claimed. An enforcement that Decide does not know is
// enforce, a failure rule that it does not know blocks, a minimum tier that it
// does not know is above every visitor. Nothing that the proof does not cover
// leaves Claim; a verified visitor without a single identifier is not verified.
func Decide(rule Rule, assertion identity.Assertion, verified identity.Verified, err error) Verdict {
	v := Verdict{tier: Anonymous, dialect: assertion.Dialect}
	if v.dialect == "" {
		v.dialect = "native"
	}
	if err == nil && !verified.OK() {
		err = &identity.Error{Reason: identity.KeyUnusable, Message: "Nothing was verified."}
	}
	if err == nil {
		identifiers := proved(rule, verified)
		if len(identifiers) > 0 {
			return v.verify(rule, assertion, verified, identifiers)
		}
		err = &identity.Error{Reason: identity.IdentifierNotCovered, Key: verified.Key(),
			Message: "The key signs an email, and nobody said that the product confirms addresses."}
	}
	if assertion.Silent() {
		return v.admitSilent(rule)
	}
	v.reason, v.message = why(err)
	return v.fail(rule, assertion)
}

// proved are the identifiers under the proof, the one that the key signs first.
// An email names a person only where the product confirms addresses; under
// "either" it opens no more than its own conversations, which its method says.
func proved(rule Rule, verified identity.Verified) []identity.Identifier {
	var identifiers []identity.Identifier
	signed := verified.Signed()
	if signed.Kind == identity.KindUserID {
		identifiers = append(identifiers, signed)
	}
	email, ok := verified.Email()
	confirmed := rule.SignedEmail && !verified.EmailUnconfirmed()
	if ok && (confirmed || verified.Method() == identity.MethodHMACEither) {
		identifiers = append(identifiers, email)
	}
	return identifiers
}

func (v Verdict) verify(rule Rule, a identity.Assertion, verified identity.Verified, identifiers []identity.Identifier) Verdict {
	v.tier, v.method, v.key, v.dialect = Verified, verified.Method(), verified.Key(), verified.Dialect()
	v.kid = verified.Kid()
	v.identifiers, v.issued, v.digest = identifiers, verified.IssuedAt(), verified.Digest()
	v.attributes = signedAttributes(verified, identifiers)
	v.claim = claimOf(a)
	if verified.Signed().Kind == identity.KindUserID {
		v.claim.UserID = ""
	}
	if _, covered := verified.Email(); covered {
		v.claim.Email = ""
	}
	if verified.Name() != "" {
		v.claim.Name = ""
	}
	for name := range v.attributes {
		delete(v.claim.Attributes, name)
	}
	if !verified.ExpiresAt().IsZero() {
		v.expires = verified.ExpiresAt().Add(max(rule.Tail, 0))
	}
	if tiers(v.tier) < tiers(rule.MinimumTier) {
		return v.refuse(identity.KeyUnusable, "The channel's minimum tier is unknown.", IdentityRefused)
	}
	return v
}

// signedAttributes are the values under the proof that are no identifier. An
// email that is covered and identifies nobody is one: shown and written to.
func signedAttributes(verified identity.Verified, identifiers []identity.Identifier) map[string]any {
	out := maps.Clone(verified.Attributes())
	if out == nil {
		out = map[string]any{}
	}
	if verified.Name() != "" {
		out["name"] = verified.Name()
	}
	named := false
	for _, i := range identifiers {
		named = named || i.Kind == identity.KindEmail
	}
	if !named && verified.EmailText() != "" {
		out["email"] = verified.EmailText()
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// admitSilent is the answer to a page that claims nobody.
func (v Verdict) admitSilent(rule Rule) Verdict {
	if enforced(rule) && tiers(Anonymous) < tiers(rule.MinimumTier) {
		return v.refuse("", "", IdentityRequired)
	}
	return v
}

// fail is the answer to an identity without a proof that counts.
func (v Verdict) fail(rule Rule, a identity.Assertion) Verdict {
	if !enforced(rule) {
		v.claim = claimOf(a)
		if !v.claim.Empty() {
			v.tier = Claimed
		}
		return v
	}
	public := IdentityRefused
	if a.Hash == "" && a.Token == "" {
		public = IdentityRequired
	}
	if rule.OnFailure != MakeAnonymous || tiers(Anonymous) < tiers(rule.MinimumTier) {
		return v.refuse(v.reason, v.message, public)
	}
	v.told = true
	return v
}

// refuse drops whatever the verdict held: a refused visitor has nothing.
func (v Verdict) refuse(reason identity.Reason, message string, public Refusal) Verdict {
	return Verdict{tier: Anonymous, dialect: v.dialect, reason: reason, message: message, refusal: public}
}

func enforced(rule Rule) bool { return rule.Enforcement != Off && rule.Enforcement != Observe }

// tiers orders tiers; an empty minimum is anonymous, an unknown one out of reach.
func tiers(t Tier) int {
	switch t {
	case Anonymous, "":
		return 0
	case Claimed:
		return 1
	case Verified:
		return 2
	}
	return 3
}

// claimOf cuts what the page says to its limits. A malformed identifier may be
// claimed text; it is never an Identifier.
func claimOf(a identity.Assertion) Claim {
	return Claim{
		UserID:     cut(identity.Tidy(a.UserID, identity.MaxUserID), identity.MaxUserID),
		Email:      cut(identity.Tidy(a.Email, identity.MaxEmail), identity.MaxEmail),
		Name:       identity.Tidy(a.Name, identity.MaxAttributeValue),
		Attributes: identity.CleanAttributes(a.Attributes),
	}
}

// cut keeps at most n bytes and splits no code point.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

// why is the reason and sentence of a refusal; an error that is none says that
// the key could not be used.
func why(err error) (identity.Reason, string) {
	var refusal *identity.Error
	if errors.As(err, &refusal) {
		return refusal.Reason, refusal.Message
	}
	return identity.KeyUnusable, "The proof could not be verified."
}
