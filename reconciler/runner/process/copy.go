//go:build linux || darwin

package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// maxLinks is how many symbolic links one path may lead through, as in Linux.
const maxLinks = 40

// copyFiles gives a Run its own copy of its Suite's files, at the places where they lie in the repository. Symbolic links stay links, and
// what they lead to comes along, for it belongs to what is tested. What is wrong with the files is a *refusal; other errors are the disk's.
func copyFiles(ctx context.Context, to string, files fs.FS, suite *tests.Suite) error {
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.FromSlash(suite.Origin.Folder()), 0o755); err != nil {
		return err
	}
	if files == nil {
		return nil
	}
	names, err := suite.FilesIn(files)
	if errors.Is(err, fs.ErrInvalid) || errors.Is(err, git.ErrUnsafe) {
		return refuse("files: %v", err)
	} else if err != nil {
		return err
	}
	c := copier{ctx: ctx, from: files, to: root, folders: map[string]bool{}}
	for _, name := range names {
		if err := c.bring(name); err != nil {
			return err
		}
	}
	return nil
}

// refusal is what keeps a Run from starting, and is its author's to put right.
type refusal struct{ reason string }

func (r *refusal) Error() string { return r.reason }

func refuse(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }

type copier struct {
	ctx  context.Context
	from fs.FS
	to   *os.Root
	// folders are those that are known to be no links, and whether all below them is copied.
	folders map[string]bool
}

// bring copies what lies at a path, and the links on the way to it. A link out of the repository would show the Run another file than
// the one that was committed.
func (c *copier) bring(name string) error {
	at, rest, links := ".", strings.Split(name, "/"), 0
	for len(rest) > 0 {
		next := path.Join(at, rest[0])
		rest = rest[1:]
		if _, ok := c.folders[next]; ok || next == "." {
			at = next
			continue
		}
		if !filepath.IsLocal(next) {
			return refuse("files: %s leads out of the repository: make the link lead to a file in it", name)
		}
		info, err := fs.Lstat(c.from, next)
		if errors.Is(err, fs.ErrNotExist) {
			return refuse("files: %s leads to %s, which does not exist: correct the link, or leave it out of files", name, next)
		}
		if err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
		switch info.Mode().Type() {
		case fs.ModeSymlink:
			target, err := c.link(next)
			if err != nil {
				return err
			}
			if links++; links > maxLinks {
				return refuse("files: %s leads through more than %d links: remove the cycle", name, maxLinks)
			}
			rest = append(strings.Split(target, "/"), rest...)
			continue
		case fs.ModeDir:
			c.folders[next] = false
		case 0:
			return c.file(next, info)
		}
		at = next
	}
	return c.folder(at)
}

// link copies a symbolic link as it is, and returns where it leads.
func (c *copier) link(name string) (target string, err error) {
	target, err = fs.ReadLink(c.from, name)
	if err != nil {
		return "", fmt.Errorf("copy %s: %w", name, err)
	}
	if path.IsAbs(target) {
		return "", refuse("files: %s leads out of the repository, to %s: make the link lead to a file in it", name, target)
	}
	if err := c.to.MkdirAll(path.Dir(name), 0o755); err != nil {
		return "", err
	}
	if err := c.to.Symlink(target, name); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return target, nil
}

// folder copies all below a folder.
func (c *copier) folder(name string) error {
	if c.folders[name] {
		return nil
	}
	c.folders[name] = true
	return fs.WalkDir(c.from, name, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
		switch entry.Type() {
		case fs.ModeDir:
			return c.to.MkdirAll(name, 0o755)
		case fs.ModeSymlink:
			if _, err := c.to.Lstat(name); err == nil {
				return nil // it is being brought already: it may even lead here
			}
			return c.bring(name)
		case 0:
			info, err := entry.Info()
			if err != nil {
				return fmt.Errorf("copy %s: %w", name, err)
			}
			return c.file(name, info)
		}
		return nil // a submodule has no files
	})
}

// file copies a regular file, unless it came along with another one.
func (c *copier) file(name string, info fs.FileInfo) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if _, err := c.to.Lstat(name); err == nil {
		return nil
	}
	if err := c.to.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	source, err := c.from.Open(name)
	if err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	defer source.Close()
	return writeFile(c.to, name, source, info.Mode().Perm())
}
