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
	free map[string]time.Time // :: key → when its debt is paid
}

func newLimiter(n int, interval time.Duration) *limiter {
	return &limiter{burst: time.Duration(n) * interval, interval: interval, free: map[string]time.Time{}}
}

// admit takes one from the key's allowance at now, or says no and takes nothing.
func (l *limiter) admit(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	paid := l.free[key]
	if paid.Before(now) {
		paid = now
	}
	paid = paid.Add(l.interval)
	if paid.Sub(now) > l.burst {
		return false
	}
	if len(l.free) >= maxLimited {
		l.sweep(now)
	}
	l.free[key] = paid
	return true
}

// sweep forgets what is paid, and if that is not enough whatever comes first.
func (l *limiter) sweep(now time.Time) {
	for key, paid := range l.free {
		if !paid.After(now) {
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
