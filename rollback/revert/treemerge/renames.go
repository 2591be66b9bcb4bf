package treemerge

import (
	"cmp"
	"slices"
)

// rename is a file that one side moved.
type rename struct {
	source, target string
	by             side
}

// followRenames finds what the sides moved and brings the versions of each file together at its new path.
func (m *merge) followRenames(w *walk) error {
	g := newGauge(m.ctx, m.store)
	var renames []rename
	for _, s := range sides {
		if err := w.moves[s].detect(g); err != nil {
			return err
		}
		for _, t := range w.moves[s].targets {
			if t.from != nil {
				renames = append(renames, rename{t.from.path, t.path, s})
			}
		}
	}
	m.findMovedFolders(w)
	slices.SortStableFunc(renames, func(a, b rename) int { return cmp.Compare(a.source, b.source) })
	for i := 0; i < len(renames); i++ {
		if i+1 < len(renames) && renames[i].source == renames[i+1].source {
			m.movedByBoth(renames[i], renames[i+1])
			i++
			continue
		}
		if err := m.moved(renames[i]); err != nil {
			return err
		}
	}
	return nil
}

// movedByBoth joins the three versions if the sides agree where the file belongs.
func (m *merge) movedByBoth(ours, theirs rename) {
	source, target := m.paths[ours.source], m.paths[ours.target]
	if ours.target != theirs.target {
		source.conflict = RenameRename
		target.conflict = RenameRename
		m.paths[theirs.target].conflict = RenameRename
		return
	}
	target.entries[inBase] = source.entries[inBase]
	target.files |= baseBit
	source.moved = true
}

// moved joins the versions of a file that one side moved.
func (m *merge) moved(r rename) error {
	source, target, other := m.paths[r.source], m.paths[r.target], r.by.other()
	deleted := source.files == baseBit
	collides := target.files&other.bit() != 0
	retyped := !deleted && regular(source.entries[other]) != regular(target.entries[r.by])
	if retyped && collides {
		collides = false // the other side moved the file too, and put something else in its place
	}
	switch {
	case collides && deleted:
		target.conflict = RenameDelete
	case collides:
		merged, err := m.content(source.path, versionsOf(source, target, r.by))
		if err != nil {
			return err
		}
		target.entries[r.by] = merged.entry
		if merged.conflict != "" {
			target.conflict = RenameAdd
		}
	default:
		target.entries[inBase] = source.entries[inBase]
		target.files |= baseBit
		switch {
		case retyped:
			source.entries[inBase] = target.entries[0]
			source.files &^= baseBit
		case deleted:
			target.conflict = RenameDelete
		default:
			target.entries[other] = source.entries[other]
			target.files |= other.bit()
		}
	}
	source.moved = !retyped
	return nil
}

// findMovedFolders marks as conflicts the files that one side added to, or moved into, a folder that the other side
// moved: whether they should follow is for people to say.
func (m *merge) findMovedFolders(w *walk) {
	var moved versions[map[string]string]
	for _, s := range sides {
		var split []string
		moved[s], split = w.moves[s].followed()
		for _, dir := range split {
			m.conflict(&item{path: dir}, DirectoryRename, nil)
		}
	}
	for dir := range moved[inOurs] {
		if _, both := moved[inTheirs][dir]; both {
			delete(moved[inOurs], dir)
			delete(moved[inTheirs], dir)
		}
	}
	for _, s := range sides {
		folders, own := moved[s.other()], moved[s]
		for _, t := range w.moves[s].targets {
			dir, found := movedFolder(t.path, folders)
			if !found {
				continue
			}
			if _, movedOn := own[folders[dir]]; !movedOn {
				m.paths[t.path].conflict = DirectoryRename
			}
		}
	}
}
