package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"countersign/internal/chat"
)

// trickle is a file whose reader takes a tenth of a second for each piece.
type trickle struct {
	*bytes.Reader
	closed bool
}

func (s *trickle) Read(b []byte) (int, error) {
	time.Sleep(100 * time.Millisecond)
	return s.Reader.Read(b)
}
func (s *trickle) Close() error { s.closed = true; return nil }

// A right that ends while a file goes out takes the rest of it along, within a second.
func TestAFileThatIsHalfWayOutEndsWithTheRightToIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(Options{})
		const size = 10 << 20 // at this pace 16 seconds
		file := &trickle{Reader: bytes.NewReader(make([]byte, size))}
		begun := time.Now()
		var ended time.Time
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil)
		aborted := recovered(func() {
			_ = f.ServeFile(w, r, FileAnswer{FileBody: chat.FileBody{Name: "a.bin", MediaType: "application/octet-stream", Size: size}, Content: file, Stands: func() error {
				if time.Since(begun) < 3*time.Second {
					return nil
				}
				ended = time.Now()
				return errors.New("ended")
			}})
		})
		if err, _ := aborted.(error); !errors.Is(err, http.ErrAbortHandler) || !file.closed {
			t.Errorf("aborted by %v, closed %v", aborted, file.closed)
		}
		if n := w.Body.Len(); n == 0 || n >= size || ended.IsZero() || time.Since(begun) > 4*time.Second {
			t.Errorf("%d of %d bytes went out in %v", n, size, time.Since(begun))
		}
	})
}

func recovered(run func()) (panicked any) {
	defer func() { panicked = recover() }()
	run()
	return nil
}

// clocked notes the deadlines that a body is read and an answer written by.
type clocked struct {
	http.ResponseWriter
	read, write []time.Time
}

func (c *clocked) SetReadDeadline(at time.Time) error  { c.read = append(c.read, at); return nil }
func (c *clocked) SetWriteDeadline(at time.Time) error { c.write = append(c.write, at); return nil }

// A sender who sends a byte now and then, and a reader who takes one, hold no connection for ever.
func TestASlowFileHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &clocked{ResponseWriter: httptest.NewRecorder()}
		begun := time.Now()
		control := http.NewResponseController(w)
		in := &patient{from: bytes.NewReader(make([]byte, 100)), control: control, ends: begun.Add(fileLife)}
		out := &patientAnswer{ResponseWriter: w, control: control, ends: begun.Add(fileLife)}
		for range 100 {
			if _, err := in.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if _, err := out.Write([]byte{0}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(15 * time.Second)
		}
		for _, list := range [][]time.Time{w.read, w.write} {
			if len(list) != 100 || list[0] != begun.Add(filePause) || list[99] != begun.Add(fileLife) {
				t.Errorf("the first piece may take until %v, the last until %v", list[0].Sub(begun), list[99].Sub(begun))
			}
		}
	})
}
