package reconciler

import (
	"time"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/report"
)

// EventKind is one of the constants.
type EventKind string

// The kinds of Events.
const (
	Decided         EventKind = "Decided"         // an Action was decided, which is not the one before
	RunStarted      EventKind = "RunStarted"      // a Run began
	RunFinished     EventKind = "RunFinished"     // a Run ended and is recorded
	TestsRefused    EventKind = "TestsRefused"    // a new revision of the tests cannot be used
	Verified        EventKind = "Verified"        // a Verification has its final Verdict
	IncidentChanged EventKind = "IncidentChanged" // an Incident was opened, or ended
	ProposalChanged EventKind = "ProposalChanged" // a Proposal is in another state than before
	PassTaken       EventKind = "PassTaken"       // a worker took a pass, whether or not it did anything
)

// Event is something that happened, for whoever follows the loop live. History is the record; Events may be missed.
type Event struct {
	Kind    EventKind
	Key     history.Key
	Action  string // of Decided
	Reason  string // of Decided and TestsRefused
	Run     history.Run
	Reports []*report.Report // of RunFinished
	// Verification is the one that has its Verdict; of IncidentChanged and ProposalChanged the newest final one, if there is any.
	Verification *history.Verification
	// Incident is the one that changed, or whose Proposal did.
	Incident *history.Incident
	Proposal history.Proposal // of ProposalChanged
	// Took is how long a pass took, and Err why it failed.
	Took time.Duration
	Err  error
}
