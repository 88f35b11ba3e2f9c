package chat

import (
	"context"
	"errors"
	"fmt"

	"countersign/identity/policy"
	"countersign/internal/workspace"
)

// OpenFrom begins the session of somebody who proved in a live session who they are,
// by a code that was mailed to them. The live session ends with it, and its thread
// follows as after any proof. A session that has proved somebody cannot become
// somebody else.
func (c *Chat) OpenFrom(ctx context.Context, s Session, verdict policy.Verdict, channel workspace.Channel, device Device) (Result, error) {
	if err := c.check(ctx, &s); err != nil {
		return Result{}, err
	}
	if s.Standing.Tier() == policy.Verified || s.Channel != channel.ID || s.Workspace != channel.Workspace {
		return Result{}, ErrRefused
	}
	epoch, err := c.pulse.Epoch()
	if err != nil {
		return Result{}, err
	}
	device.Replaces, device.VisitorToken = "", ""
	result, err := c.enter(ctx, entrance{verdict: verdict, channel: channel, device: device, from: &s, now: c.pulse.Now()}, epoch)
	if err == nil {
		c.sessions.drop(s.token)
	}
	return result, err
}

// remain takes the browser of the session that goes before, or meets a new one if
// that was retired meanwhile.
func (c *Chat) remain(ctx context.Context, e *entrance) error {
	known, err := c.store.VisitorByID(ctx, e.channel.Workspace, e.from.Visitor, e.now)
	if errors.Is(err, ErrNotFound) || err == nil && !e.knows(known) {
		e.meet()
		return nil
	}
	if err != nil {
		return fmt.Errorf("chat: read visitor: %w", err)
	}
	e.visitor = known
	return nil
}
