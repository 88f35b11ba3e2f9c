// Package workspace holds workspaces and their channels: ids and aliases,
// platforms, realm, appearance and enforcement. What an operator changes while
// the product runs is a row here; what a process is started with is config.
package workspace

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
)

var (
	// ErrNotFound: no such workspace or channel in reach of the caller.
	ErrNotFound = errors.New("workspace: not found")
	// ErrTaken: a slug or alias already names another channel.
	ErrTaken = errors.New("workspace: this name is taken")
	// ErrInvalid: a value that no channel can have; wrapped with the reason.
	ErrInvalid = errors.New("workspace: invalid")
)

// Main is the workspace that a new installation starts with.
const Main = "main"

// NameShape is what slugs and aliases look like. An alias keeps the spelling of
// the vendor that gave it.
var NameShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// Channel is one way in. Its public ids are the slug and every alias; each names
// one channel in the whole installation.
type Channel struct {
	ID          string
	Workspace   string
	Slug        string
	Aliases     []string
	Name        string
	Realm       string // in which a user id means one person
	Platforms   map[policy.Platform]policy.Enforcement
	Since       map[policy.Platform]time.Time // since when each is enforced as it is; read, never written
	MinimumTier policy.Tier                   // to open a session; empty is anonymous
	Origins     []string                      // pages whose browsers may frame the messenger; empty: any
	Appearance  Appearance
	// LongestLife is how long a native token may be good for, from its iat to its exp;
	// zero: DefaultLongestLife. A vendor's dialects keep the vendor's limit.
	LongestLife time.Duration
	EmailCode   bool // visitors may prove an address by an emailed code
	CreatedAt   time.Time
}

// Life is how long a native token of the channel may be good for.
func (c Channel) Life() time.Duration { return cmp.Or(c.LongestLife, DefaultLongestLife) }

// Appearance is what a visitor sees before the first word.
type Appearance struct {
	Accent   string `json:"accent"`   // #rrggbb
	Team     string `json:"team"`     // who answers
	Greeting string `json:"greeting"` // one sentence
}

// EnforcementChange is one switch of one platform.
type EnforcementChange struct {
	Channel  string
	Platform policy.Platform
	To       policy.Enforcement
}

// Store keeps workspaces and channels. Every change commits its draft with it,
// raises the security epoch and appends the event named, in one transaction.
type Store interface {
	// CreateWorkspace makes it unless it exists.
	CreateWorkspace(ctx context.Context, workspace, name string, now time.Time) error
	// CreateChannel fails with ErrTaken if the slug or an alias is in use. Appends event.ChannelChanged.
	CreateChannel(ctx context.Context, channel Channel, draft audit.Draft) error
	// ChannelByName finds by slug or alias, in any workspace: the public door has nothing else.
	ChannelByName(ctx context.Context, name string) (Channel, error)
	// Channel finds by id inside a workspace.
	Channel(ctx context.Context, workspace, id string) (Channel, error)
	Channels(ctx context.Context, workspace string) ([]Channel, error)
	// UpdateChannel writes name, appearance, origins and minimum tier; one that rises ends every
	// live session below it where it is enforced. Appends event.ChannelChanged.
	UpdateChannel(ctx context.Context, channel Channel, draft audit.Draft) error
	// SetEmailCode writes whether emailed codes are taken; turned off, it ends every live session
	// that was opened by one and the codes that wait, and counts the sessions. Appends event.ChannelChanged.
	SetEmailCode(ctx context.Context, workspace, channel string, allowed bool, draft audit.Draft) (ended int, err error)
	// CodeSessions counts a channel's live sessions that codes opened.
	CodeSessions(ctx context.Context, workspace, channel string, now time.Time) (int, error)
	// SetEnforcement writes the switch; going to enforce ends every live session of that
	// channel and platform that is claimed or below the minimum tier, and counts them. Appends event.EnforcementChanged.
	SetEnforcement(ctx context.Context, workspace string, change EnforcementChange, now time.Time, draft audit.Draft) (ended int, err error)
}
