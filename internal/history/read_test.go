package history_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"countersign/internal/history"
)

// read is every entry of a text.
func read(t *testing.T, format history.Format, text string) (list []history.Entry) {
	t.Helper()
	err := history.Read(t.Context(), format, "-", strings.NewReader(text), func(e history.Entry) error {
		list = append(list, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func refusals(list []history.Entry) (out []string) {
	for _, e := range list {
		if e.Refusal != "" {
			out = append(out, e.Where+": "+e.Refusal)
		}
	}
	return out
}

const contact = `{"type":"contact","id":"a","external_id":7,"role":"user","email":"Ann@Example.com","name":"Ann","created_at":1690000000,"custom_attributes":{"plan":"gold"}}`

func TestEveryShapeOfTheSameContactsIsRead(t *testing.T) {
	for name, text := range map[string]string{
		"one":             contact,
		"a list":          "[" + contact + "," + contact + "]",
		"a page":          `{"type":"list","data":[` + contact + `],"pages":{"next":null}}`,
		"pages":           `{"type":"list","data":[` + contact + "]}\n" + `{"type":"list","data":[` + contact + "]}",
		"lines":           contact + "\n" + contact + "\n",
		"lines with CRLF": contact + "\r\n\r\n" + contact,
		"indented":        strings.NewReplacer("{", "{\n  ", ",", ",\n  ").Replace(contact),
		"after a BOM":     "\xef\xbb\xbf" + contact,
	} {
		list := read(t, history.Intercom, text)
		if len(list) == 0 {
			t.Fatalf("%s: nothing", name)
		}
		for _, e := range list {
			if e.Person == nil || e.Person.External != "a" || e.Person.UserID != "7" || e.Person.Emails[0] != "Ann@Example.com" || e.Person.Unproved || e.Person.CreatedAt.Unix() != 1690000000 {
				t.Errorf("%s: %+v %+v", name, e, e.Person)
			}
		}
	}
}

func TestABrokenRecordCostsThatRecord(t *testing.T) {
	list := read(t, history.Intercom, contact+"\n{\"type\":\n"+contact+"\n{\"type\":\"contact\"}\n{\"type\":\"tag\"}\n42\n")
	if got := refusals(list); len(got) != 3 || !strings.HasPrefix(got[0], "standard input, line 2: it is not JSON") || !strings.HasPrefix(got[1], "standard input, line 4: the contact has no id") {
		t.Errorf("%q", got)
	}
	if list[4].Skipped == "" {
		t.Errorf("another object: %+v", list[4])
	}
	list = read(t, history.Intercom, `[`+contact+`, {"type": "contact", ]`)
	if got := refusals(list); len(list) != 2 || len(got) != 1 || !strings.Contains(got[0], "the rest of standard input is not read") {
		t.Errorf("%q", got)
	}
	if got := refusals(read(t, history.Intercom, `{"data":[`+contact)); len(got) != 1 {
		t.Errorf("cut off: %q", got)
	}
}

func TestALeadsAddressOpensNothing(t *testing.T) {
	for _, text := range []string{
		`{"type":"contact","role":"lead","id":"a","email":"victim@example.com"}`,
		`{"type":"contact","id":"a","email":"victim@example.com"}`,
		`{"type":"visitor","id":"a","email":"victim@example.com"}`,
		"Contact ID,Email,Type\na,victim@example.com,Lead\n",
		"Contact ID,Email\na,victim@example.com\n",
	} {
		if e := read(t, history.Intercom, text)[0]; e.Person == nil || !e.Person.Unproved {
			t.Errorf("%s: %+v", text, e.Person)
		}
	}
	for _, text := range []string{`{"type":"user","id":"a","email":"x@example.com"}`, "Contact ID,Email,Type\na,x@example.com,User\n", "User ID,Email\n7,x@example.com\n"} {
		if e := read(t, history.Intercom, text)[0]; e.Person == nil || e.Person.Unproved {
			t.Errorf("%s: %+v", text, e.Person)
		}
	}
}

func TestWhatWasSaidInsideTheTeamStaysInside(t *testing.T) {
	part := func(kind string) string {
		return fmt.Sprintf(`{"id":"%s","part_type":"%s","body":"%s","created_at":1700000001,"author":{"type":"admin","id":"1"}}`, kind, kind, kind)
	}
	kinds := []string{"comment", "open", "close", "quick_reply", "note", "note_and_reopen", "assignment", "away_mode_assignment", "something_new"}
	var parts []string
	for _, kind := range kinds {
		parts = append(parts, part(kind))
	}
	e := read(t, history.Intercom, `{"type":"conversation","id":"1","source":{"body":"hi","author":{"type":"user","id":"a"}},"contacts":{"contacts":[{"id":"a"}]},
	"conversation_parts":{"conversation_parts":[`+strings.Join(parts, ",")+`]}}`)[0]
	for i, m := range e.Thread.Messages[1:] {
		if m.Note != (i >= 4) {
			t.Errorf("%s: note %v", m.Text, m.Note)
		}
	}
	row := func(kind, state string) string {
		return fmt.Sprintf(`{"id":%d,"type":"%s","state":"%s","body":"%s %s","createdBy":{"id":1,"type":"user"}}`, len(kind)*100+len(state), kind, state, kind, state)
	}
	e = read(t, history.HelpScout, `{"id":1,"mailboxId":1,"primaryCustomer":{"id":2},"_embedded":{"threads":[`+strings.Join([]string{
		row("message", "published"), row("message", "hidden"), row("note", "published"), row("forwardparent", "published"), row("phone", "published"), row("message", "draft"), row("lineitem", "published"),
	}, ",")+`]}}`)[0]
	shown := map[string]bool{}
	for _, m := range e.Thread.Messages {
		shown[m.Text] = !m.Note
	}
	if len(shown) != 5 || !shown["message published"] || shown["message hidden"] || shown["note published"] || shown["forwardparent published"] || shown["phone published"] {
		t.Errorf("%v", shown)
	}
}

func TestMarkupBecomesPlainText(t *testing.T) {
	for body, want := range map[string]string{
		`<p>Hi <b>there</b></p><script>alert(1)</script><p>a &lt;b&gt;</p>`: "Hi there\n\na <b>",
		`see <a href=\"https://x.example/y\">this</a>`:                      "see this (https://x.example/y)",
		`<a href=\"javascript:alert(1)\">this</a>`:                          "this",
		`<a href=\"https://x.example\">https://x.example</a>`:               "https://x.example",
		`<style>p{}</style>one<br>two<ul><li>three</ul>`:                    "one\ntwo\n\n- three",
		`<img src=x onerror=alert(1) alt=\"a cat\">`:                        "a cat",
		`&lt;script&gt;alert(1)&lt;/script&gt;`:                             "<script>alert(1)</script>",
		`plain \u0000 and \u001b[31m red`:                                   "plain  and [31m red",
	} {
		e := read(t, history.Intercom, `{"type":"conversation","id":"1","source":{"body":"`+body+`","author":{"type":"user","id":"a"}},"conversation_parts":{}}`)[0]
		if got := e.Thread.Messages[0].Text; got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestACSVOfAnyKindIsRead(t *testing.T) {
	list := read(t, history.CSV, "\xef\xbb\xbfid;user_id;name;plan\r\n1;ann;\"Ann \"\"A\"\"\r\nof two lines\";gold\r\n\r\n2;bob\r\n3;cy;Cy;\r\n")
	if len(list) != 3 || list[0].Person.Name != "Ann \"A\"\r\nof two lines" && list[0].Person.Name != "Ann \"A\"\nof two lines" || list[0].Person.Attributes["plan"] != "gold" {
		t.Fatalf("%+v", list)
	}
	if got := refusals(list); len(got) != 1 || got[0] != "standard input, line 5: 2 cells under 4 headings" {
		t.Errorf("%q", got)
	}
	list = read(t, history.CSV, "id,name\n1,\"a\"b\"\n2,fine\n3,\xff\n")
	if got := refusals(list); len(got) != 2 || !strings.Contains(got[0], "line 2") || !strings.Contains(got[1], "not UTF-8") || list[1].Person.External != "2" {
		t.Errorf("%q of %+v", got, list)
	}
	for name, text := range map[string]string{"no heading that is known": "a,b\n1,2\n", "UTF-16": "\xff\xfei\x00d\x00"} {
		err := history.Read(t.Context(), history.CSV, "-", strings.NewReader(text), func(history.Entry) error { return nil })
		if !errors.Is(err, history.ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMessagesWithoutAnIDKeepTheirNameInTheNextRun(t *testing.T) {
	text := "conversation_id,contact_id,author,text,created_at\n1,a,contact,same,2024-05-01\n1,a,contact,same,2024-05-01\n1,a,agent,other,2024-05-01\n"
	names := func(text string) (out []string) {
		for _, e := range read(t, history.CSV, text) {
			for _, m := range e.Thread.Messages {
				out = append(out, m.External)
			}
		}
		return out
	}
	first, again := names(text), names(text+"1,a,contact,new,2024-05-02\n")
	if len(first) != 3 || first[0] == first[1] || strings.Join(first, " ") != strings.Join(again[:3], " ") {
		t.Errorf("%q then %q", first, again)
	}
}

// endless is an export of any length, made as it is read.
type endless struct {
	head, piece string
	left        int64
	rest        string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		if e.rest, e.head = e.head, ""; e.rest == "" {
			e.rest = e.piece
		}
	}
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	e.left -= int64(n)
	return n, nil
}

func TestAnExportIsNeverHeldInMemory(t *testing.T) {
	const size = 4 << 20
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	base := held()
	for name, in := range map[string]*endless{
		"lines":    {piece: contact + "\n", left: size},
		"an array": {head: "[" + contact, piece: "," + contact, left: size},
		"a page":   {head: `{"type":"list","data":[` + contact, piece: "," + contact, left: size},
		"a CSV":    {head: "id,user_id,email,name\n", piece: "1,ann,ann@example.com,Ann of the long name\n", left: size},
	} {
		format := history.Intercom
		if name == "a CSV" {
			format = history.CSV
		}
		var most uint64
		n := 0
		err := history.Read(t.Context(), format, "-", in, func(history.Entry) error {
			if n++; n%8000 == 0 {
				most = max(most, held())
			}
			return nil
		})
		if err != nil || n < 10000 {
			t.Errorf("%s: %d records, %v", name, n, err)
		}
		if most > base+(2<<20) {
			t.Errorf("%s held %d MB", name, most>>20)
		}
	}
}

func TestARecordWithoutAnEndIsNotReadOn(t *testing.T) {
	for name, head := range map[string]string{"a text": `[{"id":"`, "a cell": "id,name\n1,\"", "a line": `{"id":"`} {
		in := &endless{head: head, piece: strings.Repeat("x", 1000), left: 1 << 30}
		format := history.CSV
		var list []history.Entry
		err := history.Read(t.Context(), format, "-", in, func(e history.Entry) error { list = append(list, e); return nil })
		if in.left < 1<<30-100<<20 {
			t.Errorf("%s: read on for %d MB", name, (1<<30-in.left)>>20)
		}
		if err == nil && len(refusals(list)) == 0 {
			t.Errorf("%s: nobody is told: %+v", name, list)
		}
	}
}

func TestFoldersZipsAndGzipsAreRead(t *testing.T) {
	dir := t.TempDir()
	var packed bytes.Buffer
	g := gzip.NewWriter(&packed)
	_, _ = g.Write([]byte(contact + "\n"))
	_ = g.Close()
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.jsonl.gz", packed.Bytes())
	write("readme.txt", []byte("no"))
	write(".hidden.json", []byte("no"))
	var z bytes.Buffer
	w := zip.NewWriter(&z)
	for name, text := range map[string]string{"conversations/1.json": `{"type":"tag"}`, "contacts.json": contact, "../../evil.json": contact, "note.txt": "no"} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.Write([]byte(text))
	}
	_ = w.Close()
	write("b.zip", z.Bytes())
	var people, others int
	var order []string
	err := history.Read(t.Context(), history.Intercom, dir, nil, func(e history.Entry) error {
		order = append(order, e.Where)
		if e.Person != nil {
			people++
		} else {
			others++
		}
		return nil
	})
	if err != nil || people != 3 || others != 1 {
		t.Errorf("%d people, %d others, %v: %q", people, others, err, order)
	}
	if _, err := os.Stat(filepath.Join(dir, "../../evil.json")); err == nil {
		t.Error("something was unpacked")
	}
	var twice bytes.Buffer
	g = gzip.NewWriter(&twice)
	_, _ = g.Write(packed.Bytes())
	_ = g.Close()
	if err := history.Read(t.Context(), history.Intercom, "-", &twice, nil); !errors.Is(err, history.ErrUnreadable) {
		t.Errorf("compressed twice, which could be without an end: %v", err)
	}
	if err := history.Read(t.Context(), history.Intercom, t.TempDir(), nil, nil); !errors.Is(err, history.ErrUnreadable) {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestABrokenOffReadStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := history.Read(ctx, history.Intercom, "-", strings.NewReader(strings.Repeat(contact+"\n", 1000)), func(history.Entry) error {
		if n++; n == 10 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 10 {
		t.Errorf("%d records, %v", n, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{contact, "[" + contact + "]", `{"_embedded":{"conversations":[{"id":1}]}}`, "id,email\n1,a@b.c\n", "\xef\xbb\xbf{}", "[", "{\"data\":", "\x1f\x8b", `{"conversation_id":1,"contact_id":2,"messages":[{"author":"agent","text":"x"}]}`} {
		for i := range history.Formats() {
			f.Add(i, text)
		}
	}
	f.Fuzz(func(t *testing.T, of int, text string) {
		formats := history.Formats()
		_ = history.Read(t.Context(), formats[(of%len(formats)+len(formats))%len(formats)], "-", strings.NewReader(text), func(e history.Entry) error {
			if (e.Person == nil) == (e.Thread == nil) && e.Refusal == "" && e.Skipped == "" {
				t.Errorf("neither a record nor a reason: %+v", e)
			}
			return nil
		})
	})
}

// blanks are lines without an end, after a first one that says something.
type blanks struct{ begun bool }

func (b *blanks) Read(p []byte) (int, error) {
	if !b.begun {
		b.begun = true
		return copy(p, contact+"\n"), nil
	}
	for i := range p {
		p[i] = '\n'
	}
	return len(p), nil
}

// A small archive unpacks to blanks for hours: whoever started that can still break it off.
func TestAReadThatNeverComesToARecordIsBrokenOff(t *testing.T) {
	for _, format := range []history.Format{history.Intercom, history.CSV} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		done := make(chan error, 1)
		go func() { done <- history.Read(ctx, format, "-", &blanks{}, func(history.Entry) error { return nil }) }()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s: it ended by itself", format)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%s: it goes on", format)
		}
		cancel()
	}
}
