package store

import (
	"context"
	"fmt"
	"time"

	"countersign/internal/chat"
)

// Wake opens snoozed conversations whose time has come, at most limit of them, and
// counts them. Several nodes may do it at once: one that is open already stays so.
func (db *DB) Wake(ctx context.Context, now time.Time, limit int) (woken int, err error) {
	const query = `SELECT id FROM conversations WHERE status = 'snoozed' AND snoozed_until <= $1 ORDER BY snoozed_until LIMIT $2`
	var due []*threadWrite
	err = db.rows(ctx, query, []any{micros(now), limit}, func(row scanner) error {
		w := &threadWrite{}
		due = append(due, w)
		return row.Scan(&w.wake)
	})
	if err != nil {
		return 0, fmt.Errorf("wake: %w", err)
	}
	for _, w := range due {
		if err := db.writer.share(ctx, w); err != nil {
			return woken, fmt.Errorf("wake: %w", err)
		}
		if w.posted.Conversation.Status == chat.Open {
			woken++
		}
	}
	return woken, nil
}

// wakeUp opens a conversation if its time has come, as it is by now.
func (s *threads) wakeUp(w *threadWrite) {
	c := s.open[w.wake]
	if c == nil || c.Status != chat.Snoozed || c.SnoozedUntil.After(s.t.now) {
		return
	}
	before := c.Conversation
	c.Status, c.SnoozedUntil, c.dirty = chat.Open, time.Time{}, true
	s.t.append(chat.ChangeEvent(before, c.Conversation, s.t.now))
	w.posted.Conversation = c.Conversation
}
