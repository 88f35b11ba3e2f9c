package shop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

const defaultListen = "127.0.0.1:8081"

// Run serves the shop until ctx ends. Its first line of output is
// "shop: listening on http://HOST:PORT", for whoever started it.
func Run(ctx context.Context, config Config, out io.Writer) error {
	s, err := New(config)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, config.Listen)
	if err != nil {
		return fmt.Errorf("shop: %w", err)
	}
	fmt.Fprintf(out, "shop: listening on http://%s\n", listener.Addr())

	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      2 * benchPatience,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	s.site = "http://" + listener.Addr().String()
	seeded := make(chan struct{})
	go func() {
		defer close(seeded)
		if config.Seed {
			s.seedAndTell(ctx, out)
		}
	}()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err = <-served:
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
		err = <-served
	}
	<-seeded
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// seedAndTell waits for Countersign, which may still be starting, and seeds once.
func (s *Shop) seedAndTell(ctx context.Context, out io.Writer) {
	if err := s.awaitCountersign(ctx, 30*time.Second); err != nil {
		fmt.Fprintf(out, "shop: no first conversations: %v\n", err)
		return
	}
	if err := s.Seed(ctx); err != nil {
		fmt.Fprintf(out, "shop: first conversations: %v\n", err)
		return
	}
	fmt.Fprintln(out, "shop: seeded")
}

// listen takes the address, or the next free port after it: a demonstration
// should not fail because something else was there first.
func listen(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		address = defaultListen
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("port %q is not a number", port)
	}
	var config net.ListenConfig
	for number := first; number <= min(first+50, 65535); number++ {
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(number)))
		if err == nil {
			return listener, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("no free port from %s on", address)
}
