package history_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/report"
)

func TestPruneKeepsWhatIsStillNeeded(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		for _, id := range []string{"v1", "v2", "v3"} {
			verified(t, s, id, gate.Passed, nil, report.Case{Name: "pays", Status: report.Passed})
		}
		verified(t, s, "v4", gate.Failed, &blame.Cause{Kind: blame.Config})
		verified(t, s, "v5", gate.Failed, &blame.Cause{Kind: blame.Config})
		verified(t, s, "v6", gate.Failed, &blame.Cause{Kind: blame.Config})
		_, err := s.OpenIncident(ctx, history.Incident{ID: "v4", Key: key, Verification: "v4", Latest: "v4", State: history.Ongoing})
		require.NoError(t, err)
		log, err := s.WriteLog(ctx, "v1-1")
		require.NoError(t, err)
		require.NoError(t, log.Close())

		gone, err := s.Prune(ctx, history.Retention{MaxVerifications: 1}, noon.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, history.Pruned{Verifications: 3, Runs: 3}, gone, "all but the newest, the last passed and the incident's")
		_, err = s.ReadLog(ctx, "v1-1")
		require.ErrorIs(t, err, os.ErrNotExist)
		left, err := s.Verifications(ctx, history.Filter{})
		require.NoError(t, err)
		require.Len(t, left, 3)

		_, err = s.Begin(ctx, history.Verification{ID: "v7", Key: key, Phase: history.Running, Started: noon}, nil)
		require.NoError(t, err)
		gone, err = s.Prune(ctx, history.Retention{MaxVerifications: 1}, noon.Add(time.Hour))
		require.NoError(t, err)
		require.Zero(t, gone, "the newest final one is still what counts while another is open")

		gone, err = s.Prune(ctx, history.Retention{MaxAge: time.Hour}, noon.Add(30*time.Minute))
		require.NoError(t, err)
		require.Zero(t, gone)
	})
}
