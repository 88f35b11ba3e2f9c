package chat

import (
	"context"
	"fmt"
	"time"

	"countersign/identity/policy"
	"countersign/internal/event"
)

// The lives of things, by the database's clock.
const (
	SlidingLife   = 24 * time.Hour      // of a session since it was last seen
	AbsoluteLife  = 30 * 24 * time.Hour // of a session since it began
	VisitorLife   = 90 * 24 * time.Hour // of a browser's anonymous token
	VisitWindow   = 30 * time.Minute    // within which an anonymous thread follows its writer by itself
	renewInterval = 5 * time.Minute     // a session seen more often than this is not written again
)

// Chat is the story's use cases. Each decides for itself whether its caller may:
// visitors come with a Session that Authenticate or Open made, everybody else
// with a policy.Principal. While the pulse is stale all answer event.ErrStale.
type Chat struct {
	store     Store
	pulse     *event.Pulse
	signals   Signals
	sessions  *sessionCache
	only      onlyCache
	waits     waitCache
	openings  *limiter  // sessions of one person, or of one browser's claim
	arrivals  *limiter  // browsers without a proof from one network
	beginning *limiter  // conversations of one contact
	posting   *limiter  // messages of one contact
	files     *shelving // nil: none are kept
}

// New tells the story that store keeps. signals may be nil: then nobody sees anybody type.
func New(store Store, pulse *event.Pulse, signals Signals) *Chat {
	return &Chat{
		store: store, pulse: pulse, signals: signals,
		sessions:  newSessionCache(),
		openings:  newLimiter(20, 3*time.Second),
		arrivals:  newLimiter(300, 200*time.Millisecond),
		beginning: newLimiter(60, 2*time.Second),
		posting:   newLimiter(200, 20*time.Millisecond),
	}
}

// fresh answers ErrStale unless the log's head was read within a second.
func (c *Chat) fresh() error {
	_, err := c.pulse.Epoch()
	return err
}

// agent admits a principal that holds the right, while the pulse is fresh.
func (c *Chat) agent(who policy.Principal, right policy.Right) error {
	if !who.May(right) {
		return policy.ErrForbidden
	}
	return c.fresh()
}

// writer is agent for what only a signed-in teammate may do: the write names a
// login, which is checked again inside its transaction.
func (c *Chat) writer(who policy.Principal, right policy.Right) error {
	if who.Kind() != policy.AgentPrincipal {
		return policy.ErrForbidden
	}
	return c.agent(who, right)
}

func (c *Chat) signal(e event.Event) {
	if c.signals != nil {
		c.signals.Signal(e)
	}
}

func invalid(format string, arguments ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, arguments...)...)
}

// page keeps a limit within 1 to MaxPage; absent is the default.
func page(limit, absent int) int {
	if limit <= 0 {
		return absent
	}
	return min(limit, MaxPage)
}

// owned reads a conversation of the session's contact; another's is ErrNotFound.
func (c *Chat) owned(ctx context.Context, s Session, id string) (Conversation, error) {
	if s.Contact == "" || !validID(id) { // an empty contact would mean "any" to the store
		return Conversation{}, ErrNotFound
	}
	return c.store.Conversation(ctx, s.Workspace, s.Contact, id)
}
