package rollback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/assay-dev/assay/rollback/revert"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

// Branch names the branch of a Proposal after its culprits, whatever order they come in: "assay/revert-" and 12 hexadecimal digits.
func Branch(culprits []git.Hash) string {
	var names []string
	for _, c := range culprits {
		names = append(names, c.String())
	}
	slices.Sort(names)
	sum := sha256.New()
	for _, name := range slices.Compact(names) {
		fmt.Fprintln(sum, name)
	}
	return "assay/revert-" + hex.EncodeToString(sum.Sum(nil)[:6])
}

// NewPlan plans a revert, or says with a *Refusal why there must be none. The first rule that refuses decides; they are asked in this
// order, those that cost nothing first:
//
//	pinned             the Targets follow a tag or a commit, and no branch
//	limits             too many Proposals are open, or were made today
//	rewritten          Good is not in the branch's history, or not on its first-parent path
//	not-on-branch      a culprit is not among the commits since Good
//	stopped            .assay/stop lies in the branch's newest commit
//	too-old            a culprit is older than the limit
//	opted-out          a culprit's message says "Assay-Rollback: no"
//	is-revert          a culprit is a revert, or made by Assay
//	reverted-already   a later commit reverts a culprit
//	automation         a robot wrote what changed and would put it back, and what holds it does not lie in this repository
//	unknown-targets    it is not known which folders the Gate's Targets build
//	already-fixed      the newest commit renders what Good rendered
//	judge-first        a newer commit changes what the Targets render, and was not judged yet
//	conflict           the same lines were changed again
//	no-effect          the revert changes nothing that the Gate's Targets render
//	protected-path     the revert changes a protected path
//	protected-kind     the revert changes an object of a protected kind
//	other-targets      the revert changes other Targets, which is not allowed
//
// Nothing is written before all of them have passed; then the revert commits are stored in the repository of source, where no reference
// shows them yet.
func NewPlan(ctx context.Context, source Source, builder *render.Builder, request Request) (*Plan, error) {
	p := &planning{
		Request: request, source: source, scratch: source.Repository().Scratch(),
	}
	p.renderer = renderer{objects: p.scratch, builder: builder}
	for _, r := range p.rules() {
		ok, reason, err := r.allows(ctx)
		if err != nil {
			return nil, fmt.Errorf("plan the revert of %s on %s: %s: %w", someHashes(p.Culprits), p.Branch, r.name, err)
		}
		if !ok {
			return nil, &Refusal{Rule: r.name, Reason: reason, Later: r.later}
		}
	}
	plan, err := p.plan(ctx)
	if err != nil {
		return nil, fmt.Errorf("plan the revert of %s on %s: %w", someHashes(p.Culprits), p.Branch, err)
	}
	if err := p.scratch.Flush(ctx); err != nil {
		return nil, fmt.Errorf("store the revert of %s: %w", someHashes(p.Culprits), err)
	}
	return plan, nil
}

// planning is one call of NewPlan. Rules fill it in as they go.
type planning struct {
	Request
	renderer
	source  Source
	scratch *git.Scratch

	good, head *git.Commit
	goods      map[git.Hash]*git.Commit // at which Builds last passed
	since      []*git.Commit            // the branch's commits after the oldest of these, oldest first
	culprits   []*git.Commit            // those of them that are to be reverted
	automated  []*automation
	reverted   *revert.Result
	holding    []git.Hash   // commits after those of reverted
	paths      []git.Change // from head to the last of all commits
	builds     []*change    // what becomes of Builds, in their order
	others     []*change    // what becomes of Others
}

// rule may refuse.
type rule struct {
	name string
	// later says that the reason may pass by itself.
	later  bool
	allows func(ctx context.Context) (ok bool, reason string, err error)
}

