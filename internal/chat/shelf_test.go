package chat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"countersign/internal/chat"
	"countersign/internal/event"
)

// unsent is a store of files that nobody has sent, and of what was discarded.
type unsent struct {
	chat.Store
	known     []string             // ids that rows name
	waits     map[string]time.Time // :: id → since when
	comes     map[string]time.Time
	discarded []string
}

func (u *unsent) DiscardUnsent(_ context.Context, waiting, coming time.Time, limit int) (n int, _ error) {
	for _, list := range []struct {
		of     map[string]time.Time
		before time.Time
	}{{u.waits, waiting}, {u.comes, coming}} {
		for id, since := range list.of {
			if since.Before(list.before) && n < limit {
				delete(list.of, id)
				u.discarded = append(u.discarded, id)
				n++
			}
		}
	}
	return n, nil
}

func (u *unsent) Discarded(_ context.Context, limit int) ([]string, error) {
	return slices.Clone(u.discarded[:min(limit, len(u.discarded))]), nil
}

func (u *unsent) Dropped(_ context.Context, ids []string) error {
	u.discarded = slices.DeleteFunc(u.discarded, func(id string) bool { return slices.Contains(ids, id) })
	return nil
}

func (u *unsent) StrayFiles(_ context.Context, ids []string) (strays []string, _ error) {
	for _, id := range ids {
		if !slices.Contains(u.known, id) {
			strays = append(strays, id)
		}
	}
	return strays, nil
}

// board is a shelf in memory.
type board struct {
	bytes  map[string]time.Time // :: id → since when
	stuck  string               // cannot be dropped
	tidied bool
}

var errStuck = errors.New("stuck")

func (b *board) Take(context.Context, string, chat.Incoming, int64) (chat.Taken, error) {
	return chat.Taken{}, errStuck
}
func (b *board) Open(context.Context, string, bool) (io.ReadSeekCloser, error) {
	return nil, chat.ErrNotFound
}

func (b *board) Drop(_ context.Context, id string) error {
	if id == b.stuck {
		return errStuck
	}
	delete(b.bytes, id)
	return nil
}

func (b *board) Each(_ context.Context, visit func(string, time.Time) error) error {
	for id, since := range b.bytes {
		for range 2 { // a picture and its thumbnail
			if err := visit(id, since); err != nil {
				return err
			}
		}
	}
	return nil
}
func (b *board) Tidy(time.Time) error { b.tidied = true; return nil }

func (b *board) ids() string {
	var ids []string
	for id := range b.bytes {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return fmt.Sprint(ids)
}

func sweeping(t *testing.T, u *unsent, b *board) *chat.Chat {
	t.Helper()
	pulse := &event.Pulse{}
	pulse.Observe(event.Head{Now: time.Now()}, time.Now())
	c := chat.New(u, pulse, nil)
	c.KeepFiles(b, []byte("key"), 0)
	return c
}

func TestTheSweepTakesWhatNobodySentAndWhatBrokeOff(t *testing.T) {
	now := time.Now()
	u := &unsent{
		waits: map[string]time.Time{"fil_old": now.Add(-25 * time.Hour), "fil_young": now.Add(-23 * time.Hour)},
		comes: map[string]time.Time{"fil_broken": now.Add(-2 * time.Hour), "fil_coming": now.Add(-time.Minute)},
	}
	b := &board{bytes: map[string]time.Time{}, stuck: "fil_erased"}
	for _, id := range []string{"fil_old", "fil_young", "fil_broken", "fil_coming", "fil_erased", "fil_sent"} {
		b.bytes[id] = now
	}
	u.discarded = []string{"fil_erased"}
	c := sweeping(t, u, b)
	gone, err := c.SweepFiles(context.Background())
	if gone != 2 || !errors.Is(err, errStuck) || !b.tidied {
		t.Errorf("%d are gone, %v", gone, err)
	}
	if got := b.ids(); got != "[fil_coming fil_erased fil_sent fil_young]" {
		t.Errorf("it keeps %s", got)
	}
	if fmt.Sprint(u.discarded) != "[fil_erased]" {
		t.Errorf("what could not be dropped is forgotten: %v", u.discarded)
	}
	b.stuck = ""
	if gone, err = c.SweepFiles(context.Background()); gone != 1 || err != nil {
		t.Errorf("then %d, %v", gone, err)
	}
}

func TestBytesThatNoRowNamesAreSweptOnceTheyAreOld(t *testing.T) {
	now := time.Now()
	b := &board{bytes: map[string]time.Time{"fil_known": now.Add(-48 * time.Hour), "fil_young": now.Add(-time.Hour)}}
	for n := range 450 { // more than one page
		b.bytes[fmt.Sprint("fil_stray", n)] = now.Add(-48 * time.Hour)
	}
	c := sweeping(t, &unsent{known: []string{"fil_known"}}, b)
	if _, err := c.SweepStrays(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := b.ids(); got != "[fil_known fil_young]" {
		t.Errorf("it keeps %s", got)
	}
}

func TestALinkOfAnotherKeyOrShapeIsNone(t *testing.T) {
	c := sweeping(t, &unsent{}, &board{})
	for _, text := range []string{"", "x", "AAAA", "====", "A\nA", string(make([]byte, 600))} {
		if _, err := c.FollowLink(context.Background(), chat.VisitorReads, text); !errors.Is(err, chat.ErrNotFound) {
			t.Errorf("%q: %v", text, err)
		}
		if err := c.HoldsLink(context.Background(), chat.AgentReads, text); !errors.Is(err, chat.ErrNotFound) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
