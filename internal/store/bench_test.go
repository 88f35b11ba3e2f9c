package store_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"countersign/internal/chat"
	"countersign/internal/store/storetest"
)

const writers = 64

// concurrently runs b.N calls on 64 goroutines, whatever the number of processors.
func concurrently(b *testing.B, call func(worker, n int) error) {
	b.Helper()
	tickets := make(chan int, writers)
	done := make(chan error, writers)
	b.ReportAllocs()
	b.ResetTimer()
	before := processor(b)
	for worker := range writers {
		go func() {
			var failed error
			for n := range tickets {
				if failed == nil {
					failed = call(worker, n)
				}
			}
			done <- failed
		}()
	}
	for n := range b.N {
		tickets <- n
	}
	close(tickets)
	for range writers {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	b.ReportMetric(float64((processor(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// processor is the time that this process has had: a measure that neighbours on
// the same machine disturb less than they do the clock.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func benchmarks(b *testing.B, fresh func(testing.TB) storetest.Database) {
	b.Run("post", func(b *testing.B) {
		h := storetest.NewHouse(b, fresh(b))
		const conversations = 1000
		guests, threads := make([]storetest.Guest, conversations), make([]string, conversations)
		for i := range conversations {
			guests[i] = h.Enter(h.Verified(fmt.Sprint("u-", i)))
			threads[i] = h.Post(h.Begin(guests[i], "begin")).Conversation.ID
		}
		concurrently(b, func(_, n int) error {
			i := n % conversations
			_, err := h.DB.Post(b.Context(), h.Say(guests[i], threads[i], "Where is my order? It was due on Tuesday."))
			return err
		})
	})
	b.Run("open", func(b *testing.B) {
		h := storetest.NewHouse(b, fresh(b))
		openings := make([]chat.Opening, b.N)
		for i := range openings {
			openings[i] = h.Verified(fmt.Sprint("u-", i))
		}
		concurrently(b, func(_, n int) error {
			_, err := h.DB.OpenSession(b.Context(), openings[n])
			return err
		})
	})
	b.Run("renew", func(b *testing.B) {
		h := storetest.NewHouse(b, fresh(b))
		guests := make([]storetest.Guest, writers)
		for i := range guests {
			guests[i] = h.Enter(h.Verified(fmt.Sprint("u-", i)))
		}
		concurrently(b, func(worker, n int) error {
			_, err := h.DB.RenewSession(b.Context(), guests[worker].Token, h.Now, h.Now.Add(2*3600e9))
			return err
		})
	})
	b.Run("record", func(b *testing.B) {
		h := storetest.NewHouse(b, fresh(b))
		concurrently(b, func(_, _ int) error { return h.DB.Record(b.Context(), h.Draft("test", "subject")) })
	})
	b.Run("read session and 20 messages", func(b *testing.B) {
		h := storetest.NewHouse(b, fresh(b))
		g := h.Enter(h.Verified("u-1"))
		id := h.Post(h.Begin(g, "begin")).Conversation.ID
		for range 40 {
			h.Post(h.Say(g, id, "Where is my order? It was due on Tuesday."))
		}
		concurrently(b, func(_, _ int) error {
			if _, err := h.DB.SessionByToken(b.Context(), g.Token, h.Now); err != nil {
				return err
			}
			_, err := h.DB.VisitorMessages(b.Context(), storetest.Main, g.Contact.ID, id, 0, 20)
			return err
		})
	})
}

func BenchmarkSQLite(b *testing.B)   { benchmarks(b, sqlite) }
func BenchmarkPostgres(b *testing.B) { benchmarks(b, postgres) }
