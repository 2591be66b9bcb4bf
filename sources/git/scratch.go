package git

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// Scratch makes objects in memory, on top of a [Repository] whose objects it
// reads too. Until [Scratch.Flush] the repository is not touched. It implements
// [Objects] and is safe for concurrent use.
type Scratch struct {
	repo *Repository

	mu      sync.RWMutex
	objects map[Hash]object
	order   []Hash // as they were written
}

// Scratch returns an empty scratch pad over r.
func (r *Repository) Scratch() *Scratch {
	return &Scratch{repo: r, objects: map[Hash]object{}}
}

// Repository returns the repository that s writes for.
func (s *Scratch) Repository() *Repository { return s.repo }

func (s *Scratch) own(h Hash, want plumbing.ObjectType) (object, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, ok := s.objects[h]
	return o, ok && o.kind == want
}

// Commit implements [Objects].
func (s *Scratch) Commit(ctx context.Context, h Hash) (*Commit, error) {
	if o, ok := s.own(h, plumbing.CommitObject); ok {
		return parseCommit(h, o.data)
	}
	return s.repo.Commit(ctx, h)
}

// Entries implements [Objects].
func (s *Scratch) Entries(ctx context.Context, tree Hash) ([]Entry, error) {
	if o, ok := s.own(tree, plumbing.TreeObject); ok {
		return parseTree(tree, o.data)
	}
	return s.repo.Entries(ctx, tree)
}

// Blob implements [Objects].
func (s *Scratch) Blob(ctx context.Context, h Hash) ([]byte, error) {
	if o, ok := s.own(h, plumbing.BlobObject); ok {
		return o.data, nil
	}
	return s.repo.Blob(ctx, h)
}

// BlobSize returns the length of a blob in bytes, without reading it.
func (s *Scratch) BlobSize(ctx context.Context, h Hash) (int64, error) {
	if o, ok := s.own(h, plumbing.BlobObject); ok {
		return int64(len(o.data)), nil
	}
	return s.repo.BlobSize(ctx, h)
}

func (s *Scratch) put(kind plumbing.ObjectType, data []byte) Hash {
	h := plumbing.ComputeHash(kind, data)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.objects[h]; !known {
		s.objects[h] = object{kind, data}
		s.order = append(s.order, h)
	}
	return h
}

// WriteBlob writes the content of a file. It keeps data, which must not be
// changed afterwards.
func (s *Scratch) WriteBlob(data []byte) Hash {
	return s.put(plumbing.BlobObject, data)
}

// WriteTree writes a tree of entries, in any order. It refuses names that must
// not be in a tree ([ErrUnsafe]) or appear twice, modes that Git does not know,
// and entries without a hash. What the entries refer to is not looked at.
func (s *Scratch) WriteTree(entries []Entry) (Hash, error) {
	sorted := slices.Clone(entries)
	if err := sortEntries(sorted); err != nil {
		return Hash{}, fmt.Errorf("write tree: %w", err)
	}
	var data []byte
	for _, e := range sorted {
		if err := checkEntry(e); err != nil {
			return Hash{}, fmt.Errorf("write tree: %w", err)
		}
		data = fmt.Appendf(data, "%o %s\x00", uint32(e.Mode), e.Name)
		data = append(data, e.Hash[:]...)
	}
	return s.put(plumbing.TreeObject, data), nil
}

func checkEntry(e Entry) error {
	if err := checkName(e.Name); err != nil {
		return err
	}
	switch e.Mode {
	case filemode.Regular, filemode.Executable, filemode.Symlink, filemode.Dir, filemode.Submodule:
	default:
		return fmt.Errorf("entry %q has mode %o, which Git does not know", e.Name, uint32(e.Mode))
	}
	if e.Hash.IsZero() {
		return fmt.Errorf("entry %q has no hash", e.Name)
	}
	return nil
}

// has reports whether h can be read from s.
func (s *Scratch) has(h Hash) (bool, error) {
	s.mu.RLock()
	_, ok := s.objects[h]
	s.mu.RUnlock()
	if ok || h == EmptyTree {
		return true, nil
	}
	return s.repo.store.has(h)
}

// Flush stores in the repository what was written and is not there yet. It
// appears whole or not at all, on disk also after a crash or a loss of power: it is
// one pack. No reference changes: the objects are there, and nothing shows them yet.
func (s *Scratch) Flush(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var absent []Hash
	for _, h := range s.order {
		stored, err := s.repo.store.has(h)
		if err != nil {
			return fmt.Errorf("store object %s: %w", h, err)
		}
		if !stored {
			absent = append(absent, h)
		}
	}
	if len(absent) == 0 {
		return ctx.Err()
	}
	if s.repo.turn != nil {
		release, err := s.repo.turn(ctx)
		if err != nil {
			return fmt.Errorf("store objects: %w", err)
		}
		defer release()
	}
	if err := s.repo.store.add(ctx, absent, func(h Hash) (object, error) { return s.objects[h], nil }); err != nil {
		return fmt.Errorf("store %d objects: %w", len(absent), err)
	}
	return nil
}
