package chat_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"countersign/internal/chat"
)

// TestAnAllowanceIsTakenOnce: what the gate asked for before it recorded is what the
// opening then uses, and one without the other is limited all the same.
func TestAnAllowanceIsTakenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.proves("alice")
		opened := 0
		for range 60 {
			outcome, err := w.chat.Allow(w.ctx, alice, w.channel, chat.Device{})
			if errors.Is(err, chat.ErrTooMany) && outcome == "" {
				continue
			}
			if err != nil {
				t.Fatal(outcome, err)
			}
			w.open(alice, chat.Device{})
			opened++
		}
		if opened != 20 {
			t.Errorf("%d sessions", opened)
		}
		if _, err := w.chat.Open(w.ctx, alice, w.channel, chat.Device{}); !errors.Is(err, chat.ErrTooMany) {
			t.Errorf("past the limit, not having asked: %v", err)
		}
		w.open(w.proves("bob"), chat.Device{}) // is nobody else's limit
		w.later(3 * time.Second)
		if _, err := w.chat.Allow(w.ctx, alice, w.channel, chat.Device{}); err != nil {
			t.Errorf("later: %v", err)
		}
		for _, v := range []struct {
			what string
			err  error
		}{{"a claim", allowed(w.chat.Allow(w.ctx, w.claims("alice"), w.channel, chat.Device{}))}, {"silence", allowed(w.chat.Allow(w.ctx, w.silent(), w.channel, chat.Device{}))}} {
			if v.err != nil {
				t.Errorf("%s is Open's to limit: %v", v.what, v.err)
			}
		}
	})
}

func allowed(_ string, err error) error { return err }

func TestABlockedPersonIsToldApartBeforeTheRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		in := w.open(w.proves("alice"), chat.Device{})
		w.store.contacts[in.Session.Contact].BlockedAt = time.Now()
		outcome, err := w.chat.Allow(w.ctx, w.proves("alice"), w.channel, chat.Device{})
		if outcome != chat.OutcomeBlocked || !errors.Is(err, chat.ErrSessionEnded) {
			t.Errorf("%q, %v", outcome, err)
		}
		if outcome, err := w.chat.Allow(w.ctx, w.proves("bob"), w.channel, chat.Device{}); outcome != "" || err != nil {
			t.Errorf("another: %q, %v", outcome, err)
		}
	})
}
