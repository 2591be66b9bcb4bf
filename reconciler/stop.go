package reconciler

import (
	"context"
	"strings"

	"github.com/assay-dev/assay/reconciler/history"
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

// stopped says who keeps Assay from writing anything to a Proposal, asked anew of all who may.
func (l *Loop) stopped(ctx context.Context, w *world, p history.Proposal) (why string, err error) {
	if why := w.stopReason(p.Repository); why != "" {
		return why, nil
	}
	mirror, provider, proposed, err := l.remote(p)
	if err != nil {
		return "", err
	}
	return proposed.Stopped(ctx, mirror, provider)
}

// heeds records that a Proposal is left as it is for a while, where somebody stops what is about to be written to it.
func (l *Loop) heeds(ctx context.Context, w *world, p history.Proposal) (stopped bool, err error) {
	why, err := l.stopped(ctx, w, p)
	if err != nil || why == "" {
		return false, err
	}
	l.answers.forget(p)
	p.Reason, p.Updated = "left as it is: "+why, w.now
	return true, l.history.SaveProposal(ctx, p)
}
