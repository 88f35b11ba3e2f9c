package history

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Format is whose export a file is.
type Format string

const (
	Intercom  Format = "intercom"
	HelpScout Format = "helpscout"
	CSV       Format = "csv"
)

// Formats are the systems whose exports are read.
func Formats() []Format { return []Format{Intercom, HelpScout, CSV} }

const (
	// maxRecord is the longest record that is read, and all of a file that is ever in memory.
	maxRecord = 32 << 20
	// maxChunk messages of one conversation are written at once; a longer one comes in parts.
	maxChunk = 500
	maxDepth = 3 // of folders
)

// Entry is one record as it was read: a person, a conversation, or why it is neither.
type Entry struct {
	Where   string // file and line, or file and number of the record
	Person  *Person
	Thread  *Thread
	Refusal string // it cannot be read: reported, and the rest goes on
	Skipped string // it is none of ours: counted
}

var (
	errTooLong = fmt.Errorf("a record is longer than %d MB", maxRecord>>20)
	// ErrUnreadable: the file cannot be what it was said to be.
	ErrUnreadable = errors.New("cannot be read")
)

// Read reads an export: a file, a folder or a zip of them, or "-" for standard input. It
// holds one record in memory at a time. People come before conversations where files say
// by their names which they are.
func Read(ctx context.Context, format Format, path string, in io.Reader, take func(Entry) error) error {
	r := reader{ctx: ctx, format: format, take: take}
	if path == "-" {
		return r.stream("standard input", in)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if info.IsDir() {
		return r.folder(path)
	}
	return r.file(path, filepath.Base(path))
}

type reader struct {
	ctx    context.Context
	format Format
	take   func(Entry) error
	count  int // records of the file at hand
}

func (r *reader) folder(root string) error {
	var names []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, _ := filepath.Rel(root, path)
		if entry.IsDir() {
			if strings.Count(within, string(filepath.Separator)) >= maxDepth {
				return fs.SkipDir
			}
			return nil
		}
		if entry.Type().IsRegular() && readable(within) {
			names = append(names, within)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if len(names) == 0 {
		return fmt.Errorf("%w: no .csv, .json, .jsonl, .ndjson, .gz or .zip lies in %s", ErrUnreadable, root)
	}
	inOrder(names)
	for _, name := range names {
		if err := r.file(filepath.Join(root, name), filepath.ToSlash(name)); err != nil {
			return err
		}
	}
	return nil
}

func readable(name string) bool {
	if strings.HasPrefix(filepath.Base(name), ".") || strings.Contains(name, "__MACOSX") {
		return false
	}
	return slices.Contains([]string{".csv", ".json", ".jsonl", ".ndjson", ".gz", ".zip"}, strings.ToLower(filepath.Ext(name)))
}

// inOrder puts people before conversations, so that a conversation finds its person whole.
func inOrder(names []string) {
	rank := func(name string) int {
		small := strings.ToLower(filepath.Base(name))
		for _, word := range []string{"contact", "customer", "user", "people", "person", "lead"} {
			if strings.Contains(small, word) {
				return 0
			}
		}
		return 1
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(rank(a)-rank(b), strings.Compare(a, b)) })
}

func (r *reader) file(path, name string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	defer func() { _ = f.Close() }()
	if strings.EqualFold(filepath.Ext(path), ".zip") {
		info, err := f.Stat()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
		return r.zip(f, info.Size(), name)
	}
	return r.stream(name, f)
}

// zip reads what lies in an archive; nothing is unpacked to the disk, so no name in it
// leads anywhere.
func (r *reader) zip(f io.ReaderAt, size int64, name string) error {
	archive, err := zip.NewReader(f, size)
	if err != nil {
		return fmt.Errorf("%w: %s is no zip: %w", ErrUnreadable, name, err)
	}
	byName := map[string]*zip.File{}
	var names []string
	for _, file := range archive.File {
		inside := file.Name
		if file.FileInfo().IsDir() || !readable(inside) || strings.EqualFold(filepath.Ext(inside), ".zip") || byName[inside] != nil {
			continue
		}
		byName[inside] = file
		names = append(names, inside)
	}
	if len(names) == 0 {
		return fmt.Errorf("%w: %s holds no .csv, .json, .jsonl, .ndjson or .gz", ErrUnreadable, name)
	}
	inOrder(names)
	for _, inside := range names {
		if err := r.zipped(byName[inside], name+"/"+inside); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) zipped(file *zip.File, name string) error {
	content, err := file.Open()
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrUnreadable, name, err)
	}
	defer func() { _ = content.Close() }()
	return r.stream(name, content)
}

