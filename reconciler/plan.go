package reconciler

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// plan asks rollback for the revert, after what only the loop knows speaks for it.
func (l *Loop) plan(ctx context.Context, w *world, incident history.Incident, p history.Proposal, culprits []git.Hash, suspects []blame.Suspect) (*rollback.Plan, error) {
	if refusal := w.notStopped(p.Repository); refusal != nil {
		return nil, refusal
	}
	repository, writable := l.environments[w.key.Environment].Writable[p.Repository]
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
	request, err := l.request(ctx, w, incident, p, suspects)
	if err != nil {
		return nil, err
	}
	request.Head, request.Culprits, request.Spent = head, culprits, spent(before, p, w.now)
	plan, err := rollback.NewPlan(ctx, mirror, l.builder, request)
	if err != nil {
		return nil, err
	}
	if elsewhere := len(incident.Cause.Suspects) - len(suspects); elsewhere > 0 {
		plan.NotByItself = append(plan.NotByItself, fmt.Sprintf("%d commits of other repositories may be to blame as well; they were not told apart", elsewhere))
	}
	if !incident.Cause.NotEnvironment {
		plan.NotByItself = append(plan.NotByItself, aloneDown)
	}
	return plan, nil
}

// aloneDown is why a revert waits for a person where the Gate's own Suites are all the evidence that there is.
const aloneDown = "nothing rules out that something which only this gate needs is down: give it control suites (spec.control), or a site that may be bisected"

// request is what rollback is asked for, as far as the world and the operator's settings tell.
func (l *Loop) request(ctx context.Context, w *world, incident history.Incident, p history.Proposal, suspects []blame.Suspect) (request rollback.Request, err error) {
	env := l.environments[w.key.Environment]
	request = rollback.Request{
		Repository: p.Repository, Branch: p.Base,
		Protect: tests.Protect{
			Paths: slices.Concat(w.gate.Spec.Protect.Paths, env.Protect.Paths),
			Kinds: slices.Concat(w.gate.Spec.Protect.Kinds, env.Protect.Kinds),
		},
		OtherTargets: w.gate.Spec.Rollback.OtherTargets,
		Author:       l.author(incident.Opened),
		Trailers:     []string{"Assay-Incident: " + incident.ID},
		Sign:         l.rollback.Sign, Limits: l.rollback.Limits, Now: w.now, Patience: w.gate.Spec.Deadline.Duration,
	}
	blamed := suspects[0].Targets // each Target has states of its own, also where several share a repository
	defined, err := l.definedIn(ctx, w, p, suspects)
	if err != nil {
		return request, err
	}
	if request.Good, request.Failed, err = w.between(p.Repository, blamed, defined); err != nil {
		return request, err
	}
	for _, state := range w.states {
		if r := defined[state.Target]; r != nil {
			request.Builds = append(request.Builds, r.build)
			if r.together {
				continue
			}
		}
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
	for _, state := range w.others() {
		for _, b := range builds(state, p.Repository) {
			b.Except = definitionsIn(b, defined)
			request.Others = append(request.Others, b)
		}
	}
	request.Others = append(request.Others, l.elsewhere(ctx, w, p.Repository, defined)...)
	return request, nil
}

// elsewhere are the Targets of the other Environments in a repository, which a base that they share may change as well. A Target that
// several Environments see is one.
func (l *Loop) elsewhere(ctx context.Context, w *world, repository string, defined map[sync.Target]*redefinition) (out []rollback.Build) {
	own := map[string]bool{}
	for _, state := range slices.Concat(slices.Collect(maps.Values(w.states)), w.others()) {
		for _, b := range builds(state, repository) {
			own[b.Target.String()+" "+b.Path] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.rosters)) {
		if name == w.key.Environment {
			continue
		}
		for _, r := range l.rosters[name] {
			states, _ := r.all(ctx) // what cannot be read there is told there
			for _, state := range states {
				for _, b := range builds(state, repository) {
					if at := b.Target.String() + " " + b.Path; !own[at] {
						own[at], b.Environment, b.Except = true, name, definitionsIn(b, defined)
						out = append(out, b)
					}
				}
			}
		}
	}
	return out
}

// between are the commits of a repository at the last pass and at the failure of the Targets that are blamed.
func (w *world) between(repository string, blamed []sync.Target, defined map[sync.Target]*redefinition) (good, failed git.Hash, err error) {
	for _, t := range blamed {
		if r := defined[t]; r != nil {
			return r.from, r.to, nil
		}
	}
	if good, err = commitIn(w.past.Passed.Targets, repository, blamed); err != nil {
		return good, failed, err
	}
	failed, err = commitIn(w.past.Final.Targets, repository, blamed)
	return good, failed, err
}

// author is who makes the commits of Proposals.
func (l *Loop) author(when time.Time) git.Signature {
	return git.Signature{Name: l.rollback.Name, Email: l.rollback.Email, When: when}
}

// proposedBefore says whether one of the changes was proposed for revert before and merged or closed, which is final, be it the same commit
// or one that makes the same change. A Proposal that is still open for others is not closed; one that is open under another name, since
// other commits are in it as well, comes first.
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
			out = append(out, rollback.Build{Target: state.Target, Path: r.Path, Settings: state.BuildOf(r)})
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
