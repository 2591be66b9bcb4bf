package reconciler

import (
	"cmp"
	"context"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
)

// openIncident says that the environment is broken, or that nobody can tell.
type openIncident struct{ verification history.Verification }

func (openIncident) Name() string     { return "OpenIncident" }
func (a openIncident) Reason() string { return a.incident().Reason }
func (a openIncident) incident() history.Incident {
	v := a.verification
	i := history.Incident{
		ID: v.ID, Key: v.Key, Verification: v.ID, Latest: v.ID, State: history.Ongoing, Cause: v.Cause,
		Reason: v.Verdict.Reason, Opened: v.Finished,
	}
	if v.Cause != nil {
		i.Reason = string(v.Cause.Kind) + ": " + v.Cause.Reason
	}
	return i
}

func (a openIncident) do(ctx context.Context, l *Loop, _ *world) error {
	_, err := l.history.OpenIncident(ctx, a.incident())
	return err
}

// confirm notes that a later Verification did not pass either. What it found of the Cause counts where nothing was known before.
type confirm struct {
	incident     history.Incident
	verification history.Verification
}

func (confirm) Name() string { return "Confirm" }
func (a confirm) Reason() string {
	return "still " + string(a.verification.Verdict.Outcome) + ": " + a.verification.Verdict.Reason
}
func (a confirm) do(ctx context.Context, l *Loop, w *world) error {
	i := a.incident
	i.Latest = a.verification.ID
	i.Cause = newerCause(i.Cause, a.verification.Cause, len(w.proposals) > 0)
	return l.history.UpdateIncident(ctx, i)
}

// newerCause keeps a Cause that something was already proposed for; else the latest that is known stands.
func newerCause(before, now *blame.Cause, proposed bool) *blame.Cause {
	if proposed {
		return before
	}
	return cmp.Or(now, before)
}

// conclude ends an Incident. What is still open of its Proposals is closed with the same reason.
type conclude struct {
	incident history.Incident
	state    history.IncidentState
	why      string
}

func (conclude) Name() string     { return "Conclude" }
func (a conclude) Reason() string { return string(a.state) + ": " + a.why }
func (a conclude) do(ctx context.Context, l *Loop, w *world) error {
	for _, p := range w.proposals {
		if p.waits() {
			if err := l.withdraw(ctx, p.Proposal, a.why); err != nil {
				return err
			}
		}
	}
	i := a.incident
	i.State, i.Reason, i.Closed, i.Latest = a.state, a.why, w.now, w.past.Final.ID
	if a.state == history.Unresolved && i.Cause != nil {
		doubtful := *i.Cause
		doubtful.Kind, doubtful.Reason = blame.Unknown, a.why
		doubtful.Evidence = append(doubtful.Evidence, "the revert of what was blamed first did not help: "+i.Cause.Reason)
		i.Cause = &doubtful
	}
	return l.history.UpdateIncident(ctx, i)
}
