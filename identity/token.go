package identity

import (
	"crypto/sha256"
	"strings"
	"time"
)

// EarlySlack is how far ahead of ours a signer's clock may run.
const EarlySlack = 30 * time.Second

// statement is what a token says once its MAC was found right.
type statement struct {
	userID, email, name string
	unconfirmed         bool // email_verified is there and not true
	attributes          map[string]any
	audiences           []string
	issuer, kid, scope  string
	issued, expires     time.Time // zero: not said
	notBefore           time.Time
	digest              [sha256.Size]byte // of what was signed; filled once the token has verified
}

// outcome of one key with one token. matched says that the MAC is right, after
// which no other key can do better.
type outcome struct {
	verified Verified
	err      *Error
	matched  bool
	far      int // how far the key got with a token that does not match
}

// How far a key got: with several keys the operator hears of the one that got furthest.
const (
	farShape     = iota // the token is not even of this kind
	farHeader           // its header asks for what is refused, or for another algorithm
	farKey              // no key can be asked for it, or its signature is none
	farSignature        // its signature is not the key's
)

// verifyToken tries the live keys that take tokens, then, for the reason only,
// the dead ones. Until a MAC is right nothing is read but the token's shape.
func verifyToken(ring Ring, a *Assertion, now time.Time, v *Verified) *Error {
	if len(a.Token) > MaxTokenBytes {
		return refused(TokenMalformed, nil, "The token is longer than 8 KB.")
	}
	var worst outcome
	t := splitToken(a.Token)
	for i := range ring.entries {
		e := &ring.entries[i]
		if e.Key.spec.Proof == ProofHash || !e.Key.speaks(a) || e.unusable(a, now) != "" {
			continue
		}
		got := e.checkToken(a, t, now)
		if got.matched {
			*v = got.verified
			return got.err
		}
		if worst.err == nil || got.far > worst.far {
			worst = got
		}
	}
	if dead := deadToken(ring, a, t, now); dead != nil {
		return dead
	}
	if worst.err == nil {
		return refused(KeyUnusable, nil, "The channel has no live key that takes a token in this dialect on this platform.")
	}
	return worst.err
}

func deadToken(ring Ring, a *Assertion, t *compactToken, now time.Time) *Error {
	var found *Error
	for i := range ring.entries {
		e := &ring.entries[i]
		if e.Key.spec.Proof == ProofHash || !e.Key.speaks(a) {
			continue
		}
		reason := e.unusable(a, now)
		if reason == "" {
			continue
		}
		if e.checkToken(a, t, now).matched && found == nil {
			found = refuseDead(reason, e.Key)
		}
	}
	return found
}

func (e *Entry) checkToken(a *Assertion, t *compactToken, now time.Time) outcome {
	var said statement
	var got outcome
	if e.Key.spec.Proof == ProofV1 {
		said, got = e.Key.openV1(a.Token)
	} else {
		said, got = e.Key.openJWT(t, now)
	}
	if got.err != nil {
		return got
	}
	got.verified, got.err = e.judge(a, &said, now)
	if got.err != nil {
		got.verified = Verified{}
	}
	return got
}

// judge holds what the token says against the key's rules, the time and the
// values beside the token.
func (e *Entry) judge(a *Assertion, said *statement, now time.Time) (Verified, *Error) {
	k := e.Key
	if err := k.judgeAudience(said); err != nil {
		return Verified{}, err
	}
	if err := k.judgeIssuer(said); err != nil {
		return Verified{}, err
	}
	if k.spec.Token.Scope != "" && said.scope != k.spec.Token.Scope {
		return Verified{}, refused(ClaimMissing, k, "The token's scope is not "+k.spec.Token.Scope+".")
	}
	if err := k.judgeTimes(said, now); err != nil {
		return Verified{}, err
	}
	if !e.SignBy.IsZero() && said.issued.After(e.SignBy.Add(SignBySlack)) {
		return Verified{}, refused(SignedTooLate, k, "The token was issued after the time from which this key signs no more.")
	}
	v, err := k.judgePerson(said)
	if err != nil {
		return Verified{}, err
	}
	if !k.spec.Token.Authoritative {
		if err := k.agree(a, said, &v); err != nil {
			return Verified{}, err
		}
	}
	return v, nil
}

func (k *Key) judgeAudience(said *statement) *Error {
	if !k.spec.Token.NeedAudience && k.spec.Proof != ProofV1 {
		return nil
	}
	if len(said.audiences) == 0 {
		return refused(ClaimMissing, k, "The token has no aud.")
	}
	for _, audience := range said.audiences {
		for _, ours := range k.spec.Token.Audiences {
			if audience == ours {
				return nil
			}
		}
	}
	return refused(AudienceWrong, k, "The token is for another channel.")
}

