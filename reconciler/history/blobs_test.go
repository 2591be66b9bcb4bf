package history_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/history"
)

func TestLogsAreReadWhileTheyGrow(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		_, err := s.ReadLog(ctx, "r")
		require.ErrorIs(t, err, fs.ErrNotExist)
		w, err := s.WriteLog(ctx, "r")
		require.NoError(t, err)
		_, err = s.ReadLog(ctx, "r")
		require.ErrorIs(t, err, fs.ErrNotExist, "nothing was printed yet")

		var r io.ReadCloser
		_, err = io.WriteString(w, "one\n")
		require.NoError(t, err)
		require.Eventually(t, func() bool { r, err = s.ReadLog(ctx, "r"); return err == nil }, 10*time.Second, 10*time.Millisecond)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, "one\n", string(got))

		large := strings.Repeat("0123456789abcdef", 200_000)
		_, err = io.WriteString(w, large)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		got, err = io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, large, string(got), "the reader reads on")
		require.NoError(t, r.Close())

		anew, err := s.WriteLog(ctx, "r")
		require.NoError(t, err)
		require.NoError(t, anew.Close())
		_, err = s.ReadLog(ctx, "r")
		require.ErrorIs(t, err, fs.ErrNotExist, "begun anew")
	})
}

func TestArtifactsComeBackAsTheyWere(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		large := make([]byte, 1<<20+5)
		random := rand.NewChaCha8([32]byte{})
		_, err := random.Read(large)
		require.NoError(t, err)
		for name, content := range map[string][]byte{"shots/one.png": large, "shots/more/two.png": []byte("two"), "trace.zip": nil} {
			require.NoError(t, s.SaveArtifact(ctx, "r", name, bytes.NewReader([]byte("an earlier one"))))
			require.NoError(t, s.SaveArtifact(ctx, "r", name, bytes.NewReader(content)))
		}
		broken := io.MultiReader(bytes.NewReader(large), iotest.ErrReader(errors.New("the disk is gone")))
		require.ErrorContains(t, s.SaveArtifact(ctx, "r", "half.bin", broken), "the disk is gone")

		files, err := s.Artifacts(ctx, "r")
		require.NoError(t, err)
		require.NoError(t, fstest.TestFS(files, "shots/one.png", "shots/more/two.png", "trace.zip"))
		got, err := fs.ReadFile(files, "shots/one.png")
		require.NoError(t, err)
		require.True(t, bytes.Equal(large, got))
		_, err = fs.Stat(files, "half.bin")
		require.ErrorIs(t, err, fs.ErrNotExist, "half of one is never there")

		none, err := s.Artifacts(ctx, "none")
		require.NoError(t, err)
		_, err = fs.ReadDir(none, ".")
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
}

func TestAnArtifactThatIsTooLargeIsRefused(t *testing.T) {
	s := open(t, t.TempDir())
	err := s.SaveArtifact(t.Context(), "r", "core", io.LimitReader(zeros{}, 256<<20+1))
	require.ErrorContains(t, err, "artifact core of run r: it is larger than 256 MiB")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestBlobsStayAmongTheirOwn(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		_, err := s.WriteLog(ctx, "../../elsewhere")
		require.ErrorContains(t, err, "no name")
		_, err = s.ReadLog(ctx, "../../elsewhere")
		require.ErrorContains(t, err, "no name")
		_, err = s.Artifacts(ctx, "../../elsewhere")
		require.ErrorContains(t, err, "no name")
		require.ErrorContains(t, s.SaveArtifact(ctx, "r", "../../x", nil), "no name")
	})
}
