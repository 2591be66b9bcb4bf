package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// Rollback is what the operator says about all Proposals.
type Rollback struct {
	// Stop, while true, has nothing proposed.
	Stop   bool
	Limits rollback.Limits
	// Name and Email of the author of revert commits; Sign signs them, when given.
	Name, Email string
	Sign        git.Signer
	// Interval between two looks at an open Proposal. Default 30s.
	Interval time.Duration
}

// ConfigRepository is one that Assay may write to.
type ConfigRepository struct {
	// URL that Assay reads it from and writes it to.
	URL      string
	Provider gitprovider.Provider
}

// propose plans the revert of an Incident's culprits, one Proposal for each repository, and puts it before people.
type propose struct{ incident history.Incident }

func (propose) Name() string     { return "Propose" }
func (a propose) Reason() string { return a.incident.Cause.Reason }

func (a propose) do(ctx context.Context, l *Loop, w *world) error {
	for _, suspects := range byRepository(a.incident.Cause.Suspects) {
		if err := l.propose(ctx, w, a.incident, suspects); err != nil {
			return err
		}
	}
	return nil
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

// propose brings the Proposal for one repository from nothing, or from wherever a crash left it, to where people see it. What it is
// about is recorded before anything is written outside.
func (l *Loop) propose(ctx context.Context, w *world, incident history.Incident, suspects []blame.Suspect) error {
	repository, branch := suspects[0].Repository, suspects[0].Branch
	p := history.Proposal{
		Incident: incident.ID, Key: w.key, Repository: repository, Base: branch, State: history.ProposalPlanned,
		Created: w.now, Updated: w.now,
	}
	var culprits []git.Hash
	for _, s := range suspects {
		culprit, err := git.ParseHash(s.Commit)
		if err != nil {
			return err
		}
		culprits = append(culprits, culprit)
		p.Culprits = append(p.Culprits, s.Commit)
	}
	p.Branch = rollback.Branch(culprits)
	p.ID = repository + " " + branch + " " + p.Branch
	plan, err := l.plan(ctx, w, incident, p, culprits)
	var refusal *rollback.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Later:
		return fmt.Errorf("not proposed yet: %w", refusal)
	case errors.As(err, &refusal):
		p.State, p.Reason = history.ProposalRefused, refusal.Reason
		return l.history.SaveProposal(ctx, p)
	case err != nil:
		return err
	}
	p.PatchIDs, p.Head = plan.PatchIDs, plan.Head.String()
	p.Proof, p.ProofReason = string(plan.Proof.Kind), plan.Proof.Reason
	if w.mode == tests.Shadow {
		p.State, p.Reason = history.ProposalShadowed, "mode shadow: this is what would have been proposed"
		return l.history.SaveProposal(ctx, p)
	}
	if err := l.history.SaveProposal(ctx, p); err != nil {
		return err
	}
	return l.publish(ctx, w, p, plan, l.evidence(w, incident, suspects))
}

// publish writes the plan outside, as the mode allows.
func (l *Loop) publish(ctx context.Context, w *world, p history.Proposal, plan *rollback.Plan, evidence rollback.Evidence) error {
	repository := l.environments[w.key.Environment].Writable[p.Repository]
	mirror, err := l.mirrors.Mirror(repository.URL)
	if err != nil {
		return err
	}
	if w.mode == tests.Commit && len(plan.NotByItself) == 0 {
		if err := rollback.Push(ctx, mirror, plan); err != nil {
			return err
		}
		p.State, p.Merged, p.Reason = history.ProposalMerged, plan.Head.String(), "mode commit: pushed to "+p.Base
		return l.history.SaveProposal(ctx, p)
	}
	opened, err := rollback.Open(ctx, mirror, repository.Provider, plan, rollback.Body(evidence, plan))
	if err != nil {
		return err
	}
	p.State, p.URL, p.Number, p.Head = history.ProposalOpen, opened.URL, opened.Number, opened.Head.String()
	p.NotByItself = plan.NotByItself
	return l.history.SaveProposal(ctx, p)
}

