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
	// Tests is where the overlay is pulled from.
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
	// Statuses has verified commits of these repositories get statuses that link to StatusURL, as publish.Place says.
	Statuses  bool
	StatusURL string
	// Notes has final Verdicts noted in these repositories, as package notes writes them.
	Notes bool
}

// SiteSource is a Source that is told which Sites there are.
type SiteSource interface {
	syncs.Source
	// Follow names the Sites that there are now, and the tree that they were read from.
	Follow(sites []*tests.Site, tree render.Tree)
	// Look has a Site looked at once more, now; Changed tells when that is done.
	Look(t syncs.Target)
	// Run watches them until ctx ends.
	Run(ctx context.Context)
}

// TestRepository is where an Environment's tests come from.
type TestRepository struct {
	// URL as git.Mirrors takes it; Branch is the remote's default when empty.
	URL     string
	Branch  string
	Overlay string
	// Keyring, when given, must hold the key that signed the head commit: test repositories hold code that runs.
	Keyring *git.Keyring
	// Interval between two looks at the remote.
	Interval time.Duration
}

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

// looked notes what came of a look at head. A revision that cannot be used changes nothing but the problem: the last good one stays in force.
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

// sources are all that tell of Targets.
func (env *Environment) sources() []syncs.Source {
	if env.Sites == nil {
		return env.Sources
	}
	return append([]syncs.Source{env.Sites}, env.Sources...)
}

// targets asks every Source of the Environment. What one Source cannot tell does not hide what the others can.
func (env *Environment) targets(ctx context.Context) ([]syncs.State, error) {
	var all []syncs.State
	var errs []error
	for _, source := range env.sources() {
		states, err := source.Targets(ctx)
		if errs = append(errs, err); all == nil {
			all = states // there may be thousands, and mostly there is one Source
			continue
		}
		all = append(all, states...)
	}
	return all, errors.Join(errs...)
}
