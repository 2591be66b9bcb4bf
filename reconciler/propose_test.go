package reconciler

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/history"
)

func TestTheSameChangeIsProposedOnce(t *testing.T) {
	known := func(id, branch string, state history.ProposalState, culprits ...string) history.Proposal {
		return history.Proposal{ID: id, Incident: id, Base: "main", Branch: branch, State: state, Culprits: culprits}
	}
	wanted := known("mine", "assay/revert-xy", history.ProposalPlanned, "x", "y")
	for name, tt := range map[string]struct {
		before []history.Proposal
		rule   string
	}{
		"nothing before":                        {nil, ""},
		"another change is open":                {[]history.Proposal{known("a", "assay/revert-z", history.ProposalOpen, "z")}, ""},
		"open under the same name":              {[]history.Proposal{known("a", "assay/revert-xy", history.ProposalOpen, "x", "y")}, ""},
		"open with fewer commits":               {[]history.Proposal{known("a", "assay/revert-x", history.ProposalOpen, "x")}, "open-before"},
		"open with fewer commits, for two":      {[]history.Proposal{known("a", "assay/revert-x", history.ProposalOpen, "x"), known("b", "assay/revert-x", history.ProposalOpen, "x")}, "open-before"},
		"merged before":                         {[]history.Proposal{known("a", "assay/revert-x", history.ProposalMerged, "x")}, "merged-before"},
		"closed before":                         {[]history.Proposal{known("a", "assay/revert-x", history.ProposalClosed, "x")}, "closed-before"},
		"withdrawn, and still open for another": {[]history.Proposal{known("a", "assay/revert-xy", history.ProposalClosed, "x", "y"), known("b", "assay/revert-xy", history.ProposalOpen, "x", "y")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			refusal := proposedBefore(tt.before, wanted)
			if tt.rule == "" {
				require.Nil(t, refusal)
				return
			}
			require.NotNil(t, refusal)
			require.Equal(t, tt.rule, refusal.Rule)
			require.Equal(t, tt.rule == "open-before", refusal.Later)
		})
	}
}
