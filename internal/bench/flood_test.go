//go:build bench

package bench

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	floodRate      = 2000 // wrong proofs a second
	floodAddresses = 200
	floodWorkers   = 40
	floodAlone     = 15 * time.Second // of flood and nothing else, for what it leaves on the disk
)

// flood posts wrong proofs at its rate from as many addresses, by the header of a proxy
// that the server trusts, until ctx ends. It answers with how many were refused.
func (h *house) flood(ctx context.Context, t *testing.T) (refused func() int64) {
	t.Helper()
	var n atomic.Int64
	var wg sync.WaitGroup
	started := time.Now()
	for worker := range floodWorkers {
		wg.Go(func() {
			c, err := dial(h.address)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.conn.Close()
			pause := time.Second * floodWorkers / floodRate
			for i := 0; ctx.Err() == nil; i++ {
				// By the clock and not by the answer: who is answered late does not attack less.
				if wait := time.Until(started.Add(time.Duration(i)*pause + pause*time.Duration(worker)/floodWorkers)); wait > 0 {
					time.Sleep(wait)
				}
				at := (i*floodWorkers + worker) % floodAddresses
				c.forwarded = fmt.Sprintf("198.51.%d.%d", at/100, at%100+1)
				body := fmt.Appendf(nil, `{"channel":"%s","platform":"web","origin":"https://evil%d.example","assertion":{"user_id":"user-%d","hash":"%064x"}}`, h.channel.Slug, i%50, i, i)
				status, text, err := c.do("POST", "/api/v1/widget/sessions", "", body)
				if err != nil || status != 403 {
					t.Errorf("a wrong proof: %d %s %v", status, text, err)
					return
				}
				n.Add(1)
			}
		})
	}
	return func() int64 { wg.Wait(); return n.Load() }
}

// floodRow measures honest people who open sessions while others try wrong proofs.
func (h *house) floodRow(t *testing.T) row {
	honest := func() float64 {
		return rate(t, h.address, func(c *client, _, _ int) error { return post(c, "/api/v1/widget/sessions", "", h.assertion(), nil) })
	}
	var tried, seconds float64
	ratio, work, base := compare(t, honest, func() float64 {
		ctx, stop := context.WithCancel(t.Context())
		began := time.Now()
		refused := h.flood(ctx, t)
		got := honest()
		stop()
		tried, seconds = tried+float64(refused()), seconds+time.Since(began).Seconds()
		return got
	})
	note := fmt.Sprintf(", %.0f wrong proofs/s", tried/seconds)
	if *database == "" {
		grown := h.grows(t)
		note += fmt.Sprintf("; the disk grows by %.2f MB a minute", grown)
		if grown >= 1 {
			t.Errorf("the flood alone grows the disk by %.2f MB a minute", grown)
		}
	}
	return row{work: "open sessions beside 2,000 wrong proofs/s from 200 addresses, 64 honest clients", against: "the same, undisturbed",
		ratio: ratio, must: 0.90, rate: work, base: base, note: note}
}

// grows is by how many MB a minute the database grows under the flood alone.
func (h *house) grows(t *testing.T) float64 {
	t.Helper()
	before := h.size(t)
	ctx, stop := context.WithTimeout(t.Context(), floodAlone)
	defer stop()
	h.flood(ctx, t)()
	after := h.size(t)
	return float64(after-before) / (1 << 20) * float64(time.Minute/floodAlone)
}

// size of the data, after what waits in the log beside the database was copied home.
func (h *house) size(t *testing.T) (bytes int64) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(h.dir, "countersign.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `PRAGMA busy_timeout = 5000; PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if info, err := file.Info(); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}
