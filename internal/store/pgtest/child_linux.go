package pgtest

import (
	"os/exec"
	"runtime"
	"syscall"
)

// StartChild starts a process that the kernel ends if this one is killed, so that
// no server outlives a test run that had no time to tidy up. The kernel watches
// the thread, not the process: the thread stays until the child has ended.
func StartChild(command *exec.Cmd) (ended <-chan struct{}, err error) {
	started, done := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		attributes := *command.SysProcAttr
		attributes.Pdeathsig = syscall.SIGQUIT
		command.SysProcAttr = &attributes
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait()
		}
	}()
	return done, <-started
}
