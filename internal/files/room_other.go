//go:build !linux && !darwin && !freebsd

package files

func freeBytes(string) (free uint64, known bool) { return 0, false }

func isFull(error) bool { return false }
