package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"countersign/internal/httpapi/wire"
	"countersign/internal/realtime"
)

// script is a stream that hands out what it is told to.
type script struct {
	next   func(context.Context) ([]*realtime.Frame, error)
	closed chan struct{}
}

func (s *script) Next(ctx context.Context, _ time.Duration) ([]*realtime.Frame, error) {
	return s.next(ctx)
}
func (s *script) Close() { close(s.closed) }

func streamServer(t *testing.T, source *script, options StreamOptions, http2 bool) *httptest.Server {
	t.Helper()
	f := New(Options{})
	f.patience = 100 * time.Millisecond
	Raw(f, Anyone(), Route{Method: "GET", Path: "/x", ID: "x", Hidden: true, Stream: true},
		func(w http.ResponseWriter, r *http.Request, _ wire.None) error {
			return f.ServeStream(w, r, source, options)
		})
	server := httptest.NewUnstartedServer(nil)
	server.Config = NewServer(f)
	server.Config.WriteTimeout = 150 * time.Millisecond
	server.Config.ReadTimeout = 150 * time.Millisecond
	server.EnableHTTP2 = http2
	if http2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

func TestAStreamOutlivesTheDeadlinesOfCalls(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		n := 0
		source := &script{closed: make(chan struct{}), next: func(ctx context.Context) ([]*realtime.Frame, error) {
			if n++; n > 3 {
				return nil, &realtime.End{Code: realtime.Reconnect}
			}
			select { // longer than every deadline of the server and of a write
			case <-time.After(250 * time.Millisecond):
				return []*realtime.Frame{{Seq: int64(n), Text: []byte("id: 1\nevent: x\ndata: {}\n\n")}}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}
		server := streamServer(t, source, StreamOptions{Audience: "visitor"}, http2)
		resp, err := server.Client().Get(server.URL + "/x")
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(resp.Body); err != nil {
			t.Errorf("http2 %v: broke off with %v after %q", http2, err, body.String())
		}
		want := ": open\n\n" + strings.Repeat("id: 1\nevent: x\ndata: {}\n\n", 3) + "event: end\ndata: {\"code\":\"reconnect\"}\n\n"
		if body.String() != want {
			t.Errorf("http2 %v: %q, want %q", http2, body.String(), want)
		}
		<-source.closed
	}
}

func TestAReaderWhoTakesNothingIsLetGo(t *testing.T) {
	burst := []*realtime.Frame{{Text: bytes.Repeat([]byte(":"), 1<<20)}}
	source := &script{closed: make(chan struct{}), next: func(ctx context.Context) ([]*realtime.Frame, error) { return burst, ctx.Err() }}
	server := streamServer(t, source, StreamOptions{Audience: "visitor"}, false)
	resp, err := server.Client().Get(server.URL + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	select {
	case <-source.closed:
	case <-time.After(20 * time.Second):
		t.Fatal("the stream waits for ever")
	}
}

func TestAStreamEndsWithItsReader(t *testing.T) {
	source := &script{closed: make(chan struct{}), next: func(ctx context.Context) ([]*realtime.Frame, error) { <-ctx.Done(); return nil, ctx.Err() }}
	server := streamServer(t, source, StreamOptions{Audience: "visitor"}, false)
	ctx, cancel := context.WithCancel(context.Background())
	r, _ := http.NewRequestWithContext(ctx, "GET", server.URL+"/x", nil)
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || line != ": open\n" {
		t.Fatalf("%q %v", line, err)
	}
	cancel()
	select {
	case <-source.closed:
	case <-time.After(10 * time.Second):
		t.Fatal("the stream outlives its reader")
	}
}

func TestAStreamWithoutABodyIsNone(t *testing.T) {
	source := &script{closed: make(chan struct{}), next: func(ctx context.Context) ([]*realtime.Frame, error) { <-ctx.Done(); return nil, ctx.Err() }}
	server := streamServer(t, source, StreamOptions{Audience: "visitor"}, false)
	resp, err := server.Client().Head(server.URL + "/x")
	if err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Fatalf("%v %v", resp, err)
	}
	<-source.closed
}

func TestARightThatWasProlongedElsewhereComesBack(t *testing.T) {
	for _, c := range []struct {
		code    realtime.Code
		renewed func() bool
		want    string
	}{
		{realtime.SessionEnded, nil, "session_ended"},
		{realtime.SessionEnded, func() bool { return false }, "session_ended"},
		{realtime.SessionEnded, func() bool { return true }, "reconnect"},
		{realtime.IdentityChanged, func() bool { return true }, "identity_changed"},
	} {
		f := New(Options{})
		source := &script{closed: make(chan struct{}), next: func(context.Context) ([]*realtime.Frame, error) {
			return nil, &realtime.End{Code: c.code, Err: errors.New("inner words")}
		}}
		Raw(f, Anyone(), Route{Method: "GET", Path: "/x", ID: "x", Hidden: true, Stream: true},
			func(w http.ResponseWriter, r *http.Request, _ wire.None) error {
				return f.ServeStream(w, r, source, StreamOptions{Audience: "visitor", Renewed: c.renewed})
			})
		w := get(f, "GET", "/x", "")
		if want := ": open\n\nevent: end\ndata: {\"code\":\"" + c.want + "\"}\n\n"; w.Body.String() != want {
			t.Errorf("%q, want %q", w.Body, want)
		}
	}
}
