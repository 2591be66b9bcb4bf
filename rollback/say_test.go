package rollback_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

// editing has a person edit a text while Assay comments.
type editing struct {
	gitprovider.Provider
	edit func()
}

func (e editing) Comment(ctx context.Context, number int64, text string) error {
	e.edit()
	return e.Provider.Comment(ctx, number, text)
}

func TestWhatPeopleWriteMeanwhileStays(t *testing.T) {
	_, hub, p, _, of := onHub(t)
	e := editing{p, func() {
		hub.Edit(t, of.Number, func(pr *gitprovider.PullRequest) { pr.Body = "Please wait for me.\n\n" + pr.Body })
	}}
	for range 2 {
		require.NoError(t, of.Say(t.Context(), e, "outcome", "Recovered."))
	}
	require.Contains(t, hub.Pulls()[0].Body, "Please wait for me.")
	require.Equal(t, []string{"Recovered."}, hub.Comments(of.Number), "it is said once")
}
