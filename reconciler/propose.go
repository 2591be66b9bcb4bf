package reconciler

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// propose plans the revert of an Incident's culprits in one repository, and puts it before people; or does so anew, where what they see is
// out of date.
type propose struct {
	incident history.Incident
	suspects []blame.Suspect
	why      string
	// anew says that the branch is built anew under the eyes of people, who are told why.
	anew bool
}

func (propose) Name() string     { return "Propose" }
func (a propose) Reason() string { return a.why }

func (a propose) do(ctx context.Context, l *Loop, w *world) error {
	defer l.turns.take(a.suspects[0].Repository)()
	p, culprits, err := newProposal(a.incident, a.suspects, w.now)
	if err != nil {
		return err
	}
	known := w.proposalTo(a.suspects[0])
	if known != nil {
		p.Created, p.Head, p.PatchIDs, p.Number, p.URL, p.Title = known.Created, known.Head, known.PatchIDs, known.Number, known.URL, known.Title
		l.answers.forget(p)
		if landed, err := l.landed(ctx, p); err != nil || landed {
			return err
		}
	}
	err = l.propose(ctx, w, a.incident, p, culprits, a.suspects)
	if err == nil && a.anew {
		return l.tellRebuilt(ctx, p, a.why)
	}
	var refusal *rollback.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	if known != nil && known.status.State == gitprovider.Open { // people see it, and it stays as they see it
		p, p.Updated = known.Proposal, w.now
		p.State, p.Reason = history.ProposalOpen, "left as it is: "+refusal.Reason
		return l.history.SaveProposal(ctx, p)
	}
	p.State, p.Reason = history.ProposalRefused, refusal.Reason
	if refusal.Later {
		p.State = history.ProposalPlanned
	}
	return l.history.SaveProposal(ctx, p)
}

// newProposal names a Proposal by its Incident and its culprits; several Incidents may share a branch, and each follows it for itself.
func newProposal(incident history.Incident, suspects []blame.Suspect, now time.Time) (p history.Proposal, culprits []git.Hash, err error) {
	p = history.Proposal{
		Incident: incident.ID, Key: incident.Key, Repository: suspects[0].Repository, Base: suspects[0].Branch,
		State: history.ProposalPlanned, Created: now, Updated: now,
	}
	for _, s := range suspects {
		culprit, err := git.ParseHash(s.Commit)
		if err != nil {
			return p, nil, err
		}
		culprits = append(culprits, culprit)
		p.Culprits = append(p.Culprits, s.Commit)
	}
	p.Branch = rollback.Branch(culprits)
	p.ID = p.Incident + " " + p.Repository + " " + p.Base + " " + p.Branch
	return p, culprits, nil
}

// landed finds a revert on the base that a crash kept from being recorded.
func (l *Loop) landed(ctx context.Context, p history.Proposal) (bool, error) {
	if p.Head == "" {
		return false, nil
	}
	mirror, provider, proposed, err := l.remote(p)
	if err != nil {
		return false, nil // what stands against writing there is for the plan to say
	}
	status, err := rollback.Status(ctx, mirror, provider, proposed)
	if err != nil || status.State != gitprovider.Merged {
		return false, err
	}
	return true, l.history.SaveProposal(ctx, settled(p, status, l.clock.Now()))
}

// byRepository groups Suspects, repositories in the order of their first one.
func byRepository(suspects []blame.Suspect) (groups [][]blame.Suspect) {
	for _, s := range suspects {
		i := slices.IndexFunc(groups, func(g []blame.Suspect) bool {
			return g[0].Repository == s.Repository && g[0].Branch == s.Branch
		})
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], s)
	}
	return groups
}

// propose brings a Proposal from nothing, or from wherever a crash left it, to where people see it. What it is about is recorded before
// anything is written outside. The error is a *rollback.Refusal where it must not be proposed.
func (l *Loop) propose(ctx context.Context, w *world, incident history.Incident, p history.Proposal, culprits []git.Hash, suspects []blame.Suspect) error {
	plan, err := l.plan(ctx, w, incident, p, culprits, suspects)
	if err != nil {
		return err
	}
	p.PatchIDs, p.Head, p.Title = plan.PatchIDs, plan.Head.String(), plan.Title
	before, err := l.history.ProposalsIn(ctx, p.Repository)
	if err != nil {
		return err
	}
	if refusal := proposedBefore(before, p); refusal != nil { // now that the patch-ids are known
		return refusal
	}
	p.Proof, p.ProofReason = string(plan.Proof.Kind), plan.Proof.Reason
	if w.mode == tests.Shadow {
		p.State, p.Reason = history.ProposalShadowed, "mode shadow: this is what would have been proposed"
		return l.history.SaveProposal(ctx, p)
	}
	joined, err := l.joinFirst(ctx, w, incident, p, suspects)
	if err != nil || joined {
		return err
	}
	if err := l.history.SaveProposal(ctx, p); err != nil {
		return err
	}
	return l.open(ctx, w, p, plan, l.evidence(w, incident, suspects))
}

// tellRebuilt says on an open Proposal that it is another one than people may have looked at.
func (l *Loop) tellRebuilt(ctx context.Context, p history.Proposal, why string) error {
	all, err := l.history.ProposalsOf(ctx, p.Incident)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(known history.Proposal) bool { return known.ID == p.ID })
	if i < 0 || all[i].State != history.ProposalOpen || all[i].Joined {
		return nil
	}
	_, provider, proposed, err := l.remote(all[i])
	if err != nil {
		return err
	}
	return proposed.Say(ctx, provider, "rebuilt "+all[i].Head, rollback.Rebuilt(all[i].Base, all[i].Head, why))
}