func (p *planning) rules() []rule {
	return []rule{
		{"pinned", false, p.followsBranch},
		{"limits", true, p.withinLimits},
		{"rewritten", false, p.growsFromGood},
		{"not-on-branch", false, p.culpritsOnBranch},
		{"stopped", true, p.notStopped},
		{"too-old", false, p.recent},
		{"opted-out", false, p.notOptedOut},
		{"is-revert", false, p.notReverts},
		{"reverted-already", false, p.notRevertedYet},
		{"automation", false, p.holdsAutomation},
		{"unknown-targets", true, p.knowsTargets},
		{"already-fixed", false, p.notFixed},
		{"judge-first", true, p.newestJudged},
		{"conflict", false, p.reverts},
		{"no-effect", false, p.hasEffect},
		{"protected-path", false, p.pathsAllowed},
		{"protected-kind", false, p.kindsAllowed},
		{"other-targets", false, p.othersAllowed},
	}
}

// plan puts together what the rules have let through.
func (p *planning) plan(ctx context.Context) (*Plan, error) {
	plan := &Plan{
		Repository: p.Repository, Base: p.Branch, BaseHead: p.Head, Branch: Branch(p.Culprits),
		Head: p.tip(), Title: title(p.culprits),
	}
	for _, c := range p.culprits {
		id, err := git.PatchID(ctx, p.scratch, c.Hash)
		if err != nil {
			return nil, err
		}
		plan.Culprits, plan.PatchIDs = append(plan.Culprits, c.Hash), append(plan.PatchIDs, id)
	}
	for _, c := range p.reverted.Commits {
		plan.Commits = append(plan.Commits, c.Hash)
	}
	plan.Commits = append(plan.Commits, p.holding...)
	for _, a := range p.automated {
		plan.Holds = append(plan.Holds, a.hold)
	}
	var err error
	if plan.Proof, err = p.prove(ctx); err != nil {
		return nil, err
	}
	plan.Changes, plan.Others = targetChanges(p.builds), targetChanges(p.others)
	plan.NotByItself = notByItself(plan)
	return plan, nil
}

// targetChanges are those changes that there are.
func targetChanges(changes []*change) (out []TargetChange) {
	for _, c := range changes {
		if !c.none() {
			change := TargetChange{Target: c.build.Target, Environment: c.build.Environment, Summary: c.summary(), Difference: c.unified(), HoldsData: c.losesData()}
			if c.unknown != nil {
				change.Unknown = c.unknown.Error()
			}
			out = append(out, change)
		}
	}
	return out
}

// notByItself lists why only a person may merge a Plan.
func notByItself(plan *Plan) (reasons []string) {
	if n := len(plan.Culprits); n > 1 {
		reasons = append(reasons, fmt.Sprintf("%d commits are to blame together; they were not told apart", n))
	}
	if plan.Proof.Kind == Unproven {
		reasons = append(reasons, "it is not proven what it brings back: "+plan.Proof.Reason)
	}
	for _, h := range plan.Holds {
		reasons = append(reasons, fmt.Sprintf("it holds %s, which goes on only when a person lets it", h.Automation))
	}
	for _, c := range slices.Concat(plan.Changes, plan.Others) {
		if len(c.HoldsData) > 0 {
			reasons = append(reasons, fmt.Sprintf("it deletes what may hold data: %s in %s", some(c.HoldsData), c.Target))
		}
		if c.Unknown != "" {
			reasons = append(reasons, fmt.Sprintf("it is not known whether it deletes what may hold data in %s, which cannot be built here: %s",
				c.Target, c.Unknown))
		}
	}
	if len(plan.Others) > 0 {
		var names []string
		for _, c := range plan.Others {
			names = append(names, c.name())
		}
		reasons = append(reasons, "it changes other targets as well: "+some(names))
	}
	return reasons
}

// title is the subject of the revert, after that of the newest culprit.
func title(culprits []*git.Commit) string {
	newest := culprits[len(culprits)-1]
	title := fmt.Sprintf("Revert %q", newest.Subject())
	if further := len(culprits) - 1; further > 0 {
		title += fmt.Sprintf(" and %d more", further)
	}
	return title
}

func someHashes(hashes []git.Hash) string {
	var names []string
	for _, h := range hashes {
		names = append(names, h.String()[:12])
	}
	return some(names)
}
