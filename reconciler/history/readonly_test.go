package history_test

import (
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

func TestReadOnlyLooksOnWhileAnotherWrites(t *testing.T) {
	dir := t.TempDir()
	writer, err := history.Open(t.Context(), dir)
	require.NoError(t, err)
	reader, err := history.OpenReadOnly(t.Context(), dir)
	require.NoError(t, err)
	verified(t, writer, "v1", gate.Passed, nil)
	seen, err := reader.Verifications(t.Context(), history.Filter{})
	require.NoError(t, err)
	require.Len(t, seen, 1)
	_, err = reader.OpenIncident(t.Context(), history.Incident{ID: "i1", Key: key, State: history.Ongoing, Opened: noon})
	require.ErrorContains(t, err, "readonly")
	require.NoError(t, reader.Close())
	require.NoError(t, writer.Close())

	t.Run("after the other has ended", func(t *testing.T) {
		reader, err := history.OpenReadOnly(t.Context(), dir)
		require.NoError(t, err)
		seen, err := reader.Verifications(t.Context(), history.Filter{})
		require.NoError(t, err)
		require.Len(t, seen, 1)
		require.NoError(t, reader.Close())
	})
}

func TestReadOnlyCreatesNothing(t *testing.T) {
	dir := t.TempDir()
	_, err := history.OpenReadOnly(t.Context(), dir)
	require.ErrorIs(t, err, fs.ErrNotExist)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}