// plan asks rollback for the revert, after what only the loop knows speaks for it.
func (l *Loop) plan(ctx context.Context, w *world, incident history.Incident, p history.Proposal, culprits []git.Hash) (*rollback.Plan, error) {
	env := l.environments[w.key.Environment]
	if l.rollback.Stop {
		return nil, &rollback.Refusal{Rule: "stopped", Reason: "the operator has stopped all proposals (ASSAY_STOP)", Later: true}
	}
	repository, writable := env.Writable[p.Repository]
	if !writable {
		return nil, &rollback.Refusal{Rule: "not-writable", Reason: "the operator lets Assay write to no repository " + p.Repository}
	}
	before, err := l.history.ProposalsIn(ctx, p.Repository)
	if err != nil {
		return nil, err
	}
	if refusal := proposedBefore(before, p); refusal != nil {
		return nil, refusal
	}
	mirror, err := l.mirrors.Mirror(repository.URL)
	if err != nil {
		return nil, err
	}
	head, _, err := mirror.Refresh(ctx, p.Base)
	if err != nil {
		return nil, err
	}
	request := rollback.Request{
		Repository: p.Repository, Branch: p.Base, Head: head, Culprits: culprits,
		Protect: tests.Protect{
			Paths: slices.Concat(w.gate.Spec.Protect.Paths, env.Protect.Paths),
			Kinds: slices.Concat(w.gate.Spec.Protect.Kinds, env.Protect.Kinds),
		},
		OtherTargets: w.gate.Spec.Rollback.OtherTargets,
		Author:       git.Signature{Name: l.rollback.Name, Email: l.rollback.Email, When: incident.Opened},
		Sign:         l.rollback.Sign, Limits: l.rollback.Limits, Spent: spent(before, p, w.now), Now: w.now,
	}
	if request.Good, err = commitIn(w.past.Passed.Targets, p.Repository); err != nil {
		return nil, err
	}
	if request.Bad, err = commitIn(w.past.Final.Targets, p.Repository); err != nil {
		return nil, err
	}
	for _, state := range w.states {
		request.Builds = append(request.Builds, builds(state, p.Repository)...)
	}
	for _, state := range w.others {
		request.Others = append(request.Others, builds(state, p.Repository)...)
	}
	return rollback.NewPlan(ctx, mirror, l.builder, request)
}

// proposedBefore says whether the same change was proposed before, for another Incident or for this one.
func proposedBefore(before []history.Proposal, p history.Proposal) *rollback.Refusal {
	for _, known := range before {
		if known.ID != p.ID {
			continue
		}
		switch known.State {
		case history.ProposalMerged:
			return &rollback.Refusal{Rule: "merged-before", Reason: "the same revert was merged before: " + known.URL}
		case history.ProposalClosed:
			return &rollback.Refusal{Rule: "closed-before", Reason: "the same revert was proposed before and closed, which is final: " + known.URL}
		}
	}
	return nil
}

func spent(before []history.Proposal, p history.Proposal, now time.Time) (s rollback.Spent) {
	for _, known := range before {
		if known.ID == p.ID || known.State == history.ProposalRefused || known.State == history.ProposalShadowed {
			continue
		}
		if known.State == history.ProposalOpen {
			s.OpenProposals++
		}
		if now.Sub(known.Created) < 24*time.Hour {
			s.LastDay++
		}
	}
	return s
}

func builds(state sync.State, repository string) (out []rollback.Build) {
	if state.Sync == nil {
		return nil
	}
	for _, r := range state.Sync.Revisions {
		if r.Repository == repository {
			out = append(out, rollback.Build{Target: state.Target, Path: r.Path, Settings: state.Build})
		}
	}
	return out
}

// commitIn is the commit of a repository that Targets were seen at.
func commitIn(targets []history.TargetState, repository string) (git.Hash, error) {
	for _, t := range targets {
		for _, r := range t.Revisions {
			if r.Repository == repository {
				return git.ParseHash(r.Commit)
			}
		}
	}
	return git.Hash{}, fmt.Errorf("no target was seen at a commit of %s", repository)
}
