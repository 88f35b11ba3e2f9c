package shop

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"
)

const (
	sessionCookie  = "alder_pine_session"
	sessionLife    = 12 * time.Hour
	maxSessions    = 10_000 // beyond this the oldest is forgotten
	loggedOutQuery = "logged-out"
)

// login is one browser that is logged in.
type login struct {
	customer string // customer id
	ends     time.Time
}

// sessions remembers who is logged in, by the digest of a random cookie: the
// cookie itself says nothing, and reading this memory logs nobody in. A restart
// of the shop logs everybody out.
type sessions struct {
	mu     sync.Mutex
	logins map[[sha256.Size]byte]login
}

func newSessions() *sessions {
	return &sessions{logins: make(map[[sha256.Size]byte]login)}
}

// begin logs a customer in under a token never used before, so that a cookie
// planted in the browser beforehand is worth nothing afterwards.
func (s *sessions) begin(customer string, now time.Time) (token string) {
	token = rand.Text() + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeRoom(now)
	s.logins[sha256.Sum256([]byte(token))] = login{customer: customer, ends: now.Add(sessionLife)}
	return token
}

// makeRoom drops what has expired, and the oldest when that is not enough.
func (s *sessions) makeRoom(now time.Time) {
	if len(s.logins) < maxSessions {
		return
	}
	var oldest [sha256.Size]byte
	var oldestEnds time.Time
	for digest, one := range s.logins {
		if !now.Before(one.ends) {
			delete(s.logins, digest)
			continue
		}
		if oldestEnds.IsZero() || one.ends.Before(oldestEnds) {
			oldest, oldestEnds = digest, one.ends
		}
	}
	if len(s.logins) >= maxSessions {
		delete(s.logins, oldest)
	}
}

// customer is who the request's cookie belongs to; false if nobody is logged in.
func (s *sessions) customer(r *http.Request, now time.Time) (Customer, bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return Customer{}, false
	}
	s.mu.Lock()
	one, ok := s.logins[sha256.Sum256([]byte(cookie.Value))]
	s.mu.Unlock()
	if !ok || !now.Before(one.ends) {
		return Customer{}, false
	}
	return customerByID(one.customer)
}

// end forgets the request's session.
func (s *sessions) end(r *http.Request) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.logins, sha256.Sum256([]byte(cookie.Value)))
}

func setCookie(w http.ResponseWriter, r *http.Request, value string, age time.Duration) {
	maxAge := int(age / time.Second)
	if value == "" {
		maxAge = -1
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // the demonstration speaks plain HTTP on loopback
		Name: sessionCookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
}
