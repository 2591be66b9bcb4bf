//go:build linux || darwin

package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// killTime is how long a tree of processes may take to be killed by the process that watches over it.
const killTime = 5 * time.Second

// order is what a shim is told to run. It travels through a pipe, so that no secret is ever on a command line or in a file.
type order struct {
	Level Level
	Argv  []string
	Env   []string
	Dir   string
	// Mark is in the environment of each process of the Run.
	Mark string
	// User is the user and group id; 0 stays as it is. Group is a further group.
	User, Group int
	Limits      processLimits
	View        view
}

// processLimits are what the system holds each process to. Zero is no limit.
type processLimits struct{ Processes, OpenFiles, FileSize, Data uint64 }

// view is what a Run sees of the file system, where it has mounts of its own: Hide is covered, Tmp is its /tmp, and Keep is seen, also
// where it lies in what is hidden.
type view struct {
	Hide []string
	Tmp  string
	Keep []place
}

type place struct {
	Path     string
	Writable bool
}

// outcome is what a shim reports, bit by bit; each message fills in some fields.
type outcome struct {
	// Started is when the command was started.
	Started time.Time `json:",omitzero"`
	// Refused is why the command could not be started.
	Refused string `json:",omitempty"`
	// Broken is why the shim could not set up what was ordered.
	Broken string `json:",omitempty"`
	// Exit is how the command ended.
	Exit *exit `json:",omitempty"`
}

type exit struct{ Code, Signal int }

func (o outcome) String() string {
	switch {
	case o.Broken != "":
		return o.Broken
	case o.Refused != "":
		return o.Refused
	case o.Exit != nil:
		return fmt.Sprintf("exit code %d, signal %d", o.Exit.Code, o.Exit.Signal)
	}
	return "the process that watches over the run did not answer: does the program call process.Main first thing in its main function?"
}

// process is a shim and what runs under it.
type process struct {
	level  Level
	cmd    *exec.Cmd
	orders *os.File // what holds the shim alive: it ends, and ends all of its processes, when this is closed or Assay dies
	// over is closed when the shim has ended; then outcome is complete.
	over    chan struct{}
	outcome outcome
}

// order describes a Run in its room; what the Suite says is still missing.
func (r *Runner) order(room room) order {
	keep := []place{{Path: room.box(), Writable: true}}
	for _, path := range real(r.options.Show) {
		keep = append(keep, place{Path: path})
	}
	limits := processLimits{OpenFiles: r.options.Limits.OpenFiles, FileSize: r.options.Limits.FileSize}
	if r.level != None {
		limits.Processes = r.options.Limits.Processes
	}
	return order{Level: r.level, Mark: room.mark(), Limits: limits, View: view{Hide: r.hidden(), Tmp: room.tmp(), Keep: keep}}
}

// start starts a shim, and lets it begin when placed has returned.
func start(order order, streams streams, placed func(pid int) error) (*process, error) {
	ordersRead, orders, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	events, eventsWrite, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, ordersRead.Close(), orders.Close())
	}

	p := &process{level: order.Level, orders: orders, over: make(chan struct{}), cmd: &exec.Cmd{
		Path:        self(),
		Args:        []string{shimName},
		Env:         []string{shimMark + "=1", "GOMAXPROCS=1", "GOTRACEBACK=none"},
		Dir:         "/",
		Stdout:      fileOrNil(streams.stdout),
		Stderr:      fileOrNil(streams.stderr),
		ExtraFiles:  []*os.File{ordersRead, eventsWrite},
		SysProcAttr: attributes(order.Level),
	}}
	err = p.cmd.Start()
	_, _ = ordersRead.Close(), eventsWrite.Close() // the shim's from now on
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start a process: %w", err), orders.Close(), events.Close())
	}
	go p.follow(events)
	err = placed(p.cmd.Process.Pid)
	if err == nil {
		err = json.NewEncoder(orders).Encode(order)
	}
	if err != nil {
		p.kill()
		if p.outcome.Broken == "" { // what the shim says explains a broken pipe better
			return nil, err
		}
	}
	return p, nil
}

// fileOrNil keeps a nil file from becoming a writer that is not nil.
func fileOrNil(file *os.File) io.Writer {
	if file == nil {
		return nil
	}
	return file
}

// follow reads what the shim reports until it ends.
func (p *process) follow(events *os.File) {
	defer close(p.over)
	decoder := json.NewDecoder(events)
	for decoder.Decode(&p.outcome) == nil {
	}
	_ = p.cmd.Wait() // how the command ended, the shim has said
	_ = p.orders.Close()
	_ = events.Close()
}

// terminate asks all processes of the Run to end.
func (p *process) terminate() { _, _ = p.orders.Write([]byte("\n")) }

// kill ends all processes of the Run and waits for it.
func (p *process) kill() {
	_ = p.orders.Close()
	if p.level.separate() {
		_ = p.cmd.Process.Kill() // the shim is the first process of its namespace: the kernel ends the others with it
	}
	timer := time.NewTimer(killTime)
	defer timer.Stop()
	select {
	case <-p.over:
	case <-timer.C:
		_ = p.cmd.Process.Kill()
		<-p.over
	}
}
