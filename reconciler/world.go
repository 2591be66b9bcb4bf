package reconciler

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// world is everything that one pass knows; decide reads nothing else.
type world struct {
	now  time.Time
	key  history.Key
	past history.GateState

	// gate is nil when the tests in force hold no such Gate; suites are its Suites in their order.
	gate   *tests.Gate
	suites []*tests.Suite
	tests  history.TestsState
	// controls are its control Suites.
	controls []*tests.Suite

	targets []history.TargetState
	// changedAt is when the newest of the Targets' digests was seen to change; zero when none changed while Assay looked.
	changedAt time.Time
	// states are what the Sources tell of these Targets, for those who trace or revert them.
	states map[sync.Target]sync.State
	// others reads the states of the Targets of the Environment that the Gate does not name: there may be thousands, and few passes ask.
	others func() []sync.State

	// elsewhere says that the Gate follows none of the Targets that are this Assay's, but may follow another's.
	elsewhere bool
	// unready are the reasons why the state of the Targets is not known now.
	unready []string
	// stale are the reasons why what is known of the Targets may no longer be true; nothing that runs meanwhile is evidence.
	stale []string
	// seen is when the Target that was looked at longest ago was looked at; zero where Sources tell all by themselves.
	seen time.Time

	// inFlight are the IDs of the Runs that this process is at.
	inFlight map[string]bool

	// askedBy is the Verification of another Gate that wants to know whether this one fails too; nil where there is none.
	askedBy *history.Verification
	// rounds of the open Verification, in the order in which they began.
	rounds []round
	// evidence is what blame rests on; only while the open Verification is Blaming and no Run is waiting.
	evidence *blame.Case
	// oldTests are those of the last pass, where they are needed; they hold no Gate when oldTestsProblem says why they cannot be had.
	oldTests        *revision
	oldTestsProblem string
	// proposals of the newest Incident.
	proposals []proposalState
	// left are Proposals that ended, of this Incident and of earlier ones, whose pages are to be closed.
	left []leftState
	// stopped says that the operator has stopped all Proposals; stopReason says what else does.
	stopped bool
	// lookAgain is when something may have changed that nobody tells of: an open Proposal, a deadline. Zero is never.
	lookAgain time.Time
	// interval is the least time between two looks at Proposals.
	interval time.Duration
	// mode is the stricter of the Gate's and the operator's.
	mode tests.Mode
}

// round is one time that Suites ran, for one purpose.
type round struct {
	purpose history.Purpose
	number  int
	// trial is the state that it is of, where that is not the Verification's own.
	trial *history.Trial
	runs  []history.Run
	// waiting are Runs that have not ended; lost are those to be tried again.
	waiting []history.Run
	lost    []history.Run
	// suites are assessed once nothing is waiting or lost, in the order in which they began.
	suites []gate.Suite
}

// proposalState is a Proposal with where its revert has got to.
type proposalState struct {
	history.Proposal
	// status is what the provider says of one that is open, or may be.
	status rollback.State
	// attention is what one that waits calls for.
	attention attention
	// live says that the last final Verification was of a state that holds the merged revert.
	live bool
	// problem says why neither is known now.
	problem string
}

// ripe tells whether what was put off may be tried again.
func (p proposalState) ripe(w *world) bool {
	return p.Reason == "" || !w.now.Before(p.Updated.Add(w.interval))
}

// ended tells whether it was merged or closed, and history does not know. That nobody knows one which is only planned is no end of it.
func (p proposalState) ended() bool {
	switch p.State {
	case history.ProposalOpen:
		return p.status.State == gitprovider.Merged || p.status.State == gitprovider.Closed
	case history.ProposalPlanned:
		return p.status.State == gitprovider.Merged
	}
	return false
}

// waits tells whether it is to be withdrawn once it is not needed: people see it, or would have.
func (p proposalState) waits() bool {
	return p.State == history.ProposalOpen || p.State == history.ProposalPlanned
}

// proposalTo is the Incident's Proposal to the repository and branch of a Suspect; nil when there is none yet.
func (w *world) proposalTo(s blame.Suspect) *proposalState {
	i := slices.IndexFunc(w.proposals, func(p proposalState) bool { return p.Repository == s.Repository && p.Base == s.Branch })
	if i < 0 {
		return nil
	}
	return &w.proposals[i]
}

// lookAgainBy has the world looked at again at a moment, or earlier.
func (w *world) lookAgainBy(at time.Time) {
	if w.lookAgain.IsZero() || at.Before(w.lookAgain) {
		w.lookAgain = at
	}
}

// open is the newest Verification while it is not final.
func (w *world) open() *history.Verification {
	if v := w.past.Latest; v != nil && (v.Phase == history.Running || v.Phase == history.Blaming) {
		return v
	}
	return nil
}

// busy tells whether Runs of the open Verification are still to end.
func (w *world) busy() bool {
	return slices.ContainsFunc(w.rounds, func(r round) bool { return len(r.waiting)+len(r.lost) > 0 })
}

// unseen tells whether Runs ended after the Targets were looked at last: whether they ran on the state that is known is not known then.
func (w *world) unseen() bool {
	return !w.seen.IsZero() && slices.ContainsFunc(w.rounds, func(r round) bool {
		return slices.ContainsFunc(r.runs, func(run history.Run) bool { return run.Finished.After(w.seen) })
	})
}

// baseline is what conditions are compared with; nil before the first pass that was no flake.
func (w *world) baseline() *gate.Baseline {
	if w.past.Passed == nil || len(w.past.Passed.Numbers.Suites) == 0 {
		return nil
	}
	return &w.past.Passed.Numbers
}

func (w *world) flakesPass() bool { return w.gate.Spec.Flakes != tests.FlakesFail }

// verificationID names a Verification by its inputs, so that the same one is never there twice.
func verificationID(v history.Verification) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n%s\n%s\n%s\n", v.Key.Environment, v.Key.Gate, v.Occasion.Kind, v.Occasion.Value, v.Previous, v.Tests.Digest)
	for _, t := range v.Targets {
		fmt.Fprintf(h, "%s %s %s\n", t.Target, t.Digest, t.Outcome)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
