package reconciler

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
)

// openIncident says that the environment is broken, or that nobody can tell.
type openIncident struct{ verification history.Verification }

func (openIncident) Name() string     { return "OpenIncident" }
func (a openIncident) Reason() string { return a.incident().Reason }
func (a openIncident) incident() history.Incident {
	v := a.verification
	i := history.Incident{
		ID: v.ID, Key: v.Key, Verification: v.ID, Latest: v.ID, State: history.Ongoing, Cause: v.Cause,
		Reason: v.Verdict.Reason, Broke: v.Started, Opened: v.Finished,
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

// conclude ends an Incident. What still waits of its Proposals is closed with the same reason, and those that were merged say what came of
// it.
type conclude struct {
	incident history.Incident
	state    history.IncidentState
	why      string
}

func (conclude) Name() string     { return "Conclude" }
func (a conclude) Reason() string { return string(a.state) + ": " + a.why }
func (a conclude) do(ctx context.Context, l *Loop, w *world) error {
	i := a.incident
	i.State, i.Reason, i.Closed, i.Latest = a.state, a.why, w.now, w.past.Final.ID
	if a.state == history.Recovered {
		passed := recovery(w)
		i.Latest = passed.Verification
		if !i.Broke.IsZero() {
			i.Recovery = max(passed.RanAt.Sub(i.Broke), time.Nanosecond)
		}
	}
	for _, p := range w.proposals {
		if p.waits() {
			var err error
			if p.Proposal, err = l.withdraw(ctx, w, p.Proposal, a.why); err != nil {
				return err
			}
		}
		if p.State == history.ProposalMerged {
			l.tellOutcome(ctx, w, i, p.Proposal)
		}
	}
	if a.state == history.Unresolved && i.Cause != nil {
		doubtful := *i.Cause
		doubtful.Kind, doubtful.Reason = blame.Unknown, a.why
		doubtful.Evidence = append(slices.Clone(doubtful.Evidence), "the revert of what was blamed first did not help: "+i.Cause.Reason)
		i.Cause = &doubtful
	}
	return l.history.UpdateIncident(ctx, i)
}

// tellOutcome comments on a merged Proposal what came of it. The Incident says so in any case, so a server that does not take it is only
// logged.
func (l *Loop) tellOutcome(ctx context.Context, w *world, i history.Incident, p history.Proposal) {
	text := outcome(w, i, p)
	if text == "" || p.Number == 0 {
		return
	}
	stopped, err := l.stopped(ctx, w, p)
	if stopped != "" {
		return
	}
	_, provider, proposed, remoteErr := l.remote(p)
	if err = cmp.Or(err, remoteErr); err == nil {
		err = proposed.Say(ctx, provider, "outcome "+i.ID, text)
	}
	if err != nil {
		l.log.Error("what came of a merged revert could not be said there", "proposal", cmp.Or(p.URL, p.Branch), "outcome", i.State, "error", err)
	}
}

// outcome is what a merged revert came to, for people; empty where that is not known.
func outcome(w *world, i history.Incident, p history.Proposal) string {
	switch i.State {
	case history.Recovered:
		passed := recovery(w)
		return rollback.Recovered(i.Key.Gate, i.Key.Environment, verifiedAt(passed.Targets, passed.RanAt), i.Recovery)
	case history.Unresolved:
		return rollback.InVain(i.Key.Gate, i.Key.Environment, verifiedAt(w.past.Final.Targets, w.past.Final.Finished), p.Reland)
	}
	return ""
}

// verifiedAt is the commits that were verified, and the moment.
func verifiedAt(targets []history.TargetState, when time.Time) string {
	var commits []string
	for _, t := range targets {
		if at := shortCommits(t); !slices.Contains(commits, at) {
			commits = append(commits, at)
		}
	}
	return fmt.Sprintf("%s on %s", strings.Join(commits, ", "), when.UTC().Format("2006-01-02 15:04 UTC"))
}
