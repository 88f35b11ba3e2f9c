// Package files keeps the bytes of attachments, and decides what may be shown of them.
//
// What a file is, its content says: never its name, nor what its sender calls it. A
// raster picture (JPEG, PNG, GIF, WebP) is decoded and made anew, so that nothing of the
// sender's bytes is ever shown: no place where it was taken, no script behind a
// picture's end. Everything else is kept as it came and is a download only. A picture
// that costs too much to decode is refused before anybody tries.
//
// Bytes lie under the id of their row, in a directory or in a bucket; the sender's name
// is no part of any path. A file is whole and durable before it can be opened.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"countersign/internal/chat"
)

// place keeps whole files under names that keyOf made.
type place interface {
	// Put moves a closed file of the spool to its place. Afterwards it is durable.
	Put(ctx context.Context, key, path, mediaType string) error
	// Open answers chat.ErrNotFound if there is none.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	// Remove is fine with a file that is not there.
	Remove(ctx context.Context, key string) error
	// Each visits every key with the time since which it is there.
	Each(ctx context.Context, visit func(key string, since time.Time) error) error
	// Check says whether files can be kept now, in an operator's words.
	Check(ctx context.Context) (where string, err error)
}

// Shelf keeps files. It satisfies chat.Shelf.
type Shelf struct {
	place   place
	spool   string // directory of what is still coming in
	reserve uint64 // bytes that stay free on the spool's disk
	room    func(dir string) (free uint64, known bool)
	memory  *memory
	coming  atomic.Int64 // bytes that files which come in now may take
	of      string       // installation; empty: anybody's
	owned   atomic.Bool  // it was seen to be ours
}

// claimed is how many times its limit a file may take of the disk while it comes in: as it
// came, made anew, and its thumbnail.
const claimed = 3

// DefaultReserve of the disk stays free: uploads are refused before anything else is.
const DefaultReserve = 512 << 20

// spoolFolder beside the files of a directory: on the same disk, so that a file moves to
// its place by one rename.
const spoolFolder = "incoming"

// OnDisk keeps files in a directory, which is made when the first one comes.
func OnDisk(dir string) *Shelf {
	return newShelf(&disk{dir: dir}, filepath.Join(dir, spoolFolder))
}

func newShelf(p place, spool string) *Shelf {
	return &Shelf{place: p, spool: spool, reserve: DefaultReserve, room: freeBytes, memory: newMemory()}
}

var errID = errors.New("files: no id of a file")

// keyOf is the name under which a file lies; the thumbnail's is beside it. Ids are
// ours: anything else is refused, so that no name can lead elsewhere.
func keyOf(id string, thumbnail bool) (string, error) {
	if len(id) < 8 || len(id) > 64 || !strings.HasPrefix(id, "fil_") || strings.ContainsFunc(id[4:], func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}) {
		return "", errID
	}
	key := id[len(id)-2:] + "/" + id // the last characters are random: folders fill evenly
	if thumbnail {
		key += thumbnailEnd
	}
	return key, nil
}

const thumbnailEnd = ".thumb"

// idOf is the reverse of keyOf; empty for what is no file of ours.
func idOf(key string) string {
	_, name, _ := strings.Cut(key, "/")
	id := strings.TrimSuffix(name, thumbnailEnd)
	if again, err := keyOf(id, id != name); err != nil || again != key {
		return ""
	}
	return id
}

// Take reads a file to its end and keeps it under the id. Its name is cleaned, and for a
// picture ends as its kind is called. Nothing is kept unless the error is nil.
func (s *Shelf) Take(ctx context.Context, id string, in chat.Incoming, limit int64) (chat.Taken, error) {
	key, err := keyOf(id, false)
	if err != nil {
		return chat.Taken{}, err
	}
	if err := os.MkdirAll(s.spool, 0o700); err != nil {
		return chat.Taken{}, s.full(fmt.Errorf("files: make the spool: %w", err))
	}
	if err := s.own(ctx); err != nil {
		return chat.Taken{}, s.full(err)
	}
	claim := limit * claimed
	defer s.coming.Add(-claim)
	if free, known := s.room(s.spool); s.coming.Add(claim) > 0 && known && free < s.reserve+uint64(s.coming.Load()) { //nolint:gosec // what comes in is not negative
		return chat.Taken{}, fmt.Errorf("%w: %d MB are free, %d MB stay free", chat.ErrShelfFull, free>>20, s.reserve>>20)
	}
	came, err := os.CreateTemp(s.spool, "in-*")
	if err != nil {
		return chat.Taken{}, s.full(fmt.Errorf("files: spool: %w", err))
	}
	defer func() { _ = came.Close(); _ = os.Remove(came.Name()) }()
	size, err := receive(came, in.Body, limit)
	if err != nil {
		return chat.Taken{}, s.full(err)
	}
	taken := chat.Taken{Name: in.Name, Size: size}
	picture, err := s.picture(ctx, came, in.Network, claim-limit)
	switch {
	case err != nil:
		return chat.Taken{}, s.full(err)
	case picture != nil:
		defer picture.discard()
		taken.MediaType, taken.Size, taken.Width, taken.Height, taken.Thumbnail = picture.mediaType, picture.size, picture.width, picture.height, picture.thumb != ""
		err = s.shelve(ctx, id, picture.path, picture.thumb, taken.MediaType)
	default:
		if taken.MediaType, err = recognise(came); err == nil {
			if err = settle(came); err == nil {
				err = s.place.Put(ctx, key, came.Name(), taken.MediaType)
			}
		}
	}
	if err != nil {
		return chat.Taken{}, s.full(err)
	}
	taken.Name = CleanName(in.Name, taken.MediaType, taken.Width > 0)
	return taken, nil
}

