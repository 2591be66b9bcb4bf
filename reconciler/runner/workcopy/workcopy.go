// Package workcopy brings the files of a Suite on their way to a Run. In go the tree of a commit and a Suite; out come the files that
// its globs choose, with what their links lead to, in a destination: a directory, an archive. It never follows a link out of the
// tree, and never changes the tree.
package workcopy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// maxLinks is how many symbolic links one path may lead through, as in Linux.
const maxLinks = 40

// Destination is where the files go. Paths are slash-separated, relative and clean; each comes once, and its parent folders may come after
// it or not at all.
type Destination interface {
	Folder(name string) error
	Link(name, target string) error
	// File takes size bytes from source.
	File(name string, source io.Reader, size int64, perm fs.FileMode) error
}

// Bring puts the Suite's files where they lie in the repository. Symbolic links stay links, and what they lead to comes along, for it
// belongs to what is tested. What is wrong with the files is a *runner.Refusal; other errors are the tree's or the destination's.
func Bring(ctx context.Context, to Destination, files fs.FS, suite *tests.Suite) error {
	if err := to.Folder(suite.Origin.Folder()); err != nil {
		return err
	}
	if files == nil {
		return nil
	}
	names, err := suite.FilesIn(files)
	if errors.Is(err, fs.ErrInvalid) || errors.Is(err, git.ErrUnsafe) {
		return runner.Refuse("files: %v", err)
	} else if err != nil {
		return err
	}
	c := copier{ctx: ctx, from: files, to: to, folders: map[string]bool{}, brought: map[string]bool{}}
	for _, name := range names {
		if err := c.bring(name); err != nil {
			return err
		}
	}
	return nil
}

type copier struct {
	ctx  context.Context
	from fs.FS
	to   Destination
	// folders are those that are known to be no links, and whether all below them is copied.
	folders map[string]bool
	brought map[string]bool // files and links
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
			return runner.Refuse("files: %s leads out of the repository: make the link lead to a file in it", name)
		}
		info, err := fs.Lstat(c.from, next)
		if errors.Is(err, fs.ErrNotExist) {
			return runner.Refuse("files: %s leads to %s, which does not exist: correct the link, or leave it out of files", name, next)
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
				return runner.Refuse("files: %s leads through more than %d links: remove the cycle", name, maxLinks)
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
		return "", runner.Refuse("files: %s leads out of the repository, to %s: make the link lead to a file in it", name, target)
	}
	if c.brought[name] {
		return target, nil
	}
	c.brought[name] = true
	return target, c.to.Link(name, target)
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
			return c.to.Folder(name)
		case fs.ModeSymlink:
			if c.brought[name] {
				return nil // it is being brought: it may even lead here
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
	if c.brought[name] {
		return nil
	}
	c.brought[name] = true
	source, err := c.from.Open(name)
	if err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	defer source.Close()
	return c.to.File(name, source, info.Size(), info.Mode().Perm())
}
