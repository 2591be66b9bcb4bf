package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// supervisor starts the processes of one stack and ends them. On Linux the kernel kills each of them as soon as this
// process is gone, however it goes.
type supervisor struct {
	logs   string // the folder of one file per process, NAME.log
	starts chan func()

	mu      sync.Mutex
	running []*process
}

func newSupervisor(logs string) *supervisor {
	s := &supervisor{logs: logs, starts: make(chan func())}
	go func() {
		// The kernel's promise hangs on the thread that started a child, so that thread must live as long as the children may.
		runtime.LockOSThread()
		for start := range s.starts {
			start()
		}
	}()
	return s
}

// process is a program that runs until it is stopped, or ends by itself, which is always a fault.
type process struct {
	name  string
	log   string
	cmd   *exec.Cmd
	ended chan struct{} // closed when it is over; err says how
	err   error
}

// start runs a command in a process group of its own. What it prints is appended to the log of this name.
func (s *supervisor) start(name string, cmd *exec.Cmd) (*process, error) {
	p := &process{name: name, log: filepath.Join(s.logs, name+".log"), cmd: cmd, ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = endWithParent()
	}
	started := make(chan error)
	s.starts <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = append(s.running, p)
	return p, nil
}

// close kills what still runs, last started first: the state of all of it is thrown away with its folder.
func (s *supervisor) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range slices.Backward(s.running) {
		p.stop(0)
	}
	close(s.starts)
}

// stop asks a process to end, and kills its whole group when it has not within the grace. With no grace it does not ask.
func (p *process) stop(grace time.Duration) {
	if grace > 0 {
		p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(grace):
		}
	}
	select {
	case <-p.ended:
	default:
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.ended
	}
}

// startTimeout bounds how long any one process may take until it answers, on a machine that is busy with other things too.
const startTimeout = 2 * time.Minute

// await returns when the probe finds nothing wrong, or the process has ended, or its time to start is over.
func (p *process) await(ctx context.Context, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := poll(ctx, p.ended, probe)
	if err == nil {
		return nil
	}
	select {
	case <-p.ended:
		err = fmt.Errorf("it ended: %w", errors.Join(p.err, err))
	default:
	}
	return fmt.Errorf("start %s: %w\n%s", p.name, err, lastLines(p.log))
}

// poll repeats a probe until it finds nothing wrong. When the context or what it waits for ends first, it returns what was last wrong.
func poll(ctx context.Context, ended <-chan struct{}, probe func(context.Context) error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return err
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// lastLines is the end of a log, as much as a person wants to see in a test's failure.
func lastLines(file string) []byte {
	said, err := os.ReadFile(file)
	if err != nil {
		return []byte(err.Error())
	}
	lines := bytes.SplitAfter(said, []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-40):], nil)
}
