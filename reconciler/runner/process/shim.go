//go:build linux || darwin

package process

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// shimName is what lists of processes show.
	shimName = "assay-run"
	// shimMark is in the environment of shims, and as probeMark in that of the command that New tries.
	shimMark, probeMark = "ASSAY_SHIM", "probe"
	// The shim's ends of the two pipes to Assay.
	ordersFD, eventsFD = 3, 4
)

// Main turns this process into the shim of a Run, and never returns, if a Runner has started it for that; otherwise it does nothing. A
// shim isolates itself, starts the Run's command, and stays: it reaps orphans, and takes the whole tree with it when the command ends,
// when Assay says so, and when Assay dies.
func Main() {
	switch os.Getenv(shimMark) {
	case "":
		return
	case probeMark:
		leave() // that it started is all that matters
	}
	// User, capabilities, and the signal that a parent's death sends are a thread's own on Linux.
	runtime.LockOSThread()
	syscall.CloseOnExec(ordersFD)
	syscall.CloseOnExec(eventsFD)
	s := shim{orders: bufio.NewReader(os.NewFile(ordersFD, "orders")), events: json.NewEncoder(os.NewFile(eventsFD, "events"))}
	s.run()
	leave()
}

// leave ends this process at once. os.Exit would first do what the program does at its end, which is none of a shim's business, and
// takes a second where races are detected.
func leave() { syscall.Exit(0) }

type shim struct {
	orders *bufio.Reader
	events *json.Encoder
}

// report cannot fail in a way that matters: without Assay at the other end, the shim is about to end.
func (s *shim) report(o outcome) { _ = s.events.Encode(o) }

func (s *shim) run() {
	line, err := s.orders.ReadBytes('\n')
	if err != nil {
		return // Assay is gone already
	}
	var order order
	if err := json.Unmarshal(line, &order); err != nil {
		s.report(outcome{Broken: err.Error()})
		return
	}
	if err := confine(order); err != nil {
		s.report(outcome{Broken: err.Error()})
		return
	}
	pid, err := launch(order)
	if err != nil {
		s.report(outcome{Refused: err.Error()})
		return
	}
	s.report(outcome{Started: time.Now()})
	go s.obey(pid)
	s.report(outcome{Exit: reap(pid)})
	killTree(pid)
}

// obey asks the processes to end when Assay says so, and kills them when Assay is gone.
func (s *shim) obey(pid int) {
	for {
		if _, err := s.orders.ReadByte(); err != nil {
			killTree(pid)
			leave()
		}
		terminateTree(pid)
	}
}

// reap waits for every child, orphans included, until the command has ended.
func reap(pid int) *exit {
	for {
		var status syscall.WaitStatus
		child, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return nil
		case child == pid && status.Signaled():
			return &exit{Signal: int(status.Signal())}
		case child == pid && status.Exited():
			return &exit{Code: status.ExitStatus()}
		}
	}
}

// launch starts the command. Its errors are for the author of the Suite.
func launch(order order) (pid int, err error) {
	if info, err := os.Stat(order.Dir); err != nil || !info.IsDir() {
		return 0, errors.New("the working directory does not exist: no file of the Suite lies in it")
	}
	program, err := lookUp(order)
	if err != nil {
		return 0, err
	}
	pid, err = syscall.ForkExec(program, order.Argv, &syscall.ProcAttr{
		Dir: order.Dir, Env: order.Env, Files: []uintptr{0, 1, 2}, Sys: commandAttributes(order),
	})
	switch {
	case errors.Is(err, syscall.ENOENT):
		return 0, fmt.Errorf("start %s: the interpreter in its #! line, or a library that it needs, does not exist", order.Argv[0])
	case errors.Is(err, syscall.EACCES):
		return 0, fmt.Errorf("start %s: permission denied: the run's user must be able to execute it, and to enter %s", order.Argv[0], order.Dir)
	case errors.Is(err, syscall.ENOEXEC):
		return 0, fmt.Errorf("start %s: it is no program for this machine, and has no #! line", order.Argv[0])
	case err != nil:
		return 0, fmt.Errorf("start %s: %w", order.Argv[0], err)
	}
	return pid, nil
}

// lookUp finds the program as a shell would, in the Run's own PATH.
func lookUp(order order) (string, error) {
	name := order.Argv[0]
	if strings.Contains(name, "/") {
		full := name
		if !filepath.IsAbs(name) {
			full = filepath.Join(order.Dir, name)
		}
		if _, err := os.Stat(full); err != nil {
			return "", fmt.Errorf("start %s: it does not exist", name)
		}
		return name, nil
	}
	path := ""
	for _, variable := range order.Env {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		full := filepath.Join(dir, name)
		if info, err := os.Stat(full); filepath.IsAbs(full) && err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return full, nil
		}
	}
	return "", fmt.Errorf("start %s: it is in no directory of PATH (%s) that the run may see", name, path)
}

// limit sets a limit of this process, which all that it starts inherit. Zero leaves it as it is, and no limit is ever raised.
func limit(resource int, value uint64) error {
	if value == 0 {
		return nil
	}
	var current syscall.Rlimit
	if err := syscall.Getrlimit(resource, &current); err != nil {
		return err
	}
	value = min(value, current.Max)
	return syscall.Setrlimit(resource, &syscall.Rlimit{Cur: value, Max: value})
}

// limitProcesses sets the limits that every system has.
func limitProcesses(limits processLimits) error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	if err := limit(syscall.RLIMIT_NOFILE, limits.OpenFiles); err != nil {
		return fmt.Errorf("limit open files: %w", err)
	}
	if err := limit(syscall.RLIMIT_FSIZE, limits.FileSize); err != nil {
		return fmt.Errorf("limit the size of files: %w", err)
	}
	if err := limit(syscall.RLIMIT_DATA, limits.Data); err != nil {
		return fmt.Errorf("limit memory: %w", err)
	}
	return nil
}
