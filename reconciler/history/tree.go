package history

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// tree is a file system of what is not in files, by paths. A folder is there where something is in it.
type tree map[string]leaf

// leaf is one file of a tree.
type leaf struct {
	size int64
	open func() io.ReadCloser
}

func textLeaf(text string) leaf {
	return leaf{int64(len(text)), func() io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }}
}

// Open implements fs.FS.
func (t tree) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if leaf, there := t[name]; there {
		return treeFile{leaf.open(), entry{path.Base(name), leaf.size, false}}, nil
	}
	if inside := t.inside(name); len(inside) > 0 {
		return &treeFolder{entry{path.Base(name), 0, true}, inside}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// inside are the entries of a folder, sorted.
func (t tree) inside(folder string) (entries []fs.DirEntry) {
	seen := map[string]bool{}
	for name, leaf := range t {
		rest, under := strings.CutPrefix(name, folder+"/")
		if folder == "." {
			rest, under = name, true
		}
		base, _, deeper := strings.Cut(rest, "/")
		if !under || seen[base] {
			continue
		}
		seen[base] = true
		size := leaf.size
		if deeper {
			size = 0
		}
		entries = append(entries, fs.FileInfoToDirEntry(entry{base, size, deeper}))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries
}

// entry says what is known of a file or a folder.
type entry struct {
	name   string
	size   int64
	folder bool
}

func (e entry) Name() string     { return e.name }
func (e entry) Size() int64      { return e.size }
func (entry) ModTime() time.Time { return time.Time{} }
func (e entry) IsDir() bool      { return e.folder }
func (entry) Sys() any           { return nil }
func (e entry) Mode() fs.FileMode {
	if e.folder {
		return fs.ModeDir | 0o500
	}
	return 0o400
}

type treeFile struct {
	io.ReadCloser
	entry entry
}

func (f treeFile) Stat() (fs.FileInfo, error) { return f.entry, nil }

type treeFolder struct {
	entry
	left []fs.DirEntry
}

func (f *treeFolder) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (*treeFolder) Close() error                 { return nil }
func (f *treeFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
}

// ReadDir implements fs.ReadDirFile.
func (f *treeFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(f.left) {
		if n > 0 && len(f.left) == 0 {
			return nil, io.EOF
		}
		n = len(f.left)
	}
	next := f.left[:n]
	f.left = f.left[n:]
	return next, nil
}
