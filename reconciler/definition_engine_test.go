package reconciler_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

var (
	fleet   = syncs.Target{Kind: "Kustomization", Namespace: "flux-system", Name: "fleet"}
	defined = syncs.Target{Kind: "Kustomization", Namespace: "flux-system", Name: "shop"}
)

// fluxLike is an engine with two Targets: fleet applies the folder fleet of one repository, in which shop is written, and shop builds a
// folder of another, which may be the same, as that says.
type fluxLike struct {
	t              *testing.T
	written, built *worktree
	builder        *render.Builder
	changed        chan struct{}

	mu     sync.Mutex
	states []syncs.State
	silent bool // it no longer tells where shop is written
}

func (f *fluxLike) Changed() <-chan struct{} { return f.changed }

func (f *fluxLike) Targets(context.Context) ([]syncs.State, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]syncs.State{}, f.states...), nil
}

// Defined implements syncs.Definitions.
func (f *fluxLike) Defined(_ context.Context, t syncs.Target, object *render.Object) (told syncs.Build, err error) {
	if t != defined {
		return told, fmt.Errorf("%s is not known here", t)
	}
	var manifest struct {
		Spec struct {
			Path   string        `json:"path"`
			Images []types.Image `json:"images"`
		} `json:"spec"`
	}
	err = object.Decode(&manifest)
	told = syncs.Build{Repository: git.Normalize(f.built.bare), Path: manifest.Spec.Path}
	told.Settings.Images = manifest.Spec.Images
	return told, err
}

// render builds a folder at a commit, as the engine would.
func (f *fluxLike) render(of *worktree, commit, path string, settings render.Settings) *render.Rendering {
	repository, err := git.Open(of.bare)
	require.NoError(f.t, err)
	hash, err := git.ParseHash(commit)
	require.NoError(f.t, err)
	at, err := repository.Commit(context.Background(), hash)
	require.NoError(f.t, err)
	rendering, err := f.builder.Build(context.Background(), git.FS(context.Background(), repository, at.Tree), path, settings)
	require.NoError(f.t, err)
	return rendering
}

func revisionOf(of *worktree, commit, path string) syncs.Revision {
	return syncs.Revision{Repository: git.Normalize(of.bare), URL: of.bare, Branch: "main", Commit: commit, Path: path}
}

