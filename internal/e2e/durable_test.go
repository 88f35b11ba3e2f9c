package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// Everything that was acknowledged before a kill -9 is there once, in order, after it.
func TestKillInTheMiddleOfABurstLosesNothingAcknowledged(t *testing.T) {
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	const writers = 8
	type acked struct {
		id  string
		seq float64
	}
	var mu sync.Mutex
	got := make([][]acked, writers)
	conversations := make([]string, writers)
	sessions := make([]string, writers)
	for w := range writers {
		sessions[w] = s.verified("shop", secret, fmt.Sprintf("u%d", w))
		conversations[w] = s.conversation(sessions[w], "first")
	}
	var wg sync.WaitGroup
	enough := make(chan struct{})
	var once sync.Once
	for w := range writers {
		wg.Go(func() {
			for i := 0; ; i++ {
				var answer object
				status, err := call(s.Base, "POST", "/api/v1/widget/conversations/"+conversations[w]+"/messages", sessions[w],
					object{"text": fmt.Sprintf("message %d of %d", i, w), "client_id": fmt.Sprintf("c%d", i)}, &answer)
				if err != nil || status != 201 {
					return
				}
				mu.Lock()
				got[w] = append(got[w], acked{answer["id"].(string), answer["seq"].(float64)})
				total := 0
				for _, g := range got {
					total += len(g)
				}
				mu.Unlock()
				if total > 400 {
					once.Do(func() { close(enough) })
				}
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(30 * time.Second):
		t.Fatal("the burst did not get going")
	}
	s.kill()
	wg.Wait()
	s.start()

	for w := range writers {
		session := s.verified("shop", secret, fmt.Sprintf("u%d", w))
		var found []acked
		before := ""
		for {
			var page struct {
				Messages []struct {
					ID  string
					Seq float64
				}
				More bool
			}
			if status := s.call("GET", "/api/v1/widget/conversations/"+conversations[w]+"/messages?limit=100"+before, session, nil, &page); status != 200 {
				t.Fatalf("messages: %d", status)
			}
			var head []acked
			for _, m := range page.Messages {
				head = append(head, acked{m.ID, m.Seq})
			}
			found = append(head, found...)
			if !page.More {
				break
			}
			before = fmt.Sprintf("&before=%d", int64(page.Messages[0].Seq))
		}
		if !slices.IsSortedFunc(found, func(a, b acked) int { return int(a.seq - b.seq) }) {
			t.Errorf("writer %d: the thread is out of order", w)
		}
		seen := map[string]int{}
		for _, m := range found {
			seen[m.id]++
		}
		for _, a := range got[w] {
			if seen[a.id] != 1 {
				t.Errorf("writer %d: an acknowledged message is there %d times", w, seen[a.id])
			}
		}
		// One more may have been committed whose answer the kill swallowed.
		if extra := len(found) - 1 - len(got[w]); extra < 0 || extra > 1 {
			t.Errorf("writer %d: %d acknowledged, %d found", w, len(got[w]), len(found)-1)
		}
	}
}

// The command line is another process on the same file: what it takes away is gone within a second here.
func TestCommandLineBesideTheServerIsObeyedWithinASecond(t *testing.T) {
	for _, c := range []struct {
		name     string
		take     func(s *server, key string)
		assert   object
		verified bool
	}{
		{"revoked key", func(s *server, key string) { s.cli(nil, "keys", "revoke", "--key", key) }, nil, true},
		{"enforcement turned on", func(s *server, _ string) {
			s.cli(nil, "channel", "set", "--slug", "shop", "--enforcement", "enforce")
		}, object{"email": "someone@example.com"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t)
			secret, key := s.channel("shop", "observe")
			var session string
			if c.verified {
				session = s.verified("shop", secret, "u1")
			} else {
				status, answer := s.session("shop", c.assert)
				if status != 201 || answer["tier"] != "claimed" {
					t.Fatalf("session: %d %v", status, answer)
				}
				session = answer["session"].(string)
			}
			conversation := s.conversation(session, "hello")
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			frames := s.stream(ctx, session, 0)

			c.take(s, key)
			done := time.Now()
			for range frames { // ends when the server closes it
			}
			if ctx.Err() != nil {
				t.Fatal("the stream stayed open")
			}
			if late := time.Since(done); late > time.Second {
				t.Errorf("the stream ended %v after the command", late)
			}
			status := s.call("POST", "/api/v1/widget/conversations/"+conversation+"/messages", session, object{"text": "still here?", "client_id": "x"}, nil)
			if status != 401 {
				t.Errorf("a post after the command: %d, want 401", status)
			}
			if status := s.call("GET", "/api/v1/widget/conversations", session, nil, nil); status != 401 {
				t.Errorf("a read after the command: %d, want 401", status)
			}
		})
	}
}

// Between the command and the server's hearing of it there is no third answer: whoever comes is
// let in as before, or refused as afterwards.
func TestWhoeverComesWhileACommandIsObeyedIsLetInOrRefused(t *testing.T) {
	t.Parallel()
	for code, take := range map[string]func(s *server, key string){
		"identity_refused": func(s *server, key string) { s.cli(nil, "keys", "revoke", "--key", key) },
		"identity_required": func(s *server, _ string) {
			s.cli(nil, "channel", "set", "--slug", "shop", "--enforcement", "enforce")
		},
	} {
		t.Run(code, func(t *testing.T) {
			enforcement := map[string]string{"identity_refused": "enforce", "identity_required": "observe"}[code]
			s := serve(t)
			secret, key := s.channel("shop", enforcement)
			came := make(chan struct{})
			obeyed := make(chan struct{})
			go func() {
				defer close(obeyed)
				<-came
				take(s, key)
			}()
			until, refusals := time.Now().Add(30*time.Second), 0
			for i := 0; refusals < 10; i++ {
				user := fmt.Sprintf("u%d", i)
				claim := object{"user_id": user}
				if enforcement == "enforce" {
					claim["hash"] = sign(secret, user)
				}
				switch status, answer := s.session("shop", claim); {
				case status == 201 && refusals == 0:
				case status == 403 && answer["code"] == code:
					refusals++
				default:
					t.Fatalf("after %d refusals: %d %v", refusals, status, answer)
				}
				if i == 0 {
					close(came)
				}
				if time.Now().After(until) {
					t.Fatal("nobody was refused")
				}
			}
			<-obeyed
		})
	}
}

// Whoever stops a server that has only just begun to listen is answered as by one that ran for days.
func TestAServerToldToEndWhileItStartsEndsWell(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for pause := range 5 {
		s.stop()
		s.start()
		// Not a wait for anything: each turn signals at a later moment of the start, and every moment must end well.
		time.Sleep(time.Duration(pause) * 3 * time.Millisecond)
	}
}
