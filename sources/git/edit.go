package git

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// EditTree returns a tree in which each path of edits is the entry given for it,
// and everything else is as in tree. The zero Entry removes what is at its path,
// be it a file or a folder. The name in an entry is ignored, the path counts.
// Folders are made as needed and vanish when they become empty. A file in the way
// of a folder must be removed by an edit of its own. Only the folders on the way to
// the paths are read. The error for a path that leads out of the tree wraps
// [ErrUnsafe]; others are those of reading and of [Scratch.WriteTree].
func (s *Scratch) EditTree(ctx context.Context, tree Hash, edits map[string]Entry) (Hash, error) {
	root := &folderEdit{}
	for _, path := range slices.Sorted(maps.Keys(edits)) {
		if err := root.add(path, edits[path]); err != nil {
			return Hash{}, fmt.Errorf("edit tree %s: %w", tree, err)
		}
	}
	h, _, err := s.apply(ctx, tree, root)
	if err != nil {
		return Hash{}, fmt.Errorf("edit tree %s: %w", tree, err)
	}
	return h, nil
}

// folderEdit is what to do in a folder: entries to set and folders to edit, by
// name. A name may be in both, when a file gives way to a folder.
type folderEdit struct {
	entries map[string]Entry
	folders map[string]*folderEdit
}

func (f *folderEdit) add(path string, e Entry) error {
	name, rest, below := strings.Cut(path, "/")
	if err := checkName(name); err != nil {
		return fmt.Errorf("path %q: %w", path, err)
	}
	if !below {
		if f.entries == nil {
			f.entries = map[string]Entry{}
		}
		if !e.IsZero() {
			e.Name = name
		}
		f.entries[name] = e
		return nil
	}
	if f.folders == nil {
		f.folders = map[string]*folderEdit{}
	}
	if f.folders[name] == nil {
		f.folders[name] = &folderEdit{}
	}
	return f.folders[name].add(rest, e)
}

// apply returns the edited folder and whether it is empty.
func (s *Scratch) apply(ctx context.Context, tree Hash, edit *folderEdit) (h Hash, empty bool, err error) {
	entries, err := s.Entries(ctx, tree)
	if err != nil {
		return Hash{}, false, err
	}
	byName := make(map[string]Entry, len(entries))
	for _, e := range entries {
		byName[e.Name] = e
	}
	for name, e := range edit.entries {
		if e.IsZero() {
			delete(byName, name)
		} else {
			byName[name] = e
		}
	}
	for name, below := range edit.folders {
		e, ok := byName[name]
		if ok && e.Mode != filemode.Dir {
			return Hash{}, false, fmt.Errorf("%s is no folder, so nothing can be put into it", name)
		}
		h, empty, err := s.apply(ctx, e.Hash, below)
		switch {
		case err != nil:
			return Hash{}, false, fmt.Errorf("%s: %w", name, err)
		case empty:
			delete(byName, name)
		default:
			byName[name] = Entry{Name: name, Mode: filemode.Dir, Hash: h}
		}
	}
	h, err = s.WriteTree(slices.Collect(maps.Values(byName)))
	return h, len(byName) == 0, err
}
