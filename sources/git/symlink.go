package git

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// maxLinks is how many symbolic links a path may lead through, as on Linux.
const maxLinks = 40

// follow says what becomes of a symbolic link that a path ends in.
type follow bool

const (
	followAll follow = true
	keepLast  follow = false
)

// find returns the entry that a name leads to, and where in the tree it is.
func (f *TreeFS) find(op, name string, follow follow) (Entry, string, error) {
	if !fs.ValidPath(name) {
		return Entry{}, "", pathError(op, name, fs.ErrInvalid)
	}
	e, at, err := f.resolve(name, follow)
	if err != nil {
		return Entry{}, "", pathError(op, name, err)
	}
	return e, at, nil
}

// resolve walks name from the root, one part at a time as a kernel does: a ".."
// after a link leads to the parent of where the link went, not of where it lies.
func (f *TreeFS) resolve(name string, follow follow) (Entry, string, error) {
	trail := []Entry{f.root} // the folders that lead to where the walk is
	todo := strings.Split(name, "/")
	for links := 0; len(todo) > 0; {
		if err := f.ctx.Err(); err != nil {
			return Entry{}, "", err
		}
		part := todo[0]
		todo = todo[1:]
		here := trail[len(trail)-1]
		if here.Mode == filemode.Submodule {
			return Entry{}, "", inSubmodule(where(trail), here)
		}
		if here.Mode != filemode.Dir {
			return Entry{}, "", fmt.Errorf("%s is not a directory: %w", where(trail), fs.ErrNotExist)
		}
		switch part {
		case "", ".":
			continue
		case "..":
			if len(trail) == 1 {
				return Entry{}, "", fmt.Errorf("a symbolic link leads out of the tree: %w", ErrUnsafe)
			}
			trail = trail[:len(trail)-1]
			continue
		}
		e, err := f.child(here, part)
		if err != nil {
			return Entry{}, "", err
		}
		if e.Mode != filemode.Symlink || len(todo) == 0 && follow == keepLast {
			trail = append(trail, e)
			if err := checkDepth(len(trail)); err != nil {
				return Entry{}, "", err
			}
			continue
		}
		at := path.Join(where(trail), part)
		if links++; links > maxLinks {
			return Entry{}, "", fmt.Errorf("symbolic link %s leads in a circle (more than %d links): %w", at, maxLinks, ErrUnsafe)
		}
		target, err := f.target(e, at)
		if err != nil {
			return Entry{}, "", err
		}
		todo = slices.Concat(strings.Split(target, "/"), todo)
	}
	return trail[len(trail)-1], where(trail), nil
}

// target reads where a symbolic link leads.
func (f *TreeFS) target(link Entry, at string) (string, error) {
	data, err := f.objects.Blob(f.ctx, link.Hash)
	if err != nil {
		return "", err
	}
	target := string(data)
	switch {
	case target == "" || strings.Contains(target, "\x00") || len(target) > maxTarget:
		return "", fmt.Errorf("symbolic link %s has no valid target: %w", at, ErrUnsafe)
	case path.IsAbs(target):
		return "", fmt.Errorf("symbolic link %s leads to the absolute path %s: %w", at, target, ErrUnsafe)
	}
	return target, nil
}

// maxTarget is the longest target of a symbolic link in bytes, as on Linux.
const maxTarget = 4096

func (f *TreeFS) child(dir Entry, name string) (Entry, error) {
	entries, err := f.objects.Entries(f.ctx, dir.Hash)
	if err != nil {
		return Entry{}, err
	}
	// A folder is sorted elsewhere than a file of its name.
	for _, mode := range []filemode.FileMode{filemode.Regular, filemode.Dir} {
		i, ok := slices.BinarySearchFunc(entries, Entry{Name: name, Mode: mode}, compareEntries)
		if ok {
			return entries[i], nil
		}
	}
	return Entry{}, fs.ErrNotExist
}

func where(trail []Entry) string {
	names := make([]string, len(trail))
	for i, e := range trail {
		names[i] = e.Name
	}
	return path.Join(names...)
}
