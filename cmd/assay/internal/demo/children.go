package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startService starts one of the shop's services on a free port, and returns its URL. It is a server of the story's world, not a part of Assay.
func (w *world) startService(name string, args ...string) (url string, err error) {
	cmd := exec.Command(w.options.program("shop"), append([]string{"serve", "--service", name}, args...)...)
	cmd.Stderr = w.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start %s: %w", name, err)
	}
	w.services = append(w.services, cmd)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("%s does not say where it listens (%w): see %s", name, err, w.log.Name())
	}
	return strings.TrimSpace(line), nil
}

// assay is the process of the story's Assay. It can be killed and started again at any moment.
type assay struct {
	command []string
	log     *os.File

	mu   sync.Mutex
	cmd  *exec.Cmd
	over chan struct{} // closed when cmd has ended
}

func (a *assay) start() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	cmd := exec.Command(a.command[0], a.command[1:]...)
	cmd.Stdout, cmd.Stderr = a.log, a.log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start assay: %w", err)
	}
	over := make(chan struct{})
	a.cmd, a.over = cmd, over
	go func() {
		_ = cmd.Wait() // how it ended is in the log
		close(over)
	}()
	return nil
}

// signal sends a signal and waits until the process has ended, for so long as is reasonable; then it is killed.
func (a *assay) signal(signal os.Signal) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cmd == nil {
		return nil
	}
	if err := a.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	timer := time.NewTimer(graceful)
	defer timer.Stop()
	select {
	case <-a.over:
		return nil
	case <-timer.C:
		return errors.Join(fmt.Errorf("assay did not stop within %s", graceful), a.cmd.Process.Kill())
	}
}

// graceful is how long Assay may take to stop.
const graceful = 20 * time.Second

// restart kills Assay, as a crash would, and starts it again.
func (a *assay) restart() error {
	if err := a.signal(syscall.SIGKILL); err != nil {
		return err
	}
	return a.start()
}

// ended tells whether Assay has ended though nobody asked it to.
func (a *assay) ended() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.over:
		return true
	default:
		return false
	}
}

// tail is the end of the log, for when things go wrong.
func tail(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// close ends every process of the story.
func (w *world) close() error {
	var errs []error
	if w.assay != nil {
		errs = append(errs, w.assay.signal(syscall.SIGTERM))
	}
	for _, service := range w.services {
		_ = service.Process.Kill()
		_ = service.Wait() // it was killed
	}
	if w.history != nil {
		errs = append(errs, w.history.Close())
	}
	errs = append(errs, w.log.Close())
	if !w.options.Keep {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}

func (o Options) program(name string) string { return filepath.Join(o.Bin, name) }

// found tells whether a program can be started.
func found(ctx context.Context, name string, args ...string) error {
	return exec.CommandContext(ctx, name, args...).Run()
}
