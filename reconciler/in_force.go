package reconciler

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// revision is the tests of an Environment at one commit of the test repository.
type revision struct {
	*tests.Set
	commit git.Hash
	tree   *git.TreeFS
}

// inForce are the tests of an Environment: the last good revision, and what is wrong with a newer one.
type inForce struct {
	loader *tests.Loader

	mu      sync.Mutex
	tests   *revision
	head    git.Hash  // that was looked at last
	problem error     // with head
	past    *revision // that was needed last besides; blame runs old tests
}

// old is a revision that is no longer in force. It is loaded once as long as no other is asked for.
func (f *inForce) old(at git.Hash, load func() (*revision, error)) (*revision, error) {
	f.mu.Lock()
	known := f.past
	f.mu.Unlock()
	if known != nil && known.commit == at {
		return known, nil
	}
	found, err := load()
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.past = found
	return found, nil
}

func (f *inForce) get() *revision {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tests
}

// looked notes what came of a look at head. A revision that cannot be used changes nothing but the problem: the last good one stays in
// force.
func (f *inForce) looked(head git.Hash, found *revision, problem error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.head, f.problem = head, problem
	if found != nil {
		f.tests = found
	}
}

// settled tells whether looking at head again would find the same.
func (f *inForce) settled(head git.Hash) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	var wrong tests.Problems
	return f.head == head && (f.problem == nil || errors.As(f.problem, &wrong))
}

// pull looks at the test repository once, and tells whether other tests are in force now.
func (l *Loop) pull(ctx context.Context, env *Environment) (changed bool, err error) {
	in := l.inForce[env.Name]
	head, err := l.mirrors.Head(ctx, env.Tests.URL, env.Tests.Branch, l.clock.Now().Add(-env.Tests.Interval/2))
	if err != nil {
		return false, err
	}
	if in.settled(head) {
		return false, nil
	}
	found, err := l.load(ctx, env, in.loader, head)
	in.looked(head, found, err)
	if err != nil {
		return false, err
	}
	if env.Sites != nil {
		env.Sites.Follow(found.Sites, found.tree)
	}
	return true, nil
}

// load reads and checks the tests at a commit.
func (l *Loop) load(ctx context.Context, env *Environment, loader *tests.Loader, at git.Hash) (*revision, error) {
	mirror, err := l.mirrors.Mirror(env.Tests.URL)
	if err != nil {
		return nil, err
	}
	if err := mirror.Fetch(ctx, at); err != nil {
		return nil, fmt.Errorf("tests at %.8s: %w", at, err)
	}
	repo := mirror.Repository()
	commit, err := repo.Commit(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("tests at %.8s: %w", at, err)
	}
	if env.Tests.Keyring != nil {
		if _, err := env.Tests.Keyring.Verify(commit); err != nil {
			return nil, fmt.Errorf("tests at %.8s are not used: %w", at, err)
		}
	}
	// The tree is read for as long as the revision is in force, which is longer than this call.
	tree := git.FS(context.WithoutCancel(ctx), repo, commit.Tree)
	set, err := loader.Load(ctx, tree, env.Tests.Overlay)
	if err != nil {
		return nil, fmt.Errorf("tests at %.8s: %w", at, err)
	}
	return &revision{Set: set, commit: at, tree: tree}, nil
}
