package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// KindSite is the kind of Targets without a cluster.
const KindSite = tests.KindSite

// Command is a program of a test repository that a Site asks to be run, with the files of the folder that defines the Site.
type Command struct {
	Site *tests.Site
	// Tree is the test repository; Folder the one in it that defines the Site.
	Tree   render.Tree
	Folder string
	Args   []string
	// Env is what the Site declares; Variables are Assay's own.
	Env       []tests.EnvVar
	Variables map[string]string
	// Manifests is what is rendered, to be put in a file whose path is in ASSAY_MANIFESTS; nil for none.
	Manifests []byte
	Timeout   time.Duration
}

// RunCommand runs a Command as isolated as any code of a test repository, and returns what it printed on standard output. An error says how it failed.
type RunCommand func(ctx context.Context, c Command) (stdout []byte, err error)

// Sites is the Source of Sites: it asks each one's probe which revision is live, and deploys new ones where a Site says how.
type Sites struct {
	mirrors *git.Mirrors
	builder *render.Builder
	command RunCommand
	clock   clock.WithTicker
	changed chan struct{}

	mu    sync.Mutex
	sites map[string]*followed
	start chan struct{} // wakes Run when there may be a new Site
}

// followed is one Site with its latest state.
type followed struct {
	site   *tests.Site
	tree   render.Tree
	stop   context.CancelFunc // nil until it is watched
	deploy deployment         // of the goroutine that watches

	mu    sync.Mutex
	state State
}

// NewSites makes a Source that follows no Site yet.
func NewSites(mirrors *git.Mirrors, builder *render.Builder, command RunCommand, clock clock.WithTicker) *Sites {
	return &Sites{
		mirrors: mirrors, builder: builder, command: command, clock: clock,
		changed: make(chan struct{}, 1), sites: map[string]*followed{}, start: make(chan struct{}, 1),
	}
}

// Changed implements Source.
func (s *Sites) Changed() <-chan struct{} { return s.changed }

// Targets implements Source.
func (s *Sites) Targets(context.Context) ([]State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := make([]State, 0, len(s.sites))
	for _, f := range s.sites {
		f.mu.Lock()
		states = append(states, f.state)
		f.mu.Unlock()
	}
	slices.SortFunc(states, func(a, b State) int { return strings.Compare(a.Target.Name, b.Target.Name) })
	return states, nil
}

func (s *Sites) signal() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// update puts what one look found in place of what was known, and tells whether anything changed.
func (f *followed) update(now time.Time, next State) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.state
	if next.Sync == nil && next.Reason != "" {
		next.Sync = before.Sync // what was live is the best that is known
	}
	if a, b := before.Sync, next.Sync; b != nil && a != b {
		switch {
		case a != nil && sameSync(*a, *b):
			next.Sync = a
		default:
			b.At = now
			if a != nil {
				b.Since = a.Since
				if a.Digest != b.Digest || a.Outcome != b.Outcome {
					b.Since = now
				}
			}
		}
	}
	f.state = next
	return before.Sync != next.Sync || before.Pending != next.Pending || before.Reason != next.Reason
}

func sameSync(a, b Sync) bool {
	return a.Outcome == b.Outcome && a.Digest == b.Digest && a.Reason == b.Reason && slices.Equal(a.Revisions, b.Revisions)
}

// look asks once what is live and, where the Site says how, deploys what should be.
func (s *Sites) look(ctx context.Context, f *followed) State {
	site := f.site
	state := State{
		Target: Target{Kind: KindSite, Name: site.Name()},
		Labels: site.Metadata.Labels,
		Build:  site.Spec.Build.Settings(),
	}
	mirror, err := s.mirrors.Mirror(site.Spec.Repository.URL)
	if err != nil {
		state.Reason = err.Error()
		return state
	}
	if site.Spec.Deploy != nil {
		if done := s.bring(ctx, f, mirror, &state); !done {
			return state
		}
	}
	commit, err := s.live(ctx, f, mirror)
	if err != nil {
		state.Reason = "which revision is live is not known: " + err.Error()
		return state
	}
	rendering, err := s.render(ctx, mirror, commit, site)
	var refusal *render.Error
	switch {
	case errors.As(err, &refusal):
		// It is live though it cannot be built here: its commits stand in for its digest.
		state.Sync = s.sync(site, commit, Applied, "")
	case err != nil:
		state.Reason = fmt.Sprintf("what %.8s renders is not known: %v", commit, err)
	default:
		state.Sync = s.sync(site, commit, Applied, rendering.Digest)
	}
	return state
}

func (s *Sites) sync(site *tests.Site, commit git.Hash, outcome Outcome, digest string) *Sync {
	return &Sync{
		Target: Target{Kind: KindSite, Name: site.Name()},
		Revisions: []Revision{{
			Repository: git.Normalize(site.Spec.Repository.URL), Branch: site.Spec.Repository.Branch,
			Commit: commit.String(), Path: site.Spec.Path,
		}},
		Outcome: outcome, Digest: digest,
	}
}

// head is the commit that should be live.
func (s *Sites) head(ctx context.Context, site *tests.Site, mirror *git.Mirror) (git.Hash, error) {
	repository := site.Spec.Repository
	if repository.Revision != "" {
		return s.pinned(ctx, repository.Revision, mirror)
	}
	since := s.clock.Now().Add(-site.Spec.Live.Interval.Duration / 2)
	return s.mirrors.Head(ctx, repository.URL, repository.Branch, since)
}

func (s *Sites) pinned(ctx context.Context, revision string, mirror *git.Mirror) (git.Hash, error) {
	if commit, err := git.ParseHash(revision); err == nil {
		return commit, mirror.Fetch(ctx, commit)
	}
	refs, err := mirror.Refs(ctx, "refs/tags/"+revision)
	if err != nil {
		return git.Hash{}, err
	}
	for _, name := range []string{"refs/tags/" + revision + "^{}", "refs/tags/" + revision} {
		if commit, found := refs[name]; found {
			return commit, mirror.Fetch(ctx, commit)
		}
	}
	return git.Hash{}, fmt.Errorf("revision %q is neither a tag of %s nor a full commit id", revision, mirror)
}

func (s *Sites) render(ctx context.Context, mirror *git.Mirror, at git.Hash, site *tests.Site) (*render.Rendering, error) {
	repo := mirror.Repository()
	commit, err := repo.Commit(ctx, at)
	if err != nil {
		return nil, err
	}
	return s.builder.Build(ctx, git.FS(ctx, repo, commit.Tree), site.Spec.Path, site.Spec.Build.Settings())
}
