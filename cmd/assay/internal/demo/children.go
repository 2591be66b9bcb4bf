package demo

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startService starts one of the shop's services on a free port, and returns its URL. It is a server of the
// story's world, not a part of Assay.
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
	return a.launch()
}

func (a *assay) launch() error {
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

// graceful is how long Assay may take to stop.
const graceful = 20 * time.Second

// stop asks Assay to stop, and waits until it has.
func (a *assay) stop() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.end(syscall.SIGTERM)
}

// restart kills Assay, as a crash would, and starts it again.
func (a *assay) restart() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.end(syscall.SIGKILL), a.launch())
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

func (a *assay) end(signal os.Signal) error {
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

// tail is the end of the log, for when things go wrong.
func tail(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}
