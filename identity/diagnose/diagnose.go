// Package diagnose says which mistake it was when a proof did not verify. It is
// for operators and for the developer whose backend signs; no visitor reaches it.
//
// It asks the gate's own verification first, so it cannot praise what the gate
// refuses. Then it makes the mistakes itself: every known key, read in every way
// in which backends read secrets, over every spelling of the identifier that they
// sign, through the constructions that they confuse, alone and two at a time. What
// gives the very bytes that were sent is the cause; a resemblance never is. If
// nothing does, the answer is Unknown.
//
// # What it refuses to do
//
// It never says what the right proof would have been, never repeats a secret, and
// does not tell whether the beginning of a proof is right: whoever holds a part of
// one could have the rest found digit by digit.
//
// # Invariants
//
//   - Verified is identity.Verify's word, less where the operator asked about
//     somebody else than the proof is for.
//   - At most MaxMACs are computed, whatever was pasted and however many keys there are.
//   - No explanation holds a secret, hash or token; what it quotes is cut.
package diagnose

import (
	"errors"
	"slices"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/keyring"
)

// Code names a mistake. Those of tokens that no word here fits are named by the
// gate's own reason.
type Code string

const (
	OtherKey       Code = "other_key"
	RetiredKey     Code = "retired_key"
	IdentifierKind Code = "identifier_kind" // the other field, or another form of it, was signed
	LetterCase     Code = "case"
	Blanks         Code = "blanks"
	Newline        Code = "newline"
	SecretAsText   Code = "secret_as_text"
	SecretAsHex    Code = "secret_as_hex"
	Base64         Code = "base64"
	SHA1           Code = "sha1"
	SHA512         Code = "sha512"
	Swapped        Code = "swapped"
	PlainSHA256    Code = "plain_sha256"
	HashedTwice    Code = "hashed_twice"
	NumberFormat   Code = "number_format"
	Expired        Code = "expired"
	ClockSkew      Code = "clock_skew"
	Audience       Code = "audience"
	NotAHash       Code = "not_a_hash"
	Unknown        Code = "unknown"
)

// Codes lists them in the order of interface.md, which is how likely each is.
func Codes() []Code {
	return []Code{
		OtherKey, RetiredKey, IdentifierKind, LetterCase, Blanks, Newline, SecretAsText, SecretAsHex, Base64, SHA1, SHA512,
		Swapped, PlainSHA256, HashedTwice, NumberFormat, Expired, ClockSkew, Audience, NotAHash, Unknown,
	}
}

// Cause is one mistake: what was done, with figures, and what to do instead.
type Cause struct {
	Code    Code   `json:"code"`
	Explain string `json:"explain"`
	Fix     string `json:"fix"`
}

// Key is a key that the operator may know.
type Key struct {
	ID      string // as in the ring; empty for one that is in none
	Name    string // what people call it
	Channel string // whose it is; empty: of the channel asked about
	Dialect string
	Signs   identity.Signs
	State   keyring.State // empty: it verifies
	Since   time.Time     // when it was retired or revoked; zero: not known
	// Secret is the text as it was entered. Empty for a public key, which is then
	// asked itself.
	Secret identity.Secret
	Public *identity.Key
}

// Question is what an operator pasted, with the keys it is held against.
type Question struct {
	Ring     identity.Ring // the gate's own
	Keys     []Key         // of the channel asked about, in any state
	Others   []Key         // of other channels
	Dialect  string        // as the page speaks; empty: whichever of Keys could be meant
	Platform string        // empty: web

	UserID, Email string
	Hash, Token   string // a token alone decides, as at the gate

	Channels []string      // the channel's id, slug and aliases: what a token's aud may say
	MaxLife  time.Duration // the longest life of a token; zero: the dialect's
	Now      time.Time

	asked []Key // the targets: none is another's other key
	bare  bool  // whatever stood around the token has been taken off
}

// Answer is what came of it.
type Answer struct {
	Verified bool
	Signed   identity.Identifier // whom the proof is for, if it verifies
	Causes   []Cause             // most likely first; none if it verifies
	Dialect  string              // what the corrected code has to speak
	Signs    identity.Signs
}

