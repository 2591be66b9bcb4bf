package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// Extract writes a tree, or those of its paths that are given, into the folder
// dir, which must exist; what is written must not. Folders above the paths are
// made. Files keep whether they are executable, and symbolic links stay links. A
// link that leads out of the tree or around in a circle and a submodule are
// errors, as is a disk that takes two names for one file. Nothing is ever written
// outside of dir. What was written before an error stays.
func Extract(ctx context.Context, o Objects, tree Hash, dir string, paths ...string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("extract tree %s: %w", tree, err)
	}
	x := extraction{fsys: FS(ctx, o, tree), root: root}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, p := range outermost(paths) {
		if err = x.path(p); err != nil {
			break
		}
	}
	if err = errors.Join(err, root.Close()); err != nil {
		return fmt.Errorf("extract tree %s to %s: %w", tree, dir, err)
	}
	return nil
}

// outermost drops the paths that lie in a folder that is extracted anyway.
func outermost(paths []string) []string {
	var kept []string
	for _, p := range slices.Sorted(slices.Values(paths)) {
		inside := slices.ContainsFunc(kept, func(above string) bool {
			return p == above || above == "." || strings.HasPrefix(p, above+"/")
		})
		if !inside {
			kept = append(kept, p)
		}
	}
	return kept
}

type extraction struct {
	fsys *TreeFS
	root *os.Root
}

func (x extraction) path(name string) error {
	e, at, err := x.fsys.find("extract", name, keepLast)
	if err != nil {
		return err
	}
	if at != path.Clean(name) {
		return fmt.Errorf("%s leads through a symbolic link to %s: give that path", name, at)
	}
	if err := x.root.MkdirAll(path.Dir(at), 0o755); err != nil {
		return err
	}
	return x.entry(e, at)
}

func (x extraction) entry(e Entry, at string) error {
	if err := x.fsys.ctx.Err(); err != nil {
		return err
	}
	switch e.Mode {
	case filemode.Dir:
		return x.folder(e, at)
	case filemode.Symlink:
		return x.link(e, at)
	case filemode.Submodule:
		return pathError("extract", at, inSubmodule(at, e))
	case filemode.Executable:
		return x.file(e, at, 0o755)
	default:
		return x.file(e, at, 0o644)
	}
}

func (x extraction) folder(e Entry, at string) error {
	if err := checkDepth(strings.Count(at, "/")); err != nil {
		return err
	}
	if at != "." {
		if err := x.root.Mkdir(at, 0o755); err != nil {
			return err
		}
	}
	entries, err := x.fsys.objects.Entries(x.fsys.ctx, e.Hash)
	if err != nil {
		return pathError("extract", at, err)
	}
	for _, below := range entries {
		if err := x.entry(below, path.Join(at, below.Name)); err != nil {
			return err
		}
	}
	return nil
}

func (x extraction) file(e Entry, at string, mode fs.FileMode) error {
	data, err := x.fsys.objects.Blob(x.fsys.ctx, e.Hash)
	if err != nil {
		return pathError("extract", at, err)
	}
	// Only a new file will do: one that is there is another of the tree whose
	// name is the same to this disk, or not ours.
	f, err := x.root.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// link makes a symbolic link that is safe to follow. It may lead to something
// that is not there, as in a tree that is extracted in part.
func (x extraction) link(e Entry, at string) error {
	if _, _, err := x.fsys.find("extract", at, followAll); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	target, err := x.fsys.target(e, at)
	if err != nil {
		return pathError("extract", at, err)
	}
	return x.root.Symlink(target, at)
}
