package reconciler_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// crowd is a Source of many Targets, which copies its States as the others do.
type crowd struct{ states []syncs.State }

func (c *crowd) Targets(context.Context) ([]syncs.State, error) {
	return append([]syncs.State(nil), c.states...), nil
}
func (c *crowd) Changed() <-chan struct{} { return nil }

// byHand takes no pass by itself.
type byHand struct{ beside sync.WaitGroup }

func (d *byHand) Go(f func())     { d.beside.Go(f) }
func (*byHand) Again(history.Key) {}

// BenchmarkChange measures what one change in an Environment costs while nothing comes of it: a pass over each of its Gates, or where the
// Source tells what moved, over one.
func BenchmarkChange(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		for _, tells := range []bool{false, true} {
			b.Run(fmt.Sprintf("%dGates%s", n, map[bool]string{true: "Told"}[tells]), func(b *testing.B) {
				loop, keys := settledLoop(b, n, tells)
				if tells {
					keys = keys[:1]
				}
				b.ReportAllocs()
				for b.Loop() {
					for _, key := range keys {
						_, err := loop.Pass(b.Context(), key)
						require.NoError(b, err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(keys)), "µs/gate")
			})
		}
	}
}

// settledLoop has as many Gates as Targets, each verified.
func settledLoop(b *testing.B, n int, tells bool) (*reconciler.Loop, []history.Key) {
	b.Helper()
	bare, dir := filepath.Join(b.TempDir(), "tests.git"), b.TempDir()
	run := func(args ...string) { gittest.Run(b, dir, args...) }
	var gates strings.Builder
	all := &crowd{}
	for i := range n {
		name := fmt.Sprintf("app-%04d", i)
		fmt.Fprintf(&gates, "---\n%s", strings.NewReplacer("name: shop", "name: "+name, "kind: Site", "kind: App, name: "+name).Replace(gateDoc))
		at := syncs.Target{Kind: "App", Name: name}
		all.states = append(all.states, syncs.State{Target: at, Sync: &syncs.Sync{
			Target: at, Outcome: syncs.Applied, Digest: "sha256:" + name,
			Revisions: []syncs.Revision{{Repository: "git.example.com/config", Branch: "main", Commit: "c0ffee", Path: name}},
		}})
	}
	var source syncs.Source = all
	if tells {
		source = newControllers(all.states...)
	}
	run("init", "--quiet", "--bare", "--initial-branch=main", bare)
	run("clone", "--quiet", bare, ".")
	run("checkout", "--quiet", "-b", "main")
	require.NoError(b, os.Mkdir(filepath.Join(dir, "staging"), 0o700))
	for name, content := range map[string]string{
		"kustomization.yaml": "resources: [suite.yaml, gates.yaml]\n", "suite.yaml": suiteDoc, "gates.yaml": gates.String(),
	} {
		require.NoError(b, os.WriteFile(filepath.Join(dir, "staging", name), []byte(content), 0o600))
	}
	run("add", "--all")
	run("commit", "--quiet", "--message", "Test all of them")
	run("push", "--quiet", "origin", "main")

	past, err := history.OpenVolatile(b.Context(), filepath.Join(b.TempDir(), "history"))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, past.Close()) })
	driver := &byHand{}
	loop, err := reconciler.New(reconciler.Options{
		History: past, Runner: &judgeRunner{judge: func(runner.Job) int { return 0 }}, Builder: render.NewBuilder([]byte("key")), Driver: driver,
		Mirrors: git.NewMirrors(b.TempDir(), func(string) git.Auth { return git.Auth{} }, clock.RealClock{}),
		Environments: []*reconciler.Environment{{
			Name: "staging", Mode: tests.Propose, Sources: []syncs.Source{source},
			Tests: reconciler.TestRepository{URL: bare, Branch: "main", Overlay: "staging", Interval: tick},
		}},
	})
	require.NoError(b, err)
	require.NoError(b, loop.Begin(b.Context()))
	_, err = loop.Pull(b.Context(), "staging")
	require.NoError(b, err)
	keys, err := loop.Keys(b.Context(), "staging")
	require.NoError(b, err)
	require.Len(b, keys, n)
	for _, key := range keys {
		for range 2 { // until its suite runs, and from there on
			_, err := loop.Pass(b.Context(), key)
			require.NoError(b, err)
			driver.beside.Wait()
		}
	}
	return loop, keys
}