// judgeIssuer compares iss where the key's owner named one. It always is where keys
// come from a set: several issuers may publish at one address.
func (k *Key) judgeIssuer(said *statement) *Error {
	switch k.spec.Token.Issuer {
	case "", said.issuer:
		return nil
	}
	if said.issuer == "" {
		return refused(ClaimMissing, k, "The token has no iss, or one that is no text.")
	}
	return refused(AudienceWrong, k, "The token is from another issuer (iss) than this key's.")
}

func (k *Key) judgeTimes(said *statement, now time.Time) *Error {
	rules := &k.spec.Token
	switch {
	case rules.NeedIssued && said.issued.IsZero():
		return refused(ClaimMissing, k, "The token has no iat.")
	case rules.NeedExpiry && said.expires.IsZero():
		return refused(ClaimMissing, k, "The token has no exp.")
	case said.issued.After(now.Add(EarlySlack)):
		return refused(TokenEarly, k, "The token was issued in the future: the signer's clock is ahead.")
	case said.notBefore.After(now.Add(EarlySlack)):
		return refused(TokenEarly, k, "The token is not valid yet.")
	case !said.expires.IsZero() && !now.Before(said.expires):
		return refused(TokenExpired, k, "The token has expired.")
	}
	if rules.MaxLife <= 0 || said.expires.IsZero() || said.issued.IsZero() {
		return nil
	}
	if life := said.expires.Sub(said.issued); life <= 0 {
		return refused(TokenMalformed, k, "The token ends before it was issued.")
	} else if life > rules.MaxLife {
		return refused(LifetimeTooLong, k, "The time from iat to exp is longer than this key allows.")
	}
	return nil
}

// judgePerson takes the identity from the token alone. An email beside a signed
// user id is covered by the proof and goes along; a user id beside a signed email
// does not, since the key does not vouch for user ids.
func (k *Key) judgePerson(said *statement) (Verified, *Error) {
	kind, value, err := k.pickClaim(said)
	if err != nil {
		return Verified{}, err
	}
	v := Verified{key: k, kind: kind, said: said}
	if kind == KindEmail {
		if said.unconfirmed {
			return Verified{}, refused(IdentifierNotCovered, k, "The token says that its email is not confirmed.")
		}
		v.email = value
		return v, nil
	}
	v.userID = value
	if ValidEmail(said.email) {
		v.email = said.email
	}
	return v, nil
}

func (k *Key) pickClaim(said *statement) (Kind, string, *Error) {
	switch {
	case k.spec.Signs == SignsUserID && said.userID == "":
		return "", "", refused(ClaimMissing, k, "The token has no "+k.userIDClaim()+".")
	case k.spec.Signs == SignsEmail && said.email == "":
		return "", "", refused(ClaimMissing, k, "The token has no email.")
	case said.userID == "" && said.email == "":
		return "", "", refused(ClaimMissing, k, "The token has neither "+k.userIDClaim()+" nor email.")
	}
	return k.pick(said.userID, said.email)
}

// agree refuses values beside the token that differ from the signed ones. What
// the token does not say stays a claim and contradicts nothing.
func (k *Key) agree(a *Assertion, said *statement, v *Verified) *Error {
	if a.Malformed {
		return refused(IdentifierMalformed, k, "An identifier beside the token is neither text nor an integer within 2^53-1.")
	}
	contradicted := v.userID != "" && a.UserID != "" && a.UserID != v.userID ||
		v.email != "" && a.Email != "" && Fold(a.Email) != Fold(v.email)
	if k.spec.Token.AgreeOnDetails && !contradicted {
		contradicted = said.name != "" && a.Name != "" && a.Name != said.name
		for name, signed := range said.attributes {
			claimed, there := cleanAttribute(a.Attributes, name)
			contradicted = contradicted || there && claimed != signed
		}
	}
	if contradicted {
		return refused(ClaimContradicted, k, "The page says something else than the token beside it.")
	}
	return nil
}

func cleanAttribute(in map[string]any, name string) (any, bool) {
	raw, there := in[name]
	if !there {
		return nil, false
	}
	return cleanValue(raw)
}

// strictBase64 is base64url without padding, as tokens use it. The standard
// decoder skips line breaks, so they are refused before it runs.
func strictBase64(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := tokenBase64.DecodeString(s)
	return b, err == nil
}
