//go:build unix && !linux

package stack

import "syscall"

// endWithParent can promise nothing here: a child outlives a parent that is killed.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// inNamespaces cannot be had here. The node's first process does not even build.
func inNamespaces() *syscall.SysProcAttr { return endWithParent() }
