package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"countersign/internal/chat"
)

// A place belongs to the installation that put the first file there, and says so under
// this name. Two that shared one would each sweep away, as bytes that no row of theirs
// names, what the other keeps.
const ownerKey = "owner"

var errOthers = errors.New("it belongs to another installation: each needs a directory, or a bucket and prefix, of its own")

// Of says whose files these are.
func (s *Shelf) Of(installation string) *Shelf {
	s.of = installation
	return s
}

// owner is whose place it is; empty if nobody has put anything there.
func (s *Shelf) owner(ctx context.Context) (string, error) {
	f, err := s.place.Open(ctx, ownerKey)
	if errors.Is(err, chat.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, 200))
	if err != nil {
		return "", fmt.Errorf("files: read whose place it is: %w", err)
	}
	return string(text), nil
}

// own makes sure that the place is ours before anything is put there.
func (s *Shelf) own(ctx context.Context) error {
	if s.of == "" || s.owned.Load() {
		return nil
	}
	of, err := s.owner(ctx)
	switch {
	case err != nil:
		return err
	case of != "" && of != s.of:
		return fmt.Errorf("files: %w", errOthers)
	case of == "":
		if err := s.sign(ctx); err != nil {
			return err
		}
	}
	s.owned.Store(true)
	return nil
}

func (s *Shelf) sign(ctx context.Context) error {
	f, err := os.CreateTemp(s.spool, "owner-*")
	if err != nil {
		return fmt.Errorf("files: spool: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if _, err := io.WriteString(f, s.of); err != nil {
		_ = f.Close()
		return fmt.Errorf("files: %w", err)
	}
	if err := settle(f); err != nil {
		return err
	}
	return s.place.Put(ctx, ownerKey, f.Name(), mediaText)
}
