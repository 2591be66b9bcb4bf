package gitprovidertest

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

func labels(t *testing.T, w *world) {
	pr, _ := w.open(t)
	if !w.has(Labels) {
		require.ErrorIs(t, w.Provider.Label(t.Context(), pr.Number, "assay"), gitprovider.ErrUnsupported)
		return
	}
	for range 2 {
		require.NoError(t, w.Provider.Label(t.Context(), pr.Number, "assay", "prod: down"))
		got, err := w.Provider.Get(t.Context(), pr.Number)
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"assay", "prod: down"}, got.Labels)
	}
	require.NoError(t, w.Provider.Label(t.Context(), pr.Number, "more"))
	found, err := w.Provider.Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"assay", "prod: down", "more"}, found.Labels)
}

// stop is what a person says so that a pull request is left alone.
func stop(t *testing.T, w *world) {
	pr, _ := w.open(t)
	require.NotContains(t, pr.Labels, "assay/stop")
	if w.Stop == nil {
		require.False(t, w.has(Labels), "people have a way to stop a pull request")
		return
	}
	w.Stop(t, pr.Number)
	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Contains(t, got.Labels, "assay/stop")
	open, err := w.Provider.ListOpen(t.Context(), "main")
	require.NoError(t, err)
	require.Len(t, open, 1)
	require.Contains(t, open[0].Labels, "assay/stop")
}

func reviewers(t *testing.T, w *world) {
	pr, _ := w.open(t)
	if !w.has(Reviewers) {
		require.ErrorIs(t, w.Provider.RequestReviewers(t.Context(), pr.Number, "ana"), gitprovider.ErrUnsupported)
		return
	}
	require.NotEmpty(t, w.Reviewer)
	for range 2 {
		require.NoError(t, w.Provider.RequestReviewers(t.Context(), pr.Number, w.Reviewer))
		require.Equal(t, []string{w.Reviewer}, w.Asked(t, pr.Number))
	}
	require.NoError(t, w.Provider.UpdateBody(t.Context(), pr.Number, "New text"))
	require.Equal(t, []string{w.Reviewer}, w.Asked(t, pr.Number), "whoever was asked stays asked")
	require.Error(t, w.Provider.RequestReviewers(t.Context(), pr.Number, "nobody-of-that-name"))
}

func statuses(t *testing.T, w *world) {
	_, head := w.open(t)
	status := gitprovider.CommitStatus{Context: "assay/staging/checkout", State: gitprovider.StatusPending, Description: "Verifying", URL: "https://assay.example.com/1"}
	if !w.has(Statuses) {
		require.ErrorIs(t, w.Provider.SetStatus(t.Context(), head, status), gitprovider.ErrUnsupported)
		return
	}
	for _, state := range []gitprovider.StatusState{
		gitprovider.StatusPending, gitprovider.StatusFailure, gitprovider.StatusError, gitprovider.StatusSuccess, gitprovider.StatusSuccess,
	} {
		status.State = state
		require.NoError(t, w.Provider.SetStatus(t.Context(), head, status), state)
		seen := w.Seen(t, head)
		require.Len(t, seen, 1, "in place of the one before")
		require.Equal(t, state == gitprovider.StatusSuccess, seen[status.Context].State == gitprovider.StatusSuccess)
		require.Equal(t, state == gitprovider.StatusPending, seen[status.Context].State == gitprovider.StatusPending)
		require.Equal(t, status.Description, seen[status.Context].Description)
		require.Equal(t, status.URL, seen[status.Context].URL)
	}
	long := gitprovider.CommitStatus{Context: "assay/prod/checkout", State: gitprovider.StatusFailure, Description: strings.Repeat("Ü", 3000)}
	require.NoError(t, w.Provider.SetStatus(t.Context(), head, long))
	seen := w.Seen(t, head)
	require.Len(t, seen, 2)
	shown := seen[long.Context].Description
	require.True(t, utf8.ValidString(shown))
	require.True(t, strings.HasPrefix(shown, "ÜÜÜ"), "cut to what the server takes")
	require.ErrorIs(t, w.Provider.SetStatus(t.Context(), nowhere, status), gitprovider.ErrNotFound)
}

func checks(t *testing.T, w *world) {
	pr, head := w.open(t)
	said := func() gitprovider.CheckState {
		checks, err := w.Provider.Checks(t.Context(), pr.Number, head)
		require.NoError(t, err)
		if checks.State != gitprovider.ChecksPassing {
			require.NotEmpty(t, checks.Reason)
		}
		return checks.State
	}
	require.Equal(t, gitprovider.ChecksPassing, said(), "none is required")
	if !w.has(RequiredChecks) {
		require.Nil(t, w.Require)
		return
	}
	_, err := w.Provider.Checks(t.Context(), pr.Number, w.main)
	require.ErrorIs(t, err, gitprovider.ErrHeadMoved)
	const check = "ci/build"
	w.Require(t, check)
	for _, step := range []struct {
		reported gitprovider.StatusState
		want     gitprovider.CheckState
	}{
		{"", gitprovider.ChecksPending},
		{gitprovider.StatusPending, gitprovider.ChecksPending},
		{gitprovider.StatusFailure, gitprovider.ChecksFailing},
		{gitprovider.StatusSuccess, gitprovider.ChecksPassing},
	} {
		if step.reported != "" {
			w.Report(t, head, check, step.reported)
		}
		require.Eventually(t, func() bool { return said() == step.want }, patience, tick, "%s after %q", step.want, step.reported)
	}
	require.Eventually(t, func() bool { return w.Provider.Merge(t.Context(), pr.Number, head) == nil }, patience, tick)
}
