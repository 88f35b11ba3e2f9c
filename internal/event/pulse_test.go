package event

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestANodeThatDidNotReadTheHeadForASecondKnowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Pulse
		if _, err := p.Epoch(); !errors.Is(err, ErrStale) {
			t.Errorf("before the first read: %v", err)
		}
		p.Observe(Head{Seq: 7, Epoch: 3}, time.Now())
		time.Sleep(Freshness)
		if epoch, err := p.Epoch(); err != nil || epoch != 3 {
			t.Errorf("within a second: %d, %v", epoch, err)
		}
		time.Sleep(time.Nanosecond)
		if _, err := p.Epoch(); !errors.Is(err, ErrStale) {
			t.Errorf("after more than a second: %v", err)
		}
		if p.Head().Seq != 7 {
			t.Error("what was seen is forgotten")
		}
	})
}

// A slow query must not bring back rights that a later one saw end.
func TestAnAnswerToAnEarlierQuestionChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Pulse
		early := time.Now()
		time.Sleep(time.Millisecond)
		p.Observe(Head{Epoch: 5}, time.Now())
		p.Observe(Head{Epoch: 4}, early)
		if epoch, err := p.Epoch(); err != nil || epoch != 5 {
			t.Errorf("%d, %v", epoch, err)
		}
	})
}

func TestTimeIsTheDatabasesCarriedForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Pulse
		theirs := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
		p.Observe(Head{Now: theirs}, time.Now())
		time.Sleep(300 * time.Millisecond)
		if got := p.Now(); !got.Equal(theirs.Add(300 * time.Millisecond)) {
			t.Errorf("now is %v", got)
		}
	})
}

func TestIdsSortByTimeAndNeverMeet(t *testing.T) {
	seen := map[string]bool{}
	last := ""
	for i := range 1000 {
		id := NewID("msg", time.UnixMilli(int64(1_800_000_000_000+i)))
		if len(id) != 30 || id <= last || seen[id] {
			t.Fatalf("%q after %q", id, last)
		}
		seen[id], last = true, id
	}
}

// Who waits for a change to be heard of waits no longer than a change may stay unheard.
func TestPassEndsWithTheChangeOrWhenItShouldHaveBeenHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Pulse
		p.Observe(Head{Epoch: 7}, time.Now())
		began := time.Now()
		p.Pass(t.Context(), 6)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v for what was heard long ago", waited)
		}
		p.Pass(t.Context(), 7)
		if waited := time.Since(began); waited != Freshness {
			t.Errorf("waited %v for what never came", waited)
		}
		go func() {
			time.Sleep(250 * time.Millisecond) // of the bubble's clock: nobody waits
			p.Observe(Head{Epoch: 8}, time.Now())
		}()
		began = time.Now()
		p.Pass(t.Context(), 7)
		if waited := time.Since(began); waited < 250*time.Millisecond || waited > 300*time.Millisecond {
			t.Errorf("waited %v for what came after 250 ms", waited)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		p.Pass(gone, 8)
	})
}
