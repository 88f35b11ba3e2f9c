package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"countersign/internal/audit"
	"countersign/internal/config"
	"countersign/internal/httpapi"
)

// Running is a server that answers.
type Running struct {
	Base   string // public address of the console
	Widget string // and of the widget; the same on one origin
	server *http.Server
	heads  *checkpoints
	failed chan error
	ctx    context.Context
	stop   func()
	done   chan struct{}
}

// Start listens, runs the relay and answers until ctx ends. It returns once
// requests are answered and the log's head has been read.
func (a *App) Start(ctx context.Context, cfg config.Server, log *slog.Logger) (*Running, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, err
	}
	a.Egress.Listens(listener.Addr().String())
	if cfg.BaseURL == "" {
		cfg.Listen = listener.Addr().String() // a port of 0 has become a real one
	}
	floor, err := a.floor(cfg, log)
	if err != nil {
		_ = listener.Close()
		return nil, err
	}
	if err := a.DB.Record(ctx, audit.Draft{Workspace: a.workspace, Actor: "server", Action: audit.ServerStarted}); err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("the record cannot be written: %w", err)
	}
	heads, err := a.openCheckpoints(cfg.AuditCheckpoints, log)
	if err != nil {
		_ = listener.Close()
		return nil, err
	}
	if heads.silent, err = a.IsDemo(ctx); err != nil {
		_ = listener.Close()
		return nil, err
	}
	inner, cancel := context.WithCancel(ctx)
	r := &Running{
		Base: cfg.Base(), Widget: cfg.Widget(), heads: heads, ctx: inner, stop: cancel, failed: make(chan error, 3), done: make(chan struct{}),
		server: httpapi.NewServer(floor),
	}
	if err := a.DB.Mark(ctx, baseMark, r.Base); err != nil {
		log.Warn("where it serves could not be noted for printed links", "error", err)
	}
	go func() {
		if err := a.Relay.Run(inner); err != nil && !errors.Is(err, context.Canceled) {
			r.failed <- err
		}
	}()
	go func() {
		if err := r.server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			r.failed <- err
		}
	}()
	go a.wakeSnoozed(inner, log)
	go heads.run(inner)
	go a.Counts.Run(inner, func(err error) { log.Warn("what arrived could not be counted; tried again soon", "error", err) })
	go a.resumeSweeps(inner, log)
	go a.sweepFiles(inner, log)
	go a.carryMail(inner, log)
	go r.finish(a, cfg.ShutdownTimeout) //nolint:gosec // it outlives the request for which ctx would end it
	return r, nil
}

// baseMark is the meta row with the address that was last served.
const baseMark = "base"

// LastBase is the address that a server last served this data at; the default one
// before any did.
func (a *App) LastBase(ctx context.Context) (string, error) {
	base, err := a.DB.Marked(ctx, baseMark)
	if err == nil && base == "" {
		base = "http://127.0.0.1:8080"
	}
	return base, err
}

// finish lets requests under way end, then closes what is left.
func (r *Running) finish(a *App, patience time.Duration) {
	defer close(r.done)
	select {
	case <-r.ctx.Done():
	case err := <-r.failed:
		r.failed <- err
		r.stop()
	}
	a.Hub.Close() // streams are told to come back elsewhere
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.server.Shutdown(ctx); err != nil {
		_ = r.server.Close()
	}
	if err := a.Counts.Flush(ctx); err != nil {
		r.failed <- err
	}
	if err := a.Gate.Flush(ctx); err != nil { // refusals that were only counted so far
		r.failed <- err
	}
	r.heads.write(ctx, true) // nothing comes after it
	r.heads.close()
}

// Wait returns when the server has ended: nil after a signal, else why.
func (r *Running) Wait() error {
	<-r.done
	select {
	case err := <-r.failed:
		return err
	default:
		return nil
	}
}

// Stop ends the server as a signal would and waits.
func (r *Running) Stop() error {
	r.stop()
	return r.Wait()
}

// wakeEvery is how late a snoozed conversation may come back.
const wakeEvery = 10 * time.Second

// wakeSnoozed opens snoozed conversations again when their time has come.
func (a *App) wakeSnoozed(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(wakeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := a.DB.Wake(ctx, a.Pulse.Now(), 100); err != nil && ctx.Err() == nil {
				log.Warn("snoozed conversations could not be woken; tried again soon", "error", err)
			}
		}
	}
}
