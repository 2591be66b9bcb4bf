package simulate

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest"
	"github.com/assay-dev/assay/sources/git"
)

func TestConformance(t *testing.T) {
	gitprovidertest.Run(t, func(t *testing.T) gitprovidertest.Repository {
		r := newRepository("https://git.example/config", func() time.Time { return beginning })
		first := edit{}
		first.set("README.md", "A shop.\n")
		r.push(context.Background(), r.commit(context.Background(), "Ada", "Begin", first))
		mirror, err := r.Mirror(r.url)
		require.NoError(t, err)
		s := newServer(r)
		return gitprovidertest.Repository{
			Provider: s, Mirror: mirror,
			Lacks: []gitprovidertest.Capability{
				gitprovidertest.API, gitprovidertest.Scopes, gitprovidertest.Reviewers, gitprovidertest.RequiredChecks, gitprovidertest.Protection,
			},
			Stop: func(t *testing.T, number int64) { s.pulls[number-1].label(rollback.StopLabel) },
			Seen: func(t *testing.T, commit git.Hash) map[string]gitprovider.CommitStatus { return s.statuses[commit] },
		}
	})
}
