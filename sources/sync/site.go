package sync

import (
	"context"
	"errors"
	"fmt"
	"runtime"
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

// RunCommand runs a Command as isolated as any code of a test repository, and returns what it printed on standard output. An error says how
// it failed.
type RunCommand func(ctx context.Context, c Command) (stdout []byte, err error)

// Sites is the Source of Sites: it asks each one's probe which revision is live, and deploys new ones where a Site says how.
type Sites struct {
	mirrors *git.Mirrors
	builder *render.Builder
	command RunCommand
	clock   clock.WithTicker
	changed chan struct{}
	builds  chan struct{} // holds one value for each build under way

	mu    sync.Mutex
	sites map[string]*followed
	start chan struct{} // wakes Run when there may be a new Site
}

// followed is one Site with its latest state.
type followed struct {
	site   *tests.Site
	stop   context.CancelFunc // nil until it is watched
	again  chan struct{}      // has it looked at once more
	branch string             // that it follows; empty when it is pinned, or not known yet
	deploy deployment         // of the goroutine that watches, as are branch and home
	home   string             // digest of what was followed before a trial; empty without one

	mu    sync.Mutex
	tree  render.Tree
	state State
	trial *trial // that it is to be in; nil for none
	away  bool   // it was in one, and is not back yet
}

// NewSites makes a Source that follows no Site yet.
func NewSites(mirrors *git.Mirrors, builder *render.Builder, command RunCommand, clock clock.WithTicker) *Sites {
	return &Sites{
		mirrors: mirrors, builder: builder, command: command, clock: clock,
		changed: make(chan struct{}, 1), builds: make(chan struct{}, runtime.GOMAXPROCS(0)),
		sites: map[string]*followed{}, start: make(chan struct{}, 1),
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

// Look has a Site looked at once more, now, and Changed tell when that is done, whatever was found.
func (s *Sites) Look(t Target) {
	if f := s.site(t); f != nil {
		f.lookAgain()
	}
}

// site is the one that a Target is; nil where there is none.
func (s *Sites) site(t Target) *followed {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Kind != KindSite {
		return nil
	}
	return s.sites[t.Name]
}

func (s *Sites) signal() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// files are those of the test repository, as the Site's commands get them.
func (f *followed) files() render.Tree {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tree
}

// update puts what one look found in place of what was known, and tells whether anything changed.
func (f *followed) update(now time.Time, next State) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.state
	if f.stale(next) {
		return false
	}
	if next.Trial != nil || next.Sync == nil && next.Reason != "" {
		next.Sync = before.Sync // what was live is the best that is known
	}
	if next.Sync != nil && next.Sync != before.Sync {
		next.Sync = Newer(before.Sync, next.Sync, now)
		if f.away && next.Sync != before.Sync {
			next.Sync.Since = now
		}
		f.away = f.trial != nil
	}
	f.state = next
	return before.Sync != next.Sync || !samePending(before.Pending, next.Pending) || before.Reason != next.Reason ||
		!sameTrial(before.Trial, next.Trial)
}

func sameTrial(a, b *Trial) bool { return a == b || a != nil && b != nil && *a == *b }

func samePending(a, b *Sync) bool {
	return a == b || a != nil && b != nil && a.At.Equal(b.At) && sameSync(*a, *b)
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
		Build:  site.Spec.Build.Settings(), Triable: f.triable(),
	}
	mirror, err := s.mirrors.Mirror(site.Spec.Repository.URL)
	if err != nil {
		state.Reason = err.Error()
		return state
	}
	if f.branch, err = s.follows(ctx, f, mirror); err != nil {
		state.Reason = err.Error()
		return state
	}
	if wanted := f.wanted(); wanted != nil {
		s.tryOut(ctx, f, mirror, wanted, &state)
		return state
	}
	f.home = ""
	if site.Spec.Deploy != nil {
		if done := s.bring(ctx, f, mirror, &state); !done {
			return state
		}
	}
	live, err := s.seeLive(ctx, f, mirror)
	switch {
	case site.Spec.Deploy != nil && (err != nil || live.Digest != f.deploy.digest):
		s.awaitLive(f, live, err, &state)
	case err != nil:
		state.Reason = err.Error()
	case site.Spec.Deploy != nil:
		// What is live renders the same as the newest commit, whichever of the two the probe names.
		f.deploy.began = time.Time{}
		state.Sync = f.sync(f.deploy.commit, Applied, live.Digest)
	default:
		state.Sync = live
	}
	return state
}

// seeLive is the Sync of what is live now. What is live though it cannot be built here has no digest: its commit stands in.
func (s *Sites) seeLive(ctx context.Context, f *followed, mirror *git.Mirror) (*Sync, error) {
	commit, err := s.live(ctx, f, mirror)
	if err != nil {
		return nil, fmt.Errorf("which revision is live is not known: %w", err)
	}
	rendering, err := s.render(ctx, mirror, commit, f.site)
	var refusal *render.Error
	switch {
	case errors.As(err, &refusal):
		return f.sync(commit, Applied, ""), nil
	case err != nil:
		return nil, fmt.Errorf("what %.8s renders is not known: %w", commit, err)
	}
	return f.sync(commit, Applied, rendering.Digest), nil
}

func (f *followed) sync(commit git.Hash, outcome Outcome, digest string) *Sync {
	spec := f.site.Spec
	return &Sync{
		Target: Target{Kind: KindSite, Name: f.site.Name()},
		Revisions: []Revision{{
			Repository: git.Normalize(spec.Repository.URL), URL: spec.Repository.URL, Branch: f.branch, Commit: commit.String(), Path: spec.Path,
		}},
		Outcome: outcome, Digest: digest,
	}
}

// follows is the branch that the Site follows: the one it names, else the remote's default; none when it is pinned.
func (s *Sites) follows(ctx context.Context, f *followed, mirror *git.Mirror) (string, error) {
	switch repository := f.site.Spec.Repository; {
	case f.branch != "" || repository.Revision != "":
		return f.branch, nil
	case repository.Branch != "":
		return repository.Branch, nil
	}
	return mirror.DefaultBranch(ctx)
}

// head is the commit that should be live.
func (s *Sites) head(ctx context.Context, f *followed, mirror *git.Mirror) (git.Hash, error) {
	spec := f.site.Spec
	if spec.Repository.Revision != "" {
		return s.pinned(ctx, spec.Repository.Revision, mirror)
	}
	since := s.clock.Now().Add(-spec.Live.Interval.Duration / 2)
	return s.mirrors.Head(ctx, spec.Repository.URL, f.branch, since)
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

// render builds no more at a time than there are processors: where a thousand Sites are looked at for the first time, all at once would
// only take memory.
func (s *Sites) render(ctx context.Context, mirror *git.Mirror, at git.Hash, site *tests.Site) (*render.Rendering, error) {
	repo := mirror.Repository()
	commit, err := repo.Commit(ctx, at)
	if err != nil {
		return nil, err
	}
	select {
	case s.builds <- struct{}{}:
		defer func() { <-s.builds }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to build: %w", context.Cause(ctx))
	}
	return s.builder.Build(ctx, git.FS(ctx, repo, commit.Tree), site.Spec.Path, site.Spec.Build.Settings())
}
