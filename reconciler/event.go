package reconciler

import (
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/report"
)

// EventKind is one of the constants.
type EventKind string

// The kinds of Events.
const (
	Decided      EventKind = "Decided"      // an Action was decided, which is not the one before
	RunStarted   EventKind = "RunStarted"   // a Run began
	RunFinished  EventKind = "RunFinished"  // a Run ended and is recorded
	TestsRefused EventKind = "TestsRefused" // a new revision of the tests cannot be used
)

// Event is something that happened, for whoever follows the loop live. History is the record; Events may be missed.
type Event struct {
	Kind    EventKind
	Key     history.Key
	Action  string // of Decided
	Reason  string // of Decided and TestsRefused
	Run     history.Run
	Reports []*report.Report // of RunFinished
}
