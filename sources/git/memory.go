package git

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Memory is a bare repository that lives in memory, objects and references alike,
// and is gone with the process. It is a Git repository in everything else: its
// objects have the names that Git would give them, it is written with a [Scratch]
// over [Memory.Repository], and a [Mirror] follows it as it would follow a server.
// It is safe for concurrent use. Annotated tags are not written.
//
// It is for worlds that are simulated, in which thousands of repositories come and
// go, and for tests.
type Memory struct {
	repo  *Repository
	refs  *memoryRefs
	fault atomic.Pointer[func(op string) error]
}

// NewMemory returns an empty repository. Its HEAD names main.
func NewMemory() *Memory {
	refs := newMemoryRefs()
	return &Memory{repo: newRepository(newMemoryObjects(), refs), refs: refs}
}

// Repository reads the repository itself, as somebody on the server would.
func (m *Memory) Repository() *Repository { return m.repo }

// Refs returns all references by full name, in a map that must not be changed.
func (m *Memory) Refs() map[string]Hash { return m.refs.now().byName }

// Update moves references, all or none. Each must be at its Old, else the error is
// a *[StaleError]; where it goes must be a commit of the repository, else it wraps
// [ErrNotFound].
func (m *Memory) Update(ctx context.Context, updates ...RefUpdate) error {
	for _, u := range updates {
		if err := m.checkTarget(ctx, u.Ref, u.New); err != nil {
			return err
		}
	}
	return m.refs.move(updates)
}

// Force moves a reference wherever it was before, as a forced push does. The zero
// Hash deletes it.
func (m *Memory) Force(ctx context.Context, ref string, to Hash) error {
	if err := m.checkTarget(ctx, ref, to); err != nil {
		return err
	}
	return m.refs.set(ref, to)
}

func (m *Memory) checkTarget(ctx context.Context, ref string, to Hash) error {
	if to == (Hash{}) {
		return nil
	}
	if _, err := m.repo.Commit(ctx, to); err != nil {
		return fmt.Errorf("moving %s: %w", ref, err)
	}
	return nil
}

// SetDefaultBranch makes HEAD name a branch, which need not exist.
func (m *Memory) SetDefaultBranch(branch string) error { return m.refs.pointHEAD(branch) }

// What those who follow a Memory ask it for, one at a time, and it may fail at.
const (
	// OpFetch is a look at the references, and the commits that follow from it.
	OpFetch = "fetch"
	// OpPush is a push, of which nothing has happened yet.
	OpPush = "push"
	// OpPushed is the answer to a push that has moved its references. A Mirror that
	// does not get it looks (OpFetch) whether it was moved, and fails if it cannot.
	OpPushed = "pushed"
)

// Fail has fault asked before each operation that a [Mirror] asks for. Its error
// is what the Mirror gets instead of an answer. Nil ends that.
func (m *Memory) Fail(fault func(op string) error) {
	if fault == nil {
		m.fault.Store(nil)
		return
	}
	m.fault.Store(&fault)
}

func (m *Memory) ask(op string) error {
	if fault := m.fault.Load(); fault != nil {
		return (*fault)(op)
	}
	return nil
}
