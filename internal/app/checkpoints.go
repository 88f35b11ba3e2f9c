package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"countersign/internal/audit"
	"countersign/internal/egress"
)

// checkpoints takes the heads of the record's chains off this machine, so that whoever
// changes the rows cannot change what they are compared with.
type checkpoints struct {
	keeper *audit.Keeper
	log    *slog.Logger
	files  []*os.File
	hooks  []string
	client *egress.Client
	silent bool // no log line: a demo is read by a person, and vouches for nothing

	mu     sync.Mutex // one writes at a time, and nobody into a closed file
	closed bool
}

// lookEvery is how often it is asked whether a minute is over since the last one, which
// another node may have written.
const lookEvery = 5 * time.Second

// openCheckpoints opens what the operator named; a file that cannot be written is
// found at the start and not when it is needed.
func (a *App) openCheckpoints(to []string, log *slog.Logger) (*checkpoints, error) {
	c := &checkpoints{keeper: a.Keeper, log: log}
	var hosts []string
	for _, place := range to {
		if u, err := url.Parse(place); err == nil && strings.Contains(place, "://") {
			c.hooks = append(c.hooks, place)
			hosts = append(hosts, hostPort(u))
			continue
		}
		file, err := os.OpenFile(place, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			c.close()
			return nil, fmt.Errorf("audit-checkpoints: %w", err)
		}
		c.files = append(c.files, file)
	}
	// These addresses stand in the server's own configuration: they may be private.
	c.client = egress.New(egress.Options{Allow: hosts})
	return c, nil
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func (c *checkpoints) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, file := range c.files {
		_ = file.Close()
	}
}

// run writes one a minute while there is something new, and the first at once: what a
// command changed while no server ran is covered then.
func (c *checkpoints) run(ctx context.Context) {
	c.write(ctx, false)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.write(ctx, false)
		}
	}
}

// write makes a checkpoint if there is cause to, and sends it out. What one place does
// not take is said and not kept for it: the next checkpoint vouches for this one.
func (c *checkpoints) write(ctx context.Context, now bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	cp, written, err := c.keeper.Checkpoint(ctx, now)
	if err != nil && ctx.Err() == nil {
		c.log.Error("the record's checkpoint could not be written; tried again in a minute", "error", err)
	}
	if err != nil || !written {
		return
	}
	line := cp.Line()
	if err := c.say(ctx, line); err != nil {
		c.log.Error("the record's checkpoint could not be logged", "error", err)
	}
	for _, file := range c.files {
		_, err := file.WriteString(line + "\n")
		if err := errors.Join(err, file.Sync()); err != nil {
			c.log.Error("the record's checkpoint could not be appended", "file", file.Name(), "error", err)
		}
	}
	for _, hook := range c.hooks {
		if err := c.post(ctx, hook, line); err != nil {
			c.log.Warn("the record's checkpoint was not taken", "host", hostOf(hook), "error", err)
		}
	}
}

// say goes past the logger's level: whatever else is silenced, this is what leaves the
// machine.
func (c *checkpoints) say(ctx context.Context, line string) error {
	if c.silent {
		return nil
	}
	record := slog.NewRecord(time.Now(), slog.LevelInfo, "audit checkpoint", 0)
	record.AddAttrs(slog.String("checkpoint", line))
	return c.log.Handler().Handle(ctx, record)
}

func (c *checkpoints) post(ctx context.Context, hook, line string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader([]byte(line+"\n")))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Countersign")
	answer, err := c.client.Do(request)
	if err == nil && answer.Status/100 != 2 {
		err = fmt.Errorf("answered %d", answer.Status)
	}
	return err
}

// hostOf is what may be logged of an address: its path may hold a secret.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
