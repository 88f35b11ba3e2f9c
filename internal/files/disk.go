package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"countersign/internal/chat"
)

// disk is a directory with a folder for every two last characters of an id.
type disk struct{ dir string }

func (d *disk) path(key string) string { return filepath.Join(d.dir, filepath.FromSlash(key)) }

// Put renames, and makes the rename durable: the file itself was synced before.
func (d *disk) Put(_ context.Context, key, path, _ string) error {
	to := d.path(key)
	folder := filepath.Dir(to)
	_, err := os.Stat(folder)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	if err := os.Rename(path, to); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	if err := syncFolder(folder); err != nil {
		return err
	}
	if fresh {
		return syncFolder(d.dir)
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // made of our own directory and an id of ours
	if err != nil {
		return fmt.Errorf("files: %w", err)
	}
	defer func() { _ = folder.Close() }()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrInvalid) {
		return fmt.Errorf("files: %w", err)
	}
	return nil
}

func (d *disk) Open(_ context.Context, key string) (io.ReadSeekCloser, error) {
	f, err := os.Open(d.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, chat.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	return f, nil
}

func (d *disk) Remove(_ context.Context, key string) error {
	err := os.Remove(d.path(key))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("files: %w", err)
	}
	return nil
}

func (d *disk) Each(ctx context.Context, visit func(key string, since time.Time) error) error {
	err := filepath.WalkDir(d.dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone while we walk
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case entry.IsDir() && entry.Name() == spoolFolder && filepath.Dir(path) == d.dir:
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // gone while we walk
		}
		key, err := filepath.Rel(d.dir, path)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(key), info.ModTime())
	})
	if err != nil {
		return fmt.Errorf("files: walk: %w", err)
	}
	return nil
}

// Check tries whether a file can be made; a directory that is not there yet is fine.
func (d *disk) Check(context.Context) (string, error) {
	where := "the directory " + d.dir
	info, err := os.Stat(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return where, nil
	}
	if err != nil {
		return where, err
	}
	if !info.IsDir() {
		return where, fmt.Errorf("%s is not a directory", d.dir)
	}
	probe, err := os.CreateTemp(d.dir, ".probe-*")
	if err != nil {
		return where, err
	}
	_ = probe.Close()
	return where, os.Remove(probe.Name())
}
