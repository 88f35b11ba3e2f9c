package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
)

// An anonymous thread may follow its writer into their own account, and this is the
// only way in which anything changes hands. Each thread is judged by itself, by what
// its visitor wrote in it last:
//
//	verified session opens on the browser's visitor
//	  └─ each anonymous thread of the visitor
//	       ├─ written within VisitWindow, nobody else verified since ──▶ it moves
//	       └─ otherwise ──▶ the widget asks "was this you?" ──yes──▶ it moves
//
// A move takes the conversations and ends the anonymous sessions in one commit.
// Messages keep the tier that they were written with.

// mayClaim says whether a session is a person to whom a thread can go. A proof under
// "either" is an address and no person: it links nothing, so it claims nothing. In
// the tail, when chat goes on after its proof has ended, nothing is claimed either.
func mayClaim(s Session, now time.Time) bool {
	fresh := s.ProofEnds.IsZero() || strings.HasPrefix(s.Dialect, "native") || now.Before(s.ProofEnds.Add(-tail))
	return fresh && s.Standing.Tier() == policy.Verified && slices.Contains(linking, s.Standing.Method())
}

// tail is how long chat outlives a timed proof in every dialect but the native ones,
// which have none. A session's ProofEnds has it in it.
const tail = 12 * time.Hour

// follow moves the anonymous threads of this visit, and names the latest of those
// that wait for an answer.
func (c *Chat) follow(ctx context.Context, s Session, now time.Time) (moved int, waiting *AnonymousThread, err error) {
	threads, err := c.anonymousThreads(ctx, s)
	if err != nil {
		return 0, nil, err
	}
	var visit, older []AnonymousThread
	for _, thread := range threads {
		if thread.OthersVerified || now.Sub(thread.LastAt) >= VisitWindow {
			older = append(older, thread)
		} else {
			visit = append(visit, thread)
		}
	}
	moved, err = c.claim(ctx, s, visit)
	return moved, latest(older), err
}

// waiting is what the widget asks about: the latest of the browser's anonymous
// threads, nil if there is none.
func (c *Chat) waiting(ctx context.Context, s Session) (*AnonymousThread, error) {
	threads, err := c.anonymousThreads(ctx, s)
	return latest(threads), err
}

func (c *Chat) anonymousThreads(ctx context.Context, s Session) ([]AnonymousThread, error) {
	threads, err := c.store.AnonymousThreads(ctx, s.Workspace, s.Visitor, s.Contact)
	if err != nil {
		return nil, fmt.Errorf("chat: look for anonymous threads: %w", err)
	}
	return slices.DeleteFunc(threads, func(t AnonymousThread) bool { return t.Contact == s.Contact }), nil
}

func latest(threads []AnonymousThread) *AnonymousThread {
	if len(threads) == 0 {
		return nil
	}
	last := slices.MaxFunc(threads, func(a, b AnonymousThread) int { return a.LastAt.Compare(b.LastAt) })
	return &last
}

// ClaimWaiting moves the anonymous threads of this browser after their writer said
// "yes, that was me". The question goes to whoever holds the session and the
// visitor, so the answer is theirs too. It was about what had been written by asked;
// zero stands for now.
func (c *Chat) ClaimWaiting(ctx context.Context, s Session, asked time.Time) (moved int, err error) {
	if err := c.check(ctx, &s); err != nil {
		return 0, err
	}
	if !mayClaim(s, c.pulse.Now()) {
		return 0, policy.ErrForbidden
	}
	threads, err := c.anonymousThreads(ctx, s)
	if err != nil {
		return 0, err
	}
	return c.claim(ctx, s, slices.DeleteFunc(threads, func(t AnonymousThread) bool {
		return !asked.IsZero() && t.LastAt.After(asked)
	}))
}

func (c *Chat) claim(ctx context.Context, s Session, threads []AnonymousThread) (int, error) {
	if len(threads) == 0 {
		return 0, nil
	}
	now := c.pulse.Now()
	moved, err := c.store.ClaimThread(ctx, ThreadClaim{
		ID: event.NewID("clm", now), Session: s, Visitor: s.Visitor, FromContact: threads[0].Contact, Threads: threads, At: now,
		Draft: audit.Draft{
			Workspace: s.Workspace, Actor: policy.ForVisitor(s.Workspace, s.ID).Actor(), Action: audit.ThreadClaimed,
			Channel: s.Channel, Subject: s.Contact, Detail: map[string]string{"from": threads[0].Contact, "key": s.Standing.Key()},
		},
	})
	if err != nil {
		return 0, fmt.Errorf("chat: claim a thread: %w", err)
	}
	return moved, nil
}