// meter ends a read that goes on for longer than one record may be, or is broken off: a
// file can unpack to blanks without an end, and never come to a record.
type meter struct {
	ctx  context.Context
	in   io.Reader
	left int64
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	if m.left <= 0 {
		return 0, errTooLong
	}
	n, err := m.in.Read(p[:min(int64(len(p)), m.left)])
	m.left -= int64(n)
	return n, err
}

func (m *meter) next() { m.left = maxRecord }

// stream reads one file of whatever kind it turns out to be.
func (r *reader) stream(name string, in io.Reader) error {
	r.count = 0
	m := &meter{ctx: r.ctx, in: in}
	m.next()
	b := bufio.NewReaderSize(m, 64<<10)
	head, _ := b.Peek(3)
	switch {
	case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		if _, twice := in.(*packed); twice { // one can be made that never ends
			return fmt.Errorf("%w: %s is compressed twice", ErrUnreadable, name)
		}
		unpacked, err := gzip.NewReader(b)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrUnreadable, name, err)
		}
		return r.stream(strings.TrimSuffix(name, ".gz"), &packed{Reader: unpacked, m: m})
	case len(head) >= 2 && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff):
		return fmt.Errorf("%w: %s is UTF-16: save it as UTF-8", ErrUnreadable, name)
	case len(head) == 3 && bytes.Equal(head, []byte("\xef\xbb\xbf")):
		_, _ = b.Discard(3)
	}
	switch firstSeen(b) {
	case 0:
		return nil // nothing but blanks
	case '[':
		return r.whole(name, b, m)
	case '{':
		if head, _ := b.Peek(b.Size()); lines(name, head) {
			return r.lines(name, b, m)
		}
		return r.whole(name, b, m)
	}
	return r.table(name, b, m)
}

// packed keeps the meter of what it unpacks running: of a compressed stream, what comes out
// is what is counted.
type packed struct {
	*gzip.Reader
	m *meter
}

func (p *packed) Read(b []byte) (int, error) {
	p.m.next()
	return p.Reader.Read(b)
}

func firstSeen(b *bufio.Reader) byte {
	for {
		c, err := b.ReadByte()
		if err != nil {
			return 0
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			_ = b.UnreadByte()
			return c
		}
	}
}

// lines says whether a file that begins so is JSON lines: its first line is a whole value.
// A first line of which no end is in sight may be all there is: a page on one line.
func lines(name string, head []byte) bool {
	if ext := strings.ToLower(filepath.Ext(name)); ext == ".jsonl" || ext == ".ndjson" {
		return true
	}
	line, _, ended := bytes.Cut(head, []byte("\n"))
	return ended && json.Valid(line)
}

// lines reads JSON lines: a line that is none costs that line.
func (r *reader) lines(name string, b *bufio.Reader, m *meter) error {
	for number := 1; ; number++ {
		m.next()
		line, err := readLine(b)
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return fmt.Errorf("%w: %s, line %d: %w", ErrUnreadable, name, number, err)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			if failed := r.value(fmt.Sprintf("%s, line %d", name, number), line); failed != nil {
				return failed
			}
		}
		if last {
			return nil
		}
	}
}

