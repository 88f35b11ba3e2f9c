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

// beat is a comment: it says that the stream lives and nothing else.
var beat = []byte(":\n\n")

// streamWrite is how long one write to a stream may take: a reader that takes
// nothing for so long is gone, or reconnects.
const streamWrite = 10 * time.Second

// events writes server-sent events. Whoever writes it is one goroutine.
type events struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration // of one write
	buffer   bytes.Buffer
}

// openEvents turns an answer into a stream and sends its first line, so that the
// reader knows that it is open.
func openEvents(w http.ResponseWriter, patience time.Duration) (*events, error) {
	e := &events{w: w, control: http.NewResponseController(w), patience: patience}
	// The server's deadlines are for calls. A read deadline that passes would end the stream.
	if err := supported(e.control.SetReadDeadline(time.Time{})); err != nil {
		return nil, err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	e.buffer.WriteString(": open\n\n")
	return e, e.flush()
}

// add appends an encoded event or comment.
func (e *events) add(text []byte) { e.buffer.Write(text) }

// flush sends what was appended. The deadline is lifted afterwards: over HTTP/2 one
// that passes resets the stream, though nobody writes.
func (e *events) flush() error {
	if err := supported(e.control.SetWriteDeadline(time.Now().Add(e.patience))); err != nil {
		return err
	}
	_, err := e.w.Write(e.buffer.Bytes())
	e.buffer.Reset()
	if e.buffer.Cap() > maxKept {
		e.buffer = bytes.Buffer{} // thousands of idle streams keep no burst's memory
	}
	if err == nil {
		err = e.control.Flush()
	}
	if err != nil {
		return err
	}
	return supported(e.control.SetWriteDeadline(time.Time{}))
}

// maxKept is how many bytes of buffer an idle stream may keep.
const maxKept = 1 << 10

// supported forgives a connection, such as a test's recorder, that knows no deadlines.
func supported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
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
	if r.Method != http.MethodGet { // HEAD, which would wait for ever for a body that it does not want
		return Fail(MethodNotAllowed)
	}
	defer f.metrics.StreamOpened(options.Audience)()
	events, err := openEvents(w, f.patience)
	for err == nil {
		var frames []*realtime.Frame
		frames, err = source.Next(r.Context(), f.options.Heartbeat)
		for _, frame := range frames {
			events.add(frame.Text)
		}
		if err == nil && len(frames) == 0 {
			events.add(beat)
		}
		if err == nil {
			err = events.flush()
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
	events.add(last.Frame().Text)
	_ = events.flush() // it ends either way
	return nil
}
