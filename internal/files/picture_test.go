package files

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"os"
	"sync"
	"testing"
)

// EXIF's eight orientations bring the same corner to the upper left.
func TestAPhotographStandsUpright(t *testing.T) {
	upside := painting(60, 40, true)
	for turn := 1; turn <= 8; turn++ {
		for _, kind := range []string{"sampled 4:2:0", "RGBA"} {
			var lying image.Image = lay(upside, turn)
			if kind == "sampled 4:2:0" {
				decoded, err := jpeg.Decode(bytes.NewReader(jpegOf(lying)))
				must(t, err)
				lying = decoded
			}
			got := upright(lying, turn)
			if b := got.Bounds(); b.Dx() != 60 || b.Dy() != 40 {
				t.Fatalf("%s, %d: %v", kind, turn, b)
			}
			for _, p := range []image.Point{{3, 3}, {56, 3}, {3, 36}, {56, 36}} {
				r, g, _, _ := got.At(p.X, p.Y).RGBA()
				wr, wg, _, _ := upside.At(p.X, p.Y).RGBA()
				if far(r, wr) || far(g, wg) {
					t.Errorf("%s, %d: at %v it is %d %d, not %d %d", kind, turn, p, r>>8, g>>8, wr>>8, wg>>8)
				}
			}
		}
	}
}

func far(a, b uint32) bool { return max(a, b)-min(a, b) > 0x1800 }

// lay is the picture as a camera that was held so keeps it: the reverse of upright.
func lay(i image.Image, turn int) *image.NRGBA {
	b := i.Bounds()
	w, h := turned(b.Dx(), b.Dy(), turn)
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			toX, toY := turnPoint(x, y, w, h, turn)
			out.Set(x, y, i.At(toX, toY))
		}
	}
	return out
}

func TestThumbnailsKeepTheirShapeAndWhatShowsThrough(t *testing.T) {
	for _, c := range []struct {
		name         string
		data         []byte
		w, h         int
		media, small string
		thumbnail    bool
	}{
		{"small enough itself", pngOf(painting(480, 20, true)), 0, 0, mediaPNG, "", false},
		{"a photograph", jpegOf(painting(1500, 1000, true)), 480, 320, mediaJPEG, "jpeg", true},
		{"upright", jpegOf(painting(500, 1100, true)), 218, 480, mediaJPEG, "jpeg", true},
		{"a hair", pngOf(painting(3000, 1, true)), 480, 1, mediaPNG, "jpeg", true},
		{"with something behind it", pngOf(painting(600, 600, false)), 480, 480, mediaPNG, "png", true},
		{"a GIF that moves", gifOf(3), 480, 240, mediaGIF, "jpeg", true},
	} {
		s, _ := onDisk(t)
		taken, err := take(s, context.Background(), anID, "x", bytes.NewReader(c.data), limit)
		if err != nil || taken.MediaType != c.media || taken.Thumbnail != c.thumbnail {
			t.Errorf("%s: %+v %v", c.name, taken, err)
			continue
		}
		if !c.thumbnail {
			continue
		}
		got, kind, err := image.DecodeConfig(bytes.NewReader(read(t, s, anID, true)))
		if err != nil || got.Width != c.w || got.Height != c.h || kind != c.small {
			t.Errorf("%s: the thumbnail is a %s of %dx%d, %v", c.name, kind, got.Width, got.Height, err)
		}
	}
}

// WebP is read and never written: what comes out is what every program can show.
func TestAWebPBecomesAPictureThatEverybodyReads(t *testing.T) {
	for name, c := range map[string]struct{ data, media, called string }{
		"lossy":    {"UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA", mediaJPEG, "a.webp.jpg"},
		"lossless": {"UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==", mediaPNG, "a.webp.png"},
	} {
		data, err := base64.StdEncoding.DecodeString(c.data)
		must(t, err)
		s, _ := onDisk(t)
		taken, err := take(s, context.Background(), anID, "a.webp", bytes.NewReader(data), limit)
		if err != nil || taken.MediaType != c.media || taken.Name != c.called || taken.Width != 1 {
			t.Errorf("%s: %+v %v", name, taken, err)
		}
	}
}

// A moving GIF keeps its frames and their times, and loses what else it carried.
func TestAMovingPictureGoesOnMovingAndSaysNothingElse(t *testing.T) {
	s, _ := onDisk(t)
	data := gifOf(4)
	comment := []byte("!\xfe\x10the owner's name\x00")
	data = bytes.Join([][]byte{data[:len(data)-1], comment, []byte(";"), []byte("<script>alert(1)</script>")}, nil)
	_, err := take(s, context.Background(), anID, "a.gif", bytes.NewReader(data), limit)
	must(t, err)
	out := read(t, s, anID, false)
	g, err := gif.DecodeAll(bytes.NewReader(out))
	if err != nil || len(g.Image) != 4 || g.Delay[2] != 7 {
		t.Fatalf("%v", err)
	}
	if bytes.Contains(out, []byte("owner")) || bytes.Contains(out, []byte("script")) {
		t.Error("it still says what it carried")
	}
}

