package git

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/go-git/go-git/v5/plumbing"
)

// refFiles reads and writes the references of a repository folder as files. A
// write holds Git's own lock (NAME.lock), so that it also excludes a git program
// at work in the same repository, and a reference is never seen half-written.
type refFiles struct{ dir string }

// all implements references.
func (r refFiles) all() (map[string]Hash, error) {
	refs, err := r.packed()
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(filepath.Join(r.dir, "refs"), func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(file, ".lock") {
			return ignoreAbsent(err)
		}
		name, err := filepath.Rel(r.dir, file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		h, err := r.loose(name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errSymbolic) {
			return nil
		}
		refs[name] = h
		return err
	})
	return refs, err
}

// get implements references.
func (r refFiles) get(name string) (Hash, error) {
	h, err := r.loose(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return h, err
	}
	packed, err := r.packed()
	return packed[name], err
}

// errSymbolic marks a reference that names another one instead of a commit.
var errSymbolic = errors.New("is a symbolic reference")

func (r refFiles) loose(name string) (Hash, error) {
	data, err := os.ReadFile(r.path(name))
	if err != nil {
		// Where another reference has a part of the name there is none of this one.
		if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EISDIR) {
			err = fs.ErrNotExist
		}
		return Hash{}, fmt.Errorf("reading %s: %w", name, err)
	}
	text := string(bytes.TrimSpace(data))
	if strings.HasPrefix(text, "ref:") {
		return Hash{}, fmt.Errorf("reading %s: it %w", name, errSymbolic)
	}
	h, err := ParseHash(text)
	if err != nil {
		return Hash{}, fmt.Errorf("reading %s: %w: %w", name, ErrCorrupt, err)
	}
	return h, nil
}

func (r refFiles) packed() (map[string]Hash, error) {
	refs := map[string]Hash{}
	data, err := os.ReadFile(r.path("packed-refs"))
	if err != nil {
		return refs, ignoreAbsent(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		hash, name, _ := strings.Cut(lines.Text(), " ")
		if h, err := ParseHash(hash); err == nil {
			refs[name] = h
		}
	}
	return refs, lines.Err()
}

// set implements references.
func (r refFiles) set(name string, to Hash) error {
	return r.locked(name, func(f *refLock) error { return r.replace(f, name, to) })
}

// swap implements references.
func (r refFiles) swap(name string, old, to Hash) error {
	return r.locked(name, func(f *refLock) error {
		at, err := r.get(name)
		if err != nil {
			return err
		}
		if at != old {
			return &StaleError{Ref: name, Expected: old, Actual: at}
		}
		if to == (Hash{}) {
			return r.remove(name)
		}
		return r.replace(f, name, to)
	})
}

// locked runs change while holding the lock of a reference.
func (r refFiles) locked(name string, change func(lock *refLock) error) error {
	if err := checkRefName(name); err != nil {
		return err
	}
	lock := r.path(name) + ".lock"
	if err := os.MkdirAll(filepath.Dir(lock), 0o755); err != nil {
		return fmt.Errorf("writing %s: another reference is in the way: %w", name, err)
	}
	f, err := takeLock(r.dir, lock)
	if err != nil {
		return lockError(name, err)
	}
	defer r.prune(name)
	// A change that succeeds renames the lock to the reference.
	return errors.Join(change(f), f.release())
}

// checkRefName refuses what is no full name of a reference: what could lead out of
// refs/, or say something else to a server than was meant.
func checkRefName(name string) error {
	if err := plumbing.ReferenceName(name).Validate(); err != nil || !strings.HasPrefix(name, "refs/") {
		return fmt.Errorf("reference name %q is not valid: give the full one, as refs/heads/main", name)
	}
	return nil
}

func (r refFiles) replace(lock *refLock, name string, to Hash) error {
	_, err := fmt.Fprintln(lock, to)
	if err = errors.Join(err, lock.Sync()); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if err := os.Rename(lock.path, r.path(name)); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// remove deletes a reference, the packed one first: the loose one hides it.
func (r refFiles) remove(name string) error {
	refs, err := r.packed()
	if err != nil {
		return err
	}
	if _, ok := refs[name]; ok {
		if err := r.unpack(name); err != nil {
			return err
		}
	}
	if err := os.Remove(r.path(name)); ignoreAbsent(err) != nil {
		return fmt.Errorf("deleting %s: %w", name, err)
	}
	return nil
}

// unpack takes a reference, and what it peels to, out of packed-refs.
func (r refFiles) unpack(name string) error {
	lock, err := takeLock(r.dir, r.path("packed-refs.lock"))
	if err != nil {
		return lockError("packed-refs", err)
	}
	return errors.Join(r.rewritePacked(lock, name), lock.release())
}

func (r refFiles) rewritePacked(lock *refLock, name string) error {
	data, err := os.ReadFile(r.path("packed-refs"))
	if err != nil {
		return err
	}
	var kept strings.Builder
	dropping := false
	for line := range strings.Lines(string(data)) {
		dropping = strings.HasSuffix(strings.TrimSpace(line), " "+name) || dropping && strings.HasPrefix(line, "^")
		if !dropping {
			kept.WriteString(line)
		}
	}
	_, err = lock.WriteString(kept.String())
	if err = errors.Join(err, lock.Sync()); err != nil {
		return fmt.Errorf("writing packed-refs: %w", err)
	}
	return os.Rename(lock.path, r.path("packed-refs"))
}

// prune removes the folders that a reference leaves empty, since another one may
// take their name.
func (r refFiles) prune(name string) {
	for dir := path.Dir(name); strings.Count(dir, "/") >= 2; dir = path.Dir(dir) {
		if os.Remove(r.path(dir)) != nil {
			return
		}
	}
}

func (r refFiles) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
