package stack

import "syscall"

// endWithParent has the kernel kill a child when the thread that started it is gone.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
