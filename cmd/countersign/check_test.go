package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"countersign/internal/inspect"
)

// shopPage is a shop whose tag manager adds the chat as the page runs.
func shopPage(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "frame-src 'self'")
		fmt.Fprint(w, `<!doctype html><title>Shop</title><script>
			var s = document.createElement('script')
			s.textContent = 'window.intercom' + 'Settings = {app_id: "abc' + '123"}'
			document.head.append(s)
		</script>`)
	})
	mux.HandleFunc("/plain", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<script>Beacon('init', '64dc00aa')</script>`)
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/plain?token=secret", http.StatusFound)
	})
	mux.HandleFunc("/inwards", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/", http.StatusFound)
	})
	mux.HandleFunc("/gone", http.NotFound)
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), inspect.MaxPage+1))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// checks runs the command and answers with its status and what it said.
func checks(t *testing.T, args ...string) (status int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), append([]string{"check"}, args...), terminal{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Getenv: func(string) string { return "" }})
	return status, stdout.String(), stderr.String()
}

func TestCheckCallsAPrivateAddressOnlyWhenItIsSaid(t *testing.T) {
	shop := shopPage(t)
	status, _, said := checks(t, shop.URL+"/plain")
	if status != exitNo || !strings.Contains(said, "--allow-private") {
		t.Errorf("%d %s", status, said)
	}
	status, out, _ := checks(t, shop.URL+"/plain", "--allow-private", "--url", "https://chat.example")
	if status != exitYes || !strings.Contains(out, "Help Scout Beacon, id 64dc00aa") {
		t.Errorf("%d %s", status, out)
	}
}

func TestCheckFollowsNoRedirectWhereverItLeads(t *testing.T) {
	shop := shopPage(t)
	for path, want := range map[string]string{"/moved": "/plain", "/inwards": "http://169.254.169.254/latest/"} {
		status, out, said := checks(t, shop.URL+path, "--allow-private")
		if status != exitNo || out != "" || !strings.Contains(said, want) || strings.Contains(said, "secret") {
			t.Errorf("%s: %d %s %s", path, status, out, said)
		}
	}
}

func TestCheckTakesNoPageThatIsNone(t *testing.T) {
	shop := shopPage(t)
	for path, want := range map[string]string{"/gone": "404", "/huge": "longer than"} {
		if status, _, said := checks(t, shop.URL+path, "--allow-private"); status != exitNo || !strings.Contains(said, want) {
			t.Errorf("%s: %d %s", path, status, said)
		}
	}
}

// A tag manager adds the chat as the page runs: the HTML alone does not have it, the
// operator's own browser does.
func TestCheckSeesInABrowserWhatAScriptAdds(t *testing.T) {
	if strings.Contains(","+os.Getenv("SKIP")+",", ",browser,") {
		t.Skip("SKIP leaves the browser out")
	}
	shop := shopPage(t)
	status, out, _ := checks(t, shop.URL+"/", "--allow-private")
	if status != exitNo || !strings.Contains(out, "--browser") {
		t.Errorf("without: %d %s", status, out)
	}
	status, out, said := checks(t, shop.URL+"/", "--allow-private", "--browser", "--no-sandbox", "--url", "https://chat.example", "--timeout", "60s")
	if status != exitYes || !strings.Contains(out, "Intercom, id abc123") || !strings.Contains(out, "(header): add https://chat.example to frame-src") {
		t.Errorf("with: %d %s %s", status, out, said)
	}
	if status, _, said := checks(t, shop.URL+"/", "--browser", "--browser-path", "/nowhere/chrome"); status != exitMisuse {
		t.Errorf("a browser that is not there: %d %s", status, said)
	}
	if path, err := exec.LookPath("true"); err == nil {
		if status, _, said := checks(t, shop.URL+"/", "--allow-private", "--browser", "--no-sandbox", "--browser-path", path); status != exitNo || !strings.Contains(said, "could not show the page") {
			t.Errorf("a browser that shows nothing: %d %s", status, said)
		}
	}
}

// What somebody wrote to support as "my page" must lead a browser to nothing that only this
// machine reaches; and as root no browser keeps what runs in it to itself.
func TestCheckStartsNoBrowserWhereItMayNotCall(t *testing.T) {
	started := t.TempDir() + "/started"
	browser := t.TempDir() + "/browser"
	if err := os.WriteFile(browser, []byte("#!/bin/sh\necho x > "+started+"\necho '<html></html>'\n"), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	shop := shopPage(t)
	status, _, said := checks(t, shop.URL+"/", "--browser", "--no-sandbox", "--browser-path", browser)
	if _, err := os.Stat(started); err == nil || status != exitNo || !strings.Contains(said, "--allow-private") {
		t.Errorf("%d %s", status, said)
	}
	if os.Geteuid() != 0 {
		return
	}
	status, _, said = checks(t, shop.URL+"/", "--allow-private", "--browser", "--browser-path", browser)
	if _, err := os.Stat(started); err == nil || status != exitNo || !strings.Contains(said, "--no-sandbox") {
		t.Errorf("as root: %d %s", status, said)
	}
}
