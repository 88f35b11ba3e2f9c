package e2e

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// demo is a running `countersign demo`.
type demo struct {
	*server
	Shop string
	Link string // of the console: the owner's one-use link while nobody has used it
}

// startDemo starts the demo on a directory; the caller ends it unless the test does.
func startDemo(t *testing.T, data string) *demo {
	t.Helper()
	address, shop := freeAddress(t), freeAddress(t)
	d := &demo{server: &server{t: t, Base: "http://" + address, Data: data,
		args: []string{"demo", "--data", data, "--listen", address, "--demo-listen", shop}}}
	d.start()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the demo said:\n%s", tail(d.logged()))
		}
		d.stop()
	})
	d.Shop = d.line(`^Shop\s+(\S+)$`)
	d.Link = d.line(`^Console\s+(\S+)$`)
	return d
}

func fetch(t *testing.T, address string) string {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("GET %s: %d %v", address, resp.StatusCode, err)
	}
	return string(body)
}

// refuses waits until nobody listens at the address any more.
func refuses(t *testing.T, address string) {
	t.Helper()
	within(t, 10*time.Second, "nobody to listen at "+address, func() bool {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(address, "http://"), time.Second)
		if err != nil {
			return true
		}
		conn.Close()
		return false
	})
}

// run runs a command to its end.
func run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = cleanEnv()
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), complaint.String()
}

// The demo ends its shop with itself, however it ends, and a second start goes on
// where the first stopped; `serve` never takes the demo's data for a real one.
func TestDemoAndItsShopLiveAndDieTogether(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "demo")
	d := startDemo(t, data)
	if body := fetch(t, d.Shop+"/healthz"); body != "ok\n" {
		t.Fatalf("the shop's health: %q", body)
	}
	if !strings.Contains(d.Link, "/console/setup#") {
		t.Fatalf("the first start printed %q, want the owner's link", d.Link)
	}
	first := token(d.Link)

	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM the demo ended with %v, want 0\n%s", err, tail(d.logged()))
	}
	refuses(t, d.Base)
	refuses(t, d.Shop)

	status, _, complaint := run(t, "serve", "--data", data, "--listen", freeAddress(t))
	if status != 1 || !strings.Contains(complaint, "demo") {
		t.Errorf("serve on the demo's data: %d %q, want 1 and why", status, complaint)
	}

	d = startDemo(t, data)
	second := token(d.Link)
	if second == "" || second == first {
		t.Fatalf("the second start printed %q, want a fresh link while the first was not used", d.Link)
	}
	password := object{"token": second, "email": "olive@example.com", "name": "Olive Owner", "password": "four unrelated words here"}
	if status := d.call("POST", "/api/v1/console/setup", "", password, nil); status != 200 && status != 201 {
		t.Fatalf("using the owner's link: %d", status)
	}
	if status := d.call("POST", "/api/v1/console/setup", "", password, nil); status < 400 || status > 499 {
		t.Errorf("the owner's link a second time: %d, want a refusal", status)
	}
	if status := d.call("POST", "/api/v1/console/setup/check", "", object{"token": first}, nil); status < 400 || status > 499 {
		t.Errorf("the link of the first start: %d, want a refusal", status)
	}

	d.kill()
	refuses(t, d.Base)
	refuses(t, d.Shop)

	d = startDemo(t, data)
	if d.Link != d.Base+"/console" {
		t.Errorf("once the owner is there the demo prints %q, want %s/console", d.Link, d.Base)
	}
}

// token is what stands behind the # of a link; empty if there is none.
func token(link string) string {
	_, after, _ := strings.Cut(link, "#")
	return after
}

func TestDemoRefusesToBeReachedFromElsewhere(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--listen", "0.0.0.0:0"},
		{"--listen", "[::]:0"},
		{"--listen", ":0"},
		{"--listen", "127.0.0.1:0", "--demo-listen", "0.0.0.0:0"},
	} {
		data := filepath.Join(t.TempDir(), "demo")
		status, _, complaint := run(t, append([]string{"demo", "--data", data}, args...)...)
		if status != 2 || !strings.Contains(complaint, "loopback") {
			t.Errorf("demo %v: %d %q, want 2 and why", args, status, complaint)
		}
	}
}
