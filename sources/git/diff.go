package git

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// Change is one file, symbolic link or submodule that differs between two trees.
type Change struct {
	Path string
	// From and To are what was there before and after; zero if nothing was.
	From, To Entry
}

// Diff lists what differs between two trees, by path, as git diff-tree -r
// --no-renames does: directories are looked into and never listed themselves.
// The zero Hash is the empty tree. Folders of equal hash are not read. The errors
// are those of o.
func Diff(ctx context.Context, o Objects, from, to Hash) ([]Change, error) {
	d := differ{ctx: ctx, objects: o}
	if err := d.trees("", from, to); err != nil {
		return nil, fmt.Errorf("compare trees %s and %s: %w", from, to, err)
	}
	slices.SortFunc(d.changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return d.changes, nil
}

type differ struct {
	ctx     context.Context
	objects Objects
	changes []Change
}

func (d *differ) trees(dir string, from, to Hash) error {
	if from == to {
		return nil
	}
	if err := checkDepth(strings.Count(dir, "/")); err != nil {
		return err
	}
	before, err := d.objects.Entries(d.ctx, from)
	if err != nil {
		return err
	}
	after, err := d.objects.Entries(d.ctx, to)
	if err != nil {
		return err
	}
	for len(before) > 0 || len(after) > 0 {
		var a, b Entry
		switch order := headOrder(before, after); {
		case order < 0:
			a, before = before[0], before[1:]
		case order > 0:
			b, after = after[0], after[1:]
		default:
			a, b, before, after = before[0], after[0], before[1:], after[1:]
		}
		if err := d.entries(dir, a, b); err != nil {
			return err
		}
	}
	return nil
}

// headOrder says which of two lists has the next entry: a file and a directory
// of one name are two entries.
func headOrder(before, after []Entry) int {
	switch {
	case len(before) == 0:
		return 1
	case len(after) == 0:
		return -1
	default:
		return compareEntries(before[0], after[0])
	}
}

func (d *differ) entries(dir string, from, to Entry) error {
	if from.Mode == to.Mode && from.Hash == to.Hash {
		return nil
	}
	at := path.Join(dir, from.Name)
	if from.IsZero() {
		at = path.Join(dir, to.Name)
	}
	if from.Mode == filemode.Dir || to.Mode == filemode.Dir {
		return d.trees(at, from.Hash, to.Hash)
	}
	d.changes = append(d.changes, Change{Path: at, From: from, To: to})
	return nil
}
