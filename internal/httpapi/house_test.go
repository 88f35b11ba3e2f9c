package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/chat"
	"countersign/internal/deliver"
	"countersign/internal/event"
	"countersign/internal/files"
	"countersign/internal/httpapi"
	"countersign/internal/httpapi/api"
	"countersign/internal/httpapi/compat"
	"countersign/internal/httpapi/console"
	"countersign/internal/httpapi/face"
	"countersign/internal/httpapi/operate"
	"countersign/internal/httpapi/widget"
	"countersign/internal/mail"
	"countersign/internal/realtime"
	"countersign/internal/store"
	"countersign/internal/store/storetest"
	"countersign/internal/team"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// house is the doors on real rooms and a database of its own.
type house struct {
	Pages    *pages // what stands at addresses that operators enter
	t        *testing.T
	Floor    *httpapi.Floor
	Server   *httptest.Server
	DB       *store.DB
	Team     *team.Team
	Chat     *chat.Chat
	Keys     *trust.Keys
	Counts   *trust.Counts
	Channels *workspace.Directory
	System   policy.Principal
	Log      *safeBuffer
	Shelf    string // directory of files
	Mail     *mail.Mailbox

	Registrar *trust.Registrar
}

// safeBuffer is a log that many goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// sealer is the house's root key, as team takes it.
type sealer struct{ *trust.Master }

func (s sealer) ad(p team.Place) trust.AD {
	return trust.AD{Workspace: p.Workspace, Table: p.Table, Row: p.Row, Purpose: p.Purpose}
}
func (s sealer) Seal(plain []byte, p team.Place) []byte { return s.Master.Seal(plain, s.ad(p)) }
func (s sealer) Open(sealed []byte, p team.Place) ([]byte, error) {
	return s.Master.Open(sealed, s.ad(p))
}

