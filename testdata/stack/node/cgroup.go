//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

const cgroups = "/sys/fs/cgroup"

// hierarchies are the folders in which a cgroup has to be made: one per controller in version 1, the one there is in version 2.
func hierarchies() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroups, "cgroup.controllers")); err == nil {
		return []string{cgroups}, nil
	}
	entries, err := os.ReadDir(cgroups)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, e := range entries {
		if e.IsDir() { // links are second names of those
			dirs = append(dirs, filepath.Join(cgroups, e.Name()))
		}
	}
	return dirs, nil
}

// makeCgroup makes the cgroup beneath which the kubelet puts its pods.
func makeCgroup(name string) error {
	dirs, err := hierarchies()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
		if filepath.Base(dir) != "cpuset" {
			continue
		}
		// In version 1 a new cpuset is empty, and takes in no process.
		for _, setting := range []string{"cpuset.cpus", "cpuset.mems"} {
			all, err := os.ReadFile(filepath.Join(dir, setting))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, name, setting), all, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeCgroup removes it with all that is beneath it, which must be empty, or be so soon.
func removeCgroup(name string) error {
	if name == "" {
		return nil
	}
	dirs, err := hierarchies()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := removeTree(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("remove cgroup %s: %w", name, err)
		}
	}
	return nil
}

func removeTree(root string) error {
	var dirs []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, dir := range slices.Backward(dirs) {
		if err := removeEmpty(dir); err != nil {
			return err
		}
	}
	return nil
}

// removeEmpty waits for the kernel, which takes a moment to account for a process that has ended.
func removeEmpty(dir string) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := syscall.Rmdir(dir)
		if !errors.Is(err, syscall.EBUSY) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}
