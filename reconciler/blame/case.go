package blame

import (
	"time"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// Case is everything that a decision rests on.
type Case struct {
	Gate    *tests.Gate
	Verdict gate.Verdict
	Now     time.Time
	// FailedAt is when the evidence for the Verdict was complete.
	FailedAt time.Time
	// Tests is the digest of the tests that failed.
	Tests string
	// Passed is nil when the Gate never passed, or nothing is known of it.
	Passed *Passed
	// Changes of every Target that the Gate follows or exercises, since Passed.
	Changes []Change
	// Elsewhere are the Targets of the Environment that the Gate does not name, and that changed since Passed.
	Elsewhere []sync.Target
	// FailedSyncs are the Targets that never came to the state; no Suite ran then.
	FailedSyncs []FailedSync
	// Earlier are the Gate's failed Verifications since Passed, oldest first, without this one.
	Earlier []Earlier
	// Peers are the other Gates of the Environment that ran, or run, at about the same time, or were asked to.
	Peers []Peer
	// Askable are further Gates that share no change with this one, and can be verified now.
	Askable []string

	// Rounds of reruns so far.
	Rounds []Round
	// Rates of the failed cases, where known.
	Rates map[CaseID]Rate
	// Controlled says that the Gate has control Suites; Controls are the outcomes of their Runs.
	Controlled bool
	Controls   []gate.Outcome
	// OldTests are the Runs of the last Passed tests on the failed configuration; OldTestsGone says why there can be none.
	OldTests     []OldRound
	OldTestsGone string
	// Trials are the states that can be tried; nil where none can, and NoTrials says why.
	Trials   *Trials
	NoTrials string
}

// Passed is the last state for which the Gate passed.
type Passed struct {
	Tests string `json:"tests"` // digest of the tests
	// RanAt is when it last passed by running, not by inheriting.
	RanAt time.Time `json:"ranAt"`
}

// CaseID names one case of one Suite.
type CaseID struct {
	Suite string `json:"suite"`
	Name  string `json:"name"`
}

// FailingCases are those that a Verdict names.
func FailingCases(v gate.Verdict) (ids []CaseID) {
	for _, f := range v.Failing {
		ids = append(ids, CaseID{Suite: f.Suite, Name: f.Name})
	}
	return ids
}

func (c Case) failing() []CaseID { return FailingCases(c.Verdict) }

// Round is one time that what failed was run again.
type Round struct {
	// Passed are those of the failed cases that passed this time.
	Passed []CaseID `json:"passed,omitempty"`
	// Outcome of the Gate, judged with this round's results in place of the first.
	Outcome gate.Outcome `json:"outcome"`
}

// OldRound is one Run of the last Passed tests on the failed configuration.
type OldRound struct {
	Outcome gate.Outcome
	Failing []CaseID
	// Reason of the Verdict.
	Reason string
}

// FailedSync is a Target whose Sync failed.
type FailedSync struct {
	Target  sync.Target
	Failure sync.Failure
	Reason  string
	// Reproduced says of a failed build that what was to be applied does not build here either, while the last Passed state does. Where it
	// is not, NotReproduced says what was seen.
	Reproduced    bool
	NotReproduced string
}

// Earlier is a Verification of the Gate that failed since the last pass.
type Earlier struct {
	At    time.Time
	Kind  Kind
	Cases []CaseID
	// Unchanged says that no Target and no test had changed since the last pass then.
	Unchanged bool
	// Outage is the Cause's.
	Outage bool
}

// Peer is another Gate of the Environment, as it was while this one failed.
type Peer struct {
	Gate string
	// Outcome is Failed when it failed at any time meanwhile, else Passed; empty while its first Runs are under way.
	Outcome gate.Outcome
	// Open says that it is not told yet why it failed.
	Open bool
	// Unchanged says that no Target and no test of it changed since it passed, so that nothing but the environment can make it fail.
	Unchanged bool
	// Related says that it has a change in common with this Gate, so that it may well fail for the same reason.
	Related bool
	// Failing cases, how often in a row each was seen failing, and what is known of them. A Sync that failed has none.
	Failing    []CaseID
	Failures   int
	Rates      map[CaseID]Rate
	SyncFailed bool
}

// Trials are the states between the last Passed one and the failed one, where they can be brought live.
type Trials struct {
	// Good is the commit of the last Passed state, the one before the first Suspect.
	Good string
	// Rounds that were made, by the commit that was tried.
	Rounds map[string][]Round
}