// open opens a house; change may alter the floor's options.
func open(t *testing.T, change ...func(*httpapi.Options)) *house {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	master, err := trust.NewMaster(secret)
	must(t, err)
	pulse := &event.Pulse{}
	var relay *realtime.Relay
	db, err := store.Open(ctx, store.Options{
		Path:      storetest.File(t),
		Chain:     audit.NewChain(master.Derive("audit"), "test"),
		Committed: func(seq int64) { relay.Hint(seq) },
	})
	must(t, err)
	const installation = "ins_test"
	db.SetNames(trust.NewPseudonyms(master, installation))
	hub := realtime.NewHub(db, pulse, chat.AgentBody)
	relay = realtime.NewRelay(db, &realtime.LocalBus{}, pulse, hub)
	done := make(chan struct{})
	go func() { defer close(done); _ = relay.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; _ = db.Close() })
	within(t, "the relay", relay.Ready)

	h := &house{
		t: t, DB: db, Channels: workspace.New(db, pulse), Team: team.New(db, pulse, sealer{master}), Chat: chat.New(db, pulse, relay),
		System: policy.ForSystem(workspace.Main, "test"), Log: &safeBuffer{}, Shelf: t.TempDir(),
	}
	h.Chat.KeepFiles(files.OnDisk(h.Shelf), master.Derive("file link"), fileLimit)
	record := audit.NewLog(db, audit.NewKeeper(db, audit.NewKeys(master.Derive("audit"), master.Derive("audit checkpoint"))))
	gate := trust.NewGate(db, h.Channels, master, installation, pulse)
	h.Counts = trust.NewCounts(db, master, pulse.Now)
	gate.Counting(h.Counts)
	arrivals := trust.NewInstallation(db, db, h.Channels, h.Counts, pulse.Now)
	h.Keys = trust.NewKeys(db, h.Channels, master, installation, pulse.Now)
	h.Pages = &pages{}
	sets := trust.NewSets(h.Pages, pulse.Now)
	gate.UseSets(sets)
	h.Keys.UseSets(sets)
	registrar := trust.NewRegistrar(db, h.Keys)
	h.Registrar = registrar
	diagnosis := trust.NewDiagnosis(h.Keys, h.Channels)
	must(t, h.Channels.Ensure(ctx, h.System, "Main"))
	must(t, h.Team.RequireFactor(ctx, h.System, false)) // factor_test asks for it

	options := httpapi.Options{
		Log:   slog.New(slog.NewTextHandler(h.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Ready: db.Ping,
	}
	for _, f := range change {
		f(&options)
	}
	h.Mail = &mail.Mailbox{}
	seal := trust.NewLetterSeal(master, installation)
	desk := deliver.NewDesk(seal, pulse)
	gate.TakeCodes(db, desk, seal, master)
	carried := make(chan struct{})
	go func() { defer close(carried); deliver.NewWorker(desk, db, h.Mail, options.Log).Run(ctx) }()
	t.Cleanup(func() { cancel(); <-carried })
	mailRoutes := operate.Mail{Switches: h.Channels, Outbox: deliver.NewLog(db, "mailbox")}
	h.Floor = httpapi.New(options)
	h.Team.MailInvitations(desk, h.Floor.Base())
	agents := console.New(console.Deps{
		Team: h.Team, Inbox: h.Chat, People: h.Chat, Channels: h.Channels, Keys: h.Keys, Audit: record, Installation: arrivals, Streams: hub, Head: pulse.Head, Mail: mailRoutes, Diagnosis: diagnosis, Registrations: registrar,
	})
	must(t, agents.Register(h.Floor))
	widget.New(widget.Deps{Gate: gate, Codes: gate, Channels: h.Channels, Sessions: h.Chat, Threads: h.Chat, Files: h.Chat, Streams: hub, Online: agents.Online}).Register(h.Floor)
	api.New(api.Deps{Tokens: h.Team, Gate: gate, Sessions: h.Chat, Operate: operate.Deps{Installation: arrivals, Channels: h.Channels, Keys: h.Keys, People: h.Chat, Audit: record, Mail: mailRoutes, Diagnosis: diagnosis, Team: h.Team, Registrations: registrar}, Registrar: registrar}).Register(h.Floor)
	compat.New(compat.Deps{Program: api.Program(h.Team), Channels: h.Channels, Keys: h.Keys}).Register(h.Floor)
	faces, err := face.New(face.Deps{Channels: h.Channels})
	must(t, err)
	faces.Register(h.Floor)

	server := httpapi.NewServer(h.Floor)
	h.Server = httptest.NewUnstartedServer(nil)
	h.Server.Config = server
	h.Server.EnableHTTP2 = true
	h.Server.StartTLS()
	t.Cleanup(func() { cancel(); <-done; h.Server.Close() })
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// within polls until done or fails after ten seconds.
func within(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

type object = map[string]any

// answer is what came back.
type answer struct {
	*http.Response
	Text []byte
	JSON object
}

// code is what an answer refuses with, in our words or a vendor's.
func (a answer) code() string {
	if list, _ := a.JSON["errors"].([]any); len(list) == 1 {
		return list[0].(object)["code"].(string)
	}
	s, _ := a.JSON["code"].(string)
	return s
}

func (a answer) text(name string) string { s, _ := a.JSON[name].(string); return s }

// credential is a header and its value.
type credential struct{ header, value string }

func bearer(token string) credential { return credential{"Authorization", "Bearer " + token} }
func cookie(token string) credential { return credential{"Cookie", httpapi.LoginCookie + "=" + token} }

// call sends body as it is if it is text, else as JSON.
func (h *house) call(method, path string, who credential, body any, headers ...string) answer {
	h.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	case form:
		reader = bytes.NewReader(b.raw)
		headers = append([]string{"Content-Type", b.media}, headers...)
	default:
		raw, err := json.Marshal(b)
		must(h.t, err)
		reader = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // a stream, opened by mistake, never ends
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, h.Server.URL+path, reader)
	must(h.t, err)
	if reader != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if who.header != "" {
		r.Header.Set(who.header, who.value)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := h.client().Do(r)
	must(h.t, err)
	defer resp.Body.Close()
	a := answer{Response: resp}
	a.Text, err = io.ReadAll(resp.Body)
	must(h.t, err)
	_ = json.Unmarshal(a.Text, &a.JSON)
	return a
}

func (h *house) client() *http.Client {
	client := *h.Server.Client() // a copy: many may call at once
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// want is call that must answer with a status.
func (h *house) want(status int, method, path string, who credential, body any) answer {
	h.t.Helper()
	a := h.call(method, path, who, body)
	if a.StatusCode != status {
		h.t.Fatalf("%s %s: %d, want %d: %s", method, path, a.StatusCode, status, a.Text)
	}
	return a
}

// ends waits for a credential to be refused: the node that took it away has told
// its log, and obeys it once it has read it.
func (h *house) ends(path string, who credential) {
	h.t.Helper()
	asked := time.Now()
	within(h.t, "the end of a right", func() bool { return h.call("GET", path, who, nil).StatusCode == 401 })
	if took := time.Since(asked); took > 2*time.Second {
		h.t.Errorf("%s was still answered after %v", path, took)
	}
}

// channel makes a channel with one native key.
func (h *house) channel(slug string, enforcement policy.Enforcement) (channel workspace.Channel, key, secret string) {
	h.t.Helper()
	ctx := context.Background()
	channel, err := h.Channels.Create(ctx, h.System, workspace.Creation{Slug: slug, Platforms: map[policy.Platform]policy.Enforcement{policy.Web: enforcement}})
	must(h.t, err)
	row, secret, err := h.Keys.Generate(ctx, h.System, trust.KeyDraft{Channel: channel.ID})
	must(h.t, err)
	return channel, row.ID, secret
}

func sign(secret, message string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	return hex.EncodeToString(mac.Sum(nil))
}

// visitor opens a session of a user whom the channel's backend signed.
func (h *house) visitor(slug, secret, user string) credential {
	h.t.Helper()
	a := h.want(201, "POST", "/api/v1/widget/sessions", credential{}, object{"channel": slug, "assertion": object{"user_id": user, "hash": sign(secret, user)}})
	if a.text("tier") != "verified" {
		h.t.Fatalf("%s is %s", user, a.Text)
	}
	return bearer(a.text("session"))
}

// agent makes a colleague of a role and signs them in.
func (h *house) agent(role policy.Role) credential {
	h.t.Helper()
	_, link, err := h.Team.Invite(context.Background(), h.System, string(role)+"@example.com", role)
	must(h.t, err)
	a := h.want(200, "POST", "/api/v1/console/setup", credential{}, object{"token": link, "name": "The " + string(role), "password": "seven grey herons at the weir"})
	return cookie(loginIn(h.t, a))
}

// program is the token of a program with these scopes.
func (h *house) program(scopes ...policy.Right) string {
	h.t.Helper()
	_, secret, err := h.Team.CreateToken(context.Background(), h.System, team.TokenDraft{Name: "test", Scopes: scopes})
	must(h.t, err)
	return secret
}

func loginIn(t *testing.T, a answer) string {
	t.Helper()
	for _, c := range a.Cookies() {
		if c.Name == httpapi.LoginCookie {
			return c.Value
		}
	}
	t.Fatalf("no login in %v", a.Header)
	return ""
}

// frame is one server-sent event.
type frame struct {
	ID, Event string
	Data      object
}

// listen opens a stream; its events arrive until it ends.
func (h *house) listen(path string, who credential) (<-chan frame, *http.Response) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", h.Server.URL+path, nil)
	must(h.t, err)
	r.Header.Set(who.header, who.value)
	resp, err := h.client().Do(r)
	must(h.t, err)
	if resp.StatusCode != 200 {
		text, _ := io.ReadAll(resp.Body)
		h.t.Fatalf("stream: %d %s", resp.StatusCode, text)
	}
	frames := make(chan frame, 100)
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() || lines.Text() != ": open" {
		h.t.Fatalf("a stream begins with %q", lines.Text())
	}
	go func() {
		defer close(frames)
		defer resp.Body.Close()
		var f frame
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "":
				if f.Event != "" {
					frames <- f
				}
				f = frame{}
			case "id":
				f.ID = value
			case "event":
				f.Event = value
			case "data":
				_ = json.Unmarshal([]byte(value), &f.Data)
			case ":":
				frames <- frame{Event: "heartbeat"}
			}
		}
	}()
	return frames, resp
}

// next waits for an event of a kind and skips others.
func next(t *testing.T, frames <-chan frame, kind string) frame {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case f, ok := <-frames:
			if !ok {
				t.Fatalf("the stream ended before %s", kind)
			}
			if f.Event == kind {
				return f
			}
		case <-deadline:
			t.Fatalf("waited for %s", kind)
		}
	}
}
