package httpapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/internal/realtime"
)

// heartbeat is how often a silent stream shows that it lives.
const heartbeat = 20 * time.Second

// streamWrite is how long one write to a stream may take: a reader that takes
// nothing for so long is gone, or reconnects.
const streamWrite = 10 * time.Second

// Events writes server-sent events. Whoever writes it is one goroutine.
type Events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buffer  bytes.Buffer
}

// OpenEvents turns an answer into a stream and sends its first line, so that the
// reader knows that it is open.
func OpenEvents(w http.ResponseWriter) (*Events, error) {
	e := &Events{w: w, control: http.NewResponseController(w)}
	// The server's deadlines are for calls. A read deadline that passes would end the stream.
	if err := e.control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	e.buffer.WriteString(": open\n\n")
	return e, e.Flush()
}

// Add appends one encoded event.
func (e *Events) Add(text []byte) { e.buffer.Write(text) }

// Beat appends a comment.
func (e *Events) Beat() { e.buffer.WriteString(":\n\n") }

// Flush sends what was appended.
func (e *Events) Flush() error {
	if err := e.control.SetWriteDeadline(time.Now().Add(streamWrite)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_, err := e.w.Write(e.buffer.Bytes())
	e.buffer.Reset()
	if err != nil {
		return err
	}
	return e.control.Flush()
}

// After is the sequence that a stream goes on from; absent means from now on.
func After(r *http.Request) (int64, error) {
	return number(r.URL.Query(), "after", -1, 0, 1<<53-1)
}

// Source is a stream of the hub.
type Source interface {
	Next(ctx context.Context, idle time.Duration) ([]*realtime.Frame, error)
	Close()
}

// StreamOptions says whose stream it is.
type StreamOptions struct {
	Audience string // label of the metric
	// Renewed says, when the stream's right has run out by time, whether it was
	// prolonged meanwhile; nil is no.
	Renewed func() bool
}

// ServeStream writes a stream until it or its reader ends.
func (f *Floor) ServeStream(w http.ResponseWriter, r *http.Request, source Source, options StreamOptions) error {
	defer source.Close()
	defer f.metrics.StreamOpened(options.Audience)()
	events, err := OpenEvents(w)
	for err == nil {
		var frames []*realtime.Frame
		frames, err = source.Next(r.Context(), f.options.Heartbeat)
		for _, frame := range frames {
			events.Add(frame.Text)
		}
		if err == nil && len(frames) == 0 {
			events.Beat()
		}
		if err == nil {
			err = events.Flush()
		}
	}
	var end *realtime.End
	if !errors.As(err, &end) {
		return nil // the reader has gone
	}
	last := *end
	if last.Code == realtime.SessionEnded && options.Renewed != nil && options.Renewed() {
		last.Code = realtime.Reconnect
	}
	if last.Err != nil {
		f.log.Warn("a stream broke off", "request", RequestID(r.Context()), "error", last.Err)
	}
	events.Add(last.Frame().Text)
	_ = events.Flush() // it ends either way
	return nil
}