func readLine(b *bufio.Reader) (line []byte, err error) {
	for {
		part, err := b.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxRecord {
			return nil, errTooLong
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// value reads one line, which may be a record or a page of them.
func (r *reader) value(where string, line []byte) error {
	if !json.Valid(line) {
		return r.give(Entry{Where: where, Refusal: "it is not JSON"})
	}
	d := json.NewDecoder(bytes.NewReader(line))
	return r.item(d, func() string { return where }, func() {})
}

// whole reads a JSON document: an array of records, a page that holds such an array, or
// several documents one after the other.
func (r *reader) whole(name string, b *bufio.Reader, m *meter) error {
	d := json.NewDecoder(b)
	where := func() string { return fmt.Sprintf("%s, record %d", name, r.count+1) }
	for {
		m.next()
		err := r.item(d, where, m.next)
		var broken *json.SyntaxError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &broken), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errTooLong):
			return r.give(Entry{Where: where(), Refusal: fmt.Sprintf("the rest of %s is not read: %v", name, err)})
		case err != nil:
			return err
		}
	}
}

// lists :: key of a page → it holds records.
var listKeys = []string{"data", "contacts", "users", "leads", "conversations", "customers", "items"}

// item reads the next value of a document.
func (r *reader) item(d *json.Decoder, where func() string, next func()) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('['):
		return r.list(d, where, next)
	case json.Delim('{'):
		return r.page(d, where, next)
	}
	return r.give(Entry{Where: where(), Refusal: "it is no record"})
}

func (r *reader) list(d *json.Decoder, where func() string, next func()) error {
	for d.More() {
		next()
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return unexpected(err)
		}
		if err := r.record(where(), raw); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return unexpected(err)
}

// unexpected: a document that ends inside a value has not ended.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// page reads an object, which is a record or holds a list of them. A list is never held as
// a whole; what a record is made of is.
func (r *reader) page(d *json.Decoder, where func() string, next func()) error {
	rest := map[string]json.RawMessage{}
	listed := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return unexpected(err)
		}
		name, _ := key.(string)
		inside, err := r.member(d, name, rest, where, next)
		if err != nil {
			return err
		}
		listed = listed || inside
	}
	if _, err := d.Token(); err != nil {
		return unexpected(err)
	}
	if listed {
		return nil
	}
	raw, err := json.Marshal(rest)
	if err != nil {
		return err
	}
	return r.record(where(), raw)
}

// member reads one member of an object: the records of a list, or a part of the record.
func (r *reader) member(d *json.Decoder, name string, rest map[string]json.RawMessage, where func() string, next func()) (listed bool, err error) {
	if !slices.Contains(listKeys, name) && name != "_embedded" {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return false, unexpected(err)
		}
		rest[name] = raw
		return false, nil
	}
	token, err := d.Token()
	if err != nil {
		return false, unexpected(err)
	}
	switch token {
	case json.Delim('['):
		return true, r.list(d, where, next)
	case json.Delim('{'):
		inner := map[string]json.RawMessage{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return false, unexpected(err)
			}
			within, _ := key.(string)
			var raw json.RawMessage
			if name == "_embedded" && (within == "conversations" || within == "customers") {
				if _, err := d.Token(); err != nil {
					return false, unexpected(err)
				}
				if err := r.list(d, where, next); err != nil {
					return false, err
				}
				listed = true
				continue
			}
			if err := d.Decode(&raw); err != nil {
				return false, unexpected(err)
			}
			inner[within] = raw
		}
		if _, err := d.Token(); err != nil {
			return false, unexpected(err)
		}
		rest[name], err = json.Marshal(inner)
		return listed, err
	}
	rest[name], err = json.Marshal(token)
	return false, err
}

// record hands a record to the system that it is of.
func (r *reader) record(where string, raw json.RawMessage) error {
	read := map[Format]func(json.RawMessage) Entry{Intercom: intercomRecord, HelpScout: helpScoutRecord, CSV: ownRecord}[r.format]
	entry := read(raw)
	entry.Where = where
	return r.give(entry)
}

func (r *reader) give(e Entry) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	r.count++
	e.Where, e.Skipped = shown(e.Where, 300), shown(e.Skipped, 100) // names in a zip are whatever somebody wrote
	return r.take(e)
}
