package trust

import (
	"hash/maphash"
	"sync"
	"time"
)

const (
	limitShards = 64
	// maxLimited networks are remembered by each shard: 64 Ki in all, some 5 MB.
	maxLimited = 1024
)

// limit admits bursts of n for each network, then one every interval (GCRA). It is
// this node's own, and its memory is bounded: beyond it, debts are forgotten, so that
// a flood from many networks makes a limit looser and never tighter. Nothing that
// somebody claims is a key of it: only where they connect from.
type limit struct {
	burst    time.Duration
	interval time.Duration
	seed     maphash.Seed
	shards   [limitShards]limitShard
}

type limitShard struct {
	mu   sync.Mutex
	paid map[string]time.Time // :: network → when nothing is left of what it took
}

func newLimit(n int, interval time.Duration) *limit {
	return &limit{burst: time.Duration(n) * interval, interval: interval, seed: maphash.MakeSeed()}
}

// admit takes one from the network's allowance at now, or says no and takes nothing.
// A caller whose network is unknown shares one allowance with all such.
func (l *limit) admit(network string, now time.Time) bool {
	s := &l.shards[maphash.String(l.seed, network)%limitShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	paid := s.paid[network]
	if paid.Before(now) {
		paid = now
	}
	if paid = paid.Add(l.interval); paid.Sub(now) > l.burst {
		return false
	}
	if _, known := s.paid[network]; !known && len(s.paid) >= maxLimited {
		s.sweep(now)
	}
	if s.paid == nil {
		s.paid = map[string]time.Time{}
	}
	s.paid[network] = paid
	return true
}

// sweep forgets what is paid, and if that is not enough whatever comes first.
func (s *limitShard) sweep(now time.Time) {
	for network, paid := range s.paid {
		if !paid.After(now) {
			delete(s.paid, network)
		}
	}
	for network := range s.paid {
		if len(s.paid) < maxLimited*3/4 {
			return
		}
		delete(s.paid, network)
	}
}
