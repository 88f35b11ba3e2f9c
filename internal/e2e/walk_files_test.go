package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shade is a PNG in one colour, so that a picture on the screen can be told from another.
func shade(c color.Color) []byte {
	i := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for y := range 480 {
		for x := range 640 {
			i.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, i); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// transfer is a script's expression of files on their way, as a browser hands them over.
func transfer(name, kind string, data []byte) string {
	return fmt.Sprintf(`(() => {
  const bytes = Uint8Array.from(atob(%s), (c) => c.charCodeAt(0));
  const t = new DataTransfer();
  t.items.add(new File([bytes], %s, { type: %s }));
  return t;
})()`, quote(base64.StdEncoding.EncodeToString(data)), quote(name), quote(kind))
}

func (f frame) do(expression string) {
	f.tab.t.Helper()
	until(f.tab.t, patience, func() bool {
		done, err := evaluate[bool](f, expression)
		return err == nil && done
	}, func() string { return "to do " + expression[:min(len(expression), 80)] })
}

// choose is the system's dialog, answered.
func (f frame) choose(name, kind string, data []byte) {
	f.tab.t.Helper()
	f.do(`(() => { const i = document.querySelector("input[type=file]"); if (!i) return false; i.files = ` + transfer(name, kind, data) + `.files; i.dispatchEvent(new Event("change", { bubbles: true })); return true })()`)
}

func (f frame) paste(name, kind string, data []byte) {
	f.tab.t.Helper()
	f.do(`(() => { const e = new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: ` + transfer(name, kind, data) + ` }); document.querySelector("textarea").dispatchEvent(e); return e.defaultPrevented })()`)
}

func (f frame) drop(name, kind string, data []byte) {
	f.tab.t.Helper()
	f.do(`(() => { const t = ` + transfer(name, kind, data) + `; for (const what of ["dragenter", "dragover"]) document.body.dispatchEvent(new DragEvent(what, { bubbles: true, cancelable: true, dataTransfer: t })); return true })()`)
	f.sees("Drop files to add them")
	f.do(`(() => { const e = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: ` + transfer(name, kind, data) + ` }); document.body.dispatchEvent(e); return e.defaultPrevented })()`)
	f.losesSight("Drop files to add them")
}

// shows waits for so many pictures to be drawn, and answers with the colours of their middles.
func (f frame) shows(n int) (colours []string) {
	f.tab.t.Helper()
	const look = `JSON.stringify([...document.querySelectorAll(".picture img")].filter((i) => i.complete && i.naturalWidth).map((i) => {
  const c = document.createElement("canvas"); c.width = c.height = 1;
  const g = c.getContext("2d"); g.drawImage(i, i.naturalWidth / 2, i.naturalHeight / 2, 1, 1, 0, 0, 1, 1);
  return [...g.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => v > 127 ? 1 : 0).join("") }))`
	until(f.tab.t, patience, func() bool {
		text, err := evaluate[string](f, look)
		if err != nil {
			return false
		}
		decode(f.tab.t, text, &colours)
		return len(colours) == n
	}, func() string { return fmt.Sprintf("to see %d pictures, saw %v", n, colours) })
	return colours
}

// ready waits until what was added has gone up.
func (f frame) ready(n int) {
	f.tab.t.Helper()
	until(f.tab.t, patience, func() bool {
		there, err := evaluate[int](f, `document.querySelectorAll(".tray__item--there").length`)
		return err == nil && there == n
	}, func() string { return fmt.Sprintf("for %d files to be added", n) })
}

func TestFilesGoBothWaysInABrowser(t *testing.T) {
	needBrowser(t)
	t.Parallel()
	d := startDemo(t, filepath.Join(t.TempDir(), "demo"))
	shop := meet(t, "customer").open(d.Shop)
	shop.logIn(d.Shop, "Jun Tanaka jun.tanaka@example.org")
	messenger := shop.openMessenger()
	messenger.click("button", "Send us a message*")
	red, green, blue := shade(color.RGBA{R: 255, A: 255}), shade(color.RGBA{G: 255, A: 255}), shade(color.RGBA{B: 255, A: 255})
	messenger.choose("by button.png", "image/png", red)
	messenger.paste("by paste.png", "image/png", green)
	messenger.drop("by drop.png", "image/png", blue)
	messenger.choose("empty.txt", "text/plain", nil)
	messenger.sees("by button.png", "by paste.png", "by drop.png", "empty.txt", "The file is empty")
	// The fourth is below the edge of the list; what failed must not be.
	messenger.do(`(() => { const list = document.querySelector(".tray__list"), error = document.querySelector(".tray__error");
  return list.scrollHeight > list.clientHeight && error.getBoundingClientRect().bottom <= list.getBoundingClientRect().bottom })()`)
	messenger.click("button", "Remove empty.txt")
	messenger.ready(3)
	messenger.write("textbox", "Write a message", "It arrived like this")
	shop.press(enter)
	messenger.sees("Sent")
	want := "[100 010 001]"
	if got := fmt.Sprint(messenger.shows(3)); got != want {
		t.Errorf("the visitor sees %s of their own", got)
	}

	console := meet(t, "agent").open(d.Link)
	console.setUp("Grace Agent", "four unrelated words here")
	console.clickText("It arrived like this")
	if got := fmt.Sprint(console.shows(3)); got != want {
		t.Errorf("the agent sees %s", got)
	}
	console.click("button", "Show by button.png")
	console.sees("by button.png")
	console.click("button", "Close")
	console.choose("manual.pdf", "application/pdf", []byte("%PDF-1.7 the manual"))
	console.ready(1)
	console.write("textbox", "Your message", "Here is how to mend it")
	console.press(enter)
	console.sees("Here is how to mend it", "manual.pdf")
	messenger.seesWithin(soon, "Here is how to mend it", "manual.pdf")

	console.click("radio", "Note")
	console.choose("internal.txt", "text/plain", []byte("between us"))
	console.ready(1)
	console.click("button", "Add note")
	console.sees("internal.txt")
	messenger.seesNothingOf("internal.txt")

	// What waits is the person's: who comes next at this screen finds nothing of it.
	messenger.choose("left behind.txt", "text/plain", []byte("mine"))
	messenger.ready(1)
	shop.reload()
	shop.openMessenger().sees("left behind.txt")
	shop.closeMessenger()
	shop.click("button", "Log out")
	shop.sees("Log in")
	if left := shop.openMessenger().keeps(); strings.Contains(left, "left behind") {
		t.Errorf("after log-out the browser still keeps %s", left)
	}
}

// hand uploads a file and answers with its id.
func (s *server) hand(session, name string, data []byte) string {
	s.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, _ := form.CreateFormFile("file", name)
	_, _ = part.Write(data)
	_ = form.Close()
	r, err := http.NewRequest("POST", s.Base+"/api/v1/widget/files", &b)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+session)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	var answer object
	decode(s.t, string(text), &answer)
	if resp.StatusCode != 201 {
		s.t.Fatalf("upload: %d %s", resp.StatusCode, text)
	}
	return answer["id"].(string)
}

func (s *server) bytesOf(session, id string) (status int, data string) {
	s.t.Helper()
	r, err := http.NewRequest("GET", s.Base+"/api/v1/widget/files/"+id, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+session)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// A file that was acknowledged is there after a kill -9; one that was coming in is not, and
// leaves nothing that the next upload trips over.
func TestAKillLosesNoFileThatWasAcknowledged(t *testing.T) {
	s := serve(t)
	secret, _ := s.channel("shop", "enforce")
	session := s.verified("shop", secret, "u1")
	thread := s.conversation(session, "hello")
	sent, waiting := s.hand(session, "sent.txt", []byte("sent")), s.hand(session, "waiting.txt", []byte("waiting"))
	if status := s.call("POST", "/api/v1/widget/conversations/"+thread+"/messages", session, object{"text": "", "client_id": "c1", "files": []string{sent}}, nil); status != 201 {
		t.Fatalf("message: %d", status)
	}
	half, err := net.Dial("tcp", strings.TrimPrefix(s.Base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	fmt.Fprintf(half, "POST /api/v1/widget/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"half.txt\"\r\n\r\nhalf of it", session)
	spool := filepath.Join(s.Data, "files", "incoming")
	within(t, 10*time.Second, "the half file to come in", func() bool { list, err := os.ReadDir(spool); return err == nil && len(list) == 1 })
	s.kill()
	s.start()
	again := s.verified("shop", secret, "u1")
	if status, data := s.bytesOf(again, sent); status != 200 || data != "sent" {
		t.Errorf("what was sent: %d %s", status, data)
	}
	if status, data := s.bytesOf(session, waiting); status != 200 || data != "waiting" {
		t.Errorf("what waits: %d %s", status, data)
	}
	if status := s.call("POST", "/api/v1/widget/conversations/"+thread+"/messages", session, object{"text": "", "client_id": "c2", "files": []string{waiting}}, nil); status != 201 {
		t.Errorf("what waits cannot be sent: %d", status)
	}
	var page struct {
		Messages []struct{ Files []object }
	}
	if status := s.call("GET", "/api/v1/widget/conversations/"+thread+"/messages", again, nil, &page); status != 200 || len(page.Messages) != 3 || len(page.Messages[1].Files) != 1 {
		t.Errorf("the thread: %d %v", status, page)
	}
}
