//go:build linux || darwin

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// probeTime is how long it may take to start nothing at all.
const probeTime = 10 * time.Second

// chooseLevel tries the levels, best first, by running something at each: what a kernel, a container or a security module refuses shows
// only then.
func (r *Runner) chooseLevel(ctx context.Context) error {
	levels := []Level{Namespaces, UserNamespace, OwnUser, None}
	if wanted := r.options.Isolation; wanted != "" {
		if !slices.Contains(levels, wanted) {
			return fmt.Errorf("isolation %q is unknown: it is one of %v", wanted, levels)
		}
		levels = []Level{wanted}
	}
	for _, level := range levels {
		r.level = level
		err := r.try(ctx)
		if err == nil {
			return r.prepareCaches()
		}
		if len(levels) == 1 {
			return fmt.Errorf("isolation %q does not work here: %w", level, err)
		}
		r.refused = append(r.refused, fmt.Sprintf("%s: %v", level, err))
	}
	return errors.New("no process can be started: " + fmt.Sprint(r.refused))
}

// try runs nothing at all, in the way that Runs are run.
func (r *Runner) try(ctx context.Context) error {
	if err := possible(r.level); err != nil {
		return err
	}
	room := room{filepath.Join(r.runs, ".probe")}
	defer func() { _ = removeAll(room.dir) }()
	if err := r.furnish(room); err != nil {
		return err
	}
	order := r.order(room)
	order.Argv, order.Env, order.Dir = []string{self()}, []string{shimMark + "=" + probeMark}, room.box()
	if r.level.ownUser() {
		order.User = r.options.Users.First
		if err := giveTo(room.box(), order.User); err != nil {
			return err
		}
	}
	process, err := start(order, streams{}, func(int) error { return nil })
	if err != nil {
		return err
	}
	if interrupted := r.watch(ctx, process, probeTime, nil); interrupted.End != "" {
		return errors.New(interrupted.Reason)
	}
	if exited := process.outcome.Exit; exited == nil || *exited != (exit{}) {
		return fmt.Errorf("%s", process.outcome)
	}
	return nil
}

// usuallyHidden are places where machines keep what is no Run's business.
var usuallyHidden = []string{
	"/root", "/home", "/run/user", "/run/secrets", "/var/run/secrets",
	"/run/docker.sock", "/run/containerd", "/run/podman", "/run/crio",
}

// hidden are the paths that Runs must not see.
func (r *Runner) hidden() []string { return real(append(r.own(), usuallyHidden...)) }

// own are the paths that are Assay's own.
func (r *Runner) own() []string {
	paths := append([]string{r.options.Dir, r.options.Cache}, r.options.Hide...)
	paths = append(paths, r.options.Secrets.Paths()...)
	if home, err := os.UserHomeDir(); err == nil {
		paths = append(paths, home)
	}
	return real(paths)
}

// real drops what does not exist and symbolic links. It drops / too, which cannot be hidden, and which some images have as home.
func real(paths []string) []string {
	var found []string
	for _, path := range paths {
		if path, err := filepath.EvalSymlinks(path); err == nil && path != "/" && filepath.IsAbs(path) {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// readableByOthers returns the first path that a stranger on this machine can list or read, apart from the pass-through directories.
func readableByOthers(paths []string) string {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o004 == 0 {
			continue
		}
		if passable(filepath.Dir(path)) {
			return path
		}
	}
	return ""
}

// passable says whether a stranger can reach what is in dir by its name.
func passable(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
