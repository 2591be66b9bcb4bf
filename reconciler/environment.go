package reconciler

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// Environment is one overlay of the test repository, and what the operator allows there.
type Environment struct {
	Name string
	// Tests is where the overlay lies.
	Tests TestRepository
	// Sources of Syncs, besides the Sites of the overlay.
	Sources []syncs.Source
	// Sites follows the Sites of the overlay; nil where the operator allows none.
	Sites SiteSource
	// Mode is the boldest rollback that the operator allows.
	Mode tests.Mode
	// Protect is what the operator protects, besides each Gate.
	Protect tests.Protect
	// Writable are the normalised URLs of the config repositories that Assay may write to.
	Writable map[string]ConfigRepository
}

// SiteSource is a Source that is told which Sites there are.
type SiteSource interface {
	syncs.Source
	Follow(sites []*tests.Site, tree render.Tree)
}

// TestRepository is where an Environment's tests come from.
type TestRepository struct {
	Mirror *git.Mirror
	// URL is the normalised one, without credentials.
	URL     string
	Branch  string
	Overlay string
	// Keyring, when given, must hold the key that signed the head commit: test repositories hold code that runs.
	Keyring *git.Keyring
	// Interval between two looks at the remote.
	Interval time.Duration
}

// inForce are the tests of an Environment: the last good revision, and what is wrong with a newer one.
type inForce struct {
	mu      sync.Mutex
	set     *tests.Set
	commit  git.Hash
	problem error
	head    git.Hash // that the problem is of
}

func (f *inForce) get() (set *tests.Set, commit git.Hash, problem error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set, f.commit, f.problem
}

// pull looks at the test repository once. A revision that cannot be used changes nothing but the problem that is shown: the last good
// one stays in force.
func (l *Loop) pull(ctx context.Context, env *Environment) (changed bool, err error) {
	in := l.inForce[env.Name]
	head, _, err := env.Tests.Mirror.Refresh(ctx, env.Tests.Branch)
	if err != nil {
		return false, in.hold(git.Hash{}, err)
	}
	if _, commit, problem := in.get(); commit == head && problem == nil {
		return false, nil
	}
	in.mu.Lock()
	known := in.head == head && in.problem != nil
	in.mu.Unlock()
	if known {
		return false, nil
	}
	set, err := l.load(ctx, env, head)
	if err != nil {
		return false, in.hold(head, err)
	}
	in.mu.Lock()
	in.set, in.commit, in.problem, in.head = set, head, nil, head
	in.mu.Unlock()
	if env.Sites != nil {
		env.Sites.Follow(set.Sites, set.Tree)
	}
	return true, nil
}

func (f *inForce) hold(head git.Hash, problem error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.problem, f.head = problem, head
	return problem
}

// load reads and checks the tests at a commit.
func (l *Loop) load(ctx context.Context, env *Environment, at git.Hash) (*tests.Set, error) {
	repo := env.Tests.Mirror.Repository()
	commit, err := repo.Commit(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("tests at %.8s: %w", at, err)
	}
	if env.Tests.Keyring != nil {
		if _, err := env.Tests.Keyring.Verify(commit); err != nil {
			return nil, fmt.Errorf("tests at %.8s are not used: %w", at, err)
		}
	}
	// The tree is read for as long as the Set is in force, which is longer than this call.
	tree := git.FS(context.WithoutCancel(ctx), repo, commit.Tree)
	return tests.Load(ctx, l.builder, tree, env.Tests.Overlay, l.loadOptions)
}

// targets asks every Source of the Environment. What one Source cannot tell does not hide what the others can.
func (env *Environment) targets(ctx context.Context) ([]syncs.State, error) {
	sources := env.Sources
	if env.Sites != nil {
		sources = append([]syncs.Source{env.Sites}, sources...)
	}
	var all []syncs.State
	var errs []error
	for _, source := range sources {
		states, err := source.Targets(ctx)
		all, errs = append(all, states...), append(errs, err)
	}
	return all, errors.Join(errs...)
}
