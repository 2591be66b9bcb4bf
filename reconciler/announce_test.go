package reconciler

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

func TestChangesAreToldOnce(t *testing.T) {
	passed := &history.Verification{ID: "v1", Verdict: &gate.Verdict{Outcome: gate.Passed}}
	failed := &history.Verification{ID: "v2", Verdict: &gate.Verdict{Outcome: gate.Failed}}
	again := &history.Verification{ID: "v3", Verdict: &gate.Verdict{Outcome: gate.Passed}}
	incident := func(id string, state history.IncidentState) *history.Incident {
		return &history.Incident{ID: id, State: state}
	}
	proposals := func(state history.ProposalState) []history.Proposal {
		return []history.Proposal{{ID: "p", Incident: "v2", State: state}}
	}
	type told struct {
		kind EventKind
		what string
	}
	for name, test := range map[string]struct {
		before, now history.GateState
		want        []told
	}{
		"nothing":           {history.GateState{Final: passed}, history.GateState{Final: passed}, nil},
		"the first verdict": {history.GateState{}, history.GateState{Final: passed}, []told{{Verified, "v1"}}},
		"a verdict, and the incident with it": {
			history.GateState{Final: passed},
			history.GateState{Final: failed, Incident: incident("v2", history.Ongoing)},
			[]told{{Verified, "v2"}, {IncidentChanged, "Open"}},
		},
		"an incident after one that is over": {
			history.GateState{Incident: incident("v0", history.Recovered), Proposals: []history.Proposal{{ID: "old"}}},
			history.GateState{Incident: incident("v2", history.Ongoing)},
			[]told{{IncidentChanged, "Open"}},
		},
		"an incident that goes on": {
			history.GateState{Incident: incident("v2", history.Ongoing), Proposals: proposals(history.ProposalOpen)},
			history.GateState{Incident: incident("v2", history.Ongoing), Proposals: proposals(history.ProposalOpen)},
			nil,
		},
		"a proposal is opened": {
			history.GateState{Incident: incident("v2", history.Ongoing), Proposals: proposals(history.ProposalPlanned)},
			history.GateState{Incident: incident("v2", history.Ongoing), Proposals: proposals(history.ProposalOpen)},
			[]told{{ProposalChanged, "Open"}},
		},
		"all is well again": {
			history.GateState{Final: failed, Incident: incident("v2", history.Ongoing), Proposals: proposals(history.ProposalOpen)},
			history.GateState{Final: again, Incident: incident("v2", history.Recovered), Proposals: proposals(history.ProposalClosed)},
			[]told{{Verified, "v3"}, {ProposalChanged, "Closed"}, {IncidentChanged, "Recovered"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []told
			for _, e := range changes(test.before, test.now) {
				one := told{kind: e.Kind}
				switch e.Kind {
				case Verified:
					one.what = e.Verification.ID
				case IncidentChanged:
					one.what = string(e.Incident.State)
				case ProposalChanged:
					one.what = string(e.Proposal.State)
				}
				got = append(got, one)
			}
			require.Equal(t, test.want, got)
		})
	}
}
