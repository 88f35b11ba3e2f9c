package chat

import (
	"sync"
	"time"
)

const (
	cacheShards    = 32
	maxCachedShard = 2048
)

// sessionCache keeps authenticated sessions by the hash of their token. An entry
// is good for the epoch that was current before its row was read, and until it
// expires; the caller makes sure that the epoch itself is fresh.
type sessionCache struct {
	shards [cacheShards]cacheShard
}

type cacheShard struct {
	mu   sync.RWMutex
	byID map[string]*cached // :: token hash → session
}

// shard goes by the end of the hash: its beginning is the time.
func (c *sessionCache) shard(hash []byte) *cacheShard {
	return &c.shards[hash[len(hash)-1]%cacheShards]
}

type cached struct {
	session Session
	tried   time.Time // when its renewal was last attempted; zero: not since it was read
}

func newSessionCache() *sessionCache {
	c := &sessionCache{}
	for i := range c.shards {
		c.shards[i].byID = map[string]*cached{}
	}
	return c
}

// get answers with the session if it is of this epoch and lives at now.
func (c *sessionCache) get(hash []byte, epoch int64, now time.Time) (Session, bool) {
	shard := c.shard(hash)
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	entry, ok := shard.byID[string(hash)]
	if !ok || entry.session.epoch != epoch || !now.Before(entry.session.ExpiresAt) {
		return Session{}, false
	}
	return entry.session, true
}

func (c *sessionCache) put(s Session) {
	shard := c.shard(s.token)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if len(shard.byID) >= maxCachedShard {
		// Room for many at once, since it takes a walk; the map's order is as good as random.
		for hash, entry := range shard.byID {
			if entry.session.epoch != s.epoch || len(shard.byID) > maxCachedShard*7/8 {
				delete(shard.byID, hash)
			}
		}
	}
	var tried time.Time
	if entry, ok := shard.byID[string(s.token)]; ok {
		tried = entry.tried
	}
	shard.byID[string(s.token)] = &cached{session: s, tried: tried}
}

func (c *sessionCache) drop(hash []byte) {
	if len(hash) == 0 {
		return
	}
	shard := c.shard(hash)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	delete(shard.byID, string(hash))
}

// mayRenew says whether it is this caller who should renew: once a minute at most.
func (c *sessionCache) mayRenew(hash []byte, now time.Time) bool {
	shard := c.shard(hash)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	entry, ok := shard.byID[string(hash)]
	if !ok || now.Sub(entry.tried) < time.Minute {
		return false
	}
	entry.tried = now
	return true
}
