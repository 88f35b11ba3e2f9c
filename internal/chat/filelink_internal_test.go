package chat

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"countersign/internal/event"
)

// readers is a store in which every link's holder may read.
type readers struct {
	Store
	asked FileLink
}

func (r *readers) LinkedAttachment(_ context.Context, link FileLink, _ time.Time) (Attachment, error) {
	r.asked = link
	return Attachment{FileBody: FileBody{ID: link.File}}, nil
}

func TestALinkIsWorthNothingAfterAMinute(t *testing.T) {
	made := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	store, pulse := &readers{}, &event.Pulse{}
	at := func(now time.Time) { pulse.Observe(event.Head{Now: now}, time.Now()) }
	c := New(store, pulse, nil)
	c.KeepFiles(nil, []byte("one key"), 0)
	at(made)
	text, ends, err := c.link(FileLink{Workspace: "main", File: "fil_1", Reader: VisitorReads, Holder: "ses_1"})
	if err != nil || ends.Sub(made) > LinkLife || ends.Sub(made) < LinkLife-time.Second {
		t.Fatalf("%v %v", ends.Sub(made), err)
	}
	follow := func(reader Reader) error { _, err := c.FollowLink(context.Background(), reader, text); return err }
	at(made.Add(58 * time.Second))
	if err := follow(VisitorReads); err != nil || store.asked.Holder != "ses_1" || store.asked.File != "fil_1" || store.asked.Workspace != "main" || store.asked.Reader != VisitorReads {
		t.Errorf("within its time: %v, asked for %+v", err, store.asked)
	}
	if err := follow(AgentReads); !errors.Is(err, ErrNotFound) {
		t.Errorf("at the other door: %v", err)
	}
	at(made.Add(LinkLife + time.Second))
	if err := follow(VisitorReads); !errors.Is(err, ErrNotFound) {
		t.Errorf("replayed after its time: %v", err)
	}
	if err := c.HoldsLink(context.Background(), VisitorReads, text); err != nil {
		t.Errorf("a download that had begun breaks off: %v", err)
	}
	at(made)
	c.KeepFiles(nil, []byte("another key"), 0)
	if err := follow(VisitorReads); !errors.Is(err, ErrNotFound) {
		t.Errorf("under another key: %v", err)
	}
	if strings.Contains(text, "ses_1") {
		t.Error("the session can be read off the address")
	}
}
