package team

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
)

// Sealer keeps secrets that must come back in clear. A sealed value opens in its place
// and nowhere else.
type Sealer interface {
	Seal(plain []byte, place Place) []byte
	Open(sealed []byte, place Place) ([]byte, error)
}

// Place is where a sealed value belongs.
type Place struct{ Workspace, Table, Row, Purpose string }

// Authenticator is an app that makes six-digit codes from a shared secret.
type Authenticator struct {
	Agent, Workspace string
	Sealed           []byte
	CreatedAt        time.Time
	ConfirmedAt      time.Time // zero: no code of it was ever right, and it counts for nothing
	LastStep         int64     // codes of this time step and before are spent
}

// Passkey is a credential that lives in a device and never leaves it.
type Passkey struct {
	ID, Workspace, Agent, Name string
	Credential                 []byte
	Site                       string // the host that it was made for
	Record                     []byte // as the library keeps it
	CreatedAt, UsedAt          time.Time
}

// Half is who gave the right password and has yet to give the second factor.
type Half struct {
	TokenHash        []byte
	Workspace, Agent string
	Password         string // as stored when it was right
	Ceremony         []byte // of the passkeys that would do; empty: there are none
	ExpiresAt        time.Time
}

// Entry is a login and what was shown for it. All that can be used once is used in the
// transaction that writes the login, or the login is not written.
type Entry struct {
	Login    Login
	Password string      // as stored when it was checked, or when the passkey was
	Half     []byte      // the half login that this completes
	Step     int64       // of the authenticator's code
	Recovery []byte      // hash of a recovery code
	Passkey  *PasskeyUse // an assertion that was verified
}

// PasskeyUse is a verified assertion: what its passkey's row becomes, and the
// challenge that it answered.
type PasskeyUse struct {
	ID, Workspace, Agent string
	Record               []byte
	Challenge            []byte    // hash
	Until                time.Time // when the challenge would have ended by itself
}

// Factors keeps what agents sign in with beside their passwords. Whatever gives or
// takes a factor raises the epoch, for rights may hang on it.
type Factors interface {
	// RequireFactor says whether owner and security need a second factor.
	RequireFactor(ctx context.Context, workspace string, required bool, now time.Time, draft audit.Draft) error
	FactorRequired(ctx context.Context, workspace string) (bool, error)

	// PutAuthenticator replaces one that was never confirmed; ErrTaken if one was.
	PutAuthenticator(ctx context.Context, app Authenticator, draft audit.Draft) error
	// Authenticator of an agent, confirmed or not; ErrNotFound.
	Authenticator(ctx context.Context, workspace, agent string) (Authenticator, error)
	// ConfirmAuthenticator makes it count and spends the step: ErrRefused if that is spent,
	// ErrTaken if it counts already. codes are kept if the agent has none that is unused: kept.
	ConfirmAuthenticator(ctx context.Context, workspace, agent string, step int64, codes [][]byte, now time.Time, draft audit.Draft) (kept bool, err error)
	DropAuthenticator(ctx context.Context, workspace, agent string, now time.Time, draft audit.Draft) error

	// AddPasskey writes one and spends the challenge. ErrTaken if the credential is known.
	AddPasskey(ctx context.Context, key Passkey, use PasskeyUse, codes [][]byte, draft audit.Draft) (kept bool, err error)
	Passkeys(ctx context.Context, workspace, agent string) ([]Passkey, error)
	// PasskeyByCredential finds a passkey and its live agent; ErrNotFound.
	PasskeyByCredential(ctx context.Context, credential []byte) (Passkey, Agent, error)
	DropPasskey(ctx context.Context, workspace, agent, id string, now time.Time, draft audit.Draft) error

	// PutRecovery replaces the agent's recovery codes; ErrNotFound without a second factor.
	PutRecovery(ctx context.Context, workspace, agent string, codes [][]byte, draft audit.Draft) error
	RecoveryLeft(ctx context.Context, workspace, agent string) (int, error)

	// ClearFactors takes every factor of an agent away and ends their logins, if the word
	// may take the role that the agent has by then.
	ClearFactors(ctx context.Context, workspace, agent string, now time.Time, draft audit.Draft) error

	PutHalf(ctx context.Context, half Half) error
	// Half reads one that has not ended, with its agent as they stand; ErrRefused.
	Half(ctx context.Context, tokenHash []byte, now time.Time) (Half, Agent, error)
	// Enter writes a login and uses what was shown for it: ErrRefused if anything of that
	// was used, or stands no more.
	Enter(ctx context.Context, entry Entry, draft audit.Draft) error
	// ConfirmByPasskey is ConfirmLogin for an assertion.
	ConfirmByPasskey(ctx context.Context, login string, use PasskeyUse, now time.Time, draft audit.Draft) error
	// SetPassword replaces the one that was checked, and ends every login of the agent but
	// the one given: ErrRefused if it is another by now.
	SetPassword(ctx context.Context, workspace, agent, login, old, next string, now time.Time, draft audit.Draft) error

	// CountTries adds one to every count, unless one of them has reached its limit: then to
	// none, and room is false.
	CountTries(ctx context.Context, tries []Try, now time.Time) (room bool, err error)
	// ForgiveTries takes one from every count whose window still runs.
	ForgiveTries(ctx context.Context, keys []string, now time.Time) error
}

const (
	recoveryCodes = 10
	recoveryBytes = 10 // 80 bits, 16 letters
	maxPasskeys   = 10
)

