package render

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/assay-dev/assay/sources/git"
)

// BenchmarkKonflux passes over every overlay of the konflux repository per iteration: with the kustomize command, with a
// new Builder, with one that has seen the same commit, and with one that has seen the commit before, which differs in one
// overlay. ms/overlay is the figure to compare.
func BenchmarkKonflux(b *testing.B) {
	dir := clone(b, "konflux-config.bundle")
	tree, kustomize := head(b, dir), command(b)
	folders := overlays(b, tree)
	pass := func(b *testing.B, builder *Builder, tree Tree) {
		for _, folder := range folders {
			if r, err := builder.Build(b.Context(), tree, folder, Settings{}); err == nil {
				r.YAML()
			}
		}
	}
	perOverlay := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed())/float64(time.Millisecond)/float64(b.N*len(folders)), "ms/overlay")
	}
	b.Run("command", func(b *testing.B) {
		for b.Loop() {
			for _, folder := range folders {
				_, _ = kustomizeBuild(b, kustomize, dir, folder) // a third of them fail, here as there
			}
		}
		perOverlay(b)
	})
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			pass(b, NewBuilder(nil), head(b, dir))
		}
		perOverlay(b)
	})
	b.Run("cold-parallel", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			builder, tree := NewBuilder(nil), head(b, dir)
			var group errgroup.Group
			group.SetLimit(runtime.NumCPU())
			for _, folder := range folders {
				group.Go(func() error {
					if r, err := builder.Build(b.Context(), tree, folder, Settings{}); err == nil {
						r.YAML()
					}
					return nil
				})
			}
			require.NoError(b, group.Wait())
		}
		perOverlay(b)
	})
	b.Run("unchanged", func(b *testing.B) {
		builder := NewBuilder(nil)
		pass(b, builder, tree)
		b.ReportAllocs()
		for b.Loop() {
			pass(b, builder, tree)
		}
		perOverlay(b)
	})
	b.Run("one-changed", func(b *testing.B) {
		builder, n := NewBuilder(nil), 0
		pass(b, builder, tree)
		name := folders[len(folders)/2] + "/kustomization.yaml"
		old, err := tree.ReadFile(name)
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			n++
			pass(b, builder, &edited{TreeFS: tree, name: name, data: fmt.Appendf(old[:len(old):len(old)], "\n# %d\n", n)})
		}
		perOverlay(b)
	})
}

// edited is a tree in which one file is different.
type edited struct {
	*git.TreeFS
	name string
	data []byte
}

func (e *edited) ReadFile(name string) ([]byte, error) {
	if name == e.name {
		return e.data, nil
	}
	return e.TreeFS.ReadFile(name)
}

func (e *edited) Hash(name string) (plumbing.Hash, filemode.FileMode, error) {
	if name == e.name {
		return plumbing.ComputeHash(plumbing.BlobObject, e.data), filemode.Regular, nil
	}
	return e.TreeFS.Hash(name)
}
