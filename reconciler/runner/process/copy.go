//go:build linux || darwin

package process

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/assay-dev/assay/reconciler/runner/workcopy"
	"github.com/assay-dev/assay/sources/tests"
)

// copyFiles gives a Run its own copy of its Suite's files.
func copyFiles(ctx context.Context, to string, files fs.FS, suite *tests.Suite) error {
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	return workcopy.Bring(ctx, directory{root}, files, suite)
}

// directory is a working copy.
type directory struct{ root *os.Root }

func (d directory) Folder(name string) error { return d.root.MkdirAll(name, 0o755) }

func (d directory) Link(name, target string) error {
	if err := d.Folder(path.Dir(name)); err != nil {
		return err
	}
	return d.root.Symlink(target, name)
}

func (d directory) File(name string, source io.Reader, _ int64, perm fs.FileMode) error {
	if err := d.Folder(path.Dir(name)); err != nil {
		return err
	}
	return writeFile(d.root, name, source, perm)
}
