package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/internal/chat"
)

const (
	anID  = "fil_0123456789abcdefghjkmnpqrs"
	other = "fil_0123456789abcdefghjkmnpqrt"
	limit = 4 << 20
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func onDisk(t testing.TB) (*Shelf, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "files")
	return OnDisk(dir), dir
}

func take(s *Shelf, ctx context.Context, id, name string, from io.Reader, limit int64) (chat.Taken, error) { //nolint:revive // as the method has it
	return s.Take(ctx, id, chat.Incoming{Name: name, Body: from}, limit)
}

// count is how many files lie below a directory.
func count(dir string) (n int) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			n++
		}
		return nil
	})
	return n
}

func painting(w, h int, opaque bool) *image.NRGBA {
	i := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			a := uint8(255)
			if !opaque {
				a = uint8(x)
			}
			i.Set(x, y, color.NRGBA{R: uint8(x * 255 / w), G: uint8(y * 255 / h), B: 40, A: a})
		}
	}
	return i
}

func pngOf(i image.Image) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, i)
	return b.Bytes()
}

func jpegOf(i image.Image) []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, i, nil)
	return b.Bytes()
}

func gifOf(frames int) []byte {
	g := &gif.GIF{}
	for n := range frames {
		p := image.NewPaletted(image.Rect(0, 0, 600, 300), color.Palette{color.Black, color.White, color.RGBA{R: uint8(n), A: 255}})
		p.SetColorIndex(n, n, 1)
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 7)
	}
	var b bytes.Buffer
	_ = gif.EncodeAll(&b, g)
	return b.Bytes()
}

func read(t testing.TB, s *Shelf, id string, thumbnail bool) []byte {
	t.Helper()
	f, err := s.Open(context.Background(), id, thumbnail)
	must(t, err)
	defer f.Close()
	data, err := io.ReadAll(f)
	must(t, err)
	return data
}

