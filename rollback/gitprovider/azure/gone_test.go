package azure_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// TestTextThatIsGone is about a person who deletes the comment that holds what the description has no room for: what it said is gone, also for
// whom it spoke, but the pull request and others are not out of reach, and a new text finds room again.
func TestTextThatIsGone(t *testing.T) {
	f := forge.New(t)
	var comment *http.Request
	p := connected(t, f)(t, gitprovidertest.Access{Through: roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/comments/") {
			comment = r.Clone(context.WithoutCancel(r.Context()))
		}
		return http.DefaultTransport.RoundTrip(r)
	})})
	gittest.Run(t, f.Dir, "branch", "assay/revert-0123456789ab", "main")
	pr, err := p.Open(t.Context(), gitprovider.NewPullRequest{Branch: "assay/revert-0123456789ab", Base: "main", Title: "Revert"})
	require.NoError(t, err)
	long := strings.Repeat("A line of the rendered difference.\n", 1200) + "\n<!-- assay:claim {} -->"
	require.NoError(t, p.UpdateBody(t.Context(), pr.Number, long))
	got, err := p.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, long, got.Body)
	comment.Method = http.MethodDelete
	response, err := http.DefaultTransport.RoundTrip(comment)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Less(t, response.StatusCode, 300)

	open, err := p.ListOpen(t.Context(), "main")
	require.NoError(t, err)
	require.Len(t, open, 1)
	require.Empty(t, open[0].Body)
	require.NoError(t, p.UpdateBody(t.Context(), pr.Number, "Once more.\n"+long))
	got, err = p.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, "Once more.\n"+long, got.Body)
	require.NoError(t, p.UpdateBody(t.Context(), pr.Number, "Short."))
	got, err = p.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, "Short.", got.Body)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
