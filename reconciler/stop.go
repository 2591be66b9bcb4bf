package reconciler

import (
	"strings"

	"github.com/assay-dev/assay/rollback"
)

// stopReason says who keeps Assay from proposing, updating or merging anything in a repository on behalf of the Gate, and why; empty where
// nobody does. It is read anew in every pass, so a stop holds from the next one on, and lets go as soon.
func (w *world) stopReason(repository string) string {
	var why []string
	if w.stopped {
		why = append(why, "the operator has stopped all proposals (ASSAY_STOP)")
	}
	for _, h := range w.past.Holds {
		if h.InForce(w.now) && h.Stops(w.key, repository) {
			why = append(why, h.String())
		}
	}
	return strings.Join(why, "; ")
}

// notStopped refuses, until it is lifted, what is stopped.
func (w *world) notStopped(repository string) *rollback.Refusal {
	why := w.stopReason(repository)
	if why == "" {
		return nil
	}
	return &rollback.Refusal{Rule: "stopped", Reason: why, Later: true}
}
