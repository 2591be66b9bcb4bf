package process

import (
	"errors"
	"os"
	"syscall"
)

// self is this very binary.
func self() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

func possible(level Level) error {
	if level != None {
		return errors.New("needs Linux")
	}
	return nil
}

func attributes(Level) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func commandAttributes(order) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func confine(order order) error { return limitProcesses(order.Limits) }

func terminateTree(group int) { _ = syscall.Kill(-group, syscall.SIGTERM) }

func killTree(group int) { _ = syscall.Kill(-group, syscall.SIGKILL) }

// sweep finds nothing: only the process group is known, and the shim has ended that.
func sweep(Level, int, string) error { return nil }

// identify knows no start times here, and never takes a process for one of the journal's. A shim ends with Assay, so that there is nothing
// to find again.
func identify(int) (identity, error) { return identity{}, nil }

func gone(identity) error { return nil }

type group struct{ dirs []string }

// newGroup bounds nothing: control groups need Linux.
func newGroup(_ string, limits groupLimits) (g *group, missing []string) {
	if limits.Memory > 0 {
		missing = append(missing, "memory")
	}
	if limits.MilliCPU > 0 {
		missing = append(missing, "cpu")
	}
	return &group{}, missing
}

func (*group) add(int) error { return nil }

func (*group) outOfMemory() bool { return false }

func (*group) remove() {}
