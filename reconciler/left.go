package reconciler

import (
	"context"
	"errors"
	"fmt"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
)

// leftState is a Proposal that ended while somebody kept Assay from closing its page, and who keeps it now.
type leftState struct {
	history.Proposal
	stopped string
	// problem says why that is not known.
	problem string
}

// observeLeft asks who still keeps Assay from closing what was left open.
func (l *Loop) observeLeft(ctx context.Context, w *world) {
	for _, p := range w.past.Left {
		state := leftState{Proposal: p}
		var err error
		var locked *notWritable
		if state.stopped, err = l.stopped(ctx, w, p); err != nil && !errors.As(err, &locked) {
			state.problem = err.Error()
		}
		if state.stopped != "" || state.problem != "" {
			w.lookAgainBy(w.now.Add(l.rollback.Interval))
		}
		w.left = append(w.left, state)
	}
}

// decideLeft closes what was left open once nobody stops that.
func decideLeft(w *world) Action {
	for _, p := range w.left {
		if p.stopped == "" && p.problem == "" {
			return closeLeft{proposal: p.Proposal}
		}
	}
	return nil
}

// closeLeft closes the page of a Proposal that has ended.
type closeLeft struct{ proposal history.Proposal }

func (closeLeft) Name() string { return "CloseLeft" }
func (a closeLeft) Reason() string {
	return fmt.Sprintf("nobody stops Assay any more, and %s was left open: %s", a.proposal.Branch, a.proposal.Left)
}

func (a closeLeft) do(ctx context.Context, l *Loop, w *world) error {
	p := a.proposal
	defer l.turns.take(p.Repository)()
	_, _, _, err := l.remote(p)
	var locked *notWritable
	switch {
	case errors.As(err, &locked): // the operator took the repository away, with all that is in it
		p.Left = ""
		p.Reason += "; it is left to people, since " + locked.Error()
	case err != nil:
		return err
	default:
		if p, err = l.closePage(ctx, w, p); err != nil {
			return err
		}
	}
	p.Updated = w.now
	return l.history.SaveProposal(ctx, p)
}

func (l *Loop) closePage(ctx context.Context, w *world, p history.Proposal) (history.Proposal, error) {
	why := p.Left
	p.Left = ""
	mirror, provider, proposed, err := l.remote(p)
	if err != nil {
		return p, err
	}
	status, err := rollback.Status(ctx, mirror, provider, proposed)
	if err != nil {
		return p, err
	}
	if status.State == gitprovider.Merged {
		return l.tidy(ctx, w, p, status)
	}
	p, _, err = l.takeBack(ctx, p, why)
	return p, err
}
