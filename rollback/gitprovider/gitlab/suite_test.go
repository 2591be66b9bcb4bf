package gitlab_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitlab"
	"github.com/assay-dev/assay/rollback/gitprovider/gitlab/gitlabtest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// TestSuite runs what all providers promise.
func TestSuite(t *testing.T) {
	gitprovidertest.Run(t, func(t *testing.T) gitprovidertest.Repository {
		server := gitlabtest.New(t)
		url := server.Start(t)
		connect := func(t *testing.T, a gitprovidertest.Access) gitprovider.Provider {
			token := map[gitprovidertest.Token]string{
				gitprovidertest.RightToken: forge.Right, gitprovidertest.WrongToken: "glpat-wrong", gitprovidertest.WeakToken: forge.Weak,
			}[a.Token]
			at := url
			if a.Nowhere {
				at += "/nowhere"
			}
			p, err := gitlab.New(at, token, transport.Client(a.Through))
			require.NoError(t, err)
			return p
		}
		m, err := git.OpenMirror(filepath.Join(t.TempDir(), "mirror"), server.Dir, git.Auth{})
		require.NoError(t, err)
		return gitprovidertest.Repository{
			Provider: connect(t, gitprovidertest.Access{}), Mirror: m, Connect: connect, Scope: "the scope api",
			Stop: func(t *testing.T, number int64) {
				_, err := server.Edit(number, func(pr *forge.PullRequest) { pr.Labels = append(pr.Labels, "assay/stop") })
				require.NoError(t, err)
			},
			Reviewer: "bo",
			Asked: func(t *testing.T, number int64) []string {
				pr, err := server.Get(number)
				require.NoError(t, err)
				return pr.Reviewers
			},
			Seen: func(_ *testing.T, commit git.Hash) map[string]gitprovider.CommitStatus {
				return server.Statuses(commit.String())
			},
			Require: func(_ *testing.T, check string) { server.Require(check) },
			Report: func(t *testing.T, commit git.Hash, check string, state gitprovider.StatusState) {
				require.NoError(t, server.SetStatus(commit.String(), gitprovider.CommitStatus{Context: check, State: state}))
			},
			Protect: func(*testing.T) { server.Protect() },
		}
	})
}
