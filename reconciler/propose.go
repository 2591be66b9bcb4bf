package reconciler

import (
	"cmp"
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
	// Reviewers are asked to review its Proposals, by the server's names for them; Labels are put on them.
	Reviewers, Labels []string
}

// propose plans the revert of an Incident's culprits in one repository, and puts it before people; or does so anew, where what they see is out of date.
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
	return l.publish(ctx, w, p, plan, l.evidence(w, incident, suspects))
}

// plan asks rollback for the revert, after what only the loop knows speaks for it.
func (l *Loop) plan(ctx context.Context, w *world, incident history.Incident, p history.Proposal, culprits []git.Hash, suspects []blame.Suspect) (*rollback.Plan, error) {
	env := l.environments[w.key.Environment]
	if refusal := w.notStopped(p.Repository); refusal != nil {
		return nil, refusal
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
		Author:       l.author(incident.Opened),
		Trailers:     []string{"Assay-Incident: " + incident.ID},
		Sign:         l.rollback.Sign, Limits: l.rollback.Limits, Spent: spent(before, p, w.now), Now: w.now, Patience: w.gate.Spec.Deadline.Duration,
	}
	blamed := suspects[0].Targets // each Target has states of its own, also where several share a repository
	if request.Good, err = commitIn(w.past.Passed.Targets, p.Repository, blamed); err != nil {
		return nil, err
	}
	if request.Failed, err = commitIn(w.past.Final.Targets, p.Repository, blamed); err != nil {
		return nil, err
	}
	for _, state := range w.states {
		for _, b := range builds(state, p.Repository) {
			if good, err := commitIn(w.past.Passed.Targets, p.Repository, []sync.Target{b.Target}); err == nil {
				b.Good = good // one that is new to the gate is held against what the others passed at
			}
			request.Builds = append(request.Builds, b)
		}
	}
	slices.SortFunc(request.Builds, func(a, b rollback.Build) int {
		return cmp.Or(cmp.Compare(a.Target.String(), b.Target.String()), cmp.Compare(a.Path, b.Path))
	})
	for _, state := range w.others {
		request.Others = append(request.Others, builds(state, p.Repository)...)
	}
	plan, err := rollback.NewPlan(ctx, mirror, l.builder, request)
	if err != nil {
		return nil, err
	}
	if elsewhere := len(incident.Cause.Suspects) - len(suspects); elsewhere > 0 {
		plan.NotByItself = append(plan.NotByItself, fmt.Sprintf("%d commits of other repositories may be to blame as well; they were not told apart", elsewhere))
	}
	return plan, nil
}

// author is who makes the commits of Proposals.
func (l *Loop) author(when time.Time) git.Signature {
	return git.Signature{Name: l.rollback.Name, Email: l.rollback.Email, When: when}
}

// proposedBefore says whether one of the changes was proposed for revert before and merged or closed, which is final, be it the same commit
// or one that makes the same change. A Proposal that is still open for others is not closed; one that is open under another name, since other commits
// are in it as well, comes first.
func proposedBefore(before []history.Proposal, p history.Proposal) *rollback.Refusal {
	for _, known := range before {
		same := overlap(known.Culprits, p.Culprits) || overlap(known.PatchIDs, p.PatchIDs)
		if known.ID == p.ID || known.Base != p.Base || !same {
			continue
		}
		if known.State == history.ProposalOpen && known.Branch != p.Branch && !known.Joined {
			return &rollback.Refusal{Rule: "open-before", Later: true, Reason: "some of this is proposed already, and what becomes of that comes first: " + cmp.Or(known.URL, known.Branch)}
		}
		if slices.ContainsFunc(before, known.OpenElsewhere) {
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

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(id string) bool { return slices.Contains(b, id) })
}

// spent counts each branch once, however many Incidents share it.
func spent(before []history.Proposal, p history.Proposal, now time.Time) (s rollback.Spent) {
	counted := map[string]bool{p.Branch: true}
	for _, known := range before {
		switch known.State {
		case history.ProposalRefused, history.ProposalShadowed, history.ProposalPlanned:
			continue
		}
		if counted[known.Branch] {
			continue
		}
		counted[known.Branch] = true
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
	at := cmp.Or(state.Sync, state.Pending) // what is on its way comes from where what is live did
	if at == nil {
		return nil
	}
	for _, r := range at.Revisions {
		if r.Repository == repository {
			out = append(out, rollback.Build{Target: state.Target, Path: r.Path, Settings: state.Build})
		}
	}
	return out
}

// commitIn is the commit of a repository that the first of some Targets was seen at.
func commitIn(states []history.TargetState, repository string, targets []sync.Target) (git.Hash, error) {
	for _, t := range states {
		if !slices.Contains(targets, t.Target) {
			continue
		}
		for _, r := range t.Revisions {
			if r.Repository == repository {
				return git.ParseHash(r.Commit)
			}
		}
	}
	return git.Hash{}, fmt.Errorf("no target was seen at a commit of %s", repository)
}
