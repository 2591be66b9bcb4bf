package history_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

const config = "https://git.example/config"

func due(t *testing.T, s *history.Store, kind history.PublicationKind) []history.Publication {
	t.Helper()
	all, err := s.Publications(t.Context(), kind, key.Environment, config, 10)
	require.NoError(t, err)
	return all
}

func TestWhatIsRecordedIsDueUntilItIsTold(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		v := history.Verification{ID: "v1", Key: key, Targets: at("A", "c1"), Phase: history.Running, Started: noon}
		_, err := s.Begin(ctx, v, nil)
		require.NoError(t, err)
		require.Empty(t, due(t, s, history.NotePublication), "only final Verdicts are noted")
		started := due(t, s, history.StatusPublication)
		require.Len(t, started, 1)
		require.Equal(t, "c1", started[0].Commit)
		require.Equal(t, history.Running, started[0].Verification.Phase)

		v.Phase, v.Finished, v.Verdict = history.Done, noon.Add(time.Minute), &gate.Verdict{Outcome: gate.Passed}
		require.NoError(t, s.Advance(ctx, v))
		started[0].Said = "Pending"
		require.NoError(t, s.Published(ctx, started))
		ended := due(t, s, history.StatusPublication)
		require.Len(t, ended, 1, "what changed while it was told is told again")
		require.Equal(t, "Pending", ended[0].Said)
		require.Equal(t, history.Done, ended[0].Verification.Phase)
		require.NoError(t, s.Published(ctx, ended))
		require.Empty(t, due(t, s, history.StatusPublication))

		noted := due(t, s, history.NotePublication)
		require.Len(t, noted, 1)
		other, err := s.Publications(ctx, history.NotePublication, "prod", config, 10)
		require.NoError(t, err)
		require.Empty(t, other)
	})
}

func TestWhatIsInheritedIsDueForTheNewCommitAlone(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		verified(t, s, "v1", gate.Passed, nil)
		for _, kind := range []history.PublicationKind{history.StatusPublication, history.NotePublication} {
			require.NoError(t, s.Published(ctx, due(t, s, kind)))
		}
		require.NoError(t, s.Inherit(ctx, key, at("A", "c2"), "the same", noon.Add(time.Hour)))
		for _, kind := range []history.PublicationKind{history.StatusPublication, history.NotePublication} {
			all := due(t, s, kind)
			require.Len(t, all, 1)
			require.Equal(t, "c2", all[0].Commit)
			require.Equal(t, "c-v1", all[0].SameAs)
			require.Equal(t, noon.Add(time.Hour), all[0].Inherited)
			require.Equal(t, at("A", "c2"), all[0].Targets)
		}
	})
}

func TestWhatIsForgottenIsNotDue(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		verified(t, s, "v1", gate.Failed, nil)
		verified(t, s, "v2", gate.Passed, nil)
		require.Len(t, due(t, s, history.NotePublication), 2)
		gone, err := s.Prune(ctx, history.Retention{MaxVerifications: 1}, noon)
		require.NoError(t, err)
		require.Equal(t, 1, gone.Verifications)
		left := due(t, s, history.NotePublication)
		require.Len(t, left, 1)
		require.Equal(t, "v2", left[0].Verification.ID)
	})
}
