package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/assay-dev/assay/sources/tests"
)

// copyFiles gives a Run its own copy of the files that its Suite names, at the places where they lie in the repository. What is wrong
// with the files is a *refusal; other errors are the disk's.
func copyFiles(ctx context.Context, to string, files fs.FS, suite *tests.Suite) error {
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()

	folder := path.Dir(filepath.ToSlash(suite.Origin.File))
	if files == nil {
		return root.MkdirAll(folder, 0o755)
	}
	globs := suite.Spec.Files
	if len(globs) == 0 {
		globs = []string{"**"}
	}
	c := copier{ctx: ctx, from: files, to: root}
	for _, glob := range globs {
		pattern := path.Join(folder, glob)
		if !filepath.IsLocal(pattern) {
			return refuse("files: %s leaves the repository", glob)
		}
		if err := c.copyMatching(pattern); err != nil {
			return err
		}
	}
	return root.MkdirAll(folder, 0o755)
}

// refusal is what keeps a Run from starting, and is its author's to put right.
type refusal struct{ reason string }

func (r *refusal) Error() string { return r.reason }

func refuse(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }

type copier struct {
	ctx  context.Context
	from fs.FS
	to   *os.Root
}

// copyMatching copies what one pattern matches. A folder that a pattern matches stands for all that it holds.
func (c *copier) copyMatching(pattern string) error {
	base, _ := doublestar.SplitPattern(pattern)
	if _, err := fs.Stat(c.from, base); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fs.WalkDir(c.from, base, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return fs.SkipDir // of a checkout; Git holds none in its trees
		}
		matches, err := matchesSelfOrParent(pattern, name)
		if err != nil {
			return refuse("files: %s: %v", pattern, err)
		}
		if !matches {
			return nil
		}
		if err := c.copy(name, entry); err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
		return nil
	})
}

func matchesSelfOrParent(pattern, name string) (bool, error) {
	for ; ; name = path.Dir(name) {
		if ok, err := doublestar.Match(pattern, name); ok || err != nil {
			return ok, err
		}
		if name == "." {
			return false, nil
		}
	}
}

func (c *copier) copy(name string, entry fs.DirEntry) error {
	switch entry.Type() {
	case fs.ModeDir:
		return c.to.MkdirAll(name, 0o755)
	case fs.ModeSymlink:
		return c.link(name)
	case 0:
		return c.file(name, entry)
	}
	return refuse("files: %s is neither a file, a folder nor a symbolic link", name)
}

// link copies a symbolic link as it is. One that leaves the repository would show the Run another file than the one that was committed.
func (c *copier) link(name string) error {
	target, err := fs.ReadLink(c.from, name)
	if err != nil {
		return err
	}
	if path.IsAbs(target) || !filepath.IsLocal(path.Join(path.Dir(name), target)) {
		return refuse("files: %s is a symbolic link out of the repository, to %s", name, target)
	}
	if err := c.to.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	if err := c.to.Symlink(target, name); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func (c *copier) file(name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	if _, err := c.to.Lstat(name); err == nil {
		return nil // another pattern has brought it
	}
	if err := c.to.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	source, err := c.from.Open(name)
	if err != nil {
		return err
	}
	defer source.Close()
	return writeFile(c.to, name, source, info.Mode().Perm())
}

// writeFile writes a file that may be executed at once. No process may be forked while it is open for writing: the child would hold it
// open too for a moment, in which the system refuses to execute it ("text file busy").
func writeFile(root *os.Root, name string, source io.Reader, perm fs.FileMode) error {
	if perm&0o111 != 0 {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, source)
	return errors.Join(err, file.Chmod(perm), file.Close())
}

// writeScript writes the Suite's script and returns how it is called.
func writeScript(room room, script string) (argv []string, err error) {
	root, err := os.OpenRoot(room.box())
	if err != nil {
		return nil, err
	}
	defer root.Close()
	name := filepath.Base(room.script())
	if err := writeFile(root, name, strings.NewReader(script), 0o755); err != nil {
		return nil, fmt.Errorf("write script: %w", err)
	}
	if strings.HasPrefix(script, "#!") {
		return []string{room.script()}, nil
	}
	return []string{"/bin/sh", "-eu", room.script()}, nil
}

// writeInputs writes the files that Assay hands the Run, each under the name of its variable.
func writeInputs(room room, inputs map[string][]byte) error {
	if len(inputs) == 0 {
		return nil
	}
	if err := os.Mkdir(room.inputs(), 0o700); err != nil {
		return fmt.Errorf("write inputs: %w", err)
	}
	for variable, content := range inputs {
		if err := os.WriteFile(room.input(variable), content, 0o600); err != nil {
			return fmt.Errorf("write input %s: %w", variable, err)
		}
	}
	return nil
}

// giveTo makes a Run's directory its own.
func giveTo(dir string, uid int) error {
	return filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, uid, uid)
	})
}

// removeAll removes a directory, also where a Run has taken permissions away from its folders.
func removeAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	openUp(root, ".")
	return os.RemoveAll(dir)
}

// openUp gives Assay back its permissions on a folder and the folders in it. What fails shows when they are removed.
func openUp(root *os.Root, name string) {
	_ = root.Chmod(name, 0o700)
	entries, err := fs.ReadDir(root.FS(), name)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if entry.IsDir() {
			openUp(root, path.Join(name, entry.Name()))
		}
	}
}
