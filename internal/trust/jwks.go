package trust

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"countersign/identity"
)

// Fetcher gets what stands at an address that an operator entered; egress.Client does.
type Fetcher interface {
	Fetch(ctx context.Context, address string) ([]byte, error)
}

const (
	// setPatience is how long a fetch may take, and so how long an arrival waits for one.
	setPatience = 5 * time.Second
	// setStep lies between two fetches of one set, whoever sends kids that nobody knows.
	setStep = time.Minute
	// setRefresh is when a set that is in use is fetched again, so that the issuer may
	// withdraw a key and publish the next one ahead of its use.
	setRefresh = time.Hour
)

// Sets are the key sets of issuers as this node last fetched them:
//
//	never fetched ──fetch──▶ fresh ──1 h, when used──▶ fetched again in the background
//	                           └──24 h without success──▶ verifies nothing
//
// A failed fetch leaves what is there. A kid that the set does not hold causes one
// fetch a minute at most, which all who wait for it share. What an operator revoked is
// no part of this: it stands in the key's row, under the security epoch, and no fetch
// brings it back.
type Sets struct {
	fetcher Fetcher
	clock   func() time.Time

	mu    sync.Mutex
	known map[string]*keySet // :: key id → set
}

type keySet struct {
	keys    []identity.PublicKey // of the key's algorithm
	fetched time.Time            // when the answer was asked for; zero: never
	tried   time.Time            // the last time that anything was asked for
	problem error                // of the last fetch
	version int                  // counts the fetches that succeeded
	busy    chan struct{}        // closed when the fetch under way has ended; nil: none is
}

// NewSets fetches through fetcher; clock is the database's.
func NewSets(fetcher Fetcher, clock func() time.Time) *Sets {
	return &Sets{fetcher: fetcher, clock: clock, known: make(map[string]*keySet)}
}

// SetStatus is how a set stands on this node.
type SetStatus struct {
	Kids      []string
	FetchedAt time.Time // zero: never, since this node began
	Problem   string    // of the last fetch, for the operator
}

// Status of the set of a key; zero for a key that has none.
func (s *Sets) Status(row KeyRow) SetStatus {
	if row.Public.URL == "" {
		return SetStatus{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.set(row)
	status := SetStatus{FetchedAt: set.fetched}
	for _, key := range set.keys {
		status.Kids = append(status.Kids, key.ID())
	}
	if set.problem != nil {
		status.Problem = set.problem.Error()
	}
	return status
}

// asked says whether this node has ever tried to fetch the set.
func (s *Sets) asked(row KeyRow) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.set(row).tried.IsZero()
}

// version changes when the set does.
func (s *Sets) version(row KeyRow) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set(row).version
}

// versionOf is version for any key; zero for one that is no set.
func (s *Sets) versionOf(row KeyRow) int {
	if row.Public.URL == "" {
		return 0
	}
	return s.version(row)
}

// verifier is what identity verifies with: the set as it was last fetched, less what
// was revoked here. A set that was never fetched has been stale for ever.
func (s *Sets) verifier(row KeyRow) *identity.PublicSet {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.set(row)
	fresh := time.Unix(1, 0)
	if !set.fetched.IsZero() {
		fresh = set.fetched.Add(identity.MaxSetAge)
	}
	return &identity.PublicSet{
		Algorithm: identity.Algorithm(row.Public.Algorithm), Keys: set.keys, ByID: true, Revoked: row.Public.revokedKids(), FreshUntil: fresh,
	}
}

// look sees to it that the set of row was looked into for this kid, and waits for that
// if the kid is not known or the set is too old to verify.
func (s *Sets) look(ctx context.Context, row KeyRow, kid string) {
	done := s.begin(row, kid)
	if done == nil {
		return
	}
	patience := time.NewTimer(setPatience)
	defer patience.Stop()
	select {
	case <-done:
	case <-patience.C:
	case <-ctx.Done():
	}
}

// begin starts a fetch if one is due and answers with what to wait for; nil: nothing.
func (s *Sets) begin(row KeyRow, kid string) <-chan struct{} {
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.set(row)
	age := now.Sub(set.fetched)
	known := slices.ContainsFunc(set.keys, func(key identity.PublicKey) bool { return key.ID() == kid })
	needed := !known || age >= identity.MaxSetAge
	switch {
	case set.busy != nil:
	case !needed && age < setRefresh:
		return nil
	case !set.tried.IsZero() && now.Sub(set.tried) < setStep:
		return nil
	default:
		set.tried, set.busy = now, make(chan struct{})
		// Whoever caused it may go; the others who wait for it do not.
		go s.refresh(context.Background(), row.Public, set, now)
	}
	if !needed {
		return nil
	}
	return set.busy
}

func (s *Sets) refresh(ctx context.Context, half PublicHalf, set *keySet, asked time.Time) {
	published, err := s.load(ctx, half.URL)
	s.mu.Lock()
	defer s.mu.Unlock()
	if set.problem = err; err == nil {
		set.keys, set.fetched = published.Of(identity.Algorithm(half.Algorithm)), asked
		set.version++
	}
	close(set.busy)
	set.busy = nil
}

// load fetches and reads a set.
func (s *Sets) load(ctx context.Context, address string) (identity.JWKS, error) {
	if s.fetcher == nil {
		return identity.JWKS{}, errors.New("this program fetches nothing")
	}
	ctx, cancel := context.WithTimeout(ctx, setPatience)
	defer cancel()
	body, err := s.fetcher.Fetch(ctx, address)
	if err != nil {
		return identity.JWKS{}, err
	}
	return identity.ParseJWKS(body)
}

// keep takes a set that was fetched to make its key.
func (s *Sets) keep(row KeyRow, published identity.JWKS, asked time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.set(row)
	set.keys, set.fetched, set.tried = published.Of(identity.Algorithm(row.Public.Algorithm)), asked, asked
	set.version++
}

// set is called with the lock held.
func (s *Sets) set(row KeyRow) *keySet {
	set := s.known[row.ID]
	if set == nil {
		set = &keySet{}
		s.known[row.ID] = set
	}
	return set
}
