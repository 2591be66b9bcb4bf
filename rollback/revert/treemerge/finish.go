package treemerge

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/assay-dev/assay/sources/git"
)

// finish writes the merged tree and sorts the conflicts.
func (m *merge) finish(root *folder) error {
	entries, err := m.entries(root)
	if err != nil {
		return err
	}
	tree, err := m.store.WriteTree(entries)
	if err != nil {
		return fmt.Errorf("write the merged tree: %w", err)
	}
	m.result.Tree = tree
	slices.SortStableFunc(m.result.Conflicts, func(a, b Conflict) int { return cmp.Compare(a.Path, b.Path) })
	return nil
}

// entries merges what is in a folder. Folders that end up empty are left out.
func (m *merge) entries(f *folder) ([]git.Entry, error) {
	entries := f.settled
	occupied := map[string]bool{}
	for _, sub := range f.folders {
		inside, err := m.entries(sub)
		if err != nil {
			return nil, err
		}
		if len(inside) == 0 {
			continue
		}
		tree, err := m.store.WriteTree(inside)
		if err != nil {
			return nil, fmt.Errorf("write folder %q: %w", sub.path, err)
		}
		name := basename(sub.path)
		entries = append(entries, git.Entry{Name: name, Mode: filemode.Dir, Hash: tree})
		occupied[name] = true
	}
	for _, it := range f.items {
		entry, err := m.place(it, occupied[it.name])
		if err != nil {
			return nil, err
		}
		if !entry.IsZero() {
			entry.Name = it.name
			entries = append(entries, entry)
		}
	}
	return entries, nil
}

// place returns the entry for an item, zero for none. A folder of the same name stays where it is and leaves no room
// for a file.
func (m *merge) place(it *item, occupied bool) (git.Entry, error) {
	if it.moved && it.conflict == "" || occupied && it.files == baseBit {
		return git.Entry{}, nil
	}
	decided, err := m.resolve(it)
	if err != nil {
		return git.Entry{}, err
	}
	kind := decided.conflict
	if occupied && !decided.entry.IsZero() {
		kind, decided.entry = FileDirectory, git.Entry{}
	}
	if it.conflict != "" {
		kind = it.conflict
	}
	switch {
	case kind != "":
		m.conflict(it, kind, decided.rendering)
	case decided.how != "":
		m.result.Merged[it.path] = decided.how
	}
	return decided.entry, nil
}

func (m *merge) conflict(it *item, kind Kind, rendering []byte) {
	m.result.Conflicts = append(m.result.Conflicts, Conflict{
		Path: it.path, Kind: kind,
		Base: it.entries[inBase].Hash, Ours: it.entries[inOurs].Hash, Theirs: it.entries[inTheirs].Hash,
		Rendering: rendering,
	})
}
