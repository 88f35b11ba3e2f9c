package e2e

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A reader that comes back with the last sequence it saw misses nothing and sees
// nothing twice, over a restart of the server too.
func TestStreamResumesAfterTheLastSequence(t *testing.T) {
	t.Parallel()
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	session := s.verified("shop", secret, "u1")
	conversation := s.conversation(session, "message 0")
	post := func(n int) {
		t.Helper()
		body := object{"text": fmt.Sprintf("message %d", n), "client_id": fmt.Sprintf("c%d", n)}
		if status := s.call("POST", "/api/v1/widget/conversations/"+conversation+"/messages", session, body, nil); status != 201 {
			t.Fatalf("message %d: %d", n, status)
		}
	}
	// read follows the stream until it has told n messages more.
	read := func(after int64, n int) (texts []string, last int64) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		last = after
		for e := range s.stream(ctx, session, after) {
			seq, err := strconv.ParseInt(e.ID, 10, 64)
			if err != nil {
				continue // signals carry no sequence
			}
			if seq <= last {
				t.Errorf("sequence %d after %d", seq, last)
			}
			last = seq
			if e.Event != "message.created" {
				continue
			}
			var message struct{ Text string }
			decode(t, e.Data, &message)
			if texts = append(texts, message.Text); len(texts) == n {
				return texts, last
			}
		}
		t.Fatalf("the stream after %d ended with %q, want %d messages", after, texts, n)
		return nil, 0
	}
	expect := func(texts []string, from int) {
		t.Helper()
		for i, text := range texts {
			if want := fmt.Sprintf("message %d", from+i); text != want {
				t.Errorf("the stream tells %q, want %q", text, want)
			}
		}
	}
	for n := 1; n <= 5; n++ {
		post(n)
	}
	texts, last := read(0, 6)
	expect(texts, 0)
	for n := 6; n <= 8; n++ {
		post(n)
	}
	texts, last = read(last, 3)
	expect(texts, 6)
	post(9)
	s.kill()
	s.start()
	post(10)
	texts, _ = read(last, 2)
	expect(texts, 9)
	texts, _ = read(0, 11)
	expect(texts, 0)

	// Who is not let in learns nothing of where the stream stands.
	other := s.verified("shop", secret, "u2")
	ctx, cancel := context.WithCancel(t.Context())
	frames := s.stream(ctx, other, 0)
	status := s.call("POST", "/api/v1/widget/conversations", other, object{"text": "mine", "client_id": "mine"}, nil)
	if status != 201 {
		t.Fatalf("the other's conversation: %d", status)
	}
	for e := range frames {
		if e.Event == "message.created" {
			var message struct{ Text string }
			decode(t, e.Data, &message)
			if message.Text != "mine" {
				t.Errorf("another person's stream tells %q", message.Text)
			}
			break
		}
	}
	cancel()

	// A server that is told to stop sends its readers elsewhere and is gone soon.
	frames = s.stream(t.Context(), session, last)
	started := time.Now()
	s.stop()
	end := event{}
	for e := range frames {
		end = e
	}
	if end.Event != "end" || !strings.Contains(end.Data, "reconnect") {
		t.Errorf("the last word of a stopping server is %+v", end)
	}
	if took := time.Since(started); took > soon {
		t.Errorf("the server took %v to stop", took)
	}
}
