package azure_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/azure/azuretest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/sources/git/gittest"
)

func TestReviewersByOtherNames(t *testing.T) {
	f := forge.New(t)
	gittest.Run(t, f.Dir, "branch", "assay/revert-one", "main")
	p := connected(t, f)(t, gitprovidertest.Access{})
	pr, err := p.Open(t.Context(), gitprovider.NewPullRequest{Branch: "assay/revert-one", Base: "main", Title: "Revert", Labels: []string{"assay"}})
	require.NoError(t, err)
	require.Equal(t, []string{"assay"}, pr.Labels)
	for _, name := range []string{azuretest.PersonID, azuretest.Person, "team:sre"} {
		_, err := f.Edit(pr.Number, func(pr *forge.PullRequest) { pr.Reviewers = nil })
		require.NoError(t, err)
		require.NoError(t, p.RequestReviewers(t.Context(), pr.Number, name))
		now, err := f.Get(pr.Number)
		require.NoError(t, err)
		require.Equal(t, []string{azuretest.PersonID}, now.Reviewers, name)
	}
	err = p.RequestReviewers(t.Context(), pr.Number, "team:nobody")
	require.ErrorIs(t, err, gitprovider.ErrNotFound)
	require.ErrorContains(t, err, "give a mail address, or the ID")
}
