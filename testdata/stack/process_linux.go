package stack

import "syscall"

// endWithParent has the kernel kill a child when the thread that started it is gone.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// inNamespaces has a child see no processes but its own children, and gives it mounts and a network of its own. When it ends, however it
// does, the kernel kills all of them, and takes mounts and network away.
func inNamespaces() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true,
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS}
}