// newRecovery makes codes to write down, and what is kept of them.
func newRecovery(agent string) (texts []string, hashes [][]byte) {
	for range recoveryCodes {
		b := make([]byte, recoveryBytes)
		_, _ = rand.Read(b) // never fails: it ends the process instead
		text := strings.ToLower(base32.StdEncoding.EncodeToString(b))
		texts = append(texts, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		hashes = append(hashes, recoveryHash(agent, text))
	}
	return texts, hashes
}

// recoveryHash takes a code as people type it.
func recoveryHash(agent, text string) []byte {
	text = strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(text))
	sum := sha256.Sum256([]byte(agent + "\x00" + text))
	return sum[:]
}

// Standing is what an agent has beside a password.
type Standing struct {
	App      time.Time // when the authenticator app was set up; zero: it is not
	Passkeys []Passkey
	Recovery int  // codes that are left
	Required bool // the workspace asks this agent's role for one
}

// Standing of the principal's own second factors.
func (t *Team) Standing(ctx context.Context, who policy.Principal) (Standing, error) {
	agent, err := t.self(ctx, who)
	if err != nil {
		return Standing{}, err
	}
	s := Standing{Required: agent.Required && policy.NeedsFactor(agent.Role)}
	app, err := t.store.Authenticator(ctx, agent.Workspace, agent.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Standing{}, err
	}
	s.App = app.ConfirmedAt
	if s.Passkeys, err = t.store.Passkeys(ctx, agent.Workspace, agent.ID); err != nil {
		return Standing{}, err
	}
	s.Recovery, err = t.store.RecoveryLeft(ctx, agent.Workspace, agent.ID)
	return s, err
}

// self is the agent that a principal is, as they stand now.
func (t *Team) self(ctx context.Context, who policy.Principal) (Agent, error) {
	if who.Kind() != policy.AgentPrincipal {
		return Agent{}, policy.ErrForbidden
	}
	agent, err := t.store.Agent(ctx, who.Workspace(), who.ID())
	if err != nil {
		return Agent{}, fmt.Errorf("team: who acts: %w", refusal(err))
	}
	return agent, nil
}

// present is self for what would let whoever finds a console open stay in it.
func (t *Team) present(ctx context.Context, who policy.Principal) (Agent, error) {
	if err := who.Present(t.now()); err != nil {
		return Agent{}, err
	}
	return t.self(ctx, who)
}

// RemakeRecovery makes ten new recovery codes and ends the old ones; they are shown
// this one time.
func (t *Team) RemakeRecovery(ctx context.Context, who policy.Principal) ([]string, error) {
	agent, err := t.present(ctx, who)
	if err != nil {
		return nil, err
	}
	texts, hashes := newRecovery(agent.ID)
	draft := draftOf(who.Needing(), audit.RecoveryMade, agent.ID)
	if err := t.store.PutRecovery(ctx, agent.Workspace, agent.ID, hashes, draft); err != nil {
		return nil, err
	}
	return texts, nil
}

// ResetFactors takes a colleague's second factors away, who lost them, and ends their
// logins. With the password alone they come in again, and are asked to set one up.
func (t *Team) ResetFactors(ctx context.Context, who policy.Principal, id string) error {
	agent, err := t.reach(ctx, who, id)
	if err != nil {
		return err
	}
	if err := who.Present(t.now()); err != nil {
		return err
	}
	draft := draftOf(granting(who, agent.Role), audit.FactorsReset, id)
	return t.store.ClearFactors(ctx, who.Workspace(), id, t.now(), draft)
}

// RequireFactor says whether owner and security need a second factor for what reaches
// a customer's identity. It is theirs to say who have everything to lose.
func (t *Team) RequireFactor(ctx context.Context, who policy.Principal, required bool) error {
	if !who.May(policy.ManageTeam) || !mayGrant(who, policy.Owner) {
		return who.Refusal(policy.RightsOf(policy.Owner)...)
	}
	if err := who.Present(t.now()); err != nil {
		return err
	}
	draft := draftOf(granting(who, policy.Owner), audit.FactorRuleSet, "", "required", fmt.Sprint(required))
	return t.store.RequireFactor(ctx, who.Workspace(), required, t.now(), draft)
}

// FactorRequired reads what RequireFactor set.
func (t *Team) FactorRequired(ctx context.Context, who policy.Principal) (bool, error) {
	if !who.May(policy.ReadTeam) {
		return false, policy.ErrForbidden
	}
	return t.store.FactorRequired(ctx, who.Workspace())
}

// ChangePassword takes the present one and ends every other login of the agent. It is
// limited as signing in is.
func (t *Team) ChangePassword(ctx context.Context, who policy.Principal, current, next string, from netip.Addr) error {
	agent, err := t.self(ctx, who)
	if err != nil {
		return err
	}
	if err := judgePassword(next, agent.Email); err != nil {
		return err
	}
	if err := t.own(ctx, agent, current, from); err != nil {
		return err
	}
	release, err := t.slot(ctx)
	if err != nil {
		return err
	}
	hashed := hashPassword(next)
	release()
	draft := draftOf(who.Needing(), audit.PasswordChanged, agent.ID)
	if err := t.store.SetPassword(ctx, agent.Workspace, agent.ID, who.Login(), agent.Password, hashed, t.now(), draft); err != nil {
		return fmt.Errorf("team: changing a password: %w", err)
	}
	t.seen.forgetLogin(who.Login())
	return nil
}
