package team

import "sync"

// memorySize bounds each map; only secrets that were right get in, so it is the
// number of colleagues and programs at work, not of guesses.
const memorySize = 10_000

type knownLogin struct {
	login Login
	agent Agent
}

// memory holds what was read under one security epoch and forgets it with the
// next: a demoted or removed agent and a revoked token are read again at once.
type memory struct {
	mu     sync.Mutex
	epoch  int64
	logins map[string]knownLogin // :: hash of a login's token → login and agent
	tokens map[string]Token      // :: hash of an API token → token
}

func newMemory() *memory {
	return &memory{logins: make(map[string]knownLogin), tokens: make(map[string]Token)}
}

func (m *memory) login(epoch int64, hash []byte) (knownLogin, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.logins[string(hash)]
	return known, ok && epoch == m.epoch
}

func (m *memory) token(epoch int64, hash []byte) (Token, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	token, ok := m.tokens[string(hash)]
	return token, ok && epoch == m.epoch
}

func (m *memory) keepLogin(epoch int64, hash []byte, known knownLogin) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.turn(epoch) {
		m.logins[string(hash)] = known
	}
}

func (m *memory) keepToken(epoch int64, hash []byte, token Token) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.turn(epoch) {
		m.tokens[string(hash)] = token
	}
}

// renewToken replaces what is remembered of a token, if anything is.
func (m *memory) renewToken(token Token) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.tokens[string(token.TokenHash)]; ok {
		m.tokens[string(token.TokenHash)] = token
	}
}

// forgetLogin makes the next request of a login read it again.
func (m *memory) forgetLogin(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for hash, known := range m.logins {
		if known.login.ID == id {
			delete(m.logins, hash)
		}
	}
}

// turn forgets what an older epoch said, and says whether epoch is the present one.
func (m *memory) turn(epoch int64) bool {
	if epoch > m.epoch || len(m.logins) >= memorySize || len(m.tokens) >= memorySize {
		clear(m.logins)
		clear(m.tokens)
		m.epoch = max(epoch, m.epoch)
	}
	return epoch == m.epoch
}
