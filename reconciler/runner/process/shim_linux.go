package process

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// self is this very binary, also when the file has been replaced since.
func self() string { return "/proc/self/exe" }

// possible says at once what need not be tried.
func possible(level Level) error {
	if level.ownUser() && os.Geteuid() != 0 {
		return errors.New("needs root")
	}
	if level == UserNamespace && os.Geteuid() == 0 {
		return errors.New("is for other users than root, who may change the kernel's settings even without capabilities")
	}
	return nil
}

// attributes are how a shim is started.
func attributes(level Level) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if level.separate() {
		attr.Cloneflags = unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWIPC
	}
	if level == UserNamespace {
		attr.Cloneflags |= unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP}
	}
	return attr
}

// commandAttributes are how a shim starts the command.
func commandAttributes(order order) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if order.Level.ownUser() {
		attr.Credential = &syscall.Credential{Uid: uint32(order.User), Gid: uint32(order.User), Groups: []uint32{uint32(order.Group)}}
	}
	return attr
}

// shimOOMScore makes the kernel end a Run before it ends Assay, when memory is short.
const shimOOMScore = "500"

// confine takes from this process what the Run must not have. What it starts from now on inherits that.
func confine(order order) error {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte(shimOOMScore), 0) // a wish: some sandboxes have no such file
	if err := unix.CloseRange(eventsFD+1, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC); err != nil && !errors.Is(err, unix.ENOSYS) {
		return fmt.Errorf("close inherited files: %w", err)
	}
	if order.Level.separate() {
		if err := arrange(order); err != nil {
			return err
		}
	} else if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt orphans: %w", err)
	}
	// A session keyring of its own; where there are no keyrings at all, there is nothing to keep away.
	_, _ = unix.KeyctlJoinSessionKeyring("")
	syscall.Umask(umask(order.Level))
	if err := limitProcesses(order.Limits); err != nil {
		return err
	}
	if err := limit(unix.RLIMIT_NPROC, order.Limits.Processes); err != nil {
		return fmt.Errorf("limit processes: %w", err)
	}
	if err := dropPrivileges(); err != nil {
		return err
	}
	// A process of the same user could otherwise read what the shim knows, and trace it.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("keep others from tracing the shim: %w", err)
	}
	return nil
}

// umask lets a Run's own group write what it writes, where that group is what shares a cache.
func umask(level Level) int {
	if level.ownUser() {
		return 0o002
	}
	return 0o022
}

// dropPrivileges makes sure that nothing that this thread starts ever gains a right, whatever it executes.
func dropPrivileges() error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("drop ambient capabilities: %w", err)
	}
	for capability := uintptr(0); ; capability++ {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EPERM) {
			break // the last one is dropped, or this process has none to give away
		}
		if err != nil {
			return fmt.Errorf("drop capability %d: %w", capability, err)
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var own [2]unix.CapUserData
	if err := unix.Capget(&header, &own[0]); err != nil {
		return fmt.Errorf("read capabilities: %w", err)
	}
	own[0].Inheritable, own[1].Inheritable = 0, 0
	if err := unix.Capset(&header, &own[0]); err != nil {
		return fmt.Errorf("drop inheritable capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	return nil
}
