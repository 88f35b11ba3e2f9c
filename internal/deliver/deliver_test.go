package deliver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"countersign/internal/deliver"
	"countersign/internal/event"
)

// plainSeal turns bytes round: enough to see that nothing lies in clear.
type plainSeal struct{}

func turned(b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[i] = ^b[i]
	}
	return out
}
func (plainSeal) Seal(plain []byte, _, _ string) []byte { return turned(plain) }
func (plainSeal) Open(sealed []byte, _, _ string) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, errors.New("empty")
	}
	return turned(sealed), nil
}

// queue is the outbox in memory, by the bubble's clock.
type queue struct {
	mu      sync.Mutex
	letters []*deliver.Letter
	looked  int
	lost    int // settlements that are to be lost, as in a crash
}

func (q *queue) put(l deliver.Letter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.letters = append(q.letters, &l)
}

func (q *queue) DueLetter(context.Context) (due time.Time, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.looked++
	for _, l := range q.letters {
		if l.State == deliver.Waiting && (due.IsZero() || l.NextAt.Before(due)) {
			due = l.NextAt
		}
	}
	return due, nil
}

func (q *queue) ClaimLetters(_ context.Context, lease time.Duration, _ int) (out []deliver.Letter, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for _, l := range q.letters {
		if l.State != deliver.Waiting || l.NextAt.After(now) {
			continue
		}
		if !now.Before(l.ExpiresAt) {
			l.State, l.Sealed = deliver.Expired, nil
			continue
		}
		l.Attempts++
		l.NextAt = now.Add(lease)
		out = append(out, *l)
	}
	return out, nil
}

func (q *queue) SettleLetter(_ context.Context, letter deliver.Letter, how deliver.Outcome) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lost > 0 {
		q.lost--
		return errors.New("the database went away")
	}
	for _, l := range q.letters {
		if l.ID == letter.ID && l.Attempts == letter.Attempts {
			l.State, l.LastError = how.State, how.Error
			if how.State == deliver.Waiting {
				l.NextAt = time.Now().Add(how.After)
			} else {
				l.Sealed = nil
			}
		}
	}
	return nil
}

func (q *queue) SweepLetters(context.Context, time.Duration) error { return nil }

func (q *queue) state() deliver.Letter {
	q.mu.Lock()
	defer q.mu.Unlock()
	return *q.letters[0]
}

type sender struct {
	mu   sync.Mutex
	errs []error
	sent []deliver.Mail
	at   []time.Time
}

func (s *sender) Send(_ context.Context, mail deliver.Mail) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent, s.at = append(s.sent, mail), append(s.at, time.Now())
	if len(s.errs) == 0 {
		return nil
	}
	err := s.errs[0]
	s.errs = s.errs[1:]
	return err
}

func letter(t *testing.T, desk *deliver.Desk, life time.Duration) deliver.Letter {
	t.Helper()
	l, err := desk.Write(deliver.Draft{Workspace: "main", Kind: deliver.CodeLetter, Ref: "cod_1", To: "ada@shop.example", Subject: "042137 is your code", Text: "042137\n", Life: life})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// run carries letters in a bubble until it is quiet, for a while.
func run(t *testing.T, q *queue, s *sender, life, while time.Duration) {
	t.Helper()
	runLogging(t, q, s, life, while, io.Discard)
}

func runLogging(t *testing.T, q *queue, s *sender, life, while time.Duration, log io.Writer) {
	t.Helper()
	pulse := &event.Pulse{}
	pulse.Observe(event.Head{Now: time.Now()}, time.Now())
	desk := deliver.NewDesk(plainSeal{}, pulse)
	if l := letter(t, desk, life); bytes.Contains(l.Sealed, []byte("042137")) || bytes.Contains(l.Sealed, []byte("ada@")) {
		t.Error("a letter lies in clear")
	} else {
		q.put(l)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		deliver.NewWorker(desk, q, s, slog.New(slog.NewTextHandler(log, nil))).Run(ctx)
	}()
	desk.Wake()
	time.Sleep(while) // the bubble's time
	cancel()
	<-done
}

func TestALetterIsTriedAgainUntilItIsTakenAndThenSaysNothingAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &queue{}, &sender{errs: []error{errors.New("450 try later\r\nInjected: log"), errors.New("connect: refused")}}
		run(t, q, s, time.Hour, 5*time.Minute)
		if got := q.state(); got.State != deliver.Sent || got.Attempts != 3 || len(got.Sealed) != 0 {
			t.Fatalf("%+v", got)
		}
		for _, mail := range s.sent {
			if mail.ID != s.sent[0].ID || mail.To != "ada@shop.example" || mail.Text != "042137\n" {
				t.Errorf("%+v: another letter", mail)
			}
		}
		if s.at[1].Sub(s.at[0]) < 5*time.Second || s.at[2].Sub(s.at[1]) < 15*time.Second {
			t.Errorf("too soon: %v", s.at)
		}
	})
}

