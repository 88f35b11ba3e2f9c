package realtime

import (
	"bytes"
	"encoding/json"
	"strconv"

	"countersign/internal/event"
)

// Frame is one event as a stream carries it, encoded once and shared by every
// stream that carries it: read it, do not write to it.
type Frame struct {
	Seq  int64  // 0: not kept, nothing to resume after
	Text []byte // a server-sent event, with its closing blank line
}

// Code says why a stream ended, and so what its reader should do.
type Code string

const (
	SessionEnded    Code = "session_ended"    // the right is gone
	IdentityChanged Code = "identity_changed" // the same widget is somebody else now
	Reconnect       Code = "reconnect"        // come again after the last sequence that arrived
)

// End is the error of a stream that is over.
type End struct {
	Code Code
	Err  error // what went wrong here, if something did
}

func (e *End) Error() string {
	if e.Err != nil {
		return "realtime: stream ended: " + string(e.Code) + ": " + e.Err.Error()
	}
	return "realtime: stream ended: " + string(e.Code)
}

func (e *End) Unwrap() error { return e.Err }

// Frame is the last thing to write to the reader.
func (e *End) Frame() Frame {
	return Frame{Text: []byte("event: end\ndata: {\"code\":\"" + string(e.Code) + "\"}\n\n")}
}

// visitorBody is an event's body as its visitor may see it: as it was written,
// with the sequence that a message got when it was.
func visitorBody(e event.Event) json.RawMessage {
	if e.Kind != event.MessageCreated && e.Kind != event.NoteCreated {
		return e.Body
	}
	rest, found := bytes.CutPrefix(bytes.TrimSpace(e.Body), []byte("{"))
	if !found {
		return e.Body
	}
	body := strconv.AppendInt([]byte(`{"seq":`), e.Seq, 10)
	if !bytes.HasPrefix(rest, []byte("}")) {
		body = append(body, ',')
	}
	return append(body, rest...)
}

// encode writes the server-sent event. A body is one line; one that is not is
// made so, since a line break would end its field.
func encode(e event.Event, body json.RawMessage) *Frame {
	if bytes.ContainsAny(body, "\r\n") {
		var line bytes.Buffer
		if json.Compact(&line, body) != nil {
			line.Reset()
			line.WriteString("{}")
		}
		body = line.Bytes()
	}
	text := make([]byte, 0, len(body)+len(e.Kind)+48)
	if e.Seq != 0 {
		text = append(text, "id: "...)
		text = strconv.AppendInt(text, e.Seq, 10)
		text = append(text, '\n')
	}
	text = append(text, "event: "...)
	text = append(text, e.Kind...)
	text = append(text, "\ndata: "...)
	text = append(text, body...)
	text = append(text, "\n\n"...)
	return &Frame{Seq: e.Seq, Text: text}
}
