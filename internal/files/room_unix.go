//go:build linux || darwin || freebsd

package files

import (
	"errors"
	"syscall"
)

// freeBytes is what a process like ours may still write to the disk of a directory.
func freeBytes(dir string) (free uint64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return uint64(s.Bavail) * uint64(s.Bsize), true //nolint:gosec,unconvert // their types differ by system
}

// isFull says whether the disk, or what we may use of it, is full.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
