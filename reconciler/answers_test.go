package reconciler

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
)

func TestAnAnswerIsOfTheProposalAsItWas(t *testing.T) {
	a := newAnswers()
	planned := history.Proposal{ID: "p", State: history.ProposalPlanned, Head: "h"}
	a.put(planned, answer{status: rollback.State{State: gitprovider.Closed, Reason: "nobody knows it"}})
	known, there := a.get(planned)
	require.True(t, there)
	require.Equal(t, "nobody knows it", known.status.Reason)

	opened := planned
	opened.State, opened.Number = history.ProposalOpen, 7
	_, there = a.get(opened)
	require.False(t, there, "it was asked before it was open")
}
