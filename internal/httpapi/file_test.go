package httpapi_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"path/filepath"
	"strings"
	"testing"

	"countersign/identity/policy"
)

// fileLimit of the tests' house.
const fileLimit = 1 << 20

// form is a multipart body with its type.
type form struct {
	media string
	raw   []byte
}

// upload is a form as a browser sends it, whose sender says that it is a JPEG, whatever it is.
func upload(name string, data []byte) form {
	return parts(func(w *multipart.Writer) {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="file"; filename="`+name+`"`)
		h.Set("Content-Type", "image/jpeg")
		part, _ := w.CreatePart(h)
		_, _ = part.Write(data)
	})
}

func parts(write func(*multipart.Writer)) form {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	write(w)
	_ = w.Close()
	return form{w.FormDataContentType(), b.Bytes()}
}

// handIn makes a file go with a message of the visitor, and answers with its id.
func (h *house) handIn(visitor credential, name, thread string) string {
	h.t.Helper()
	id := h.want(201, "POST", "/api/v1/widget/files", visitor, upload(name, []byte("some text"))).text("id")
	h.want(201, "POST", "/api/v1/widget/conversations/"+thread+"/messages", visitor, object{"client_id": "c-" + id, "text": "", "files": []string{id}})
	return id
}

// thread begins a conversation of a visitor.
func (h *house) thread(visitor credential) string {
	h.t.Helper()
	return h.want(201, "POST", "/api/v1/widget/conversations", visitor, object{"text": "hello", "client_id": "begin"}).text("id")
}

// kept counts the files on the shelf.
func (h *house) kept() (n int) {
	h.t.Helper()
	_ = filepath.WalkDir(h.Shelf, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			n++
		}
		return nil
	})
	return n
}

func photo(w, h int) image.Image {
	i := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			i.Set(x, y, color.RGBA{R: uint8(x), G: uint8(y), B: 90, A: 255})
		}
	}
	return i
}

func asJPEG(t *testing.T, i image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, i, nil))
	return b.Bytes()
}

func asPNG(t *testing.T, i image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, i))
	return b.Bytes()
}

const (
	widgetFiles  = "/api/v1/widget/files"
	consoleFiles = "/api/v1/console/files"
)

func TestAPictureGoesFromVisitorToAgentAndBack(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada, agent := h.visitor("shop", secret, "ada"), h.agent(policy.AgentR)
	if facts := h.want(200, "GET", "/api/v1/widget/channels/shop", credential{}, nil); facts.JSON["file_bytes"] != float64(fileLimit) {
		t.Errorf("the channel says %s", facts.Text)
	}
	a := h.want(201, "POST", widgetFiles, ada, upload("C:\\Users\\ada\\broken kettle.png", asPNG(t, photo(900, 600))))
	id := a.text("id")
	if a.text("name") != "broken kettle.png" || a.text("media_type") != "image/png" || a.JSON["width"] != 900.0 || a.JSON["height"] != 600.0 {
		t.Fatalf("%s", a.Text)
	}
	opened := h.want(201, "POST", "/api/v1/widget/conversations", ada, object{"client_id": "c1", "files": []string{id}})
	thread := opened.text("id")
	if !strings.Contains(opened.text("preview"), "broken kettle.png") {
		t.Errorf("a message without words is called %q", opened.text("preview"))
	}
	page := h.want(200, "GET", "/api/v1/console/conversations/"+thread+"/messages", agent, nil)
	shown := page.JSON["messages"].([]any)[0].(object)["files"].([]any)[0].(object)
	if shown["id"] != id || shown["name"] != "broken kettle.png" || shown["width"] != 900.0 {
		t.Errorf("the agent is told %v", shown)
	}
	got := h.want(200, "GET", consoleFiles+"/"+id, agent, nil)
	if kind := got.Header.Get("Content-Type"); kind != "image/png" || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "inline; ") {
		t.Errorf("headers %v", got.Header)
	}
	small := h.want(200, "GET", consoleFiles+"/"+id+"/thumbnail", agent, nil)
	config, _, err := image.DecodeConfig(bytes.NewReader(small.Text))
	if err != nil || config.Width != 480 || config.Height != 320 {
		t.Errorf("the thumbnail is %dx%d, %v", config.Width, config.Height, err)
	}
	back := h.want(201, "POST", consoleFiles, agent, upload("manual.pdf", []byte("%PDF-1.7 the manual"))).text("id")
	h.want(201, "POST", "/api/v1/console/conversations/"+thread+"/messages", agent, object{"client_id": "r1", "text": "Here it is.", "files": []string{back}})
	manual := h.want(200, "GET", widgetFiles+"/"+back, ada, nil)
	if string(manual.Text) != "%PDF-1.7 the manual" || manual.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("%v %s", manual.Header, manual.Text)
	}
	for name, want := range map[string]string{
		"Content-Disposition": `attachment; filename="manual.pdf"; filename*=UTF-8''manual.pdf`, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
	} {
		if got := manual.Header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if csp := manual.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("the policy is %q", csp)
	}
	h.want(404, "GET", widgetFiles+"/"+back+"/thumbnail", ada, nil) // a download has none
	if shown := string(h.want(200, "GET", "/metrics", bearer(h.program(policy.ReadMetrics)), nil).Text); !strings.Contains(shown, `countersign_files_total{author="visitor",kind="picture"} 1`) ||
		!strings.Contains(shown, `countersign_files_total{author="agent",kind="download"} 1`) {
		t.Error("what was handed in is not counted")
	}
	file := h.want(200, "GET", "/api/v1/console/contacts/"+page.JSON["messages"].([]any)[0].(object)["author"].(object)["id"].(string)+"/export", h.join("ida@example.com", policy.Owner), nil)
	if !strings.Contains(string(file.Text), id) || !strings.Contains(string(file.Text), "manual.pdf") {
		t.Errorf("what is handed over of a person lists no files: %s", file.Text)
	}
}

// What anybody sends is shown only if we made it anew, and is called what it is.
func TestWhatAFileIsItsContentSays(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	var still, moving bytes.Buffer
	must(t, gif.Encode(&still, photo(20, 10), nil))
	frame := image.NewPaletted(image.Rect(0, 0, 20, 10), color.Palette{color.Black, color.White})
	must(t, gif.EncodeAll(&moving, &gif.GIF{Image: []*image.Paletted{frame, frame, frame}, Delay: []int{5, 5, 5}}))
	for _, c := range []struct {
		attack, name string
		data         []byte
		media        string
		saved        string
		picture      bool
	}{
		{"a JPEG by another name", "x.exe", asJPEG(t, photo(9, 9)), "image/jpeg", "x.exe.jpg", true},
		{"a PNG without a name", "", asPNG(t, photo(9, 9)), "image/png", "file.png", true},
		{"a GIF", "a.GIF", still.Bytes(), "image/gif", "a.GIF", true},
		{"a GIF that moves", "a.gif", moving.Bytes(), "image/gif", "a.gif", true},
		{"a GIF with a script behind its end", "a.gif", append(bytes.Clone(still.Bytes()), "<script>alert(1)</script>"...), "image/gif", "a.gif", true},
		{"a script that begins like a GIF", "a.gif", []byte("GIF89a=1/*<html><script>alert(1)</script>*/"), "application/octet-stream", "a.gif", false},
		{"a page that says it is a JPEG", "a.jpg", []byte("<!doctype html><script>alert(1)</script>"), "application/octet-stream", "a.jpg", false},
		{"a page with blanks before it", "a.txt", []byte("   \n\n<html><script>alert(1)</script>"), "application/octet-stream", "a.txt", false},
		{"a script inside an SVG", "a.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "application/octet-stream", "a.svg", false},
		{"an SVG with a declaration", "a.png", []byte(`<?xml version="1.0"?><svg onload="alert(1)"/>`), "application/octet-stream", "a.png", false},
		{"a program", "invoice.pdf.exe", []byte("MZ\x90\x00\x03\x00\x00\x00"), "application/octet-stream", "invoice.pdf.exe", false},
		{"a JPEG's head and nothing more", "a.jpg", []byte("\xff\xd8\xff\xe0\x00\x10JFIF"), "application/octet-stream", "a.jpg", false},
		{"plain text", "notes", []byte("just some notes"), "text/plain; charset=utf-8", "notes", false},
		{"a PDF", "a.pdf", []byte("%PDF-1.4"), "application/pdf", "a.pdf", false},
		{"an archive", "a.zip", []byte("PK\x03\x04 and so on"), "application/zip", "a.zip", false},
	} {
		a := h.call("POST", widgetFiles, ada, upload(c.name, c.data))
		if a.StatusCode != 201 || a.text("media_type") != c.media || a.text("name") != c.saved || (a.JSON["width"] != nil) != c.picture {
			t.Errorf("%s: %d %s", c.attack, a.StatusCode, a.Text)
			continue
		}
		got := h.want(200, "GET", widgetFiles+"/"+a.text("id"), ada, nil)
		inline := strings.HasPrefix(got.Header.Get("Content-Disposition"), "inline")
		if inline != c.picture || c.picture && bytes.Contains(got.Text, []byte("script")) || !strings.Contains(got.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: shown %v, %v", c.attack, inline, got.Header)
		}
		if c.attack == "a GIF that moves" {
			if g, err := gif.DecodeAll(bytes.NewReader(got.Text)); err != nil || len(g.Image) != 3 {
				t.Errorf("it has stopped: %v", err)
			}
		}
	}
}

func TestWhereAPhotographWasTakenStaysWithItsSender(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	tiff := "MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00GPSLatitude 52.5163 SerialNumber 42"
	body := "Exif\x00\x00" + tiff
	plain := asJPEG(t, photo(60, 40))
	data := bytes.Join([][]byte{plain[:2], []byte(fmt.Sprintf("\xff\xe1%c%c", (len(body)+2)>>8, (len(body)+2)&255)), []byte(body), plain[2:]}, nil)
	a := h.want(201, "POST", widgetFiles, ada, upload("me.jpg", data))
	if a.JSON["width"] != 40.0 || a.JSON["height"] != 60.0 {
		t.Errorf("it lies on its side: %s", a.Text)
	}
	got := h.want(200, "GET", widgetFiles+"/"+a.text("id"), ada, nil)
	if bytes.Contains(got.Text, []byte("GPS")) || bytes.Contains(got.Text, []byte("Exif")) || bytes.Contains(got.Text, []byte("Serial")) {
		t.Error("the photograph still says where it was taken")
	}
	turned, err := jpeg.Decode(bytes.NewReader(got.Text))
	must(t, err)
	// What was at the upper left is at the upper right now: red and green grow to the right and downwards.
	r, g, _, _ := turned.At(38, 1).RGBA()
	if r>>8 > 20 || g>>8 > 20 {
		t.Errorf("it was turned the other way: %d %d", r>>8, g>>8)
	}
	_ = filepath.WalkDir(h.Shelf, func(path string, entry fs.DirEntry, _ error) error {
		if strings.Contains(path, "me") && entry.Type().IsRegular() {
			t.Errorf("a path has the sender's name: %s", path)
		}
		return nil
	})
}

// bomb is a PNG of a few bytes that says it is enormous.
func bomb() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)))
	data := b.Bytes()
	copy(data[16:24], []byte{0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30}) // 30,000 x 30,000
	return data
}

func TestAPictureThatUnfoldsToGigabytesIsRefusedBeforeItDoes(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	scans := asJPEG(t, photo(16, 16))
	scans = append(scans[:len(scans)-2], bytes.Repeat([]byte("\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00"), 500)...)
	wide := []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00;")
	for attack, data := range map[string][]byte{"a PNG of 30,000 by 30,000": bomb(), "a JPEG of 500 passes": scans, "a GIF of 65,535 by 65,535": wide, "nothing": nil} {
		a := h.call("POST", widgetFiles, ada, upload("a.png", data))
		if a.StatusCode != 422 || a.code() != "file_refused" {
			t.Errorf("%s: %d %s", attack, a.StatusCode, a.Text)
		}
	}
	within(t, "nothing to be left", func() bool { return h.kept() == 0 })
}

func TestAFileOverTheLimitIsRefusedWhetherItSaysSoOrNot(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	h.want(201, "POST", widgetFiles, ada, upload("a.bin", make([]byte, fileLimit)))
	for _, known := range []bool{true, false} {
		f := upload("a.bin", make([]byte, fileLimit+1))
		body := io.Reader(bytes.NewReader(f.raw))
		if !known {
			body = io.MultiReader(body)
		}
		r, err := http.NewRequest("POST", h.Server.URL+widgetFiles, body)
		must(t, err)
		r.Header.Set("Content-Type", f.media)
		r.Header.Set(ada.header, ada.value)
		resp, err := h.client().Do(r)
		must(t, err)
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 413 || !bytes.Contains(text, []byte("file_too_large")) {
			t.Errorf("length known %v: %d %s", known, resp.StatusCode, text)
		}
	}
	if n := h.kept(); n != 1 {
		t.Errorf("%d files are kept", n)
	}
}

func TestFormsThatAreNotOneFileAreRefused(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	good := upload("a.txt", []byte("text"))
	file := func(w *multipart.Writer, field string) {
		p, _ := w.CreateFormFile(field, "a.txt")
		_, _ = p.Write([]byte("text"))
	}
	for name, c := range map[string]struct {
		form
		status int
	}{
		"two files":              {parts(func(w *multipart.Writer) { file(w, "file"); file(w, "file") }), 400},
		"another field behind":   {parts(func(w *multipart.Writer) { file(w, "file"); _ = w.WriteField("contact", "con_1") }), 400},
		"another field before":   {parts(func(w *multipart.Writer) { _ = w.WriteField("contact", "con_1"); file(w, "file") }), 400},
		"another name":           {parts(func(w *multipart.Writer) { file(w, "upload") }), 400},
		"no part":                {parts(func(*multipart.Writer) {}), 400},
		"no end":                 {form{good.media, good.raw[:len(good.raw)-10]}, 400},
		"no boundary":            {form{"multipart/form-data", good.raw}, 415},
		"another kind of parts":  {form{strings.Replace(good.media, "form-data", "mixed", 1), good.raw}, 415},
		"JSON":                   {form{"application/json", []byte("{}")}, 415},
		"no type":                {form{"", good.raw}, 415},
		"another's boundary":     {form{"multipart/form-data; boundary=x", good.raw}, 400},
		"nothing":                {form{good.media, nil}, 400},
		"an endless preamble":    {form{good.media, append(bytes.Repeat([]byte("before it\r\n"), fileLimit/8), good.raw...)}, 413},
		"a head without an end":  {form{good.media, append(bytes.Clone(good.raw[:64]), bytes.Repeat([]byte("X-A: b\r\n"), 20000)...)}, 400},
		"a boundary without end": {form{"multipart/form-data; boundary=" + strings.Repeat("a", 5000), good.raw}, 400},
	} {
		if a := h.call("POST", widgetFiles, ada, c.form); a.StatusCode != c.status || a.code() == "" {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.Text)
		}
	}
	if a := h.call("POST", widgetFiles, ada, good, "Content-Encoding", "gzip"); a.StatusCode != 415 {
		t.Errorf("a compressed form: %d", a.StatusCode)
	}
	within(t, "nothing to be left", func() bool { return h.kept() == 0 })
}

func TestANameCannotLeaveItsPlace(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada := h.visitor("shop", secret, "ada")
	for attack, c := range map[string]struct{ name, want string }{
		"a path":                      {"../../../etc/passwd", "passwd"},
		"a path of another system":    {`..\\..\\boot.ini`, "boot.ini"},
		"only dots":                   {"..", "file"},
		"a name that turns around":    {"photo\u202egnp.exe", "photognp.exe"},
		"invisible letters":           {"in\u200bvoice\u2066.pdf\u2069", "invoice.pdf"},
		"a line break and a header":   {"a%0D%0ASet-Cookie: x=1.txt", "aSet-Cookie_ x=1.txt"},
		"a quote and a parameter":     {`a%22; filename=%22b.html`, "a_; filename=_b.html"},
		"a device":                    {"CON.txt", "_CON.txt"},
		"a hidden file":               {".htaccess", "htaccess"},
		"an end that Windows ignores": {"a.exe. . .", "a.exe"},
		"a very long one":             {strings.Repeat("ä", 300) + ".pdf", strings.Repeat("ä", 58) + ".pdf"},
		"markup":                      {"<img src=x onerror=alert(1)>.txt", "_img src=x onerror=alert(1)_.txt"},
	} {
		a := h.call("POST", widgetFiles, ada, upload(c.name, []byte("some text")))
		if a.StatusCode != 201 || a.text("name") != c.want {
			t.Errorf("%s: %d %s, want %q", attack, a.StatusCode, a.Text, c.want)
			continue
		}
		got := h.want(200, "GET", widgetFiles+"/"+a.text("id"), ada, nil)
		if len(got.Header["Content-Disposition"]) != 1 || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", attack, got.Header)
		}
		kind, params, err := mime.ParseMediaType(got.Header.Get("Content-Disposition"))
		if err != nil || kind != "attachment" || params["filename"] != c.want {
			t.Errorf("%s: %q reads as %s %v, %v", attack, got.Header.Get("Content-Disposition"), kind, params, err)
		}
	}
}

func TestAFileIsItsSendersAloneAndUsedOnce(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Observe)
	ada, eve := h.visitor("shop", secret, "ada"), h.visitor("shop", secret, "eve")
	agent, other := h.agent(policy.AgentR), h.agent(policy.Admin)
	adas, eves := h.thread(ada), h.thread(eve)
	file := func(who credential, path string) string {
		return h.want(201, "POST", path, who, upload("a.txt", []byte("text"))).text("id")
	}
	post := func(who credential, thread, client string, ids ...string) answer {
		return h.call("POST", "/api/v1/widget/conversations/"+thread+"/messages", who, object{"client_id": client, "text": "see", "files": ids})
	}
	reply := func(who credential, client string, note bool, ids ...string) answer {
		return h.call("POST", "/api/v1/console/conversations/"+adas+"/messages", who, object{"client_id": client, "text": "see", "files": ids, "note": note})
	}
	refused := func(attack string, a answer) {
		t.Helper()
		if a.StatusCode != 404 || a.code() != "file_unknown" {
			t.Errorf("%s: %d %s", attack, a.StatusCode, a.Text)
		}
	}
	id, agents := file(ada, widgetFiles), file(agent, consoleFiles)
	for attack, who := range map[string]credential{"another visitor": eve} {
		h.want(404, "GET", widgetFiles+"/"+id, who, nil)
		h.want(404, "POST", widgetFiles+"/"+id+"/link", who, object{})
		refused(attack, post(who, eves, "x1", id))
	}
	h.want(404, "GET", consoleFiles+"/"+id, agent, nil) // nobody sent it yet
	h.want(404, "GET", consoleFiles+"/"+agents, other, nil)
	h.want(404, "GET", widgetFiles+"/"+agents, ada, nil)
	refused("a visitor's in an agent's answer", reply(agent, "x2", false, id))
	refused("an agent's in a visitor's message", post(ada, adas, "x3", agents))
	refused("an agent's in a colleague's answer", reply(other, "x4", false, agents))
	refused("the same twice in one message", post(ada, adas, "x5", id, id))
	refused("one that is none", post(ada, adas, "x6", "fil_0000000000000000000000000"))
	refused("a path", post(ada, adas, "x7", "../../etc/passwd"))
	if a := post(ada, adas, "x8", make([]string, 11)...); a.StatusCode != 404 && a.StatusCode != 422 {
		t.Errorf("eleven: %d", a.StatusCode)
	}
	// A browser where she is not proved is another one.
	claimed := h.want(201, "POST", "/api/v1/widget/sessions", credential{}, object{"channel": "shop", "assertion": object{"user_id": "ada"}})
	refused("the same claim without its proof", func() answer {
		thread := h.thread(bearer(claimed.text("session")))
		return post(bearer(claimed.text("session")), thread, "x9", id)
	}())
	// The same person in another browser did not hand it in either.
	refused("the same person elsewhere", post(h.visitor("shop", secret, "ada"), adas, "x10", id))

	first := post(ada, adas, "c1", id)
	if first.StatusCode != 201 || len(first.JSON["files"].([]any)) != 1 {
		t.Fatalf("%d %s", first.StatusCode, first.Text)
	}
	again := post(ada, adas, "c1", id) // sent twice by a bad line: the same message
	if again.StatusCode != 201 || again.text("id") != first.text("id") || len(again.JSON["files"].([]any)) != 1 {
		t.Errorf("again: %d %s", again.StatusCode, again.Text)
	}
	refused("used twice", post(ada, adas, "c2", id))
	h.want(200, "GET", consoleFiles+"/"+id, other, nil)
	h.want(200, "GET", widgetFiles+"/"+id, h.visitor("shop", secret, "ada"), nil) // hers wherever she proves who she is
	h.want(404, "GET", widgetFiles+"/"+id, eve, nil)
	h.want(404, "GET", widgetFiles+"/"+id, bearer(claimed.text("session")), nil)
}

func TestAFileOfANoteReachesNoVisitor(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada, agent := h.visitor("shop", secret, "ada"), h.agent(policy.AgentR)
	thread := h.thread(ada)
	frames, _ := h.listen("/api/v1/widget/stream", ada)
	id := h.want(201, "POST", consoleFiles, agent, upload("suspicion.txt", []byte("a secret"))).text("id")
	h.want(201, "POST", "/api/v1/console/conversations/"+thread+"/messages", agent, object{"client_id": "n1", "text": "", "note": true, "files": []string{id}})
	h.want(201, "POST", "/api/v1/console/conversations/"+thread+"/messages", agent, object{"client_id": "n2", "text": "hello there"})
	// Her own first message may still be on its way to a stream that opens right after it; the note never is.
	for said := ""; !strings.Contains(said, "hello there"); {
		said = fmt.Sprint(next(t, frames, "message.created").Data)
		if strings.Contains(said, id) || strings.Contains(said, "suspicion") {
			t.Fatalf("the visitor's stream carries %s", said)
		}
	}
	h.want(404, "GET", widgetFiles+"/"+id, ada, nil)
	h.want(404, "POST", widgetFiles+"/"+id+"/link", ada, object{})
	if page := h.want(200, "GET", "/api/v1/widget/conversations/"+thread+"/messages", ada, nil); strings.Contains(string(page.Text), id) {
		t.Errorf("the visitor's page carries it: %s", page.Text)
	}
	h.want(200, "GET", consoleFiles+"/"+id, h.agent(policy.Admin), nil)
	row := h.want(200, "GET", "/api/v1/console/conversations/"+thread, agent, nil)
	if strings.Contains(row.text("preview"), "suspicion") {
		t.Error("the note's file is what the conversation is called by")
	}
}

// Too many at once are refused, and whoever waits is let in again.
func TestOnePersonDoesNotHandInEverythingAtOnce(t *testing.T) {
	h := open(t)
	_, _, secret := h.channel("shop", policy.Enforce)
	ada, eve := h.visitor("shop", secret, "ada"), h.visitor("shop", secret, "eve")
	refused := 0
	for n := 0; n < 300 && refused == 0; n++ {
		switch a := h.call("POST", widgetFiles, ada, upload("a.txt", []byte("text"))); {
		case a.StatusCode == 429 && a.code() == "too_many":
			refused++
		case a.StatusCode != 201:
			t.Fatalf("%d %s", a.StatusCode, a.Text)
		}
	}
	if refused == 0 {
		t.Error("300 one after the other are taken")
	}
	h.want(201, "POST", widgetFiles, eve, upload("a.txt", []byte("text")))
}
