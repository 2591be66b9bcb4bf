package history_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/history"
)

func TestTallyCountsWhatIsOpen(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		ctx := t.Context()
		tally, err := s.Tally(ctx)
		require.NoError(t, err)
		require.Empty(t, tally.Open)
		require.Empty(t, tally.Proposals)

		prod := history.Key{Environment: "prod", Gate: "shop"}
		for id, of := range map[string]history.Key{"i1": key, "i2": key, "i3": prod} {
			_, err := s.OpenIncident(ctx, history.Incident{ID: id, Key: of, State: history.Ongoing, Opened: noon})
			require.NoError(t, err)
		}
		require.NoError(t, s.UpdateIncident(ctx, history.Incident{ID: "i1", Key: key, State: history.Recovered, Opened: noon, Closed: noon.Add(time.Hour)}))
		for id, p := range map[string]history.Proposal{
			"p1": {Incident: "i1", Key: key, State: history.ProposalMerged},
			"p2": {Incident: "i2", Key: key, State: history.ProposalOpen},
			"p3": {Incident: "i3", Key: prod, State: history.ProposalOpen},
			"p4": {Incident: "i3", Key: prod, State: history.ProposalOpen},
		} {
			p.ID, p.Repository, p.Created = id, "git.example/config", noon
			require.NoError(t, s.SaveProposal(ctx, p))
		}

		tally, err = s.Tally(ctx)
		require.NoError(t, err)
		require.Equal(t, map[history.Key]int{key: 1, prod: 1}, tally.Open)
		require.Equal(t, map[history.ProposalsOf]int{
			{Environment: "staging", State: history.ProposalMerged}: 1,
			{Environment: "staging", State: history.ProposalOpen}:   1,
			{Environment: "prod", State: history.ProposalOpen}:      2,
		}, tally.Proposals)
	})
}
