package rollback_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
	"github.com/assay-dev/assay/sources/render"
)

// complete is a repository with all of its history.
type complete struct{ repository *git.Repository }

func (c complete) Repository() *git.Repository                               { return c.repository }
func (c complete) History(context.Context, string, git.Hash, git.Hash) error { return nil }

// BenchmarkSuspects looks for suspects among 200 commits of a large configuration, with a Builder that knows nothing yet.
func BenchmarkSuspects(b *testing.B) {
	repository, err := git.Open(gittest.Clone(b, "konflux-config.bundle"))
	require.NoError(b, err)
	defer repository.Close()
	to, err := repository.Resolve(b.Context(), "HEAD")
	require.NoError(b, err)
	from, err := repository.Resolve(b.Context(), "HEAD~200")
	require.NoError(b, err)
	build := rollback.Build{Target: target("konflux-ui"), Path: "components/konflux-ui/production/kflux-ocp-p01"}
	b.ReportAllocs()
	for b.Loop() {
		found, err := rollback.Suspects(b.Context(), complete{repository}, render.NewBuilder(nil), build, "main", from, to)
		require.NoError(b, err)
		b.ReportMetric(float64(len(found)), "suspects")
	}
}
