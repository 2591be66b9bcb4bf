package azure_test

import (
	"net/url"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/azure"
	"github.com/assay-dev/assay/rollback/gitprovider/azure/azuretest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// connected makes providers for a forge that is served as Azure DevOps is.
func connected(t *testing.T, f *forge.Forge) func(*testing.T, gitprovidertest.Access) gitprovider.Provider {
	server := azuretest.New(t, f)
	return func(t *testing.T, a gitprovidertest.Access) gitprovider.Provider {
		name := azuretest.Name
		if a.Nowhere {
			name = "nowhere"
		}
		address := server.URL + "/" + azuretest.Organization + "/" + url.PathEscape(azuretest.Project) + "/_git/" + name
		token := map[gitprovidertest.Token]string{
			gitprovidertest.RightToken: forge.Right, gitprovidertest.WeakToken: forge.Weak, gitprovidertest.WrongToken: "wrong",
		}[a.Token]
		p, err := azure.New(address, git.Auth{Username: "assay", Password: token}, transport.Client(a.Through))
		require.NoError(t, err)
		return p
	}
}

func TestServices(t *testing.T) {
	gitprovidertest.Run(t, func(t *testing.T) gitprovidertest.Repository {
		f := forge.New(t)
		connect := connected(t, f)
		m, err := git.OpenMirror(filepath.Join(t.TempDir(), "mirror"), f.Dir, git.Auth{})
		require.NoError(t, err)
		return gitprovidertest.Repository{
			Provider: connect(t, gitprovidertest.Access{}), Mirror: m, Connect: connect, Scope: "vso.code_write", Reviewer: azuretest.Person,
			Stop: func(t *testing.T, number int64) {
				_, err := f.Edit(number, func(pr *forge.PullRequest) { pr.Label("assay/stop") })
				require.NoError(t, err)
			},
			Asked: func(t *testing.T, number int64) (asked []string) {
				pr, err := f.Get(number)
				require.NoError(t, err)
				for _, id := range pr.Reviewers {
					require.Equal(t, azuretest.PersonID, id)
					asked = append(asked, azuretest.Person)
				}
				return asked
			},
			Seen: func(_ *testing.T, commit git.Hash) map[string]gitprovider.CommitStatus {
				return f.Statuses(commit.String())
			},
			Require: func(_ *testing.T, check string) { f.Require(check) },
			Report: func(t *testing.T, commit git.Hash, check string, state gitprovider.StatusState) {
				require.NoError(t, f.SetStatus(commit.String(), gitprovider.CommitStatus{Context: check, State: state}))
			},
			Protect: func(*testing.T) { f.Protect() },
		}
	})
}
