package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
)

// An anonymous thread may follow its writer into their own account, and this is the
// only way in which anything changes hands:
//
//	verified session opens on the browser's visitor
//	  └─ the visitor has an anonymous thread
//	       ├─ written within VisitWindow, nobody else verified since ──▶ it moves
//	       └─ otherwise ──▶ the widget asks "was this you?" ──yes──▶ it moves
//
// A move takes the conversations and ends the anonymous sessions in one commit.
// Messages keep the tier that they were written with.

// mayClaim says whether a session is a person to whom a thread can go. A proof under
// "either" is an address and no person: it links nothing, so it claims nothing.
func mayClaim(s Session) bool {
	return s.Standing.Tier() == policy.Verified && slices.Contains(linking, s.Standing.Method())
}

// follow moves the anonymous thread of this visit, or says that one waits.
func (c *Chat) follow(ctx context.Context, s Session, now time.Time) (moved int, waiting *AnonymousThread, err error) {
	thread, err := c.waiting(ctx, s)
	if err != nil || thread == nil {
		return 0, nil, err
	}
	if thread.OthersVerified || now.Sub(thread.LastAt) >= VisitWindow {
		return 0, thread, nil
	}
	moved, err = c.claim(ctx, s, *thread)
	return moved, nil, err
}

// waiting answers with the anonymous thread of the session's browser, nil if there is none.
func (c *Chat) waiting(ctx context.Context, s Session) (*AnonymousThread, error) {
	thread, err := c.store.AnonymousThread(ctx, s.Workspace, s.Visitor, s.Contact)
	if errors.Is(err, ErrNotFound) || err == nil && (thread.Conversation == "" || thread.Contact == s.Contact) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("chat: look for an anonymous thread: %w", err)
	}
	return &thread, nil
}

// ClaimWaiting moves the anonymous thread of this browser after its writer said
// "yes, that was me". The question goes to whoever holds the session and the
// visitor, so the answer is theirs too.
func (c *Chat) ClaimWaiting(ctx context.Context, s Session) (moved int, err error) {
	if err := c.check(ctx, &s); err != nil {
		return 0, err
	}
	if !mayClaim(s) {
		return 0, policy.ErrForbidden
	}
	thread, err := c.waiting(ctx, s)
	if err != nil || thread == nil {
		return 0, err
	}
	return c.claim(ctx, s, *thread)
}

func (c *Chat) claim(ctx context.Context, s Session, thread AnonymousThread) (int, error) {
	now := c.pulse.Now()
	moved, err := c.store.ClaimThread(ctx, ThreadClaim{
		ID: event.NewID("clm", now), Session: s, Visitor: s.Visitor, FromContact: thread.Contact, At: now,
		Draft: audit.Draft{
			Workspace: s.Workspace, Actor: policy.ForVisitor(s.Workspace, s.ID).Actor(), Action: audit.ThreadClaimed,
			Channel: s.Channel, Subject: s.Contact, Detail: map[string]string{"from": thread.Contact, "key": s.Standing.Key()},
		},
	})
	if err != nil {
		return 0, fmt.Errorf("chat: claim a thread: %w", err)
	}
	return moved, nil
}
