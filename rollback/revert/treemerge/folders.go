package treemerge

import (
	"slices"
	"strings"
)

// folderCounts counts, for each lost folder, how many of its files went to which folder.
type folderCounts map[string]places

type places map[string]int

// undecided stands in places for files of which it is not known where they went. No folder has this name.
const undecided = "/"

// add counts one rename for the folder of the file, and for the folders above as long as the names of their subfolders stayed.
func (c folderCounts) add(oldPath, newPath string, lost map[string]need) {
	oldDir, newDir := oldPath, newPath
	for first := true; ; first = false {
		oldName, newName := basename(oldDir), basename(newDir)
		oldDir, newDir = dirname(oldDir), dirname(newDir)
		n, isLost := lost[oldDir]
		if !isLost || !first && oldName != newName {
			return
		}
		if n == forItself || first {
			c.count(oldDir, newDir)
		}
		if n == noNeed || oldDir == "" || newDir == "" {
			return
		}
	}
}

func (c folderCounts) count(oldDir, newDir string) {
	if c[oldDir] == nil {
		c[oldDir] = places{}
	}
	c[oldDir][newDir]++
}

// clean drops what nobody needs.
func (c folderCounts) clean(lost map[string]need) {
	for dir, p := range c {
		delete(p, undecided)
		if lost[dir] == noNeed {
			delete(c, dir)
		}
	}
}

// first is the most frequent place, the least name among equals.
func (p places) first() string {
	best, most := "", 0
	for dir, n := range p {
		if n > most || n == most && dir < best {
			best, most = dir, n
		}
	}
	return best
}

// decided says that the most frequent place stays so wherever the undecided files went.
func (p places) decided() bool {
	var counts []int
	for dir, n := range p {
		if dir != undecided {
			counts = append(counts, n)
		}
	}
	slices.Sort(counts)
	counts = append([]int{0, 0}, counts...)
	n := len(counts)
	return counts[n-1] > counts[n-2]+p[undecided]
}

// split says that several places are equally frequent.
func (p places) split() bool {
	most, times := 0, 0
	for _, n := range p {
		switch {
		case n > most:
			most, times = n, 1
		case n == most:
			times++
		}
	}
	return times > 1
}

// dropDecided drops sources that matter only for telling where their folders went, if that is clear already.
func (d *detection) dropDecided() {
	for _, s := range d.sources {
		for dir := dirname(s.path); dir != "" && d.lost[dir] != noNeed; dir = dirname(dir) {
			d.counts.count(dir, undecided)
		}
	}
	for dir, p := range d.counts {
		if d.lost[dir] == forItself && p.decided() {
			d.lost[dir] = forFolder
		}
	}
	d.keep(func(s *source) bool { return d.relevant[s.path] != forLocation || d.open(dirname(s.path)) })
}

// open says that it is not clear yet where a folder, or one above it, went.
func (d *detection) open(dir string) bool {
	for ; d.lost[dir] != noNeed; dir = dirname(dir) {
		if d.lost[dir] == forItself {
			return true
		}
		if dir == "" {
			break
		}
	}
	return false
}

// followed returns the folders that one side moved as a whole, by their old path. A folder whose files went to several
// places in equal numbers is in split instead.
func (m *moves) followed() (moved map[string]string, split []string) {
	moved = map[string]string{}
	for dir, p := range m.counts {
		switch {
		case len(p) == 0:
		case p.split():
			split = append(split, dir)
		default:
			moved[dir] = p.first()
		}
	}
	return moved, split
}

// movedFolder returns the innermost folder of path that is in moved.
func movedFolder(path string, moved map[string]string) (string, bool) {
	for strings.Contains(path, "/") {
		path = dirname(path)
		if _, ok := moved[path]; ok {
			return path, true
		}
	}
	return "", false
}
