package reconciler_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// lookedAt is a Source of Sites, and keeps what it is told to look at.
type lookedAt struct {
	mu    sync.Mutex
	names []string
	moved []string // repositories
	sites chan int // how many there are, whenever that is told
}

func (s *lookedAt) Targets(context.Context) ([]syncs.State, error) { return nil, nil }
func (s *lookedAt) Changed() <-chan struct{}                       { return nil }
func (s *lookedAt) Run(ctx context.Context)                        { <-ctx.Done() }
func (s *lookedAt) Follow(sites []*tests.Site, _ render.Tree)      { s.sites <- len(sites) }
func (s *lookedAt) Look(t syncs.Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = append(s.names, t.Name)
}

func (s *lookedAt) Moved(repository string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved = append(s.moved, repository)
}

func (s *lookedAt) looks() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names
}

const twoSites = `
apiVersion: assay.dev/v1alpha1
kind: Site
metadata: {name: shop}
spec:
  repository: {url: https://git.example.com/shop/config.git, branch: main}
  path: app
  live: {file: /live}
---
apiVersion: assay.dev/v1alpha1
kind: Site
metadata: {name: bank}
spec:
  repository: {url: https://git.example.com/bank/config, branch: main}
  path: app
  live: {file: /live}
`

func TestANudgeHasWhatItNamesLookedAtAtOnce(t *testing.T) {
	repository := newRepository(t)
	repository.push("no sites", map[string]string{"staging/kustomization.yaml": "resources: []\n"})
	past, err := history.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, past.Close()) })
	sites := &lookedAt{sites: make(chan int, 1)}
	loop, err := reconciler.New(reconciler.Options{
		History: past, Runner: &judgeRunner{}, Builder: render.NewBuilder([]byte("key")),
		Mirrors: git.NewMirrors(filepath.Join(t.TempDir(), "mirrors"), func(string) git.Auth { return git.Auth{} }, clock.RealClock{}),
		Environments: []*reconciler.Environment{{
			Name: "staging", Sites: sites,
			Tests: reconciler.TestRepository{URL: repository.bare, Branch: "main", Overlay: "staging", Interval: 24 * time.Hour},
		}},
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- loop.Run(ctx) }()
	require.Equal(t, 0, <-sites.sites)

	repository.push("two sites", map[string]string{
		"staging/kustomization.yaml": "resources: [sites.yaml]\n", "staging/sites.yaml": twoSites,
	})
	loop.Nudge("https://git.example.com/nobody/knows")
	loop.Nudge("file://" + repository.bare)
	require.Equal(t, 2, <-sites.sites, "a day before the interval is over")

	loop.Nudge("git@git.example.com:shop/config.git")
	require.Equal(t, []string{"shop"}, sites.looks(), "that repository's alone")
	require.Contains(t, sites.moved, "git.example.com/shop/config", "so that its server is asked")
	loop.NudgeTarget(syncs.Target{Kind: "Kustomization", Namespace: "apps", Name: "bank"})
	require.Equal(t, []string{"shop", "bank"}, sites.looks())
	stop()
	require.NoError(t, <-ended)
}
