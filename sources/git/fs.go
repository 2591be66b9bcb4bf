package git

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// TreeFS is a tree as a read-only file system. It implements [fs.ReadDirFS],
// [fs.ReadFileFS], [fs.StatFS] and [fs.ReadLinkFS], and is safe for concurrent
// use. A folder is read when it is first looked into, a file when it is opened.
//
// Symbolic links are followed inside the tree only; one that is absolute, leads
// out of the tree or around in a circle is an error that wraps [ErrUnsafe].
// Submodules are listed but cannot be opened ([ErrSubmodule]), and neither can
// names that are not UTF-8, which io/fs does not allow. All times are zero:
// Git keeps none for files.
type TreeFS struct {
	ctx     context.Context
	objects Objects
	root    Entry
}

var (
	_ fs.ReadDirFS  = (*TreeFS)(nil)
	_ fs.ReadFileFS = (*TreeFS)(nil)
	_ fs.StatFS     = (*TreeFS)(nil)
	_ fs.ReadLinkFS = (*TreeFS)(nil)
)

// FS returns a tree as a file system. It reads nothing yet; when ctx ends, so
// does all reading. The zero Hash is the empty tree.
func FS(ctx context.Context, o Objects, tree Hash) *TreeFS {
	if tree.IsZero() {
		tree = EmptyTree
	}
	return &TreeFS{ctx: ctx, objects: o, root: Entry{Name: ".", Mode: filemode.Dir, Hash: tree}}
}

// Hash identifies a file or folder by its content and mode, without reading it.
// Symbolic links are followed.
func (f *TreeFS) Hash(name string) (Hash, filemode.FileMode, error) {
	e, _, err := f.find("hash", name, followAll)
	return e.Hash, e.Mode, err
}

// Open implements [fs.FS].
func (f *TreeFS) Open(name string) (fs.File, error) {
	e, at, err := f.find("open", name, followAll)
	if err != nil {
		return nil, err
	}
	info := f.info(e, path.Base(name))
	switch e.Mode {
	case filemode.Dir:
		list, err := f.list(e)
		if err != nil {
			return nil, pathError("open", name, err)
		}
		return &treeDir{info: info, name: name, entries: list}, nil
	case filemode.Submodule:
		return nil, pathError("open", name, inSubmodule(at, e))
	default:
		data, err := f.objects.Blob(f.ctx, e.Hash)
		if err != nil {
			return nil, pathError("open", name, err)
		}
		return &treeFile{info: info, name: name, Reader: bytes.NewReader(data)}, nil
	}
}

// ReadFile implements [fs.ReadFileFS]. The caller may change what it returns.
func (f *TreeFS) ReadFile(name string) ([]byte, error) {
	e, at, err := f.find("read", name, followAll)
	if err != nil {
		return nil, err
	}
	switch e.Mode {
	case filemode.Dir:
		return nil, pathError("read", name, fmt.Errorf("is a directory: %w", fs.ErrInvalid))
	case filemode.Submodule:
		return nil, pathError("read", name, inSubmodule(at, e))
	}
	data, err := f.objects.Blob(f.ctx, e.Hash)
	if err != nil {
		return nil, pathError("read", name, err)
	}
	return bytes.Clone(data), nil
}

// ReadDir implements [fs.ReadDirFS].
func (f *TreeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	e, at, err := f.find("readdir", name, followAll)
	if err != nil {
		return nil, err
	}
	switch e.Mode {
	case filemode.Dir:
	case filemode.Submodule:
		return nil, pathError("readdir", name, inSubmodule(at, e))
	default:
		return nil, pathError("readdir", name, fmt.Errorf("is not a directory: %w", fs.ErrInvalid))
	}
	list, err := f.list(e)
	if err != nil {
		return nil, pathError("readdir", name, err)
	}
	return list, nil
}

// Stat implements [fs.StatFS].
func (f *TreeFS) Stat(name string) (fs.FileInfo, error) {
	return f.stat("stat", name, followAll)
}

// Lstat implements [fs.ReadLinkFS].
func (f *TreeFS) Lstat(name string) (fs.FileInfo, error) {
	return f.stat("lstat", name, keepLast)
}

