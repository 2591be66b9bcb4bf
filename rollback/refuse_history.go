package rollback

import (
	"cmp"
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
		return false, fmt.Sprintf("%d reverts are open in this repository, and the operator allows %d: merge or close one",
			p.Spent.OpenProposals, most), nil
	}
	if most := p.Limits.PerDay; most > 0 && p.Spent.LastDay >= most {
		return false, fmt.Sprintf("%d reverts were proposed in this repository within a day, and the operator allows %d: it is asked again when the day is over", p.Spent.LastDay, most), nil
	}
	return true, "", nil
}

// growsFromGood refuses where the branch no longer grows from the commits that last passed, and gathers the commits since the oldest of
// them.
func (p *planning) growsFromGood(ctx context.Context) (bool, string, error) {
	p.goods = map[git.Hash]*git.Commit{}
	for _, b := range append([]Build{{Good: p.Good}}, p.Builds...) {
		since, err := pathBetween(ctx, p.source, p.Branch, cmp.Or(b.Good, p.Good), p.Head)
		var untraceable *Untraceable
		if errors.As(err, &untraceable) {
			return false, "the state that last passed cannot be brought back by a revert: " + untraceable.Reason, nil
		}
		if err != nil {
			return false, "", err
		}
		if len(since) > len(p.since) {
			p.since = since
		}
		good, err := p.objects.Commit(ctx, cmp.Or(b.Good, p.Good))
		if err != nil {
			return false, "", err
		}
		p.goods[good.Hash] = good
	}
	p.good = p.goods[p.Good]
	var err error
	p.head, err = p.objects.Commit(ctx, p.Head)
	return true, "", err
}

// goodOf is the commit at which a Build last passed.
func (p *planning) goodOf(b Build) *git.Commit { return p.goods[cmp.Or(b.Good, p.Good)] }

// followsBranch refuses to revert what is pinned: the pin decides what is live, wherever the branch is.
func (p *planning) followsBranch(context.Context) (bool, string, error) {
	return p.Branch != "", "the gate's targets follow a tag or a commit of " + p.Repository + ", and no branch: revert where the pin is written", nil
}

// newestJudged refuses while a commit that nobody verified yet changes what is broken: it may well be the fix. One that is never synced
// does not keep the revert back for longer than Patience.
func (p *planning) newestJudged(ctx context.Context) (bool, string, error) {
	i := slices.IndexFunc(p.since, func(c *git.Commit) bool { return c.Hash == p.Failed })
	if i < 0 {
		return true, "", nil
	}
	before := p.since[i].Tree
	for _, c := range p.since[i+1:] {
		waited := p.Now.Sub(c.Committer.When)
		for _, b := range p.Builds {
			if waited >= p.Patience {
				break
			}
			change, err := p.change(ctx, b, before, c.Tree)
			if err != nil {
				return false, "", err
			}
			if !change.none() {
				return false, fmt.Sprintf("%s is newer than what failed and %s: it is verified first, once it is synced (waited for until it is %s old)",
					named(c), change.why(), p.Patience), nil
			}
		}
		before = c.Tree
	}
	return true, "", nil
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
			return false, fmt.Sprintf("%s is %s old, and the operator allows %s: revert it by hand if it is to blame",
				named(c), age.Round(time.Hour), p.Limits.CulpritAge), nil
		}
	}
	return true, "", nil
}

// named is a commit for people.
func named(c *git.Commit) string { return fmt.Sprintf("%.7s (%s)", c.Hash, c.Subject()) }
