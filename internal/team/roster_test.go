package team_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/event"
	"countersign/internal/team"
)

// roster is the store in memory, as far as signing in goes; the second factors are
// tested over the real one, in httpapi and storetest.
type roster struct {
	team.Store
	mu      sync.Mutex
	agents  []team.Agent
	links   []team.Link
	logins  []team.Login
	tokens  []team.Token
	counts  map[string]int
	records []audit.Draft
	looked  int    // addresses looked up: passwords checked
	read    int    // logins and tokens read
	touched int    // logins noted as used
	fail    error  // of counters and the record
	lookup  func() // runs when an address is looked up
	opening func() // runs before a login is written
}

func (r *roster) Record(_ context.Context, drafts ...audit.Draft) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, drafts...)
	return r.fail
}

func (r *roster) AddAgent(_ context.Context, a team.Agent, l team.Link, d audit.Draft) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, other := range r.agents {
		if other.Email == a.Email && other.Workspace == a.Workspace && other.RemovedAt.IsZero() {
			return team.ErrTaken
		}
	}
	r.agents, r.links, r.records = append(r.agents, a), append(r.links, l), append(r.records, d)
	return nil
}

func (r *roster) find(match func(team.Agent) bool) (team.Agent, error) {
	if i := slices.IndexFunc(r.agents, match); i >= 0 {
		return r.agents[i], nil
	}
	return team.Agent{}, team.ErrNotFound
}

func (r *roster) Agent(_ context.Context, ws, id string) (team.Agent, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.find(func(a team.Agent) bool { return a.Workspace == ws && a.ID == id })
}

func (r *roster) AgentsByEmail(_ context.Context, email string, limit int) (found []team.Agent, workspaces int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looked++
	if r.lookup != nil {
		r.lookup()
	}
	houses := map[string]bool{}
	for _, a := range r.agents {
		houses[a.Workspace] = true
		if a.Email == email && a.RemovedAt.IsZero() && len(found) < limit {
			found = append(found, a)
		}
	}
	return found, len(houses), nil
}

func (r *roster) Agents(_ context.Context, ws string) (out []team.Agent, err error) {
	for _, a := range r.agents {
		if a.Workspace == ws {
			out = append(out, a)
		}
	}
	return out, nil
}

func (r *roster) OwnerOf(_ context.Context, ws string) (team.Agent, error) {
	return r.find(func(a team.Agent) bool { return a.Workspace == ws && a.Role == policy.Owner && a.RemovedAt.IsZero() })
}

func (r *roster) PutLink(_ context.Context, l team.Link, d audit.Draft) error {
	r.links = append(slices.DeleteFunc(r.links, func(old team.Link) bool { return old.Agent == l.Agent }), l)
	r.records = append(r.records, d)
	return nil
}

func (r *roster) link(hash []byte, now time.Time) int {
	return slices.IndexFunc(r.links, func(l team.Link) bool { return bytes.Equal(l.TokenHash, hash) && now.Before(l.ExpiresAt) })
}

func (r *roster) LinkAgent(_ context.Context, hash []byte, now time.Time) (team.Agent, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.link(hash, now)
	if i < 0 {
		return team.Agent{}, team.ErrNotFound
	}
	return r.find(func(a team.Agent) bool { return a.ID == r.links[i].Agent })
}

func (r *roster) UseLink(_ context.Context, hash []byte, chosen team.Choice, now time.Time, d audit.Draft) (team.Agent, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.link(hash, now)
	if i < 0 {
		return team.Agent{}, team.ErrRefused
	}
	id := r.links[i].Agent
	r.links, r.records = slices.Delete(r.links, i, i+1), append(r.records, d)
	for j := range r.agents {
		if r.agents[j].ID == id {
			r.agents[j].Name, r.agents[j].Password, r.agents[j].Email = chosen.Name, chosen.Password, cmp.Or(chosen.Email, r.agents[j].Email)
			return r.agents[j], nil
		}
	}
	return team.Agent{}, team.ErrRefused
}

func (r *roster) SetRole(_ context.Context, ws, id string, role policy.Role, _ time.Time, d audit.Draft) error {
	for i := range r.agents {
		if r.agents[i].Workspace == ws && r.agents[i].ID == id {
			r.agents[i].Role = role
			r.records = append(r.records, d)
		}
	}
	return nil
}

func (r *roster) RemoveAgent(_ context.Context, ws, id string, now time.Time, d audit.Draft) error {
	for i := range r.agents {
		if r.agents[i].Workspace == ws && r.agents[i].ID == id {
			r.agents[i].RemovedAt = now
			r.records = append(r.records, d)
		}
	}
	return nil
}

func (r *roster) Enter(_ context.Context, e team.Entry, d audit.Draft) error {
	if r.opening != nil {
		r.opening()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, err := r.find(func(a team.Agent) bool { return a.ID == e.Login.Agent }); err != nil || a.Password != e.Password {
		return team.ErrRefused
	}
	r.logins, r.records = append(r.logins, e.Login), append(r.records, d)
	return nil
}

func (r *roster) ConfirmLogin(_ context.Context, ws, id, password string, now time.Time, d audit.Draft) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, l := range r.logins {
		a, err := r.find(func(a team.Agent) bool { return a.ID == l.Agent })
		if l.Workspace == ws && l.ID == id && l.EndedAt.IsZero() && err == nil && a.Password == password {
			r.logins[i].ConfirmedAt, r.records = now, append(r.records, d)
			return nil
		}
	}
	return team.ErrRefused
}