// ReadLink implements [fs.ReadLinkFS]. It returns the target as it is written in
// the tree, even if it must not be followed.
func (f *TreeFS) ReadLink(name string) (string, error) {
	e, _, err := f.find("readlink", name, keepLast)
	if err != nil {
		return "", err
	}
	if e.Mode != filemode.Symlink {
		return "", pathError("readlink", name, fmt.Errorf("is not a symbolic link: %w", fs.ErrInvalid))
	}
	target, err := f.objects.Blob(f.ctx, e.Hash)
	if err != nil {
		return "", pathError("readlink", name, err)
	}
	return string(target), nil
}

func (f *TreeFS) stat(op, name string, follow follow) (fs.FileInfo, error) {
	e, _, err := f.find(op, name, follow)
	if err != nil {
		return nil, err
	}
	info, err := f.info(e, path.Base(name)).Info()
	if err != nil {
		return nil, pathError(op, name, err)
	}
	return info, nil
}

// list returns a folder sorted by name, as io/fs wants it; Git sorts a folder as
// if its name ended in a slash.
func (f *TreeFS) list(dir Entry) ([]fs.DirEntry, error) {
	entries, err := f.objects.Entries(f.ctx, dir.Hash)
	if err != nil {
		return nil, err
	}
	list := make([]fs.DirEntry, len(entries))
	for i, e := range entries {
		list[i] = f.info(e, e.Name)
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

func (f *TreeFS) info(e Entry, name string) *treeInfo {
	return &treeInfo{fsys: f, entry: e, name: name}
}

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

func inSubmodule(at string, e Entry) error {
	return fmt.Errorf("%s %w at commit %s; its files are in another repository", at, ErrSubmodule, e.Hash)
}

// sizer is implemented by [Objects] that know the length of a blob without
// reading it.
type sizer interface {
	BlobSize(ctx context.Context, h Hash) (int64, error)
}

func (f *TreeFS) size(e Entry) (int64, error) {
	if e.Mode == filemode.Dir || e.Mode == filemode.Submodule {
		return 0, nil
	}
	if o, ok := f.objects.(sizer); ok {
		return o.BlobSize(f.ctx, e.Hash)
	}
	data, err := f.objects.Blob(f.ctx, e.Hash)
	return int64(len(data)), err
}

// treeInfo is an entry as the two interfaces of io/fs for it.
type treeInfo struct {
	fsys  *TreeFS
	entry Entry
	name  string
	size  int64 // set by Info
}

func (i *treeInfo) Name() string       { return i.name }
func (i *treeInfo) IsDir() bool        { return i.entry.Mode == filemode.Dir }
func (i *treeInfo) Type() fs.FileMode  { return i.Mode().Type() }
func (i *treeInfo) Size() int64        { return i.size }
func (i *treeInfo) ModTime() time.Time { return time.Time{} }

// Sys returns the [Entry].
func (i *treeInfo) Sys() any       { return i.entry }
func (i *treeInfo) String() string { return fs.FormatFileInfo(i) }

// Info implements [fs.DirEntry].
func (i *treeInfo) Info() (fs.FileInfo, error) {
	size, err := i.fsys.size(i.entry)
	if err != nil {
		return nil, err
	}
	info := *i
	info.size = size
	return &info, nil
}

func (i *treeInfo) Mode() fs.FileMode {
	switch i.entry.Mode {
	case filemode.Dir:
		return fs.ModeDir | 0o755
	case filemode.Symlink:
		return fs.ModeSymlink | 0o777
	case filemode.Executable:
		return 0o755
	case filemode.Submodule:
		return fs.ModeIrregular
	default:
		return 0o644
	}
}

// treeFile is an open file.
type treeFile struct {
	*bytes.Reader
	info *treeInfo
	name string
}

func (f *treeFile) Stat() (fs.FileInfo, error) { return f.info.Info() }
func (f *treeFile) Close() error               { return nil }

// treeDir is an open folder.
type treeDir struct {
	info    *treeInfo
	name    string
	entries []fs.DirEntry // those not read yet
}

func (d *treeDir) Stat() (fs.FileInfo, error) { return d.info.Info() }
func (d *treeDir) Close() error               { return nil }
func (d *treeDir) Read([]byte) (int, error) {
	return 0, pathError("read", d.name, fmt.Errorf("is a directory: %w", fs.ErrInvalid))
}

// ReadDir implements [fs.ReadDirFile].
func (d *treeDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(d.entries)
	} else if len(d.entries) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.entries))
	list := d.entries[:n:n]
	d.entries = d.entries[n:]
	return list, nil
}
