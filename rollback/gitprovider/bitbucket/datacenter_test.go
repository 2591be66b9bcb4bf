package bitbucket_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/bitbucket/bitbuckettest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

func TestDataCenterPushBetweenLookAndMerge(t *testing.T) {
	f := branched(t)
	main := f.Head("main")
	p := dataCenter(t, f)(t, gitprovidertest.Access{Through: &before{"POST", "/merge", func() { advance(t, f, branch) }}})
	pr := opened(t, p)
	require.ErrorIs(t, p.Merge(t.Context(), pr.Number, pr.Head), gitprovider.ErrHeadMoved)
	require.Equal(t, main, f.Head("main"), "and nothing was merged")
}

// TestDataCenterEditOfSomebodyElse happens between reading and writing, and is not lost.
func TestDataCenterEditOfSomebodyElse(t *testing.T) {
	f := branched(t)
	var number int64
	p := dataCenter(t, f)(t, gitprovidertest.Access{Through: &before{"PUT", "", func() {
		_, err := f.Edit(number, func(pr *forge.PullRequest) {
			pr.Title, pr.Reviewers = "[Assay/Stop] Wait", []string{bitbuckettest.Person}
		})
		require.NoError(t, err)
	}}})
	number = opened(t, p).Number
	require.NoError(t, p.UpdateBody(t.Context(), number, "New"))
	now, err := f.Get(number)
	require.NoError(t, err)
	require.Equal(t, "New", now.Text)
	require.Equal(t, []string{bitbuckettest.Person}, now.Reviewers)
	got, err := p.Get(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, []string{"assay/stop"}, got.Labels)
}

func TestDataCenterReviewerGroups(t *testing.T) {
	f := branched(t)
	p := dataCenter(t, f)(t, gitprovidertest.Access{})
	pr := opened(t, p)
	require.NoError(t, p.RequestReviewers(t.Context(), pr.Number, "team:sre", bitbuckettest.Person))
	now, err := f.Get(pr.Number)
	require.NoError(t, err)
	require.Equal(t, []string{bitbuckettest.Person}, now.Reviewers)
	require.ErrorIs(t, p.RequestReviewers(t.Context(), pr.Number, "team:nobody"), gitprovider.ErrNotFound)
}

func TestDataCenterSaysWhoClosed(t *testing.T) {
	f := branched(t)
	p := dataCenter(t, f)(t, gitprovidertest.Access{})
	pr := opened(t, p)
	_, err := f.Close(pr.Number, bitbuckettest.Person)
	require.NoError(t, err)
	got, err := p.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, bitbuckettest.Person, got.By)
}
