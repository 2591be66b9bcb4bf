package gitprovidertest

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

func text(t *testing.T, w *world) {
	pr, _ := w.open(t)
	require.NoError(t, w.Provider.Comment(t.Context(), pr.Number, "It fails in prod, too."))
	require.NoError(t, w.Provider.UpdateBody(t.Context(), pr.Number, "New\n\ntext"))
	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, "New\n\ntext", got.Body)
	require.Equal(t, pr.Title, got.Title)
	require.Equal(t, gitprovider.Open, got.State)
}

// longText is longer than some servers take.
func longText(t *testing.T, w *world) {
	long := strings.Repeat("A line of *the* rendered difference. Über 100 %.\n", 1100) + "\n<!-- assay:claim {} -->"
	w.push(t, branch, w.main, git.Hash{})
	n := request(branch)
	n.Body = long
	pr, err := w.Provider.Open(t.Context(), n)
	require.NoError(t, err)
	require.Equal(t, long, pr.Body)
	longer := "Once more.\n\n" + long
	require.NoError(t, w.Provider.UpdateBody(t.Context(), pr.Number, longer))
	found, err := w.Provider.Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, longer, found.Body)
	require.NoError(t, w.Provider.UpdateBody(t.Context(), pr.Number, "Short."))
	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, "Short.", got.Body)
}

// textThatIsGone was in a comment, for want of room, which a person deletes: what it said is gone, also for whom it spoke, but the pull
// request and others are not out of reach, and a new text finds room again.
func textThatIsGone(t *testing.T, w *world) {
	if w.local(t) {
		return
	}
	pr, _ := w.open(t)
	var comment *http.Request
	p := w.through(t, faulty(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/comments/") {
			comment = r.Clone(context.WithoutCancel(r.Context()))
		}
		return http.DefaultTransport.RoundTrip(r)
	}))
	said := func() string {
		open, err := p.ListOpen(t.Context(), "main")
		require.NoError(t, err)
		require.Len(t, open, 1)
		return open[0].Body
	}
	long := strings.Repeat("A line of the rendered difference.\n", 1200) + "\n<!-- assay:claim {} -->"
	require.NoError(t, p.UpdateBody(t.Context(), pr.Number, long))
	require.Equal(t, long, said())
	if comment == nil {
		return // the server takes texts of that length
	}
	query := comment.URL.Query()
	query.Set("version", "0")
	comment.Method, comment.URL.RawQuery = http.MethodDelete, query.Encode()
	response, err := http.DefaultTransport.RoundTrip(comment)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Less(t, response.StatusCode, 300)

	require.Empty(t, said())
	for _, text := range []string{"Once more.\n" + long, "Short."} {
		require.NoError(t, p.UpdateBody(t.Context(), pr.Number, text))
		require.Equal(t, text, said())
	}
}

// longTitle quotes the first line of a commit, which may have any length.
func longTitle(t *testing.T, w *world) {
	w.push(t, branch, w.main, git.Hash{})
	n := request(branch)
	n.Title = `Revert "` + strings.Repeat("Über ", 100) + `"`
	pr, err := w.Provider.Open(t.Context(), n)
	require.NoError(t, err)
	require.True(t, utf8.ValidString(pr.Title))
	require.True(t, strings.HasPrefix(pr.Title, `Revert "Über Über `), "cut to what the server takes")
	require.Equal(t, n.Body, pr.Body)
}
