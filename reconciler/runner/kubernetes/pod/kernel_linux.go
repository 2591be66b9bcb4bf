package pod

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// hide keeps processes of the same user from reading this one's memory and environment.
func hide() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("keep the run from reading the wrapper: %w", err)
	}
	return nil
}

// memoryEvents are where the kernel counts, for the container as it sees itself, how often it ran out of memory: cgroup v2 and v1.
var memoryEvents = []string{"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"}

// outOfMemory is how many processes of the container were ended for want of memory.
func outOfMemory() (killed int) {
	for _, name := range memoryEvents {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if count, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
				n, _ := strconv.Atoi(count) // the kernel writes numbers
				return n
			}
		}
	}
	return 0
}