func TestAShelfKeepsDropsAndListsFiles(t *testing.T) {
	s, dir := onDisk(t)
	shelves(t, s)
	if n := count(dir); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

// shelves is what any place must do.
func shelves(t *testing.T, s *Shelf) {
	t.Helper()
	ctx := context.Background()
	taken, err := take(s, ctx, anID, `..\..\kettle.PNG`, bytes.NewReader(pngOf(painting(960, 240, true))), limit)
	must(t, err)
	if taken.Name != "kettle.PNG" || taken.MediaType != mediaPNG || taken.Width != 960 || taken.Height != 240 || !taken.Thumbnail || taken.Size == 0 {
		t.Errorf("%+v", taken)
	}
	if data := read(t, s, anID, false); int64(len(data)) != taken.Size {
		t.Errorf("%d bytes are kept, %d said", len(data), taken.Size)
	}
	small, _, err := image.DecodeConfig(bytes.NewReader(read(t, s, anID, true)))
	if err != nil || small.Width != 480 || small.Height != 120 {
		t.Errorf("the thumbnail is %dx%d, %v", small.Width, small.Height, err)
	}
	taken, err = take(s, ctx, other, "notes", strings.NewReader("some notes"), limit)
	must(t, err)
	if taken.MediaType != mediaText || taken.Thumbnail || string(read(t, s, other, false)) != "some notes" {
		t.Errorf("%+v", taken)
	}
	f, err := s.Open(ctx, other, false)
	must(t, err)
	at, err := f.Seek(5, io.SeekStart)
	rest, _ := io.ReadAll(f)
	must(t, f.Close())
	if err != nil || at != 5 || string(rest) != "notes" {
		t.Errorf("from the fifth byte it reads %q, %v", rest, err)
	}
	found := map[string]int{}
	must(t, s.Each(ctx, func(id string, since time.Time) error {
		if age := time.Since(since); age < -time.Minute || age > time.Minute {
			t.Errorf("%s is there since %v", id, since)
		}
		found[id]++
		return nil
	}))
	if fmt.Sprint(found) != fmt.Sprint(map[string]int{anID: 2, other: 1}) {
		t.Errorf("it lists %v", found)
	}
	if where, _, err := s.Check(ctx); err != nil || where == "" {
		t.Errorf("%q %v", where, err)
	}
	for range 2 { // what is gone is fine
		must(t, s.Drop(ctx, anID))
		must(t, s.Drop(ctx, other))
	}
	for _, thumbnail := range []bool{false, true} {
		if _, err := s.Open(ctx, anID, thumbnail); !errors.Is(err, chat.ErrNotFound) {
			t.Errorf("after it was dropped: %v", err)
		}
	}
}

func TestNoIDLeadsOutOfTheShelf(t *testing.T) {
	s, dir := onDisk(t)
	must(t, os.MkdirAll(dir, 0o700))
	secret := filepath.Join(filepath.Dir(dir), "secret")
	must(t, os.WriteFile(secret, []byte("secret"), 0o600))
	for _, id := range []string{"", "..", "../secret", "fil_../../secret", "fil_/etc/passwd", `fil_..\..\secret`, "fil_ABC", "fil_a\x00b", "xyz_0123456789", "fil_" + strings.Repeat("a", 100)} {
		if _, err := s.Open(context.Background(), id, false); !errors.Is(err, chat.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
		if _, err := take(s, context.Background(), id, "x", strings.NewReader("x"), limit); err == nil {
			t.Errorf("%q is taken", id)
		}
		if err := s.Drop(context.Background(), id); err == nil {
			t.Errorf("%q is dropped", id)
		}
	}
	if data, err := os.ReadFile(secret); err != nil || string(data) != "secret" {
		t.Error("what lies beside the shelf was touched")
	}
	if n := count(dir); n != 0 {
		t.Errorf("%d files", n)
	}
}

// A file that breaks off, is refused or too large leaves nothing behind.
func TestWhatIsNotTakenLeavesNothing(t *testing.T) {
	s, dir := onDisk(t)
	broken := errors.New("the line broke")
	for name, c := range map[string]struct {
		from io.Reader
		want error
	}{
		"broken off": {io.MultiReader(strings.NewReader("half"), failing{broken}), broken},
		"too large":  {bytes.NewReader(make([]byte, limit+1)), chat.ErrFileTooLarge},
		"endless":    {endless{}, chat.ErrFileTooLarge},
		"empty":      {strings.NewReader(""), chat.ErrFileRefused},
		"a bomb":     {bytes.NewReader(declared(30_000, 30_000)), chat.ErrFileRefused},
	} {
		if _, err := take(s, context.Background(), anID, name, c.from, limit); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := count(dir); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

// pausing does something before it hands out its only word.
type pausing struct {
	do   func()
	read bool
}

func (p *pausing) Read(b []byte) (int, error) {
	if p.read {
		return 0, io.EOF
	}
	p.do()
	p.read = true
	return copy(b, "text"), nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// declared is a PNG of a few bytes that says it is so large.
func declared(w, h uint32) []byte {
	data := pngOf(image.NewGray(image.Rect(0, 0, 8, 8)))
	for i, v := range []byte{byte(w >> 24), byte(w >> 16), byte(w >> 8), byte(w), byte(h >> 24), byte(h >> 16), byte(h >> 8), byte(h)} {
		data[16+i] = v
	}
	return data
}

func TestAFullDiskRefusesFilesBeforeItIsFull(t *testing.T) {
	s, dir := onDisk(t)
	s.room = func(string) (uint64, bool) { return DefaultReserve + claimed*limit - 1, true }
	_, err := take(s, context.Background(), anID, "a", strings.NewReader("text"), limit)
	if !errors.Is(err, chat.ErrShelfFull) {
		t.Fatalf("%v", err)
	}
	if n := count(dir); n != 0 {
		t.Errorf("%d files", n)
	}
	s.room = func(string) (uint64, bool) { return DefaultReserve + claimed*limit, true }
	_, err = take(s, context.Background(), anID, "a", strings.NewReader("text"), limit)
	must(t, err)
	half := &pausing{}
	half.do = func() { // what comes in now has its room kept
		if _, err := take(s, context.Background(), other, "b", strings.NewReader("text"), limit); !errors.Is(err, chat.ErrShelfFull) {
			t.Errorf("beside another: %v", err)
		}
	}
	_, err = take(s, context.Background(), anID, "a", half, limit)
	must(t, err)
	s.room = func(string) (uint64, bool) { return DefaultReserve - 1, true }
	if _, free, err := s.Check(context.Background()); !errors.Is(err, chat.ErrShelfFull) || free != DefaultReserve-1 {
		t.Errorf("the doctor is told %d, %v", free, err)
	}
}

func TestTheSpoolIsTidiedOfWhatACrashLeft(t *testing.T) {
	s, dir := onDisk(t)
	must(t, s.Tidy(time.Now())) // nothing is there yet
	must(t, os.MkdirAll(s.spool, 0o700))
	old, young := filepath.Join(s.spool, "in-old"), filepath.Join(s.spool, "in-young")
	must(t, os.WriteFile(old, []byte("x"), 0o600))
	must(t, os.WriteFile(young, []byte("x"), 0o600))
	must(t, os.Chtimes(old, time.Now(), time.Now().Add(-2*time.Hour)))
	must(t, s.Tidy(time.Now()))
	if _, err := os.Stat(young); err != nil || count(dir) != 1 {
		t.Errorf("%v, %d files", err, count(dir))
	}
	must(t, s.Each(context.Background(), func(id string, _ time.Time) error { t.Errorf("the spool is listed: %s", id); return nil }))
}

// Two installations that were given one place would each sweep away what the other keeps.
func TestAPlaceIsOneInstallationsAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	theirs, ours := OnDisk(dir).Of("ins_theirs"), OnDisk(dir).Of("ins_ours")
	ctx := context.Background()
	count := func(s *Shelf) (n int) {
		must(t, s.Each(ctx, func(string, time.Time) error { n++; return nil }))
		return n
	}
	if n := count(ours); n != 0 {
		t.Errorf("an empty place lists %d", n)
	}
	_, err := take(theirs, ctx, anID, "a", strings.NewReader("text"), limit)
	must(t, err)
	if _, err := take(ours, ctx, other, "b", strings.NewReader("text"), limit); !errors.Is(err, errOthers) {
		t.Errorf("another's place takes our file: %v", err)
	}
	if n := count(ours); n != 0 {
		t.Errorf("the sweep of one is shown %d files of the other", n)
	}
	if _, _, err := ours.Check(ctx); !errors.Is(err, errOthers) {
		t.Errorf("the doctor says %v", err)
	}
	again := OnDisk(dir).Of("ins_theirs")
	_, err = take(again, ctx, other, "b", strings.NewReader("text"), limit)
	must(t, err)
	if n := count(again); n != 2 {
		t.Errorf("its owner is shown %d", n)
	}
	if _, _, err := again.Check(ctx); err != nil {
		t.Error(err)
	}
}

// A few bytes can decode to what takes many more when it is written anew: a disk is filled
// past what was claimed of it, and past the limit of one file.
func TestAPictureThatSwellsIsRefused(t *testing.T) {
	s, dir := onDisk(t)
	noise := image.NewGray(image.Rect(0, 0, 900, 900))
	state := uint32(1)
	for i := range noise.Pix {
		state = state*1664525 + 1013904223
		noise.Pix[i] = uint8(int32(state) >> 31)
	}
	var coarse bytes.Buffer
	must(t, jpeg.Encode(&coarse, noise, &jpeg.Options{Quality: 1}))
	_, err := take(s, context.Background(), anID, "noise.jpg", bytes.NewReader(coarse.Bytes()), int64(coarse.Len()))
	if !errors.Is(err, chat.ErrFileRefused) {
		t.Errorf("%d bytes: %v", coarse.Len(), err)
	}
	if n := count(dir); n != 0 {
		t.Errorf("%d files are left", n)
	}
	if _, err := take(s, context.Background(), anID, "noise.jpg", bytes.NewReader(coarse.Bytes()), 4*int64(coarse.Len())); err != nil {
		t.Errorf("with room for it: %v", err)
	}
}

// What a picture takes beside its pixels counts too, or many at once take the machine's
// memory: a grey one decodes to four bytes where something shows through it, and one that
// lies on its side is copied.
func TestAPictureThatTakesMoreThanItsPixelsWaitsForIt(t *testing.T) {
	survey := func(kind string, data []byte) survey {
		f, err := os.CreateTemp(t.TempDir(), "x")
		must(t, err)
		_, err = f.Write(data)
		must(t, err)
		s, err := surveyOf(f, kind)
		must(t, err)
		return s
	}
	grey := declared(1000, 1000)
	grey[25] = 0
	if s := survey(mediaPNG, grey); s.cost < 4_000_000 {
		t.Errorf("grey: %+v", s)
	}
	lying := []byte("\xff\xd8\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00")
	if s := survey(mediaJPEG, append(lying, jpegOf(painting(100, 50, true))[2:]...)); s.turning < 4*100*50 {
		t.Errorf("on its side: %+v", s)
	}
}

// Pictures of a few bytes take seconds each: whoever sends many waits behind themselves,
// and everybody else as if they were not there.
func TestOneNetworksPicturesLeaveRoomForOthers(t *testing.T) {
	m := memoryOf(2)
	flood, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() {
			if give, err := m.take(flood, "192.0.2.7", 1); err == nil {
				<-flood.Done()
				give()
			}
		})
	}
	waiting := func() int {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.lines["192.0.2.7"] == nil {
			return 0
		}
		return m.lines["192.0.2.7"].waiting
	}
	for waiting() < 30 {
		time.Sleep(time.Millisecond)
	}
	ctx, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	give, err := m.take(ctx, "198.51.100.1", 1)
	must(t, err)
	give()
	stop()
	group.Wait()
	if len(m.lines) != 0 || len(m.cores) != 0 || len(m.shares) != 0 {
		t.Errorf("%d lines, %d cores, %d shares are kept", len(m.lines), len(m.cores), len(m.shares))
	}
}
