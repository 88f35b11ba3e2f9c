package app

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign/internal/audit"
	"countersign/internal/config"
)

// TestACheckpointLeavesTheMachineByEveryRoadAndVerifiesFromThere: the log has it whatever
// its level, a file is appended to, an address is posted to, and each of the three
// alone then shows that the end of the record was cut off.
func TestACheckpointLeavesTheMachineByEveryRoadAndVerifiesFromThere(t *testing.T) {
	dir := t.TempDir()
	a, err := Open(t.Context(), config.Installation{Data: dir + "/data", Workspace: "main"}, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	var posted []string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		posted = append(posted, string(text))
	}))
	defer hook.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	file := filepath.Join(dir, "checkpoints")
	if err := os.WriteFile(file, []byte("what was there\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"text": func(w io.Writer) slog.Handler {
			return slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelError})
		},
		"json": func(w io.Writer) slog.Handler {
			return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelError})
		},
	} {
		var log bytes.Buffer
		c, err := a.openCheckpoints([]string{file, hook.URL + "/secret-path", gone.URL}, slog.New(handler(&log)))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.DB.Record(t.Context(), audit.Draft{Workspace: "main", Actor: "test", Action: audit.KeyRevoked}); err != nil {
			t.Fatal(err)
		}
		c.write(t.Context(), true)
		c.write(t.Context(), true) // nothing moved: nothing leaves
		c.close()
		c.write(t.Context(), true) // and nobody writes into what is closed
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		last := func(text string) string {
			lines := strings.Split(strings.TrimSpace(text), "\n")
			return lines[len(lines)-1]
		}
		want, err := a.DB.LastCheckpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for road, line := range map[string]string{"log": last(log.String()), "file": last(string(kept)), "webhook": last(strings.Join(posted, ""))} {
			cp, err := audit.ParseCheckpoint(line)
			if err != nil || cp.Number != want.Number || !bytes.Equal(cp.MAC, want.MAC) {
				t.Errorf("%s, %s: %q is %+v, %v", name, road, line, cp, err)
				continue
			}
			if report, err := a.Keeper.Verify(t.Context(), []audit.Checkpoint{cp}); err != nil || !report.Intact {
				t.Errorf("%s, %s: %+v, %v", name, road, report.Faults, err)
			}
		}
		if strings.Contains(log.String(), "secret-path") {
			t.Error("the log holds the path of a webhook")
		}
	}
	if n := len(posted); n != 2 {
		t.Errorf("%d checkpoints were posted", n)
	}
	if kept, _ := os.ReadFile(file); !strings.HasPrefix(string(kept), "what was there\n") {
		t.Error("the file was not appended to")
	}
}

func TestAPlaceThatTakesNoCheckpointEndsTheStart(t *testing.T) {
	a := &App{}
	if _, err := a.openCheckpoints([]string{filepath.Join(t.TempDir(), "no", "such", "directory")}, slog.Default()); err == nil {
		t.Error("a file that cannot be written")
	}
	for place, ok := range map[string]bool{
		"/var/log/checkpoints": true, "https://host.example/x": true, "http://10.0.0.1:9/x": true,
		"ftp://host.example": false, "https://user:word@host.example": false, "https://": false,
	} {
		if err := (config.Server{AuditCheckpoints: []string{place}}).Check(); (err == nil) != ok {
			t.Errorf("%s: %v", place, err)
		}
	}
}

// TestAServerThatStopsLeavesNothingUncovered starts and stops one.
func TestAServerThatStopsLeavesNothingUncovered(t *testing.T) {
	a, err := Open(t.Context(), config.Installation{Data: t.TempDir() + "/data", Workspace: "main"}, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	running, err := a.Start(context.Background(), config.Server{Listen: "127.0.0.1:0", ShutdownTimeout: 1e9}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.DB.Record(t.Context(), audit.Draft{Workspace: "main", Actor: "test", Action: audit.KeyRevoked}); err != nil {
		t.Fatal(err)
	}
	if err := running.Stop(); err != nil {
		t.Fatal(err)
	}
	report, err := a.Keeper.Verify(t.Context(), nil)
	if err != nil || !report.Intact || report.Covered != report.Last || report.Last < 2 {
		t.Errorf("%+v, %v", report, err)
	}
}
