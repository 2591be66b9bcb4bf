package render

import (
	"fmt"
	"io/fs"
	"os"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// Tree is a directory tree that knows the identity of its files without reading them. Paths are those of io/fs: slashed,
// relative to the tree's root. A *git.TreeFS is one, and so is a Directory.
type Tree interface {
	fs.FS
	// Hash returns the Git blob id and the mode of what lies at path, links followed; of a directory only the mode is used.
	// The error is fs.ErrNotExist where nothing lies there.
	Hash(path string) (plumbing.Hash, filemode.FileMode, error)
}

// Directory is a plain directory on disk as a Tree, for a working copy. Links that lead out of it are errors.
type Directory struct {
	fs.FS
	root *os.Root
}

// OpenDirectory opens the directory at path as a Tree. Close it after use.
func OpenDirectory(path string) (*Directory, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open the directory to build from: %w", err)
	}
	return &Directory{FS: root.FS(), root: root}, nil
}

// Close releases the directory.
func (d *Directory) Close() error { return d.root.Close() }

// Hash reads the file at path and returns the id that Git would give it.
func (d *Directory) Hash(path string) (plumbing.Hash, filemode.FileMode, error) {
	info, err := fs.Stat(d.FS, path)
	if err != nil {
		return plumbing.ZeroHash, filemode.Empty, err
	}
	if info.IsDir() {
		return plumbing.ZeroHash, filemode.Dir, nil
	}
	mode, err := filemode.NewFromOSFileMode(info.Mode())
	if err != nil {
		return plumbing.ZeroHash, filemode.Empty, fmt.Errorf("%s: %w", path, err)
	}
	data, err := fs.ReadFile(d.FS, path)
	if err != nil {
		return plumbing.ZeroHash, filemode.Empty, err
	}
	return plumbing.ComputeHash(plumbing.BlobObject, data), mode, nil
}
