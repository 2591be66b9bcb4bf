//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// tunables are settings of the kernel that a kubelet insists on. It finds them as it wants them, and the machine's own stay as they are.
var tunables = map[string]string{
	"vm/overcommit_memory":     "1",
	"vm/panic_on_oom":          "0",
	"kernel/panic":             "10",
	"kernel/panic_on_oops":     "1",
	"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
}

// isolate gives the node mounts of its own: none of its reaches the machine, and what is written below /run and /var goes to
// memory and to the scratch folder.
func isolate(scratch string) error {
	upper, work, values := filepath.Join(scratch, "var"), filepath.Join(scratch, "work"), filepath.Join(scratch, "tunables")
	for _, dir := range []string{upper, work, values} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	mounts := []struct {
		source, target, kind, data string
		flags                      uintptr
	}{
		{target: "/", flags: syscall.MS_REC | syscall.MS_SLAVE},
		{target: "/", flags: syscall.MS_REC | syscall.MS_SHARED}, // within the node, as pods' volumes want it
		{source: "proc", target: "/proc", kind: "proc"},
		{source: "tmpfs", target: "/run", kind: "tmpfs", data: "mode=755"},
		{source: "overlay", target: "/var", kind: "overlay", data: "lowerdir=/var,upperdir=" + upper + ",workdir=" + work},
	}
	for _, m := range mounts {
		if err := syscall.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s %s: %w", m.target, m.kind, err)
		}
	}
	for name, value := range tunables {
		file := filepath.Join(values, filepath.Base(name))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := syscall.Mount(file, filepath.Join("/proc/sys", name), "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("hide the setting %s: %w", name, err)
		}
	}
	return nil
}