// Diagnose answers a question.
func Diagnose(q Question) Answer {
	answer, refusal := q.ask()
	if refusal == nil {
		return answer
	}
	targets := q.targets()
	q.asked = targets
	answer.Dialect, answer.Signs = targets[0].Dialect, targets[0].Signs
	if q.Token != "" {
		answer.Causes = q.token(targets, refusal)
	} else {
		answer.Causes = q.hash(targets, refusal)
	}
	return answer
}

// ask is the gate's own verification, in each of the dialects that may be meant.
func (q *Question) ask() (Answer, *identity.Error) {
	var worst *identity.Error
	for _, spoken := range q.dialects() {
		a := identity.Assertion{Dialect: spoken, Platform: q.Platform, UserID: q.UserID, Email: q.Email, Hash: q.Hash, Token: q.Token}
		verified, err := identity.Verify(q.Ring, a, q.Now)
		if err == nil && verified.OK() {
			return q.sure(verified)
		}
		var refusal *identity.Error
		if !errors.As(err, &refusal) {
			refusal = &identity.Error{Reason: identity.KeyUnusable, Message: "The gate gave no answer."}
		}
		if worst == nil || worst.Reason == identity.KeyUnusable && refusal.Reason != identity.KeyUnusable {
			worst = refusal
		}
	}
	return Answer{}, worst
}

// sure holds a verified proof against whom the operator asked about: where a
// dialect lets the token win silently, "verified" would answer another question. A
// hash is of what the page sends and names nobody else.
func (q *Question) sure(v identity.Verified) (Answer, *identity.Error) {
	signed := v.Signed()
	answer := Answer{Verified: true, Signed: signed, Dialect: v.Dialect()}
	for _, key := range q.Keys {
		if key.ID == v.Key() {
			answer.Signs = key.Signs
		}
	}
	if q.Token == "" {
		return answer, nil
	}
	email, covered := v.Email()
	other := signed.Kind == identity.KindUserID && q.UserID != "" && q.UserID != signed.Value ||
		covered && q.Email != "" && identity.Fold(q.Email) != email.Value
	if !other {
		return answer, nil
	}
	return Answer{}, &identity.Error{Reason: identity.ClaimContradicted, Key: v.Key(),
		Message: "The proof is right, and it is for somebody else: " + quote(signed.String()) + "."}
}

// dialects are the names under which the gate is asked.
func (q *Question) dialects() []string {
	if q.Dialect != "" {
		return []string{q.Dialect}
	}
	var names []string
	for _, key := range q.Keys {
		if !slices.Contains(names, key.Dialect) {
			names = append(names, key.Dialect)
		}
	}
	if len(names) == 0 {
		return []string{"native"}
	}
	return names
}

// targets are the keys that should have taken the proof: the live ones that speak
// the dialect and take this very kind of proof, else any token where it is one, else
// those that at least speak the dialect. There is always one, if only the dialect
// without a secret.
func (q *Question) targets() []Key {
	family := q.Dialect
	if row, ok := dialect.Get(q.Dialect); ok && q.Dialect != "" {
		family = row.Global
	}
	bare, _ := q.bareToken()
	_, pasted := readToken(bare)
	var choices [3][]Key // the best first
	for _, key := range q.Keys {
		row, ok := dialect.Get(key.Dialect)
		if !ok || !lives(key) || q.Dialect != "" && row.Global != family {
			continue
		}
		choices[2] = append(choices[2], key)
		if (row.Proof == identity.ProofHash) != (q.Token == "") {
			continue
		}
		choices[1] = append(choices[1], key)
		if q.Token == "" || forms[row.Proof] == pasted {
			choices[0] = append(choices[0], key)
		}
	}
	for _, keys := range choices {
		if len(keys) > 0 {
			return keys[:min(len(keys), identity.MaxLive)]
		}
	}
	row, ok := dialect.Get(q.Dialect)
	if !ok {
		row, _ = dialect.Get("native")
	}
	return []Key{{Dialect: row.Name, Signs: row.DefaultSigns()}}
}

func lives(k Key) bool { return !dead(k.State) }
