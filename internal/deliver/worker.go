package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"countersign/identity/policy"
)

const (
	// lease is how long a claimed letter is its worker's: longer than any try.
	lease     = 2 * time.Minute
	sendTakes = time.Minute
	// idle is how late a letter may be that another node wrote and nobody hinted at.
	idle       = 15 * time.Second
	atOnce     = 8
	keepDone   = 30 * 24 * time.Hour
	sweepEvery = time.Hour
	maxError   = 200 // bytes of a server's words
)

// Queue is the outbox as the worker sees it. ClaimLetters takes letters that are due, each
// for one worker and for the time of a lease, and expires those that are worth
// nothing any more. SettleLetter writes how the given attempt came out; an attempt that
// another worker has meanwhile made changes nothing. DueLetter is when the next letter
// is to be looked at, zero if none waits.
type Queue interface {
	DueLetter(ctx context.Context) (time.Time, error)
	ClaimLetters(ctx context.Context, lease time.Duration, limit int) ([]Letter, error)
	SettleLetter(ctx context.Context, letter Letter, how Outcome) error
	// SweepLetters forgets letters that have been done for a while.
	SweepLetters(ctx context.Context, keep time.Duration) error
}

// Outcome is how a try came out.
type Outcome struct {
	State State         // Waiting: it is tried again
	After time.Duration // of Waiting
	Error string
}

// Worker carries letters to the sender.
type Worker struct {
	desk   *Desk
	queue  Queue
	sender Sender
	log    *slog.Logger
	swept  time.Time
}

// NewWorker reads the desk's letters from queue.
func NewWorker(desk *Desk, queue Queue, sender Sender, log *slog.Logger) *Worker {
	return &Worker{desk: desk, queue: queue, sender: sender, log: log}
}

// Run carries letters until ctx ends. It sleeps until somebody wrote one, until the
// next is due, or for as long as another node's may go unnoticed.
func (w *Worker) Run(ctx context.Context) {
	for ctx.Err() == nil {
		wait, err := w.round(ctx)
		if err != nil && ctx.Err() == nil {
			w.log.Warn("the outbox could not be read or written; tried again soon", "error", err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-w.desk.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// round carries what is due and says how long nothing will be.
func (w *Worker) round(ctx context.Context) (wait time.Duration, err error) {
	now := w.desk.pulse.Now()
	if now.Sub(w.swept) > sweepEvery {
		if err := w.queue.SweepLetters(ctx, keepDone); err != nil {
			return idle, err
		}
		w.swept = now
	}
	due, err := w.queue.DueLetter(ctx)
	if err != nil || due.IsZero() {
		return idle, err
	}
	if due.After(now) {
		return max(min(due.Sub(now), idle), time.Second), nil
	}
	letters, err := w.queue.ClaimLetters(ctx, lease, atOnce)
	if err != nil {
		return idle, err
	}
	claimed := time.Now()
	for _, letter := range letters {
		if time.Since(claimed) > lease-sendTakes {
			break // the rest is about to be somebody else's
		}
		how := w.carry(ctx, letter)
		// What was sent is noted although the process is on its way out.
		if err := w.queue.SettleLetter(context.WithoutCancel(ctx), letter, how); err != nil {
			return idle, err
		}
	}
	if len(letters) == 0 {
		return time.Second, nil // another node has them
	}
	return 0, nil
}

// carry makes one try.
func (w *Worker) carry(ctx context.Context, letter Letter) Outcome {
	mail, err := w.desk.open(letter)
	if err != nil {
		w.log.Error("a letter does not open under this installation's key", "letter", letter.ID, "error", err)
		return Outcome{State: Failed, Error: "the letter does not open under this installation's key"}
	}
	trying, cancel := context.WithTimeout(ctx, sendTakes)
	defer cancel()
	err = w.sender.Send(trying, mail)
	switch {
	case err == nil:
		return Outcome{State: Sent}
	case ctx.Err() != nil:
		return Outcome{State: Waiting, Error: "the server was stopped"}
	}
	why := OneLine(withoutWords(err.Error(), mail), maxError)
	after := backoff(letter.Attempts)
	if errors.Is(err, ErrNever) || !w.desk.pulse.Now().Add(after).Before(letter.ExpiresAt) {
		w.log.Warn("a letter was given up", "letter", letter.ID, "kind", letter.Kind, "tries", letter.Attempts, "error", why)
		return Outcome{State: Failed, Error: why}
	}
	return Outcome{State: Waiting, After: after, Error: why}
}

// withoutWords takes out of a server's answer what it repeats of the letter: the whole
// address, and the subject, which may hold a code.
func withoutWords(answer string, mail Mail) string {
	for words, instead := range map[string]string{mail.To: Cut(mail.To), mail.Subject: "…"} {
		repeated := regexp.MustCompile(`(?i)` + regexp.QuoteMeta(words))
		answer = repeated.ReplaceAllLiteralString(answer, instead)
	}
	return answer
}

// backoff is 5 s, 15 s, 45 s and so on, half an hour at most.
func backoff(attempts int) time.Duration {
	after := 5 * time.Second
	for range min(attempts, 10) - 1 {
		after *= 3
	}
	return min(after, 30*time.Minute)
}

// Log is what operators see of the outbox.
type Log struct {
	store   Ledger
	offered string
}

// Ledger lists letters, newest first.
type Ledger interface {
	Letters(ctx context.Context, workspace string, limit int) ([]Letter, error)
}

// NewLog says how mail leaves: "smtp", "mailbox" (the demo's page), or empty.
func NewLog(store Ledger, offered string) *Log { return &Log{store: store, offered: offered} }

// Offered says how mail leaves; empty: it does not.
func (l *Log) Offered() string { return l.offered }

// Letters are the workspace's latest, without what they say.
func (l *Log) Letters(ctx context.Context, who policy.Principal) ([]Letter, error) {
	if !who.May(policy.ManageChannels) {
		return nil, policy.ErrForbidden
	}
	letters, err := l.store.Letters(ctx, who.Workspace(), 100)
	if err != nil {
		return nil, fmt.Errorf("deliver: list letters: %w", err)
	}
	return letters, nil
}
