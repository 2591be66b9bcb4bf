package render

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/assay-dev/assay/sources/git"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// mount is where the tree lies in the file system that Kustomize sees. Not "/": there, ../ too many would be clamped to the
// root instead of leaving the tree. The name is one that nobody writes into a path.
const mount = "/(tree)"

// configurationDir holds Settings.Configurations in that file system, beside the tree.
const configurationDir = "/(configurations)"

// filesystem shows a tree to Kustomize, read-only and lazily, and remembers in its closure whatever was asked.
//
// Kustomize takes an unreadable file for an absent one in places, so an error that must end the build is kept in stop, and
// everything asked afterwards fails with it.
type filesystem struct {
	readOnly
	ctx      context.Context
	tree     Tree
	settings *Settings
	build    string // the folder being built, links resolved
	seen     *closure
	ignore   *ignoreRules
	stop     error

	unsettled bool // the tree did not answer a question, so that the closure does not say all

	overlay      map[string][]byte     // kustomization files written by Settings, by path
	options      *ApplicationKustomize // those of an Application, parameter files included
	unparsed     map[string]bool       // by path: whether all kustomizations read so far refer to it as data only
	spent        spent
	customSchema bool // this run began with a fresh schema
	keepOrigins  bool // the build itself asks for origin annotations
	labelled     bool // the build asks for the label that says who manages an object
}

func newFilesystem(ctx context.Context, tree Tree, s *Settings) *filesystem {
	f := &filesystem{ctx: ctx, tree: tree, settings: s, seen: newClosure(), overlay: map[string][]byte{}, unparsed: map[string]bool{}}
	if s.Engine == Flux {
		f.ignore = newIgnoreRules(s.Ignore)
	}
	return f
}

// fail ends the build with err; the first one wins.
func (f *filesystem) fail(err error) error {
	if f.stop == nil {
		f.stop = err
	}
	return f.stop
}

// inTree turns a path of Kustomize's into one of the tree.
func inTree(name string) (string, error) {
	name = path.Clean(name)
	if name == mount {
		return ".", nil
	}
	if rel, ok := strings.CutPrefix(name, mount+"/"); ok {
		return rel, nil
	}
	return "", fmt.Errorf("%s is outside of the tree; keep what is built in one repository: %w", name, fs.ErrNotExist)
}

// kind tells what lies at a path of the tree and records the answer.
func (f *filesystem) kind(name string) (kind, error) {
	if f.stop != nil {
		return absent, f.stop
	}
	if err := f.ctx.Err(); err != nil {
		return absent, f.fail(err)
	}
	if known, ok := f.seen.answers[name]; ok {
		return known.kind, nil
	}
	found, err := look(f.tree, name)
	if err != nil {
		return absent, f.unanswered(name, err)
	}
	if found.kind != absent && f.ignore != nil {
		hidden, err := f.ignore.match(f, name, found.kind == directory)
		if hidden || err != nil {
			return absent, err // the .sourceignore files that hide it are in the closure
		}
	}
	f.seen.answers[name] = found
	return found.kind, nil
}

// read returns the file at a path of the tree.
func (f *filesystem) read(name string) ([]byte, error) {
	found, err := f.kind(name)
	switch {
	case err != nil:
		return nil, err
	case found == absent:
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	case found == directory:
		return nil, fmt.Errorf("%s is a directory, not a file", name)
	}
	data, err := fs.ReadFile(f.tree, name)
	if err != nil {
		return nil, f.unanswered(name, fmt.Errorf("read %s: %w", name, err))
	}
	return data, f.admit(name, data)
}

// unanswered ends the build because the tree does not say what lies at a path: for good where the tree itself is at fault,
// else with an error that may pass.
func (f *filesystem) unanswered(name string, err error) error {
	f.unsettled = true
	switch {
	case errors.Is(err, git.ErrSubmodule):
		err = &Error{Reason: ReasonRemote, File: name, Detail: "it lies in a submodule, which is another repository; copy it into this one"}
	case errors.Is(err, git.ErrUnsafe):
		err = &Error{Reason: ReasonInvalid, File: name, Detail: err.Error()}
	}
	return f.fail(err)
}

// list returns the entries of a directory of the tree, sorted by name.
func (f *filesystem) list(name string) ([]fs.DirEntry, error) {
	if _, err := f.kind(name); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(f.tree, name)
	if err != nil {
		return nil, f.unanswered(name, fmt.Errorf("list %s: %w", name, err))
	}
	f.seen.listings[name] = listing(entries)
	return entries, nil
}

// ReadFile is how Kustomize reads everything; kustomization files are checked on the way, before Kustomize acts on them.
func (f *filesystem) ReadFile(name string) ([]byte, error) {
	if f.stop != nil {
		return nil, f.stop
	}
	if dir, base := path.Split(name); dir == configurationDir+"/" {
		return f.configuration(base)
	}
	rel, err := inTree(name)
	if err != nil {
		return nil, err
	}
	data, written := f.overlay[rel]
	if written {
		err = f.admit(rel, data)
	} else {
		data, err = f.read(rel)
	}
	if err != nil || !isKustomization(rel) {
		return data, err
	}
	return f.kustomization(rel, data)
}

// CleanedAbs confirms that a path exists and says where it really lies.
func (f *filesystem) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	rel, err := inTree(name)
	if err != nil {
		return "", "", err
	}
	found, err := f.kind(rel)
	if err != nil {
		return "", "", err
	}
	if found == absent {
		return "", "", &fs.PathError{Op: "find", Path: rel, Err: fs.ErrNotExist}
	}
	real, err := realPath(f.tree, rel)
	if err != nil {
		return "", "", f.unanswered(rel, err)
	}
	f.seen.links[rel] = real
	if found == directory {
		return filesys.ConfirmedDir(path.Join(mount, real)), "", nil
	}
	return filesys.ConfirmedDir(path.Join(mount, path.Dir(real))), path.Base(real), nil
}

// Exists tells whether something lies at a path.
func (f *filesystem) Exists(name string) bool {
	rel, err := inTree(name)
	if err != nil {
		return false
	}
	found, err := f.kind(rel)
	return err == nil && found != absent
}

// IsDir tells whether a directory lies at a path.
func (f *filesystem) IsDir(name string) bool {
	rel, err := inTree(name)
	if err != nil {
		return false
	}
	found, err := f.kind(rel)
	return err == nil && found == directory
}

// isKustomization tells whether a path has one of the names that Kustomize gives its own files.
func isKustomization(name string) bool {
	return slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(name))
}
