package treemerge

import (
	"fmt"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/assay-dev/assay/sources/git"
)

// folder is a folder of the result in the making.
type folder struct {
	path    string
	settled []git.Entry // entries that need no more thought
	items   []*item     // files that do
	folders []*folder   // folders that do
}

func (f *folder) join(name string) string {
	if f.path == "" {
		return name
	}
	return f.path + "/" + name
}

// item is a path where the sides have to be brought together: a file, symbolic link or submodule in at least one tree.
type item struct {
	name, path string
	entries    versions[git.Entry] // zero where there is none, or a folder
	files      mask                // where it is a file
	matches    mask                // which of the files are the same
	conflict   Kind                // found while following renames
	moved      bool                // a rename took all of it elsewhere
}

// row is one name in three folders.
type row struct {
	name        string
	entries     versions[git.Entry]
	files, dirs mask
}

func (r *row) put(s side, e git.Entry) {
	r.name, r.entries[s] = e.Name, e
	if e.Mode == filemode.Dir {
		r.dirs |= s.bit()
	} else {
		r.files |= s.bit()
	}
}

func same(a, b git.Entry) bool { return a.Mode == b.Mode && a.Hash == b.Hash }

// matches tells which of the entries are equal; absent ones equal nothing.
func (r *row) matches() mask {
	present := r.files | r.dirs
	equal := func(a, b side) bool {
		pair := a.bit() | b.bit()
		return present&pair == pair && same(r.entries[a], r.entries[b])
	}
	ours, theirs := equal(inBase, inOurs), equal(inBase, inTheirs)
	switch {
	case ours && theirs:
		return all
	case ours:
		return baseBit | oursBit
	case theirs:
		return baseBit | theirsBit
	case equal(inOurs, inTheirs):
		return oursBit | theirsBit
	}
	return 0
}

// changed is the side whose version stands where the other entries match.
func changed(matches mask) side {
	if matches == baseBit|oursBit {
		return inTheirs
	}
	return inOurs
}

// walk goes through three trees at once, settles what is plain, and notes what else there is and what may have moved.
type walk struct {
	m        *merge
	moves    versions[*moves] // by the side that may have moved files; none for the base
	deferred versions[[]deferred]
	reading  bool // deferred folders too
}

// deferred is a folder that only one side touched: it stands as it is there, unless that side may have moved something
// into it that the other side changed.
type deferred struct {
	parent *folder
	row    row
	lost   mask
}

func newWalk(m *merge) *walk {
	return &walk{m: m, moves: versions[*moves]{inOurs: newMoves(), inTheirs: newMoves()}}
}

func (w *walk) run(root *folder, trees versions[git.Hash]) error {
	if err := w.folder(root, trees, 0); err != nil {
		return err
	}
	w.reading = true
	for _, s := range sides {
		if err := w.resume(s); err != nil {
			return err
		}
	}
	return nil
}

// resume settles the deferred folders of one side, or goes into them if it matters what that side moved.
func (w *walk) resume(s side) error {
	if len(w.moves[s].relevant) == 0 {
		for _, d := range w.deferred[s] {
			d.parent.settled = append(d.parent.settled, d.row.entries[s])
		}
		return nil
	}
	paths := make([]string, len(w.deferred[s]))
	for i, d := range w.deferred[s] {
		paths[i] = d.parent.join(d.row.name)
	}
	for _, i := range hashOrder(paths) {
		d := &w.deferred[s][i]
		if err := w.subfolder(d.parent, &d.row, d.lost); err != nil {
			return err
		}
	}
	return nil
}

// folder walks one folder. lost says whether this folder, or one above it, is gone on one side: 0 for no, the other
// side if so, and all if the other side has put new files into it, so that it matters where it went.
func (w *walk) folder(f *folder, trees versions[git.Hash], lost mask) error {
	rows, err := w.rows(f, trees)
	if err != nil {
		return err
	}
	if lost != 0 {
		for i := range rows {
			if rows[i].files == lost {
				lost = all
			}
		}
	}
	for i := range rows {
		if err := w.row(f, &rows[i], lost); err != nil {
			return err
		}
	}
	return nil
}

