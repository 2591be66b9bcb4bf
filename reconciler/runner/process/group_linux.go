package process

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// group is the control group of a Run, which bounds all of its processes together. It is one directory, or with cgroup v1 one for each
// controller; none where nothing is bound.
type group struct {
	dirs   []string
	events string // file that counts who was killed for want of memory
}

// newGroup creates a group next to Assay's own (cgroup v2, which allows no group inside one that has processes) or in it (v1). missing are
// the controllers that Assay may not use here.
func newGroup(id string, limits groupLimits) (g *group, missing []string) {
	g = &group{}
	name := fmt.Sprintf("assay-%d-%s", os.Getpid(), id)
	if limits.Memory > 0 {
		dir, v2, err := g.bound(name, "memory", "memory.limit_in_bytes", "memory.max", strconv.FormatInt(limits.Memory, 10))
		switch {
		case err != nil:
			missing = append(missing, "memory")
		case v2:
			g.events = filepath.Join(dir, "memory.events")
			// Swapping would only delay the end. Kernels without swap have no such file.
			_ = os.WriteFile(filepath.Join(dir, "memory.swap.max"), []byte("0"), 0)
		default:
			g.events = filepath.Join(dir, "memory.oom_control")
		}
	}
	if limits.MilliCPU > 0 {
		// Of each period of 100 ms, which is what kernels begin with, so many microseconds; they take no less than 1 ms.
		quota := strconv.FormatInt(max(limits.MilliCPU*100, 1000), 10)
		if _, _, err := g.bound(name, "cpu", "cpu.cfs_quota_us", "cpu.max", quota); err != nil {
			missing = append(missing, "cpu")
		}
	}
	return g, missing
}

// bound sets a limit of one controller in the group's directory, and creates that. v1 and v2 are the files that hold the limit.
func (g *group) bound(name, controller, v1, v2, value string) (dir string, isV2 bool, err error) {
	parent, isV2, err := groupParent(controller)
	if err != nil {
		return "", false, err
	}
	dir = filepath.Join(parent, name)
	if !slices.Contains(g.dirs, dir) {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return "", false, err
		}
		g.dirs = append(g.dirs, dir)
	}
	file := v1
	if isV2 {
		file = v2
	}
	return dir, isV2, os.WriteFile(filepath.Join(dir, file), []byte(value), 0)
}

var errNoGroup = errors.New("no control group in which Assay may create others")

// groupParent is the directory in which Assay may create groups that a controller bounds.
func groupParent(controller string) (dir string, isV2 bool, err error) {
	v1, v2, err := ownGroups(controller)
	if err != nil || v1 != "" {
		return v1, false, err
	}
	if v2 == "" {
		return "", false, errNoGroup
	}
	parent := filepath.Dir(v2)
	control, err := os.ReadFile(filepath.Join(parent, "cgroup.subtree_control"))
	if err != nil || !slices.Contains(strings.Fields(string(control)), controller) {
		return "", false, errNoGroup
	}
	return parent, true, nil
}

// ownGroups are the directories of Assay's own groups: that of a controller of v1, and that of v2.
func ownGroups(controller string) (v1, v2 string, err error) {
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
		case kind[0] == "cgroup" && hasOption(kind[2], controller):
			v1 = within(point, root, member(membership, controller))
		case kind[0] == "cgroup2":
			v2 = within(point, root, member(membership, ""))
		}
	}
	return v1, v2, nil
}

func hasOption(list, option string) bool { return slices.Contains(strings.Split(list, ","), option) }

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
	for _, dir := range g.dirs {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0); err != nil {
			return err
		}
	}
	return nil
}

// outOfMemory says whether the kernel killed a process of the group because the limit was reached.
func (g *group) outOfMemory() bool {
	if g.events == "" {
		return false
	}
	data, err := os.ReadFile(g.events)
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
	for _, dir := range g.dirs {
		for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if err := os.Remove(dir); err == nil || errors.Is(err, os.ErrNotExist) {
				break
			}
		}
	}
}
