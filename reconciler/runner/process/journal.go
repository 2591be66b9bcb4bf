//go:build linux || darwin

package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// journal is what is written down about a Run before its command starts, so that a later Assay finds what is left of it.
type journal struct {
	// Shim is the process that watches over the Run.
	Shim identity
	// Level and User say which processes may be its.
	Level Level
	User  int `json:",omitempty"`
	// Groups are the directories of its control group.
	Groups []string `json:",omitempty"`
}

// identity tells a process from a later one with the same number.
type identity struct {
	PID   int
	Start uint64 // in clock ticks after the machine started
	Boot  string // which start of the machine that was
}

func (r *Runner) record(room room, pid int, order order, group *group) error {
	who, err := identify(pid)
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	data, err := json.Marshal(journal{Shim: who, Level: order.Level, User: order.User, Groups: group.dirs})
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return os.WriteFile(room.journal(), data, 0o600)
}

// Recover ends what an earlier Assay left running, which can only be where something killed the shims too, and removes its leftovers.
func (r *Runner) Recover(ctx context.Context) error {
	entries, err := os.ReadDir(r.runs)
	if err != nil {
		return fmt.Errorf("recover runs: %w", err)
	}
	var failures []error
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		room := room{filepath.Join(r.runs, entry.Name())}
		if err := errors.Join(clear(room), removeAll(room.dir)); err != nil {
			failures = append(failures, fmt.Errorf("recover run %s: %w", entry.Name(), err))
		}
	}
	return errors.Join(failures...)
}

// clear ends the processes of an earlier Run.
func clear(room room) error {
	data, err := os.ReadFile(room.journal())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was started
	}
	if err != nil {
		return err
	}
	var left journal
	if err := json.Unmarshal(data, &left); err != nil {
		return nil // Assay ended while it wrote this, before it let the command start
	}
	if who, err := identify(left.Shim.PID); err == nil && who == left.Shim && who.PID > 0 {
		if err := syscall.Kill(who.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill process %d: %w", who.PID, err)
		}
		if err := gone(who); err != nil {
			return err
		}
	}
	if err := sweep(left.Level, left.User, room.mark()); err != nil {
		return err
	}
	(&group{dirs: left.Groups}).remove()
	return nil
}

// lockDir keeps a second Assay away: it would take this one's Runs for leftovers.
func lockDir(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("runner directory: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("runner directory %s: another Assay uses it: %w", dir, err), file.Close())
	}
	return file, nil
}
