package rollback

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/assay-dev/assay/sources/git"
)

// withinLimits refuses more Proposals than the operator allows.
func (p *planning) withinLimits(context.Context) (bool, string, error) {
	if most := p.Limits.OpenProposals; most > 0 && p.Spent.OpenProposals >= most {
		return false, fmt.Sprintf("%d reverts are open in this repository, and the operator allows %d: merge or close one", p.Spent.OpenProposals, most), nil
	}
	if most := p.Limits.PerDay; most > 0 && p.Spent.LastDay >= most {
		return false, fmt.Sprintf("%d reverts were proposed in this repository within a day, and the operator allows %d", p.Spent.LastDay, most), nil
	}
	return true, "", nil
}

// growsFromGood refuses where the branch no longer grows from the commit that last passed, and gathers the commits since.
func (p *planning) growsFromGood(ctx context.Context) (bool, string, error) {
	since, err := pathBetween(ctx, p.source, p.Branch, p.Good, p.Head)
	var untraceable *Untraceable
	if errors.As(err, &untraceable) {
		return false, "the state that last passed cannot be brought back by a revert: " + untraceable.Reason, nil
	}
	if err != nil {
		return false, "", err
	}
	p.since = since
	if p.good, err = p.objects.Commit(ctx, p.Good); err != nil {
		return false, "", err
	}
	p.head, err = p.objects.Commit(ctx, p.Head)
	return true, "", err
}

// culpritsOnBranch refuses culprits that the branch did not take since Good, and sorts those it did.
func (p *planning) culpritsOnBranch(context.Context) (bool, string, error) {
	if len(p.Culprits) == 0 {
		return false, "no commit is to blame", nil
	}
	for _, culprit := range p.Culprits {
		if !slices.ContainsFunc(p.since, func(c *git.Commit) bool { return c.Hash == culprit }) {
			return false, fmt.Sprintf("%.7s is not among the commits that %s took since %.7s", culprit, p.Branch, p.Good), nil
		}
	}
	for _, c := range p.since {
		if slices.Contains(p.Culprits, c.Hash) {
			p.culprits = append(p.culprits, c)
		}
	}
	return true, "", nil
}

// recent refuses culprits that are older than the operator allows.
func (p *planning) recent(context.Context) (bool, string, error) {
	for _, c := range p.culprits {
		if age := p.Now.Sub(c.Committer.When); p.Limits.CulpritAge > 0 && age > p.Limits.CulpritAge {
			return false, fmt.Sprintf("%s is %s old, and the operator allows %s", named(c), age.Round(time.Hour), p.Limits.CulpritAge), nil
		}
	}
	return true, "", nil
}

// named is a commit for people.
func named(c *git.Commit) string { return fmt.Sprintf("%.7s (%s)", c.Hash, c.Subject()) }
