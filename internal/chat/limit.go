package chat

import (
	"sync"
	"time"
)

// maxLimited bounds what a limiter remembers; beyond it the oldest debts are
// forgotten first, so memory is bounded and a limit can only become looser.
const maxLimited = 1 << 16

// limiter admits bursts of n per key, then one every interval (GCRA), per node.
type limiter struct {
	burst    time.Duration
	interval time.Duration

	mu   sync.Mutex
	free map[string]debt // :: key → what it has taken
}

// debt is what a key has taken of its allowance.
type debt struct {
	paid     time.Time // when nothing of it is left
	reserved int       // taken for somebody who has not come for it yet
}

func newLimiter(n int, interval time.Duration) *limiter {
	return &limiter{burst: time.Duration(n) * interval, interval: interval, free: map[string]debt{}}
}

// admit uses what was reserved, else takes one from the key's allowance at now, or
// says no and takes nothing.
func (l *limiter) admit(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d := l.free[key]; d.reserved > 0 {
		d.reserved--
		l.free[key] = d
		return true
	}
	return l.take(key, now, 0)
}

// reserve takes one that the next admit uses.
func (l *limiter) reserve(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.take(key, now, 1)
}

func (l *limiter) take(key string, now time.Time, reserved int) bool {
	d := l.free[key]
	if d.paid.Before(now) {
		d.paid = now
	}
	d.paid = d.paid.Add(l.interval)
	if d.paid.Sub(now) > l.burst {
		return false
	}
	if len(l.free) >= maxLimited {
		l.sweep(now)
	}
	d.reserved += reserved
	l.free[key] = d
	return true
}

// sweep forgets what is paid, and if that is not enough whatever comes first.
func (l *limiter) sweep(now time.Time) {
	for key, d := range l.free {
		if !d.paid.After(now) {
			delete(l.free, key)
		}
	}
	for key := range l.free {
		if len(l.free) < maxLimited*3/4 {
			return
		}
		delete(l.free, key)
	}
}
