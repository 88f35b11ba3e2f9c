package files

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"countersign/internal/chat"
)

const (
	// ThumbnailSide is the longest side of a thumbnail, in pixels. A smaller picture is
	// its own.
	ThumbnailSide = 480
	quality       = 88
	thumbQuality  = 80
)

// picture is a raster picture made anew: files of the spool, whole and durable.
type picture struct {
	mediaType     string
	path, thumb   string // thumb is empty where the picture is small enough itself
	size          int64
	width, height int
}

func (p *picture) discard() {
	for _, path := range []string{p.path, p.thumb} {
		if path != "" {
			_ = os.Remove(path) // fails for one that was moved to its place
		}
	}
}

// picture makes a file anew if it is a raster picture; nil if it is something else. With
// its thumbnail it takes at most so many bytes: a few can decode to what takes many more.
func (s *Shelf) picture(ctx context.Context, f *os.File, network string, most int64) (*picture, error) {
	head, err := headOf(f)
	if err != nil {
		return nil, err
	}
	kind := raster(head)
	if kind == "" {
		return nil, nil //nolint:nilnil // no picture is an answer
	}
	found, err := surveyOf(f, kind)
	switch {
	case errors.Is(err, errNoPicture):
		return nil, nil //nolint:nilnil // it only begins like one: a download
	case errors.Is(err, errTooMuch):
		return nil, fmt.Errorf("%w: the picture is too large to be opened safely; make it smaller", chat.ErrFileRefused)
	case err != nil:
		return nil, fmt.Errorf("files: %w", err)
	}
	give, err := s.memory.take(ctx, network, max(min(found.cost+found.turning, maxCost), 1))
	if err != nil {
		return nil, err
	}
	defer give()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	decoded, moving, err := decode(bufio.NewReaderSize(f, 64<<10), kind)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // it lies about what it is: a download
	}
	if moving == nil {
		decoded = upright(decoded, found.turn)
	}
	return s.remake(decoded, moving, kind, most)
}

// decode reads the pixels. A GIF of several frames comes whole, with its first frame on
// the canvas as the still picture.
func decode(r io.Reader, kind string) (still image.Image, moving *gif.GIF, err error) {
	switch kind {
	case mediaJPEG:
		still, err = jpeg.Decode(r)
	case mediaPNG:
		still, err = png.Decode(r)
	case mediaWebP:
		still, err = webp.Decode(r)
	default:
		if moving, err = gif.DecodeAll(r); err != nil {
			return nil, nil, err
		}
		canvas := image.NewNRGBA(image.Rect(0, 0, moving.Config.Width, moving.Config.Height))
		draw.Draw(canvas, moving.Image[0].Bounds(), moving.Image[0], moving.Image[0].Bounds().Min, draw.Src)
		still = canvas
	}
	return still, moving, err
}

// remake writes the picture and its thumbnail: nothing but pixels goes over.
func (s *Shelf) remake(still image.Image, moving *gif.GIF, kind string, most int64) (p *picture, err error) {
	bounds := still.Bounds()
	p = &picture{width: bounds.Dx(), height: bounds.Dy(), mediaType: kind}
	defer func() {
		if err != nil {
			p.discard()
			p = nil
		}
	}()
	write := func(w io.Writer) error { return gif.EncodeAll(w, frames(moving)) }
	if moving == nil {
		p.mediaType = stillType(still, kind)
		write = func(w io.Writer) error { return encode(w, still, p.mediaType, quality) }
	}
	if p.path, p.size, err = s.write(write, most); err != nil {
		return p, err
	}
	if max(p.width, p.height) <= ThumbnailSide {
		return p, nil
	}
	small := shrink(still)
	p.thumb, _, err = s.write(func(w io.Writer) error { return encode(w, small, stillType(small, mediaJPEG), thumbQuality) }, most-p.size)
	return p, err
}

// frames is a GIF of its frames, their times and how often they repeat; comments and
// what programs left in it stay behind.
func frames(g *gif.GIF) *gif.GIF {
	return &gif.GIF{Image: g.Image, Delay: g.Delay, LoopCount: g.LoopCount, Disposal: g.Disposal, Config: image.Config{
		ColorModel: g.Config.ColorModel, Width: g.Config.Width, Height: g.Config.Height,
	}, BackgroundIndex: g.BackgroundIndex}
}

// stillType is as what a still picture is written. A WebP becomes a JPEG, or a PNG if
// something shows through it: the standard library writes no WebP.
func stillType(i image.Image, kind string) string {
	opaque, known := i.(interface{ Opaque() bool })
	if kind == mediaPNG || known && !opaque.Opaque() {
		return mediaPNG
	}
	return mediaJPEG
}

func encode(w io.Writer, i image.Image, mediaType string, quality int) error {
	if mediaType == mediaPNG {
		return png.Encode(w, i)
	}
	return jpeg.Encode(w, i, &jpeg.Options{Quality: quality})
}

// bounded takes so many bytes and no more.
type bounded struct {
	io.Writer
	left int64
}

func (b *bounded) Write(data []byte) (int, error) {
	if b.left -= int64(len(data)); b.left < 0 {
		return 0, fmt.Errorf("%w: made anew, the picture takes too much room; make it smaller", chat.ErrFileRefused)
	}
	return b.Writer.Write(data)
}

// write spools what write makes, durably, if it is no more than most bytes.
func (s *Shelf) write(write func(io.Writer) error, most int64) (path string, size int64, err error) {
	f, err := os.CreateTemp(s.spool, "out-*")
	if err != nil {
		return "", 0, fmt.Errorf("files: spool: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	buffered := bufio.NewWriterSize(&bounded{f, most}, 64<<10)
	if err = write(buffered); err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return "", 0, fmt.Errorf("files: write a picture: %w", err)
	}
	if size, err = f.Seek(0, io.SeekCurrent); err != nil {
		return "", 0, fmt.Errorf("files: %w", err)
	}
	return filepath.Clean(f.Name()), size, settle(f)
}