func (s *Shelf) shelve(ctx context.Context, id, path, thumb, mediaType string) error {
	key, err := keyOf(id, false)
	if err != nil {
		return err
	}
	if thumb != "" { // first: a picture is there with its thumbnail or not at all
		if err := s.place.Put(ctx, key+thumbnailEnd, thumb, mediaType); err != nil {
			return err
		}
	}
	if err := s.place.Put(ctx, key, path, mediaType); err != nil {
		_ = s.place.Remove(ctx, key+thumbnailEnd) // the sweep takes what stays
		return err
	}
	return nil
}

// full tells a full disk from a broken one.
func (s *Shelf) full(err error) error {
	if isFull(err) {
		return fmt.Errorf("%w: %w", chat.ErrShelfFull, err)
	}
	return err
}

// receive copies at most limit bytes, and says so when there are more or none.
func receive(to *os.File, from io.Reader, limit int64) (int64, error) {
	n, err := io.Copy(to, io.LimitReader(from, limit+1))
	switch {
	case err != nil:
		return 0, err
	case n > limit:
		return 0, fmt.Errorf("%w: %d MB is the most", chat.ErrFileTooLarge, limit>>20)
	case n == 0:
		return 0, fmt.Errorf("%w: it is empty", chat.ErrFileRefused)
	}
	return n, nil
}

// settle makes a spooled file durable.
func settle(f *os.File) error {
	if err := f.Sync(); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	return f.Close()
}

// Open opens a file, or its thumbnail; chat.ErrNotFound if its bytes are gone.
func (s *Shelf) Open(ctx context.Context, id string, thumbnail bool) (io.ReadSeekCloser, error) {
	key, err := keyOf(id, thumbnail)
	if err != nil {
		return nil, chat.ErrNotFound
	}
	return s.place.Open(ctx, key)
}

// Drop takes a file and its thumbnail away. One that is not there is fine.
func (s *Shelf) Drop(ctx context.Context, id string) error {
	key, err := keyOf(id, false)
	if err != nil {
		return err
	}
	return errors.Join(s.place.Remove(ctx, key+thumbnailEnd), s.place.Remove(ctx, key))
}

// Each visits the id of every file that is kept, with the time since which it is; a
// picture with a thumbnail twice. It is for whoever may take them away, so it shows
// nothing of a place that is another installation's.
func (s *Shelf) Each(ctx context.Context, visit func(id string, since time.Time) error) error {
	switch of, err := s.owner(ctx); {
	case err != nil:
		return err
	case of != s.of && s.of != "":
		return nil // nobody has put anything there yet, or somebody else has
	}
	return s.place.Each(ctx, func(key string, since time.Time) error {
		if id := idOf(key); id != "" {
			return visit(id, since)
		}
		return nil
	})
}

// maxSpooled is how long an upload can take; what lies in the spool longer was left by
// a process that died.
const maxSpooled = time.Hour

// Tidy empties the spool of what a crash left.
func (s *Shelf) Tidy(now time.Time) error {
	list, err := os.ReadDir(s.spool)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("files: tidy: %w", err)
	}
	for _, entry := range list {
		info, err := entry.Info()
		if err == nil && now.Sub(info.ModTime()) > maxSpooled {
			_ = os.Remove(filepath.Join(s.spool, entry.Name()))
		}
	}
	return nil
}

// Check says where files lie and whether they can be kept now, in an operator's words.
func (s *Shelf) Check(ctx context.Context) (where string, free uint64, err error) {
	where, err = s.place.Check(ctx)
	if of, ownErr := s.owner(ctx); err == nil && ownErr == nil && of != "" && s.of != "" && of != s.of {
		err = errOthers
	}
	dir := s.spool
	for dir != "." && dir != "/" {
		if _, statErr := os.Stat(dir); statErr == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	free, known := s.room(dir)
	if err == nil && known && free < s.reserve {
		err = fmt.Errorf("%w: %d MB are free, and files are refused below %d MB", chat.ErrShelfFull, free>>20, s.reserve>>20)
	}
	return where, free, err
}
