package httpapi

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"time"

	"countersign/internal/httpapi/wire"
)

// Heartbeat is how often a silent stream shows that it lives.
const Heartbeat = 20 * time.Second

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

// Add appends one event; seq 0 has no id, so that no reader resumes from it.
func (e *Events) Add(seq int64, kind string, data []byte) {
	if seq > 0 {
		e.buffer.WriteString("id: ")
		e.buffer.Write(strconv.AppendInt(e.buffer.AvailableBuffer(), seq, 10))
		e.buffer.WriteByte('\n')
	}
	e.buffer.WriteString("event: ")
	e.buffer.WriteString(kind)
	e.buffer.WriteByte('\n')
	// A line break inside data would end it: each line is a line of data.
	for line := range bytes.SplitSeq(bytes.TrimRight(data, "\r\n"), []byte("\n")) {
		e.buffer.WriteString("data: ")
		e.buffer.Write(bytes.TrimRight(line, "\r"))
		e.buffer.WriteByte('\n')
	}
	e.buffer.WriteByte('\n')
}

// Raw appends frames that are encoded already.
func (e *Events) Raw(frames []byte) { e.buffer.Write(frames) }

// Beat appends a comment.
func (e *Events) Beat() { e.buffer.WriteString(":\n\n") }

// End appends the last event.
func (e *Events) End(end wire.End) { e.Add(0, "end", []byte(`{"code":"`+end.Code+`"}`)) }

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
