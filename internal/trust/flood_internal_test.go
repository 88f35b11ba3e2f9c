package trust

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"countersign/identity"
	"countersign/internal/audit"
)

var errFull = errors.New("the disk is full")

// ledger is a record in memory whose disk can fail.
type ledger struct {
	mu   sync.Mutex
	rows []audit.Draft
	fail bool
}

func (l *ledger) Record(_ context.Context, drafts ...audit.Draft) error {
	time.Sleep(time.Millisecond) // a commit takes its time: others come meanwhile
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail {
		return errFull
	}
	l.rows = append(l.rows, drafts...)
	return nil
}

func (l *ledger) breaks(fail bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = fail
}

// totals :: channel/reason → refusals that the rows stand for.
func (l *ledger) totals() (sums map[string]int, rows int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sums = map[string]int{}
	for _, d := range l.rows {
		n := 1
		if text := d.Detail["count"]; text != "" {
			n, _ = strconv.Atoi(text)
			if d.Person != (identity.Identifier{}) {
				n = -1 // a row for many keeps nobody's name: made-up ones would fill the table
			}
		}
		sums[d.Channel+"/"+d.Detail["reason"]] += n
	}
	return sums, len(l.rows)
}

func refusalOf(channel, reason string) audit.Draft {
	return audit.Draft{
		Workspace: "main", Actor: gateActor, Action: audit.IdentityRefused, Channel: channel, Detail: map[string]string{"reason": reason},
		Person: identity.Identifier{Realm: "main", Kind: identity.KindUserID, Value: "made up"},
	}
}

// TestNoRefusalOfAnAttackIsLostOrCountedTwice: two thousand a second from everywhere at
// once, and the rows add up to every single one.
func TestNoRefusalOfAnAttackIsLostOrCountedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &ledger{}
		f := newFlood(store, time.Now)
		want := map[string]int{}
		var wg sync.WaitGroup
		for i := range 6000 {
			channel, reason := fmt.Sprint("chn_", i%3), []string{"proof_mismatch", "proof_missing"}[i%2]
			want[channel+"/"+reason]++
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 500 * time.Microsecond)
				act := f.record
				if i%5 == 0 {
					act = f.tally
				}
				if err := act(t.Context(), refusalOf(channel, reason)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		time.Sleep(3 * time.Second) // nobody else comes, and the rest is written
		got, rows := store.totals()
		if !maps.Equal(got, want) {
			t.Errorf("recorded %v, refused %v", got, want)
		}
		if seconds := 4; rows > seconds*3*(rowsPerSecond+2) {
			t.Errorf("%d rows: the attacker chooses how fast the disk fills", rows)
		}
	})
}

// TestWhatWasCountedSurvivesAFailingDiskAndTheEnd: while nothing can be written every
// refusal that wants a row fails, what was counted is kept, and the end writes it.
func TestWhatWasCountedSurvivesAFailingDiskAndTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &ledger{}
		f := newFlood(store, time.Now)
		refused := 0
		burst := func(n int) {
			for range n {
				if f.record(t.Context(), refusalOf("chn", "proof_mismatch")) == nil {
					refused++
				}
			}
		}
		burst(50)
		store.breaks(true)
		time.Sleep(2 * time.Second)
		burst(50) // of a new second: the first ten fail, and are no answers
		time.Sleep(5 * time.Second)
		if err := f.flush(t.Context(), 1<<62); !errors.Is(err, errFull) {
			t.Errorf("flush = %v", err)
		}
		store.breaks(false)
		burst(25)
		if err := f.flush(t.Context(), 1<<62); err != nil {
			t.Fatal(err)
		}
		got, rows := store.totals()
		if got["chn/proof_mismatch"] != refused || refused != 115 {
			t.Errorf("recorded %v, refused %d", got, refused)
		}
		if err := f.flush(t.Context(), 1<<62); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Second)
		if _, again := store.totals(); again != rows {
			t.Error("what was written was written again")
		}
	})
}

// TestCountingIsBoundedAndThenFailsClosed: with the disk gone and reasons, channels and
// seconds without end, nothing is counted beyond the bound: the refusal fails.
func TestCountingIsBoundedAndThenFailsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &ledger{fail: true}
		f := newFlood(store, time.Now)
		for i := range 3 * maxBuckets {
			for range rowsPerSecond + 1 {
				_ = f.record(t.Context(), refusalOf(fmt.Sprint("chn_", i), "proof_mismatch"))
			}
		}
		f.mu.Lock()
		n := len(f.counted)
		f.mu.Unlock()
		if n > maxBuckets {
			t.Errorf("%d buckets", n)
		}
		if err := f.record(t.Context(), refusalOf("chn_new", "x")); !errors.Is(err, errFull) {
			t.Errorf("record = %v", err)
		}
		store.breaks(false)
		if err := f.flush(t.Context(), 1<<62); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
	})
}
