package chat

import (
	"fmt"
	"testing"
	"time"
)

// Every file that comes in holds room on the disk, a quarter of an hour if it comes slowly:
// one network with a new visitor for every few files would hold all of it.
func TestOneNetworkDoesNotHoldTheDisksRoomWithFilesThatNeverEnd(t *testing.T) {
	c := New(nil, nil, nil)
	c.KeepFiles(nil, nil, 0)
	f, now := c.files, time.Now()
	var leave []func()
	for n := range 1000 {
		now = now.Add(5 * time.Second) // slowly enough for every limit by time
		if out, err := f.enter(fmt.Sprint("con_", n), "192.0.2.7", now); err == nil {
			leave = append(leave, out)
		}
	}
	if len(leave) != comingFromNetwork {
		t.Errorf("%d come in at once from one network", len(leave))
	}
	out, err := f.enter("con_other", "198.51.100.1", now)
	if err != nil {
		t.Fatal("another network is refused for it")
	}
	for _, out := range append(leave, out) {
		out()
	}
	if len(f.coming) != 0 {
		t.Errorf("%d are counted when nothing comes in", len(f.coming))
	}
}