func TestALetterIsGivenUpInTheOpen(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		life time.Duration
	}{
		"refused for good": {fmt.Errorf("%w: recipient: 550 no such mailbox", deliver.ErrNever), time.Hour},
		"out of time":      {errors.New("connect: refused"), 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, s := &queue{}, &sender{errs: []error{c.err, c.err, c.err, c.err}}
				run(t, q, s, c.life, 2*time.Minute)
				if got := q.state(); got.State != deliver.Failed || got.LastError == "" || len(got.Sealed) != 0 || strings.ContainsAny(got.LastError, "\r\n") {
					t.Fatalf("%+v", got)
				}
			})
		})
	}
}

// Mail servers repeat what they were told: to whom, and filters what about. Neither the
// outbox, which any admin reads, nor the log is to know an address or a code by that.
func TestAServersWordsTellNeitherTheAddressNorTheCode(t *testing.T) {
	for name, words := range map[string]string{
		"for now":      "recipient: 450 4.2.1 <ada@shop.example>: try later",
		"another case": "recipient: 450 <ADA@Shop.Example> is full: ada@shop.example",
		"the subject":  "message: 451 looks like spam: Subject: 042137 is your code",
		"cut inside":   strings.Repeat("x", 190) + " ada@shop.example",
	} {
		for _, err := range []error{errors.New(words), fmt.Errorf("%w: %s", deliver.ErrNever, words)} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					q, s, log := &queue{}, &sender{errs: slices.Repeat([]error{err}, 20)}, &bytes.Buffer{}
					runLogging(t, q, s, time.Minute, 2*time.Minute, log)
					kept := q.state().LastError + log.String()
					if q.state().LastError == "" || strings.Contains(strings.ToLower(kept), "ada@") || strings.Contains(kept, "042137") {
						t.Errorf("kept: %s", kept)
					}
				})
			})
		}
	}
}

// At least once: what was sent and not noted is sent again, under the same id, when
// the lease of the one who crashed is over.
func TestACrashAfterSendingSendsTheSameLetterAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &queue{lost: 1}, &sender{}
		run(t, q, s, time.Hour, 10*time.Minute)
		if len(s.sent) != 2 || s.sent[0].ID != s.sent[1].ID || s.at[1].Sub(s.at[0]) < time.Minute || q.state().State != deliver.Sent {
			t.Fatalf("%d times, at %v; %+v", len(s.sent), s.at, q.state())
		}
	})
}

// slow takes nearly as long for each letter as a worker waits for.
type slow struct{ sender }

func (s *slow) Send(ctx context.Context, mail deliver.Mail) error {
	time.Sleep(50 * time.Second)
	return s.sender.Send(ctx, mail)
}