// narrowed renders the object of shop alone.
var narrowed = render.Settings{Only: []render.ObjectRef{{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization", Namespace: "flux-system", Name: "shop"}}}

// apply has fleet be at one commit and shop at another. What the object of shop says at inForce is what is built.
func (f *fluxLike) apply(definition, folder, inForce string) {
	f.t.Helper()
	written := f.render(f.written, inForce, "fleet", narrowed)
	require.Len(f.t, written.Objects, 1)
	build, err := f.Defined(context.Background(), defined, &written.Objects[0])
	require.NoError(f.t, err)
	f.tell(definition, folder, build)
}

// tell says what the Targets are at and how shop is built.
func (f *fluxLike) tell(definition, folder string, build syncs.Build) {
	digest := f.render(f.built, folder, build.Path, build.Settings).Digest
	at := revisionOf(f.written, definition, "fleet")
	f.mu.Lock()
	f.states = []syncs.State{{
		Target: fleet, Sync: &syncs.Sync{
			Target: fleet, Outcome: syncs.Applied, Revisions: []syncs.Revision{at}, Digest: f.render(f.written, definition, "fleet", render.Settings{}).Digest,
		},
	}, {
		Target: defined, Build: build.Settings, Definition: &syncs.Definition{By: fleet, Revision: at, Build: narrowed},
		Sync: &syncs.Sync{Target: defined, Outcome: syncs.Applied, Revisions: []syncs.Revision{revisionOf(f.built, folder, build.Path)}, Digest: digest},
	}}
	if f.silent {
		f.states[1].Definition = nil
	}
	f.mu.Unlock()
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// fail says that shop does not build at a commit.
func (f *fluxLike) fail(commit string, build syncs.Build) {
	f.mu.Lock()
	last := &f.states[1]
	last.Build, last.Definition = build.Settings, &syncs.Definition{By: fleet, Revision: revisionOf(f.written, commit, "fleet"), Build: narrowed}
	last.Sync = &syncs.Sync{
		Target: defined, Outcome: syncs.Failed, Failure: syncs.BuildFailed, Reason: "no such folder", Revisions: []syncs.Revision{revisionOf(f.built, commit, build.Path)},
	}
	f.mu.Unlock()
	f.changed <- struct{}{}
}

// tellDefinition says whether the engine tells where shop is written, from what it tells next on.
func (f *fluxLike) tellDefinition(told bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.silent = !told
}

// live is what shop renders now.
func (f *fluxLike) live() string {
	f.mu.Lock()
	state := f.states[1]
	f.mu.Unlock()
	r := state.Sync.Revisions[0]
	return string(f.render(f.built, r.Commit, r.Path, state.Build).YAML())
}

const kustomization = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: %s, namespace: flux-system}\nspec:\n  path: %s\n  images:\n  - name: shop\n    newTag: %q\n"

// stockAt is another Kustomization that fleet applies.
func stockAt(tag string) string { return fmt.Sprintf(kustomization, "stock", "stock", tag) }

// written is the Kustomization of shop, with a further one beside it.
func written(path, tag string) map[string]string {
	return map[string]string{
		"fleet/kustomization.yaml": "resources: [shop.yaml, stock.yaml]\n",
		"fleet/shop.yaml":          fmt.Sprintf(kustomization, "shop", path, tag),
		"fleet/stock.yaml":         stockAt("1.0"),
	}
}

// folder is what the Kustomization of shop builds.
func folder(path, price string) map[string]string {
	return map[string]string{
		path + "/kustomization.yaml": "resources: [shop.yaml]\n",
		path + "/shop.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: shop, annotations: {price: \"" + price + "\"}}\n" +
			"spec:\n  containers:\n  - name: shop\n    image: shop\n",
	}
}

// newFluxShop is a shop whose Gate follows the Target that another one applies. Its test fails while the price is 0 or the image is broken.
func newFluxShop(t *testing.T, fields string) (*shop, *fluxLike) {
	s := newShop(t)
	f := &fluxLike{t: t, written: s.config, built: s.config, builder: render.NewBuilder([]byte("key")), changed: make(chan struct{}, 1)}
	s.sources, s.mode = []syncs.Source{f}, tests.Merge
	s.tests.push("Follow a Kustomization", map[string]string{
		"staging/kustomization.yaml": "resources: [suite.yaml, gate.yaml]\n",
		"staging/gate.yaml": "apiVersion: assay.dev/v1alpha1\nkind: Gate\nmetadata: {name: shop}\nspec: {after: [{kind: Kustomization, name: shop}], suites: [{name: smoke}], " +
			"control: [{name: control}], reruns: {spread: 1ms}" + fields + "}\n",
	})
	s.runner.judge = func(runner.Job) int {
		if live := f.live(); strings.Contains(live, "shop:broken") || strings.Contains(live, `price: "0"`) {
			return 1
		}
		return 0
	}
	return s, f
}

// passes waits for the Gate to have passed for what is live.
func (s *shop) passes(f *fluxLike) {
	s.t.Helper()
	s.verdict(f, gate.Passed)
}

// verdict waits for a Verdict on what is live.
func (s *shop) verdict(f *fluxLike, want gate.Outcome) (found history.Verification) {
	s.t.Helper()
	f.mu.Lock()
	digest := f.states[1].Sync.Digest
	f.mu.Unlock()
	s.eventually("a verdict "+string(want), func() bool {
		all, err := s.past.Verifications(context.Background(), history.Filter{Limit: 1})
		require.NoError(s.t, err)
		if len(all) == 1 && all[0].Phase == history.Done && all[0].Targets[0].Digest == digest {
			found = all[0]
			return true
		}
		return false
	})
	require.Equal(s.t, want, found.Verdict.Outcome, found.Verdict.Reason)
	return found
}

func join(all ...map[string]string) map[string]string {
	files := map[string]string{}
	for _, some := range all {
		maps.Copy(files, some)
	}
	return files
}
