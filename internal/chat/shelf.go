package chat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"countersign/identity/policy"
	"countersign/internal/event"
)

// shelving is what Chat needs for files; its zero value keeps none.
type shelving struct {
	shelf   Shelf
	linkKey []byte
	most    int64    // bytes of one file
	uploads *limiter // files of one contact or agent
	network *limiter // files of one network

	mu     sync.Mutex
	coming map[string]int // :: sender, or network behind a blank → files that are coming in on this node
}

// How many files may come in side by side. Each holds room on the disk for as long as
// it takes, and whoever writes without a name is as many senders as they like.
const (
	comingAtOnce      = 6  // of one sender
	comingFromNetwork = 40 // of one network
)

// KeepFiles lets visitors and agents hand files in. linkKey MACs capability links; most
// is what one file may have, in bytes (0: DefaultFileBytes).
func (c *Chat) KeepFiles(shelf Shelf, linkKey []byte, most int64) {
	if most <= 0 {
		most = DefaultFileBytes
	}
	c.files = &shelving{
		shelf: shelf, linkKey: linkKey, most: most, coming: map[string]int{},
		uploads: newLimiter(60, time.Second), network: newLimiter(100, 2*time.Second),
	}
}

// FileLimit is how many bytes a file may have; 0: files are not kept.
func (c *Chat) FileLimit() int64 {
	if c.files == nil {
		return 0
	}
	return c.files.most
}

// enter counts a file that comes in; leave must follow.
func (s *shelving) enter(sender, network string, now time.Time) (leave func(), err error) {
	if !s.uploads.admit(sender, now) || network != "" && !s.network.admit(network, now) {
		return nil, ErrTooMany
	}
	from := " " + network
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.coming[sender] >= comingAtOnce || network != "" && s.coming[from] >= comingFromNetwork {
		return nil, ErrTooMany
	}
	s.coming[sender]++
	s.coming[from]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, key := range []string{sender, from} {
			if s.coming[key]--; s.coming[key] == 0 {
				delete(s.coming, key)
			}
		}
	}, nil
}

// Incoming is a file as it is handed in.
type Incoming struct {
	Name    string // as the sender calls it
	Network string // it comes from; empty: not limited by
	Body    io.Reader
}

// HandIn keeps a visitor's file until it is sent. The session is asked for again when
// all of it is there, which may be minutes later.
func (c *Chat) HandIn(ctx context.Context, s Session, in Incoming) (Attachment, error) {
	if err := c.check(ctx, &s); err != nil {
		return Attachment{}, err
	}
	if s.Contact == "" {
		return Attachment{}, ErrNotFound
	}
	now := c.pulse.Now()
	a := Attachment{
		FileBody: FileBody{ID: event.NewID("fil", now)}, Workspace: s.Workspace, Channel: s.Channel, Contact: s.Contact, Visitor: s.Visitor,
		Tier: s.Standing.Tier(), Method: s.Standing.Method(), Session: s.ID, Key: s.Standing.Key(), CreatedAt: now,
	}
	quota := Quota{Since: now.Add(-24 * time.Hour), Files: visitorDailyFiles, Bytes: visitorDailyBytes, Total: visitorTotalBytes, Kept: visitorTotalFiles}
	return c.handIn(ctx, a, s.token, in, quota, func() error { return c.check(ctx, &s) })
}

// HandInReply keeps an agent's file until it is sent.
func (c *Chat) HandInReply(ctx context.Context, who policy.Principal, in Incoming) (Attachment, error) {
	if err := c.writer(who, policy.ReplyConversations); err != nil {
		return Attachment{}, err
	}
	now := c.pulse.Now()
	a := Attachment{
		FileBody: FileBody{ID: event.NewID("fil", now)}, Workspace: who.Workspace(), Agent: who.ID(), Login: who.Login(), CreatedAt: now,
	}
	quota := Quota{Since: now.Add(-24 * time.Hour), Files: agentDailyFiles, Bytes: agentDailyBytes}
	return c.handIn(ctx, a, nil, in, quota, c.fresh)
}

func (c *Chat) handIn(ctx context.Context, a Attachment, token []byte, in Incoming, quota Quota, stands func() error) (Attachment, error) {
	f := c.files
	if f == nil {
		return Attachment{}, ErrNoShelf
	}
	leave, err := f.enter(a.Contact+a.Agent, in.Network, a.CreatedAt)
	if err != nil {
		return Attachment{}, err
	}
	defer leave()
	if err := c.store.BeginAttachment(ctx, a, token, quota); err != nil {
		return Attachment{}, err
	}
	taken, err := f.shelf.Take(ctx, a.ID, in, f.most)
	if err == nil {
		err = stands()
	}
	if err == nil {
		a.Name, a.MediaType, a.Size, a.Width, a.Height, a.Thumbnail = taken.Name, taken.MediaType, taken.Size, taken.Width, taken.Height, taken.Thumbnail
		err = c.store.KeepAttachment(ctx, a, token, quota)
	}
	if err != nil {
		c.giveUp(ctx, a)
		return Attachment{}, err
	}
	return a, nil
}

