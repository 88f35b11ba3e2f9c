//go:build !linux

package pgtest

import "os/exec"

// StartChild starts a process and says when it has ended.
func StartChild(command *exec.Cmd) (ended <-chan struct{}, err error) {
	done := make(chan struct{})
	if err := command.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(done)
		_ = command.Wait()
	}()
	return done, nil
}