// A mailbox gets no more letters than its limits say, however slow the server and however
// many the nodes: whoever holds letters for longer than they are theirs gives them up.
func TestASlowServerMakesNoSecondNodeSendTheSameLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, pulse := &queue{}, &slow{}, &event.Pulse{}
		pulse.Observe(event.Head{Now: time.Now()}, time.Now())
		desks := []*deliver.Desk{deliver.NewDesk(plainSeal{}, pulse), deliver.NewDesk(plainSeal{}, pulse)}
		const letters = 8
		for range letters {
			q.put(letter(t, desks[0], time.Hour))
		}
		ctx, cancel := context.WithCancel(t.Context())
		var nodes sync.WaitGroup
		for _, desk := range desks {
			nodes.Go(func() {
				deliver.NewWorker(desk, q, s, slog.New(slog.NewTextHandler(io.Discard, nil))).Run(ctx)
			})
		}
		time.Sleep(30 * time.Minute)
		cancel()
		nodes.Wait()
		times := map[string]int{}
		for _, mail := range s.sent {
			times[mail.ID]++
		}
		for id, n := range times {
			if n != 1 {
				t.Errorf("%s was sent %d times", id, n)
			}
		}
		if len(times) != letters {
			t.Errorf("%d of %d letters were sent", len(times), letters)
		}
	})
}

func TestAnIdleWorkerHardlyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &queue{}, &sender{}
		run(t, q, s, time.Hour, 10*time.Minute)
		if q.looked > 45 {
			t.Errorf("looked %d times in ten minutes", q.looked)
		}
	})
}

func TestNoAddressIsTwoAndNoneIsAHeader(t *testing.T) {
	for _, address := range []string{
		"", "ada", "@shop.example", "ada@", "a@b@c.example", "ada@shop.example\r\nBcc: eve@x.example", "ada@shop.example\nX: y", "ada@shop.example\x00",
		"ada @shop.example", "Ada <ada@shop.example>", "ada@shop.example,eve@x.example", "ada@shop.example;eve@x.example", `"ada"@shop.example`,
		"ada@shop.example(x)", "ada@[127.0.0.1]", "ada@shop", ".ada@shop.example", "ada.@shop.example", "a..b@shop.example", "ada@.example", "ada@shop..example",
		"ada@shop_.example", "ada\u202e@shop.example", "ada@shop.example\u2028", "ada\xff@shop.example", strings.Repeat("a", 65) + "@shop.example",
		"ada@" + strings.Repeat("a", 250) + ".example", "ada@sh:op.example", "ada@shop.example>", "|cat@shop.example", "`id`@shop.example",
	} {
		if err := deliver.CheckAddress(address); !errors.Is(err, deliver.ErrInvalid) {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{"ada@shop.example", "ADA@Shop.Example", "ada+chat@shop.example", "a.da@shop.example", "\u212aim@shop.example", "dörte@bücher.example", "o=x/y%z!@shop.example", "ada@localhost"} {
		if err := deliver.CheckAddress(address); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestASubjectIsOneLineThatReadsInOneDirection(t *testing.T) {
	desk := deliver.NewDesk(plainSeal{}, &event.Pulse{})
	for _, subject := range []string{"", "a\r\nBcc: x@y.example", "a\nb", "a\u202eb", "a\x00b", "a\u2029b", strings.Repeat("x", 151), "\xff"} {
		if _, err := desk.Write(deliver.Draft{To: "ada@shop.example", Subject: subject, Text: "x", Life: time.Minute}); !errors.Is(err, deliver.ErrInvalid) {
			t.Errorf("%q: %v", subject, err)
		}
	}
	if got := deliver.OneLine("  Alder\r\n\tBcc: x\u202e & Pine ", 60); got != "Alder Bcc: x & Pine" {
		t.Errorf("%q", got)
	}
	if got := deliver.Cut("ada@shop.example"); got != "a…@shop.example" {
		t.Errorf("%q", got)
	}
	if _, err := (*deliver.Desk)(nil).Write(deliver.Draft{}); !errors.Is(err, deliver.ErrNoMail) {
		t.Error(err)
	}
}
