package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
)

// Authenticate finds the live session of a token. A token that is unknown, ended
// or expired is ErrSessionEnded, whatever the cause.
func (c *Chat) Authenticate(ctx context.Context, token string) (Session, policy.Principal, error) {
	epoch, err := c.pulse.Epoch()
	if err != nil {
		return Session{}, policy.Principal{}, err
	}
	hash, ok := hashToken(token)
	if !ok {
		return Session{}, policy.Principal{}, ErrSessionEnded
	}
	s, err := c.sessionAt(ctx, hash, epoch)
	if err != nil {
		return Session{}, policy.Principal{}, err
	}
	s, err = c.slide(ctx, s)
	if err != nil {
		return Session{}, policy.Principal{}, err
	}
	return s, policy.ForVisitor(s.Workspace, s.ID), nil
}

// Epoch is what a stream's subscription names: the security epoch that was current
// before this session was read.
func (s Session) Epoch() int64 { return s.epoch }

// sessionAt answers from the cache if that was filled in this epoch, else from the store.
func (c *Chat) sessionAt(ctx context.Context, hash []byte, epoch int64) (Session, error) {
	now := c.pulse.Now()
	if s, ok := c.sessions.get(hash, epoch, now); ok {
		return s, nil
	}
	s, err := c.store.SessionByToken(ctx, hash, now)
	if errors.Is(err, ErrNotFound) {
		return Session{}, ErrSessionEnded
	}
	if err != nil {
		return Session{}, fmt.Errorf("chat: read session: %w", err)
	}
	return c.keep(s, hash, epoch)
}

// keep makes a session that was read act for its token, if it stands.
func (c *Chat) keep(s Session, hash []byte, epoch int64) (Session, error) {
	if s.Standing.Tier() == "" || s.Standing.Ended() != policy.Stands || !c.pulse.Now().Before(s.ExpiresAt) {
		c.sessions.drop(hash)
		return Session{}, ErrSessionEnded
	}
	s.token, s.epoch = hash, epoch
	c.sessions.put(s)
	return s, nil
}

// slide moves the session's sliding life forward when it was last seen a while
// ago. A session whose renewal cannot be written now goes on until it expires;
// one that turns out to have ended, has ended.
func (c *Chat) slide(ctx context.Context, s Session) (Session, error) {
	now := c.pulse.Now()
	if now.Sub(s.SeenAt) < renewInterval || !c.sessions.mayRenew(s.token, now) {
		return s, nil
	}
	renewed, err := c.store.RenewSession(ctx, s.token, now, lifeEnd(s, now))
	switch {
	case errors.Is(err, ErrSessionEnded), errors.Is(err, ErrNotFound):
		c.sessions.drop(s.token)
		return Session{}, ErrSessionEnded
	case err != nil:
		return s, nil //nolint:nilerr // it stands without this renewal, until it expires
	}
	return c.keep(renewed, s.token, s.epoch)
}

// lifeEnd is the least of sliding life, absolute life and the proof's own end.
func lifeEnd(s Session, now time.Time) time.Time {
	end := now.Add(SlidingLife)
	if s.Absolute.Before(end) {
		end = s.Absolute
	}
	if !s.ProofEnds.IsZero() && s.ProofEnds.Before(end) {
		end = s.ProofEnds
	}
	return end
}

// check is the first line of every visitor's use case: the session was made by
// Authenticate or Open, and stands in the present epoch. It may have been read
// seconds ago, before the rest of a slow request arrived.
func (c *Chat) check(ctx context.Context, s *Session) error {
	if len(s.token) == 0 {
		return ErrSessionEnded
	}
	epoch, err := c.pulse.Epoch()
	if err != nil {
		return err
	}
	if s.epoch == epoch && c.pulse.Now().Before(s.ExpiresAt) {
		return nil
	}
	now, err := c.sessionAt(ctx, s.token, epoch)
	if err != nil {
		return err
	}
	*s = now
	return nil
}

// Current looks at the session as its widget sees it, and renews it.
func (c *Chat) Current(ctx context.Context, s Session) (Result, error) {
	if err := c.check(ctx, &s); err != nil {
		return Result{}, err
	}
	s, err := c.slide(ctx, s)
	if err != nil {
		return Result{}, err
	}
	result := Result{Session: s, Visitor: s.Visitor, Lane: s.Lane, Seq: c.pulse.Head().Seq}
	attributes, err := c.store.NamesOf(ctx, s.Workspace, []string{s.Contact})
	if err != nil {
		return Result{}, fmt.Errorf("chat: read the visitor's name: %w", err)
	}
	result.Name = textOf(attributes, "name", anyProvenance)
	if mayClaim(s, c.pulse.Now()) {
		if result.Waiting, err = c.waiting(ctx, s); err != nil {
			return Result{}, err
		}
	}
	return result, nil
}

// LogOut ends every session of this person in this browser and retires the
// visitor, so that whoever sits down next starts empty.
func (c *Chat) LogOut(ctx context.Context, s Session) error {
	if err := c.check(ctx, &s); err != nil {
		return err
	}
	var drafts []audit.Draft
	if s.Standing.Tier() == policy.Verified { // what nobody proved is not worth a row
		drafts = append(drafts, audit.Draft{
			Workspace: s.Workspace, Actor: policy.ForVisitor(s.Workspace, s.ID).Actor(), Action: audit.SessionEnded,
			Channel: s.Channel, Subject: s.Contact, Person: nameOf(s), Detail: map[string]string{"session": s.ID, "by": "log-out"},
		})
	}
	if _, err := c.store.LogOut(ctx, s, c.pulse.Now(), drafts...); err != nil {
		return fmt.Errorf("chat: log out: %w", err)
	}
	c.sessions.drop(s.token) // the other tabs' go with the epoch
	return nil
}

// leave ends the session from which an assertion was sent that began none. It goes
// on in two cases alone: the page says nobody and the session is nobody's, or the
// page proves the very person whose session it is, who was merely too fast.
func (c *Chat) leave(ctx context.Context, token string, verdict policy.Verdict) error {
	hash, ok := hashToken(token)
	if !ok {
		return nil
	}
	now := c.pulse.Now()
	s, err := c.store.SessionByToken(ctx, hash, now)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("chat: read the session that an assertion was sent from: %w", err)
	}
	if goesOn(s, verdict) {
		return nil
	}
	if err := c.store.EndSession(ctx, s.Workspace, s.ID, now); err != nil {
		return fmt.Errorf("chat: end the session that an assertion was sent from: %w", err)
	}
	c.sessions.drop(hash)
	return nil
}

func goesOn(s Session, verdict policy.Verdict) bool {
	if verdict.Tier() == policy.Verified {
		return s.Standing.Tier() == policy.Verified && slices.Equal(s.Standing.Identifiers(), verdict.Identifiers())
	}
	silent := verdict.Tier() == policy.Anonymous && verdict.Reason() == ""
	return silent && s.Standing.Tier() != policy.Verified
}
