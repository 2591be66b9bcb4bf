package process

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// group is the control group of a Run, which bounds the memory of all its processes together. dir is empty where there is none.
type group struct {
	dir    string
	events string // file that counts who was killed for want of memory
}

// newGroup creates a group next to Assay's own (cgroup v2, which allows no group inside one that has processes) or in it (v1). It fails
// where Assay may not: then each process can only be limited for itself. Without a limit there is no group.
func newGroup(id string, memory int64) (*group, error) {
	if memory == 0 {
		return &group{}, nil
	}
	place, err := groupPlace()
	if err != nil {
		return &group{}, err
	}
	g := &group{dir: filepath.Join(place.dir, fmt.Sprintf("assay-%d-%s", os.Getpid(), id)), events: place.events}
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		return &group{}, err
	}
	if err := os.WriteFile(filepath.Join(g.dir, place.limit), []byte(strconv.FormatInt(memory, 10)), 0); err != nil {
		g.remove()
		return &group{}, err
	}
	if place.swap != "" {
		// Swapping would only delay the end. Kernels without swap have no such file.
		_ = os.WriteFile(filepath.Join(g.dir, place.swap), []byte("0"), 0)
	}
	return g, nil
}

type groupLayout struct{ dir, limit, swap, events string }

var errNoGroup = errors.New("no control group in which Assay may create others")

// groupPlace finds where Assay may create groups with a limit of memory.
func groupPlace() (groupLayout, error) {
	v1, v2, err := ownGroups()
	if err != nil {
		return groupLayout{}, err
	}
	if v1 != "" {
		return groupLayout{dir: v1, limit: "memory.limit_in_bytes", events: "memory.oom_control"}, nil
	}
	if v2 == "" {
		return groupLayout{}, errNoGroup
	}
	parent := filepath.Dir(v2)
	control, err := os.ReadFile(filepath.Join(parent, "cgroup.subtree_control"))
	if err != nil || !strings.Contains(string(control), "memory") {
		return groupLayout{}, errNoGroup
	}
	return groupLayout{dir: parent, limit: "memory.max", swap: "memory.swap.max", events: "memory.events"}, nil
}

// ownGroups are the directories of Assay's own groups: that of the memory controller of v1, and that of v2.
func ownGroups() (v1, v2 string, err error) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", "", err
	}
	defer file.Close()
	membership, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", "", err
	}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		mount, kind := strings.Fields(before), strings.Fields(after)
		if len(mount) < 5 || len(kind) < 3 {
			continue
		}
		root, point := mount[3], mount[4]
		switch {
		case kind[0] == "cgroup" && hasOption(kind[2], "memory"):
			v1 = within(point, root, member(membership, "memory"))
		case kind[0] == "cgroup2":
			v2 = within(point, root, member(membership, ""))
		}
	}
	return v1, v2, nil
}

func hasOption(list, option string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if one == option {
			return true
		}
	}
	return false
}

// member is the path of Assay's group of a controller, as /proc/self/cgroup says (cgroups(7)).
func member(membership []byte, controller string) string {
	for line := range strings.Lines(string(membership)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) == 3 && (parts[1] == controller || controller != "" && hasOption(parts[1], controller)) {
			return parts[2]
		}
	}
	return ""
}

// within is the directory of a group, where root of the hierarchy is mounted at point.
func within(point, root, group string) string {
	if rel, err := filepath.Rel(root, group); err == nil && filepath.IsLocal(rel) {
		return filepath.Join(point, rel)
	}
	return ""
}

// add puts a process, and what it starts, into the group.
func (g *group) add(pid int) error {
	if g.dir == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(g.dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0)
}

// outOfMemory says whether the kernel killed a process of the group because the limit was reached.
func (g *group) outOfMemory() bool {
	if g.dir == "" {
		return false
	}
	data, err := os.ReadFile(filepath.Join(g.dir, g.events))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(data)) {
		if count, ok := strings.CutPrefix(line, "oom_kill "); ok && strings.TrimSpace(count) != "0" {
			return true
		}
	}
	return false
}

// remove removes the group, whose processes have ended; the kernel may need a moment to see that.
func (g *group) remove() {
	if g.dir == "" {
		return
	}
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if err := os.Remove(g.dir); err == nil || errors.Is(err, os.ErrNotExist) {
			return
		}
	}
}
