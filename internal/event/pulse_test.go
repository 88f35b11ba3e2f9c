package event

import (
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