func TestAPictureOfMetadataKeepsNoneOfIt(t *testing.T) {
	chunk := func(kind, body string) []byte {
		out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		out = append(out, kind+body...)
		return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE([]byte(kind+body)))
	}
	plain := pngOf(painting(20, 20, true))
	text := bytes.Join([][]byte{plain[:33], chunk("tEXt", "Location\x00here"), plain[33:]}, nil)
	segment := func(marker byte, body string) []byte {
		return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
	}
	photo := jpegOf(painting(20, 20, true))
	for name, c := range map[string]struct {
		data []byte
		kind string
	}{
		"text of a PNG":         {text, mediaPNG},
		"XMP of a JPEG":         {bytes.Join([][]byte{photo[:2], segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<here/>"), photo[2:]}, nil), mediaJPEG},
		"a comment of a JPEG":   {bytes.Join([][]byte{photo[:2], segment(0xfe, "taken here"), photo[2:]}, nil), mediaJPEG},
		"IPTC of a JPEG":        {bytes.Join([][]byte{photo[:2], segment(0xed, "Photoshop 3.0\x00here"), photo[2:]}, nil), mediaJPEG},
		"bytes behind a JPEG":   {append(bytes.Clone(photo), "PK\x03\x04 here"...), mediaJPEG},
		"a profile of a camera": {bytes.Join([][]byte{photo[:2], segment(0xe2, "ICC_PROFILE\x00\x01\x01here"), photo[2:]}, nil), mediaJPEG},
	} {
		s, _ := onDisk(t)
		taken, err := take(s, context.Background(), anID, "x", bytes.NewReader(c.data), limit)
		if err != nil || taken.MediaType != c.kind {
			t.Errorf("%s: %+v %v", name, taken, err)
			continue
		}
		if bytes.Contains(read(t, s, anID, false), []byte("here")) {
			t.Errorf("%s stays", name)
		}
	}
}

// Pictures wait for each other's memory, and whoever gives up gives nothing to hold.
func TestPicturesShareTheMemory(t *testing.T) {
	m := newMemory()
	whole, err := m.take(context.Background(), "", maxCost)
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := m.take(ctx, "", shareBytes); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		})
	}
	stop()
	group.Wait()
	whole()
	for range 3 {
		give, err := m.take(context.Background(), "", maxCost-1)
		must(t, err)
		give()
	}
}

// What a header says decides before anything is decoded, and by memory, not by size alone.
func TestAHeaderThatAsksForTooMuchIsRefused(t *testing.T) {
	sof := func(marker byte, w, h uint16, samplings ...byte) []byte {
		out := []byte{0xff, 0xd8, 0xff, marker, 0, byte(8 + 3*len(samplings)), 8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(len(samplings))}
		for i, s := range samplings {
			out = append(out, byte(i), s, 0)
		}
		return append(out, 0xff, 0xd9)
	}
	png16 := func(w, h uint32) []byte { d := declared(w, h); d[24], d[25] = 16, 6; return d }
	frames := func(n int, w, h uint16) []byte {
		out := []byte("GIF89a\x10\x00\x10\x00\x00\x00\x00")
		for range n {
			out = append(out, ',', 0, 0, 0, 0, byte(w), byte(w>>8), byte(h), byte(h>>8), 0, 2, 0)
		}
		return append(out, ';')
	}
	for _, c := range []struct {
		name, kind string
		data       []byte
		want       error
	}{
		{"a phone's 48 million", mediaJPEG, sof(0xc0, 8064, 6048, 0x22, 0x11, 0x11), nil},
		{"51 million", mediaJPEG, sof(0xc0, 8064, 6400, 0x22, 0x11, 0x11), errTooMuch},
		{"progressive, 24 million", mediaJPEG, sof(0xc2, 6000, 4000, 0x22, 0x11, 0x11), nil},
		{"progressive, 48 million", mediaJPEG, sof(0xc2, 8064, 6048, 0x22, 0x11, 0x11), errTooMuch},
		{"two frames in one", mediaJPEG, append(sof(0xc0, 10, 10, 0x11)[:15], sof(0xc0, 8000, 6000, 0x11)[2:]...), errNoPicture},
		{"a side too long", mediaPNG, declared(20_001, 1), errTooMuch},
		{"8 bits of 40 million", mediaPNG, declared(8000, 5000), nil},
		{"16 bits of 40 million", mediaPNG, png16(8000, 5000), errTooMuch},
		{"no pixels", mediaPNG, declared(0, 10), errNoPicture},
		{"frames over frames", mediaGIF, frames(500, 1000, 1000), errTooMuch},
		{"too many small frames", mediaGIF, frames(maxFrames+1, 1, 1), errTooMuch},
		{"some frames", mediaGIF, frames(100, 1000, 1000), nil},
	} {
		f, err := os.CreateTemp(t.TempDir(), "x")
		must(t, err)
		_, err = f.Write(c.data)
		must(t, err)
		if s, err := surveyOf(f, c.kind); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %+v %v", c.name, s, err)
		}
		_ = f.Close()
	}
}
