package chat_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity/policy"
	"countersign/internal/chat"
	"countersign/internal/event"
)

// calls are every use case that a visitor's session opens, by name.
func calls(w *world, s chat.Session, thread string) map[string]func() error {
	return map[string]func() error{
		"Conversations": func() error { _, _, err := w.chat.Conversations(w.ctx, s, chat.Cursor{}, 0); return err },
		"Conversation":  func() error { _, err := w.chat.Conversation(w.ctx, s, thread); return err },
		"Create":        func() error { _, err := w.chat.Create(w.ctx, s, chat.Writing{Text: "x"}); return err },
		"Post":          func() error { _, err := w.chat.Post(w.ctx, s, thread, chat.Writing{Text: "x"}); return err },
		"Messages":      func() error { _, _, err := w.chat.Messages(w.ctx, s, thread, 0, 0); return err },
		"MarkRead":      func() error { return w.chat.MarkRead(w.ctx, s, thread, 1) },
		"Typing":        func() error { return w.chat.Typing(w.ctx, s, thread) },
		"Current":       func() error { _, err := w.chat.Current(w.ctx, s); return err },
		"ClaimWaiting":  func() error { _, err := w.chat.ClaimWaiting(w.ctx, s, time.Time{}); return err },
		"LogOut":        func() error { return w.chat.LogOut(w.ctx, s) },
	}
}

func TestStalePulseAdmitsReadsAndPostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		verdict := w.proves("alice")
		posts := len(w.store.posts)
		time.Sleep(event.Freshness + time.Millisecond)
		for name, call := range calls(w, alice.Session, thread) {
			if err := call(); !errors.Is(err, event.ErrStale) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, _, err := w.chat.Authenticate(w.ctx, alice.Token); !errors.Is(err, event.ErrStale) {
			t.Errorf("Authenticate: %v", err)
		}
		if _, err := w.chat.Open(w.ctx, verdict, w.channel, chat.Device{}); !errors.Is(err, event.ErrStale) {
			t.Errorf("Open: %v", err)
		}
		if len(w.store.posts) != posts || len(w.typed) != 0 {
			t.Error("something got through")
		}
	})
}

func TestSessionThatNobodyAuthenticatedDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		made := chat.Session{
			ID: alice.Session.ID, Workspace: "main", Channel: "cha_1", Contact: alice.Session.Contact,
			Standing: alice.Session.Standing, ExpiresAt: alice.Session.ExpiresAt,
		}
		for name, call := range calls(w, made, thread) {
			if err := call(); !errors.Is(err, chat.ErrSessionEnded) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestEndedSessionIsRefusedByEveryUseCaseOnceTheEpochMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		thread := w.says(alice.Session, "hello")
		session, _, err := w.chat.Authenticate(w.ctx, alice.Token) // before its end, as a slow request does
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.store.EndSessionsOf(w.ctx, chat.SignOut{Workspace: "main", Contact: session.Contact}, audit0); err != nil {
			t.Fatal(err)
		}
		w.beat()
		for name, call := range calls(w, session, thread) {
			if err := call(); !errors.Is(err, chat.ErrSessionEnded) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestSessionIsReadOncePerEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		w.store.reads = 0
		for range 10 {
			s, who, err := w.chat.Authenticate(w.ctx, alice.Token)
			if err != nil || s.ID != alice.Session.ID || who.Kind() != policy.VisitorPrincipal || who.ID() != s.ID || who.Workspace() != "main" {
				t.Fatalf("%+v %+v %v", s, who, err)
			}
		}
		if w.store.reads != 0 {
			t.Errorf("%d reads of a session that was just opened", w.store.reads)
		}
		w.store.epoch++
		w.beat()
		for range 10 {
			if s, _, err := w.chat.Authenticate(w.ctx, alice.Token); err != nil || s.Epoch() != w.store.epoch {
				t.Fatal(err)
			}
		}
		if w.store.reads != 1 {
			t.Errorf("%d reads after one change", w.store.reads)
		}
	})
}

func TestUnreadableSessionIsAnErrorAndNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		w.store.epoch++
		w.beat()
		w.store.fails = errors.New("disk on fire")
		if _, _, err := w.chat.Authenticate(w.ctx, alice.Token); err == nil || errors.Is(err, chat.ErrSessionEnded) {
			t.Errorf("%v", err)
		}
	})
}

func TestTokenHasOneSpelling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		raw, _ := base64.RawURLEncoding.DecodeString(alice.Token)
		if len(raw) != 6+32 {
			t.Fatalf("a token of %d bytes", len(raw))
		}
		w.store.reads = 0
		end := len(alice.Token) - 1
		last := alice.Token[:end] + string(alice.Token[end]+1) // another letter, the same bits
		for name, token := range map[string]string{
			"empty": "", "cut": alice.Token[:end], "padded": alice.Token + "=", "line break": alice.Token[:20] + "\n" + alice.Token[20:],
			"trailing line break": alice.Token + "\n", "other last letter": last, "blank": " " + alice.Token, "huge": strings.Repeat("A", 1<<20),
			"not ASCII": strings.Repeat("é", end)[:end+1],
		} {
			if _, _, err := w.chat.Authenticate(w.ctx, token); !errors.Is(err, chat.ErrSessionEnded) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if w.store.reads != 0 {
			t.Errorf("%d of them reached the store", w.store.reads)
		}
	})
}

func TestRenewalIsWrittenSeldomAndMayFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		for range 4 {
			w.later(time.Minute)
			_, _, _ = w.chat.Authenticate(w.ctx, alice.Token)
		}
		if w.store.renewals != 0 {
			t.Errorf("%d renewals within five minutes", w.store.renewals)
		}
		w.later(2 * time.Minute)
		w.store.fails = errors.New("disk full")
		for range 5 {
			if s, _, err := w.chat.Authenticate(w.ctx, alice.Token); err != nil || s.ID == "" {
				t.Fatalf("a session that could not be renewed ended: %v", err)
			}
		}
		if w.store.renewals != 1 {
			t.Errorf("%d tries in one moment", w.store.renewals)
		}
		w.store.fails = nil
		w.later(2 * time.Minute)
		s, _, err := w.chat.Authenticate(w.ctx, alice.Token)
		if err != nil || w.store.renewals != 2 || !s.SeenAt.Equal(time.Now()) {
			t.Errorf("renewals %d, seen %v, %v", w.store.renewals, s.SeenAt, err)
		}
	})
}

func TestRenewalThatFindsTheSessionEndedEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		w.later(10 * time.Minute)
		for _, r := range w.store.sessions {
			r.ended = time.Now() // by another node; the epoch has not been seen yet
		}
		if _, _, err := w.chat.Authenticate(w.ctx, alice.Token); !errors.Is(err, chat.ErrSessionEnded) {
			t.Errorf("%v", err)
		}
	})
}

func TestTokenIsPrintedByNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		alice := w.open(w.proves("alice"), chat.Device{})
		device := chat.Device{VisitorToken: alice.VisitorToken, Replaces: alice.Token}
		var said bytes.Buffer
		text, json := slog.New(slog.NewTextHandler(&said, nil)), slog.New(slog.NewJSONHandler(&said, nil))
		for _, value := range []any{alice, alice.Session, device, &alice, &alice.Session, &device} {
			fmt.Fprintf(&said, "%v %+v %#v %s\n", value, value, value, value)
			text.Info("x", "value", value)
			json.Info("x", "value", value)
		}
		var hash string
		for h, r := range w.store.sessions {
			if r.ID == alice.Session.ID {
				hash = h
			}
		}
		for name, secret := range map[string]string{
			"token": alice.Token, "visitor token": alice.VisitorToken, "hash": hash, "hash in hex": hex.EncodeToString([]byte(hash)),
			"hash in decimals": strings.Trim(fmt.Sprintf("%d", []byte(hash)), "[]"),
		} {
			if strings.Contains(said.String(), secret) {
				t.Errorf("the %s was printed", name)
			}
		}
	})
}
