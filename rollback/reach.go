package rollback

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

// paths are files and folders of a tree; a folder stands for all that is in it.
type paths map[string]bool

// covers tells whether a path is among them, or inside one of them.
func (p paths) covers(name string) bool {
	for at := name; ; at = path.Dir(at) {
		if p[at] {
			return true
		}
		if at == "." {
			return false
		}
	}
}

// reach gathers what a Build may read of a tree in which it cannot be built: its folder, what the build looked at before it gave up, and
// whatever a file among these mentions by a path that leads out of its folder. It rather takes in too much: what is not known proves
// nothing. Where the folder can be built, its closure is the answer.
func reach(ctx context.Context, o git.Objects, b Build, tree git.Hash, r rendered) (paths, error) {
	found := paths{}
	if r.refusal == nil {
		for _, file := range r.Files {
			found[file] = true
		}
		return found, nil
	}
	folder := path.Clean(strings.TrimPrefix(b.Path, "/"))
	ahead := []string{folder}
	if b.Definition != nil {
		ahead = append(ahead, path.Clean(strings.TrimPrefix(b.Definition.Path, "/")))
	}
	for _, component := range b.Settings.Components {
		ahead = append(ahead, path.Join(folder, component))
	}
	for _, file := range r.refusal.Files {
		ahead = append(ahead, file)
		if name, _, _ := strings.Cut(path.Base(file), "."); strings.EqualFold(name, "kustomization") {
			ahead = append(ahead, path.Dir(file))
		}
	}
	files := git.FS(ctx, o, tree)
	for len(ahead) > 0 {
		next := ahead[0]
		ahead = ahead[1:]
		if found[next] || !fs.ValidPath(next) {
			continue
		}
		found[next] = true // also where nothing lies yet
		further, err := mentioned(files, next)
		if err != nil {
			return nil, err
		}
		ahead = append(ahead, further...)
	}
	return found, nil
}

// mentioned lists what lies in a folder, where a link leads, or what a file names outside of its own folder.
func mentioned(files *git.TreeFS, name string) ([]string, error) {
	info, err := files.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, git.ErrUnsafe) || errors.Is(err, git.ErrSubmodule) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var further []string
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := files.ReadLink(name)
		return []string{path.Join(path.Dir(name), target)}, err
	case info.IsDir():
		entries, err := files.ReadDir(name)
		for _, e := range entries {
			further = append(further, path.Join(name, e.Name()))
		}
		return further, err
	case !info.Mode().IsRegular():
		return nil, nil
	}
	content, err := files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for _, word := range strings.FieldsFunc(string(content), separates) {
		for _, at := range leadsOut(path.Dir(name), word) {
			if _, err := files.Lstat(at); err == nil {
				further = append(further, at)
			}
		}
	}
	return further, nil
}

// separates tells what cannot be part of a path that a file mentions.
func separates(r rune) bool { return r <= ' ' || strings.ContainsRune("\"'`,;=()[]{}<>", r) }

// leadsOut is where a word leads if it is a path out of the folder it stands in: up, from the root, or, in a URL such as that of a remote
// base, behind its double slash.
func leadsOut(folder, word string) (names []string) {
	if strings.HasPrefix(word, "/") {
		names = append(names, path.Clean(word[1:]))
	}
	if strings.Contains(word, "../") || strings.HasSuffix(word, "..") {
		names = append(names, path.Join(folder, word))
	}
	if at := strings.LastIndex(word, "//"); at > 0 {
		inside, _, _ := strings.Cut(word[at+2:], "?")
		names = append(names, path.Clean(inside))
	}
	valid := names[:0]
	for _, name := range names {
		if fs.ValidPath(name) && name != "." {
			valid = append(valid, name)
		}
	}
	return valid
}
