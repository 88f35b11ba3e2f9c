//go:build bench

// Package bench measures what docs/performance.md says: the rate of a piece of
// work as a ratio to a baseline that does the unavoidable part of it, both in the
// same process and the same run, turn about, so that a noisy machine disturbs both.
package bench

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"countersign/identity"
	"countersign/identity/dialect"
	"countersign/identity/policy"
	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/config"
	"countersign/internal/event"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/wire"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

var (
	write    = flag.String("write", "", "write the table to this file")
	rounds   = flag.Int("rounds", 5, "turns of baseline and work; the median ratio counts")
	turn     = flag.Duration("turn", time.Second, "how long one side of a turn runs")
	database = flag.String("database", "", "postgres://… instead of SQLite")
	only     = flag.String("only", "", "one piece of work, for a profile: verify, open, renew, post, read or flood")
)

const connections = 64

// row is one line of the table.
type row struct {
	work, against string
	ratio, must   float64
	most          bool // must is an upper bound
	rate, base    float64
	note          string
}

func (r row) ok() bool {
	if r.most {
		return r.ratio <= r.must
	}
	return r.ratio >= r.must
}

func TestTable(t *testing.T) {
	runtime.GC()
	var rows []row
	if *only == "" || *only == "verify" {
		rows = append(rows, verifyRow(t))
	}
	h := newHouse(t)
	for _, one := range []struct {
		name string
		row  func(t *testing.T) row
	}{{"open", h.openRow}, {"renew", h.renewRow}, {"post", h.postRow}, {"read", h.readRow}, {"flood", h.floodRow}} {
		if *only == "" || *only == one.name {
			rows = append(rows, one.row(t))
		}
	}
	text := table(rows)
	fmt.Print(text)
	if *write != "" {
		if err := os.WriteFile(*write, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func table(rows []row) string {
	var b strings.Builder
	b.WriteString("# How fast\n\nWritten by `make bench`: the rate of each piece of work as a ratio to a baseline that does the unavoidable part of it, both in the same process, turn about, ")
	b.WriteString("the median of the turns. The load generator shares the cores. Rates are of one run on one machine and are worth nothing elsewhere; the ratios are the claim.\n\n")
	fmt.Fprintf(&b, "%d cores, %s, %s, %s\n\n", runtime.NumCPU(), runtime.Version(), engine(), time.Now().UTC().Format(time.DateOnly))
	b.WriteString("| work | against | ratio | must reach | work, per s | baseline, per s | |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		bound, verdict := "at least", "yes"
		if r.most {
			bound = "at most"
		}
		if !r.ok() {
			verdict = "**not reached**"
		}
		fmt.Fprintf(&b, "| %s | %s | %.2f | %s %.2f | %.0f | %.0f | %s%s |\n", r.work, r.against, r.ratio, bound, r.must, r.rate, r.base, verdict, r.note)
	}
	return b.String()
}

func engine() string {
	if *database != "" {
		return "Postgres"
	}
	return "SQLite, synchronous=FULL"
}

// verifyRow times one call against two digests: here the ratio is of times, so smaller is better.
func verifyRow(t *testing.T) row {
	spoken, ok := dialect.Get("native")
	if !ok {
		t.Fatal("no native dialect")
	}
	ring, hash := verifyRing(t, spoken)
	email := "somebody@example.com"
	assertion := identity.Assertion{Email: email, Hash: hash}
	now := time.Now()
	text := []byte(email)
	var ratios []float64
	var work, base testing.BenchmarkResult
	for range *rounds {
		base = testing.Benchmark(func(b *testing.B) {
			for b.Loop() {
				first := sha256.Sum256(text)
				second := sha256.Sum256(first[:])
				runtime.KeepAlive(second)
			}
		})
		work = testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := identity.Verify(ring, assertion, now); err != nil {
					b.Fatal(err)
				}
			}
		})
		ratios = append(ratios, nanos(work)/nanos(base))
	}
	return row{work: "verify one hash (`identity.Verify`, first key)", against: "two `sha256.Sum256`", ratio: median(ratios), must: 1.5, most: true,
		rate: 1e9 / nanos(work), base: 1e9 / nanos(base), note: fmt.Sprintf(", %d allocations", work.AllocsPerOp())}
}

func nanos(r testing.BenchmarkResult) float64 { return float64(r.T.Nanoseconds()) / float64(r.N) }

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// house is a running installation with people in it, and a bare floor beside it.
type house struct {
	dir      string
	a        *app.App
	channel  workspace.Channel
	address  string // of the product
	bare     string // of the baselines
	key      string
	secret   string
	people   atomic.Int64
	sessions []string
	hashes   [][]byte // of sessions, as they are stored
	threads  []string
	owned    []chat.Session
}

