//go:build linux || darwin

package process

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

func (r *Runner) cacheDir(environment string) string {
	return filepath.Join(r.options.Cache, environment)
}

// openCache creates the cache of an Environment. Where Runs have user ids of their own, its group lets all of them write to it.
func (r *Runner) openCache(ctx context.Context, environment string) (dir string, group int, err error) {
	if !idPattern.MatchString(environment) {
		return "", 0, fmt.Errorf("environment %q: its name is letters, digits, dots, dashes and underscores", environment)
	}
	dir = r.cacheDir(environment)
	r.caches.Lock()
	defer r.caches.Unlock()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", 0, fmt.Errorf("cache of %s: %w", environment, err)
	}
	if !r.level.ownUser() {
		return dir, 0, nil
	}
	if group, err = r.groupOf(dir); err != nil || group != 0 {
		return dir, group, err
	}
	if group, err = r.users.claim(ctx); err != nil {
		return "", 0, err
	}
	if err := os.Chown(dir, 0, group); err != nil {
		return "", 0, fmt.Errorf("cache of %s: %w", environment, err)
	}
	// What is created in it belongs to its group too.
	if err := os.Chmod(dir, os.ModeSetgid|0o770); err != nil {
		return "", 0, fmt.Errorf("cache of %s: %w", environment, err)
	}
	return dir, group, nil
}

// groupOf returns the group of a cache, or 0 where it has none of the operator's range.
func (r *Runner) groupOf(dir string) (int, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return 0, err
	}
	group := int(info.Sys().(*syscall.Stat_t).Gid)
	if !r.users.contains(group) {
		return 0, nil
	}
	return group, nil
}

// prepareCaches keeps the groups of the caches that are there from being handed out again.
func (r *Runner) prepareCaches() error {
	if !r.level.ownUser() {
		return nil
	}
	if err := passage(r.options.Cache); err != nil {
		return fmt.Errorf("cache directory: %w", err)
	}
	entries, err := os.ReadDir(r.options.Cache)
	if err != nil {
		return fmt.Errorf("cache directory: %w", err)
	}
	for _, entry := range entries {
		group, err := r.groupOf(filepath.Join(r.options.Cache, entry.Name()))
		if err != nil {
			return fmt.Errorf("cache directory: %w", err)
		}
		if group != 0 {
			r.users.keep(group)
		}
	}
	return nil
}
