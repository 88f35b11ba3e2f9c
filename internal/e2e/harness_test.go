// Package e2e drives the built binary as people do: the command line, HTTP, and a
// real browser. Nothing of the product is linked into these tests, and the binary
// is built with the race detector, whose report fails the test that caused it.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "countersign")
	build := exec.Command("go", "build", "-race", "-o", binary, "countersign/cmd/countersign")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the binary: %v\n%s", err, out)
		os.Exit(1)
	}
	status := m.Run()
	closeChromium()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// server is a running countersign.
type server struct {
	t     *testing.T
	Base  string
	Data  string
	args  []string
	env   []string
	cmd   *exec.Cmd
	lines chan string
	mu    sync.Mutex
	log   bytes.Buffer
}

// freeAddress is a loopback address where nobody listens. Its port lies below those
// that the system hands out by itself, so that it is still free when a server that
// was killed comes back, and no two tests are given the same.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+ports.Add(1)%12000)
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

var ports = func() *atomic.Uint32 {
	var last atomic.Uint32
	last.Store(rand.Uint32N(12000))
	return &last
}()

// serve starts `countersign serve` on a fresh directory and waits until it is ready.
func serve(t *testing.T, extra ...string) *server {
	t.Helper()
	address := freeAddress(t)
	data := filepath.Join(t.TempDir(), "data")
	s := &server{t: t, Base: "http://" + address, Data: data,
		args: append([]string{"serve", "--data", data, "--listen", address}, extra...)}
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command(binary, s.args...)
	s.cmd.Env = append(cleanEnv(), s.env...)
	s.lines = make(chan string, 1000)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd.Stderr = writerFunc(s.note)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := s.lines
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(out)
		for scanner.Scan() {
			s.note([]byte(scanner.Text() + "\n"))
			lines <- scanner.Text()
		}
	}()
	s.ready()
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

func (s *server) note(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.Write(b)
}

func (s *server) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

func (s *server) ready() {
	s.t.Helper()
	within(s.t, 30*time.Second, "the server to be ready", func() bool {
		resp, err := http.Get(s.Base + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == 200
	})
}

// line waits for a line of standard output that matches and answers with its first group.
func (s *server) line(pattern string) string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.After(30 * time.Second)
	for {
		select {
		case line, ok := <-s.lines:
			if !ok {
				s.t.Fatalf("the server ended before it printed %s:\n%s", pattern, s.logged())
			}
			if m := re.FindStringSubmatch(line); m != nil {
				return m[len(m)-1]
			}
		case <-deadline:
			s.t.Fatalf("the server did not print %s:\n%s", pattern, s.logged())
		}
	}
}

// kill is kill -9: no goodbye, no flush.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *server) stop() {
	if s.cmd.ProcessState != nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			s.t.Errorf("the server ended with %v\n%s", err, tail(s.logged()))
		}
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Kill()
		s.t.Errorf("the server did not end after SIGTERM\n%s", tail(s.logged()))
	}
	if log := s.logged(); strings.Contains(log, "DATA RACE") {
		s.t.Errorf("the race detector spoke:\n%s", log)
	}
}

func tail(s string) string {
	if len(s) > 4000 {
		return s[len(s)-4000:]
	}
	return s
}

func cleanEnv() []string {
	var env []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "COUNTERSIGN_") {
			env = append(env, pair)
		}
	}
	return env
}

// cli runs a command on the same data beside the running server and decodes its JSON.
func (s *server) cli(into any, args ...string) {
	s.t.Helper()
	cmd := exec.Command(binary, append(args, "--data", s.Data, "--json")...)
	cmd.Env = cleanEnv()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("countersign %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	if into != nil {
		if err := json.Unmarshal(out, into); err != nil {
			s.t.Fatalf("countersign %s: %v in %q", strings.Join(args, " "), err, out)
		}
	}
}

// channel makes a channel with one native key and answers with its slug and secret.
func (s *server) channel(slug, enforcement string) (secret, key string) {
	s.t.Helper()
	s.cli(nil, "channel", "create", "--slug", slug, "--enforcement", enforcement)
	var made struct{ ID, Secret string }
	s.cli(&made, "keys", "generate", "--channel", slug)
	return made.Secret, made.ID
}

// sign is what a customer's backend does.
func sign(secret, message string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	return hex.EncodeToString(mac.Sum(nil))
}

// call is one HTTP call; into may be nil.
func (s *server) call(method, path, bearer string, body, into any) int {
	s.t.Helper()
	status, err := call(s.Base, method, path, bearer, body, into)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return status
}

func call(base, method, path, bearer string, body, into any) (int, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, base+path, reader)
	if err != nil {
		return 0, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if into != nil && len(text) > 0 {
		if err := json.Unmarshal(text, into); err != nil {
			return resp.StatusCode, fmt.Errorf("%w in %q", err, text)
		}
	}
	return resp.StatusCode, nil
}

type object map[string]any

// session opens a session; a nil assertion claims nobody.
func (s *server) session(channel string, assertion object) (status int, answer object) {
	s.t.Helper()
	body := object{"channel": channel, "platform": "web"}
	if assertion != nil {
		body["assertion"] = assertion
	}
	status = s.call("POST", "/api/v1/widget/sessions", "", body, &answer)
	return status, answer
}

// verified opens the session of a user whom the channel's backend signed.
func (s *server) verified(channel, secret, user string) string {
	s.t.Helper()
	status, answer := s.session(channel, object{"user_id": user, "hash": sign(secret, user)})
	if status != 201 || answer["tier"] != "verified" {
		s.t.Fatalf("session of %s: %d %v", user, status, answer)
	}
	return answer["session"].(string)
}

// conversation opens one with a first message.
func (s *server) conversation(session, text string) string {
	s.t.Helper()
	var answer object
	if status := s.call("POST", "/api/v1/widget/conversations", session, object{"text": text, "client_id": "first"}, &answer); status != 201 {
		s.t.Fatalf("conversation: %d %v", status, answer)
	}
	return answer["id"].(string)
}

// event is one server-sent event.
type event struct{ ID, Event, Data string }

// stream opens a live stream; its frames arrive on the channel, which closes at its end.
func (s *server) stream(ctx context.Context, session string, after int64) <-chan event {
	s.t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", fmt.Sprintf("%s/api/v1/widget/stream?after=%d", s.Base, after), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+session)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		s.t.Fatalf("stream: %d", resp.StatusCode)
	}
	frames := make(chan event, 1000)
	go func() {
		defer close(frames)
		defer resp.Body.Close()
		var f event
		scanner := bufio.NewScanner(resp.Body)
		for scanner.Scan() {
			line := scanner.Text()
			switch {
			case line == "":
				if f.Event != "" || f.Data != "" {
					frames <- f
				}
				f = event{}
			case strings.HasPrefix(line, "id: "):
				f.ID = line[4:]
			case strings.HasPrefix(line, "event: "):
				f.Event = line[7:]
			case strings.HasPrefix(line, "data: "):
				f.Data += line[6:]
			}
		}
	}()
	return frames
}

// within polls until done or fails after limit. The step is short: it bounds nothing, it only waits.
func within(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", limit, what)
		}
		<-time.After(20 * time.Millisecond)
	}
}