func (r *roster) LoginByToken(_ context.Context, hash []byte, now time.Time) (team.Login, team.Agent, error) {
	r.read++
	for _, l := range r.logins {
		if bytes.Equal(l.TokenHash, hash) && l.EndedAt.IsZero() && now.Before(l.ExpiresAt) {
			a, err := r.find(func(a team.Agent) bool { return a.ID == l.Agent && a.RemovedAt.IsZero() })
			if err != nil {
				return team.Login{}, team.Agent{}, team.ErrRefused
			}
			return l, a, nil
		}
	}
	return team.Login{}, team.Agent{}, team.ErrRefused
}

func (r *roster) TouchLogin(_ context.Context, _, id string, now time.Time) error {
	r.touched++
	for i := range r.logins {
		if r.logins[i].ID == id {
			r.logins[i].SeenAt = now
		}
	}
	return nil
}

func (r *roster) Logins(_ context.Context, ws, agent string, _ time.Time) (out []team.Login, err error) {
	for _, l := range r.logins {
		if l.Workspace == ws && l.Agent == agent && l.EndedAt.IsZero() {
			out = append(out, l)
		}
	}
	return out, nil
}

func (r *roster) EndLogin(_ context.Context, ws, id string, now time.Time, d audit.Draft) error {
	for i := range r.logins {
		if r.logins[i].Workspace == ws && r.logins[i].ID == id {
			r.logins[i].EndedAt = now
			r.records = append(r.records, d)
		}
	}
	return nil
}

func (r *roster) CountFailure(ctx context.Context, key string, _ time.Duration, _ time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[key]++
	return r.counts[key], r.fail
}

func (r *roster) CountTries(ctx context.Context, tries []team.Try, _ time.Time) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, try := range tries {
		if try.Limit > 0 && r.counts[try.Key] >= try.Limit {
			return false, r.fail
		}
	}
	for _, try := range tries {
		r.counts[try.Key]++
	}
	return true, r.fail
}

func (r *roster) ForgiveTries(_ context.Context, keys []string, _ time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range keys {
		r.counts[key]--
	}
	return r.fail
}

func (r *roster) Failures(_ context.Context, key string, _ time.Duration, _ time.Time) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[key], r.fail
}

func (r *roster) AddToken(_ context.Context, t team.Token, d audit.Draft) error {
	r.tokens, r.records = append(r.tokens, t), append(r.records, d)
	return nil
}

func (r *roster) TokenByHash(_ context.Context, hash []byte, _ time.Time) (team.Token, error) {
	r.read++
	for _, t := range r.tokens {
		if bytes.Equal(t.TokenHash, hash) && t.RevokedAt.IsZero() {
			return t, nil
		}
	}
	return team.Token{}, team.ErrNotFound
}

func (r *roster) Tokens(context.Context, string) ([]team.Token, error) { return r.tokens, nil }

func (r *roster) RevokeToken(_ context.Context, ws, id string, now time.Time, d audit.Draft) error {
	for i := range r.tokens {
		if r.tokens[i].Workspace == ws && r.tokens[i].ID == id {
			r.tokens[i].RevokedAt = now
			r.records = append(r.records, d)
			return nil
		}
	}
	return team.ErrNotFound
}

const password = "a window over the harbour"

var (
	root   = policy.ForSystem("main", "cli:root")
	office = netip.MustParseAddr("203.0.113.7")
	away   = netip.MustParseAddr("2001:db8:1:2::3")
	errDB  = errors.New("the database is away")
)

// bench is a team with its store.
type bench struct {
	store *roster
	pulse *event.Pulse
	team  *team.Team
	epoch int64
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{store: &roster{counts: make(map[string]int)}, pulse: new(event.Pulse)}
	b.team = team.New(b.store, b.pulse, nil)
	b.beat()
	return b
}

func (b *bench) beat() {
	b.epoch++
	b.refresh()
}

// refresh reads the head anew; nothing changed.
func (b *bench) refresh() {
	now := time.Now()
	b.pulse.Observe(event.Head{Epoch: b.epoch, Now: now.UTC()}, now)
}

// join invites somebody and uses the link.
func (b *bench) join(t testing.TB, email string, role policy.Role) team.SignedIn {
	t.Helper()
	_, token, err := b.team.Invite(t.Context(), root, email, role)
	if err != nil {
		t.Fatal(err)
	}
	in, err := b.team.UseLink(t.Context(), team.Joining{Token: token, Name: "Kim", Password: password, UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func (b *bench) signIn(t testing.TB, email, password string, from netip.Addr) error {
	t.Helper()
	_, err := b.team.SignIn(t.Context(), team.Credentials{Email: email, Password: password, From: from})
	return err
}
