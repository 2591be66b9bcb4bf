package github_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/github"
	"github.com/assay-dev/assay/rollback/gitprovider/github/githubtest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// TestSuite runs what all providers promise, as a person's token and as an App.
func TestSuite(t *testing.T) {
	t.Run("Token", func(t *testing.T) {
		gitprovidertest.Run(t, func(t *testing.T) gitprovidertest.Repository { return repository(t, false) })
	})
	t.Run("App", func(t *testing.T) {
		gitprovidertest.Run(t, func(t *testing.T) gitprovidertest.Repository { return repository(t, true) })
	})
}

func repository(t *testing.T, asApp bool) gitprovidertest.Repository {
	server := githubtest.New(t)
	right := github.Credentials{Token: forge.Right}
	if asApp {
		server.App = githubtest.NewApp(t)
		right = github.Credentials{App: github.App{ID: server.App.ID, PrivateKey: server.App.PrivateKey()}}
	}
	url := server.Start(t)
	connect := func(t *testing.T, a gitprovidertest.Access) gitprovider.Provider {
		credentials := map[gitprovidertest.Token]github.Credentials{
			gitprovidertest.RightToken: right, gitprovidertest.WrongToken: {Token: "ghp_wrong"}, gitprovidertest.WeakToken: {Token: forge.Weak},
		}[a.Token]
		at := url
		if a.Nowhere {
			at = strings.TrimSuffix(url, githubtest.Name+".git") + "nowhere"
		}
		p, err := github.New(at, credentials, transport.Client(a.Through))
		require.NoError(t, err)
		return p
	}
	m, err := git.OpenMirror(filepath.Join(t.TempDir(), "mirror"), server.Dir, git.Auth{})
	require.NoError(t, err)
	return gitprovidertest.Repository{
		Provider: connect(t, gitprovidertest.Access{}), Mirror: m, Connect: connect, Scope: githubtest.Permission,
		Stop: func(t *testing.T, number int64) {
			_, err := server.Edit(number, func(pr *forge.PullRequest) { pr.Labels = append(pr.Labels, "assay/stop") })
			require.NoError(t, err)
		},
		Reviewer: "team:platform",
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
}
