package store

import (
	"context"
	"fmt"
	"time"

	"countersign/internal/team"
)

const countTry = `INSERT INTO failures (name, n, ends_at) VALUES ($1, 1, $2)
	ON CONFLICT (name) DO UPDATE SET n = failures.n + 1 RETURNING n`

// sweepTries forgets windows that are over.
func sweepTries(t *tx, now time.Time) error {
	_, err := t.exec(`DELETE FROM failures WHERE ends_at <= $1`, micros(now))
	return err
}

// CountTries adds one to every count, or to none if one has reached its limit. Writers
// take turns, so of those who arrive at once no more get in than the limit says.
func (db *DB) CountTries(ctx context.Context, tries []team.Try, now time.Time) (bool, error) {
	var room bool
	err := db.writer.share(ctx, &single{write: func(t *tx) (refusal, err error) {
		room = true
		if err := sweepTries(t, now); err != nil {
			return nil, fmt.Errorf("count tries: %w", err)
		}
		for _, try := range tries {
			n := 0
			if _, err := t.found(`SELECT n FROM failures WHERE name = $1`, []any{try.Key}, &n); err != nil {
				return nil, fmt.Errorf("count tries: %w", err)
			}
			room = room && (try.Limit == 0 || n < try.Limit)
		}
		for _, try := range tries {
			if room {
				if err := t.row(countTry, []any{try.Key, micros(now.Add(try.Window))}, new(int)); err != nil {
					return nil, fmt.Errorf("count tries: %w", err)
				}
			}
		}
		return nil, nil
	}})
	if err != nil {
		return false, err // whoever stopped waiting reads nothing that is still written
	}
	return room, nil
}

// ForgiveTries takes one from every count.
func (db *DB) ForgiveTries(ctx context.Context, keys []string, now time.Time) error {
	const forgive = `UPDATE failures SET n = n - 1 WHERE name = $1 AND n > 0 AND ends_at > $2`
	if len(keys) == 0 {
		return nil
	}
	return db.writer.share(ctx, &single{write: func(t *tx) (refusal, err error) {
		for _, key := range keys {
			if _, err := t.exec(forgive, key, micros(now)); err != nil {
				return nil, fmt.Errorf("forgive tries: %w", err)
			}
		}
		return nil, nil
	}})
}

// CountFailure adds one wrong try in the present window and answers with the count.
// A window that is over leaves nothing behind.
func (db *DB) CountFailure(ctx context.Context, name string, window time.Duration, now time.Time) (int, error) {
	var n int
	err := db.writer.share(ctx, &single{write: func(t *tx) (refusal, err error) {
		if err := sweepTries(t, now); err != nil {
			return nil, fmt.Errorf("count failure: %w", err)
		}
		if err := t.row(countTry, []any{name, micros(now.Add(window))}, &n); err != nil {
			return nil, fmt.Errorf("count failure: %w", err)
		}
		return nil, nil
	}})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Failures reads the count of the present window.
func (db *DB) Failures(ctx context.Context, name string, _ time.Duration, now time.Time) (int, error) {
	var n int
	err := db.row(ctx, `SELECT n FROM failures WHERE name = $1 AND ends_at > $2`, []any{name, micros(now)}, &n)
	if err != nil && !absent(err) {
		return 0, fmt.Errorf("store: failures: %w", err)
	}
	return n, nil
}
