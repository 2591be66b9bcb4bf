//go:build linux

// Command node is the first process of a cluster's node, which is a set of namespaces of its own (processes, mounts, network). It hides
// from the machine what containerd and the kubelet would leave there, starts and kills them as it is told on stdin, one order in JSON after
// the other, and buries their orphans. When stdin ends, since the test is over or was killed, or when a process that it started ends by
// itself, it kills all that runs in the node and removes its cgroups; with its own end the kernel takes away the mounts and the network. It
// never touches what is outside.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// order is one of three: take a cgroup of this name, start a command, or kill the one that was started from a binary of this name.
type order struct {
	Cgroup string
	Start  []string
	Kill   string
}

// node is what was started and must not end by itself.
type node struct {
	logs     string
	cgroup   string
	children map[int]string // binary names by process id
}

func main() {
	scratch, logs := os.Args[1], os.Args[2]
	n := &node{logs: logs, children: map[int]string{}}
	err := isolate(scratch)
	if err == nil {
		err = n.obey(os.Stdin)
	}
	err = errors.Join(err, bury(), removeCgroup(n.cgroup))
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}

// obey returns when there are no more orders, or one cannot be followed, or a process has ended that nobody told to.
func (n *node) obey(stdin io.Reader) error {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	orders, failed := make(chan order), make(chan error, 1)
	go func() {
		decoder := json.NewDecoder(stdin)
		for {
			var o order
			if err := decoder.Decode(&o); err != nil {
				failed <- err
				return
			}
			orders <- o
		}
	}()
	for {
		var err error
		select {
		case err = <-failed:
			if errors.Is(err, io.EOF) {
				return nil
			}
		case o := <-orders:
			err = n.follow(o)
		case <-ended:
			err = n.reap()
		}
		if err != nil {
			return err
		}
	}
}

func (n *node) follow(o order) error {
	switch {
	case o.Cgroup != "":
		n.cgroup = o.Cgroup
		return errors.Join(removeCgroup(n.cgroup), makeCgroup(n.cgroup))
	case o.Kill != "":
		return n.kill(o.Kill)
	default:
		return n.start(o.Start)
	}
}

// start runs a command whose output is appended to its log.
func (n *node) start(args []string) error {
	name := filepath.Base(args[0])
	log, err := os.OpenFile(filepath.Join(n.logs, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	child, err := os.StartProcess(args[0], args, &os.ProcAttr{Files: []*os.File{nil, log, log}, Env: os.Environ()})
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	n.children[child.Pid] = name
	return child.Release() // reap waits for all, not for this one
}

// kill ends a child for good; what it started itself goes on.
func (n *node) kill(name string) error {
	for pid, child := range n.children {
		if child == name {
			delete(n.children, pid)
			return syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return fmt.Errorf("kill %s: it does not run", name)
}

// reap takes note of all that has ended. Most of it are orphans, as which containers' keepers live.
func (n *node) reap() error {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if pid <= 0 || err != nil {
			return nil
		}
		if name, ok := n.children[pid]; ok {
			return fmt.Errorf("%s ended: status %d, signal %v", name, status.ExitStatus(), status.Signal())
		}
	}
}

// bury kills every other process of the node, down to those in containers, and returns when none is left.
func bury() error {
	if err := syscall.Kill(-1, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	for {
		_, err := syscall.Wait4(-1, nil, 0, nil)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return nil
		}
	}
}