// giveUp discards a file that did not come to be; if that fails the sweep does it.
func (c *Chat) giveUp(ctx context.Context, a Attachment) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	err := c.store.DiscardAttachment(ctx, a.Workspace, a.ID)
	if (err == nil || errors.Is(err, ErrNotFound)) && c.files.shelf.Drop(ctx, a.ID) == nil {
		_ = c.store.Dropped(ctx, []string{a.ID})
	}
}

// File is a visitor's file: of a message that it may see, or one of its own that waits.
func (c *Chat) File(ctx context.Context, s Session, id string) (Attachment, error) {
	if err := c.check(ctx, &s); err != nil {
		return Attachment{}, err
	}
	if s.Contact == "" || !validID(id) {
		return Attachment{}, ErrNotFound
	}
	return c.store.VisitorAttachment(ctx, s, id)
}

// ReplyFile is a file of any message of the workspace, or the agent's own that waits.
func (c *Chat) ReplyFile(ctx context.Context, who policy.Principal, id string) (Attachment, error) {
	if err := c.agent(who, policy.ReadConversations); err != nil {
		return Attachment{}, err
	}
	if !validID(id) {
		return Attachment{}, ErrNotFound
	}
	return c.store.AgentAttachment(ctx, who.Workspace(), who.ID(), id)
}

// OpenFile opens the bytes of a file that its reader was given by File, ReplyFile or
// FollowLink. thumbnail is the smaller picture; a picture that is small itself is its own.
func (c *Chat) OpenFile(ctx context.Context, a Attachment, thumbnail bool) (io.ReadSeekCloser, error) {
	if c.files == nil || a.ID == "" || thumbnail && !a.Picture() {
		return nil, ErrNotFound
	}
	return c.files.shelf.Open(ctx, a.ID, thumbnail && a.Thumbnail)
}

// sweepPage is how many files one step of a sweep looks at.
const sweepPage = 200

// SweepFiles discards what nobody sent and takes the bytes away of whatever was
// discarded. It says how many went, also beside an error.
func (c *Chat) SweepFiles(ctx context.Context) (gone int, err error) {
	if c.files == nil {
		return 0, nil
	}
	now := c.pulse.Now()
	if err := c.files.shelf.Tidy(now); err != nil {
		return 0, err
	}
	for {
		n, err := c.store.DiscardUnsent(ctx, now.Add(-UnsentLife), now.Add(-comingLife), sweepPage)
		if err != nil {
			return 0, err
		}
		if n < sweepPage {
			break
		}
	}
	return c.dropDiscarded(ctx)
}

// dropDiscarded takes the bytes of discarded files away, and then their ids.
func (c *Chat) dropDiscarded(ctx context.Context) (gone int, err error) {
	for {
		ids, err := c.store.Discarded(ctx, sweepPage)
		if err != nil || len(ids) == 0 {
			return gone, err
		}
		var failed error
		var dropped []string
		for _, id := range ids {
			if err := c.files.shelf.Drop(ctx, id); err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			dropped = append(dropped, id)
		}
		if err := c.store.Dropped(ctx, dropped); err != nil {
			return gone, err
		}
		gone += len(dropped)
		if failed != nil {
			return gone, fmt.Errorf("chat: drop files: %w", failed)
		}
	}
}

// dropErased takes the bytes of erased files away at once. What does not go within a
// while, the sweep takes; then it says no.
func (c *Chat) dropErased(ctx context.Context) bool {
	if c.files == nil {
		return false
	}
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	_, err := c.dropDiscarded(ctx)
	return err == nil
}

// SweepStrays takes bytes away that no row names, as after a database was put back to
// an earlier state. Young ones stay: their row may come.
func (c *Chat) SweepStrays(ctx context.Context) (gone int, err error) {
	if c.files == nil {
		return 0, nil
	}
	old := c.pulse.Now().Add(-UnsentLife)
	var page []string
	look := func() error {
		strays, err := c.store.StrayFiles(ctx, page)
		page = page[:0]
		if err != nil {
			return err
		}
		for _, id := range strays {
			if err := c.files.shelf.Drop(ctx, id); err != nil {
				return err
			}
			gone++
		}
		return nil
	}
	err = c.files.shelf.Each(ctx, func(id string, since time.Time) error {
		if since.After(old) {
			return nil
		}
		if page = append(page, id); len(page) < sweepPage {
			return nil
		}
		return look()
	})
	if err == nil && len(page) > 0 {
		err = look()
	}
	return gone, err
}
