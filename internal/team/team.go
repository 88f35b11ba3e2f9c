// Package team knows the colleagues: agents, their roles, how they sign in, and
// the tokens by which programs act for the workspace. It decides who somebody
// is and what their role lets them do; it never looks at visitors.
package team

import (
	"context"
	"errors"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/deliver"
)

var (
	// ErrRefused is the one answer to a wrong password, an unknown address, a
	// used link and a dead session alike.
	ErrRefused = errors.New("team: refused")
	// ErrLimited: too many failures from this network or for this address.
	ErrLimited = errors.New("team: too many tries")
	// ErrTaken: the address already has an agent.
	ErrTaken = errors.New("team: this address is taken")
	// ErrNotFound: no such agent or token in this workspace.
	ErrNotFound = errors.New("team: not found")
	// ErrInvalid: a value that cannot be; wrapped with the reason.
	ErrInvalid = errors.New("team: invalid")
	// ErrLastOwner: the workspace would be left without an owner.
	ErrLastOwner = errors.New("team: the last owner stays")
	// ErrExpired: the step of a sign-in or a passkey's challenge was used or is too old.
	ErrExpired = errors.New("team: begin again")
)

// Agent is a teammate.
type Agent struct {
	ID        string
	Workspace string
	Email     string // folded
	Name      string
	Role      policy.Role
	Password  string // argon2id in PHC text; empty until the link was used, and outside of this room
	Joined    bool   // filled by the use cases: a password was set
	CreatedAt time.Time
	RemovedAt time.Time
	// InvitedUntil is how long the link is good that Invite just made; zero everywhere else.
	InvitedUntil time.Time
	Factors      int  // second factors that count
	Required     bool // the workspace asks owner and security for one
}

// Lacking says whether the agent has yet to set up the second factor that is asked for.
func (a Agent) Lacking() bool {
	return a.Required && a.Factors == 0 && policy.NeedsFactor(a.Role)
}

// Rights are what the agent may do now.
func (a Agent) Rights() []policy.Right { return policy.Held(a.Role, a.Lacking()) }

// ChoosesEmail: the first owner has a made-up address until their link is used.
func (a Agent) ChoosesEmail() bool { return a.Email == FirstAddress && a.Password == "" && !a.Joined }

// Choice is what somebody who uses a link is called from then on.
type Choice struct {
	Name, Password string // Password as it is stored
	Email          string // folded; empty: as it was
}

// Link is a one-use capability that sets an agent's password.
type Link struct {
	TokenHash []byte // SHA-256
	Workspace string
	Agent     string
	Role      policy.Role // for which it was made; empty: for any
	ExpiresAt time.Time
	Letter    *deliver.Letter // that carries it, posted in the same commit; nil: none does
}

// Login is an agent's signed-in browser. The token itself is never stored.
type Login struct {
	ID        string
	TokenHash []byte
	Workspace string
	Agent     string
	UserAgent string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time // absolute, 12 h
	EndedAt   time.Time

	// ConfirmedAt is when its agent last gave a password or a passkey in it.
	ConfirmedAt time.Time
}

// Token lets a program act for the workspace, within its scopes.
type Token struct {
	ID        string
	TokenHash []byte
	Workspace string
	Name      string
	Scopes    []policy.Right
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time // zero: none
	RevokedAt time.Time

	UsedAt   time.Time // to within a few minutes
	UsedFrom string    // the network it was used from then
}

// Store keeps the team. Changes commit their drafts with them, and ask in the same
// transaction whether the word on which they are made (Draft.By) still counts:
// policy.ErrForbidden, and nothing changed, if not.
type Store interface {
	Factors

	// Record is audit.Store's: a refused sign-in changes no row that could carry its draft.
	Record(ctx context.Context, drafts ...audit.Draft) error

	// AddAgent and its link, together. ErrTaken if the address has a live agent.
	AddAgent(ctx context.Context, agent Agent, link Link, draft audit.Draft) error
	Agent(ctx context.Context, workspace, id string) (Agent, error)
	// AgentsByEmail finds the live agents of any workspace who have the address, at most one
	// in each and limit in all, oldest first. workspaces is how many there are to look in.
	AgentsByEmail(ctx context.Context, email string, limit int) (agents []Agent, workspaces int, err error)
	Agents(ctx context.Context, workspace string) ([]Agent, error)
	// OwnerOf answers with the first live owner, or ErrNotFound.
	OwnerOf(ctx context.Context, workspace string) (Agent, error)
	// PutLink replaces every unused link of that agent. An invitation is for somebody who has
	// set no password, and for the role for which it was made: ErrTaken.
	PutLink(ctx context.Context, link Link, draft audit.Draft) error
	// LinkAgent looks at an unused, unexpired link without using it.
	LinkAgent(ctx context.Context, tokenHash []byte, now time.Time) (Agent, error)
	// UseLink sets what was chosen, if the link is unused and unexpired: one winner, by
	// compare-and-swap. It ends every login of the agent and takes their second factors away:
	// a link is for whoever has lost what they signed in with. ErrRefused for everybody else, and
	// for an address where there is none to choose; ErrTaken if another agent of the
	// workspace has it, and the link is as it was.
	UseLink(ctx context.Context, tokenHash []byte, chosen Choice, now time.Time, draft audit.Draft) (Agent, error)
	// SetRole and RemoveAgent raise the epoch, append event.AgentChanged, end logins (Remove), keep the last owner.
	SetRole(ctx context.Context, workspace, agent string, role policy.Role, now time.Time, draft audit.Draft) error
	RemoveAgent(ctx context.Context, workspace, agent string, now time.Time, draft audit.Draft) error

	// LoginByToken answers with the login and its agent as they stand now; ErrRefused
	// if ended, expired, or the agent was removed.
	LoginByToken(ctx context.Context, tokenHash []byte, now time.Time) (Login, Agent, error)
	TouchLogin(ctx context.Context, workspace, id string, now time.Time) error
	Logins(ctx context.Context, workspace, agent string, now time.Time) ([]Login, error)
	// ConfirmLogin sets ConfirmedAt and raises the epoch, if the login lives and password
	// (as stored) is still its agent's: ErrRefused otherwise.
	ConfirmLogin(ctx context.Context, workspace, id, password string, now time.Time, draft audit.Draft) error
	// EndLogin raises the epoch and appends event.AgentSessionEnded.
	EndLogin(ctx context.Context, workspace, id string, now time.Time, draft audit.Draft) error

	// CountFailure adds one wrong try under a key ("net:203.0.113.7", "agent:<fold>") in a
	// window and answers with the count: limits that guard a secret live in the database.
	CountFailure(ctx context.Context, key string, window time.Duration, now time.Time) (int, error)
	// Failures reads the count of the current window.
	Failures(ctx context.Context, key string, window time.Duration, now time.Time) (int, error)

	AddToken(ctx context.Context, token Token, draft audit.Draft) error
	TokenByHash(ctx context.Context, tokenHash []byte, now time.Time) (Token, error)
	Tokens(ctx context.Context, workspace string) ([]Token, error)
	// TouchToken notes a use.
	TouchToken(ctx context.Context, workspace, id, from string, now time.Time) error
	// RevokeToken raises the epoch and appends event.TokenRevoked.
	RevokeToken(ctx context.Context, workspace, id string, now time.Time, draft audit.Draft) error
}
