package courier

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/assay-dev/assay/reconciler/runner/workcopy"
)

// Where things lie in the archive, and so in the pod.
const (
	OrderFile = "order.json"
	FilesDir  = "files"
)

// Pack writes the archive: the Order, and the files of its Suite. The same Order and files always give the same bytes. What is wrong with
// the files is a *runner.Refusal.
func Pack(ctx context.Context, w io.Writer, order Order, files fs.FS) error {
	text, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("write the order of run %s: %w", order.ID, err)
	}
	archive := archive{tar.NewWriter(w)}
	if err := archive.entry(OrderFile, bytes.NewReader(text), int64(len(text)), 0o600); err != nil {
		return err
	}
	if err := workcopy.Bring(ctx, archive, files, order.Job().Suite); err != nil {
		return err
	}
	return archive.tar.Close()
}

// archive is the destination of a Suite's files.
type archive struct{ tar *tar.Writer }

func (a archive) Folder(name string) error {
	return a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: path.Join(FilesDir, name) + "/", Mode: 0o755})
}

func (a archive) Link(name, target string) error {
	return a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: path.Join(FilesDir, name), Linkname: target, Mode: 0o777})
}

func (a archive) File(name string, source io.Reader, size int64, perm fs.FileMode) error {
	return a.entry(path.Join(FilesDir, name), source, size, perm)
}

func (a archive) entry(name string, source io.Reader, size int64, perm fs.FileMode) error {
	if err := a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: int64(perm)}); err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	if _, err := io.Copy(a.tar, source); err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	return nil
}

// Unpack writes what an archive holds into a directory, over what a broken-off attempt left there. Nothing is written outside of it.
func Unpack(r io.Reader, dir *os.Root) error {
	for reader := tar.NewReader(r); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		if err := unpack(reader, header, dir); err != nil {
			return fmt.Errorf("unpack %s: %w", header.Name, err)
		}
	}
}

func unpack(source io.Reader, header *tar.Header, dir *os.Root) error {
	name := path.Clean(header.Name)
	if header.Typeflag == tar.TypeDir {
		return dir.MkdirAll(name, 0o755)
	}
	if err := dir.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	if err := dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch header.Typeflag {
	case tar.TypeSymlink:
		return dir.Symlink(header.Linkname, name)
	case tar.TypeReg:
		perm := fs.FileMode(header.Mode).Perm()
		file, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, source)
		return errors.Join(err, file.Chmod(perm), file.Close())
	}
	return fmt.Errorf("an entry of type %q was not packed by Assay", header.Typeflag)
}
