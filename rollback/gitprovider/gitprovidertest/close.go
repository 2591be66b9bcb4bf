package gitprovidertest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

func merge(t *testing.T, w *world) {
	pr, head := w.open(t)
	require.NoError(t, w.Provider.Merge(t.Context(), pr.Number, head))
	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, gitprovider.Merged, got.State)

	now, _, err := w.Mirror.Refresh(t.Context(), "main")
	require.NoError(t, err)
	require.Equal(t, now, got.MergeCommit)
	merged, err := git.IsAncestor(t.Context(), w.Mirror.Repository(), head, now)
	require.NoError(t, err)
	require.True(t, merged)
	require.NoError(t, w.Provider.Merge(t.Context(), pr.Number, head), "once merged, merging again is nothing")
	require.NoError(t, w.Provider.Close(t.Context(), pr.Number), "and so is closing")
	found, err := w.Provider.Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, gitprovider.Merged, found.State)
}

func mergeElsewhere(t *testing.T, w *world) {
	pr, head := w.open(t)
	moved := w.push(t, branch, head, head)
	require.Eventually(t, func() bool {
		pr, err := w.Provider.Get(t.Context(), pr.Number)
		return err == nil && pr.Head == moved
	}, patience, tick)
	require.ErrorIs(t, w.Provider.Merge(t.Context(), pr.Number, head), gitprovider.ErrHeadMoved)
	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, gitprovider.Open, got.State)
	now, _, err := w.Mirror.Refresh(t.Context(), "main")
	require.NoError(t, err)
	require.Equal(t, w.main, now)
}

func closing(t *testing.T, w *world) {
	pr, head := w.open(t)
	require.NoError(t, w.Provider.Close(t.Context(), pr.Number))
	require.NoError(t, w.Provider.Close(t.Context(), pr.Number), "once closed, closing again is nothing")
	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, gitprovider.Closed, got.State)
	found, err := w.Provider.Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.Equal(t, pr.Number, found.Number)
	require.Equal(t, gitprovider.Closed, found.State)
	require.ErrorIs(t, w.Provider.Merge(t.Context(), pr.Number, head), gitprovider.ErrBlocked)
}

func mergeProtected(t *testing.T, w *world) {
	pr, head := w.open(t)
	if !w.has(Protection) {
		require.Nil(t, w.Protect)
		require.NoError(t, w.Provider.Merge(t.Context(), pr.Number, head))
		return
	}
	w.Protect(t)
	require.ErrorIs(t, w.Provider.Merge(t.Context(), pr.Number, head), gitprovider.ErrBlocked)
	got, err := w.Provider.Get(t.Context(), pr.Number)
	require.NoError(t, err)
	require.Equal(t, gitprovider.Open, got.State)
	now, _, err := w.Mirror.Refresh(t.Context(), "main")
	require.NoError(t, err)
	require.Equal(t, w.main, now)
}

func unknown(t *testing.T, w *world) {
	_, err := w.Provider.Get(t.Context(), 4711)
	require.ErrorIs(t, err, gitprovider.ErrNotFound)
	require.ErrorIs(t, w.Provider.Comment(t.Context(), 4711, "Hello?"), gitprovider.ErrNotFound)
}
