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
	everyPlace(t, func(t *testing.T, place string) {
		writer, err := history.Open(t.Context(), place)
		require.NoError(t, err)
		reader, err := history.OpenReadOnly(t.Context(), place)
		require.NoError(t, err)
		verified(t, writer, "v1", gate.Passed, nil)
		seen, err := reader.Verifications(t.Context(), history.Filter{})
		require.NoError(t, err)
		require.Len(t, seen, 1)
		_, err = reader.OpenIncident(t.Context(), history.Incident{ID: "i1", Key: key, State: history.Ongoing, Opened: noon})
		require.Error(t, err)
		require.Regexp(t, "read-?only", err.Error())
		require.NoError(t, reader.Close())
		require.NoError(t, writer.Close())

		t.Run("after the other has ended", func(t *testing.T) {
			reader, err := history.OpenReadOnly(t.Context(), place)
			require.NoError(t, err)
			seen, err := reader.Verifications(t.Context(), history.Filter{})
			require.NoError(t, err)
			require.Len(t, seen, 1)
			require.NoError(t, reader.Close())
		})
	})
}

func TestOnlyOpenMakesAHistory(t *testing.T) {
	everyPlace(t, func(t *testing.T, place string) {
		for range 2 { // the first left nothing behind either
			_, err := history.OpenReadOnly(t.Context(), place)
			require.ErrorIs(t, err, fs.ErrNotExist)
			_, err = history.OpenBeside(t.Context(), place)
			require.ErrorIs(t, err, fs.ErrNotExist)
		}
		if entries, err := os.ReadDir(place); err == nil {
			require.Empty(t, entries)
		}
	})
}
