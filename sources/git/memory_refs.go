package git

import (
	"fmt"
	"maps"
	"path"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// memoryRefs are references in memory. They are looked at far more often than they
// are moved, so every move makes a new snapshot, which all share.
type memoryRefs struct {
	mu     sync.Mutex
	latest *memorySnapshot
}

// memorySnapshot is where references are at one time. It never changes.
type memorySnapshot struct {
	byName     map[string]Hash
	head       string // the branch that HEAD names
	advertised func() (*packp.AdvRefs, error)
}

func newMemoryRefs() *memoryRefs {
	return &memoryRefs{latest: newMemorySnapshot(map[string]Hash{}, "main")}
}

func newMemorySnapshot(byName map[string]Hash, head string) *memorySnapshot {
	s := &memorySnapshot{byName: byName, head: head}
	s.advertised = sync.OnceValues(s.advertise)
	return s
}

// advertise says what a server would.
func (s *memorySnapshot) advertise() (*packp.AdvRefs, error) {
	advertised := packp.NewAdvRefs()
	advertised.References = s.byName
	if err := advertised.Capabilities.Set(capability.AllowReachableSHA1InWant); err != nil {
		return nil, err
	}
	h, ok := s.lookup(plumbing.HEAD)
	if !ok {
		return advertised, nil
	}
	advertised.Head = &h
	return advertised, advertised.AddReference(plumbing.NewSymbolicReference(plumbing.HEAD, plumbing.NewBranchReferenceName(s.head)))
}

func (s *memorySnapshot) lookup(name plumbing.ReferenceName) (Hash, bool) {
	if name == plumbing.HEAD {
		name = plumbing.NewBranchReferenceName(s.head)
	}
	h, ok := s.byName[name.String()]
	return h, ok
}

func (r *memoryRefs) now() *memorySnapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.latest
}

func (r *memoryRefs) all() (map[string]Hash, error) { return r.now().byName, nil }

func (r *memoryRefs) get(name string) (Hash, error) { return r.now().byName[name], nil }

func (r *memoryRefs) lookup(name plumbing.ReferenceName) (Hash, error) {
	h, ok := r.now().lookup(name)
	if !ok {
		return Hash{}, plumbing.ErrReferenceNotFound
	}
	return h, nil
}

func (r *memoryRefs) pointHEAD(branch string) error {
	if err := checkRefName("refs/heads/" + branch); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.latest.head != branch {
		r.latest = newMemorySnapshot(r.latest.byName, branch)
	}
	return nil
}

func (r *memoryRefs) set(name string, to Hash) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.replace([]RefUpdate{{Ref: name, New: to}})
}

func (r *memoryRefs) swap(name string, old, to Hash) error {
	return r.move([]RefUpdate{{Ref: name, Old: old, New: to}})
}

// move moves references of which each is where it must be, or none.
func (r *memoryRefs) move(updates []RefUpdate) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := checkStale(r.latest.byName, updates); err != nil {
		return err
	}
	return r.replace(updates)
}

// replace makes the next snapshot. The lock is held.
func (r *memoryRefs) replace(updates []RefUpdate) error {
	next := maps.Clone(r.latest.byName)
	for _, u := range updates {
		if err := checkRefName(u.Ref); err != nil {
			return err
		}
		if u.New == (Hash{}) {
			delete(next, u.Ref)
			continue
		}
		if err := checkRoom(next, u.Ref); err != nil {
			return err
		}
		next[u.Ref] = u.New
	}
	r.latest = newMemorySnapshot(next, r.latest.head)
	return nil
}

// checkRoom refuses a reference whose name is a folder of another's, or the other
// way around, which no repository of files could hold.
func checkRoom(refs map[string]Hash, name string) error {
	if _, there := refs[name]; there {
		return nil
	}
	for above := path.Dir(name); above != "."; above = path.Dir(above) {
		if _, taken := refs[above]; taken {
			return fmt.Errorf("writing %s: another reference is in the way: %s", name, above)
		}
	}
	for other := range refs {
		if strings.HasPrefix(other, name+"/") {
			return fmt.Errorf("writing %s: another reference is in the way: %s", name, other)
		}
	}
	return nil
}
