package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// glance is the time between two looks at the history.
const glance = 50 * time.Millisecond

// until looks at the history until what is waited for is there. Its error says what Assay was at instead.
func (s *story) until(ctx context.Context, what string, there func(state history.GateState) (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.options.Patience, fmt.Errorf("%s did not come within %s", what, s.options.Patience))
	defer cancel()
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	for {
		state, err := s.history.Gate(ctx, s.key)
		if err == nil {
			var done bool
			if done, err = there(state); done {
				return err
			}
		}
		if err == nil && !s.crashes && s.assay.ended() {
			err = fmt.Errorf("assay ended while the story waited for %s", what)
		}
		if err != nil && ctx.Err() == nil {
			return s.explain(err)
		}
		s.wait(s.waitingFor(ctx, what))
		select {
		case <-ctx.Done():
			return s.explain(context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// waitingFor is what Assay says that it is at.
func (s *story) waitingFor(ctx context.Context, what string) string {
	decisions, err := s.history.Decisions(ctx, history.Filter{Environment: s.key.Environment, Gate: s.key.Gate, Limit: 1})
	if err != nil || len(decisions) == 0 {
		return what
	}
	return decisions[0].Reason
}

// explain adds what Assay decided last, and the end of its log.
func (s *story) explain(err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return fmt.Errorf("%w\nassay's last decision: %s\nthe end of its log:\n%s", err, s.waitingFor(ctx, "none"), tail(s.log.Name()))
}

// at tells whether Targets are at a commit.
func at(targets []history.TargetState, commit string) bool {
	return len(targets) == 1 && len(targets[0].Revisions) == 1 && targets[0].Revisions[0].Commit == commit
}

// verified waits for the Verdict on a commit, and tells the Runs as they end.
func (s *story) verified(ctx context.Context, commit string) (v *history.Verification, err error) {
	err = s.until(ctx, fmt.Sprintf("the verdict on %.8s", commit), func(state history.GateState) (bool, error) {
		v = state.Latest
		if v == nil || !at(v.Targets, commit) {
			return false, nil
		}
		s.once(v.ID, func() { s.say(cyan, "*", "%.8s is live; Assay verifies it: %s", commit, v.Reason) })
		if err := s.tellRuns(ctx, v); err != nil {
			return false, err
		}
		return v.Phase == history.Done, nil
	})
	if err != nil {
		return nil, err
	}
	if v.Verdict.Outcome == gate.Passed {
		s.say(green, "✓", "%s: %s", v.Verdict.Outcome, v.Verdict.Reason)
	}
	return v, nil
}

// inherited waits until a commit counts as passed that renders what passed before.
func (s *story) inherited(ctx context.Context, commit string) error {
	var before string
	return s.until(ctx, fmt.Sprintf("%.8s to inherit the verdict", commit), func(state history.GateState) (bool, error) {
		if before == "" {
			before = state.Latest.ID
		}
		if state.Latest.ID != before {
			return false, fmt.Errorf("%.8s renders what was live before, and was verified again: %s", commit, state.Latest.Reason)
		}
		if state.Passed == nil || !at(state.Passed.Targets, commit) {
			return false, nil
		}
		s.say(green, "✓", "%.8s renders the same, so it inherits the verdict: nothing is deployed, no test runs", commit)
		return true, nil
	})
}

func (s *story) untilProposed(ctx context.Context) (incident *history.Incident, proposals []history.Proposal, err error) {
	err = s.until(ctx, "the proposal", func(state history.GateState) (bool, error) {
		if state.Incident == nil || len(state.Proposals) == 0 {
			return false, nil
		}
		incident, proposals = state.Incident, state.Proposals
		for _, p := range proposals {
			switch p.State {
			case history.ProposalPlanned:
				return false, nil
			case history.ProposalOpen:
			default:
				return false, fmt.Errorf("the proposal is %s: %s", p.State, p.Reason)
			}
		}
		return true, nil
	})
	return incident, proposals, err
}

func (s *story) untilMerged(ctx context.Context, merge string) error {
	return s.until(ctx, "Assay to see the merge", func(state history.GateState) (bool, error) {
		for _, p := range state.Proposals {
			if p.State == history.ProposalMerged {
				s.say(green, "✓", "Assay sees that %.8s holds the revert, and waits for it to be synced", p.Merged)
				return true, nil
			}
		}
		return state.Incident != nil && state.Incident.State != history.Ongoing, nil
	})
}

func (s *story) untilClosed(ctx context.Context) (incident *history.Incident, err error) {
	err = s.until(ctx, "the end of the incident", func(state history.GateState) (bool, error) {
		incident = state.Incident
		return incident != nil && incident.State != history.Ongoing, nil
	})
	return incident, err
}

// once tells something that was not told yet.
func (s *story) once(id string, tell func()) {
	if !s.told[id] {
		s.told[id] = true
		tell()
	}
}
