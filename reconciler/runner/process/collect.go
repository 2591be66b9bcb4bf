//go:build linux || darwin

package process

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// collector brings what a Run left to where the Run cannot reach it, without secrets. Nothing in a Run's directory is trusted: only
// regular files of the Run's own are taken, within bounds, and no link is followed out of its working copy.
type collector struct {
	room   room
	root   *os.Root // the working copy
	cwd    string   // where the command ran, relative to root
	owner  int      // user id of the Run
	redact *runner.Redactor
	limits Limits
	notes  []string
	count  int
}

func (c *collector) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// reports takes the report files that the Suite names. A place where nothing is found gives no file.
func (c *collector) reports(sources []tests.ReportSource) ([]runner.File, error) {
	var files []runner.File
	for _, source := range sources {
		if source.Stdout {
			continue
		}
		found, err := c.take(source.Path, c.limits.Report, files)
		if err != nil {
			return nil, err
		}
		for i := range found {
			found[i].Format = source.Format
		}
		files = append(files, found...)
	}
	return files, nil
}

func (c *collector) artifacts(globs []string) ([]runner.File, error) {
	var files []runner.File
	for _, glob := range globs {
		found, err := c.take(glob, c.limits.Artifact, files)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

var errEnough = errors.New("enough files")

// take copies the files that a glob finds and that are not among known already.
func (c *collector) take(glob string, limit int64, known []runner.File) ([]runner.File, error) {
	pattern := path.Join(c.cwd, glob)
	if !filepath.IsLocal(pattern) {
		c.note("%s leaves the working copy: ignored", glob)
		return nil, nil
	}
	var files []runner.File
	err := doublestar.GlobWalk(c.root.FS(), pattern, func(name string, entry fs.DirEntry) error {
		if entry.IsDir() {
			return nil
		}
		shown, err := filepath.Rel(c.cwd, name)
		if err != nil {
			return err
		}
		for _, file := range append(known, files...) {
			if file.Path == shown {
				return nil
			}
		}
		if len(known)+len(files) >= c.limits.Files {
			return errEnough
		}
		file, err := c.copy(name, limit)
		if left := (*leftOut)(nil); errors.As(err, &left) {
			c.note("%s is left out: %s", shown, left.why)
			return nil
		}
		if err != nil {
			return fmt.Errorf("keep %s: %w", shown, err)
		}
		file.Path = filepath.ToSlash(shown)
		files = append(files, file)
		return nil
	})
	switch {
	case errors.Is(err, errEnough):
		c.note("only the first %d files of %s are kept", c.limits.Files, glob)
	case errors.Is(err, doublestar.ErrBadPattern):
		c.note("%s is not a valid glob", glob)
	case err != nil:
		return nil, err
	}
	return files, nil
}

// leftOut says why a file is not taken; that is the Run's doing.
type leftOut struct{ why string }

func (l *leftOut) Error() string { return l.why }

func (c *collector) copy(name string, limit int64) (runner.File, error) {
	source, info, err := openRegular(c.root, name)
	if err != nil {
		return runner.File{}, &leftOut{reasonOf(err).Error()}
	}
	defer source.Close()
	if owner := int(info.Sys().(*syscall.Stat_t).Uid); owner != c.owner {
		return runner.File{}, &leftOut{"it belongs to another user"}
	}
	if info.Size() > limit {
		return runner.File{}, &leftOut{fmt.Sprintf("it is larger than %d bytes", limit)}
	}
	kept := filepath.Join(c.room.kept(), strconv.Itoa(c.count))
	c.count++
	return keep(kept, io.LimitReader(source, limit), c.redact)
}

// keep writes what source holds, without secrets, to a file of Assay's own.
func keep(name string, source io.Reader, redact *runner.Redactor) (runner.File, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return runner.File{}, err
	}
	w := redact.Writer(file)
	_, err = io.Copy(w, source)
	if err = errors.Join(err, w.Close(), file.Close()); err != nil {
		return runner.File{}, err
	}
	return keptFile(name)
}

func keptFile(name string) (runner.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return runner.File{}, err
	}
	return runner.File{Size: info.Size(), Open: func() (io.ReadCloser, error) { return os.Open(name) }}, nil
}