func newHouse(t *testing.T) *house {
	t.Helper()
	dir := t.TempDir()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	a, err := app.Open(t.Context(), config.Installation{Data: dir + "/data", Database: *database, Workspace: "bench"}, "bench")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	h := &house{a: a, dir: dir + "/data"}
	who := a.System("bench")
	if h.channel, err = a.Channels.Create(t.Context(), who, workspace.Creation{Slug: fmt.Sprintf("bench%d", time.Now().UnixNano()), Name: "bench",
		Platforms: map[policy.Platform]policy.Enforcement{policy.Web: policy.Enforce}}); err != nil {
		t.Fatal(err)
	}
	key, secret, err := a.Keys.Generate(t.Context(), who, trust.KeyDraft{Channel: h.channel.ID, Dialect: "native"})
	if err != nil {
		t.Fatal(err)
	}
	h.key, h.secret = key.ID, secret
	running, err := a.Start(t.Context(), config.Server{Listen: "127.0.0.1:0", TrustedProxies: []string{"127.0.0.0/8"}, ShutdownTimeout: time.Second}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Stop() })
	h.address = strings.TrimPrefix(running.Base, "http://")
	h.bare = h.bareFloor(t, log)
	h.settle(t)
	return h
}

// bareFloor serves the baselines on the same stack: the same floor, decoding and encoding.
func (h *house) bareFloor(t *testing.T, log *slog.Logger) string {
	floor := httpapi.New(httpapi.Options{Log: log, Ready: func(context.Context) error { return nil }})
	httpapi.Handle(floor, httpapi.Anyone(), httpapi.Route{Method: "POST", Path: "/row", ID: "row", Status: 201},
		func(ctx context.Context, _ *httpapi.Call[wire.None], in wire.OpenSession) (wire.OpenedSession, error) {
			// The row is the very record that an opening must leave.
			err := h.a.DB.Record(ctx, audit.Draft{Workspace: h.channel.Workspace, Actor: "gate", Action: audit.SessionOpened, Channel: h.channel.ID,
				Subject: fmt.Sprintf("%016x", rand.Uint64()), Detail: map[string]string{
					"dialect": "native", "platform": in.Platform, "enforcement": "enforce", "method": "hmac", "key": h.key,
				}})
			return wire.OpenedSession{Token: "0123456789012345678901234567890123456789012", Session: wire.Session{SessionID: "s", Tier: "verified"}}, err
		})
	httpapi.Handle(floor, httpapi.Anyone(), httpapi.Route{Method: "GET", Path: "/read/{n}", ID: "read"},
		func(ctx context.Context, c *httpapi.Call[wire.None], _ wire.None) (wire.Messages, error) {
			var n int
			_, _ = fmt.Sscan(c.Path("n"), &n)
			list, err := h.a.DB.VisitorMessages(ctx, h.owned[n].Workspace, h.owned[n].Contact, h.threads[n], 0, 20)
			page := wire.Messages{Messages: make([]wire.Message, len(list))}
			for i, m := range list {
				page.Messages[len(list)-1-i] = wire.Message{ID: m.ID, ConversationID: m.Conversation, Seq: m.Seq,
					Author: wire.Author{Kind: string(m.Author)}, Text: m.Text, ClientID: m.ClientID, Tier: string(m.Tier), At: m.At}
			}
			return page, err
		})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httpapi.NewServer(floor)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

const threads = 1000

// settle opens a thousand conversations of as many people, twenty messages each.
func (h *house) settle(t *testing.T) {
	t.Helper()
	h.sessions, h.threads = make([]string, threads), make([]string, threads)
	h.owned, h.hashes = make([]chat.Session, threads), make([][]byte, threads)
	next := atomic.Int64{}
	h.each(t, func(c *client, _ int) error {
		for {
			n := int(next.Add(1)) - 1
			if n >= threads {
				return nil
			}
			var session wire.OpenedSession
			if err := post(c, "/api/v1/widget/sessions", "", h.assertion(), &session); err != nil {
				return err
			}
			var opened struct{ ID string }
			if err := post(c, "/api/v1/widget/conversations", session.Token, []byte(`{"text":"hello","client_id":"first"}`), &opened); err != nil {
				return err
			}
			for i := range 20 {
				body := fmt.Appendf(nil, `{"text":"message %d of a thread that says a little","client_id":"m%d"}`, i, i)
				if err := post(c, "/api/v1/widget/conversations/"+opened.ID+"/messages", session.Token, body, nil); err != nil {
					return err
				}
			}
			owned, _, err := h.a.Chat.Authenticate(context.Background(), session.Token)
			if err != nil {
				return err
			}
			h.sessions[n], h.threads[n], h.owned[n], h.hashes[n] = session.Token, opened.ID, owned, stored(session.Token)
		}
	})
}

// stored is the hash of a token as chat keeps it: behind the token's time.
func stored(token string) []byte {
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	hash := sha256.Sum256([]byte(token))
	return append(raw[:6:6], hash[:]...)
}

// assertion is the body of a person whom nobody has seen yet.
func (h *house) assertion() []byte {
	user := fmt.Sprintf("user-%012d", h.people.Add(1))
	mac := hmac.New(sha256.New, []byte(h.secret))
	mac.Write([]byte(user))
	return fmt.Appendf(nil, `{"channel":"%s","platform":"web","assertion":{"user_id":"%s","hash":"%s"}}`, h.channel.Slug, user, hex.EncodeToString(mac.Sum(nil)))
}

func post(c *client, path, bearer string, body []byte, into any) error {
	status, text, err := c.do("POST", path, bearer, body)
	if err != nil {
		return err
	}
	if status != 201 {
		return fmt.Errorf("%s: %d %s", path, status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// each runs one worker per connection to the product.
func (h *house) each(t *testing.T, work func(c *client, worker int) error) {
	t.Helper()
	var wg sync.WaitGroup
	for worker := range connections {
		wg.Go(func() {
			c, err := dial(h.address)
			if err == nil {
				defer c.conn.Close()
				err = work(c, worker)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// rate runs work on every connection for a turn and answers with how often it was done a second.
func rate(t *testing.T, address string, work func(c *client, worker, i int) error) float64 {
	t.Helper()
	var done atomic.Int64
	var wg sync.WaitGroup
	var started time.Time
	begin := make(chan struct{})
	var ready sync.WaitGroup
	for worker := range connections {
		ready.Add(1)
		wg.Go(func() {
			var c *client
			if address != "" {
				var err error
				if c, err = dial(address); err != nil {
					t.Error(err)
					ready.Done()
					return
				}
				defer c.conn.Close()
			}
			ready.Done()
			<-begin
			for i := 0; time.Since(started) < *turn; i++ {
				if err := work(c, worker, i); err != nil {
					t.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	ready.Wait()
	spent := cpu(t)
	started = time.Now()
	close(begin)
	wg.Wait()
	took := time.Since(started).Seconds()
	// What each cost, load generator included, says more on a busy machine than how many there were.
	t.Logf("%7.0f/s, %5.1f µs of processor each", float64(done.Load())/took, (cpu(t)-spent).Seconds()*1e6/float64(done.Load()))
	return float64(done.Load()) / took
}

// cpu is the processor time that this process has used.
func cpu(t *testing.T) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// compare takes turns and answers with the median ratio and the last rates.
func compare(t *testing.T, base, work func() float64) (ratio, workRate, baseRate float64) {
	t.Helper()
	base() // warm
	work()
	var ratios []float64
	for range *rounds {
		baseRate, workRate = base(), work()
		ratios = append(ratios, workRate/baseRate)
	}
	if t.Failed() {
		t.FailNow()
	}
	return median(ratios), workRate, baseRate
}

func (h *house) oneRow(t *testing.T) func() float64 {
	body := h.assertion()
	return func() float64 {
		return rate(t, h.bare, func(c *client, _, _ int) error { return post(c, "/row", "", body, nil) })
	}
}

func (h *house) openRow(t *testing.T) row {
	ratio, work, base := compare(t, h.oneRow(t), func() float64 {
		return rate(t, h.address, func(c *client, _, _ int) error {
			return post(c, "/api/v1/widget/sessions", "", h.assertion(), nil)
		})
	})
	return row{work: "open a verified session of a new person, HTTP, 64 connections", against: "a handler on the same stack that commits one row",
		ratio: ratio, must: 0.40, rate: work, base: base}
}

// renewRow identifies the same people again, as a page load does: same person, key and visitor.
func (h *house) renewRow(t *testing.T) row {
	type known struct{ body, token []byte }
	people := make([][]known, connections)
	h.each(t, func(c *client, worker int) error {
		for range 40 { // a person opens few sessions a minute, so the turns need several
			body := h.assertion()
			var session wire.OpenedSession
			if err := post(c, "/api/v1/widget/sessions", "", body, &session); err != nil {
				return err
			}
			again := fmt.Appendf(nil, `%s,"visitor_token":"%s","replaces":"%s"}`, body[:len(body)-1], session.VisitorToken, session.Token)
			people[worker] = append(people[worker], known{again, []byte(session.Token)})
		}
		return nil
	})
	ratio, work, base := compare(t, h.oneRow(t), func() float64 {
		return rate(t, h.address, func(c *client, worker, i int) error {
			person := people[worker][i%len(people[worker])]
			status, text, err := c.do("POST", "/api/v1/widget/sessions", "", person.body)
			if err == nil && (status != 201 || !bytes.Contains(text, person.token)) { // another token: a new session, no renewal
				err = fmt.Errorf("renewal: %d %s", status, text)
			}
			return err
		})
	})
	return row{work: "renew the session of a known person, HTTP, 64 connections", against: "the same", ratio: ratio, must: 0.60, rate: work, base: base}
}

func (h *house) postRow(t *testing.T) row {
	var serial atomic.Int64
	ratio, work, base := compare(t,
		func() float64 {
			return rate(t, "", func(_ *client, worker, i int) error {
				n := (worker + i*connections) % threads
				return h.commit(n, serial.Add(1))
			})
		},
		func() float64 {
			return rate(t, h.address, func(c *client, worker, i int) error {
				n := (worker + i*connections) % threads
				body := fmt.Appendf(nil, `{"text":"a message of ordinary length, as people write","client_id":"h%d"}`, serial.Add(1))
				return post(c, "/api/v1/widget/conversations/"+h.threads[n]+"/messages", h.sessions[n], body, nil)
			})
		})
	return row{work: "post a message, HTTP, 64 connections, 1,000 conversations, session and key checked in the transaction",
		against: "the committer alone with the same rows", ratio: ratio, must: 0.60, rate: work, base: base}
}

// commit writes what a post writes, without HTTP, session lookup or use case.
func (h *house) commit(n int, serial int64) error {
	now := h.a.Pulse.Now().Truncate(time.Microsecond)
	s := h.owned[n]
	_, err := h.a.DB.Post(context.Background(), chat.Post{TokenHash: h.hashes[n], Reopen: true, Message: chat.Message{
		ID: event.NewID("msg", now), Workspace: s.Workspace, Channel: s.Channel, Conversation: h.threads[n], Contact: s.Contact, Audience: event.AudienceVisitor,
		Author: chat.ByVisitor, AuthorID: s.Contact, Text: "a message of ordinary length, as people write", ClientID: fmt.Sprintf("b%d", serial),
		Tier: policy.Verified, Method: identity.MethodHMAC, Session: s.ID, Key: s.Standing.Key(), At: now,
	}})
	return err
}

func (h *house) readRow(t *testing.T) row {
	get := func(c *client, path, bearer string) error {
		status, text, err := c.do("GET", path, bearer, nil)
		if err == nil && status != 200 {
			err = fmt.Errorf("%s: %d %s", path, status, text)
		}
		return err
	}
	ratio, work, base := compare(t,
		func() float64 {
			return rate(t, h.bare, func(c *client, worker, i int) error {
				return get(c, fmt.Sprintf("/read/%d", (worker+i*connections)%threads), "")
			})
		},
		func() float64 {
			return rate(t, h.address, func(c *client, worker, i int) error {
				n := (worker + i*connections) % threads
				return get(c, "/api/v1/widget/conversations/"+h.threads[n]+"/messages?limit=20", h.sessions[n])
			})
		})
	return row{work: "read 20 messages, HTTP, session checked", against: "a bare handler with the same query and encoding", ratio: ratio, must: 0.80, rate: work, base: base}
}

func verifyRing(t *testing.T, spoken dialect.Row) (identity.Ring, string) {
	t.Helper()
	var entries []identity.Entry
	for i := range 8 { // as many live keys as a ring may have; the first one signed
		key, err := spoken.NewKey(dialect.Setup{ID: fmt.Sprint(i), Secret: identity.NewSecret(fmt.Appendf(nil, "0f1e2d3c4b5a69788796a5b4c3d2e1f%d", i)),
			Signs: identity.SignsEmail, Realm: "bench", Platforms: []string{"web"}, Audiences: []string{"bench"}})
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, identity.Entry{Key: key})
	}
	ring, err := identity.NewRing(entries...)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := entries[0].Key.Sign(identity.Statement{Email: "somebody@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return ring, hash
}
