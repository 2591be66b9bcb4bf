package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// firstProcess says whether this process is the first of a PID namespace of its own, so that all others in it end with it.
func firstProcess() bool { return os.Getpid() == 1 }

// terminateTree asks everything that the shim watches over to end.
func terminateTree(int) {
	if firstProcess() {
		_ = syscall.Kill(-1, syscall.SIGTERM)
		return
	}
	for _, pid := range descendants() {
		_ = syscall.Kill(pid, syscall.SIGTERM)
	}
}

// killTree ends everything that the shim watches over.
func killTree(int) {
	if !firstProcess() { // otherwise its own end does that
		killAll(descendants)
	}
}

// killAll stops what find finds until it finds nothing new, so that nothing can fork away, and kills all of it.
func killAll(find func() []int) {
	var stopped []int
	for {
		news := find()
		news = slices.DeleteFunc(news, func(pid int) bool { return slices.Contains(stopped, pid) })
		if len(news) == 0 {
			break
		}
		for _, pid := range news {
			_ = syscall.Kill(pid, syscall.SIGSTOP)
		}
		stopped = append(stopped, news...)
	}
	for _, pid := range stopped {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// descendants are the living children of this process, and theirs. Orphans are among them, because a shim adopts them.
func descendants() []int {
	children := map[int][]int{}
	for _, p := range processes() {
		children[p.parent] = append(children[p.parent], p.pid)
	}
	var found []int
	next := []int{os.Getpid()}
	for len(next) > 0 {
		more := children[next[0]]
		found = append(found, more...)
		next = append(next[1:], more...)
	}
	return found
}

// stat is what /proc/<pid>/stat says.
type stat struct {
	pid, parent int
	start       uint64 // in clock ticks after the machine started
}

// processes are all living ones that can be seen.
func processes() []stat {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	var found []stat
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if s, ok := readStat(pid); ok {
			found = append(found, s)
		}
	}
	return found
}

// readStat returns false for a process that is gone, or that is dead and only waits for its parent.
func readStat(pid int) (stat, bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, false
	}
	// The name, in parentheses, may hold anything; the fields begin after the last one, with the third (proc(5)).
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 20 || fields[0][0] == 'Z' || fields[0][0] == 'X' {
		return stat{}, false
	}
	parent, err1 := strconv.Atoi(string(fields[1]))
	start, err2 := strconv.ParseUint(string(fields[19]), 10, 64)
	return stat{pid: pid, parent: parent, start: start}, err1 == nil && err2 == nil
}

// sweep ends what a Run left although its shim is gone, which can only be where Runs have no processes of their own, and waits for it.
func sweep(level Level, user int, mark string) error {
	belongs := func(pid int) bool { return hasMark(pid, mark) }
	switch level {
	case Namespaces, UserNamespace:
		return nil
	case OwnUser:
		belongs = func(pid int) bool { return ownedBy(pid, user) }
	}
	left := func() (pids []int) {
		for _, p := range processes() {
			if belongs(p.pid) {
				pids = append(pids, p.pid)
			}
		}
		return pids
	}
	killAll(left)
	for deadline := time.Now().Add(killTime); ; time.Sleep(10 * time.Millisecond) {
		pids := left()
		if len(pids) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes %v of the run cannot be killed", pids)
		}
	}
}

func ownedBy(pid, user int) bool {
	info, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	return err == nil && int(info.Sys().(*syscall.Stat_t).Uid) == user
}

func hasMark(pid int, mark string) bool {
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	return err == nil && slices.ContainsFunc(bytes.Split(environ, []byte{0}), func(v []byte) bool { return string(v) == mark })
}

// identify names a living process for good.
func identify(pid int) (identity, error) {
	s, ok := readStat(pid)
	if !ok {
		return identity{}, fmt.Errorf("process %d is gone", pid)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return identity{}, err
	}
	return identity{PID: pid, Start: s.start, Boot: string(bytes.TrimSpace(boot))}, nil
}

// gone waits for a process that was killed.
func gone(who identity) error {
	for deadline := time.Now().Add(killTime); ; time.Sleep(10 * time.Millisecond) {
		if now, err := identify(who.PID); err != nil || now != who {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d cannot be killed", who.PID)
		}
	}
}
