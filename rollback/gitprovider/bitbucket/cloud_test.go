package bitbucket_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/bitbucket/bitbuckettest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
)

const branch = "assay/revert-0123456789ab"

// branched is a forge with a branch that is one commit ahead of main.
func branched(t *testing.T) *forge.Forge {
	f := forge.New(t)
	advance(t, f, "main")
	return f
}

// advance puts a commit on the branch, on top of another one.
func advance(t *testing.T, f *forge.Forge, from string) {
	tree := gittest.Run(t, f.Dir, "rev-parse", from+"^{tree}")
	gittest.Run(t, f.Dir, "update-ref", "refs/heads/"+branch, gittest.Run(t, f.Dir, "commit-tree", tree, "-m", "Revert", "-p", from))
}

func opened(t *testing.T, p gitprovider.Provider) *gitprovider.PullRequest {
	pr, err := p.Open(t.Context(), gitprovider.NewPullRequest{Branch: branch, Base: "main", Title: "Revert", Body: "Because."})
	require.NoError(t, err)
	return pr
}

// before lets something happen before the first request whose path ends so.
type before struct {
	method, path string
	happens      func()
}

// RoundTrip implements http.RoundTripper.
func (b *before) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.happens != nil && r.Method == b.method && strings.HasSuffix(r.URL.Path, b.path) {
		happens := b.happens
		b.happens = nil
		happens()
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestCloudPushBetweenLookAndMerge(t *testing.T) {
	f := branched(t)
	connect := cloud(t, f)
	p := connect(t, gitprovidertest.Access{Through: &before{"POST", "/merge", func() { advance(t, f, branch) }}})
	pr := opened(t, p)
	err := p.Merge(t.Context(), pr.Number, pr.Head)
	require.ErrorIs(t, err, gitprovider.ErrHeadMoved)
	require.ErrorContains(t, err, f.Head(branch)+" was merged instead of "+pr.Head.String())
}

// TestCloudOpenedByTwoAtOnce is Bitbucket Cloud's own: nothing there keeps two from being opened.
func TestCloudOpenedByTwoAtOnce(t *testing.T) {
	f := branched(t)
	var other forge.PullRequest
	connect := cloud(t, f)
	p := connect(t, gitprovidertest.Access{Through: &before{"POST", "/pullrequests", func() {
		var err error
		other, err = f.Open(gitprovider.NewPullRequest{Branch: branch, Base: "main", Title: "Theirs"})
		require.NoError(t, err)
	}}})
	pr := opened(t, p)
	require.Equal(t, other.Number, pr.Number)
	open, err := p.ListOpen(t.Context(), "main")
	require.NoError(t, err)
	require.Len(t, open, 1)
}

// later answers a merge before it is done.
type later struct{ merge *http.Request }

// RoundTrip implements http.RoundTripper.
func (l *later) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/merge") {
		l.merge = r.Clone(context.WithoutCancel(r.Context()))
		l.merge.Body, l.merge.ContentLength = http.NoBody, 0
		w := httptest.NewRecorder()
		w.WriteHeader(http.StatusAccepted)
		return w.Result(), nil
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if l.merge != nil {
		done, err := http.DefaultTransport.RoundTrip(l.merge)
		if err != nil {
			return nil, err
		}
		done.Body.Close()
		l.merge = nil
	}
	return response, err
}

func TestCloudMergeThatTakesLonger(t *testing.T) {
	f := branched(t)
	p := cloud(t, f)(t, gitprovidertest.Access{Through: &later{}})
	pr := opened(t, p)
	require.NoError(t, p.Merge(t.Context(), pr.Number, pr.Head))
	got, err := p.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, gitprovider.Merged, got.State)
	require.Equal(t, bitbuckettest.Me, got.By)
}

func TestCloudChecksThatTheTokenCannotRead(t *testing.T) {
	f := branched(t)
	connect := cloud(t, f)
	pr := opened(t, connect(t, gitprovidertest.Access{}))
	weak := connect(t, gitprovidertest.Access{Token: gitprovidertest.WeakToken})
	say := func(name string, state gitprovider.StatusState) {
		require.NoError(t, f.SetStatus(pr.Head.String(), gitprovider.CommitStatus{Context: name, State: state}))
	}
	for _, c := range []struct {
		say  string
		is   gitprovider.StatusState
		want gitprovider.Checks
	}{
		{"assay/staging/shop", gitprovider.StatusFailure, gitprovider.Checks{State: gitprovider.ChecksPassing}},
		{"ci/build", gitprovider.StatusPending, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: ci/build"}},
		{"ci/lint", gitprovider.StatusError, gitprovider.Checks{State: gitprovider.ChecksFailing, Reason: "failed: ci/lint"}},
	} {
		say(c.say, c.is)
		got, err := weak.Checks(t.Context(), pr.Number, pr.Head)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	_, err := weak.Checks(t.Context(), pr.Number, git.Hash{1})
	require.ErrorIs(t, err, gitprovider.ErrHeadMoved)
}

func TestCloudReviewersByOtherNames(t *testing.T) {
	f := branched(t)
	p := cloud(t, f)(t, gitprovidertest.Access{})
	pr := opened(t, p)
	for _, name := range []string{"{ben-uuid}", "557058:ben", "ben"} {
		_, err := f.Edit(pr.Number, func(pr *forge.PullRequest) { pr.Reviewers = nil })
		require.NoError(t, err)
		require.NoError(t, p.RequestReviewers(t.Context(), pr.Number, name))
		now, err := f.Get(pr.Number)
		require.NoError(t, err)
		require.Equal(t, []string{bitbuckettest.Person}, now.Reviewers, name)
	}
	require.ErrorIs(t, p.RequestReviewers(t.Context(), pr.Number, "team:sre"), gitprovider.ErrUnsupported)
}

func TestCloudStatusWithALongContext(t *testing.T) {
	f := branched(t)
	p := cloud(t, f)(t, gitprovidertest.Access{})
	pr := opened(t, p)
	status := gitprovider.CommitStatus{Context: "assay/staging-eu/" + strings.Repeat("checkout-", 10), State: gitprovider.StatusSuccess}
	require.NoError(t, p.SetStatus(t.Context(), pr.Head, status))
	seen := f.Statuses(pr.Head.String())[status.Context]
	require.Equal(t, gitprovider.StatusSuccess, seen.State)
	require.Equal(t, "https://bitbucket.org/shop/config/commits/"+pr.Head.String(), seen.URL)
}