// row settles one name if it is plain, and notes it otherwise.
func (w *walk) row(f *folder, r *row, lost mask) error {
	matches := r.matches()
	switch {
	case matches == all, r.files == all && matches == oursBit|theirsBit:
		f.settled = append(f.settled, r.entries[inOurs])
		return nil
	case r.files == all && matches != 0:
		f.settled = append(f.settled, r.entries[changed(matches)])
		return nil
	}
	path := f.join(r.name)
	if lost != all && (r.dirs == baseBit|oursBit || r.dirs == baseBit|theirsBit) {
		lost = r.dirs &^ baseBit
	}
	w.note(f, path, r, matches&r.files, lost)
	if r.files != 0 {
		it := &item{name: r.name, path: path, files: r.files, matches: matches & r.files}
		for s, e := range r.entries {
			if r.files&side(s).bit() != 0 {
				it.entries[s] = e
			}
		}
		f.items = append(f.items, it)
		w.m.paths[path] = it
	}
	if r.dirs == 0 {
		return nil
	}
	if s, ok := oneSided(r, matches); ok && lost != all && !w.reading {
		w.deferred[s] = append(w.deferred[s], deferred{f, *r, lost})
		return nil
	}
	return w.subfolder(f, r, lost)
}

// oneSided tells which side alone touched a folder that no tree has a file in the place of.
func oneSided(r *row, matches mask) (side, bool) {
	if r.files == 0 && r.dirs == all && (matches == baseBit|oursBit || matches == baseBit|theirsBit) {
		return changed(matches), true
	}
	if r.files == 0 {
		return r.dirs.only()
	}
	return inBase, false
}

func (w *walk) subfolder(parent *folder, r *row, lost mask) error {
	sub := &folder{path: parent.join(r.name)}
	parent.folders = append(parent.folders, sub)
	var trees versions[git.Hash]
	for s, e := range r.entries {
		if r.dirs&side(s).bit() != 0 {
			trees[s] = e.Hash
		}
	}
	return w.folder(sub, trees, lost)
}

// rows lines up the entries of three folders, in Git's order of names.
func (w *walk) rows(f *folder, trees versions[git.Hash]) ([]row, error) {
	var lists versions[[]git.Entry]
	longest := 0
	for s, tree := range trees {
		entries, err := w.m.store.Entries(w.m.ctx, tree)
		if err != nil {
			return nil, fmt.Errorf("read folder %q: %w", f.path, err)
		}
		lists[s] = entries
		longest = max(longest, len(entries))
	}
	rows := make([]row, 0, longest+8)
	var partial map[string]int // rows of names that are not in all three, where files and folders may have to meet
	for {
		next, found := least(lists)
		if !found {
			return rows, nil
		}
		var r row
		for s := range lists {
			if len(lists[s]) > 0 && order(lists[s][0], next) == 0 {
				r.put(side(s), lists[s][0])
				lists[s] = lists[s][1:]
			}
		}
		if r.files|r.dirs != all {
			if at, met := partial[r.name]; met {
				for s, e := range r.entries {
					if !e.IsZero() {
						rows[at].put(side(s), e)
					}
				}
				continue
			}
			if partial == nil {
				partial = map[string]int{}
			}
			partial[r.name] = len(rows)
		}
		rows = append(rows, r)
	}
}

func least(lists versions[[]git.Entry]) (entry git.Entry, found bool) {
	for _, l := range lists {
		if len(l) > 0 && (!found || order(l[0], entry) < 0) {
			entry, found = l[0], true
		}
	}
	return entry, found
}

// order compares names as Git sorts them in trees: a folder as if its name ended in a slash.
func order(a, b git.Entry) int {
	n := min(len(a.Name), len(b.Name))
	for i := range n {
		if a.Name[i] != b.Name[i] {
			return int(a.Name[i]) - int(b.Name[i])
		}
	}
	return int(end(a, n)) - int(end(b, n))
}

// end is the byte of a name at n, at or before its end.
func end(e git.Entry, n int) byte {
	switch {
	case n < len(e.Name):
		return e.Name[n]
	case e.Mode == filemode.Dir:
		return '/'
	}
	return 0
}
