package git

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// references are the references of a repository: files, or in memory. They are
// safe for concurrent use.
type references interface {
	// all returns the references below refs/ by full name, in a map that is only
	// to be read.
	all() (map[string]Hash, error)
	// get returns the zero Hash for a reference that does not exist.
	get(name string) (Hash, error)
	// set moves a reference, whatever it was before.
	set(name string, to Hash) error
	// swap moves a reference from old to new if it is at old; zero stands for a
	// reference that does not exist. Otherwise the error is a *StaleError.
	swap(name string, old, to Hash) error
	// lookup reads HEAD or a full name, and follows it where it names another
	// reference. The error for what is not there is
	// plumbing.ErrReferenceNotFound.
	lookup(name plumbing.ReferenceName) (Hash, error)
	// pointHEAD makes HEAD name a branch.
	pointHEAD(branch string) error
}

// diskRefs are the references of a repository on disk.
type diskRefs struct {
	refFiles
	gitDir string // with HEAD

	// names serves whatever follows symbolic references. It is not safe for
	// concurrent use.
	names storer.ReferenceStorer
	mu    sync.Mutex
}

func (r *diskRefs) lookup(name plumbing.ReferenceName) (Hash, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ref, err := storer.ResolveReference(r.names, name)
	if err != nil {
		return Hash{}, err
	}
	return ref.Hash(), nil
}

func (r *diskRefs) pointHEAD(branch string) error {
	path, content := filepath.Join(r.gitDir, "HEAD"), "ref: refs/heads/"+branch+"\n"
	if old, err := os.ReadFile(path); err == nil && string(old) == content {
		return nil
	}
	return replaceFile(path, content)
}
